// SPDX-License-Identifier: MIT
/*
 * A table says for each kind of condition which part of the facts it needs, and which function
 * compares. What a word means depends on what it is compared with: a program is named by its path
 * or by the last part of it, a control group stands for all below it, and only in a path does `*`
 * end at a slash.
 */
#include "rules/condition.h"

#include "config/window.h"
#include "rules/glob.h"
#include "util/civil.h"

#include <sys/sysmacros.h>

typedef enum holds (*test_fn)(const struct condition *condition, struct facts *facts);

static enum holds yes_if(bool holds)
{
	return holds ? HOLDS_YES : HOLDS_NO;
}

/* ---- numbers ---- */

static bool number_is(const struct condition *condition, uint64_t number)
{
	const struct policy_condition *from = condition->from;

	for (size_t i = 0; i < from->word_count; i++) {
		const struct policy_word *word = &from->words[i];

		if (word->form == WORD_NUMBER && !word->unknown && number >= word->least &&
		    number <= word->most)
			return true;
	}
	return false;
}

static enum holds test_uid(const struct condition *condition, struct facts *facts)
{
	return yes_if(number_is(condition, facts->uid));
}

static enum holds test_euid(const struct condition *condition, struct facts *facts)
{
	return yes_if(number_is(condition, facts->euid));
}

static enum holds test_loginuid(const struct condition *condition, struct facts *facts)
{
	const struct policy_condition *from = condition->from;

	if (facts->loginuid != UINT32_MAX)
		return yes_if(number_is(condition, facts->loginuid));
	for (size_t i = 0; i < from->word_count; i++)
		if (streq(from->words[i].text, "unset"))
			return HOLDS_YES;
	return HOLDS_NO;
}

static enum holds test_unix_group(const struct condition *condition, struct facts *facts)
{
	bool ids = facts_know(facts, FACT_IDS);

	if (ids && (number_is(condition, facts->gid) || number_is(condition, facts->egid)))
		return HOLDS_YES;
	if (!facts_know(facts, FACT_GROUPS))
		return HOLDS_UNKNOWN;
	for (size_t i = 0; i < facts->gid_count; i++)
		if (number_is(condition, facts->gids[i]))
			return HOLDS_YES;
	return ids ? HOLDS_NO : HOLDS_UNKNOWN;
}

/* Those who are listed are so by their effective user, as libcgroup has it. */
static enum holds test_member_of(const struct condition *condition, struct facts *facts)
{
	const struct policy_condition *from = condition->from;

	for (size_t i = 0; i < from->word_count; i++) {
		const struct policy_word *word = &from->words[i];
		uint64_t number = word->member ? facts->euid : facts->egid;

		if (!word->unknown && number >= word->least && number <= word->most)
			return HOLDS_YES;
	}
	return HOLDS_NO;
}

/* ---- texts ---- */

/* Below that folder; "/" is written with its slash. */
static bool is_below(struct slice path, struct slice folder)
{
	if (folder.size == 1 && folder.data[0] == '/')
		folder.size = 0;
	return path.size > folder.size && path.data[folder.size] == '/' &&
	       (folder.size == 0 || memcmp(path.data, folder.data, folder.size) == 0);
}

typedef bool (*word_fn)(const struct policy_word *word, const struct regex *regex,
			struct slice text);

/* A name or an argument: what is no path. */
static bool plain_is(const struct policy_word *word, const struct regex *regex, struct slice text)
{
	switch (word->form) {
	case WORD_REGEX:
		return regex && regex_match(regex, text);
	case WORD_GLOB:
		return glob_matches(GLOB_PLAIN, word->text, text);
	default:
		return slice_eq(text, slice_of(word->text));
	}
}

static bool path_is(const struct policy_word *word, const struct regex *regex, struct slice path)
{
	switch (word->form) {
	case WORD_REGEX:
		return regex && regex_match(regex, path);
	case WORD_GLOB:
		return glob_matches(GLOB_PATH, word->text, path);
	case WORD_FOLDER:
		return is_below(path, slice_of(word->text));
	default:
		return slice_eq(path, slice_of(word->text));
	}
}

