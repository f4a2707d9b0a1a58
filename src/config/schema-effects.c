// SPDX-License-Identifier: MIT
/*
 * What a rule does: one row an effect. What is set of a process is in schema-process.c, and what
 * does not go together in rule-check.c.
 */
#include "config/rule.h"

#include "config/values.h"
#include "util/fields.h"
#include "util/units.h"

#include <signal.h>
#include <strings.h>
#include <syslog.h>

#define MS UINT64_C(1000000)

struct draft_effect *add_effect(struct reader *reader, struct effect_list *list,
				enum effect_kind kind, const struct node *node)
{
	struct draft_effect *draft = &list->items[list->count];

	if (list->count == DRAFT_EFFECTS) {
		report_error(reader, node, NULL, "more than %d effects in one rule", DRAFT_EFFECTS);
		return NULL;
	}
	list->count++;
	*draft = (struct draft_effect){ .effect = { .kind = kind, .at = position_of(node) } };
	return draft;
}

/* VALUE_GOOD with `true`; VALUE_DEFAULT with `false`, or where it is a text that the caller reads.
 */
static enum value read_yes(struct reader *reader, const struct schema_key *key,
			   const struct node *value, bool *ret_yes)
{
	static const char *const words[] = { "yes", "true", "on", "no", "false", "off" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (value->kind == NODE_SCALAR && value->plain &&
		    strcasecmp(tree_text(&reader->tree, value), words[i]) == 0)
			return value_bool(reader, key->name, value, ret_yes);
	return VALUE_DEFAULT;
}

/* ---- groups and triggers ---- */

static bool read_group(struct reader *reader, const struct schema_key *key,
		       const struct node *value, void *target)
{
	struct draft_effect *draft;
	const char *text;
	enum value result = value_text(reader, key->name, value, &text);

	if (result != VALUE_GOOD)
		return result != VALUE_BAD;
	draft = add_effect(reader, target, EFFECT_GROUP, value);
	if (!draft)
		return false;
	draft->effect.group.index = POLICY_NONE;
	draft->link = value;
	return true;
}

static bool read_one_trigger(struct reader *reader, const struct schema_key *key,
			     const struct node *value, struct effect_list *list)
{
	struct draft_effect *draft;
	const char *text;
	enum value result = value_text(reader, key->name, value, &text);
	bool kill;

	if (result != VALUE_GOOD)
		return result != VALUE_BAD;
	kill = streq(text, "KILL");
	list->kills |= kill;
	draft = add_effect(reader, list, kill ? EFFECT_KILL : EFFECT_TRIGGER, value);
	if (!draft)
		return false;
	if (kill) {
		draft->effect.signal.number = SIGKILL;
	} else {
		draft->effect.trigger = POLICY_NONE;
		draft->link = value;
	}
	return true;
}

static bool read_trigger_effect(struct reader *reader, const struct schema_key *key,
				const struct node *value, void *target)
{
	const struct node *entry;
	bool good = true;

	if (value->kind != NODE_LIST)
		return read_one_trigger(reader, key, value, target);
	if (value->count == 0)
		return report_error(reader, value, "take the key out", "\"trigger\" is empty");
	for (node_id at = 0; next_entry(reader, value, &at, &entry);)
		good &= read_one_trigger(reader, key, entry, target);
	return good && !reader->too_large;
}

static bool read_limit(struct reader *reader, const struct schema_key *key,
		       const struct node *value, void *target)
{
	struct draft_effect *draft = add_effect(reader, target, EFFECT_LIMIT, value);
	struct policy_group *own;
	char shown[80];

	if (!draft)
		return false;
	if (value->kind != NODE_MAP || value->count == 0)
		return report_error(reader, value, "write limit: { ram: 2G, pids: 100 }",
				    "\"%s\" must be a map of limits, not %s", key->name,
				    value->kind == NODE_MAP
					    ? "an empty one"
					    : value_shown(reader, value, shown, sizeof(shown)));
	own = new_limits(reader, value);
	if (!own)
		return false;
	own->name = arena_string(reader->memory, ((struct effect_list *)target)->rule);
	if (!own->name)
		return report_oom(reader);
	draft->effect.limit = &own->limits;
	return read_limits(reader, value, own);
}

/* ---- places that are not ours ---- */

static bool read_destination(struct reader *reader, const struct schema_key *key,
			     const struct node *value, struct policy_destination *destination)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	const char *text;
	int r;

	if (value_text(reader, key->name, value, &text) != VALUE_GOOD)
		return false;
	r = policy_destination_parse(reader->memory, text, destination, &err);
	if (r < 0)
		return r == -ENOMEM ? report_oom(reader)
				    : report_error(reader, value, NULL, "\"%s\": %s", key->name,
						   error_text(&err));
	return true;
}

