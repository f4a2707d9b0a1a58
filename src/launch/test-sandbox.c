// SPDX-License-Identifier: MIT
/*
 * Programs in namespaces, roots and conditions of their own, and what is said where the new process
 * cannot have them. Most of it needs root.
 * covers: child*.c explain.c job.c job-map.c job-mount.c
 */
#include "launch/launch.h"

#include "test/unit.h"
#include "util/fd.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static char program[] = "/bin/sh", dash_c[] = "-c";

/* What the script wrote to its standard output; it must end with `exit_code`. */
static char *run(struct launch_plan *plan, const char *script, int exit_code)
{
	_cleanup_(freep) char *copy = strdup(script);
	char *argv[] = { program, dash_c, copy, NULL };
	struct launch_descriptor pass[] = { { -1, STDOUT_FILENO } };
	struct launch_descriptors descriptors = { .pass = pass, .pass_count = 1 };
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct launch_status status;
	struct launch_child child;
	int pipes[2];
	char *text;

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	pass[0].fd = pipes[1];
	plan->argv = argv;
	plan->descriptors = &descriptors;
	if (launch_start(plan, &child, NULL, &err) < 0)
		fail_msg("%s", error_text(&err));
	close(pipes[1]);
	assert_int_equal(file_read_fd(pipes[0], 1 << 16, &text, NULL), 0);
	close(pipes[0]);
	assert_int_equal(launch_wait(&child, &status), 0);
	launch_child_done(&child);
	if (status.exit_code != exit_code)
		fail_msg("exit code %d: %s", status.exit_code, text);
	plan->descriptors = NULL;
	return text;
}

static void expect(struct launch_plan *plan, const char *script, const char *wanted)
{
	_cleanup_(freep) char *text = run(plan, script, 0);

	assert_string_equal(text, wanted);
}

static void expect_failure(struct launch_plan *plan, enum launch_step step, int code,
			   const char *part)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct launch_failure failure = { 0 };
	char *argv[] = { program, NULL };
	struct launch_child child;

	plan->argv = argv;
	assert_int_equal(launch_start(plan, &child, &failure, &err), code);
	assert_int_equal(failure.step, step);
	if (!strstr(error_text(&err), part))
		fail_msg("%s", error_text(&err));
}

static void test_namespaces(void **state)
{
	struct launch_namespaces namespaces = {
		.unshare = CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWNS |
			   CLONE_NEWCGROUP,
		.hostname = "inside",
		.loopback = true,
	};
	struct launch_plan plan = { .clone_fd = -1, .namespaces = &namespaces };

	unit_need_root();
	expect(&plan,
	       "echo $$; uname -n; cat /sys/class/net/lo/flags >/dev/null; "
	       "grep -c : /proc/self/net/dev",
	       "1\ninside\n1\n");
	namespaces.unshare = CLONE_NEWNET;
	expect_failure(&plan, LAUNCH_CLONE, -EINVAL, "UTS namespace");
	namespaces.hostname = NULL;
	namespaces.unshare = CLONE_NEWUTS;
	expect_failure(&plan, LAUNCH_CLONE, -EINVAL, "network namespace");
}

static void test_user_namespace(void **state)
{
	const struct launch_id_map own = { .inside = 0, .outside = getuid(), .count = 1 };
	const struct launch_id_map own_group = { .inside = 0, .outside = getgid(), .count = 1 };
	const struct launch_id_map users[] = { { 0, 1000, 5 }, { 7, 70, 1 } };
	struct launch_identity identity = { .set_user = true, .user = 7, .set_groups = true };
	struct launch_namespaces namespaces = { .unshare = CLONE_NEWUSER,
						.users = &own,
						.user_count = 1,
						.groups = &own_group,
						.group_count = 1 };
	struct launch_plan plan = { .clone_fd = -1, .namespaces = &namespaces };

	expect(&plan, "id -u; id -g; tr -s ' ' </proc/self/uid_map | cut -d' ' -f2,4",
	       "0\n0\n0 1\n");
	unit_need_root();
	/* Several ids, and groups: the parent's part. */
	namespaces.users = users;
	namespaces.user_count = 2;
	plan.identity = &identity;
	expect(&plan, "id -u; tr -s ' ' </proc/self/uid_map; cat /proc/self/setgroups",
	       "7\n 0 1000 5\n 7 70 1\nallow\n");
	identity.user = 9;
	expect_failure(&plan, LAUNCH_IDENTITY, -EINVAL, "its user");
}

