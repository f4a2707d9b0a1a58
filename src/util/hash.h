/* SPDX-License-Identifier: MIT */
/*
 * A hash table from strings (or any bytes) to pointers: open addressing, keys borrowed.
 *
 * The table is built once and read often; there is no removal. The hash is seeded anew in every
 * process, so that a hostile set of names cannot be computed beforehand.
 */
#pragma once

#include "util/macros.h"

struct hash_slot {
	const void *key; /* borrowed; NULL: empty */
	size_t size;
	uint64_t hash;
	void *value;
};

struct hash {
	struct hash_slot *slots;
	size_t room; /* a power of two, or 0 */
	size_t used;
};

void hash_init(struct hash *hash);
void hash_done(struct hash *hash);

/*
 * Adds key -> value; `key` is not NULL, even for a size of 0. Returns 1 if added, 0 if the key was
 * there (its value stays, and is stored in *ret_old where that is not NULL), or -ENOMEM.
 */
int hash_put(struct hash *hash, const void *key, size_t size, void *value, void **ret_old);

/* The value, or NULL. Reads only; safe from several threads while nobody puts. */
void *hash_get(const struct hash *hash, const void *key, size_t size);

/* String forms. */
static inline int hash_put_string(struct hash *hash, const char *key, void *value, void **ret_old)
{
	return hash_put(hash, key, strlen(key), value, ret_old);
}

static inline void *hash_get_string(const struct hash *hash, const char *key)
{
	return hash_get(hash, key, strlen(key));
}

/* The hash function itself (wyhash's mixing of 8 bytes at a time, seeded once per process). */
uint64_t hash_bytes(const void *data, size_t size);
