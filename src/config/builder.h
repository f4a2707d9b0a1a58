/* SPDX-License-Identifier: MIT */
/* Puts a tree together from what a YAML or JSON reader meets, in order. Private to config/. */
#pragma once

#include "config/reader.h"

struct builder {
	struct reader *reader;
	struct {
		node_id node, last;
		uint32_t children;
	} stack[TREE_DEPTH_MAX];
	unsigned depth;
	node_id root; /* 0: nothing yet */
};

/* All return false after telling an error. `ret_id` may be NULL. */
bool builder_scalar(struct builder *builder, struct place place, const char *text, size_t size,
		    bool plain, node_id *ret_id);
bool builder_open(struct builder *builder, enum node_kind kind, struct place place,
		  node_id *ret_id);
/* Closes the innermost map or list: duplicate keys are told, "<<" is resolved. */
bool builder_close(struct builder *builder);
bool builder_alias(struct builder *builder, struct place place, node_id target);

/* yaml.c and json.c: parse sources[file] into the reader's tree. *ret_root is 0 for an empty file.
 */
bool yaml_read(struct reader *reader, uint16_t file, node_id *ret_root);
bool json_read(struct reader *reader, uint16_t file, node_id *ret_root);
