// SPDX-License-Identifier: MIT
/* Programs started, not started, and what they are given. */
#include "launch/launch.h"

#include "util/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

static char output[] = "/tmp/reeve-test-XXXXXX";

#define ARGV(...)     ((char *[]){ __VA_ARGS__, NULL })
#define SHELL(script) ARGV((char[]){ "sh" }, (char[]){ "-c" }, (char[]){ script }, output)

static int set_up(void **state)
{
	int fd = mkostemp(output, O_CLOEXEC);

	close(fd);
	return fd < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	return unlink(output);
}

/* Runs to the end, which must be `exit_code`; what it wrote to $0. */
static char *run(const struct launch_plan *plan, int exit_code)
{
	struct launch_status status;
	struct launch_child child;
	struct error err = ERROR_INIT;
	char *text = NULL;

	assert_int_equal(truncate(output, 0), 0);
	assert_int_equal(launch_start(plan, &child, NULL, &err), 0);
	assert_true(child.pid > 0);
	assert_true(child.pidfd >= 0);
	assert_true(fcntl(child.pidfd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(launch_wait(&child, &status), 0);
	assert_int_equal(status.exit_code, exit_code);
	launch_child_done(&child);
	assert_int_equal(file_read_at(AT_FDCWD, output, 1 << 20, &text, NULL), 0);
	return text;
}

static void expect_output(const struct launch_plan *plan, const char *wanted)
{
	_cleanup_(freep) char *text = run(plan, 0);

	assert_string_equal(text, wanted);
}

static void expect_failure(const struct launch_plan *plan, enum launch_step step, int code,
			   int exit_code, const char *part)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct launch_failure failure = { 0 };
	struct launch_child child;

	assert_int_equal(launch_start(plan, &child, &failure, &err), code);
	assert_int_equal(failure.step, step);
	assert_int_equal(failure.code, code);
	assert_int_equal(launch_exit_code(&failure), exit_code);
	assert_non_null(strstr(error_text(&err), part));
}

static void test_exit_codes(void **state)
{
	struct launch_plan plan = { .clone_fd = -1 };
	struct launch_status status;
	struct launch_child child;

	plan.argv = SHELL("exit 0");
	free(run(&plan, 0));
	plan.argv = SHELL("exit 255");
	free(run(&plan, 255));
	plan.argv = SHELL("kill -9 $$");
	free(run(&plan, 128 + 9));

	plan.argv = ARGV((char[]){ "sleep" }, (char[]){ "60" });
	assert_int_equal(launch_start(&plan, &child, NULL, NULL), 0);
	assert_int_equal(launch_poll(&child, &status), 0);
	assert_int_equal(launch_signal(&child, SIGTERM), 0);
	assert_int_equal(launch_wait(&child, &status), 0);
	assert_int_equal(status.signal, SIGTERM);
	assert_int_equal(status.exit_code, 128 + SIGTERM);
	assert_false(status.core);
	assert_true(status.wall > 0);
	assert_int_equal(launch_signal(&child, SIGTERM), -ESRCH);
	assert_int_equal(launch_wait(&child, &status), -ECHILD);
	launch_child_done(&child);
}

static void test_usage(void **state)
{
	struct launch_plan plan = { .clone_fd = -1 };
	struct launch_status status;
	struct launch_child child;

	plan.argv = SHELL("i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done");
	assert_int_equal(launch_start(&plan, &child, NULL, NULL), 0);
	assert_int_equal(launch_wait(&child, &status), 0);
	launch_child_done(&child);
	assert_true(status.usage.ru_utime.tv_sec > 0 || status.usage.ru_utime.tv_usec > 0);
	assert_true(status.usage.ru_maxrss > 0);
	assert_true(status.wall > 1000000);
}

static void test_failures(void **state)
{
	struct launch_plan plan = { .clone_fd = -1, .search_path = "/bin" };
	struct launch_failure failure = { .step = LAUNCH_CLONE, .code = -ENOMEM };

	plan.argv = ARGV((char[]){ "nonexistent" });
	expect_failure(&plan, LAUNCH_LOOKUP, -ENOENT, 127, "no program \"nonexistent\"");
	plan.argv = ARGV((char[]){ "/tmp" });
	expect_failure(&plan, LAUNCH_LOOKUP, -EISDIR, 126, "is a folder");
	plan.argv = ARGV(output);
	expect_failure(&plan, LAUNCH_LOOKUP, -EACCES, 126, "may not be executed");
	plan.argv = ARGV(NULL);
	expect_failure(&plan, LAUNCH_LOOKUP, -EINVAL, 126, "no program");
	plan.argv = SHELL("true");
	plan.folder = "/nonexistent";
	expect_failure(&plan, LAUNCH_FOLDER, -ENOENT, 125, "cannot work in \"/nonexistent\"");
	plan.folder = NULL;
	plan.clone_fd = 9999;
	expect_failure(&plan, LAUNCH_CLONE, -EBADF, 125, "cannot start a process");
	plan.clone_fd = -1;
	plan.tasks_fds = &(int){ 9999 };
	plan.tasks_count = 1;
	expect_failure(&plan, LAUNCH_ENTER, -EBADF, 125, "cannot enter its group");
	plan.tasks_count = 0;
	assert_int_equal(launch_exit_code(&failure), 125);
}

/* Found, executable, and yet not: the kernel tells, through the child. */
static void test_exec_failures(void **state)
{
	static char no_interpreter[] = "#!/nonexistent/interpreter\n";
	struct launch_plan plan = { .clone_fd = -1, .argv = ARGV(output) };
	int fd;

	assert_int_equal(chmod(output, 0755), 0);
	fd = open(output, O_WRONLY | O_TRUNC | O_CLOEXEC);
	expect_failure(&plan, LAUNCH_EXEC, -ETXTBSY, 126, "Text file busy");
	assert_int_equal(write_all(fd, no_interpreter, sizeof(no_interpreter) - 1), 0);
	close(fd);
	expect_failure(&plan, LAUNCH_EXEC, -ENOENT, 127, "interpreter");
	assert_int_equal(chmod(output, 0600), 0);
}

/* A script without #! is the shell's. */
static void test_script(void **state)
{
	static char script[] = "echo \"$0 $1\" > \"$1\"\n";
	_cleanup_(freep) char *name = NULL, *text = NULL, *wanted = NULL;
	struct launch_plan plan = { .clone_fd = -1 };
	struct launch_status status;
	struct launch_child child;
	int fd = open(output, O_WRONLY | O_TRUNC | O_CLOEXEC);

	assert_int_equal(write_all(fd, script, sizeof(script) - 1), 0);
	close(fd);
	assert_int_equal(chmod(output, 0755), 0);
	assert_true(asprintf(&name, "%s.out", output) > 0);
	plan.argv = ARGV(output, name);
	assert_int_equal(launch_start(&plan, &child, NULL, NULL), 0);
	assert_int_equal(launch_wait(&child, &status), 0);
	launch_child_done(&child);
	assert_int_equal(status.exit_code, 0);
	assert_int_equal(file_read_at(AT_FDCWD, name, 4096, &text, NULL), 0);
	assert_true(asprintf(&wanted, "%s %s\n", output, name) > 0);
	assert_string_equal(text, wanted);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(chmod(output, 0600), 0);
}

static void test_check(void **state)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct launch_plan plan = { .clone_fd = -1, .search_path = "/nonexistent:/bin" };
	struct launch_failure failure;
	char *program = NULL;

	plan.argv = ARGV((char[]){ "sh" });
	assert_int_equal(launch_plan_check(&plan, &program, NULL, &err), 0);
	assert_string_equal(program, "/bin/sh");
	free(program);
	plan.argv = ARGV((char[]){ "none" });
	assert_int_equal(launch_plan_check(&plan, NULL, &failure, &err), -ENOENT);
	assert_int_equal(launch_exit_code(&failure), 127);
}

