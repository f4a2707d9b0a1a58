// SPDX-License-Identifier: MIT
/* 64 KiB a turn of the loop, when nothing else is to be done: half a millisecond each. */
#include "service/compress.h"

#include "util/fd.h"

#include <fcntl.h>
#include <limits.h>
#include <zlib.h>

enum { PIECE = 64 * 1024, LEVEL = 1, GZIP = 15 + 16 };

struct compress {
	char *file, *part, *whole; /* FILE, FILE.gz.new, FILE.gz */
	int from, to;
	z_stream stream;
	bool begun;
	sd_event_source *turn;
	void (*done)(int code, void *userdata);
	void *userdata;
};

void compress_free(struct compress *compress)
{
	if (!compress)
		return;
	sd_event_source_disable_unref(compress->turn);
	if (compress->begun)
		(void)deflateEnd(&compress->stream);
	closep(&compress->from);
	if (compress->to >= 0) {
		closep(&compress->to);
		(void)unlink(compress->part);
	}
	free(compress->file);
	free(compress->part);
	free(compress->whole);
	free(compress);
}

static int put(struct compress *compress, const unsigned char *data, size_t size, int flush)
{
	unsigned char out[PIECE];

	/* zlib does not write to what it reads. */
	compress->stream.next_in = (unsigned char *)(uintptr_t)data;
	compress->stream.avail_in = (unsigned)size;
	do {
		int r;

		compress->stream.next_out = out;
		compress->stream.avail_out = sizeof(out);
		if (deflate(&compress->stream, flush) == Z_STREAM_ERROR)
			return -EIO;
		r = write_all(compress->to, out, sizeof(out) - compress->stream.avail_out);
		if (r < 0)
			return r;
	} while (compress->stream.avail_out == 0);
	return 0;
}

static int finish(struct compress *compress)
{
	int r = put(compress, NULL, 0, Z_FINISH);

	if (r < 0)
		return r;
	if (rename(compress->part, compress->whole) < 0)
		return -errno;
	close(TAKE_FD(compress->to));
	return unlink(compress->file) < 0 && errno != ENOENT ? -errno : 0;
}

static int on_turn(sd_event_source *source, void *userdata)
{
	struct compress *compress = userdata;
	unsigned char piece[PIECE];
	ssize_t n = read(compress->from, piece, sizeof(piece));
	int r = n < 0 ? -errno : 1;

	if (n > 0)
		r = put(compress, piece, (size_t)n, Z_NO_FLUSH);
	else if (n == 0)
		r = finish(compress);
	if (n > 0 && r >= 0)
		return 0;
	compress->done(r, compress->userdata);
	compress_free(compress);
	return 0;
}

int compress_new(sd_event *event, const char *file, void (*done)(int code, void *userdata),
		 void *userdata, struct compress **ret_compress)
{
	_cleanup_(compress_freep) struct compress *compress = calloc(1, sizeof(*compress));
	int r;

	if (!compress)
		return -ENOMEM;
	compress->from = compress->to = -1;
	compress->done = done;
	compress->userdata = userdata;
	compress->file = strdup(file);
	if (!compress->file || asprintf(&compress->whole, "%s.gz", file) < 0 ||
	    asprintf(&compress->part, "%s.gz.new", file) < 0)
		return -ENOMEM;
	compress->from = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (compress->from < 0)
		return -errno;
	compress->to =
		open(compress->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (compress->to < 0)
		return -errno;
	if (deflateInit2(&compress->stream, LEVEL, Z_DEFLATED, GZIP, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	compress->begun = true;
	r = sd_event_add_defer(event, &compress->turn, on_turn, compress);
	if (r >= 0)
		r = sd_event_source_set_priority(compress->turn, SD_EVENT_PRIORITY_IDLE);
	if (r >= 0)
		r = sd_event_source_set_enabled(compress->turn, SD_EVENT_ON);
	if (r < 0)
		return r;
	*ret_compress = TAKE_PTR(compress);
	return 0;
}
