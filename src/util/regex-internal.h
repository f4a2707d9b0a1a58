/* SPDX-License-Identifier: MIT */
/* What regex-parse.c makes of an expression for regex.c. Private to those two. */
#pragma once

#include "util/regex.h"

enum regex_kind {
	REGEX_EMPTY,
	REGEX_SET,   /* one byte of sets[`set`] */
	REGEX_BEGIN, /* ^ */
	REGEX_END,   /* $ */
	REGEX_CAT,
	REGEX_ALT,
	REGEX_REPEAT, /* `left`, from `least` to `most` times */
};

enum { REGEX_UNBOUNDED = -1, REGEX_REPEAT_MOST = 255 };

struct regex_node {
	enum regex_kind kind;
	uint32_t offset; /* in the pattern */
	uint32_t left, right;
	uint32_t set;
	int least, most;
};

struct regex_set {
	uint64_t bits[4];
};

static inline bool regex_set_has(const struct regex_set *set, unsigned char c)
{
	return set->bits[c / 64] >> (c % 64) & 1;
}

struct regex_tree {
	struct regex_node *nodes;
	size_t node_count, node_room;
	struct regex_set *sets;
	size_t set_count, set_room;
	uint32_t root;
};

/* As regex_new(). */
int regex_parse(const char *pattern, struct regex_tree *ret_tree, size_t *ret_offset,
		struct error *err);
void regex_tree_done(struct regex_tree *tree);
