// SPDX-License-Identifier: MIT
/*
 * Writing. The state is written before the records it counts: a daemon that is killed in between
 * leaves numbers without records, which are told as a gap, and never records whose numbers are
 * given out again. A write that failed is taken back whole. While something is being lost nothing
 * else is gathered before the gap record that says so: numbers in files stand in their order.
 */
#include "export/spool-internal.h"

#include "export/gap.h"
#include "util/fd.h"
#include "util/host.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>

enum {
	GATHER_MOST = 256 << 10, /* is written before more is gathered */
	GAP_ROOM = 1 << 10,	 /* is kept for the record of what is lost */
	FILES = 16,		 /* of which a full spool consists */
	FILE_LEAST = 64 << 10,
	FILE_MOST = 8 << 20,
};

void spool_file_name(uint64_t first, char name[static SPOOL_NAME])
{
	snprintf(name, SPOOL_NAME, "%020llu.spool", (unsigned long long)first);
}

void spool_tell(struct spool *spool, const char *format, ...)
{
	_cleanup_(freep) char *sentence = NULL;
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vasprintf(&sentence, format, arguments);
	va_end(arguments);
	if (n < 0)
		sentence = NULL;
	if (spool->tell && sentence)
		spool->tell(spool->userdata, sentence);
}

void spool_set_aside(struct spool *spool, const char *name, uint64_t size, const char *why)
{
	char aside[SPOOL_NAME + 8];

	snprintf(aside, sizeof(aside), "%s.aside", name);
	spool->counters.damaged++;
	if (renameat(spool->folder_fd, name, spool->folder_fd, aside) < 0) {
		spool_tell(spool, "%s/%s %s: its events are lost, and told as a gap", spool->folder,
			   name, why);
		return;
	}
	spool->aside += size;
	spool->total += size;
	spool_tell(spool, "%s/%s %s: its events are told as a gap; what is there is kept as %s",
		   spool->folder, name, why, aside);
}

/* Room is for what can be read. */
static void remove_aside(struct spool *spool)
{
	_cleanup_(closep) int fd = openat(spool->folder_fd, ".", O_RDONLY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!folder)
		return;
	fd = -1;
	while ((entry = readdir(folder)))
		if (strstr(entry->d_name, ".spool.aside"))
			(void)unlinkat(spool->folder_fd, entry->d_name, 0);
	closedir(folder);
	spool->total -= MIN(spool->aside, spool->total);
	spool->aside = 0;
	spool_tell(spool, "%s: files that could not be read are removed: the room is needed",
		   spool->folder);
}

/* ---- state ---- */

void spool_save(struct spool *spool)
{
	unsigned char bytes[SPOOL_STATE];
	ssize_t n;

	if (!spool->state_changed)
		return;
	spool_state_write(&spool->state, bytes);
	n = pwrite(spool->state_fd, bytes, sizeof(bytes), 0);
	spool->state_error = n == SPOOL_STATE ? 0 : n < 0 ? -errno : -ENOSPC;
	spool->state_changed = spool->state_error < 0;
	spool->counters.failures += spool->state_changed;
}

/* ---- gathering ---- */

static bool fits(struct spool *spool, size_t size)
{
	uint64_t wanted = spool->gathered.size + size + GAP_ROOM + 2 * spool->header;

	if (spool->total + wanted > spool->bound && spool->aside > 0)
		remove_aside(spool);
	return spool->total + wanted <= spool->bound;
}

static void gather(struct spool *spool, const struct spool_record *record)
{
	segment_record_add(&spool->gathered, record);
	if (spool->gathered.failed)
		return;
	spool->gathered_end = record->sequence + record->count;
	spool->gathered_events += record->kind != SPOOL_GAP;
}

static const char *lost_reason(const struct spool *spool, char text[static 128])
{
	const struct spool_state *state = &spool->state;

	if (spool->lost_why)
		return spool->lost_why;
	if (state->lost_errno == 0)
		return "the spool was full";
	snprintf(text, 128, "the spool could not be written: %s", strerror(state->lost_errno));
	return text;
}

