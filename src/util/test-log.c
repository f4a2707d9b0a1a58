// SPDX-License-Identifier: MIT
#include "util/log.h"

#include "test/unit.h"

#include <fcntl.h>
#include <jansson.h>
#include <sys/stat.h>

static int set_up(void **state)
{
	*state = unit_folder_new();
	return 0;
}

static int tear_down(void **state)
{
	unit_folder_free(*state);
	return 0;
}

static struct log *open_file_log(const char *folder, const char *name)
{
	_cleanup_(freep) char *path = unit_path(folder, name);
	struct log *log = NULL;

	assert_int_equal(log_new(LOG_TARGET_FILE, path, LOG_INFO, &log, NULL), 0);
	return log;
}

/* Points standard error at a file; returns the old one. */
static int redirect(const char *folder)
{
	_cleanup_(freep) char *path = unit_path(folder, "stderr");
	_cleanup_(closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int saved = dup(STDERR_FILENO);

	dup2(fd, STDERR_FILENO);
	return saved;
}

static void restore(int saved)
{
	dup2(saved, STDERR_FILENO);
	close(saved);
}

static size_t count_lines(const char *text)
{
	size_t lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

static void test_words_of_levels(void **state)
{
	static const char *const words[] = { "debug", "info", "notice", "warning", "error" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		assert_string_equal(log_level_to_string(log_level_from_string(words[i])), words[i]);
	assert_int_equal(log_level_from_string("WARN"), LOG_WARNING);
	assert_int_equal(log_level_from_string("dpanic"), LOG_CRIT);
	assert_int_equal(log_level_from_string("loud"), -EINVAL);
	assert_int_equal(log_level_from_string(""), -EINVAL);
	assert_string_equal(log_level_to_string(LOG_EMERG), "critical");
	assert_string_equal(log_level_to_string(LOG_DEBUG + 1), "debug");
}

static void test_nothing_is_a_log(void **state)
{
	struct log_limit limit = LOG_LIMIT_INIT;

	log_write(NULL, LOG_ERR, "x");
	log_limited(NULL, &limit, LOG_ERR, "x");
	assert_int_equal(log_reopen(NULL), 0);
	log_free(NULL);
}

static void test_a_file_holds_json_lines(void **state)
{
	_cleanup_(log_freep) struct log *log = open_file_log(*state, "json");
	_cleanup_(freep) char *text = NULL;
	json_t *object;

	log_warning(log, "a \"%s\" \\ \n\t\x7f\x01 \xc3\xa9 \xff\xfe end", "quote");
	text = unit_read(*state, "json");
	assert_int_equal(count_lines(text), 1);
	object = json_loads(text, 0, NULL);
	assert_non_null(object);
	assert_string_equal(json_string_value(json_object_get(object, "level")), "warning");
	assert_string_equal(json_string_value(json_object_get(object, "msg")),
			    "a \"quote\" \\ \n\t\x7f\x01 \xc3\xa9 \xef\xbf\xbd\xef\xbf\xbd end");
	assert_int_equal(strlen(json_string_value(json_object_get(object, "@timestamp"))), 24);
	json_decref(object);
}

static void test_the_level_decides(void **state)
{
	_cleanup_(log_freep) struct log *log = open_file_log(*state, "level");
	_cleanup_(freep) char *text = NULL;

	assert_int_equal(log_level(log), LOG_INFO);
	log_debug(log, "not this");
	log_info(log, "this");
	log_set_level(log, LOG_ERR);
	log_warning(log, "not this either");
	log_error(log, "and this");
	text = unit_read(*state, "level");
	assert_int_equal(count_lines(text), 2);
	assert_null(strstr(text, "not this"));
}

static void test_a_file_is_private_and_added_to(void **state)
{
	_cleanup_(freep) char *path = unit_path(*state, "private");
	_cleanup_(freep) char *text = NULL;
	struct stat st;

	for (int i = 0; i < 2; i++) {
		_cleanup_(log_freep) struct log *log = open_file_log(*state, "private");

		log_info(log, "run %d", i);
	}
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	text = unit_read(*state, "private");
	assert_int_equal(count_lines(text), 2);
}

static void test_reopening_follows_the_name(void **state)
{
	_cleanup_(log_freep) struct log *log = open_file_log(*state, "rotated");
	_cleanup_(freep) char *path = unit_path(*state, "rotated");
	_cleanup_(freep) char *old_path = unit_path(*state, "rotated.1");
	_cleanup_(freep) char *old = NULL, *new = NULL;

	log_info(log, "first");
	assert_int_equal(rename(path, old_path), 0);
	log_info(log, "second");
	assert_int_equal(log_reopen(log), 0);
	log_info(log, "third");
	old = unit_read(*state, "rotated.1");
	new = unit_read(*state, "rotated");
	assert_int_equal(count_lines(old), 2);
	assert_int_equal(count_lines(new), 1);
	assert_non_null(strstr(new, "third"));
}

static void test_a_failed_reopening_keeps_the_log(void **state)
{
	_cleanup_(log_freep) struct log *log = open_file_log(*state, "kept");
	_cleanup_(freep) char *path = unit_path(*state, "kept");
	_cleanup_(freep) char *old_path = unit_path(*state, "kept.1");
	_cleanup_(freep) char *text = NULL;

	assert_int_equal(rename(path, old_path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(log_reopen(log), -EISDIR);
	log_info(log, "still here");
	text = unit_read(*state, "kept.1");
	assert_non_null(strstr(text, "still here"));
}

static void test_places_that_are_refused(void **state)
{
	_cleanup_(freep) char *open_folder = unit_path(*state, "open");
	_cleanup_(freep) char *in_open = unit_path(*state, "open/log");
	_cleanup_(freep) char *link = unit_path(*state, "link");
	_cleanup_(freep) char *nowhere = unit_path(*state, "none/log");
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct log *log = NULL;

	assert_int_equal(mkdir(open_folder, 0700), 0);
	assert_int_equal(chmod(open_folder, 01777), 0);
	assert_int_equal(log_new(LOG_TARGET_FILE, in_open, LOG_INFO, &log, &err), -EPERM);
	assert_non_null(strstr(error_text(&err), "can be written by every user"));
	assert_int_equal(access(in_open, F_OK), -1);
	assert_int_equal(symlink("/dev/null", link), 0);
	assert_int_equal(log_new(LOG_TARGET_FILE, link, LOG_INFO, &log, NULL), -ELOOP);
	assert_int_equal(log_new(LOG_TARGET_FILE, nowhere, LOG_INFO, &log, NULL), -ENOENT);
	assert_int_equal(log_new(LOG_TARGET_FILE, open_folder, LOG_INFO, &log, NULL), -EISDIR);
	assert_null(log);
}

static void test_standard_error_is_escaped(void **state)
{
	_cleanup_(log_freep) struct log *log = NULL;
	_cleanup_(freep) char *text = NULL;
	int saved;

	assert_int_equal(log_new(LOG_TARGET_STDERR, NULL, LOG_DEBUG, &log, NULL), 0);
	saved = redirect(*state);
	log_error(log, "name \033[31m\n%s", "x");
	log_warning(log, "careful");
	log_info(log, "plain");
	restore(saved);
	text = unit_read(*state, "stderr");
	assert_non_null(strstr(text, ": error: name \\x1b[31m\\x0ax\n"));
	assert_non_null(strstr(text, ": warning: careful\n"));
	assert_non_null(strstr(text, ": plain\n"));
	assert_int_equal(count_lines(text), 3);
}

static void test_a_limit_holds_back_and_says_so(void **state)
{
	_cleanup_(log_freep) struct log *log = open_file_log(*state, "limited");
	struct log_limit limit = { .period_ns = UINT64_C(3600000000000), .burst = 3 };
	_cleanup_(freep) char *text = NULL, *later = NULL;

	for (int i = 0; i < 10; i++)
		log_limited(log, &limit, LOG_INFO, "line %d", i);
	text = unit_read(*state, "limited");
	assert_int_equal(count_lines(text), 3);
	assert_int_equal(limit.held_back, 7);
	/* As if the period were over. */
	limit.period_start -= limit.period_ns;
	log_limited(log, &limit, LOG_INFO, "again");
	later = unit_read(*state, "limited");
	assert_int_equal(count_lines(later), 5);
	assert_non_null(strstr(later, "7 similar messages were held back"));
	assert_non_null(strstr(later, "again"));
	assert_int_equal(limit.held_back, 0);
}

static void test_what_is_below_the_level_uses_no_limit(void **state)
{
	_cleanup_(log_freep) struct log *log = open_file_log(*state, "unused");
	struct log_limit limit = LOG_LIMIT_INIT;

	for (int i = 0; i < 100; i++)
		log_limited(log, &limit, LOG_DEBUG, "x");
	assert_int_equal(limit.used, 0);
	assert_int_equal(limit.held_back, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_of_levels),
		cmocka_unit_test(test_nothing_is_a_log),
		cmocka_unit_test(test_a_file_holds_json_lines),
		cmocka_unit_test(test_the_level_decides),
		cmocka_unit_test(test_a_file_is_private_and_added_to),
		cmocka_unit_test(test_reopening_follows_the_name),
		cmocka_unit_test(test_a_failed_reopening_keeps_the_log),
		cmocka_unit_test(test_places_that_are_refused),
		cmocka_unit_test(test_standard_error_is_escaped),
		cmocka_unit_test(test_a_limit_holds_back_and_says_so),
		cmocka_unit_test(test_what_is_below_the_level_uses_no_limit),
	};

	return cmocka_run_group_tests_name("log", tests, set_up, tear_down);
}
