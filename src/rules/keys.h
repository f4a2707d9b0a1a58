/* SPDX-License-Identifier: MIT */
/*
 * A table from keys of 64 bits to lists of rules. A key stands for a text or a number by its hash
 * alone: two that collide only give a rule that is judged for nothing.
 */
#pragma once

#include "rules/candidates.h"

struct keys;

struct key_entry {
	uint64_t key;
	uint32_t rule;
};

/* The rules of a key stay in the order that they have in `entries`. 0 or -ENOMEM. */
int keys_new(const struct key_entry *entries, size_t count, struct keys **ret_keys);
void keys_free(struct keys *keys);
DEFINE_CLEANUP(struct keys *, keys_free);

void keys_find(const struct keys *keys, uint64_t key, struct candidates *candidates);

/* How many rules a key has. */
size_t keys_count(const struct keys *keys, uint64_t key);

/* The key of some bytes; `space` (less than 65,536) keeps those of different things apart. */
uint64_t key_of(uint32_t space, const void *data, size_t size);
