// SPDX-License-Identifier: MIT
/*
 * Maps against their tables, and the top-level keys. What stands behind those is in schema-rules.c,
 * schema-groups.c and others.
 */
#include "config/schema.h"

#include "config/values.h"

#include <strings.h>
#include <sys/stat.h>
#include <syslog.h>

bool next_pair(struct reader *reader, const struct node *map, node_id *at,
	       const struct node **ret_key, const struct node **ret_value)
{
	node_id key = *at ? tree_raw(&reader->tree, tree_raw(&reader->tree, *at)->next)->next
			  : map->first;

	if (key == 0 || !reader_visit(reader, map))
		return false;
	*at = key;
	*ret_key = tree_node(&reader->tree, key);
	*ret_value = tree_node(&reader->tree, tree_raw(&reader->tree, key)->next);
	return true;
}

bool next_entry(struct reader *reader, const struct node *list, node_id *at,
		const struct node **ret_entry)
{
	node_id entry = *at ? tree_raw(&reader->tree, *at)->next : list->first;

	if (entry == 0 || !reader_visit(reader, list))
		return false;
	*at = entry;
	*ret_entry = tree_node(&reader->tree, entry);
	return true;
}

bool expect_map(struct reader *reader, const char *name, const struct node *node)
{
	char shown[80];

	if (node->kind == NODE_MAP || value_is_null(reader, node))
		return true;
	return report_error(reader, node, NULL, "\"%s\" must be a map of keys and values, not %s",
			    name, value_shown(reader, node, shown, sizeof(shown)));
}

struct place place_inside(const struct reader *reader, const struct node *node, size_t offset)
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

bool check_name(struct reader *reader, const char *what, const struct node *key)
{
	const char *name = tree_text(&reader->tree, key);

	if (*name == '\0')
		return report_quirk(reader, place_of(key), NULL, "a %s needs a name", what);
	if (key->count > 255)
		return report_error(reader, key, NULL,
				    "this name has %u bytes, at most 255 are allowed", key->count);
	for (const char *at = name; *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			return report_error(reader, key, NULL,
					    "a name cannot contain a control character");
	return true;
}

int put_name(struct reader *reader, struct hash *names, const char *name, size_t index,
	     size_t *ret_old)
{
	void *old = NULL;
	int r = hash_put_string(names, name, (void *)(uintptr_t)(index + 1), &old);

	if (r < 0) {
		report_oom(reader);
		return -1;
	}
	if (r == 0)
		*ret_old = (size_t)(uintptr_t)old - 1;
	return r;
}

void report_twice(struct reader *reader, const char *what, const struct node *node,
		  struct position first)
{
	report_error(reader, node, NULL, "%s is there twice", what);
	report_at(reader, SEVERITY_NOTE, place_from(first, 1), NULL, "the first is here");
}

void *grow_array(struct reader *reader, void *array, size_t *room, size_t count, size_t size)
{
	size_t wanted = *room ? *room * 2 : 16;

	if (count == *room) {
		void *larger = reallocarray(array, wanted, size);

		if (!larger) {
			report_oom(reader);
			return NULL;
		}
		array = larger;
		*room = wanted;
	}
	memset((char *)array + count * size, 0, size);
	return array;
}

static const struct schema_key *find_key(struct reader *reader, const struct schema *schema,
					 const struct node *node, size_t *ret_offset)
{
	const char *name = tree_text(&reader->tree, node);
	/* fetter's JSON reader took keys in any case; its YAML reader did not. */
	bool any_case = compat(reader) && reader->sources[node->file].syntax == SYNTAX_JSON;
	size_t offset;

	*ret_offset = 0;
	for (size_t i = 0; i < schema->count; i++)
		if (streq(name, schema->keys[i].name) ||
		    (any_case && strcasecmp(name, schema->keys[i].name) == 0))
			return &schema->keys[i];
	for (size_t i = 0; i < SCHEMA_PARTS && schema->parts[i].schema; i++) {
		const struct schema_key *key =
			find_key(reader, schema->parts[i].schema, node, &offset);

		*ret_offset = schema->parts[i].offset + offset;
		if (key)
			return key;
	}
	return NULL;
}

/* The names of all keys for guesses; they are at most SCHEMA_KEYS_MAX. */
static size_t list_keys(const struct schema *schema, const char **names, size_t count)
{
	for (size_t i = 0; i < schema->count && count < SCHEMA_KEYS_MAX; i++)
		names[count++] = schema->keys[i].name;
	for (size_t i = 0; i < SCHEMA_PARTS && schema->parts[i].schema; i++)
		count = list_keys(schema->parts[i].schema, names, count);
	return count;
}

/* What the kernel, systemd and containers call a limit, for who comes from there. */
static const struct {
	const char *theirs, *ours;
} other_names[] = {
	{ "CPUQuota", "cpu" },	     { "CPUWeight", "cpu_weight" },
	{ "IOWeight", "io_weight" }, { "MemoryHigh", "ram_high" },
	{ "MemoryMax", "ram" },	     { "TasksMax", "pids" },
	{ "cpuset", "cpus" },	     { "mem", "ram" },
	{ "memory", "ram" },	     { "memory_high", "ram_high" },
	{ "memory_max", "ram" },     { "tasks", "pids" },
};

static const char *other_name(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < ARRAY_SIZE(other_names); i++)
		for (size_t j = 0; streq(name, other_names[i].theirs) && j < count; j++)
			if (streq(names[j], other_names[i].ours))
				return names[j];
	return NULL;
}

