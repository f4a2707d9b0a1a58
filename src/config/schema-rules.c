// SPDX-License-Identifier: MIT
/*
 * Rules: a map of them by name, or a list. A rule's keys are kept as they come and looked at
 * together at its end, since what `paths` and `exe` mean depends on what the rule is about. What it
 * names is joined in resolve.c, when all files are read.
 *
 * fetter loaded rules that could never work and skipped them later: natively these are errors; with
 * LOAD_COMPAT_FETTER they are told and left out.
 */
#include "config/rule.h"

#include "config/paths.h"
#include "config/values.h"

#include <limits.h>

enum { PATHS_MAX = 1000000 };

const char *const occasion_names[OCCASIONS] = {
	[ON_EXECUTE] = "execute",     [ON_READ] = "read",     [ON_WRITE] = "write",
	[ON_OPEN] = "open",	      [ON_FORK] = "fork",     [ON_EXIT] = "exit",
	[ON_SETUID] = "setuid",	      [ON_SETGID] = "setgid", [ON_OOM] = "oom",
	[ON_LIMIT_HIT] = "limit-hit",
};

/* ---- keys ---- */

/* Keeps the node where `offset` says. */
static bool keep(struct reader *reader, const struct schema_key *key, const struct node *value,
		 void *target)
{
	*(const struct node **)((char *)target + key->offset) = value;
	return true;
}

static bool read_rule_flag(struct reader *reader, const struct schema_key *key,
			   const struct node *value, void *target)
{
	struct rule_draft *draft = target;

	return value_bool(reader, key->name, value, (bool *)((char *)draft->rule + key->offset)) !=
	       VALUE_BAD;
}

/* It is the list that gives a name its place; see read_listed_rule(). */
static bool read_rule_name(struct reader *reader, const struct schema_key *key,
			   const struct node *value, void *target)
{
	struct rule_draft *draft = target;

	if (draft->listed)
		return true;
	return report_quirk(reader, place_of(value), "rules of a list have it",
			    "this rule has its name already");
}

#define DRAFT(member) offsetof(struct rule_draft, member)
#define RULE(member)  offsetof(struct policy_rule, member)

static const struct schema_key rule_keys[] = {
	{ "action", "word or list", "execute, read, write, open, fork, exit, setuid, ...", keep,
	  DRAFT(action) },
	{ "deadline", "map", "what becomes of a decision that takes too long", keep,
	  DRAFT(deadline) },
	{ "dry_run", "true or false", "decided and recorded, not done", read_rule_flag,
	  RULE(dry_run) },
	{ "exe", "path or list", "the process's program; of an execution what is executed", keep,
	  DRAFT(exe) },
	{ "force", "true or false", "also for pid 1, kernel threads and reeve itself",
	  read_rule_flag, RULE(force) },
	{ "name", "name", "of a rule in a list", read_rule_name },
	{ "on", "word or list", "the same as action", keep, DRAFT(on) },
	{ "paths", "list of paths", "programs or files: exact, a folder, or with * ** ? [...]",
	  keep, DRAFT(paths) },
	{ "rate", "map", "what is done with too many", keep, DRAFT(rate) },
	{ "scope", "word", "whom kill, signal, freeze and thaw go to: process, tree or group", keep,
	  DRAFT(scope) },
	{ "stop", "true or false", "no later rule is tried where this one matches", read_rule_flag,
	  RULE(stop) },
	{ "yields", "true or false", "who is where a rule that does not yield places stays there",
	  read_rule_flag, RULE(yields) },
};
const struct schema rule_schema = {
	"a rule",
	rule_keys,
	ARRAY_SIZE(rule_keys),
	{ { &condition_schema, DRAFT(conditions) }, { &effect_schema, DRAFT(effects) } },
};

/* ---- paths ---- */

bool read_path(struct reader *reader, const char *name, const struct node *node,
	       struct policy_path *path, bool *ret_used)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	char normal[PATH_MAX];
	const char *text;
	size_t offset;

	*ret_used = false;
	if (value_is_null(reader, node) || (node->kind == NODE_SCALAR && node->count == 0))
		return report_quirk(reader, place_of(node), NULL, "a path is empty");
	if (value_text(reader, name, node, &text) != VALUE_GOOD)
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

