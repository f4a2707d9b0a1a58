// SPDX-License-Identifier: MIT
/*
 * Two open-addressing tables (by name, by identity), a table of folders that is asked once for each
 * ancestor of a path, and the globs. Entries of one name, one folder or one identity are chained
 * through `next_name` and `next_identity`.
 */
#include "rules/path-index.h"

#include "rules/glob.h"
#include "util/hash.h"

#define NO_ENTRY UINT32_MAX /* no enumerator: those are ints */

struct entry {
	const char *text;
	uint32_t length;
	uint32_t rule;
	dev_t dev;
	ino_t ino;
	uint32_t next_name, next_identity;
};

struct table {
	uint32_t *slots; /* entry index + 1; 0: empty */
	uint32_t mask;
};

struct path_index {
	struct entry *entries;
	size_t entry_count;
	struct table names, identities, folders;
	uint32_t *globs; /* entries */
	size_t glob_count;
};

static uint64_t hash_identity(dev_t dev, ino_t ino)
{
	uint64_t key[2] = { (uint64_t)dev, (uint64_t)ino };

	return hash_bytes(key, sizeof(key));
}

static int table_init(struct table *table, size_t count)
{
	size_t room = 8;

	if (count == 0)
		return 0;
	while (room < count * 2)
		room *= 2;
	table->slots = calloc(room, sizeof(*table->slots));
	table->mask = (uint32_t)room - 1;
	return table->slots ? 0 : -ENOMEM;
}

/* The slot that holds an equal name, or the empty one where it belongs. */
static uint32_t *find_name(const struct path_index *index, const struct table *table,
			   const char *name, size_t length)
{
	uint32_t i = (uint32_t)hash_bytes(name, length) & table->mask;

	for (;; i = (i + 1) & table->mask) {
		uint32_t slot = table->slots[i];
		const struct entry *entry;

		if (slot == 0)
			return &table->slots[i];
		entry = &index->entries[slot - 1];
		if (entry->length == length && memcmp(entry->text, name, length) == 0)
			return &table->slots[i];
	}
}

static uint32_t *find_identity(const struct path_index *index, dev_t dev, ino_t ino)
{
	const struct table *table = &index->identities;
	uint32_t i = (uint32_t)hash_identity(dev, ino) & table->mask;

	for (;; i = (i + 1) & table->mask) {
		uint32_t slot = table->slots[i];
		const struct entry *entry;

		if (slot == 0)
			return &table->slots[i];
		entry = &index->entries[slot - 1];
		if (entry->dev == dev && entry->ino == ino)
			return &table->slots[i];
	}
}

/* ---- building ---- */

static int make_tables(struct path_index *index, const struct rule_target *const *targets,
		       size_t count)
{
	size_t names = 0, identities = 0, folders = 0, globs = 0;
	int r;

	for (size_t i = 0; i < count; i++) {
		names += targets[i]->kind == TARGET_FILE;
		identities += targets[i]->kind == TARGET_FILE && targets[i]->has_identity;
		folders += targets[i]->kind == TARGET_FOLDER;
		globs += targets[i]->kind == TARGET_GLOB;
	}
	index->entries = calloc(count + 1, sizeof(*index->entries));
	if (!index->entries)
		return -ENOMEM;
	r = table_init(&index->names, names);
	if (r >= 0)
		r = table_init(&index->identities, identities);
	if (r >= 0)
		r = table_init(&index->folders, folders);
	if (r >= 0 && globs > 0) {
		index->globs = calloc(globs, sizeof(*index->globs));
		r = index->globs ? 0 : -ENOMEM;
	}
	return r;
}

/* Puts an entry in front of those that are in the slot: who is added last comes first. */
static void put(uint32_t *slot, uint32_t at, uint32_t *next)
{
	*next = *slot ? *slot - 1 : NO_ENTRY;
	*slot = at + 1;
}

static void add_target(struct path_index *index, const struct rule_target *target)
{
	uint32_t at = (uint32_t)index->entry_count++;
	struct entry *entry = &index->entries[at];

	*entry = (struct entry){
		.text = target->text,
		.length = (uint32_t)strlen(target->text),
		.rule = target->rule,
		.dev = target->dev,
		.ino = target->ino,
		.next_name = NO_ENTRY,
		.next_identity = NO_ENTRY,
	};
	if (target->kind == TARGET_GLOB)
		index->globs[index->glob_count++] = at;
	else
		put(find_name(index,
			      target->kind == TARGET_FOLDER ? &index->folders : &index->names,
			      entry->text, entry->length),
		    at, &entry->next_name);
	if (target->kind == TARGET_FILE && target->has_identity)
		put(find_identity(index, target->dev, target->ino), at, &entry->next_identity);
}

