// SPDX-License-Identifier: MIT
#include "export/metrics.h"

static const char *const types[] = {
	[METRIC_COUNTER] = "counter",
	[METRIC_GAUGE] = "gauge",
	[METRIC_HISTOGRAM] = "histogram",
};

/* The line ends with the text, so a line's end in it is written as two letters. */
static void add_escaped(struct text *text, const char *string, bool quoted)
{
	size_t size = strlen(string);

	for (size_t i = 0; i < size;) {
		size_t n = utf8_sequence(string + i, size - i);

		if (n == 0)
			text_add(text, "?");
		else if (string[i] == '\n')
			text_add(text, "\\n");
		else if (string[i] == '\\')
			text_add(text, "\\\\");
		else if (string[i] == '"' && quoted)
			text_add(text, "\\\"");
		else
			text_add_bytes(text, string + i, n);
		i += MAX(n, (size_t)1);
	}
}

void metrics_family(struct text *text, const char *name, enum metric_type type, const char *help)
{
	text_addf(text, "# HELP %s ", name);
	add_escaped(text, help, false);
	text_addf(text, "\n# TYPE %s %s\n", name, types[type]);
}

/* Whole numbers as such: they are the most, and no digit of theirs may get lost. */
static void add_number(struct text *text, double value)
{
	const double most = 9007199254740992.0;

	if (value > -most && value < most && value == (double)(int64_t)value)
		text_addf(text, "%.0f", value);
	else
		text_addf(text, "%.9g", value);
}

void metrics_sample(struct text *text, const char *name, const char *suffix,
		    const struct metric_label *labels, size_t label_count, double value)
{
	text_addf(text, "%s%s", name, suffix);
	for (size_t i = 0; i < label_count; i++) {
		text_addf(text, "%s%s=\"", i ? "," : "{", labels[i].name);
		add_escaped(text, labels[i].value, true);
		text_add(text, "\"");
	}
	text_add(text, label_count ? "} " : " ");
	add_number(text, value);
	text_add(text, "\n");
}

void metrics_histogram(struct text *text, const char *name, const struct metric_label *label,
		       const double *bounds, const uint64_t *counts, size_t bound_count, double sum)
{
	uint64_t total = 0;
	char bound[32];

	for (size_t i = 0; i <= bound_count; i++) {
		const struct metric_label labels[] = { *label, { "le", bound } };

		total += counts[i];
		if (i < bound_count)
			snprintf(bound, sizeof(bound), "%.9g", bounds[i]);
		else
			snprintf(bound, sizeof(bound), "+Inf");
		metrics_sample(text, name, "_bucket", labels, ARRAY_SIZE(labels), (double)total);
	}
	metrics_sample(text, name, "_sum", label, 1, sum);
	metrics_sample(text, name, "_count", label, 1, (double)total);
}
