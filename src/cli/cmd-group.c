// SPDX-License-Identifier: MIT
/*
 * reeve group ...: looking at groups and changing them. Where there is a daemon it does the work,
 * so that its own view stays true.
 */
#include "cli/commands.h"

#include "cli/limit-options.h"
#include "cli/show.h"
#include "util/units.h"

#include <inttypes.h>
#include <limits.h>

/* A group's name as a parameter; NULL with an error told when it is not text. */
static json_t *name_parameter(const struct cli *cli, const char *key, const char *name)
{
	json_t *parameters = json_object();

	if (json_object_set_new(parameters, key, json_string(name)) == 0)
		return parameters;
	json_decref(parameters);
	cli_say(cli, "the group's name \"%s\" is not UTF-8 text", name);
	return NULL;
}

static int run_list(struct cli *cli, _unused_ int count, _unused_ char **operands)
{
	struct show show = { .out = cli->out, .colour = cli->colour_out };
	const json_t *groups;
	json_t *reply = NULL;
	int r = cli_call(cli, "ListGroups", NULL, &reply);

	if (r != EXIT_DONE)
		return r;
	groups = json_object_get(reply, "groups");
	if (cli->json)
		r = cli_print_json(cli, reply);
	else if (json_array_size(groups) > 0)
		show_groups(&show, groups);
	else
		fputs("no groups\n", cli->out);
	json_decref(reply);
	return r;
}

static int run_show(struct cli *cli, _unused_ int count, char **operands)
{
	struct show show = { .out = cli->out, .colour = cli->colour_out };
	json_t *parameters = name_parameter(cli, "name", operands[0]), *reply = NULL;
	int r = parameters ? cli_call(cli, "GetGroup", parameters, &reply) : EXIT_FAILED;

	if (r != EXIT_DONE)
		return r;
	if (cli->json)
		r = cli_print_json(cli, reply);
	else
		show_group(&show, json_object_get(reply, "group"), json_object_get(reply, "pids"));
	json_decref(reply);
	return r;
}

/* What every changing command ends with: the reply's problems, or one line. */
static int finish(const struct cli *cli, const char *name, json_t *reply)
{
	int r;

	if (cli->json)
		cli_print_json(cli, reply);
	r = cli_tell_problems(cli, reply);
	if (!cli->json && r == EXIT_DONE) {
		output_escaped(cli->out, name);
		fprintf(cli->out, ": %s\n", cli->command->done);
	}
	json_decref(reply);
	return r;
}

static int run_limits(struct cli *cli, _unused_ int count, char **operands)
{
	json_t *limits = NULL, *parameters, *reply = NULL;
	struct error err = ERROR_INIT;
	int r;

	if (streq(cli->command->method, "SetGroup") && !limit_options_given(cli)) {
		error_set(&err, -EINVAL, "group set: no limit is given (for example --ram 2G)");
		return cli_usage(cli, &err);
	}
	r = limit_options_to_json(cli, &limits, &err);
	if (r < 0)
		return cli_usage(cli, &err);
	parameters = name_parameter(cli, "name", operands[0]);
	if (!parameters) {
		json_decref(limits);
		return EXIT_FAILED;
	}
	json_object_set_new(parameters, "limits", limits);
	r = cli_call(cli, cli->command->method, parameters, &reply);
	return r == EXIT_DONE ? finish(cli, operands[0], reply) : r;
}

static int run_on_name(struct cli *cli, _unused_ int count, char **operands)
{
	json_t *parameters = name_parameter(cli, "name", operands[0]), *reply = NULL;
	int r;

	if (!parameters)
		return EXIT_FAILED;
	if (cli->evacuate)
		json_object_set_new(parameters, "evacuate", json_true());
	r = cli_call(cli, cli->command->method, parameters, &reply);
	return r == EXIT_DONE ? finish(cli, operands[0], reply) : r;
}

static int add_pids(json_t *pids, int count, char **words, struct error *err)
{
	for (int i = 0; i < count; i++) {
		uint64_t pid;

		if (parse_u64(words[i], &pid) < 0 || pid == 0 || pid > INT_MAX)
			return error_set(err, -EINVAL, "group move: \"%s\" is not a process id",
					 words[i]);
		json_array_append_new(pids, json_integer((json_int_t)pid));
	}
	return 0;
}