static void test_surroundings(void **state)
{
	struct launch_plan plan = { .clone_fd = -1 };

	plan.argv = SHELL("pwd > \"$0\"");
	plan.folder = "/usr";
	expect_output(&plan, "/usr\n");
	plan.folder = NULL;
	plan.envp = ARGV((char[]){ "X=7" }, (char[]){ "PATH=/bin" });
	plan.argv = SHELL("echo \"$X$HOME\" > \"$0\"");
	expect_output(&plan, "7\n");
	/* PATH is that of the program's own environment. */
	plan.envp = ARGV((char[]){ "PATH=/nonexistent" });
	expect_failure(&plan, LAUNCH_LOOKUP, -ENOENT, 127, "(/nonexistent)");
}

static void on_signal(int number)
{
}

/* Whoever started the test may have ignored some: nohup(1) does, and a shell that is no session's
 * for what it puts into the background. */
static void take_nothing_over(void)
{
	sigset_t none;

	for (int i = 1; i < SIGRTMIN; i++)
		(void)signal(i, SIG_DFL);
	sigemptyset(&none);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &none, NULL), 0);
}

static void expect_signals(const struct launch_plan *plan, uint64_t blocked, uint64_t ignored)
{
	/* 32 and 33 are the C library's own: it lets nobody change what a parent made of them. */
	const uint64_t internal = UINT64_C(3) << 31;
	_cleanup_(freep) char *text = run(plan, 0);
	uint64_t is_blocked, is_ignored;
	const char *at = strstr(text, "SigBlk:");

	assert_non_null(at);
	assert_int_equal(sscanf(at, "SigBlk: %" SCNx64 " SigIgn: %" SCNx64, &is_blocked,
				&is_ignored),
			 2);
	assert_int_equal(is_blocked, blocked);
	assert_int_equal(is_ignored & ~internal, ignored);
}

