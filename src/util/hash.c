// SPDX-License-Identifier: MIT
/* Open addressing with linear probing at a load of at most 1/2; the full hash is compared first. */
#include "util/hash.h"

#include <stdatomic.h>
#include <sys/random.h>
#include <threads.h>

static uint64_t seed;
static once_flag seed_once = ONCE_FLAG_INIT;
static _Atomic bool seeded; /* asking that first is a third of what a short name costs */

static void make_seed(void)
{
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
		seed = (uint64_t)(uintptr_t)&seed * UINT64_C(0x9e3779b97f4a7c15);
	atomic_store_explicit(&seeded, true, memory_order_release);
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	/* The 128-bit product folded in half: the mixing step of wyhash, public domain. */
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t hash_bytes(const void *data, size_t size)
{
	const unsigned char *at = data;
	uint64_t hash, word;
	size_t left = size;

	if (!atomic_load_explicit(&seeded, memory_order_acquire))
		call_once(&seed_once, make_seed);
	hash = seed ^ UINT64_C(0xa0761d6478bd642f);
	for (; left >= 8; left -= 8, at += 8) {
		memcpy(&word, at, 8);
		hash = mix(hash ^ word, UINT64_C(0xe7037ed1a0b428db));
	}
	word = 0;
	if (left > 0)
		memcpy(&word, at, left);
	return mix(hash ^ word, UINT64_C(0x8ebc6af09c88c6e3) ^ size);
}

void hash_init(struct hash *hash)
{
	*hash = (struct hash){ 0 };
}

void hash_done(struct hash *hash)
{
	free(hash->slots);
	hash_init(hash);
}

static struct hash_slot *find(const struct hash *hash, const void *key, size_t size, uint64_t h)
{
	size_t mask = hash->room - 1;

	for (size_t i = h & mask;; i = (i + 1) & mask) {
		struct hash_slot *slot = &hash->slots[i];

		if (!slot->key)
			return slot;
		if (slot->hash == h && slot->size == size && memcmp(slot->key, key, size) == 0)
			return slot;
	}
}

static int grow(struct hash *hash)
{
	struct hash larger = { .room = hash->room ? hash->room * 2 : 16, .used = hash->used };

	larger.slots = calloc(larger.room, sizeof(*larger.slots));
	if (!larger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < hash->room; i++) {
		const struct hash_slot *slot = &hash->slots[i];

		if (slot->key)
			*find(&larger, slot->key, slot->size, slot->hash) = *slot;
	}
	free(hash->slots);
	*hash = larger;
	return 0;
}

int hash_put(struct hash *hash, const void *key, size_t size, void *value, void **ret_old)
{
	uint64_t h = hash_bytes(key, size);
	struct hash_slot *slot;

	if ((hash->used + 1) * 2 > hash->room) {
		int r = grow(hash);

		if (r < 0)
			return r;
	}
	slot = find(hash, key, size, h);
	if (slot->key) {
		if (ret_old)
			*ret_old = slot->value;
		return 0;
	}
	*slot = (struct hash_slot){ .key = key, .size = size, .hash = h, .value = value };
	hash->used++;
	return 1;
}

void *hash_get(const struct hash *hash, const void *key, size_t size)
{
	if (hash->used == 0)
		return NULL;
	return find(hash, key, size, hash_bytes(key, size))->value;
}