static int run_move(struct cli *cli, int count, char **operands)
{
	json_t *parameters = name_parameter(cli, "group", operands[0]), *reply = NULL;
	json_t *pids = json_array();
	struct error err = ERROR_INIT;
	int r;

	if (!parameters || add_pids(pids, count - 1, operands + 1, &err) < 0) {
		json_decref(pids);
		json_decref(parameters);
		return parameters ? cli_usage(cli, &err) : EXIT_FAILED;
	}
	json_object_set_new(parameters, "pids", pids);
	r = cli_call(cli, "MoveProcesses", parameters, &reply);
	if (r != EXIT_DONE)
		return r;
	if (cli->json)
		cli_print_json(cli, reply);
	else
		fprintf(cli->out, "%" PRIu64 " of %d moved\n", member_integer(reply, "moved"),
			count - 1);
	r = cli_tell_problems(cli, reply);
	json_decref(reply);
	return r;
}

static const struct command_option delete_options[] = {
	{ "evacuate", 0, OPTION_FLAG, NULL, "move processes in it to the parent group first",
	  offsetof(struct cli, evacuate) },
};

const struct command group_commands[] = {
	{
		.name = "group list",
		.usage = "[OPTION...]",
		.summary = "List all groups with their limits and what they use",
		.flags = COMMAND_LOCAL,
		.run = run_list,
	},
	{
		.name = "group show",
		.usage = "NAME [OPTION...]",
		.summary = "Show everything about one group",
		.flags = COMMAND_LOCAL,
		.operands = 1,
		.run = run_show,
	},
	{
		.name = "group create",
		.usage = "NAME [LIMIT...]",
		.summary = "Make a group",
		.description = "The policy file does not change, and when the daemon starts or "
			       "reloads, an empty group that is not in the policy is removed. A "
			       "limit that could not be set is told and makes the exit code 1; "
			       "the group is there all the same.",
		.flags = COMMAND_LOCAL | COMMAND_LIMITS,
		.operands = 1,
		.method = "CreateGroup",
		.done = "created",
		.run = run_limits,
	},
	{
		.name = "group set",
		.usage = "NAME LIMIT...",
		.summary = "Change a group's limits",
		.description = "Limits that are not named stay as they are. What is set on a group "
			       "of the policy holds until the next reload or start of the daemon; "
			       "put it into the policy file to keep it.",
		.flags = COMMAND_LOCAL | COMMAND_LIMITS,
		.operands = 1,
		.method = "SetGroup",
		.done = "set",
		.run = run_limits,
	},
	{
		.name = "group delete",
		.usage = "NAME [--evacuate]",
		.summary = "Remove a group and those below it",
		.description = "A group with processes in it, or one of the policy, is refused.",
		.flags = COMMAND_LOCAL,
		.operands = 1,
		COMMAND_OPTIONS(delete_options),
		.method = "DeleteGroup",
		.done = "deleted",
		.run = run_on_name,
	},
	{
		.name = "group move",
		.usage = "NAME PID...",
		.summary = "Move processes into a group",
		.flags = COMMAND_LOCAL | COMMAND_UNLIMITED,
		.operands = 2,
		.run = run_move,
	},
	{
		.name = "group freeze",
		.usage = "NAME [OPTION...]",
		.summary = "Make everything in a group stand still",
		.flags = COMMAND_LOCAL,
		.operands = 1,
		.method = "FreezeGroup",
		.done = "frozen",
		.run = run_on_name,
	},
	{
		.name = "group thaw",
		.usage = "NAME [OPTION...]",
		.summary = "Let a frozen group go on",
		.flags = COMMAND_LOCAL,
		.operands = 1,
		.method = "ThawGroup",
		.done = "thawed",
		.run = run_on_name,
	},
	{
		.name = "group kill",
		.usage = "NAME [OPTION...]",
		.summary = "Kill every process in a group and below it",
		.flags = COMMAND_LOCAL,
		.operands = 1,
		.method = "KillGroup",
		.done = "killed",
		.run = run_on_name,
	},
};
const size_t group_command_count = ARRAY_SIZE(group_commands);
