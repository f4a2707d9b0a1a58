/* SPDX-License-Identifier: MIT */
/*
 * Events as bytes, for record files: driven by the field table, so that a field that is appended
 * there is stored here, and a reader skips fields that it does not know.
 */
#pragma once

#include "model/event.h"

/* Appends one event (with its length in front). -ENOMEM: text->failed. */
int event_encode(const struct event *event, struct text *text);

/*
 * Reads one event from the start of `data`; slices point into it. Returns the number of bytes
 * used; 0: the data ends within the event; -EINVAL: no event can be written so (with `why`, a
 * constant sentence). Never reads beyond, whatever the bytes are.
 */
ssize_t event_decode(struct slice data, struct event *event, const char **why);
