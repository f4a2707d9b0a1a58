// SPDX-License-Identifier: MIT
/*
 * Rules are printed from the tree that the daemon would read them by (cgrules-tree.c): what is
 * printed means what the file does. A comment stays before the rule that it stood before, or behind
 * the one that it stood behind.
 */
#include "config/import.h"

#include "config/cgrules-tree.h"
#include "config/import-groups.h"
#include "config/schema.h"
#include "config/source.h"

#include <strings.h>

/* Words of YAML that are no texts. */
static bool is_word_of_yaml(const char *value)
{
	static const char *const words[] = { "true", "false", "yes", "no", "on",
					     "off",  "null",  "y",   "n",  "~" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcasecmp(value, words[i]) == 0)
			return true;
	return false;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '/';
}

void import_add_scalar(struct text *text, const char *value)
{
	bool plain = is_letter(*value) && !is_word_of_yaml(value);

	for (const char *c = value; *c && plain; c++)
		plain = is_letter(*c) || (*c >= '0' && *c <= '9') || *c == '-' || *c == '.';
	if (plain) {
		text_add(text, value);
		return;
	}
	text_add(text, "\"");
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			text_addf(text, "\\%c", *value);
		else if ((unsigned char)*value < 0x20)
			text_addf(text, "\\x%02x", (unsigned char)*value);
		else
			text_add_bytes(text, value, 1);
	}
	text_add(text, "\"");
}

/* One line of text that YAML takes. */
static void add_line(struct text *text, const char *line)
{
	size_t left = strlen(line);

	while (left > 0) {
		size_t size = utf8_sequence(line, left);
		unsigned char c = (unsigned char)*line;
		bool bad = size == 0 || (c < 0x20 && c != '\t') || c == 0x7f ||
			   (size == 2 && c == 0xc2 && (unsigned char)line[1] < 0xa0) ||
			   (size == 3 && (memcmp(line, "\xe2\x80\xa8", 3) == 0 ||
					  memcmp(line, "\xe2\x80\xa9", 3) == 0 ||
					  memcmp(line, "\xef\xbf\xbe", 3) == 0 ||
					  memcmp(line, "\xef\xbf\xbf", 3) == 0));

		/* Old files are in Latin-1, of which each byte is that character. */
		if (size == 0 && c >= 0xa0)
			text_addf(text, "%c%c", 0xc0 | c >> 6, 0x80 | (c & 0x3f));
		else
			text_add_bytes(text, bad ? "?" : line, bad ? 1 : size);
		size = MAX(size, (size_t)1);
		line += size;
		left -= size;
	}
}

void import_add_comment(struct text *text, unsigned indent, const char *comment)
{
	text_addf(text, "%*s#%s", (int)indent, "", *comment && *comment != ' ' ? " " : "");
	add_line(text, comment);
	text_add(text, "\n");
}

static bool is_before(struct position one, struct position other)
{
	return one.file < other.file || (one.file == other.file && one.line < other.line);
}

void import_add_comments(struct text *text, unsigned indent, struct import_comments *comments,
			 struct position before)
{
	for (; comments->next < comments->count; comments->next++) {
		const struct cgcomment *comment = &comments->items[comments->next];

		if (!is_before(comment->at, before))
			return;
		import_add_comment(text, indent, comment->text);
	}
}

/* ---- the tree of rules ---- */

static void add_node(struct text *text, const struct tree *tree, const struct node *node)
{
	if (node->kind == NODE_SCALAR) {
		if (node->plain)
			text_add(text, tree_text(tree, node));
		else
			import_add_scalar(text, tree_text(tree, node));
		return;
	}
	text_add(text, "[");
	for (node_id id = node->first; id; id = tree_raw(tree, id)->next) {
		text_add(text, id == node->first ? "" : ", ");
		add_node(text, tree, tree_node(tree, id));
	}
	text_add(text, "]");
}

/* Behind the rule's name stands what stood behind its lines. */
static void add_trailing(struct text *text, struct import_comments *comments, uint32_t next_line)
{
	bool begun = false;

	for (; comments->next < comments->count; comments->next++, begun = true) {
		const struct cgcomment *comment = &comments->items[comments->next];

		if (comment->alone || comment->at.line >= next_line)
			return;
		text_add(text, begun ? ";" : "  #");
		text_add(text, *comment->text == ' ' ? "" : " ");
		add_line(text, comment->text);
	}
}

static void add_rule(struct text *text, const struct tree *tree, const struct node *rule,
		     struct import_comments *comments, uint32_t next_line)
{
	for (node_id id = rule->first; id;) {
		node_id value = tree_raw(tree, id)->next;
		bool first = id == rule->first;

		text_addf(text, "  %s %s: ", first ? "-" : " ",
			  tree_text(tree, tree_node(tree, id)));
		add_node(text, tree, tree_node(tree, value));
		if (first)
			add_trailing(text, comments, next_line);
		text_add(text, "\n");
		id = tree_raw(tree, value)->next;
	}
}

