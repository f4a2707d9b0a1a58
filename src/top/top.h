/* SPDX-License-Identifier: MIT */
/* reeve top, without its options: what keys do, and when the daemon is asked. */
#pragma once

#include "util/host.h"

struct top_options {
	const char *runtime_dir;
	uint64_t interval_ns;
};

/* Until it is quit (0), or -errno with a sentence: no daemon answers at the start. Where the
 * terminal can place no cursor, plain text until it is interrupted. */
int top_run(const struct host *host, const struct top_options *options, struct error *err);
