// SPDX-License-Identifier: MIT
/* Capabilities by name. */
#include "launch/capability.h"

#include "test/unit.h"

#include <linux/capability.h>

static uint64_t parse(const char *text)
{
	uint64_t bits = 0;
	struct error err = ERROR_INIT;

	if (capability_parse(text, &bits, &err) < 0)
		fail_msg("%s", error_text(&err));
	return bits;
}

static void refused(const char *text, const char *sentence)
{
	uint64_t bits = 7;
	struct error err = ERROR_INIT;

	assert_int_equal(capability_parse(text, &bits, &err), -EINVAL);
	assert_non_null(strstr(error_text(&err), sentence));
	assert_int_equal(bits, 7);
	error_done(&err);
}

static void test_names(void **state)
{
	assert_int_equal(parse("none"), 0);
	assert_int_equal(parse("chown"), 1 << CAP_CHOWN);
	assert_int_equal(parse("CAP_CHOWN,kill,cap_chown"), 1 << CAP_CHOWN | 1 << CAP_KILL);
	assert_true(parse("all") == capability_all());
	assert_true(capability_all() >> CAP_AUDIT_READ & 1);
}

static void test_mistakes(void **state)
{
	refused("net_bind_servic", "did you mean \"net_bind_service\"?");
	refused("cap_chwon", "did you mean \"chown\"?");
	refused("chown,", "an empty name");
	refused("", "an empty name");
	refused("12", "unknown capability \"12\"");
	refused("a_name_that_is_far_longer_than_that_of_any_capability", "unknown capability");
}

static void test_text(void **state)
{
	_cleanup_(freep) char *two = capability_text(1 << CAP_CHOWN | 1 << CAP_KILL);
	_cleanup_(freep) char *no = capability_text(0);
	_cleanup_(freep) char *all = capability_text(capability_all());

	assert_string_equal(two, "chown,kill");
	assert_string_equal(no, "none");
	assert_string_equal(all, "all");
}

static void test_sets(void **state)
{
	struct launch_capabilities kept = capability_keep(1 << CAP_CHOWN, true);

	assert_int_equal(kept.bounding, 1 << CAP_CHOWN);
	assert_int_equal(kept.permitted, 1 << CAP_CHOWN);
	assert_int_equal(kept.ambient, 1 << CAP_CHOWN);
	assert_true(capability_keep(0, false).bounding == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_sets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
