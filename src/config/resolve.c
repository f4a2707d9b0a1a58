// SPDX-License-Identifier: MIT
/*
 * The last step of a load: parents of nested groups are added, names become indices, and what two
 * rules say about one path is found.
 */
#include "config/schema.h"

/* Adds the parents that a name needs and that no file names. */
static bool add_parents(struct reader *reader, size_t child)
{
	struct policy *policy = reader->policy;

	for (const char *slash = strchr(policy->groups[child].name, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		const char *name = policy->groups[child].name;
		size_t size = (size_t)(slash - name), old;
		struct policy_group *groups;
		char *copy;
		int r;

		if (hash_get(&reader->groups, name, size))
			continue;
		groups = grow_array(reader, policy->groups, &reader->group_room,
				    policy->group_count, sizeof(*groups));
		if (!groups)
			return false;
		policy->groups = groups;
		copy = arena_copy(reader->memory, name, size);
		if (!copy)
			return report_oom(reader);
		r = put_name(reader, &reader->groups, copy, policy->group_count, &old);
		if (r < 0)
			return false;
		groups[policy->group_count++] =
			(struct policy_group){ .name = copy, .at = groups[child].at };
	}
	return true;
}

/* Orders by the number of parts, otherwise as in the files: parents come before children. */
static bool order_groups(struct reader *reader)
{
	struct policy *policy = reader->policy;
	struct policy_group *ordered = calloc(policy->group_count + 1, sizeof(*ordered));
	size_t used = 0, old;

	if (!ordered)
		return report_oom(reader);
	for (unsigned depth = 0; used < policy->group_count; depth++) {
		for (size_t i = 0; i < policy->group_count; i++) {
			unsigned slashes = 0;

			for (const char *at = policy->groups[i].name; *at; at++)
				slashes += *at == '/';
			if (slashes == depth)
				ordered[used++] = policy->groups[i];
		}
	}
	free(policy->groups);
	policy->groups = ordered;
	reader->group_room = policy->group_count + 1;
	hash_done(&reader->groups);
	for (size_t i = 0; i < policy->group_count; i++)
		if (put_name(reader, &reader->groups, ordered[i].name, i, &old) < 0)
			return false;
	return true;
}

static bool resolve_groups(struct reader *reader)
{
	size_t count = reader->policy->group_count;
	bool nested = false;

	for (size_t i = 0; i < count; i++) {
		nested |= strchr(reader->policy->groups[i].name, '/') != NULL;
		if (!add_parents(reader, i))
			return false;
	}
	return !nested || order_groups(reader);
}

/* With fetter's files, triggers that were told to be unusable are still in the list. */
static bool is_usable(const struct policy_trigger *trigger)
{
	return trigger->run && trigger->user;
}

static const char *guess_name(struct reader *reader, const char *word, bool group, char *buffer,
			      size_t size)
{
	const struct policy *policy = reader->policy;
	size_t count = group ? policy->group_count : policy->trigger_count;
	_cleanup_(freep) const char **names = calloc(count + 1, sizeof(*names));

	if (!names)
		return NULL;
	for (size_t i = 0; i < count; i++)
		names[i] = group ? policy->groups[i].name : policy->triggers[i].name;
	return guess_hint(reader, word, names, count, buffer, size);
}

static bool not_defined(struct reader *reader, const struct node *node, bool group, bool passes)
{
	const char *name = tree_text(&reader->tree, node), *hint;
	const char *what = group ? "group" : "trigger";
	char buffer[320];

	/* It may stand in the file that could not be read; that one is told already. */
	if (reader->incomplete)
		return false;
	hint = guess_name(reader, name, group, buffer, sizeof(buffer));
	if (group && streq(name, "KILL"))
		hint = "write \"trigger: KILL\"";
	if (passes)
		return report_quirk(reader, place_of(node), hint, "%s \"%.255s\" is not defined",
				    what, name);
	return report_error(reader, node, hint, "%s \"%.255s\" is not defined", what, name);
}

static bool resolve_rule(struct reader *reader, struct policy_rule *rule,
			 const struct rule_links *links)
{
	bool good = true;
	uintptr_t found;

	if (links->trigger) {
		const char *name = tree_text(&reader->tree, links->trigger);

		found = (uintptr_t)hash_get_string(&reader->triggers, name);
		rule->kill = streq(name, "KILL");
		if (!rule->kill && !found)
			good = not_defined(reader, links->trigger, false, false);
		else if (!rule->kill && is_usable(&reader->policy->triggers[found - 1]))
			rule->trigger = (int)found - 1;
	}
	if (links->group) {
		found = (uintptr_t)hash_get_string(&reader->groups,
						   tree_text(&reader->tree, links->group));
		if (found)
			rule->group = (int)found - 1;
		else /* fetter did not look where the trigger was KILL */
			good &= not_defined(reader, links->group, true, rule->kill);
	}
	return good;
}

/* Takes the rules out that have nothing left to do; only fetter's files get here with any. */
static void drop_idle_rules(struct policy *policy)
{
	size_t used = 0;

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		if (rule->kill || rule->group >= 0 || rule->trigger >= 0)
			policy->rules[used++] = *rule;
	}
	policy->rule_count = used;
}

