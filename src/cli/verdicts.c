// SPDX-License-Identifier: MIT
/* As lines for people, or as one JSON object a line and one for the summary. */
#include "cli/verdicts.h"

#include "cli/output.h"
#include "config/load.h"
#include "core/judge.h"
#include "export/event-json.h"
#include "export/event-value.h"

#include <inttypes.h>
#include <time.h>

struct verdicts {
	const struct cli *cli;
	struct policy *policy;
	struct judge *judge;
	struct event_json json;
	uint64_t executions, named, placed, killed, gaps;
	uint64_t *by_rule;
};

static int load(struct verdicts *verdicts, struct error *err)
{
	struct diagnostics diagnostics = { 0 };
	const struct cli *cli = verdicts->cli;
	int r = policy_load(cli->policy, 0, &verdicts->policy, &diagnostics);

	diagnostics_print(&diagnostics, cli->colour_err, cli->err);
	diagnostics_done(&diagnostics);
	if (r < 0)
		return error_set(err, r, "the policy %s is not valid, see above", cli->policy);
	verdicts->by_rule = calloc(verdicts->policy->rule_count + 1, sizeof(uint64_t));
	return verdicts->by_rule ? 0 : error_oom(err);
}

int verdicts_new(const struct cli *cli, const struct host *host, struct verdicts **ret_verdicts,
		 struct error *err)
{
	struct verdicts *verdicts = calloc(1, sizeof(*verdicts));
	int r;

	if (!verdicts)
		return error_oom(err);
	verdicts->cli = cli;
	event_json_init(&verdicts->json, NULL);
	r = load(verdicts, err);
	if (r >= 0)
		r = judge_new(host, verdicts->policy, &verdicts->judge, err);
	if (r < 0) {
		verdicts_free(verdicts);
		return r;
	}
	*ret_verdicts = verdicts;
	return 0;
}

void verdicts_free(struct verdicts *verdicts)
{
	if (!verdicts)
		return;
	judge_free(verdicts->judge);
	policy_free(verdicts->policy);
	free(verdicts->by_rule);
	free(verdicts);
}

/* ---- names ---- */

static const char *group_of(const struct verdicts *verdicts, const struct judgement *judgement)
{
	return judgement->group == POLICY_NONE ? NULL
					       : verdicts->policy->groups[judgement->group].name;
}

static const struct policy_rule *rule_of(const struct verdicts *verdicts,
					 const struct judgement *judgement, unsigned index)
{
	return &verdicts->policy->rules[judgement->rules[index]];
}

/* The rule that decides the group; where none does, the first that matches. */
static const char *deciding_rule(const struct verdicts *verdicts, const struct judgement *judgement)
{
	if (judgement->group_rule != POLICY_NONE)
		return verdicts->policy->rules[judgement->group_rule].name;
	return judgement->count > 0 ? rule_of(verdicts, judgement, 0)->name : NULL;
}

static void add_safe(struct text *text, const char *string)
{
	text_add_escaped(text, string, strlen(string));
}

/* ---- lines ---- */

static void add_cell(struct text *text, const char *string, unsigned width)
{
	size_t before = text->size, columns;

	add_safe(text, string ? string : "-");
	columns = text->failed ? 0 : text_columns(text->data + before);
	do
		text_add(text, " ");
	while (++columns < width);
}

static void add_time(struct text *text, const struct event *event)
{
	time_t seconds = (time_t)(event->time / UINT64_C(1000000000));
	char stamp[32] = "";
	struct tm tm;

	if (event_knows(event, FIELD_TIME) && localtime_r(&seconds, &tm))
		(void)strftime(stamp, sizeof(stamp), "%H:%M:%S", &tm);
	text_addf(text, "%-8s ", *stamp ? stamp : "-");
}

/* What happens besides: "kill, trigger tell". */
static const char *trigger_of(const struct verdicts *verdicts, const struct policy_effect *effect)
{
	return verdicts->policy->triggers[effect->trigger].name;
}

static void add_actions(const struct verdicts *verdicts, const struct judgement *judgement,
			struct text *text)
{
	const char *comma = "";

	if (judgement->kill) {
		text_add(text, "kill");
		comma = ", ";
	}
	for (unsigned i = 0; i < judgement->count; i++) {
		const struct policy_rule *rule = rule_of(verdicts, judgement, i);

		for (size_t k = 0; k < rule->effect_count; k++) {
			if (rule->effects[k].kind != EFFECT_TRIGGER)
				continue;
			text_addf(text, "%strigger ", comma);
			add_safe(text, trigger_of(verdicts, &rule->effects[k]));
			comma = ", ";
		}
	}
	if (!*comma)
		text_add(text, "-");
}

static void add_program(const struct event *event, struct text *text)
{
	if (event_knows(event, FIELD_SCRIPT)) {
		event_value_add(text, event, FIELD_SCRIPT);
		text_add(text, " by ");
	}
	event_value_add(text, event, FIELD_EXE);
	if (event_knows(event, FIELD_ARGV)) {
		text_add(text, "  ");
		event_words_add(text, event->argv, 1);
	}
}

static void add_line(const struct verdicts *verdicts, const struct event *event,
		     const struct judgement *judgement, struct text *text)
{
	bool colour = verdicts->cli->colour_out;
	struct text actions;

	text_init(&actions);
	add_actions(verdicts, judgement, &actions);
	add_time(text, event);
	text_addf(text, "%7u ", event_knows(event, FIELD_PID) ? event->pid : 0);
	text_add(text, style_on(colour, judgement->kill		? STYLE_BAD
					: judgement->group >= 0 ? STYLE_GOOD
								: STYLE_NONE));
	add_cell(text, group_of(verdicts, judgement), 16);
	text_add(text, style_off(colour));
	add_cell(text, deciding_rule(verdicts, judgement), 16);
	/* Its cells are safe already. */
	text_addf(text, "%-16s ", actions.data ? actions.data : "-");
	text_done(&actions);
	add_program(event, text);
	text_add(text, "\n");
}

