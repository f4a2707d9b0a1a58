// SPDX-License-Identifier: MIT
/*
 * The loop of a control process: calls and bytes from above, signals, what children say.
 *
 * Of stdin nothing is ever read that may be for somebody else: a program that is executed here
 * begins to read where we stopped. A call that executes one has 14 bytes at least, and so has one
 * that reads from stdin 13; that many are read at once, which is the whole of a small call, and of
 * longer messages exactly the rest.
 *
 * The descriptors to be polled stand in one array without holes, which is made anew only when
 * something about them has changed.
 */
#include "port/calls.h"
#include "port/deadline.h"
#include "port/direct.h"
#include "port/lifecycle.h"
#include "port/lines.h"
#include "port/output.h"
#include "port/relay.h"
#include "port/signals.h"

#include <sys/wait.h>

enum {
	FIRST_READ = 13,
	READS_AT_ONCE = 16,
	POLL_STDIN = 0,
	POLL_SIGNALS = 1,
	POLL_ABOVE = 2, /* the first process's guard; to any other the line from the first */
	POLL_QUEUE = 3,
	POLL_CHILDREN = 4,
	POLLS_PER_CHILD = 4,
};

enum poll_what { CHILD_CONTROL, CHILD_OUT, CHILD_ERR, CHILD_IN };

struct poll_owner {
	uint32_t slot;
	pid_t pid;
	enum poll_what what;
};

/* ---- what comes from above ---- */

static enum port_turn protocol_error(const struct port *port)
{
	fprintf(stderr,
		"reeve-port: process %d got a message that is no call and no input for a child "
		"(docs/port-protocol.md tells what they look like), and ends\n",
		(int)port->pid);
	return PORT_ENDS;
}

static void handle_message(struct port *port, const uint8_t *message, size_t size)
{
	if (frame_u16(message + 2) == FRAME_CALL) {
		calls_dispatch(port, message + FRAME_HEAD, size - FRAME_HEAD);
		return;
	}
	if (frame_u16(message + 2) == FRAME_LINE)
		direct_open_line(port);
	else if (!port->depth)
		lines_route(port, message, size);
	else
		child_send(port, (pid_t)frame_u32(message + FRAME_HEAD), message + FRAME_HEAD_CHILD,
			   size - FRAME_HEAD_CHILD);
}

/* Handles every message that is whole. Returns false for what is none. */
static bool handle_whole(struct port *port, size_t *ret_wanted)
{
	size_t whole = 0, done = 0;

	for (;;) {
		enum frame_state state =
			frame_downwards(port->input + done, port->input_size - done, &whole);

		if (state == FRAME_BROKEN)
			return false;
		if (state == FRAME_SHORT || port->input_size - done < whole) {
			*ret_wanted = state == FRAME_SHORT ? FIRST_READ : whole;
			break;
		}
		if (!port->depth && frame_u16(port->input + done + 2) == FRAME_LINE)
			return false;
		handle_message(port, port->input + done, whole);
		done += whole;
		/* In a child that was just forked nothing is left of the parent's input. */
		if (port->input_size < done || port->ended) {
			*ret_wanted = FIRST_READ;
			return true;
		}
	}
	if (done)
		memmove(port->input, port->input + done, port->input_size - done);
	port->input_size -= done;
	return true;
}

/* A control process writes its messages whole; anybody else may take their time. */
static bool input_ready(const struct port *port)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

	return port->parent_is_port || poll(&input, 1, 0) > 0;
}

static enum port_turn on_stdin(struct port *port)
{
	size_t wanted = port->input_wanted ? port->input_wanted : FIRST_READ;

	for (int reads = 0; reads < READS_AT_ONCE; reads++) {
		ssize_t got = read(STDIN_FILENO, port->input + port->input_size,
				   wanted - port->input_size);

		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (got <= 0)
			return port->input_size ? protocol_error(port) : PORT_ENDS;
		port->input_size += (size_t)got;
		if (!handle_whole(port, &wanted))
			return protocol_error(port);
		if (port->ended || !port->input_size || !input_ready(port))
			break;
	}
	port->input_wanted = wanted;
	return PORT_GOES_ON;
}

