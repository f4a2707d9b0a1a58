// SPDX-License-Identifier: MIT
/*
 * Most filters are empty, and all of it is on the way of every event: the kind is tested first, by
 * one bit, and a key without words costs one comparison.
 *
 * A tree is followed by its own record, one bit a process id: a child is in it when the parent was
 * at the fork, and stays in it when the parent ends and the kernel gives it another. Table and
 * /proc know only the present parent, and would lose whoever became a daemon.
 */
#include "core/filter.h"

#include "rules/glob.h"
#include "util/suggest.h"
#include "util/units.h"

#include <pwd.h>

enum { PID_LIMIT = 1 << 22 /* the kernel's own, PID_MAX_LIMIT */ };

struct word {
	char *text;
	size_t size;
	uint32_t number;
	bool pattern;
};

struct words {
	struct word *items;
	size_t count;
};

struct filter {
	struct words words[FILTER_COUNT];
	uint32_t types;
	uint64_t *tree; /* a bit a process id */
	const struct process_table *table;
	struct text scratch; /* for a path with the NUL that globs want */
};

const struct filter_key_info filter_keys[FILTER_COUNT] = {
#define X(symbol, name, value, text) { name, value, text },
	FILTER_KEYS(X)
#undef X
};

int filter_new(struct filter **ret_filter)
{
	*ret_filter = calloc(1, sizeof(**ret_filter));
	if (!*ret_filter)
		return -ENOMEM;
	text_init(&(*ret_filter)->scratch);
	return 0;
}

void filter_free(struct filter *filter)
{
	if (!filter)
		return;
	for (enum filter_key key = 0; key < FILTER_COUNT; key++) {
		for (size_t i = 0; i < filter->words[key].count; i++)
			free(filter->words[key].items[i].text);
		free(filter->words[key].items);
	}
	free(filter->tree);
	text_done(&filter->scratch);
	free(filter);
}

/* ---- words ---- */

static int keep(struct filter *filter, enum filter_key key, const char *text, uint32_t number)
{
	struct words *words = &filter->words[key];
	struct word *larger = reallocarray(words->items, words->count + 1, sizeof(*larger));
	struct word word = { .number = number };

	if (!larger)
		return -ENOMEM;
	words->items = larger;
	word.text = strdup(text);
	if (!word.text)
		return -ENOMEM;
	word.size = strlen(text);
	word.pattern = glob_is_pattern(text);
	words->items[words->count++] = word;
	return 0;
}

static int add_type(struct filter *filter, const char *name, struct error *err)
{
	const char *names[EVENT_TYPES + 1], *near;
	int type = event_type_of(name);

	if (streq(name, "all")) {
		filter->types |= EVENT_ALL;
		return 0;
	}
	if (type >= 0) {
		filter->types |= EVENT_BIT(type);
		return 0;
	}
	for (int i = 0; i < EVENT_TYPES; i++)
		names[i] = event_types[i].name;
	names[EVENT_TYPES] = "all";
	near = suggest(name, names, ARRAY_SIZE(names));
	if (near)
		return error_set(err, -EINVAL,
				 "there is no kind of event \"%s\" (did you mean \"%s\"?)", name,
				 near);
	return error_set(err, -EINVAL,
			 "there is no kind of event \"%s\"; there are exec, fork, exit, setuid, "
			 "setgid, chdir, oom, coredump, failed, running and all",
			 name);
}

/* Names with commas between. */
static int add_types(struct filter *filter, const char *list, _unused_ enum filter_flags flags,
		     struct error *err)
{
	_cleanup_(freep) char *copy = strdup(list);
	char *rest = copy, *name;
	int r = copy ? 0 : error_oom(err);

	while (r >= 0 && (name = strsep(&rest, ",")))
		r = add_type(filter, name, err);
	return r < 0 ? r : keep(filter, FILTER_TYPE, list, 0);
}

static int add_number(struct filter *filter, enum filter_key key, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	return keep(filter, key, text, (uint32_t)number);
}

static int add_user(struct filter *filter, const char *word, enum filter_flags flags,
		    struct error *err)
{
	const struct passwd *user;
	uint64_t uid;

	if (parse_u64(word, &uid) >= 0 && uid <= UINT32_MAX)
		return add_number(filter, FILTER_USER, uid);
	if (!(flags & FILTER_NAMES))
		return error_set(err, -EINVAL, "user \"%s\" is not a number", word);
	errno = 0;
	user = getpwnam(word);
	if (!user && errno != 0 && errno != ENOENT && errno != ESRCH)
		return error_set_errno(err, -errno, "cannot look up user \"%s\"", word);
	if (!user)
		return error_set(err, -EINVAL, "there is no user \"%s\" on this host", word);
	return add_number(filter, FILTER_USER, user->pw_uid);
}

