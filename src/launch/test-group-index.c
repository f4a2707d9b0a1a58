// SPDX-License-Identifier: MIT
/* A daemon's folder with a record, whose index is written and found, and goes stale. */
#include "launch/group-index.h"

#include "test/unit.h"

#include <sys/file.h>
#include <sys/stat.h>

static const char answer[] = "{\"parameters\":{\"paths\":[\"/a\"],\"frozen\":false}}";

/* As the daemon writes its record, some time ago. */
static void write_record(const char *folder, const char *text)
{
	_cleanup_(freep) char *path = unit_path(folder, "state.json");
	const struct timespec times[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	_cleanup_(freep) char *new_path = unit_path(folder, "new");
	FILE *file = fopen(new_path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(utimensat(AT_FDCWD, new_path, times, 0), 0);
	assert_int_equal(rename(new_path, path), 0);
}

static int find(const char *folder, const char *name, const char *wanted)
{
	char text[GROUP_INDEX_MAX], *found = NULL;
	int r = group_index_find(folder, name, text, &found);

	if (r == 0)
		assert_string_equal(found, wanted);
	return r;
}

static void test_life(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	struct group_index index;

	group_index_init(&index);
	assert_int_equal(find(folder, "a", answer), -ENOENT);
	assert_int_equal(group_index_keep(&index, folder, "a", answer), -ENOENT);
	write_record(folder, "1");
	assert_int_equal(group_index_keep(&index, folder, "a", answer), 0);
	assert_int_equal(group_index_keep(&index, folder, "b/c d", "B"), 0);
	assert_int_equal(find(folder, "a", answer), 0);
	assert_int_equal(find(folder, "b/c d", "B"), 0);
	assert_int_equal(find(folder, "b", ""), -ENOENT);

	/* Another record: nothing that was known holds, nor comes back. */
	write_record(folder, "22");
	assert_int_equal(find(folder, "a", answer), -ENOENT);
	assert_int_equal(group_index_keep(&index, folder, "b", "B"), 0);
	assert_int_equal(find(folder, "b", "B"), 0);
	assert_int_equal(find(folder, "a", answer), -ENOENT);
	group_index_done(&index, folder);
	assert_int_equal(find(folder, "b", "B"), -ENOENT);
}

/* What a daemon leaves that was killed is nobody's, and its next one's file is not removed by it.
 */
static void test_left_behind(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	struct group_index first, next;

	group_index_init(&first);
	group_index_init(&next);
	write_record(folder, "1");
	assert_int_equal(group_index_keep(&first, folder, "a", "A"), 0);
	assert_int_equal(flock(first.fd, LOCK_UN), 0);
	assert_int_equal(find(folder, "a", "A"), -ENOENT);
	assert_int_equal(group_index_keep(&next, folder, "b", "B"), 0);
	assert_int_equal(find(folder, "b", "B"), 0);
	group_index_done(&first, folder);
	assert_int_equal(find(folder, "b", "B"), 0);
	group_index_done(&next, folder);
}

static void test_refused(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(freep) char *record = unit_path(folder, "state.json"), *large = NULL;
	struct group_index index;

	group_index_init(&index);
	write_record(folder, "1");
	assert_int_equal(group_index_keep(&index, folder, "", "A"), -EINVAL);
	assert_int_equal(group_index_keep(&index, folder, "a\tb", "A"), -EINVAL);
	assert_int_equal(group_index_keep(&index, folder, "a", "A\nb"), -EINVAL);
	large = malloc(GROUP_INDEX_MAX);
	assert_non_null(large);
	memset(large, 'x', GROUP_INDEX_MAX);
	large[GROUP_INDEX_MAX - 1] = '\0';
	assert_int_equal(group_index_keep(&index, folder, "a", large), -E2BIG);
	/* Too much together: the older ones go. */
	large[GROUP_INDEX_MAX / 2 - 64] = '\0';
	for (const char *const *name = (const char *const[]){ "a", "b", "c", NULL }; *name; name++)
		assert_int_equal(group_index_keep(&index, folder, *name, large), 0);
	assert_int_equal(find(folder, "c", large), 0);
	assert_int_equal(find(folder, "a", large), -ENOENT);
	/* A record of this moment could be replaced unnoticed. */
	assert_int_equal(utimensat(AT_FDCWD, record, NULL, 0), 0);
	assert_int_equal(group_index_keep(&index, folder, "a", "A"), -EAGAIN);
	group_index_done(&index, folder);
}

static void test_lines(void **state)
{
	const struct group_index_key key = { 1, 2, 3, 4 };
	const struct {
		const char *text, *found;
	} rows[] = {
		{ "1 2 3 4\na\tA\n", "A" },
		{ "1 2 3 4\nb\tB\na\tA\n", "A" },
		{ "1 2 3 4\na\tA", NULL },
		{ "1 2 3 5\na\tA\n", NULL },
		{ "1 2 3 4 \na\tA\n", NULL },
		{ "a\tA\n", NULL },
		{ "", NULL },
		{ "1 2 3 4", NULL },
		{ "1 2 3 4\na A\na\t\n", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(freep) char *text = strdup(rows[i].text);
		const char *found = group_index_look(text, &key, "a");

		assert_true(!found == !rows[i].found);
		if (found)
			assert_string_equal(found, rows[i].found);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_left_behind),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests_name("launch/group-index", tests, NULL, NULL);
}
