// SPDX-License-Identifier: MIT
/*
 * Carrying output upwards, in as few system calls as there can be: one read(2) for all frames that
 * came, one writev(2) for all of them with their new heads. What a frame has beyond the first page
 * is moved by splice(2), and is not touched at all.
 *
 * A frame is begun upwards only when the whole of it is there: a child that stalls within a frame
 * must not stop everybody above it. Until then its bytes are kept in child->rest.
 *
 * A control process announces that it will execute a program with a frame of its own, the last
 * one. What comes behind it is not looked at until the control socket has told what became of it.
 */
#include "port/relay.h"

#include "port/direct.h"
#include "port/output.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>

enum {
	FRAMES_AT_ONCE = 32,
	SPLICE_MIN = 2048, /* below this a copy is cheaper */
	ROUNDS = 16,	   /* frames moved before others have their turn */
	BULK_READ = 1024,  /* of a large frame: the rest is moved */
	BULK = 65536,	   /* a pipe that is full: its writer has more to say */
	BULK_PIPE = 256 * 1024,
	DRAIN_MAX = 16 << 20,
};

bool relay_wanted(const struct child *child)
{
	return child->gone || (!child->announced && (!child->executed || child->flowcontrol != 0));
}

/* Frames are sent whole: nothing can be moved past us. */
static bool sends_whole(const struct port *port)
{
	return port->plain_calls || direct_up(port);
}

/* Bytes in the pipe, or -1 where it cannot be told. */
static int pipe_bytes(const struct port *port, int fd)
{
	int bytes = 0;

	if (port->plain_calls || ioctl(fd, FIONREAD, &bytes) < 0)
		return -1;
	return bytes;
}

/* A page is enough where the rest can be moved, and does not make much memory one's own. */
static size_t read_size(const struct port *port)
{
	return sends_whole(port) ? frame_room(port->depth) : READ_SIZE;
}

static void close_output(struct port *port, struct child *child, int *fd)
{
	bool is_stdout = fd == &child->out;

	child_close(fd);
	port->polls_stale = true;
	if (is_stdout && child_bytes_left(&child->rest) && !child->executed) {
		child->counters.frames_cut++;
		child_bytes_done(&child->rest);
	}
	if (is_stdout ? port->options.stdout_closed : port->options.stderr_closed)
		output_about_atom(port, child->pid, FRAME_CTL,
				  is_stdout ? "stdout_closed" : "stderr_closed");
}

/* The chunk's head, the part of it that was read, and what is still in the pipe. */
static void send_chunk(struct port *port, struct child *child, enum frame_type type,
		       const uint8_t *data, size_t size, size_t in_pipe)
{
	uint8_t head[FRAME_HEAD_CHILD];
	struct iovec parts[] = { { head, sizeof(head) }, { (void *)(uintptr_t)data, size } };

	frame_put_head_child(head, type, child->pid, size + in_pipe);
	output_frame(port, parts, ARRAY_SIZE(parts));
	if (in_pipe)
		output_move(port, type == FRAME_STDOUT ? child->out : child->err, in_pipe);
	if (child->executed && !child->gone && child->flowcontrol > 0 && --child->flowcontrol == 0)
		port->polls_stale = true;
	if (type == FRAME_STDOUT)
		child->counters.out_bytes += size + in_pipe;
	else
		child->counters.err_bytes += size + in_pipe;
}

/* ---- frames ---- */

/* Whole frames with the heads that they go up with. */
struct batch {
	struct port *port;
	pid_t pid;
	size_t count;
	uint8_t heads[FRAMES_AT_ONCE][FRAME_HEAD_CHILD];
	struct iovec parts[2 * FRAMES_AT_ONCE];
};

static void batch_send(struct batch *batch)
{
	if (!direct_up(batch->port))
		output_write(batch->port, batch->parts, 2 * batch->count);
	else
		for (size_t i = 0; i < batch->count; i++)
			output_frame(batch->port, batch->parts + 2 * i, 2);
	batch->count = 0;
}

/* `frame` has `whole` bytes, of which `size` are at hand. */
static void batch_add(struct batch *batch, const uint8_t *frame, size_t size, size_t whole)
{
	size_t i = batch->count++;

	frame_put_head_child(batch->heads[i], FRAME_PROXY, batch->pid, whole);
	batch->parts[2 * i] = (struct iovec){ batch->heads[i], FRAME_HEAD_CHILD };
	batch->parts[2 * i + 1] = (struct iovec){ (void *)(uintptr_t)frame, size };
	if (batch->count == FRAMES_AT_ONCE)
		batch_send(batch);
}