/* What the first process sent to this one comes before what is in stdin: all of it where there is
 * something. */
static void on_line(struct port *port, bool all)
{
	pid_t pid = port->pid;
	size_t size;

	do {
		size = direct_receive(port);
		if (size)
			handle_message(port, port->packet, size);
	} while (size && all && port->pid == pid && !port->ended);
}

/* ---- signals ---- */

static void tell_signal(struct port *port, const siginfo_t *info)
{
	struct etf_writer *writer = output_begin(port);

	etf_put_tuple(writer, 3);
	etf_put_atom(writer, "signal");
	etf_put_atom(writer, signal_name(info->si_signo));
	etf_put_binary(writer, info, sizeof(*info));
	output_term(port, FRAME_EVENT);
}

static void on_signals(struct port *port)
{
	siginfo_t infos[SIGNALS_AT_ONCE];
	size_t count = signals_read(infos, SIGNALS_AT_ONCE);
	bool reap = false;

	for (size_t i = 0; i < count; i++)
		if (infos[i].si_signo == SIGCHLD && port->child_signals != CHILD_SIGNALS_TOLD)
			reap = true;
		else
			tell_signal(port, &infos[i]);
	if (reap)
		children_reap(port);
}

/* ---- children ---- */

static void poll_add(struct port *port, int fd, short events, struct poll_owner owner)
{
	if (fd < 0)
		return;
	port->polls[port->poll_count] = (struct pollfd){ .fd = fd, .events = events };
	port->poll_owners[port->poll_count++] = owner;
}

/* One that is not there takes its place all the same: poll(2) passes it over. */
static void poll_own(struct port *port, int place, int fd)
{
	port->polls[place] = (struct pollfd){ .fd = fd, .events = POLLIN };
	port->poll_owners[place] = (struct poll_owner){ 0 };
}

static int make_room(struct port *port)
{
	size_t room = POLL_CHILDREN + POLLS_PER_CHILD * port->children.count;
	struct pollfd *polls;
	struct poll_owner *owners;

	if (room <= port->poll_room)
		return 0;
	polls = realloc(port->polls, room * sizeof(*polls));
	if (!polls)
		return -ENOMEM;
	port->polls = polls;
	owners = realloc(port->poll_owners, room * sizeof(*owners));
	if (!owners)
		return -ENOMEM;
	port->poll_owners = owners;
	port->poll_room = room;
	return 0;
}

/* Output that was read already and that flow control lets go again: no descriptor tells of it. */
static void send_held(struct port *port)
{
	for (size_t i = 0; i < port->children.count; i++) {
		struct child *c = &port->children.slots[i];

		if (c->pid && c->executed && child_bytes_left(&c->rest) && relay_wanted(c))
			relay_resume(port, c);
	}
}

static int make_polls(struct port *port)
{
	if (!port->polls_stale)
		return 0;
	send_held(port);
	if (make_room(port) < 0)
		return -ENOMEM;
	port->polls_stale = false;
	port->poll_count = POLL_CHILDREN;
	poll_own(port, POLL_STDIN, STDIN_FILENO);
	poll_own(port, POLL_SIGNALS, FD_SIGNALS);
	poll_own(port, POLL_ABOVE, port->depth ? port->line : port->guard);
	poll_own(port, POLL_QUEUE, port->queue);
	for (uint32_t i = 0; i < port->children.count; i++) {
		const struct child *c = &port->children.slots[i];

		if (!c->pid)
			continue;
		poll_add(port, c->control, POLLIN, (struct poll_owner){ i, c->pid, CHILD_CONTROL });
		if (relay_wanted(c))
			poll_add(port, c->out, POLLIN, (struct poll_owner){ i, c->pid, CHILD_OUT });
		if (!c->executed || relay_wanted(c))
			poll_add(port, c->err, POLLIN, (struct poll_owner){ i, c->pid, CHILD_ERR });
		if (child_bytes_left(&c->queue))
			poll_add(port, c->in, POLLOUT, (struct poll_owner){ i, c->pid, CHILD_IN });
	}
	return 0;
}