static void test_root(void **state)
{
	static const struct launch_mount mounts[] = {
		{ LAUNCH_MOUNT_BIND, "/usr", "/usr", .attributes = MOUNT_ATTR_RDONLY },
		{ LAUNCH_MOUNT_SYMLINK, "/bin", "usr/bin" },
		{ LAUNCH_MOUNT_SYMLINK, "/lib", "usr/lib" },
		{ LAUNCH_MOUNT_SYMLINK, "/lib64", "usr/lib64" },
		{ LAUNCH_MOUNT_FILESYSTEM, "/proc", "proc", "proc" },
		{ LAUNCH_MOUNT_FILESYSTEM, "/a/b/c", "tmpfs", "tmpfs", "size=1m,mode=0700" },
		{ LAUNCH_MOUNT_FILESYSTEM, "/dev", "tmpfs", "tmpfs" },
		{ LAUNCH_MOUNT_DEVICE, "/dev/zero", "/dev/zero" },
		{ LAUNCH_MOUNT_BIND, "/file/of", "/dev/null" },
		{ LAUNCH_MOUNT_FOLDER, "/var/run" },
		{ LAUNCH_MOUNT_MASK, "/usr/share" },
		{ LAUNCH_MOUNT_MASK, "/usr/none" },
		{ LAUNCH_MOUNT_MASK, "/proc/version" },
	};
	struct launch_namespaces namespaces = { .unshare = CLONE_NEWNS | CLONE_NEWPID };
	struct launch_file_system system = { .root = LAUNCH_ROOT_EMPTY,
					     .mounts = mounts,
					     .mount_count = ARRAY_SIZE(mounts) };
	struct launch_plan plan = {
		.clone_fd = -1, .namespaces = &namespaces, .file_system = &system, .folder = "/a"
	};
	const char *script =
		"pwd; ls /; stat -c %a /a/b/c; ls /usr/share | wc -l; cat /proc/version; "
		"head -c 2 /dev/zero | od -An -tx1; touch /usr/x 2>/dev/null || echo ro; "
		"touch /a/x && echo rw; cut -d' ' -f5 /proc/self/mountinfo | sort";

	unit_need_root();
	expect(&plan, script,
	       "/a\na\nbin\ndev\nfile\nlib\nlib64\nproc\nusr\nvar\n700\n0\n 00 00\nro\nrw\n"
	       "/\n/a/b/c\n/dev\n/file/of\n/proc\n/proc/version\n/usr\n/usr/share\n");
	system.read_only = true;
	expect(&plan, "touch /x 2>/dev/null || echo ro", "ro\n");
	/* The same in a user namespace, where a device has to be the one from outside. */
	namespaces.unshare |= CLONE_NEWUSER;
	expect(&plan, "head -c 1 /dev/zero | od -An -tx1; stat -c %a /a/b/c", " 00\n700\n");
}