static void keep_rest(struct child *child, const uint8_t *data, size_t size, size_t wanted)
{
	child->rest.wanted = wanted;
	if (!child_bytes_add(&child->rest, data, size))
		child->counters.frames_cut++;
}

/* What is no frame is passed on as output, so that it can be seen. */
static void send_invalid(struct port *port, struct child *child, const uint8_t *data, size_t size)
{
	size_t room = frame_room(port->depth);

	child->counters.out_invalid += size;
	for (size_t chunk; size; data += chunk, size -= chunk) {
		chunk = MIN(size, room);
		send_chunk(port, child, FRAME_STDOUT, data, chunk, 0);
	}
}

/* The last frame at hand is not whole. True: its other bytes were in the pipe and are moved.
 * *ret_more: there were bytes behind them. */
static bool finish_by_move(struct batch *batch, struct child *child, const uint8_t *data,
			   size_t size, size_t whole, bool *ret_more)
{
	size_t missing = whole - size;
	int bytes = missing < SPLICE_MIN ? 0 : pipe_bytes(batch->port, child->out);

	if (sends_whole(batch->port))
		return false;
	if (missing < SPLICE_MIN || bytes < (int)missing)
		return false;
	batch_add(batch, data, size, whole);
	batch_send(batch);
	output_move(batch->port, child->out, missing);
	*ret_more = bytes > (int)missing;
	return true;
}

/* Passes on the frames that stand in `data`. True: the pipe holds more, and can be read. */
static bool pass_frames(struct port *port, struct child *child, const uint8_t *data, size_t size)
{
	struct batch batch = { .port = port, .pid = child->pid };
	enum frame_state state = FRAME_GOOD;
	size_t whole = 0;
	bool more = false;

	while (size && !child->announced) {
		state = frame_upwards(data, size, port->depth, &whole);
		if (state != FRAME_GOOD || whole > size)
			break;
		if (frame_u16(data + 2) == FRAME_EXEC) {
			child->announced = true;
			port->polls_stale = true;
		} else {
			batch_add(&batch, data, whole, whole);
		}
		data += whole;
		size -= whole;
	}
	child->bulk = !child->announced && size && state == FRAME_GOOD &&
		      finish_by_move(&batch, child, data, size, whole, &more);
	if (child->bulk)
		size = 0;
	batch_send(&batch);
	if (!child->announced && size && state == FRAME_BROKEN)
		send_invalid(port, child, data, size);
	else if (size)
		keep_rest(child, data, size, state == FRAME_GOOD ? whole : 0);
	return more;
}

/* Adds to the frame, or to its head, of which a part was kept. */
static ssize_t read_rest(struct child *child, struct port *port)
{
	struct child_bytes *rest = &child->rest;
	struct child_bytes taken;
	size_t wanted = rest->wanted ? rest->wanted : FRAME_HEAD;
	uint8_t head[FRAME_HEAD];
	ssize_t got;

	if (!rest->wanted) {
		got = read(child->out, head, wanted - rest->size);
		if (got <= 0 || !child_bytes_add(rest, head, (size_t)got))
			return got;
	} else {
		got = read(child->out, rest->data + rest->size, wanted - rest->size);
		if (got <= 0)
			return got;
		rest->size += (size_t)got;
	}
	if (rest->size < wanted)
		return got;
	taken = *rest;
	*rest = (struct child_bytes){ 0 };
	(void)pass_frames(port, child, taken.data, taken.size);
	child_bytes_done(&taken);
	return got;
}

/* One read of a control process's stdout. Returns what it read, 0 at the end, -1 for nothing. */
static ssize_t relay_frames(struct port *port, struct child *child, bool *ret_more)
{
	ssize_t got;

	*ret_more = false;
	if (child_bytes_left(&child->rest)) {
		got = read_rest(child, port);
	} else {
		got = read(child->out, port->buffer,
			   child->bulk && !sends_whole(port) ? BULK_READ : read_size(port));
		if (got > 0)
			*ret_more = pass_frames(port, child, port->buffer, (size_t)got);
	}
	return got;
}

/* ---- raw output ---- */

/* Its writer has much to say: as much as a frame takes, and more, is to be there at once. */
static void grow(const struct port *port, struct child *child, int fd)
{
	if (child->bulk || port->plain_calls || child->flowcontrol >= 0 || child->gone)
		return;
	(void)fcntl(fd, F_SETPIPE_SZ, BULK_PIPE);
	child->bulk = true;
}