static void test_signals(void **state)
{
	const struct sigaction handle = { .sa_handler = on_signal };
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	const struct sigaction defaults = { .sa_handler = SIG_DFL };
	struct launch_plan plan = { .clone_fd = -1 };
	struct launch_signals given;
	sigset_t blocked, before, after;

	take_nothing_over();
	/* Not by a shell: it changes them. */
	plan.argv = ARGV((char[]){ "cp" }, (char[]){ "/proc/self/status" }, output);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	launch_signals_save(&given);
	assert_int_equal(sigismember(&given.ignored, SIGHUP), 0);
	assert_int_equal(sigaction(SIGUSR2, &handle, NULL), 0);
	assert_int_equal(sigaction(SIGPIPE, &ignore, NULL), 0);
	assert_int_equal(pthread_sigmask(SIG_BLOCK, &blocked, &before), 0);
	expect_signals(&plan, 0, 0);

	/* As under nohup(1): what was ignored for us is ignored for the program. */
	sigaddset(&given.ignored, SIGHUP);
	sigaddset(&given.mask, SIGUSR1);
	plan.signals = &given;
	expect_signals(&plan, UINT64_C(1) << (SIGUSR1 - 1), UINT64_C(1) << (SIGHUP - 1));

	/* What is ignored here goes on, what is handled does not. */
	launch_signals_inherit(&given);
	assert_int_equal(sigismember(&given.mask, SIGUSR1), 1);
	expect_signals(&plan, UINT64_C(1) << (SIGUSR1 - 1), UINT64_C(1) << (SIGPIPE - 1));

	/* And ours are as they were. */
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, &after), 0);
	assert_int_equal(sigismember(&after, SIGUSR1), 1);
	assert_int_equal(sigismember(&after, SIGUSR2), 0);
	assert_int_equal(sigaction(SIGUSR2, &defaults, NULL), 0);
	assert_int_equal(sigaction(SIGPIPE, &defaults, NULL), 0);
}

/* The program's list of descriptors holds what we gave on, and none of the launcher's. */
static void test_descriptors(void **state)
{
	struct launch_plan plan = { .clone_fd = -1, .folder = "/" };
	int given = open("/dev/null", O_RDONLY), own = open("/dev/null", O_RDONLY | O_CLOEXEC);
	_cleanup_(freep) char *text = NULL, *wanted = NULL;
	DIR *folder = opendir("/proc/self/fd");
	const struct dirent *entry;
	size_t before = 0, after = 0;

	while ((entry = readdir(folder)))
		before++;
	plan.argv = SHELL("for i in 3 4 5 6 7 8 9 10 11 12 13 14 15; do "
			  "[ -e /proc/self/fd/$i ] && echo $i; done > \"$0\"; :");
	text = run(&plan, 0);
	assert_true(asprintf(&wanted, "%d\n", given) > 0);
	assert_non_null(strstr(text, wanted));
	free(wanted);
	assert_true(asprintf(&wanted, "\n%d\n", own) > 0);
	assert_null(strstr(text, wanted));
	rewinddir(folder);
	while ((entry = readdir(folder)))
		after++;
	assert_int_equal(before, after);
	closedir(folder);
	close(given);
	close(own);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exit_codes),   cmocka_unit_test(test_usage),
		cmocka_unit_test(test_failures),     cmocka_unit_test(test_exec_failures),
		cmocka_unit_test(test_script),	     cmocka_unit_test(test_check),
		cmocka_unit_test(test_surroundings), cmocka_unit_test(test_signals),
		cmocka_unit_test(test_descriptors),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
