/* SPDX-License-Identifier: MIT */
/*
 * What children say: frames of control processes go up as PROXY, output of programs as STDOUT and
 * STDERR. Nothing here waits for a child.
 */
#pragma once

#include "port/port.h"

/* Something, or the end, can be read of the child's stdout. */
void relay_stdout(struct port *port, struct child *child);
void relay_stderr(struct port *port, struct child *child);

/* All that is in the pipes now, whatever the flow control says. To be called when the child has
 * ended. A pipe at its end is closed; one that others hold open stays. */
void relay_drain(struct port *port, struct child *child);

/* The frames that are in the pipe now: before it is told that the control socket was closed. */
void relay_drain_frames(struct port *port, struct child *child);

/* The child executed a program, or failed to: what was read behind the announcement is passed on.
 */
void relay_resume(struct port *port, struct child *child);

/* True while output of this child may be read: flow control, and announcements, forbid it. */
bool relay_wanted(const struct child *child);

/* Something to read, or the end, without waiting; false for no descriptor. */
bool relay_readable(int fd);
