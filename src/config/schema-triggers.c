// SPDX-License-Identifier: MIT
/*
 * Triggers. With LOAD_COMPAT_FETTER those that cannot work are told and left out in resolve.c;
 * natively they are errors. fetter gave arguments as they were: a "%" in its files is doubled here.
 */
#include "config/schema.h"

#include "config/accounts.h"
#include "config/paths.h"
#include "config/values.h"
#include "util/fields.h"
#include "util/trigger-program.h"

#include <limits.h>
#include <sys/stat.h>

#define SECOND UINT64_C(1000000000)

enum { QUEUE_USUAL = 64, TIMEOUT_USUAL = 30 };

/* The values of the keys before they are looked at together. */
struct trigger_draft {
	const struct node *args, *cwd, *env, *group, *run, *user;
	struct policy_trigger *trigger;
};

static bool keep(struct reader *reader, const struct schema_key *key, const struct node *value,
		 void *target)
{
	*(const struct node **)((char *)target + key->offset) = value;
	return true;
}

static bool read_count(struct reader *reader, const struct schema_key *key,
		       const struct node *value, void *target)
{
	return read_unsigned(reader, key, value, ((struct trigger_draft *)target)->trigger);
}

static bool read_rate(struct reader *reader, const struct schema_key *key, const struct node *value,
		      void *target)
{
	struct policy_trigger *trigger = ((struct trigger_draft *)target)->trigger;

	return value_rate(reader, key->name, value, &trigger->rate, &trigger->rate_interval_ns) !=
	       VALUE_BAD;
}

static bool read_timeout(struct reader *reader, const struct schema_key *key,
			 const struct node *value, void *target)
{
	const struct number_range range = { .least = SECOND / 1000, .most = 86400 * SECOND };
	struct policy_trigger *trigger = ((struct trigger_draft *)target)->trigger;

	if (value->kind == NODE_SCALAR && streq(tree_text(&reader->tree, value), "none")) {
		trigger->timeout_ns = UINT64_MAX;
		return true;
	}
	return value_duration(reader, key->name, value, &range, &trigger->timeout_ns) != VALUE_BAD;
}

static bool read_stdin(struct reader *reader, const struct schema_key *key,
		       const struct node *value, void *target)
{
	static const char *const words[] = { "nothing", "event" };
	struct policy_trigger *trigger = ((struct trigger_draft *)target)->trigger;
	size_t index = 0;
	enum value result = value_word(reader, key->name, value, words, ARRAY_SIZE(words), &index);

	trigger->event_on_stdin = index == 1;
	return result != VALUE_BAD;
}

#define DRAFT(member)	offsetof(struct trigger_draft, member)
#define TRIGGER(member) offsetof(struct policy_trigger, member)

static const struct schema_key trigger_keys[] = {
	{ "args", "list of texts", "its arguments, with %-fields", keep, DRAFT(args) },
	{ "concurrency", "number", "how many of it may run at once", read_count,
	  TRIGGER(concurrency), 1, 1024 },
	{ "cwd", "folder", "where it runs; default /", keep, DRAFT(cwd) },
	{ "env", "map of texts", "variables that it gets besides", keep, DRAFT(env) },
	{ "group", "name", "the group that it runs in", keep, DRAFT(group) },
	{ "queue", "number", "how many may wait; default 64", read_count, TRIGGER(queue), 0,
	  65536 },
	{ "rate", "rate", "how many may start: \"10/s\", \"100/h\"", read_rate },
	{ "run", "program", "absolute, or found in the system's folders of programs", keep,
	  DRAFT(run) },
	{ "stdin", "nothing or event", "what it reads: the event as JSON", read_stdin },
	{ "timeout", "time or none", "it is ended after that; default 30s", read_timeout },
	{ "user", "name or number", "who it runs as; default nobody", keep, DRAFT(user) },
};
const struct schema trigger_schema = {
	"a trigger", trigger_keys, ARRAY_SIZE(trigger_keys), { { NULL, 0 } }
};

