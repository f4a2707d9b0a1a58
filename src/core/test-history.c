// SPDX-License-Identifier: MIT
#include "core/history.h"

#include "test/unit.h"

static const struct figures none = { .known = FIGURE_BIT(FIGURE_CPU) | FIGURE_BIT(FIGURE_MEMORY) };

static struct figures figures_of(uint64_t cpu, uint64_t memory)
{
	struct figures figures = none;

	figures.values[FIGURE_CPU] = cpu;
	figures.values[FIGURE_MEMORY] = memory;
	return figures;
}

static void note(struct history *history, struct past **past, uint64_t now, uint64_t cpu,
		 uint64_t memory)
{
	const struct figures figures = figures_of(cpu, memory);

	history_begin(history, now);
	past_note(history, past, &figures);
}

static void names_its_figures(_unused_ void **state)
{
	for (int i = 0; i < FIGURES; i++)
		assert_int_equal(figure_find(figure_name((enum figure)i)), i);
	assert_int_equal(figure_find("nothing"), -1);
}

static void keeps_the_last_samples(_unused_ void **state)
{
	_cleanup_(history_freep) struct history *history = history_new(1 << 20);
	struct past *past = NULL;
	uint64_t value;

	assert_int_equal(history_count(history, false), 0);
	for (uint64_t i = 1; i <= HISTORY_FINE + 10; i++)
		note(history, &past, i, i, i * 1000);
	assert_int_equal(history_count(history, false), HISTORY_FINE);
	for (size_t i = 0; i < HISTORY_FINE; i++) {
		assert_int_equal(history_time(history, false, i), i + 11);
		assert_true(past_value(history, past, false, i, FIGURE_CPU, &value));
		assert_int_equal(value, i + 11);
		assert_false(past_value(history, past, false, i, FIGURE_PIDS, &value));
	}
	past_free(history, past);
	assert_int_equal(history_counters(history)->bytes, 0);
}

/* Rates are averaged, and of what is there the most counts. */
static void gathers_longer_times(_unused_ void **state)
{
	_cleanup_(history_freep) struct history *history = history_new(1 << 20);
	struct past *past = NULL;
	uint64_t value;

	for (uint64_t i = 0; i < HISTORY_COARSE_OF * 2; i++)
		note(history, &past, i + 1, i < HISTORY_COARSE_OF ? 100 + i % 2 * 100 : 7,
		     i == 3 ? 2000 : 1000);
	assert_int_equal(history_count(history, true), 2);
	assert_int_equal(history_time(history, true, 0), HISTORY_COARSE_OF);
	assert_true(past_value(history, past, true, 0, FIGURE_CPU, &value));
	assert_int_equal(value, 150);
	assert_true(past_value(history, past, true, 0, FIGURE_MEMORY, &value));
	assert_int_equal(value, 2000);
	assert_true(past_value(history, past, true, 1, FIGURE_CPU, &value));
	assert_int_equal(value, 7);
	past_free(history, past);
}

static void what_was_missed_is_not_known(_unused_ void **state)
{
	_cleanup_(history_freep) struct history *history = history_new(1 << 20);
	struct past *past = NULL;
	uint64_t value;

	note(history, &past, 1, 0, 0);
	assert_null(past);
	note(history, &past, 2, 5, 0);
	for (uint64_t i = 3; i < 3 + HISTORY_COARSE_OF * 3; i++)
		history_begin(history, i);
	note(history, &past, 100, 6, 0);
	/* Before the first figure it had used nothing. */
	assert_true(past_value(history, past, false, 0, FIGURE_CPU, &value));
	assert_int_equal(value, 0);
	assert_true(past_value(history, past, false, 1, FIGURE_CPU, &value));
	assert_int_equal(value, 5);
	for (size_t i = 2; i + 1 < history_count(history, false); i++)
		assert_false(past_value(history, past, false, i, FIGURE_CPU, &value));
	assert_true(past_value(history, past, false, history_count(history, false) - 1, FIGURE_CPU,
			       &value));
	assert_int_equal(value, 6);
	assert_false(past_value(history, past, true, 1, FIGURE_CPU, &value));
	history_begin(history, 101);
	assert_false(past_value(history, past, false, history_count(history, false) - 1, FIGURE_CPU,
				&value));
	past_free(history, past);
}

