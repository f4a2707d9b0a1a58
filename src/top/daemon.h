/* SPDX-License-Identifier: MIT */
/* What reeve top asks of the daemon, and what it hears from it. */
#pragma once

#include "util/error.h"

#include <jansson.h>

enum { DECISIONS_KEPT = 64 };

struct varlink_client;

struct daemon {
	char *path;
	struct varlink_client *asks, *hears; /* NULL: not connected */
	char *decisions[DECISIONS_KEPT];     /* lines, safe for a terminal; a ring */
	size_t decision_next;
	uint64_t lost;
};

int daemon_init(struct daemon *daemon, const char *runtime_dir);
void daemon_done(struct daemon *daemon);

/* One call of io.reeve; connects where it has to. Steals `parameters`. Waits for some seconds at
 * most, a good deal longer with `slow`. -errno with a sentence. */
int daemon_call(struct daemon *daemon, const char *method, json_t *parameters, bool slow,
		json_t **ret_reply, struct error *err);

/* Begins to hear of decisions, the last ones first; nothing where it does already. */
int daemon_listen(struct daemon *daemon, struct error *err);
/* To be polled for reading, or -1; and what is to be done then. Returns 1 if there was anything. */
int daemon_fd(const struct daemon *daemon);
int daemon_hear(struct daemon *daemon);
/* The last decisions, 0 the newest; NULL: there are no more. */
const char *daemon_decision(const struct daemon *daemon, size_t index);
