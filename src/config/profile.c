// SPDX-License-Identifier: MIT
/*
 * One file, one map. What the keys are and what their values mean is said by the caller's schema:
 * this knows maps, lists and places. All values are offered, also after a mistake, so that all
 * mistakes are told at once.
 */
#include "config/profile.h"

#include "config/builder.h"
#include "config/schema.h"
#include "config/source.h"
#include "config/values.h"
#include "util/text.h"

enum { KEYS_MOST = 160, KEY_SIZE = 64 };

const char *const profile_folders[] = { "/etc/reeve/profiles", REEVE_DATA_DIR "/profiles", NULL };

struct loading {
	struct reader *reader;
	const struct profile_schema *schema;
	const char *what;
	bool part; /* of a file that has a description of its own */
	char *description;
};

static void take(struct loading *l, const struct node *node, const char *key, const char *value)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;

	if (l->schema->take(key, value, l->schema->userdata, &err) < 0)
		report_error(l->reader, node, NULL, "%s", error_text(&err));
}

static void read_flag(struct loading *l, const char *key, const struct node *node)
{
	bool value;

	if (value_bool(l->reader, key, node, &value) == VALUE_GOOD)
		take(l, node, key, value ? "yes" : "no");
}

static void read_value(struct loading *l, const char *key, const struct node *node)
{
	const char *text;

	if (value_text(l->reader, key, node, &text) == VALUE_GOOD)
		take(l, node, key, text);
}

/* {LANG: C, HOME: } as "LANG=C" and "HOME". */
static void read_pairs(struct loading *l, const char *key, const struct node *map)
{
	const struct node *name, *node;
	node_id at = 0;

	while (next_pair(l->reader, map, &at, &name, &node)) {
		_cleanup_(text_done) struct text pair = { 0 };
		_cleanup_(freep) char *joined = NULL;
		const char *text = NULL;

		if (!value_is_null(l->reader, node) &&
		    value_text(l->reader, key, node, &text) != VALUE_GOOD)
			continue;
		text_add(&pair, tree_text(&l->reader->tree, name));
		if (text)
			text_addf(&pair, "=%s", text);
		joined = text_take(&pair);
		if (!joined)
			report_oom(l->reader);
		else
			take(l, node, key, joined);
	}
}

static void read_list(struct loading *l, const char *key, const struct node *node)
{
	const struct node *entry;
	node_id at = 0;

	if (node->kind == NODE_MAP) {
		read_pairs(l, key, node);
		return;
	}
	if (node->kind != NODE_LIST) {
		read_value(l, key, node);
		return;
	}
	while (next_entry(l->reader, node, &at, &entry))
		read_value(l, key, entry);
}

static void read_description(struct loading *l, const struct node *node)
{
	const char *text;

	if (value_text(l->reader, "description", node, &text) != VALUE_GOOD)
		return;
	free(l->description);
	l->description = strdup(text);
	if (!l->description)
		report_oom(l->reader);
}

static void unknown_key(struct loading *l, const struct node *node, const char *name)
{
	const char *names[KEYS_MOST];
	char hint[128];
	enum key_form form;
	size_t count = 0;

	while (count + 1 < KEYS_MOST &&
	       (names[count] = l->schema->key_at(count, &form, l->schema->userdata)))
		count++;
	if (!l->part)
		names[count++] = "description";
	report_error(l->reader, node, guess_hint(l->reader, name, names, count, hint, sizeof(hint)),
		     "unknown key \"%s\" in %s", name, l->what);
}

static void read_key(struct loading *l, const struct node *node, const struct node *value)
{
	char name[KEY_SIZE];
	enum key_form form;
	const char *key;

	snprintf(name, sizeof(name), "%s", tree_text(&l->reader->tree, node));
	for (char *at = name; *at; at++)
		if (*at == '_')
			*at = '-';
	if (!l->part && streq(name, "description")) {
		read_description(l, value);
		return;
	}
	for (size_t i = 0; (key = l->schema->key_at(i, &form, l->schema->userdata)); i++) {
		if (!streq(key, name))
			continue;
		if (form == KEY_FLAG)
			read_flag(l, key, value);
		else if (form == KEY_VALUE)
			read_value(l, key, value);
		else
			read_list(l, key, value);
		return;
	}
	unknown_key(l, node, tree_text(&l->reader->tree, node));
}

/* ---- a file ---- */

