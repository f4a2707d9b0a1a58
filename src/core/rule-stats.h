/* SPDX-License-Identifier: MIT */
/*
 * What became of each rule's matches: counted by gate threads and the loop at once, without locks,
 * and read while that goes on.
 */
#pragma once

#include "config/policy.h"

#include <stdatomic.h>

/* Two buckets for each doubling of the time, from 1 µs to more than a minute. */
enum { RULE_BUCKETS = 56 };

struct rule_stat {
	_Atomic uint64_t matched;
	_Atomic uint64_t done;	 /* effects */
	_Atomic uint64_t failed; /* effects */
	_Atomic uint64_t dry;	 /* effects that would have been carried out */
	_Atomic uint64_t spared; /* effects not carried out on what is never touched */
	_Atomic uint64_t over;	 /* matches above the rule's rate */
	_Atomic uint64_t late;	 /* answered by its deadline */
	/* The last failure: effect_kind << 16 | errno; 0: none. */
	_Atomic uint32_t last_failure;
	_Atomic uint64_t took_ns; /* all together */
	_Atomic uint32_t took[RULE_BUCKETS];
};

/* Zero pages until they are counted in. NULL: no memory. */
struct rule_stat *rule_stats_new(size_t count);
void rule_stats_free(struct rule_stat *stats, size_t count);

/* Takes the counts of rules of the same name over from a policy that is replaced. 0 or -ENOMEM. */
int rule_stats_inherit(struct rule_stat *stats, const struct policy *policy,
		       const struct rule_stat *old_stats, const struct policy *old_policy);

enum effect_result { RESULT_DONE, RESULT_FAILED, RESULT_DRY, RESULT_SPARED };
void rule_stat_effect(struct rule_stat *stat, enum effect_kind kind, enum effect_result result,
		      int error);
void rule_stat_took(struct rule_stat *stat, uint64_t ns);

/* How many decisions took no longer than each bound, and longer than the one before; the last count
 * is of those beyond all. A bucket counts where its upper end lies. Bounds in ns, rising. */
void rule_stat_spread(const struct rule_stat *stat, const uint64_t *bounds, size_t bound_count,
		      uint64_t *counts);

/* The time below which that share (0 to 1) of a rule's decisions lies, in ns, not more than half
 * above the truth; 0: there were none. */
uint64_t rule_stat_quantile(const struct rule_stat *stat, double share);

static inline void rule_stat_add(_Atomic uint64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}
