/* SPDX-License-Identifier: MIT */
/* Requests and replies as text, apart from any socket: what the fuzzer and both ends use. */
#pragma once

#include "util/error.h"

#include <jansson.h>

/* What a request may be; a reply comes from the daemon and is held to the depth alone. */
enum {
	VARLINK_DEPTH_MAX = 32,	    /* arrays and objects within each other */
	VARLINK_VALUES_MAX = 16384, /* values in one request */
};

struct varlink_request {
	char *method;
	json_t *parameters; /* an object, never NULL */
	bool more, oneway, upgrade;
};

/*
 * Reads one request (without its NUL). 0; -EBADMSG with a sentence for anything that is not a
 * varlink call (not JSON, no object, no method, wrong types, nesting too deep).
 */
int varlink_request_parse(const char *text, size_t size, struct varlink_request *ret_request,
			  struct error *err);
void varlink_request_done(struct varlink_request *request);

struct varlink_answer {
	char *error;	    /* NULL: no error */
	json_t *parameters; /* an object, never NULL */
	bool continues;
};

/* Reads one answer, as varlink_request_parse() reads a request. Unknown keys are passed over. */
int varlink_answer_parse(const char *text, size_t size, struct varlink_answer *ret_answer,
			 struct error *err);
void varlink_answer_done(struct varlink_answer *answer);

/*
 * The messages themselves; each steals `parameters` (NULL: {}) and returns NULL when memory is
 * short.
 */
json_t *varlink_request_new(const char *method, json_t *parameters, bool more, bool oneway);
json_t *varlink_answer_new(const char *error, json_t *parameters, bool continues);

/* One message as it goes over the wire; `size` counts the NUL at its end. Steals `message`. */
int varlink_encode(json_t *message, char **ret_text, size_t *ret_size);