/* ---- JSON ---- */

static json_t *judgement_to_json(const struct verdicts *verdicts, const struct judgement *judgement)
{
	json_t *rules = json_array(), *triggers = json_array();
	const char *group = group_of(verdicts, judgement);
	const char *rule = deciding_rule(verdicts, judgement);

	for (unsigned i = 0; i < judgement->count; i++) {
		const struct policy_rule *matched = rule_of(verdicts, judgement, i);

		json_array_append_new(rules, json_string(matched->name));
		for (size_t k = 0; k < matched->effect_count; k++)
			if (matched->effects[k].kind == EFFECT_TRIGGER)
				json_array_append_new(triggers,
						      json_string(
							      trigger_of(verdicts,
									 &matched->effects[k])));
	}
	return json_pack("{s:s?, s:s?, s:o, s:o, s:b}", "group", group, "rule", rule, "rules",
			 rules, "triggers", triggers, "kill", (int)judgement->kill);
}

static void add_object(struct text *text, json_t *object)
{
	_cleanup_(freep) char *dump = object ? json_dumps(object, JSON_COMPACT) : NULL;

	json_decref(object);
	text_add(text, dump ? dump : "null");
}

static void add_json(struct verdicts *verdicts, const struct event *event,
		     const struct judgement *judgement, struct text *text)
{
	text_add(text, "{\"would\":");
	if (judgement)
		add_object(text, judgement_to_json(verdicts, judgement));
	else
		text_add(text, "null");
	text_add(text, ",\"event\":");
	if (event_json_add(&verdicts->json, event, text) < 0)
		return;
	/* In the place of its newline. */
	text->size--;
	text_add(text, "}\n");
}

/* ---- the interface ---- */

void verdicts_begin(struct verdicts *verdicts, struct text *text)
{
	if (verdicts->cli->json)
		return;
	text_addf(text, "%-8s %7s ", "TIME", "PID");
	add_cell(text, "GROUP", 16);
	add_cell(text, "RULE", 16);
	add_cell(text, "ALSO", 17);
	text_add(text, "PROGRAM\n");
}

static void add_gap(struct verdicts *verdicts, const struct event *event, struct text *text)
{
	verdicts->gaps++;
	if (verdicts->cli->json) {
		add_json(verdicts, event, NULL, text);
		return;
	}
	add_time(text, event);
	text_add(text, "-- not seen: ");
	if (event_knows(event, FIELD_LOST))
		text_addf(text, "%" PRIu64 " events ", event->lost);
	event_value_add(text, event, FIELD_REASON);
	text_add(text, "\n");
}

void verdicts_add(struct verdicts *verdicts, const struct event *event, struct text *text)
{
	struct judgement judgement;

	if (event->type == EVENT_GAP)
		add_gap(verdicts, event, text);
	if (event->type != EVENT_EXEC && event->type != EVENT_RUNNING)
		return;
	verdicts->executions++;
	if (judge_event(verdicts->judge, event, &judgement))
		verdicts->named++;
	verdicts->placed += judgement.group != POLICY_NONE;
	verdicts->killed += judgement.kill;
	for (unsigned i = 0; i < judgement.count; i++)
		verdicts->by_rule[judgement.rules[i]]++;
	if (verdicts->cli->json)
		add_json(verdicts, event, &judgement, text);
	else
		add_line(verdicts, event, &judgement, text);
}

static json_t *summary_of_rules(const struct verdicts *verdicts)
{
	json_t *rules = json_array();

	for (size_t i = 0; i < verdicts->policy->rule_count; i++)
		json_array_append_new(rules,
				      json_pack("{s:s, s:I}", "rule",
						verdicts->policy->rules[i].name, "executions",
						(json_int_t)verdicts->by_rule[i]));
	return rules;
}

static size_t rules_on_opening(const struct policy *policy)
{
	size_t count = 0;

	for (size_t i = 0; i < policy->rule_count; i++)
		count += !(policy->rules[i].on & OCCASION_BIT(ON_EXECUTE));
	return count;
}

void verdicts_end(struct verdicts *verdicts, struct text *text)
{
	size_t opening = rules_on_opening(verdicts->policy);

	if (verdicts->cli->json) {
		text_add(text, "{\"summary\":");
		add_object(text,
			   json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "executions",
				     (json_int_t)verdicts->executions, "named",
				     (json_int_t)verdicts->named, "placed",
				     (json_int_t)verdicts->placed, "killed",
				     (json_int_t)verdicts->killed, "gaps",
				     (json_int_t)verdicts->gaps, "not_judged", (json_int_t)opening,
				     "rules", summary_of_rules(verdicts)));
		text_add(text, "}\n");
		return;
	}
	text_addf(text,
		  "\n%" PRIu64 " execution%s: %" PRIu64 " named by a rule, %" PRIu64
		  " placed, %" PRIu64 " killed\n",
		  verdicts->executions, verdicts->executions == 1 ? "" : "s", verdicts->named,
		  verdicts->placed, verdicts->killed);
	for (size_t i = 0; i < verdicts->policy->rule_count; i++) {
		text_addf(text, "%8" PRIu64 "  ", verdicts->by_rule[i]);
		add_safe(text, verdicts->policy->rules[i].name);
		text_add(text, verdicts->policy->rules[i].on & OCCASION_BIT(ON_EXECUTE)
				       ? "\n"
				       : "  (on opening files: not judged)\n");
	}
}
