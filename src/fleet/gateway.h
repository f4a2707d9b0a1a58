/* SPDX-License-Identifier: MIT */
/*
 * The messages of etcd's JSON gateway: keys and values are base64, 64-bit numbers are strings, what
 * is zero is left out, and a stream is one object a line. Pure: bytes in, structures out; whatever
 * the bytes are, nothing is read outside of them.
 */
#pragma once

#include "util/text.h"

#include <jansson.h>

/* ---- values ---- */

/* A JSON string of bytes in base64; NULL: no memory. Owned. */
json_t *gateway_bytes(const void *data, size_t size);
/* A 64-bit number as the gateway writes it; what is not there is 0. -EBADMSG: it is none. */
int gateway_number(const json_t *object, const char *key, int64_t *ret_number);
/* A request_range of a key, or, with `below`, of all keys that begin with it. Owned. */
json_t *gateway_range(const char *key, bool below);
/* A txn of one range each; takes the array `ranges` over. NULL: no memory, or no ranges. Owned. */
json_t *gateway_read(json_t *ranges);

struct gateway_pair {
	char *key, *value; /* each with a NUL behind it; any byte may be in them */
	size_t key_size, value_size;
	int64_t created, revision, lease;
};
struct gateway_pairs {
	struct gateway_pair *items;
	size_t count;
};
/* The key of a kv alone, which is the caller's to free. -EBADMSG, -ENOMEM. */
int gateway_key(const json_t *kv, struct gateway_pair *ret_pair);
void gateway_pairs_done(struct gateway_pairs *pairs);
/* Adds the kvs of a range's answer. -EBADMSG, -ENOMEM. */
int gateway_pairs_add(struct gateway_pairs *pairs, const json_t *range);
/* Adds those of all ranges of a txn's answer. The same errors. */
int gateway_pairs_add_all(struct gateway_pairs *pairs, const json_t *txn);

/* What an answer that is an error says; borrowed from it, or NULL. `ret_code`: gRPC's. */
const char *gateway_error(const json_t *answer, int *ret_code);

/* ---- streams ---- */

struct gateway_message {
	bool created, canceled, /* a watch */
		changed;	/* has events */
	int64_t revision;	/* the greatest of the events; without any, the store's */
	int64_t compact_revision;
	int64_t lease, ttl;   /* of a keepalive */
	const json_t *events; /* borrowed; NULL: none */
	bool failed;
	int code;	    /* gRPC's, where it failed */
	const char *reason; /* why it failed, or was cancelled; borrowed; "" */
};

struct gateway_stream {
	struct text line; /* what has come of the next message */
	size_t scanned;	  /* of it, without a newline */
	uint64_t malformed;
};
enum { GATEWAY_LINE_MAX = 8 << 20 };

void gateway_stream_init(struct gateway_stream *stream);
void gateway_stream_done(struct gateway_stream *stream);
/*
 * Takes what has come. `take` is called for every whole message until it returns non-zero, which is
 * returned then. -EBADMSG: something that is no message (counted); -EFBIG: a line that does not
 * end; -ENOMEM. After an error the stream is of no more use.
 */
int gateway_stream_feed(struct gateway_stream *stream, const char *data, size_t size,
			int (*take)(const struct gateway_message *message, void *userdata),
			void *userdata);
