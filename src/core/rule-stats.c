// SPDX-License-Identifier: MIT
/*
 * The histogram is fixed: a time falls into a bucket by its highest bit and the one below it.
 * Counts of 32 bits wrap after four thousand million matches of one rule; a quantile is of those
 * since.
 */
#include "core/rule-stats.h"

#include "util/hash.h"

#include <sys/mman.h>

static size_t size_of(size_t count)
{
	return (count + 1) * sizeof(struct rule_stat);
}

struct rule_stat *rule_stats_new(size_t count)
{
	void *stats = mmap(NULL, size_of(count), PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return stats == MAP_FAILED ? NULL : stats;
}

void rule_stats_free(struct rule_stat *stats, size_t count)
{
	if (stats)
		munmap(stats, size_of(count));
}

static void copy(struct rule_stat *to, const struct rule_stat *from)
{
	static const size_t counters[] = {
		offsetof(struct rule_stat, matched), offsetof(struct rule_stat, done),
		offsetof(struct rule_stat, failed),  offsetof(struct rule_stat, dry),
		offsetof(struct rule_stat, spared),  offsetof(struct rule_stat, over),
		offsetof(struct rule_stat, late),    offsetof(struct rule_stat, took_ns),
	};

	for (size_t i = 0; i < ARRAY_SIZE(counters); i++) {
		_Atomic uint64_t *target = (_Atomic uint64_t *)((char *)to + counters[i]);
		const _Atomic uint64_t *source =
			(const _Atomic uint64_t *)((const char *)from + counters[i]);

		atomic_store(target, atomic_load(source));
	}
	atomic_store(&to->last_failure, atomic_load(&from->last_failure));
	for (size_t i = 0; i < RULE_BUCKETS; i++)
		atomic_store(&to->took[i], atomic_load(&from->took[i]));
}

int rule_stats_inherit(struct rule_stat *stats, const struct policy *policy,
		       const struct rule_stat *old_stats, const struct policy *old_policy)
{
	struct hash names;
	int r = 0;

	hash_init(&names);
	for (size_t i = 0; i < policy->rule_count && r >= 0; i++)
		r = hash_put_string(&names, policy->rules[i].name, &stats[i], NULL);
	for (size_t i = 0; i < old_policy->rule_count && r >= 0; i++) {
		struct rule_stat *stat;

		/* What was never touched stays out of memory. */
		if (atomic_load(&old_stats[i].matched) == 0)
			continue;
		stat = hash_get_string(&names, old_policy->rules[i].name);
		if (stat)
			copy(stat, &old_stats[i]);
	}
	hash_done(&names);
	return MIN(r, 0);
}

void rule_stat_effect(struct rule_stat *stat, enum effect_kind kind, enum effect_result result,
		      int error)
{
	switch (result) {
	case RESULT_DONE:
		rule_stat_add(&stat->done);
		break;
	case RESULT_FAILED:
		rule_stat_add(&stat->failed);
		atomic_store_explicit(&stat->last_failure,
				      (uint32_t)kind << 16 | (uint32_t)(error & 0xffff),
				      memory_order_relaxed);
		break;
	case RESULT_DRY:
		rule_stat_add(&stat->dry);
		break;
	case RESULT_SPARED:
		rule_stat_add(&stat->spared);
		break;
	}
}

/* Bucket 2n is [2^n, 1.5 * 2^n) µs, 2n + 1 the rest up to 2^(n+1). */
static unsigned bucket_of(uint64_t us)
{
	unsigned bit, bucket;

	if (us <= 1)
		return 0;
	bit = 63 - (unsigned)__builtin_clzll(us);
	bucket = 2 * bit + (us >> (bit - 1) & 1);
	return MIN(bucket, (unsigned)RULE_BUCKETS - 1);
}

static uint64_t upper_end(unsigned bucket)
{
	uint64_t base = UINT64_C(1) << bucket / 2;

	return (bucket % 2 ? base * 2 : base + base / 2 + (base == 1)) * 1000;
}

void rule_stat_took(struct rule_stat *stat, uint64_t ns)
{
	atomic_fetch_add_explicit(&stat->took[bucket_of(ns / 1000)], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&stat->took_ns, ns, memory_order_relaxed);
}

void rule_stat_spread(const struct rule_stat *stat, const uint64_t *bounds, size_t bound_count,
		      uint64_t *counts)
{
	size_t at = 0;

	memset(counts, 0, (bound_count + 1) * sizeof(*counts));
	for (unsigned i = 0; i < RULE_BUCKETS; i++) {
		while (at < bound_count && upper_end(i) > bounds[at])
			at++;
		/* The last bucket has no end. */
		counts[i + 1 < RULE_BUCKETS ? at : bound_count] +=
			atomic_load_explicit(&stat->took[i], memory_order_relaxed);
	}
}

uint64_t rule_stat_quantile(const struct rule_stat *stat, double share)
{
	uint64_t total = 0, seen = 0, wanted;

	for (unsigned i = 0; i < RULE_BUCKETS; i++)
		total += atomic_load_explicit(&stat->took[i], memory_order_relaxed);
	if (total == 0)
		return 0;
	wanted = (uint64_t)((double)total * share);
	wanted = MIN(wanted + 1, total);
	for (unsigned i = 0; i < RULE_BUCKETS; i++) {
		seen += atomic_load_explicit(&stat->took[i], memory_order_relaxed);
		if (seen >= wanted)
			return upper_end(i);
	}
	return upper_end(RULE_BUCKETS - 1);
}