/* Looks a program up where every system has them; the daemon's own PATH is not asked. */
static bool find_program(const char *name, char *to, size_t size)
{
	static const char *const folders[] = { "/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
					       "/usr/bin",	  "/sbin",	    "/bin" };
	struct stat info;

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		if (strchr(name, '/'))
			snprintf(to, size, "%s", name);
		else
			snprintf(to, size, "%s/%s", folders[i], name);
		if (stat(to, &info) == 0 && S_ISREG(info.st_mode) && (info.st_mode & 0111))
			return true;
		if (strchr(name, '/'))
			return false;
	}
	return false;
}

static bool read_run(struct reader *reader, const struct node *key, const struct node *value,
		     struct policy_trigger *trigger)
{
	char program[PATH_MAX];
	const char *text;
	enum value result;

	if (!value)
		return report_quirk(reader, place_of(key), "add run: /path/of/program",
				    "trigger \"%s\" has no program", trigger->name);
	result = value_text(reader, "run", value, &text);
	if (result != VALUE_GOOD)
		return result != VALUE_BAD;
	if (text[0] != '/' && strchr(text, '/'))
		return report_quirk(reader, place_of(value), "write the path from \"/\" on",
				    "\"run\": \"%.80s\" is neither absolute nor a plain name",
				    text);
	if (strlen(text) >= PATH_MAX - 32 || !find_program(text, program, sizeof(program)))
		return report_quirk(reader, place_of(value), NULL,
				    "\"run\": there is no program \"%.80s\"", text);
	trigger->run = arena_string(reader->memory, program);
	return trigger->run || report_oom(reader);
}

/* Who it runs as is known by now: root's programs are root's alone. */
static bool check_run(struct reader *reader, const struct node *value,
		      struct policy_trigger *trigger)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;

	if (!trigger->run || !trigger->user ||
	    trigger_program_check(trigger->run, trigger->uid, &err) == 0)
		return true;
	trigger->run = NULL;
	return report_quirk(reader, place_of(value), NULL, "\"run\": %s", error_text(&err));
}

static char *double_percents(struct reader *reader, const char *text)
{
	_cleanup_(text_done) struct text doubled = { 0 };

	for (; *text; text++)
		text_addf(&doubled, "%s%c", *text == '%' ? "%" : "", *text);
	return doubled.failed ? NULL
			      : arena_string(reader->memory, doubled.data ? doubled.data : "");
}

/* *ret_argument is NULL only when out of memory (told). */
static bool read_argument(struct reader *reader, const struct node *node, const char *text,
			  char **ret_argument)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	bool percent = strchr(text, '%') != NULL;

	*ret_argument = compat(reader) && percent ? double_percents(reader, text)
						  : arena_string(reader->memory, text);
	if (!*ret_argument)
		return report_oom(reader);
	if (compat(reader) || !percent || fields_check(text, NULL, &err) == 0)
		return true;
	return report_error(reader, node, NULL, "\"args\": %s", error_text(&err));
}

static bool read_args(struct reader *reader, const struct node *value,
		      struct policy_trigger *trigger)
{
	bool list = value && value->kind == NODE_LIST, good = true;
	const struct node *entry;
	size_t count = 0;
	char shown[80];

	if (value && !list && !value_is_null(reader, value))
		return report_error(reader, value, "write args: [ one, two ]",
				    "\"args\" must be a list, not %s",
				    value_shown(reader, value, shown, sizeof(shown)));
	trigger->args =
		arena_alloc(reader->memory, ((list ? value->count : 0) + 1) * sizeof(char *));
	if (!trigger->args)
		return report_oom(reader);
	for (node_id at = 0; list && next_entry(reader, value, &at, &entry);) {
		const char *text = "";

		if (entry->kind != NODE_SCALAR)
			good = report_error(reader, entry, NULL,
					    "an argument must be a text, not %s",
					    value_shown(reader, entry, shown, sizeof(shown)));
		else if (value_is_null(reader, entry))
			good &= report_quirk(reader, place_of(entry), "write \"\" for an empty one",
					     "an argument has no value");
		else
			text = tree_text(&reader->tree, entry);
		good &= read_argument(reader, entry, text, &trigger->args[count]);
		if (!trigger->args[count++])
			return false;
	}
	return good;
}