/* A program by its path, or by the last part of it. */
static bool program_is(const struct policy_word *word, const struct regex *regex, struct slice path)
{
	if ((word->form == WORD_EXACT || word->form == WORD_GLOB) && !strchr(word->text, '/'))
		path = slice_last_part(path);
	return path_is(word, regex, path);
}

/* A working directory: in a folder is who stands in the folder itself, too. */
static bool folder_is(const struct policy_word *word, const struct regex *regex, struct slice path)
{
	return path_is(word, regex, path) ||
	       (word->form == WORD_FOLDER && slice_eq(path, slice_of(word->text)));
}

/* A control group or one below it; written with or without the first slash. */
static bool group_is(const struct policy_word *word, const struct regex *regex, struct slice path)
{
	struct slice text = slice_of(word->text);

	if (path.size > 0 && path.data[0] == '/' && text.size > 0 && text.data[0] != '/' &&
	    word->form != WORD_REGEX) {
		path.data++;
		path.size--;
	}
	if (word->form == WORD_REGEX)
		return path_is(word, regex, path);
	if (word->form != WORD_GLOB)
		return slice_eq(path, text) || is_below(path, text);
	for (size_t size = path.size; size > 0; size--)
		if ((size == path.size || path.data[size] == '/') &&
		    glob_matches(GLOB_PATH, word->text, (struct slice){ path.data, size }))
			return true;
	return false;
}

static bool any_word(const struct condition *condition, word_fn is, struct slice text)
{
	const struct policy_condition *from = condition->from;

	for (size_t i = 0; i < from->word_count; i++)
		if (is(&from->words[i], condition->regexes ? condition->regexes[i] : NULL, text))
			return true;
	return false;
}

/* Something that a process may not have, as a script: then no word is right. */
static enum holds any_word_of(const struct condition *condition, word_fn is, struct slice text)
{
	return yes_if(text.size > 0 && any_word(condition, is, text));
}

static enum holds test_comm(const struct condition *condition, struct facts *facts)
{
	return any_word_of(condition, plain_is, facts->comm);
}

static enum holds test_exe(const struct condition *condition, struct facts *facts)
{
	return any_word_of(condition, program_is, facts->exe);
}

/*
 * A script is judged at its own file, and its name is asked for only where the interpreter's is the
 * one that was meant: then that is the wrong name.
 */
static enum holds test_program(const struct condition *condition, struct facts *facts)
{
	if (!any_word(condition, program_is, facts->exe))
		return HOLDS_NO;
	if (!facts_know(facts, FACT_SCRIPT) || facts->script.size == 0 ||
	    slice_eq(facts->script, facts->exe))
		return yes_if(facts->exe.size > 0);
	return yes_if(any_word(condition, program_is, facts->script));
}

static enum holds test_script(const struct condition *condition, struct facts *facts)
{
	return any_word_of(condition, program_is, facts->script);
}

static enum holds test_interpreter(const struct condition *condition, struct facts *facts)
{
	return any_word_of(condition, program_is, facts->interpreter);
}

static enum holds test_cwd(const struct condition *condition, struct facts *facts)
{
	return any_word_of(condition, folder_is, facts->cwd);
}

static enum holds test_parent(const struct condition *condition, struct facts *facts)
{
	return yes_if(facts->ancestor_count > 0 &&
		      any_word(condition, program_is, facts->ancestors[0].exe));
}

static enum holds test_ancestor(const struct condition *condition, struct facts *facts)
{
	for (size_t i = 0; i < facts->ancestor_count; i++)
		if (any_word(condition, program_is, facts->ancestors[i].exe))
			return HOLDS_YES;
	/* There may be more than were looked at. */
	return facts->ancestor_count == FACT_ANCESTORS_MOST ? HOLDS_UNKNOWN : HOLDS_NO;
}

/* ---- arguments ---- */

