// SPDX-License-Identifier: MIT
/*
 * reeve run: a program that is in its group from its first instruction. The group is asked for
 * through the daemon or made here, and only its folders' descriptors are kept while the program
 * runs, so that nobody is kept out meanwhile.
 */
#include "cli/commands.h"

#include "cli/control.h"
#include "cli/launch-options.h"
#include "cli/limit-options.h"
#include "cli/entrance.h"
#include "cli/output.h"
#include "launch/run.h"

#include <inttypes.h>

enum { NAME_TRIES = 5, REMOVE_TRIES = 25, REMOVE_PAUSE_US = 20000 };

struct run {
	struct cli *cli;
	char *group; /* owned */
	bool transient;
	struct recipe *recipe;
	struct entrance entrance;
	struct launch_signals signals; /* as this process was given them */
};

/* One call, over a way of its own that is closed again. */
static int call(const struct run *run, const char *method, json_t *parameters, json_t **ret_reply,
		struct error *err)
{
	_cleanup_(control_freep) struct control *control = NULL;
	int r = control_open(run->cli, true, &control, err);

	if (r < 0) {
		json_decref(parameters);
		return r;
	}
	return control_call(control, method, parameters, ret_reply, err);
}

static void remove_group(struct run *run)
{
	struct error err = ERROR_INIT;
	json_t *reply = NULL;
	int r = 0;

	if (!run->transient)
		return;
	/* Children that were killed with it may need a moment to be gone. */
	for (int i = 0; i < REMOVE_TRIES; i++) {
		error_done(&err);
		r = call(run, "DeleteGroup", json_pack("{s:s}", "name", run->group), &reply, &err);
		json_decref(reply);
		reply = NULL;
		if (r != -EBUSY)
			break;
		usleep(REMOVE_PAUSE_US);
	}
	if (r == -EBUSY)
		cli_say(run->cli,
			"the group \"%s\" stays, for processes that the program left behind are in "
			"it (reeve group kill %s, reeve group delete %s)",
			run->group, run->group, run->group);
	else if (r < 0 && r != -ENOENT)
		cli_say(run->cli, "cannot remove the group \"%s\": %s", run->group,
			error_text(&err));
	error_done(&err);
}

/* A limit that does not hold must not go unnoticed: the program is not started then. */
static int check_problems(const struct run *run, const json_t *reply, struct error *err)
{
	if (cli_tell_problems(run->cli, reply) == EXIT_DONE)
		return 0;
	return error_set(err, -EOPNOTSUPP, "not started, for its limits could not all be set");
}

static int create_group(struct run *run, const json_t *limits, struct error *err)
{
	json_t *reply = NULL;
	int r = -EEXIST;

	for (int i = 0; r == -EEXIST && i < NAME_TRIES; i++) {
		free(run->group);
		if (run->cli->name)
			run->group = strdup(run->cli->name);
		else if (asprintf(&run->group, i == 0 ? "run-%d" : "run-%d-%d", (int)getpid(), i) <
			 0)
			run->group = NULL;
		if (!run->group)
			return error_oom(err);
		error_done(err);
		r = call(run, "CreateGroup",
			 json_pack("{s:s, s:O}", "name", run->group, "limits", limits), &reply,
			 err);
		if (run->cli->name)
			break;
	}
	if (r < 0)
		return error_wrap(err, "cannot make a group for the program");
	run->transient = true;
	r = check_problems(run, reply, err);
	json_decref(reply);
	return r;
}

static int enter_group(struct run *run, struct error *err)
{
	const json_t *group, *paths;
	json_t *reply = NULL;
	int r = call(run, "GetGroup", json_pack("{s:s}", "name", run->group), &reply, err);

	if (r < 0)
		return r;
	group = json_object_get(reply, "group");
	paths = json_object_get(group, "paths");
	if (member_true(group, "frozen"))
		r = error_set(err, -EBUSY,
			      "the group \"%s\" is frozen: the program could not start "
			      "(reeve group thaw %s)",
			      run->group, run->group);
	for (size_t i = 0; r == 0 && i < json_array_size(paths); i++)
		r = entrance_add(&run->entrance, json_string_value(json_array_get(paths, i)), err);
	if (r == 0 && json_array_size(paths) == 0)
		r = error_set(err, -ENOENT, "the group \"%s\" has no folder in any hierarchy",
			      run->group);
	json_decref(reply);
	return r;
}

static int prepare_group(struct run *run, struct error *err)
{
	json_t *limits = NULL;
	int r;

	if (!run->cli->group && !limit_options_given(run->cli) && !run->cli->name)
		return 0;
	if (run->cli->group) {
		run->group = strdup(run->cli->group);
		return run->group ? enter_group(run, err) : error_oom(err);
	}
	r = limit_options_to_json(run->cli, &limits, err);
	if (r < 0)
		return r;
	r = create_group(run, limits, err);
	json_decref(limits);
	return r < 0 ? r : enter_group(run, err);
}

/* Why a program may have failed that was held to limits. */
static void tell_refusals(const struct run *run, const json_t *usage)
{
	uint64_t kills = member_integer(usage, "oom_kills");
	uint64_t forks = member_integer(usage, "pids_max_hits");

	if (kills > 0)
		cli_say(run->cli,
			"the kernel killed %" PRIu64 " of the group's processes: its "
			"memory was at its limit",
			kills);
	if (forks > 0)
		cli_say(run->cli,
			"the kernel refused new processes or threads %" PRIu64
			" time%s: the group was at its limit of tasks (pids)",
			forks, forks == 1 ? "" : "s");
}

