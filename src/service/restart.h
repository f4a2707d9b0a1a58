/* SPDX-License-Identifier: MIT */
/*
 * When a service that has ended is started again: pure, so that every case is a test. Times are in
 * ns of any clock that only goes forward.
 */
#pragma once

#include "config/service.h"

enum end_reason {
	END_EXIT,	   /* by itself, with a code */
	END_SIGNAL,	   /* by a signal that reeve did not send */
	END_OOM,	   /* the kernel killed it, for its group's memory was at its limit */
	END_STOPPED,	   /* reeve was asked to */
	END_START_FAILED,  /* its program could not be started */
	END_START_TIMEOUT, /* not ready in time */
	END_PRE_START,	   /* pre_start refused */
	END_WATCHDOG,
	END_HEALTH,
	END_PRESSURE,
	END_UNKNOWN, /* it was another process's child, and its status is not known */
	END_REASONS
};
extern const char *const end_reason_names[END_REASONS];

/* How one run ended. */
struct service_end {
	enum end_reason reason;
	int code;   /* END_EXIT */
	int signal; /* that ended the process, or 0 */
	bool core;
	pid_t pid;
	uint64_t time;		       /* CLOCK_REALTIME ns */
	uint64_t wall;		       /* ns that it ran */
	uint64_t user_ns, system_ns;   /* of the process and those it waited for */
	uint64_t memory_peak;	       /* of the group, bytes; 0: not known */
	uint64_t throttled_ns;	       /* of the group, in this run */
	uint64_t oom_kills, pids_hits; /* in this run */
	unsigned left;		       /* processes that it left behind, and that were killed */
};
/* Whether it failed, in the words of "on-failure". */
bool service_end_failed(const struct service_end *end);

/* What a row of restarts has come to; begins as zero. */
struct restart_row {
	unsigned count; /* restarts since the last healthy run */
	uint64_t window_start;
	uint64_t window_count;
};

enum restart_verdict { RESTART_STAY, RESTART_AGAIN, RESTART_GIVE_UP };

/*
 * Whether it is started again, and, for RESTART_AGAIN, after what delay (0: at once); the row is
 * brought up to date. `random` is any number, for the jitter.
 */
enum restart_verdict restart_judge(const struct restart_policy *policy, struct restart_row *row,
				   const struct service_end *end, uint64_t now, uint32_t random,
				   uint64_t *ret_delay);
