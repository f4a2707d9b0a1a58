/* SPDX-License-Identifier: MIT */
/*
 * One program of a trigger, from the copy of its request to the end of all that it has started.
 * Only action/trigger.c uses it.
 */
#pragma once

#include "action/trigger-child.h"
#include "action/trigger.h"
#include "cgroup/cell.h"
#include "util/text.h"

struct trigger_run {
	struct trigger_run *next; /* the owner's */
	void *owner;
	const struct trigger_place *place;

	char *memory; /* strings of the request, one behind another */
	char **pointers;
	char *group;
	gid_t *groups;
	void *input;
	size_t input_size;
	uint64_t timeout_ns;

	struct trigger_child child;
	struct cell *cell;
	pid_t pid; /* 0: not started; stays after its end */
	bool is_over, timed_out;
	uint64_t started_ns;
	unsigned killed; /* signals that it got for being late */
	int output_fd;
	sd_event_source *exit, *output, *timer, *pause, *shield;
	uint64_t shield_usec;
	struct text kept;
	uint64_t output_total, output_since; /* since it was last paused */
	char failure[256];
};

/* The program has ended: `status` as of wait(2). Not told for what could not be started. The run
 * may be freed in it. */
typedef void (*trigger_over_fn)(struct trigger_run *run, int status);

struct trigger_place {
	sd_event *event;
	struct groups *groups; /* may be NULL */
	int null_fd;	       /* /dev/null */
	bool shielded;	       /* the daemon's oom_score_adj is not 0 */
	trigger_over_fn over;
};

/* -ENOMEM. */
int trigger_run_new(const struct trigger_request *request, uint64_t timeout_ns,
		    struct trigger_run **ret_run);
/* Kills what is left of it, without waiting but for its own process. */
void trigger_run_free(struct trigger_run *run);
DEFINE_CLEANUP(struct trigger_run *, trigger_run_free);

/* 0, or -errno with run->failure: there is no process then. `place` must outlive the run. */
int trigger_run_start(struct trigger_run *run, const struct trigger_place *place);

/* True once nobody is left of it. To be asked after its end, and from time to time. */
bool trigger_run_is_gone(struct trigger_run *run);

/* SIGKILL to all of it, and its own process is reaped. */
void trigger_run_kill(struct trigger_run *run);
