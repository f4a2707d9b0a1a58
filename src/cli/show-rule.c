// SPDX-License-Identifier: MIT
#include "cli/show-rule.h"

#include "config/rule.h"
#include "util/text.h"
#include "util/units.h"

#include <inttypes.h>
#include <sys/resource.h>

enum { WORDS_SHOWN = 4 }; /* of a condition; a line must stay one */

static void add_escaped(struct text *text, const char *string)
{
	text_add_escaped(text, string, strlen(string));
}

static void separate(struct text *text, const char *separator, bool *begun)
{
	if (*begun)
		text_add(text, separator);
	*begun = true;
}

char *rule_occasions(const struct policy_rule *rule)
{
	struct text text;
	bool begun = false;

	text_init(&text);
	for (unsigned on = 0; on < OCCASIONS; on++) {
		if (!(rule->on & OCCASION_BIT(on)))
			continue;
		separate(&text, " or ", &begun);
		text_add(&text, occasion_names[on]);
	}
	return text_take(&text);
}

/* ---- conditions ---- */

static void add_condition(struct text *text, const struct policy_condition *condition);

static void add_word(struct text *text, const struct policy_word *word)
{
	if (word->form == WORD_REGEX)
		text_add(text, "re:");
	add_escaped(text, word->text);
	if (word->form == WORD_FOLDER)
		text_add(text, "/");
	if (word->unknown)
		text_add(text, " (not there)");
}

static void add_window(struct text *text, const struct policy_window *window)
{
	static const char *const days[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat" };
	bool begun = false;

	for (unsigned day = 0; day < 7; day++)
		if (window->days >> day & 1) {
			separate(text, ",", &begun);
			text_add(text, days[day]);
		}
	text_addf(text, " %02u:%02u-%02u:%02u", window->start / 60, window->start % 60,
		  window->end / 60, window->end % 60);
}

static void add_inner(struct text *text, const struct policy_condition *condition)
{
	text_add(text, "{");
	for (size_t i = 0; i < condition->inner_count; i++) {
		if (i > 0)
			text_add(text, ", ");
		add_condition(text, &condition->inner[i]);
	}
	text_add(text, "}");
}

static bool is_yes_or_no(enum condition_kind kind)
{
	return kind == CONDITION_MEMFD || kind == CONDITION_DELETED ||
	       kind == CONDITION_SETUID_PROGRAM || kind == CONDITION_REALTIME;
}

static void add_condition(struct text *text, const struct policy_condition *condition)
{
	text_add(text, condition_name(condition->kind));
	text_add(text, ": ");
	if (condition->kind == CONDITION_NOT)
		add_inner(text, condition);
	else if (is_yes_or_no(condition->kind))
		text_add(text, condition->wanted ? "true" : "false");
	for (size_t i = 0; i < condition->window_count; i++) {
		if (i > 0)
			text_add(text, "; ");
		add_window(text, &condition->windows[i]);
	}
	for (size_t i = 0; i < MIN(condition->word_count, (size_t)WORDS_SHOWN); i++) {
		if (i > 0)
			text_add(text, ", ");
		add_word(text, &condition->words[i]);
	}
	if (condition->word_count > WORDS_SHOWN)
		text_addf(text, " and %zu more", condition->word_count - WORDS_SHOWN);
}

char *rule_condition(const struct policy_condition *condition)
{
	struct text text;

	text_init(&text);
	add_condition(&text, condition);
	return text_take(&text);
}

/* ---- effects ---- */

static const char *scope_word(enum effect_scope scope)
{
	static const char *const words[] = { [SCOPE_PROCESS] = "",
					     [SCOPE_TREE] = " of the whole tree",
					     [SCOPE_GROUP] = " of the whole group" };

	return words[scope];
}

static void add_named(struct text *text, const struct policy *policy,
		      const struct policy_effect *effect)
{
	if (effect->kind == EFFECT_TRIGGER) {
		add_escaped(text, policy->triggers[effect->trigger].name);
	} else if (effect->group.template) {
		add_escaped(text, effect->group.template);
	} else if (effect->group.index >= 0) {
		add_escaped(text, policy->groups[effect->group.index].name);
	}
}

static void add_value(struct text *text, const struct policy *policy,
		      const struct policy_effect *effect)
{
	switch (effect->kind) {
	case EFFECT_GROUP:
	case EFFECT_TRIGGER:
		add_named(text, policy, effect);
		break;
	case EFFECT_PLACE:
		add_escaped(text, effect->place.text);
		break;
	case EFFECT_DENY:
		text_add(text, effect->deny == EACCES ? "EACCES" : "EPERM");
		break;
	case EFFECT_DELAY:
		text_addf(text, "%" PRIu64 "ms", effect->delay_ns / 1000000);
		break;
	case EFFECT_NICE:
		text_addf(text, "%d", effect->nice);
		break;
	case EFFECT_IONICE:
		text_addf(text, "class %d level %d", effect->ionice.class, effect->ionice.level);
		break;
	case EFFECT_SCHED:
		text_addf(text, "policy %d priority %d", effect->sched.policy,
			  effect->sched.priority);
		break;
	case EFFECT_OOM_SCORE_ADJ:
		text_addf(text, "%d", effect->oom_score_adj);
		break;
	case EFFECT_TIMER_SLACK:
		text_addf(text, "%" PRIu64 "ns", effect->timer_slack_ns);
		break;
	case EFFECT_SIGNAL:
		text_addf(text, "SIG%s%s",
			  sigabbrev_np(effect->signal.number) ? sigabbrev_np(effect->signal.number)
							      : "?",
			  scope_word(effect->signal.scope));
		break;
	case EFFECT_KILL:
		text_add(text, scope_word(effect->signal.scope));
		break;
	case EFFECT_FREEZE:
	case EFFECT_THAW:
		text_add(text, scope_word(effect->scope));
		break;
	default:
		break;
	}
}

char *rule_effects(const struct policy *policy, const struct policy_rule *rule)
{
	struct text text;
	bool begun = false;

	text_init(&text);
	for (size_t i = 0; i < rule->effect_count; i++) {
		struct text value;
		_cleanup_(freep) char *shown = NULL;

		/* One for each resource, and one word for all. */
		if (i > 0 && rule->effects[i].kind == EFFECT_RLIMIT &&
		    rule->effects[i - 1].kind == EFFECT_RLIMIT)
			continue;
		text_init(&value);
		add_value(&value, policy, &rule->effects[i]);
		shown = text_take(&value);
		separate(&text, ", ", &begun);
		text_add(&text, effect_name(rule->effects[i].kind));
		if (shown && shown[0] != '\0' && shown[0] != ' ')
			text_add(&text, " ");
		text_add(&text, shown ? shown : "");
	}
	if (rule->stop) {
		separate(&text, ", ", &begun);
		text_add(&text, "stop");
	}
	if (!begun)
		text_add(&text, "nothing");
	if (rule->dry_run || policy->dry_run)
		text_add(&text, " (dry run)");
	return text_take(&text);
}

/* ---- names ---- */

int condition_of_name(const char *name)
{
	for (int kind = 0; kind < CONDITIONS; kind++)
		if (streq(condition_name((enum condition_kind)kind), name))
			return kind;
	return -EINVAL;
}

int occasion_of_name(const char *name)
{
	for (int on = 0; on < OCCASIONS; on++)
		if (streq(occasion_names[on], name))
			return on;
	return -EINVAL;
}
