/* SPDX-License-Identifier: MIT */
/* A single field's value as people read it, safe for a terminal. */
#pragma once

#include "model/event.h"

/* "-" for what is not known. FIELD_TIME is the caller's: here it is a number of nanoseconds. */
void event_value_add(struct text *text, const struct event *event, enum event_field field);

/* A word of a command line: in quotes where it is empty or has blanks or quotes in it. */
void event_word_add(struct text *text, struct slice word);
/* Words with a blank between, without the first `skip`. */
void event_words_add(struct text *text, struct slice list, unsigned skip);
