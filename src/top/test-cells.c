// SPDX-License-Identifier: MIT
#include "top/cells.h"

#include "test/unit.h"

static void bytes_are_short(_unused_ void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
		{ 0, "0" },
		{ 999, "999" },
		{ 1000, "1.0K" },
		{ 1023, "1.0K" },
		{ 1536, "1.5K" },
		{ 10240, "10K" },
		{ 1023 * 1024, "1.0M" },
		{ UINT64_MAX, "16E" },
		{ UINT64_C(4500) << 20, "4.4G" },
	};
	char buffer[16];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(short_bytes(rows[i].bytes, buffer), rows[i].text);
}

/* Whatever the width, a line has no more. */
static void lines_fit(_unused_ void **state)
{
	struct task task = { .pid = 4711, .comm = "a-long-name-of-a-program", .state = 'S' };
	struct use use = { .name = (char *)(uintptr_t) "apps/browser",
			   .label = "browser\033[31m",
			   .depth = 40,
			   .known = UINT32_MAX,
			   .past = { 1, 2, 1000000 },
			   .past_count = 3 };
	struct row group = { .use = &use }, process = { .use = &use, .task = &task };
	struct layout_of_columns columns;

	for (unsigned i = 0; i < USE_FIGURES; i++)
		use.values[i] = UINT64_MAX;
	for (unsigned width = 0; width < 300; width++)
		for (unsigned unicode = 0; unicode < 2; unicode++) {
			const struct row *rows[] = { NULL, &group, &process };

			columns_fit(width, unicode, &columns);
			for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
				struct text text;

				text_init(&text);
				line_text(&columns, rows[i], &text);
				if (text.data && text_columns(text.data) > width)
					fail_msg("%u columns: \"%s\"", width, text.data);
				assert_null(text.data ? strchr(text.data, '\033') : NULL);
				text_done(&text);
			}
		}
}

static void cells_say_what_is_known(_unused_ void **state)
{
	struct use use = { .name = (char *)(uintptr_t) "build", .label = "build" };
	const struct row row = { .use = &use };
	struct layout_of_columns columns;
	struct text text;

	columns_fit(80, true, &columns);
	text_init(&text);
	line_text(&columns, &row, &text);
	assert_non_null(strstr(text.data, "build"));
	assert_null(strchr(text.data, '%'));
	text_done(&text);
	use.known = 1 << USE_CPU | 1 << USE_MEMORY | 1 << USE_MEMORY_LIMIT | 1 << USE_PIDS;
	use.values[USE_CPU] = 1234567;
	use.values[USE_MEMORY] = 3 << 20;
	use.values[USE_MEMORY_LIMIT] = 4 << 20;
	use.values[USE_PIDS] = 7;
	text_init(&text);
	line_text(&columns, &row, &text);
	assert_non_null(strstr(text.data, " 123.5 "));
	assert_non_null(strstr(text.data, " 3.0M/4.0M "));
	text_done(&text);
	text_init(&text);
	assert_int_equal(cell_text(&columns, &row, COLUMN_MEMORY, &text), TONE_PLAIN);
	use.values[USE_MEMORY] = 4 << 20;
	assert_int_equal(cell_text(&columns, &row, COLUMN_MEMORY, &text), TONE_BAD);
	text_done(&text);
}

static void narrow_screens_keep_the_best(_unused_ void **state)
{
	struct layout_of_columns columns;

	columns_fit(80, true, &columns);
	for (unsigned i = 0; i < COLUMNS_ALL; i++)
		assert_true(columns.widths[i] > 0);
	columns_fit(32, true, &columns);
	assert_true(columns.widths[COLUMN_CPU] > 0 && columns.widths[COLUMN_MEMORY] > 0);
	assert_int_equal(columns.widths[COLUMN_OOM], 0);
	columns_fit(1, true, &columns);
	assert_int_equal(columns.widths[COLUMN_NAME], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_are_short),
		cmocka_unit_test(lines_fit),
		cmocka_unit_test(cells_say_what_is_known),
		cmocka_unit_test(narrow_screens_keep_the_best),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
