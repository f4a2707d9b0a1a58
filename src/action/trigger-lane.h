/* SPDX-License-Identifier: MIT */
/*
 * How many programs may be started, and how often: of one trigger, or of all together. Numbers
 * only; who holds the programs asks here.
 */
#pragma once

#include "util/macros.h"

struct trigger_limits {
	uint64_t timeout_ns;  /* then SIGTERM and SIGKILL; UINT64_MAX: none */
	unsigned concurrency; /* at once; 0: no bound */
	unsigned queue;	      /* that may wait; more are dropped */
	uint64_t rate;	      /* starts in an interval, 0: no bound. So many may start at once, */
	uint64_t rate_interval_ns; /* then one each interval / rate */
};

enum trigger_bound {
	TRIGGER_FREE,
	TRIGGER_BY_RATE,
	TRIGGER_BY_CONCURRENCY,
};

struct trigger_lane {
	struct trigger_limits limits;
	size_t running, waiting;
	uint64_t due_ns; /* CLOCK_MONOTONIC: when the allowance of starts is full again */
};

/* What keeps another one from being started now. */
enum trigger_bound trigger_lane_bound(const struct trigger_lane *lane, uint64_t now_ns);

/* When the rate will allow the next one; `now_ns` if it does already. */
uint64_t trigger_lane_next(const struct trigger_lane *lane, uint64_t now_ns);

/* One is started: `running` and the rate count it. */
void trigger_lane_take(struct trigger_lane *lane, uint64_t now_ns);