static void make_file(const char *folder, const char *name, const char *text)
{
	_cleanup_(freep) char *path = NULL;
	FILE *file;

	assert_true(asprintf(&path, "%s/%s", folder, name) > 0);
	file = fopen(path, "we");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

/* Whatever the links in a root say, a bind stays in the root. */
static void test_links(void **state)
{
	char folder[] = "/tmp/reeve-test-XXXXXX";
	struct launch_mount mounts[] = {
		{ LAUNCH_MOUNT_FILESYSTEM, "/absolute/x", "tmpfs", "tmpfs" },
	};
	struct launch_namespaces namespaces = { .unshare = CLONE_NEWNS };
	struct launch_file_system system = {
		.root = LAUNCH_ROOT_PATH, .path = folder, .mounts = mounts, .mount_count = 1
	};
	struct launch_plan plan = { .clone_fd = -1,
				    .namespaces = &namespaces,
				    .file_system = &system };

	unit_need_root();
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(mkdir("outside", 0755), 0);
	assert_int_equal(mkdir("inside", 0755), 0);
	assert_int_equal(symlink("/tmp", "absolute"), 0);
	assert_int_equal(symlink("../../../../../../../../tmp", "relative"), 0);
	/* /tmp of the root is missing, and outside there is one. */
	expect_failure(&plan, LAUNCH_MOUNTS, -ENOENT, "no such place in the root");
	mounts[0].target = "/relative";
	expect_failure(&plan, LAUNCH_MOUNTS, -ENOENT, "no such place in the root");
	mounts[0].target = "/inside/../../../tmp";
	expect_failure(&plan, LAUNCH_MOUNTS, -ENOENT, "no such place in the root");
	mounts[0].target = "/new";
	expect_failure(&plan, LAUNCH_MOUNTS, -ENOENT, "no such place in the root");
	assert_int_equal(access("new", F_OK), -1);
	mounts[0].target = "/inside";
	expect_failure(&plan, LAUNCH_EXEC, -ENOENT, "no program \"/bin/sh\" in the new root");
	mounts[0] = (struct launch_mount){ LAUNCH_MOUNT_BIND, "/inside", "/nonexistent" };
	expect_failure(&plan, LAUNCH_MOUNTS, -ENOENT,
		       "cannot show \"/nonexistent\" at \"/inside\"");
	system.path = "/nonexistent";
	expect_failure(&plan, LAUNCH_CLONE, -ENOENT, "cannot use \"/nonexistent\" as the root");
	system.path = folder;
	mounts[0].target = "inside";
	expect_failure(&plan, LAUNCH_CLONE, -EINVAL, "no absolute path");
	plan.namespaces = NULL;
	expect_failure(&plan, LAUNCH_CLONE, -EINVAL, "mount namespace");
	assert_int_equal(unlink("absolute") | unlink("relative") | rmdir("inside") |
				 rmdir("outside") | rmdir(folder),
			 0);
	assert_int_equal(chdir("/"), 0);
}

static void test_overlay(void **state)
{
	static const struct launch_mount mounts[] = {
		{ LAUNCH_MOUNT_SYMLINK, "/bin", "usr/bin" },
		{ LAUNCH_MOUNT_SYMLINK, "/lib", "usr/lib" },
		{ LAUNCH_MOUNT_SYMLINK, "/lib64", "usr/lib64" },
		{ LAUNCH_MOUNT_BIND, "/usr", "/usr" },
	};
	char folder[] = "/tmp/reeve-test-XXXXXX";
	struct launch_namespaces namespaces = { .unshare = CLONE_NEWNS };
	struct launch_file_system system = { .root = LAUNCH_ROOT_PATH,
					     .path = folder,
					     .overlay = true,
					     .mounts = mounts,
					     .mount_count = ARRAY_SIZE(mounts) };
	struct launch_plan plan = { .clone_fd = -1,
				    .namespaces = &namespaces,
				    .file_system = &system };

	unit_need_root();
	assert_non_null(mkdtemp(folder));
	make_file(folder, "kept", "before");
	expect(&plan, "echo after >kept; cat kept; echo new >new; ls",
	       "after\nbin\nkept\nlib\nlib64\nnew\nusr\n");
	expect(&plan, "cat kept; rm kept; ls", "beforebin\nlib\nlib64\nusr\n");
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(access("new", F_OK), -1);
	assert_int_equal(access("usr", F_OK), -1);
	assert_int_equal(unlink("kept") | chdir("/") | rmdir(folder), 0);
}

static void test_conditions(void **state)
{
	const struct launch_rlimit rlimits[] = { { RLIMIT_NOFILE, { 33, 44 } } };
	cpu_set_t affinity;
	struct launch_conditions conditions = {
		.rlimits = rlimits,
		.rlimit_count = 1,
		.set_nice = true,
		.nice = 7,
		.set_umask = true,
		.umask = 0123,
		.set_oom_score = true,
		.oom_score = 321,
		.affinity = &affinity,
		.affinity_size = sizeof(affinity),
		.new_session = true,
		.die_with_parent = true,
	};
	char pid_text[] = "LISTEN_PID=0000000000";
	char path[] = "PATH=/usr/bin:/bin";
	char *envp[] = { pid_text, path, NULL };
	struct launch_plan plan = { .clone_fd = -1, .conditions = &conditions, .envp = envp };

	CPU_ZERO(&affinity);
	CPU_SET(0, &affinity);
	conditions.pid_text = pid_text + strlen("LISTEN_PID=");
	expect(&plan,
	       "ulimit -Sn; ulimit -Hn; nice; umask; cat /proc/self/oom_score_adj; taskset -cp $$ "
	       "| "
	       "sed 's/.*: //'; [ $LISTEN_PID = $$ ] && [ $(ps -o sid= $$) = $$ ] && echo own",
	       "33\n44\n7\n0123\n321\n0\nown\n");
	CPU_ZERO(&affinity);
	expect_failure(&plan, LAUNCH_SCHEDULING, -EINVAL, "affinity");
	conditions = (struct launch_conditions){ .set_oom_score = true, .oom_score = 5000 };
	expect_failure(&plan, LAUNCH_OOM_SCORE, -EINVAL, "oom score");
}

/* The launcher holds more descriptors than the program may have. */
static void test_full_table(void **state)
{
	const struct launch_rlimit rlimits[] = { { RLIMIT_NOFILE, { 30, 2000 } },
						 { RLIMIT_NOFILE, { 33, 44 } } };
	const struct launch_conditions conditions = { .rlimits = rlimits, .rlimit_count = 2 };
	const struct launch_capabilities none = { 0 };
	const struct launch_confinement confinement = { .capabilities = &none };
	static const struct launch_mount mounts[] = {
		{ LAUNCH_MOUNT_BIND, "/bin", "/bin" },
		{ LAUNCH_MOUNT_BIND, "/lib", "/lib" },
		{ LAUNCH_MOUNT_BIND, "/lib64", "/lib64" },
		{ LAUNCH_MOUNT_BIND, "/usr", "/usr" },
	};
	char folder[] = "/tmp/reeve-test-XXXXXX";
	struct launch_namespaces namespaces = { .unshare = CLONE_NEWNS };
	struct launch_file_system system = { .root = LAUNCH_ROOT_PATH,
					     .path = folder,
					     .overlay = true,
					     .mounts = mounts,
					     .mount_count = ARRAY_SIZE(mounts) };
	struct launch_plan plan = { .clone_fd = -1,
				    .namespaces = &namespaces,
				    .file_system = &system,
				    .confinement = &confinement,
				    .conditions = &conditions };
	int fds[100];

	unit_need_root();
	assert_non_null(mkdtemp(folder));
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
		assert_true(fds[i] >= 0);
	}
	expect(&plan, "ulimit -Sn; ulimit -Hn", "33\n44\n");
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
	assert_int_equal(rmdir(folder), 0);
}

