// SPDX-License-Identifier: MIT
/*
 * The tree's builder. An alias is a node that points to the first one, so nothing is copied and a
 * "billion laughs" file is as small in memory as on disk. A merge (`<<: *name`) makes two such
 * nodes for each key taken over; they count as nodes, so merges are bounded with them.
 */
#include "config/builder.h"

enum { LINEAR_MAX = 12 }; /* pairs that are compared one by one, which is faster than hashing */

static bool add(struct builder *builder, const struct node *node, node_id *ret_id)
{
	struct reader *reader = builder->reader;
	int r = tree_add(&reader->tree, node, ret_id);

	if (r == -ENOMEM)
		return report_oom(reader);
	if (r < 0)
		return report_error(reader, node, NULL, "too many values: at most %d are read",
				    TREE_NODES_MAX);
	return true;
}

/* Appends a node to the collection that is open. */
static bool link_node(struct builder *builder, node_id id)
{
	struct reader *reader = builder->reader;
	const struct node *node = tree_node(&reader->tree, id);
	struct node *parent;
	unsigned top = builder->depth - 1;

	if (builder->depth == 0) {
		builder->root = id;
		return true;
	}
	parent = tree_raw(&reader->tree, builder->stack[top].node);
	if (parent->kind == NODE_MAP && builder->stack[top].children % 2 == 0 &&
	    node->kind != NODE_SCALAR)
		return report_error(reader, tree_raw(&reader->tree, id), NULL,
				    "a key must be a name, not a %s",
				    node->kind == NODE_MAP ? "map" : "list");
	if (builder->stack[top].last)
		tree_raw(&reader->tree, builder->stack[top].last)->next = id;
	else
		parent->first = id;
	builder->stack[top].last = id;
	builder->stack[top].children++;
	return true;
}

static bool add_linked(struct builder *builder, const struct node *node, node_id *ret_id)
{
	node_id id;

	if (!add(builder, node, &id) || !link_node(builder, id))
		return false;
	if (ret_id)
		*ret_id = id;
	return true;
}

static struct node draft(enum node_kind kind, struct place place)
{
	return (struct node){ .kind = (uint8_t)kind,
			      .file = place.file,
			      .line = place.line,
			      .column = place.column,
			      .length = place.length };
}

bool builder_scalar(struct builder *builder, struct place place, const char *text, size_t size,
		    bool plain, node_id *ret_id)
{
	struct reader *reader = builder->reader;
	struct node node = draft(NODE_SCALAR, place);
	int r;

	if (size > TREE_SCALAR_MAX)
		return report_at(reader, SEVERITY_ERROR, place, NULL,
				 "this value is too long: %zu bytes, at most %d are allowed", size,
				 TREE_SCALAR_MAX);
	if (memchr(text, '\0', size))
		return report_at(reader, SEVERITY_ERROR, place, NULL,
				 "a value cannot contain a NUL character");
	r = tree_add_text(&reader->tree, text, size, &node.text);
	if (r == -ENOMEM)
		return report_oom(reader);
	if (r < 0)
		return report_at(reader, SEVERITY_ERROR, place, NULL,
				 "the policy is too large: more than %d MiB of text", TREE_TEXTS);
	node.count = (uint32_t)size;
	node.plain = plain;
	return add_linked(builder, &node, ret_id);
}

bool builder_open(struct builder *builder, enum node_kind kind, struct place place, node_id *ret_id)
{
	struct node node = draft(kind, place);
	node_id id;

	if (builder->depth == TREE_DEPTH_MAX)
		return report_at(builder->reader, SEVERITY_ERROR, place, NULL,
				 "nested too deeply: at most %d levels are allowed",
				 TREE_DEPTH_MAX);
	if (!add_linked(builder, &node, &id))
		return false;
	builder->stack[builder->depth].node = id;
	builder->stack[builder->depth].last = 0;
	builder->stack[builder->depth].children = 0;
	builder->depth++;
	if (ret_id)
		*ret_id = id;
	return true;
}

