// SPDX-License-Identifier: MIT
/*
 * A frame that passes d processes on its way costs d context switches each way. So frames upwards
 * go to the first process at once, with all the heads that those in between would have put in
 * front, as one packet of a socket that the whole tree has inherited. That is one queue, and what
 * was sent after something else was seen comes after it: the order in which a controller is told
 * does not change. A packet is there whole or not at all, whoever is killed.
 *
 * Everybody below could write anything into the queue. The kernel tells the sender's number
 * (SO_PASSCRED), and it has to stand among the places in the heads: who speaks, speaks for itself
 * and for those below. Processes whose number is another one in the first process's namespace take
 * the long way.
 *
 * A child of the first process that has no children writes to its stdout, which is as short.
 *
 * Downwards see lines.c.
 */
#include "port/direct.h"

#include "port/lines.h"
#include "port/output.h"
#include "port/relay.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum {
	LIMIT_MIN = 256, /* with fewer descriptors none is spent here */
	HIGH = 1000,	 /* above the numbers that open(2) gives */
	AT_ONCE = 1024,	 /* packets, before others have their turn: more than there can be */
	GROWN = 32768,	 /* a packet for which stdout's pipe is made larger */
};

static int move_up(int fd)
{
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, HIGH);

	if (moved < 0)
		moved = fcntl(fd, F_DUPFD_CLOEXEC, LIMIT_MIN / 2);
	if (moved < 0)
		return fd;
	close(fd);
	return moved;
}

