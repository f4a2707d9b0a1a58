// SPDX-License-Identifier: MIT
/* What a host finds on its disk when it starts: the last good documents, or a reason. */
#include "fleet/store.h"

#include "test/unit.h"

#include <sys/stat.h>

static struct fleet_document item = {
	.name = (char[]){ "etcd:/r/policy/all" },
	.text = (char[]){ "rules: {}\n" },
	.size = 10,
	.revision = 3,
};
static const struct fleet_documents documents = { &item, 1, 4, 0 };

static char *store(const char *folder)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	char *path = unit_path(folder, "lib/fleet/policy");

	unit_write(folder, "lib/fleet/policy", "");
	assert_int_equal(fleet_store_write(path, "me", &documents, &err), 0);
	return path;
}

static int load(const char *path, const char *identity, char *why, size_t size)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct fleet_documents read = { 0 };
	int r = fleet_store_read(path, identity, &read, &err);

	if (r >= 0) {
		assert_true(fleet_documents_same(&read, &documents));
		assert_int_equal(read.revision, 4);
	}
	snprintf(why, size, "%s", err.code < 0 ? error_text(&err) : "");
	fleet_documents_done(&read);
	return r;
}

static void test_round(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(freep) char *path = store(folder);
	struct stat info;
	char why[200];

	assert_int_equal(load(path, "me", why, sizeof(why)), 0);
	assert_int_equal(load(path, "you", why, sizeof(why)), -ENOENT);
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0600);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(load(path, "me", why, sizeof(why)), -ENOENT);
	assert_string_equal(why, "");
}

/* Each byte of it counts, and so does its end. */
static void test_damage(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(freep) char *path = store(folder);
	_cleanup_(freep) char *good = unit_read(folder, "lib/fleet/policy");
	size_t size = strlen(good);
	char why[200];

	for (size_t i = 0; i < size; i++) {
		char kept = good[i];

		good[i] ^= 1;
		unit_write(folder, "lib/fleet/policy", good);
		assert_int_equal(load(path, "me", why, sizeof(why)), -EBADMSG);
		assert_non_null(strstr(why, "it is not used"));
		good[i] = kept;
	}
	for (size_t i = 0; i < size; i++) {
		char kept = good[i];

		good[i] = '\0';
		unit_write(folder, "lib/fleet/policy", good);
		assert_int_equal(load(path, "me", why, sizeof(why)), -EBADMSG);
		good[i] = kept;
	}
}

static void test_others_could_write(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(freep) char *path = store(folder);
	char why[200];

	assert_int_equal(chmod(path, 0620), 0);
	assert_int_equal(load(path, "me", why, sizeof(why)), -EPERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_others_could_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