static int add_exe(struct filter *filter, const char *word, _unused_ enum filter_flags flags,
		   struct error *err)
{
	_cleanup_(freep) char *anywhere = NULL;

	if (!*word)
		return error_set(err, -EINVAL, "\"\" is no program");
	if (*word == '/' || !strchr(word, '/') || strncmp(word, "**", 2) == 0)
		return keep(filter, FILTER_EXE, word, 0);
	/* The end of a path, of more than one part. */
	if (asprintf(&anywhere, "**/%s%s", word, word[strlen(word) - 1] == '/' ? "**" : "") < 0)
		return -ENOMEM;
	return keep(filter, FILTER_EXE, anywhere, 0);
}

static int add_cgroup(struct filter *filter, const char *word, _unused_ enum filter_flags flags,
		      struct error *err)
{
	struct words *words = &filter->words[FILTER_CGROUP];
	struct word *last;

	if (*word != '/')
		return error_set(err, -EINVAL,
				 "\"%s\" is no path of a control group: it begins with \"/\", as "
				 "/proc/PID/cgroup shows it",
				 word);
	if (keep(filter, FILTER_CGROUP, word, 0) < 0)
		return -ENOMEM;
	last = &words->items[words->count - 1];
	while (!last->pattern && last->size > 0 && last->text[last->size - 1] == '/')
		last->size--;
	return 0;
}

static int add_container(struct filter *filter, const char *word, _unused_ enum filter_flags flags,
			 struct error *err)
{
	if (!*word || streq(word, "id:"))
		return error_set(err, -EINVAL, "\"%s\" names no container", word);
	return keep(filter, FILTER_CONTAINER, word, 0);
}

static int add_process(struct filter *filter, enum filter_key key, const char *word,
		       struct error *err)
{
	uint64_t pid;

	if (parse_u64(word, &pid) < 0 || pid == 0 || pid >= PID_LIMIT)
		return error_set(err, -EINVAL, "\"%s\" is no process id", word);
	return add_number(filter, key, pid);
}

static int add_pid(struct filter *filter, const char *word, _unused_ enum filter_flags flags,
		   struct error *err)
{
	return add_process(filter, FILTER_PID, word, err);
}

static int add_tree(struct filter *filter, const char *word, _unused_ enum filter_flags flags,
		    struct error *err)
{
	return add_process(filter, FILTER_TREE, word, err);
}

int filter_add(struct filter *filter, enum filter_key key, const char *word,
	       enum filter_flags flags, struct error *err)
{
	static int (*const add[FILTER_COUNT])(struct filter * filter, const char *word,
					      enum filter_flags flags, struct error *err) = {
		[FILTER_TYPE] = add_types,    [FILTER_USER] = add_user,
		[FILTER_EXE] = add_exe,	      [FILTER_CONTAINER] = add_container,
		[FILTER_CGROUP] = add_cgroup, [FILTER_PID] = add_pid,
		[FILTER_TREE] = add_tree,
	};
	int r = add[key](filter, word, flags, err);

	return r == -ENOMEM ? error_oom(err) : r;
}

size_t filter_count(const struct filter *filter, enum filter_key key)
{
	return filter->words[key].count;
}

const char *filter_word(const struct filter *filter, enum filter_key key, size_t index)
{
	return filter->words[key].items[index].text;
}

void filter_add_types(struct filter *filter, uint32_t types)
{
	filter->types |= types;
}

uint32_t filter_types(const struct filter *filter)
{
	return filter->types;
}

uint32_t filter_asks(const struct filter *filter)
{
	const uint32_t followed = EVENT_BIT(EVENT_FORK) | EVENT_BIT(EVENT_EXIT);

	return filter->types | (filter->words[FILTER_TREE].count > 0 ? followed : 0);
}

/* ---- trees ---- */

static bool in_tree(const struct filter *filter, uint32_t pid)
{
	return pid < PID_LIMIT && filter->tree[pid / 64] >> pid % 64 & 1;
}

static void put_tree(struct filter *filter, uint32_t pid, bool inside)
{
	uint64_t bit = UINT64_C(1) << pid % 64;

	if (pid >= PID_LIMIT)
		return;
	if (inside)
		filter->tree[pid / 64] |= bit;
	else
		filter->tree[pid / 64] &= ~bit;
}

