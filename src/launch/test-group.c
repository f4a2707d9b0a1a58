// SPDX-License-Identifier: MIT
/*
 * Programs born in groups, by each way there is: clone3, and what remains when a seccomp filter
 * answers in its place as an old kernel or a sandbox would. Needs root and a cgroup file system.
 */
#include "launch/launch.h"

#include "util/fd.h"

#include <fcntl.h>
#include <mntent.h>
#include <sched.h>
#include <seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

enum { GROUPS_MAX = 16, EXIT_SKIP = 77 };

struct groups_under_test {
	char *paths[GROUPS_MAX]; /* ours, made and to be removed */
	int tasks_fds[GROUPS_MAX];
	size_t count, tasks_count;
	int v2_fd;
	char name[64];
	char output[64];
};

static bool writable(const struct mntent *mount)
{
	return !hasmntopt(mount, "ro") && !strstr(mount->mnt_opts, "name=") &&
	       !hasmntopt(mount, "cpuset");
}

static void add_group(struct groups_under_test *g, const struct mntent *mount)
{
	_cleanup_(freep) char *tasks = NULL;
	char *path = NULL;
	int fd;

	assert_true(asprintf(&path, "%s/%s", mount->mnt_dir, g->name) > 0);
	if (mkdir(path, 0755) < 0) {
		free(path);
		return;
	}
	g->paths[g->count++] = path;
	if (streq(mount->mnt_type, "cgroup2")) {
		g->v2_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(g->v2_fd >= 0);
		return;
	}
	assert_true(asprintf(&tasks, "%s/tasks", path) > 0);
	fd = open(tasks, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	g->tasks_fds[g->tasks_count++] = fd;
}

static int set_up(void **state)
{
	struct groups_under_test *g = calloc(1, sizeof(*g));
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	const struct mntent *mount;

	g->v2_fd = -1;
	snprintf(g->name, sizeof(g->name), "reeve-test-%d", getpid());
	snprintf(g->output, sizeof(g->output), "/tmp/reeve-test-%d", getpid());
	while (mounts && (mount = getmntent(mounts)))
		if (strncmp(mount->mnt_type, "cgroup", 6) == 0 && writable(mount) &&
		    g->count < GROUPS_MAX)
			add_group(g, mount);
	endmntent(mounts);
	*state = g;
	return 0;
}

static int tear_down(void **state)
{
	struct groups_under_test *g = *state;
	int r = 0;

	for (size_t i = 0; i < g->tasks_count; i++)
		close(g->tasks_fds[i]);
	closep(&g->v2_fd);
	for (size_t i = 0; i < g->count; i++) {
		if (rmdir(g->paths[i]) < 0)
			r = -1;
		free(g->paths[i]);
	}
	(void)unlink(g->output);
	free(g);
	return r;
}

/* How many lines of /proc/self/cgroup, as the program saw it first, end in our group. */
static size_t run_inside(struct groups_under_test *g, bool *ret_born_inside)
{
	static char cat[] = "/bin/cat", file[] = "/proc/self/cgroup";
	char *argv[] = { cat, file, NULL };
	struct launch_plan plan = { .argv = argv,
				    .clone_fd = g->v2_fd,
				    .tasks_fds = g->tasks_fds,
				    .tasks_count = g->tasks_count };
	_cleanup_(error_done) struct error err = ERROR_INIT;
	_cleanup_(freep) char *text = NULL;
	struct launch_status status;
	struct launch_child child;
	size_t lines = 0;
	int out = open(g->output, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	int saved = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);

	assert_true(out >= 0 && saved >= 0);
	(void)fflush(stdout);
	assert_int_equal(dup2(out, STDOUT_FILENO), STDOUT_FILENO);
	if (launch_start(&plan, &child, NULL, &err) < 0)
		child.pid = 0;
	assert_int_equal(dup2(saved, STDOUT_FILENO), STDOUT_FILENO);
	close(saved);
	close(out);
	if (child.pid == 0)
		print_error("%s\n", error_text(&err));
	assert_true(child.pid > 0);
	assert_int_equal(launch_wait(&child, &status), 0);
	assert_int_equal(status.exit_code, 0);
	*ret_born_inside = child.born_inside;
	launch_child_done(&child);
	assert_int_equal(file_read_at(AT_FDCWD, g->output, 1 << 20, &text, NULL), 0);
	for (const char *line = text; (line = strstr(line, g->name)); line++)
		lines++;
	return lines;
}

static void test_born_inside(void **state)
{
	struct groups_under_test *g = *state;
	bool born_inside;

	for (int i = 0; i < 20; i++) {
		assert_int_equal(run_inside(g, &born_inside), g->count);
		assert_int_equal(born_inside, g->v2_fd >= 0);
	}
}

/* A child of ours in which clone3(2) answers `code`; it must end with 0. */
static void without_clone3(struct groups_under_test *g, int code)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
		bool born_inside = true;

		if (!filter ||
		    seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint32_t)code), SCMP_SYS(clone3), 0) <
			    0 ||
		    seccomp_load(filter) < 0)
			_exit(1);
		seccomp_release(filter);
		_exit(run_inside(g, &born_inside) == g->count && !born_inside ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_without_clone3(void **state)
{
	without_clone3(*state, ENOSYS);
	without_clone3(*state, EPERM);
	without_clone3(*state, E2BIG);
	without_clone3(*state, EINVAL);
}

static void test_removed_group(void **state)
{
	struct groups_under_test *g = *state;
	static char program[] = "/bin/true";
	char *argv[] = { program, NULL };
	struct launch_plan plan = { .argv = argv, .clone_fd = -1 };
	struct launch_failure failure = { 0 };
	struct launch_child child;

	for (size_t i = 0; i < g->count; i++)
		assert_int_equal(rmdir(g->paths[i]), 0);
	plan.clone_fd = g->v2_fd;
	if (g->v2_fd >= 0) {
		assert_int_equal(launch_start(&plan, &child, &failure, NULL), -ENODEV);
		assert_int_equal(failure.step, LAUNCH_CLONE);
	}
	plan.clone_fd = -1;
	plan.tasks_fds = g->tasks_fds;
	plan.tasks_count = g->tasks_count;
	if (g->tasks_count > 0) {
		assert_int_equal(launch_start(&plan, &child, &failure, NULL), -ENODEV);
		assert_int_equal(failure.step, LAUNCH_ENTER);
		assert_int_equal(launch_exit_code(&failure), 125);
	}
	for (size_t i = 0; i < g->count; i++)
		assert_int_equal(mkdir(g->paths[i], 0755), 0);
}

/* Whether a group can be made here at all. */
static bool is_possible(void)
{
	void *state = NULL;
	bool possible;

	(void)set_up(&state);
	possible = ((struct groups_under_test *)state)->count > 0;
	(void)tear_down(&state);
	return possible;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_born_inside, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_without_clone3, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_removed_group, set_up, tear_down),
	};

	if (!is_possible()) {
		(void)fputs("needs root and a writable cgroup file system\n", stderr);
		return getenv("REEVE_TEST_MUST_RUN") ? EXIT_FAILURE : EXIT_SKIP;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
