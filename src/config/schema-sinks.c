// SPDX-License-Identifier: MIT
/*
 * `sinks`: where events go besides the log, which ones, and where they wait. `kafka` is in
 * schema-kafka.c.
 */
#include "config/schema-sinks.h"

#include "config/values.h"
#include "model/event.h"
#include "util/suggest.h"
#include "util/units.h"

enum { SINKS_MOST = 16, WORDS_MOST = 256 };

static const char name_characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";

const char *sink_setting_of(const struct policy_sink *sink, const char *name)
{
	for (size_t i = 0; i < sink->setting_count; i++)
		if (streq(sink->settings[i].name, name))
			return sink->settings[i].value;
	return NULL;
}

bool add_setting(struct reader *reader, struct sink_draft *draft, const struct node *at,
		 const char *name, const char *value)
{
	struct policy_sink *sink = draft->sink;

	if (sink->setting_count == SETTINGS_MOST)
		return report_error(reader, at, NULL, "a sink has at most %d settings",
				    SETTINGS_MOST);
	sink->settings[sink->setting_count] =
		(struct policy_setting){ arena_string(reader->memory, name),
					 arena_string(reader->memory, value) };
	if (!sink->settings[sink->setting_count].name || !sink->settings[sink->setting_count].value)
		return report_oom(reader);
	sink->setting_count++;
	return true;
}

static bool add_number(struct reader *reader, struct sink_draft *draft, const struct node *at,
		       const char *name, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	return add_setting(reader, draft, at, name, text);
}

/* ---- which sink ---- */

bool read_sink_path(struct reader *reader, const struct node *value, const char *key,
		    const char *name, struct sink_draft *draft)
{
	const char *text;
	enum value result = value_text(reader, key, value, &text);

	if (result != VALUE_GOOD)
		return result != VALUE_BAD;
	if (text[0] != '/')
		return report_error(reader, value, "write the path from \"/\" on",
				    "\"%s\": \"%.80s\" does not begin with \"/\"", key, text);
	return add_setting(reader, draft, value, name, text);
}

static bool read_file_path(struct reader *reader, const struct schema_key *key,
			   const struct node *value, void *target)
{
	return read_sink_path(reader, value, key->name, key->name, target);
}

static bool read_size(struct reader *reader, const struct schema_key *key, const struct node *value,
		      void *target)
{
	const struct number_range range = { .least = 64 << 10,
					    .most = UINT64_C(1) << 40,
					    .unit = 1 };
	uint64_t size;
	enum value result = value_bytes(reader, key->name, value, &range, &size);

	if (result != VALUE_GOOD)
		return result != VALUE_BAD;
	return add_number(reader, target, value, "size", size);
}

static bool read_keep(struct reader *reader, const struct schema_key *key, const struct node *value,
		      void *target)
{
	const struct number_range range = { .least = 0, .most = 1000 };
	uint64_t count;
	enum value result = value_number(reader, key->name, value, &range, &count);

	if (result != VALUE_GOOD)
		return result != VALUE_BAD;
	return add_number(reader, target, value, "keep", count);
}

static const struct schema_key file_keys[] = {
	{ "keep", "number", "old files beside it; default 4", read_keep },
	{ "path", "path", "lines of JSON", read_file_path },
	{ "size", "bytes", "at which a new file is begun; default 64M", read_size },
};
const struct schema file_schema = { "\"file\"", file_keys, ARRAY_SIZE(file_keys), { { NULL, 0 } } };

static bool read_kind(struct reader *reader, const struct schema_key *key, const struct node *value,
		      void *target)
{
	struct sink_draft *draft = target;
	bool good = true, wanted = true;

	if (draft->kind)
		return report_error(reader, value, "write two sinks",
				    "a sink is one of \"kafka\", \"file\" and \"journal\"");
	draft->kind = value;
	draft->sink->kind = (enum policy_sink_kind)key->number;
	if (draft->sink->kind == POLICY_SINK_JOURNAL) {
		good = value_bool(reader, key->name, value, &wanted) != VALUE_BAD;
		if (good && !wanted)
			return report_error(reader, value, "leave the sink out",
					    "\"journal\" can only be true");
		return good;
	}
	if (!expect_map(reader, key->name, value))
		return false;
	if (draft->sink->kind == POLICY_SINK_KAFKA)
		return read_kafka(reader, value, draft);
	good = schema_read(reader, &file_schema, value, draft);
	if (good && !sink_setting_of(draft->sink, "path"))
		return report_error(reader, value, "add path: /var/log/reeve/events",
				    "\"file\" says no \"path\"");
	return good;
}

/* ---- which events ---- */