static void assert_refused(struct history *history, struct slice bytes)
{
	struct past *past = NULL;
	int r = history_load(history, &bytes);

	if (r == 0)
		r = past_load(history, &bytes, &past);
	assert_int_equal(r, -EBADMSG);
	assert_null(past);
}

static void goes_on_after_a_handover(_unused_ void **state)
{
	_cleanup_(history_freep) struct history *history = history_new(1 << 20);
	_cleanup_(history_freep) struct history *next = history_new(1 << 20);
	_cleanup_(history_freep) struct history *small = history_new(100);
	struct past *past = NULL, *idle = NULL, *taken = NULL;
	struct slice bytes, whole;
	struct text text;
	uint64_t value;

	for (uint64_t i = 1; i <= 20; i++)
		note(history, &past, i, i, i * 1000);
	text_init(&text);
	history_save(history, &text);
	past_save(past, &text);
	past_save(idle, &text);
	bytes = whole = (struct slice){ text.data, text.size };
	assert_int_equal(history_load(next, &bytes), 0);
	assert_int_equal(past_load(next, &bytes, &taken), 0);
	assert_int_equal(past_load(next, &bytes, &idle), 0);
	assert_null(idle);
	assert_int_equal(bytes.size, 0);
	note(next, &taken, 21, 21, 21000);
	assert_int_equal(history_count(next, false), 21);
	for (size_t i = 0; i < 21; i++) {
		assert_int_equal(history_time(next, false, i), i + 1);
		assert_true(past_value(next, taken, false, i, FIGURE_CPU, &value));
		assert_int_equal(value, i + 1);
	}
	assert_int_equal(history_count(next, true), 2);
	past_free(next, taken);
	past_free(history, past);
	assert_int_equal(history_counters(next)->bytes, 0);
	/* Cut off anywhere, or of another form. */
	for (size_t size = 0; size + 1 < whole.size; size += size < 100 ? 1 : 97)
		assert_refused(next, (struct slice){ whole.data, MIN(size, whole.size - 2) });
	bytes = whole;
	assert_int_equal(history_load(small, &bytes), 0);
	assert_int_equal(past_load(small, &bytes, &taken), -ENOMEM);
	text.data[9]++;
	assert_refused(next, whole);
	text_done(&text);
}

static void great_numbers_are_nearly_right(_unused_ void **state)
{
	_cleanup_(history_freep) struct history *history = history_new(1 << 20);

	for (unsigned bit = 0; bit < 64; bit++) {
		const uint64_t wanted = (UINT64_C(1) << bit) + (UINT64_C(1) << bit) / 3;
		struct past *past = NULL;
		uint64_t value;

		note(history, &past, bit + 1, wanted, 0);
		assert_true(past_value(history, past, false, history_count(history, false) - 1,
				       FIGURE_CPU, &value));
		assert_true(value <= wanted && wanted - value <= wanted / 1024);
		assert_true(bit > MIN(bit, 10U) || value == wanted);
		past_free(history, past);
	}
}

static void memory_is_bounded(_unused_ void **state)
{
	_cleanup_(history_freep) struct history *history = history_new(16384);
	struct past *pasts[8] = { NULL };
	const struct figures figures = figures_of(1, 1);

	history_begin(history, 1);
	for (size_t i = 0; i < ARRAY_SIZE(pasts); i++)
		past_note(history, &pasts[i], &figures);
	assert_non_null(pasts[1]);
	assert_null(pasts[7]);
	assert_true(history_counters(history)->bytes <= 16384);
	assert_true(history_counters(history)->left_out > 0);
	for (size_t i = 0; i < ARRAY_SIZE(pasts); i++)
		past_free(history, pasts[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_its_figures),
		cmocka_unit_test(keeps_the_last_samples),
		cmocka_unit_test(gathers_longer_times),
		cmocka_unit_test(what_was_missed_is_not_known),
		cmocka_unit_test(goes_on_after_a_handover),
		cmocka_unit_test(great_numbers_are_nearly_right),
		cmocka_unit_test(memory_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
