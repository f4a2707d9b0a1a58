// SPDX-License-Identifier: MIT
/*
 * The figures are medians of what the calls take on the machine of docs/performance.md, rounded:
 * they tell which of two rules costs more, not what a machine will do.
 */
#include "rules/cost.h"

#include "rules/condition.h"
#include "rules/glob.h"
#include "rules/selector.h"

#define ON_GATE (OCCASIONS_OF_FILES | OCCASION_BIT(ON_EXECUTE))

/* Reading /proc/PID/status is 5.5 us, stat 3, loginuid 1.6, cmdline 2.3, cgroup 4, a link 1.2, and
 * whose the folder is 1.4. */
static const struct {
	uint64_t ns;
	const char *name;
} parts[FACT_PARTS] = {
	[FACT_EFFECTIVE] = { 1400, "effective user and group" },
	[FACT_IDS] = { 5500, "user and group ids" },
	[FACT_LOGIN] = { 4600, "user at login, terminal" },
	[FACT_GROUPS] = { 5500, "supplementary groups" },
	[FACT_EXE] = { 1200, "program" },
	[FACT_COMM] = { 2300, "name" },
	[FACT_ARGUMENTS] = { 5000, "arguments" },
	[FACT_CWD] = { 1200, "working folder" },
	[FACT_CGROUP] = { 4000, "cgroup and container" },
	[FACT_NAMESPACES] = { 8500, "namespaces" },
	[FACT_SCRIPT] = { 2500, "script and interpreter" },
	[FACT_ANCESTORS] = { 21000, "ancestors" },
	[FACT_FILE_FLAGS] = { 1000, "the file's state" },
	[FACT_TIME] = { 100, "time" },
	[FACT_SCHEDULING] = { 200, "scheduling" },
};

static const struct {
	uint64_t ns;
	const char *name;
} ways[] = {
	[COST_BY_NAME] = { 100, "hashed name" },
	[COST_BY_FOLDER] = { 150, "hashed folders" },
	[COST_BY_GLOB] = { 250, "pattern of the path" },
	[COST_BY_CONDITION] = { 150, "condition" },
	[COST_ALWAYS] = { 30, "tried every time" },
};

static const char *const places[] = {
	[COST_BEFORE] = "before it happens",
	[COST_KERNEL] = "in the kernel",
	[COST_AFTER] = "after the fact",
};

uint64_t cost_of_part(unsigned fact_part)
{
	return parts[fact_part].ns;
}

const char *cost_part_name(unsigned fact_part)
{
	return parts[fact_part].name;
}

const char *cost_place_name(enum cost_place place)
{
	return places[place];
}

const char *cost_way_name(enum cost_way way)
{
	return ways[way].name;
}

/* The dearest of its paths says how the rule is found. */
static enum cost_way way_of_paths(const struct policy_rule *rule)
{
	enum cost_way way = COST_BY_NAME;

	for (size_t i = 0; i < rule->path_count; i++) {
		if (glob_is_pattern(rule->paths[i].text))
			return COST_BY_GLOB;
		if (rule->paths[i].folder)
			way = COST_BY_FOLDER;
	}
	return way;
}

static int find_way(const struct policy_rule *rule, struct rule_cost *cost)
{
	struct condition *conditions = NULL;
	int choice, r;

	if (rule->path_count > 0) {
		cost->way = way_of_paths(rule);
		return 0;
	}
	r = conditions_new(rule->conditions, rule->condition_count, &conditions);
	if (r < 0)
		return r;
	choice = selector_choice(conditions, rule->condition_count);
	conditions_free(conditions, rule->condition_count);
	cost->way = choice < 0 ? COST_ALWAYS : COST_BY_CONDITION;
	if (choice >= 0)
		cost->condition = &rule->conditions[choice];
	return 0;
}

/* Whether a table of files and users in the kernel can say it (bpf/deny). */
static bool fits_the_kernel(const struct policy_rule *rule, const struct rule_cost *cost)
{
	bool refuses = false;

	for (size_t i = 0; i < rule->effect_count; i++) {
		if (rule->effects[i].kind != EFFECT_DENY && rule->effects[i].kind != EFFECT_KILL)
			return false;
		refuses = true;
	}
	for (size_t i = 0; i < rule->condition_count; i++)
		if (rule->conditions[i].kind != CONDITION_UID &&
		    rule->conditions[i].kind != CONDITION_USER)
			return false;
	return refuses && cost->way == COST_BY_NAME && rule->rate.max == 0;
}

static int cost_of_rule(const struct policy_rule *rule, struct rule_cost *cost)
{
	int r = find_way(rule, cost);

	if (r < 0)
		return r;
	for (size_t i = 0; i < rule->condition_count; i++)
		cost->parts |= condition_parts(&rule->conditions[i]);
	if (cost->condition)
		cost->always_parts = condition_parts(cost->condition);
	else if (cost->way == COST_ALWAYS && rule->condition_count > 0)
		cost->always_parts = condition_parts(&rule->conditions[0]);
	if (fits_the_kernel(rule, cost))
		cost->kernel = rule->on & ON_GATE;
	cost->before = rule->on & ON_GATE;
	cost->after = rule->on & ~ON_GATE;
	cost->by_inode = rule->condition_count == 0 && cost->way == COST_BY_NAME;
	cost->blocks_forgetting = rule->path_count == 0 && (rule->on & ON_GATE);
	cost->match_ns = ways[cost->way].ns;
	for (unsigned part = 0; part < FACT_PARTS; part++)
		if (cost->parts >> part & 1)
			cost->facts_ns += parts[part].ns;
	return 0;
}

int ruleset_cost(const struct policy *policy, struct rule_cost **ret_costs)
{
	_cleanup_(freep) struct rule_cost *costs = calloc(policy->rule_count + 1, sizeof(*costs));

	if (!costs)
		return -ENOMEM;
	for (size_t i = 0; i < policy->rule_count; i++) {
		int r;

		costs[i].rule = (uint32_t)i;
		r = cost_of_rule(&policy->rules[i], &costs[i]);
		if (r < 0)
			return r;
	}
	*ret_costs = TAKE_PTR(costs);
	return 0;
}
