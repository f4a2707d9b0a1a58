// SPDX-License-Identifier: MIT
/* Who is exempt: by number and birth, by descent, and over a restart. The processes are a folder's.
 */
#include "core/exempt.h"

#include "test/unit.h"

struct world {
	char *root;
	struct host *host;
	struct exempt *exempt;
	char file[4096];
};

static void process(const struct world *world, int pid, int parent, int start)
{
	char name[64], text[256];

	snprintf(name, sizeof(name), "proc/%d/stat", pid);
	snprintf(text, sizeof(text),
		 "%d (a) S %d 1 1 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 %d 1 2 3 4 5 6 7 8 9 10 11 "
		 "12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30\n",
		 pid, parent, start);
	unit_write(world->root, name, text);
}

static void ends(const struct world *world, int pid)
{
	char path[4200];

	snprintf(path, sizeof(path), "%s/proc/%d/stat", world->root, pid);
	assert_int_equal(unlink(path), 0);
}

static void boot(const struct world *world, const char *id)
{
	unit_write(world->root, "proc/sys/kernel/random/boot_id", id);
}

#define BOOT "01234567-89ab-cdef-0123-456789abcdef\n"

static void begin(struct world *world)
{
	world->root = unit_folder_new();
	boot(world, BOOT);
	assert_int_equal(host_new_at(world->root, 1, &world->host, NULL), 0);
	assert_int_equal(exempt_new(world->host, &world->exempt), 0);
	snprintf(world->file, sizeof(world->file), "%s/exempt.json", world->root);
}

static void end(struct world *world)
{
	exempt_free(world->exempt);
	host_free(world->host);
	unit_folder_free(world->root);
}

static void is_who_it_was(void **state)
{
	struct world world;

	(void)state;
	begin(&world);
	process(&world, 100, 1, 5000);
	process(&world, 101, 100, 5001);
	assert_false(exempt_covers(world.exempt, 100));
	assert_int_equal(exempt_add(world.exempt, 100, 0, false), 0);
	assert_true(exempt_covers(world.exempt, 100));
	assert_false(exempt_covers(world.exempt, 101)); /* its child */
	assert_false(exempt_follows(world.exempt));
	assert_int_equal(exempt_add(world.exempt, 101, 5000, false), -ESRCH);
	assert_int_equal(exempt_add(world.exempt, 101, 5001, false), 0);
	assert_true(exempt_remove(world.exempt, 101));
	process(&world, 100, 1, 6000); /* another one of that number */
	assert_false(exempt_covers(world.exempt, 100));
	assert_int_equal(exempt_count(world.exempt), 0);
	assert_int_equal(exempt_add(world.exempt, 4711, 0, false), -ESRCH);
	assert_int_equal(exempt_add(world.exempt, 0, 0, false), -ESRCH);
	assert_int_equal(exempt_add(world.exempt, -1, 0, false), -ESRCH);
	assert_int_equal(exempt_add(world.exempt, 1 << 22, 0, false), -ESRCH);
	assert_false(exempt_covers(world.exempt, 1 << 22));
	end(&world);
}

static void children_are_followed(void **state)
{
	struct world world;

	(void)state;
	begin(&world);
	process(&world, 100, 1, 5000);
	process(&world, 101, 100, 5001);
	process(&world, 102, 101, 5002);
	process(&world, 200, 1, 5003);
	assert_int_equal(exempt_add(world.exempt, 100, 0, true), 0);
	assert_true(exempt_follows(world.exempt));
	assert_true(exempt_covers(world.exempt, 102));
	assert_false(exempt_covers(world.exempt, 200));
	/* 102 is adopted: what was told of its fork keeps it. */
	exempt_fork(world.exempt, 100, 101, 5001);
	exempt_fork(world.exempt, 101, 102, 0);
	exempt_fork(world.exempt, 200, 201, 0);
	ends(&world, 101);
	ends(&world, 100);
	process(&world, 102, 1, 5002);
	assert_true(exempt_covers(world.exempt, 102));
	assert_int_equal(exempt_count(world.exempt), 1);
	assert_true(exempt_follows(world.exempt));
	/* One that has ended before it is told has made another one. */
	exempt_fork(world.exempt, 102, 103, 0);
	process(&world, 104, 1, 5004);
	exempt_fork(world.exempt, 103, 104, 0);
	assert_true(exempt_covers(world.exempt, 104));
	/* Its number is somebody else's now. */
	exempt_fork(world.exempt, 200, 103, 6000);
	process(&world, 105, 1, 6001);
	exempt_fork(world.exempt, 103, 105, 0);
	assert_false(exempt_covers(world.exempt, 105));
	assert_true(exempt_remove(world.exempt, 104));
	assert_true(exempt_remove(world.exempt, 102));
	assert_false(exempt_remove(world.exempt, 102));
	assert_false(exempt_follows(world.exempt));
	end(&world);
}

