/* SPDX-License-Identifier: MIT */
/*
 * Runs the programs of triggers: as another user, without privileges, descriptors, environment or
 * terminal of ours, in a session of their own, for a limited time and in limited numbers.
 */
#pragma once

#include "util/error.h"

#include <sys/types.h>
#include <systemd/sd-event.h>

struct trigger_runner;

struct trigger_limits {
	size_t running;	     /* at once; default 32 */
	size_t waiting;	     /* more than these are dropped and counted; default 256 */
	uint64_t timeout_ns; /* then SIGKILL for its whole process group; default 30 s */
	unsigned per_second; /* starts, all triggers together; default 50 (more have to wait) */
};

struct trigger_request {
	const char *name;	      /* of the trigger, for messages */
	const char *program;	      /* absolute path */
	const char *const *arguments; /* NULL-terminated, after argv[0]; may be NULL */
	uid_t uid;
	gid_t gid;
	const char *user, *home;
	const char *const *environment; /* "FETTER_PID=12", NULL-terminated */
};

struct trigger_counters {
	uint64_t started, succeeded, failed, timed_out, dropped, could_not_start;
	size_t running, waiting;
};

/*
 * Told once for each request that ended: exit status as of wait(2), and the first bytes it printed.
 * A program that could not be executed ends with 127, and the output says why.
 */
typedef void (*trigger_ended_fn)(const char *name, pid_t pid, int status, bool timed_out,
				 const char *output, void *userdata);

int trigger_runner_new(sd_event *event, const struct trigger_limits *limits, trigger_ended_fn ended,
		       void *userdata, struct trigger_runner **ret_runner);
/* Kills what still runs. */
void trigger_runner_free(struct trigger_runner *runner);
DEFINE_CLEANUP(struct trigger_runner *, trigger_runner_free);

/*
 * Starts the program, or lets it wait its turn; everything is copied. 0 started, 1 waiting,
 * -EAGAIN dropped (counted), or the errno of a failed start (no process, no memory).
 */
int trigger_run(struct trigger_runner *runner, const struct trigger_request *request);

/* True if that POSIX session is one of a trigger that is running: so that none sets itself off. */
bool trigger_is_session(const struct trigger_runner *runner, pid_t sid);

const struct trigger_counters *trigger_counters(const struct trigger_runner *runner);
