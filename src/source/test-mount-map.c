// SPDX-License-Identifier: MIT
#include "source/mount-map.h"

#include "test/unit.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

struct fixture {
	char *folder;
	struct host *host;
	struct mount_map *map;
};

static struct fixture start(const char *mountinfo)
{
	struct fixture f = { .folder = unit_folder_new() };

	unit_write(f.folder, mountinfo ? "proc/self/mountinfo" : "proc/x",
		   mountinfo ? mountinfo : "");
	assert_int_equal(host_new_at(f.folder, 1, &f.host, NULL), 0);
	assert_int_equal(mount_map_new(f.host, &f.map), 0);
	(void)mount_map_refresh(f.map);
	return f;
}

static void finish(struct fixture *f)
{
	mount_map_free(f->map);
	host_free(f->host);
	unit_folder_free(f->folder);
}

static struct statx stat_of(const char *folder, const char *name)
{
	_cleanup_(freep) char *path = unit_path(folder, name);
	struct statx st;

	assert_int_equal(statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &st), 0);
	return st;
}

static void test_ids(void **state)
{
	struct fixture f = start("22 1 0:5 / / rw - ext4 /dev/a rw\n"
				 "nonsense\n"
				 "7 22 0:6 / /proc rw - proc proc rw\n");

	assert_true(mount_map_is_known(f.map));
	assert_true(mount_map_has(f.map, 22));
	assert_true(mount_map_has(f.map, 7));
	assert_false(mount_map_has(f.map, 8));
	assert_false(mount_map_has(f.map, 22 + (UINT64_C(1) << 32)));
	finish(&f);
}

static void test_nothing_known(void **state)
{
	struct fixture f = start(NULL);

	assert_false(mount_map_is_known(f.map));
	assert_false(mount_map_has(f.map, 22));
	assert_false(mount_map_refresh(f.map));
	finish(&f);
}

static void expect(const struct fixture *f, const char *root, const char *inner,
		   const struct statx *st, const char *expected)
{
	const struct mount_file file = { 0, 5, slice_of(root), slice_of(inner), st };
	char path[PATH_MAX] = "";
	size_t size = mount_map_find(f->map, &file, path, sizeof(path));

	assert_int_equal(size, strlen(expected));
	assert_string_equal(size ? path : "", expected);
}

static void test_find(void **state)
{
	struct fixture f = start("22 1 0:5 / / rw - ext4 /dev/a rw\n"
				 "23 22 0:5 /deep/er /srv rw - ext4 /dev/a rw\n"
				 "24 22 0:7 / /other rw - tmpfs none rw\n");
	struct statx st;

	unit_write(f.folder, "bin/prog", "");
	unit_write(f.folder, "srv/only", "");
	st = stat_of(f.folder, "bin/prog");
	expect(&f, "/", "/bin/prog", &st, "/bin/prog");
	expect(&f, "/bin", "/prog", &st, "/bin/prog");
	/* By the first mount there is another file, or none; by the second this one. */
	st = stat_of(f.folder, "srv/only");
	expect(&f, "/", "/deep/er/only", &st, "/srv/only");
	expect(&f, "/deep", "/er/only", &st, "/srv/only");
	expect(&f, "/", "/deep/error", &st, "");
	expect(&f, "/", "/only", &st, "");
	finish(&f);
}

static void test_folders(void **state)
{
	struct fixture f = start("22 1 0:5 / / rw - ext4 /dev/a rw\n"
				 "23 22 0:5 /deep/er /srv rw - ext4 /dev/a rw\n");
	struct statx st;

	unit_write(f.folder, "srv/x", "");
	st = stat_of(f.folder, "srv");
	expect(&f, "/", "/deep/er", &st, "/srv");
	expect(&f, "/deep/er", "", &st, "/srv");
	st = stat_of(f.folder, ".");
	expect(&f, "/", "", &st, "/");
	finish(&f);
}

static void test_too_long(void **state)
{
	struct fixture f = start("22 1 0:5 / / rw - ext4 /dev/a rw\n");
	struct statx st;
	const struct mount_file file = { 0, 5, slice_of("/"), slice_of("/bin/prog"), &st };
	char path[8];

	unit_write(f.folder, "bin/prog", "");
	st = stat_of(f.folder, "bin/prog");
	assert_int_equal(mount_map_find(f.map, &file, path, sizeof(path)), 0);
	finish(&f);
}

static void test_cgroup2(void **state)
{
	struct fixture f = start("22 1 0:5 / / rw - ext4 /dev/a rw\n"
				 "30 22 0:9 /missing /not/there rw - cgroup2 none rw\n"
				 "31 22 0:9 /part /groups rw - cgroup2 none rw\n");
	struct slice root;

	assert_int_equal(mount_map_cgroup2(f.map, &root), -1);
	finish(&f);

	f = start("31 22 0:9 /part /proc rw - cgroup2 none rw\n");
	assert_true(mount_map_cgroup2(f.map, &root) >= 0);
	assert_true(slice_eq(root, slice_of("/part")));
	finish(&f);
}

static void test_lookup(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(freep) char *text = NULL;
	struct mount_file file;
	struct slice point;
	int fd;

	unit_write(folder, "mountinfo",
		   "22 1 0:5 / / rw - ext4 /dev/a rw\n"
		   "40 22 0:44 /a\\040b /in\\040here rw - overlay none rw\n");
	fd = open(folder, O_PATH | O_CLOEXEC);
	assert_int_equal(mount_lookup(fd, 41, &text, &file, &point), -ENOENT);
	assert_int_equal(mount_lookup(fd, 40, &text, &file, &point), 0);
	assert_int_equal(file.major, 0);
	assert_int_equal(file.minor, 44);
	assert_true(slice_eq(file.root, slice_of("/a b")));
	assert_true(slice_eq(point, slice_of("/in here")));
	close(fd);
}

/* The kernel says when the mounts have changed. */
static int look_for_changes(void)
{
	struct host *host = NULL;
	struct mount_map *map = NULL;
	char folder[] = "/tmp/reeve-unit-XXXXXX";
	struct statx st;
	bool ok;

	if (!mkdtemp(folder) || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return 2;
	if (host_new(&host, NULL) < 0 || mount_map_new(host, &map) < 0 || !mount_map_refresh(map))
		return 3;
	(void)mount_map_refresh(map); /* the kernel may say once that all is new */
	ok = !mount_map_refresh(map) && mount("none", folder, "tmpfs", 0, NULL) == 0 &&
	     statx(AT_FDCWD, folder, 0, STATX_MNT_ID, &st) == 0 &&
	     !mount_map_has(map, st.stx_mnt_id) && mount_map_refresh(map) &&
	     mount_map_has(map, st.stx_mnt_id) && umount(folder) == 0 && mount_map_refresh(map) &&
	     !mount_map_has(map, st.stx_mnt_id);
	mount_map_free(map);
	host_free(host);
	(void)rmdir(folder);
	return ok ? 0 : 4;
}

static void test_changes(void **state)
{
	int status;
	pid_t pid;

	unit_need_root();
	pid = fork();
	if (pid == 0)
		_exit(look_for_changes());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids),	 cmocka_unit_test(test_nothing_known),
		cmocka_unit_test(test_find),	 cmocka_unit_test(test_folders),
		cmocka_unit_test(test_too_long), cmocka_unit_test(test_cgroup2),
		cmocka_unit_test(test_lookup),	 cmocka_unit_test(test_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