/* The one that another rule has named before, word for word, is shared with it. */
static bool read_one_place(struct reader *reader, const struct schema_key *key,
			   const struct node *value, void *target)
{
	struct policy_destination *item;
	struct policy_effect *shared;
	struct draft_effect *draft;
	const char *text;

	if (value_text(reader, key->name, value, &text) != VALUE_GOOD)
		return false;
	shared = hash_get_string(&reader->places, text);
	if (!shared) {
		item = arena_alloc(reader->memory, sizeof(*item));
		shared = arena_alloc(reader->memory, sizeof(*shared));
		if (!item || !shared)
			return report_oom(reader);
		if (!read_destination(reader, key, value, item))
			return false;
		if (policy_place_init(reader->memory, item, 1, shared) < 0 ||
		    hash_put_string(&reader->places, text, shared, NULL) < 0)
			return report_oom(reader);
	}
	draft = add_effect(reader, target, EFFECT_PLACE, value);
	if (draft)
		draft->effect.place = shared->place;
	return draft != NULL;
}

/* One destination, or a list of them. */
static bool read_place(struct reader *reader, const struct schema_key *key,
		       const struct node *value, void *target)
{
	size_t room = value->count, count = 0;
	struct policy_destination *items;
	struct draft_effect *draft;
	const struct node *entry;

	if (value->kind != NODE_LIST)
		return read_one_place(reader, key, value, target);
	if (room == 0)
		return report_error(reader, value, "take the key out", "\"%s\" is empty",
				    key->name);
	items = arena_alloc(reader->memory, room * sizeof(*items));
	if (!items)
		return report_oom(reader);
	for (node_id at = 0; next_entry(reader, value, &at, &entry);)
		if (!read_destination(reader, key, entry, &items[count++]))
			return false;
	if (reader->too_large)
		return false;
	draft = add_effect(reader, target, EFFECT_PLACE, value);
	if (!draft)
		return false;
	return policy_place_init(reader->memory, items, count, &draft->effect) >= 0 ||
	       report_oom(reader);
}

/* ---- to whom ---- */

static const char *const scope_words[] = {
	[SCOPE_PROCESS] = "process", [SCOPE_TREE] = "tree", [SCOPE_GROUP] = "group"
};

bool read_scope(struct reader *reader, const char *key, const struct node *value,
		enum effect_scope *ret_scope)
{
	size_t index = 0;

	if (value_word(reader, key, value, scope_words, ARRAY_SIZE(scope_words), &index) !=
	    VALUE_GOOD)
		return false;
	*ret_scope = (enum effect_scope)index;
	return true;
}

/* freeze, thaw and kill: true, or to whom. */
static bool read_scoped(struct reader *reader, const struct schema_key *key,
			const struct node *value, void *target)
{
	enum effect_scope scope = SCOPE_PROCESS;
	struct draft_effect *draft;
	bool yes = false, scoped;
	enum value result = read_yes(reader, key, value, &yes);

	if (result == VALUE_BAD || (result == VALUE_GOOD && !yes))
		return result != VALUE_BAD;
	scoped = result == VALUE_DEFAULT;
	if (scoped && !read_scope(reader, key->name, value, &scope))
		return false;
	draft = add_effect(reader, target, (enum effect_kind)key->number, value);
	if (!draft)
		return false;
	draft->scoped = scoped;
	if (key->number == EFFECT_KILL) {
		draft->effect.signal.number = SIGKILL;
		draft->effect.signal.scope = scope;
	} else {
		draft->effect.scope = scope;
	}
	return true;
}

/* The number of "TERM", "SIGTERM" or "15", or 0. */
static int signal_number(const char *text)
{
	uint64_t number;

	if (parse_u64(text, &number) == 0)
		return number < (uint64_t)NSIG ? (int)number : 0;
	if (strncasecmp(text, "SIG", 3) == 0)
		text += 3;
	for (int i = 1; i < NSIG; i++) {
		const char *name = sigabbrev_np(i);

		if (name && strcasecmp(name, text) == 0)
			return i;
	}
	return 0;
}