bool builder_alias(struct builder *builder, struct place place, node_id target)
{
	struct node node = draft(NODE_ALIAS, place);

	node.first = target;
	return add_linked(builder, &node, NULL);
}

/* The pairs of a map while it is being closed. */
struct pairs {
	struct builder *builder;
	struct node *map;
	struct hash seen; /* key -> node_id; filled only where `hashed` */
	bool hashed;
	node_id own;  /* the map's own number: its keys have larger ones */
	node_id last; /* the last value, to append behind */
};

static const struct node *node_at(const struct pairs *pairs, node_id id)
{
	return tree_node(&pairs->builder->reader->tree, id);
}

static node_id next_of(const struct pairs *pairs, node_id id)
{
	return tree_raw(&pairs->builder->reader->tree, id)->next;
}

static const char *key_text(const struct pairs *pairs, node_id id)
{
	return tree_text(&pairs->builder->reader->tree, node_at(pairs, id));
}

/* The earlier key of the same text before `stop` (0: in the whole map), or 0. -1: no memory. */
static int64_t find_key(struct pairs *pairs, node_id key, node_id stop)
{
	const struct node *node = node_at(pairs, key);
	const char *text = key_text(pairs, key);
	void *old = NULL;
	int r;

	if (pairs->hashed) {
		r = hash_put(&pairs->seen, text, node->count, (void *)(uintptr_t)key, &old);
		return r < 0 ? -1 : (int64_t)(uintptr_t)old;
	}
	for (node_id at = pairs->map->first; at && at != stop;
	     at = next_of(pairs, next_of(pairs, at)))
		if (node_at(pairs, at)->count == node->count &&
		    memcmp(key_text(pairs, at), text, node->count) == 0)
			return at;
	return 0;
}

static bool is_merge(const struct pairs *pairs, node_id key)
{
	const struct node *node = node_at(pairs, key);

	return node->plain && node->count == 2 && memcmp(key_text(pairs, key), "<<", 2) == 0;
}

/* Takes the pair at `key` out; `before` is the value in front of it, 0 for the first pair. */
static void drop_pair(struct pairs *pairs, node_id before, node_id key)
{
	node_id after = next_of(pairs, next_of(pairs, key));

	if (before)
		tree_raw(&pairs->builder->reader->tree, before)->next = after;
	else
		pairs->map->first = after;
	pairs->map->count--;
}

/* fetter took the last of two equal keys: the value of `key` moves to the place of the first. */
static void take_value(struct pairs *pairs, node_id first, node_id key, node_id *before)
{
	struct tree *tree = &pairs->builder->reader->tree;
	node_id value = next_of(pairs, key), dropped = next_of(pairs, first);

	drop_pair(pairs, *before, key);
	if (*before == dropped)
		*before = value;
	tree_raw(tree, value)->next = next_of(pairs, dropped);
	tree_raw(tree, first)->next = value;
}

static bool check_duplicates(struct pairs *pairs)
{
	struct reader *reader = pairs->builder->reader;
	node_id before = 0, next;
	bool good = true;

	for (node_id key = pairs->map->first; key; key = next) {
		int64_t old;

		next = next_of(pairs, next_of(pairs, key));
		old = is_merge(pairs, key) ? 0 : find_key(pairs, key, key);
		if (old < 0)
			return report_oom(reader);
		if (old == 0) {
			before = next_of(pairs, key);
			continue;
		}
		good &= report_quirk(reader, place_of(node_at(pairs, key)), NULL,
				     "duplicate key \"%s\"%s", key_text(pairs, key),
				     compat(reader) ? ": the last one is used" : "");
		report_at(reader, SEVERITY_NOTE, place_of(node_at(pairs, (node_id)old)), NULL,
			  "the first is here");
		take_value(pairs, (node_id)old, key, &before);
	}
	return good;
}

/* An alias node for `id` (or for what that stands for). */
static bool add_alias(struct pairs *pairs, node_id id, node_id *ret_id)
{
	const struct node *raw = tree_raw(&pairs->builder->reader->tree, id);
	struct node node = draft(NODE_ALIAS, place_of(raw));

	node.first = raw->kind == NODE_ALIAS ? raw->first : id;
	return add(pairs->builder, &node, ret_id);
}

