/* SPDX-License-Identifier: MIT */
/*
 * Which serial numbers have been seen. The kernel numbers its events without holes (audit_serial()
 * in kernel/audit.c) and hands every record to the multicast group, so a number that never comes is
 * an event that was lost on the way to us: how many, exactly.
 *
 * Processors write their records at the same time, so numbers come a little out of order: a hole
 * counts only when its owner says that it is old enough.
 */
#pragma once

#include "util/macros.h"

enum { AUDIT_SERIALS_WINDOW = 1 << 14 };

struct audit_serials {
	bool begun;
	uint32_t base;	  /* everything before it is settled */
	uint32_t highest; /* seen */
	uint32_t last;	  /* seen: most records come eight in a row */
	uint64_t missing; /* settled as lost, and not taken yet */
	uint64_t seen[AUDIT_SERIALS_WINDOW / 64];
};

void audit_serials_begin(struct audit_serials *serials);

/* A record with that number has come. */
void audit_serials_see(struct audit_serials *serials, uint32_t serial);

/*
 * Whatever has not come up to `serial` will not come. Returns how many are lost that no call has
 * returned before; each is returned once.
 */
uint64_t audit_serials_settle(struct audit_serials *serials, uint32_t serial);