static void what_is_said_last_counts(void **state)
{
	struct world world;

	(void)state;
	begin(&world);
	process(&world, 100, 1, 5000);
	process(&world, 101, 100, 5001);
	assert_int_equal(exempt_add(world.exempt, 100, 0, false), 0);
	assert_int_equal(exempt_add(world.exempt, 100, 0, true), 0);
	assert_true(exempt_covers(world.exempt, 101));
	assert_int_equal(exempt_add(world.exempt, 100, 0, false), 0);
	assert_false(exempt_covers(world.exempt, 101));
	assert_false(exempt_follows(world.exempt));
	assert_int_equal(exempt_count(world.exempt), 1);
	end(&world);
}

static void many_come_and_go(void **state)
{
	struct world world;

	(void)state;
	begin(&world);
	for (int i = 0; i < 300; i++) {
		process(&world, 1000 + i, 1, 5000 + i);
		assert_int_equal(exempt_add(world.exempt, 1000 + i, 0, i % 2 == 0), 0);
		if (i % 3 != 0)
			ends(&world, 1000 + i);
	}
	assert_int_equal(exempt_count(world.exempt), 100);
	for (int i = 0; i < 300; i++)
		assert_int_equal(exempt_remove(world.exempt, 1000 + i), i % 3 == 0);
	assert_false(exempt_follows(world.exempt));
	end(&world);
}

static void again(struct world *world)
{
	exempt_free(world->exempt);
	assert_int_equal(exempt_new(world->host, &world->exempt), 0);
	assert_int_equal(exempt_load(world->exempt, world->file, NULL), 0);
}

static void a_restart_changes_nothing(void **state)
{
	struct world world;

	(void)state;
	begin(&world);
	process(&world, 100, 1, 5000);
	process(&world, 101, 1, 5001);
	process(&world, 102, 101, 5002);
	process(&world, 103, 1, 5003);
	assert_int_equal(exempt_add(world.exempt, 100, 0, false), 0);
	assert_int_equal(exempt_add(world.exempt, 101, 0, true), 0);
	assert_int_equal(exempt_add(world.exempt, 103, 0, false), 0);
	assert_int_equal(exempt_save(world.exempt, world.file, NULL), 0);
	process(&world, 103, 1, 9000);
	again(&world);
	assert_true(exempt_covers(world.exempt, 100));
	assert_true(exempt_covers(world.exempt, 102));
	assert_false(exempt_covers(world.exempt, 103));
	boot(&world, "11234567-89ab-cdef-0123-456789abcdef\n");
	again(&world);
	assert_int_equal(exempt_count(world.exempt), 0);
	assert_int_equal(exempt_save(world.exempt, world.file, NULL), 0);
	assert_int_equal(access(world.file, F_OK), -1);
	again(&world);
	end(&world);
}

static void a_damaged_file_is_told(void **state)
{
	static const char *const texts[] = {
		"", "{", "[]", "{\"boot\":1}", "{\"boot\":\"x\",\"processes\":{}}",
	};
	struct world world;

	(void)state;
	begin(&world);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		unit_write(world.root, "exempt.json", texts[i]);
		assert_int_equal(exempt_load(world.exempt, world.file, NULL), -EBADMSG);
	}
	unit_write(world.root, "exempt.json",
		   "{\"boot\":\"01234567-89ab-cdef-0123-456789abcdef\",\"processes\":[1,{},{"
		   "\"pid\":"
		   "-1},{\"pid\":99999999999}]}");
	assert_int_equal(exempt_load(world.exempt, world.file, NULL), 0);
	assert_int_equal(exempt_count(world.exempt), 0);
	end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_who_it_was),
		cmocka_unit_test(children_are_followed),
		cmocka_unit_test(what_is_said_last_counts),
		cmocka_unit_test(many_come_and_go),
		cmocka_unit_test(a_restart_changes_nothing),
		cmocka_unit_test(a_damaged_file_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
