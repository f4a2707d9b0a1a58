// SPDX-License-Identifier: MIT
/*
 * Packing by hand, byte by byte: the file is the same on every machine. The checksum is zlib's
 * CRC-32, which finds every change of up to 32 bits in a row.
 */
#include "model/record-block.h"

#include <zlib.h>

static const char magic[8] = "reeverec";
static const uint8_t marker[4] = { 0xf5, 'r', 'v', '\n' }; /* 0xf5 is in no UTF-8 text */

enum {
	AT_MARKER = 0,
	AT_KIND = 4,
	AT_SIZE = 8,
	AT_COUNT = 12,
	AT_FIRST = 16,
	AT_PAYLOAD_SUM = 24,
	AT_HEADER_SUM = 28,
};

static void put(uint8_t *at, unsigned size, uint64_t number)
{
	for (unsigned i = 0; i < size; i++)
		at[i] = (uint8_t)(number >> 8 * i);
}

static uint64_t get(const uint8_t *at, unsigned size)
{
	uint64_t number = 0;

	for (unsigned i = 0; i < size; i++)
		number |= (uint64_t)at[i] << 8 * i;
	return number;
}

void record_magic_pack(uint8_t ret_bytes[static RECORD_MAGIC])
{
	memset(ret_bytes, 0, RECORD_MAGIC);
	memcpy(ret_bytes, magic, sizeof(magic));
	put(ret_bytes + 8, 2, RECORD_MAJOR);
	put(ret_bytes + 10, 2, RECORD_MINOR);
}

int record_magic_check(const uint8_t bytes[static RECORD_MAGIC], unsigned *ret_major)
{
	if (memcmp(bytes, magic, sizeof(magic)) != 0)
		return -EINVAL;
	*ret_major = (unsigned)get(bytes + 8, 2);
	return *ret_major == RECORD_MAJOR ? 0 : -EPROTONOSUPPORT;
}

void record_block_pack(struct record_block *block, const void *payload,
		       uint8_t ret_bytes[static RECORD_HEADER])
{
	block->checksum = (uint32_t)crc32(crc32(0, NULL, 0), payload, block->size);
	memset(ret_bytes, 0, RECORD_HEADER);
	memcpy(ret_bytes + AT_MARKER, marker, sizeof(marker));
	put(ret_bytes + AT_KIND, 4, block->kind);
	put(ret_bytes + AT_SIZE, 4, block->size);
	put(ret_bytes + AT_COUNT, 4, block->count);
	put(ret_bytes + AT_FIRST, 8, block->first);
	put(ret_bytes + AT_PAYLOAD_SUM, 4, block->checksum);
	put(ret_bytes + AT_HEADER_SUM, 4, crc32(crc32(0, NULL, 0), ret_bytes, AT_HEADER_SUM));
}

int record_block_unpack(const uint8_t bytes[static RECORD_HEADER], struct record_block *ret_block)
{
	struct record_block block = {
		.kind = (enum record_kind)get(bytes + AT_KIND, 4),
		.size = (uint32_t)get(bytes + AT_SIZE, 4),
		.count = (uint32_t)get(bytes + AT_COUNT, 4),
		.first = get(bytes + AT_FIRST, 8),
		.checksum = (uint32_t)get(bytes + AT_PAYLOAD_SUM, 4),
	};

	if (memcmp(bytes + AT_MARKER, marker, sizeof(marker)) != 0 ||
	    get(bytes + AT_HEADER_SUM, 4) != crc32(crc32(0, NULL, 0), bytes, AT_HEADER_SUM) ||
	    block.size > RECORD_PAYLOAD_MAX)
		return -EINVAL;
	*ret_block = block;
	return 0;
}

bool record_block_is_whole(const struct record_block *block, const void *payload)
{
	return crc32(crc32(0, NULL, 0), payload, block->size) == block->checksum;
}
