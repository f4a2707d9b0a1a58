// SPDX-License-Identifier: MIT
/* Launches, as users of the library make them. covers: sentence.c */
#include "reeve/launch.h"

#include "test/unit.h"
#include "util/fd.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/vfs.h>

static char shell[] = "/bin/sh", dash_c[] = "-c";

static struct reeve_plan *plan_of(const char *key, const char *value)
{
	struct reeve_plan *plan = NULL;
	_cleanup_(freep) char *sentence = NULL;

	assert_int_equal(reeve_plan_new(&plan), 0);
	if (key && reeve_plan_set(plan, key, value, &sentence) < 0)
		fail_msg("%s", sentence);
	return plan;
}

static struct reeve_launch *start(struct reeve_plan *plan, const char *script)
{
	_cleanup_(freep) char *copy = strdup(script), *sentence = NULL;
	char *argv[] = { shell, dash_c, copy, NULL };
	struct reeve_launch *launch = NULL;

	if (reeve_launch_start(plan, argv, &launch, &sentence) < 0)
		fail_msg("%s", sentence);
	return launch;
}

static void test_one_plan_starts_many(void **state)
{
	struct reeve_plan *plan = plan_of("env", "CODE=7");

	for (int i = 0; i < 3; i++) {
		struct reeve_report report = { .size = sizeof(report) };
		struct reeve_launch *launch = start(plan, "exit $CODE");

		assert_int_equal(reeve_launch_wait(launch, -1, &report), 0);
		assert_int_equal(report.exit_code, 7);
		assert_int_equal(report.signal, 0);
		assert_true(report.wall_ns > 0);
		assert_true(report.memory_peak > 0);
		assert_int_equal(reeve_launch_wait(launch, 0, NULL), 0);
		reeve_launch_free(launch);
	}
	reeve_plan_free(plan);
}

static void test_waiting_by_a_descriptor(void **state)
{
	struct reeve_plan *plan = plan_of(NULL, NULL);
	struct reeve_launch *launch = start(plan, "while :; do sleep 10; done");
	struct pollfd polled = { .fd = reeve_launch_fd(launch), .events = POLLIN };
	struct reeve_report report = { .size = sizeof(report) };

	if (polled.fd < 0)
		skip();
	assert_int_equal(reeve_launch_wait(launch, 0, &report), -EAGAIN);
	assert_int_equal(poll(&polled, 1, 0), 0);
	assert_true(reeve_launch_pid(launch) > 0);
	assert_int_equal(reeve_launch_signal(launch, SIGKILL), 0);
	assert_int_equal(poll(&polled, 1, 20000), 1);
	assert_int_equal(reeve_launch_wait(launch, 0, &report), 0);
	assert_int_equal(report.signal, SIGKILL);
	assert_int_equal(report.exit_code, 128 + SIGKILL);
	assert_int_equal(reeve_launch_signal(launch, SIGKILL), -ESRCH);
	reeve_launch_free(launch);
	reeve_plan_free(plan);
}

static void test_descriptors(void **state)
{
	struct reeve_plan *plan = plan_of(NULL, NULL);
	struct reeve_launch *launch;
	char *text;
	int pipes[2];

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_int_equal(reeve_plan_descriptor(plan, pipes[1], 5), 0);
	assert_int_equal(reeve_plan_descriptor(plan, pipes[1], 1), 0);
	assert_int_equal(reeve_plan_descriptor(plan, pipes[1], 5), -EEXIST);
	assert_int_equal(reeve_plan_descriptor(plan, -1, 6), -EBADF);
	launch = start(plan, "echo one; echo five >&5");
	close(pipes[1]);
	assert_int_equal(file_read_fd(pipes[0], 4096, &text, NULL), 0);
	assert_string_equal(text, "one\nfive\n");
	free(text);
	close(pipes[0]);
	assert_int_equal(reeve_launch_wait(launch, -1, NULL), 0);
	reeve_launch_free(launch);
	reeve_plan_free(plan);
}

/* A program that was built with an older header has a shorter report. */
static void test_an_older_report(void **state)
{
	struct reeve_plan *plan = plan_of(NULL, NULL);
	struct reeve_launch *launch = start(plan, "exit 3");
	struct reeve_report report = { .size = offsetof(struct reeve_report, user_ns),
				       .user_ns = 12345 };
	struct reeve_report none = { .size = 4 };

	assert_int_equal(reeve_launch_wait(launch, -1, &none), -EINVAL);
	assert_int_equal(reeve_launch_wait(launch, -1, &report), 0);
	assert_int_equal(report.exit_code, 3);
	assert_int_equal(report.user_ns, 12345);
	reeve_launch_free(launch);
	reeve_plan_free(plan);
}

