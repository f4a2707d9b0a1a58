// SPDX-License-Identifier: MIT
/*
 * Files as another mount namespace shows them. The namespace is made by a child, which says what it
 * sees; needs root.
 */
#include "source/host-name.h"

#include "test/unit.h"
#include "util/fd.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

struct world {
	char *folder;
	struct host *host;
	struct mount_table *table;
	struct name_buffer names;
};

/* Folders of their own: "ours" is the host's, "users" is what a user may write to. */
static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	*state = world;
	world->folder = unit_folder_new();
	unit_write(world->folder, "ours/tool", "the true one");
	unit_write(world->folder, "users/tool", "a user's own");
	unit_write(world->folder, "users/other", "nothing like it here");
	return host_new(&world->host, NULL);
}

static int tear_down(void **state)
{
	struct world *world = *state;

	mount_table_free(world->table);
	host_free(world->host);
	unit_folder_free(world->folder);
	free(world);
	return 0;
}

static void read_table(struct world *world)
{
	char *text;

	assert_int_equal(file_read_at(world->host->proc_fd, "self/mountinfo", 1 << 24, &text, NULL),
			 0);
	assert_int_equal(mount_table_new(text, &world->table), 0);
}

static int open_below(const struct world *world, const char *name)
{
	_cleanup_(freep) char *path = unit_path(world->folder, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* What host_name_find() says of an open file that `pid` sees. */
static enum host_name ask(struct world *world, int fd, pid_t pid)
{
	struct seen_file file = { .pid = pid };
	struct statx st;
	char link[40];
	ssize_t n;

	assert_int_equal(statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID, &st), 0);
	file.mount = st.stx_mnt_id;
	file.dev = makedev(st.stx_dev_major, st.stx_dev_minor);
	file.ino = st.stx_ino;
	snprintf(link, sizeof(link), "self/fd/%d", fd);
	n = readlinkat(world->host->proc_fd, link, world->names.path, PATH_MAX);
	assert_true(n > 0);
	world->names.path[n] = '\0';
	world->names.length = (size_t)n;
	return host_name_find(world->host, world->table, &file, &world->names);
}

static void assert_name(const struct world *world, const char *name)
{
	_cleanup_(freep) char *path = unit_path(world->folder, name);

	assert_string_equal(world->names.path, path);
	assert_int_equal(world->names.length, strlen(path));
}

/*
 * A child in a mount namespace of its own, in which `from` is bound over `to`. What it then sees
 * under `to`/`file` we open through its root.
 */
static int open_in_namespace(const struct world *world, const char *from, const char *to,
			     const char *file, pid_t *ret_pid)
{
	_cleanup_(freep) char *source = unit_path(world->folder, from);
	_cleanup_(freep) char *target = unit_path(world->folder, to);
	char path[PATH_MAX], byte;
	int ready[2], fd;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWNS) < 0 ||
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		    mount(source, target, NULL, MS_BIND, NULL) < 0 || write(ready[1], "x", 1) != 1)
			_exit(1);
		sleep(60);
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	snprintf(path, sizeof(path), "/proc/%d/root%s/%s", pid, target, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	*ret_pid = pid;
	return fd;
}

static void finish(pid_t pid, int fd)
{
	close(fd);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void of_our_own_mounts(void **state)
{
	struct world *world = *state;
	int fd = open_below(world, "ours/tool");

	unit_need_root();
	assert_int_equal(ask(world, fd, getpid()), HOST_NAME_NONE); /* without a table */
	read_table(world);
	assert_int_not_equal(ask(world, fd, getpid()), HOST_NAME_NONE);
	assert_name(world, "ours/tool");
	close(fd);
}

static void the_same_path_in_another_namespace(void **state)
{
	struct world *world = *state;
	pid_t pid;
	int fd;

	unit_need_root();
	read_table(world);
	fd = open_in_namespace(world, "users", "users", "other", &pid);
	assert_int_not_equal(ask(world, fd, 0), HOST_NAME_NONE);
	assert_name(world, "users/other");
	finish(pid, fd);
}

static void a_forged_path(void **state)
{
	struct world *world = *state;
	pid_t pid;
	int fd;

	unit_need_root();
	read_table(world);
	fd = open_in_namespace(world, "users", "ours", "tool", &pid);
	/* It looks like the host's, and without its process's mounts nothing can be said. */
	assert_int_equal(ask(world, fd, 0), HOST_NAME_NONE);
	assert_name(world, "ours/tool");
	/* With them it is known for what it is. */
	assert_int_not_equal(ask(world, fd, pid), HOST_NAME_NONE);
	assert_name(world, "users/tool");
	finish(pid, fd);
}

static void a_path_that_means_nothing_here(void **state)
{
	struct world *world = *state;
	pid_t pid;
	int fd;

	unit_need_root();
	read_table(world);
	fd = open_in_namespace(world, "users", "ours", "other", &pid);
	assert_int_not_equal(ask(world, fd, pid), HOST_NAME_NONE);
	assert_name(world, "users/other");
	finish(pid, fd);
}

static void a_file_that_was_deleted(void **state)
{
	struct world *world = *state;
	_cleanup_(freep) char *path = unit_path(world->folder, "users/tool");
	pid_t pid;
	int fd;

	unit_need_root();
	read_table(world);
	fd = open_in_namespace(world, "users", "ours", "tool", &pid);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(ask(world, fd, pid), HOST_NAME_NONE);
	finish(pid, fd);
}

/* Also of a file that is gone, and of one whose own name ends as the kernel marks those. */
static void the_file_of_a_link(void **state)
{
	struct world *world = *state;
	_cleanup_(freep) char *kept = unit_path(world->folder, "ours/a (deleted)");
	_cleanup_(freep) char *gone = unit_path(world->folder, "ours/tool");
	_cleanup_(closep) int kept_fd = -1, gone_fd = open(gone, O_RDONLY | O_CLOEXEC);
	struct seen_file file;
	struct stat st;
	char link[40];

	unit_write(world->folder, "ours/a (deleted)", "");
	kept_fd = open(kept, O_RDONLY | O_CLOEXEC);
	snprintf(link, sizeof(link), "self/fd/%d", kept_fd);
	assert_int_equal(host_name_of_link(world->host->proc_fd, link, &file, &world->names), 0);
	assert_string_equal(world->names.path, kept);
	assert_int_equal(world->names.length, strlen(kept));

	assert_int_equal(unlink(gone), 0);
	snprintf(link, sizeof(link), "self/fd/%d", gone_fd);
	assert_int_equal(host_name_of_link(world->host->proc_fd, link, &file, &world->names), 0);
	assert_string_equal(world->names.path, gone);
	assert_int_equal(fstat(gone_fd, &st), 0);
	assert_true(file.ino == st.st_ino && file.dev == st.st_dev);

	assert_int_equal(host_name_of_link(world->host->proc_fd, "self/none", &file, &world->names),
			 -ENOENT);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(of_our_own_mounts),       CASE(the_same_path_in_another_namespace),
		CASE(a_forged_path),	       CASE(a_path_that_means_nothing_here),
		CASE(a_file_that_was_deleted), CASE(the_file_of_a_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