struct import {
	struct reader *reader;
	const struct import_listener *listener; /* or NULL */
	struct text *text;
	struct cgconfig *config;
	bool begun;   /* `rules:` stands there */
	size_t rules; /* below it */
};

static void tell(const struct import *import, const char *file, size_t rules)
{
	if (import->listener)
		import->listener->on_rules(file, rules, import->listener->userdata);
}

/* How many there are. */
static size_t add_rules(const struct import *import, const char *file, const struct node *root,
			const struct cgrules *rules)
{
	const struct tree *tree = &import->reader->tree;
	struct text *text = import->text;
	struct import_comments comments = { rules->comments, rules->comment_count, 0 };
	const struct node *list = tree_node(tree, tree_raw(tree, root->first)->next);
	size_t done = 0;

	for (node_id id = list->first; id;) {
		const struct node *rule = tree_node(tree, id);
		node_id next = tree_raw(tree, id)->next;

		import_add_comments(text, 2, &comments, (struct position){ .line = rule->line });
		add_rule(text, tree, rule, &comments,
			 next ? tree_node(tree, next)->line : UINT32_MAX);
		tell(import, file, ++done);
		id = next;
	}
	import_add_comments(text, 2, &comments, (struct position){ .file = UINT32_MAX });
	return list->count;
}

/* ---- files ---- */

static int import_rules(struct import *import, uint16_t file)
{
	struct reader *reader = import->reader;
	const struct source *source = &reader->sources[file];
	_cleanup_(cgrules_freep) struct cgrules *rules = cgrules_new();
	node_id root = 0;
	int r;

	if (!rules)
		return -ENOMEM;
	tell(import, source->name, 0);
	r = cgrules_parse(rules, source->name, source->text, source->size, CGRULES_COMMENTS,
			  reader->diagnostics);
	if (r == -ENOMEM || !cgrules_to_tree(reader, rules, file, &root))
		return r < 0 ? r : -EINVAL;
	/* What is wrong with it as a policy is told, too. */
	(void)policy_read(reader, tree_node(&reader->tree, root));
	if (!import->begun)
		text_add(import->text, "rules:\n");
	import->begun = true;
	text_add(import->text, "  # ");
	add_line(import->text, source->name);
	text_add(import->text, "\n");
	import->rules += add_rules(import, source->name, tree_node(&reader->tree, root), rules);
	return r;
}

static int import_source(struct import *import, uint16_t file)
{
	const struct source *source = &import->reader->sources[file];

	switch (source->syntax) {
	case SYNTAX_CGRULES:
		return import_rules(import, file);
	case SYNTAX_CGCONFIG:
		return cgconfig_parse(import->config, source->name, source->text, source->size,
				      CGCONFIG_COMMENTS, import->reader->diagnostics);
	default:
		diagnostics_add(import->reader->diagnostics, SEVERITY_ERROR, source->name, NULL, 0,
				0, 0, NULL, "is no file of libcgroup's");
		return -EINVAL;
	}
}

static int import_all(struct import *import)
{
	struct reader *reader = import->reader;
	int first = 0;

	for (size_t i = 0; i < reader->source_count; i++) {
		int r = import_source(import, (uint16_t)i);

		first = first < 0 ? first : r;
	}
	if (!import->begun)
		text_add(import->text, "rules: []\n");
	else if (import->rules == 0)
		text_add(import->text, "  []\n");
	if (import->config->file_count > 0)
		import_groups(import->config, import->text, reader->diagnostics);
	return reader->out_of_memory || import->text->failed ? -ENOMEM : first;
}

int policy_import(const char *const *paths, size_t count, const struct import_listener *listener,
		  struct text *text, struct diagnostics *diagnostics)
{
	_cleanup_(cgconfig_freep) struct cgconfig *config = cgconfig_new();
	size_t errors = diagnostics->errors;
	struct reader reader;
	struct import import = {
		.reader = &reader,
		.listener = listener,
		.text = text,
		.config = config,
	};
	int r = reader_init(&reader, LOAD_COMPAT_LIBCGROUP, diagnostics), first = 0;

	if (r >= 0 && !config)
		r = -ENOMEM;
	for (size_t i = 0; r >= 0 && i < count; i++) {
		int one = sources_read(&reader, paths[i]);

		first = first < 0 ? first : one;
	}
	if (r >= 0)
		r = import_all(&import);
	reader_done(&reader);
	r = first < 0 ? first : r;
	return r == 0 && diagnostics->errors > errors ? -EINVAL : r;
}
