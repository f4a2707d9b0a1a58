// SPDX-License-Identifier: MIT
/*
 * `tests:` of a policy: a process, an occasion, and what the rules must say. Read here; run by
 * those who have compiled the rules.
 */
#include "config/rule.h"

#include "config/paths.h"
#include "config/values.h"

#include <ctype.h>
#include <limits.h>
#include <time.h>

enum { GIVEN_MOST = 64 };

struct test_draft {
	struct policy_test *test;
	const struct node *on, *path, *expect;
	struct {
		enum condition_kind kind;
		const char *text;
	} given[GIVEN_MOST];
	size_t given_count;
};

static bool keep(struct reader *reader, const struct schema_key *key, const struct node *value,
		 void *target)
{
	*(const struct node **)((char *)target + key->offset) = value;
	return true;
}

static bool keep_text(struct reader *reader, const char *text, char **ret_text)
{
	*ret_text = arena_string(reader->memory, text);
	return *ret_text || report_oom(reader);
}

static bool read_test_name(struct reader *reader, const struct schema_key *key,
			   const struct node *value, void *target)
{
	struct test_draft *draft = target;
	const char *text;

	return value_text(reader, key->name, value, &text) == VALUE_GOOD &&
	       keep_text(reader, text, &draft->test->name);
}

/* A list of texts that ends with NULL. */
static bool read_texts(struct reader *reader, const char *name, const struct node *value,
		       char ***ret_texts)
{
	const struct node *entry;
	size_t count = 0;
	char **texts, shown[80];

	if (value->kind != NODE_LIST)
		return report_error(reader, value, NULL, "\"%s\" must be a list, not %s", name,
				    value_shown(reader, value, shown, sizeof(shown)));
	texts = arena_alloc(reader->memory, (value->count + 1) * sizeof(*texts));
	if (!texts)
		return report_oom(reader);
	for (node_id at = 0; next_entry(reader, value, &at, &entry);) {
		if (entry->kind != NODE_SCALAR)
			return report_error(reader, entry, NULL,
					    "\"%s\" must be a list of texts, without %s", name,
					    value_shown(reader, entry, shown, sizeof(shown)));
		if (!keep_text(reader, tree_text(&reader->tree, entry), &texts[count++]))
			return false;
	}
	*ret_texts = texts;
	return !reader->too_large;
}

static bool read_test_args(struct reader *reader, const struct schema_key *key,
			   const struct node *value, void *target)
{
	struct test_draft *draft = target;

	return read_texts(reader, key->name, value, &draft->test->args);
}

/* ---- the time ---- */

