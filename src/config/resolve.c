// SPDX-License-Identifier: MIT
/*
 * The last step of a load: parents of nested groups are added, names become indices, and rules that
 * can have no effect behind others are found.
 */
#include "config/schema.h"

/* Of an effect's group while names are looked up: it is a template. */
enum { TEMPLATE = -2 };

/* Adds a group without limits, unless there is one of that name. */
static bool add_group(struct reader *reader, const char *name, size_t size, struct position at)
{
	struct policy *policy = reader->policy;
	struct policy_group *groups;
	size_t old;
	char *copy;

	if (hash_get(&reader->groups, name, size))
		return true;
	groups = grow_array(reader, policy->groups, &reader->group_room, policy->group_count,
			    sizeof(*groups));
	if (!groups)
		return false;
	policy->groups = groups;
	copy = arena_copy(reader->memory, name, size);
	if (!copy)
		return report_oom(reader);
	if (put_name(reader, &reader->groups, copy, policy->group_count, &old) < 0)
		return false;
	groups[policy->group_count++] = (struct policy_group){ .name = copy, .at = at };
	return true;
}

/* Adds the parents that the first `size` bytes of a name need and that no file names. */
static bool add_parents(struct reader *reader, const char *name, size_t size, struct position at)
{
	for (size_t i = 0; i < size; i++)
		if (name[i] == '/' && !add_group(reader, name, i, at))
			return false;
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
		const struct policy_group *group = &reader->policy->groups[i];

		nested |= strchr(group->name, '/') != NULL;
		if (!add_parents(reader, group->name, strlen(group->name), group->at))
			return false;
	}
	return !(nested || reader->policy->group_count > count) || order_groups(reader);
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

/* ---- links ---- */

/* A template's own parents are groups like others: "users" of "users/%u". */
static bool find_template(struct reader *reader, const struct link *link)
{
	struct policy_effect *effect = link->effect;
	const struct policy_group *limits;
	char *name = NULL;
	bool template;

	effect->group.index = TEMPLATE;
	if (!group_name_read(reader, link->node, &name, &template))
		return false;
	effect->group.template = name;
	if (!template) {
		effect->group.index = POLICY_NONE; /* "50%" of "50%%" is looked up below */
		return true;
	}
	limits = hash_get_string(&reader->templates, name);
	effect->group.limits = limits ? &limits->limits : NULL;
	return add_parents(reader, name, strcspn(name, "%"), position_of(link->node));
}

/* Before groups are put in order: it may add some. */
static bool find_templates(struct reader *reader)
{
	bool good = true;

	for (size_t i = 0; i < reader->link_count && !compat(reader); i++) {
		const struct link *link = &reader->links[i];

		if (link->effect && link->effect->kind == EFFECT_GROUP &&
		    strchr(tree_text(&reader->tree, link->node), '%'))
			good &= find_template(reader, link);
	}
	return good;
}

static bool resolve_group(struct reader *reader, const struct link *link)
{
	struct policy_effect *effect = link->effect;
	const char *name = effect->group.template ? effect->group.template
						  : tree_text(&reader->tree, link->node);
	uintptr_t found;

	if (effect->group.index == TEMPLATE) {
		effect->group.index = POLICY_NONE;
		return true;
	}
	effect->group.template = NULL;
	found = (uintptr_t)hash_get_string(&reader->groups, name);
	if (found)
		effect->group.index = (int)found - 1;
	return found || not_defined(reader, link->node, true, link->passes);
}

static bool resolve_trigger(struct reader *reader, const struct link *link)
{
	uintptr_t found =
		(uintptr_t)hash_get_string(&reader->triggers, tree_text(&reader->tree, link->node));

	if (found)
		link->effect->trigger = (int)found - 1;
	return found || not_defined(reader, link->node, false, false);
}

/* Whether a group of that name is there, or may be made by some rule. */
static bool may_be_group(const struct reader *reader, const char *name)
{
	if (hash_get_string(&reader->groups, name))
		return true;
	for (size_t i = 0; i < reader->link_count; i++) {
		const struct policy_effect *effect = reader->links[i].effect;
		const char *template =
			effect && effect->kind == EFFECT_GROUP ? effect->group.template : NULL;

		if (template && strncmp(name, template, strcspn(template, "%")) == 0)
			return true;
	}
	return false;
}

/* The name of a group that `group_in` asks for. */
static bool resolve_word(struct reader *reader, const struct link *link)
{
	return link->word->form != WORD_EXACT || may_be_group(reader, link->word->text) ||
	       not_defined(reader, link->node, true, false);
}

