// SPDX-License-Identifier: MIT
/*
 * Two open-addressing tables (by name, by identity), a table of folders that is asked once for each
 * ancestor of a path, and the globs, of which those are
 * tried that a gram of the path points to. Entries of one name, one folder or one identity are
 * chained through `next_name` and `next_identity`.
 */
#include "rules/path-index.h"

#include "rules/glob.h"
#include "rules/grams.h"
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
	uint32_t *globs; /* the first entry of each text */
	size_t glob_count;
	struct grams *grams; /* of `globs` */
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

/* "/opt/ **" (without the blank) is a folder, which costs less to find. */
static enum target_kind kind_of(const struct rule_target *target, uint32_t *ret_length)
{
	size_t length = strlen(target->text), literal;

	*ret_length = (uint32_t)length;
	if (target->kind != TARGET_GLOB)
		return target->kind;
	literal = glob_literal_prefix(target->text);
	if (literal == 0 || target->text[literal - 1] != '/' ||
	    !streq(target->text + literal, "**"))
		return TARGET_GLOB;
	*ret_length = (uint32_t)MAX(literal - 1, (size_t)1);
	return TARGET_FOLDER;
}

static int make_tables(struct path_index *index, const struct rule_target *const *targets,
		       size_t count, struct table *glob_texts)
{
	size_t kinds[TARGET_GLOB + 1] = { 0 }, identities = 0;
	uint32_t length;
	int r;

	for (size_t i = 0; i < count; i++) {
		kinds[kind_of(targets[i], &length)]++;
		identities += targets[i]->kind == TARGET_FILE && targets[i]->has_identity;
	}
	index->entries = calloc(count + 1, sizeof(*index->entries));
	index->globs = calloc(kinds[TARGET_GLOB] + 1, sizeof(*index->globs));
	if (!index->entries || !index->globs)
		return -ENOMEM;
	r = table_init(&index->names, kinds[TARGET_FILE]);
	if (r >= 0)
		r = table_init(&index->identities, identities);
	if (r >= 0)
		r = table_init(&index->folders, kinds[TARGET_FOLDER]);
	if (r >= 0)
		r = table_init(glob_texts, kinds[TARGET_GLOB]);
	return r;
}

/* Of rules that share a path one entry is enough, which is kept in front. */
static bool has_shared(const struct path_index *index, uint32_t slot)
{
	return slot != 0 && index->entries[slot - 1].rule == SHARED_RULE;
}

/* Puts an entry in front of those that are in the slot, or behind the shared one. True if it is the
 * only one. */
static bool put(struct path_index *index, uint32_t *slot, uint32_t at, bool identity)
{
	struct entry *entry = &index->entries[at], *head;
	uint32_t *next = identity ? &entry->next_identity : &entry->next_name, *after;
	bool first = *slot == 0;

	if (has_shared(index, *slot)) {
		if (entry->rule == SHARED_RULE)
			return false;
		head = &index->entries[*slot - 1];
		after = identity ? &head->next_identity : &head->next_name;
		*next = *after;
		*after = at;
		return false;
	}
	*next = first ? NO_ENTRY : *slot - 1;
	*slot = at + 1;
	return first;
}

static void add_target(struct path_index *index, const struct rule_target *target,
		       struct table *glob_texts)
{
	uint32_t at = (uint32_t)index->entry_count++;
	struct entry *entry = &index->entries[at];
	const struct table *tables[] = {
		[TARGET_FILE] = &index->names,
		[TARGET_FOLDER] = &index->folders,
		[TARGET_GLOB] = glob_texts,
	};
	enum target_kind kind;

	*entry = (struct entry){
		.text = target->text,
		.rule = target->rule,
		.dev = target->dev,
		.ino = target->ino,
		.next_identity = NO_ENTRY,
	};
	kind = kind_of(target, &entry->length);
	entry->next_name = NO_ENTRY;
	if (put(index, find_name(index, tables[kind], entry->text, entry->length), at, false) &&
	    kind == TARGET_GLOB)
		index->glob_count++;
	if (target->kind == TARGET_FILE && target->has_identity)
		put(index, find_identity(index, target->dev, target->ino), at, true);
}