static bool read_signal(struct reader *reader, const struct schema_key *key,
			const struct node *value, void *target)
{
	const char *names[NSIG], *text;
	struct draft_effect *draft;
	enum value result = value_text(reader, key->name, value, &text);
	size_t count = 0;
	char hint[96];
	int number;

	if (result != VALUE_GOOD)
		return result != VALUE_BAD;
	number = signal_number(text);
	for (int i = 1; i < NSIG; i++)
		if (sigabbrev_np(i))
			names[count++] = sigabbrev_np(i);
	if (number == 0)
		return report_error(reader, value,
				    guess_hint(reader, text, names, count, hint, sizeof(hint)),
				    "\"%s\": there is no signal \"%.60s\"", key->name, text);
	draft = add_effect(reader, target, number == SIGKILL ? EFFECT_KILL : EFFECT_SIGNAL, value);
	if (!draft)
		return false;
	draft->effect.signal.number = number;
	return true;
}

/* ---- deny, delay and log ---- */

static bool read_deny(struct reader *reader, const struct schema_key *key, const struct node *value,
		      void *target)
{
	static const char *const words[] = { "EPERM", "EACCES" };
	struct draft_effect *draft;
	bool yes = false;
	size_t index = 0;
	enum value result = read_yes(reader, key, value, &yes);

	if (result == VALUE_BAD || (result == VALUE_GOOD && !yes))
		return result != VALUE_BAD;
	if (result == VALUE_DEFAULT) {
		result = value_word(reader, key->name, value, words, ARRAY_SIZE(words), &index);
		if (result != VALUE_GOOD)
			return result != VALUE_BAD;
	}
	draft = add_effect(reader, target, EFFECT_DENY, value);
	if (!draft)
		return false;
	draft->effect.deny = index == 0 ? EPERM : EACCES;
	return true;
}

static bool read_delay(struct reader *reader, const struct schema_key *key,
		       const struct node *value, void *target)
{
	const struct number_range range = { .least = MS, .most = 10000 * MS };
	struct draft_effect *draft;
	uint64_t ns = 0;
	enum value result = value_duration(reader, key->name, value, &range, &ns);

	if (result != VALUE_GOOD)
		return result != VALUE_BAD;
	draft = add_effect(reader, target, EFFECT_DELAY, value);
	if (!draft)
		return false;
	draft->effect.delay_ns = ns;
	return true;
}

static bool read_log_level(struct reader *reader, const struct schema_key *key,
			   const struct node *value, void *target)
{
	static const char *const words[] = { "debug", "info", "notice", "warning", "error" };
	static const int levels[] = { LOG_DEBUG, LOG_INFO, LOG_NOTICE, LOG_WARNING, LOG_ERR };
	struct policy_effect *effect = target;
	size_t index = 0;
	enum value result = value_word(reader, key->name, value, words, ARRAY_SIZE(words), &index);

	if (result == VALUE_GOOD)
		effect->log.level = levels[index];
	return result != VALUE_BAD;
}

static bool read_log_message(struct reader *reader, const struct schema_key *key,
			     const struct node *value, void *target)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct policy_effect *effect = target;
	const char *text;
	enum value result = value_text(reader, key->name, value, &text);

	if (result != VALUE_GOOD)
		return result != VALUE_BAD;
	if (fields_check(text, NULL, &err) < 0)
		return report_error(reader, value, NULL, "\"%s\": %s", key->name, error_text(&err));
	effect->log.message = arena_string(reader->memory, text);
	return effect->log.message || report_oom(reader);
}

static const struct schema_key log_keys[] = {
	{ "level", "word", "debug, info, notice (default), warning or error", read_log_level },
	{ "message", "text", "what is said, with %-fields", read_log_message },
};
const struct schema log_schema = { "\"log\"", log_keys, ARRAY_SIZE(log_keys), { { NULL, 0 } } };

static bool read_log(struct reader *reader, const struct schema_key *key, const struct node *value,
		     void *target)
{
	const struct schema_key message = { .name = key->name };
	struct draft_effect *draft;
	bool yes = false;
	enum value result = read_yes(reader, key, value, &yes);

	if (result == VALUE_BAD || (result == VALUE_GOOD && !yes))
		return result != VALUE_BAD;
	draft = add_effect(reader, target, EFFECT_LOG, value);
	if (!draft)
		return false;
	draft->effect.log.level = LOG_NOTICE;
	if (yes)
		return true;
	if (value->kind == NODE_MAP)
		return schema_read(reader, &log_schema, value, &draft->effect);
	return read_log_message(reader, &message, value, &draft->effect);
}

