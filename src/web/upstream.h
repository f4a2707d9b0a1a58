/* SPDX-License-Identifier: MIT */
/* A question to the daemon that nobody waits for: its answers come from the loop. */
#pragma once

#include "util/error.h"

#include <jansson.h>
#include <systemd/sd-event.h>

struct upstream;

struct upstream_use {
	/* An answer. Non-zero: this was the last that is wanted. Must not free the upstream. */
	int (*reply)(json_t *reply, void *userdata);
	/* All that could be read now was told. May be NULL, and free the upstream. */
	void (*rest)(void *userdata);
	/*
	 * It is over, and nothing more is told: 1 (`reply` wanted no more), -EPIPE (the daemon has
	 * no more), or another -errno, with a sentence. May free the upstream.
	 */
	void (*end)(int result, const struct error *err, void *userdata);
	void *userdata;
};

/*
 * Asks the daemon at `socket`; steals `parameters` (NULL: none). `timeout_usec`, where it is not 0,
 * ends it with -ETIMEDOUT. -ENOENT, -ECONNREFUSED: no daemon is there. With a sentence.
 */
int upstream_new(sd_event *event, const char *socket, const char *method, json_t *parameters,
		 uint64_t timeout_usec, const struct upstream_use *use,
		 struct upstream **ret_upstream, struct error *err);
void upstream_free(struct upstream *upstream);
DEFINE_CLEANUP(struct upstream *, upstream_free);

/* While it is not wanted, answers stay in the socket, and the daemon counts what does not fit. */
void upstream_want(struct upstream *upstream, bool wanted);
