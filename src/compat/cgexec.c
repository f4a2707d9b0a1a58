// SPDX-License-Identifier: MIT
/*
 * cgexec: becomes a member of the groups, then the command: its first instruction runs there. The
 * process is our own and has one thread, so v1's move does not wait for the kernel.
 *
 * Installed setuid root it may tell the daemon about itself; everything else is done as the user.
 */
#include "compat/cgmove.h"
#include "compat/cgregister.h"
#include "compat/cgrule.h"
#include "compat/compat.h"

enum { EXIT_NOT_EXECUTED = 255 };

static int drop_privileges(const struct cgtool *tool)
{
	uid_t uid = getuid();
	gid_t gid = getgid();

	if (geteuid() == uid && getegid() == gid)
		return 0;
	if (setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0 || geteuid() != uid ||
	    getegid() != gid || (uid != 0 && setuid(0) == 0)) {
		fprintf(stderr, "%s: cannot drop privileges\n", tool->name);
		return EXIT_NOT_EXECUTED;
	}
	return 0;
}

static int tell_daemon(const struct cgtool *tool, bool sticky)
{
	int r = cgregister(getpid(), sticky ? CGREGISTER_CHILDREN : CGREGISTER_PROCESS);

	if (r >= 0)
		return 0;
	fprintf(stderr, "%s: registration of process failed: %s (at the rules daemon)\n",
		tool->name, strerror(-r));
	return EXIT_NOT_EXECUTED;
}

/* Where -g says, or without it where the rules say. */
static int move(struct cgtool *tool, const struct cgspecs *specs, bool replace, const char *command)
{
	_cleanup_(cgrulebook_freep) struct cgrulebook *book = NULL;
	_cleanup_(error_done) struct error err = ERROR_INIT;
	int code = 0, r = 0;

	for (size_t i = 0; i < specs->count && !code; i++)
		code = cgmove(tool, &specs->items[i], 0, replace, &r, &err);
	if (specs->count == 0) {
		const struct cgsubject subject = { .command = command };

		r = cgrulebook_new(tool, true, &book);
		code = r < 0 ? CG_ERRNO : cgrulebook_place(book, &subject, &r, &err);
	}
	if (code)
		fprintf(stderr, "%s: cgroup change of group failed: %s (%s)\n", tool->name,
			cg_text(code, r), error_text(&err));
	return cg_exit_status(code);
}

static int execute(const struct cgtool *tool, char **words)
{
	execvp(words[0], words);
	fprintf(stderr, "%s: cannot execute %s: %s\n", tool->name, words[0], strerror(errno));
	return EXIT_NOT_EXECUTED;
}

int compat_cgexec(int argc, char **argv)
{
	_cleanup_(option_list_done) struct option_list groups = { 0 };
	_cleanup_(cgspecs_done) struct cgspecs specs = { 0 };
	bool bare = false, sticky = false, replace = false;
	const struct option options[] = {
		{ "bare", 'b', OPTION_FLAG, NULL, "Ignore the default systemd scope", &bare },
		{ "group", 'g', OPTION_LIST, "CONTROLLERS:PATH",
		  "Group to run the command in; repeatable", &groups },
		{ "replace", 'r', OPTION_FLAG, NULL, "End the process that keeps the scope alive",
		  &replace },
		{ "sticky", 0, OPTION_FLAG, NULL,
		  "The rules daemon leaves the command and its children where they are", &sticky },
	};
	const struct command_line line = {
		.usage = "[-h] [-b] [-r] [-g <controllers>:<path>] [--sticky] command [arguments] "
			 "...",
		.summary = "Run the task in given control group(s)",
		.options = options,
		.option_count = ARRAY_SIZE(options),
		.stop_at_operand = true,
	};
	struct cgtool tool = { 0 };
	int first = cgtool_options(&tool, &line, argc, argv), status;

	if (first < 0)
		return cgtool_exit(first);
	if (first == argc)
		return cgtool_usage(&tool, "no command is given");
	status = cgspecs_read(&tool, &specs, &groups, NULL, 0);
	if (!status)
		status = tell_daemon(&tool, sticky);
	if (!status)
		status = drop_privileges(&tool);
	if (!status)
		status = cgtool_open(&tool, bare);
	if (!status)
		status = move(&tool, &specs, replace, argv[first]);
	if (!status)
		status = execute(&tool, argv + first);
	cgtool_done(&tool);
	return status;
}
