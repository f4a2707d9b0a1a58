// SPDX-License-Identifier: MIT
/*
 * What a rule cannot mean: effects that come too late for what it is about, and those that undo one
 * another. Each is refused where it is written, with why.
 */
#include "config/rule.h"

/* Those that the kernel asks about before they happen. */
#define OCCASIONS_BEFORE (OCCASIONS_OF_FILES | OCCASION_BIT(ON_EXECUTE))
/* Those whose process is alive, and known. */
#define OCCASIONS_ALIVE                                                       \
	(OCCASIONS_BEFORE | OCCASION_BIT(ON_FORK) | OCCASION_BIT(ON_SETUID) | \
	 OCCASION_BIT(ON_SETGID))
/* Those that are about a group of ours. */
#define OCCASIONS_OF_GROUPS (OCCASION_BIT(ON_OOM) | OCCASION_BIT(ON_LIMIT_HIT))

/* The first of the rule's occasions that is not among `good`; OCCASIONS: none. */
static enum occasion other_occasion(const struct policy_rule *rule, uint32_t good)
{
	enum occasion on = 0;

	while (on < OCCASIONS && !(rule->on & ~good & OCCASION_BIT(on)))
		on++;
	return on;
}

static bool has_scope(enum effect_kind kind)
{
	return kind == EFFECT_SIGNAL || kind == EFFECT_KILL || kind == EFFECT_FREEZE ||
	       kind == EFFECT_THAW;
}

static enum effect_scope *scope_of(struct policy_effect *effect)
{
	if (!has_scope(effect->kind))
		return NULL;
	return effect->kind == EFFECT_FREEZE || effect->kind == EFFECT_THAW ? &effect->scope
									    : &effect->signal.scope;
}

static struct place place_of_effect(const struct policy_effect *effect)
{
	return place_from(effect->at, 1);
}

static bool check_scope(struct reader *reader, const struct rule_draft *draft,
			const struct policy_effect *effect, enum effect_scope scope, bool grouped)
{
	const char *name = effect_name(effect->kind);
	enum occasion on =
		other_occasion(draft->rule,
			       scope == SCOPE_PROCESS ? OCCASIONS_ALIVE : (1U << OCCASIONS) - 1);

	if (scope == SCOPE_GROUP && !grouped)
		return report_at(reader, SEVERITY_ERROR, place_of_effect(effect),
				 "add \"group\" or \"group_in\"",
				 "\"%s\" goes to a group, and rule \"%.60s\" names none", name,
				 draft->rule->name);
	if (on == OCCASIONS)
		return true;
	if (OCCASION_BIT(on) & OCCASIONS_OF_GROUPS)
		return report_at(reader, SEVERITY_ERROR, place_of_effect(effect),
				 "add scope: group",
				 "\"%s\" on %s: it is a group that this is about", name,
				 occasion_names[on]);
	return report_at(reader, SEVERITY_ERROR, place_of_effect(effect),
			 "add scope: tree or scope: group", "\"%s\" on %s: the process is no more",
			 name, occasion_names[on]);
}

static bool check_occasion(struct reader *reader, const struct rule_draft *draft,
			   const struct policy_effect *effect)
{
	enum occasion on;

	switch (effect->kind) {
	case EFFECT_DENY:
	case EFFECT_DELAY:
		on = other_occasion(draft->rule, OCCASIONS_BEFORE);
		if (on == OCCASIONS)
			return true;
		return report_at(reader, SEVERITY_ERROR, place_of_effect(effect), NULL,
				 "\"%s\" on %s comes too late: only execute, read, write and open "
				 "are asked about before they happen",
				 effect_name(effect->kind), occasion_names[on]);
	case EFFECT_LOG:
	case EFFECT_TRIGGER:
	case EFFECT_SIGNAL:
	case EFFECT_KILL:
	case EFFECT_FREEZE:
	case EFFECT_THAW:
		return true;
	default:
		on = other_occasion(draft->rule, OCCASIONS_ALIVE);
		if (on == OCCASIONS)
			return true;
		return report_at(reader, SEVERITY_ERROR, place_of_effect(effect), NULL,
				 OCCASION_BIT(on) & OCCASIONS_OF_GROUPS
					 ? "\"%s\" on %s: it is a group that this is about"
					 : "\"%s\" on %s: the process is no more",
				 effect_name(effect->kind), occasion_names[on]);
	}
}

