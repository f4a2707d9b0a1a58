// SPDX-License-Identifier: MIT
#include "daemon/arguments.h"

#include "test/unit.h"

enum { WORDS = 12 };

static int parse(const char *line, struct arguments *arguments, struct error *err)
{
	static char copy[256]; /* the strings are borrowed */
	char *words[WORDS + 1], *rest = copy;
	int count = 0;

	snprintf(copy, sizeof(copy), "reeved%s%s", *line ? " " : "", line);
	while ((words[count] = strsep(&rest, " ")))
		count++;
	return arguments_parse(count, words, arguments, err);
}

static struct arguments good(const char *line)
{
	struct error err = ERROR_INIT;
	struct arguments arguments;

	if (parse(line, &arguments, &err) < 0)
		fail_msg("%s: %s", line, error_text(&err));
	return arguments;
}

static void expect_bad(const char *line, const char *why)
{
	struct error err = ERROR_INIT;
	struct arguments arguments;

	assert_int_equal(parse(line, &arguments, &err), -EINVAL);
	assert_string_equal(error_text(&err), why);
	error_done(&err);
}

static void options_are_the_engines(void **state)
{
	struct arguments arguments = good("");

	(void)state;
	assert_null(arguments.engine.config_path);
	assert_false(arguments.engine.log.given);
	assert_null(arguments.engine.registers.path);
	assert_int_equal(arguments.engine.guard_fd, -1);
	arguments = good("-c /a -r /b -s -n -d -p /c");
	assert_string_equal(arguments.engine.config_path, "/a");
	assert_string_equal(arguments.engine.runtime_dir, "/b");
	assert_true(arguments.engine.scan_at_start && arguments.engine.dry_run);
	assert_true(arguments.daemon && arguments.engine.log_to_runtime_dir);
	assert_string_equal(arguments.pid_file, "/c");
	assert_true(good("--help --nosuch").help);
	assert_true(good("--version").version);
	assert_int_equal(good("--compat fetter").engine.load_flags, LOAD_COMPAT_FETTER);
	assert_null(good("--compat fetter").engine.name);
	assert_string_equal(good("--compat libcgroup").engine.name, "cgred");
}

static void logs_are_told_apart(void **state)
{
	struct arguments arguments = good("--log syslog:local3 --log-level info");

	(void)state;
	assert_true(arguments.engine.log.given);
	assert_int_equal(arguments.engine.log.target, LOG_TARGET_SYSLOG);
	assert_int_equal(arguments.engine.log.facility, LOG_LOCAL3);
	assert_int_equal(arguments.engine.log.level, LOG_INFO);
	assert_int_equal(good("--log syslog").engine.log.facility, LOG_DAEMON);
	assert_int_equal(good("--log stdout").engine.log.target, LOG_TARGET_STDOUT);
	assert_int_equal(good("--log stdout").engine.log.level, -1);
	arguments = good("--log text:/var/log/x");
	assert_int_equal(arguments.engine.log.target, LOG_TARGET_TEXT);
	assert_string_equal(arguments.engine.log.path, "/var/log/x");
	assert_int_equal(good("--log /var/log/x").engine.log.target, LOG_TARGET_FILE);
	expect_bad("--log syslog:mail", "--log: there is no facility \"mail\"; there are daemon "
					"and local0 to local7");
	expect_bad("--log stderr --log-level loud",
		   "--log-level: \"loud\" is no level; there are debug, info, notice, warning, "
		   "error and critical");
	expect_bad("--log-level info", "--log-level says nothing without --log");
}

static void sockets_have_owners(void **state)
{
	struct arguments arguments = good("--register-socket /s --register-owner 3:100");

	(void)state;
	assert_string_equal(arguments.engine.registers.path, "/s");
	assert_int_equal(arguments.engine.registers.uid, 3);
	assert_int_equal(arguments.engine.registers.gid, 100);
	expect_bad("--register-owner 3", "--register-owner: \"3\" is no UID:GID, such as 0:100");
	expect_bad("--register-owner 3:4x",
		   "--register-owner: \"3:4x\" is no UID:GID, such as 0:100");
}

static void what_does_not_go_together_is_refused(void **state)
{
	(void)state;
	expect_bad("x", "unexpected argument \"x\"");
	expect_bad("-d -f", "--daemon and --foreground exclude each other");
	expect_bad("--compat x", "--compat knows \"fetter\" and \"libcgroup\", not \"x\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_are_the_engines),
		cmocka_unit_test(logs_are_told_apart),
		cmocka_unit_test(sockets_have_owners),
		cmocka_unit_test(what_does_not_go_together_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
