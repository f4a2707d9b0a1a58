// SPDX-License-Identifier: MIT
#include "core/denials.h"

#include "config/load.h"
#include "test/unit.h"

struct world {
	struct policy *policy;
	struct rule_target items[8];
	struct targets targets;
	struct kernel_deny_entry *entries;
	size_t count;
};

/* Each rule's first path is a file with the rule's number as inode. */
static void begin(struct world *world, const char *text)
{
	struct diagnostics diagnostics = { 0 };

	memset(world, 0, sizeof(*world));
	if (policy_parse("t.yaml", text, strlen(text), 0, &world->policy, &diagnostics) < 0) {
		diagnostics_print(&diagnostics, false, stderr);
		fail();
	}
	diagnostics_done(&diagnostics);
	for (uint32_t i = 0; i < world->policy->rule_count; i++)
		world->items[i] = (struct rule_target){ .rule = i,
							.kind = TARGET_FILE,
							.text = "/x",
							.has_identity = true,
							.dev = 7,
							.ino = i };
	world->targets.items = world->items;
	world->targets.count = world->policy->rule_count;
	assert_int_equal(denials_of(world->policy, &world->targets, &world->entries, &world->count),
			 0);
}

static void end(struct world *world)
{
	free(world->entries);
	policy_free(world->policy);
}

static void test_plain(void **state)
{
	struct world world;

	begin(&world,
	      "rules:\n"
	      "  a: {on: write, paths: [/x], deny: EACCES}\n"
	      "  b: {on: [read, execute], paths: [/x], uid: [5, 7], deny: true, kill: true}\n"
	      "  c: {on: open, paths: [/x], deny: true}\n");
	assert_int_equal(world.count, 4);
	assert_int_equal(world.entries[0].what, KERNEL_DENY_WRITE);
	assert_int_equal(world.entries[0].error, EACCES);
	assert_int_equal(world.entries[0].uid, (uid_t)-1);
	assert_int_equal(world.entries[0].ino, 0);
	assert_int_equal(world.entries[0].dev, 7);
	assert_int_equal(world.entries[1].uid, 5);
	assert_int_equal(world.entries[2].uid, 7);
	assert_int_equal(world.entries[2].rule, 1);
	assert_int_equal(world.entries[2].error, EPERM);
	assert_int_equal(world.entries[2].what,
			 KERNEL_DENY_READ | KERNEL_DENY_EXECUTE | KERNEL_DENY_KILL);
	assert_int_equal(world.entries[3].what, KERNEL_DENY_READ | KERNEL_DENY_WRITE);
	end(&world);
}

/* Everything that the kernel could not do just as the gate would. */
static void test_left_to_the_gate(void **state)
{
	static const char *const rules[] = {
		"{on: write, paths: [/x], group: g}",
		"{on: write, paths: [/x], kill: true}",
		"{on: write, paths: [/x], deny: true, log: true}",
		"{on: write, paths: [/x], deny: true, exe: /usr/bin/a}",
		"{on: write, paths: [/x], deny: true, uid: 1000-1999}",
		"{on: write, paths: [/x], deny: true, not: {uid: 0}}",
		"{on: write, paths: [/x], deny: true, dry_run: true}",
		"{on: write, paths: [/x], deny: true, force: true}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		struct world world;
		char text[256];

		snprintf(text, sizeof(text), "rules:\n  a: %s\ngroups: {g: {pids: 3}}\n", rules[i]);
		begin(&world, text);
		if (world.count != 0)
			fail_msg("%s", rules[i]);
		end(&world);
	}
}

static void test_stop(void **state)
{
	struct world world;

	begin(&world, "rules:\n"
		      "  a: {on: execute, paths: [/x], deny: true}\n"
		      "  b: {on: read, paths: [/x], exe: /usr/bin/a, stop: true}\n"
		      "  c: {on: write, paths: [/x], deny: true}\n"
		      "  d: {on: execute, paths: [/x], deny: true}\n");
	assert_int_equal(world.count, 2);
	assert_int_equal(world.entries[0].rule, 0);
	assert_int_equal(world.entries[1].rule, 3);
	end(&world);
}

static void test_what_is_no_file(void **state)
{
	struct world world;

	begin(&world, "rules:\n  a: {on: write, paths: [/x], deny: true}\n");
	assert_int_equal(world.count, 1);
	free(TAKE_PTR(world.entries));
	world.items[0].kind = TARGET_FOLDER;
	assert_int_equal(denials_of(world.policy, &world.targets, &world.entries, &world.count), 0);
	assert_int_equal(world.count, 0);
	world.items[0].kind = TARGET_FILE;
	world.items[0].has_identity = false;
	assert_int_equal(denials_of(world.policy, &world.targets, &world.entries, &world.count), 0);
	assert_int_equal(world.count, 0);
	end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_left_to_the_gate),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_what_is_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
