// SPDX-License-Identifier: MIT
/*
 * One client: bytes in, requests one after the other, bytes out. Nothing here waits.
 *
 * A connection reads only while it has nothing to answer and nothing unsent: the socket's own
 * buffer then holds a client back that asks faster than it reads, and the order of answers is
 * that of the requests. It is freed only at the end of its own event, by the timer, or with the
 * server; whoever finds it beyond help elsewhere marks it and shuts the socket down, which makes
 * the event come (EPOLLHUP is always told, whatever is waited for).
 */
#include "varlink/codec.h"
#include "varlink/internal.h"

#include "util/host.h"

#include <sys/epoll.h>

enum {
	READ_SIZE = 16384,
	REQUESTS_A_TURN = 64,
};

static size_t unsent(const struct connection *c)
{
	return c->out_size - c->out_at;
}

/* ---- buffers: all of them together are bounded ---- */

static void drop_buffer(struct connection *c, char **buffer, size_t *room)
{
	free(TAKE_PTR(*buffer));
	c->server->memory -= *room;
	*room = 0;
}

/* Makes room for `size` bytes. -ENOBUFS when all connections together hold too much. */
static int grow_buffer(struct connection *c, char **buffer, size_t *room, size_t size)
{
	struct varlink_server *server = c->server;
	size_t limit = server->limits.memory_size;
	size_t larger_room = MAX(*room, (size_t)1024);
	char *larger;

	while (larger_room < size)
		larger_room *= 2;
	if (larger_room == *room)
		return 0;
	if (c->rights != RIGHTS_ALL)
		limit -= limit / RESERVE_SHARE;
	if (server->memory - *room + larger_room > limit)
		return -ENOBUFS;
	larger = realloc(*buffer, larger_room);
	if (!larger)
		return -ENOMEM;
	server->memory += larger_room - *room;
	*buffer = larger;
	*room = larger_room;
	return 0;
}

static void drop_out(struct connection *c)
{
	c->out_at = c->out_size = 0;
	drop_buffer(c, &c->out, &c->out_room);
}

/* ---- out ---- */

/* Nothing more can reach the client; its last whole requests are still carried out. */
static void lose_output(struct connection *c)
{
	c->broken = true;
	drop_out(c);
}

static void give_up(struct connection *c)
{
	lose_output(c);
	c->closing = true;
	(void)shutdown(c->fd, SHUT_RDWR);
}

static void flush(struct connection *c)
{
	while (unsent(c) > 0) {
		ssize_t n = send(c->fd, c->out + c->out_at, unsent(c), MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			lose_output(c);
			return;
		}
		c->out_at += (size_t)n;
	}
	drop_out(c);
}

/* Moving what is unsent to the front only when it is the smaller part keeps the cost linear. */
static int append(struct connection *c, const char *text, size_t size)
{
	int r;

	if (c->out_at > c->out_size / 2) {
		memmove(c->out, c->out + c->out_at, unsent(c));
		c->out_size -= c->out_at;
		c->out_at = 0;
	}
	r = grow_buffer(c, &c->out, &c->out_room, c->out_size + size);
	if (r < 0)
		return r;
	memcpy(c->out + c->out_size, text, size);
	c->out_size += size;
	return 0;
}

int connection_send_text(struct connection *c, const char *text, size_t size)
{
	size_t waiting = unsent(c);
	int r;

	if (c->broken)
		return -EPIPE;
	/* One answer may be longer than the queue: it was asked for, and nothing is before it. */
	if (waiting > 0 && waiting + size > c->server->limits.queue_size)
		r = -ENOBUFS;
	else
		r = append(c, text, size);
	if (r < 0) {
		c->server->counters.slow_closed++;
		give_up(c);
		return r;
	}
	if (waiting == 0)
		flush(c);
	return c->broken ? -EPIPE : 0;
}

int connection_send(struct connection *c, json_t *message)
{
	_cleanup_(freep) char *text = NULL;
	size_t size;
	int r;

	if (c->broken) {
		json_decref(message);
		return -EPIPE;
	}
	r = varlink_encode(message, &text, &size);
	if (r < 0) {
		/* An answer that is lost would put all later ones out of step. */
		give_up(c);
		return r;
	}
	return connection_send_text(c, text, size);
}

void connection_refuse(struct connection *c, const char *why)
{
	if (!c->broken)
		(void)connection_send(c, varlink_answer_new("io.reeve.BadRequest",
							    json_pack("{s:s}", "message", why),
							    false));
	c->closing = true;
}

/* ---- in ---- */

static void set_begun(struct connection *c, bool begun)
{
	struct varlink_server *server = c->server;

	if (begun == (c->deadline > 0))
		return;
	if (begun) {
		c->deadline = clock_monotonic() + server->limits.request_timeout;
		TAILQ_INSERT_TAIL(&server->begun, c, in_begun);
	} else {
		c->deadline = 0;
		TAILQ_REMOVE(&server->begun, c, in_begun);
	}
	server_arm(server);
}

