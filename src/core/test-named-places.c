// SPDX-License-Identifier: MIT
#include "core/named-places.h"

#include "cgroup/fake.h"
#include "config/load.h"

#include "test/unit.h"

static struct destination to; /* large */

static bool stays(const struct named_places *places, const struct fake *fake, const char *was)
{
	static struct membership membership;
	const struct hierarchy *h = layout_find(fake->layout, CONTROLLER_CPU);

	membership.size = (size_t)snprintf(membership.text, sizeof(membership.text), "%u:cpu:%s\n",
					   h->id, was);
	destination_begin(&to);
	assert_int_equal(destination_add(&to, fake->layout, "cpu", "/users"), 0);
	return named_places_have(places, &to.placement, &membership);
}

static struct policy *policy_of(const char *text)
{
	struct diagnostics diagnostics = { 0 };
	struct policy *policy;

	assert_int_equal(policy_parse("t.yaml", text, strlen(text), 0, &policy, &diagnostics), 0);
	diagnostics_done(&diagnostics);
	return policy;
}

static void what_rules_name_stays(void **state)
{
	struct policy *policy =
		policy_of("rules:\n"
			  "  a: {on: execute, paths: [/a], place: [\"cpu:/a\", \"pids:/b\"]}\n"
			  "  b: {on: execute, paths: [/b], place: \"cpu:/c/%u\"}\n"
			  "  c: {on: execute, euid: 1, yields: true, place: \"cpu:/users\"}\n");
	struct named_places places;
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_V1);
	assert_int_equal(named_places_init(&places, policy), 0);
	assert_true(stays(&places, &fake, "/a"));
	assert_true(stays(&places, &fake, "/c/bob"));
	assert_false(stays(&places, &fake, "/c/"));
	assert_false(stays(&places, &fake, "/"));
	assert_false(stays(&places, &fake, "/a/b"));
	assert_false(stays(&places, &fake, "/users"));
	named_places_done(&places);
	policy_free(policy);
	fake_done(&fake);
}

static void nothing_is_kept_for_nobody(void **state)
{
	struct policy *policy = policy_of(
		"rules:\n  a: {on: execute, paths: [/a], place: [\"cpu:/a\", \"pids:/b\"]}\n");
	struct named_places places;

	(void)state;
	assert_int_equal(named_places_init(&places, policy), 0);
	assert_int_equal(places.paths.used, 0);
	named_places_done(&places);
	policy_free(policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_rules_name_stays),
		cmocka_unit_test(nothing_is_kept_for_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