static void test_privileges(void **state)
{
	const struct launch_capabilities none = { .bounding = 1 }, some = {
		.bounding = 0x21, .permitted = 0x21, .inheritable = 0x21, .ambient = 0x20
	};
	struct launch_confinement confinement = { .no_new_privileges = true,
						  .capabilities = &none };
	const gid_t groups[] = { 11, 12 };
	const struct launch_identity identity = { .set_user = true,
						  .set_group = true,
						  .set_groups = true,
						  .user = 1234,
						  .group = 5678,
						  .groups = groups,
						  .group_count = 2 };
	struct launch_plan plan = { .clone_fd = -1, .confinement = &confinement };

	unit_need_root();
	expect(&plan, "grep -E 'CapPrm|CapBnd|NoNewPrivs' /proc/self/status | cut -f2",
	       "0000000000000000\n0000000000000001\n1\n");
	plan.identity = &identity;
	confinement.capabilities = &some;
	expect(&plan,
	       "id -u; id -g; id -G; grep -E 'CapPrm|CapAmb|CapBnd' /proc/self/status | cut -f2",
	       "1234\n5678\n5678 11 12\n0000000000000020\n0000000000000021\n0000000000000020\n");
}

static void test_descriptors(void **state)
{
	struct launch_descriptor pass[] = { { 0, 3 }, { 0, 5 }, { 0, 900 } };
	struct launch_descriptors descriptors = { .pass = pass,
						  .pass_count = 3,
						  .close_others = true };
	char *argv[] = { program, dash_c,
			 (char[]){
				 "n=; for i in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 900; "
				 "do [ -e /proc/self/fd/$i ] && n=$n,$i; done; "
				 "[ \"$n\" = ,0,1,2,3,5,900 ] && "
				 "[ \"$(cat <&3)$(cat <&5)\" = 35 ]" },
			 NULL };
	struct launch_plan plan = { .clone_fd = -1, .argv = argv, .descriptors = &descriptors };
	struct launch_status status;
	struct launch_child child;
	int three[2], five[2], others[8];

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		others[i] = dup(STDIN_FILENO);
	assert_int_equal(pipe(five) | pipe(three), 0);
	assert_int_equal(write(three[1], "3", 1) + write(five[1], "5", 1), 2);
	fcntl(three[1], F_SETFD, FD_CLOEXEC);
	pass[0].fd = three[0];
	pass[1].fd = pass[2].fd = five[0];
	close(three[1]);
	close(five[1]);
	assert_int_equal(launch_start(&plan, &child, NULL, NULL), 0);
	assert_int_equal(launch_wait(&child, &status), 0);
	launch_child_done(&child);
	assert_int_equal(status.exit_code, 0);
	close(three[0]);
	close(five[0]);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		close(others[i]);
	pass[1].as = 3;
	expect_failure(&plan, LAUNCH_CLONE, -EINVAL, "ascend");
	pass[1] = (struct launch_descriptor){ 9999, 5 };
	pass[0].fd = STDIN_FILENO;
	expect_failure(&plan, LAUNCH_DESCRIPTORS, -EBADF, "descriptors");
}

