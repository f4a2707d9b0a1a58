/* SPDX-License-Identifier: MIT */
/*
 * How often something may happen for each of many keys (rule and user, rule and program...): a
 * fixed table without locks, for several gate threads at once. Its memory is bounded; of more keys
 * than it holds, those longest idle are forgotten, which can only let more pass, and is counted.
 */
#pragma once

#include "util/macros.h"

struct rate_table;

/* `keys`: how many are kept at once (rounded up). -ENOMEM. */
int rate_table_new(size_t keys, struct rate_table **ret_table);
void rate_table_free(struct rate_table *table);
DEFINE_CLEANUP(struct rate_table *, rate_table_free);

/*
 * Takes one. True if not more than `most` happened within the last `interval_ns` for this key (a
 * bucket that refills evenly: as many at once, then one each interval / most). `key` is a hash of
 * everything that makes it up; 0 is a key as any other. `most` >= 1.
 */
bool rate_allow(struct rate_table *table, uint64_t key, uint64_t most, uint64_t interval_ns,
		uint64_t now_ns);

/* Keys that were forgotten while they still counted. */
uint64_t rate_table_forgotten(const struct rate_table *table);
