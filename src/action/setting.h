/* SPDX-License-Identifier: MIT */
/*
 * What a rule sets of a process itself: niceness, I/O priority, scheduling, and so on. Most of
 * these belong to threads in Linux, so all threads of the process are set, and those that it makes
 * while that goes on, too. Nothing here allocates; usable in a gate's thread.
 */
#pragma once

#include "util/host.h"

#include <sys/types.h>

enum setting_kind {
	SETTING_NICE,
	SETTING_IONICE,
	SETTING_SCHED,
	SETTING_OOM_SCORE_ADJ,
	SETTING_AFFINITY,
	SETTING_RLIMIT,
	SETTING_TIMER_SLACK,
	SETTINGS
};

struct setting {
	enum setting_kind kind;
	union {
		int nice; /* -20 to 19 */
		struct {
			int class, level; /* ioprio_set(2)'s: 1 realtime, 2 best effort, 3 idle */
		} ionice;
		struct {
			int policy, priority; /* sched_setscheduler(2)'s */
		} sched;
		int oom_score_adj; /* -1000 to 1000 */
		struct {
			const uint64_t *mask; /* borrowed; bit n: processor n */
			size_t words;
		} affinity;
		struct {
			int resource;
			uint64_t soft, hard; /* RLIM_INFINITY: none */
		} rlimit;
		uint64_t timer_slack_ns;
	};
};

/*
 * Sets it for the whole process. 0; -ESRCH (gone); else the first error of any thread: -EPERM
 * (RT throttled away, no CAP_SYS_NICE...), -EINVAL (no processor of that mask is there, a realtime
 * class in a v1 cpu group without budget). Threads after one that failed are set all the same.
 */
int setting_apply(const struct host *host, pid_t pid, const struct setting *setting);

/* The kind's key in a policy ("oom_score_adj"). */
const char *setting_name(enum setting_kind kind);
