/* SPDX-License-Identifier: MIT */
/* How a control process gets the descriptors that it begins with. */
#pragma once

#include "port/port.h"

struct start {
	const char *fifo; /* to be made, held open and named to nobody else; NULL with `again` */
	bool again;	  /* option -d: the descriptors were left open by what executed us */
};

/* 0, or -errno after a sentence on stderr. */
int start_descriptors(struct port *port, const struct start *start);

/* The same where FD_CONTROL is a socket already, to what speaks another protocol. 0 or -errno. */
int start_below_front(struct port *port);

/* Catches the signals, bounds the stack, and writes the first message. */
void start_begin(struct port *port, bool again);
