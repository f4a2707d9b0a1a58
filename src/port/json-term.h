/* SPDX-License-Identifier: MIT */
/*
 * Terms as JSON and back. A name is a string, bytes are a string where they are UTF-8 without zero
 * bytes and {"base64": ...} otherwise, tuples and lists are arrays.
 */
#pragma once

#include "port/calls.h"

#include <jansson.h>

enum { JSON_WRONG = 256 };

/* The term at the reader, NULL for none that we know; owned by the caller. */
json_t *json_of_term(struct etf_reader *reader);

/* A reply: {"ok": ...}, {"error": "enoent"}, or the value itself. */
json_t *json_of_reply(struct etf_reader *reader);

/* {name: the bytes}, as a string or as base64. False: no memory. */
bool json_set_bytes(json_t *object, const char *name, const uint8_t *data, size_t size);
/* The bytes of a string or of {"base64": ...}; `ret_data` is owned. 0, -EINVAL, -ENOMEM. */
int json_get_bytes(const json_t *value, uint8_t **ret_data, size_t *ret_size);

/* Puts the tuple of a call's arguments, which stand in an array in their order or in an object by
 * their names. 0, or -EINVAL with a sentence. */
int json_put_arguments(struct etf_writer *writer, const struct call *call, json_t *arguments,
		       char ret_wrong[JSON_WRONG]);