static bool unknown_key(struct reader *reader, const struct schema *schema, const struct node *key)
{
	const char *name = tree_text(&reader->tree, key), *hint, *other, *names[SCHEMA_KEYS_MAX];
	size_t count = list_keys(schema, names, 0);
	char buffer[96];

	hint = guess_hint(reader, name, names, count, buffer, sizeof(buffer));
	other = other_name(name, names, count);
	if (other) {
		snprintf(buffer, sizeof(buffer), "here it is \"%s\"", other);
		hint = buffer;
	}
	if (schema == &group_schema && streq(name, "kill"))
		hint = "write \"trigger: KILL\" in the rule";
	if (schema == &condition_schema && streq(name, "paths"))
		hint = "put a rule with these paths and \"stop: true\" before it";
	return report_quirk(reader, place_of(key), hint, "unknown key \"%s\" in %s", name,
			    schema->where);
}

bool schema_read(struct reader *reader, const struct schema *schema, const struct node *map,
		 void *target)
{
	const struct node *name, *value;
	bool good = true;

	for (node_id at = 0; next_pair(reader, map, &at, &name, &value);) {
		size_t offset;
		const struct schema_key *key = find_key(reader, schema, name, &offset);

		good &= key ? key->read(reader, key, value, (char *)target + offset)
			    : unknown_key(reader, schema, name);
	}
	return good && !reader->too_large;
}

bool read_unsigned(struct reader *reader, const struct schema_key *key, const struct node *value,
		   void *target)
{
	const struct number_range range = { .least = key->least, .most = key->most };
	uint64_t number = 0;
	enum value result = value_number(reader, key->name, value, &range, &number);

	if (result == VALUE_GOOD)
		*(unsigned *)((char *)target + key->offset) = (unsigned)number;
	return result != VALUE_BAD;
}

/* Notes that a single value is set; false when another file has set it. */
bool set_single(struct reader *reader, const struct schema_key *key, const struct node *value)
{
	const struct node **slot = &reader->single[key->number];
	char what[64];

	/* What is laid over the others may say it again. */
	if (*slot && *slot != value &&
	    reader->sources[value->file].layer <= reader->sources[(*slot)->file].layer) {
		snprintf(what, sizeof(what), "\"%s\"", key->name);
		report_twice(reader, what, value, position_of(*slot));
		return false;
	}
	*slot = value;
	return true;
}

