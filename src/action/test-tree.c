// SPDX-License-Identifier: MIT
#include "action/tree.h"

#include "test/unit.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

/* A pipe that every process of a tree keeps open: at its end of file all are gone. */
struct family {
	struct host *host;
	pid_t root;
	int alive;
};

/* Each process closes its `ready` when its own children are made: at the end of that file the tree
 * stands. */
static void grow(unsigned width, unsigned depth, int ready)
{
	for (unsigned i = 0; i < width && depth > 0; i++) {
		if (fork() == 0) {
			grow(width, depth - 1, ready);
			for (;;)
				pause();
		}
	}
	close(ready);
}

static void family_begin(struct family *family, unsigned width, unsigned depth)
{
	int alive[2], ready[2];
	char byte;

	assert_int_equal(host_new(&family->host, NULL), 0);
	assert_int_equal(pipe(alive), 0);
	assert_int_equal(pipe(ready), 0);
	/* Who is left to init by a failing test is found, and ended, here. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	family->root = fork();
	assert_true(family->root >= 0);
	if (family->root == 0) {
		close(ready[0]);
		close(alive[0]);
		grow(width, depth, ready[1]);
		for (;;)
			pause();
	}
	close(alive[1]);
	close(ready[1]);
	family->alive = alive[0];
	assert_int_equal(read(ready[0], &byte, 1), 0);
	close(ready[0]);
}

static void family_end(struct family *family)
{
	close(family->alive);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	host_free(family->host);
}

static bool all_are_gone(const struct family *family)
{
	char byte;

	return read(family->alive, &byte, 1) == 0;
}

struct seen {
	pid_t pids[256];
	size_t count;
	int answer;
};

static int see(pid_t pid, uint64_t start, void *userdata)
{
	struct seen *seen = userdata;

	assert_true(start > 0);
	for (size_t i = 0; i < seen->count; i++)
		assert_int_not_equal(seen->pids[i], pid);
	assert_true(seen->count < ARRAY_SIZE(seen->pids));
	seen->pids[seen->count++] = pid;
	return seen->answer;
}

static void kill_family(struct family *family, size_t expected)
{
	struct tree_result result;

	assert_int_equal(tree_signal(family->host, family->root, true, SIGKILL, NULL, &result), 0);
	assert_int_equal(result.done, expected);
	assert_int_equal(result.failed, 0);
	assert_true(all_are_gone(family));
}

static void test_everyone_once(void **state)
{
	struct family family;
	struct tree_result result;
	struct seen seen = { 0 };

	family_begin(&family, 3, 3);
	assert_int_equal(tree_each(family.host, family.root, true, see, &seen, &result), 0);
	assert_int_equal(result.done, 1 + 3 + 9 + 27);
	assert_int_equal(seen.count, result.done);
	assert_int_equal(seen.pids[0], family.root);
	assert_false(result.unstable);
	seen.count = 0;
	assert_int_equal(tree_each(family.host, family.root, false, see, &seen, &result), 0);
	assert_int_equal(result.done, 3 + 9 + 27);
	seen.count = 0;
	seen.answer = -EPERM;
	assert_int_equal(tree_each(family.host, family.root, true, see, &seen, &result), 0);
	assert_int_equal(result.failed, 1 + 3 + 9 + 27);
	assert_int_equal(result.last_error, -EPERM);
	kill_family(&family, 40);
	family_end(&family);
}

/* Every process of this one forks for as long as it is let; all together this often. */
enum { BOMB_FORKS = 150 };

static void explode(_Atomic int *left)
{
	while (atomic_fetch_sub(left, 1) > 0)
		(void)fork();
	for (;;)
		pause();
}

static void test_a_bomb(void **state)
{
	struct family family;
	struct tree_result result;
	_Atomic int *left = mmap(NULL, sizeof(*left), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int alive[2];

	assert_ptr_not_equal(left, MAP_FAILED);
	atomic_store(left, BOMB_FORKS);
	assert_int_equal(host_new(&family.host, NULL), 0);
	assert_int_equal(pipe(alive), 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	family.root = fork();
	assert_true(family.root >= 0);
	if (family.root == 0) {
		close(alive[0]);
		explode(left);
	}
	close(alive[1]);
	family.alive = alive[0];
	while (atomic_load(left) > BOMB_FORKS / 2)
		usleep(100);
	assert_int_equal(tree_signal(family.host, family.root, true, SIGKILL, NULL, &result), 0);
	assert_true(result.done > 1);
	assert_false(result.unstable);
	assert_true(all_are_gone(&family));
	munmap(left, sizeof(*left));
	family_end(&family);
}

static void test_other_signals(void **state)
{
	struct family family;
	struct tree_result result;

	family_begin(&family, 2, 2);
	assert_int_equal(tree_signal(family.host, family.root, false, SIGTERM, NULL, &result), 0);
	assert_int_equal(result.done, 6);
	/* The root was left out. */
	assert_int_equal(waitpid(family.root, NULL, WNOHANG), 0);
	assert_int_equal(tree_signal(family.host, family.root, true, SIGTERM, NULL, &result), 0);
	assert_true(all_are_gone(&family));
	family_end(&family);
}

static void test_own_are_spared(void **state)
{
	struct family family;
	struct tree_result result;
	const pid_t own[] = { getpid(), 0 };

	family_begin(&family, 1, 1);
	/* We are above it: our own tree has it, and us. */
	assert_int_equal(tree_signal(family.host, getpid(), true, SIGKILL, own, &result), 0);
	assert_true(all_are_gone(&family));
	family_end(&family);
}

static void test_gone(void **state)
{
	_cleanup_(host_freep) struct host *host = NULL;
	struct tree_result result;
	struct seen seen = { 0 };
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	assert_int_equal(host_new(&host, NULL), 0);
	waitpid(pid, NULL, 0);
	assert_int_equal(tree_each(host, pid, true, see, &seen, &result), 0);
	assert_int_equal(result.done, 0);
	assert_int_equal(result.vanished, 1);
}

/* A /proc without the files of children: parents are read one by one. */
static void test_without_children_files(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(host_freep) struct host *host = NULL;
	static const struct {
		int pid, parent;
	} people[] = { { 10, 1 }, { 11, 10 }, { 12, 11 }, { 13, 1 }, { 9, 12 } };
	struct tree_result result;
	struct seen seen = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(people); i++) {
		char name[64], text[256];

		snprintf(name, sizeof(name), "proc/%d/stat", people[i].pid);
		snprintf(text, sizeof(text),
			 "%d (x) S %d 0 0 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 %d 0 0 0 0 0 0 0 0 0 0 0 "
			 "0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
			 people[i].pid, people[i].parent, 100 + people[i].pid);
		unit_write(folder, name, text);
		snprintf(name, sizeof(name), "proc/%d/task/%d/stat", people[i].pid, people[i].pid);
		unit_write(folder, name, text);
	}
	assert_int_equal(host_new_at(folder, 1, &host, NULL), 0);
	assert_int_equal(tree_each(host, 10, true, see, &seen, &result), 0);
	assert_int_equal(result.done, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everyone_once), cmocka_unit_test(test_a_bomb),
		cmocka_unit_test(test_other_signals), cmocka_unit_test(test_own_are_spared),
		cmocka_unit_test(test_gone),	      cmocka_unit_test(test_without_children_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
