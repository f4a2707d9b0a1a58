// SPDX-License-Identifier: MIT
/*
 * A pipe that has room takes PIPE_BUF bytes without waiting; so only that much is written at once,
 * after a look, where the other end may be slow. The descriptor is shared with others (the shell,
 * who started us), so that it cannot be made non-blocking.
 */
#include "cli/writer.h"

#include "util/host.h"

#include <limits.h>
#include <poll.h>
#include <sys/stat.h>

static const uint64_t grace_ns = UINT64_C(1000000000);

void writer_init(struct writer *writer, FILE *file, int stop_fd, uint64_t deadline_ns)
{
	text_init(&writer->text);
	writer->file = file;
	writer->stop_fd = stop_fd;
	writer->deadline_ns = deadline_ns;
	writer->give_up_ns = UINT64_MAX;
}

void writer_done(struct writer *writer)
{
	text_done(&writer->text);
}

static bool may_be_slow(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return false;
	return S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || isatty(fd);
}

static int remaining_ms(uint64_t until_ns)
{
	uint64_t now = clock_monotonic();

	if (until_ns == UINT64_MAX)
		return -1;
	return now >= until_ns ? 0 : (int)MIN((until_ns - now) / 1000000 + 1, UINT64_C(1000000));
}

/* The end has come: what is left has a second more, once. */
static void give_up_soon(struct writer *writer)
{
	if (writer->give_up_ns == UINT64_MAX)
		writer->give_up_ns = clock_monotonic() + grace_ns;
}

/* Waits until the reader takes more. */
static int wait_for(struct writer *writer, int fd)
{
	struct pollfd fds[] = {
		{ .fd = fd, .events = POLLOUT },
		{ .fd = writer->stop_fd, .events = POLLIN },
	};

	for (;;) {
		bool ending = writer->give_up_ns != UINT64_MAX;
		uint64_t until = ending ? writer->give_up_ns : writer->deadline_ns;
		int n = poll(fds, ending ? 1 : 2, remaining_ms(until));

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0 && fds[0].revents)
			return fds[0].revents & POLLERR ? -EPIPE : 0;
		if (n == 0 && ending)
			return -EINTR;
		if (n >= 0)
			give_up_soon(writer);
	}
}

static int write_slowly(struct writer *writer, int fd, const char *data, size_t size)
{
	while (size > 0) {
		int r = wait_for(writer, fd);
		ssize_t n;

		if (r < 0)
			return r;
		n = write(fd, data, MIN(size, (size_t)PIPE_BUF));
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (n > 0) {
			data += n;
			size -= (size_t)n;
		}
	}
	return 0;
}

int writer_flush(struct writer *writer)
{
	size_t size = writer->text.size;
	int fd = fileno(writer->file), r = 0;

	if (writer->text.failed)
		return -ENOMEM;
	writer->text.size = 0;
	if (size == 0)
		return 0;
	if (fd >= 0 && may_be_slow(fd) && fflush(writer->file) == 0)
		r = write_slowly(writer, fd, writer->text.data, size);
	else if (fwrite(writer->text.data, 1, size, writer->file) != size ||
		 fflush(writer->file) != 0)
		r = -errno;
	return r;
}