static bool is_root(const struct filter *filter, uint32_t pid)
{
	const struct words *words = &filter->words[FILTER_TREE];

	for (size_t i = 0; i < words->count; i++)
		if (words->items[i].number == pid)
			return true;
	return false;
}

static int seed_process(const struct process *process, void *userdata)
{
	struct filter *filter = userdata;
	const struct words *words = &filter->words[FILTER_TREE];

	for (size_t i = 0; i < words->count; i++)
		if (process_table_descends(filter->table, process->id.pid, words->items[i].number))
			put_tree(filter, process->id.pid, true);
	return 0;
}

int filter_seed(struct filter *filter, const struct process_table *table)
{
	const struct words *words = &filter->words[FILTER_TREE];

	filter->table = table;
	if (words->count == 0)
		return 0;
	/* Half a megabyte, of which only the pages that are written take memory. */
	if (!filter->tree)
		filter->tree = calloc(PID_LIMIT / 64, sizeof(*filter->tree));
	if (!filter->tree)
		return -ENOMEM;
	for (size_t i = 0; i < words->count; i++)
		put_tree(filter, words->items[i].number, true);
	return table ? process_table_each(table, seed_process, filter) : 0;
}

/* One that a scan has found: missed was it, and perhaps its parent. */
static bool descends(const struct filter *filter, uint32_t pid)
{
	const struct process *process;

	for (int depth = 0; depth < 1024 && pid > 1; depth++) {
		if (in_tree(filter, pid))
			return true;
		process = filter->table ? process_table_find(filter->table, pid) : NULL;
		if (!process || !(process->known & PROCESS_PPID_KNOWN))
			break;
		pid = process->ppid;
	}
	return false;
}

/* Keeps the trees up and says whether the event belongs to one. */
static bool follow_tree(struct filter *filter, const struct event *event)
{
	uint32_t pid = event->pid;
	bool inside;

	if (!filter->tree || !event_knows(event, FIELD_PID))
		return false;
	inside = in_tree(filter, pid);
	if (event->type == EVENT_FORK && event_knows(event, FIELD_PPID))
		/* Also takes out an id whose last owner's end was missed. */
		inside = in_tree(filter, event->ppid) || is_root(filter, pid);
	else if (!inside && event_knows(event, FIELD_PPID))
		/* Its fork was missed, or is of a kind that the source does not tell. */
		inside = event->type == EVENT_RUNNING ? descends(filter, event->ppid)
						      : in_tree(filter, event->ppid);
	put_tree(filter, pid, inside && event->type != EVENT_EXIT);
	return inside;
}

/* ---- matching ---- */

static const char *terminated(struct filter *filter, struct slice slice)
{
	filter->scratch.size = 0;
	text_add_bytes(&filter->scratch, slice.data, slice.size);
	return filter->scratch.failed ? "" : filter->scratch.data;
}

static bool begins(struct slice text, const char *prefix, size_t size)
{
	return text.size >= size && memcmp(text.data, prefix, size) == 0;
}

static bool path_matches(struct filter *filter, const struct word *word, struct slice path)
{
	if (path.size == 0)
		return false;
	if (!memchr(word->text, '/', word->size))
		path = slice_last_part(path);
	if (word->pattern)
		return glob_match(word->text, terminated(filter, path));
	if (word->text[word->size - 1] == '/')
		return begins(path, word->text, word->size);
	return slice_eq(path, (struct slice){ word->text, word->size });
}

/* A failed execution has no program of its own yet: what was asked for stands for it. */
static bool exe_matches(struct filter *filter, const struct word *word, const struct event *event)
{
	if (event->type == EVENT_FAILED && event_knows(event, FIELD_FILENAME))
		return path_matches(filter, word, event->filename);
	if (event_knows(event, FIELD_EXE) && path_matches(filter, word, event->exe))
		return true;
	return event_knows(event, FIELD_SCRIPT) && path_matches(filter, word, event->script);
}

static bool group_matches(struct filter *filter, const struct word *word, struct slice path)
{
	if (word->pattern)
		return glob_match(word->text, terminated(filter, path));
	return begins(path, word->text, word->size) &&
	       (path.size == word->size || path.data[word->size] == '/');
}

