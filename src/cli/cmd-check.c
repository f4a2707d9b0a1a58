// SPDX-License-Identifier: MIT
/*
 * reeve check: every mistake of a policy, and what this host could not do of it. Needs neither root
 * nor a daemon. What the host cannot do is a warning, for the policy may be meant for another one.
 */
#include "cli/commands.h"

#include "cgroup/groups.h"
#include "cli/check-links.h"
#include "cli/output.h"
#include "config/load.h"
#include "core/engine.h"
#include "rules/cost.h"
#include "rules/policy-test.h"
#include "util/fd.h"
#include "util/suggest.h"

#include <fcntl.h>

enum { SOURCE_MAX = 16 << 20 };

struct check {
	const struct cli *cli;
	enum load_flags flags;
	struct host *host;
	struct layout *layout; /* NULL: could not be detected, which was told */
	struct diagnostics diagnostics;
	size_t invalid; /* policies */
	bool installed; /* what the daemon reads is checked */
	json_t *costs;	/* for --cost with --json */
};

static void warn(struct check *check, const char *hint, const char *message)
{
	diagnostics_add(&check->diagnostics, SEVERITY_WARNING, NULL, NULL, 0, 0, 0, hint, "%s",
			message);
}

/* Where the policy says what the problem is about. */
static const struct position *problem_position(const struct policy *policy,
					       const struct group_problem *problem)
{
	int index = problem->group ? policy_find_group(policy, problem->group) : POLICY_NONE;
	const struct policy_group *group;

	if (index == POLICY_NONE)
		return NULL;
	group = &policy->groups[index];
	if (problem->limit < LIMIT_COUNT && group->limit_at[problem->limit].line > 0)
		return &group->limit_at[problem->limit];
	return group->at.line > 0 ? &group->at : NULL;
}

/* How long the word is that stands there; at least 1. */
static uint32_t word_length(const char *source, uint32_t line, uint32_t column)
{
	for (; source && line > 1; line--) {
		source = strchr(source, '\n');
		source = source ? source + 1 : NULL;
	}
	if (!source || strcspn(source, "\n") < column)
		return 1;
	return (uint32_t)MAX(strcspn(source + column - 1, " \t\n,}]#"), (size_t)1);
}

/* `at` may be NULL: nowhere in the policy. */
static void add_at(struct check *check, enum severity severity, const struct policy *policy,
		   const struct position *at, const char *message)
{
	_cleanup_(freep) char *source = NULL;
	const char *file;
	size_t size;

	if (!at || at->line == 0 || at->file >= policy->file_count) {
		diagnostics_add(&check->diagnostics, severity, NULL, NULL, 0, 0, 0, NULL, "%s",
				message);
		return;
	}
	file = policy->files[at->file];
	if (file_read_at(AT_FDCWD, file, SOURCE_MAX, &source, &size) < 0)
		source = NULL;
	diagnostics_add(&check->diagnostics, severity, file, source, at->line, at->column,
			word_length(source, at->line, at->column), NULL, "%s", message);
}

static void add_problem(struct check *check, const struct policy *policy,
			const struct group_problem *problem)
{
	add_at(check, SEVERITY_WARNING, policy, problem_position(policy, problem),
	       problem->message ? problem->message : strerror(-problem->code));
}

/* ---- the policy's own tests ---- */

struct testing {
	struct check *check;
	const struct policy *policy;
};

static void on_test_failure(const struct policy_test_failure *failure, void *userdata)
{
	const struct testing *testing = userdata;
	_cleanup_(freep) char *message = NULL;

	if (asprintf(&message, "test \"%s\": %s", failure->test->name, failure->message) < 0)
		message = NULL;
	add_at(testing->check, SEVERITY_ERROR, testing->policy, &failure->at,
	       message ? message : failure->message);
}

/* True if all hold. */
static bool check_tests(struct check *check, const struct policy *policy)
{
	struct testing testing = { check, policy };
	int failed = policy_tests_run(policy, on_test_failure, &testing);

	if (failed < 0)
		diagnostics_add(&check->diagnostics, SEVERITY_ERROR, NULL, NULL, 0, 0, 0, NULL,
				"cannot run the policy's tests: %s", strerror(-failed));
	return failed == 0;
}

/* A name that systemd would take for one of its own units. */
static bool is_unit_name(const char *name)
{
	static const char *const suffixes[] = { ".slice", ".service", ".scope" };
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < ARRAY_SIZE(suffixes); i++)
		if (streq(dot, suffixes[i]))
			return true;
	return false;
}