/* The gap that is being made becomes a record. False: there is no room for it yet. */
static bool tell_losses(struct spool *spool)
{
	_cleanup_(text_done) struct text text = { 0 };
	struct spool_state *state = &spool->state;
	char reason[128];
	struct gap gap = {
		.time = state->lost_from,
		.first = state->lost_first,
		.count = state->next - state->lost_first,
		.unknown = spool->lost_unknown,
		.reason = lost_reason(spool, reason),
	};

	gap_add_json(&gap, &text);
	if (text.failed || !fits(spool, text.size))
		return false;
	gather(spool, &(struct spool_record){ .sequence = gap.first,
					      .count = gap.count,
					      .time = gap.time,
					      .kind = SPOOL_GAP,
					      .payload = { text.data, text.size } });
	if (spool->gathered.failed)
		return false;
	state->losing = false;
	return true;
}

static void begin_losing(struct spool *spool, uint64_t first, int code)
{
	struct spool_state *state = &spool->state;

	if (!state->losing)
		state->lost_from = clock_realtime();
	state->losing = true;
	state->lost_first = first;
	state->lost_errno = -code;
	spool->state_changed = true;
}

static void lose(struct spool *spool, int code)
{
	if (!spool->state.losing)
		begin_losing(spool, spool->state.next, code);
	spool->state.next++;
	spool->state_changed = true;
	spool->counters.lost++;
}

void spool_add(struct spool *spool, enum spool_kind kind, uint64_t time, const char *payload,
	       size_t size)
{
	struct spool_record record = {
		.count = 1, .time = time, .kind = kind, .payload = { payload, size }
	};

	if (spool->gathered.size > 0 && spool->gathered.size + size > GATHER_MOST)
		(void)spool_flush(spool);
	if (size > SEGMENT_PAYLOAD_MOST) {
		lose(spool, -EMSGSIZE);
		return;
	}
	if (!fits(spool, size + SEGMENT_RECORD) || (spool->state.losing && !tell_losses(spool))) {
		lose(spool, 0);
		return;
	}
	record.sequence = spool->state.next;
	gather(spool, &record);
	if (spool->gathered.failed) {
		spool->gathered.failed = false;
		lose(spool, -ENOMEM);
		return;
	}
	spool->state.next++;
	spool->state_changed = true;
}

void spool_add_loss(struct spool *spool, uint64_t first, uint64_t count, const char *reason)
{
	_cleanup_(text_done) struct text text = { 0 };
	const struct gap gap = {
		.time = clock_realtime(), .first = first, .count = count, .reason = reason
	};

	spool->counters.lost += count;
	gap_add_json(&gap, &text);
	if (!text.failed)
		spool_add(spool, SPOOL_GAP, gap.time, text.data, text.size);
}

/* ---- files ---- */

