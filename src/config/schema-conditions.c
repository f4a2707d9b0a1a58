// SPDX-License-Identifier: MIT
/*
 * Conditions: one row a kind, and a function that makes one word of it. What a word can never be
 * (a name of 16 bytes for `comm`, a namespace of no kind) is refused here, so that a condition that
 * holds for nobody is so for no other reason than that there is nobody.
 *
 * Paths of programs are resolved once, now: /bin/sh is a link, and what the kernel calls the
 * program is where it leads. Both are kept as words.
 */
#include "config/rule.h"

#include "config/paths.h"
#include "config/values.h"
#include "config/window.h"
#include "util/regex.h"
#include "util/suggest.h"
#include "util/units.h"

#include <ctype.h>
#include <limits.h>
#include <sys/stat.h>

enum { COMM_MOST = 15, WORDS_MAX = 1000000 };

typedef bool (*word_reader)(struct reader *reader, const struct word_source *from,
			    struct policy_word *word);

bool keep_word(struct reader *reader, struct policy_word *word, enum word_form form,
	       const char *text)
{
	word->form = form;
	word->text = arena_string(reader->memory, text);
	return word->text || report_oom(reader);
}

/* ---- patterns ---- */

static bool read_regex(struct reader *reader, const struct word_source *from, const char *text,
		       struct policy_word *word)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	size_t offset = 0;
	int r = regex_check(text, &offset, &err);

	if (r == -ENOMEM)
		return report_oom(reader);
	if (r < 0)
		return report_at(reader, SEVERITY_ERROR,
				 place_inside(reader, from->node,
					      (size_t)(text - from->text) + offset),
				 NULL, "\"%s\": \"%.80s\" is no expression: %s", from->key->name,
				 text, error_text(&err));
	return keep_word(reader, word, WORD_REGEX, text);
}

/* A glob, "re:...", or exactly this. */
static bool read_pattern(struct reader *reader, const struct word_source *from, const char *text,
			 struct policy_word *word)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	size_t offset = 0;

	if (strncmp(text, "re:", 3) == 0)
		return read_regex(reader, from, text + 3, word);
	if (!path_is_pattern(text))
		return keep_word(reader, word, WORD_EXACT, text);
	if (pattern_check(text, &offset, &err) < 0)
		return report_at(reader, SEVERITY_ERROR,
				 place_inside(reader, from->node,
					      (size_t)(text - from->text) + offset),
				 NULL, "\"%s\": \"%.80s\" is no pattern: %s", from->key->name, text,
				 error_text(&err));
	return keep_word(reader, word, WORD_GLOB, text);
}

static bool word_args(struct reader *reader, const struct word_source *from,
		      struct policy_word *word)
{
	word->joined = strncmp(from->text, "all:", 4) == 0;
	return read_pattern(reader, from, from->text + (word->joined ? 4 : 0), word);
}

static bool word_comm(struct reader *reader, const struct word_source *from,
		      struct policy_word *word)
{
	if (!read_pattern(reader, from, from->text, word))
		return false;
	if (word->form != WORD_EXACT || strlen(word->text) <= COMM_MOST)
		return true;
	return report_error(reader, from->node, "write its first 15 bytes, or use \"exe\"",
			    "\"comm\": the kernel keeps %d bytes of a name, \"%.80s\" has %zu",
			    COMM_MOST, word->text, strlen(word->text));
}

static bool word_tty(struct reader *reader, const struct word_source *from,
		     struct policy_word *word)
{
	const char *text = from->text;

	if (strncmp(text, "/dev/", 5) == 0)
		text += 5;
	return read_pattern(reader, from, text, word);
}

static bool word_cgroup(struct reader *reader, const struct word_source *from,
			struct policy_word *word)
{
	size_t size;

	if (!read_pattern(reader, from, from->text, word))
		return false;
	if (word->form == WORD_REGEX)
		return true;
	if (word->text[0] != '/')
		return report_error(reader, from->node, "write the path from \"/\" on",
				    "\"cgroup\": \"%.80s\" does not begin with \"/\"", word->text);
	size = strlen(word->text);
	if (size > 1 && word->text[size - 1] == '/')
		word->text[size - 1] = '\0';
	return true;
}

/* ---- paths ---- */

static bool word_path(struct reader *reader, const struct word_source *from,
		      struct policy_word *word)
{
	struct policy_path path = { 0 };
	struct stat info;
	bool used;

