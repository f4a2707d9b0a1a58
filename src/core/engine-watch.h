/* SPDX-License-Identifier: MIT */
/* The engine's observer, and who watches through the socket. */
#pragma once

#include "core/engine.h"
#include "core/observer.h"
#include "varlink/server.h"

struct watching;

/*
 * Opens the policy's source: now, where rules want changes of users, for the scan of the start
 * comes next; else as soon as the loop has nothing else to do. One that does not work is told in
 * log and status, and is no error.
 */
int engine_watch_start(struct engine *engine);
/* Before that, while another daemon observes yet: the source is opened for what rules ask, so that
 * nothing is missed when it stops. -ENOMEM. */
int engine_watch_prepare(struct engine *engine);
/* `why`: what watchers are told; NULL: the daemon ends. */
void engine_watch_stop(struct engine *engine, const struct error *why);

/* Asks for what watchers and rules want now. */
void engine_watch_again(struct engine *engine);

/* io.reeve.Watch: answers until the client is gone. */
int engine_watch(struct engine *engine, struct varlink_call *call, const json_t *parameters);

/* Adds the observer's sources to the list of `reeve status`. */
void engine_watch_to_json(const struct engine *engine, json_t *sources);

/* NULL where there is none. */
struct observer *engine_observer(const struct engine *engine);

/* NULL where nothing is observed. */
const struct watch_counters *engine_watch_counters(const struct engine *engine);
const struct observer_counters *engine_observer_counters(const struct engine *engine);

struct watch_counters {
	uint64_t watchers; /* now */
	uint64_t told;	   /* events, to each watcher */
	uint64_t lost;	   /* events that a watcher was too slow for */
};