static bool merge_map(struct pairs *pairs, const struct node *from, node_id merge_key)
{
	struct reader *reader = pairs->builder->reader;

	for (node_id key = from->first; key; key = next_of(pairs, next_of(pairs, key))) {
		node_id new_key, new_value;
		int64_t old;

		if (!reader_visit(reader, from))
			return false;
		old = find_key(pairs, key, 0);
		if (old < 0)
			return report_oom(reader);
		if (old > pairs->own && old < merge_key && compat(reader))
			report_warning(reader, node_at(pairs, (node_id)old),
				       "put \"<<\" before the keys that differ",
				       "\"%s\" stands before \"<<\": it is kept here, fetter took "
				       "the merged one",
				       key_text(pairs, key));
		if (old > 0)
			continue;
		if (!add_alias(pairs, key, &new_key) ||
		    !add_alias(pairs, next_of(pairs, key), &new_value))
			return false;
		tree_raw(&reader->tree, new_key)->next = new_value;
		if (pairs->last)
			tree_raw(&reader->tree, pairs->last)->next = new_key;
		else
			pairs->map->first = new_key;
		pairs->last = new_value;
		pairs->map->count++;
	}
	return true;
}

static bool merge_value(struct pairs *pairs, node_id merge_key, node_id value)
{
	struct reader *reader = pairs->builder->reader;
	const struct node *from = node_at(pairs, value);
	const char *hint = "write \"<<: *name\" or \"<<: [ *name, *other ]\"";

	if (from->kind == NODE_MAP)
		return merge_map(pairs, from, merge_key);
	if (from->kind != NODE_LIST)
		return report_error(reader, from, hint, "\"<<\" needs a map to take keys from");
	for (node_id at = from->first; at; at = next_of(pairs, at)) {
		const struct node *entry = node_at(pairs, at);

		if (!reader_visit(reader, from))
			return false;
		if (entry->kind != NODE_MAP)
			return report_error(reader, entry, hint,
					    "\"<<\" needs a map to take keys from");
		if (!merge_map(pairs, entry, merge_key))
			return false;
	}
	return true;
}

static bool merge_all(struct pairs *pairs)
{
	node_id before = 0, next;
	node_id merges[16]; /* alternating: key, value */
	size_t count = 0;

	for (node_id key = pairs->map->first; key; key = next) {
		node_id value = next_of(pairs, key);

		next = next_of(pairs, value);
		if (!is_merge(pairs, key)) {
			before = value;
			continue;
		}
		if (count == ARRAY_SIZE(merges))
			return report_error(pairs->builder->reader, node_at(pairs, key),
					    "write \"<<: [ *name, *other ]\"",
					    "too many \"<<\" keys in one map");
		merges[count++] = key;
		merges[count++] = value;
		drop_pair(pairs, before, key);
	}
	pairs->last = before;
	for (size_t i = 0; i < count; i += 2)
		if (!merge_value(pairs, merges[i], merges[i + 1]))
			return false;
	return true;
}

static bool close_map(struct builder *builder, struct node *map)
{
	struct pairs pairs = { .builder = builder,
			       .map = map,
			       .own = builder->stack[builder->depth].node };
	bool good, merges = false;

	for (node_id key = map->first; key; key = next_of(&pairs, next_of(&pairs, key)))
		merges |= is_merge(&pairs, key);
	pairs.hashed = merges || map->count > LINEAR_MAX;
	hash_init(&pairs.seen);
	good = check_duplicates(&pairs);
	if (good && merges)
		good = merge_all(&pairs);
	hash_done(&pairs.seen);
	return good;
}

bool builder_close(struct builder *builder)
{
	struct node *node;
	uint32_t children;

	builder->depth--;
	node = tree_raw(&builder->reader->tree, builder->stack[builder->depth].node);
	children = builder->stack[builder->depth].children;
	node->count = node->kind == NODE_MAP ? children / 2 : children;
	return node->kind != NODE_MAP || close_map(builder, node);
}