static void test_joins(void **state)
{
	struct launch_join join = { .flags = CLONE_NEWNET };
	struct launch_namespaces namespaces = { .joins = &join, .join_count = 1 };
	struct launch_plan plan = { .clone_fd = -1, .namespaces = &namespaces };
	struct stat before, after;

	unit_need_root();
	join.fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_int_equal(stat("/proc/self/ns/net", &before), 0);
	/* With a user namespace of its own the parent joins for it, and leaves again. */
	expect(&plan, "echo in", "in\n");
	namespaces.unshare = CLONE_NEWUSER;
	expect(&plan, "echo in", "in\n");
	assert_int_equal(stat("/proc/self/ns/net", &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	close(join.fd);
	join = (struct launch_join){ .fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC),
				     .flags = CLONE_NEWNS };
	expect_failure(&plan, LAUNCH_CLONE, -EINVAL, "user namespace");
	namespaces.unshare = 0;
	expect(&plan, "echo in", "in\n");
	close(join.fd);
	join.fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	expect_failure(&plan, LAUNCH_JOIN, -EINVAL, "join a namespace");
	close(join.fd);
}

/* A root and a network, made once and joined by two programs, each with its own copy of the root.
 */
static void test_kept(void **state)
{
	static const struct launch_mount mounts[] = {
		{ LAUNCH_MOUNT_SYMLINK, "/bin", "usr/bin" },
		{ LAUNCH_MOUNT_SYMLINK, "/lib", "usr/lib" },
		{ LAUNCH_MOUNT_SYMLINK, "/lib64", "usr/lib64" },
		{ LAUNCH_MOUNT_FILESYSTEM, "/proc", "proc", "proc" },
		{ LAUNCH_MOUNT_BIND, "/usr", "/usr", .attributes = MOUNT_ATTR_RDONLY },
	};
	static const struct launch_mount proc[] = {
		{ LAUNCH_MOUNT_FILESYSTEM, "/proc", "proc", "proc" },
	};
	struct launch_namespaces namespaces = { .unshare = CLONE_NEWNS | CLONE_NEWNET,
						.loopback = true };
	struct launch_file_system system = { .root = LAUNCH_ROOT_EMPTY,
					     .mounts = mounts,
					     .mount_count = ARRAY_SIZE(mounts) };
	struct launch_plan plan = { .clone_fd = -1,
				    .namespaces = &namespaces,
				    .file_system = &system };
	struct launch_join joins[] = { { -1, CLONE_NEWNS }, { -1, CLONE_NEWNET } };
	_cleanup_(error_done) struct error err = ERROR_INIT;

	unit_need_root();
	for (size_t i = 0; i < 2; i++)
		if (launch_keep(&plan, joins[i].flags, &joins[i].fd, NULL, &err) < 0)
			fail_msg("%s", error_text(&err));
	namespaces = (struct launch_namespaces){ .unshare = CLONE_NEWNS | CLONE_NEWPID,
						 .joins = joins,
						 .join_count = 2 };
	system = (struct launch_file_system){ .mounts = proc, .mount_count = 1 };
	for (int i = 0; i < 2; i++)
		expect(&plan,
		       "echo $$ $(ls / | wc -l) $(grep -c : /proc/net/dev); mkdir /proc/x 2>&-; "
		       "ls -d /proc/[0-9]*",
		       "1 5 1\n/proc/1\n");
	close(joins[0].fd);
	close(joins[1].fd);
	namespaces = (struct launch_namespaces){ .unshare = CLONE_NEWNS };
	system.root = LAUNCH_ROOT_PATH;
	system.path = "/nonexistent";
	assert_int_equal(launch_keep(&plan, CLONE_NEWNS, &joins[0].fd, NULL, NULL), -ENOENT);
}

static void expect_base(struct launch_plan *plan, bool wanted)
{
	char exit_0[] = "exit 0", *argv[] = { program, dash_c, exit_0, NULL };
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct launch_status status;
	struct launch_child child;

	plan->argv = argv;
	if (launch_start(plan, &child, NULL, &err) < 0)
		fail_msg("%s", error_text(&err));
	assert_true(child.in_base == wanted);
	assert_int_equal(launch_wait(&child, &status), 0);
	assert_int_equal(status.exit_code, 0);
	launch_child_done(&child);
}

/* The same root in a base, and what does not go there. */
static void test_base(void **state)
{
	static const struct launch_mount mounts[] = {
		{ LAUNCH_MOUNT_BIND, "/usr", "/usr", .attributes = MOUNT_ATTR_RDONLY },
		{ LAUNCH_MOUNT_SYMLINK, "/bin", "usr/bin" },
		{ LAUNCH_MOUNT_SYMLINK, "/lib", "usr/lib" },
		{ LAUNCH_MOUNT_SYMLINK, "/lib64", "usr/lib64" },
		{ LAUNCH_MOUNT_FILESYSTEM, "/proc", "proc", "proc" },
		{ LAUNCH_MOUNT_FILESYSTEM, "/dev", "tmpfs", "tmpfs" },
		{ LAUNCH_MOUNT_DEVICE, "/dev/zero", "/dev/zero" },
		{ LAUNCH_MOUNT_BIND, "/none", "/none", .optional = true },
		{ LAUNCH_MOUNT_BIND, "/file/of", "/dev/null" },
		{ LAUNCH_MOUNT_MASK, "/proc/version" },
	};
	struct launch_namespaces namespaces = { .unshare = CLONE_NEWNS | CLONE_NEWPID };
	int base = -1;
	struct launch_file_system system = { .root = LAUNCH_ROOT_EMPTY,
					     .read_only = true,
					     .mounts = mounts,
					     .mount_count = ARRAY_SIZE(mounts) - 1,
					     .base_fd = &base };
	struct launch_plan plan = { .clone_fd = -1,
				    .namespaces = &namespaces,
				    .file_system = &system };
	const char *script = "pwd; echo $$; ls /; touch /usr/x 2>&- || touch /x 2>&- || echo ro; "
			     "cut -d' ' -f5 /proc/self/mountinfo | sort; "
			     "grep shared: /proc/self/mountinfo; cd ../..; pwd";
	const char *wanted = "/\n1\nbin\ndev\nfile\nlib\nlib64\nproc\nusr\nro\n"
			     "/\n/dev\n/file/of\n/proc\n/usr\n/\n";
	/* EBADF, where the kernel (5.12) has it. */
	bool has_base = syscall(SYS_mount_setattr, -1, "", 0, NULL, 0) < 0 && errno != ENOSYS;

	unit_need_root();
	/* That is none: in a copy. */
	expect(&plan, script, wanted);
	expect_base(&plan, false);
	assert_int_equal(launch_base_open(&base, NULL), 0);
	for (int i = 0; i < 2; i++)
		expect(&plan, script, wanted);
	expect_base(&plan, has_base);
	system.mount_count++;
	expect_base(&plan, false);
	expect(&plan, "cat /proc/version", "");
	system.mount_count = 0;
	system.root = LAUNCH_ROOT_PATH;
	system.path = "/";
	expect_base(&plan, has_base);
	expect(&plan, "echo $$; touch /usr/x 2>&- || echo ro", "1\nro\n");
	/* The sentence is that of the copy. */
	system.mounts = (const struct launch_mount[]){ { LAUNCH_MOUNT_BIND, "/usr", "/none" } };
	system.mount_count = 1;
	expect_failure(&plan, LAUNCH_MOUNTS, -ENOENT, "/none");
	close(base);
}

/* A process that reaps beside the program, which is as it would be without. */
static void test_first_process(void **state)
{
	struct launch_namespaces namespaces = { .unshare = CLONE_NEWIPC };
	struct launch_conditions conditions = { .init = true };
	const struct launch_capabilities none = { 0 };
	struct launch_confinement confinement = { .no_new_privileges = true,
						  .capabilities = &none };
	struct launch_plan plan = { .clone_fd = -1,
				    .namespaces = &namespaces,
				    .conditions = &conditions,
				    .confinement = &confinement };

	unit_need_root();
	expect_failure(&plan, LAUNCH_CLONE, -EINVAL, "process namespace");
	namespaces.unshare = CLONE_NEWPID;
	expect(&plan, "echo $$ $PPID; sleep 0 & (sleep 0 &)", "2 1\n");
	free(run(&plan, "exit 9", 9));
	free(run(&plan, "kill -KILL $$", 128 + SIGKILL));
	/* Its end is the end of all: nobody keeps the pipe open. */
	free(run(&plan, "sleep 100 & exit 0", 0));
	/* What the second one cannot do is known. */
	confinement.seccomp = &(struct sock_fprog){ 0 };
	expect_failure(&plan, LAUNCH_SECCOMP, -EINVAL, "seccomp filter");
	confinement.seccomp = NULL;
	namespaces.users = (const struct launch_id_map[]){ { 0, 0, 65536 } };
	namespaces.groups = namespaces.users;
	namespaces.user_count = namespaces.group_count = 1;
	namespaces.unshare |= CLONE_NEWUSER;
	expect(&plan, "echo $$ $PPID", "2 1\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_namespaces),    cmocka_unit_test(test_user_namespace),
		cmocka_unit_test(test_root),	      cmocka_unit_test(test_links),
		cmocka_unit_test(test_overlay),	      cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_privileges),    cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_joins),	      cmocka_unit_test(test_kept),
		cmocka_unit_test(test_base),	      cmocka_unit_test(test_full_table),
		cmocka_unit_test(test_first_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
