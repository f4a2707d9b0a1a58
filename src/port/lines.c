// SPDX-License-Identifier: MIT
/*
 * A message names the processes that it goes through. The way is the same for all messages to a
 * process until it has a line: the last one on the long way is followed by a mark, and the process
 * answers the mark with one end of a socket. Where nothing was sent on the long way meanwhile,
 * everything that was is read by then, and the line is used from there on; else it is asked for
 * again later. A line that is full, or broken, is never used again: who reads it looks at the line
 * before stdin, so that nothing is overtaken.
 *
 * What is for a program looks like anything, so a place is looked into only while it is certain
 * that a control process is there: not behind a call that executes, nor behind bytes that are not
 * just one frame, in which such a call could be.
 */
#include "port/lines.h"

#include "port/calls.h"
#include "port/lifecycle.h"

#include <sys/socket.h>

enum { BUCKETS = 256, LINES_MAX = 256, MESSAGES_MIN = 4, MESSAGES_MAX = 1024 };

enum line_state { LINE_NONE, LINE_ASKED, LINE_OPEN, LINE_OFF };

struct line {
	struct line *next;
	enum line_state state;
	bool missed; /* something took the long way since it was asked for */
	bool closed; /* it executes a program, or has ended */
	int fd;
	unsigned messages, wanted; /* on the long way, before it is asked for */
	size_t count;
	pid_t places[];
};

struct lines {
	struct line *buckets[BUCKETS];
	size_t open, closed;
};

static struct line **slot_of(struct lines *lines, const pid_t *places, size_t count)
{
	uint32_t hash = 0;
	struct line **slot;

	for (size_t i = 0; i < count; i++)
		hash = hash * 31 + (uint32_t)places[i];
	slot = &lines->buckets[hash % BUCKETS];
	while (*slot && ((*slot)->count != count ||
			 memcmp((*slot)->places, places, count * sizeof(*places)) != 0))
		slot = &(*slot)->next;
	return slot;
}

static struct line *find(const struct port *port, const pid_t *places, size_t count)
{
	return port->lines && count > 1 ? *slot_of(port->lines, places, count) : NULL;
}

/* NULL: no memory, or a place that needs no line. */
static struct line *find_or_add(struct port *port, const pid_t *places, size_t count)
{
	struct line **slot, *line;

	if (count < 2)
		return NULL;
	if (!port->lines)
		port->lines = calloc(1, sizeof(*port->lines));
	if (!port->lines)
		return NULL;
	slot = slot_of(port->lines, places, count);
	if (*slot)
		return *slot;
	line = calloc(1, sizeof(*line) + count * sizeof(*places));
	if (!line)
		return NULL;
	line->fd = -1;
	line->wanted = MESSAGES_MIN;
	line->count = count;
	memcpy(line->places, places, count * sizeof(*places));
	return *slot = line;
}

/* What is in it is still read, as its other end stays open. */
static void turn_off(struct port *port, struct line *line)
{
	if (line->fd >= 0)
		port->lines->open--;
	child_close(&line->fd);
	line->state = LINE_OFF;
}

/* ---- the way of a message ---- */

struct way {
	pid_t places[FRAME_DEPTH_MAX];
	struct line *lines[FRAME_DEPTH_MAX];
	size_t count;	/* of places */
	size_t by_line; /* the last place whose line may be used; what is for the others is not */
	bool call;	/* for a control process: the last place */
};

static bool is_one_frame(const uint8_t *frame, size_t size)
{
	size_t whole;

	return frame_downwards(frame, size, &whole) == FRAME_GOOD && whole == size &&
	       frame_u16(frame + 2) != FRAME_LINE;
}

static bool executes(const uint8_t *call)
{
	static const char *const names[] = { "execve", "execvp", "fexecve" };
	const struct call *row = call_row(frame_u16(call + FRAME_HEAD));

	for (size_t i = 0; row && i < ARRAY_SIZE(names); i++)
		if (streq(row->name, names[i]))
			return true;
	return false;
}

/* From now on nobody knows what is there. */
static void hide(struct port *port, const struct way *way)
{
	struct child *child = children_find(&port->children, way->places[0]);
	struct line *line = find_or_add(port, way->places, way->count);

	if (way->count == 1 && child)
		child->hidden = true;
	if (line)
		turn_off(port, line);
}

static bool is_hidden(struct port *port, const struct way *way)
{
	const struct child *child;
	const struct line *line = way->lines[way->count - 1];

	if (way->count > 1)
		return line && line->state == LINE_OFF;
	child = children_find(&port->children, way->places[0]);
	return !child || child->executed || child->announced || child->hidden;
}

/* A place more. False at the end of the way. */
static bool go_on(struct port *port, struct way *way, const uint8_t *message, size_t size)
{
	const uint8_t *inner = message + FRAME_HEAD_CHILD;

	way->places[way->count++] = (pid_t)frame_u32(message + FRAME_HEAD);
	way->lines[way->count - 1] = find(port, way->places, way->count);
	if (is_hidden(port, way))
		return false;
	if (!is_one_frame(inner, size - FRAME_HEAD_CHILD) ||
	    (frame_u16(inner + 2) == FRAME_CALL && executes(inner))) {
		hide(port, way);
		return false;
	}
	way->by_line = way->count;
	way->call = frame_u16(inner + 2) == FRAME_CALL;
	return frame_u16(inner + 2) == FRAME_STDIN && way->count < FRAME_DEPTH_MAX;
}

