/* SPDX-License-Identifier: MIT */
/* What a spool has to know besides its segments: a small file that is written in place, so that it
 * needs no room on a full disk. Private to the spool. */
#pragma once

#include "util/macros.h"

enum { SPOOL_STATE = 64 };

struct spool_state {
	uint64_t next;	/* the number that the next event will have; before it is written */
	uint64_t acked; /* all below has arrived */
	bool losing;	/* events are being lost: from this one on, since then, and why */
	uint64_t lost_first, lost_from;
	int lost_errno; /* positive; 0: the spool is full */
};

void spool_state_write(const struct spool_state *state,
		       unsigned char ret_bytes[static SPOOL_STATE]);
/* -ENODATA: there is nothing; -ENOTSUP: of a newer version; -EBADMSG: it is damaged. */
int spool_state_read(const unsigned char *bytes, size_t size, struct spool_state *ret_state);
