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

static unsigned log2_above(size_t count)
{
	unsigned bits = 1;

	while ((SIZE_MAX >> (64 - bits)) < count)
		bits++;
	return bits;
}

static struct slot *find(const struct keys *keys, uint64_t key)
{
	size_t mask = SIZE_MAX >> keys->slots_shift, i = key >> keys->slots_shift;

	while (keys->slots[i].count > 0 && keys->slots[i].key != key)
		i = (i + 1) & mask;
	return &keys->slots[i];
}

/* Room for so many keys, with those that are there. */
static int resize(struct keys *keys, size_t room)
{
	struct slot *old = keys->slots;
	size_t old_size = old ? (size_t)1 << (64 - keys->slots_shift) : 0;
	unsigned bits = log2_above(room * 2);

	keys->slots = calloc((size_t)1 << bits, sizeof(*keys->slots));
	if (!keys->slots) {
		keys->slots = old;
		return -ENOMEM;
	}
	keys->slots_shift = 64 - bits;
	for (size_t i = 0; i < old_size; i++)
		if (old[i].count > 0)
			*find(keys, old[i].key) = old[i];
	free(old);
	return 0;
}

/* How many rules each key has; returns how many keys there are. */
static size_t count_keys(struct keys *keys, const struct key_entry *entries, size_t count)
{
	size_t distinct = 0;

	for (size_t i = 0; i < count; i++) {
		struct slot *slot = find(keys, entries[i].key);

		distinct += slot->count == 0;
		slot->key = entries[i].key;
		slot->count++;
	}
	return distinct;
}

/* Each key's rules side by side: its place is found from behind, and filled from behind. */
static void fill(struct keys *keys, const struct key_entry *entries, size_t count)
{
	size_t size = (size_t)1 << (64 - keys->slots_shift);
	uint32_t end = 0;

	for (size_t i = 0; i < size; i++) {
		if (keys->slots[i].count == 0)
			continue;
		end += keys->slots[i].count;
		keys->slots[i].first = end;
		presence_add(&keys->presence, keys->slots[i].key);
	}
	for (size_t i = count; i-- > 0;)
		keys->rules[--find(keys, entries[i].key)->first] = entries[i].rule;
}

int keys_new(const struct key_entry *entries, size_t count, struct keys **ret_keys)
{
	_cleanup_(keys_freep) struct keys *keys = calloc(1, sizeof(*keys));
	size_t distinct;
	int r = 0;

	if (!keys || resize(keys, count) < 0)
		return -ENOMEM;
	distinct = count_keys(keys, entries, count);
	if (log2_above(distinct * 2) < log2_above(count * 2))
		r = resize(keys, distinct);
	keys->rules = calloc(count + 1, sizeof(*keys->rules));
	if (r < 0 || !keys->rules || presence_init(&keys->presence, distinct) < 0)
		return -ENOMEM;
	fill(keys, entries, count);
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
