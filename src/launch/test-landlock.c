// SPDX-License-Identifier: MIT
/* Landlock: which ruleset a wish makes on which kernel, and what a program then can do.
 * covers: child-landlock.c */
#include "launch/landlock.h"

#include "launch/launch.h"

#include "test/unit.h"

#include <fcntl.h>

static const char *const none[] = { "none" };

static void refused(const struct landlock_wishes *wishes, int version, int code,
		    const char *sentence)
{
	_cleanup_(landlock_done) struct landlock landlock = { 0 };
	struct error err = ERROR_INIT;

	assert_int_equal(landlock_prepare(wishes, version, &landlock, &err), code);
	assert_non_null(strstr(error_text(&err), sentence));
	error_done(&err);
}

static void test_nothing_asked_for_is_nothing(void **state)
{
	const struct landlock_wishes wishes = { 0 };
	struct landlock landlock;

	assert_int_equal(landlock_prepare(&wishes, -EOPNOTSUPP, &landlock, NULL), 0);
	assert_false(landlock.wanted);
}

static void test_a_kernel_without_it(void **state)
{
	const struct landlock_wishes files = { .read = none, .read_count = 1 };
	const struct landlock_wishes ports = { .bind = none, .bind_count = 1 };

	refused(&files, -EOPNOTSUPP, -EOPNOTSUPP, "has no Landlock");
	refused(&ports, -EOPNOTSUPP, -EOPNOTSUPP, "has no Landlock");
	refused(&ports, 3, -EOPNOTSUPP, "knows no ports (Linux 6.7 is needed)");
}

static void need_landlock(int version)
{
	if (landlock_version() < version)
		skip();
}

static void test_ports_are_numbers(void **state)
{
	static const char *const words[] = { "http", "65536", "-1", "", "80x" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		const struct landlock_wishes wishes = { .connect = &words[i], .connect_count = 1 };

		refused(&wishes, 4, -EINVAL, "is no port");
	}
}

static void test_what_an_older_kernel_does_not_hold_is_told(void **state)
{
	const struct landlock_wishes wishes = { .write = none, .write_count = 1 };
	struct landlock landlock;

	for (int version = 1; version <= 3; version++) {
		assert_int_equal(landlock_prepare(&wishes, version, &landlock, NULL), 0);
		assert_int_equal(landlock.remark != NULL, version < 3);
		landlock_done(&landlock);
	}
}

/* ---- programs ---- */

/* The exit code of a shell with this ruleset, or the failed start's -errno. */
static int run(const struct landlock_wishes *wishes, const char *script, struct error *err)
{
	_cleanup_(landlock_done) struct landlock landlock = { 0 };
	_cleanup_(freep) char *copy = strdup(script);
	char shell[] = "/bin/sh", dash_c[] = "-c";
	char *argv[] = { shell, dash_c, copy, NULL };
	struct launch_confinement confinement = { .no_new_privileges = true };
	struct launch_plan plan = { .argv = argv, .clone_fd = -1, .confinement = &confinement };
	struct launch_status status;
	struct launch_child child;
	int r = landlock_prepare(wishes, landlock_version(), &landlock, err);

	assert_int_equal(r, 0);
	confinement.landlock = &landlock.plan;
	r = launch_start(&plan, &child, NULL, err);
	if (r < 0)
		return r;
	assert_int_equal(launch_wait(&child, &status), 0);
	launch_child_done(&child);
	return status.exit_code;
}

static char *script(const char *format, const char *folder)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (; *format; format++)
		if (*format == '@')
			fputs(folder, out);
		else
			fputc(*format, out);
	fclose(out);
	return text;
}

static int run_in(const char *folder, const struct landlock_wishes *wishes, const char *format)
{
	_cleanup_(freep) char *text = script(format, folder);

	return run(wishes, text, NULL);
}

static void test_writing_is_restricted_to_what_is_named(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(freep) char *in = unit_path(folder, "in");
	const char *const paths[] = { in, "/dev/null" };
	const struct landlock_wishes wishes = { .write = paths, .write_count = 2 };

	need_landlock(1);
	unit_write(folder, "in/old", "old\n");
	unit_write(folder, "out", "out\n");
	assert_int_equal(run_in(folder, &wishes, "echo x >@/in/new && rm @/in/old"), 0);
	assert_int_equal(run_in(folder, &wishes, "echo x >/dev/null && cat @/out >/dev/null"), 0);
	assert_int_not_equal(run_in(folder, &wishes, "(echo x >>@/out) 2>/dev/null"), 0);
	assert_int_not_equal(run_in(folder, &wishes, "(: >@/more) 2>/dev/null"), 0);
	assert_int_not_equal(run_in(folder, &wishes, "rm @/out 2>/dev/null"), 0);
}

static void test_none_is_nothing(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	const struct landlock_wishes wishes = { .write = none, .write_count = 1 };

	need_landlock(1);
	unit_write(folder, "file", "out\n");
	assert_int_equal(run_in(folder, &wishes, "read word <@/file && [ $word = out ]"), 0);
	assert_int_not_equal(run_in(folder, &wishes, "(: >@/file) 2>&-"), 0);
}

static void test_reading_is_restricted_and_moves_are_not(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(freep) char *in = unit_path(folder, "in");
	const char *const paths[] = { in, "/bin", "/usr", "/lib", "/lib64", "/etc" };
	const struct landlock_wishes wishes = { .read = paths, .read_count = 6 };

	need_landlock(2);
	if (access("/lib64", F_OK) < 0)
		skip();
	unit_write(folder, "in/file", "in\n");
	unit_write(folder, "out", "out\n");
	assert_int_equal(run_in(folder, &wishes, "read word <@/in/file && [ $word = in ]"), 0);
	assert_int_not_equal(run_in(folder, &wishes, "(read word <@/out) 2>&-"), 0);
	assert_int_equal(run_in(folder, &wishes, "mv @/in/file @/moved"), 0);
}

static void test_a_path_that_is_missing_is_named(void **state)
{
	const char *const paths[] = { "/nowhere/at/all" };
	const struct landlock_wishes wishes = { .read = paths, .read_count = 1 };
	struct error err = ERROR_INIT;

	need_landlock(1);
	assert_int_equal(run(&wishes, "exit 0", &err), -ENOENT);
	assert_non_null(strstr(error_text(&err), "/nowhere/at/all"));
	assert_non_null(strstr(error_text(&err), "Landlock"));
	error_done(&err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_asked_for_is_nothing),
		cmocka_unit_test(test_a_kernel_without_it),
		cmocka_unit_test(test_ports_are_numbers),
		cmocka_unit_test(test_what_an_older_kernel_does_not_hold_is_told),
		cmocka_unit_test(test_writing_is_restricted_to_what_is_named),
		cmocka_unit_test(test_none_is_nothing),
		cmocka_unit_test(test_reading_is_restricted_and_moves_are_not),
		cmocka_unit_test(test_a_path_that_is_missing_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