/* Reads once: what is left wakes the loop again, after the other clients' turn. */
static void receive(struct connection *c)
{
	char chunk[READ_SIZE];
	ssize_t n = recv(c->fd, chunk, sizeof(chunk), MSG_DONTWAIT);

	if (n == 0)
		c->eof = true;
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		c->closing = true;
	if (n <= 0)
		return;
	if (grow_buffer(c, &c->in, &c->in_room, c->in_size + (size_t)n) < 0) {
		c->server->counters.too_large++;
		connection_refuse(c, "the daemon has no memory left for requests");
		return;
	}
	memcpy(c->in + c->in_size, chunk, (size_t)n);
	c->in_size += (size_t)n;
}

/* The size of the whole request that `in` starts with, without its NUL; -1: there is none. */
static ssize_t next_request(struct connection *c)
{
	const char *end = NULL;

	if (c->in_size > c->in_seen)
		end = memchr(c->in + c->in_seen, '\0', c->in_size - c->in_seen);
	c->whole = end;
	c->in_seen = end ? (size_t)(end - c->in) : c->in_size;
	return end ? end - c->in : -1;
}

static void consume(struct connection *c, size_t size)
{
	memmove(c->in, c->in + size, c->in_size - size);
	c->in_size -= size;
	c->in_seen = 0;
}

static bool too_large(struct connection *c, size_t size)
{
	if (size <= c->server->limits.message_size)
		return false;
	c->server->counters.too_large++;
	connection_refuse(c, "the request is too long");
	return true;
}

static void handle_requests(struct connection *c)
{
	for (unsigned n = 0; n < REQUESTS_A_TURN && !c->closing && !c->call && unsent(c) == 0;
	     n++) {
		ssize_t size = next_request(c);

		if (size < 0 || too_large(c, (size_t)size))
			break;
		set_begun(c, false);
		call_request(c, c->in, (size_t)size);
		consume(c, (size_t)size + 1);
	}
	(void)next_request(c);
	if (!c->whole && !c->closing)
		(void)too_large(c, c->in_size);
	if (c->in_size == 0)
		drop_buffer(c, &c->in, &c->in_room);
}

/* ---- the event ---- */

static bool is_waiting(const struct connection *c)
{
	return c->call || unsent(c) > 0;
}

static void wait_for(struct connection *c)
{
	uint32_t events = 0;

	if (!is_waiting(c) && !c->whole && !c->eof)
		events |= EPOLLIN;
	/* A whole request that waits for its turn comes back by way of "writable". */
	if (unsent(c) > 0 || (c->whole && !c->call))
		events |= EPOLLOUT;
	if (events != c->events && sd_event_source_set_io_events(c->source, events) >= 0)
		c->events = events;
	set_begun(c, (events & EPOLLIN) && c->in_size > 0);
}

static bool is_over(struct connection *c)
{
	if (c->closing)
		return true;
	if (!c->eof || is_waiting(c) || c->whole)
		return false;
	if (c->in_size > 0)
		c->server->counters.malformed++;
	return true;
}

static int on_event(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct connection *c = userdata;

	c->busy = true;
	if (revents & (EPOLLHUP | EPOLLERR)) {
		lose_output(c);
		if (c->call)
			call_gone(TAKE_PTR(c->call));
	}
	if (unsent(c) > 0)
		flush(c);
	if (!c->closing && !c->eof && !is_waiting(c) && !c->whole)
		receive(c);
	handle_requests(c);
	c->busy = false;
	if (is_over(c))
		connection_free(c);
	else
		wait_for(c);
	return 0;
}

void connection_wake(struct connection *c)
{
	if (!c->busy)
		wait_for(c);
}

int connection_new(struct varlink_server *server, int fd, const struct ucred *peer,
		   enum rights rights)
{
	struct connection *c = calloc(1, sizeof(*c));
	int r;

	if (!c) {
		close(fd);
		return -ENOMEM;
	}
	c->server = server;
	c->fd = fd;
	c->peer = *peer;
	c->rights = rights;
	c->events = EPOLLIN;
	r = sd_event_add_io(server->event, &c->source, fd, EPOLLIN, on_event, c);
	if (r < 0) {
		close(fd);
		free(c);
		return r;
	}
	TAILQ_INSERT_TAIL(&server->open, c, in_open);
	server->counters.open++;
	return 0;
}

void connection_free(struct connection *c)
{
	struct varlink_server *server = c->server;

	TAILQ_REMOVE(&server->open, c, in_open);
	server->counters.open--;
	set_begun(c, false);
	sd_event_source_disable_unref(c->source);
	if (c->call)
		call_gone(TAKE_PTR(c->call));
	drop_buffer(c, &c->in, &c->in_room);
	drop_out(c);
	close(c->fd);
	free(c);
}
