// SPDX-License-Identifier: MIT
/*
 * Cells on the host's own kernel. All groups are below "reeve-test-cell-..."; only processes that
 * this program forked are touched.
 */
#include "cgroup/cell.h"
#include "util/host.h"

#include "test/unit.h"

#include <signal.h>
#include <sys/wait.h>

struct fixture {
	struct host *host;
	struct layout *layout;
	struct groups *groups;
	struct group *group;
	char *run;
};

static void begin(struct fixture *f)
{
	static const struct limits none = { 0 };
	const struct group_spec spec = { .name = "cells", .limits = &none };
	struct group_problems problems = { 0 };
	char name[64];

	unit_need_root();
	*f = (struct fixture){ 0 };
	assert_int_equal(host_new(&f->host, NULL), 0);
	assert_int_equal(layout_detect(f->host, &f->layout, NULL), 0);
	if (f->layout->mode == LAYOUT_NONE || f->layout->hierarchies[0].read_only) {
		layout_free(f->layout);
		host_free(f->host);
		skip();
	}
	f->run = unit_folder_new();
	snprintf(name, sizeof(name), "reeve-test-cell-%d-%s", getpid(),
		 f->run + strlen(f->run) - 6);
	assert_int_equal(groups_open(f->layout, name, f->run, &f->groups, NULL), 0);
	assert_int_equal(groups_apply(f->groups, &spec, 1, &problems, NULL), 0);
	f->group = groups_find(f->groups, "cells");
	assert_non_null(f->group);
}

static void end(struct fixture *f)
{
	struct group_problems problems = { 0 };

	assert_true(groups_clean(f->groups, &problems, NULL) >= 0);
	for (size_t i = 0; i < problems.count; i++)
		fail_msg("%s", problems.items[i].message);
	groups_free(f->groups);
	layout_free(f->layout);
	host_free(f->host);
	unit_folder_free(f->run);
}

/* A child in the cell that has a child of its own, in a session of its own, and then sleeps. */
static pid_t enter(const struct cell *cell, bool catches)
{
	int ready[2];
	pid_t pid;
	char byte;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (write(cell_entrance(cell), "0", 1) != 1)
			_exit(1);
		signal(SIGTERM, catches ? SIG_IGN : SIG_DFL);
		if (fork() == 0)
			setsid();
		(void)!write(ready[1], "x", 1);
		sleep(100);
		_exit(2);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void remove_soon(struct cell *cell)
{
	int r = cell_remove(cell);

	for (int i = 0; i < 500 && r == -EBUSY; i++) {
		usleep(10000);
		r = cell_remove(cell);
	}
	assert_int_equal(r, 0);
}

static void test_all_are_killed(void **state)
{
	struct fixture f;
	struct cell *cell;
	int status;
	pid_t pid;

	begin(&f);
	assert_int_equal(cell_new(f.group, &cell, NULL), 0);
	assert_int_equal(cell_signal(cell, SIGTERM), 0);
	pid = enter(cell, true);
	assert_int_equal(cell_remove(cell), -EBUSY);
	assert_int_equal(cell_signal(cell, SIGTERM), 2);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	assert_int_equal(cell_kill(cell), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WTERMSIG(status), SIGKILL);
	remove_soon(cell);
	/* Once it is gone there is nobody to kill. */
	assert_int_equal(cell_kill(cell), 0);
	assert_int_equal(cell_signal(cell, SIGKILL), 0);
	cell_free(cell);
	end(&f);
}

static void test_a_signal_reaches_all(void **state)
{
	struct fixture f;
	struct cell *cell;
	int status;
	pid_t pid;

	begin(&f);
	assert_int_equal(cell_new(f.group, &cell, NULL), 0);
	pid = enter(cell, false);
	assert_int_equal(cell_signal(cell, SIGTERM), 2);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WTERMSIG(status), SIGTERM);
	remove_soon(cell);
	cell_free(cell);
	end(&f);
}

static void test_who_is_in_one_is_known(void **state)
{
	struct membership membership;
	struct cell *cell, *other;
	struct fixture f;
	pid_t pid;

	begin(&f);
	assert_int_equal(cell_new(f.group, &cell, NULL), 0);
	assert_int_equal(cell_new(f.group, &other, NULL), 0);
	pid = enter(cell, false);
	assert_int_equal(membership_read(f.host, pid, &membership), 0);
	assert_true(cell_of_group(f.group, membership.text, membership.size));
	assert_int_equal(membership_read(f.host, getpid(), &membership), 0);
	assert_false(cell_of_group(f.group, membership.text, membership.size));
	assert_false(cell_of_group(f.group, "", 0));
	assert_int_equal(cells_sweep(f.group), 1);
	assert_int_equal(cell_kill(cell), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	remove_soon(cell);
	cell_free(cell);
	cell_free(other);
	assert_int_equal(cells_sweep(f.group), 0);
	end(&f);
}

/* In the group itself, and in a group of the cell's name below another one: no cell's. */
static void test_names_that_look_like_one(void **state)
{
	char text[512];
	const char *path;
	struct fixture f;
	unsigned id;

	begin(&f);
	id = group_placement(f.group)->in[0].hierarchy;
	path = group_placement(f.group)->in[0].path;
	for (size_t i = 0; i < group_placement(f.group)->count; i++)
		if (group_placement(f.group)->in[i].hierarchy == 0) {
			id = 0;
			path = group_placement(f.group)->in[i].path;
		}
	snprintf(text, sizeof(text), "%u::%s/reeve-cell.1.2\n", id, path);
	assert_true(cell_of_group(f.group, text, strlen(text)));
	snprintf(text, sizeof(text), "%u::%s/reeve-cell.1.2/below\n", id, path);
	assert_true(cell_of_group(f.group, text, strlen(text)));
	snprintf(text, sizeof(text), "%u::%s\n", id, path);
	assert_false(cell_of_group(f.group, text, strlen(text)));
	snprintf(text, sizeof(text), "%u::%s/box/reeve-cell.1.2\n", id, path);
	assert_false(cell_of_group(f.group, text, strlen(text)));
	snprintf(text, sizeof(text), "%u::%sx/reeve-cell.1.2\n", id, path);
	assert_false(cell_of_group(f.group, text, strlen(text)));
	snprintf(text, sizeof(text), "%u::/reeve-cell.1.2\n", id);
	assert_false(cell_of_group(f.group, text, strlen(text)));
	end(&f);
}

/* What a crash has left goes with its group: end() fails if it does not. */
static void test_one_that_was_left(void **state)
{
	struct fixture f;
	struct cell *cell;
	pid_t pid;

	begin(&f);
	assert_int_equal(cell_new(f.group, &cell, NULL), 0);
	pid = enter(cell, false);
	assert_int_equal(cell_kill(cell), 0);
	cell_free(cell); /* mostly not empty yet, so that the directory stays */
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_are_killed),
		cmocka_unit_test(test_a_signal_reaches_all),
		cmocka_unit_test(test_who_is_in_one_is_known),
		cmocka_unit_test(test_names_that_look_like_one),
		cmocka_unit_test(test_one_that_was_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
