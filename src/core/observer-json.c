// SPDX-License-Identifier: MIT
#include "core/observer-json.h"

json_t *source_to_json(const char *name, const char *state, const char *reason,
		       const struct source_counters *counters)
{
	json_t *causes = json_object();

	for (size_t i = 0; counters && i < SOURCE_CAUSES && counters->causes[i].cause; i++)
		json_object_set_new(causes, counters->causes[i].cause,
				    json_integer((json_int_t)counters->causes[i].count));
	return json_pack("{s:s, s:s, s:s, s:I, s:i, s:I, s:o}", "name", name, "state", state,
			 "reason", reason, "seen", counters ? (json_int_t)counters->seen : 0,
			 "matched", 0, "lost", counters ? (json_int_t)counters->lost : 0, "causes",
			 causes);
}

void observer_to_json(const struct observer *observer, bool asked, json_t *sources)
{
	const struct source *source = observer_source(observer);
	const struct observer_refusal *refusals;
	char text[OBSERVER_TEXT];
	size_t count;

	if (source) {
		observer_describe(observer, text);
		json_array_append_new(sources, source_to_json(source->class->name,
							      asked ? "running" : "idle", text,
							      &source->counters));
	}
	refusals = observer_refusals(observer, &count);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(sources, source_to_json(refusals[i].source, "unavailable",
							      refusals[i].reason, NULL));
}

json_t *observer_told_to_json(const struct observer_told *told)
{
	json_t *list = json_array();

	json_array_append_new(list, json_integer((json_int_t)told->until));
	for (size_t i = 0; i < OBSERVER_LAST; i++) {
		json_array_append_new(list, json_integer(told->last[i].type));
		json_array_append_new(list, json_integer(told->last[i].pid));
	}
	return list;
}

static uint64_t number_at(const json_t *list, size_t index)
{
	return (uint64_t)json_integer_value(json_array_get(list, index));
}

void observer_told_from_json(const json_t *list, struct observer_told *ret_told)
{
	*ret_told = (struct observer_told){ .until = number_at(list, 0) };
	for (size_t i = 0; i < OBSERVER_LAST; i++) {
		ret_told->last[i].type = (uint32_t)number_at(list, 2 * i + 1);
		ret_told->last[i].pid = (uint32_t)number_at(list, 2 * i + 2);
	}
}