bool only_in_files(struct reader *reader, const struct schema_key *key, const struct node *value)
{
	return reader->sources[value->file].layer == 0 ||
	       report_error(reader, value, NULL, "\"%s\" is for each host to say, in its own file",
			    key->name);
}

static bool set_string(struct reader *reader, char **to, const char *text)
{
	char *copy = arena_string(reader->memory, text);

	if (!copy)
		return report_oom(reader);
	*to = copy;
	return true;
}

static bool read_name(struct reader *reader, const struct schema_key *key, const struct node *value,
		      void *target)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct policy *policy = target;
	const char *text;
	enum value result = value_text(reader, key->name, value, &text);

	if (result != VALUE_GOOD)
		return result != VALUE_BAD;
	if (!only_in_files(reader, key, value) || !set_single(reader, key, value))
		return false;
	if (group_name_check(text, &err) < 0)
		return report_error(reader, value, NULL, "\"name\" cannot be \"%.80s\": %s", text,
				    error_text(&err));
	if (strchr(text, '/'))
		return report_error(reader, value, NULL, "\"name\" cannot contain \"/\"");
	return set_string(reader, &policy->name, text);
}

static bool read_mode(struct reader *reader, const struct schema_key *key, const struct node *value,
		      void *target)
{
	static const char *const words[] = { [MODE_AUDIT] = "audit", [MODE_SCANNER] = "scanner" };
	struct policy *policy = target;
	size_t index;
	enum value result = value_word(reader, key->name, value, words, ARRAY_SIZE(words), &index);

	if (result != VALUE_GOOD)
		return result != VALUE_BAD;
	policy->mode = (enum policy_mode)index;
	return set_single(reader, key, value);
}

static bool read_section(struct reader *reader, const struct schema_key *key,
			 const struct node *value, void *target)
{
	const struct schema *sections[] = { &logging_schema, &audit_schema, &tuning_schema,
					    &decisions_schema };

	return expect_map(reader, key->name, value) &&
	       schema_read(reader, sections[key->number], value, target);
}

/* Whether every user may write the folder of a file: its name could be taken first. */
static bool in_public_folder(const char *file)
{
	_cleanup_(freep) char *folder = strdup(file);
	char *slash = folder ? strrchr(folder, '/') : NULL;
	struct stat info;

	if (!slash)
		return false;
	slash[slash == folder] = '\0';
	return stat(folder, &info) == 0 && (info.st_mode & S_IWOTH);
}

static bool set_log_file(struct reader *reader, const struct node *value, const char *text,
			 struct policy *policy)
{
	_cleanup_(freep) char *absolute = NULL;

	if (strncmp(text, "file://", 7) == 0)
		text += 7;
	if (text[0] != '/') {
		_cleanup_(freep) char *folder = compat(reader) ? getcwd(NULL, 0) : NULL;

		if (!report_quirk(reader, place_of(value),
				  "write a path from \"/\" on, \"stderr\" or \"journal\"",
				  "the log file \"%.80s\" depends on the folder that reeve is "
				  "started in",
				  text))
			return false;
		if (!folder || asprintf(&absolute, "%s/%s", folder, text) < 0) {
			absolute = NULL;
			return report_oom(reader);
		}
		text = absolute;
	}
	if (in_public_folder(text)) {
		if (!report_quirk(reader, place_of(value),
				  "use a folder that only root may write, such as /var/log",
				  "the log file is in a folder that every user may write%s",
				  compat(reader) ? ": stderr is used" : ""))
			return false;
		text = "stderr";
	}
	return set_string(reader, &policy->log_file, text);
}

static bool read_log_file(struct reader *reader, const struct schema_key *key,
			  const struct node *value, void *target)
{
	struct policy *policy = target;
	const char *text;
	enum value result = value_text(reader, key->name, value, &text);

	if (result != VALUE_GOOD)
		return result != VALUE_BAD;
	if (!set_single(reader, key, value))
		return false;
	if (streq(text, "stdout")) {
		report_warning(reader, value, "write \"stderr\"",
			       "nothing is logged to stdout: stderr is used");
		return set_string(reader, &policy->log_file, "stderr");
	}
	if (streq(text, "stderr") || streq(text, "journal"))
		return set_string(reader, &policy->log_file, text);
	return set_log_file(reader, value, text, policy);
}