static void check_host(struct check *check, const struct policy *policy)
{
	_cleanup_(freep) struct group_spec *specs = calloc(policy->group_count + 1, sizeof(*specs));
	struct group_problems problems = { 0 };
	struct error err = ERROR_INIT;
	int r = specs ? 0 : -ENOMEM;

	if (!check->layout)
		return;
	if (check->layout->mode == LAYOUT_NONE)
		warn(check, "reeve mount mounts them", "no cgroup hierarchy is mounted here");
	if (check->layout->systemd && is_unit_name(policy->name))
		warn(check, "choose another name",
		     "the instance's name is that of a unit, whose group systemd owns");
	for (size_t i = 0; specs && i < policy->group_count; i++)
		specs[i] = (struct group_spec){ .name = policy->groups[i].name,
						.limits = &policy->groups[i].limits };
	if (r == 0)
		r = groups_check(check->layout, specs, policy->group_count, &problems, &err);
	for (size_t i = 0; i < problems.count; i++)
		add_problem(check, policy, &problems.items[i]);
	if (r < 0) {
		if (err.code == 0)
			error_set_errno(&err, r, "cannot check what this host can do");
		warn(check, NULL, error_text(&err));
	}
	error_done(&err);
	group_problems_done(&problems);
}

/* ---- what rules cost ---- */

/* "read, write"; owned. */
static char *occasion_words(uint32_t occasions)
{
	struct text text;

	text_init(&text);
	for (enum occasion on = 0; on < OCCASIONS; on++)
		if (occasions & OCCASION_BIT(on))
			text_addf(&text, "%s%s", text.size > 0 ? ", " : "", occasion_names[on]);
	return text_take(&text);
}

static char *part_words(uint32_t parts)
{
	struct text text;

	text_init(&text);
	for (unsigned part = 0; part < 32; part++)
		if (parts >> part & 1)
			text_addf(&text, "%s%s", text.size > 0 ? ", " : "", cost_part_name(part));
	return text_take(&text);
}

static json_t *cost_to_json(const struct policy *policy, const struct rule_cost *cost)
{
	_cleanup_(freep) char *before = occasion_words(cost->before);
	_cleanup_(freep) char *kernel = occasion_words(cost->kernel);
	_cleanup_(freep) char *after = occasion_words(cost->after);
	_cleanup_(freep) char *parts = part_words(cost->parts);

	return json_pack("{s:s, s:s?, s:s?, s:s?, s:s, s:s?, s:b, s:b, s:I, s:I}", "rule",
			 policy->rules[cost->rule].name, "before", before, "kernel", kernel,
			 "after", after, "found_by", cost_way_name(cost->way), "asks", parts,
			 "by_inode", (int)cost->by_inode, "asked_about_every_file",
			 (int)cost->blocks_forgetting, "match_ns", (json_int_t)cost->match_ns,
			 "facts_ns", (json_int_t)cost->facts_ns);
}

static void print_costs(const struct cli *cli, const json_t *costs)
{
	static const struct column columns[] = {
		{ "rule", false },     { "before", false }, { "kernel", false }, { "after", false },
		{ "found by", false }, { "asks", false },   { "takes", true },	 { "notes", false },
	};
	struct table table;
	const json_t *cost;
	size_t index;

	table_init(&table, columns, ARRAY_SIZE(columns));
	json_array_foreach(costs, index, cost)
	{
		uint64_t ns = member_integer(cost, "match_ns") + member_integer(cost, "facts_ns");

		table_add_text(&table, STYLE_NONE, member_string(cost, "rule"));
		table_add_text(&table, STYLE_NONE, member_string(cost, "before"));
		table_add_text(&table, STYLE_NONE, member_string(cost, "kernel"));
		table_add_text(&table, STYLE_NONE, member_string(cost, "after"));
		table_add_text(&table, STYLE_NONE, member_string(cost, "found_by"));
		table_add_text(&table, STYLE_NONE, member_string(cost, "asks"));
		table_add(&table, STYLE_NONE, "%.1f us", (double)ns / 1000);
		table_add(&table, STYLE_FAINT, "%s",
			  member_true(cost, "asked_about_every_file") ? "asked about every file"
			  : member_true(cost, "by_inode")	      ? "kept for the file"
								      : "");
	}
	table_print(&table, 0, cli->colour_out, cli->out);
	table_done(&table);
}

