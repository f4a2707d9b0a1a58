// SPDX-License-Identifier: MIT
#include "model/users.h"

#include "test/unit.h"

#include <sys/stat.h>

enum { SECOND = 1000000000 };

struct fixture {
	char root[32];
	struct users *users;
	uint64_t now;
};

static void put(const struct fixture *fixture, const char *name, const char *text)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "%s/etc/%s", fixture->root, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	char path[64];

	memcpy(fixture->root, "/tmp/reeve-test-XXXXXX", 23);
	assert_non_null(mkdtemp(fixture->root));
	snprintf(path, sizeof(path), "%s/etc", fixture->root);
	assert_int_equal(mkdir(path, 0700), 0);
	fixture->now = SECOND;
	assert_int_equal(users_new(fixture->root, &fixture->users), 0);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	static const char *const names[] = { "etc/passwd", "etc/group", "etc", "" };
	struct fixture *fixture = *state;
	char path[64];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", fixture->root, names[i]);
		(void)remove(path);
	}
	users_free(fixture->users);
	free(fixture);
	return 0;
}

static void user_is(struct fixture *fixture, uid_t uid, const char *name)
{
	struct slice found = users_user(fixture->users, uid, fixture->now);

	assert_true(slice_eq(found, slice_of(name)));
}

static void test_names(void **state)
{
	struct fixture *fixture = *state;
	struct slice group;
	uid_t uid;

	put(fixture, "passwd",
	    "root:x:0:0::/:/bin/sh\nbob:x:1000:1000:Bob,,,:/home/bob:/bin/sh\n"
	    "not a line\ntoor:x:0:0::/:/bin/sh\nann:x:999:9::/:/bin/sh\n");
	put(fixture, "group", "wheel:x:0:\nusers:x:100:bob,ann\n");
	user_is(fixture, 0, "root");
	user_is(fixture, 1000, "bob");
	user_is(fixture, 999, "ann");
	user_is(fixture, 7, "");
	group = users_group(fixture->users, 100, fixture->now);
	assert_true(slice_eq(group, slice_of("users")));
	assert_true(users_find(fixture->users, "bob", fixture->now, &uid));
	assert_int_equal(uid, 1000);
	assert_false(users_find(fixture->users, "bo", fixture->now, &uid));
}

/* Looked at once a second; a file that is gone leaves what was known. */
static void test_changes(void **state)
{
	struct fixture *fixture = *state;
	char path[64];

	user_is(fixture, 0, ""); /* there is no file */
	put(fixture, "passwd", "root:x:0:0::/:/bin/sh\n");
	user_is(fixture, 0, "");
	fixture->now += SECOND;
	user_is(fixture, 0, "root");
	put(fixture, "passwd", "admin:x:0:0::/:/bin/sh\n");
	user_is(fixture, 0, "root");
	fixture->now += SECOND;
	user_is(fixture, 0, "admin");
	snprintf(path, sizeof(path), "%s/etc/passwd", fixture->root);
	assert_int_equal(unlink(path), 0);
	fixture->now += SECOND;
	user_is(fixture, 0, "admin");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_changes, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("users", tests, NULL, NULL);
}
