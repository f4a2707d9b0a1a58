// SPDX-License-Identifier: MIT
/* A rule keeps its counts over a reload: they go by its name. */
#include "core/rate-key.h"

#include "util/hash.h"

static uint64_t hash_slice(struct slice slice)
{
	return slice.size > 0 ? hash_bytes(slice.data, slice.size) : 0;
}

static uint64_t key_of(struct facts *facts, enum rate_per per)
{
	switch (per) {
	case RATE_PER_USER:
		return facts_know(facts, FACT_IDS) ? (uint64_t)facts->uid + 1 : 0;
	case RATE_PER_EXE:
		return facts_know(facts, FACT_EXE) ? hash_slice(facts->exe) : 0;
	case RATE_PER_CGROUP:
		if (!facts_know(facts, FACT_CGROUP))
			return 0;
		return hash_slice(facts->cgroup) * 31 + hash_slice(facts->cgroup_v1);
	case RATE_PER_RULE:
		break;
	}
	return 0;
}

bool rate_is_over(uint32_t number, void *userdata)
{
	struct rate_question *question = userdata;
	const struct policy_rule *rule = &question->policy->rules[number];
	const uint64_t parts[] = {
		hash_bytes(rule->name, strlen(rule->name)),
		key_of(question->facts, rule->rate.per),
	};

	if (rate_allow(question->table, hash_bytes(parts, sizeof(parts)), rule->rate.max,
		       rule->rate.interval_ns, question->now_ns))
		return false;
	question->over++;
	return true;
}
