// SPDX-License-Identifier: MIT
/* A file name is bytes, JSON is UTF-8: what is not valid is escaped as \xNN, reversibly. */
#include "core/decision-json.h"

#include "core/place.h"

#include "util/host.h"

#include <time.h>

static json_t *time_to_json(uint64_t boottime)
{
	uint64_t wall = clock_realtime() - (clock_boottime() - boottime);
	time_t seconds = (time_t)(wall / UINT64_C(1000000000));
	char stamp[40];
	struct tm tm;
	size_t n;

	gmtime_r(&seconds, &tm);
	n = strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(stamp + n, sizeof(stamp) - n, ".%06uZ",
		 (unsigned)(wall % UINT64_C(1000000000) / 1000));
	return json_string(stamp);
}

static json_t *bytes_to_json(const char *bytes)
{
	_cleanup_(freep) char *escaped = NULL;
	struct text text;

	text_init(&text);
	text_add_escaped(&text, bytes, strlen(bytes));
	escaped = text_take(&text);
	return escaped ? json_string(escaped) : NULL;
}

static json_t *string_or_null(const char *string)
{
	return string ? json_string(string) : json_null();
}

const char *decision_group(const struct decision *d, const struct policy *policy)
{
	const struct policy_effect *place;

	if (d->made[0] != '\0')
		return d->made;
	place = place_of_decision(d, policy);
	if (place)
		return place->place.text;
	return d->group >= 0 ? policy->groups[d->group].name : NULL;
}

const char *decision_rule(const struct decision *d, const struct policy *policy)
{
	if (d->group_rule >= 0)
		return policy->rules[d->group_rule].name;
	return d->rule_count > 0 ? policy->rules[d->rules[0]].name : NULL;
}

const char *decision_result(const struct decision *d)
{
	const struct outcome *outcome = &d->outcome;

	if (d->flags & DECISION_PUT_BACK)
		return "put back";
	if (d->flags & DECISION_DENIED)
		return "denied";
	if (d->flags & DECISION_KILLED)
		return "killed";
	if (outcome->failed != 0)
		return outcome->failed_errno == ESRCH ? "gone" : strerror(outcome->failed_errno);
	if (d->flags & DECISION_MOVED)
		return "moved";
	if (d->flags & DECISION_ALREADY)
		return "already there";
	if (outcome->done & ~EFFECTS_BESIDE)
		return "done";
	if (d->flags & DECISION_DRY)
		return "dry run";
	if (d->flags & DECISION_EXEMPT)
		return "left alone: it has registered";
	if (outcome->spared != 0)
		return "spared";
	if (d->flags & DECISION_SECOND)
		return "decided by the file before";
	return d->flags & DECISION_TRIGGER ? "trigger" : "matched";
}

static json_t *kinds_to_json(uint32_t kinds)
{
	json_t *list = json_array();

	for (enum effect_kind kind = 0; kind < EFFECTS; kind++)
		if (kinds >> kind & 1)
			json_array_append_new(list, json_string(effect_name(kind)));
	return list;
}

static json_t *failure_to_json(const struct outcome *outcome)
{
	if (outcome->failed == 0)
		return json_null();
	return json_pack("{s:o, s:s, s:i, s:s}", "effects", kinds_to_json(outcome->failed), "first",
			 effect_name((enum effect_kind)outcome->failed_kind), "errno",
			 (int)outcome->failed_errno, "error", strerror(outcome->failed_errno));
}

static json_t *rules_to_json(const struct decision *d, const struct policy *policy)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < d->rule_count; i++)
		json_array_append_new(list, json_string(policy->rules[d->rules[i]].name));
	return list;
}

/* Its control group before, in the first of the hierarchies that were written. */
static json_t *from_to_json(const struct decision *d)
{
	_cleanup_(freep) char *path = NULL;
	const char *end = memchr(d->was, '\n', d->was_size), *at = d->was;

	for (int colons = 0; end && at && colons < 2; colons++) {
		at = memchr(at, ':', (size_t)(end - at));
		at = at ? at + 1 : NULL;
	}
	if (!end || !at)
		return json_null();
	path = strndup(at, (size_t)(end - at));
	return path ? bytes_to_json(path) : NULL;
}

json_t *decision_to_json(const struct decision *d, const struct policy *policy)
{
	const struct outcome *outcome = &d->outcome;
	json_t *object =
		json_pack("{s:o, s:i, s:o, s:o, s:o, s:s, s:s, s:i, s:b}", "time",
			  time_to_json(d->time_ns), "pid", d->pid, "path", bytes_to_json(d->path),
			  "rule", string_or_null(decision_rule(d, policy)), "group",
			  string_or_null(decision_group(d, policy)), "action",
			  occasion_names[d->on], "result", decision_result(d), "microseconds",
			  (int)d->took_us, "before",
			  !(d->flags & (DECISION_AFTER | DECISION_SCAN)));

	if (!object)
		return NULL;
	json_object_set_new(object, "rules", rules_to_json(d, policy));
	json_object_set_new(object, "user",
			    d->uid == UINT32_MAX ? json_null() : json_integer(d->uid));
	json_object_set_new(object, "done", kinds_to_json(outcome->done));
	json_object_set_new(object, "failed", failure_to_json(outcome));
	json_object_set_new(object, "dry", kinds_to_json(outcome->dry));
	json_object_set_new(object, "spared", kinds_to_json(outcome->spared));
	json_object_set_new(object, "held", json_boolean(d->flags & DECISION_HELD));
	json_object_set_new(object, "late", json_boolean(d->flags & DECISION_LATE));
	json_object_set_new(object, "kernel", json_boolean(d->flags & DECISION_KERNEL));
	json_object_set_new(object, "over_rate", json_boolean(d->flags & DECISION_OVER));
	json_object_set_new(object, "from", from_to_json(d));
	return object;
}
