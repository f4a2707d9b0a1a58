/* SPDX-License-Identifier: MIT */
/* The processes that a `reeve port` has heard of, by their places. */
#pragma once

#include "reeve/port.h"
#include "util/text.h"

enum port_process_state {
	PORT_CONTROL, /* makes calls */
	PORT_PROGRAM, /* has executed one */
	PORT_ENDED,
};

struct port_process {
	pid_t *pids; /* owned: `depth` of them */
	size_t depth;
	enum port_process_state state;
	bool failed;		    /* its end was no exit with 0 */
	struct text output, errors; /* of the line that is not whole yet */
};

struct port_tree {
	struct port_process **processes; /* owned; in the order in which they were heard of */
	size_t count;
};

/* Begins with the first process. 0 or -ENOMEM. */
int port_tree_init(struct port_tree *tree);
void port_tree_done(struct port_tree *tree);
/* The process at a place; one that was not heard of is added. NULL: no memory. */
struct port_process *port_tree_at(struct port_tree *tree, struct reeve_place place);
/* `pid` is a child of what is at `parent`. 0 or -ENOMEM. */
int port_tree_add(struct port_tree *tree, struct reeve_place parent, pid_t pid);
/* It has ended, and so have those below it. */
void port_tree_end(struct port_tree *tree, struct port_process *process, bool failed);
bool port_tree_has_programs(const struct port_tree *tree);

/* "/" for the first, "123/456", or "456" where that number is known; the latest of that number.
 * NULL: nobody is there. */
struct port_process *port_tree_find(const struct port_tree *tree, const char *text);
/* "123/456", "/" for the first. */
void port_tree_name(const struct port_process *process, struct text *text);

static inline struct reeve_place port_process_place(const struct port_process *process)
{
	return (struct reeve_place){ process->depth, process->pids };
}
