// SPDX-License-Identifier: MIT
/*
 * Rules and triggers. What a rule names is joined in resolve.c, when all files are read.
 *
 * fetter loaded rules and triggers that could never work and skipped them later: natively these are
 * errors; with LOAD_COMPAT_FETTER they are told and left out.
 */
#include "config/schema.h"

#include "config/paths.h"
#include "config/values.h"
#include "util/text.h"

#include <limits.h>
#include <pwd.h>
#include <sys/stat.h>

enum { PATHS_MAX = 1000000 };

/* The values of a rule's or trigger's keys before they are looked at together. */
struct draft {
	const struct node *values[4];
};

enum { RULE_PATHS, RULE_ACTION, RULE_GROUP, RULE_TRIGGER };
enum { TRIGGER_RUN, TRIGGER_ARGS, TRIGGER_USER };

static bool keep(struct reader *reader, const struct schema_key *key, const struct node *value,
		 void *target)
{
	struct draft *draft = target;

	draft->values[key->number] = value;
	return true;
}

static const struct schema_key rule_keys[] = {
	{ "action", "execute, read or write", "what a process does with the files", keep,
	  .number = RULE_ACTION },
	{ "group", "name", "the group that it is put into", keep, .number = RULE_GROUP },
	{ "paths", "list of paths", "programs or files: exact, a folder, or with * ** ? [...]",
	  keep, .number = RULE_PATHS },
	{ "trigger", "name or KILL", "what is run; KILL kills the process", keep,
	  .number = RULE_TRIGGER },
};
const struct schema rule_schema = { "a rule", rule_keys, ARRAY_SIZE(rule_keys) };

static const struct schema_key trigger_keys[] = {
	{ "args", "list of texts", "its arguments, as they are", keep, .number = TRIGGER_ARGS },
	{ "run", "program", "absolute, or found in the system's folders of programs", keep,
	  .number = TRIGGER_RUN },
	{ "user", "name", "who it runs as; default nobody", keep, .number = TRIGGER_USER },
};
const struct schema trigger_schema = { "a trigger", trigger_keys, ARRAY_SIZE(trigger_keys) };

/* Points at the byte of a scalar that is wrong, where quotes and escapes do not move it. */
static struct place place_inside(const struct reader *reader, const struct node *node,
				 size_t offset)
{
	struct place place = place_of(node);
	const char *text = tree_text(&reader->tree, node);

	if (!node->plain || offset == 0 || place.length < 2)
		return place;
	for (size_t i = 0; i < offset; i++)
		place.column += ((unsigned char)text[i] & 0xc0) != 0x80;
	place.length = 1;
	return place;
}

static bool read_path(struct reader *reader, const struct node *node, struct policy_path *path,
		      bool *ret_used)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	char normal[PATH_MAX];
	const char *text;
	size_t offset;

	*ret_used = false;
	if (value_is_null(reader, node) || (node->kind == NODE_SCALAR && node->count == 0))
		return report_quirk(reader, place_of(node), NULL, "a path is empty");
	if (value_text(reader, "paths", node, &text) != VALUE_GOOD)
		return false;
	if (path_normalise(text, normal, &path->folder, &offset, &err) < 0)
		return report_quirk(reader, place_inside(reader, node, offset),
				    text[0] == '/' ? NULL : "write the path from \"/\" on",
				    "\"%.80s\" is no path for a rule: %s", text, error_text(&err));
	if (streq(normal, "/"))
		report_warning(reader, node, NULL, "this names every file of the machine");
	path->text = arena_string(reader->memory, normal);
	if (!path->text)
		return report_oom(reader);
	path->at = position_of(node);
	*ret_used = true;
	return true;
}

static bool read_paths(struct reader *reader, const struct node *list, struct policy_rule *rule)
{
	const struct node *entry;
	bool good = true;
	char shown[80];

	if (value_is_null(reader, list))
		return report_quirk(reader, place_of(list), NULL, "\"paths\" is empty");
	if (list->kind != NODE_LIST)
		return report_error(reader, list, "write paths: [ /usr/bin/name ]",
				    "\"paths\" must be a list, not %s",
				    value_shown(reader, list, shown, sizeof(shown)));
	if (list->count == 0)
		return report_quirk(reader, place_of(list), NULL, "\"paths\" is empty");
	reader->path_count += list->count;
	if (reader->path_count > PATHS_MAX)
		return report_error(reader, list, NULL, "more than %d paths in all rules",
				    PATHS_MAX);
	rule->paths = arena_alloc(reader->memory, list->count * sizeof(*rule->paths));
	if (!rule->paths)
		return report_oom(reader);
	for (node_id at = 0; next_entry(reader, list, &at, &entry);) {
		bool used;

		good &= read_path(reader, entry, &rule->paths[rule->path_count], &used);
		rule->path_count += used;
	}
	return good && !reader->too_large;
}