static bool check_types(struct reader *reader, const struct node *node, const char *list)
{
	_cleanup_(freep) char *copy = strdup(list);
	char *rest = copy, *name;

	if (!copy)
		return report_oom(reader);
	while ((name = strsep(&rest, ","))) {
		const char *names[EVENT_TYPES + 1];
		char hint[96];

		if (streq(name, "all") || event_type_of(name) >= 0)
			continue;
		for (int i = 0; i < EVENT_TYPES; i++)
			names[i] = event_types[i].name;
		names[EVENT_TYPES] = "all";
		return report_error(reader, node,
				    guess_hint(reader, name, names, EVENT_TYPES + 1, hint,
					       sizeof(hint)),
				    "there is no kind of event \"%.40s\"", name);
	}
	return true;
}

/* The number of a user, whose name it may be; NULL: told. */
static const char *user_number(struct reader *reader, const struct node *node, const char *name,
			       char number[static 24])
{
	struct account *account;
	uint64_t uid;

	if (parse_u64(name, &uid) >= 0 && uid <= UINT32_MAX)
		return name;
	if (accounts_user(&reader->accounts, name, &account) < 0) {
		report_oom(reader);
		return NULL;
	}
	if (!account->found) {
		report_error(reader, node, NULL, "there is no user \"%.80s\" on this host", name);
		return NULL;
	}
	snprintf(number, 24, "%u", account->uid);
	return number;
}

static bool check_word(struct reader *reader, const char *key, const struct node *node,
		       const char *word)
{
	uint64_t pid;

	if (streq(key, "type"))
		return check_types(reader, node, word);
	if (streq(key, "cgroup") && *word != '/')
		return report_error(reader, node, "write it as /proc/PID/cgroup shows it",
				    "\"%.80s\" is no path of a control group", word);
	if ((streq(key, "pid") || streq(key, "tree")) &&
	    (parse_u64(word, &pid) < 0 || pid == 0 || pid >= 1 << 22))
		return report_error(reader, node, NULL, "\"%.80s\" is no process id", word);
	if (streq(key, "container") && streq(word, "id:"))
		return report_error(reader, node, NULL, "\"id:\" names no container");
	return true;
}

static bool add_word(struct reader *reader, struct policy_sink *sink, const char *key,
		     const struct node *node)
{
	const char *word;
	char number[24];
	enum value result = value_text(reader, key, node, &word);

	if (result != VALUE_GOOD)
		return result != VALUE_BAD;
	if (!check_word(reader, key, node, word))
		return false;
	if (streq(key, "user"))
		word = user_number(reader, node, word, number);
	if (!word)
		return false;
	if (sink->word_count == WORDS_MOST)
		return report_error(reader, node, NULL, "a filter has at most %d words",
				    WORDS_MOST);
	sink->words[sink->word_count] =
		(struct policy_setting){ key, arena_string(reader->memory, word) };
	return sink->words[sink->word_count++].value || report_oom(reader);
}

static bool read_words(struct reader *reader, const struct schema_key *key,
		       const struct node *value, void *target)
{
	const struct node *entry;
	bool good = true;

	if (value->kind != NODE_LIST)
		return add_word(reader, target, key->name, value);
	for (node_id at = 0; next_entry(reader, value, &at, &entry);)
		good &= add_word(reader, target, key->name, entry);
	return good;
}

/* core/engine-export.c hands these to the filter of `reeve watch`, which has them all. */
static const struct schema_key event_keys[] = {
	{ "cgroup", "path or list", "in this control group or below it", read_words },
	{ "container", "text or list", "in this container", read_words },
	{ "exe", "glob or list", "whose program or script this is", read_words },
	{ "pid", "number or list", "of this process", read_words },
	{ "tree", "number or list", "of this process and all that descends from it", read_words },
	{ "type", "word or list", "these kinds of events; default exec", read_words },
	{ "user", "name or list", "whose real user this is", read_words },
};
const struct schema event_schema = {
	"\"events\"", event_keys, ARRAY_SIZE(event_keys), { { NULL, 0 } }
};

static bool read_events(struct reader *reader, const struct schema_key *key,
			const struct node *value, void *target)
{
	struct policy_sink *sink = ((struct sink_draft *)target)->sink;

	sink->events = true;
	return expect_map(reader, key->name, value) &&
	       schema_read(reader, &event_schema, value, sink);
}

static bool read_flag(struct reader *reader, const struct schema_key *key, const struct node *value,
		      void *target)
{
	struct policy_sink *sink = ((struct sink_draft *)target)->sink;

	return value_bool(reader, key->name, value, (bool *)((char *)sink + key->offset)) !=
	       VALUE_BAD;
}

/* ---- the spool ---- */

static bool read_spool_folder(struct reader *reader, const struct schema_key *key,
			      const struct node *value, void *target)
{
	struct policy_sink *sink = target;
	const char *text;
	enum value result = value_text(reader, key->name, value, &text);

	if (result != VALUE_GOOD)
		return result != VALUE_BAD;
	if (text[0] != '/')
		return report_error(reader, value, "write the path from \"/\" on",
				    "\"folder\": \"%.80s\" does not begin with \"/\"", text);
	sink->spool_folder = arena_string(reader->memory, text);
	return sink->spool_folder || report_oom(reader);
}

