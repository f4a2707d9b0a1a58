// SPDX-License-Identifier: MIT
/* Resource limits as they are written, and the sentences for those that are not. */
#include "launch/rlimit.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void expect(const char *text, int resource, rlim_t soft, rlim_t hard)
{
	struct launch_rlimit limit;

	assert_int_equal(rlimit_parse(text, &limit, NULL), 0);
	assert_int_equal(limit.resource, resource);
	assert_int_equal(limit.limit.rlim_cur, soft);
	assert_int_equal(limit.limit.rlim_max, hard);
}

static void expect_refused(const char *text, int code, const char *part)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct launch_rlimit limit;

	assert_int_equal(rlimit_parse(text, &limit, &err), code);
	assert_non_null(strstr(error_text(&err), part));
}

static void test_values(void **state)
{
	expect("nofile=64", RLIMIT_NOFILE, 64, 64);
	expect("nofile=64:128", RLIMIT_NOFILE, 64, 128);
	expect("core=0", RLIMIT_CORE, 0, 0);
	expect("as=64M:1G", RLIMIT_AS, 64 << 20, 1 << 30);
	expect("cpu=1500ms", RLIMIT_CPU, 2, 2);
	expect("cpu=2m:unlimited", RLIMIT_CPU, 120, RLIM_INFINITY);
	expect("rttime=5", RLIMIT_RTTIME, 5, 5);
	expect("rttime=5ms", RLIMIT_RTTIME, 5000, 5000);
	expect("stack=max", RLIMIT_STACK, RLIM_INFINITY, RLIM_INFINITY);
}

/* What is left out stays as it is. */
static void test_halves(void **state)
{
	struct rlimit now;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &now), 0);
	expect("nofile=7:", RLIMIT_NOFILE, 7, now.rlim_max);
	expect("nofile=:1000000", RLIMIT_NOFILE, now.rlim_cur, 1000000);
}

static void test_refused(void **state)
{
	expect_refused("nofiles=7", -EINVAL, "did you mean \"nofile\"?");
	expect_refused("zzzzzz=7", -EINVAL, "no resource limit \"zzzzzz\"");
	expect_refused("nofile", -EINVAL, "NAME=VALUE");
	expect_refused("nofile=", -EINVAL, "NAME=VALUE");
	expect_refused("nofile=x", -EINVAL, "cannot be \"x\"");
	expect_refused("nofile=-1", -ERANGE, "cannot be \"-1\"");
	expect_refused("nofile=18446744073709551615", -ERANGE, "cannot be");
	expect_refused("nofile=9:8", -EINVAL, "above the hard one");
	assert_string_equal(rlimit_name(RLIMIT_AS), "as");
	assert_string_equal(rlimit_name(999), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_halves),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
