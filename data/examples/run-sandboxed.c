// SPDX-License-Identifier: MIT
/*
 * run-sandboxed SECONDS PROGRAM [ARGUMENT...]: a program without network and without a way to
 * write to files, by libreeve. It is killed when the time is over. Exits as the program did.
 */
#include <reeve/launch.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
	const char *key, *value;
} options[] = {
	{ "unshare", "net,ipc,pid,uts" }, { "ro-root", "yes" },	      { "proc", "yes" },
	{ "tmpfs", "/tmp:size=16m" },	  { "seccomp", "offline" },   { "env", "TMPDIR=/tmp" },
	{ "rlimit", "core=0" },		  { "capabilities", "none" },
};

static int give_up(const char *what, char *sentence)
{
	fprintf(stderr, "run-sandboxed: %s: %s\n", what, sentence ? sentence : "no memory");
	free(sentence);
	return 125;
}

static int run(struct reeve_plan *plan, int seconds, char **argv)
{
	struct reeve_report report = { .size = sizeof(report) };
	struct reeve_launch *launch;
	char *sentence = NULL;
	int r;

	if (reeve_launch_start(plan, argv, &launch, &sentence) < 0)
		return give_up("cannot start", sentence);
	r = reeve_launch_wait(launch, seconds * 1000, &report);
	if (r == -EAGAIN) {
		fprintf(stderr, "run-sandboxed: time is over\n");
		reeve_launch_signal(launch, SIGKILL);
		r = reeve_launch_wait(launch, -1, &report);
	}
	reeve_launch_free(launch);
	if (r < 0)
		return 125;
	fprintf(stderr, "run-sandboxed: %.1f ms, %.1f ms of them computing\n",
		(double)report.wall_ns / 1e6, (double)(report.user_ns + report.system_ns) / 1e6);
	return report.exit_code;
}

int main(int argc, char **argv)
{
	struct reeve_plan *plan;
	char *sentence = NULL;
	int code = 0;

	if (argc < 3) {
		fputs("usage: run-sandboxed SECONDS PROGRAM [ARGUMENT...]\n", stderr);
		return 2;
	}
	if (reeve_plan_new(&plan) < 0)
		return give_up("plan", NULL);
	for (size_t i = 0; code == 0 && i < sizeof(options) / sizeof(options[0]); i++)
		if (reeve_plan_set(plan, options[i].key, options[i].value, &sentence) < 0)
			code = give_up("plan", sentence);
	if (code == 0)
		code = run(plan, (int)strtol(argv[1], NULL, 10), argv + 2);
	reeve_plan_free(plan);
	return code;
}
