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
 * Calls and waits at most `timeout_ms` (-1: for ever). Steals `parameters` (may be NULL).
 * Returns 0 with *ret_reply owned; 1 when the service answered with a varlink error: then
 * *ret_reply is the error's parameters and *ret_error (owned) its name; or -errno with a sentence.
 */
int varlink_call(struct varlink_client *client, const char *method, json_t *parameters,
		 int timeout_ms, json_t **ret_reply, char **ret_error, struct error *err);

/*
 * Calls with "more"; `function` gets each reply until it returns non-zero (the result then) or the
 * service ends it (0).
 */
int varlink_observe(struct varlink_client *client, const char *method, json_t *parameters,
		    int (*function)(json_t *reply, void *userdata), void *userdata,
		    struct error *err);
/* The socket, for poll. */
int varlink_client_fd(const struct varlink_client *client);