static void check_cost(struct check *check, const struct policy *policy)
{
	_cleanup_(freep) struct rule_cost *costs = NULL;
	json_t *list = json_array();
	int r = ruleset_cost(policy, &costs);

	if (r < 0)
		diagnostics_add(&check->diagnostics, SEVERITY_WARNING, NULL, NULL, 0, 0, 0, NULL,
				"what the rules cost cannot be told: %s", strerror(-r));
	for (size_t i = 0; r >= 0 && i < policy->rule_count; i++)
		json_array_append_new(list, cost_to_json(policy, &costs[i]));
	if (check->cli->json)
		json_array_extend(check->costs, list);
	else
		print_costs(check->cli, list);
	json_decref(list);
}

/* The daemon refuses a policy that others may write; of one that it does not read (yet) that is
 * worth a warning. */
static bool check_ownership(struct check *check, const char *path)
{
	struct diagnostics strict = { 0 };
	_cleanup_(policy_freep) struct policy *policy = NULL;
	int r = policy_load(path, check->flags | LOAD_REQUIRE_OWNERSHIP, &policy, &strict);

	if (r == -EPERM)
		for (size_t i = 0; i < strict.count; i++)
			if (strict.items[i].severity == SEVERITY_ERROR)
				diagnostics_add(&check->diagnostics,
						check->installed ? SEVERITY_ERROR
								 : SEVERITY_WARNING,
						strict.items[i].file, NULL, 0, 0, 0,
						strict.items[i].hint,
						"the daemon will refuse it: %s",
						strict.items[i].message);
	diagnostics_done(&strict);
	return r != -EPERM || !check->installed;
}

/* Controllers that no hierarchy can have. Which ones are mounted is the host's, and may change. */
static void check_controllers(struct check *check, const struct policy *policy,
			      const struct policy_rule *rule, const char *list)
{
	while (*list) {
		size_t size = strcspn(list, ",");
		_cleanup_(freep) char *message = NULL;
		enum controller controller;

		if (size > 0 && *list != '*' && strncmp(list, "name=", 5) != 0 &&
		    !controller_parse(list, size, &controller) &&
		    asprintf(&message, "there is no controller \"%.*s\": nobody is placed in it",
			     (int)size, list) >= 0)
			add_at(check, SEVERITY_WARNING, policy, &rule->at, message);
		list += size + (list[size] == ',');
	}
}

static void check_places(struct check *check, const struct policy *policy,
			 const struct policy_rule *rule)
{
	for (size_t i = 0; i < rule->effect_count; i++) {
		const struct policy_effect *effect = &rule->effects[i];

		for (size_t k = 0; effect->kind == EFFECT_PLACE && k < effect->place.count; k++)
			check_controllers(check, policy, rule, effect->place.items[k].controllers);
	}
}

static void on_link(const struct position *at, const char *message, void *userdata)
{
	const struct testing *testing = userdata;

	add_at(testing->check, SEVERITY_WARNING, testing->policy, at, message);
}

static void check_policy(struct check *check, const char *path)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;
	size_t errors = check->diagnostics.errors, warnings = check->diagnostics.warnings;
	int r = policy_load(path, check->flags, &policy, &check->diagnostics);
	bool owned;

	if (r < 0 && check->diagnostics.errors == errors)
		diagnostics_add(&check->diagnostics, SEVERITY_ERROR, path, NULL, 0, 0, 0, NULL,
				"cannot be read: %s", strerror(-r));
	if (r < 0) {
		check->invalid++;
		return;
	}
	owned = check_ownership(check, path);
	check_host(check, policy);
	for (size_t i = 0; i < policy->rule_count; i++)
		check_places(check, policy, &policy->rules[i]);
	check_links(policy, on_link, &(struct testing){ check, policy });
	if (!check_tests(check, policy) || !owned) {
		check->invalid++;
		return;
	}
	if (check->cli->cost)
		check_cost(check, policy);
	if (check->cli->json)
		return;
	output_escaped(check->cli->out, path);
	fprintf(check->cli->out, ": valid, %zu rule%s, %zu group%s", policy->rule_count,
		policy->rule_count == 1 ? "" : "s", policy->group_count,
		policy->group_count == 1 ? "" : "s");
	if (policy->test_count > 0)
		fprintf(check->cli->out, ", %zu test%s passed", policy->test_count,
			policy->test_count == 1 ? "" : "s");
	warnings = check->diagnostics.warnings - warnings;
	if (warnings > 0)
		fprintf(check->cli->out, ", %zu warning%s", warnings, warnings == 1 ? "" : "s");
	fputc('\n', check->cli->out);
}

