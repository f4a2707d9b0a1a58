// SPDX-License-Identifier: MIT
#include "config/cgred.h"

#include "config/test-policy.h"

#include "test/unit.h"

static void assignments(void **state)
{
	static const char text[] =
		"# how\nCONFIG_FILE=\"/etc/cgrules.conf\"\n LOG_FILE=/var/log/x # y\n"
		"NODAEMON=\"\"\nSOCKET_USER=''\nexport SOCKET_GROUP=\"cgred\"\nLOG=-v\r\n";
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	_cleanup_(cgred_done) struct cgred cgred = { 0 };

	assert_int_equal(cgred_parse("c", text, sizeof(text) - 1, &cgred, &diagnostics), 0);
	assert_int_equal(diagnostics.count, 0);
	assert_string_equal(cgred.config_file, "/etc/cgrules.conf");
	assert_string_equal(cgred.log_file, "/var/log/x");
	assert_string_equal(cgred.log, "-v");
	assert_string_equal(cgred.socket_group, "cgred");
	assert_null(cgred.socket_user);
	assert_false(cgred.nodaemon);
}

static void others(void **state)
{
	static const char text[] =
		"LOG_FILES=x\nif true\nLOG=`id`\nSOCKET_USER=$USER\nNODAEMON=--nodaemon\n=\n";
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	_cleanup_(cgred_done) struct cgred cgred = { 0 };
	_cleanup_(freep) char *said = NULL;

	assert_int_equal(cgred_parse("c", text, sizeof(text) - 1, &cgred, &diagnostics), 0);
	said = told(&diagnostics);
	assert_string_equal(said,
			    "1:1 warning: the init script knows no such variable (did you mean "
			    "\"LOG_FILE\"?)\n"
			    "2:1 warning: only NAME=value is read here: this is left out\n"
			    "3:5 warning: a shell would work this out: it is left out\n"
			    "4:13 warning: a shell would work this out: it is left out\n"
			    "6:1 warning: only NAME=value is read here: this is left out\n");
	assert_true(cgred.nodaemon);
	assert_null(cgred.log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(assignments),
		cmocka_unit_test(others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
