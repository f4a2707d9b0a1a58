/* SPDX-License-Identifier: MIT */
/*
 * A varlink server on sd-event: JSON objects ended by NUL over a Unix stream socket
 * (https://varlink.org). It keeps many connections, each with bounded buffers and time; one bad
 * or slow client never harms another or the daemon.
 */
#pragma once

#include "util/error.h"

#include <jansson.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>

struct varlink_server;
struct varlink_call; /* one request being answered */

enum varlink_access {
	VARLINK_READ,  /* root, the daemon's own user, and the reading group */
	VARLINK_WRITE, /* root and the daemon's own user */
};

/*
 * Answers a call by varlink_reply(), or varlink_error(), now or later. Returning a negative errno
 * without having answered makes the server answer io.reeve.Failed with that errno.
 */
typedef int (*varlink_method_fn)(struct varlink_call *call, json_t *parameters, void *userdata);

struct varlink_method {
	const char *name; /* full: "io.reeve.GetStatus" */
	enum varlink_access access;
	varlink_method_fn function;
};

struct varlink_interface {
	const char *name;	 /* "io.reeve" */
	const char *description; /* its varlink IDL text, as introspection returns it */
	const struct varlink_method *methods;
	size_t method_count;
};

struct varlink_limits {
	size_t connections;  /* default 1024; one more is closed at once and counted */
	size_t message_size; /* default 1 MiB; a longer request closes the connection */
	size_t queue_size;   /* default 4 MiB of unsent replies a connection; then it is closed */
	uint64_t request_timeout; /* ns for a begun request to become whole; default 10 s */
	size_t memory_size;	  /* default 64 MiB of buffers, all connections together */
};

struct varlink_counters {
	uint64_t connections, refused, calls, errors, malformed, too_large, timed_out, slow_closed,
		denied;
	size_t open;
};

/* Whether a socket can have this path at all: it must not be too long. */
int varlink_check_path(const char *path, struct error *err);

/*
 * `interfaces` and what they point to, and `userdata`, must outlive the server. A zero in `limits`
 * (or NULL) is the default. Reading clients are refused a little before `connections` is reached,
 * so that they cannot keep root out. org.varlink.service is built in.
 */
int varlink_server_new(sd_event *event, const struct varlink_interface *const *interfaces,
		       size_t interface_count, const struct varlink_limits *limits, void *userdata,
		       struct varlink_server **ret_server, struct error *err);
/* Closes all, unlinks the socket; calls the functions of varlink_on_gone(). Not from a method. */
void varlink_server_free(struct varlink_server *server);
DEFINE_CLEANUP(struct varlink_server *, varlink_server_free);

/*
 * Listens at `path`. The socket belongs to root and `reader_gid` ((gid_t)-1: root alone), mode 0660
 * or 0600. A stale socket (nobody answers) is replaced; a living one is -EADDRINUSE; a path longer
 * than sun_path is -ENAMETOOLONG with the length in the sentence; a non-socket there is -EEXIST.
 */
int varlink_server_listen(struct varlink_server *server, const char *path, gid_t reader_gid,
			  struct error *err);

/*
 * The same with a socket that listens at `path` already, an earlier server's: who waits to be let
 * in there is let in here. `fd` is taken, also where this fails.
 */
int varlink_server_adopt(struct varlink_server *server, int fd, const char *path, gid_t reader_gid,
			 struct error *err);
/* The listening socket, to be handed on; -1: none. Borrowed. */
int varlink_server_fd(const struct varlink_server *server);
/* Somebody else listens from now on: nobody new is let in, and the socket's file stays. */
void varlink_server_retire(struct varlink_server *server);

const struct varlink_counters *varlink_server_counters(const struct varlink_server *server);

/* Steals `parameters` (NULL: {}). -errno if the client is gone; the call is over and freed. */
int varlink_reply(struct varlink_call *call, json_t *parameters);
/*
 * An answer with "continues": true, for a call made with "more"; the call goes on. -EINVAL without
 * "more"; -EPIPE (gone) or -ENOBUFS (too slow): nothing more reaches the client, yet the call
 * stays valid until the function of varlink_on_gone() is called, which is later, from the loop.
 * Steals `parameters`.
 */
int varlink_notify(struct varlink_call *call, json_t *parameters);
/* The same with parameters that are JSON text already (an object), which are sent as they are: what
 * goes to many, and often, is rendered once. */
int varlink_notify_text(struct varlink_call *call, const char *parameters, size_t size);
/* Ends the call with an error, e.g. "io.reeve.NoSuchGroup". Steals `parameters`. */
int varlink_error(struct varlink_call *call, const char *name, json_t *parameters);
/* Ends the call with io.reeve.Failed {errno, message}; `err` may be NULL or empty. */
int varlink_fail(struct varlink_call *call, int code, const struct error *err);
/* Ends the call with org.varlink.service.InvalidParameter {parameter}. */
int varlink_invalid_parameter(struct varlink_call *call, const char *parameter);
/* The client's own wish for more answers. */
bool varlink_wants_more(const struct varlink_call *call);
/* Whether nobody hears the answer. */
bool varlink_is_oneway(const struct varlink_call *call);
/* Who asks. */
const struct ucred *varlink_peer(const struct varlink_call *call);
/*
 * Called when the client goes away before the call has been answered; then the call is freed. Who
 * keeps a call beyond its method must set it: nothing else tells that the call is no more.
 */
void varlink_on_gone(struct varlink_call *call, void (*function)(struct varlink_call *, void *),
		     void *userdata);
/* Bytes queued and unsent on the call's connection: what a slow subscriber has not read. */
size_t varlink_backlog(const struct varlink_call *call);