static int *polled_fd(struct child *child, enum poll_what what)
{
	switch (what) {
	case CHILD_CONTROL:
		return &child->control;
	case CHILD_OUT:
		return &child->out;
	case CHILD_ERR:
		return &child->err;
	case CHILD_IN:
		break;
	}
	return &child->in;
}

static void on_child(struct port *port, const struct pollfd *polled, struct poll_owner owner)
{
	struct child *child = &port->children.slots[owner.slot];
	int *fd;

	/* Something that came before in this turn may have closed it. */
	if (owner.slot >= port->children.count || child->pid != owner.pid)
		return;
	fd = polled_fd(child, owner.what);
	if (*fd != polled->fd)
		return;
	if (polled->revents & POLLNVAL) {
		*fd = -1;
		port->polls_stale = true;
	} else if (owner.what == CHILD_CONTROL) {
		child_on_control(port, child);
	} else if (port->drained && owner.what != CHILD_IN && !relay_readable(*fd)) {
		return;
	} else if (owner.what == CHILD_OUT && relay_wanted(child)) {
		relay_stdout(port, child);
	} else if (owner.what == CHILD_ERR && (!child->executed || relay_wanted(child))) {
		relay_stderr(port, child);
	} else if (owner.what == CHILD_IN) {
		child_flush(port, child);
	}
	child_release(&port->children, child);
}

static enum port_turn on_guard(struct port *port)
{
	if (!(port->polls[POLL_ABOVE].revents & POLLNVAL))
		return PORT_ENDS;
	port->guard = -1; /* the controller has closed it */
	port->polls_stale = true;
	return PORT_GOES_ON;
}

static enum port_turn turn(struct port *port)
{
	pid_t pid = port->pid;
	int ready = poll(port->polls, port->poll_count, deadline_wait(port));

	port->drained = false;
	deadlines_run(port);
	if (ready <= 0)
		return ready < 0 && errno != EINTR ? PORT_ENDS : PORT_GOES_ON;
	if (port->depth && (port->polls[POLL_ABOVE].revents || port->polls[POLL_STDIN].revents))
		on_line(port, port->polls[POLL_STDIN].revents);
	if (port->pid != pid) /* forked: what was polled is the parent's */
		return PORT_GOES_ON;
	if (port->polls[POLL_STDIN].revents && on_stdin(port) == PORT_ENDS)
		return PORT_ENDS;
	if (port->pid != pid)
		return PORT_GOES_ON;
	if (port->polls[POLL_SIGNALS].revents)
		on_signals(port);
	if (!port->depth && port->polls[POLL_ABOVE].revents && on_guard(port) == PORT_ENDS)
		return PORT_ENDS;
	if (port->polls[POLL_QUEUE].revents)
		direct_relay(port);
	for (size_t i = 0; i < POLL_CHILDREN; i++)
		ready -= port->polls[i].revents != 0;
	for (size_t i = POLL_CHILDREN; ready > 0 && i < port->poll_count; i++)
		if (port->polls[i].revents) {
			on_child(port, &port->polls[i], port->poll_owners[i]);
			ready--;
		}
	return PORT_GOES_ON;
}

int port_run(struct port *port)
{
	int status = 0;

	do {
		if (make_polls(port) < 0) {
			status = ENOMEM;
			break;
		}
	} while (turn(port) == PORT_GOES_ON && !port->ended);
	if (port->input_size)
		status = EPROTO;
	port_end(port);
	return status;
}
