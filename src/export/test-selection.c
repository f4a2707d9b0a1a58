// SPDX-License-Identifier: MIT
#include "export/selection.h"

#include "test/unit.h"

static void assert_refused(const char *list, const char *wanted)
{
	struct error err = ERROR_INIT;
	struct selection selection;

	assert_int_equal(selection_parse(list, &selection, &err), -EINVAL);
	assert_string_equal(error_text(&err), wanted);
	error_done(&err);
}

static unsigned count(const struct selection *selection)
{
	unsigned fields = 0;

	for (size_t i = 0; i < FIELDS; i++)
		fields += selection_has(selection, i);
	return fields;
}

static void test_names(void **state)
{
	struct selection selection;

	assert_int_equal(selection_parse("pid,type,exe", &selection, NULL), 0);
	assert_int_equal(count(&selection), 2);
	assert_true(selection_has(&selection, FIELD_PID));
	assert_true(selection_has(&selection, FIELD_EXE));
	assert_true(selection.type);
	assert_false(selection.source);
	selection_all(&selection);
	assert_int_equal(count(&selection), FIELDS);
	assert_true(selection.type && selection.source);
}

static void test_objects(void **state)
{
	struct selection selection;

	assert_int_equal(selection_parse("container,namespace.pid", &selection, NULL), 0);
	assert_int_equal(count(&selection), 4);
	assert_true(selection_has(&selection, FIELD_POD));
	assert_true(selection_has(&selection, FIELD_PID_NS));
	/* A name that another one begins with is not that one. */
	assert_int_equal(selection_parse("cgroup", &selection, NULL), 0);
	assert_int_equal(count(&selection), 1);
}

static void test_mistakes(void **state)
{
	assert_refused("pid,exr", "there is no field \"exr\"; did you mean \"exe\"?");
	assert_refused("", "there is no field \"\"");
	assert_refused("pid,", "there is no field \"\"");
	assert_refused("\x1b[31m", "there is no field \"\\x1b[31m\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
