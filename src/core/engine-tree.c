// SPDX-License-Identifier: MIT
/*
 * io.reeve.GetTree and GetHistory. A client that asks every second gets fresh figures of the groups
 * that it names (those on its screen) and of those that do something, of others they may be some
 * seconds old; and it gets only what has changed since it asked last. So 1,000 idle groups cost
 * next to nothing. The time that one request may take for looking is bounded; what it left out is
 * the first of the next.
 */
#include "core/engine-looks.h"

enum {
	LOOK_MOST_MS = 20, /* of a request */
	ASKED_MOST = 256,
	SPAN_FINE = HISTORY_FINE * 10, /* s */
};

/* ---- GetTree ---- */

static struct seen *find(const struct looks *looks, const char *name, size_t *ret_index)
{
	for (size_t i = 0; name && i < looks->count; i++)
		if (streq(looks->items[i]->name, name)) {
			*ret_index = i;
			return looks->items[i];
		}
	return NULL;
}

static void look_at_named(struct engine *engine, const json_t *names, uint64_t until)
{
	size_t index;
	const json_t *name;

	json_array_foreach(names, index, name)
	{
		uint64_t now = clock_boottime();
		size_t at = 0;
		struct seen *seen = find(engine->looks, json_string_value(name), &at);

		if (index == ASKED_MOST || now >= until)
			return;
		if (seen && look_is_older(seen->read_ns, LOOK_FRESH_MS, now))
			looks_look(engine, at, true);
	}
}

void looks_refresh(struct engine *engine, uint64_t until_ns)
{
	struct looks *looks = engine->looks;

	for (size_t i = 0; i < looks->count; i++) {
		struct seen *seen = looks->items[looks->next];
		uint64_t now = clock_boottime();

		if (now >= until_ns)
			return;
		if (look_is_older(seen->read_ns, seen->idle ? LOOK_IDLE_MS : LOOK_FRESH_MS, now))
			looks_look(engine, looks->next, false);
		looks->next = (looks->next + 1) % looks->count;
	}
}

static void set(json_t *object, const char *key, uint64_t value)
{
	(void)json_object_set_new_nocheck(object, key,
					  json_integer(
						  (json_int_t)MIN(value, (uint64_t)INT64_MAX)));
}

static void set_limit(json_t *object, const char *key, uint64_t limit)
{
	if (limit != LIMIT_MAX)
		set(object, key, limit);
}

static json_t *seen_to_json(const struct engine *engine, const struct seen *seen)
{
	const struct shown *shown = &seen->shown;
	bool policy = policy_find_group(engine_policy(engine), seen->name) >= 0;
	json_t *object = json_object();

	json_object_set_new(object, "name", json_string(seen->name));
	json_object_set_new(object, "origin", json_string(policy ? "policy" : "command"));
	json_object_set_new(object, "frozen", json_boolean(shown->frozen));
	set(object, "members", shown->members);
	for (unsigned i = 0; i < FIGURES; i++)
		if (i != FIGURE_OOM_KILLS && shown->known & FIGURE_BIT(i))
			set(object, figure_name(i), shown->values[i]);
	if (seen->usage.known & USAGE_OOM_KILLS)
		set(object, "oom_kills", shown->oom_kills);
	set_limit(object, "cpu_limit", shown->cpu_limit);
	set_limit(object, "memory_limit", shown->memory_limit);
	set_limit(object, "pids_limit", shown->pids_limit);
	return object;
}

int engine_tree(struct engine *engine, const json_t *parameters, json_t **ret_reply,
		struct error *err)
{
	uint64_t until = clock_boottime() + LOOK_MOST_MS * UINT64_C(1000000), since;
	const json_t *given = json_object_get(parameters, "since");
	json_t *list;
	bool whole;

