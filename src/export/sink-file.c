// SPDX-License-Identifier: MIT
/*
 * Lines of JSON in a file of bounded size, with a number of old ones beside it. Before the event's
 * own members come who it is of: {"host":...,"boot":...,"sequence":...,"kind":...,
 *
 * What could not be written is taken back, so that a file never holds half a line of ours; then the
 * sink has failed, and the spool keeps the events until it is opened again.
 */
#include "export/sink.h"

#include "util/fd.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

enum { GATHER_MOST = 256 << 10 };

struct sink {
	struct sink_options options;
	char *path;
	uint64_t most, size;
	unsigned keep;
	int fd;
	struct text gathered;
	uint64_t *tickets; /* of what is gathered */
	size_t count, room;
};

static void close_file(struct sink *sink)
{
	closep(&sink->fd);
	text_done(&sink->gathered);
	free(sink->tickets);
	free(sink->path);
	free(sink);
}

/* A machine that ended may have left half a line: the next one is not to be part of it. */
static int end_line(int fd, off_t *size)
{
	char last = '\n';

	if (*size > 0 && pread(fd, &last, 1, *size - 1) < 0)
		return -errno;
	if (last == '\n')
		return 0;
	++*size;
	return write_all(fd, "\n", 1);
}

static int open_path(struct sink *sink)
{
	const int flags = O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
	int fd = open(sink->path, flags, 0640);
	struct stat info;
	int r = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode))
		r = -EINVAL;
	if (r >= 0)
		r = end_line(fd, &info.st_size);
	if (r < 0) {
		close(fd);
		return r;
	}
	closep(&sink->fd);
	sink->fd = fd;
	sink->size = (uint64_t)info.st_size;
	return 0;
}

static int open_file(const struct sink_options *options, struct sink **ret_sink, struct error *err)
{
	const char *path = sink_setting(options, "path");
	const char *size = sink_setting(options, "size"), *keep = sink_setting(options, "keep");
	struct sink *sink = calloc(1, sizeof(*sink));
	int r;

	if (!sink)
		return error_oom(err);
	sink->fd = -1;
	sink->options = *options;
	sink->most = size ? strtoull(size, NULL, 10) : UINT64_C(64) << 20;
	sink->keep = keep ? (unsigned)strtoul(keep, NULL, 10) : 4;
	text_init(&sink->gathered);
	sink->path = strdup(path ? path : "");
	r = sink->path ? open_path(sink) : -ENOMEM;
	if (r < 0) {
		close_file(sink);
		return error_set_errno(err, r, "cannot write events to %s", path ? path : "?");
	}
	*ret_sink = sink;
	return 0;
}

/* FILE.1 is the youngest of the old ones. */
static int rotate(struct sink *sink)
{
	char old[PATH_MAX], new[PATH_MAX];

	for (unsigned i = sink->keep; i > 0; i--) {
		snprintf(new, sizeof(new), "%s.%u", sink->path, i);
		if (i > 1)
			snprintf(old, sizeof(old), "%s.%u", sink->path, i - 1);
		else
			snprintf(old, sizeof(old), "%s", sink->path);
		if (rename(old, new) < 0 && errno != ENOENT)
			return -errno;
	}
	if (sink->keep == 0 && unlink(sink->path) < 0 && errno != ENOENT)
		return -errno;
	return open_path(sink);
}

static int write_gathered(struct sink *sink)
{
	struct stat info;
	int r = 0;

	/* Somebody may have taken the file away, and a new one is begun; or have cut it. */
	if (fstat(sink->fd, &info) < 0 || info.st_nlink == 0)
		r = open_path(sink);
	else
		sink->size = (uint64_t)info.st_size;
	if (r >= 0 && sink->size > 0 && sink->size + sink->gathered.size > sink->most)
		r = rotate(sink);
	if (r >= 0)
		r = write_all(sink->fd, sink->gathered.data, sink->gathered.size);
	if (r < 0) {
		(void)!ftruncate(sink->fd, (off_t)sink->size);
		return r;
	}
	sink->size += sink->gathered.size;
	return 0;
}

static int flush_file(struct sink *sink)
{
	int r;

	if (sink->count == 0)
		return 0;
	r = write_gathered(sink);
	if (r < 0) {
		sink_error(sink->options.counters, "cannot write events to %s: %s", sink->path,
			   strerror(-r));
		return r;
	}
	sink->gathered.size = 0;
	for (size_t i = 0; i < sink->count; i++)
		sink->options.report(sink->options.userdata, sink->tickets[i], SINK_DELIVERED);
	sink->count = 0;
	return 0;
}

static bool keep_ticket(struct sink *sink, uint64_t ticket)
{
	if (sink->count == sink->room) {
		size_t room = sink->room ? sink->room * 2 : 256;
		uint64_t *larger = reallocarray(sink->tickets, room, sizeof(*larger));

		if (!larger)
			return false;
		sink->tickets = larger;
		sink->room = room;
	}
	sink->tickets[sink->count++] = ticket;
	return true;
}

static int send_file(struct sink *sink, const struct sink_record *sent)
{
	const struct spool_record *record = sent->record;
	const size_t before = sink->gathered.size;

	if (before > GATHER_MOST)
		return -EAGAIN;
	/* Not an object: none of ours. */
	if (record->payload.size < 2 || record->payload.data[0] != '{')
		return -EMSGSIZE;
	text_addf(&sink->gathered,
		  "{\"host\":\"%s\",\"boot\":\"%s\",\"sequence\":%llu,\"kind\":\"%s\"%s",
		  sent->host, sent->boot, (unsigned long long)record->sequence,
		  spool_kinds[record->kind], record->payload.data[1] == '}' ? "" : ",");
	text_add_bytes(&sink->gathered, record->payload.data + 1, record->payload.size - 1);
	text_add(&sink->gathered, "\n");
	if (!sink->gathered.failed && keep_ticket(sink, sent->ticket))
		return 0;
	sink->gathered.failed = false;
	sink->gathered.size = before;
	return -ENOMEM;
}

static void poll_file(struct sink *sink, int wait_ms)
{
}

static int no_fd(const struct sink *sink)
{
	return -1;
}

const struct sink_class sink_file = {
	"file", open_file, send_file, flush_file, poll_file, no_fd, close_file,
};
