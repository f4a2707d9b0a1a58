// SPDX-License-Identifier: MIT
/*
 * All numbers are little-endian. A record's checksum covers its length and number too, so that a
 * sound one found anywhere in the file is one that was written: behind damage the next of them is
 * looked for byte by byte, and the numbers tell exactly how many are missing before it.
 *
 *   header   0 "REEVESPL"  8 version  12 zero  16 first number  24 created  32 boot id, 16 bytes
 *            48 length of the host's name, 2 bytes  52 its CRC-32  60 CRC-32 of what is before
 *            64 the host's name
 *   record   0 CRC-32 of what follows  4 length of the payload  8 number  16 time
 *            24 numbers that it stands for * 256 + kind  32 payload
 */
#include "export/segment.h"

#include <endian.h>
#include <zlib.h>

enum { WINDOW = SEGMENT_PAYLOAD_MOST + (64 << 10) };

static const char magic[8] = { 'R', 'E', 'E', 'V', 'E', 'S', 'P', 'L' };

const char *const spool_kinds[SPOOL_KINDS] = {
	[SPOOL_EVENT] = "event",
	[SPOOL_DECISION] = "decision",
	[SPOOL_SERVICE] = "service",
	[SPOOL_GAP] = "gap",
};

static void put32(unsigned char *to, uint32_t value)
{
	value = htole32(value);
	memcpy(to, &value, sizeof(value));
}

static void put64(unsigned char *to, uint64_t value)
{
	value = htole64(value);
	memcpy(to, &value, sizeof(value));
}

static uint32_t get32(const unsigned char *from)
{
	uint32_t value;

	memcpy(&value, from, sizeof(value));
	return le32toh(value);
}

static uint64_t get64(const unsigned char *from)
{
	uint64_t value;

	memcpy(&value, from, sizeof(value));
	return le64toh(value);
}

static uint32_t checksum(const void *data, size_t size)
{
	return (uint32_t)crc32(0, data, (uInt)size);
}

/* ---- the header ---- */

static unsigned digit_of(char c)
{
	return c >= '0' && c <= '9' ? (unsigned)(c - '0') : ((unsigned)c | 32) - 'a' + 10;
}

static void boot_to_bytes(const char *boot, unsigned char *to)
{
	size_t digits = 0;

	for (; *boot && digits < 32; boot++) {
		if (*boot == '-')
			continue;
		to[digits / 2] = (unsigned char)(to[digits / 2] << 4 | (digit_of(*boot) & 15));
		digits++;
	}
}

static void boot_of_bytes(const unsigned char *bytes, char *to)
{
	for (size_t i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*to++ = '-';
		snprintf(to, 3, "%02x", bytes[i]);
		to += 2;
	}
}

/* As it is: it stands between quotation marks in what sinks write. */
static bool is_plain(const char *host, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (host[i] <= ' ' || host[i] > '~' || host[i] == '"' || host[i] == '\\')
			return false;
	return true;
}

size_t segment_header_size(const struct segment_header *header)
{
	return SEGMENT_HEADER + strlen(header->host);
}

size_t segment_header_write(const struct segment_header *header,
			    unsigned char bytes[static SEGMENT_HEADER_MOST])
{
	size_t size = strlen(header->host);

	if (!is_plain(header->host, size))
		size = 0;
	memset(bytes, 0, SEGMENT_HEADER);
	memcpy(bytes, magic, sizeof(magic));
	put32(bytes + 8, SEGMENT_VERSION);
	put64(bytes + 16, header->first);
	put64(bytes + 24, header->created);
	boot_to_bytes(header->boot, bytes + 32);
	bytes[48] = (unsigned char)size;
	put32(bytes + 52, checksum(header->host, size));
	put32(bytes + 60, checksum(bytes, 60));
	memcpy(bytes + SEGMENT_HEADER, header->host, size);
	return SEGMENT_HEADER + size;
}

int segment_header_read(const unsigned char *bytes, size_t size, struct segment_header *header)
{
	const char *host = (const char *)bytes + SEGMENT_HEADER;

	if (size < SEGMENT_HEADER)
		return -ENODATA;
	/* The sum stands where it stands in every version. */
	if (memcmp(bytes, magic, sizeof(magic)) != 0 || get32(bytes + 60) != checksum(bytes, 60))
		return -EBADMSG;
	if (get32(bytes + 8) != SEGMENT_VERSION)
		return -ENOTSUP;
	header->first = get64(bytes + 16);
	header->created = get64(bytes + 24);
	boot_of_bytes(bytes + 32, header->boot);
	header->host[0] = '\0';
	/* Before they had a host's name, files had zeros there. */
	if (bytes[48] == 0)
		return 0;
	if (size < SEGMENT_HEADER + (size_t)bytes[48])
		return -ENODATA;
	if (get32(bytes + 52) != checksum(host, bytes[48]) || !is_plain(host, bytes[48]))
		return -EBADMSG;
	memcpy(header->host, host, bytes[48]);
	header->host[bytes[48]] = '\0';
	return 0;
}

/* ---- records ---- */