static bool read_spool_size(struct reader *reader, const struct schema_key *key,
			    const struct node *value, void *target)
{
	const struct number_range range = { .least = 1 << 20,
					    .most = UINT64_C(1) << 44,
					    .unit = 1 };
	struct policy_sink *sink = target;

	return value_bytes(reader, key->name, value, &range, &sink->spool_bytes) != VALUE_BAD;
}

static const struct schema_key spool_keys[] = {
	{ "folder", "path", "where events wait; default below /var/lib/reeve/sinks",
	  read_spool_folder },
	{ "size", "bytes", "of all that waits; default 256M", read_spool_size },
};
const struct schema spool_schema = {
	"\"spool\"", spool_keys, ARRAY_SIZE(spool_keys), { { NULL, 0 } }
};

static bool read_spool(struct reader *reader, const struct schema_key *key,
		       const struct node *value, void *target)
{
	return expect_map(reader, key->name, value) &&
	       schema_read(reader, &spool_schema, value, ((struct sink_draft *)target)->sink);
}

/* ---- sinks ---- */

static const struct schema_key sink_keys[] = {
	{ "decisions", "true or false", "what was decided; default true", read_flag,
	  offsetof(struct policy_sink, decisions) },
	{ "events", "map", "those that this filter of `reeve watch` lets pass; default none",
	  read_events },
	{ "file", "map", "lines of JSON in files", read_kind, .number = POLICY_SINK_FILE },
	{ "journal", "true", "the journal", read_kind, .number = POLICY_SINK_JOURNAL },
	{ "kafka", "map", "a Kafka broker", read_kind, .number = POLICY_SINK_KAFKA },
	{ "services", "true or false", "how services ended; default true", read_flag,
	  offsetof(struct policy_sink, services) },
	{ "spool", "map", "where events wait, and how many", read_spool },
};
const struct schema sink_schema = { "a sink", sink_keys, ARRAY_SIZE(sink_keys), { { NULL, 0 } } };

/* It becomes the name of a folder. */
static bool check_sink_name(struct reader *reader, const struct node *key)
{
	const char *name = tree_text(&reader->tree, key);

	if (!check_name(reader, "sink", key))
		return false;
	if (name[0] == '.' || name[strspn(name, name_characters)] != '\0')
		return report_error(reader, key, "use letters, digits, \"_\" and \"-\"",
				    "a sink cannot be called \"%.80s\"", name);
	return true;
}

static struct policy_sink *new_sink(struct reader *reader, const struct node *key)
{
	struct policy *policy = reader->policy;
	const char *name = tree_text(&reader->tree, key);
	struct policy_sink *sink;
	char what[80];

	for (size_t i = 0; i < policy->sink_count; i++)
		if (streq(policy->sinks[i].name, name)) {
			snprintf(what, sizeof(what), "sink \"%.40s\"", name);
			report_twice(reader, what, key, policy->sinks[i].at);
			return NULL;
		}
	if (!policy->sinks)
		policy->sinks = arena_alloc(reader->memory, SINKS_MOST * sizeof(*policy->sinks));
	if (policy->sink_count == SINKS_MOST) {
		report_error(reader, key, NULL, "there are at most %d sinks", SINKS_MOST);
		return NULL;
	}
	if (!policy->sinks)
		return report_oom(reader), NULL;
	sink = &policy->sinks[policy->sink_count];
	*sink = (struct policy_sink){
		.name = arena_string(reader->memory, name),
		.at = position_of(key),
		.settings = arena_alloc(reader->memory, SETTINGS_MOST * sizeof(*sink->settings)),
		.words = arena_alloc(reader->memory, WORDS_MOST * sizeof(*sink->words)),
		.decisions = true,
		.services = true,
		.spool_bytes = UINT64_C(256) << 20,
	};
	if (!sink->name || !sink->settings || !sink->words)
		return report_oom(reader), NULL;
	policy->sink_count++;
	return sink;
}

bool read_sinks(struct reader *reader, const struct schema_key *key, const struct node *value,
		void *target)
{
	const struct node *name, *body;
	bool good = true;

	if (!expect_map(reader, key->name, value))
		return false;
	for (node_id at = 0; next_pair(reader, value, &at, &name, &body);) {
		struct sink_draft draft = { 0 };

		if (!check_sink_name(reader, name) || !(draft.sink = new_sink(reader, name)) ||
		    !expect_map(reader, draft.sink->name, body)) {
			good = false;
			continue;
		}
		good &= schema_read(reader, &sink_schema, body, &draft);
		if (!draft.kind)
			good = report_error(reader, name, "add kafka, file or journal: true",
					    "sink \"%s\" does not say where events go",
					    draft.sink->name);
	}
	return good && !reader->too_large;
}