/* "sat 22:30" as a day of one week that is the same for ever; its Sunday is 2026-01-04. */
static bool parse_weekday(const char *text, struct tm *ret_time)
{
	static const char *const days[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat" };
	int hour, minute, used = 0;
	char day[4] = "";

	if (sscanf(text, "%3[a-z] %2d:%2d%n", day, &hour, &minute, &used) != 3 ||
	    text[used] != '\0' || hour > 23 || minute > 59 || hour < 0 || minute < 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(days); i++) {
		if (!streq(day, days[i]))
			continue;
		*ret_time = (struct tm){ .tm_year = 126,
					 .tm_mon = 0,
					 .tm_mday = 4 + (int)i,
					 .tm_hour = hour,
					 .tm_min = minute,
					 .tm_isdst = -1 };
		return true;
	}
	return false;
}

static bool read_test_time(struct reader *reader, const struct schema_key *key,
			   const struct node *value, void *target)
{
	struct test_draft *draft = target;
	struct tm local = { .tm_isdst = -1 };
	const char *text, *end;
	time_t time;

	if (value_text(reader, key->name, value, &text) != VALUE_GOOD)
		return false;
	end = strptime(text, "%Y-%m-%d %H:%M", &local);
	if ((!end || *end) && !parse_weekday(text, &local))
		return report_error(reader, value, "write \"2026-03-31 22:30\" or \"sat 22:30\"",
				    "\"time\": \"%.60s\" is no time", text);
	local.tm_isdst = -1;
	time = mktime(&local);
	if (time <= 0)
		return report_error(reader, value, NULL, "\"time\": %.60s is out of range", text);
	draft->test->time = (uint64_t)time;
	return true;
}

/* ---- what is given ---- */

static bool add_given(struct reader *reader, const struct schema_key *key, const struct node *value,
		      struct test_draft *draft)
{
	const char *text;

	if (value_text(reader, key->name, value, &text) != VALUE_GOOD)
		return false;
	if (draft->given_count == GIVEN_MOST)
		return report_error(reader, value, NULL, "more than %d things are given",
				    GIVEN_MOST);
	draft->given[draft->given_count].kind = (enum condition_kind)key->number;
	draft->given[draft->given_count++].text = text;
	return true;
}

/* One, or of what a process has several of a list. */
static bool read_given(struct reader *reader, const struct schema_key *key,
		       const struct node *value, void *target)
{
	const struct node *entry;
	bool good = true;

	if (value->kind != NODE_LIST)
		return add_given(reader, key, value, target);
	if (key->least == 0)
		return report_error(reader, value, NULL, "\"%s\": a process has one", key->name);
	for (node_id at = 0; next_entry(reader, value, &at, &entry);)
		good &= add_given(reader, key, entry, target);
	return good && !reader->too_large;
}

static bool read_given_flag(struct reader *reader, const struct schema_key *key,
			    const struct node *value, void *target)
{
	struct test_draft *draft = target;
	bool yes = false;

	if (value_bool(reader, key->name, value, &yes) != VALUE_GOOD ||
	    !add_given(reader, key, value, draft))
		return false;
	draft->given[draft->given_count - 1].text = yes ? "true" : "false";
	return true;
}

#define DRAFT(member) offsetof(struct test_draft, member)
#define GIVEN(kind)   .number = CONDITION_##kind

/* `least` 1: a process may have several. */
static const struct schema_key test_keys[] = {
	{ "action", "word", "the same as on", keep, DRAFT(on) },
	{ "ancestor", "list of programs", "those above its parent", read_given, .least = 1,
	  GIVEN(ANCESTOR) },
	{ "args", "list of texts", "its arguments, from the program's name on", read_test_args },
	{ "cgroup", "path", "its cgroup", read_given, .least = 1, GIVEN(CGROUP) },
	{ "comm", "name", "its name", read_given, GIVEN(COMM) },
	{ "container", "word", "host, or runtime:id", read_given, .least = 1, GIVEN(CONTAINER) },
	{ "cwd", "path", "its working folder", read_given, GIVEN(CWD) },
	{ "deleted", "true or false", "its program is no longer there", read_given_flag,
	  GIVEN(DELETED) },
	{ "euid", "user", "its effective user", read_given, GIVEN(EUID) },
	{ "exe", "path", "its program", read_given, GIVEN(EXE) },
	{ "expect", "map", "what the rules must say", keep, DRAFT(expect) },
	{ "group_in", "name", "the group that it is in", read_given, GIVEN(GROUP_IN) },
	{ "interpreter", "path", "what runs the script", read_given, GIVEN(INTERPRETER) },
	{ "loginuid", "user", "who logged in", read_given, GIVEN(LOGINUID) },
	{ "member_of", "group", "its effective group", read_given, GIVEN(MEMBER_OF) },
	{ "memfd", "true or false", "its program is in no file system", read_given_flag,
	  GIVEN(MEMFD) },
	{ "name", "text", "what is tested", read_test_name },
	{ "namespace", "word or list", "net:other, ...", read_given, .least = 1, GIVEN(NAMESPACE) },
	{ "on", "word", "the occasion; default execute", keep, DRAFT(on) },
	{ "parent", "program", "its parent's program", read_given, GIVEN(PARENT) },
	{ "path", "path", "what is executed or opened", keep, DRAFT(path) },
	{ "realtime", "true or false", "it runs by a real-time policy", read_given_flag,
	  GIVEN(REALTIME) },
	{ "script", "path", "the script", read_given, GIVEN(SCRIPT) },
	{ "setuid_program", "true or false", "its program changes who it is", read_given_flag,
	  GIVEN(SETUID_PROGRAM) },
	{ "time", "time", "\"2026-03-31 22:30\" or \"sat 22:30\"; default now", read_test_time },
	{ "tty", "name", "its terminal", read_given, GIVEN(TTY) },
	{ "uid", "number", "its real user", read_given, GIVEN(UID) },
	{ "unix_group", "group or list", "groups of its user", read_given, .least = 1,
	  GIVEN(UNIX_GROUP) },
	{ "user", "user", "its real user", read_given, GIVEN(USER) },
};
const struct schema test_schema = { "a test", test_keys, ARRAY_SIZE(test_keys), { { NULL, 0 } } };

/* ---- what is expected ---- */

static bool read_expected_group(struct reader *reader, const struct schema_key *key,
				const struct node *value, void *target)
{
	struct policy_test *test = target;
	const char *text;

	/* "none" in words, since an empty text would be told as a mistake elsewhere. */
	if (value->kind == NODE_SCALAR &&
	    (value->count == 0 || streq(tree_text(&reader->tree, value), "none")))
		return keep_text(reader, "", &test->group);
	return value_text(reader, key->name, value, &text) == VALUE_GOOD &&
	       keep_text(reader, text, &test->group);
}

static bool read_expected_rules(struct reader *reader, const struct schema_key *key,
				const struct node *value, void *target)
{
	struct policy_test *test = target;

	return read_texts(reader, key->name, value, &test->rules);
}

static bool read_expected_flag(struct reader *reader, const struct schema_key *key,
			       const struct node *value, void *target)
{
	bool yes = false;

	if (value_bool(reader, key->name, value, &yes) != VALUE_GOOD)
		return false;
	*(int8_t *)((char *)target + key->offset) = yes;
	return true;
}

static const struct schema_key expect_keys[] = {
	{ "deny", "true or false", "it is denied", read_expected_flag,
	  offsetof(struct policy_test, deny) },
	{ "group", "name or none", "the group that it is put into", read_expected_group },
	{ "kill", "true or false", "it is killed", read_expected_flag,
	  offsetof(struct policy_test, kill) },
	{ "rules", "list of names", "exactly these match", read_expected_rules },
};
const struct schema expect_schema = {
	"\"expect\"", expect_keys, ARRAY_SIZE(expect_keys), { { NULL, 0 } }
};

/* ---- together ---- */

static bool read_test_occasion(struct reader *reader, const struct node *value,
			       struct policy_test *test)
{
	size_t index = 0;

	if (value_word(reader, "on", value, occasion_names, OCCASIONS, &index) != VALUE_GOOD)
		return false;
	test->on = (enum occasion)index;
	return true;
}

/* The file: `path`, or of an execution `exe`. */
static bool read_test_path(struct reader *reader, struct test_draft *draft, const struct node *at)
{
	struct policy_test *test = draft->test;
	bool file = OCCASION_BIT(test->on) & (OCCASIONS_OF_FILES | OCCASION_BIT(ON_EXECUTE));
	struct policy_path path = { 0 };
	bool used = false;

	if (draft->path) {
		if (!file)
			return report_error(reader, draft->path, "use \"exe\"",
					    "\"path\" on %s: no file is opened",
					    occasion_names[test->on]);
		if (!read_path(reader, "path", draft->path, &path, &used))
			return false;
		test->path = path.text;
		return true;
	}
	for (size_t i = 0; i < draft->given_count && test->on == ON_EXECUTE; i++)
		if (draft->given[i].kind == CONDITION_EXE)
			return keep_text(reader, draft->given[i].text, &test->path);
	return !file ||
	       report_error(reader, at, "add path: /usr/bin/name", "this test says not which file");
}

static bool keep_given(struct reader *reader, struct test_draft *draft)
{
	struct policy_test *test = draft->test;

	test->given = arena_alloc(reader->memory,
				  MAX(draft->given_count, (size_t)1) * sizeof(*test->given));
	if (!test->given)
		return report_oom(reader);
	for (size_t i = 0; i < draft->given_count; i++) {
		test->given[i].kind = draft->given[i].kind;
		if (!keep_text(reader, draft->given[i].text, &test->given[i].text))
			return false;
	}
	test->given_count = draft->given_count;
	return true;
}

static bool read_test(struct reader *reader, const struct node *map)
{
	_cleanup_(freep) struct test_draft *draft = calloc(1, sizeof(*draft));
	struct policy *policy = reader->policy;
	struct policy_test *test, *tests;
	char shown[80];

	if (map->kind != NODE_MAP)
		return report_error(reader, map, NULL, "a test must be a map, not %s",
				    value_shown(reader, map, shown, sizeof(shown)));
	tests = grow_array(reader, policy->tests, &reader->test_room, policy->test_count,
			   sizeof(*tests));
	if (!tests || !draft)
		return report_oom(reader);
	policy->tests = tests;
	draft->test = test = &tests[policy->test_count++];
	*test = (struct policy_test){
		.on = ON_EXECUTE, .kill = -1, .deny = -1, .at = position_of(map)
	};
	if (!schema_read(reader, &test_schema, map, draft) ||
	    (draft->on && !read_test_occasion(reader, draft->on, test)))
		return false;
	if (!test->name && !keep_text(reader, "", &test->name))
		return false;
	if (!draft->expect)
		return report_error(reader, map, "add expect: { group: NAME }",
				    "this test expects nothing");
	return expect_map(reader, "expect", draft->expect) &&
	       schema_read(reader, &expect_schema, draft->expect, test) &&
	       read_test_path(reader, draft, map) && keep_given(reader, draft);
}

bool read_tests(struct reader *reader, const struct schema_key *key, const struct node *value,
		void *target)
{
	const struct node *entry;
	bool good = true;
	char shown[80];

	if (value_is_null(reader, value))
		return true;
	if (value->kind != NODE_LIST)
		return report_error(reader, value, "write - name: WHAT",
				    "\"tests\" must be a list, not %s",
				    value_shown(reader, value, shown, sizeof(shown)));
	for (node_id at = 0; next_entry(reader, value, &at, &entry);)
		good &= read_test(reader, entry);
	return good && !reader->too_large;
}
