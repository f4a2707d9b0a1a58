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