static void read_root(struct loading *l, const struct node *root)
{
	const struct node *key, *value;
	node_id at = 0;

	if (!expect_map(l->reader, l->what, root) || root->kind != NODE_MAP)
		return;
	while (next_pair(l->reader, root, &at, &key, &value))
		read_key(l, key, value);
}

bool profile_read_map(struct reader *reader, const char *what, const struct profile_schema *schema,
		      const struct node *map)
{
	struct loading l = { .reader = reader, .schema = schema, .what = what, .part = true };
	size_t errors = reader->diagnostics->errors;

	read_root(&l, map);
	return reader->diagnostics->errors == errors;
}

static int read_source(struct loading *l)
{
	struct reader *reader = l->reader;
	struct place start = { .line = 1, .column = 1, .length = 1 };
	node_id root = 0;

	if (reader->source_count != 1) {
		diagnostics_add(reader->diagnostics, SEVERITY_ERROR, NULL, NULL, 0, 0, 0, NULL,
				"a profile is one file");
		return -EINVAL;
	}
	if (!source_check(reader, 0) ||
	    !(reader->sources[0].syntax == SYNTAX_JSON ? json_read : yaml_read)(reader, 0, &root))
		return -EINVAL;
	if (root == 0)
		report_at(reader, SEVERITY_ERROR, start, "a profile is at least: description: ...",
			  "the file is empty");
	else
		read_root(l, tree_node(&reader->tree, root));
	return reader->out_of_memory ? -ENOMEM : 0;
}

static int begin(struct reader *reader, enum load_flags flags, struct diagnostics *diagnostics)
{
	struct policy *policy = calloc(1, sizeof(*policy));

	*reader = (struct reader){ .flags = flags, .diagnostics = diagnostics, .policy = policy };
	return policy ? 0 : -ENOMEM;
}

static int finish(struct loading *l, int r, size_t errors_before, char **ret_description)
{
	if (r == 0)
		r = read_source(l);
	if (r == 0 && l->reader->diagnostics->errors > errors_before)
		r = -EINVAL;
	reader_done(l->reader);
	if (r == 0)
		*ret_description = TAKE_PTR(l->description);
	free(l->description);
	return r;
}

int profile_load(const char *path, enum load_flags flags, const struct profile_schema *schema,
		 char **ret_description, struct diagnostics *diagnostics)
{
	size_t errors = diagnostics->errors;
	struct reader reader;
	struct loading l = { .reader = &reader, .schema = schema, .what = "a profile" };
	int r = begin(&reader, flags, diagnostics);

	if (r == 0)
		r = sources_read(&reader, path);
	return finish(&l, r, errors, ret_description);
}

int profile_parse(const char *name, const char *text, size_t size,
		  const struct profile_schema *schema, char **ret_description,
		  struct diagnostics *diagnostics)
{
	size_t errors = diagnostics->errors, length = strlen(name);
	char *copy = size <= LOAD_SIZE_MAX ? malloc(size + 1) : NULL;
	struct reader reader;
	struct loading l = { .reader = &reader, .schema = schema, .what = "a profile" };
	int r;

	if (!copy)
		return -ENOMEM;
	memcpy(copy, text, size);
	copy[size] = '\0';
	r = begin(&reader, 0, diagnostics);
	if (r < 0)
		free(copy);
	else if (source_add(&reader, name, copy, size,
			    length > 5 && streq(name + length - 5, ".json")) < 0)
		r = -ENOMEM;
	return finish(&l, r, errors, ret_description);
}

/* ---- by name ---- */

static bool is_name(const char *word)
{
	return *word && *word != '.' && strlen(word) < 128 &&
	       strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
		       strlen(word);
}

int profile_find(const char *word, char **ret_path, struct error *err)
{
	if (strchr(word, '/')) {
		*ret_path = strdup(word);
		return *ret_path ? 0 : error_oom(err);
	}
	if (!is_name(word))
		return error_set(err, -EINVAL,
				 "\"%s\" is no name of a profile (letters, digits, . _ -), and no "
				 "path, which has a \"/\"",
				 word);
	for (size_t i = 0; profile_folders[i]; i++) {
		_cleanup_(freep) char *path = NULL;

		if (asprintf(&path, "%s/%s.yaml", profile_folders[i], word) < 0) {
			path = NULL;
			return error_oom(err);
		}
		if (access(path, F_OK) == 0) {
			*ret_path = TAKE_PTR(path);
			return 0;
		}
	}
	return error_set(err, -ENOENT, "there is no profile \"%s\" (%s/%s.yaml)", word,
			 profile_folders[0], word);
}