	if (strncmp(from->text, "re:", 3) == 0)
		return read_regex(reader, from, from->text + 3, word);
	if (!read_path(reader, from->key->name, from->node, &path, &used))
		return false;
	if (!used)
		return true;
	word->text = path.text;
	word->form = path_is_pattern(path.text) ? WORD_GLOB : WORD_EXACT;
	if (path.folder || (word->form == WORD_EXACT && from->key->number != CONDITION_CWD &&
			    from->key->number != CONDITION_PROGRAM && stat(path.text, &info) == 0 &&
			    S_ISDIR(info.st_mode)))
		word->form = WORD_FOLDER;
	return true;
}

/* A path, or the last part of one. */
static bool word_program(struct reader *reader, const struct word_source *from,
			 struct policy_word *word)
{
	if (strncmp(from->text, "re:", 3) != 0 && !strchr(from->text, '/'))
		return read_pattern(reader, from, from->text, word);
	return word_path(reader, from, word);
}

/* Keeps in mind that a folder is no link; what cannot be kept is asked for again. */
static void note_folder(struct reader *reader, const char *path, size_t size)
{
	char *copy = arena_copy(reader->memory, path, size);

	if (copy)
		(void)hash_put(&reader->folders, copy, size, copy, NULL);
}

/* Whether any part of an absolute path is a link. Rules name many programs in few folders: each of
 * those is asked about once. */
static bool has_link(struct reader *reader, const char *path)
{
	char part[PATH_MAX], target[1];
	size_t at = 0;

	while (path[at] != '\0') {
		size_t size = at + 1 + strcspn(path + at + 1, "/");

		if (size >= sizeof(part))
			return true;
		memcpy(part, path, size);
		part[size] = '\0';
		at = size;
		if (hash_get(&reader->folders, part, size))
			continue;
		if (readlink(part, target, sizeof(target)) >= 0)
			return true;
		if (errno != EINVAL)
			return false; /* it is not there, or not for us */
		if (path[size] != '\0')
			note_folder(reader, part, size);
	}
	return false;
}

/* Where a path leads of which some part is a link; NULL: nowhere. What is not there yet, in a
 * folder that is, will be there. */
static char *follow(const char *path)
{
	char *real = realpath(path, NULL), folder[PATH_MAX];
	const char *last = path_last_part(path);
	_cleanup_(freep) char *parent = NULL;
	struct stat st;

	if (real || errno != ENOENT || lstat(path, &st) == 0)
		return real;
	snprintf(folder, sizeof(folder), "%.*s", (int)(last - path), path);
	parent = realpath(folder, NULL);
	if (!parent || asprintf(&real, "%s/%s", parent, last) < 0)
		return NULL;
	return real;
}

/* Where the word of a path leads; true with *ret_word filled in if that is another place. */
static bool resolve_word(struct reader *reader, const struct node *node,
			 const struct policy_word *word, struct policy_word *ret_word)
{
	_cleanup_(freep) char *real = NULL;
	struct stat st;

	if ((word->form != WORD_EXACT && word->form != WORD_FOLDER) || word->text[0] != '/')
		return false;
	if (!has_link(reader, word->text))
		return false;
	real = follow(word->text);
	if (!real && lstat(word->text, &st) == 0)
		report_warning(reader, node, "no program is called so: name what is executed",
			       "\"%.120s\" is a link that leads nowhere", word->text);
	if (!real || streq(real, word->text) || path_is_pattern(real))
		return false;
	*ret_word = *word;
	ret_word->text = arena_string(reader->memory, real);
	return ret_word->text || report_oom(reader);
}

/* ---- containers, namespaces and groups ---- */

static bool word_container(struct reader *reader, const struct word_source *from,
			   struct policy_word *word)
{
	static const char *const words[] = { "host",  "any",	"docker", "containerd",
					     "cri-o", "podman", "lxc",	  "nspawn" };
	char buffer[96];
	const char *hint;
	bool known = false;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		known |= streq(from->text, words[i]);
	if (streq(from->text, "pod:"))
		return report_error(reader, from->node, "write \"pod:\" and the pod's uid",
				    "\"container\": which pod?");
	if (!known && strncmp(from->text, "pod:", 4) != 0 &&
	    from->text[strspn(from->text, "0123456789abcdef")] != '\0') {
		hint = guess_hint(reader, from->text, words, ARRAY_SIZE(words), buffer,
				  sizeof(buffer));
		/* Any other may be the name of a machine. */
		if (hint)
			report_warning(reader, from->node, hint,
				       "\"%.60s\" is taken as the name of a container", from->text);
	}
	return keep_word(reader, word, WORD_EXACT, from->text);
}

