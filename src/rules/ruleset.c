// SPDX-License-Identifier: MIT
/*
 * One index a rule action: two open-addressing tables (by name, by identity), a table of folders
 * that is asked once for each ancestor of a path, and a list of globs tried in order.
 *
 * Several rules may stand behind one identity (two names of one inode, each with its rule): they
 * are chained through `next`. A name has one rule, the loader refuses a second.
 */
#include "rules/ruleset.h"

#include "rules/glob.h"
#include "util/hash.h"

enum { ACTION_COUNT = 3 };

#define NO_ENTRY UINT32_MAX /* no enumerator: those are ints */

struct entry {
	const char *text;
	uint32_t length;
	uint32_t rule;
	dev_t dev;
	ino_t ino;
	uint32_t next; /* in the chain of one identity */
};

struct table {
	uint32_t *slots; /* entry index + 1; 0: empty */
	uint32_t mask;
};

struct index {
	struct table names, identities, folders;
	uint32_t *globs;
	size_t glob_count;
	bool any;
};

struct ruleset {
	const struct policy *policy;
	struct entry *entries;
	size_t entry_count;
	struct index actions[ACTION_COUNT];
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
static uint32_t *find_name(const struct ruleset *rules, const struct table *table, const char *name,
			   size_t length)
{
	uint32_t i = (uint32_t)hash_bytes(name, length) & table->mask;

	for (;; i = (i + 1) & table->mask) {
		uint32_t slot = table->slots[i];
		const struct entry *entry;

		if (slot == 0)
			return &table->slots[i];
		entry = &rules->entries[slot - 1];
		if (entry->length == length && memcmp(entry->text, name, length) == 0)
			return &table->slots[i];
	}
}

static uint32_t *find_identity(const struct ruleset *rules, const struct table *table, dev_t dev,
			       ino_t ino)
{
	uint32_t i = (uint32_t)hash_identity(dev, ino) & table->mask;

	for (;; i = (i + 1) & table->mask) {
		uint32_t slot = table->slots[i];
		const struct entry *entry;

		if (slot == 0)
			return &table->slots[i];
		entry = &rules->entries[slot - 1];
		if (entry->dev == dev && entry->ino == ino)
			return &table->slots[i];
	}
}

/* Appends to the chain behind the slot's first entry, which keeps file order. */
static void chain(struct ruleset *rules, uint32_t *slot, uint32_t entry)
{
	uint32_t at;

	if (*slot == 0) {
		*slot = entry + 1;
		return;
	}
	for (at = *slot - 1; rules->entries[at].next != NO_ENTRY; at = rules->entries[at].next)
		if (at == entry)
			return;
	if (at != entry)
		rules->entries[at].next = entry;
}

static int count_targets(struct ruleset *rules, const struct rule_target *targets, size_t count)
{
	size_t names[ACTION_COUNT] = { 0 }, identities[ACTION_COUNT] = { 0 };
	size_t folders[ACTION_COUNT] = { 0 }, globs[ACTION_COUNT] = { 0 };
	int r = 0;

	for (size_t i = 0; i < count; i++) {
		enum policy_action action = rules->policy->rules[targets[i].rule].action;

		names[action] += targets[i].kind == TARGET_FILE;
		identities[action] += targets[i].kind == TARGET_FILE && targets[i].has_identity;
		folders[action] += targets[i].kind == TARGET_FOLDER;
		globs[action] += targets[i].kind == TARGET_GLOB;
	}
	for (int a = 0; a < ACTION_COUNT && r >= 0; a++) {
		struct index *index = &rules->actions[a];

		index->any = names[a] + folders[a] + globs[a] > 0;
		r = table_init(&index->names, names[a]);
		if (r >= 0)
			r = table_init(&index->identities, identities[a]);
		if (r >= 0)
			r = table_init(&index->folders, folders[a]);
		if (r >= 0 && globs[a] > 0) {
			index->globs = calloc(globs[a], sizeof(*index->globs));
			r = index->globs ? 0 : -ENOMEM;
		}
	}
	return r;
}

static void add_target(struct ruleset *rules, const struct rule_target *target)
{
	struct index *index = &rules->actions[rules->policy->rules[target->rule].action];
	uint32_t at = (uint32_t)rules->entry_count++;
	struct entry *entry = &rules->entries[at];
	uint32_t *slot;

	*entry = (struct entry){
		.text = target->text,
		.length = (uint32_t)strlen(target->text),
		.rule = target->rule,
		.dev = target->dev,
		.ino = target->ino,
		.next = NO_ENTRY,
	};
	switch (target->kind) {
	case TARGET_GLOB:
		index->globs[index->glob_count++] = at;
		return;
	case TARGET_FOLDER:
		slot = find_name(rules, &index->folders, entry->text, entry->length);
		break;
	default:
		slot = find_name(rules, &index->names, entry->text, entry->length);
		break;
	}
	/* Two spellings that resolve to one place (a symlink and its target): the first rule
	 * stands. */
	if (*slot == 0)
		*slot = at + 1;
	if (target->kind == TARGET_FILE && target->has_identity)
		chain(rules, find_identity(rules, &index->identities, target->dev, target->ino),
		      at);
}

int ruleset_new(const struct policy *policy, const struct rule_target *targets, size_t count,
		struct ruleset **ret_ruleset)
{
	_cleanup_(ruleset_freep) struct ruleset *rules = calloc(1, sizeof(*rules));
	int r;

