// SPDX-License-Identifier: MIT
#include "core/facts-ids.h"

#include "test/unit.h"

#include <sys/prctl.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

static struct process_facts *begin(const struct facts_world *world, pid_t pid)
{
	struct process_facts *process = calloc(1, sizeof(*process));

	assert_non_null(process);
	process_facts_begin(process, world, NULL, ON_EXECUTE, pid);
	return process;
}

/* A /proc of our own. */
static void test_files(void **state)
{
	char *folder = unit_folder_new();
	struct facts_world world;
	struct process_facts *process;
	struct facts *facts;
	struct host *host;

	unit_write(folder, "proc/12/status",
		   "Name:\tx\nUid:\t5\t6\t5\t5\nGid:\t7\t8\t7\t7\nGroups:\t1 20 300 \n");
	unit_write(folder, "proc/12/stat",
		   "12 (a) b) R 9 12 12 34816 -1 4194304 90 0 1 0 1 1 7 8 20 0 1 0 4711 0 0 0 0 0 "
		   "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n");
	unit_write(folder, "proc/12/loginuid", "1000\n");
	assert_int_equal(host_new_at(folder, 1, &host, NULL), 0);
	facts_world_init(&world, host);
	process = begin(&world, 12);
	facts = &process->facts;
	process_facts_complete_ids(process);
	assert_int_equal(process->start, 0);
	assert_int_equal(facts->asked, 0);
	/* The folder is ours. */
	assert_true(facts_know(facts, FACT_EFFECTIVE));
	assert_int_equal(facts->euid, geteuid());
	assert_int_equal(facts->egid, getegid());
	assert_true(facts_know(facts, FACT_GROUPS));
	assert_int_equal(facts->gid_count, 3);
	assert_int_equal(facts->gids[2], 300);
	process_facts_complete_ids(process);
	assert_true(facts_know(facts, FACT_IDS));
	assert_int_equal(facts->uid, 5);
	assert_int_equal(facts->euid, 6);
	assert_int_equal(facts->egid, 8);
	assert_int_equal(process->start, 4711);
	assert_true(facts_know(facts, FACT_LOGIN));
	assert_int_equal(facts->loginuid, 1000);
	assert_int_equal(facts->tty, makedev(136, 0));
	free(process);
	process = begin(&world, 13);
	assert_false(facts_know(&process->facts, FACT_EFFECTIVE));
	assert_int_equal(process_facts_start(process), 0);
	free(process);
	host_free(host);
	unit_folder_free(folder);
}

/* Also of who may not be looked into: its files are root's, whoever it is. */
static void test_effective(void **state)
{
	const uid_t uid = geteuid() == 0 ? 65533 : geteuid();
	const gid_t gid = geteuid() == 0 ? 65532 : getegid();
	struct facts_world world;
	struct process_facts *process;
	struct host *host;
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (setegid(gid) < 0 || seteuid(uid) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
			_exit(1);
		(void)!write(ready[1], "x", 1);
		pause();
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(host_new(&host, NULL), 0);
	facts_world_init(&world, host);
	process = begin(&world, pid);
	assert_true(facts_know(&process->facts, FACT_EFFECTIVE));
	assert_int_equal(process->facts.euid, uid);
	assert_int_equal(process->facts.egid, gid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ready[0]);
	free(process);
	host_free(host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_effective),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
