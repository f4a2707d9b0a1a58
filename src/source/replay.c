// SPDX-License-Identifier: MIT
/*
 * The source `replay`: a recorded file (model/record-block.h), told as fast as it is asked for.
 *
 * Memory is bounded by the largest block. What is damaged is skipped up to the next good block and
 * told as a gap, exactly, for blocks are numbered; a file that was cut off is told whole up to
 * its last whole block.
 */
#include "source/replay.h"

#include "model/event-codec.h"
#include "model/record-block.h"
#include "util/units.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

enum { BATCH = 4096, READ_SIZE = 1 << 18 };

struct replay {
	struct source source;
	struct event_sink sink;
	uint32_t types;
	int fd;
	bool ended;	    /* nothing more will be told */
	bool file_ended;    /* nothing more can be read */
	bool seen_end;	    /* the block that says so */
	uint64_t next;	    /* number of the event that is to come */
	uint64_t last_time; /* boottime of the last event */
	uint8_t *buffer;    /* what was read: [at, end) is left */
	size_t at, end, room;
	struct slice block; /* of the buffer: a block's payload */
	size_t in_block;    /* where in it the next event is */
	uint32_t left;	    /* how many are left */
	uint64_t skipped;   /* bytes that were no block, before the next good one */
	char about[256];    /* where and when it was recorded, for people */
};

static size_t have(const struct replay *replay)
{
	return replay->end - replay->at;
}

/* Reads until `size` bytes are there. 1; 0: the file ends before; -errno. */
static int fill(struct replay *replay, size_t size)
{
	while (have(replay) < size && !replay->file_ended) {
		ssize_t n;

		if (replay->at) {
			memmove(replay->buffer, replay->buffer + replay->at, have(replay));
			replay->end -= replay->at;
			replay->at = 0;
		}
		if (replay->room - replay->end < READ_SIZE || replay->room < size) {
			size_t room = MAX(replay->end, size) + READ_SIZE;
			uint8_t *buffer = realloc(replay->buffer, room);

			if (!buffer)
				return -ENOMEM;
			replay->buffer = buffer;
			replay->room = room;
		}
		n = read(replay->fd, replay->buffer + replay->end, replay->room - replay->end);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			replay->file_ended = true;
		if (n > 0)
			replay->end += (size_t)n;
	}
	return have(replay) >= size;
}

static void tell(struct replay *replay, struct event *event)
{
	replay->source.counters.seen++;
	if (event_knows(event, FIELD_BOOTTIME))
		replay->last_time = event->boottime;
	if (replay->types & EVENT_BIT(event->type))
		replay->sink.event(event, replay->sink.userdata);
}

static void tell_gap(struct replay *replay, uint64_t lost, const char *reason)
{
	struct event event;

	event_init(&event, EVENT_GAP, SOURCE_REPLAY);
	if (replay->last_time) {
		event_set(&event, FROM, from, replay->last_time);
		event_set(&event, BOOTTIME, boottime, replay->last_time);
	}
	if (lost) {
		event_set(&event, LOST, lost, lost);
		source_count_loss(&replay->source, "damaged file", lost);
	}
	event_set(&event, REASON, reason, slice_of(reason));
	replay->source.counters.gaps++;
	replay->sink.event(&event, replay->sink.userdata);
}

static void tell_end(struct replay *replay)
{
	replay->ended = true;
	if (!replay->seen_end)
		tell_gap(replay, 0, "the recording was cut off here: what came last is missing");
	else if (replay->skipped)
		tell_gap(replay, 0, "there are bytes behind the recording's end");
}

/* Numbers that are missing before a block are a loss, whether bytes were damaged or a disk full. */
static void check_number(struct replay *replay, const struct record_block *block)
{
	if (block->first > replay->next)
		tell_gap(replay, block->first - replay->next,
			 replay->skipped ? "a part of the file is damaged"
					 : "the recorder could not write a part");
	else if (replay->skipped)
		tell_gap(replay, 0, "a part of the file is damaged");
	replay->skipped = 0;
	replay->next = block->first + block->count;
}