/* Each text once, with the entries of all its rules behind it. */
static int file_globs(struct path_index *index, const struct table *glob_texts)
{
	_cleanup_(freep) struct gram_source *sources =
		calloc(index->glob_count + 1, sizeof(*sources));
	size_t count = 0;

	if (!sources)
		return -ENOMEM;
	for (size_t i = 0; glob_texts->slots && i <= glob_texts->mask; i++)
		if (glob_texts->slots[i])
			index->globs[count++] = glob_texts->slots[i] - 1;
	for (size_t i = 0; i < count; i++)
		sources[i] = (struct gram_source){ .glob = index->entries[index->globs[i]].text,
						   .id = (uint32_t)i };
	return count > 0 ? grams_new(sources, count, &index->grams) : 0;
}

int path_index_new(const struct rule_target *const *targets, size_t count,
		   struct path_index **ret_index)
{
	_cleanup_(path_index_freep) struct path_index *index = calloc(1, sizeof(*index));
	struct table glob_texts = { 0 };
	int r = index ? make_tables(index, targets, count, &glob_texts) : -ENOMEM;

	for (size_t i = 0; i < count && r >= 0; i++)
		add_target(index, targets[i], &glob_texts);
	if (r >= 0)
		r = file_globs(index, &glob_texts);
	free(glob_texts.slots);
	if (r < 0)
		return r;
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
	grams_free(index->grams);
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

/* Adds the rules of a chain; true if it has shared ones. */
static bool add_chain(const struct path_index *index, uint32_t at, bool identity,
		      struct candidates *candidates)
{
	bool shared = has_shared(index, at + 1);

	while (at != NO_ENTRY) {
		const struct entry *entry = &index->entries[at];

		if (entry->rule != SHARED_RULE)
			candidates_add(candidates, entry->rule);
		at = identity ? entry->next_identity : entry->next_name;
	}
	return shared;
}

static bool find_exact(const struct path_index *index, const struct file_key *file,
		       bool by_identity, struct candidates *candidates)
{
	bool named;
	uint32_t at = first_exact(index, file, by_identity, &named);

	return at != NO_ENTRY && add_chain(index, at, !named, candidates);
}

bool path_index_has_exact(const struct path_index *index, const struct file_key *file)
{
	bool named;

	(void)first_exact(index, file, false, &named);
	return named;
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

static bool find_folders(const struct path_index *index, const struct file_key *file,
			 struct candidates *candidates)
{
	size_t length = index->folders.slots ? file->length : 0;
	bool shared = false;
	uint32_t at;

	while ((at = next_folder(index, file->path, &length)) != NO_ENTRY)
		shared |= add_chain(index, at, false, candidates);
	return shared;
}

/* The next text from `globs` that matches, as its first entry; NO_ENTRY: none is left. The caller
 * has begun `found` at 0. */
static uint32_t next_glob(const struct path_index *index, struct slice path,
			  struct candidates *found)
{
	for (;;) {
		uint32_t at = candidates_take(found), entry;

		if (at == NO_CANDIDATE) {
			if (found->beyond == NO_CANDIDATE)
				return NO_ENTRY;
			candidates_begin(found, found->beyond);
			grams_find(index->grams, path, found);
			continue;
		}
		entry = index->globs[at];
		if (glob_matches(GLOB_PATH, index->entries[entry].text, path))
			return entry;
	}
}

static bool find_globs(const struct path_index *index, const struct file_key *file,
		       struct candidates *candidates)
{
	const struct slice path = { file->path, file->length };
	struct candidates found;
	bool shared = false;
	uint32_t at;

	if (!index->grams)
		return false;
	candidates_begin(&found, 0);
	grams_find(index->grams, path, &found);
	while ((at = next_glob(index, path, &found)) != NO_ENTRY)
		shared |= add_chain(index, at, false, candidates);
	return shared;
}

bool path_index_find(const struct path_index *index, const struct file_key *file, bool by_identity,
		     struct candidates *candidates)
{
	bool exact = find_exact(index, file, by_identity, candidates);
	bool folders = find_folders(index, file, candidates);
	bool globs = find_globs(index, file, candidates);

	return exact || folders || globs;
}

bool path_index_names(const struct path_index *index, const struct file_key *file, bool by_identity)
{
	const struct slice path = { file->path, file->length };
	size_t length = index->folders.slots ? file->length : 0;
	struct candidates found;
	bool named;

	if (first_exact(index, file, by_identity, &named) != NO_ENTRY ||
	    next_folder(index, file->path, &length) != NO_ENTRY)
		return true;
	if (!index->grams)
		return false;
	candidates_begin(&found, 0);
	grams_find(index->grams, path, &found);
	return next_glob(index, path, &found) != NO_ENTRY;
}

bool path_index_has_names(const struct path_index *index)
{
	return index->folders.slots || index->glob_count > 0;
}
