// SPDX-License-Identifier: MIT
/* reeve rules: the rules of a policy with what they do, and the policy's own tests. */
#include "cli/commands.h"

#include "cli/output.h"
#include "config/load.h"
#include "core/engine.h"
#include "rules/policy-test.h"

static int load(struct cli *cli, const char *path, struct policy **ret_policy)
{
	struct diagnostics diagnostics = { 0 };
	struct error err = ERROR_INIT;
	int r = policy_load(path, 0, ret_policy, &diagnostics);

	if (r < 0) {
		diagnostics_print(&diagnostics, cli->colour_err, cli->err);
		error_set(&err, r, "the policy %s is not valid", path);
		r = cli_fail(cli, &err);
	}
	diagnostics_done(&diagnostics);
	return r;
}

/* ---- list ---- */

static json_t *words_of(const struct policy_rule *rule, bool effects)
{
	json_t *list = json_array();

	for (size_t i = 0; effects && i < rule->effect_count; i++)
		json_array_append_new(list, json_string(effect_name(rule->effects[i].kind)));
	for (enum occasion on = 0; !effects && on < OCCASIONS; on++)
		if (rule->on & OCCASION_BIT(on))
			json_array_append_new(list, json_string(occasion_names[on]));
	return list;
}

static void add_words(struct table *table, const json_t *words)
{
	struct text text;
	const json_t *word;
	size_t index;

	text_init(&text);
	json_array_foreach(words, index, word)
	{
		text_add(&text, index > 0 ? ", " : "");
		text_add(&text, json_string_value(word));
	}
	table_add_text(table, STYLE_NONE, text.data ? text.data : "-");
	text_done(&text);
}

static json_t *rule_to_json(const struct policy *policy, const struct policy_rule *rule)
{
	return json_pack("{s:s, s:o, s:o, s:I, s:I, s:b, s:b, s:s, s:I}", "name", rule->name, "on",
			 words_of(rule, false), "effects", words_of(rule, true), "paths",
			 (json_int_t)rule->path_count, "conditions",
			 (json_int_t)rule->condition_count, "stop", (int)rule->stop, "dry_run",
			 (int)(rule->dry_run || policy->dry_run), "file",
			 policy->files[rule->at.file], "line", (json_int_t)rule->at.line);
}

static void print_rules(const struct cli *cli, const json_t *rules)
{
	static const struct column columns[] = {
		{ "rule", false },	{ "on", false },      { "paths", true },
		{ "conditions", true }, { "effects", false }, { "notes", false },
	};
	const json_t *rule;
	struct table table;
	size_t index;

	table_init(&table, columns, ARRAY_SIZE(columns));
	json_array_foreach(rules, index, rule)
	{
		table_add_text(&table, STYLE_NONE, member_string(rule, "name"));
		add_words(&table, json_object_get(rule, "on"));
		table_add(&table, STYLE_NONE, "%llu",
			  (unsigned long long)member_integer(rule, "paths"));
		table_add(&table, STYLE_NONE, "%llu",
			  (unsigned long long)member_integer(rule, "conditions"));
		add_words(&table, json_object_get(rule, "effects"));
		table_add(&table, STYLE_FAINT, "%s%s", member_true(rule, "stop") ? "stop " : "",
			  member_true(rule, "dry_run") ? "dry run" : "");
	}
	table_print(&table, 0, cli->colour_out, cli->out);
	table_done(&table);
}

static int run_list(struct cli *cli, int count, char **operands)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;
	const char *path = count > 0 ? operands[0] : ENGINE_CONFIG_PATH;
	json_t *rules;
	int r = load(cli, path, &policy);

	if (r != 0)
		return r;
	rules = json_array();
	for (size_t i = 0; i < policy->rule_count; i++)
		json_array_append_new(rules, rule_to_json(policy, &policy->rules[i]));
	if (cli->json)
		r = cli_print_json(cli, rules);
	else
		print_rules(cli, rules);
	json_decref(rules);
	return r;
}

/* ---- test ---- */

struct testing {
	struct cli *cli;
	const struct policy *policy;
	json_t *failures;
};

static void on_failure(const struct policy_test_failure *failure, void *userdata)
{
	struct testing *testing = userdata;
	const char *file = testing->policy->files[failure->at.file];

	json_array_append_new(testing->failures,
			      json_pack("{s:s, s:s, s:s, s:I}", "test", failure->test->name,
					"message", failure->message, "file", file, "line",
					(json_int_t)failure->at.line));
	if (!testing->cli->json)
		cli_say(testing->cli, "%s:%u: test \"%s\": %s", file, failure->at.line,
			failure->test->name, failure->message);
}

static int run_test(struct cli *cli, _unused_ int count, char **operands)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;
	struct testing testing = { .cli = cli };
	struct error err = ERROR_INIT;
	int r = load(cli, operands[0], &policy), failed;

	if (r != 0)
		return r;
	testing.policy = policy;
	testing.failures = json_array();
	failed = policy_tests_run(policy, on_failure, &testing);
	if (failed < 0) {
		json_decref(testing.failures);
		error_set_errno(&err, failed, "cannot run the tests of %s", operands[0]);
		return cli_fail(cli, &err);
	}
	if (cli->json) {
		json_t *result =
			json_pack("{s:I, s:i, s:o}", "tests", (json_int_t)policy->test_count,
				  "failed", failed, "failures", testing.failures);

		cli_print_json(cli, result);
		json_decref(result);
	} else {
		json_decref(testing.failures);
		fprintf(cli->out, "%zu test%s, %d failed\n", policy->test_count,
			policy->test_count == 1 ? "" : "s", failed);
	}
	return failed > 0 ? EXIT_FAILED : EXIT_DONE;
}

const struct command rules_commands[] = {
	{
		.name = "rules list",
		.usage = "[FILE|FOLDER]",
		.summary = "List the rules of a policy (default: /etc/reeve) in the order in which "
			   "they are tried",
		.flags = COMMAND_POLICY | COMMAND_UNLIMITED,
		.run = run_list,
	},
	{
		.name = "rules test",
		.usage = "FILE|FOLDER",
		.summary = "Run the tests that a policy carries (_tests_ in reeve.yaml(5))",
		.flags = COMMAND_POLICY,
		.operands = 1,
		.run = run_test,
	},
};
const size_t rules_command_count = ARRAY_SIZE(rules_commands);
