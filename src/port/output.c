// SPDX-License-Identifier: MIT
/*
 * Writing upwards. A frame that was begun is always finished, whatever interrupts it. Terms are
 * built in one buffer of the process behind the room for their heads, so that each frame is one
 * write(2).
 *
 * splice(2) moves the pages of a pipe to the next without a copy. The first time that there is
 * much to move, stdout's pipe is made large enough for a whole frame, heads and all.
 */
#include "port/output.h"

#include "port/direct.h"

#include <fcntl.h>
#include <poll.h>

enum {
	HEADS = FRAME_HEAD_CHILD + FRAME_HEAD,
	PIPE_SIZE = 256 * 1024,
};

/* True: try again. */
static bool wait_for_reader(struct port *port)
{
	struct pollfd reader = { .fd = STDOUT_FILENO, .events = POLLOUT };

	if (errno == EINTR)
		return true;
	if (errno == EAGAIN) {
		(void)poll(&reader, 1, -1);
		return true;
	}
	port->ended = true;
	return false;
}

void output_write(struct port *port, struct iovec *parts, size_t count)
{
	while (count && !port->ended) {
		ssize_t written = count == 1 ? write(STDOUT_FILENO, parts->iov_base, parts->iov_len)
					     : writev(STDOUT_FILENO, parts, (int)count);

		if (written < 0 && !wait_for_reader(port))
			return;
		for (; written > 0 && (size_t)written >= parts->iov_len; parts++, count--)
			written -= (ssize_t)parts->iov_len;
		if (written > 0) {
			parts->iov_base = (uint8_t *)parts->iov_base + written;
			parts->iov_len -= (size_t)written;
		}
		while (count && !parts->iov_len)
			parts++, count--;
	}
}

/* By way of a buffer. Bytes that somebody else has read meanwhile are missing: as the frame's
 * length is out already, zeros take their place, and are counted. */
static void move_by_copy(struct port *port, int fd, size_t size)
{
	uint8_t *copy = port->buffer;
	struct iovec part;

	for (; size && !port->ended; size -= part.iov_len) {
		ssize_t got = read(fd, copy, MIN(size, sizeof(port->buffer)));

		if (got < 0 && errno == EINTR) {
			part.iov_len = 0;
			continue;
		}
		if (got <= 0) {
			memset(copy, 0, sizeof(port->buffer));
			got = (ssize_t)MIN(size, sizeof(port->buffer));
			port->counters.output_missing += (uint64_t)got;
		}
		part = (struct iovec){ copy, (size_t)got };
		output_write(port, &part, 1);
		part.iov_len = (size_t)got;
	}
}

void output_frame(struct port *port, struct iovec *parts, size_t count)
{
	if (!direct_up(port) || port->ended || !direct_send(port, parts, count))
		output_write(port, parts, count);
}

void output_grow(struct port *port)
{
	if (port->stdout_grown || port->plain_calls)
		return;
	(void)fcntl(STDOUT_FILENO, F_SETPIPE_SZ, PIPE_SIZE);
	port->stdout_grown = true;
}

void output_move(struct port *port, int fd, size_t size)
{
	output_grow(port);
	while (size && !port->no_splice && !port->plain_calls && !port->ended) {
		ssize_t moved = splice(fd, NULL, STDOUT_FILENO, NULL, size, SPLICE_F_MOVE);

		if (moved > 0)
			size -= (size_t)moved;
		else if (moved == 0 || errno == EINVAL)
			port->no_splice = true;
		else
			(void)wait_for_reader(port);
	}
	if (size)
		move_by_copy(port, fd, size);
}

struct etf_writer *output_begin(struct port *port)
{
	etf_writer_init(&port->reply, port->output + HEADS, sizeof(port->output) - HEADS,
			REPLY_MAX);
	etf_put_version(&port->reply);
	return &port->reply;
}

static void too_long(struct port *port)
{
	size_t size = port->reply.size;
	bool keep = port->options.uncut && !port->reply.failed;
	struct etf_writer *writer;

	port->counters.replies_too_long++;
	if (keep) {
		uint8_t *kept = malloc(size);

		keep = kept != NULL;
		if (kept) {
			memcpy(kept, port->reply.data, size);
			free(port->kept);
			port->kept = kept;
			port->kept_size = size;
		}
	}
	etf_writer_done(&port->reply);
	writer = output_begin(port);
	etf_put_tuple(writer, 2);
	etf_put_atom(writer, keep ? "more" : "error");
	if (keep)
		etf_put_uint(writer, size);
	else
		etf_put_atom(writer, "emsgsize");
}

static void send_term(struct port *port, size_t head_size, enum frame_type type)
{
	uint8_t *term = port->reply.data;
	struct iovec part = { term - head_size, head_size + port->reply.size };

	frame_put_head(term - FRAME_HEAD, type, port->reply.size);
	output_frame(port, &part, 1);
	etf_writer_done(&port->reply);
}

void output_term(struct port *port, enum frame_type type)
{
	if (port->reply.failed || port->reply.size > frame_room(port->depth))
		too_long(port);
	send_term(port, FRAME_HEAD, type);
}

void output_about(struct port *port, pid_t pid, enum frame_type type)
{
	frame_put_head_child(port->reply.data - HEADS, FRAME_PROXY, pid,
			     FRAME_HEAD + port->reply.size);
	send_term(port, HEADS, type);
}

void output_about_atom(struct port *port, pid_t pid, enum frame_type type, const char *atom)
{
	etf_put_atom(output_begin(port), atom);
	output_about(port, pid, type);
}