static const struct policy_effect *find_effect(const struct effect_list *list,
					       enum effect_kind kind)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].effect.kind == kind)
			return &list->items[i].effect;
	return NULL;
}

static bool check_pairs(struct reader *reader, const struct effect_list *list)
{
	static const struct {
		enum effect_kind one, other;
		const char *why;
	} pairs[] = {
		{ EFFECT_FREEZE, EFFECT_THAW, "undo each other" },
		{ EFFECT_GROUP, EFFECT_LIMIT, "are two groups, and a process is in one" },
		{ EFFECT_GROUP, EFFECT_PLACE, "are two groups, and a process is in one" },
		{ EFFECT_KILL, EFFECT_FREEZE, "exclude each other" },
		{ EFFECT_KILL, EFFECT_THAW, "exclude each other" },
		{ EFFECT_PLACE, EFFECT_LIMIT, "are two groups, and a process is in one" },
	};
	bool good = true;

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		const struct policy_effect *one = find_effect(list, pairs[i].one);
		const struct policy_effect *other = find_effect(list, pairs[i].other);

		if (one && other)
			good = report_at(reader, SEVERITY_ERROR, place_of_effect(other),
					 "take one of them out", "\"%s\" and \"%s\" %s",
					 effect_name(one->kind), effect_name(other->kind),
					 pairs[i].why);
	}
	return good;
}

static bool names_group(const struct rule_draft *draft, const struct effect_list *list)
{
	for (size_t i = 0; i < draft->conditions.count; i++)
		if (draft->conditions.items[i].kind == CONDITION_GROUP_IN)
			return true;
	return find_effect(list, EFFECT_GROUP) || find_effect(list, EFFECT_LIMIT) ||
	       !(draft->rule->on & ~OCCASIONS_OF_GROUPS);
}

/* `scope` of the rule is that of all effects which do not say their own. */
static bool set_scopes(struct reader *reader, struct rule_draft *draft, struct effect_list *list,
		       enum effect_scope scope, bool *used)
{
	bool good = true, grouped = names_group(draft, list);

	for (size_t i = 0; i < list->count; i++) {
		struct draft_effect *item = &list->items[i];
		enum effect_scope *own = scope_of(&item->effect);

		good &= check_occasion(reader, draft, &item->effect);
		if (!own)
			continue;
		if (!item->scoped)
			*own = scope;
		*used = true;
		good &= check_scope(reader, draft, &item->effect, *own, grouped);
	}
	return good && check_pairs(reader, list);
}

bool check_effects(struct reader *reader, struct rule_draft *draft)
{
	enum effect_scope scope = SCOPE_PROCESS;
	bool good = true, used = false;
	enum occasion on;

	if (draft->scope)
		good = read_scope(reader, "scope", draft->scope, &scope);
	good &= set_scopes(reader, draft, &draft->effects, scope, &used);
	good &= set_scopes(reader, draft, &draft->then, scope, &used);
	if (draft->scope && good && !used)
		report_warning(reader, draft->scope, NULL,
			       "\"scope\" has no effect without kill, signal, freeze or thaw");
	on = draft->deadline ? other_occasion(draft->rule, OCCASIONS_BEFORE) : OCCASIONS;
	if (on != OCCASIONS)
		good = report_error(reader, draft->deadline, NULL,
				    "\"deadline\" on %s: nothing waits for the decision",
				    occasion_names[on]);
	return good;
}
