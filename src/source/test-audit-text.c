// SPDX-License-Identifier: MIT
#include "source/audit-text.h"

#include "test/unit.h"

static void test_stamp(void **state)
{
	static const char *const bad[] = {
		"",
		"audit(",
		"audit(1.2:3)",
		"audit(1:2:3): x",
		"audit(1.1000:3): x",
		"audit(1.2:4294967296): x",
		"audit(99999999999999999999.2:3): x",
		"Audit(1.2:3): x",
	};
	struct slice text = slice_of("audit(1795332764.987:4294967295): a=1");
	struct audit_stamp stamp;

	assert_true(audit_stamp_take(&text, &stamp));
	assert_int_equal(stamp.time_ns, UINT64_C(1795332764987000000));
	assert_int_equal(stamp.serial, UINT32_MAX);
	assert_true(slice_eq(text, slice_of(" a=1")));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		text = slice_of(bad[i]);
		assert_false(audit_stamp_take(&text, &stamp));
	}
}

static void test_fields(void **state)
{
	struct slice text = slice_of(" item=0 word name=\"/bin/a=b\" x= key=(null)  a1[0]=61");
	static const char *const wanted[][2] = {
		{ "item", "0" },     { "name", "/bin/a=b" }, { "x", "" },
		{ "key", "(null)" }, { "a1[0]", "61" },
	};
	struct audit_field field;

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		assert_true(audit_field_take(&text, &field));
		assert_true(slice_eq(field.name, slice_of(wanted[i][0])));
		assert_true(slice_eq(field.value, slice_of(wanted[i][1])));
		assert_int_equal(field.quoted, i == 1);
	}
	assert_false(audit_field_take(&text, &field));
	/* Cut off within a string. */
	text = slice_of("name=\"/bi");
	assert_true(audit_field_take(&text, &field));
	assert_true(slice_eq(field.value, slice_of("/bi")));
	assert_int_equal(text.size, 0);
}

static void test_numbers(void **state)
{
	int64_t number;

	assert_true(audit_number(slice_of("-2"), 10, &number));
	assert_int_equal(number, -2);
	assert_true(audit_number(slice_of("0100755"), 8, &number));
	assert_int_equal(number, 0100755);
	assert_true(audit_number(slice_of("c000003e"), 16, &number));
	assert_int_equal(number, 0xc000003e);
	assert_true(audit_number(slice_of("ffffffffffffff9c"), 16, &number));
	assert_int_equal(number, -100);
	assert_false(audit_number(slice_of("18446744073709551615"), 10, &number));
	assert_false(audit_number(slice_of("1ffffffffffffff9c"), 16, &number));
	assert_false(audit_number(slice_of("12 "), 10, &number));
	assert_false(audit_number(slice_of("9"), 8, &number));
	assert_false(audit_number(slice_of("-"), 10, &number));
	assert_false(audit_number(slice_of(""), 10, &number));
}

static ssize_t add(const char *value, bool quoted, size_t room, struct text *text)
{
	const struct audit_field field = { .value = slice_of(value), .quoted = quoted };

	return audit_string_add(&field, room, text);
}

static void test_strings(void **state)
{
	_cleanup_(text_done) struct text text = { 0 };

	assert_int_equal(add("", true, 10, &text), 0);
	assert_int_equal(add("/bin/ls", true, 100, &text), 7);
	assert_int_equal(add("2053FFc3", false, 100, &text), 4);
	assert_true(
		slice_eq((struct slice){ text.data, text.size }, slice_of("/bin/ls S\xff\xc3")));
	/* In quotes even this is a name. */
	assert_int_equal(add("(null)", true, 100, &text), 6);
	text.size = 0;
	assert_int_equal(add("(null)", false, 100, &text), -ENODATA);
	assert_int_equal(add("?", false, 100, &text), -ENODATA);
	assert_int_equal(add("616", false, 100, &text), -EINVAL);
	assert_int_equal(add("6x", false, 100, &text), -EINVAL);
	assert_int_equal(add("6100", false, 100, &text), -EINVAL);
	assert_int_equal(text.size, 0);
	/* What does not fit is cut, and told. */
	assert_int_equal(add("616263", false, 2, &text), 3);
	assert_int_equal(add("abc", true, 1, &text), 3);
	assert_true(slice_eq((struct slice){ text.data, text.size }, slice_of("aba")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stamp),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_strings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
