/* SPDX-License-Identifier: MIT */
/*
 * The life of one service as a state machine without system calls: what happens goes in by the
 * functions below, what is to be done comes out by `struct machine_ops`. Times are in ns of one
 * monotonic clock.
 */
#pragma once

#include "service/restart.h"

enum machine_state {
	MACHINE_STOPPED,
	MACHINE_WAITING, /* for those that it is to be started after */
	MACHINE_PRE_START,
	MACHINE_STARTING, /* its process is there, and not ready */
	MACHINE_RUNNING,
	MACHINE_STOPPING,  /* it was asked to stop */
	MACHINE_KILLING,   /* all of its group is killed; the process has ended or will */
	MACHINE_POST_STOP, /* it has ended, and nobody of it is left */
	MACHINE_BACKOFF,   /* it is started again after a delay */
	MACHINE_FAILED,	   /* it is not started again by itself */
	MACHINE_STATES
};
extern const char *const machine_state_names[MACHINE_STATES];

enum { MACHINE_ENDS = 10 };

/* Each may be called from within any function of the machine, and calls none of them. */
struct machine_ops {
	/* Whether those are ready that it waits for; false: machine_wake() is called later. */
	bool (*may_start)(void *userdata);
	/* Makes the group and starts the process. 0, or -errno, having told it. */
	int (*launch)(void *userdata);
	/* Runs pre_start or post_stop. 1: machine_helped() is called later; 0: there is none;
	 * -errno: it could not be started, having told it. */
	int (*help)(void *userdata, bool post);
	void (*signal)(void *userdata, int number);
	/* SIGKILL to the group, and to a helper. 1: nobody is left; 0: machine_gone() is called. */
	int (*kill)(void *userdata);
	/* machine_tick() is to be called then; 0: not any more. */
	void (*timer)(void *userdata, uint64_t at);
	/* What the run has used is put into `end`, before its group is empty. */
	void (*ended)(void *userdata, struct service_end *end);
	void (*changed)(void *userdata, enum machine_state before);
	uint64_t (*now)(void *userdata);
	uint32_t (*random)(void *userdata);
};

struct machine {
	const struct service_manifest *manifest; /* borrowed; may be replaced at any time */
	const struct machine_ops *ops;
	void *userdata;
	enum machine_state state;
	bool wanted;	       /* it is to run */
	bool again;	       /* it is to be started as soon as it has stopped: restart */
	bool alive;	       /* its process has not ended */
	bool ready;	       /* in this run */
	enum end_reason cause; /* why we end it; END_EXIT: we do not */
	struct service_end end;
	bool has_end;	   /* `end` is of this run */
	uint64_t since;	   /* of this state */
	uint64_t launched; /* of this run */
	uint64_t deadline; /* what the timer was set to */
	struct restart_row row;
	uint64_t restarts; /* by itself */
	uint64_t starts;
	struct service_end ends[MACHINE_ENDS]; /* a ring */
	size_t end_count;		       /* of all time */
	bool gave_up;
};

void machine_init(struct machine *machine, const struct service_manifest *manifest,
		  const struct machine_ops *ops, void *userdata);

/* What is asked of it. None fails: what cannot be done now is done when it can be. */
void machine_start(struct machine *machine);
void machine_stop(struct machine *machine);
void machine_restart(struct machine *machine);
/* One that runs is to be ended, and its policy asked what then: END_WATCHDOG and so on. */
void machine_fail(struct machine *machine, enum end_reason reason);

/* What happens. */
void machine_wake(struct machine *machine);  /* those that it waits for may be ready now */
void machine_ready(struct machine *machine); /* it has said so, or its check has */
/* Its process has ended: with reason END_EXIT, END_SIGNAL, END_OOM or END_UNKNOWN. */
void machine_ended(struct machine *machine, const struct service_end *end);
void machine_helped(struct machine *machine, bool good);
void machine_gone(struct machine *machine); /* nobody is in the group any more */
void machine_tick(struct machine *machine);

/* One that was found running, after the daemon has been started anew. */
void machine_adopt(struct machine *machine, enum machine_state state, uint64_t launched,
		   bool wanted);

/* One that was to be started again then; false: that time has come already. */
bool machine_rest(struct machine *machine, uint64_t deadline);

static inline bool machine_is_up(const struct machine *machine)
{
	return machine->state == MACHINE_RUNNING;
}
/* Whether a process of it may be there. */
bool machine_is_active(const struct machine *machine);
/* The end number `back` from the last (0), or NULL. */
const struct service_end *machine_end_at(const struct machine *machine, size_t back);
