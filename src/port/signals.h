/* SPDX-License-Identifier: MIT */
/*
 * Signals as events: a handler writes each one's siginfo_t into a pipe that the loop reads. When
 * the pipe is nearly full the handler blocks all signals, so that the kernel queues them, until
 * the loop has made room: none is lost.
 */
#pragma once

#include "port/port.h"

#include <signal.h>

enum { SIGNALS_AT_ONCE = 16 };

/* The pipe at FD_SIGNALS and FD_SIGNALS_WRITE, close-on-exec. 0 or -errno. */
int signals_open_pipe(void);
/* Takes over what is open there already (option -d). 0 or -errno. */
int signals_adopt_pipe(void);
/* Forgets what the parent had pending. */
void signals_forget(void);

/* Catches one signal, or every one that can be caught. 0 or -errno. */
int signals_catch(int number);
void signals_catch_all(void);
bool signals_catches(const struct sigaction *action);

/* Reads what came, at most `count`, without waiting. Returns how many. */
size_t signals_read(siginfo_t *ret_infos, size_t count);
/* Signals whose siginfo_t could not be written, since the start. */
uint64_t signals_lost(void);

void signals_block(sigset_t *ret_was);
void signals_restore(const sigset_t *was);