static void test_mistakes(void **state)
{
	struct reeve_plan *plan = plan_of(NULL, NULL);
	char none[] = "/nowhere/program", *argv[] = { none, NULL };
	struct reeve_launch *launch = NULL;
	char *sentence = NULL;

	assert_int_equal(reeve_plan_set(plan, "nicee", "1", &sentence), -EINVAL);
	assert_non_null(strstr(sentence, "did you mean \"nice\"?"));
	free(sentence);
	assert_int_equal(reeve_plan_set(plan, "nice", "x", NULL), -EINVAL);
	assert_int_equal(reeve_plan_cgroup(plan, "/tmp", &sentence), -EINVAL);
	assert_string_equal(sentence, "/tmp is no cgroup");
	free(sentence);
	assert_int_equal(reeve_launch_start(plan, argv, &launch, &sentence), -ENOENT);
	assert_non_null(strstr(sentence, "/nowhere/program"));
	assert_null(launch);
	free(sentence);
	reeve_plan_free(plan);
	reeve_plan_free(NULL);
	reeve_launch_free(NULL);
}

static void test_reasons(void **state)
{
	struct reeve_plan *plan = plan_of(NULL, NULL);
	struct reeve_report report = { .size = sizeof(report) };
	struct reeve_launch *launch = start(plan, "exit 3");

	assert_int_equal(reeve_launch_wait(launch, -1, &report), 0);
	assert_int_equal(report.reason, REEVE_EXITED);
	reeve_launch_free(launch);
	launch = start(plan, "kill -KILL $$");
	assert_int_equal(reeve_launch_wait(launch, -1, &report), 0);
	assert_int_equal(report.reason, REEVE_SIGNALLED);
	/* No group tells. */
	assert_true(report.group_cpu_ns == REEVE_UNKNOWN);
	assert_true(report.group_memory_peak == REEVE_UNKNOWN);
	assert_true(report.group_oom_kills == REEVE_UNKNOWN);
	assert_true(report.group_pids_refused == REEVE_UNKNOWN);
	reeve_launch_free(launch);
	reeve_plan_free(plan);
}

/* Each program is in a network of its own, made ahead or not. */
static void test_prepared(void **state)
{
	static const char *const keys[][2] = {
		{ "unshare", "pid,net" },
		{ "empty-root", "yes" },
		{ "ro-bind", "/usr" },
		{ "symlink", "usr/bin:/bin" },
		{ "symlink", "usr/lib:/lib" },
		{ "symlink", "usr/lib64:/lib64" },
		{ "proc", "yes" },
	};
	enum { LAUNCHES = 4, AHEAD = 2 };
	struct reeve_plan *plan = plan_of(NULL, NULL);
	_cleanup_(freep) char *sentence = NULL, *text = NULL;
	ino_t networks[LAUNCHES];
	char *rest, *line;
	size_t count = 0;
	int pipes[2];

	assert_int_equal(reeve_plan_prepare(plan, 1, &sentence), -EINVAL);
	assert_non_null(strstr(sentence, "(unshare: net)"));
	if (geteuid() != 0)
		reeve_plan_free(plan);
	unit_need_root();
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		assert_int_equal(reeve_plan_set(plan, keys[i][0], keys[i][1], NULL), 0);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_int_equal(reeve_plan_descriptor(plan, pipes[1], 1), 0);
	assert_int_equal(reeve_plan_prepare(plan, 1000, NULL), -EINVAL);
	assert_int_equal(reeve_plan_prepare(plan, AHEAD, NULL), 0);
	for (size_t i = 0; i < LAUNCHES; i++) {
		struct reeve_report report = { .size = sizeof(report) };
		struct reeve_launch *launch = start(plan, "stat -L -c %i /proc/self/ns/net && "
							  "[ $(grep -c : /proc/net/dev) = 1 ]");

		assert_int_equal(reeve_launch_wait(launch, -1, &report), 0);
		assert_int_equal(report.exit_code, 0);
		reeve_launch_free(launch);
	}
	close(pipes[1]);
	assert_int_equal(file_read_fd(pipes[0], 4096, &text, NULL), 0);
	close(pipes[0]);
	/* Those that were made ahead lived side by side. */
	for (rest = text; (line = strsep(&rest, "\n")) && *line && count < LAUNCHES;)
		networks[count++] = strtoul(line, NULL, 10);
	assert_int_equal(count, LAUNCHES);
	assert_true(networks[0] != networks[1]);
	reeve_plan_free(plan);
}

/* Where groups can be made: the v2 hierarchy, for root. */
static char *group_new(void)
{
	static const char *const mounts[] = { "/sys/fs/cgroup/unified", "/sys/fs/cgroup" };
	char *folder = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		struct statfs statfs_;

		if (statfs(mounts[i], &statfs_) < 0 || statfs_.f_type != CGROUP2_SUPER_MAGIC)
			continue;
		assert_true(asprintf(&folder, "%s/reeve-test-%d-launch", mounts[i], (int)getpid()) >
			    0);
		if (mkdir(folder, 0755) == 0)
			return folder;
		free(folder);
	}
	return NULL;
}