/* Is there a whole block at the front? 1; 0: no; -errno of reading. */
static int look_at_block(struct replay *replay, struct record_block *ret_block)
{
	int r;

	if (record_block_unpack(replay->buffer + replay->at, ret_block) < 0)
		return 0;
	/* 0: cut off in it; a good one may hide in what is left, if the size is wrong. */
	r = fill(replay, RECORD_HEADER + (size_t)ret_block->size);
	if (r <= 0)
		return r;
	return record_block_is_whole(ret_block, replay->buffer + replay->at + RECORD_HEADER);
}

/* The value of a name in "name=value" with a NUL each; NULL: it is not there. */
static const char *about_value(struct slice about, const char *name)
{
	size_t size = strlen(name);

	if (about.size == 0 || about.data[about.size - 1])
		return NULL;
	for (size_t at = 0; at < about.size; at += strlen(about.data + at) + 1)
		if (strncmp(about.data + at, name, size) == 0 && about.data[at + size] == '=')
			return about.data + at + size + 1;
	return NULL;
}

static void take_about(struct replay *replay, struct slice about)
{
	const char *host = about_value(about, "host"), *version = about_value(about, "version");
	const char *started = about_value(about, "started");
	_cleanup_(text_done) struct text text = { 0 };
	char date[64] = "";
	uint64_t ns;
	struct tm tm;

	if (started && parse_u64(started, &ns) == 0) {
		time_t second = (time_t)(ns / 1000000000);

		if (gmtime_r(&second, &tm))
			strftime(date, sizeof(date), ", %Y-%m-%dT%H:%M:%SZ", &tm);
	}
	text_add(&text, "recorded on ");
	text_add_escaped(&text, host ? host : "?", host ? strlen(host) : 1);
	text_add(&text, date);
	if (version) {
		text_add(&text, ", by reeve ");
		text_add_escaped(&text, version, strlen(version));
	}
	snprintf(replay->about, sizeof(replay->about), "%s", text.data ? text.data : "");
}

static void take_block(struct replay *replay, const struct record_block *block)
{
	replay->seen_end = block->kind == RECORD_END;
	if (block->kind == RECORD_EVENTS || block->kind == RECORD_END)
		check_number(replay, block);
	replay->block = (struct slice){ (const char *)replay->buffer + replay->at + RECORD_HEADER,
					block->size };
	if (block->kind == RECORD_ABOUT)
		take_about(replay, replay->block);
	replay->in_block = 0;
	replay->left = block->kind == RECORD_EVENTS ? block->count : 0;
	replay->at += RECORD_HEADER + (size_t)block->size;
}

/* Takes the next good block. 1; 0: the file has no more; -errno. */
static int next_block(struct replay *replay)
{
	for (;;) {
		struct record_block block;
		int r = fill(replay, RECORD_HEADER);

		if (r <= 0) {
			replay->skipped += have(replay);
			return r;
		}
		r = look_at_block(replay, &block);
		if (r < 0)
			return r;
		if (r > 0) {
			take_block(replay, &block);
			return 1;
		}
		replay->at++;
		replay->skipped++;
	}
}

/* Tells up to `most` events of the block. */
static int tell_block(struct replay *replay, int most)
{
	int told = 0;

	while (replay->left && told < most) {
		struct event event;
		const char *why;
		size_t used = event_decode(replay->block, replay->in_block, &event, &why);

		if (used == 0) {
			/* The checksum is right: written by a program with a defect. */
			tell_gap(replay, replay->left, "a block says more events than it has");
			replay->left = 0;
			break;
		}
		replay->in_block += used;
		replay->left--;
		told++;
		if (why)
			tell_gap(replay, 1, why);
		else
			tell(replay, &event);
	}
	return told;
}

static int replay_dispatch(struct source *source, struct error *err)
{
	struct replay *replay = (struct replay *)source;
	int told = 0;

	source->counters.wakeups++;
	while (told < BATCH && !replay->ended) {
		int r;

		if (!replay->left) {
			r = next_block(replay);
			if (r < 0)
				return error_set_errno(err, r, "cannot read the record file");
			if (r == 0)
				tell_end(replay);
		}
		told += tell_block(replay, BATCH - told);
	}
	return told || !replay->ended ? told : -ENODATA;
}