static bool word_namespace(struct reader *reader, const struct word_source *from,
			   struct policy_word *word)
{
	static const char *const kinds[] = { "cgroup", "ipc",  "mnt",  "net",
					     "pid",    "time", "user", "uts" };
	const char *colon = strchr(from->text, ':');
	size_t size = colon ? (size_t)(colon - from->text) : 0;
	bool known = false;
	uint64_t number = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kinds) && colon; i++)
		known |= strlen(kinds[i]) == size && memcmp(kinds[i], from->text, size) == 0;
	if (known && parse_u64(colon + 1, &number) == 0 && number <= UINT32_MAX && number > 0) {
		word->least = word->most = number;
		return keep_word(reader, word, WORD_NUMBER, from->text);
	}
	if (!known || (!streq(colon + 1, "host") && !streq(colon + 1, "other")))
		return report_error(reader, from->node,
				    "write \"net:other\", \"mnt:host\" or \"pid:4026531836\"; "
				    "kinds "
				    "are cgroup, ipc, mnt, net, pid, time, user and uts",
				    "\"namespace\": \"%.60s\" is none", from->text);
	return keep_word(reader, word, WORD_EXACT, from->text);
}

/* Whether there is such a group is known when all files are read. */
static bool word_group_in(struct reader *reader, const struct word_source *from,
			  struct policy_word *word)
{
	return read_pattern(reader, from, from->text, word);
}

/* ---- the list ---- */

static const word_reader word_readers[CONDITIONS] = {
	[CONDITION_UID] = word_uid,
	[CONDITION_USER] = word_account,
	[CONDITION_EUID] = word_account,
	[CONDITION_LOGINUID] = word_account,
	[CONDITION_UNIX_GROUP] = word_account,
	[CONDITION_COMM] = word_comm,
	[CONDITION_EXE] = word_path,
	[CONDITION_PROGRAM] = word_program,
	[CONDITION_TTY] = word_tty,
	[CONDITION_CGROUP] = word_cgroup,
	[CONDITION_GROUP_IN] = word_group_in,
	[CONDITION_CONTAINER] = word_container,
	[CONDITION_NAMESPACE] = word_namespace,
	[CONDITION_SCRIPT] = word_path,
	[CONDITION_INTERPRETER] = word_path,
	[CONDITION_CWD] = word_path,
	[CONDITION_ARGS] = word_args,
	[CONDITION_PARENT] = word_program,
	[CONDITION_ANCESTOR] = word_program,
};

struct policy_condition *new_condition(struct reader *reader, struct condition_list *list,
				       enum condition_kind kind, const struct node *node)
{
	struct policy_condition *condition = &list->items[list->count];

	if (list->count == DRAFT_CONDITIONS) {
		report_error(reader, node, NULL, "more than %d conditions in one rule",
			     DRAFT_CONDITIONS);
		return NULL;
	}
	list->count++;
	*condition = (struct policy_condition){ .kind = kind, .at = position_of(node) };
	return condition;
}

size_t count_words(struct reader *reader, const struct schema_key *key, const struct node *value)
{
	char shown[80];

	if (value->kind == NODE_SCALAR)
		return 1;
	if (value->kind != NODE_LIST)
		report_error(reader, value, NULL, "\"%s\" must be one or a list of them, not %s",
			     key->name, value_shown(reader, value, shown, sizeof(shown)));
	else if (value->count == 0)
		report_error(reader, value, "take the key out", "\"%s\" is an empty list",
			     key->name);
	else if (value->count > WORDS_MAX - MIN(reader->word_count, WORDS_MAX))
		report_error(reader, value, NULL, "more than %d words in all rules", WORDS_MAX);
	else
		return value->count;
	return 0;
}

static bool read_word(struct reader *reader, struct word_source *from,
		      struct policy_condition *condition)
{
	struct policy_word *word = &condition->words[condition->word_count];
	enum value result = value_text(reader, from->key->name, from->node, &from->text);

	if (result != VALUE_GOOD)
		return result != VALUE_BAD;
	word->at = position_of(from->node);
	if (!word_readers[condition->kind](reader, from, word))
		return false;
	if (!word->text)
		return true;
	condition->word_count++;
	if (condition->kind == CONDITION_GROUP_IN &&
	    !add_link(reader, (struct link){ .node = from->node, .word = word }))
		return false;
	if (from->key->least && resolve_word(reader, from->node, word, word + 1))
		condition->word_count++;
	return !reader->out_of_memory;
}