static size_t count_groups(const char *folder)
{
	struct stat status;

	assert_int_equal(stat(folder, &status), 0);
	return status.st_nlink - 2;
}

/* Each program is in a group of its own, which goes with it, unless somebody stays. */
static void test_groups(void **state)
{
	struct reeve_report report = { .size = sizeof(report) };
	struct reeve_plan *plan = plan_of(NULL, NULL);
	_cleanup_(freep) char *folder = NULL, *sentence = NULL, *text = NULL;
	struct reeve_launch *launch, *other;
	int pipes[2], hold[2];

	assert_int_equal(reeve_plan_groups(plan, 1, &sentence), -EINVAL);
	folder = geteuid() == 0 ? group_new() : NULL;
	if (!folder) {
		reeve_plan_free(plan);
		skip();
	}
	assert_int_equal(reeve_plan_cgroup(plan, folder, NULL), 0);
	assert_int_equal(reeve_plan_groups(plan, 65, NULL), -EINVAL);
	assert_int_equal(reeve_plan_groups(plan, 2, NULL), 0);
	assert_int_equal(reeve_plan_cgroup(plan, folder, NULL), -EBUSY);
	assert_int_equal(count_groups(folder), 2);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_int_equal(reeve_plan_descriptor(plan, pipes[1], 1), 0);
	assert_int_equal(pipe2(hold, O_CLOEXEC), 0);
	assert_int_equal(reeve_plan_descriptor(plan, hold[0], 5), 0);
	launch = start(plan, "grep -c /launch- /proc/self/cgroup");
	assert_int_equal(reeve_launch_wait(launch, -1, &report), 0);
	assert_int_equal(report.group_stays, 0);
	assert_true(report.group_cpu_ns != REEVE_UNKNOWN && report.group_cpu_ns > 0);
	reeve_launch_free(launch);
	assert_int_equal(count_groups(folder), 1);
	/* Without one that was made ahead it is the same; a child that stays keeps the group. */
	launch = start(plan, "exec >/dev/null; exit 0");
	other = start(plan, "exec >/dev/null; (read word) <&5 & exit 0");
	assert_int_equal(reeve_launch_wait(launch, -1, &report), 0);
	assert_int_equal(report.group_stays, 0);
	reeve_launch_free(launch);
	assert_int_equal(reeve_launch_wait(other, -1, &report), 0);
	assert_int_equal(report.group_stays, 1);
	assert_int_equal(count_groups(folder), 1);
	assert_int_equal(write(hold[1], "\n", 1), 1);
	for (int i = 0; i < 2000 && report.group_stays; i++) {
		usleep(10000);
		assert_int_equal(reeve_launch_wait(other, 0, &report), 0);
	}
	assert_int_equal(report.group_stays, 0);
	reeve_launch_free(other);
	assert_int_equal(reeve_plan_groups(plan, 3, NULL), 0);
	reeve_plan_free(plan);
	close(pipes[1]);
	assert_int_equal(file_read_fd(pipes[0], 4096, &text, NULL), 0);
	assert_string_equal(text, "1\n");
	close(pipes[0]);
	close(hold[0]);
	close(hold[1]);
	assert_int_equal(rmdir(folder), 0);
}

static void test_profiles(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(freep) char *good = unit_path(folder, "good.yaml");
	_cleanup_(freep) char *bad = unit_path(folder, "bad.yaml");
	struct reeve_plan *plan = plan_of(NULL, NULL);
	struct reeve_report report = { .size = sizeof(report) };
	struct reeve_launch *launch;
	char *sentence = NULL;

	unit_write(folder, "good.yaml", "env: {CODE: \"9\"}\n");
	unit_write(folder, "bad.yaml", "env: {CODE: \"9\"}\nram: 5G\n");
	assert_int_equal(reeve_plan_profile(plan, bad, &sentence), -EINVAL);
	assert_non_null(strstr(sentence, "bad.yaml:2:1: unknown key \"ram\""));
	free(sentence);
	assert_int_equal(reeve_plan_profile(plan, good, NULL), 0);
	launch = start(plan, "exit $CODE");
	assert_int_equal(reeve_launch_wait(launch, -1, &report), 0);
	assert_int_equal(report.exit_code, 9);
	reeve_launch_free(launch);
	reeve_plan_free(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_plan_starts_many),
		cmocka_unit_test(test_waiting_by_a_descriptor),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_an_older_report),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_prepared),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_profiles),
		cmocka_unit_test(test_reasons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