/* One of `group` and `trigger`: its node if it names something, NULL if it is as if left out. */
static bool read_link(struct reader *reader, const char *key, const struct node **node)
{
	const char *text;
	enum value result = *node ? value_text(reader, key, *node, &text) : VALUE_DEFAULT;

	if (result != VALUE_GOOD)
		*node = NULL;
	return result != VALUE_BAD;
}

/* VALUE_DEFAULT: none that is known; told. */
static enum value read_action(struct reader *reader, const struct node *key,
			      const struct node *node, struct policy_rule *rule)
{
	static const char *const actions[] = {
		[ACTION_EXECUTE] = "execute", [ACTION_READ] = "read", [ACTION_WRITE] = "write"
	};
	enum value result = VALUE_DEFAULT;
	const char *text;
	char hint[96];

	if (!node)
		return report_quirk(reader, place_of(key), "add action: execute, read or write",
				    "rule \"%s\" has no action", rule->name)
			       ? VALUE_DEFAULT
			       : VALUE_BAD;
	result = value_text(reader, "action", node, &text);
	if (result != VALUE_GOOD)
		return result;
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (streq(text, actions[i])) {
			rule->action = (enum policy_action)i;
			return VALUE_GOOD;
		}
	}
	return report_quirk(reader, place_of(node),
			    guess_hint(reader, text, actions, ARRAY_SIZE(actions), hint,
				       sizeof(hint)),
			    "\"action\" must be execute, read or write, not \"%.60s\"", text)
		       ? VALUE_DEFAULT
		       : VALUE_BAD;
}

/* *ret_usable: nothing that it needs is missing. False: an error was told. */
static bool check_rule(struct reader *reader, const struct node *key, struct draft *draft,
		       struct policy_rule *rule, bool *ret_usable)
{
	bool good = true, links;
	enum value action;

	if (draft->values[RULE_PATHS])
		good &= read_paths(reader, draft->values[RULE_PATHS], rule);
	else
		good &= report_quirk(reader, place_of(key), "add paths: [ /usr/bin/name ]",
				     "rule \"%s\" has no paths", rule->name);
	action = read_action(reader, key, draft->values[RULE_ACTION], rule);
	links = read_link(reader, "group", &draft->values[RULE_GROUP]);
	links &= read_link(reader, "trigger", &draft->values[RULE_TRIGGER]);
	if (links && !draft->values[RULE_GROUP] && !draft->values[RULE_TRIGGER])
		good &= report_quirk(reader, place_of(key),
				     "add group: NAME, trigger: NAME or trigger: KILL",
				     "rule \"%s\" has neither a group nor a trigger", rule->name);
	*ret_usable = rule->path_count > 0 && action == VALUE_GOOD &&
		      (draft->values[RULE_GROUP] || draft->values[RULE_TRIGGER]);
	return good && links && action != VALUE_BAD;
}

/* Room for one more rule and what it links to; NULL when out of memory (told). */
static struct policy_rule *next_rule(struct reader *reader)
{
	struct policy *policy = reader->policy;
	size_t rule_room = reader->rule_room, link_room = reader->rule_room;
	struct rule_links *links =
		grow_array(reader, reader->links, &link_room, policy->rule_count, sizeof(*links));
	struct policy_rule *rules;

	if (!links)
		return NULL;
	reader->links = links;
	rules = grow_array(reader, policy->rules, &rule_room, policy->rule_count, sizeof(*rules));
	if (!rules)
		return NULL;
	policy->rules = rules;
	reader->rule_room = rule_room;
	return &rules[policy->rule_count];
}