/* One chunk of a program's output. Returns as above. */
static ssize_t relay_raw(struct port *port, struct child *child, enum frame_type type,
			 bool *ret_more)
{
	int *fd = type == FRAME_STDOUT ? &child->out : &child->err;
	size_t room = frame_room(port->depth), more = 0;
	ssize_t got = read(*fd, port->buffer, MIN(read_size(port), room));
	int bytes;

	*ret_more = false;
	if (got <= 0)
		return got;
	bytes = got == READ_SIZE && !sends_whole(port) ? pipe_bytes(port, *fd) : 0;
	if (got > READ_SIZE && direct_up(port))
		grow(port, child, *fd);
	if (bytes >= SPLICE_MIN) {
		more = MIN((size_t)bytes, room - (size_t)got);
		if (bytes + got >= BULK && child->flowcontrol < 0 && !child->gone)
			(void)fcntl(*fd, F_SETPIPE_SZ, BULK_PIPE);
	}
	send_chunk(port, child, type, port->buffer, (size_t)got, more);
	*ret_more = more && (size_t)bytes > more;
	return got + (ssize_t)more;
}

/* What was read behind the announcement; true while flow control lets it go. */
static bool send_rest(struct port *port, struct child *child)
{
	struct child_bytes *rest = &child->rest;
	size_t room = frame_room(port->depth);

	while (child_bytes_left(rest) && relay_wanted(child)) {
		size_t size = MIN(child_bytes_left(rest), room);

		send_chunk(port, child, FRAME_STDOUT, rest->data + rest->at, size, 0);
		rest->at += size;
	}
	if (child_bytes_left(rest))
		return false;
	child_bytes_done(rest);
	return true;
}

static ssize_t relay_once(struct port *port, struct child *child, bool *ret_more)
{
	*ret_more = false;
	if (!child->executed)
		return relay_frames(port, child, ret_more);
	if (child_bytes_left(&child->rest) && !send_rest(port, child))
		return -1;
	return relay_wanted(child) ? relay_raw(port, child, FRAME_STDOUT, ret_more) : -1;
}

void relay_stdout(struct port *port, struct child *child)
{
	bool more = true;

	for (int round = 0; more && round < ROUNDS && child->out >= 0 && !port->ended; round++)
		if (relay_once(port, child, &more) == 0)
			close_output(port, child, &child->out);
}

void relay_stderr(struct port *port, struct child *child)
{
	bool more = true;

	for (int round = 0; more && round < ROUNDS && child->err >= 0 && !port->ended; round++)
		if (relay_raw(port, child, FRAME_STDERR, &more) == 0)
			close_output(port, child, &child->err);
}

/* ---- the end of a child ---- */

bool relay_readable(int fd)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };

	return fd >= 0 && poll(&poller, 1, 0) > 0;
}

/* No more than what was there when it began: others may go on writing for ever. */
static void drain(struct port *port, struct child *child, int *fd)
{
	int bytes = pipe_bytes(port, *fd);
	ssize_t left = bytes < 0 ? DRAIN_MAX : bytes, got;
	bool more;

	while (!port->ended && left > 0 && relay_readable(*fd)) {
		got = fd == &child->out ? relay_once(port, child, &more)
					: relay_raw(port, child, FRAME_STDERR, &more);
		if (got == 0)
			close_output(port, child, fd);
		if (got <= 0)
			break;
		left -= got;
	}
	/* The last byte may have been the last there ever is. */
	if (left <= 0 && *fd >= 0 && !port->ended) {
		struct pollfd poller = { .fd = *fd, .events = POLLIN };

		if (poll(&poller, 1, 0) > 0 && !(poller.revents & POLLIN))
			close_output(port, child, fd);
	}
}

void relay_drain(struct port *port, struct child *child)
{
	int64_t flowcontrol = child->flowcontrol;

	port->drained = true;
	child->flowcontrol = -1;
	if (child->executed)
		(void)send_rest(port, child);
	if (child->out >= 0)
		drain(port, child, &child->out);
	if (child->err >= 0)
		drain(port, child, &child->err);
	child->flowcontrol = flowcontrol;
}

void relay_drain_frames(struct port *port, struct child *child)
{
	int bytes = child->out >= 0 ? pipe_bytes(port, child->out) : 0;
	ssize_t left = bytes < 0 ? DRAIN_MAX : bytes, got;
	bool more;

	port->drained = true;
	while (left > 0 && !child->announced && !port->ended && relay_readable(child->out)) {
		got = relay_frames(port, child, &more);
		if (got <= 0)
			break;
		left -= got;
	}
}

void relay_resume(struct port *port, struct child *child)
{
	struct child_bytes rest = child->rest;

	child->announced = false;
	port->polls_stale = true;
	if (child->executed) {
		(void)send_rest(port, child);
		return;
	}
	child->rest = (struct child_bytes){ 0 };
	if (child_bytes_left(&rest))
		(void)pass_frames(port, child, rest.data + rest.at, child_bytes_left(&rest));
	child_bytes_done(&rest);
}