static void open_host(struct check *check)
{
	struct error err = ERROR_INIT;

	if (host_new(&check->host, &err) < 0 ||
	    layout_detect(check->host, &check->layout, &err) < 0) {
		error_wrap(&err, "cannot check what this host can do");
		warn(check, NULL, error_text(&err));
	}
	error_done(&err);
}

static int print_result(struct check *check)
{
	const struct cli *cli = check->cli;
	json_t *result;

	if (!cli->json) {
		diagnostics_print(&check->diagnostics, cli->colour_err, cli->err);
		return EXIT_DONE;
	}
	result = json_pack("{s:b, s:o}", "valid", check->invalid == 0, "diagnostics",
			   diagnostics_to_json(&check->diagnostics));
	if (result && cli->cost)
		json_object_set(result, "costs", check->costs);
	if (!result || cli_print_json(cli, result) != EXIT_DONE)
		check->invalid++;
	json_decref(result);
	return EXIT_DONE;
}

/* Turns --compat's word into flags. */
static int read_compat(struct cli *cli, enum load_flags *ret_flags, struct error *err)
{
	static const char *const programs[] = { "fetter", "libcgroup" };
	const char *near;

	*ret_flags = 0;
	if (!cli->compat)
		return 0;
	if (streq(cli->compat, "fetter") || streq(cli->compat, "libcgroup")) {
		*ret_flags = *cli->compat == 'f' ? LOAD_COMPAT_FETTER : LOAD_COMPAT_LIBCGROUP;
		return 0;
	}
	near = suggest(cli->compat, programs, ARRAY_SIZE(programs));
	if (near)
		return error_set(err, -EINVAL, "check: --compat %s is not known (did you mean %s?)",
				 cli->compat, near);
	return error_set(err, -EINVAL,
			 "check: --compat %s is not known (it can be: fetter, libcgroup)",
			 cli->compat);
}

static int run_check(struct cli *cli, int count, char **operands)
{
	struct check check = { .cli = cli, .installed = count == 0 };
	struct error err = ERROR_INIT;

	if (read_compat(cli, &check.flags, &err) < 0)
		return cli_usage(cli, &err);
	check.costs = json_array();
	open_host(&check);
	for (int i = 0; i < count; i++)
		check_policy(&check, operands[i]);
	if (count == 0)
		check_policy(&check,
			     check.flags & LOAD_COMPAT_LIBCGROUP ? "/etc" : ENGINE_CONFIG_PATH);
	print_result(&check);
	diagnostics_done(&check.diagnostics);
	json_decref(check.costs);
	layout_freep(&check.layout);
	host_freep(&check.host);
	return check.invalid > 0 ? EXIT_FAILED : EXIT_DONE;
}

static const struct command_option check_options[] = {
	{ "cost", 0, OPTION_FLAG, NULL,
	  "for each rule where it is enforced, what it asks, and what that takes",
	  offsetof(struct cli, cost) },
	{ "compat", 0, OPTION_STRING, "fetter|libcgroup",
	  "read files of another program; of libcgroup, /etc unless others are named",
	  offsetof(struct cli, compat) },
};

const struct command check_command = {
	.name = "check",
	.usage = "[FILE|FOLDER...]",
	.summary = "Check policy files, and what this host could not do of them",
	.description =
		"Reads each operand as one policy (default: /etc/reeve), libcgroup's "
		"_cgrules.conf_ and "
		"_cgconfig.conf_ too, and prints every "
		"mistake with its place, and every one of its _tests_ that does not hold. "
		"Needs neither root nor a daemon. The exit code is "
		"0 when all are valid, 1 when one is not, 2 for a wrong command line; "
		"warnings do not change it. *--json* prints an object with _valid_ and "
		"_diagnostics_, an array of objects with _file_, _line_, _column_, "
		"_length_, _severity_, _message_ and _hint_; with *--cost* it has _costs_, too.",
	.flags = COMMAND_UNLIMITED | COMMAND_POLICY,
	COMMAND_OPTIONS(check_options),
	.run = run_check,
};
