/* SPDX-License-Identifier: MIT */
/*
 * Messages downwards, in the first process: those for a process that is called often go by a line
 * of its own, all others by way of the processes between.
 */
#pragma once

#include "port/port.h"

/* A STDIN message for a child of ours, or for somebody below it. */
void lines_route(struct port *port, const uint8_t *message, size_t size);

/* A process answers that it can be reached by `fd`, which is taken. */
void lines_opened(struct port *port, const pid_t *places, size_t count, int fd);
/* It executes a program, or ends: no more than bytes may be sent there. */
void lines_off(struct port *port, const pid_t *places, size_t count);
/* Whether a process above the last place does so. */
bool lines_closed_above(const struct port *port, const pid_t *places, size_t count);
/* It has ended, and so have those below it. */
void lines_drop(struct port *port, const pid_t *places, size_t count);

bool lines_own(const struct port *port, int fd);
void lines_forget_fd(struct port *port, int fd);
int lines_greatest_fd(const struct port *port);
void lines_done(struct port *port);