static bool resolve_link(struct reader *reader, const struct link *link)
{
	uintptr_t found;

	if (link->word)
		return resolve_word(reader, link);
	if (link->effect)
		return link->effect->kind == EFFECT_GROUP ? resolve_group(reader, link)
							  : resolve_trigger(reader, link);
	found = (uintptr_t)hash_get_string(&reader->groups, tree_text(&reader->tree, link->node));
	if (found)
		reader->policy->triggers[link->trigger].group = (int)found - 1;
	return found || not_defined(reader, link->node, true, false);
}

/* ---- what tests expect ---- */

static bool expects_nothing_there(struct reader *reader, const struct policy_test *test,
				  const char *what, const char *name)
{
	const struct policy *policy = reader->policy;
	bool group = streq(what, "group");
	size_t count = group ? policy->group_count : policy->rule_count;
	_cleanup_(freep) const char **names = calloc(count + 1, sizeof(*names));
	char buffer[320];

	if (reader->incomplete)
		return false;
	for (size_t i = 0; i < count && names; i++)
		names[i] = group ? policy->groups[i].name : policy->rules[i].name;
	return report_at(reader, SEVERITY_ERROR, place_from(test->at, 1),
			 names ? guess_hint(reader, name, names, count, buffer, sizeof(buffer))
			       : NULL,
			 "this test expects a %s \"%.255s\", and there is none", what, name);
}

static bool check_tests(struct reader *reader)
{
	const struct policy *policy = reader->policy;
	bool good = true;

	for (size_t i = 0; i < policy->test_count; i++) {
		const struct policy_test *test = &policy->tests[i];

		for (char **name = test->rules; name && *name; name++)
			if (!hash_get_string(&reader->rules, *name))
				good = expects_nothing_there(reader, test, "rule", *name);
		if (test->group && *test->group && !may_be_group(reader, test->group))
			good = expects_nothing_there(reader, test, "group", test->group);
	}
	return good;
}

/* ---- what fetter let pass ---- */

/* Whether an effect still does something; with fetter's files its trigger or group may be missing.
 */
static bool is_effective(const struct policy_effect *effect)
{
	if (effect->kind == EFFECT_TRIGGER)
		return effect->trigger != POLICY_NONE;
	return effect->kind != EFFECT_GROUP || effect->group.index != POLICY_NONE ||
	       effect->group.template;
}

static void drop_idle_effects(struct policy_effect *effects, size_t *count)
{
	size_t used = 0;

	for (size_t i = 0; i < *count; i++)
		if (is_effective(&effects[i]))
			effects[used++] = effects[i];
	*count = used;
}

/* Takes the rules out that have nothing left to do; only fetter's files get here with any. */
static void drop_idle_rules(struct policy *policy)
{
	size_t used = 0;

	for (size_t i = 0; i < policy->rule_count; i++) {
		struct policy_rule *rule = &policy->rules[i];

		drop_idle_effects(rule->effects, &rule->effect_count);
		drop_idle_effects(rule->rate.then, &rule->rate.then_count);
		if (rule->effect_count > 0 || rule->rate.then_count > 0 || rule->stop)
			policy->rules[used++] = *rule;
	}
	policy->rule_count = used;
}

static void renumber(struct policy_effect *effects, size_t count, const int *now)
{
	for (size_t i = 0; i < count; i++)
		if (effects[i].kind == EFFECT_TRIGGER && effects[i].trigger != POLICY_NONE)
			effects[i].trigger = now[effects[i].trigger];
}

static bool drop_unusable_triggers(struct reader *reader)
{
	struct policy *policy = reader->policy;
	_cleanup_(freep) int *now = calloc(policy->trigger_count + 1, sizeof(*now));
	size_t used = 0;

	if (!now)
		return report_oom(reader);
	for (size_t i = 0; i < policy->trigger_count; i++) {
		now[i] = is_usable(&policy->triggers[i]) ? (int)used : POLICY_NONE;
		if (is_usable(&policy->triggers[i]))
			policy->triggers[used++] = policy->triggers[i];
	}
	policy->trigger_count = used;
	for (size_t i = 0; i < policy->rule_count; i++) {
		struct policy_rule *rule = &policy->rules[i];

		renumber(rule->effects, rule->effect_count, now);
		renumber(rule->rate.then, rule->rate.then_count, now);
	}
	return true;
}

/* ---- paths that several rules name ---- */

/* Whether whatever happens, the rule matches where its paths do. */
static bool is_unconditional(const struct policy_rule *rule)
{
	return rule->condition_count == 0 && rule->rate.max == 0 && !rule->dry_run;
}

