// SPDX-License-Identifier: MIT
/*
 * Only methods that read are here, whoever the server runs as: a page that was got at can look, and
 * change nothing. What a word means is the daemon's to say; here is only which kind of JSON it is.
 */
#include "web/api.h"

#include "util/suggest.h"
#include "util/units.h"

static const struct api_endpoint endpoints[] = {
	{ "/api/decisions",
	  "io.reeve.ListDecisions",
	  "the last decisions, the oldest first",
	  { { "rule", API_TEXT, false },
	    { "denied", API_FLAG, false },
	    { "pid", API_NUMBERS, false },
	    { "limit", API_NUMBER, false } } },
	{ "/api/group",
	  "io.reeve.GetGroup",
	  "a group and who is in it",
	  { { "name", API_TEXT, true } } },
	{ "/api/groups",
	  "io.reeve.ListGroups",
	  "all groups with their limits and usage",
	  { { 0 } } },
	{ "/api/history",
	  "io.reeve.GetHistory",
	  "what groups have used over the last minutes or hours",
	  { { "groups", API_TEXTS, true },
	    { "figures", API_TEXTS, false },
	    { "span", API_NUMBER, false } } },
	{ "/api/processes", "io.reeve.ListProcesses", "every process that runs", { { 0 } } },
	{ "/api/service",
	  "io.reeve.ServiceStatus",
	  "a service and its group",
	  { { "name", API_TEXT, true } } },
	{ "/api/services", "io.reeve.ServiceList", "all services", { { 0 } } },
	{ "/api/status",
	  "io.reeve.GetStatus",
	  "what reeve status shows",
	  { { "groups", API_FLAG, false } } },
	{ "/api/tree",
	  "io.reeve.GetTree",
	  "what groups use now, or what has changed since a revision",
	  { { "since", API_NUMBER, false }, { "fresh", API_TEXTS, false } } },
	{ "/metrics",
	  "io.reeve.GetMetrics",
	  "all that is counted, as Prometheus reads it",
	  { { 0 } },
	  .metrics = true },
};

/* Of /api/stream: those of decisions, then those of events. */
static const struct api_endpoint stream_parts[] = {
	{ "/api/stream",
	  "io.reeve.SubscribeDecisions",
	  "decisions as they are made",
	  { { "rule", API_TEXT, false },
	    { "denied", API_FLAG, false },
	    { "limit", API_NUMBER, false } } },
	{ "/api/stream",
	  "io.reeve.Watch",
	  "events as they happen",
	  { { "type", API_TEXTS, false },
	    { "user", API_TEXTS, false },
	    { "exe", API_TEXTS, false },
	    { "container", API_TEXTS, false },
	    { "cgroup", API_TEXTS, false },
	    { "pid", API_TEXTS, false },
	    { "tree", API_TEXTS, false } } },
	{ "/api/stream",
	  NULL,
	  "which of the two",
	  { { "decisions", API_FLAG, false }, { "events", API_FLAG, false } } },
};

const struct api_endpoint *api_at(size_t index)
{
	return index < ARRAY_SIZE(endpoints) ? &endpoints[index] : NULL;
}

const struct api_endpoint *api_find(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(endpoints); i++)
		if (streq(endpoints[i].path, path))
			return &endpoints[i];
	return NULL;
}

/* ---- values ---- */

static json_t *read_number(const char *word)
{
	uint64_t number;

	if (parse_u64(word, &number) < 0 || number > INT64_MAX)
		return NULL;
	return json_integer((json_int_t)number);
}

static json_t *read_value(enum api_kind kind, const char *word)
{
	switch (kind) {
	case API_NUMBER:
	case API_NUMBERS:
		return read_number(word);
	case API_FLAG:
		return streq(word, "true") || streq(word, "1")	  ? json_true()
		       : streq(word, "false") || streq(word, "0") ? json_false()
								  : NULL;
	default:
		return json_string(word);
	}
}

static const char *kind_name(enum api_kind kind)
{
	return kind == API_FLAG				   ? "true or false"
	       : kind == API_NUMBER || kind == API_NUMBERS ? "a number"
							   : "UTF-8 text";
}

/* A pair that is one of the parameter's. Words of a list are repeated: "?pid=1&pid=2". */
static int take(json_t *to, const struct api_parameter *parameter, const char *word,
		struct error *err)
{
	bool many = parameter->kind == API_TEXTS || parameter->kind == API_NUMBERS;
	json_t *value = word ? read_value(parameter->kind, word) : NULL, *list;

	if (!value)
		return error_set(err, -EINVAL, "parameter \"%s\" must be %s", parameter->name,
				 kind_name(parameter->kind));
	list = json_object_get(to, parameter->name);
	if (!many && list) {
		json_decref(value);
		return error_set(err, -EINVAL, "parameter \"%s\" is there twice", parameter->name);
	}
	if (many && !list) {
		list = json_array();
		json_object_set_new(to, parameter->name, list);
	}
	if (many ? json_array_append_new(list, value)
		 : json_object_set_new(to, parameter->name, value))
		return error_oom(err);
	return 0;
}

