/* SPDX-License-Identifier: MIT */
/*
 * Carries out what a plan says, in a gate's thread or in the loop, and notes what became of it in
 * the decision and in the rules' counters. What only the loop can do is left to it.
 */
#pragma once

#include "action/target.h"
#include "cgroup/destination.h"
#include "core/decision.h"
#include "core/snapshot.h"

/* Who can do it. */
enum effect_place {
	PLACE_HERE,  /* no allocation, no directory is made */
	PLACE_LOOP,  /* by the loop, while the process waits if it does */
	PLACE_LATER, /* by the loop, and nobody waits for it: triggers and messages */
};
enum effect_place effect_place(const struct policy_effect *effect);

struct effects {
	const struct host *host;
	const struct snapshot *snapshot;
	const pid_t *own; /* reeve's, 0-terminated */
	/* The process. While it waits in the gate its number is its own; afterwards `target.pidfd`
	 * says that it still is. */
	struct target target;
	bool waits;
	struct destination *destination; /* scratch */
	struct membership *was;		 /* where it was; filled in by a move */
	struct decision *decision;
	struct gatekeeper_counters *counters; /* may be NULL */
	enum target_protection protection;    /* asked once: effects_begin() */
};

/* Sets `protection`. */
void effects_begin(struct effects *effects);

/*
 * Whether the step may be carried out at all; if not (dry run, a process that nothing is done to)
 * that is noted.
 */
bool effects_allow(struct effects *effects, const struct plan_step *step);

/* Will the process be refused by the plan? */
bool effects_will_deny(const struct effects *effects, const struct plan *plan);

/* Carries out a step whose place is PLACE_HERE; 0 or -errno, which is noted as well. */
int effects_carry_out(struct effects *effects, const struct plan_step *step);

/* Notes what became of a step that somebody else has carried out. `result`: 0 or -errno. */
void effects_note(struct effects *effects, const struct plan_step *step, int result);

/* Moves the process into a group and keeps where it was in the decision. 0 or -errno. */
int effects_move(struct effects *effects, const struct placement *placement);

/* Moves it to where `destination` says; `found`: what finding that returned. 0 or -errno. */
int effects_place(struct effects *effects, const struct plan_step *step, int found);
