// SPDX-License-Identifier: MIT
/*
 * reeve run: a program that is in its group from its first instruction, in a sandbox if that was
 * asked for, and held to limits of time. Everything is read and checked before anything is made;
 * what the group used is read before it is removed.
 */
#include "cli/commands.h"

#include "cli/limit-options.h"
#include "cli/output.h"
#include "cli/profile-options.h"
#include "cli/run-group.h"
#include "cli/run-report.h"
#include "launch/guardian.h"
#include "launch/own-group.h"
#include "util/json-text.h"
#include "util/units.h"

enum { EXIT_TIME_LIMIT = 124 /* as timeout(1) */ };

struct run {
	struct cli *cli;
	struct run_group group;
	struct recipe *recipe;
	struct launch_signals signals; /* as this process was given them */
	struct launch_plan plan;
	struct launch_run launch;
	struct launch_tree tree;
	struct guardian guardian;
	struct kernel_log log;
	FILE *report; /* where --report FILE goes, or NULL */
};

static void tell(const struct cli *cli, enum own_group_news news, uint64_t count)
{
	_cleanup_(freep) char *sentence = count > 0 ? own_group_sentence(news, NULL, count) : NULL;

	if (sentence)
		cli_say(cli, "%s", sentence);
}

/* Why a program may have failed that was held to limits. */
static void tell_refusals(const struct cli *cli, const json_t *usage)
{
	tell(cli, OWN_GROUP_KILLS, member_integer(usage, "oom_kills"));
	tell(cli, OWN_GROUP_FORKS, member_integer(usage, "pids_max_hits"));
}

/* What the group says about the end of its program; told before the group is gone. */
static void tell_ending(const struct run *run, const struct launch_status *status,
			const json_t *usage)
{
	if (!usage || ((status->exit_code == 0 || !run->group.transient) && !run->cli->json))
		return;
	if (run->cli->json) {
		json_t *result = json_pack("{s:s, s:i, s:i, s:I, s:O?}", "group", run->group.name,
					   "code", status->exit_code, "signal", status->signal,
					   "wall_ns", (json_int_t)status->wall, "usage", usage);

		json_dumpf(result, run->cli->err, JSON_COMPACT);
		fputc('\n', run->cli->err);
		json_decref(result);
	} else {
		tell_refusals(run->cli, usage);
	}
}

static int tell_report(struct run *run, const struct launch_end *end, const json_t *usage)
{
	const struct run_report report = {
		.cli = run->cli,
		.program = run->plan.argv[0],
		.group = run->group.name,
		.own_group = run->group.transient,
		.usage = usage,
		.folders = run->group.folders,
		.folder_count = run->group.folder_count,
		.end = end,
		.log = &run->log,
		.timeout = run->launch.timeout,
		.cpu_time = run->launch.cpu_time,
	};
	int r = run_report_tell(&report, run->report);

	if (r < 0)
		cli_say(run->cli, "cannot write the report: %s", strerror(-r));
	return r;
}

/* ---- what is needed besides the program ---- */

/* A tree is looked after where it may have to be ended as a whole, or is reported as one. */
static bool needs_tree(const struct run *run)
{
	return run->launch.timeout || run->launch.cpu_time || run->launch.die_with_parent ||
	       run->cli->report;
}

static int open_report(struct run *run, struct error *err)
{
	const char *path = run->cli->report;

	if (!path)
		return 0;
	/* The log is the kernel's to show; without it, the record has less in it. */
	(void)kernel_log_open(&run->log);
	run->report = streq(path, "-") ? run->cli->out : fopen(path, "we");
	if (!run->report)
		return error_set_errno(err, -errno, "cannot write the report to \"%s\"", path);
	return 0;
}

static int prepare_tree(struct run *run, struct error *err)
{
	int r;

	if (!needs_tree(run))
		return 0;
	r = launch_tree_init(&run->tree);
	if (r < 0)
		return error_set_errno(err, r, "cannot look after the program's children");
	run->launch.tree = &run->tree;
	/* A group that others may be in must neither be killed nor counted for the program's. */
	for (size_t i = 0; run->group.transient && i < run->group.folder_count; i++)
		launch_tree_add_folder(&run->tree, run->group.folders[i]);
	if (run->launch.die_with_parent && run->group.transient) {
		r = guardian_start(run->group.folders, run->group.folder_count, &run->guardian);
		if (r < 0)
			return error_set_errno(err, r, "cannot start a guardian for the group");
		run->tree.spared = run->guardian.pid;
	}
	return 0;
}