/* The user of that name or number; NULL: there is none, or out of memory (told). */
static struct account *find_user(struct reader *reader, const char *name)
{
	bool number = name[strspn(name, "0123456789")] == '\0';
	struct account *account = NULL;
	int r = accounts_user(&reader->accounts, name, &account);

	if (r == 0 && !account->found && number && strlen(name) < 10)
		r = accounts_user_number(&reader->accounts, name, &account);
	if (r == 0 && account->found)
		r = accounts_groups(&reader->accounts, account);
	if (r < 0)
		report_oom(reader);
	return r == 0 && account->found ? account : NULL;
}

static bool take_account(struct reader *reader, struct policy_trigger *trigger, const char *name,
			 const struct account *account)
{
	size_t size = account->group_count * sizeof(gid_t);

	trigger->user = arena_string(reader->memory, name);
	trigger->home = arena_string(reader->memory, account->home);
	trigger->shell = arena_string(reader->memory, account->shell);
	trigger->groups = arena_alloc(reader->memory, MAX(size, sizeof(gid_t)));
	if (!trigger->user || !trigger->home || !trigger->shell || !trigger->groups)
		return report_oom(reader);
	if (size > 0)
		memcpy(trigger->groups, account->groups, size);
	trigger->group_count = account->group_count;
	trigger->uid = account->uid;
	trigger->gid = account->gid;
	return true;
}

static bool read_user(struct reader *reader, const struct node *key, const struct node *value,
		      struct policy_trigger *trigger)
{
	const char *name = "nobody";
	struct account *account;

	if (value && value_text(reader, "user", value, &name) == VALUE_BAD)
		return false;
	account = find_user(reader, name);
	if (account)
		return take_account(reader, trigger, account->name, account);
	if (reader->out_of_memory)
		return false;
	return report_quirk(reader, place_of(value ? value : key), NULL,
			    "there is no user \"%.80s\" on this host", name);
}

/* ---- the rest ---- */

static bool read_variable(struct reader *reader, const struct node *name, const struct node *value,
			  char **ret_variable)
{
	const char *word = tree_text(&reader->tree, name);
	struct text text;
	char shown[80];

	if (!value_is_variable(word))
		return report_error(reader, name, NULL, "\"%.80s\" is no name of a variable", word);
	if (strncmp(word, "REEVE_", 6) == 0 || strncmp(word, "FETTER_", 7) == 0)
		return report_error(reader, name, "choose another name",
				    "\"%.80s\": variables named so tell of the event", word);
	if (value->kind != NODE_SCALAR)
		return report_error(reader, value, NULL, "\"%.80s\" must be a text, not %s", word,
				    value_shown(reader, value, shown, sizeof(shown)));
	text_init(&text);
	text_addf(&text, "%s=%s", word,
		  value_is_null(reader, value) ? "" : tree_text(&reader->tree, value));
	*ret_variable = text.failed ? NULL : arena_string(reader->memory, text.data);
	text_done(&text);
	return *ret_variable || report_oom(reader);
}

static bool read_env(struct reader *reader, const struct node *map, struct policy_trigger *trigger)
{
	const struct node *name, *value;
	size_t count = 0;
	bool good = true;

	if (!expect_map(reader, "env", map))
		return false;
	trigger->env = arena_alloc(reader->memory, (map->count + 1) * sizeof(char *));
	if (!trigger->env)
		return report_oom(reader);
	for (node_id at = 0; next_pair(reader, map, &at, &name, &value);) {
		bool kept = read_variable(reader, name, value, &trigger->env[count]);

		count += kept;
		good &= kept;
	}
	return good && !reader->too_large;
}

