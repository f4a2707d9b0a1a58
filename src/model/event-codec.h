/* SPDX-License-Identifier: MIT */
/*
 * Events as bytes, for record files: driven by the field table, so that a field that is appended
 * there is stored here, and a reader skips fields that it does not know.
 *
 * Events stand one after the other in a block, from which a text (a path, a container's id) that
 * stood there before is taken again: a block is read from its start, on its own.
 */
#pragma once

#include "model/event.h"

/* What a block's writer remembers of it. */
struct event_codec {
	size_t start;	       /* of the block in the text */
	uint32_t recent[1024]; /* where texts stand in the block, + 1; by their hash */
};

/* A block begins at the end of the text. */
void event_codec_begin(struct event_codec *codec, const struct text *text);

/* Adds one event to the block. -ENOMEM: nothing was added, and text->failed is set. */
int event_encode(struct event_codec *codec, const struct event *event, struct text *text);

/*
 * Reads the event that begins at `at` in the block; its slices point into the block. Returns the
 * number of bytes that it takes, or 0: the block ends before it does. *ret_why is NULL, or a
 * constant sentence that says why it is no event that can be told: of a type of a later version,
 * or nonsense; the next one can be read all the same. Never reads outside, whatever the bytes are.
 */
size_t event_decode(struct slice block, size_t at, struct event *event, const char **ret_why);