static bool add_path(struct reader *reader, const char *name, const struct node *node,
		     struct policy_rule *rule)
{
	bool used, good = read_path(reader, name, node, &rule->paths[rule->path_count], &used);

	rule->path_count += used;
	return good;
}

/* A list, or of `exe` one. */
static bool read_paths(struct reader *reader, const char *name, const struct node *value,
		       struct policy_rule *rule)
{
	bool list = value->kind == NODE_LIST, good = true;
	size_t count = list ? value->count : 1;
	const struct node *entry;

	reader->path_count += count;
	if (reader->path_count > PATHS_MAX)
		return report_error(reader, value, NULL, "more than %d paths in all rules",
				    PATHS_MAX);
	rule->paths = arena_alloc(reader->memory, count * sizeof(*rule->paths));
	if (!rule->paths)
		return report_oom(reader);
	if (!list)
		return add_path(reader, name, value, rule);
	for (node_id at = 0; next_entry(reader, value, &at, &entry);)
		good &= add_path(reader, name, entry, rule);
	return good && !reader->too_large;
}

static bool is_empty_list(const struct reader *reader, const struct node *list)
{
	return value_is_null(reader, list) || (list->kind == NODE_LIST && list->count == 0);
}

static bool check_paths_list(struct reader *reader, const struct node *list)
{
	char shown[80];

	if (is_empty_list(reader, list))
		return report_quirk(reader, place_of(list), NULL, "\"paths\" is empty");
	if (list->kind != NODE_LIST)
		return report_error(reader, list, "write paths: [ /usr/bin/name ]",
				    "\"paths\" must be a list, not %s",
				    value_shown(reader, list, shown, sizeof(shown)));
	return true;
}

/* Whether some entry of `exe` can be no path of a rule's. */
static bool has_regex(const struct reader *reader, const struct node *value)
{
	node_id id = value->kind == NODE_LIST ? value->first : 0;
	const struct node *entry = value->kind == NODE_LIST ? tree_node(&reader->tree, id) : value;

	while (entry) {
		if (entry->kind == NODE_SCALAR &&
		    strncmp(tree_text(&reader->tree, entry), "re:", 3) == 0)
			return true;
		id = id ? tree_raw(&reader->tree, id)->next : 0;
		entry = tree_node(&reader->tree, id);
	}
	return false;
}

/*
 * Of files `paths` is what is opened and `exe` who opens it; of an execution both are what is
 * executed, and of all else both are the process's program: a condition, as its program is of
 * every process, however long it has been there.
 */
static bool read_programs(struct reader *reader, struct rule_draft *draft)
{
	const struct node *paths = draft->paths, *exe = draft->exe;
	struct policy_rule *rule = draft->rule;
	uint32_t files = rule->on & OCCASIONS_OF_FILES;
	uint32_t others = rule->on & ~(OCCASIONS_OF_FILES | OCCASION_BIT(ON_EXECUTE));
	bool good = true;

	if (paths && !check_paths_list(reader, paths))
		return false;
	if (paths && is_empty_list(reader, paths))
		return true; /* fetter let it pass, and left the rule out */
	if (paths && files && others)
		return report_error(reader, paths, "make two rules of it",
				    "\"paths\" would be files for one occasion, and programs for "
				    "another");
	if (!paths && !files && !others && exe && !has_regex(reader, exe))
		return read_paths(reader, "exe", exe, rule);
	if (paths && others)
		good = read_exe(reader, paths, &draft->conditions);
	else if (paths)
		good = read_paths(reader, "paths", paths, rule);
	good &= !exe || read_exe(reader, exe, &draft->conditions);
	return good;
}

/* ---- occasions ---- */

/* VALUE_DEFAULT: none that is known; told. */
static enum value read_occasion(struct reader *reader, const char *key, const struct node *node,
				struct policy_rule *rule)
{
	const char *text, *words = "execute, read, write, open, fork, exit, setuid, setgid, oom or "
				   "limit-hit";
	enum value result = value_text(reader, key, node, &text);
	char hint[96];

	if (result != VALUE_GOOD)
		return result;
	for (size_t i = 0; i < OCCASIONS; i++) {
		if (streq(text, occasion_names[i])) {
			rule->on |= OCCASION_BIT(i);
			return VALUE_GOOD;
		}
	}
	return report_quirk(reader, place_of(node),
			    guess_hint(reader, text, occasion_names, OCCASIONS, hint, sizeof(hint)),
			    "\"%s\" must be %s, not \"%.60s\"", key, words, text)
		       ? VALUE_DEFAULT
		       : VALUE_BAD;
}

