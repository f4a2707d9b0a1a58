/* SPDX-License-Identifier: MIT */
/*
 * HTTP requests in an sd-event loop, by libcurl, which is loaded when the first of these is made:
 * a daemon without a fleet never has it in memory. Nothing here waits.
 */
#pragma once

#include "util/error.h"
#include "util/text.h"

#include <systemd/sd-event.h>

struct http;
struct http_request;

struct http_options {
	sd_event *event;
	const char *ca, *certificate, *key; /* PEM files; each may be NULL */
};

/* -ENOPKG with a sentence: there is no libcurl. */
int http_new(const struct http_options *options, struct http **ret_http, struct error *err);
/* Ends all requests without a word. */
void http_free(struct http *http);
DEFINE_CLEANUP(struct http *, http_free);

enum { HTTP_PART_MAX = 4 << 20 }; /* bytes that have come and are not handed over */

/* One POST. All is copied. Functions are called from the loop, never from within a call here. */
struct http_ask {
	const char *url, *body;
	const char *authorization; /* NULL: none */
	unsigned timeout_ms;	   /* of the whole; 0: it lasts as long as it lasts */
	/* Some of the answer has come. It may cancel the request. */
	void (*data)(void *userdata, const char *data, size_t size);
	/* It is over, and gone after this: 0 with the HTTP status, or -errno and why. */
	void (*ended)(void *userdata, int result, long status, const char *why);
	void *userdata;
};

int http_begin(struct http *http, const struct http_ask *ask, struct http_request **ret_request);
/* Ends it; neither function is called any more. */
void http_cancel(struct http_request *request);