static bool read_words(struct reader *reader, const struct schema_key *key,
		       const struct node *value, void *target)
{
	struct condition_list *list = target;
	struct word_source from = { .list = list, .key = key, .node = value };
	size_t count = count_words(reader, key, value);
	struct policy_condition *condition;
	bool good = true;

	condition = new_condition(reader, list, (enum condition_kind)key->number, value);
	if (count == 0 || !condition)
		return false;
	reader->word_count += count;
	/* `least` says that links may double them. */
	condition->words =
		arena_alloc(reader->memory, count * (1 + key->least) * sizeof(struct policy_word));
	if (!condition->words)
		return report_oom(reader);
	if (value->kind == NODE_SCALAR)
		good = read_word(reader, &from, condition);
	for (node_id at = 0;
	     value->kind == NODE_LIST && next_entry(reader, value, &at, &from.node);)
		good &= read_word(reader, &from, condition);
	arena_give_back(reader->memory, condition->words,
			count * (1 + key->least) * sizeof(struct policy_word),
			condition->word_count * sizeof(struct policy_word));
	return good && !reader->too_large;
}

static bool read_flag(struct reader *reader, const struct schema_key *key, const struct node *value,
		      void *target)
{
	struct policy_condition *condition =
		new_condition(reader, target, (enum condition_kind)key->number, value);

	return condition && value_bool(reader, key->name, value, &condition->wanted) == VALUE_GOOD;
}

static bool read_window(struct reader *reader, const struct node *node,
			struct policy_condition *condition)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	size_t offset = 0;
	const char *text;
	enum value result = value_text(reader, "time", node, &text);

	if (result != VALUE_GOOD)
		return result != VALUE_BAD;
	if (window_parse(text, &condition->windows[condition->window_count], &offset, &err) < 0)
		return report_at(reader, SEVERITY_ERROR, place_inside(reader, node, offset),
				 "write \"mon-fri 08:00-18:00\" or \"* 8-17 * * 1-5\"",
				 "\"time\": \"%.60s\" is no time: %s", text, error_text(&err));
	condition->window_count++;
	return true;
}

static bool read_time(struct reader *reader, const struct schema_key *key, const struct node *value,
		      void *target)
{
	size_t count = count_words(reader, key, value);
	struct policy_condition *condition = new_condition(reader, target, CONDITION_TIME, value);
	const struct node *entry;
	bool good = true;

	if (count == 0 || !condition)
		return false;
	reader->word_count += count;
	condition->windows = arena_alloc(reader->memory, count * sizeof(struct policy_window));
	if (!condition->windows)
		return report_oom(reader);
	if (value->kind == NODE_SCALAR)
		return read_window(reader, value, condition);
	for (node_id at = 0; next_entry(reader, value, &at, &entry);)
		good &= read_window(reader, entry, condition);
	return good && !reader->too_large;
}

static bool read_one_not(struct reader *reader, const struct node *map, struct condition_list *list)
{
	struct policy_condition *condition = new_condition(reader, list, CONDITION_NOT, map);
	_cleanup_(freep) struct condition_list *inner = malloc(sizeof(*inner));
	char shown[80];

	if (!condition)
		return false;
	if (!inner)
		return report_oom(reader);
	if (map->kind != NODE_MAP || map->count == 0)
		return report_error(reader, map, "write not: { user: root }",
				    "\"not\" must be a map of conditions, or a list of such, not "
				    "%s",
				    map->kind == NODE_MAP
					    ? "an empty one"
					    : value_shown(reader, map, shown, sizeof(shown)));
	if (list->depth == NOT_DEPTH)
		return report_error(reader, map, NULL, "more than %d \"not\" in one another",
				    NOT_DEPTH);
	conditions_init(inner, list->rule, list->depth + 1);
	return schema_read(reader, &condition_schema, map, inner) &&
	       keep_conditions(reader, inner, &condition->inner, &condition->inner_count);
}

/* A list is several: none of them may hold. */
static bool read_not(struct reader *reader, const struct schema_key *key, const struct node *value,
		     void *target)
{
	const struct node *entry;
	bool good = true;

	if (value->kind != NODE_LIST)
		return read_one_not(reader, value, target);
	if (value->count == 0)
		return report_error(reader, value, "take the key out", "\"not\" is an empty list");
	for (node_id at = 0; next_entry(reader, value, &at, &entry);)
		good &= read_one_not(reader, entry, target);
	return good && !reader->too_large;
}

