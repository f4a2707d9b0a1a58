/* SPDX-License-Identifier: MIT */
/*
 * Decisions and events as a browser follows them: server-sent events, several of a kind in one.
 * Who reads slowly holds up nobody: beyond a bound the daemon is not listened to, which counts what
 * it then cannot keep, and that count comes with what follows.
 */
#pragma once

#include "util/text.h"

#include <jansson.h>
#include <systemd/sd-event.h>

#include "util/error.h"

struct stream;

struct stream_wish {
	json_t *decisions; /* parameters of SubscribeDecisions; NULL: none are wanted */
	json_t *events;	   /* of Watch; NULL: none */
};

struct stream_use {
	void (*ready)(void *userdata); /* stream_read() has something to give, or is at its end */
	void *userdata;
};

/* Steals what `wish` holds, also when it fails. -errno with a sentence, as upstream_new(). */
int stream_new(sd_event *event, const char *socket, struct stream_wish *wish,
	       const struct stream_use *use, struct stream **ret_stream, struct error *err);
void stream_free(struct stream *stream);
DEFINE_CLEANUP(struct stream *, stream_free);

/* Up to `size` bytes. 0: there is nothing now; -EPIPE: nothing comes any more. */
ssize_t stream_read(struct stream *stream, char *buffer, size_t size);
/* What the daemon could not keep for it, so far. */
uint64_t stream_lost(const struct stream *stream);