static bool drop_unusable_triggers(struct reader *reader)
{
	struct policy *policy = reader->policy;
	_cleanup_(freep) int *now = calloc(policy->trigger_count + 1, sizeof(*now));
	size_t used = 0;

	if (!now)
		return report_oom(reader);
	for (size_t i = 0; i < policy->trigger_count; i++) {
		now[i] = (int)used;
		if (is_usable(&policy->triggers[i]))
			policy->triggers[used++] = policy->triggers[i];
	}
	policy->trigger_count = used;
	for (size_t i = 0; i < policy->rule_count; i++)
		if (policy->rules[i].trigger >= 0)
			policy->rules[i].trigger = now[policy->rules[i].trigger];
	return true;
}

/* The rule that holds a path. It is looked for: only errors want to know. */
static const char *rule_of(const struct policy *policy, const struct policy_path *path)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		for (size_t j = 0; j < policy->rules[i].path_count; j++)
			if (&policy->rules[i].paths[j] == path)
				return policy->rules[i].name;
	return "?";
}

static bool path_twice(struct reader *reader, const struct policy_rule *rule,
		       const struct policy_path *path, const struct policy_path *first)
{
	bool seen = reader->diagnostics->count < DIAGNOSTICS_MAX;
	const char *other = seen ? rule_of(reader->policy, first) : "?";
	struct place place = place_from(path->at, 1);
	bool passes;

	if (streq(other, rule->name))
		passes = report_quirk(reader, place, NULL, "\"%.120s\" is there twice in one rule",
				      path->text);
	else
		passes = report_quirk(reader, place, NULL,
				      "\"%.120s\" is already in rule \"%.60s\" for the same action",
				      path->text, other);
	report_at(reader, SEVERITY_NOTE, place_from(first->at, 1), NULL, "the first is here");
	return passes;
}

/* One path has one rule for an action; of patterns only equal ones are found. */
static bool check_rule_paths(struct reader *reader, struct policy_rule *rule, struct hash *seen)
{
	size_t used = 0;
	bool good = true;

	for (size_t i = 0; i < rule->path_count; i++) {
		struct policy_path path = rule->paths[i];
		void *first = NULL;
		int r;

		/* In place: what stands there is either this path or one that was twice. */
		rule->paths[used] = path;
		r = hash_put_string(seen, path.text, &rule->paths[used], &first);
		if (r < 0)
			return report_oom(reader);
		if (r == 0)
			good &= path_twice(reader, rule, &path, first);
		else
			used++;
	}
	rule->path_count = used;
	return good;
}

static bool check_paths(struct reader *reader)
{
	struct policy *policy = reader->policy;
	struct hash seen[3] = { 0 };
	bool good = true;

	for (size_t i = 0; i < policy->rule_count && !reader->out_of_memory; i++)
		good &= check_rule_paths(reader, &policy->rules[i], &seen[policy->rules[i].action]);
	for (size_t i = 0; i < ARRAY_SIZE(seen); i++)
		hash_done(&seen[i]);
	return good;
}

bool policy_resolve(struct reader *reader)
{
	struct policy *policy = reader->policy;
	bool good = resolve_groups(reader);

	if (reader->out_of_memory)
		return false;
	for (size_t i = 0; i < policy->rule_count; i++)
		good &= resolve_rule(reader, &policy->rules[i], &reader->links[i]);
	if (!check_paths(reader) || !good)
		return false;
	if (!drop_unusable_triggers(reader))
		return false;
	drop_idle_rules(policy);
	return true;
}
