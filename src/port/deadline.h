/* SPDX-License-Identifier: MIT */
/* Signals to children at a time: first the one that was asked for, later SIGKILL. */
#pragma once

#include "port/port.h"

/* `signal` to the child after `after` milliseconds, and SIGKILL `grace` ms later if it still runs.
 * 0 takes back what was set for it. 0 or -errno. */
int deadline_set(struct port *port, pid_t pid, uint32_t after, int signal, uint32_t grace);

/* Milliseconds for poll(2): until the next one, or -1. */
int deadline_wait(const struct port *port);
void deadlines_run(struct port *port);

/* CLOCK_MONOTONIC. */
uint64_t deadline_now_ms(void);
