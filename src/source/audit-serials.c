// SPDX-License-Identifier: MIT
/*
 * A window of bits from `base` on; what falls out of it unseen is lost. The numbers are 32 bits
 * wide and wrap, so they are compared by their distance.
 */
#include "source/audit-serials.h"

static bool is_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static uint64_t *word_of(struct audit_serials *serials, uint32_t serial, uint64_t *ret_bit)
{
	*ret_bit = UINT64_C(1) << serial % 64;
	return &serials->seen[serial % AUDIT_SERIALS_WINDOW / 64];
}

/* Moves the window's beginning to `base`. */
static void advance(struct audit_serials *serials, uint32_t base)
{
	uint32_t distance = base - serials->base;
	uint32_t steps = MIN(distance, (uint32_t)AUDIT_SERIALS_WINDOW);
	uint64_t bit;

	for (uint32_t i = 0; i < steps; i++) {
		uint64_t *word = word_of(serials, serials->base + i, &bit);

		serials->missing += !(*word & bit);
		*word &= ~bit;
	}
	serials->missing += distance - steps;
	serials->base = base;
}

void audit_serials_begin(struct audit_serials *serials)
{
	memset(serials, 0, sizeof(*serials));
}

void audit_serials_see(struct audit_serials *serials, uint32_t serial)
{
	uint64_t bit, *word;

	if (serials->begun && serial == serials->last)
		return;
	if (!serials->begun) {
		serials->begun = true;
		serials->base = serials->highest = serial;
	}
	serials->last = serial;
	if (is_before(serial, serials->base))
		return; /* given up before it came */
	if (serial - serials->base >= AUDIT_SERIALS_WINDOW)
		advance(serials, serial - AUDIT_SERIALS_WINDOW + 1);
	word = word_of(serials, serial, &bit);
	*word |= bit;
	if (is_before(serials->highest, serial))
		serials->highest = serial;
}

uint64_t audit_serials_settle(struct audit_serials *serials, uint32_t serial)
{
	uint64_t missing;

	if (serials->begun && !is_before(serial, serials->base) &&
	    !is_before(serials->highest, serial))
		advance(serials, serial + 1);
	missing = serials->missing;
	serials->missing = 0;
	return missing;
}