static int new_file(struct spool *spool, uint64_t first)
{
	struct segment_header header = { .first = first, .created = clock_realtime() };
	unsigned char bytes[SEGMENT_HEADER_MOST];
	struct spool_file *larger;
	char name[SPOOL_NAME];
	size_t size;
	int fd, r;

	larger = reallocarray(spool->files, spool->file_count + 1, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	spool->files = larger;
	spool_file_name(first, name);
	snprintf(header.boot, sizeof(header.boot), "%s", spool->boot);
	snprintf(header.host, sizeof(header.host), "%s", spool->host);
	size = segment_header_write(&header, bytes);
	fd = openat(spool->folder_fd, name,
		    O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	r = write_all(fd, bytes, size);
	if (r < 0) {
		close(fd);
		(void)unlinkat(spool->folder_fd, name, 0);
		return r;
	}
	closep(&spool->live_fd);
	spool->live_fd = fd;
	spool->files[spool->file_count++] = (struct spool_file){ first, size, size };
	spool->total += size;
	return 0;
}

static int write_gathered(struct spool *spool)
{
	struct spool_file *file;
	int r = 0;

	if (spool->live_fd < 0 ||
	    spool->files[spool->file_count - 1].size + spool->gathered.size > spool->file_most)
		r = new_file(spool, spool->written);
	if (r < 0)
		return r;
	file = &spool->files[spool->file_count - 1];
	r = write_all(spool->live_fd, spool->gathered.data, spool->gathered.size);
	if (r < 0) {
		(void)!ftruncate(spool->live_fd, (off_t)file->size);
		return r;
	}
	file->size += spool->gathered.size;
	spool->total += spool->gathered.size;
	return 0;
}

static void remove_first(struct spool *spool)
{
	char name[SPOOL_NAME];

	if (spool->read_fd >= 0 && spool->read_first == spool->files[0].first)
		spool_stop_reading(spool);
	spool_file_name(spool->files[0].first, name);
	(void)unlinkat(spool->folder_fd, name, 0);
	spool->total -= spool->files[0].size;
	spool->file_count--;
	memmove(spool->files, spool->files + 1, spool->file_count * sizeof(*spool->files));
	if (spool->file_count == 0) {
		closep(&spool->live_fd);
		spool->live_fd = -1;
	}
}

/* All has arrived: a file that is long enough, or whose room is needed, is not kept for it. */
static void remove_arrived(struct spool *spool)
{
	if (spool->file_count == 1 && spool->state.acked == spool->written &&
	    (spool->live_fd < 0 || spool->state.losing ||
	     spool->files[0].size > spool->file_most / 4))
		remove_first(spool);
}

int spool_flush(struct spool *spool)
{
	int r;

	if (spool->state.losing)
		(void)tell_losses(spool);
	spool->gathered.failed = false;
	spool_save(spool);
	if (spool->gathered.size == 0)
		return 0;
	r = write_gathered(spool);
	if (r < 0) {
		spool->counters.lost += spool->gathered_events;
		spool->counters.failures++;
		begin_losing(spool, spool->written, r);
		remove_arrived(spool);
	} else {
		spool->counters.stored += spool->gathered_events;
		spool->written = spool->gathered_end;
		spool->lost_unknown &= spool->state.losing;
		spool->lost_why = spool->state.losing ? spool->lost_why : NULL;
	}
	spool->write_error = r;
	spool->gathered.size = 0;
	spool->gathered_events = 0;
	spool_save(spool);
	return r;
}

/* ---- what has arrived ---- */

void spool_ack(struct spool *spool, uint64_t sequence)
{
	if (sequence <= spool->state.acked)
		return;
	spool->state.acked = sequence;
	spool->state_changed = true;
	while (spool->file_count > 1 && spool->files[1].first <= sequence)
		remove_first(spool);
	remove_arrived(spool);
}

/* ---- life ---- */

void spool_bound(struct spool *spool, uint64_t bytes)
{
	spool->bound = MAX(bytes, (uint64_t)SPOOL_BYTES_LEAST);
	spool->file_most =
		MIN(MAX(spool->bound / FILES, (uint64_t)FILE_LEAST), (uint64_t)FILE_MOST);
}

bool spool_is_losing(const struct spool *spool)
{
	return spool->state.losing;
}

uint64_t spool_acked(const struct spool *spool)
{
	return spool->state.acked;
}

uint64_t spool_end(const struct spool *spool)
{
	return spool->written;
}

const char *spool_folder(const struct spool *spool)
{
	return spool->folder;
}

const struct spool_counters *spool_counters(struct spool *spool)
{
	spool->counters.last_error = spool->write_error ? spool->write_error : spool->state_error;
	spool->counters.bytes = spool->total;
	spool->counters.queued = spool->state.next - spool->state.acked;
	return &spool->counters;
}

void spool_free(struct spool *spool)
{
	if (!spool)
		return;
	if (spool->state_fd >= 0)
		(void)spool_flush(spool);
	spool_stop_reading(spool);
	closep(&spool->live_fd);
	closep(&spool->state_fd);
	closep(&spool->folder_fd);
	text_done(&spool->gathered);
	text_done(&spool->gap);
	free(spool->files);
	free(spool->folder);
	free(spool->boot);
	free(spool->host);
	free(spool);
}
