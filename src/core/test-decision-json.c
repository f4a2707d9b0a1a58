// SPDX-License-Identifier: MIT
#include "core/decision-json.h"

#include "test/unit.h"
#include "util/host.h"

static char shells[] = "shells", quiet[] = "quiet", build[] = "build";
static struct policy_rule rules[] = { { .name = shells }, { .name = quiet } };
static struct policy_group groups[] = { { .name = build } };
static const struct policy policy = {
	.rules = rules,
	.rule_count = 2,
	.groups = groups,
	.group_count = 1,
};

static struct decision decision_of(void)
{
	return (struct decision){
		.time_ns = clock_boottime(),
		.pid = 12,
		.group = 0,
		.group_rule = 1,
		.on = ON_WRITE,
		.uid = 1000,
		.rule_count = 2,
		.rules = { 0, 1 },
		.path = "/tmp/a\x01z",
	};
}

static void test_whole(void **state)
{
	struct decision decision = decision_of();
	json_t *object, *failed;

	decision.outcome = (struct outcome){
		.done = 1 << EFFECT_GROUP | 1 << EFFECT_KILL,
		.failed = 1 << EFFECT_NICE,
		.failed_kind = EFFECT_NICE,
		.failed_errno = EPERM,
	};
	decision.flags = DECISION_MOVED | DECISION_KILLED | DECISION_HELD;
	object = decision_to_json(&decision, &policy);
	assert_non_null(object);
	assert_string_equal(json_string_value(json_object_get(object, "rule")), "quiet");
	assert_string_equal(json_string_value(json_object_get(object, "group")), "build");
	assert_string_equal(json_string_value(json_object_get(object, "action")), "write");
	assert_string_equal(json_string_value(json_object_get(object, "result")), "killed");
	assert_string_equal(json_string_value(json_object_get(object, "path")), "/tmp/a\\x01z");
	assert_int_equal(json_array_size(json_object_get(object, "rules")), 2);
	assert_int_equal(json_array_size(json_object_get(object, "done")), 2);
	assert_true(json_is_true(json_object_get(object, "before")));
	assert_true(json_is_true(json_object_get(object, "held")));
	failed = json_object_get(object, "failed");
	assert_string_equal(json_string_value(json_object_get(failed, "first")), "nice");
	assert_int_equal(json_integer_value(json_object_get(failed, "errno")), EPERM);
	json_decref(object);
}

static void test_from(void **state)
{
	static const struct {
		const char *was, *from;
	} rows[] = {
		{ "4::/user.slice/a\x02\n1::/other\n", "/user.slice/a\\x02" },
		{ "0::/\n", "/" },
		{ "4::/cut", NULL },
		{ "nothing\n", NULL },
		{ "", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct decision decision = decision_of();
		const char *from;
		json_t *object;

		decision.was_size = (uint16_t)strlen(rows[i].was);
		memcpy(decision.was, rows[i].was, decision.was_size);
		object = decision_to_json(&decision, &policy);
		from = json_string_value(json_object_get(object, "from"));
		if (rows[i].from)
			assert_string_equal(from, rows[i].from);
		else
			assert_null(from);
		json_decref(object);
	}
}

static void test_results(void **state)
{
	static const struct {
		uint32_t flags, done, dry, spared;
		const char *result;
	} rows[] = {
		{ 0, 0, 0, 0, "matched" },
		{ DECISION_MOVED, 1 << EFFECT_GROUP, 0, 0, "moved" },
		{ DECISION_ALREADY, 1 << EFFECT_GROUP, 0, 0, "already there" },
		{ DECISION_DENIED, 1 << EFFECT_DENY, 0, 0, "denied" },
		{ 0, 1 << EFFECT_NICE, 0, 0, "done" },
		{ DECISION_DRY, 0, 1 << EFFECT_KILL, 0, "dry run" },
		{ 0, 0, 0, 1 << EFFECT_KILL, "spared" },
		{ DECISION_SECOND, 0, 0, 0, "decided by the file before" },
		{ DECISION_TRIGGER, 0, 0, 0, "trigger" },
		{ DECISION_PUT_BACK | DECISION_MOVED, 1 << EFFECT_GROUP, 0, 0, "put back" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct decision decision = decision_of();

		decision.flags = rows[i].flags;
		decision.outcome.done = rows[i].done;
		decision.outcome.dry = rows[i].dry;
		decision.outcome.spared = rows[i].spared;
		assert_string_equal(decision_result(&decision), rows[i].result);
	}
}

static void test_group_on_demand(void **state)
{
	struct decision decision = decision_of();

	decision.group = POLICY_NONE;
	assert_null(decision_group(&decision, &policy));
	snprintf(decision.made, sizeof(decision.made), "users/anna");
	assert_string_equal(decision_group(&decision, &policy), "users/anna");
	decision.group_rule = POLICY_NONE;
	assert_string_equal(decision_rule(&decision, &policy), "shells");
}

static void test_texts(void **state)
{
	static struct urgent urgent;
	static struct facts facts;
	static char arguments[8192];

	/* As many as fit, each whole. */
	memset(arguments, 'x', sizeof(arguments));
	for (size_t i = 99; i < sizeof(arguments); i += 100)
		arguments[i] = '\0';
	facts.exe = slice_of("/bin/x");
	facts.cwd = slice_of("/tmp");
	facts.argv = (struct slice){ arguments, 8100 };
	facts.known = 1 << FACT_EXE | 1 << FACT_ARGUMENTS;
	urgent_take_facts(&urgent, &facts);
	assert_true(slice_eq(urgent_text(&urgent, URGENT_EXE), slice_of("/bin/x")));
	assert_int_equal(urgent_text(&urgent, URGENT_CWD).size, 0);
	assert_int_equal(urgent_text(&urgent, URGENT_ARGV).size % 100, 0);
	assert_in_range(urgent_text(&urgent, URGENT_ARGV).size, 3900, URGENT_TEXTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),	cmocka_unit_test(test_from),
		cmocka_unit_test(test_results), cmocka_unit_test(test_group_on_demand),
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