bool add_plain_effect(struct reader *reader, struct effect_list *list, enum effect_kind kind,
		      const struct node *node)
{
	struct draft_effect *draft = add_effect(reader, list, kind, node);

	if (!draft)
		return false;
	if (kind == EFFECT_DENY)
		draft->effect.deny = EPERM;
	else if (kind == EFFECT_KILL)
		draft->effect.signal.number = SIGKILL;
	else if (kind == EFFECT_LOG)
		draft->effect.log.level = LOG_NOTICE;
	return true;
}

/* ---- the table ---- */

static const struct schema_key effect_keys[] = {
	{ "affinity", "list of numbers", "processors that it may use: \"0-3,8\"", read_affinity,
	  .number = EFFECT_AFFINITY },
	{ "delay", "time", "it waits so long before it goes on; at most 10s", read_delay,
	  .number = EFFECT_DELAY },
	{ "deny", "true, EPERM or EACCES", "what it wants to do fails", read_deny,
	  .number = EFFECT_DENY },
	{ "freeze", "true or scope", "it is stopped until something thaws it", read_scoped,
	  .number = EFFECT_FREEZE },
	{ "group", "name", "the group that it is put into; %u and others make one each", read_group,
	  .number = EFFECT_GROUP },
	{ "ionice", "word", "idle, best-effort:0 to 7, realtime:0 to 7", read_ionice,
	  .number = EFFECT_IONICE },
	{ "kill", "true or scope", "it is killed", read_scoped, .number = EFFECT_KILL },
	{ "limit", "map of limits", "an own group with these limits", read_limit,
	  .number = EFFECT_LIMIT },
	{ "log", "true, text or map", "a line in the log", read_log, .number = EFFECT_LOG },
	{ "nice", "number", "-20 to 19", read_nice, .number = EFFECT_NICE },
	{ "oom_score_adj", "number", "-1000 to 1000", read_oom_score_adj,
	  .number = EFFECT_OOM_SCORE_ADJ },
	{ "place", "text or list", "a group that is not reeve's: \"cpu,memory:/students/%u\"",
	  read_place, .number = EFFECT_PLACE },
	{ "rlimits", "map", "nofile, core, ...: a number, soft:hard, or unlimited", read_rlimits,
	  .number = EFFECT_RLIMIT },
	{ "sched", "word", "other, batch, idle, fifo:1 to 99, rr:1 to 99", read_sched,
	  .number = EFFECT_SCHED },
	{ "signal", "name", "TERM, HUP, ...", read_signal, .number = EFFECT_SIGNAL },
	{ "thaw", "true or scope", "undoes freeze", read_scoped, .number = EFFECT_THAW },
	{ "timer_slack", "time", "how late its timers may be: \"50us\"", read_timer_slack,
	  .number = EFFECT_TIMER_SLACK },
	{ "trigger", "name, KILL or list", "what is run; KILL kills the process",
	  read_trigger_effect, .number = EFFECT_TRIGGER },
};
_Static_assert(ARRAY_SIZE(effect_keys) == EFFECTS, "every effect has its key");
const struct schema effect_schema = {
	"an effect", effect_keys, ARRAY_SIZE(effect_keys), { { NULL, 0 } }
};

const char *effect_name(enum effect_kind kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(effect_keys); i++)
		if (effect_keys[i].number == (int)kind)
			return effect_keys[i].name;
	return "?";
}

/* A second kill says nothing new: `kill: true` beside `trigger: KILL`. */
static bool is_said(const struct policy_effect *kept, size_t count,
		    const struct policy_effect *effect)
{
	return effect->kind == EFFECT_KILL && count > 0 && kept[count - 1].kind == EFFECT_KILL &&
	       kept[count - 1].signal.scope >= effect->signal.scope;
}

bool keep_effects(struct reader *reader, const struct effect_list *list,
		  struct policy_effect **ret_effects, size_t *ret_count)
{
	struct policy_effect *kept;
	size_t used = 0;

	if (list->count == 0)
		return true;
	kept = arena_alloc(reader->memory, list->count * sizeof(*kept));
	if (!kept)
		return report_oom(reader);
	for (enum effect_kind kind = 0; kind < EFFECTS; kind++) {
		for (size_t i = 0; i < list->count; i++) {
			const struct draft_effect *draft = &list->items[i];

			if (draft->effect.kind != kind || is_said(kept, used, &draft->effect))
				continue;
			kept[used] = draft->effect;
			if (draft->link &&
			    !add_link(reader, (struct link){ .node = draft->link,
							     .effect = &kept[used],
							     .passes = list->kills }))
				return false;
			used++;
		}
	}
	*ret_effects = kept;
	*ret_count = used;
	return true;
}
