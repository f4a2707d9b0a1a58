// SPDX-License-Identifier: MIT
/*
 * The writer's descriptor is opened for reading and writing: so there always is a reader, and a
 * write meets a full pipe at worst, never SIGPIPE. The pipe is read when nothing else is to be
 * done, and 64 KiB at a time: a service that prints without end waits for us, not others for it.
 *
 * A file that cannot be written to (the disk is full) loses what is printed, counted, rather than
 * holding the service up.
 */
#include "service/output.h"

#include "service/compress.h"
#include "util/fd.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

enum { PIECE = 64 * 1024, DRAIN_PIECES = 32 };

struct output {
	sd_event *event;
	char *pipe, *file;
	uint64_t size;
	unsigned keep;
	bool compress_old;
	int read_fd, write_fd, file_fd;
	uint64_t file_size;
	sd_event_source *readable;
	struct compress *compress;
	struct output_counters counters;
};

void output_free(struct output *output)
{
	if (!output)
		return;
	sd_event_source_disable_unref(output->readable);
	compress_free(output->compress);
	closep(&output->read_fd);
	closep(&output->write_fd);
	closep(&output->file_fd);
	sd_event_unref(output->event);
	free(output->pipe);
	free(output->file);
	free(output);
}

int output_fd(const struct output *output)
{
	return output->write_fd;
}

const struct output_counters *output_counters(const struct output *output)
{
	return &output->counters;
}

void output_bound(struct output *output, uint64_t size, unsigned keep, bool compress)
{
	output->size = size;
	output->keep = keep;
	output->compress_old = compress;
}

/* ---- files ---- */

static int open_file(struct output *output)
{
	struct stat info;
	int fd = open(output->file,
		      O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode)) {
		close(fd);
		return -EINVAL;
	}
	closep(&output->file_fd);
	output->file_fd = fd;
	output->file_size = (uint64_t)info.st_size;
	return 0;
}

/* FILE.<from> and FILE.<from>.gz become <to>; 0 drops them. */
static void shift(const struct output *output, unsigned from, unsigned to)
{
	static const char *const endings[] = { "", ".gz" };

	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		char old[PATH_MAX], new[PATH_MAX];

		snprintf(old, sizeof(old), "%s.%u%s", output->file, from, endings[i]);
		snprintf(new, sizeof(new), "%s.%u%s", output->file, to, endings[i]);
		if (to == 0)
			(void)unlink(old);
		else
			(void)rename(old, new);
	}
}

static void compressed(int code, void *userdata)
{
	struct output *output = userdata;

	output->compress = NULL;
	if (code < 0)
		output->counters.last_error = code;
}

static void rotate(struct output *output)
{
	char first[PATH_MAX];
	int r;

	/* What is being compressed gets another name. */
	compress_free(output->compress);
	output->compress = NULL;
	for (unsigned i = output->keep; i > 0; i--)
		shift(output, i, i == output->keep ? 0 : i + 1);
	snprintf(first, sizeof(first), "%s.1", output->file);
	if (output->keep == 0)
		(void)unlink(output->file);
	else
		(void)rename(output->file, first);
	output->counters.rotations++;
	r = open_file(output);
	if (r >= 0 && output->keep > 0 && output->compress_old)
		r = compress_new(output->event, first, compressed, output, &output->compress);
	if (r < 0)
		output->counters.last_error = r;
}

static void put(struct output *output, const char *data, size_t size)
{
	struct stat info;
	int r = 0;

	if (output->file_size > 0 && output->file_size + size > output->size)
		rotate(output);
	/* Somebody has taken the file away: a new one is begun. */
	if (output->file_fd < 0 || fstat(output->file_fd, &info) < 0 || info.st_nlink == 0)
		r = open_file(output);
	if (r >= 0)
		r = write_all(output->file_fd, data, size);
	if (r < 0) {
		output->counters.lost += size;
		output->counters.last_error = r;
		return;
	}
	output->file_size += size;
	output->counters.bytes += size;
}

/* ---- the pipe ---- */

static bool take(struct output *output)
{
	char piece[PIECE];
	ssize_t n = read(output->read_fd, piece, sizeof(piece));

	if (n > 0)
		put(output, piece, (size_t)n);
	return n > 0;
}

void output_drain(struct output *output)
{
	for (int i = 0; i < DRAIN_PIECES && take(output); i++)
		;
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	(void)take(userdata);
	return 0;
}

static int open_pipe(struct output *output)
{
	struct stat info;

	if (mkfifo(output->pipe, 0600) < 0 && errno != EEXIST)
		return -errno;
	output->read_fd = open(output->pipe, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (output->read_fd < 0)
		return -errno;
	if (fstat(output->read_fd, &info) < 0 || !S_ISFIFO(info.st_mode))
		return -EEXIST;
	output->write_fd = open(output->pipe, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	return output->write_fd < 0 ? -errno : 0;
}

int output_new(sd_event *event, const struct output_place *place, struct output **ret_output,
	       struct error *err)
{
	_cleanup_(output_freep) struct output *output = calloc(1, sizeof(*output));
	int r;

	if (!output)
		return error_oom(err);
	output->read_fd = output->write_fd = output->file_fd = -1;
	output->event = sd_event_ref(event);
	output->pipe = strdup(place->pipe);
	output->file = strdup(place->file);
	if (!output->pipe || !output->file)
		return error_oom(err);
	output_bound(output, place->size, place->keep, place->compress);
	r = open_file(output);
	if (r < 0)
		return error_set_errno(err, r, "cannot write its output to %s", place->file);
	r = open_pipe(output);
	if (r < 0)
		return error_set_errno(err, r, "cannot make the pipe %s for its output",
				       place->pipe);
	r = sd_event_add_io(event, &output->readable, output->read_fd, EPOLLIN, on_readable,
			    output);
	if (r >= 0)
		r = sd_event_source_set_priority(output->readable, SD_EVENT_PRIORITY_IDLE);
	if (r < 0)
		return error_set_errno(err, r, "cannot watch the pipe %s", place->pipe);
	*ret_output = TAKE_PTR(output);
	return 0;
}
