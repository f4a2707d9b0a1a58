// SPDX-License-Identifier: MIT
/* What was read is freed at once: the arena, the three arrays, and the limits, which have their
 * own. */
#include "config/policy.h"

#include "config/arena.h"
#include "config/cgconfig.h"
#include "config/reader.h"

void policy_free(struct policy *policy)
{
	if (!policy)
		return;
	for (size_t i = 0; i < policy->group_count; i++)
		limits_done(&policy->groups[i].limits);
	for (struct policy_limits *own = policy->own_limits; own; own = own->next)
		limits_done(&own->group.limits);
	free(policy->rules);
	free(policy->groups);
	free(policy->triggers);
	free(policy->tests);
	cgconfig_free(policy->foreign);
	arena_free(policy->memory);
	free(policy);
}

int policy_find_group(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->group_count; i++)
		if (streq(policy->groups[i].name, name))
			return (int)i;
	return POLICY_NONE;
}
