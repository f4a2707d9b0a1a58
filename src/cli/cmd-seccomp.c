// SPDX-License-Identifier: MIT
/* reeve seccomp: what a policy comes to, and what it can be made of. Needs neither root nor a
 * daemon. */
#include "cli/commands.h"

#include "cli/output.h"
#include "launch/seccomp-explain.h"
#include "launch/seccomp-load.h"
#include "launch/seccomp-names.h"

/* ---- explain ---- */

static void tell_remarks(const struct cli *cli, const struct seccomp_policy *policy)
{
	_cleanup_(freep) char *warning = seccomp_policy_warning(policy);
	struct error err = ERROR_INIT;

	if (policy->strange)
		cli_say(cli, "%s: %zu names of calls are not known here, such as \"%s\"",
			policy->name, policy->strange,
			policy->strange_name ? policy->strange_name : "?");
	if (policy->remark)
		cli_say(cli, "%s", policy->remark);
	if (warning)
		cli_say(cli, "%s", warning);
	if (seccomp_policy_check_start(policy, &err) < 0)
		cli_say(cli, "%s", error_text(&err));
	error_done(&err);
}

static int run_explain(struct cli *cli, _unused_ int count, char **operands)
{
	_cleanup_(seccomp_policy_freep) struct seccomp_policy *policy = NULL;
	struct seccomp_program program = { 0 };
	struct error err = ERROR_INIT;
	int code = EXIT_DONE;

	if (seccomp_policy_load("policy", operands[0], &policy, &err) < 0 ||
	    seccomp_compile(policy, &program, &err) < 0)
		return cli_fail(cli, &err);
	tell_remarks(cli, policy);
	if (cli->json) {
		json_t *object = seccomp_describe(policy, &program);

		code = cli_print_json(cli, object);
		json_decref(object);
	} else {
		seccomp_explain(policy, &program, cli->all, cli->out);
	}
	seccomp_program_done(&program);
	return code;
}

static const struct command_option explain_options[] = {
	{ "all", 'a', OPTION_FLAG, NULL, "also the kernel's program, instruction by instruction",
	  offsetof(struct cli, all) },
};

const struct command seccomp_explain_command = {
	.name = "seccomp explain",
	.usage = "[--all] POLICY",
	.summary = "Say what a seccomp policy allows, and what it costs",
	.description =
		"_POLICY_ is what *reeve run --seccomp* takes: a preset, a file with a \"/\" "
		"in its name, or the policy itself; see *reeve-seccomp*(5). Said are the "
		"default, the calls "
		"that are treated otherwise, and the size of the kernel's program; on "
		"standard error what should be known of it: that no program could be "
		"started under it, or that a filter can be got around. With *--json* an "
		"object with _default_, _calls_, _conditional_, _instructions_, _longest_ "
		"and _ranges_.",
	.flags = COMMAND_POLICY,
	.operands = 1,
	COMMAND_OPTIONS(explain_options),
	.run = run_explain,
};

/* ---- list ---- */

static json_t *list_json(void)
{
	json_t *groups = json_array(), *presets = json_array();

	for (size_t i = 0; i < seccomp_group_count; i++)
		json_array_append_new(groups,
				      json_pack("{s:s, s:s, s:s}", "name", seccomp_groups[i].name,
						"about", seccomp_groups[i].about, "calls",
						seccomp_groups[i].calls));
	for (size_t i = 0; i < seccomp_preset_count; i++)
		json_array_append_new(presets,
				      json_pack("{s:s, s:s, s:s}", "name", seccomp_presets[i].name,
						"about", seccomp_presets[i].about, "policy",
						seccomp_presets[i].text));
	return json_pack("{s:o, s:o}", "groups", groups, "presets", presets);
}

static const struct column columns[] = {
	{ "name", false },
	{ "what it is", false },
};

static void print_all(const struct cli *cli)
{
	struct table table;

	table_init(&table, columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < seccomp_preset_count; i++) {
		table_add_text(&table, STYLE_NONE, seccomp_presets[i].name);
		table_add_text(&table, STYLE_NONE, seccomp_presets[i].about);
	}
	for (size_t i = 0; i < seccomp_group_count; i++) {
		table_add(&table, STYLE_NONE, "@%s", seccomp_groups[i].name);
		table_add_text(&table, STYLE_NONE, seccomp_groups[i].about);
	}
	table_print(&table, 0, cli->colour_out, cli->out);
	table_done(&table);
}

/* A group's calls, one a line; a preset's text. */
static int print_one(const struct cli *cli, const char *name)
{
	const struct seccomp_preset *preset = seccomp_preset_find(name);
	const struct seccomp_group *group = NULL;
	struct error err = ERROR_INIT;

	if (name[0] == '@')
		group = seccomp_group_find(name + 1, strlen(name + 1));
	if (preset) {
		fputs(preset->text, cli->out);
	} else if (group) {
		for (const char *at = group->calls; *at; at += strspn(at, " ")) {
			size_t size = strcspn(at, " ");

			fprintf(cli->out, "%.*s\n", (int)size, at);
			at += size;
		}
	} else {
		(void)error_set(&err, -ENOENT,
				"there is no preset and no group \"%s\" (\"reeve seccomp list\" "
				"shows all; a group begins with \"@\")",
				name);
		return cli_fail(cli, &err);
	}
	return EXIT_DONE;
}

static int run_list(struct cli *cli, int count, char **operands)
{
	json_t *list;
	int code;

	if (count > 0 && !cli->json)
		return print_one(cli, operands[0]);
	if (!cli->json) {
		print_all(cli);
		return EXIT_DONE;
	}
	list = list_json();
	code = cli_print_json(cli, list);
	json_decref(list);
	return code;
}

const struct command seccomp_list_command = {
	.name = "seccomp list",
	.usage = "[PRESET|@GROUP]",
	.summary = "Show the presets and groups of system calls that a seccomp policy can name",
	.description = "With an operand, the preset's text, or the group's calls, one a line.",
	.flags = COMMAND_POLICY | COMMAND_UNLIMITED,
	.run = run_list,
};