/* What the file says of itself stands first; where it is damaged, the rest may be whole. */
static int read_about(struct replay *replay, const char *path, struct error *err)
{
	struct record_block block;
	int r = fill(replay, RECORD_HEADER);

	if (r > 0)
		r = look_at_block(replay, &block);
	if (r < 0)
		return error_set_errno(err, r, "cannot read \"%s\"", path);
	if (r > 0 && block.kind == RECORD_ABOUT)
		take_block(replay, &block);
	return 0;
}

/* Is it a record file of a version that we read? */
static int check_magic(struct replay *replay, const char *path, struct error *err)
{
	unsigned major = 0;
	int r = fill(replay, RECORD_MAGIC);

	if (r < 0)
		return error_set_errno(err, r, "cannot read \"%s\"", path);
	r = r ? record_magic_check(replay->buffer, &major) : -EINVAL;
	if (r == -EPROTONOSUPPORT)
		return error_set(err, r,
				 "\"%s\" is a record file of version %u; this reeve reads version "
				 "%d",
				 path, major, RECORD_MAJOR);
	if (r < 0)
		return error_set(err, r, "\"%s\" is no record file (reeve record writes them)",
				 path);
	replay->at = RECORD_MAGIC;
	return read_about(replay, path, err);
}

static int replay_open(const struct source_options *options, struct source **ret_source,
		       struct error *err)
{
	_cleanup_(source_freep) struct source *source = NULL;
	struct replay *replay;
	int r;

	if (!options->path)
		return error_set(err, -EINVAL, "the source replay wants a record file");
	replay = calloc(1, sizeof(*replay));
	if (!replay)
		return error_oom(err);
	source = &replay->source;
	source->class = &replay_source;
	replay->sink = options->sink;
	replay->types = options->types;
	if (streq(options->path, "-"))
		replay->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	else
		replay->fd = open(options->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (replay->fd < 0)
		return error_set_errno(err, -errno, "cannot open \"%s\"", options->path);
	r = check_magic(replay, options->path, err);
	if (r < 0)
		return r;
	*ret_source = TAKE_PTR(source);
	return 0;
}

static void replay_free(struct source *source)
{
	struct replay *replay = (struct replay *)source;

	if (replay->fd >= 0)
		close(replay->fd);
	free(replay->buffer);
	free(replay);
}

static int replay_fd(const struct source *source)
{
	return -1;
}

static uint64_t replay_due(const struct source *source)
{
	const struct replay *replay = (const struct replay *)source;

	return replay->ended ? UINT64_MAX : 0;
}

static int replay_set_types(struct source *source, uint32_t types, struct error *err)
{
	((struct replay *)source)->types = types;
	return 0;
}

static int replay_probe(const struct host *host, hook_report_fn report, void *userdata,
			struct error *err)
{
	report(&(struct hook_report){ .name = "record file", .state = HOOK_WORKS }, userdata);
	return 0;
}

static const char *replay_variant(const struct source *source)
{
	const struct replay *replay = (const struct replay *)source;

	return replay->about[0] ? replay->about : NULL;
}

static const uint8_t everything[] = {
#define X(symbol, member, kind, name, unit, text) FIELD_##symbol,
	EVENT_FIELDS(X)
#undef X
};

int replay_percent(const struct source *source)
{
	const struct replay *replay = (const struct replay *)source;
	struct stat file;
	off_t at = lseek(replay->fd, 0, SEEK_CUR);

	if (at < 0 || fstat(replay->fd, &file) < 0 || file.st_size <= 0)
		return -1;
	return (int)MIN(at / MAX(file.st_size / 100, (off_t)1), (off_t)100);
}

const struct source_class replay_source = {
	.id = SOURCE_REPLAY,
	.name = "replay",
	.summary = "a file that reeve record has written",
	.guarantee = "what the recorded source knew, in its order; damage is told as a gap",
	.knows = everything,
	.knows_count = ARRAY_SIZE(everything),
	.types = EVENT_ALL,
	.probe = replay_probe,
	.open = replay_open,
	.free = replay_free,
	.fd = replay_fd,
	.due = replay_due,
	.dispatch = replay_dispatch,
	.set_types = replay_set_types,
	.variant = replay_variant,
};
