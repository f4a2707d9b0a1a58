// SPDX-License-Identifier: MIT
/*
 * What is laid over files: a fleet's documents. They are trees before anything of a file is read;
 * then the names that layers have are noted, the last one for each, and the first entry of that
 * name that is met gives its place to it. So a rule that is replaced keeps its place in the order
 * in which rules are asked, and nothing of what was replaced has to make sense.
 */
#include "config/schema.h"

#include "config/arena.h"

struct over {
	const struct node *key, *body;
	bool listed, read;
};

static bool note(struct reader *reader, enum layered kind, const struct node *key,
		 const struct node *body, bool listed)
{
	const struct over over = { .key = key, .body = body, .listed = listed };
	struct over *entry = arena_alloc(reader->memory, sizeof(*entry)), *old = NULL;
	int r;

	if (!entry)
		return report_oom(reader);
	*entry = over;
	r = hash_put(&reader->over[kind], tree_text(&reader->tree, key), key->count, entry,
		     (void **)&old);
	if (r < 0)
		return report_oom(reader);
	/* Of one layer the first: the second will be told to be there twice. */
	if (r == 0 && old->key->file != key->file)
		*old = over;
	return true;
}

static bool note_entries(struct reader *reader, enum layered kind, const struct node *value)
{
	const struct node *name, *body;
	bool good = true;

	if (value->kind == NODE_MAP)
		for (node_id at = 0; good && next_pair(reader, value, &at, &name, &body);)
			good = note(reader, kind, name, body, false);
	if (value->kind == NODE_LIST && kind == LAYERED_RULES)
		for (node_id at = 0; good && next_entry(reader, value, &at, &body);) {
			name = listed_name(reader, body);
			if (name && name->kind == NODE_SCALAR)
				good = note(reader, kind, name, body, true);
		}
	return good;
}

static bool note_layer(struct reader *reader, const struct node *root)
{
	static const char *const keys[] = {
		[LAYERED_GROUPS] = "groups",
		[LAYERED_RULES] = "rules",
		[LAYERED_TRIGGERS] = "triggers",
	};
	const struct node *name, *value;

	for (node_id at = 0; root->kind == NODE_MAP && next_pair(reader, root, &at, &name, &value);)
		for (enum layered kind = 0; kind < LAYERED_KINDS; kind++)
			if (streq(tree_text(&reader->tree, name), keys[kind]) &&
			    !note_entries(reader, kind, value))
				return false;
	return true;
}

bool layers_note(struct reader *reader)
{
	for (size_t i = 0; i < reader->source_count; i++)
		if (reader->sources[i].layer > 0 && reader->sources[i].root != 0 &&
		    !note_layer(reader, tree_node(&reader->tree, reader->sources[i].root)))
			return false;
	return true;
}

bool layers_pick(struct reader *reader, enum layered kind, const struct node **key,
		 const struct node **body, bool *listed)
{
	struct over *over;

	if (reader->over[kind].used == 0 || (*key)->kind != NODE_SCALAR)
		return true;
	over = hash_get(&reader->over[kind], tree_text(&reader->tree, *key), (*key)->count);
	/* A second one in the layer itself is read, and told to be there twice. */
	if (!over || ((*key)->file == over->key->file && *key != over->key))
		return true;
	if (over->read)
		return false;
	over->read = true;
	*key = over->key;
	*body = over->body;
	if (listed)
		*listed = over->listed;
	return true;
}
