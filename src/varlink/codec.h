/* SPDX-License-Identifier: MIT */
/* Requests and replies as text, apart from any socket: what the fuzzer and both ends use. */
#pragma once

#include "util/error.h"

#include <jansson.h>

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