static void find_way(struct port *port, const uint8_t *message, size_t size, struct way *way)
{
	*way = (struct way){ .count = 0 };
	while (go_on(port, way, message, size)) {
		message += FRAME_HEAD_CHILD;
		size -= FRAME_HEAD_CHILD;
	}
}

static bool send_by(struct port *port, struct line *line, const uint8_t *frame, size_t size)
{
	if (!line || line->state != LINE_OPEN)
		return false;
	if (send(line->fd, frame, size, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)size)
		return true;
	port->counters.lines_full++;
	turn_off(port, line);
	return false;
}

/* By the line that goes furthest, up to the place `last`, or by the child. */
static void send_along(struct port *port, const struct way *way, size_t last,
		       const uint8_t *message, size_t size)
{
	size_t by = last;

	while (by > 0 && !send_by(port, way->lines[by - 1], message + FRAME_HEAD_CHILD * by,
				  size - FRAME_HEAD_CHILD * by))
		by--;
	for (size_t i = by; i < way->count; i++)
		if (way->lines[i])
			way->lines[i]->missed = true;
	if (!by)
		child_send(port, way->places[0], message + FRAME_HEAD_CHILD,
			   size - FRAME_HEAD_CHILD);
}

/* Behind the last message on the long way, the mark. */
static void ask(struct port *port, struct way *way)
{
	uint8_t *message = port->packet;
	size_t heads = FRAME_HEAD_CHILD * way->count;
	struct line *line = find_or_add(port, way->places, way->count);

	if (!line || line->state != LINE_NONE || ++line->messages < line->wanted ||
	    port->lines->open >= LINES_MAX)
		return;
	way->lines[way->count - 1] = line;
	for (size_t i = 0; i < way->count; i++)
		frame_put_head_child(message + FRAME_HEAD_CHILD * i, FRAME_STDIN, way->places[i],
				     heads + FRAME_HEAD - FRAME_HEAD_CHILD * (i + 1));
	frame_put_head(message + heads, FRAME_LINE, 0);
	send_along(port, way, way->count - 1, message, heads + FRAME_HEAD);
	line->state = LINE_ASKED;
	line->missed = false;
}

void lines_route(struct port *port, const uint8_t *message, size_t size)
{
	struct way way;

	if (port->up < 0 || port->plain_calls) {
		child_send(port, (pid_t)frame_u32(message + FRAME_HEAD), message + FRAME_HEAD_CHILD,
			   size - FRAME_HEAD_CHILD);
		return;
	}
	find_way(port, message, size, &way);
	send_along(port, &way, way.by_line, message, size);
	if (way.call)
		ask(port, &way);
}

/* ---- what is told of a place ---- */

void lines_opened(struct port *port, const pid_t *places, size_t count, int fd)
{
	struct line *line = find(port, places, count);

	if (line && line->state == LINE_ASKED && !line->missed && fd >= 0) {
		line->fd = fd;
		line->state = LINE_OPEN;
		port->lines->open++;
		return;
	}
	if (line && line->state == LINE_ASKED) {
		line->state = LINE_NONE;
		line->messages = 0;
		line->wanted = MIN(2 * line->wanted, (unsigned)MESSAGES_MAX);
	}
	if (fd >= 0)
		close(fd);
}

void lines_off(struct port *port, const pid_t *places, size_t count)
{
	struct line *line = find_or_add(port, places, count);

	if (!line)
		return;
	turn_off(port, line);
	port->lines->closed += !line->closed;
	line->closed = true;
}

bool lines_closed_above(const struct port *port, const pid_t *places, size_t count)
{
	for (size_t i = 2; port->lines && port->lines->closed && i < count; i++) {
		const struct line *line = find(port, places, i);

		if (line && line->closed)
			return true;
	}
	return false;
}

void lines_drop(struct port *port, const pid_t *places, size_t count)
{
	for (size_t i = 0; port->lines && i < BUCKETS; i++)
		for (struct line **at = &port->lines->buckets[i], *line; (line = *at);) {
			if (line->count < count ||
			    memcmp(line->places, places, count * sizeof(*places)) != 0) {
				at = &line->next;
				continue;
			}
			*at = line->next;
			turn_off(port, line);
			port->lines->closed -= line->closed;
			free(line);
		}
}

/* ---- descriptors ---- */

static struct line *with_fd(const struct port *port, int fd)
{
	for (size_t i = 0; port->lines && fd >= 0 && i < BUCKETS; i++)
		for (struct line *line = port->lines->buckets[i]; line; line = line->next)
			if (line->fd == fd)
				return line;
	return NULL;
}

bool lines_own(const struct port *port, int fd)
{
	return with_fd(port, fd) != NULL;
}

void lines_forget_fd(struct port *port, int fd)
{
	struct line *line = with_fd(port, fd);

	if (!line)
		return;
	line->fd = -1;
	line->state = LINE_OFF;
	port->lines->open--;
}

int lines_greatest_fd(const struct port *port)
{
	int greatest = -1;

	for (size_t i = 0; port->lines && i < BUCKETS; i++)
		for (struct line *line = port->lines->buckets[i]; line; line = line->next)
			greatest = MAX(greatest, line->fd);
	return greatest;
}

void lines_done(struct port *port)
{
	if (!port->lines)
		return;
	lines_drop(port, NULL, 0);
	free(port->lines);
	port->lines = NULL;
}
