// SPDX-License-Identifier: MIT
#include "core/decision-log.h"

#include "test/unit.h"

#include <fcntl.h>
#include <sys/stat.h>

struct lines {
	size_t count;
	int first, last;
	bool ordered;
};

static int note(const char *line, size_t size, void *userdata)
{
	struct lines *lines = userdata;
	int number = 0;

	assert_int_equal(sscanf(line, "{\"n\":%d", &number), 1);
	assert_true(line[size - 1] == '}');
	if (lines->count == 0)
		lines->first = number;
	else if (number != lines->last + 1)
		lines->ordered = false;
	lines->last = number;
	lines->count++;
	return 0;
}

static struct lines read_all(struct decision_log *log)
{
	struct lines lines = { .ordered = true };

	assert_int_equal(decision_log_each(log, note, &lines), 0);
	return lines;
}

static void add(struct decision_log *log, int number)
{
	char line[200];
	int n = snprintf(line, sizeof(line), "{\"n\":%d,\"fill\":\"%0100d\"}", number, 0);

	decision_log_add(log, line, (size_t)n);
}

static char *path_in(const char *folder)
{
	char *path;

	assert_true(asprintf(&path, "%s/decisions", folder) > 0);
	return path;
}

static void test_written_and_read(void **state)
{
	char *folder = unit_folder_new(), *path = path_in(folder);
	struct decision_log *log;
	struct lines lines;

	assert_int_equal(decision_log_new(path, 0, &log, NULL), 0);
	assert_int_equal(read_all(log).count, 0);
	for (int i = 0; i < 10; i++)
		add(log, i);
	lines = read_all(log);
	assert_int_equal(lines.count, 10);
	assert_true(lines.ordered);
	decision_log_free(log);
	/* The next run goes on. */
	assert_int_equal(decision_log_new(path, 0, &log, NULL), 0);
	add(log, 10);
	lines = read_all(log);
	assert_int_equal(lines.count, 11);
	assert_true(lines.ordered);
	decision_log_free(log);
	free(path);
	unit_folder_free(folder);
}

static void test_bounded(void **state)
{
	char *folder = unit_folder_new(), *path = path_in(folder), *before;
	struct decision_log *log;
	struct lines lines;
	struct stat st;

	assert_int_equal(decision_log_new(path, 64 << 10, &log, NULL), 0);
	for (int i = 0; i < 5000; i++) {
		add(log, i);
		if (i % 7 == 0)
			assert_int_equal(decision_log_flush(log), 0);
	}
	lines = read_all(log);
	assert_true(lines.ordered);
	assert_int_equal(lines.last, 4999);
	assert_in_range(lines.count, 250, 600);
	assert_true(decision_log_counters(log)->rotated > 5);
	assert_int_equal(decision_log_counters(log)->lost, 0);
	assert_int_equal(decision_log_counters(log)->written, 5000);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size <= 32 << 10);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_true(asprintf(&before, "%s.1", path) > 0);
	assert_int_equal(stat(before, &st), 0);
	assert_true(st.st_size <= 32 << 10);
	free(before);
	decision_log_free(log);
	free(path);
	unit_folder_free(folder);
}

/* The daemon was killed while it wrote. */
static void test_torn_line(void **state)
{
	char *folder = unit_folder_new(), *path = path_in(folder);
	struct decision_log *log;
	struct lines lines;

	unit_write(folder, "decisions", "{\"n\":1}\n{\"n\":2,\"half");
	assert_int_equal(decision_log_new(path, 0, &log, NULL), 0);
	add(log, 2);
	lines = read_all(log);
	assert_int_equal(lines.count, 2);
	assert_true(lines.ordered);
	decision_log_free(log);
	free(path);
	unit_folder_free(folder);
}

static void test_refused_places(void **state)
{
	char *folder = unit_folder_new(), *path = path_in(folder);
	struct decision_log *log;
	struct error err = ERROR_INIT;

	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_int_equal(decision_log_new(path, 0, &log, &err), -ELOOP);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(chmod(folder, 01777), 0);
	error_done(&err);
	assert_int_equal(decision_log_new(path, 0, &log, &err), -EPERM);
	error_done(&err);
	free(path);
	unit_folder_free(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_written_and_read),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_torn_line),
		cmocka_unit_test(test_refused_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
