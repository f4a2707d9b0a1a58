// SPDX-License-Identifier: MIT
/*
 * Real refusals, of files of the test's own. Needs BPF's security module: test/e2e/kernel-deny.bats
 * runs it in the virtual machine.
 */
#include "source/kernel-deny.h"

#include "test/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

struct world {
	char *folder, *file, *other;
	struct kernel_deny *deny;
	struct stat st;
};

static int begin(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	*state = world;
	world->folder = unit_folder_new();
	unit_write(world->folder, "file", "#!/bin/true\n");
	world->file = unit_path(world->folder, "file");
	world->other = unit_path(world->folder, "other");
	assert_int_equal(chmod(world->file, 0755), 0);
	assert_int_equal(stat(world->file, &world->st), 0);
	return 0;
}

static int end(void **state)
{
	struct world *world = *state;

	kernel_deny_free(world->deny);
	unit_folder_free(world->folder);
	free(world->file);
	free(world->other);
	free(world);
	return 0;
}

/* Skips where the kernel cannot, and says why. */
static void need(struct world *world)
{
	struct error err = ERROR_INIT;

	if (kernel_deny_new(NULL, &world->deny, &err) >= 0)
		return;
	print_message("%s\n", error_text(&err));
	error_done(&err); /* skip() does not return */
	skip();
}

static void refuse(struct world *world, unsigned what, uid_t uid, int error)
{
	const struct kernel_deny_entry entry = {
		.dev = world->st.st_dev,
		.ino = world->st.st_ino,
		.uid = uid,
		.what = what,
		.rule = 3,
		.error = error,
	};

	assert_int_equal(kernel_deny_set(world->deny, &entry, 1), 1);
}

static int open_it(const struct world *world, int flags)
{
	int fd = open(world->file, flags);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

struct told {
	int count;
	struct kernel_deny_record last;
};

static void on_refused(const struct kernel_deny_record *record, void *userdata)
{
	struct told *told = userdata;

	told->count++;
	told->last = *record;
}

static void test_records(void **state)
{
	struct world *world = *state;
	struct told told = { 0 };

	need(world);
	refuse(world, KERNEL_DENY_WRITE, (uid_t)-1, EACCES);
	assert_int_equal(kernel_deny_take(world->deny, on_refused, &told), 0);
	assert_int_equal(open_it(world, O_RDWR), EACCES);
	assert_int_equal(truncate(world->file, 0), -1);
	assert_true(kernel_deny_fd(world->deny) >= 0);
	assert_int_equal(kernel_deny_take(world->deny, on_refused, &told), 2);
	assert_int_equal(told.count, 2);
	assert_int_equal(told.last.pid, getpid());
	assert_int_equal(told.last.rule, 3);
	assert_int_equal(told.last.what, KERNEL_DENY_WRITE);
	assert_int_equal(told.last.error, EACCES);
	assert_int_equal(told.last.ino, world->st.st_ino);
	assert_int_equal(told.last.dev, world->st.st_dev);
	assert_false(told.last.killed);
	/* A full ring loses records, and counts them. */
	for (int i = 0; i < 5000; i++)
		assert_int_equal(open_it(world, O_RDWR), EACCES);
	assert_true(kernel_deny_lost(world->deny) > 0);
	told.count = 0;
	(void)kernel_deny_take(world->deny, on_refused, &told);
	assert_int_equal((uint64_t)told.count + kernel_deny_lost(world->deny), 5000);
}

static void test_opens(void **state)
{
	struct world *world = *state;

	need(world);
	assert_int_equal(open_it(world, O_RDWR), 0);
	refuse(world, KERNEL_DENY_WRITE, (uid_t)-1, EACCES);
	assert_int_equal(open_it(world, O_RDONLY), 0);
	assert_int_equal(open_it(world, O_WRONLY), EACCES);
	assert_int_equal(open_it(world, O_RDWR), EACCES);
	assert_int_equal(kernel_deny_count(world->deny, 3), 2);
	refuse(world, KERNEL_DENY_READ, (uid_t)-1, EPERM);
	assert_int_equal(kernel_deny_count(world->deny, 3), 0);
	assert_int_equal(open_it(world, O_RDONLY), EPERM);
	assert_int_equal(open_it(world, O_WRONLY), 0);
	assert_int_equal(kernel_deny_count(world->deny, 3), 1);
	assert_int_equal(kernel_deny_count(world->deny, 4), 0);
	assert_int_equal(kernel_deny_set(world->deny, NULL, 0), 0);
	assert_int_equal(open_it(world, O_RDWR), 0);
}

/* What fanotify asks nobody about. */
static void test_changes_without_an_open(void **state)
{
	struct world *world = *state;

	need(world);
	unit_write(world->folder, "other", "x");
	refuse(world, KERNEL_DENY_WRITE, (uid_t)-1, EPERM);
	assert_int_equal(truncate(world->file, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(rename(world->other, world->file), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(rename(world->file, world->other), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(unlink(world->file), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(unlink(world->other), 0);
	assert_int_equal(kernel_deny_count(world->deny, 3), 4);
}

static int execute_as(const struct world *world, uid_t uid)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (setuid(uid) == 0)
			execl(world->file, world->file, (char *)NULL);
		_exit(errno);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void test_executions_of_one_user(void **state)
{
	struct world *world = *state;

	need(world);
	assert_int_equal(chmod(world->folder, 0755), 0);
	refuse(world, KERNEL_DENY_EXECUTE, 65534, EPERM);
	assert_int_equal(execute_as(world, 0), 0);
	assert_int_equal(execute_as(world, 65534), EPERM);
	refuse(world, KERNEL_DENY_EXECUTE | KERNEL_DENY_KILL, (uid_t)-1, EPERM);
	assert_int_equal(execute_as(world, 0), -SIGKILL);
}

static void test_own_are_never_refused(void **state)
{
	struct world *world = *state;
	const pid_t own[] = { getpid(), 0 };

	if (kernel_deny_new(own, &world->deny, NULL) < 0)
		skip();
	refuse(world, KERNEL_DENY_READ | KERNEL_DENY_WRITE, (uid_t)-1, EPERM);
	assert_int_equal(open_it(world, O_RDWR), 0);
}

static void test_says_why_not(void **state)
{
	_cleanup_(kernel_deny_freep) struct kernel_deny *deny = NULL;
	_cleanup_(error_done) struct error err = ERROR_INIT;

	if (kernel_deny_new(NULL, &deny, &err) < 0)
		assert_true(strlen(error_text(&err)) > 10);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		CASE(test_opens),
		CASE(test_records),
		CASE(test_changes_without_an_open),
		CASE(test_executions_of_one_user),
		CASE(test_own_are_never_refused),
		cmocka_unit_test(test_says_why_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