static bool read_cwd(struct reader *reader, const struct node *value,
		     struct policy_trigger *trigger)
{
	const char *text;
	struct stat info;
	enum value result = value_text(reader, "cwd", value, &text);

	if (result != VALUE_GOOD)
		return result != VALUE_BAD;
	if (text[0] != '/')
		return report_error(reader, value, "write the path from \"/\" on",
				    "\"cwd\": \"%.80s\" does not begin with \"/\"", text);
	if (stat(text, &info) < 0 || !S_ISDIR(info.st_mode))
		return report_error(reader, value, NULL, "\"cwd\": there is no folder \"%.80s\"",
				    text);
	trigger->cwd = arena_string(reader->memory, text);
	return trigger->cwd || report_oom(reader);
}

static bool link_group(struct reader *reader, const struct node *value, size_t trigger)
{
	const char *text;
	enum value result = value_text(reader, "group", value, &text);

	if (result != VALUE_GOOD)
		return result != VALUE_BAD;
	return add_link(reader, (struct link){ .node = value, .trigger = (uint32_t)trigger });
}

static bool read_trigger_keys(struct reader *reader, const struct node *key,
			      const struct trigger_draft *draft, size_t index)
{
	struct policy_trigger *trigger = draft->trigger;
	bool good = read_run(reader, key, draft->run, trigger);

	good &= read_args(reader, draft->args, trigger);
	good &= read_user(reader, key, draft->user, trigger);
	good &= !draft->run || check_run(reader, draft->run, trigger);
	good &= !draft->env || read_env(reader, draft->env, trigger);
	good &= !draft->cwd || read_cwd(reader, draft->cwd, trigger);
	good &= !draft->group || link_group(reader, draft->group, index);
	return good;
}

static bool read_trigger(struct reader *reader, const struct node *key, const struct node *body)
{
	struct policy *policy = reader->policy;
	struct policy_trigger *trigger, *triggers;
	struct trigger_draft draft = { 0 };
	size_t old = 0;
	char what[64];
	bool good;
	int r;

	triggers = grow_array(reader, policy->triggers, &reader->trigger_room,
			      policy->trigger_count, sizeof(*triggers));
	if (!triggers)
		return false;
	policy->triggers = triggers;
	trigger = &triggers[policy->trigger_count];
	trigger->name = arena_copy(reader->memory, tree_text(&reader->tree, key), key->count);
	if (!trigger->name)
		return report_oom(reader);
	trigger->at = position_of(key);
	trigger->group = POLICY_NONE;
	trigger->queue = QUEUE_USUAL;
	trigger->timeout_ns = TIMEOUT_USUAL * SECOND;
	draft.trigger = trigger;
	r = put_name(reader, &reader->triggers, trigger->name, policy->trigger_count, &old);
	if (r == 0) {
		snprintf(what, sizeof(what), "trigger \"%.40s\"", trigger->name);
		report_twice(reader, what, key, triggers[old].at);
	}
	if (r <= 0)
		return false;
	/* Even a bad one is kept until the end: rules that name it are not wrong too. */
	policy->trigger_count++;
	good = check_name(reader, "trigger", key);
	if (streq(trigger->name, "KILL"))
		good &= report_quirk(reader, place_of(key), "choose another name",
				     "\"KILL\" in a rule kills, it is no trigger's name");
	if (!expect_map(reader, trigger->name, body))
		return false;
	good &= schema_read(reader, &trigger_schema, body, &draft);
	good &= read_trigger_keys(reader, key, &draft, policy->trigger_count - 1);
	return good;
}

bool read_triggers(struct reader *reader, const struct schema_key *key, const struct node *value,
		   void *target)
{
	const struct node *name, *body;
	bool good = true;

	if (!expect_map(reader, key->name, value))
		return false;
	for (node_id at = 0; next_pair(reader, value, &at, &name, &body);)
		if (layers_pick(reader, LAYERED_TRIGGERS, &name, &body, NULL))
			good &= read_trigger(reader, name, body);
	return good && !reader->too_large;
}
