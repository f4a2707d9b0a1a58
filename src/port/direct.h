/* SPDX-License-Identifier: MIT */
/*
 * The short way between the first process of a tree and those further down: every frame upwards is
 * one packet of a queue that the first process reads, and a process that is called often gets a
 * line of its own for what comes down. Without them frames pass every process in between.
 */
#pragma once

#include "port/port.h"

/* The first process opens the queue; failure means that the long way is taken. */
void direct_open(struct port *port);
/* In a forked child, which `knows` has the number in the first process's namespace that it has in
 * its own. */
void direct_become_child(struct port *port, bool knows);
/* Whether `fd` is one of these descriptors; direct_forget(): the controller closes it. */
bool direct_owns(const struct port *port, int fd);
void direct_forget(struct port *port, int fd);
int direct_greatest_fd(const struct port *port);
/* All are closed. */
void direct_close(struct port *port);

/* ---- below ---- */

/* Whether frames go up by the queue. */
static inline bool direct_up(const struct port *port)
{
	return port->up >= 0 && (port->depth > 1 || (port->depth == 1 && port->has_forked));
}

/* One whole frame. False: it cannot go this way (any more), and nothing of it went. */
bool direct_send(struct port *port, const struct iovec *parts, size_t count);
/* A line was asked for by way of stdin, behind all that had been sent there. */
void direct_open_line(struct port *port);
/* The next packet of the line, a frame in port->packet: its size. 0: there is none now. */
size_t direct_receive(struct port *port);

/* ---- the first process ---- */

/*
 * The places in a packet's heads. Returns how many there are; 0 for a packet that its sender (0:
 * not known) has no right to, or that is not one frame. *ret_inner: the frame that they stand
 * around.
 */
size_t direct_places(const uint8_t *packet, size_t size, pid_t sender,
		     pid_t places[static FRAME_DEPTH_MAX], const uint8_t **ret_inner);

/* Passes on what is in the queue. */
void direct_relay(struct port *port);
