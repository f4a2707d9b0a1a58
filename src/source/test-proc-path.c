// SPDX-License-Identifier: MIT
/* Programs in every place: needs root for chroot and mounts. */
#include "source/proc-path.h"

#include "source/test-child.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>

static const char sleeper[] = "/usr/bin/sleep";

struct fixture {
	char *folder;
	struct host *host;
	struct path_finder *finder;
	struct found_path found;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->folder = unit_folder_new();
	assert_int_equal(host_new(&f->host, NULL), 0);
	assert_int_equal(path_finder_new(f->host, &f->finder), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	path_finder_free(f->finder);
	host_free(f->host);
	unit_folder_free(f->folder);
	free(f);
	return 0;
}

static void look(struct fixture *f, pid_t pid, const char *link)
{
	char name[32], root[PATH_MAX];
	ssize_t n;
	int dirfd;

	snprintf(name, sizeof(name), "%d", pid);
	dirfd = openat(f->host->proc_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(dirfd >= 0);
	n = readlinkat(dirfd, "root", root, sizeof(root));
	assert_true(n > 0);
	assert_int_equal(path_finder_read(f->finder, dirfd, link, (struct slice){ root, (size_t)n },
					  &f->found),
			 0);
	close(dirfd);
}

static void expect(const struct fixture *f, const char *path, const char *in_root)
{
	if (!slice_eq(f->found.path, slice_of(path)))
		fail_msg("path is \"%.*s\", not \"%s\"", (int)f->found.path.size,
			 f->found.path.data, path);
	if (!slice_eq(f->found.in_root, slice_of(in_root)))
		fail_msg("in_root is \"%.*s\", not \"%s\"", (int)f->found.in_root.size,
			 f->found.in_root.data, in_root);
}

static void run(const char *program)
{
	execl(program, program, "60", (char *)NULL);
	_exit(98);
}

static void run_given(int ready, int go, const void *data)
{
	run(data);
}

static void test_ordinary(void **state)
{
	struct fixture *f = *state;
	struct child child = child_start(run_given, sleeper);
	char here[PATH_MAX];

	look(f, child.pid, "exe");
	expect(f, sleeper, sleeper);
	assert_true(f->found.has_stat);
	assert_false(f->found.deleted || f->found.memfd || f->found.foreign);
	look(f, child.pid, "cwd");
	assert_non_null(getcwd(here, sizeof(here)));
	expect(f, here, here);
	child_end(&child);
}

static void test_links_that_are_none(void **state)
{
	struct fixture *f = *state;
	int dirfd = openat(f->host->proc_fd, "2", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (dirfd < 0)
		skip(); /* no kernel threads in sight: a process namespace */
	unit_need_root();
	assert_int_equal(path_finder_read(f->finder, dirfd, "exe", slice_of("/"), &f->found),
			 -ENOENT);
	close(dirfd);
}

static void test_deleted(void **state)
{
	struct fixture *f = *state;
	_cleanup_(freep) char *path = unit_path(f->folder, "prog");
	struct child child;

	child_copy(sleeper, path);
	child = child_start(run_given, path);
	assert_int_equal(unlink(path), 0);
	look(f, child.pid, "exe");
	expect(f, path, path);
	assert_true(f->found.deleted);
	assert_int_equal(f->found.stat.stx_nlink, 0);
	child_end(&child);
}

/* A name may look as if it were the kernel's word. */
static void test_a_name_that_says_deleted(void **state)
{
	struct fixture *f = *state;
	_cleanup_(freep) char *path = unit_path(f->folder, "prog (deleted)");
	_cleanup_(freep) char *link_path = unit_path(f->folder, "other");
	struct child child;

	child_copy(sleeper, path);
	child = child_start(run_given, path);
	look(f, child.pid, "exe");
	expect(f, path, path);
	assert_false(f->found.deleted);

	/* Its name goes, and another of the same file stays. */
	assert_int_equal(link(path, link_path), 0);
	assert_int_equal(unlink(path), 0);
	look(f, child.pid, "exe");
	expect(f, path, path);
	assert_true(f->found.deleted);
	child_end(&child);
}

static void test_replaced(void **state)
{
	struct fixture *f = *state;
	_cleanup_(freep) char *path = unit_path(f->folder, "prog");
	_cleanup_(freep) char *fresh = unit_path(f->folder, "fresh");
	struct child child;

	child_copy(sleeper, path);
	child_copy(sleeper, fresh);
	child = child_start(run_given, path);
	assert_int_equal(rename(fresh, path), 0);
	look(f, child.pid, "exe");
	expect(f, path, path);
	assert_true(f->found.deleted);
	child_end(&child);
}

static void run_memfd(int ready, int go, const void *data)
{
	static const char *const argv[] = { "odd name", "60", NULL };
	char buffer[65536];
	int fd = memfd_create("odd name", MFD_CLOEXEC), in = open(sleeper, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	while ((n = read(in, buffer, sizeof(buffer))) > 0)
		(void)!write(fd, buffer, (size_t)n);
	fexecve(fd, (char *const *)(uintptr_t)argv, environ);
}

static void test_memfd(void **state)
{
	struct fixture *f = *state;
	struct child child = child_start(run_memfd, NULL);

	look(f, child.pid, "exe");
	expect(f, "memfd:odd name", "memfd:odd name");
	assert_true(f->found.memfd);
	assert_false(f->found.deleted || f->found.foreign);
	child_end(&child);
}

static void run_in_chroot(int ready, int go, const void *data)
{
	if (chroot("/usr") == 0 && chdir("/lib") == 0)
		run("/bin/sleep");
}

/* A system whose /usr is complete is a root by itself. */
static void test_chroot(void **state)
{
	struct fixture *f = *state;
	struct child child;

	unit_need_root();
	if (access("/usr/lib64/ld-linux-x86-64.so.2", F_OK) < 0)
		skip();
	child = child_start(run_in_chroot, NULL);
	look(f, child.pid, "exe");
	expect(f, sleeper, "/bin/sleep");
	assert_false(f->found.foreign);
	look(f, child.pid, "cwd");
	expect(f, "/usr/lib", "/lib");
	child_end(&child);
}

static void own_mounts(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		_exit(97);
}

static void run_bound(int ready, int go, const void *data)
{
	char path[PATH_MAX];

	own_mounts();
	if (mount("/usr", data, NULL, MS_BIND, NULL) < 0 || chdir(data) < 0)
		_exit(96);
	snprintf(path, sizeof(path), "%s/bin/sleep", (const char *)data);
	run(path);
}

/* A mount of its own of what the host has, too. */
static void test_mount_namespace(void **state)
{
	struct fixture *f = *state;
	_cleanup_(freep) char *in_root = NULL;
	struct child child;

	unit_need_root();
	in_root = unit_path(f->folder, "bin/sleep");
	child = child_start(run_bound, f->folder);
	for (int i = 0; i < 2; i++) { /* the second time from what is kept */
		look(f, child.pid, "exe");
		expect(f, sleeper, in_root);
		assert_false(f->found.foreign);
		look(f, child.pid, "cwd");
		expect(f, "/usr", f->folder);
	}
	child_end(&child);
}

static void run_bound_in_chroot(int ready, int go, const void *data)
{
	own_mounts();
	if (mount("/usr", data, NULL, MS_BIND, NULL) < 0 || chroot(data) < 0)
		_exit(96);
	run("/bin/sleep");
}

static void test_mount_namespace_and_chroot(void **state)
{
	struct fixture *f = *state;
	struct child child;

	unit_need_root();
	if (access("/usr/lib64/ld-linux-x86-64.so.2", F_OK) < 0)
		skip();
	child = child_start(run_bound_in_chroot, f->folder);
	look(f, child.pid, "exe");
	expect(f, sleeper, "/bin/sleep");
	assert_false(f->found.foreign);
	child_end(&child);
}

static void run_hidden(int ready, int go, const void *data)
{
	char path[PATH_MAX];

	own_mounts();
	if (mount("none", data, "tmpfs", 0, NULL) < 0)
		_exit(96);
	snprintf(path, sizeof(path), "%s/prog", (const char *)data);
	child_copy(sleeper, path);
	run(path);
}

/* A file system that only its namespace has. */
static void test_foreign(void **state)
{
	struct fixture *f = *state;
	_cleanup_(freep) char *path = NULL;
	struct child child;

	unit_need_root();
	path = unit_path(f->folder, "prog");
	child = child_start(run_hidden, f->folder);
	look(f, child.pid, "exe");
	expect(f, path, path);
	assert_true(f->found.foreign);
	child_end(&child);
}

/* No mount that the host made since the start is taken for another's. */
static void test_a_mount_that_is_younger(void **state)
{
	struct fixture *f = *state;
	_cleanup_(freep) char *path = NULL;
	struct child child;

	unit_need_root();
	path = unit_path(f->folder, "prog");
	assert_int_equal(mount("none", f->folder, "tmpfs", 0, NULL), 0);
	child_copy(sleeper, path);
	child = child_start(run_given, path);
	look(f, child.pid, "exe");
	child_end(&child);
	assert_int_equal(umount2(f->folder, MNT_DETACH), 0);
	expect(f, path, path);
	assert_false(f->found.foreign);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_ordinary, setup, teardown),
		cmocka_unit_test_setup_teardown(test_links_that_are_none, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deleted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_name_that_says_deleted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_replaced, setup, teardown),
		cmocka_unit_test_setup_teardown(test_memfd, setup, teardown),
		cmocka_unit_test_setup_teardown(test_chroot, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mount_namespace, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mount_namespace_and_chroot, setup, teardown),
		cmocka_unit_test_setup_teardown(test_foreign, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_mount_that_is_younger, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
