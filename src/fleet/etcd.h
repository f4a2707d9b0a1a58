/* SPDX-License-Identifier: MIT */
/*
 * A client of etcd in an sd-event loop: requests and streams to one of several endpoints, as a user
 * where one is given. What fails is told to whom it is for, who decides; see etcd_next_endpoint().
 */
#pragma once

#include "fleet/gateway.h"
#include "util/error.h"

#include <systemd/sd-event.h>

struct etcd;
struct etcd_stream;

enum { ETCD_ANSWER_MAX = 16 << 20 };

/* All is copied. */
struct etcd_options {
	sd_event *event;
	char *const *endpoints;		    /* NULL-terminated, at least one */
	const char *user, *password_file;   /* NULL: nobody */
	const char *ca, *certificate, *key; /* NULL each */
	size_t answer_max;		    /* bytes; 0: ETCD_ANSWER_MAX */
};

int etcd_new(const struct etcd_options *options, struct etcd **ret_etcd, struct error *err);
void etcd_free(struct etcd *etcd);
DEFINE_CLEANUP(struct etcd *, etcd_free);

const char *etcd_endpoint(const struct etcd *etcd);
/* The next requests go to another endpoint, and sign in anew. */
void etcd_next_endpoint(struct etcd *etcd);
/* Ends all that is under way without a word. */
void etcd_drop_all(struct etcd *etcd);

enum { ETCD_CALL_MS = 10000 }; /* after which a call has failed */

/*
 * What came of a call: 0 and the answer, borrowed; or a negative errno and why: -EACCES who we are
 * or may do, -ENOENT (a lease), -EINVAL it was refused as it is, -EBADMSG no answer of etcd's,
 * -EFBIG it is too large,
 * -EHOSTUNREACH, -ECONNREFUSED, -ETIMEDOUT and others of the way there.
 */
typedef void (*etcd_answer_fn)(void *userdata, int result, const json_t *answer, const char *why);

/* Posts `body` (taken; NULL is -ENOMEM) to `path`, such as "/v3/kv/txn". An error is one of ours:
 * no memory, or a password that cannot be read. */
int etcd_call(struct etcd *etcd, const char *path, json_t *body, etcd_answer_fn answered,
	      void *userdata, struct error *err);

struct etcd_stream_use {
	void (*message)(void *userdata, const struct gateway_message *message);
	void (*ended)(void *userdata, int result, const char *why); /* the stream is gone */
	void *userdata;
};
/* `request` is taken. */
int etcd_open(struct etcd *etcd, const char *path, json_t *request,
	      const struct etcd_stream_use *use, struct etcd_stream **ret_stream);
void etcd_stream_close(struct etcd_stream *stream);
