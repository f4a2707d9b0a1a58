// SPDX-License-Identifier: MIT
/*
 * Little-endian: 0 "REEVESTA", 8 version, 12 whether events are being lost, 16 next, 24 acked,
 * 32 lost_first, 40 lost_from, 48 lost_errno, 52 zero, 60 CRC-32 of what is before. It lies within
 * one page, so that a daemon that is killed leaves the old or the new one.
 */
#include "export/spool-state.h"

#include <endian.h>
#include <zlib.h>

enum { VERSION = 1 };

static const char magic[8] = { 'R', 'E', 'E', 'V', 'E', 'S', 'T', 'A' };

static void put(unsigned char *to, size_t size, uint64_t value)
{
	value = htole64(value);
	memcpy(to, &value, size);
}

static uint64_t get(const unsigned char *from, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, from, size);
	return le64toh(value);
}

void spool_state_write(const struct spool_state *state, unsigned char bytes[static SPOOL_STATE])
{
	memset(bytes, 0, SPOOL_STATE);
	memcpy(bytes, magic, sizeof(magic));
	put(bytes + 8, 4, VERSION);
	put(bytes + 12, 4, state->losing);
	put(bytes + 16, 8, state->next);
	put(bytes + 24, 8, state->acked);
	put(bytes + 32, 8, state->lost_first);
	put(bytes + 40, 8, state->lost_from);
	put(bytes + 48, 4, (uint64_t)state->lost_errno);
	put(bytes + 60, 4, crc32(0, bytes, 60));
}

int spool_state_read(const unsigned char *bytes, size_t size, struct spool_state *state)
{
	if (size == 0)
		return -ENODATA;
	if (size < SPOOL_STATE || memcmp(bytes, magic, sizeof(magic)) != 0 ||
	    get(bytes + 60, 4) != crc32(0, bytes, 60))
		return -EBADMSG;
	if (get(bytes + 8, 4) != VERSION)
		return -ENOTSUP;
	*state = (struct spool_state){
		.next = get(bytes + 16, 8),
		.acked = get(bytes + 24, 8),
		.losing = get(bytes + 12, 4) != 0,
		.lost_first = get(bytes + 32, 8),
		.lost_from = get(bytes + 40, 8),
		.lost_errno = (int)(get(bytes + 48, 4) & 0xfff),
	};
	return state->acked > state->next ? -EBADMSG : 0;
}
