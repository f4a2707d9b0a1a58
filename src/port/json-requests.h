/* SPDX-License-Identifier: MIT */
/* Requests that wait for a reply. A process answers in the order in which it was asked. */
#pragma once

#include "util/macros.h"

#include <jansson.h>

/* A process: the numbers of those above it, and its own last; none for the first process. */
struct json_place {
	size_t depth;
	int32_t pids[255];
};

/* [pid, ...]; NULL stands for the first process. False: it is none. */
bool json_place_read(const json_t *value, struct json_place *ret_place);
json_t *json_place_write(const struct json_place *place);

struct json_request;
struct json_requests {
	struct json_request *first, **last;
};

void json_requests_init(struct json_requests *requests);
void json_requests_done(struct json_requests *requests);
/* `id` is kept. 0 or -ENOMEM. */
int json_requests_add(struct json_requests *requests, const struct json_place *place, json_t *id);
/* Takes the oldest that waits for this process, or, where `below`, for it or any below it. Returns
 * the id, which the caller owns and who asked `ret_place`; NULL for none. */
json_t *json_requests_take(struct json_requests *requests, const struct json_place *place,
			   bool below, struct json_place *ret_place);
