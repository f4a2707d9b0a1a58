/* SPDX-License-Identifier: MIT */
/* What the files of the server share: the server, its connections, the calls under way. */
#pragma once

#include "varlink/server.h"
#include "varlink/socket.h"

#include <sys/queue.h>
#include <sys/stat.h>

enum { RESERVE_SHARE = 16 }; /* one connection, and one byte, in so many is for root alone */

struct varlink_call {
	struct connection *connection;
	bool more, oneway;
	void (*gone)(struct varlink_call *call, void *userdata);
	void *gone_userdata;
};

/* What a peer may do, from its credentials at connect time. */
enum rights {
	RIGHTS_NONE,
	RIGHTS_READ,
	RIGHTS_ALL,
};

struct connection {
	TAILQ_ENTRY(connection) in_open, in_begun;
	struct varlink_server *server;
	sd_event_source *source;
	struct ucred peer;
	enum rights rights;
	int fd;
	uint32_t events; /* what the source waits for now */

	char *in; /* read and not yet handled; `in_seen` bytes hold no NUL */
	size_t in_size, in_room, in_seen;
	char *out; /* unsent is out_at .. out_size */
	size_t out_at, out_size, out_room;

	struct varlink_call *call; /* being answered; later requests wait for it */
	uint64_t deadline;	   /* CLOCK_MONOTONIC ns of a begun request, 0: none begun */
	bool whole;		   /* `in` starts with a whole request */
	bool eof;		   /* the client sends no more */
	bool broken;		   /* the client gets no more */
	bool closing;		   /* to be freed by the loop */
	bool busy;		   /* inside the connection's own event */
};
TAILQ_HEAD(connections, connection);

struct varlink_server {
	sd_event *event;
	const struct varlink_interface **interfaces;
	size_t interface_count;
	struct varlink_limits limits;
	struct varlink_counters counters;
	void *userdata;

	int fd; /* listening */
	sd_event_source *source;
	char *path;
	dev_t device; /* of the socket file, so that only our own is unlinked */
	ino_t inode;
	int spare_fd; /* given up for a moment to refuse a client when no descriptor is left */
	gid_t reader_gid;

	struct connections open;
	struct connections begun; /* with half a request, oldest first */
	sd_event_source *timer;	  /* off unless `begun` is not empty or accepting is paused */
	uint64_t accept_again;	  /* CLOCK_MONOTONIC ns; 0: accepting */
	size_t memory;		  /* of all buffers */
};

/* server.c: the timer is needed anew. */
void server_arm(struct varlink_server *server);

/* connection.c: takes `fd` even on failure. */
int connection_new(struct varlink_server *server, int fd, const struct ucred *peer,
		   enum rights rights);
void connection_free(struct connection *connection);
/* Tells a client that breaks the protocol or the limits, and closes. */
void connection_refuse(struct connection *connection, const char *why);
/* Queues a message (stolen; NULL: out of memory) and sends what goes without waiting. */
int connection_send(struct connection *connection, json_t *message);
/* The same with a message that is text already; `size` counts the NUL at its end. */
int connection_send_text(struct connection *connection, const char *text, size_t size);
/* After an answer from outside the connection's own event. */
void connection_wake(struct connection *connection);

/* call.c: handles one whole request. */
void call_request(struct connection *connection, const char *text, size_t size);
/* Ends a call whose client is gone. */
void call_gone(struct varlink_call *call);

/* service.c: org.varlink.service */
extern const struct varlink_interface service_interface;