static bool puts_in_group(const struct policy_rule *rule)
{
	return rule->effect_count > 0 && rule->effects[0].kind == EFFECT_GROUP;
}

/* Whether a path of `later` has no effect behind `first`, which has it too and always matches. */
static bool is_shadowed(const struct policy_rule *first, const struct policy_rule *later)
{
	if (first->stop)
		return true;
	return puts_in_group(first) && later->effect_count == 1 && puts_in_group(later) &&
	       !later->stop && later->rate.max == 0;
}

static const struct policy_path *find_path(const struct policy_rule *rule, const char *text)
{
	for (size_t i = 0; i < rule->path_count; i++)
		if (streq(rule->paths[i].text, text))
			return &rule->paths[i];
	return NULL;
}

static void warn_shadowed(struct reader *reader, const struct policy_rule *rule,
			  const struct policy_path *path, const struct policy_rule *first)
{
	const struct policy_path *other = find_path(first, path->text);

	if (reader->diagnostics->count == DIAGNOSTICS_MAX || !other)
		return;
	report_at(reader, SEVERITY_WARNING, place_from(path->at, 1), NULL,
		  first->stop
			  ? "rule \"%.60s\" never gets \"%.120s\": rule \"%.60s\" stops before it"
			  : "rule \"%.60s\" has no effect on \"%.120s\": rule \"%.60s\" has put it "
			    "into a group already",
		  rule->name, path->text, first->name);
	report_at(reader, SEVERITY_NOTE, place_from(other->at, 1), NULL, "that is here");
}

/* Takes equal paths out of one rule. */
static bool drop_double_paths(struct reader *reader, struct policy_rule *rule)
{
	struct hash seen = { 0 };
	size_t used = 0;
	bool good = true;

	for (size_t i = 0; i < rule->path_count; i++) {
		struct policy_path path = rule->paths[i];
		void *found = NULL;
		int r;

		/* In place: what stands there is either this path or one that was twice. */
		rule->paths[used] = path;
		r = hash_put_string(&seen, path.text, &rule->paths[used], &found);
		if (r < 0) {
			hash_done(&seen);
			return report_oom(reader);
		}
		used += r > 0;
		if (r > 0)
			continue;
		good &= report_quirk(reader, place_from(path.at, 1), NULL,
				     "\"%.120s\" is there twice in one rule", path.text);
		report_at(reader, SEVERITY_NOTE,
			  place_from(((const struct policy_path *)found)->at, 1), NULL,
			  "the first is here");
	}
	rule->path_count = used;
	hash_done(&seen);
	return good;
}

/* The occasions for which a rule has paths; what it does with each is the same. */
static bool check_rule_paths(struct reader *reader, size_t index, struct hash *seen)
{
	const struct policy *policy = reader->policy;
	const struct policy_rule *rule = &policy->rules[index];
	bool shadows = is_unconditional(rule) && (rule->stop || puts_in_group(rule));

	for (size_t i = 0; i < rule->path_count; i++) {
		const struct policy_path *path = &rule->paths[i];
		uintptr_t first = (uintptr_t)hash_get_string(seen, path->text);

		if (first && (rule->on & ~policy->rules[first - 1].on) == 0 &&
		    is_shadowed(&policy->rules[first - 1], rule))
			warn_shadowed(reader, rule, path, &policy->rules[first - 1]);
		if (!first && shadows &&
		    hash_put_string(seen, path->text, (void *)(index + 1), NULL) < 0)
			return report_oom(reader);
	}
	return true;
}

/* Every rule acts on its paths, whoever else names them; told is only what can have no effect. */
static bool check_paths(struct reader *reader)
{
	struct policy *policy = reader->policy;
	struct hash seen = { 0 };
	bool good = true;

	for (size_t i = 0; i < policy->rule_count && !reader->out_of_memory; i++) {
		if (policy->rules[i].path_count > 1)
			good &= drop_double_paths(reader, &policy->rules[i]);
		good &= check_rule_paths(reader, i, &seen);
	}
	hash_done(&seen);
	return good;
}

bool policy_resolve(struct reader *reader)
{
	struct policy *policy = reader->policy;
	bool good = find_templates(reader);

	good &= resolve_groups(reader);
	if (reader->out_of_memory)
		return false;
	for (size_t i = 0; i < reader->link_count; i++)
		good &= resolve_link(reader, &reader->links[i]);
	good &= check_tests(reader);
	if (!check_paths(reader) || !good)
		return false;
	if (!drop_unusable_triggers(reader))
		return false;
	drop_idle_rules(policy);
	return true;
}
