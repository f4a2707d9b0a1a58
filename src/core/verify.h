/* SPDX-License-Identifier: MIT */
/*
 * A failed execve moves nobody for good: some milliseconds after the gate has moved a process, this
 * asks whether the execve has succeeded. If not, and the process is out of execve, the execution
 * failed and the process is put back where it was.
 */
#pragma once

#include "core/decision.h"
#include "core/snapshot.h"
#include "source/confirm.h"

enum verify_outcome {
	VERIFY_DONE,   /* it runs its new program, or is gone */
	VERIFY_LATER,  /* still in execve, or running: look again */
	VERIFY_AGAIN,  /* the process has begun another execution since: that one's outcome tells */
	VERIFY_FAILED, /* put it back, then confirm_disarm() */
};

/*
 * `ticks` is 0 for a decision's first look and kept for the next ones: a process that is always
 * seen running (never blocked) is taken as out of execve once it has used some processor time.
 */
enum verify_outcome verify_execution(struct confirm *confirm, const struct host *host,
				     const struct decision *decision, uint64_t *ticks);

/* A failed execution, and where it had moved the process (NULL: that is gone). */
struct verify_step {
	const struct decision *decision;
	const struct placement *placement;
};

/*
 * Puts a process back where it was before the first of its failed executions, which are given in
 * the order in which they were. Returns how many of them had moved it, 0 when it is gone, or
 * -errno: it stays.
 */
int verify_put_back(const struct layout *layout, const struct host *host,
		    const struct verify_step *steps, size_t count);
