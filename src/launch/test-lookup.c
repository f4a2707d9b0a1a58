// SPDX-License-Identifier: MIT
/* Where programs are found, and what is said where they are not. */
#include "launch/lookup.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

static char folder[] = "/tmp/reeve-test-XXXXXX";

static void make(const char *name, mode_t mode)
{
	_cleanup_(freep) char *path = NULL;

	assert_true(asprintf(&path, "%s/%s", folder, name) > 0);
	if (mode == 0)
		assert_int_equal(mkdir(path, 0755), 0);
	else
		close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, mode));
}

static int set_up(void **state)
{
	assert_non_null(mkdtemp(folder));
	make("a", 0);
	make("b", 0);
	make("a/plain", 0644);
	make("b/plain", 0755);
	make("a/only-plain", 0644);
	make("a/folder", 0);
	make("b/tool", 0755);
	return 0;
}

static int tear_down(void **state)
{
	_cleanup_(freep) char *command = NULL;

	assert_true(asprintf(&command, "rm -r '%s'", folder) > 0);
	return system(command);
}

static void expect(const char *name, const char *format, int code, const char *result)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	_cleanup_(freep) char *program = NULL, *path = NULL;
	int fd = open(folder, O_PATH | O_CLOEXEC);

	/* Every % in the path stands for the folder. */
	path = calloc(1, 4096);
	for (; *format; format++)
		if (*format == '%')
			strncat(path, folder, 4095 - strlen(path));
		else
			strncat(path, format, 1);
	assert_int_equal(lookup_program(name, path, fd, &program, &err), code);
	if (code == 0)
		assert_non_null(strstr(program, result));
	else
		assert_non_null(strstr(error_text(&err), result));
	close(fd);
}

static void test_found(void **state)
{
	expect("tool", "%/a:%/b", 0, "/b/tool");
	expect("plain", "%/a:%/b", 0, "/b/plain");
	expect("tool", "/nonexistent:%/a/plain:%/b", 0, "/b/tool");
	expect("sh", "/bin", 0, "/bin/sh");
	expect("/bin/sh", "", 0, "/bin/sh");
	expect("b/tool", "/bin", 0, "b/tool");
	/* Relative to the folder; an empty part is the folder itself. */
	expect("tool", "b", 0, "b/tool");
	make("here", 0755);
	expect("here", "/bin::/usr/bin", 0, "here");
	expect("here", "", 0, "here");
}

static void test_not_found(void **state)
{
	expect("none", "/bin:/usr/bin", -ENOENT, "no program \"none\" in PATH (/bin:/usr/bin)");
	expect("", "/bin", -ENOENT, "is empty");
	expect("/nonexistent/x", "/bin", -ENOENT, "no file \"/nonexistent/x\"");
	expect("a/plain/x", "/bin", -ENOENT, "no file \"a/plain/x\"");
}

static void test_not_executable(void **state)
{
	expect("only-plain", "%/b:%/a:/bin", -EACCES, "/a/only-plain\" may not be executed");
	expect("folder", "%/a", -EISDIR, "is a folder");
	expect("/", "%/a", -EISDIR, "\"/\" is a folder");
	expect("/dev/null", "%/a", -EACCES, "may not be executed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_not_found),
		cmocka_unit_test(test_not_executable),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
