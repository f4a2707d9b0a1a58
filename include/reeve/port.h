/* SPDX-License-Identifier: MIT */
/*
 * Trees of processes, steered by reeve-port: start one, make calls in any process of it, receive
 * what they say. docs/port-protocol.md has the calls and what a message is.
 *
 * Functions return 0 or a negative errno. A port is used by one thread at a time.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct reeve_port;

/* A process: the numbers of those above it and its own. `depth` 0 is the first one. */
struct reeve_place {
	size_t depth;
	const pid_t *pids; /* borrowed */
};

enum reeve_message_kind {
	REEVE_MESSAGE_REPLY,   /* `id`, and `json`: the value */
	REEVE_MESSAGE_REFUSED, /* `id`, and `error`: "enoent", or a sentence */
	REEVE_MESSAGE_STDOUT,  /* `data` */
	REEVE_MESSAGE_STDERR,  /* `data` */
	REEVE_MESSAGE_EVENT,   /* `json`: ["exit_status",0] */
	REEVE_MESSAGE_CTL,     /* `json`: "fdctl_closed" */
	REEVE_MESSAGE_PIPE,    /* `number`: bytes that the program's stdin had room for */
};

/* Owned by who got it, with all that it points to. */
struct reeve_message {
	enum reeve_message_kind kind;
	struct reeve_place from;
	uint64_t id;	/* of the call; 0: of none */
	int64_t number; /* where the value is one */
	void *data;	/* ends with a zero byte that is not counted */
	size_t size;
	char *json;
	char *error;
};

/* Starts the program (NULL: "reeve-port" in the path) and waits for its first word. */
int reeve_port_open(const char *program, struct reeve_port **ret_port);
/* Ends it with all that it started, and waits for that. NULL is allowed. */
void reeve_port_close(struct reeve_port *port);

/*
 * Asks for a call; `arguments` is a JSON array or object, NULL for none. The reply comes as a
 * message with *ret_id, which may be NULL. -EINVAL: the arguments are no JSON.
 */
int reeve_port_send(struct reeve_port *port, struct reeve_place at, const char *call,
		    const char *arguments, uint64_t *ret_id);

/* Asks, and waits for the reply: other messages stay for reeve_port_next(). */
int reeve_port_call(struct reeve_port *port, struct reeve_place at, const char *call,
		    const char *arguments, struct reeve_message **ret_reply);

/* Bytes for a program's stdin. */
int reeve_port_write(struct reeve_port *port, struct reeve_place at, const void *data, size_t size);

/* The next message. -EAGAIN: none within timeout_ms (0: does not wait; -1: for ever). -EPIPE: the
 * port has ended. */
int reeve_port_next(struct reeve_port *port, int timeout_ms, struct reeve_message **ret_message);
void reeve_message_free(struct reeve_message *message);

/* A descriptor for poll(2): when it can be read, reeve_port_next() is to be called until -EAGAIN.
 */
int reeve_port_fd(const struct reeve_port *port);

#ifdef __cplusplus
}
#endif
