/* SPDX-License-Identifier: MIT */
/* A terminal of its own for a program, between it and this process's standard input and output. */
#pragma once

#include "util/error.h"

#include <poll.h>
#include <termios.h>

struct pty {
	int master, slave;    /* -1: none */
	bool raw;	      /* our terminal was changed: */
	struct termios saved; /* as it was */
	bool input_ended, output_ended;
	bool suspend; /* ^Z was typed, and is one to the program's, too; for who reads it to clear
		       */
	size_t waiting_size, waiting_at; /* from standard input, not yet taken by the program */
	char waiting[4096];
};

/* Opens one as large as ours, with ours set to hand everything on. 0 or -errno. */
int pty_open(struct pty *pty, struct error *err);
/* Our terminal is as it was. */
void pty_close(struct pty *pty);
/* Ours as it was, while somebody else has it; and for us again. */
void pty_leave(const struct pty *pty);
void pty_enter(const struct pty *pty);
/* The program has its end now. */
void pty_started(struct pty *pty);
/* Ours has another size: so has the program's. */
void pty_resize(const struct pty *pty);

/* What to wait for: two entries of poll(2), and what to do afterwards. */
void pty_poll(const struct pty *pty, struct pollfd waits[static 2]);
void pty_relay(struct pty *pty, const struct pollfd waits[static 2]);
/* What the program wrote last, when it has ended. */
void pty_drain(const struct pty *pty);
