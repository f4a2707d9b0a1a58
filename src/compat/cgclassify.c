// SPDX-License-Identifier: MIT
/* cgclassify: moves processes, with all their threads. Goes on after one that cannot be moved. */
#include "compat/cgmove.h"
#include "compat/cgregister.h"
#include "compat/cgrule.h"
#include "compat/compat.h"

enum { EXIT_SOME_FAILED = 1, EXIT_NO_PID = 2 };

struct classification {
	struct cgtool tool;
	struct cgspecs specs;
	struct cgrulebook *book; /* without any */
	bool sticky, cancel, replace;
};

static int move(const struct classification *c, pid_t pid)
{
	int failed = 0;

	for (size_t i = 0; i < c->specs.count; i++) {
		_cleanup_(error_done) struct error err = ERROR_INIT;
		/* 0 would be we ourselves. */
		int r = -ESRCH;
		int code = pid > 0 ? cgmove(&c->tool, &c->specs.items[i], pid, c->replace, &r, &err)
				   : CG_ERRNO;

		if (!code)
			continue;
		fprintf(stderr, "Error changing group of pid %d: %s%s%s%s\n", pid, cg_text(code, r),
			err.code ? " (" : "", err.code ? error_text(&err) : "",
			err.code ? ")" : "");
		failed = EXIT_SOME_FAILED;
	}
	return failed;
}

static int move_by_rules(struct classification *c, pid_t pid)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	const struct cgsubject subject = { .pid = pid };
	int r = -ESRCH; /* 0 would be we ourselves */
	int code = pid > 0 ? cgrulebook_place(c->book, &subject, &r, &err) : CG_ERRNO;

	if (!code)
		return 0;
	fprintf(stderr, "Error: change of cgroup failed for pid %d: %s%s%s%s\n", pid,
		cg_text(code, r), err.code ? " (" : "", err.code ? error_text(&err) : "",
		err.code ? ")" : "");
	return EXIT_SOME_FAILED;
}

static int tell_daemon(const struct classification *c, pid_t pid)
{
	int r = 0;

	if (c->sticky)
		r = cgregister(pid, CGREGISTER_CHILDREN);
	if (r >= 0 && c->cancel)
		r = cgregister(pid, CGREGISTER_CANCEL);
	if (r >= 0)
		return 0;
	fprintf(stderr, "%s: the rules daemon was not told of process %d: %s\n", c->tool.name, pid,
		strerror(-r));
	return EXIT_SOME_FAILED;
}

static int classify(struct classification *c, const char *word)
{
	int told, moved;
	pid_t pid;

	if (!cgtool_pid(word, &pid)) {
		fprintf(stderr, "Error: %s is not valid pid.\n", word);
		return EXIT_NO_PID;
	}
	told = pid > 0 ? tell_daemon(c, pid) : 0;
	moved = c->specs.count > 0 ? move(c, pid) : move_by_rules(c, pid);
	return MAX(told, moved);
}

static int run(struct classification *c, const struct option_list *groups, bool bare, char **words,
	       int count)
{
	int status = cgspecs_read(&c->tool, &c->specs, groups, NULL, 0);

	if (!status)
		status = cgtool_open(&c->tool, bare);
	if (!status && c->specs.count == 0 && cgrulebook_new(&c->tool, count == 1, &c->book) < 0)
		status = cg_exit_status(CG_ERRNO);
	if (status)
		return status;
	for (int i = 0; i < count; i++) {
		int one = classify(c, words[i]);

		status = MAX(status, one);
	}
	return status;
}

int compat_cgclassify(int argc, char **argv)
{
	_cleanup_(option_list_done) struct option_list groups = { 0 };
	struct classification c = { 0 };
	bool bare = false;
	const struct option options[] = {
		{ "bare", 'b', OPTION_FLAG, NULL, "Ignore the default systemd scope", &bare },
		{ "cancel-sticky", 0, OPTION_FLAG, NULL,
		  "The rules daemon may move the processes again", &c.cancel },
		{ "group", 'g', OPTION_LIST, "CONTROLLERS:PATH",
		  "Group to move the processes to; repeatable", &groups },
		{ "replace", 'r', OPTION_FLAG, NULL, "End the process that keeps the scope alive",
		  &c.replace },
		{ "sticky", 0, OPTION_FLAG, NULL,
		  "The rules daemon leaves the processes and their children where they are",
		  &c.sticky },
	};
	const struct command_line line = {
		.usage = "[-b] [-r] [-g <controllers>:<path>] [--sticky | --cancel-sticky] "
			 "<list of pids>",
		.summary = "Move running task(s) to given cgroups",
		.options = options,
		.option_count = ARRAY_SIZE(options),
	};
	int first = cgtool_options(&c.tool, &line, argc, argv), status;

	if (first < 0)
		return cgtool_exit(first);
	if (argc < 2)
		return cgtool_usage(&c.tool, NULL);
	status = run(&c, &groups, bare, argv + first, argc - first);
	cgrulebook_free(c.book);
	cgspecs_done(&c.specs);
	cgtool_done(&c.tool);
	return status;
}
