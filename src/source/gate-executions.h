/* SPDX-License-Identifier: MIT */
/*
 * Executions that the gate has let go and whose outcome is not known yet: the files that each has
 * opened, joined, until it is known whether it has succeeded.
 */
#pragma once

#include "source/gate-record.h"

#define GATE_LOOK_NS                                                                 \
	UINT64_C(4000000) /* after so long it is asked what became of one, and again \
			   */

struct gate_execution {
	struct gate_execution *next;
	/* What was asked for, the last script, what runs: may be the same. */
	struct gate_record *first, *through, *program;
	uint64_t ticket;
	unsigned tries;
	bool guessed; /* that `program` runs `first`, by binfmt_misc */
};

/* `sure`: the type is certain. */
typedef void (*gate_execution_fn)(const struct gate_execution *execution, enum event_type type,
				  bool sure, void *userdata);

struct gate_executions {
	const struct host *host;
	struct confirm *confirm;
	gate_execution_fn tell;
	void *userdata;
	struct gate_execution *oldest, **youngest;
	unsigned pending;
	uint64_t dropped; /* for want of memory */
};

void gate_executions_init(struct gate_executions *executions, const struct host *host,
			  struct confirm *confirm, gate_execution_fn tell, void *userdata);
/* Tells what is left, of which nothing is certain. */
void gate_executions_done(struct gate_executions *executions);

/* Takes a record in, in the order of time. */
void gate_executions_take(struct gate_executions *executions, const struct gate_record *record);
/* Tells those whose outcome is known by now. */
void gate_executions_look(struct gate_executions *executions, uint64_t now_boottime);