	if (given && !json_is_null(given) && !json_is_integer(given))
		return error_set(err, -EINVAL, "parameter \"since\" must be a number");
	since = (uint64_t)json_integer_value(given);
	if (looks_agree(engine) < 0)
		return error_oom(err);
	look_at_named(engine, json_object_get(parameters, "fresh"), until);
	looks_refresh(engine, until);
	whole = since < engine->looks->set_revision || since >= engine->looks->revision;
	list = json_array();
	for (size_t i = 0; i < engine->looks->count; i++)
		if (whole || engine->looks->items[i]->revision > since)
			json_array_append_new(list, seen_to_json(engine, engine->looks->items[i]));
	*ret_reply = json_pack("{s:I, s:b, s:I, s:i, s:o}", "revision",
			       (json_int_t)engine->looks->revision, "whole", whole, "time",
			       (json_int_t)(clock_realtime() / 1000000), "processors",
			       (int)engine->host->cpu_count, "groups", list);
	engine->looks->revision++;
	return *ret_reply ? 0 : error_oom(err);
}

/* ---- GetHistory ---- */

/* All, or those of the list. 0: a wrong name. */
static uint32_t figures_asked(const json_t *names, struct error *err)
{
	uint32_t mask = 0;
	const json_t *name;
	size_t index;

	if (!names || json_is_null(names))
		return FIGURE_BIT(FIGURES) - 1;
	json_array_foreach(names, index, name)
	{
		const char *word = json_string_value(name);
		int figure = word ? figure_find(word) : -1;

		if (figure < 0) {
			error_set(err, -EINVAL, "there is no figure \"%s\" (see docs/json.md)",
				  word ? word : "?");
			return 0;
		}
		mask |= FIGURE_BIT(figure);
	}
	if (mask == 0)
		error_set(err, -EINVAL, "parameter \"figures\" must be a list of names");
	return mask;
}

static json_t *values_to_json(const struct looks *looks, const struct seen *seen, bool coarse,
			      enum figure figure)
{
	size_t count = history_count(looks->history, coarse);
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		uint64_t value;
		bool known = seen->counted & FIGURE_BIT(figure) &&
			     past_value(looks->history, seen->past, coarse, i, figure, &value);

		json_array_append_new(list, known ? json_integer((json_int_t)value) : json_null());
	}
	return list;
}

static json_t *past_to_json(const struct looks *looks, const struct seen *seen, bool coarse,
			    uint32_t mask)
{
	json_t *object = json_object();

	json_object_set_new(object, "name", json_string(seen->name));
	for (unsigned i = 0; i < FIGURES; i++)
		if (mask & FIGURE_BIT(i))
			json_object_set_new(object, figure_name(i),
					    values_to_json(looks, seen, coarse, i));
	return object;
}

static json_t *times_to_json(const struct looks *looks, bool coarse)
{
	size_t count = history_count(looks->history, coarse);
	uint64_t offset = clock_realtime() - clock_boottime();
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_integer((json_int_t)((history_time(looks->history,
										    coarse, i) +
								       offset) /
								      1000000)));
	return list;
}

int engine_past(struct engine *engine, const json_t *parameters, json_t **ret_reply,
		struct error *err)
{
	const json_t *names = json_object_get(parameters, "groups"), *name;
	uint32_t mask = figures_asked(json_object_get(parameters, "figures"), err);
	bool coarse = json_integer_value(json_object_get(parameters, "span")) > SPAN_FINE;
	size_t index, at = 0;
	json_t *list;

	if (mask == 0)
		return -EINVAL;
	if (!json_is_array(names) || json_array_size(names) > ASKED_MOST)
		return error_set(err, -EINVAL,
				 "parameter \"groups\" must be a list of at most %d names",
				 ASKED_MOST);
	if (looks_agree(engine) < 0)
		return error_oom(err);
	list = json_array();
	json_array_foreach(names, index, name)
	{
		const struct seen *seen = find(engine->looks, json_string_value(name), &at);

		/* One that has just gone is left out. */
		if (seen)
			json_array_append_new(list,
					      past_to_json(engine->looks, seen, coarse, mask));
	}
	*ret_reply = json_pack("{s:o, s:o}", "times", times_to_json(engine->looks, coarse),
			       "groups", list);
	return *ret_reply ? 0 : error_oom(err);
}
