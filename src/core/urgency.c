// SPDX-License-Identifier: MIT
/*
 * On a busy processor a thread that wakes waits for its turn, some milliseconds, and a real-time
 * one does not. But what is told to it a user may cause as often as he likes, so it has a credit.
 * What it forks is not real-time (SCHED_RESET_ON_FORK).
 */
#include "core/urgency.h"

#include <sched.h>

enum {
	CREDIT_NS = 5000000,
	CREDIT_LEAST_NS = 1000000, /* else it would be raised for every few microseconds */
	SHARE = 10,
};

void urgency_init(struct urgency *urgency, uint64_t now)
{
	*urgency = (struct urgency){ .credit_ns = CREDIT_NS, .seen_ns = now };
}

static void set_policy(struct urgency *urgency, bool raised)
{
	const struct sched_param param = { .sched_priority = raised ? 1 : 0 };
	int policy = (raised ? SCHED_FIFO : SCHED_OTHER) | SCHED_RESET_ON_FORK;

	if (urgency->raised == raised)
		return;
	if (sched_setscheduler(0, policy, &param) == 0)
		urgency->raised = raised;
	else if (raised)
		urgency->refused = 1;
}

static void refill(struct urgency *urgency, uint64_t now)
{
	uint64_t gained = (now - MIN(urgency->seen_ns, now)) / SHARE;

	urgency->credit_ns = MIN(urgency->credit_ns + gained, (uint64_t)CREDIT_NS);
	urgency->seen_ns = now;
}

void urgency_sleep(struct urgency *urgency, uint64_t now)
{
	if (urgency->refused)
		return;
	refill(urgency, now);
	if (urgency->credit_ns >= CREDIT_LEAST_NS)
		set_policy(urgency, true);
	else
		urgency->exhausted++;
}

void urgency_wake(struct urgency *urgency, bool meant, uint64_t now)
{
	if (!urgency->raised)
		return;
	if (!meant)
		set_policy(urgency, false);
	else
		urgency->turns++;
	urgency->since_ns = now;
}

void urgency_end(struct urgency *urgency, uint64_t now)
{
	uint64_t used = now - MIN(urgency->since_ns, now);

	if (!urgency->raised)
		return;
	urgency->credit_ns -= MIN(used, urgency->credit_ns);
	urgency->seen_ns = now;
	set_policy(urgency, false);
}