static const struct api_parameter *find(const struct api_endpoint *endpoint, const char *name)
{
	for (size_t i = 0; i < API_PARAMETERS_MOST && endpoint->parameters[i].name; i++)
		if (streq(endpoint->parameters[i].name, name))
			return &endpoint->parameters[i];
	return NULL;
}

/* `count` rows whose parameters the query may have all together. */
static int unknown(const struct api_endpoint *rows, size_t count, const char *key,
		   struct error *err)
{
	const char *names[API_PARAMETERS_MOST * ARRAY_SIZE(stream_parts)], *near;
	size_t n = 0;

	for (size_t row = 0; row < count; row++)
		for (size_t i = 0; i < API_PARAMETERS_MOST && rows[row].parameters[i].name; i++)
			names[n++] = rows[row].parameters[i].name;
	near = suggest(key, names, n);
	return error_set(err, -EINVAL, "%s has no parameter \"%.64s\"%s%s%s", rows->path, key,
			 near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
}

int api_parameters(const struct api_endpoint *endpoint, const struct api_query *query,
		   json_t **ret_parameters, struct error *err)
{
	json_t *to = json_object();
	int r = to ? 0 : error_oom(err);

	for (size_t i = 0; r >= 0 && i < query->count; i++) {
		const struct api_pair *pair = &query->pairs[i];
		const struct api_parameter *parameter = find(endpoint, pair->key);

		r = parameter ? take(to, parameter, pair->value, err)
			      : unknown(endpoint, 1, pair->key, err);
	}
	for (size_t i = 0; r >= 0 && i < API_PARAMETERS_MOST && endpoint->parameters[i].name; i++)
		if (endpoint->parameters[i].required &&
		    !json_object_get(to, endpoint->parameters[i].name))
			r = error_set(err, -EINVAL, "%s needs the parameter \"%s\"", endpoint->path,
				      endpoint->parameters[i].name);
	if (r < 0)
		json_decref(to);
	else
		*ret_parameters = to;
	return r;
}

/* ---- the stream ---- */

int api_stream_wish(const struct api_query *query, struct stream_wish *ret_wish, struct error *err)
{
	json_t *of[] = { json_object(), json_object(), json_object() };
	bool decisions, events;
	int r = of[0] && of[1] && of[2] ? 0 : error_oom(err);

	for (size_t i = 0; r >= 0 && i < query->count; i++) {
		const struct api_pair *pair = &query->pairs[i];
		size_t part = 0;

		while (part < ARRAY_SIZE(of) && !find(&stream_parts[part], pair->key))
			part++;
		r = part == ARRAY_SIZE(of) ? unknown(stream_parts, ARRAY_SIZE(of), pair->key, err)
					   : take(of[part], find(&stream_parts[part], pair->key),
						  pair->value, err);
	}
	events = json_is_true(json_object_get(of[2], "events"));
	decisions = !json_is_false(json_object_get(of[2], "decisions"));
	if (r >= 0 && !events && !decisions)
		r = error_set(err, -EINVAL, "neither decisions nor events are wanted");
	if (r >= 0 && !events && json_object_size(of[1]) > 0)
		r = error_set(err, -EINVAL, "events are chosen, but not wanted: say events=true");
	if (r >= 0 && !json_object_get(of[0], "limit"))
		json_object_set_new(of[0], "limit", json_integer(0));
	if (r >= 0)
		*ret_wish = (struct stream_wish){
			.decisions = decisions ? json_incref(of[0]) : NULL,
			.events = events ? json_pack("{s:O}", "filter", of[1]) : NULL,
		};
	for (size_t i = 0; i < ARRAY_SIZE(of); i++)
		json_decref(of[i]);
	return r;
}

/* ---- telling ---- */

static json_t *parameters_to_json(const struct api_endpoint *endpoint)
{
	json_t *list = json_array();

	for (size_t i = 0; i < API_PARAMETERS_MOST && endpoint->parameters[i].name; i++) {
		const struct api_parameter *parameter = &endpoint->parameters[i];

		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:b, s:b}", "name", parameter->name,
						"is", kind_name(parameter->kind), "repeated",
						parameter->kind == API_TEXTS ||
							parameter->kind == API_NUMBERS,
						"required", parameter->required));
	}
	return list;
}

static void list_rows(json_t *list, const struct api_endpoint *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list,
				      json_pack("{s:s, s:s?, s:s, s:o}", "path", rows[i].path,
						"method", rows[i].method, "about", rows[i].about,
						"parameters", parameters_to_json(&rows[i])));
}

json_t *api_list(void)
{
	json_t *list = json_array();

	list_rows(list, endpoints, ARRAY_SIZE(endpoints));
	list_rows(list, stream_parts, ARRAY_SIZE(stream_parts));
	return list ? json_pack("{s:o}", "endpoints", list) : NULL;
}