static bool cgroup_matches(struct filter *filter, const struct word *word,
			   const struct event *event)
{
	const char *at = event->cgroup_v1.data, *end = at + event->cgroup_v1.size;

	if (event_knows(event, FIELD_CGROUP) && group_matches(filter, word, event->cgroup))
		return true;
	if (!event_knows(event, FIELD_CGROUP_V1))
		return false;
	/* Each is CONTROLLERS:PATH with a NUL behind. */
	while (at < end) {
		size_t size = strnlen(at, (size_t)(end - at));
		const char *colon = memchr(at, ':', size);
		struct slice path = { colon + 1, colon ? size - (size_t)(colon + 1 - at) : 0 };

		if (colon && group_matches(filter, word, path))
			return true;
		at += size + 1;
	}
	return false;
}

static bool container_matches(_unused_ struct filter *filter, const struct word *word,
			      const struct event *event)
{
	bool inside = event_knows(event, FIELD_CONTAINER_RUNTIME) && event->container_runtime.size;
	bool known =
		inside || event_knows(event, FIELD_CGROUP) || event_knows(event, FIELD_CGROUP_V1);
	struct slice whole = { word->text, word->size };

	if (streq(word->text, "host"))
		return known && !inside;
	if (!inside || streq(word->text, "any"))
		return inside;
	if (begins(whole, "id:", 3))
		return event_knows(event, FIELD_CONTAINER_ID) &&
		       begins(event->container_id, word->text + 3, word->size - 3);
	return slice_eq(event->container_runtime, whole) ||
	       (event_knows(event, FIELD_POD) && slice_eq(event->pod, whole)) ||
	       (event_knows(event, FIELD_CONTAINER_ID) &&
		begins(event->container_id, word->text, word->size));
}

static bool user_matches(_unused_ struct filter *filter, const struct word *word,
			 const struct event *event)
{
	return event_knows(event, FIELD_UID) && event->uid == word->number;
}

static bool pid_matches(_unused_ struct filter *filter, const struct word *word,
			const struct event *event)
{
	return event_knows(event, FIELD_PID) && event->pid == word->number;
}

static const struct {
	enum filter_key key;
	bool (*matches)(struct filter *filter, const struct word *word, const struct event *event);
} tests[] = {
	{ FILTER_PID, pid_matches },
	{ FILTER_USER, user_matches },
	{ FILTER_EXE, exe_matches },
	{ FILTER_CGROUP, cgroup_matches },
	{ FILTER_CONTAINER, container_matches },
};

static bool type_passes(const struct filter *filter, enum event_type type)
{
	uint32_t bits = EVENT_BIT(type);

	/* What a gap has swallowed comes as found: who wants executions wants these. */
	if (type == EVENT_RUNNING)
		bits |= EVENT_BIT(EVENT_EXEC);
	return filter->types & bits;
}

bool filter_pass(struct filter *filter, const struct event *event)
{
	bool inside = true;

	if (event->type == EVENT_GAP || event->type == EVENT_SOURCE)
		return true;
	if (filter->words[FILTER_TREE].count > 0)
		inside = follow_tree(filter, event);
	if (!inside || !type_passes(filter, event->type))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		const struct words *words = &filter->words[tests[i].key];
		bool matched = words->count == 0;

		for (size_t j = 0; j < words->count && !matched; j++)
			matched = tests[i].matches(filter, &words->items[j], event);
		if (!matched)
			return false;
	}
	return true;
}

/* ---- what a client asks for ---- */

static int read_words(struct filter *filter, enum filter_key key, const json_t *list,
		      struct error *err)
{
	const char *name = filter_keys[key].name, *word;
	const json_t *value;
	size_t index;
	int r;

	if (!list || json_is_null(list))
		return 0;
	if (!json_is_array(list))
		return error_set(err, -EINVAL, "\"%s\" must be a list of strings", name);
	json_array_foreach(list, index, value)
	{
		word = json_string_value(value);
		r = word ? filter_add(filter, key, word, 0, err)
			 : error_set(err, -EINVAL, "\"%s\" must be a list of strings", name);
		if (r < 0)
			return r;
	}
	return 0;
}

int filter_from_json(const json_t *object, struct filter **ret_filter, struct error *err)
{
	_cleanup_(filter_freep) struct filter *filter = NULL;
	int r;

	if (object && !json_is_null(object) && !json_is_object(object))
		return error_set(err, -EINVAL, "parameter \"filter\" must be an object");
	if (filter_new(&filter) < 0)
		return error_oom(err);
	for (enum filter_key key = 0; key < FILTER_COUNT; key++) {
		r = read_words(filter, key, json_object_get(object, filter_keys[key].name), err);
		if (r < 0)
			return r;
	}
	if (filter_count(filter, FILTER_TYPE) == 0)
		filter_add_types(filter, EVENT_BIT(EVENT_EXEC));
	*ret_filter = TAKE_PTR(filter);
	return 0;
}
