// SPDX-License-Identifier: MIT
/*
 * The life of a child, as its parent sees it. The order in which a controller is told:
 *
 *   frames of the control process, CTL fdctl_closed, output, CTL ..._closed, EVENT of its end
 *
 * The kernel makes that order knowable: whatever a process wrote is in its pipes before its end of
 * the control socket is closed, and that before it can be waited for.
 */
#include "port/lifecycle.h"

#include "port/constants.h"
#include "port/direct.h"
#include "port/lines.h"
#include "port/output.h"
#include "port/relay.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

static void control_closed(struct port *port, struct child *child)
{
	direct_relay(port);
	relay_drain_frames(port, child);
	child_close(&child->control);
	port->polls_stale = true;
	child->executed = child->announced;
	output_about_atom(port, child->pid, FRAME_CTL, "fdctl_closed");
	if (child->executed)
		relay_resume(port, child);
}

void child_on_control(struct port *port, struct child *child)
{
	uint8_t said[64];
	ssize_t got = recv(child->control, said, sizeof(said), MSG_DONTWAIT);

	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
		control_closed(port, child);
		return;
	}
	for (ssize_t i = 0; i < got; i++) {
		if (said[i] != CONTROL_EXEC_FAILED) {
			port->counters.control_invalid++;
			continue;
		}
		/* The announcement was written before this was: it is in the pipe at least. */
		if (!child->announced)
			relay_drain_frames(port, child);
		if (child->announced)
			relay_resume(port, child);
	}
}

/* ---- the end ---- */

static void put_time(struct etf_writer *writer, const struct timeval *time)
{
	etf_put_uint(writer, (uint64_t)time->tv_sec * 1000000 + (uint64_t)time->tv_usec);
}

/* {rusage, UserMicroseconds, SystemMicroseconds, MaxRssKiB, MinorFaults, MajorFaults, BlocksIn,
 * BlocksOut, VoluntarySwitches, InvoluntarySwitches} */
static void tell_usage(struct port *port, pid_t pid, const struct rusage *usage)
{
	const long numbers[] = { usage->ru_maxrss,  usage->ru_minflt,  usage->ru_majflt,
				 usage->ru_inblock, usage->ru_oublock, usage->ru_nvcsw,
				 usage->ru_nivcsw };
	struct etf_writer *writer = output_begin(port);

	etf_put_tuple(writer, 3 + ARRAY_SIZE(numbers));
	etf_put_atom(writer, "rusage");
	put_time(writer, &usage->ru_utime);
	put_time(writer, &usage->ru_stime);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		etf_put_int(writer, numbers[i]);
	output_about(port, pid, FRAME_EVENT);
}

static void tell_end(struct port *port, pid_t pid, int status)
{
	struct etf_writer *writer = output_begin(port);

	etf_put_tuple(writer, 2);
	if (WIFEXITED(status) && port->options.exit_status) {
		etf_put_atom(writer, "exit_status");
		etf_put_int(writer, WEXITSTATUS(status));
	} else if (WIFSIGNALED(status) && port->options.termsig) {
		etf_put_atom(writer, "termsig");
		etf_put_atom(writer, signal_name(WTERMSIG(status)));
	} else {
		return;
	}
	output_about(port, pid, FRAME_EVENT);
}

static void forget_deadlines(struct port *port, pid_t pid)
{
	size_t kept = 0;

	for (size_t i = 0; i < port->deadline_count; i++)
		if (port->deadlines[i].pid != pid)
			port->deadlines[kept++] = port->deadlines[i];
	port->deadline_count = kept;
}

void child_ended(struct port *port, pid_t pid, int status, const struct rusage *usage, bool told)
{
	struct child *child = children_find(&port->children, pid);

	if (!child)
		return;
	if (child->control >= 0)
		control_closed(port, child);
	relay_drain(port, child);
	if (child->in >= 0) {
		child_close(&child->in);
		if (port->options.stdin_closed)
			output_about_atom(port, pid, FRAME_CTL, "stdin_closed");
	}
	forget_deadlines(port, pid);
	lines_drop(port, &pid, 1);
	port->polls_stale = true;
	/* The slot is free before anybody is told: the next call may be a fork. */
	child_leave(&port->children, child);
	if (told && usage && port->options.rusage)
		tell_usage(port, pid, usage);
	if (told)
		tell_end(port, pid, status);
}

void children_reap(struct port *port)
{
	struct rusage usage;
	int status;
	pid_t pid;

	while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0)
		if (WIFEXITED(status) || WIFSIGNALED(status))
			child_ended(port, pid, status, &usage, true);
}

/* ---- its stdin ---- */

/* What the first process asked, and no controller (lines.c). */
static bool is_mark(const uint8_t *data, size_t size)
{
	return size == FRAME_HEAD && frame_u16(data) == 2 && frame_u16(data + 2) == FRAME_LINE;
}

static void refuse(struct port *port, struct child *child, size_t written, const uint8_t *data,
		   size_t size)
{
	child->counters.in_refused += size - written;
	child->stdin_refused = true;
	if (is_mark(data, size))
		return;
	etf_put_uint(output_begin(port), written);
	output_about(port, child->pid, FRAME_PIPE);
}

/* How many bytes may wait. A control process gets its frames whole, or not at all. */
static size_t queue_room(const struct child *child)
{
	size_t room = child->executed ? child->stdinqueue : QUEUE_MAX;
	size_t used = child_bytes_left(&child->queue);

	return room > used ? room - used : 0;
}

void child_send(struct port *port, pid_t pid, const uint8_t *data, size_t size)
{
	struct child *child = children_find(&port->children, pid);
	size_t written = 0;
	ssize_t r;

	if (!child) {
		if (is_mark(data, size))
			return;
		port->counters.badpid++;
		output_about_atom(port, pid, FRAME_CTL, "badpid");
		return;
	}
	if (child->in < 0 || child->in_ends || !size)
		return;
	if (!child_bytes_left(&child->queue)) {
		r = write(child->in, data, size);
		if (r < 0 && errno != EAGAIN && errno != EINTR)
			return; /* nobody reads it any more, which is told otherwise */
		written = r > 0 ? (size_t)r : 0;
	}
	child->counters.in_bytes += written;
	if (written == size)
		return;
	/* A begun frame is completed, whatever it takes. */
	if (size - written > queue_room(child) && (child->executed || !written)) {
		refuse(port, child, written, data, size);
		return;
	}
	if (child_bytes_add(&child->queue, data + written, size - written))
		port->polls_stale = true;
	else
		refuse(port, child, written, data, size);
}

void child_flush(struct port *port, struct child *child)
{
	struct child_bytes *queue = &child->queue;
	ssize_t r = write(child->in, queue->data + queue->at, child_bytes_left(queue));

	if (r < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (r > 0) {
		queue->at += (size_t)r;
		child->counters.in_bytes += (uint64_t)r;
	}
	if (r > 0 && child_bytes_left(queue))
		return;
	child_bytes_done(queue);
	port->polls_stale = true;
	if (child->in_ends)
		child_close(&child->in);
	if (child->stdin_refused && child->stdinqueue && child->executed) {
		child->stdin_refused = false;
		output_about_atom(port, child->pid, FRAME_CTL, "stdin_drained");
	}
}

void child_tell_signaloneof(struct child *child)
{
	uint8_t said = (uint8_t)child->signaloneof;

	if (child->control >= 0)
		(void)send(child->control, &said, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}
