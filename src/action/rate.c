// SPDX-License-Identifier: MIT
/*
 * A bucket is one 64-bit number: the time at which it would be full again if nothing more were
 * taken (GCRA's theoretical arrival time). One compare-and-swap takes from it.
 *
 * A key stands in one of four slots of its set. The slot's owner and time are two words: a thread
 * that finds a slot taken over between its two looks has taken one from another's bucket, which is
 * off by one, once, and harms nothing.
 */
#include "action/rate.h"

#include <stdatomic.h>

enum { WAYS = 4 };

struct bucket {
	_Atomic uint64_t key;  /* 0: free */
	_Atomic uint64_t full; /* when it will be; before now: it is */
};

struct rate_table {
	struct bucket *buckets;
	size_t sets; /* a power of two */
	_Atomic uint64_t forgotten;
};

int rate_table_new(size_t keys, struct rate_table **ret_table)
{
	_cleanup_(rate_table_freep) struct rate_table *table = calloc(1, sizeof(*table));

	if (!table)
		return -ENOMEM;
	table->sets = 1;
	while (table->sets * WAYS < keys)
		table->sets *= 2;
	table->buckets = calloc(table->sets * WAYS, sizeof(*table->buckets));
	if (!table->buckets)
		return -ENOMEM;
	*ret_table = TAKE_PTR(table);
	return 0;
}

void rate_table_free(struct rate_table *table)
{
	if (!table)
		return;
	free(table->buckets);
	free(table);
}

/* The key's own bucket, else a free one, else the one that has been full the longest. */
static struct bucket *bucket_of(struct rate_table *table, uint64_t key, uint64_t now_ns)
{
	struct bucket *set = &table->buckets[(key >> 32 & (table->sets - 1)) * WAYS];
	struct bucket *oldest = set;
	uint64_t owner;

	for (unsigned i = 0; i < WAYS; i++) {
		owner = atomic_load_explicit(&set[i].key, memory_order_relaxed);
		if (owner == key)
			return &set[i];
		if (owner == 0 &&
		    (atomic_compare_exchange_strong(&set[i].key, &owner, key) || owner == key))
			return &set[i];
		if (atomic_load_explicit(&set[i].full, memory_order_relaxed) <
		    atomic_load_explicit(&oldest->full, memory_order_relaxed))
			oldest = &set[i];
	}
	owner = atomic_load_explicit(&oldest->key, memory_order_relaxed);
	if (atomic_load_explicit(&oldest->full, memory_order_relaxed) > now_ns)
		atomic_fetch_add_explicit(&table->forgotten, 1, memory_order_relaxed);
	if (atomic_compare_exchange_strong(&oldest->key, &owner, key))
		atomic_store(&oldest->full, 0);
	return oldest;
}

bool rate_allow(struct rate_table *table, uint64_t key, uint64_t most, uint64_t interval_ns,
		uint64_t now_ns)
{
	const uint64_t each = interval_ns / most;
	struct bucket *bucket = bucket_of(table, key ? key : 1, now_ns);
	uint64_t full = atomic_load(&bucket->full), next;

	do {
		next = MAX(full, now_ns) + each;
		/* `most` taken at once make it full again after just one interval. */
		if (next - now_ns > each * most)
			return false;
	} while (!atomic_compare_exchange_weak(&bucket->full, &full, next));
	return true;
}

uint64_t rate_table_forgotten(const struct rate_table *table)
{
	return atomic_load_explicit(&table->forgotten, memory_order_relaxed);
}
