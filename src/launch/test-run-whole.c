// SPDX-License-Identifier: MIT
/*
 * Trees of processes held to limits of time, programs with a terminal of their own, and the
 * guardian. Without groups: those are for test/e2e/run-end.bats.
 * covers: guardian.c pty.c tree.c
 */
#include "launch/guardian.h"
#include "launch/run.h"

#include "test/unit.h"
#include "util/fd.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define SECOND UINT64_C(1000000000)

static char program[] = "sh", dash_c[] = "-c";

static void run(const struct launch_run *wanted, const char *script, struct launch_end *ret_end)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	_cleanup_(freep) char *copy = strdup(script);
	char *argv[] = { program, dash_c, copy, NULL };
	struct launch_plan plan = { .clone_fd = -1, .argv = argv };
	struct launch_run whole = *wanted;

	whole.plan = &plan;
	if (launch_run_whole(&whole, ret_end, NULL, &err) < 0)
		fail_msg("%s", error_text(&err));
}

/* Nobody of it is left, in whatever session. */
static void expect_nobody(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void test_timeout(void **state)
{
	struct launch_tree tree;
	struct launch_run wanted = { .tree = &tree, .timeout = SECOND / 5 };
	struct launch_end end;

	assert_int_equal(launch_tree_init(&tree), 0);
	run(&wanted,
	    "setsid sh -c 'trap \"\" TERM HUP; sleep 60 & sleep 60' & trap '' TERM; sleep 60",
	    &end);
	assert_int_equal(end.reason, LAUNCH_TIMEOUT);
	assert_int_equal(end.status.signal, SIGKILL);
	assert_true(end.status.wall >= wanted.timeout);
	assert_false(end.left_behind);
	expect_nobody();
	/* One that is stopped, too. */
	run(&wanted, "kill -STOP $$", &end);
	assert_int_equal(end.reason, LAUNCH_TIMEOUT);
	/* And one that ends before is not concerned. */
	wanted.timeout = 3600 * SECOND;
	run(&wanted, "exit 7", &end);
	assert_int_equal(end.reason, LAUNCH_ENDED);
	assert_int_equal(end.status.exit_code, 7);
	launch_tree_done(&tree);
}

static void test_cpu_time(void **state)
{
	struct launch_tree tree;
	struct launch_run wanted = { .tree = &tree, .cpu_time = SECOND / 4 };
	struct launch_end end;

	assert_int_equal(launch_tree_init(&tree), 0);
	/* Each by itself stays below it for longer than both together. */
	run(&wanted, "while :; do :; done & while :; do :; done", &end);
	assert_int_equal(end.reason, LAUNCH_CPU_TIME);
	assert_true(end.cpu_known);
	assert_true(end.cpu_ns >= wanted.cpu_time * 9 / 10);
	expect_nobody();
	/* What was used before it is not its own. */
	launch_tree_done(&tree);
	assert_int_equal(launch_tree_init(&tree), 0);
	run(&wanted, "sleep 0.1", &end);
	assert_int_equal(end.reason, LAUNCH_ENDED);
	launch_tree_done(&tree);
}

/* Orphans are waited for, and who outlives the program is told. */
static void test_left_behind(void **state)
{
	struct launch_tree tree;
	struct launch_run wanted = { .tree = &tree };
	struct launch_end end;

	assert_int_equal(launch_tree_init(&tree), 0);
	run(&wanted, "(sleep 0 &); exit 3", &end);
	assert_int_equal(end.status.exit_code, 3);
	run(&wanted, "(setsid sleep 60 &)", &end);
	assert_true(end.left_behind);
	/* The shell between may not be over yet, nor the first line's sleep. */
	assert_in_range(launch_tree_kill(&tree), 1, 3);
	while (launch_tree_reap(&tree, 0))
		usleep(1000);
	expect_nobody();
	assert_int_equal(launch_tree_kill(&tree), 0);
	launch_tree_done(&tree);
}

/* A pipe in the place of standard input, and one that standard output goes to. */
static void test_pty(void **state)
{
	struct launch_run wanted = { .pty = true };
	int in[2], out[2], saved_in, saved_out;
	_cleanup_(freep) char *text = NULL;
	struct launch_end end;

	if (access("/dev/ptmx", R_OK | W_OK) < 0)
		skip();
	assert_int_equal(pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC), 0);
	(void)fflush(stdout);
	saved_in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	saved_out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	assert_int_equal(write(in[1], "word\n", 5), 5);
	close(in[1]);
	dup2(in[0], STDIN_FILENO);
	dup2(out[1], STDOUT_FILENO);
	run(&wanted,
	    "stty -echo; read x; tty >/dev/null && [ -t 2 ] && echo \"<$x>\"; read y; exit 9",
	    &end);
	dup2(saved_in, STDIN_FILENO);
	dup2(saved_out, STDOUT_FILENO);
	close(saved_in);
	close(saved_out);
	close(in[0]);
	close(out[1]);
	assert_int_equal(file_read_fd(out[0], 4096, &text, NULL), 0);
	close(out[0]);
	assert_int_equal(end.status.exit_code, 9);
	assert_non_null(strstr(text, "<word>"));
}

static void test_guardian(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(freep) char *group = unit_path(folder, "group");
	struct guardian guardian = { .fd = -1 };
	int status;

	guardian_dismiss(&guardian);
	/* A folder is all that it needs a group to be, to remove it. */
	assert_int_equal(mkdir(group, 0755), 0);
	assert_int_equal(guardian_start(&group, 1, &guardian), 0);
	guardian_dismiss(&guardian);
	assert_int_equal(guardian.pid, 0);
	assert_int_equal(access(group, F_OK), 0);
	assert_int_equal(guardian_start(&group, 1, &guardian), 0);
	/* As if this process was no more. */
	close(guardian.fd);
	assert_int_equal(waitpid(guardian.pid, &status, 0), guardian.pid);
	assert_int_equal(access(group, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timeout),	    cmocka_unit_test(test_cpu_time),
		cmocka_unit_test(test_left_behind), cmocka_unit_test(test_pty),
		cmocka_unit_test(test_guardian),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
