// SPDX-License-Identifier: MIT
/*
 * A client of reeve-port: its lines, over two pipes. Messages that come while a reply is waited for
 * are kept in their order. Writing never waits for a port that itself waits to be read: what it
 * says is read meanwhile.
 */
#include "lib/port-message.h"

#include "util/text.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

enum { CHUNK = 65536 };

struct kept {
	struct kept *next;
	struct reeve_message *message;
};

struct reeve_port {
	pid_t pid;
	int to, from;
	uint64_t last_id;
	struct text lines; /* read, and not yet taken */
	struct kept *first, **last;
};

static int start(struct reeve_port *port, const char *program)
{
	char *const argv[] = { (char *)(uintptr_t)program, (char[]){ "--protocol" },
			       (char[]){ "json" }, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int down[2], up[2], r;

	if (pipe2(down, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(up, O_CLOEXEC) < 0) {
		r = -errno;
		close(down[0]);
		close(down[1]);
		return r;
	}
	/* A group of its own: a terminal's Ctrl-C is for the caller, at whose end it ends. */
	(void)posix_spawnattr_init(&attributes);
	(void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
	r = posix_spawn_file_actions_init(&actions);
	if (r == 0) {
		(void)posix_spawn_file_actions_adddup2(&actions, down[0], STDIN_FILENO);
		(void)posix_spawn_file_actions_adddup2(&actions, up[1], STDOUT_FILENO);
		r = posix_spawnp(&port->pid, program, &actions, &attributes, argv, environ);
		(void)posix_spawn_file_actions_destroy(&actions);
	}
	(void)posix_spawnattr_destroy(&attributes);
	close(down[0]);
	close(up[1]);
	port->to = down[1];
	port->from = up[0];
	if (r != 0)
		return -r;
	return fcntl(port->to, F_SETFL, O_WRONLY | O_NONBLOCK) < 0 ? -errno : 0;
}

/* Reads what is there, waiting at most so long. 0, -EAGAIN, -EPIPE at the end. */
static int fill(struct reeve_port *port, int timeout_ms)
{
	struct pollfd polled = { .fd = port->from, .events = POLLIN };
	int ready = poll(&polled, 1, timeout_ms);
	ssize_t got;

	if (ready < 0)
		return errno == EINTR ? 0 : -errno;
	if (ready == 0)
		return -EAGAIN;
	if (!text_reserve(&port->lines, CHUNK))
		return -ENOMEM;
	got = read(port->from, port->lines.data + port->lines.size, CHUNK);
	if (got <= 0)
		return got == 0 ? -EPIPE : errno == EINTR ? 0 : -errno;
	port->lines.size += (size_t)got;
	return 0;
}

/* A whole line that was read: 0, or -EAGAIN for none. `take`: as a message. */
static int take_line(struct reeve_port *port, struct reeve_message **ret_message)
{
	char *data = port->lines.data;
	char *end = port->lines.size ? memchr(data, '\n', port->lines.size) : NULL;
	size_t size;
	int r;

	if (!end)
		return -EAGAIN;
	size = (size_t)(end - data) + 1;
	r = ret_message ? port_message_read(data, size, ret_message) : 0;
	memmove(data, data + size, port->lines.size - size);
	port->lines.size -= size;
	return r == -EINVAL ? -EPROTO : r;
}

int reeve_port_open(const char *program, struct reeve_port **ret_port)
{
	struct reeve_port *port = calloc(1, sizeof(*port));
	int r;

	if (!port)
		return -ENOMEM;
	port->to = port->from = -1;
	port->last = &port->first;
	r = start(port, program ? program : "reeve-port");
	/* its first line, which says who it is */
	while (r == 0 && take_line(port, NULL) < 0)
		r = fill(port, -1);
	if (r < 0) {
		reeve_port_close(port);
		return r;
	}
	*ret_port = port;
	return 0;
}

void reeve_port_close(struct reeve_port *port)
{
	struct kept *kept;

	if (!port)
		return;
	if (port->to >= 0)
		close(port->to);
	/* read to its end, so that it need not wait for us */
	while (port->from >= 0 && fill(port, -1) == 0)
		port->lines.size = 0;
	if (port->from >= 0)
		close(port->from);
	if (port->pid > 0)
		(void)waitpid(port->pid, NULL, 0);
	while ((kept = port->first)) {
		port->first = kept->next;
		reeve_message_free(kept->message);
		free(kept);
	}
	text_done(&port->lines);
	free(port);
}

int reeve_port_fd(const struct reeve_port *port)
{
	return port->from;
}

/* write(2) by a thread that is not killed by SIGPIPE. */
static ssize_t write_quietly(int fd, const void *data, size_t size)
{
	struct timespec none = { 0 };
	sigset_t broken, was, pending;
	ssize_t r;
	int saved;

	(void)sigemptyset(&broken);
	(void)sigaddset(&broken, SIGPIPE);
	(void)sigpending(&pending);
	(void)pthread_sigmask(SIG_BLOCK, &broken, &was);
	r = write(fd, data, size);
	saved = errno;
	if (r < 0 && saved == EPIPE && !sigismember(&pending, SIGPIPE))
		(void)sigtimedwait(&broken, NULL, &none);
	(void)pthread_sigmask(SIG_SETMASK, &was, NULL);
	errno = saved;
	return r;
}

static int write_all_of(struct reeve_port *port, const char *data, size_t size)
{
	while (size) {
		ssize_t r = write_quietly(port->to, data, size);
		struct pollfd polls[] = { { .fd = port->to, .events = POLLOUT },
					  { .fd = port->from, .events = POLLIN } };

		if (r > 0) {
			data += r;
			size -= (size_t)r;
			continue;
		}
		if (r < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (poll(polls, ARRAY_SIZE(polls), -1) > 0 && polls[1].revents) {
			int filled = fill(port, 0);

			if (filled < 0 && filled != -EAGAIN)
				return filled;
		}
	}
	return 0;
}

/* Takes the object. */
static int send_object(struct reeve_port *port, json_t *object)
{
	_cleanup_(freep) char *line = object ? json_dumps(object, JSON_COMPACT) : NULL;
	size_t size;

	json_decref(object);
	if (!line)
		return -ENOMEM;
	size = strlen(line);
	line[size] = '\n';
	return write_all_of(port, line, size + 1);
}

int reeve_port_send(struct reeve_port *port, struct reeve_place at, const char *call,
		    const char *arguments, uint64_t *ret_id)
{
	json_t *parsed = json_loads(arguments ? arguments : "[]", JSON_REJECT_DUPLICATES, NULL);
	json_t *object;
	int r;

	if (!parsed)
		return -EINVAL;
	object = json_pack("{s:I, s:o, s:s, s:o}", "id", (json_int_t)++port->last_id, "at",
			   port_place_write(at), "call", call, "arguments", parsed);
	r = send_object(port, object);
	if (r == 0 && ret_id)
		*ret_id = port->last_id;
	return r;
}

int reeve_port_write(struct reeve_port *port, struct reeve_place at, const void *data, size_t size)
{
	return send_object(port, json_pack("{s:o, s:o}", "at", port_place_write(at), "stdin",
					   port_bytes_write(data, size)));
}

/* The next that was not kept. */
static int receive(struct reeve_port *port, int timeout_ms, struct reeve_message **ret_message)
{
	int r = take_line(port, ret_message);

	while (r == -EAGAIN) {
		r = fill(port, timeout_ms);
		if (r == 0)
			r = take_line(port, ret_message);
		else
			break;
	}
	return r;
}

int reeve_port_next(struct reeve_port *port, int timeout_ms, struct reeve_message **ret_message)
{
	struct kept *kept = port->first;

	if (!kept)
		return receive(port, timeout_ms, ret_message);
	*ret_message = kept->message;
	port->first = kept->next;
	if (!port->first)
		port->last = &port->first;
	free(kept);
	return 0;
}

static int keep(struct reeve_port *port, struct reeve_message *message)
{
	struct kept *kept = calloc(1, sizeof(*kept));

	if (!kept) {
		reeve_message_free(message);
		return -ENOMEM;
	}
	kept->message = message;
	*port->last = kept;
	port->last = &kept->next;
	return 0;
}

int reeve_port_call(struct reeve_port *port, struct reeve_place at, const char *call,
		    const char *arguments, struct reeve_message **ret_reply)
{
	struct reeve_message *message;
	uint64_t id;
	int r = reeve_port_send(port, at, call, arguments, &id);

	while (r == 0) {
		r = receive(port, -1, &message);
		if (r < 0)
			break;
		if (message->id == id) {
			*ret_reply = message;
			return 0;
		}
		r = keep(port, message);
	}
	return r;
}
