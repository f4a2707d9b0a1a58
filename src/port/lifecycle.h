/* SPDX-License-Identifier: MIT */
/* What becomes of a child: it executes a program, is written to, ends. */
#pragma once

#include "port/port.h"

#include <sys/resource.h>

/* What is said over the control socket, a byte each. Towards the child: its signaloneof. */
enum { CONTROL_EXEC_FAILED = 'F' };

/* The control socket can be read, or is at its end. */
void child_on_control(struct port *port, struct child *child);

/* waitpid(2) told it. Everything the child said goes up first, then that it ended. `usage` may be
 * NULL. A process that is no child of ours is passed over. `told`: by an event, as the options
 * say; else the caller tells it. */
void child_ended(struct port *port, pid_t pid, int status, const struct rusage *usage, bool told);

/* Reaps all that have ended. */
void children_reap(struct port *port);

/* Bytes for the child's stdin; pid may be of nobody. */
void child_send(struct port *port, pid_t pid, const uint8_t *data, size_t size);
/* What waits for its stdin, now that there is room. */
void child_flush(struct port *port, struct child *child);

/* Tells a control process what its parent will do to it at the end of input. */
void child_tell_signaloneof(struct child *child);