/* Cuts the first string with its NUL off a list of them. False at its end. */
static bool next_string(struct slice *list, struct slice *ret_string)
{
	const char *end;

	if (list->size == 0)
		return false;
	end = memchr(list->data, '\0', list->size);
	*ret_string = (struct slice){ list->data, end ? (size_t)(end - list->data) : list->size };
	list->data += ret_string->size + (end ? 1 : 0);
	list->size -= ret_string->size + (end ? 1 : 0);
	return true;
}

static bool joined_is(const struct policy_word *word, const struct regex *regex, struct slice all)
{
	const char *text = word->text;

	if (all.size > 0 && all.data[all.size - 1] == '\0')
		all.size--;
	if (word->form == WORD_REGEX)
		return regex && regex_match_joined(regex, all);
	if (word->form == WORD_GLOB)
		return glob_matches(GLOB_JOINED, text, all);
	for (size_t i = 0; i < all.size; i++)
		if (text[i] == '\0' || text[i] != (all.data[i] ? all.data[i] : ' '))
			return false;
	return text[all.size] == '\0';
}

static enum holds test_args(const struct condition *condition, struct facts *facts)
{
	const struct policy_condition *from = condition->from;
	struct slice all = facts->argv, one;

	(void)next_string(&all, &one); /* argv[0] says nothing that holds */
	for (size_t i = 0; i < from->word_count; i++) {
		const struct regex *regex = condition->regexes ? condition->regexes[i] : NULL;
		struct slice left = all;

		if (from->words[i].joined && joined_is(&from->words[i], regex, all))
			return HOLDS_YES;
		while (!from->words[i].joined && next_string(&left, &one))
			if (plain_is(&from->words[i], regex, one))
				return HOLDS_YES;
	}
	return facts->argv_cut ? HOLDS_UNKNOWN : HOLDS_NO;
}

/* ---- where it is ---- */

static enum holds test_cgroup(const struct condition *condition, struct facts *facts)
{
	struct slice left = facts->cgroup_v1, line;

	if (any_word(condition, group_is, facts->cgroup))
		return HOLDS_YES;
	while (next_string(&left, &line)) {
		const char *colon = memchr(line.data, ':', line.size);
		struct slice path;

		if (!colon)
			continue;
		path = (struct slice){ colon + 1, line.size - (size_t)(colon + 1 - line.data) };
		if (any_word(condition, group_is, path))
			return HOLDS_YES;
	}
	return HOLDS_NO;
}

static enum holds test_group_in(const struct condition *condition, struct facts *facts)
{
	return any_word_of(condition, group_is, facts->group);
}

static bool container_is(const struct policy_word *word, const struct regex *regex,
			 const struct facts *facts)
{
	bool contained = facts->container_runtime.size > 0 || facts->container_id.size > 0;
	struct slice text = slice_of(word->text), id = facts->container_id;

	if (streq(word->text, "host"))
		return !contained;
	if (!contained)
		return false;
	if (strncmp(word->text, "pod:", 4) == 0)
		return slice_eq(facts->pod, slice_of(word->text + 4));
	if (word->form == WORD_GLOB || word->form == WORD_REGEX)
		return plain_is(word, regex, id);
	return streq(word->text, "any") || slice_eq(facts->container_runtime, text) ||
	       (text.size > 0 && id.size >= text.size &&
		memcmp(id.data, text.data, text.size) == 0);
}

static enum holds test_container(const struct condition *condition, struct facts *facts)
{
	const struct policy_condition *from = condition->from;

	for (size_t i = 0; i < from->word_count; i++)
		if (container_is(&from->words[i], condition->regexes ? condition->regexes[i] : NULL,
				 facts))
			return HOLDS_YES;
	return HOLDS_NO;
}

