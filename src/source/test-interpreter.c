// SPDX-License-Identifier: MIT
#include "source/interpreter.h"

#include "test/unit.h"

#include <fcntl.h>
#include <sys/stat.h>

static const char *parse(const char *head)
{
	static char path[INTERPRETER_LINE];

	return interpreter_parse(head, strlen(head), path) ? path : NULL;
}

static void test_first_lines(void **state)
{
	assert_string_equal(parse("#!/bin/sh\n"), "/bin/sh");
	assert_string_equal(parse("#! \t/bin/sh -e\n"), "/bin/sh");
	assert_string_equal(parse("#!/usr/bin/env python3\nimport os\n"), "/usr/bin/env");
	assert_string_equal(parse("#!bin/x"), "bin/x");
	assert_null(parse("#!"));
	assert_null(parse("#!\n/bin/sh"));
	assert_null(parse("#!   \n"));
	assert_null(parse("\177ELF"));
	assert_null(parse(""));
}

static const char *argument(const char *head)
{
	static char text[INTERPRETER_LINE];

	interpreter_parse_argument(head, strlen(head), text);
	return text;
}

static void test_its_one_argument(void **state)
{
	assert_string_equal(argument("#!/bin/sh\n"), "");
	assert_string_equal(argument("#!/bin/sh"), "");
	assert_string_equal(argument("#! \t/bin/sh -e\n"), "-e");
	assert_string_equal(argument("#!/usr/bin/env \t python3 -u \t\nimport os\n"), "python3 -u");
}

static void test_a_line_that_is_too_long(void **state)
{
	char head[INTERPRETER_LINE], path[INTERPRETER_LINE];

	memset(head, 'a', sizeof(head));
	memcpy(head, "#!/", 3);
	assert_false(interpreter_parse(head, sizeof(head), path));
	head[200] = '\n';
	assert_true(interpreter_parse(head, sizeof(head), path));
	assert_int_equal(strlen(path), 198);
}

static void test_of_a_process(void **state)
{
	_cleanup_(host_freep) struct host *host = NULL;
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(freep) char *script = unit_path(folder, "script");
	_cleanup_(closep) int fd = -1;
	struct stat st;
	dev_t dev;
	ino_t ino;

	unit_write(folder, "script", "#!/bin/sh\nexit 0\n");
	assert_int_equal(host_new(&host, NULL), 0);
	fd = open(script, O_RDONLY | O_CLOEXEC);
	assert_int_equal(stat("/bin/sh", &st), 0);
	assert_true(interpreter_of(host, getpid(), fd, &dev, &ino));
	assert_int_equal(dev, st.st_dev);
	assert_int_equal(ino, st.st_ino);
	unit_write(folder, "script", "#!/no/such/interpreter\n");
	assert_false(interpreter_of(host, getpid(), fd, &dev, &ino));
}

static void test_loaders(void **state)
{
	assert_true(interpreter_is_loader("/lib64/ld-linux-x86-64.so.2"));
	assert_true(interpreter_is_loader("/lib/ld-musl-x86_64.so.1"));
	assert_true(interpreter_is_loader("/lib/x86_64-linux-gnu/ld-2.31.so"));
	assert_false(interpreter_is_loader("/usr/bin/ld.bfd"));
	assert_false(interpreter_is_loader("/usr/bin/sh"));
	assert_false(interpreter_is_loader(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_lines),
		cmocka_unit_test(test_its_one_argument),
		cmocka_unit_test(test_a_line_that_is_too_long),
		cmocka_unit_test(test_of_a_process),
		cmocka_unit_test(test_loaders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
