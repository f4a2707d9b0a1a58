// SPDX-License-Identifier: MIT
/*
 * reeve enter: a program beside a process that runs, in its namespaces and groups, or in a group
 * with the namespaces of one that is in it.
 */
#include "cli/commands.h"

#include "cli/run-group.h"
#include "launch/run.h"
#include "launch/neighbour.h"
#include "util/fd.h"

#include <fcntl.h>

struct enter {
	struct cli *cli;
	struct host *host;
	struct run_group group; /* where the operand names one */
	struct entrance entrance;
	struct neighbour neighbour;
	struct recipe *recipe;
	struct launch_signals signals;
	struct launch_plan plan;
	struct launch_namespaces namespaces;
	struct launch_join join;
};

static int enter_process(struct enter *enter, pid_t pid, struct error *err)
{
	_cleanup_(layout_freep) struct layout *layout = NULL;
	int r = neighbour_open(enter->host->proc_fd, pid, &enter->neighbour, err);

	if (r < 0)
		return r;
	r = layout_detect(enter->host, &layout, err);
	if (r == 0)
		r = neighbour_groups(&enter->neighbour, layout, &enter->entrance, err);
	entrance_plan(&enter->entrance, &enter->plan);
	return r;
}

/* The first process of the group, or 0. */
static pid_t first_member(const struct run_group *group)
{
	for (size_t i = 0; i < group->folder_count; i++) {
		_cleanup_(freep) char *path = NULL, *text = NULL;

		if (asprintf(&path, "%s/cgroup.procs", group->folders[i]) < 0)
			path = NULL;
		if (path && file_read_at(AT_FDCWD, path, 1 << 20, &text, NULL) == 0 && *text)
			return (pid_t)strtol(text, NULL, 10);
	}
	return 0;
}

static int enter_group(struct enter *enter, char *name, struct error *err)
{
	pid_t member;
	int r;

	enter->cli->group = name;
	r = run_group_prepare(&enter->group, err);
	if (r < 0)
		return r;
	entrance_plan(&enter->group.entrance, &enter->plan);
	member = first_member(&enter->group);
	return member ? neighbour_open(enter->host->proc_fd, member, &enter->neighbour, err) : 0;
}

/* The namespaces come before what the options ask for. */
static void add_join(struct enter *enter)
{
	if (!neighbour_join(&enter->neighbour, &enter->join))
		return;
	if (enter->plan.namespaces)
		enter->namespaces = *enter->plan.namespaces;
	enter->namespaces.joins = &enter->join;
	enter->namespaces.join_count = 1;
	enter->plan.namespaces = &enter->namespaces;
}

static int read_words(struct enter *enter, struct error *err)
{
	int r = recipe_new(&enter->recipe);

	if (r < 0)
		return error_oom(err);
	r = recipe_options_apply(&enter->cli->launch, enter->recipe, err);
	if (r == 0)
		r = recipe_plan(enter->recipe, &enter->plan, err);
	if (r == 0 && enter->plan.namespaces && enter->plan.namespaces->join_count)
		r = error_set(err, -EINVAL, "--net NAME joins another network than the process's");
	for (size_t i = 0; r == 0 && recipe_remark(enter->recipe, i); i++)
		cli_say(enter->cli, "%s", recipe_remark(enter->recipe, i));
	return r;
}

static bool is_number(const char *word)
{
	return *word && word[strspn(word, "0123456789")] == '\0';
}

static int find_place(struct enter *enter, char *word, struct error *err)
{
	int r = host_new(&enter->host, err);
	long pid;

	if (r < 0)
		return r;
	if (!is_number(word)) {
		r = enter_group(enter, word, err);
	} else {
		errno = 0;
		pid = strtol(word, NULL, 10);
		if (errno || pid < 1 || pid > INT32_MAX)
			return error_set(err, -ESRCH, "there is no process %s", word);
		r = enter_process(enter, (pid_t)pid, err);
	}
	add_join(enter);
	return r;
}

static void enter_done(struct enter *enter)
{
	run_group_done(&enter->group);
	entrance_done(&enter->entrance);
	neighbour_done(&enter->neighbour);
	recipe_free(enter->recipe);
	host_free(enter->host);
}

static int run_enter(struct cli *cli, _unused_ int count, char **operands)
{
	struct enter enter = { .cli = cli, .neighbour = { .pidfd = -1 } };
	struct error err = ERROR_INIT;
	struct launch_failure failure;
	struct launch_status status;
	int code = LAUNCH_EXIT_FAILED;

	launch_signals_save(&enter.signals);
	enter.plan = (struct launch_plan){ .argv = operands + 1,
					   .clone_fd = -1,
					   .signals = &enter.signals };
	entrance_init(&enter.entrance);
	run_group_init(&enter.group, cli);
	/* "enter 5 -- cmd": what separates is no part of it. */
	if (streq(operands[1], "--"))
		enter.plan.argv++;
	if (!enter.plan.argv[0]) {
		(void)error_set(&err, -EINVAL, "enter: no program is named");
		code = cli_usage(cli, &err);
	} else if (read_words(&enter, &err) < 0) {
		error_wrap(&err, "enter");
		code = cli_usage(cli, &err);
	} else if (find_place(&enter, operands[0], &err) < 0) {
		code = cli_fail(cli, &err) == EXIT_FAILED ? LAUNCH_EXIT_FAILED : EXIT_FAILED;
	} else if (launch_run(&enter.plan, &status, &failure, &err) < 0) {
		cli_fail(cli, &err);
		code = launch_exit_code(&failure);
	} else {
		code = status.exit_code;
	}
	enter_done(&enter);
	return code;
}

const struct command enter_command = {
	.name = "enter",
	.usage = "[LAUNCH...] PID|GROUP [--] PROGRAM [ARGUMENT...]",
	.summary = "Run a program beside a process: in its namespaces and groups",
	.description =
		"A number is a process: the program is born in all control groups in which that "
		"process is, and in those of its namespaces that are not ours already, so that it "
		"sees the files, processes and network that the process sees. A name is a group of "
		"reeve: the program is born in it, in the namespaces of the first process that is "
		"there. The program is looked up in the root that it will have.\n\n"
		"Nothing else is taken over from the process: user, capabilities, seccomp filters "
		"and the environment are ours, or what the options of *LAUNCH* say. Exit codes are "
		"those of *run*.",
	.flags =
		COMMAND_LOCAL | COMMAND_LAUNCH | COMMAND_PROGRAM | COMMAND_UNLIMITED | COMMAND_TEXT,
	.operands = 2,
	.run = run_enter,
};
