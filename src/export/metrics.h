/* SPDX-License-Identifier: MIT */
/* Prometheus's text format: families of samples with labels. */
#pragma once

#include "util/text.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* Begins a family: its samples follow. Names are the caller's: letters, digits and underscores. */
void metrics_family(struct text *text, const char *name, enum metric_type type, const char *help);

struct metric_label {
	const char *name, *value; /* any bytes; what is no UTF-8 becomes "?" */
};

/* One sample: `suffix` is "" or, of a histogram, "_sum" and "_count". */
void metrics_sample(struct text *text, const char *name, const char *suffix,
		    const struct metric_label *labels, size_t label_count, double value);

/* All of one histogram: counts of those not above `bounds` (seconds, rising), not summed up. The
 * last of bound_count + 1 counts is of those above all. */
void metrics_histogram(struct text *text, const char *name, const struct metric_label *label,
		       const double *bounds, const uint64_t *counts, size_t bound_count,
		       double sum);