static int prepare(struct run *run, struct error *err)
{
	int r;

	/* Not for users: they would have to be told each time why they can have none. */
	run->group.optional = needs_tree(run) && (geteuid() == 0 || run->cli->report);
	r = run_group_prepare(&run->group, err);
	return r < 0 ? r : prepare_tree(run, err);
}

/* The error, to people and in the record too. Returns the exit code. */
static int not_started(const struct run *run, int code, struct error *err)
{
	json_t *record;

	if (run->report) {
		record = json_pack("{s:o, s:s, s:i, s:o}", "program", json_text(run->plan.argv[0]),
				   "reason", "not-started", "code", code, "error",
				   json_text(error_text(err)));
		(void)json_dumpf(record, run->report, JSON_COMPACT);
		(void)fputc('\n', run->report);
		json_decref(record);
	}
	(void)cli_fail(run->cli, err);
	return code;
}

/* Returns the exit code. */
static int run_program(struct run *run)
{
	struct launch_end end = { .reason = LAUNCH_ENDED };
	struct launch_failure failure;
	struct error err = ERROR_INIT;
	json_t *usage = NULL;
	int r = 0;

	entrance_plan(&run->group.entrance, &run->plan);
	run->launch.plan = &run->plan;
	if (launch_run_whole(&run->launch, &end, &failure, &err) < 0)
		return not_started(run, launch_exit_code(&failure), &err);
	if (run->cli->report || run->cli->json || end.status.exit_code != 0)
		usage = run_group_usage(&run->group);
	if (run->cli->report)
		r = tell_report(run, &end, usage);
	else if (run->group.name)
		tell_ending(run, &end.status, usage);
	json_decref(usage);
	if (end.reason == LAUNCH_TIMEOUT || end.reason == LAUNCH_CPU_TIME)
		return EXIT_TIME_LIMIT;
	return r < 0 && end.status.exit_code == 0 ? LAUNCH_EXIT_FAILED : end.status.exit_code;
}

/* ---- the words ---- */

static int read_time(const char *option, const char *text, uint64_t *ret_ns, struct error *err)
{
	if (!text)
		return 0;
	if (parse_duration(text, 1000000000, ret_ns) < 0 || *ret_ns == 0 || *ret_ns > INT64_MAX)
		return error_set(err, -EINVAL,
				 "%s \"%s\" is no time above zero, such as 90, 90s, 5min or 1.5h",
				 option, text);
	return 0;
}

/* All that can be refused before anything is made. */
static int read_words(struct run *run, struct error *err)
{
	struct cli *cli = run->cli;
	int r = recipe_new(&run->recipe);

	if (r < 0)
		return error_oom(err);
	r = read_time("--timeout", cli->timeout, &run->launch.timeout, err);
	if (r == 0)
		r = read_time("--cpu-time", cli->cpu_time, &run->launch.cpu_time, err);
	if (r == 0)
		r = recipe_options_apply(&cli->launch, run->recipe, err);
	if (r == 0)
		r = recipe_plan(run->recipe, &run->plan, err);
	if (r < 0)
		return r;
	for (size_t i = 0; recipe_remark(run->recipe, i); i++)
		cli_say(cli, "%s", recipe_remark(run->recipe, i));
	run->launch.pty = cli->pty;
	run->launch.die_with_parent = run->plan.conditions && run->plan.conditions->die_with_parent;
	return 0;
}

/* Which group, if the command line makes sense. */
static int check_words(const struct cli *cli, struct error *err)
{
	bool limits_given = limit_options_given(cli);
	json_t *limits = NULL;
	int r;

	if (cli->group && (limits_given || cli->name))
		return error_set(err, -EINVAL,
				 "run: --group names a group that is there; limits and --name are "
				 "for a new one (reeve group set changes the limits of one)");
	if (!cli->group && !limits_given && !recipe_options_given(&cli->launch) && !cli->timeout &&
	    !cli->cpu_time && !cli->report && !cli->pty)
		return error_set(err, -EINVAL,
				 "run: neither a group (-g NAME) nor a limit (--ram 2G) nor "
				 "anything of a launch (--unshare all) is given");
	if (cli->name && !limits_given)
		return error_set(err, -EINVAL, "run: --name is for a group with limits (--ram 2G)");
	r = limit_options_to_json(cli, &limits, err);
	json_decref(limits);
	return r;
}