void segment_record_add(struct text *text, const struct spool_record *record)
{
	size_t size = SEGMENT_RECORD + record->payload.size;
	unsigned char *at;

	if (!text_reserve(text, size))
		return;
	at = (unsigned char *)text->data + text->size;
	put32(at + 4, (uint32_t)record->payload.size);
	put64(at + 8, record->sequence);
	put64(at + 16, record->time);
	put64(at + 24, record->count << 8 | (uint64_t)record->kind);
	if (record->payload.size > 0)
		memcpy(at + SEGMENT_RECORD, record->payload.data, record->payload.size);
	put32(at, checksum(at + 4, size - 4));
	text->size += size;
	text->data[text->size] = '\0';
}

/* A sound record in the first `size` bytes: its whole length; 0: there is none. */
static size_t record_at(const unsigned char *at, size_t size, struct spool_record *record)
{
	uint64_t last;
	size_t payload;

	if (size < SEGMENT_RECORD)
		return 0;
	payload = get32(at + 4);
	if (payload > SEGMENT_PAYLOAD_MOST || payload > size - SEGMENT_RECORD)
		return 0;
	if (get32(at) != checksum(at + 4, SEGMENT_RECORD - 4 + payload))
		return 0;
	*record = (struct spool_record){
		.sequence = get64(at + 8),
		.time = get64(at + 16),
		.count = get64(at + 24) >> 8,
		.kind = (enum spool_kind)at[24],
		.payload = { (const char *)at + SEGMENT_RECORD, payload },
	};
	if (record->count == 0 || record->kind >= SPOOL_KINDS ||
	    __builtin_add_overflow(record->sequence, record->count, &last))
		return 0;
	return SEGMENT_RECORD + payload;
}

/* ---- reading ---- */

int segment_reader_init(struct segment_reader *reader, int fd)
{
	unsigned char bytes[SEGMENT_HEADER_MOST];
	ssize_t n = pread(fd, bytes, sizeof(bytes), 0);
	int r;

	*reader = (struct segment_reader){ .fd = fd };
	if (n < 0)
		return -errno;
	r = segment_header_read(bytes, (size_t)n, &reader->header);
	if (r < 0)
		return r;
	reader->offset = segment_header_size(&reader->header);
	reader->expected = reader->header.first;
	return 0;
}

void segment_reader_done(struct segment_reader *reader)
{
	free(reader->window);
	reader->window = NULL;
	reader->window_size = 0;
}

/* Makes what begins at `at` be in the window, as much of it as a record can have. */
static int look_at(struct segment_reader *reader, uint64_t at, uint64_t limit,
		   const unsigned char **ret_bytes, size_t *ret_size)
{
	size_t want = (size_t)MIN(limit - at, (uint64_t)(SEGMENT_RECORD + SEGMENT_PAYLOAD_MOST));
	bool there = at >= reader->window_at && at - reader->window_at <= reader->window_size;
	size_t skip = there ? (size_t)(at - reader->window_at) : 0, least = SEGMENT_RECORD;

	/* Only as much as this record needs: the window is not read anew for each. */
	if (there && reader->window_size - skip >= SEGMENT_RECORD &&
	    get32(reader->window + skip + 4) <= SEGMENT_PAYLOAD_MOST)
		least += get32(reader->window + skip + 4);
	if (!there || reader->window_size - skip < MIN(least, want)) {
		ssize_t n;

		if (!reader->window && !(reader->window = malloc(WINDOW)))
			return -ENOMEM;
		n = pread(reader->fd, reader->window, (size_t)MIN(limit - at, (uint64_t)WINDOW),
			  (off_t)at);
		if (n < 0)
			return -errno;
		reader->window_at = at;
		reader->window_size = (size_t)n;
		skip = 0;
	}
	*ret_bytes = reader->window + skip;
	*ret_size = (size_t)MIN((uint64_t)(reader->window_size - skip), limit - at);
	return 0;
}

/* Tells what is missing up to `until`; SEGMENT_END where nothing is. */
static int missing(struct segment_reader *reader, uint64_t until, struct spool_record *record)
{
	if (until <= reader->expected)
		return SEGMENT_END;
	*record = (struct spool_record){
		.sequence = reader->expected,
		.count = until - reader->expected,
		.kind = SPOOL_GAP,
	};
	reader->expected = until;
	return SEGMENT_MISSING;
}

/* Steps over bytes that are no record, and over records that were told already. */
static int find_sound(struct segment_reader *reader, uint64_t limit, uint64_t end,
		      struct spool_record *record, size_t *ret_size)
{
	const unsigned char *bytes = NULL;
	bool damage = false;
	size_t size = 0;

	*ret_size = 0;
	for (; reader->offset < limit; reader->offset++) {
		int r = look_at(reader, reader->offset, limit, &bytes, &size);

		if (r < 0)
			return r;
		*ret_size = record_at(bytes, size, record);
		if (*ret_size > 0 && record->sequence >= reader->expected &&
		    (end == 0 || record->sequence + record->count <= end))
			break;
		reader->damaged += !damage;
		damage = true;
		/* The file is shorter than it was said to be. */
		if (size == 0)
			reader->offset = limit - 1;
		*ret_size = 0;
	}
	return 0;
}

int segment_next(struct segment_reader *reader, uint64_t limit, uint64_t end,
		 struct spool_record *record)
{
	size_t size = 0;
	int r = find_sound(reader, limit, end, record, &size);

	if (r < 0)
		return r;
	if (size == 0)
		return missing(reader, end, record);
	if (record->sequence > reader->expected)
		return missing(reader, record->sequence, record);
	reader->offset += size;
	reader->expected += record->count;
	return SEGMENT_SOUND;
}