static enum value read_occasions(struct reader *reader, const char *key, const struct node *node,
				 struct policy_rule *rule)
{
	enum value worst = VALUE_GOOD;
	const struct node *entry;

	/* An alias that very many rules share. */
	if (node == reader->occasions_node) {
		rule->on = reader->occasions;
		return VALUE_GOOD;
	}
	if (node->kind != NODE_LIST)
		return read_occasion(reader, key, node, rule);
	if (node->count == 0) {
		report_error(reader, node, NULL, "\"%s\" is an empty list", key);
		return VALUE_BAD;
	}
	for (node_id at = 0; next_entry(reader, node, &at, &entry);) {
		enum value result = read_occasion(reader, key, entry, rule);

		if (result != VALUE_GOOD && worst != VALUE_BAD)
			worst = result;
	}
	if (worst == VALUE_GOOD) {
		reader->occasions_node = node;
		reader->occasions = rule->on;
	}
	return worst;
}

static enum value read_on(struct reader *reader, const struct rule_draft *draft)
{
	if (draft->action && draft->on) {
		report_error(reader, draft->on, "take one of them out",
			     "\"on\" and \"action\" are the same");
		return VALUE_BAD;
	}
	if (draft->action)
		return read_occasions(reader, "action", draft->action, draft->rule);
	if (draft->on)
		return read_occasions(reader, "on", draft->on, draft->rule);
	return report_quirk(reader, place_of(draft->key), "add action: execute, read or write",
			    "rule \"%s\" has no action", draft->rule->name)
		       ? VALUE_DEFAULT
		       : VALUE_BAD;
}

/* ---- together ---- */

/* Whether what the rule is about has to be narrowed by paths, and is not. */
static bool lacks_paths(const struct rule_draft *draft)
{
	const struct policy_rule *rule = draft->rule;

	if (rule->path_count > 0 || (rule->on == 0 && (draft->on || draft->action)))
		return false;
	if (rule->on & OCCASIONS_OF_FILES)
		return true;
	return (rule->on == 0 || rule->on & OCCASION_BIT(ON_EXECUTE)) &&
	       draft->conditions.count == 0 && !draft->rate;
}

static bool does_nothing(const struct rule_draft *draft)
{
	return draft->effects.count == 0 && !draft->rate && !draft->rule->stop;
}

/* *ret_usable: nothing that it needs is missing. False: an error was told. */
static bool check_rule(struct reader *reader, struct rule_draft *draft, bool *ret_usable)
{
	struct policy_rule *rule = draft->rule;
	enum value on = read_on(reader, draft);
	bool programs = read_programs(reader, draft), good = on != VALUE_BAD && programs;

	if (programs && !draft->broken && !draft->paths && lacks_paths(draft))
		good &= report_quirk(reader, place_of(draft->key), "add paths: [ /usr/bin/name ]",
				     "rule \"%s\" has no paths", rule->name);
	if (draft->rate)
		good &= read_rate(reader, draft->rate, draft);
	if (draft->deadline)
		good &= read_deadline(reader, draft->deadline, draft);
	if (!draft->broken && does_nothing(draft))
		good &= report_quirk(reader, place_of(draft->key),
				     "add group: NAME, trigger: NAME, deny: true or kill: true",
				     "rule \"%s\" does nothing", rule->name);
	if (good && on == VALUE_GOOD)
		good = check_effects(reader, draft);
	*ret_usable = on == VALUE_GOOD && !lacks_paths(draft) && !does_nothing(draft);
	return good;
}

/* Room for one more; NULL when out of memory (told). */
static struct policy_rule *next_rule(struct reader *reader)
{
	struct policy *policy = reader->policy;
	struct policy_rule *rules = grow_array(reader, policy->rules, &reader->rule_room,
					       policy->rule_count, sizeof(*rules));

	if (!rules)
		return NULL;
	policy->rules = rules;
	return &rules[policy->rule_count];
}

