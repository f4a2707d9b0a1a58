// SPDX-License-Identifier: MIT
#include "service/restart.h"

#include "test/unit.h"

#define MS UINT64_C(1000000)
#define S  (1000 * MS)

static struct restart_policy usual(enum restart_when when)
{
	return (struct restart_policy){
		.when = when,
		.delay = 100 * MS,
		.delay_max = 1 * S,
		.healthy = 10 * S,
		.factor = 2,
	};
}

static enum restart_verdict judge(const struct restart_policy *policy, struct restart_row *row,
				  struct service_end end, uint64_t *delay)
{
	*delay = 77;
	return restart_judge(policy, row, &end, 0, 0, delay);
}

static bool restarts(enum restart_when when, struct service_end end)
{
	struct restart_policy policy = usual(when);
	struct restart_row row = { 0 };
	uint64_t delay;

	return judge(&policy, &row, end, &delay) == RESTART_AGAIN;
}

/* Each way to end, and the first policy that restarts it. */
static void test_reasons(void **state)
{
	const struct {
		struct service_end end;
		enum restart_when from;
	} cases[] = {
		{ { .reason = END_SIGNAL, .signal = SIGKILL }, RESTART_ON_KILL },
		{ { .reason = END_OOM, .signal = SIGKILL }, RESTART_ON_KILL },
		{ { .reason = END_UNKNOWN }, RESTART_ON_KILL },
		{ { .reason = END_SIGNAL, .signal = SIGSEGV }, RESTART_ON_ABNORMAL },
		{ { .reason = END_WATCHDOG }, RESTART_ON_ABNORMAL },
		{ { .reason = END_HEALTH }, RESTART_ON_ABNORMAL },
		{ { .reason = END_PRESSURE }, RESTART_ON_ABNORMAL },
		{ { .reason = END_START_TIMEOUT }, RESTART_ON_ABNORMAL },
		{ { .reason = END_EXIT, .code = 1 }, RESTART_ON_FAILURE },
		{ { .reason = END_START_FAILED }, RESTART_ON_FAILURE },
		{ { .reason = END_PRE_START }, RESTART_ON_FAILURE },
		{ { .reason = END_EXIT }, RESTART_ALWAYS },
		{ { .reason = END_STOPPED, .signal = SIGKILL }, RESTART_WHENS },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		for (unsigned when = 0; when < RESTART_WHENS; when++)
			if (restarts((enum restart_when)when, cases[i].end) !=
			    (when >= cases[i].from && when != RESTART_NO))
				fail_msg("%s, policy %s", end_reason_names[cases[i].end.reason],
					 restart_when_names[when]);
}

static void test_codes(void **state)
{
	struct restart_policy policy = usual(RESTART_ON_FAILURE);
	struct restart_row row = { 0 };
	uint64_t delay;

	policy.codes[100] = RESTART_CODE_NO;
	policy.codes[0] = RESTART_CODE_YES;
	assert_int_equal(judge(&policy, &row, (struct service_end){ .code = 100 }, &delay),
			 RESTART_STAY);
	assert_int_equal(judge(&policy, &row, (struct service_end){ .code = 0 }, &delay),
			 RESTART_AGAIN);
	/* A signal has no code. */
	assert_int_equal(judge(&policy, &row,
			       (struct service_end){ .reason = END_SIGNAL, .signal = SIGKILL },
			       &delay),
			 RESTART_AGAIN);
}

static void test_back_off(void **state)
{
	static const uint64_t wanted[] = { 0, 100, 200, 400, 800, 1000, 1000 };
	const struct service_end killed = { .reason = END_SIGNAL, .signal = SIGKILL };
	struct restart_policy policy = usual(RESTART_ALWAYS);
	struct service_end healthy = killed;
	struct restart_row row = { 0 };
	uint64_t delay;

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		judge(&policy, &row, killed, &delay);
		assert_int_equal(delay, wanted[i] * MS);
	}
	healthy.wall = 10 * S;
	judge(&policy, &row, healthy, &delay);
	assert_int_equal(delay, 0);
	judge(&policy, &row, killed, &delay);
	assert_int_equal(delay, 100 * MS);
}

static void test_jitter(void **state)
{
	struct restart_policy policy = usual(RESTART_ALWAYS);
	const struct service_end end = { .reason = END_OOM };
	static const struct {
		uint32_t random;
		uint64_t least, most;
	} cases[] = { { 0, 80, 80 }, { UINT32_MAX / 2, 99, 101 }, { UINT32_MAX, 120, 120 } };

	policy.jitter = 20;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct restart_row row = { .count = 1 };
		uint64_t delay;

		restart_judge(&policy, &row, &end, 0, cases[i].random, &delay);
		assert_in_range(delay, cases[i].least * MS, cases[i].most * MS);
	}
}

/* Growth must not run over, nor an endless row take long. */
static void test_extremes(void **state)
{
	struct restart_policy policy = usual(RESTART_ALWAYS);
	const struct service_end end = { .reason = END_OOM };
	struct restart_row row = { .count = UINT32_MAX };
	uint64_t delay;

	policy.factor = 100;
	policy.delay_max = UINT64_MAX / 2;
	judge(&policy, &row, end, &delay);
	assert_int_equal(delay, policy.delay_max);
	assert_int_equal(row.count, UINT32_MAX);
	policy.factor = 1;
	judge(&policy, &row, end, &delay);
	assert_int_equal(delay, 100 * MS);
	policy.delay = 0;
	policy.factor = 2;
	row.count = 5;
	judge(&policy, &row, end, &delay);
	assert_int_equal(delay, 0);
}

/* What could not be started is never tried again at once, whatever the policy says. */
static void test_never_started(void **state)
{
	struct restart_policy policy = usual(RESTART_ALWAYS);
	struct restart_row row = { 0 };
	uint64_t delay;

	policy.delay = 0;
	judge(&policy, &row, (struct service_end){ .reason = END_START_FAILED }, &delay);
	assert_int_equal(delay, 100 * MS);
}

static void test_limit(void **state)
{
	struct restart_policy policy = usual(RESTART_ALWAYS);
	const struct service_end end = { .reason = END_OOM };
	struct restart_row row = { 0 };
	uint64_t delay;

	policy.limit = 3;
	policy.limit_interval = 60 * S;
	for (uint64_t i = 0; i < 3; i++)
		assert_int_equal(restart_judge(&policy, &row, &end, i * S, 0, &delay),
				 RESTART_AGAIN);
	assert_int_equal(restart_judge(&policy, &row, &end, 59 * S, 0, &delay), RESTART_GIVE_UP);
	/* Another minute has begun. */
	assert_int_equal(restart_judge(&policy, &row, &end, 60 * S, 0, &delay), RESTART_AGAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reasons),	 cmocka_unit_test(test_codes),
		cmocka_unit_test(test_back_off), cmocka_unit_test(test_jitter),
		cmocka_unit_test(test_extremes), cmocka_unit_test(test_never_started),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
