// SPDX-License-Identifier: MIT
/* reeve rules: the rules of a policy, and its own tests. Needs neither root nor a daemon. */
#include "cli/commands.h"

#include "cli/output.h"
#include "cli/show-rule.h"
#include "config/load.h"
#include "core/engine.h"
#include "rules/policy-test.h"

/* The policy of `path`; its mistakes are printed. EXIT_DONE or EXIT_FAILED. */
static int load(const struct cli *cli, const char *path, struct policy **ret_policy)
{
	struct diagnostics diagnostics = { 0 };
	int r = policy_load(path, 0, ret_policy, &diagnostics);

	diagnostics_print(&diagnostics, cli->colour_err, cli->err);
	if (r < 0 && diagnostics.errors == 0)
		cli_say(cli, "%s: %s", path, strerror(-r));
	diagnostics_done(&diagnostics);
	return r < 0 ? EXIT_FAILED : EXIT_DONE;
}

/* ---- list ---- */

static const struct column columns[] = {
	{ "rule", false },
	{ "on", false },
	{ "what it is about", false },
	{ "what it does", false },
};

/* Paths first, then conditions; the first of many stand for all. */
static char *about(const struct policy_rule *rule)
{
	struct text text;

	text_init(&text);
	for (size_t i = 0; i < MIN(rule->path_count, (size_t)3); i++) {
		text_add(&text, i ? ", " : "");
		text_add_escaped(&text, rule->paths[i].text, strlen(rule->paths[i].text));
	}
	if (rule->path_count > 3)
		text_addf(&text, " and %zu more", rule->path_count - 3);
	for (size_t i = 0; i < rule->condition_count; i++) {
		_cleanup_(freep) char *shown = rule_condition(&rule->conditions[i]);

		text_add(&text, text.size ? "; " : "");
		text_add(&text, shown ? shown : "");
	}
	return text_take(&text);
}

static void list_json(const struct cli *cli, const struct policy *policy)
{
	json_t *list = json_array();

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];
		_cleanup_(freep) char *on = rule_occasions(rule), *effects = NULL, *what = NULL;

		effects = rule_effects(policy, rule);
		what = about(rule);
		json_array_append_new(list, json_pack("{s:s, s:s?, s:s?, s:s?}", "rule", rule->name,
						      "on", on, "about", what, "does", effects));
	}
	(void)cli_print_json(cli, list);
	json_decref(list);
}

static int run_list(struct cli *cli, int count, char **operands)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;
	struct table table;

	if (load(cli, count > 0 ? operands[0] : ENGINE_CONFIG_PATH, &policy) != EXIT_DONE)
		return EXIT_FAILED;
	if (cli->json) {
		list_json(cli, policy);
		return EXIT_DONE;
	}
	table_init(&table, columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];
		_cleanup_(freep) char *on = rule_occasions(rule), *effects = NULL, *what = NULL;

		effects = rule_effects(policy, rule);
		what = about(rule);
		table_add_text(&table, STYLE_NONE, rule->name);
		table_add(&table, STYLE_NONE, "%s", on ? on : "?");
		table_add(&table, STYLE_NONE, "%s", what ? what : "?");
		table_add(&table, STYLE_NONE, "%s", effects ? effects : "?");
	}
	table_print(&table, 0, cli->colour_out, cli->out);
	table_done(&table);
	return EXIT_DONE;
}

const struct command rules_list_command = {
	.name = "rules list",
	.usage = "[OPTION...] [FILE|FOLDER]",
	.summary = "Print the rules of a policy in the order in which they are tried",
	.description = "The default is /etc/reeve. Needs neither root nor a daemon.",
	.flags = COMMAND_UNLIMITED | COMMAND_POLICY,
	.run = run_list,
};

/* ---- test ---- */

struct testing {
	const struct cli *cli;
	const struct policy *policy;
	const struct policy_test *failed; /* told last */
	json_t *failures;		  /* for --json, else NULL */
};

static void add_failure(const struct testing *testing, const struct policy_test_failure *failure)
{
	json_array_append_new(testing->failures,
			      json_pack("{s:s, s:s, s:i, s:s}", "test", failure->test->name, "file",
					testing->policy->files[failure->at.file], "line",
					(int)failure->at.line, "message", failure->message));
}

static void on_failure(const struct policy_test_failure *failure, void *userdata)
{
	struct testing *testing = userdata;
	FILE *out = testing->cli->out;

	if (testing->failures) {
		add_failure(testing, failure);
		return;
	}
	if (testing->failed != failure->test) {
		fputs("failed: ", out);
		output_escaped(out, failure->test->name);
		fprintf(out, " (%s:%u)\n", testing->policy->files[failure->at.file],
			failure->at.line);
	}
	testing->failed = failure->test;
	fputs("  ", out);
	output_escaped(out, failure->message);
	fputc('\n', out);
}

/* What is told of one policy goes to `all` where that is not NULL. */
static int test_policy(const struct cli *cli, const char *path, json_t *all)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;
	struct testing testing = { .cli = cli };
	int failed;

	if (load(cli, path, &policy) != EXIT_DONE)
		return EXIT_FAILED;
	testing.policy = policy;
	testing.failures = all ? json_array() : NULL;
	failed = policy_tests_run(policy, on_failure, &testing);
	if (failed < 0) {
		cli_say(cli, "%s: cannot run its tests: %s", path, strerror(-failed));
		json_decref(testing.failures);
		return EXIT_FAILED;
	}
	if (all) {
		json_array_append_new(all,
				      json_pack("{s:s, s:I, s:i, s:o}", "policy", path, "tests",
						(json_int_t)policy->test_count, "failed", failed,
						"failures", testing.failures));
	} else {
		output_escaped(cli->out, path);
		fprintf(cli->out, ": %zu test%s, %d failed\n", policy->test_count,
			policy->test_count == 1 ? "" : "s", failed);
	}
	return failed > 0 ? EXIT_FAILED : EXIT_DONE;
}

static int run_test(struct cli *cli, int count, char **operands)
{
	json_t *all = cli->json ? json_array() : NULL;
	int result = EXIT_DONE;

	for (int i = 0; i < MAX(count, 1); i++) {
		const char *path = count > 0 ? operands[i] : ENGINE_CONFIG_PATH;

		if (test_policy(cli, path, all) != EXIT_DONE)
			result = EXIT_FAILED;
	}
	if (all)
		(void)cli_print_json(cli, all);
	json_decref(all);
	return result;
}

const struct command rules_test_command = {
	.name = "rules test",
	.usage = "[OPTION...] [FILE|FOLDER...]",
	.summary = "Run the tests that a policy carries",
	.description = "A policy's _tests_ say of a process which rules match it and what becomes "
		       "of it. The exit code is 1 when one does not hold. *reeve check* runs them, "
		       "too.",
	.flags = COMMAND_UNLIMITED | COMMAND_POLICY,
	.run = run_test,
};
