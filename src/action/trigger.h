/* SPDX-License-Identifier: MIT */
/*
 * Runs the programs of triggers: as another user, without privileges, descriptors, environment or
 * terminal of ours, in a session and a cgroup of their own, for a limited time and in limited
 * numbers. What does not fit is dropped and counted, before anything is allocated for it.
 */
#pragma once

#include "action/trigger-lane.h"
#include "cgroup/groups.h"
#include "util/error.h"

#include <sys/types.h>
#include <systemd/sd-event.h>

struct trigger_runner;

/* One trigger: its numbers and its queue. Belongs to the runner, and stays as long. */
struct trigger;

/* Of all triggers together. */
struct trigger_bounds {
	unsigned running; /* at once */
	unsigned rate;	  /* starts in a second; more have to wait */
	unsigned left; /* programs that have ended and left processes; above that none is started */
};
#define TRIGGER_BOUNDS ((struct trigger_bounds){ .running = 32, .rate = 50, .left = 256 })

/* What a trigger has that says nothing else. */
#define TRIGGER_LIMITS ((struct trigger_limits){ .timeout_ns = UINT64_C(30000000000), .queue = 64 })

/* All is copied but for `group`, which must be there when the program is started. */
struct trigger_request {
	const char *program;	      /* absolute path */
	const char *const *arguments; /* NULL-terminated, after argv[0]; may be NULL */
	/* "NAME=value", NULL-terminated; of two of one name the first counts. PATH, HOME, USER,
	 * LOGNAME and SHELL are added where they are not there. */
	const char *const *environment;
	uid_t uid;
	gid_t gid;
	const gid_t *groups; /* supplementary ones; none of the daemon's are handed on */
	size_t group_count;
	const char *user, *home, *shell; /* shell may be NULL */
	const char *folder;		 /* working folder; NULL: "/" */
	const char *group;		 /* name of the group that it runs in; NULL: none */
	const void *input;		 /* what it reads from standard input; NULL: /dev/null */
	size_t input_size;
};

/* Of one trigger, or of all together. */
struct trigger_counters {
	uint64_t started, succeeded, failed, timed_out, could_not_start;
	uint64_t dropped;					  /* the sum of these: */
	uint64_t dropped_rate, dropped_concurrency, dropped_busy; /* busy: the bounds of all */
	uint64_t left; /* left processes that had to be ended when their time was up */
	uint64_t running, waiting;
};

enum { TRIGGER_OUTPUT_KEPT = 64 * 1024 };

/* How a program has ended. */
struct trigger_outcome {
	const char *name; /* of the trigger */
	pid_t pid;	  /* 0: there was no process */
	int status;	  /* as of wait(2) */
	bool timed_out;
	const char *failure;   /* why it could not be started, a sentence; or NULL */
	uint64_t duration_ns;  /* from the request that started it */
	const char *output;    /* what it printed, its beginning, NUL-terminated; may hold NULs */
	size_t output_size;    /* of that */
	uint64_t output_total; /* of all that it printed */
};

/* Told once for each request that was taken. */
typedef void (*trigger_ended_fn)(const struct trigger_outcome *outcome, void *userdata);

/* `groups` (may be NULL: programs run in no group) is borrowed; `bounds` NULL: TRIGGER_BOUNDS. */
int trigger_runner_new(sd_event *event, struct groups *groups, const struct trigger_bounds *bounds,
		       trigger_ended_fn ended, void *userdata, struct trigger_runner **ret_runner);
/* Kills what still runs, and what was left behind. */
void trigger_runner_free(struct trigger_runner *runner);
DEFINE_CLEANUP(struct trigger_runner *, trigger_runner_free);

/* The trigger of that name, with these limits from now on. NULL: no memory. */
struct trigger *trigger_get(struct trigger_runner *runner, const char *name,
			    const struct trigger_limits *limits);

/* Whether one more would be started or may wait: true; else it is dropped, and was counted. To be
 * asked before a request is made up. */
bool trigger_admit(struct trigger *trigger);

/*
 * Starts the program, or lets it wait its turn. 0 it was started, or could not be, which the
 * outcome tells; 1 it waits; -EAGAIN dropped, as of trigger_admit(); -ENOMEM.
 */
int trigger_run(struct trigger *trigger, const struct trigger_request *request);

/*
 * True if that process was started by a trigger, however far down: so that none sets itself off.
 * `sid` is its POSIX session, `cgroup` the text of /proc/PID/cgroup ("" if it is not known).
 */
bool trigger_is_own(const struct trigger_runner *runner, pid_t sid, const char *cgroup);

const char *trigger_name(const struct trigger *trigger);
const struct trigger_counters *trigger_counters(const struct trigger *trigger);
/* All, in the order of their first mention; NULL behind the last. */
const struct trigger *trigger_at(const struct trigger_runner *runner, size_t index);
/* The sums. */
const struct trigger_counters *trigger_runner_counters(const struct trigger_runner *runner);
