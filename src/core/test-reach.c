// SPDX-License-Identifier: MIT
#include "core/reach.h"

#include "test/unit.h"

static bool reaches(enum target_kind kind, const char *text, const char *mount_point)
{
	struct policy_rule rule = { .on = OCCASION_BIT(ON_EXECUTE), .path_count = 1 };
	struct policy policy = { .rules = &rule, .rule_count = 1 };
	struct rule_target target = { .kind = kind, .text = text, .has_identity = true, .dev = 7 };
	struct targets targets = { .items = &target, .count = 1 };
	bool answer = reach_targets(&policy, &targets, mount_point, 1);

	rule.on = OCCASION_BIT(ON_READ);
	assert_false(reach_targets(&policy, &targets, mount_point, 1));
	return answer;
}

static void test_texts(void **state)
{
	static const struct {
		enum target_kind kind;
		const char *text, *mount_point;
		bool reaches;
	} cases[] = {
		{ TARGET_FILE, "/net/bin/x", "/net", true },
		{ TARGET_FILE, "/net/bin/x", "/", true },
		{ TARGET_FILE, "/net/bin/x", "/network", false },
		{ TARGET_FILE, "/net", "/net/below", false },
		{ TARGET_FOLDER, "/net/bin", "/net", true },
		{ TARGET_FOLDER, "/net", "/net", true },
		{ TARGET_FOLDER, "/", "/home/u/mnt", true },
		{ TARGET_FOLDER, "/home", "/home/u/mnt", true },
		{ TARGET_FOLDER, "/home", "/homes", false },
		{ TARGET_GLOB, "/usr/bin/x-*", "/net", false },
		{ TARGET_GLOB, "/usr/bin/x-*", "/usr", true },
		{ TARGET_GLOB, "/usr/bin/x-*", "/usr/bin/x-1", true },
		{ TARGET_GLOB, "/net*/x", "/net1", true },
		{ TARGET_GLOB, "/n\\*/x", "/other", true },
		{ TARGET_GLOB, "/opt/n\\*/x", "/other", false },
		{ TARGET_GLOB, "/**", "/anything", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (reaches(cases[i].kind, cases[i].text, cases[i].mount_point) != cases[i].reaches)
			fail_msg("%s and a mount on %s", cases[i].text, cases[i].mount_point);
}

static void test_device(void **state)
{
	struct policy_rule rule = { .on = OCCASION_BIT(ON_EXECUTE), .path_count = 1 };
	struct policy policy = { .rules = &rule, .rule_count = 1 };
	struct rule_target target = { .text = "/a/x", .has_identity = true, .dev = 7 };
	struct targets targets = { .items = &target, .count = 1 };

	assert_true(reach_targets(&policy, &targets, "/b", 7));
	assert_false(reach_targets(&policy, &targets, "/b", 8));
	target.has_identity = false;
	assert_false(reach_targets(&policy, &targets, "/b", 7));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
