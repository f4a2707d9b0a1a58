// SPDX-License-Identifier: MIT
/*
 * The rate is kept as one number (a leaky bucket seen from its other side): the time at which all
 * starts so far would be over if they came evenly. A start is allowed while that is no further
 * ahead than an interval less one step.
 */
#include "action/trigger-lane.h"

static uint64_t step_of(const struct trigger_limits *limits)
{
	return MAX(limits->rate_interval_ns / limits->rate, 1);
}

uint64_t trigger_lane_next(const struct trigger_lane *lane, uint64_t now_ns)
{
	const struct trigger_limits *limits = &lane->limits;
	uint64_t ahead;

	if (limits->rate == 0)
		return now_ns;
	ahead = step_of(limits) * (limits->rate - 1);
	return lane->due_ns > now_ns + ahead ? lane->due_ns - ahead : now_ns;
}

enum trigger_bound trigger_lane_bound(const struct trigger_lane *lane, uint64_t now_ns)
{
	if (lane->limits.concurrency != 0 && lane->running >= lane->limits.concurrency)
		return TRIGGER_BY_CONCURRENCY;
	return trigger_lane_next(lane, now_ns) > now_ns ? TRIGGER_BY_RATE : TRIGGER_FREE;
}

void trigger_lane_take(struct trigger_lane *lane, uint64_t now_ns)
{
	lane->running++;
	if (lane->limits.rate != 0)
		lane->due_ns = MAX(lane->due_ns, now_ns) + step_of(&lane->limits);
}
