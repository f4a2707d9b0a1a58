/* SPDX-License-Identifier: MIT */
/* Manifests as text: one that is written anew, and one that is changed as little as can be. */
#pragma once

#include "util/error.h"

#include <jansson.h>

/* A manifest's text from an object of its keys; owned. NULL: no memory. */
char *service_text_new(const json_t *manifest);

/*
 * The text with some keys changed: those whose value is null are taken out, others replaced where
 * they stand or added at the end. All else, comments too, stays as it is. What comes out must be
 * read again before it is used: of a text that is one map in braces no manifest comes out. NULL: no
 * memory.
 */
char *service_text_set(const char *text, const json_t *changes);