static void run_done(struct run *run)
{
	if (run->launch.tree)
		launch_tree_done(&run->tree);
	run_group_done(&run->group);
	/* It takes over only when this process is killed: until here. */
	guardian_dismiss(&run->guardian);
	kernel_log_done(&run->log);
	if (run->report && run->report != run->cli->out)
		fclose(run->report);
	recipe_free(run->recipe);
}

static int run_run(struct cli *cli, _unused_ int count, char **operands)
{
	struct run run = { .cli = cli, .log = { .fd = -1 }, .guardian = { .fd = -1 } };
	struct error err = ERROR_INIT;
	struct launch_failure failure;
	int code = LAUNCH_EXIT_FAILED;

	launch_signals_save(&run.signals);
	if (bundle_options_apply(cli, &operands) != EXIT_DONE ||
	    profile_options_apply(cli) != EXIT_DONE)
		return EXIT_USAGE;
	if (!operands[0]) {
		(void)error_set(&err, -EINVAL, "run: no program is named");
		return cli_usage(cli, &err);
	}
	run.plan =
		(struct launch_plan){ .argv = operands, .clone_fd = -1, .signals = &run.signals };
	if (check_words(cli, &err) < 0)
		return cli_usage(cli, &err);
	run_group_init(&run.group, cli);
	if (read_words(&run, &err) < 0) {
		error_wrap(&err, "run");
		code = cli_usage(cli, &err);
	} else if (open_report(&run, &err) < 0) {
		cli_fail(cli, &err);
	} else if (launch_plan_check(&run.plan, NULL, &failure, &err) < 0) {
		code = not_started(&run, launch_exit_code(&failure), &err);
	} else if (prepare(&run, &err) < 0) {
		code = not_started(&run, LAUNCH_EXIT_FAILED, &err);
	} else {
		code = run_program(&run);
	}
	run_done(&run);
	return code;
}

static const struct command_option run_options[] = {
	{ "group", 'g', OPTION_STRING, "GROUP", "the group to start in",
	  offsetof(struct cli, group) },
	{ "name", 'n', OPTION_STRING, "NAME", "name of the new group (default run-PID)",
	  offsetof(struct cli, name) },
	{ "profile", 'P', OPTION_STRING, "NAME|FILE",
	  "options from a file, before those here (reeve-profile(5))",
	  offsetof(struct cli, profile) },
	{ "bundle", 0, OPTION_STRING, "DIR",
	  "run the container of this OCI bundle: its config.json as options, before those here",
	  offsetof(struct cli, bundle) },
	{ "timeout", 0, OPTION_STRING, "TIME", "kill it and all it started after this time",
	  offsetof(struct cli, timeout) },
	{ "cpu-time", 0, OPTION_STRING, "TIME",
	  "kill all of it when it has used this much processor time together",
	  offsetof(struct cli, cpu_time) },
	{ "report", 0, OPTION_STRING, "FILE|-",
	  "tell at the end why it ended and what it used: JSON there, a line on standard error",
	  offsetof(struct cli, report) },
	{ "pty", 0, OPTION_FLAG, NULL, "a terminal of its own", offsetof(struct cli, pty) },
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
		"made. *--bundle* takes root, mounts, namespaces, user, limits, capabilities, "
		"seccomp and the program of a container's _config.json_ (OCI runtime specification "
		"1), unless a program is named here; what it says and reeve does not do is "
		"told.\n\n"
		"The exit code is the program's; 128 and the signal's number if a signal killed "
		"it; 124 if its time was over (*--timeout*, *--cpu-time*); 125 if reeve failed, "
		"126 if the program could not be executed, 127 if it was "
		"not found; 2 for a wrong command line. With *--json*, one line of JSON with "
		"_group_, _code_, _signal_, _wall\\_ns_ and the group's _usage_ is written to "
		"standard "
		"error at the end. *--report* tells more; see *docs/launch.md*.",
	.flags = COMMAND_LOCAL | COMMAND_LIMITS | COMMAND_LAUNCH | COMMAND_PROGRAM |
		 COMMAND_UNLIMITED,
	COMMAND_OPTIONS(run_options),
	.run = run_run,
};
