// SPDX-License-Identifier: MIT
#include "export/metrics.h"

#include "test/unit.h"

static void is(struct text *text, const char *wanted)
{
	assert_string_equal(text->data, wanted);
	text_done(text);
}

static void families_and_samples(_unused_ void **state)
{
	const struct metric_label labels[] = { { "group", "apps" }, { "resource", "io" } };
	struct text text;

	text_init(&text);
	metrics_family(&text, "reeve_x_total", METRIC_COUNTER, "What it \\ is\nabout.");
	metrics_sample(&text, "reeve_x_total", "", NULL, 0, 4503599627370497.0);
	metrics_sample(&text, "reeve_x_total", "", labels, 2, 0.25);
	is(&text, "# HELP reeve_x_total What it \\\\ is\\nabout.\n# TYPE reeve_x_total counter\n"
		  "reeve_x_total 4503599627370497\n"
		  "reeve_x_total{group=\"apps\",resource=\"io\"} 0.25\n");
}

static void strange_labels(_unused_ void **state)
{
	const struct metric_label label = { "rule", "a\"b\\c\nd\xff\xc3\xa4} 1" };
	struct text text;

	text_init(&text);
	metrics_sample(&text, "x", "", &label, 1, -1);
	is(&text, "x{rule=\"a\\\"b\\\\c\\nd?\xc3\xa4} 1\"} -1\n");
}

static void histograms_are_summed_up(_unused_ void **state)
{
	const struct metric_label label = { "rule", "r" };
	const double bounds[] = { 0.001, 0.5 };
	const uint64_t counts[] = { 3, 0, 2 };
	struct text text;

	text_init(&text);
	metrics_histogram(&text, "t", &label, bounds, counts, 2, 1.5);
	is(&text,
	   "t_bucket{rule=\"r\",le=\"0.001\"} 3\nt_bucket{rule=\"r\",le=\"0.5\"} 3\n"
	   "t_bucket{rule=\"r\",le=\"+Inf\"} 5\nt_sum{rule=\"r\"} 1.5\nt_count{rule=\"r\"} 5\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(families_and_samples),
		cmocka_unit_test(strange_labels),
		cmocka_unit_test(histograms_are_summed_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