bool namespace_parse(const char *text, struct namespace_word *ret_word)
{
	static const char *const kinds[] = { "cgroup", "ipc",  "mnt",  "net",
					     "pid",    "time", "user", "uts" };
	const char *colon = strchr(text, ':');
	size_t size = colon ? (size_t)(colon - text) : 0;

	_Static_assert(ARRAY_SIZE(kinds) == FACT_NAMESPACE_KINDS, "a name a kind");
	*ret_word = (struct namespace_word){ .what = NAMESPACE_NUMBER };
	for (; ret_word->kind < FACT_NAMESPACE_KINDS; ret_word->kind++)
		if (strlen(kinds[ret_word->kind]) == size &&
		    memcmp(kinds[ret_word->kind], text, size) == 0)
			break;
	if (!colon || ret_word->kind == FACT_NAMESPACE_KINDS)
		return false;
	if (streq(colon + 1, "host"))
		ret_word->what = NAMESPACE_HOST;
	else if (streq(colon + 1, "other"))
		ret_word->what = NAMESPACE_OTHER;
	else
		ret_word->number = (uint32_t)strtoull(colon + 1, NULL, 10);
	return true;
}

static enum holds namespace_is(const char *text, const struct facts *facts)
{
	struct namespace_word word;
	uint32_t number, host;

	if (!namespace_parse(text, &word))
		return HOLDS_NO;
	number = facts->namespaces[word.kind];
	host = facts->host_namespaces[word.kind];
	if (number == 0 || (host == 0 && word.what != NAMESPACE_NUMBER))
		return HOLDS_UNKNOWN;
	if (word.what == NAMESPACE_NUMBER)
		return yes_if(number == word.number);
	return yes_if((number == host) == (word.what == NAMESPACE_HOST));
}

static enum holds test_namespace(const struct condition *condition, struct facts *facts)
{
	enum holds holds = HOLDS_NO;

	for (size_t i = 0; i < condition->from->word_count && holds != HOLDS_YES; i++) {
		enum holds one = namespace_is(condition->from->words[i].text, facts);

		if (one != HOLDS_NO)
			holds = one;
	}
	return holds;
}

/* The kernel's own names of terminals, Documentation/admin-guide/devices.txt. */
struct slice terminal_name(uint32_t device, char buffer[TERMINAL_NAME])
{
	unsigned high = major(device), low = minor(device);
	int length;

	if (high >= 136 && high <= 143)
		length = snprintf(buffer, TERMINAL_NAME, "pts/%u", (high - 136) * 256 + low);
	else if (high == 4 && low < 64)
		length = snprintf(buffer, TERMINAL_NAME, "tty%u", low);
	else if (high == 4)
		length = snprintf(buffer, TERMINAL_NAME, "ttyS%u", low - 64);
	else if (high == 5 && low == 1)
		length = snprintf(buffer, TERMINAL_NAME, "console");
	else
		length = snprintf(buffer, TERMINAL_NAME, "%u:%u", high, low);
	return (struct slice){ buffer, (size_t)length };
}

static enum holds test_tty(const struct condition *condition, struct facts *facts)
{
	const struct policy_condition *from = condition->from;
	char buffer[TERMINAL_NAME];
	struct slice name = { NULL, 0 };

	if (facts->tty != 0)
		name = terminal_name(facts->tty, buffer);
	for (size_t i = 0; i < from->word_count; i++) {
		const struct policy_word *word = &from->words[i];

		if (streq(word->text, facts->tty == 0 ? "none" : "any"))
			return HOLDS_YES;
		if (facts->tty != 0 &&
		    path_is(word, condition->regexes ? condition->regexes[i] : NULL, name))
			return HOLDS_YES;
	}
	return HOLDS_NO;
}

/* ---- yes or no, and time ---- */

static enum holds test_memfd(const struct condition *condition, struct facts *facts)
{
	return yes_if(facts->memfd == condition->from->wanted);
}

static enum holds test_deleted(const struct condition *condition, struct facts *facts)
{
	return yes_if(facts->deleted == condition->from->wanted);
}

static enum holds test_setuid_program(const struct condition *condition, struct facts *facts)
{
	return yes_if(facts->setuid_program == condition->from->wanted);
}

static enum holds test_realtime(const struct condition *condition, struct facts *facts)
{
	return yes_if(facts->realtime == condition->from->wanted);
}

static enum holds test_time(const struct condition *condition, struct facts *facts)
{
	struct tm local;

	civil_time((int64_t)facts->time + facts->utc_offset, &local);
	for (size_t i = 0; i < condition->from->window_count; i++)
		if (window_holds(&condition->from->windows[i], &local))
			return HOLDS_YES;
	return HOLDS_NO;
}