	if (!rules)
		return -ENOMEM;
	rules->policy = policy;
	rules->entries = calloc(count + 1, sizeof(*rules->entries));
	if (!rules->entries)
		return -ENOMEM;
	r = count_targets(rules, targets, count);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++)
		add_target(rules, &targets[i]);
	*ret_ruleset = TAKE_PTR(rules);
	return 0;
}

void ruleset_free(struct ruleset *rules)
{
	if (!rules)
		return;
	for (int a = 0; a < ACTION_COUNT; a++) {
		free(rules->actions[a].names.slots);
		free(rules->actions[a].identities.slots);
		free(rules->actions[a].folders.slots);
		free(rules->actions[a].globs);
	}
	free(rules->entries);
	free(rules);
}

/* Keeps the list sorted by rule number, which is file order, and free of doubles. What decides
 * about the process itself counts in any case; only triggers of those that do not fit are lost. */
static void add_rule(const struct ruleset *rules, struct verdict *verdict, uint32_t number)
{
	const struct policy_rule *rule = &rules->policy->rules[number];
	unsigned at = verdict->count;

	verdict->kill |= rule->kill;
	if (rule->group != POLICY_NONE &&
	    (verdict->group == POLICY_NONE || (uint32_t)verdict->group_rule > number)) {
		verdict->group = rule->group;
		verdict->group_rule = (int)number;
	}
	while (at > 0 && verdict->rules[at - 1] > number)
		at--;
	if (at > 0 && verdict->rules[at - 1] == number)
		return;
	if (verdict->count == VERDICT_RULES) {
		verdict->truncated = true;
		if (at == VERDICT_RULES)
			return;
		verdict->count--;
	}
	memmove(&verdict->rules[at + 1], &verdict->rules[at],
		(verdict->count - at) * sizeof(verdict->rules[0]));
	verdict->rules[at] = number;
	verdict->count++;
}

static void match_exact(const struct ruleset *rules, const struct index *index,
			const struct file_key *file, struct verdict *verdict)
{
	uint32_t slot;

	if (index->names.slots) {
		slot = *find_name(rules, &index->names, file->path, file->length);
		if (slot != 0) {
			add_rule(rules, verdict, rules->entries[slot - 1].rule);
			return;
		}
	}
	if (!index->identities.slots)
		return;
	slot = *find_identity(rules, &index->identities, file->dev, file->ino);
	if (slot == 0)
		return;
	for (uint32_t at = slot - 1; at != NO_ENTRY; at = rules->entries[at].next)
		add_rule(rules, verdict, rules->entries[at].rule);
}

static void match_folders(const struct ruleset *rules, const struct index *index,
			  const struct file_key *file, struct verdict *verdict)
{
	if (!index->folders.slots)
		return;
	for (size_t n = file->length; n-- > 0;) {
		uint32_t slot;

		if (file->path[n] != '/')
			continue;
		/* A rule on "/" has that one byte as its name. */
		slot = *find_name(rules, &index->folders, file->path, n ? n : 1);
		if (slot != 0)
			add_rule(rules, verdict, rules->entries[slot - 1].rule);
	}
}

static void match_globs(const struct ruleset *rules, const struct index *index,
			const struct file_key *file, struct verdict *verdict)
{
	for (size_t i = 0; i < index->glob_count; i++) {
		const struct entry *entry = &rules->entries[index->globs[i]];

		if (glob_match(entry->text, file->path))
			add_rule(rules, verdict, entry->rule);
	}
}

bool ruleset_match(const struct ruleset *rules, enum policy_action action,
		   const struct file_key *file, struct verdict *verdict)
{
	const struct index *index = &rules->actions[action];

	verdict->group = verdict->group_rule = POLICY_NONE;
	verdict->kill = verdict->truncated = false;
	verdict->count = 0;
	if (!index->any)
		return false;
	match_exact(rules, index, file, verdict);
	match_folders(rules, index, file, verdict);
	match_globs(rules, index, file, verdict);
	return verdict->count > 0;
}

bool ruleset_has(const struct ruleset *rules, enum policy_action action)
{
	return rules->actions[action].any;
}

bool ruleset_has_names(const struct ruleset *rules, enum policy_action action)
{
	return rules->actions[action].folders.slots || rules->actions[action].glob_count > 0;
}

const struct policy *ruleset_policy(const struct ruleset *rules)
{
	return rules->policy;
}
