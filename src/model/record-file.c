// SPDX-License-Identifier: MIT
/* Gathers events in one buffer that begins with the room for the block header. */
#include "model/record-file.h"

#include "model/event-codec.h"
#include "model/record-block.h"
#include "util/fd.h"

#include <inttypes.h>

struct record_writer {
	int fd;
	struct text block; /* header's room, then events */
	struct event_codec codec;
	uint32_t count; /* in the block */
	uint64_t first; /* number of the block's first event */
	uint64_t lost, bytes;
	uint64_t due_ns;
};

static const uint64_t longest_wait_ns = UINT64_C(1000000000);

static void begin_block(struct record_writer *writer)
{
	static const uint8_t room[RECORD_HEADER];

	writer->block.size = 0;
	text_add_bytes(&writer->block, room, sizeof(room));
	event_codec_begin(&writer->codec, &writer->block);
	writer->count = 0;
	writer->due_ns = UINT64_MAX;
}

/* All or nothing, where the file can be cut; a pipe that breaks has no reader who would mind. */
static int write_whole(struct record_writer *writer, const void *data, size_t size)
{
	int r = write_all(writer->fd, data, size);

	if (r < 0) {
		if (ftruncate(writer->fd, (off_t)writer->bytes) == 0)
			(void)lseek(writer->fd, (off_t)writer->bytes, SEEK_SET);
		return r;
	}
	writer->bytes += size;
	return 0;
}

static int write_block(struct record_writer *writer, enum record_kind kind)
{
	struct record_block block = {
		.kind = kind,
		.size = (uint32_t)(writer->block.size - RECORD_HEADER),
		.count = writer->count,
		.first = writer->first,
	};

	record_block_pack(&block, writer->block.data + RECORD_HEADER,
			  (uint8_t *)writer->block.data);
	return write_whole(writer, writer->block.data, writer->block.size);
}

static int write_about(struct record_writer *writer, const struct record_about *about)
{
	uint8_t magic[RECORD_MAGIC];
	char line[64];
	int r;

	record_magic_pack(magic);
	r = write_whole(writer, magic, sizeof(magic));
	if (r < 0)
		return r;
	begin_block(writer);
	text_addf(&writer->block, "boot=%s%c", about->boot, 0);
	text_addf(&writer->block, "host=%s%c", about->host, 0);
	text_addf(&writer->block, "version=%s%c", about->version, 0);
	snprintf(line, sizeof(line), "started=%" PRIu64, about->started_ns);
	text_addf(&writer->block, "%s%c", line, 0);
	if (writer->block.failed)
		return -ENOMEM;
	return write_block(writer, RECORD_ABOUT);
}

int record_writer_new(int fd, const struct record_about *about, struct record_writer **ret_writer,
		      struct error *err)
{
	_cleanup_(record_writer_freep) struct record_writer *writer = calloc(1, sizeof(*writer));
	int r;

	if (!writer)
		return error_oom(err);
	writer->fd = fd;
	r = write_about(writer, about);
	if (r < 0) {
		writer->fd = -1;
		return error_set_errno(err, r, "cannot write the record file");
	}
	begin_block(writer);
	*ret_writer = TAKE_PTR(writer);
	return 0;
}

int record_writer_add(struct record_writer *writer, const struct event *event, uint64_t now_ns)
{
	size_t before = writer->block.size;

	if (event_encode(&writer->codec, event, &writer->block) < 0) {
		/* Without memory the event is lost; its number is not given to another. */
		writer->block.failed = false;
		writer->block.size = before;
		(void)record_writer_flush(writer);
		writer->lost++;
		writer->first++;
		return -ENOMEM;
	}
	if (writer->count++ == 0)
		writer->due_ns = now_ns + longest_wait_ns;
	if (writer->block.size >= RECORD_PAYLOAD || now_ns >= writer->due_ns)
		return record_writer_flush(writer);
	return 0;
}

uint64_t record_writer_due(const struct record_writer *writer)
{
	return writer->due_ns;
}

int record_writer_flush(struct record_writer *writer)
{
	int r;

	if (!writer->count)
		return 0;
	r = write_block(writer, RECORD_EVENTS);
	if (r < 0)
		writer->lost += writer->count;
	writer->first += writer->count;
	begin_block(writer);
	return r;
}

int record_writer_finish(struct record_writer *writer)
{
	int flushed = record_writer_flush(writer), r;

	begin_block(writer);
	r = write_block(writer, RECORD_END);
	if (flushed < 0 || r < 0)
		return flushed < 0 ? flushed : r;
	/* A pipe cannot be synced, and need not be. */
	return fsync(writer->fd) < 0 && errno != EINVAL && errno != EROFS ? -errno : 0;
}

uint64_t record_writer_events(const struct record_writer *writer)
{
	return writer->first + writer->count - writer->lost;
}

uint64_t record_writer_lost(const struct record_writer *writer)
{
	return writer->lost;
}

uint64_t record_writer_bytes(const struct record_writer *writer)
{
	return writer->bytes;
}

void record_writer_free(struct record_writer *writer)
{
	if (!writer)
		return;
	if (writer->fd >= 0)
		close(writer->fd);
	text_done(&writer->block);
	free(writer);
}
