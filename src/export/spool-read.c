// SPDX-License-Identifier: MIT
/*
 * Reading, by numbers: the next one is in the last file that begins at or before it. What is
 * between the end of a file and the beginning of the next is missing; what is damaged within is
 * found by the segment's reader. Each missing range is handed out as a gap record with the first of
 * its numbers, and is the same gap when it is read again.
 */
#include "export/spool-internal.h"

#include "export/gap.h"
#include "util/host.h"

#include <fcntl.h>

void spool_stop_reading(struct spool *spool)
{
	segment_reader_done(&spool->reader);
	closep(&spool->read_fd);
	spool->read_fd = -1;
}

void spool_rewind(struct spool *spool)
{
	spool_stop_reading(spool);
	spool->position = spool->state.acked;
}

/* The numbers from position to `until` will never be there. */
static int hand_out_gap(struct spool *spool, uint64_t until, const char *reason,
			struct spool_record *record)
{
	const struct gap gap = {
		.time = clock_realtime(),
		.first = spool->position,
		.count = until - spool->position,
		.reason = reason,
	};

	spool->gap.size = 0;
	gap_add_json(&gap, &spool->gap);
	if (spool->gap.failed)
		return -ENOMEM;
	*record = (struct spool_record){ .sequence = gap.first,
					 .count = gap.count,
					 .time = gap.time,
					 .kind = SPOOL_GAP,
					 .payload = { spool->gap.data, spool->gap.size } };
	spool->position = until;
	if (until > spool->lost_told) {
		spool->counters.lost += until - MAX(gap.first, spool->lost_told);
		spool->lost_told = until;
		spool_tell(spool, "%s: %llu events are lost: %s", spool->folder,
			   (unsigned long long)gap.count, reason);
	}
	return 1;
}

/* The index of the file that the position is in, or of the first one behind it. */
static size_t find_file(const struct spool *spool)
{
	size_t index = 0;

	while (index + 1 < spool->file_count && spool->files[index + 1].first <= spool->position)
		index++;
	return index;
}

static uint64_t file_end(const struct spool *spool, size_t index)
{
	return index + 1 < spool->file_count ? spool->files[index + 1].first : spool->written;
}

static int open_file(struct spool *spool, const struct spool_file *file)
{
	char name[SPOOL_NAME];
	int r;

	spool_stop_reading(spool);
	spool_file_name(file->first, name);
	spool->read_fd = openat(spool->folder_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	r = spool->read_fd < 0 ? -errno : segment_reader_init(&spool->reader, spool->read_fd);
	if (r >= 0 && spool->reader.header.first != file->first)
		r = -EBADMSG;
	spool->read_first = file->first;
	if (r >= 0)
		return 0;
	spool_tell(spool, "%s/%s %s", spool->folder, name, spool_header_problem(r));
	spool->counters.damaged++;
	spool_stop_reading(spool);
	return r;
}

/* 1, or 0 where the file has no more. */
static int read_file(struct spool *spool, size_t index, struct spool_record *record)
{
	const uint64_t end = file_end(spool, index), damaged = spool->reader.damaged;
	int r;

	do
		r = segment_next(&spool->reader, spool->files[index].size, end, record);
	while (r > SEGMENT_END && record->sequence + record->count <= spool->position);
	if (spool->reader.damaged > damaged && spool->position >= spool->lost_told) {
		spool->counters.damaged++;
		spool_tell(spool, "%s/%020llu.spool is damaged before byte %llu", spool->folder,
			   (unsigned long long)spool->files[index].first,
			   (unsigned long long)spool->reader.offset);
	}
	if (r == SEGMENT_MISSING)
		return hand_out_gap(spool, record->sequence + record->count,
				    "a file of the spool was damaged or cut", record);
	if (r == SEGMENT_SOUND)
		spool->position = record->sequence + record->count;
	return r == SEGMENT_SOUND ? 1 : r;
}

int spool_next(struct spool *spool, struct spool_record *record, struct spool_origin *ret_origin)
{
	*ret_origin = (struct spool_origin){ spool->boot, spool->host };
	while (spool->position < spool->written) {
		size_t index = find_file(spool);
		const struct spool_file *file = &spool->files[index];
		int r;

		if (spool->file_count == 0)
			return hand_out_gap(spool, spool->written,
					    "a file of the spool was removed", record);
		if (file->first > spool->position)
			return hand_out_gap(spool, file->first,
					    "a file of the spool was removed or set aside", record);
		if (spool->read_fd < 0 || spool->read_first != file->first) {
			r = open_file(spool, file);
			if (r < 0)
				return hand_out_gap(spool, file_end(spool, index),
						    spool_header_problem(r), record);
		}
		ret_origin->boot = spool->reader.header.boot;
		if (spool->reader.header.host[0] != '\0')
			ret_origin->host = spool->reader.header.host;
		r = read_file(spool, index, record);
		if (r != 0)
			return r;
		if (spool->position >= file_end(spool, index))
			continue;
		return -EIO;
	}
	return 0;
}
