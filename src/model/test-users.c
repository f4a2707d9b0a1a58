// SPDX-License-Identifier: MIT
#include "model/users.h"

#include "test/unit.h"

#define SECOND UINT64_C(1000000000)

static void assert_slice(struct slice slice, const char *wanted)
{
	if (!slice_eq(slice, slice_of(wanted)))
		fail_msg("\"%.*s\" instead of \"%s\"", (int)slice.size, slice.data, wanted);
}

static void test_names(void **state)
{
	_cleanup_(unit_folder_freep) char *root = unit_folder_new();
	_cleanup_(users_freep) struct users *users = NULL;
	uint64_t now = 0;

	unit_write(root, "etc/passwd",
		   "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/:/bin/sh\n"
		   "twin:x:1000:1::/:/bin/sh\n+nis:x:7:::\n#note:x:8:8\nbad\n:x:9:\nneg:x:-1:\n"
		   "big:x:4294967296:\nlast:x:4294967294");
	unit_write(root, "etc/group", "root:x:0:\nstaff:x:50:alice,root\n");
	assert_int_equal(users_new(root, &users), 0);
	assert_slice(users_user(users, 0, now), "root");
	assert_slice(users_user(users, 1000, now), "alice");
	assert_slice(users_user(users, UINT32_MAX - 1, now), "last");
	for (uint32_t uid = 1; uid < 12; uid++)
		assert_slice(users_user(users, uid, now), "");
	assert_slice(users_user(users, UINT32_MAX, now), "");
	assert_slice(users_group(users, 50, now), "staff");
	assert_slice(users_group(users, 51, now), "");
}

static void test_changes_are_seen_after_a_second(void **state)
{
	_cleanup_(unit_folder_freep) char *root = unit_folder_new();
	_cleanup_(users_freep) struct users *users = NULL;
	_cleanup_(freep) char *path = unit_path(root, "etc/passwd");

	unit_write(root, "etc/passwd", "alice:x:1000:\n");
	assert_int_equal(users_new(root, &users), 0);
	assert_slice(users_user(users, 1000, 5 * SECOND), "alice");
	unit_write(root, "etc/passwd", "bobby:x:1000:\nalice:x:1001:\n");
	assert_slice(users_user(users, 1000, 6 * SECOND - 1), "alice");
	assert_slice(users_user(users, 1000, 6 * SECOND), "bobby");
	assert_slice(users_user(users, 1001, 6 * SECOND), "alice");
	/* No file, no names; and then again. */
	assert_int_equal(unlink(path), 0);
	assert_slice(users_user(users, 1000, 7 * SECOND), "");
	unit_write(root, "etc/passwd", "carol:x:1000:\n");
	assert_slice(users_user(users, 1000, 8 * SECOND), "carol");
}

static void test_many(void **state)
{
	_cleanup_(unit_folder_freep) char *root = unit_folder_new();
	_cleanup_(users_freep) struct users *users = NULL;
	_cleanup_(text_done) struct text text = { 0 };
	char name[32];

	for (uint32_t i = 0; i < 20000; i++)
		text_addf(&text, "user%u:x:%u:%u::/:\n", i, i * 64, i);
	unit_write(root, "etc/passwd", text.data);
	assert_int_equal(users_new(root, &users), 0);
	for (uint32_t i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "user%u", i);
		assert_slice(users_user(users, i * 64, 0), name);
	}
	assert_slice(users_user(users, 65, 0), "");
}

static void test_events(void **state)
{
	_cleanup_(unit_folder_freep) char *root = unit_folder_new();
	_cleanup_(users_freep) struct users *users = NULL;
	struct event event;

	unit_write(root, "etc/passwd", "alice:x:1000:\n");
	unit_write(root, "etc/group", "staff:x:50:\n");
	assert_int_equal(users_new(root, &users), 0);
	event_init(&event, EVENT_EXEC, SOURCE_BPF);
	users_fill(users, &event, 0);
	assert_false(event_knows(&event, FIELD_USER));
	event_set(&event, UID, uid, 1000);
	event_set(&event, GID, gid, 51);
	users_fill(users, &event, 0);
	assert_slice(event.user, "alice");
	assert_false(event_knows(&event, FIELD_GROUP));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_changes_are_seen_after_a_second),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
