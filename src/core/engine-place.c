// SPDX-License-Identifier: MIT
/*
 * The loop's part of the effect `place`: paths with fields, whose groups are made when the first
 * process needs them, as libcgroup makes them from templates; and what of that has to be found
 * again when an execution failed. Unlike groups of ours they stay when they are empty.
 *
 * Who a process is there is who it acts as: %u and %g are its effective user and group.
 */
#include "core/engine-internal.h"

#include "action/adhoc.h"
#include "core/place.h"
#include "core/templates.h"
#include "core/trigger-values.h"
#include "model/users.h"
#include "util/fields.h"

#include <inttypes.h>
#include <limits.h>

/* A field as one part of a path: nothing leads out of it, and nothing is empty. */
struct part {
	struct engine *engine;
	struct trigger_values values;
	char number[24], text[256];
};

static struct slice number_of(struct part *part, uint32_t id)
{
	snprintf(part->number, sizeof(part->number), "%" PRIu32, id);
	return slice_of(part->number);
}

static struct slice value_of(struct part *part, char letter)
{
	const struct subject *subject = part->values.subject;
	uint64_t now = clock_boottime();
	struct slice name = { 0 };

	switch (letter) {
	case 'u':
		name = users_user(part->engine->users, subject->euid, now);
		return name.size > 0 ? name : number_of(part, subject->euid);
	case 'U':
		return number_of(part, subject->euid);
	case 'g':
		name = users_group(part->engine->users, subject->egid, now);
		return name.size > 0 ? name : number_of(part, subject->egid);
	case 'G':
		return number_of(part, subject->egid);
	default:
		return trigger_values_field(letter, &part->values);
	}
}

static struct slice part_of(char letter, void *userdata)
{
	struct part *part = userdata;
	struct slice value = value_of(part, letter);

	return (struct slice){
		part->text,
		adhoc_part(value.data, value.size, part->text, sizeof(part->text)),
	};
}

/* A group that is being made, of whose levels each may have a template of its own. */
struct making {
	struct part *part;
	const struct policy *policy;
	const struct policy_effect *effect;
};

/* The first parts of a path with its fields: as many as the path that was made has. */
static bool cut_to(const char *template, const char *path, char cut[static PATH_MAX])
{
	size_t size = 0;

	for (const char *at = path; at; at = strchr(at, '/')) {
		at += *at == '/';
		if (template[size] == '\0')
			return false;
		size += 1 + strcspn(template + size + 1, "/");
	}
	if (size >= PATH_MAX)
		return false;
	memcpy(cut, template, size);
	cut[size] = '\0';
	return true;
}

static void on_made(const struct placement_seat *seat, const char *path, void *userdata)
{
	const struct making *making = userdata;
	struct engine *engine = making->part->engine;
	char cut[PATH_MAX], expanded[PATH_MAX];

	for (size_t i = 0; i < making->effect->place.count; i++) {
		_cleanup_(error_done) struct error err = ERROR_INIT;
		const struct cgconfig_group *template;

		if (!cut_to(making->effect->place.items[i].path, path, cut) ||
		    fields_expand_into(cut, part_of, making->part, expanded, sizeof(expanded)) <
			    0 ||
		    !streq(expanded + 1, path))
			continue;
		template = templates_find(making->policy->foreign, cut);
		if (template && templates_apply(template, engine->layout, seat, path, &err) < 0)
			log_limited(engine->log, &engine->move_limit, LOG_WARNING,
				    "template \"%s\": %s", template->name, error_text(&err));
		if (template)
			return;
	}
}

int engine_find_place(struct engine *engine, struct urgent *urgent, const struct policy *policy,
		      const struct plan_step *step)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	const struct policy_effect *effect = step->effect;
	struct part part = { .engine = engine };
	struct making making = { &part, policy, effect };
	int r;

	if (!effect->place.fields)
		return place_find(effect, engine->layout, &engine->destination);
	engine_values(engine, urgent, policy, &policy->rules[step->rule], &part.values);
	r = place_expand(effect, engine->layout, part_of, &part, urgent->decision.made,
			 &engine->destination);
	if (destination_make(&engine->destination, engine->layout, on_made, &making, &err) < 0 ||
	    err.code != 0)
		log_limited(engine->log, &engine->move_limit, LOG_WARNING,
			    "rule \"%s\": process %d: %s", policy->rules[step->rule].name,
			    urgent->decision.pid, error_text(&err));
	return r;
}

bool engine_plan_has_fields(const struct plan *plan)
{
	const struct plan_step *step = plan_find(plan, EFFECT_PLACE);

	return step && step->effect->place.fields;
}

int engine_place_again(const struct engine *engine, const struct decision *decision,
		       struct destination *destination)
{
	const struct snapshot *snapshot = engine_snapshot(engine, decision->generation);
	const struct policy_effect *effect =
		snapshot ? place_of_decision(decision, snapshot_policy(snapshot)) : NULL;

	if (!effect)
		return -ENOENT;
	if (effect->place.fields)
		return place_again(effect, engine->layout, decision->made, destination);
	return place_find(effect, engine->layout, destination);
}

static bool places(const struct policy_rule *rule)
{
	for (size_t i = 0; i < rule->effect_count; i++)
		if (rule->effects[i].kind == EFFECT_PLACE)
			return true;
	return false;
}

/* The lock is one for all hierarchies: which ones they are makes no difference. */
uint32_t engine_placed_in(const struct engine *engine)
{
	const struct policy *policy = engine_policy(engine);

	for (size_t i = 0; i < policy->rule_count; i++)
		if (places(&policy->rules[i]))
			return (UINT32_C(1) << engine->layout->hierarchy_count) - 1;
	return 0;
}

static void tell_unknown(struct engine *engine, const struct policy_rule *rule,
			 const struct policy_effect *effect)
{
	for (size_t i = 0; i < effect->place.count; i++) {
		const struct policy_destination *item = &effect->place.items[i];

		destination_begin(&engine->destination);
		if (destination_add(&engine->destination, engine->layout, item->controllers, "/") <
		    0)
			log_warning(engine->log,
				    "rule \"%s\": of the controllers \"%s\" not all are mounted; "
				    "processes are placed where they are",
				    rule->name, item->controllers);
	}
}

void engine_tell_places(struct engine *engine)
{
	const struct policy *policy = engine_policy(engine);

	for (size_t i = 0; i < policy->rule_count; i++)
		for (size_t k = 0; k < policy->rules[i].effect_count; k++)
			if (policy->rules[i].effects[k].kind == EFFECT_PLACE)
				tell_unknown(engine, &policy->rules[i],
					     &policy->rules[i].effects[k]);
}