int path_index_new(const struct rule_target *const *targets, size_t count,
		   struct path_index **ret_index)
{
	_cleanup_(path_index_freep) struct path_index *index = calloc(1, sizeof(*index));
	int r = index ? make_tables(index, targets, count) : -ENOMEM;

	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++)
		add_target(index, targets[i]);
	*ret_index = TAKE_PTR(index);
	return 0;
}

void path_index_free(struct path_index *index)
{
	if (!index)
		return;
	free(index->names.slots);
	free(index->identities.slots);
	free(index->folders.slots);
	free(index->globs);
	free(index->entries);
	free(index);
}

/* ---- asking ---- */

/* The first entry of a name, or of a folder; NO_ENTRY: none. */
static uint32_t look_up(const struct path_index *index, const struct table *table, const char *name,
			size_t length)
{
	uint32_t slot = table->slots ? *find_name(index, table, name, length) : 0;

	return slot ? slot - 1 : NO_ENTRY;
}

static uint32_t first_exact(const struct path_index *index, const struct file_key *file,
			    bool by_identity, bool *ret_named)
{
	uint32_t first = look_up(index, &index->names, file->path, file->length), slot;

	*ret_named = first != NO_ENTRY;
	if (*ret_named || !by_identity || !index->identities.slots)
		return first;
	slot = *find_identity(index, file->dev, file->ino);
	return slot ? slot - 1 : NO_ENTRY;
}

static void find_exact(const struct path_index *index, const struct file_key *file,
		       bool by_identity, struct candidates *candidates)
{
	bool named;
	uint32_t at = first_exact(index, file, by_identity, &named);

	while (at != NO_ENTRY) {
		const struct entry *entry = &index->entries[at];

		candidates_add(candidates, entry->rule);
		at = named ? entry->next_name : entry->next_identity;
	}
}

/* The first entry of the innermost folder that ends before *length; moves *length to its slash. */
static uint32_t next_folder(const struct path_index *index, const char *path, size_t *length)
{
	while (*length > 0) {
		uint32_t first;

		--*length;
		if (path[*length] != '/')
			continue;
		/* A rule on "/" has that one byte as its name. */
		first = look_up(index, &index->folders, path, *length ? *length : 1);
		if (first != NO_ENTRY)
			return first;
	}
	return NO_ENTRY;
}

static void find_folders(const struct path_index *index, const struct file_key *file,
			 struct candidates *candidates)
{
	size_t length = index->folders.slots ? file->length : 0;
	uint32_t at;

	while ((at = next_folder(index, file->path, &length)) != NO_ENTRY)
		for (; at != NO_ENTRY; at = index->entries[at].next_name)
			candidates_add(candidates, index->entries[at].rule);
}

static void find_globs(const struct path_index *index, const struct file_key *file,
		       struct candidates *candidates)
{
	const struct slice path = { file->path, file->length };

	for (size_t i = 0; i < index->glob_count; i++) {
		const struct entry *entry = &index->entries[index->globs[i]];

		if (glob_matches(GLOB_PATH, entry->text, path))
			candidates_add(candidates, entry->rule);
	}
}

void path_index_find(const struct path_index *index, const struct file_key *file, bool by_identity,
		     struct candidates *candidates)
{
	find_exact(index, file, by_identity, candidates);
	find_folders(index, file, candidates);
	find_globs(index, file, candidates);
}

bool path_index_names(const struct path_index *index, const struct file_key *file, bool by_identity)
{
	const struct slice path = { file->path, file->length };
	size_t length = index->folders.slots ? file->length : 0;
	bool named;

	if (first_exact(index, file, by_identity, &named) != NO_ENTRY ||
	    next_folder(index, file->path, &length) != NO_ENTRY)
		return true;
	for (size_t i = 0; i < index->glob_count; i++)
		if (glob_matches(GLOB_PATH, index->entries[index->globs[i]].text, path))
			return true;
	return false;
}

bool path_index_has_names(const struct path_index *index)
{
	return index->folders.slots || index->glob_count > 0;
}