/* What the group says about the end of its program; told before the group is gone. */
static void tell_ending(struct run *run, const struct launch_status *status)
{
	struct error err = ERROR_INIT;
	const json_t *usage;
	json_t *reply = NULL;

	if ((status->exit_code == 0 || !run->transient) && !run->cli->json)
		return;
	if (call(run, "GetGroup", json_pack("{s:s}", "name", run->group), &reply, &err) < 0) {
		error_done(&err);
		return;
	}
	usage = json_object_get(json_object_get(reply, "group"), "usage");
	if (run->cli->json) {
		json_t *result = json_pack("{s:s, s:i, s:i, s:I, s:O?}", "group", run->group,
					   "code", status->exit_code, "signal", status->signal,
					   "wall_ns", (json_int_t)status->wall, "usage", usage);

		json_dumpf(result, run->cli->err, JSON_COMPACT);
		fputc('\n', run->cli->err);
		json_decref(result);
	} else {
		tell_refusals(run, usage);
	}
	json_decref(reply);
}

/* Returns the exit code. */
static int run_program(struct run *run, struct launch_plan *plan)
{
	struct launch_status status = { 0 };
	struct launch_failure failure;
	struct error err = ERROR_INIT;

	entrance_plan(&run->entrance, plan);
	if (launch_run(plan, &status, &failure, &err) < 0) {
		cli_fail(run->cli, &err);
		return launch_exit_code(&failure);
	}
	if (run->group)
		tell_ending(run, &status);
	return status.exit_code;
}

/* All that can be refused before anything is made. */
static int read_words(struct run *run, struct launch_plan *plan, struct error *err)
{
	int r = recipe_new(&run->recipe);

	if (r < 0)
		return error_oom(err);
	r = launch_options_apply(run->cli, run->recipe, err);
	if (r == 0)
		r = recipe_plan(run->recipe, plan, err);
	for (size_t i = 0; r == 0 && recipe_remark(run->recipe, i); i++)
		cli_say(run->cli, "%s", recipe_remark(run->recipe, i));
	return r;
}

/* Which group, if the command line makes sense. */
static int check_words(const struct cli *cli, struct error *err)
{
	json_t *limits = NULL;
	int r;

	if (cli->group && (limit_options_given(cli) || cli->name))
		return error_set(err, -EINVAL,
				 "run: --group names a group that is there; limits and --name are "
				 "for a new one (reeve group set changes the limits of one)");
	if (!cli->group && !limit_options_given(cli) && !launch_options_given(cli))
		return error_set(err, -EINVAL,
				 "run: neither a group (-g NAME) nor a limit (--ram 2G) nor "
				 "anything of a launch (--unshare all) is given");
	if (cli->name && !limit_options_given(cli))
		return error_set(err, -EINVAL, "run: --name is for a group with limits (--ram 2G)");
	r = limit_options_to_json(cli, &limits, err);
	json_decref(limits);
	return r;
}

static int run_run(struct cli *cli, _unused_ int count, char **operands)
{
	struct run run = { .cli = cli };
	struct launch_plan plan = { .argv = operands, .clone_fd = -1, .signals = &run.signals };
	struct error err = ERROR_INIT;
	struct launch_failure failure;
	int code = LAUNCH_EXIT_FAILED;

	launch_signals_save(&run.signals);
	if (check_words(cli, &err) < 0)
		return cli_usage(cli, &err);
	entrance_init(&run.entrance);
	if (read_words(&run, &plan, &err) < 0) {
		error_wrap(&err, "run");
		code = cli_usage(cli, &err);
	} else if (launch_plan_check(&plan, NULL, &failure, &err) < 0) {
		cli_fail(cli, &err);
		code = launch_exit_code(&failure);
	} else if (prepare_group(&run, &err) < 0) {
		cli_fail(cli, &err);
	} else {
		code = run_program(&run, &plan);
	}
	entrance_done(&run.entrance);
	remove_group(&run);
	recipe_free(run.recipe);
	free(run.group);
	return code;
}

static const struct command_option run_options[] = {
	{ "group", 'g', OPTION_STRING, "GROUP", "the group to start in",
	  offsetof(struct cli, group) },
	{ "name", 'n', OPTION_STRING, "NAME", "name of the new group (default run-PID)",
	  offsetof(struct cli, name) },
};

const struct command run_command = {
	.name = "run",
	.usage = "[-g GROUP | LIMIT...] [LAUNCH...] [--] PROGRAM [ARGUMENT...]",
	.summary = "Run a program inside a group or a sandbox, from its first instruction on",
	.description =
		"With *--group* the group must be there. With limits, a group is made for the "
		"program and removed when it ends; when processes that it left behind are still in "
		"it, it stays and is told. A limit that cannot be set is an error, and the program "
		"is not started. What else it is given, namespaces, a root of its own, another "
		"user, is in *LAUNCH* below; all that is wrong with it is said before anything is "
		"made.\n\n"
		"The exit code is the program's; 128 and the signal's number if a signal killed "
		"it; 125 if reeve failed, 126 if the program could not be executed, 127 if it was "
		"not found; 2 for a wrong command line. With *--json*, one line of JSON with "
		"_group_, _code_, _signal_, _wall\\_ns_ and the group's _usage_ is written to "
		"standard "
		"error at the end.",
	.flags = COMMAND_LOCAL | COMMAND_LIMITS | COMMAND_LAUNCH | COMMAND_PROGRAM |
		 COMMAND_UNLIMITED,
	.operands = 1,
	COMMAND_OPTIONS(run_options),
	.run = run_run,
};