static bool read_log_level(struct reader *reader, const struct schema_key *key,
			   const struct node *value, void *target)
{
	static const struct {
		const char *word;
		int level;
	} levels[] = {
		{ "debug", LOG_DEBUG },
		{ "info", LOG_INFO },
		{ "notice", LOG_NOTICE },
		{ "warning", LOG_WARNING },
		{ "error", LOG_ERR },
		/* fetter's other words; what is above an error is logged as one here */
		{ "warn", LOG_WARNING },
		{ "dpanic", LOG_ERR },
		{ "panic", LOG_ERR },
		{ "fatal", LOG_ERR },
	};
	const char *words[ARRAY_SIZE(levels)], *text;
	struct policy *policy = target;
	enum value result = value_text(reader, key->name, value, &text);
	char hint[96];

	if (result != VALUE_GOOD)
		return result != VALUE_BAD;
	if (!set_single(reader, key, value))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		words[i] = levels[i].word;
		if (strcasecmp(text, levels[i].word) == 0) {
			policy->log_level = levels[i].level;
			return true;
		}
	}
	return report_quirk(reader, place_of(value),
			    guess_hint(reader, text, words, ARRAY_SIZE(words), hint, sizeof(hint)),
			    "\"level\" must be debug, info, notice, warning or error, not "
			    "\"%.60s\"%s",
			    text, compat(reader) ? ": info is used" : "");
}

static bool read_audit_mode(struct reader *reader, const struct schema_key *key,
			    const struct node *value, void *target)
{
	static const char *const words[] = { "override", "preserve", "reuse" };
	struct policy *policy = target;
	const char *text;
	char hint[96];
	enum value result = value_text(reader, key->name, value, &text);

	if (result != VALUE_GOOD)
		return result != VALUE_BAD;
	if (!set_single(reader, key, value))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (streq(text, words[i]))
			return set_string(reader, &policy->audit_mode, text);
	return report_quirk(reader, place_of(value),
			    guess_hint(reader, text, words, ARRAY_SIZE(words), hint, sizeof(hint)),
			    "\"mode\" must be override, preserve or reuse, not \"%.60s\"", text);
}

static bool read_favordynmods(struct reader *reader, const struct schema_key *key,
			      const struct node *value, void *target)
{
	static const char *const words[] = {
		[FAVORDYNMODS_AUTO] = "auto", [FAVORDYNMODS_OFF] = "off"
	};
	struct policy *policy = target;
	size_t index;
	enum value result = value_word(reader, key->name, value, words, ARRAY_SIZE(words), &index);

	if (result != VALUE_GOOD)
		return result != VALUE_BAD;
	policy->favordynmods = (enum favordynmods)index;
	return set_single(reader, key, value);
}

static bool read_gate_threads(struct reader *reader, const struct schema_key *key,
			      const struct node *value, void *target)
{
	const struct number_range range = { .least = key->least, .most = key->most };
	struct policy *policy = target;
	uint64_t number = 0;

	if (value->kind != NODE_SCALAR || !streq(tree_text(&reader->tree, value), "auto")) {
		enum value result = value_number(reader, key->name, value, &range, &number);

		if (result != VALUE_GOOD)
			return result != VALUE_BAD;
	}
	policy->gate_threads = (unsigned)number;
	return set_single(reader, key, value);
}

static bool read_dry_run(struct reader *reader, const struct schema_key *key,
			 const struct node *value, void *target)
{
	struct policy *policy = target;
	enum value result = value_bool(reader, key->name, value, &policy->dry_run);

	if (result != VALUE_GOOD)
		return result != VALUE_BAD;
	return set_single(reader, key, value);
}

