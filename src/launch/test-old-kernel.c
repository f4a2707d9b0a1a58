// SPDX-License-Identifier: MIT
/*
 * Mounts where a seccomp filter answers as an older kernel would: without mount_setattr(2) (before
 * 5.12), and without any of the calls that take mounts by descriptors. Needs root.
 * covers: child-mount.c child-path.c child-root.c job-mount.c
 */
#include "launch/launch.h"

#include "test/unit.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { MOUNT_PRIVATELY = 1 << 18 | 1 << 14 /* MS_PRIVATE | MS_REC */ };

static const int attributes_only[] = { SCMP_SYS(mount_setattr) };
static const int all_calls[] = { SCMP_SYS(mount_setattr), SCMP_SYS(open_tree), SCMP_SYS(fsopen),
				 SCMP_SYS(fsmount), SCMP_SYS(move_mount) };

static bool forbid(const int *calls, size_t count)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	bool done = filter;

	for (size_t i = 0; done && i < count; i++)
		done = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), calls[i], 0) >= 0;
	done = done && seccomp_load(filter) >= 0;
	seccomp_release(filter);
	return done;
}

/* "from" with a tmpfs at "from/sub", and "to", in a mount namespace that is ours. */
static bool prepare(const char *folder)
{
	return unshare(CLONE_NEWNS) == 0 &&
	       syscall(SYS_mount, NULL, "/", NULL, MOUNT_PRIVATELY, NULL) == 0 &&
	       chdir(folder) == 0 && syscall(SYS_mount, "t", "from/sub", "tmpfs", 0, NULL) == 0;
}

static int launch(struct launch_plan *plan, const char *script, struct launch_failure *failure)
{
	static char program[] = "/bin/sh", dash_c[] = "-c";
	_cleanup_(freep) char *copy = strdup(script);
	char *argv[] = { program, dash_c, copy, NULL };
	struct launch_status status;
	struct launch_child child;
	int r;

	plan->argv = argv;
	r = launch_start(plan, &child, failure, NULL);
	if (r < 0)
		return r;
	r = launch_wait(&child, &status);
	launch_child_done(&child);
	return r < 0 ? r : status.exit_code;
}

/* Which check failed, or 0. */
static int check(const char *folder, bool has_calls)
{
	_cleanup_(freep) char *from = unit_path(folder, "from"), *to = unit_path(folder, "to");
	_cleanup_(freep) char *plain = unit_path(folder, "plain");
	const struct launch_mount mounts[] = {
		{ LAUNCH_MOUNT_BIND, to, from,
		  .attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC },
		{ LAUNCH_MOUNT_MASK, plain },
		{ LAUNCH_MOUNT_FILESYSTEM, "/opt", "tmpfs", "tmpfs", "mode=0711" },
	};
	static const struct launch_mount usr[] = { { LAUNCH_MOUNT_BIND, "/usr", "/usr" } };
	_cleanup_(freep) char *root = unit_path(folder, "root");
	struct launch_namespaces namespaces = { .unshare = CLONE_NEWNS };
	struct launch_file_system system = { .mounts = mounts, .mount_count = 3 };
	struct launch_plan plan = {
		.clone_fd = -1, .namespaces = &namespaces, .file_system = &system, .folder = folder
	};
	struct launch_failure failure = { 0 };

	if (launch(&plan,
		   "! touch to/x 2>&- && ! touch to/sub/x 2>&- && "
		   "[ -e to/file ] && [ ! -s plain ] && [ $(stat -c %a /opt) = 711 ] && "
		   "touch from/x from/sub/x && rm from/x from/sub/x",
		   &failure) != 0)
		return 10;
	/* Everything that is there, read-only: what is mounted below too. */
	system = (struct launch_file_system){ .read_only = true };
	if (launch(&plan, "! touch from/x 2>&- && ! touch from/sub/x 2>&-", &failure))
		return 11;
	/* A root of its own, read-only, with what is mounted in it as it was asked for. */
	system = (struct launch_file_system){ .root = LAUNCH_ROOT_PATH,
					      .path = root,
					      .read_only = true,
					      .mounts = usr,
					      .mount_count = 1 };
	plan.folder = "/usr";
	if (launch(&plan, "! touch /x 2>&- && [ $(ls / | wc -l) = 4 ]", &failure))
		return 12;
	system = (struct launch_file_system){ .root = LAUNCH_ROOT_EMPTY };
	if (has_calls && launch(&plan, "true", &failure) != -ENOENT)
		return 13;
	if (has_calls)
		return 0;
	if (launch(&plan, "true", &failure) != -ENOSYS || failure.step != LAUNCH_ROOT)
		return 14;
	return 0;
}

static void make_root(const char *folder)
{
	static const char *const links[] = { "bin", "lib", "lib64" };

	unit_write(folder, "root/usr/under", "x");
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		_cleanup_(freep) char *target = unit_path("usr", links[i]), *name = NULL;

		assert_true(asprintf(&name, "%s/root/%s", folder, links[i]) > 0);
		assert_int_equal(symlink(target, name), 0);
	}
}

static void run_without(const int *calls, size_t count, bool has_calls)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	int status;
	pid_t pid;

	unit_write(folder, "from/file", "x");
	unit_write(folder, "from/sub/under", "x");
	unit_write(folder, "to/file", "y");
	unit_write(folder, "plain", "secret");
	make_root(folder);
	pid = fork();
	if (pid == 0) {
		if (!prepare(folder))
			_exit(1);
		if (!forbid(calls, count))
			_exit(2);
		_exit(check(folder, has_calls));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_without_attributes(void **state)
{
	unit_need_root();
	run_without(attributes_only, ARRAY_SIZE(attributes_only), true);
}

static void test_without_calls(void **state)
{
	unit_need_root();
	run_without(all_calls, ARRAY_SIZE(all_calls), false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_attributes),
		cmocka_unit_test(test_without_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
