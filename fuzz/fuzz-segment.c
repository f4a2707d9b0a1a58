// SPDX-License-Identifier: MIT
/* Segments of a spool: whatever the bytes are, every number is told once, in order, and reading
 * ends. */
#include "export/segment.h"
#include "util/fd.h"

#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every byte that is handed out is touched: a wrong one is found by the sanitizer. */
static void touch(struct slice bytes, uint64_t *sum)
{
	for (size_t at = 0; at < bytes.size; at++)
		*sum += (unsigned char)bytes.data[at];
}

static void check(int fd, size_t size, uint64_t numbers)
{
	struct segment_reader reader;
	struct spool_record record;
	uint64_t expected, end, sum = 0;
	int r;

	if (segment_reader_init(&reader, fd) < 0)
		return;
	expected = reader.header.first;
	end = numbers > 0 && expected < UINT64_MAX - numbers ? expected + numbers : 0;
	while ((r = segment_next(&reader, size, end, &record)) > SEGMENT_END) {
		if (record.sequence != expected || record.count == 0)
			abort();
		expected += record.count;
		if (r == SEGMENT_SOUND)
			touch(record.payload, &sum);
	}
	if (r < 0 || (end > 0 && expected != end))
		abort();
	segment_reader_done(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(closep) int fd = memfd_create("segment", MFD_CLOEXEC);

	if (fd < 0 || write_all(fd, data, size) < 0)
		abort();
	check(fd, size, 0);
	check(fd, size, 9);
	/* It was said to be longer than it is. */
	check(fd, size + 1000, 9);
	return 0;
}
