/* SPDX-License-Identifier: MIT */
/* The other end: a blocking varlink client for the command line. */
#pragma once

#include "util/error.h"

#include <jansson.h>

struct varlink_client;

/* -ENOENT/-ECONNREFUSED: no daemon there (no sentence is set for these two: the caller decides). */
int varlink_connect(const char *path, struct varlink_client **ret_client, struct error *err);
void varlink_client_free(struct varlink_client *client);
DEFINE_CLEANUP(struct varlink_client *, varlink_client_free);

/*
 * After a negative result, or an observation ended by its function, the connection is out of step:
 * later calls on it are -ENOTCONN. A signal's handler ends varlink_observe() with -EINTR and no
 * sentence; varlink_call() goes on waiting.
 *
 * Calls and waits at most `timeout_ms` (-1: for ever). Steals `parameters` (may be NULL). Who
 * answers io.reeve.Failed with EAGAIN has done nothing, for another daemon is about to take its
 * place: that one is asked, over a connection of its own.
 * Returns 0 with *ret_reply owned; 1 when the service answered with a varlink error: then
 * *ret_reply is the error's parameters and *ret_error (owned) its name; or -errno with a sentence.
 */
int varlink_call(struct varlink_client *client, const char *method, json_t *parameters,
		 int timeout_ms, json_t **ret_reply, char **ret_error, struct error *err);

/*
 * Calls with "more"; `function` gets each reply until it returns non-zero (the result then) or the
 * service ends it (0). A varlink error is the result of varlink_explain().
 */
int varlink_observe(struct varlink_client *client, const char *method, json_t *parameters,
		    int (*function)(json_t *reply, void *userdata), void *userdata,
		    struct error *err);
/*
 * The same for a caller that has a loop: the first asks, without waiting for an answer; then,
 * whenever varlink_client_fd() is readable, the second reads once and hands over every whole reply.
 * 0: go on; a positive result of `function`, which ends it; -EPIPE: the service has ended it; other
 * -errno. With a sentence, but where `function` has failed.
 */
int varlink_observe_begin(struct varlink_client *client, const char *method, json_t *parameters,
			  struct error *err);
int varlink_observe_ready(struct varlink_client *client,
			  int (*function)(json_t *reply, void *userdata), void *userdata,
			  struct error *err);
/*
 * A varlink error as a negative errno and a sentence for a human: io.reeve.Failed is its own errno,
 * PermissionDenied -EACCES, a method or interface that the daemon does not have -EOPNOTSUPP, an
 * invalid parameter -EINVAL, others -EREMOTEIO.
 */
int varlink_explain(const char *name, const json_t *parameters, struct error *err);
/* The socket, for poll. */
int varlink_client_fd(const struct varlink_client *client);
