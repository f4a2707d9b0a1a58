// SPDX-License-Identifier: MIT
/*
 * The first restart after a healthy run is immediate: nearly always it mends what a kill -9 or a
 * rare crash broke. Each further one in a row waits, longer every time, up to a cap; the jitter
 * keeps services that fell together from coming back together. Who ran long enough begins anew.
 */
#include "service/restart.h"

/* What could not be started will not be a moment later. */
#define RETRY_LEAST UINT64_C(100000000)

const char *const end_reason_names[END_REASONS] = {
	[END_EXIT] = "exit",
	[END_SIGNAL] = "signal",
	[END_OOM] = "oom",
	[END_STOPPED] = "stopped",
	[END_START_FAILED] = "start-failed",
	[END_START_TIMEOUT] = "start-timeout",
	[END_PRE_START] = "pre-start",
	[END_WATCHDOG] = "watchdog",
	[END_HEALTH] = "health",
	[END_PRESSURE] = "pressure",
	[END_UNKNOWN] = "unknown",
};

bool service_end_failed(const struct service_end *end)
{
	return end->reason != END_STOPPED && (end->reason != END_EXIT || end->code != 0);
}

static bool is_kill(const struct service_end *end)
{
	return end->reason == END_OOM || end->reason == END_UNKNOWN ||
	       (end->reason == END_SIGNAL && end->signal == SIGKILL);
}

static bool is_abnormal(const struct service_end *end)
{
	static const uint32_t abnormal = 1U << END_SIGNAL | 1U << END_OOM |
					 1U << END_START_TIMEOUT | 1U << END_WATCHDOG |
					 1U << END_HEALTH | 1U << END_PRESSURE | 1U << END_UNKNOWN;

	return abnormal >> end->reason & 1;
}

static bool is_wanted(const struct restart_policy *policy, const struct service_end *end)
{
	if (end->reason == END_STOPPED)
		return false;
	if (end->reason == END_EXIT && end->code >= 0 && end->code <= 255 &&
	    policy->codes[end->code] != RESTART_CODE_UNSAID)
		return policy->codes[end->code] == RESTART_CODE_YES;
	switch (policy->when) {
	case RESTART_ON_KILL:
		return is_kill(end);
	case RESTART_ON_ABNORMAL:
		return is_abnormal(end);
	case RESTART_ON_FAILURE:
		return service_end_failed(end);
	case RESTART_ALWAYS:
		return true;
	default:
		return false;
	}
}

/* The delay of the restart that is number `count` in its row, from 0 on. */
static uint64_t delay_of(const struct restart_policy *policy, unsigned count, uint32_t random)
{
	uint64_t delay = policy->delay, spread;

	if (count == 0)
		return 0;
	for (unsigned i = 1; i < count && delay < policy->delay_max; i++)
		if (__builtin_mul_overflow(delay, policy->factor, &delay))
			delay = policy->delay_max;
		else if (policy->factor == 1)
			break;
	delay = MIN(delay, policy->delay_max);
	spread = delay / 100 * policy->jitter;
	/* From delay - spread to delay + spread. */
	return delay - spread + (uint64_t)((double)spread * 2 * random / UINT32_MAX);
}

static bool is_over_limit(const struct restart_policy *policy, struct restart_row *row,
			  uint64_t now)
{
	if (policy->limit == 0)
		return false;
	if (row->window_count == 0 || now - row->window_start >= policy->limit_interval) {
		row->window_start = now;
		row->window_count = 0;
	}
	return ++row->window_count > policy->limit;
}

enum restart_verdict restart_judge(const struct restart_policy *policy, struct restart_row *row,
				   const struct service_end *end, uint64_t now, uint32_t random,
				   uint64_t *ret_delay)
{
	bool never_ran = end->reason == END_START_FAILED || end->reason == END_PRE_START;

	if (end->wall >= policy->healthy && !never_ran)
		row->count = 0;
	if (!is_wanted(policy, end))
		return RESTART_STAY;
	if (is_over_limit(policy, row, now))
		return RESTART_GIVE_UP;
	if (never_ran && row->count == 0)
		row->count = 1;
	*ret_delay = delay_of(policy, row->count, random);
	if (never_ran)
		*ret_delay = MAX(*ret_delay, RETRY_LEAST);
	if (row->count < UINT32_MAX)
		row->count++;
	return RESTART_AGAIN;
}