/* The layer above has the sources; core/engine-watch.c compares its table with these. */
static bool read_source(struct reader *reader, const struct schema_key *key,
			const struct node *value, void *target)
{
	static const char *const words[] = { "auto", "bpf", "connector", "audit", "procfs", "off" };
	struct policy *policy = target;
	size_t index;
	enum value result = value_word(reader, key->name, value, words, ARRAY_SIZE(words), &index);

	if (result != VALUE_GOOD)
		return result != VALUE_BAD;
	policy->source = words[index];
	return set_single(reader, key, value);
}

static const struct schema_key logging_keys[] = {
	{ "file", "path, stderr or journal", "where the log goes; default stderr", read_log_file,
	  .number = SINGLE_LOG_FILE },
	{ "level", "word", "debug, info (default), notice, warning or error", read_log_level,
	  .number = SINGLE_LOG_LEVEL },
};
const struct schema logging_schema = {
	"\"logging\"", logging_keys, ARRAY_SIZE(logging_keys), { { NULL, 0 } }
};

static const struct schema_key audit_keys[] = {
	{ "mode", "word", "override, preserve or reuse: read for fetter, changes nothing",
	  read_audit_mode, .number = SINGLE_AUDIT_MODE },
};
const struct schema audit_schema = {
	"\"audit\"", audit_keys, ARRAY_SIZE(audit_keys), { { NULL, 0 } }
};

static const struct schema_key tuning_keys[] = {
	{ "favordynmods", "auto or off", "whether moves are made fast while the daemon runs",
	  read_favordynmods, .number = SINGLE_FAVORDYNMODS },
	{ "gate_threads", "auto or number", "threads that answer the kernel", read_gate_threads,
	  .least = 1, .most = 1024, .number = SINGLE_GATE_THREADS },
};
const struct schema tuning_schema = {
	"\"tuning\"", tuning_keys, ARRAY_SIZE(tuning_keys), { { NULL, 0 } }
};

static const struct schema_key policy_keys[] = {
	{ "audit", "map", "fetter's audit rules: read, without effect", read_section, .number = 1 },
	{ "decisions", "map", "where what was decided is kept", read_section, .number = 3 },
	{ "dry_run", "true or false", "everything is decided and recorded, nothing is done",
	  read_dry_run, .number = SINGLE_DRY_RUN },
	{ "fleet", "map", "where the policy of many hosts is kept", read_fleet,
	  .number = SINGLE_FLEET },
	{ "groups", "map", "name -> limits", read_groups },
	{ "logging", "map", "file and level of the log", read_section, .number = 0 },
	{ "mode", "audit or scanner", "how processes are seen", read_mode, .number = SINGLE_MODE },
	{ "name", "name", "of this instance: the folder that its groups are in; default reeve",
	  read_name, .number = SINGLE_NAME },
	{ "rules", "map or list", "when something happens, and what is done", read_rules },
	{ "sinks", "map", "name -> where events go", read_sinks },
	{ "source", "word",
	  "what reeve watch sees by: auto (default), bpf, connector, audit, procfs or off",
	  read_source, .number = SINGLE_SOURCE },
	{ "tests", "list", "given this process, expect that", read_tests },
	{ "triggers", "map", "name -> program to run", read_triggers },
	{ "tuning", "map", "how it is done", read_section, .number = 2 },
};
const struct schema policy_schema = {
	"a policy", policy_keys, ARRAY_SIZE(policy_keys), { { NULL, 0 } }
};

bool policy_read(struct reader *reader, const struct node *root)
{
	char shown[80];

	if (root->kind != NODE_MAP && !value_is_null(reader, root)) {
		reader->incomplete = true;
		return report_error(reader, root, "a policy begins like this: \"rules:\"",
				    "a policy must be a map of keys and values, not %s",
				    value_shown(reader, root, shown, sizeof(shown)));
	}
	return schema_read(reader, &policy_schema, root, reader->policy);
}
