// SPDX-License-Identifier: MIT
/*
 * Open addressing, and in front of it a presence.h: nearly all that is looked up is not there, and
 * that is told by one word of a table that stays in the cache.
 */
#include "rules/keys.h"

#include "rules/presence.h"
#include "util/hash.h"

struct slot {
	uint64_t key;
	uint32_t first, count; /* in `rules`; count 0: empty */
};

struct keys {
	struct slot *slots;
	struct presence presence;
	unsigned slots_shift; /* of a key, to its index */
	uint32_t *rules;
};

uint64_t key_of(uint32_t space, const void *data, size_t size)
{
	uint64_t hash = hash_bytes(data, size) + (uint64_t)space * UINT64_C(0x9e3779b97f4a7c15);

	hash = (hash ^ hash >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
	return hash ^ hash >> 32;
}

static int compare_entries(const void *a, const void *b)
{
	const struct key_entry *left = a, *right = b;

	if (left->key != right->key)
		return left->key < right->key ? -1 : 1;
	return left->rule < right->rule ? -1 : left->rule > right->rule;
}

static unsigned log2_above(size_t count)
{
	unsigned bits = 1;

	while ((SIZE_MAX >> (64 - bits)) < count)
		bits++;
	return bits;
}

static const struct slot *find(const struct keys *keys, uint64_t key)
{
	size_t mask = SIZE_MAX >> keys->slots_shift, i = key >> keys->slots_shift;

	while (keys->slots[i].count > 0 && keys->slots[i].key != key)
		i = (i + 1) & mask;
	return &keys->slots[i];
}

static void put(struct keys *keys, uint64_t key, uint32_t first, uint32_t count)
{
	size_t at = (size_t)(find(keys, key) - keys->slots);

	keys->slots[at] = (struct slot){ .key = key, .first = first, .count = count };
	presence_add(&keys->presence, key);
}

int keys_new(struct key_entry *entries, size_t count, struct keys **ret_keys)
{
	_cleanup_(keys_freep) struct keys *keys = calloc(1, sizeof(*keys));
	size_t distinct = 0;
	unsigned slots;

	if (!keys)
		return -ENOMEM;
	if (count > 0)
		qsort(entries, count, sizeof(*entries), compare_entries);
	for (size_t i = 0; i < count; i++)
		distinct += i == 0 || entries[i - 1].key != entries[i].key;
	slots = log2_above(distinct * 2);
	keys->slots_shift = 64 - slots;
	keys->slots = calloc((size_t)1 << slots, sizeof(*keys->slots));
	keys->rules = calloc(count + 1, sizeof(*keys->rules));
	if (!keys->slots || !keys->rules || presence_init(&keys->presence, distinct) < 0)
		return -ENOMEM;
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i; end < count && entries[end].key == entries[i].key; end++)
			keys->rules[end] = entries[end].rule;
		put(keys, entries[i].key, (uint32_t)i, (uint32_t)(end - i));
	}
	*ret_keys = TAKE_PTR(keys);
	return 0;
}

void keys_free(struct keys *keys)
{
	if (!keys)
		return;
	free(keys->slots);
	presence_done(&keys->presence);
	free(keys->rules);
	free(keys);
}

void keys_find(const struct keys *keys, uint64_t key, struct candidates *candidates)
{
	const struct slot *slot;

	if (!presence_maybe(&keys->presence, key))
		return;
	slot = find(keys, key);
	for (uint32_t i = 0; i < slot->count; i++)
		candidates_add(candidates, keys->rules[slot->first + i]);
}

size_t keys_count(const struct keys *keys, uint64_t key)
{
	return find(keys, key)->count;
}
