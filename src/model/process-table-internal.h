/* SPDX-License-Identifier: MIT */
/* What process-table.c (who is there) and process-entry.c (what is known of one) share. */
#pragma once

#include "model/intern.h"
#include "model/lineage.h"
#include "model/process-table.h"

enum { COMM_MAX = 15 };

#define TICK UINT64_C(10000000) /* ns: the unit of process_id.start */

struct entry {
	struct process process;
	struct entry *next;
	struct lineage *line;
	struct interned *exe, *groups;
	uint32_t generation; /* of the repair that has seen it last */
	char comm[COMM_MAX + 1];
};

/* What processes share. */
struct process_pools {
	struct intern texts;
	struct intern groups; /* v2 path and v1 list, with the container that they mean */
};

void process_pools_init(struct process_pools *pools);
void process_pools_done(struct process_pools *pools);

/* A new child has what its parent has, but for names of namespaces, which may be new ones. */
void process_entry_inherit(struct entry *child, const struct entry *parent);

/*
 * Takes in what the event knows. 1: something that was known is now otherwise; 0: it is not;
 * -ENOMEM: nothing was taken in.
 */
int process_entry_take(struct process_pools *pools, struct entry *entry, const struct event *event);

/* Fills in what the event does not know. */
void process_entry_fill(const struct entry *entry, struct event *event);
