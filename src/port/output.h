/* SPDX-License-Identifier: MIT */
/*
 * Frames on stdout. Writing waits for the reader: that is what keeps a process that is not read
 * from filling memory. When there is no reader any more the port is told that it has ended.
 */
#pragma once

#include "port/port.h"

/* Writes all of it; the array is used up. */
void output_write(struct port *port, struct iovec *parts, size_t count);

/* One frame, in at most three parts, by the shortest way that there is. */
void output_frame(struct port *port, struct iovec *parts, size_t count);
/* Much is to come. */
void output_grow(struct port *port);

/* Moves `size` bytes, which are there, from a pipe to stdout: by splice(2) where that works. */
void output_move(struct port *port, int fd, size_t size);

/* Begins a frame of this process in port->output and returns the writer for its term, which is
 * sent by output_term(). */
struct etf_writer *output_begin(struct port *port);
/* Sends it. Where it is too long, {error, emsgsize} or, with the option uncut, {more, Size}. */
void output_term(struct port *port, enum frame_type type);

/* PROXY(pid){type: the term}: what is told about a child as if the child said it. */
void output_about(struct port *port, pid_t pid, enum frame_type type);
void output_about_atom(struct port *port, pid_t pid, enum frame_type type, const char *atom);
