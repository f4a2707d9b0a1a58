// SPDX-License-Identifier: MIT
#include "util/error.h"

#include "test/unit.h"

static void test_set_returns_the_code(void **state)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;

	assert_int_equal(error_set(&err, -EINVAL, "no %s of %d", "group", 3), -EINVAL);
	assert_int_equal(err.code, -EINVAL);
	assert_string_equal(error_text(&err), "no group of 3");
}

static void test_null_is_allowed(void **state)
{
	struct error from = ERROR_INIT;

	assert_int_equal(error_set(NULL, -EPERM, "x"), -EPERM);
	assert_int_equal(error_set_errno(NULL, -EPERM, "x"), -EPERM);
	assert_int_equal(error_oom(NULL), -ENOMEM);
	assert_int_equal(error_wrap(NULL, "x"), 0);
	assert_string_equal(error_text(NULL), "no error");
	error_done(NULL);
	error_set(&from, -EIO, "dropped");
	error_move(NULL, &from);
	assert_int_equal(from.code, 0);
	assert_null(from.message);
}

static void test_errno_text_is_added(void **state)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;

	assert_int_equal(error_set_errno(&err, -ENOENT, "cannot open %s", "/x"), -ENOENT);
	assert_string_equal(error_text(&err), "cannot open /x: No such file or directory");
}

static void test_the_first_error_stays(void **state)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;

	error_set(&err, -ENOENT, "inner");
	assert_int_equal(error_set(&err, -EIO, "outer"), -EIO);
	error_set_errno(&err, -EPERM, "outermost");
	error_oom(&err);
	assert_int_equal(err.code, -ENOENT);
	assert_string_equal(error_text(&err), "inner");
}

static void test_wrapping_adds_in_front(void **state)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;

	assert_int_equal(error_wrap(&err, "nothing to wrap"), 0);
	assert_null(err.message);
	error_set(&err, -ENOENT, "inner");
	assert_int_equal(error_wrap(&err, "line %d", 4), -ENOENT);
	error_wrap(&err, "policy");
	assert_string_equal(error_text(&err), "policy: line 4: inner");
}

static void test_wrapping_an_error_without_text(void **state)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;

	assert_int_equal(error_oom(&err), -ENOMEM);
	assert_string_equal(error_text(&err), "Cannot allocate memory");
	error_wrap(&err, "policy");
	assert_string_equal(error_text(&err), "policy: Cannot allocate memory");
}

static void test_a_per_cent_in_the_message_is_text(void **state)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;

	error_set(&err, -EINVAL, "%s", "cpu: 90%s%n");
	error_wrap(&err, "%s", "100%d");
	assert_string_equal(error_text(&err), "100%d: cpu: 90%s%n");
}

static void test_done_leaves_a_fresh_one(void **state)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;

	error_set(&err, -EINVAL, "first");
	error_done(&err);
	assert_int_equal(err.code, 0);
	assert_string_equal(error_text(&err), "no error");
	error_set(&err, -EIO, "second");
	assert_string_equal(error_text(&err), "second");
}

static void test_move(void **state)
{
	_cleanup_(error_done) struct error to = ERROR_INIT;
	_cleanup_(error_done) struct error from = ERROR_INIT;

	error_set(&from, -EINVAL, "first");
	error_move(&to, &from);
	assert_string_equal(error_text(&to), "first");
	assert_int_equal(from.code, 0);
	error_set(&from, -EIO, "second");
	error_move(&to, &from);
	assert_string_equal(error_text(&to), "first");
	assert_int_equal(from.code, 0);
}

static void test_moving_nothing(void **state)
{
	struct error to = ERROR_INIT, from = ERROR_INIT;

	error_move(&to, &from);
	assert_int_equal(to.code, 0);
	assert_string_equal(error_text(&to), "no error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set_returns_the_code),
		cmocka_unit_test(test_null_is_allowed),
		cmocka_unit_test(test_errno_text_is_added),
		cmocka_unit_test(test_the_first_error_stays),
		cmocka_unit_test(test_wrapping_adds_in_front),
		cmocka_unit_test(test_wrapping_an_error_without_text),
		cmocka_unit_test(test_a_per_cent_in_the_message_is_text),
		cmocka_unit_test(test_done_leaves_a_fresh_one),
		cmocka_unit_test(test_move),
		cmocka_unit_test(test_moving_nothing),
	};

	return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
