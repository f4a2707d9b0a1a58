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
	VERIFY_DONE,	 /* it runs its new program, is gone, or was never moved */
	VERIFY_LATER,	 /* still in execve, or running: look again */
	VERIFY_PUT_BACK, /* it failed, and the process is back */
	VERIFY_STUCK,	 /* it failed, and the process could not be put back */
};

/* What is remembered of a decision from one call to the next; zero at first. */
struct verify_memory {
	pid_t tid;	/* the thread that was seen running, */
	uint64_t ticks; /* and the processor time that it had used by then */
};

/*
 * A process that is always seen running (never blocked) is taken as out of execve once it has used
 * more processor time than any execve needs: on a busy machine it may just be waiting its turn.
 */
enum verify_outcome verify_execution(struct confirm *confirm, const struct layout *layout,
				     const struct host *host, const struct snapshot *snapshot,
				     const struct decision *decision, struct verify_memory *memory);