/* `least` 1: what it names may be a link. */
static const struct schema_key condition_keys[] = {
	{ "ancestor", "program or list", "the program of any process above it", read_words,
	  .least = 1, .number = CONDITION_ANCESTOR },
	{ "args", "text or list", "any of its arguments: exactly, a pattern, or re:", read_words,
	  .number = CONDITION_ARGS },
	{ "cgroup", "path or list", "it is in that cgroup or below", read_words,
	  .number = CONDITION_CGROUP },
	{ "comm", "name or list", "its name, at most 15 bytes", read_words,
	  .number = CONDITION_COMM },
	{ "container", "word or list", "host, any, a runtime, an id, or pod:UID", read_words,
	  .number = CONDITION_CONTAINER },
	{ "cwd", "path or list", "its working folder", read_words, .least = 1,
	  .number = CONDITION_CWD },
	{ "deleted", "true or false", "its program is no longer there", read_flag,
	  .number = CONDITION_DELETED },
	{ "euid", "user or list", "its effective user", read_words, .number = CONDITION_EUID },
	{ "exe", "path or list", "its program", read_words, .least = 1, .number = CONDITION_EXE },
	{ "group_in", "name or list", "it is in that group or below", read_words,
	  .number = CONDITION_GROUP_IN },
	{ "interpreter", "path or list", "what runs the script", read_words, .least = 1,
	  .number = CONDITION_INTERPRETER },
	{ "loginuid", "user or list", "who logged in, or unset", read_words,
	  .number = CONDITION_LOGINUID },
	{ "member_of", "group or list", "its effective group, or one that lists its effective user",
	  read_members, .number = CONDITION_MEMBER_OF },
	{ "memfd", "true or false", "its program is in no file system", read_flag,
	  .number = CONDITION_MEMFD },
	{ "namespace", "word or list", "mnt:other, net:host, pid:4026531836", read_words,
	  .number = CONDITION_NAMESPACE },
	{ "not", "map of conditions", "they do not all hold", read_not, .number = CONDITION_NOT },
	{ "parent", "program or list", "the program of its parent", read_words, .least = 1,
	  .number = CONDITION_PARENT },
	{ "program", "program or list", "its script, or else its program", read_words, .least = 1,
	  .number = CONDITION_PROGRAM },
	{ "realtime", "true or false", "it runs by a real-time policy", read_flag,
	  .number = CONDITION_REALTIME },
	{ "script", "path or list", "the script that its program runs", read_words, .least = 1,
	  .number = CONDITION_SCRIPT },
	{ "setuid_program", "true or false", "its program changes who it is", read_flag,
	  .number = CONDITION_SETUID_PROGRAM },
	{ "time", "time or list", "\"mon-fri 08:00-18:00\", or cron's five fields", read_time,
	  .number = CONDITION_TIME },
	{ "tty", "name or list", "its terminal: none, any, pts/3, pts/*", read_words,
	  .number = CONDITION_TTY },
	{ "uid", "number or list", "its real user: 1000 or 1000-1999", read_words,
	  .number = CONDITION_UID },
	{ "unix_group", "group or list", "a group of its user", read_words,
	  .number = CONDITION_UNIX_GROUP },
	{ "user", "user or list", "its real user", read_words, .number = CONDITION_USER },
};
_Static_assert(ARRAY_SIZE(condition_keys) == CONDITIONS, "every condition has its key");
const struct schema condition_schema = {
	"\"not\"", condition_keys, ARRAY_SIZE(condition_keys), { { NULL, 0 } }
};

const char *condition_name(enum condition_kind kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(condition_keys); i++)
		if (condition_keys[i].number == (int)kind)
			return condition_keys[i].name;
	return "?";
}

bool read_exe(struct reader *reader, const struct node *value, struct condition_list *list)
{
	static const struct schema_key key = { "exe", .least = 1, .number = CONDITION_EXE };

	return read_words(reader, &key, value, list);
}

bool keep_conditions(struct reader *reader, const struct condition_list *list,
		     struct policy_condition **ret_conditions, size_t *ret_count)
{
	struct policy_condition *kept;
	size_t used = 0;

	if (list->count == 0)
		return true;
	kept = arena_alloc(reader->memory, list->count * sizeof(*kept));
	if (!kept)
		return report_oom(reader);
	for (size_t i = 0; i < list->count; i++) {
		size_t at = used++;

		for (; at > 0 && kept[at - 1].kind > list->items[i].kind; at--)
			kept[at] = kept[at - 1];
		kept[at] = list->items[i];
	}
	*ret_conditions = kept;
	*ret_count = used;
	return true;
}