static bool keep_rule(struct reader *reader, const struct rule_draft *draft)
{
	struct policy *policy = reader->policy;
	struct policy_rule *rule = draft->rule;
	char what[64];
	size_t old;
	int r = put_name(reader, &reader->rules, rule->name, policy->rule_count, &old);

	if (r == 0) {
		snprintf(what, sizeof(what), "rule \"%.40s\"", rule->name);
		report_twice(reader, what, draft->key, policy->rules[old].at);
	}
	if (r <= 0)
		return false;
	policy->rule_count++;
	return keep_conditions(reader, &draft->conditions, &rule->conditions,
			       &rule->condition_count) &&
	       keep_effects(reader, &draft->effects, &rule->effects, &rule->effect_count) &&
	       keep_effects(reader, &draft->then, &rule->rate.then, &rule->rate.then_count);
}

static bool read_rule(struct reader *reader, const struct node *key, const struct node *body,
		      bool listed)
{
	_cleanup_(freep) struct rule_draft *draft = malloc(sizeof(*draft));
	struct policy_rule *rule = next_rule(reader);
	bool good, usable;

	if (!rule || !draft)
		return report_oom(reader);
	memset(draft, 0, offsetof(struct rule_draft, conditions));
	draft->rule = rule;
	draft->key = key;
	draft->listed = listed;
	rule->name = arena_copy(reader->memory, tree_text(&reader->tree, key), key->count);
	if (!rule->name)
		return report_oom(reader);
	conditions_init(&draft->conditions, rule->name, 0);
	effects_init(&draft->effects, rule->name);
	effects_init(&draft->then, NULL);
	rule->at = position_of(key);
	if (!check_name(reader, "rule", key) || !expect_map(reader, rule->name, body))
		return false;
	draft->broken = !schema_read(reader, &rule_schema, body, draft);
	good = check_rule(reader, draft, &usable) && !draft->broken;
	/* A wrong one is kept: what it names is looked at too, and the policy is refused anyway. */
	if (good && !usable)
		return true;
	return keep_rule(reader, draft) && good;
}

const struct node *listed_name(struct reader *reader, const struct node *body)
{
	const struct node *name, *value;

	for (node_id at = 0; body->kind == NODE_MAP && next_pair(reader, body, &at, &name, &value);)
		if (name->kind == NODE_SCALAR && streq(tree_text(&reader->tree, name), "name"))
			return value;
	return NULL;
}

/* The same; NULL: told. */
static const struct node *name_of_listed(struct reader *reader, const struct node *body)
{
	const struct node *value;
	char shown[80];

	if (body->kind != NODE_MAP) {
		report_error(reader, body, "write - name: NAME", "a rule must be a map, not %s",
			     value_shown(reader, body, shown, sizeof(shown)));
		return NULL;
	}
	value = listed_name(reader, body);
	if (value) {
		if (value->kind == NODE_SCALAR && !value_is_null(reader, value))
			return value;
		report_error(reader, value, NULL, "\"name\" must be a text, not %s",
			     value_shown(reader, value, shown, sizeof(shown)));
		return NULL;
	}
	if (!reader->too_large)
		report_error(reader, body, "add name: NAME", "this rule has no name");
	return NULL;
}

static bool read_listed_rules(struct reader *reader, const struct node *list)
{
	const struct node *body;
	bool good = true;

	for (node_id at = 0; next_entry(reader, list, &at, &body);) {
		const struct node *name = name_of_listed(reader, body);
		bool listed = true;

		if (!name)
			good = false;
		else if (layers_pick(reader, LAYERED_RULES, &name, &body, &listed))
			good &= read_rule(reader, name, body, listed);
	}
	return good && !reader->too_large;
}

bool read_rules(struct reader *reader, const struct schema_key *key, const struct node *value,
		void *target)
{
	const struct node *name, *body;
	bool good = true;

	/* A key without a value is as good as none: fetter wants at least "{}" too. */
	if (!value_is_null(reader, value))
		reader->has_rules = true;
	/* fetter has no lists. */
	if (value->kind == NODE_LIST && !compat(reader))
		return read_listed_rules(reader, value);
	if (!expect_map(reader, key->name, value))
		return false;
	for (node_id at = 0; next_pair(reader, value, &at, &name, &body);) {
		bool listed = false;

		if (layers_pick(reader, LAYERED_RULES, &name, &body, &listed))
			good &= read_rule(reader, name, body, listed);
	}
	return good && !reader->too_large;
}