void direct_open(struct port *port)
{
	struct rlimit limit;
	int fds[2], on = 1;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur < LIMIT_MIN ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return;
	if (setsockopt(fds[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0) {
		close(fds[0]);
		close(fds[1]);
		return;
	}
	port->queue = move_up(fds[0]);
	port->up = move_up(fds[1]);
}

void direct_become_child(struct port *port, bool knows)
{
	if (!knows && port->up >= 0)
		child_close(&port->up);
	child_close(&port->queue);
	child_close(&port->line);
	lines_done(port);
	port->has_forked = false;
	port->place[port->depth - 1] = port->pid;
}

bool direct_owns(const struct port *port, int fd)
{
	return fd >= 0 &&
	       (fd == port->up || fd == port->queue || fd == port->line || lines_own(port, fd));
}

int direct_greatest_fd(const struct port *port)
{
	return MAX(MAX(port->up, port->queue), MAX(port->line, lines_greatest_fd(port)));
}

void direct_forget(struct port *port, int fd)
{
	int *const fds[] = { &port->up, &port->queue, &port->line };

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		if (*fds[i] == fd)
			*fds[i] = -1;
	lines_forget_fd(port, fd);
	port->polls_stale = true;
}

void direct_close(struct port *port)
{
	child_close(&port->up);
	child_close(&port->queue);
	child_close(&port->line);
	lines_done(port);
}

/* ---- below ---- */

/* The heads of all processes from the first one's child to this one. */
static size_t put_heads(const struct port *port, uint8_t *heads, size_t size)
{
	size_t all = port->depth * (size_t)FRAME_HEAD_CHILD;

	for (size_t i = 0; i < port->depth; i++)
		frame_put_head_child(heads + i * FRAME_HEAD_CHILD, FRAME_PROXY, port->place[i],
				     size + all - (i + 1) * FRAME_HEAD_CHILD);
	return all;
}

/* writev(2) is what every policy for control processes allows; SIGPIPE is caught. */
static bool send_packet(struct port *port, struct iovec *parts, size_t count)
{
	while (writev(port->up, parts, (int)count) < 0) {
		struct pollfd queue = { .fd = port->up, .events = POLLOUT };

		if (errno == EINTR)
			continue;
		if (errno == EAGAIN || errno == ENOBUFS) {
			(void)poll(&queue, 1, -1);
			continue;
		}
		if (errno != EPIPE && errno != ECONNRESET && errno != ECONNREFUSED) {
			port->counters.direct_refused++;
			return false;
		}
		port->ended = true;
		return true;
	}
	return true;
}

bool direct_send(struct port *port, const struct iovec *parts, size_t count)
{
	uint8_t heads[FRAME_DEPTH_MAX * FRAME_HEAD_CHILD];
	struct iovec all[4] = { { heads, 0 } };
	size_t size = 0;

	for (size_t i = 0; i < count; i++) {
		all[i + 1] = parts[i];
		size += parts[i].iov_len;
	}
	all[0].iov_len = put_heads(port, heads, size);
	return send_packet(port, all, count + 1);
}

void direct_open_line(struct port *port)
{
	uint8_t heads[FRAME_DEPTH_MAX * FRAME_HEAD_CHILD], frame[FRAME_HEAD];
	union {
		struct cmsghdr head;
		uint8_t room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec parts[] = { { heads, 0 }, { frame, sizeof(frame) } };
	struct msghdr message = { .msg_iov = parts,
				  .msg_iovlen = ARRAY_SIZE(parts),
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	int fds[2];

	if (!direct_up(port) || port->plain_calls ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
		return;
	frame_put_head(frame, FRAME_LINE, 0);
	parts[0].iov_len = put_heads(port, heads, sizeof(frame));
	control.head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
					 .cmsg_level = SOL_SOCKET,
					 .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(&control.head), &fds[0], sizeof(int));
	child_close(&port->line);
	if (sendmsg(port->up, &message, MSG_NOSIGNAL) < 0)
		close(fds[1]);
	else
		port->line = move_up(fds[1]);
	close(fds[0]);
	port->polls_stale = true;
}

size_t direct_receive(struct port *port)
{
	while (port->line >= 0) {
		ssize_t got = read(port->line, port->packet, sizeof(port->packet));
		size_t whole;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return 0;
		if (got > 0 && frame_downwards(port->packet, (size_t)got, &whole) == FRAME_GOOD &&
		    whole == (size_t)got && frame_u16(port->packet + 2) != FRAME_LINE)
			return whole;
		/* It is not used any more, and what was in it has been read. */
		child_close(&port->line);
		port->polls_stale = true;
	}
	return 0;
}

/* ---- the first process ---- */

/* The sender's number, and a descriptor that came along. */
static pid_t read_control(struct msghdr *message, int *ret_fd)
{
	struct ucred sender = { 0 };

	*ret_fd = -1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_CREDENTIALS)
			memcpy(&sender, CMSG_DATA(c), sizeof(sender));
		if (c->cmsg_type == SCM_RIGHTS)
			memcpy(ret_fd, CMSG_DATA(c), sizeof(int));
	}
	return sender.pid;
}

/* Reads a packet: its size, 0 for none. */
static size_t receive(struct port *port, pid_t *ret_sender, int *ret_fd)
{
	union {
		struct cmsghdr head;
		uint8_t room[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct iovec part = { port->buffer, sizeof(port->buffer) };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	ssize_t got;

	*ret_fd = -1;
	/* A policy of our own may allow no more than read(2): then nobody tells the sender. */
	if (port->plain_calls) {
		*ret_sender = 0;
		got = relay_readable(port->queue) ? read(port->queue, part.iov_base, part.iov_len)
						  : 0;
		return got > 0 ? (size_t)got : 0;
	}
	got = recvmsg(port->queue, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (got <= 0)
		return 0;
	*ret_sender = read_control(&message, ret_fd);
	return (size_t)got;
}

size_t direct_places(const uint8_t *packet, size_t size, pid_t sender,
		     pid_t places[FRAME_DEPTH_MAX], const uint8_t **ret_inner)
{
	size_t count = 0, length;
	bool its_own = sender == 0;

	for (; size >= FRAME_HEAD; packet += FRAME_HEAD_CHILD, size -= FRAME_HEAD_CHILD) {
		length = frame_u16(packet);
		if (length + 2 != size)
			return 0;
		*ret_inner = packet;
		if (frame_u16(packet + 2) != FRAME_PROXY)
			return its_own ? count : 0;
		if (count == FRAME_DEPTH_MAX || size < FRAME_HEAD_CHILD)
			return 0;
		places[count] = (pid_t)frame_u32(packet + FRAME_HEAD);
		its_own = its_own || places[count] == sender;
		count++;
	}
	return 0;
}

static bool is_term(const uint8_t *frame, const char *atom)
{
	size_t size = strlen(atom);

	/* version, SMALL_ATOM_UTF8, its size */
	return frame_u16(frame) == 2U + 3U + size &&
	       memcmp(frame + FRAME_HEAD + 3, atom, size) == 0;
}

/* {exit_status, N} or {termsig, Name} */
static bool is_end(const uint8_t *frame)
{
	static const char *const names[] = { "exit_status", "termsig" };
	size_t size = frame_u16(frame) - 2U;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t name = strlen(names[i]);

		/* version, SMALL_TUPLE, arity, SMALL_ATOM_UTF8, its size */
		if (size > 5 + name && frame[FRAME_HEAD + 2] == 2 &&
		    frame[FRAME_HEAD + 4] == name &&
		    memcmp(frame + FRAME_HEAD + 5, names[i], name) == 0)
			return true;
	}
	return false;
}

static void note(struct port *port, const uint8_t *inner, const pid_t *places, size_t count)
{
	size_t type = frame_u16(inner + 2);

	if (type == FRAME_CTL && is_term(inner, "fdctl_closed"))
		lines_off(port, places, count);
	else if (type == FRAME_EVENT && is_end(inner))
		lines_drop(port, places, count);
}

/* Whether it may still be heard: not below a process that executes a program or has ended. What its
 * first process wrote to its stdout before it had children comes before. */
static bool is_heard(struct port *port, const pid_t *places, size_t count, size_t size)
{
	struct child *child = children_find(&port->children, places[0]);

	if (!child || (child->executed && count > 1) || lines_closed_above(port, places, count))
		return false;
	if (child->speaks_direct)
		return true;
	child->speaks_direct = true;
	/* which needs the buffer */
	memcpy(port->packet, port->buffer, size);
	relay_drain_frames(port, child);
	memcpy(port->buffer, port->packet, size);
	return true;
}

static void pass_on(struct port *port, size_t size, pid_t sender, int fd)
{
	pid_t places[FRAME_DEPTH_MAX];
	const uint8_t *inner;
	size_t count = direct_places(port->buffer, size, sender, places, &inner), type;
	struct iovec part = { port->buffer, size };

	type = count ? frame_u16(inner + 2) : 0;
	if (type == FRAME_LINE && frame_u16(inner) == 2) {
		lines_opened(port, places, count, fd < 0 ? fd : move_up(fd));
		return;
	}
	if (fd >= 0)
		close(fd);
	if (type < FRAME_STDOUT || type > FRAME_PIPE || frame_u16(inner) < 3) {
		port->counters.direct_invalid++;
		return;
	}
	if (!is_heard(port, places, count, size))
		return;
	note(port, inner, places, count);
	if (size >= GROWN)
		output_grow(port);
	output_write(port, &part, 1);
}

void direct_relay(struct port *port)
{
	size_t size;
	pid_t sender;
	int fd;

	for (int i = 0; i < AT_ONCE && port->queue >= 0 && !port->ended; i++) {
		size = receive(port, &sender, &fd);
		if (!size)
			return;
		pass_on(port, size, sender, fd);
	}
}