static bool read_rule(struct reader *reader, const struct node *key, const struct node *body)
{
	struct policy *policy = reader->policy;
	struct policy_rule *rule = next_rule(reader);
	struct draft draft = { 0 };
	bool good, usable;
	char what[64];
	size_t old;
	int r;

	if (!rule)
		return false;
	rule->name = arena_copy(reader->memory, tree_text(&reader->tree, key), key->count);
	if (!rule->name)
		return report_oom(reader);
	rule->at = position_of(key);
	rule->group = rule->trigger = POLICY_NONE;
	if (!check_name(reader, "rule", key) || !expect_map(reader, rule->name, body) ||
	    !schema_read(reader, &rule_schema, body, &draft))
		return false;
	good = check_rule(reader, key, &draft, rule, &usable);
	/* A wrong one is kept: what it names is looked at too, and the policy is refused anyway. */
	if (good && !usable)
		return true;
	r = put_name(reader, &reader->rules, rule->name, policy->rule_count, &old);
	if (r == 0) {
		snprintf(what, sizeof(what), "rule \"%.40s\"", rule->name);
		report_twice(reader, what, key, policy->rules[old].at);
	}
	if (r <= 0)
		return false;
	reader->links[policy->rule_count] =
		(struct rule_links){ draft.values[RULE_GROUP], draft.values[RULE_TRIGGER] };
	policy->rule_count++;
	return good;
}

bool read_rules(struct reader *reader, const struct schema_key *key, const struct node *value,
		void *target)
{
	const struct node *name, *body;
	bool good = true;

	/* A key without a value is as good as none: fetter wants at least "{}" too. */
	if (!value_is_null(reader, value))
		reader->has_rules = true;
	if (!expect_map(reader, key->name, value))
		return false;
	for (node_id at = 0; next_pair(reader, value, &at, &name, &body);)
		good &= read_rule(reader, name, body);
	return good && !reader->too_large;
}

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
	struct stat info;
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
	if (stat(program, &info) == 0 && (info.st_mode & S_IWOTH))
		report_warning(reader, value, "chmod o-w it", "every user may change \"%.80s\"",
			       program);
	trigger->run = arena_string(reader->memory, program);
	return trigger->run || report_oom(reader);
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
		trigger->args[count] = arena_string(reader->memory, text);
		if (!trigger->args[count++])
			return report_oom(reader);
	}
	return good;
}

/* Finds the user, or what was found last: many triggers have the same. -ENOENT, -ENOMEM. */
static int find_user(struct reader *reader, const char *name)
{
	struct passwd entry, *found = NULL;
	char buffer[16384];
	char *copy, *home;

	if (reader->user && streq(reader->user, name))
		return 0;
	if (getpwnam_r(name, &entry, buffer, sizeof(buffer), &found) != 0 || !found)
		return -ENOENT;
	copy = strdup(name);
	home = strdup(found->pw_dir);
	if (!copy || !home) {
		free(copy);
		free(home);
		return -ENOMEM;
	}
	free(reader->user);
	free(reader->home);
	reader->user = copy;
	reader->home = home;
	reader->uid = found->pw_uid;
	reader->gid = found->pw_gid;
	return 0;
}

static bool read_user(struct reader *reader, const struct node *key, const struct node *value,
		      struct policy_trigger *trigger)
{
	const char *name = "nobody";
	const struct node *place = value ? value : key;
	bool number;
	int r;

	if (value && value_text(reader, "user", value, &name) == VALUE_BAD)
		return false;
	r = find_user(reader, name);
	if (r == -ENOMEM)
		return report_oom(reader);
	number = name[strspn(name, "0123456789")] == '\0';
	if (r < 0)
		return report_quirk(reader, place_of(place),
				    number ? "write the user's name, not its number" : NULL,
				    "there is no user \"%.80s\" on this host", name);
	trigger->user = arena_string(reader->memory, name);
	trigger->home = arena_string(reader->memory, reader->home);
	trigger->uid = reader->uid;
	trigger->gid = reader->gid;
	return (trigger->user && trigger->home) || report_oom(reader);
}

static bool read_trigger(struct reader *reader, const struct node *key, const struct node *body)
{
	struct policy *policy = reader->policy;
	struct policy_trigger *trigger, *triggers;
	struct draft draft = { 0 };
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
	if (!expect_map(reader, trigger->name, body) ||
	    !schema_read(reader, &trigger_schema, body, &draft))
		return false;
	good &= read_run(reader, key, draft.values[TRIGGER_RUN], trigger);
	good &= read_args(reader, draft.values[TRIGGER_ARGS], trigger);
	good &= read_user(reader, key, draft.values[TRIGGER_USER], trigger);
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
		good &= read_trigger(reader, name, body);
	return good && !reader->too_large;
}
