/* SPDX-License-Identifier: MIT */
/* The addresses below /api/, and /metrics: each is one question to the daemon, and its parameters.
 */
#pragma once

#include "web/stream.h"

struct api_pair {
	const char *key, *value; /* value may be NULL: "?key" */
};

enum { API_PAIRS_MOST = 320, API_PARAMETERS_MOST = 12 };

/* What stands behind the "?" of an address, decoded. */
struct api_query {
	struct api_pair pairs[API_PAIRS_MOST];
	size_t count;
};

enum api_kind { API_NONE, API_TEXT, API_FLAG, API_NUMBER, API_TEXTS, API_NUMBERS };

struct api_parameter {
	const char *name;
	enum api_kind kind;
	bool required;
};

struct api_endpoint {
	const char *path, *method, *about;
	struct api_parameter parameters[API_PARAMETERS_MOST];
	bool metrics; /* the answer is the member "text", and our own counters behind it */
};

/* The row of an address, or NULL. */
const struct api_endpoint *api_find(const char *path);
/* The rows in order; NULL behind the last. */
const struct api_endpoint *api_at(size_t index);

/*
 * The parameters of an endpoint's method, owned; without any: an empty object. -EINVAL: one that it
 * does not have, that is missing, or that cannot be read; with a sentence.
 */
int api_parameters(const struct api_endpoint *endpoint, const struct api_query *query,
		   json_t **ret_parameters, struct error *err);

/* The same of /api/stream. */
int api_stream_wish(const struct api_query *query, struct stream_wish *ret_wish, struct error *err);

/* All addresses with what they take, as JSON; NULL: no memory. */
json_t *api_list(void);
