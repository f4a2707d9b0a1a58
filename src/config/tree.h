/* SPDX-License-Identifier: MIT */
/*
 * A parsed file, whatever its syntax: maps, lists and scalars with their places. 32 bytes a node,
 * so that 100,000 rules are 30 MB for the moment of loading.
 */
#pragma once

#include "util/macros.h"

enum {
	TREE_DEPTH_MAX = 64,
	TREE_SCALAR_MAX = 65535, /* bytes of one value */
	TREE_CHUNK_BITS = 14,
	TREE_CHUNKS = 256,
	TREE_NODES_MAX = TREE_CHUNKS << TREE_CHUNK_BITS, /* 4 million */
	TREE_TEXT_BITS = 20,
	TREE_TEXTS = 64,
};

enum node_kind { NODE_NONE, NODE_SCALAR, NODE_MAP, NODE_LIST, NODE_ALIAS };

typedef uint32_t node_id; /* 0: none */

/* Where something is written; of a policy's file number `file`. */
struct place {
	uint16_t file;
	uint16_t unused;
	uint32_t line, column, length; /* from 1; length in columns */
};

struct node {
	uint8_t kind;
	bool plain; /* a scalar without quotes: its text decides its type */
	uint16_t file;
	uint32_t line, column, length;
	uint32_t text;	/* scalar: offset of its text */
	uint32_t count; /* scalar: bytes of its text; map: pairs; list: entries */
	node_id first;	/* map: key, value, key, value, ...; alias: what it stands for */
	node_id next;
};
_Static_assert(sizeof(struct node) == 32, "a million of them are kept while loading");

struct tree {
	struct node *nodes[TREE_CHUNKS];
	char *texts[TREE_TEXTS];
	uint32_t node_count, text_used;
};

void tree_done(struct tree *tree);

/* Adds a copy of a node. -E2BIG when there are too many, -ENOMEM. */
int tree_add(struct tree *tree, const struct node *node, node_id *ret_id);
/* Keeps a scalar's text (NUL-terminated there); the same errors. */
int tree_add_text(struct tree *tree, const char *text, size_t size, uint32_t *ret_offset);

/* The node as stored: an alias is an alias. `id` is not 0. */
static inline struct node *tree_raw(const struct tree *tree, node_id id)
{
	return &tree->nodes[id >> TREE_CHUNK_BITS][id & ((1U << TREE_CHUNK_BITS) - 1)];
}

/* The node, or what it is an alias of (never another alias, see builder.c); NULL for 0. */
static inline const struct node *tree_node(const struct tree *tree, node_id id)
{
	const struct node *node;

	if (id == 0)
		return NULL;
	node = tree_raw(tree, id);
	return node->kind == NODE_ALIAS ? tree_raw(tree, node->first) : node;
}

static inline const char *tree_text(const struct tree *tree, const struct node *scalar)
{
	return tree->texts[scalar->text >> TREE_TEXT_BITS] +
	       (scalar->text & ((1U << TREE_TEXT_BITS) - 1));
}

static inline struct place place_of(const struct node *node)
{
	return (struct place){ .file = node->file,
			       .line = node->line,
			       .column = node->column,
			       .length = node->length };
}