static enum holds test_not(const struct condition *condition, struct facts *facts)
{
	enum holds all = HOLDS_YES;

	for (size_t i = 0; i < condition->from->inner_count; i++) {
		enum holds one = condition_holds(&condition->inner[i], facts);

		if (one == HOLDS_NO)
			return HOLDS_YES;
		if (one == HOLDS_UNKNOWN)
			all = HOLDS_UNKNOWN;
	}
	return all == HOLDS_YES ? HOLDS_NO : HOLDS_UNKNOWN;
}

/* ---- the table ---- */

enum { NO_PART = -1 }; /* the function asks itself */

static const struct {
	int part; /* enum fact_part */
	test_fn test;
} tests[CONDITIONS] = {
	[CONDITION_UID] = { FACT_IDS, test_uid },
	[CONDITION_USER] = { FACT_IDS, test_uid },
	[CONDITION_EUID] = { FACT_EFFECTIVE, test_euid },
	[CONDITION_LOGINUID] = { FACT_LOGIN, test_loginuid },
	[CONDITION_UNIX_GROUP] = { NO_PART, test_unix_group },
	[CONDITION_MEMBER_OF] = { FACT_EFFECTIVE, test_member_of },
	[CONDITION_TIME] = { FACT_TIME, test_time },
	[CONDITION_MEMFD] = { FACT_FILE_FLAGS, test_memfd },
	[CONDITION_DELETED] = { FACT_FILE_FLAGS, test_deleted },
	[CONDITION_SETUID_PROGRAM] = { FACT_FILE_FLAGS, test_setuid_program },
	[CONDITION_REALTIME] = { FACT_SCHEDULING, test_realtime },
	[CONDITION_COMM] = { FACT_COMM, test_comm },
	[CONDITION_EXE] = { FACT_EXE, test_exe },
	[CONDITION_PROGRAM] = { FACT_EXE, test_program },
	[CONDITION_TTY] = { FACT_LOGIN, test_tty },
	[CONDITION_CGROUP] = { FACT_CGROUP, test_cgroup },
	[CONDITION_GROUP_IN] = { FACT_CGROUP, test_group_in },
	[CONDITION_CONTAINER] = { FACT_CGROUP, test_container },
	[CONDITION_NAMESPACE] = { FACT_NAMESPACES, test_namespace },
	[CONDITION_SCRIPT] = { FACT_SCRIPT, test_script },
	[CONDITION_INTERPRETER] = { FACT_SCRIPT, test_interpreter },
	[CONDITION_CWD] = { FACT_CWD, test_cwd },
	[CONDITION_ARGS] = { FACT_ARGUMENTS, test_args },
	[CONDITION_PARENT] = { FACT_ANCESTORS, test_parent },
	[CONDITION_ANCESTOR] = { FACT_ANCESTORS, test_ancestor },
	[CONDITION_NOT] = { NO_PART, test_not },
};

uint32_t condition_parts(const struct policy_condition *condition)
{
	uint32_t parts = 0;

	if (condition->kind == CONDITION_UNIX_GROUP)
		return UINT32_C(1) << FACT_IDS | UINT32_C(1) << FACT_GROUPS;
	for (size_t i = 0; i < condition->inner_count; i++)
		parts |= condition_parts(&condition->inner[i]);
	if (condition->kind == CONDITION_PROGRAM)
		parts |= UINT32_C(1) << FACT_SCRIPT;
	if (tests[condition->kind].part != NO_PART)
		parts |= UINT32_C(1) << tests[condition->kind].part;
	return parts;
}

bool condition_known(enum condition_kind kind, struct facts *facts)
{
	return tests[kind].part == NO_PART || facts_know(facts, (enum fact_part)tests[kind].part);
}

enum holds condition_holds(const struct condition *condition, struct facts *facts)
{
	enum condition_kind kind = condition->from->kind;

	return condition_known(kind, facts) ? tests[kind].test(condition, facts) : HOLDS_UNKNOWN;
}
