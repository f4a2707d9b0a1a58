// SPDX-License-Identifier: MIT
/*
 * Rules of libcgroup as the tree that the same rules would be in YAML: so they are checked, looked
 * up and compiled by what reads YAML, and `reeve import` prints what is in force.
 *
 * A rule and its '%' lines are one rule: it asks on executions and on changes of user or group,
 * places, and stops. What never matched in libcgroup (a pattern that is compared with the whole
 * path, a path that /proc never gives) does not match here, and is told.
 */
#include "config/cgrules-tree.h"

#include "config/builder.h"

#include <limits.h>

enum { WORD_SHOWN = 60 };

/* Controllers that the kernel may only have together: where one goes, the other goes. */
static const char *const pairs[][2] = { { "cpu", "cpuacct" }, { "net_cls", "net_prio" } };

struct converter {
	struct reader *reader;
	struct builder *builder;
	const struct cgrules *rules;
	uint16_t file;
	struct hash *names; /* of the rules that are made: name -> first line */
	node_id occasions;  /* of the first rule; 0: none yet */
	struct text text;
};

static struct place place_at(const struct converter *converter, const struct cgrule *rule,
			     uint32_t column, size_t length)
{
	return (struct place){ .file = converter->file,
			       .line = rule->line,
			       .column = column,
			       .length = MAX((uint32_t)length, 1U) };
}

_printf_(6, 7) static void warn(const struct converter *converter, const struct cgrule *rule,
				uint32_t column, const char *word, const char *hint,
				const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	report_at_v(converter->reader, SEVERITY_WARNING,
		    place_at(converter, rule, column, word ? slice_columns(slice_of(word)) : 1),
		    hint, format, arguments);
	va_end(arguments);
}

/* ---- pieces of the tree ---- */

static bool add(struct converter *converter, struct place place, const char *text, bool plain)
{
	return builder_scalar(converter->builder, place, text, strlen(text), plain, NULL);
}

static bool add_pair(struct converter *converter, struct place place, const char *key,
		     const char *value, bool plain)
{
	return add(converter, place, key, true) && add(converter, place, value, plain);
}

/* The text that was put together; NULL: told. */
static const char *finished(struct converter *converter)
{
	if (converter->text.failed) {
		report_oom(converter->reader);
		return NULL;
	}
	return converter->text.data ? converter->text.data : "";
}

/* ---- who and which program ---- */

/* Text as a pattern that means just that. */
static void add_literal(struct text *text, const char *word, bool pattern)
{
	while (*word) {
		size_t plain = strcspn(word, pattern ? "*?[\\" : "*?[");

		text_add_bytes(text, word, plain);
		word += plain;
		if (*word == '\\')
			text_add(text, "\\\\");
		else if (*word)
			text_addf(text, "[%c]", *word);
		word += *word != '\0';
	}
}

static bool is_normal(const char *path)
{
	size_t size = strlen(path);

	return !strstr(path, "//") && !strstr(path, "/./") && !strstr(path, "/../") &&
	       !(size > 1 && path[size - 1] == '/') &&
	       !(size > 2 && streq(path + size - 2, "/.")) &&
	       !(size > 3 && streq(path + size - 3, "/.."));
}

/* What the program of a rule can never be equal to, or NULL. `ignore` compares whole paths only. */
static const char *never_matches(const struct cgrule *rule)
{
	const char *program = rule->program;
	size_t size = strlen(program);

	if (size > 1 && program[size - 1] == '*')
		return program[0] == '/' ? NULL
					 : "libcgroup compares it with the whole path, which "
					   "begins with '/'";
	if (size == 1 && program[0] == '*')
		return NULL;
	if (strchr(program, '/') && program[0] != '/')
		return "it is neither a whole path nor the last part of one";
	if (program[0] == '/' && !is_normal(program))
		return "the kernel never gives a program's path that way";
	if (program[0] != '/' && rule->options)
		return "libcgroup compares it with the whole path where a rule says ignore";
	return NULL;
}

/* "program: ...", but for "*" alone. */
static bool add_program(struct converter *converter, const struct cgrule *rule)
{
	const char *program = rule->program, *text;
	size_t size = program ? strlen(program) : 0;
	struct place place = place_at(converter, rule, rule->program_at, size);
	bool prefix = size > 0 && program[size - 1] == '*';
	_cleanup_(freep) char *start = prefix ? strndup(program, size - 1) : NULL;

	if (size == 0 || streq(program, "*"))
		return true;
	if (prefix && !start)
		return report_oom(converter->reader);
	converter->text.size = 0;
	/* "re:" would begin an expression. */
	if (strncmp(program, "re:", 3) == 0)
		text_add(&converter->text, "[r]");
	add_literal(&converter->text, (prefix ? start : program) + converter->text.size / 3,
		    prefix || converter->text.size > 0 || strpbrk(program, "*?[") != NULL);
	text = finished(converter);
	if (!text || !add(converter, place, "program", true))
		return false;
	if (!prefix)
		return add(converter, place, text, false);
	/* Whatever begins so: here, and further below. */
	text_add(&converter->text, "*");
	text = finished(converter);
	if (!text || !builder_open(converter->builder, NODE_LIST, place, NULL) ||
	    !add(converter, place, text, false))
		return false;
	text_add(&converter->text, "/**");
	text = finished(converter);
	return text && add(converter, place, text, false) && builder_close(converter->builder);
}

static bool add_user(struct converter *converter, const struct cgrule *rule)
{
	if (rule->kind == CGRULE_ANY)
		return true;
	return add_pair(converter, place_at(converter, rule, rule->user_at, strlen(rule->name)),
			rule->kind == CGRULE_GROUP ? "member_of" : "euid", rule->name, false);
}

/* ---- where to ---- */

/* What the letters of a destination are among reeve's fields (util/fields.h). */
static void add_field(struct text *text, char letter)
{
	switch (letter) {
	case 'u':
	case 'U':
	case 'g':
	case 'G':
		text_addf(text, "%%%c", letter);
		break;
	case 'p':
		text_add(text, "%n");
		break;
	case 'P':
		text_add(text, "%p");
		break;
	default:
		text_addf(text, "%%%%%c", letter);
	}
}

void cgrule_path(struct text *text, const char *path)
{
	size_t start;

	text_add(text, "/");
	for (start = text->size; *path; path++) {
		if (*path == '\\' && path[1] != '\0') {
			path++;
			text_addf(text, *path == '%' ? "%%%c" : "%c", *path);
		} else if (*path == '%' && path[1] != '\0' && path[1] != '%' && path[1] != '\\') {
			add_field(text, *++path);
		} else if (*path == '%') {
			text_add(text, "%%");
		} else if (*path != '/' && *path != '.') {
			size_t plain = MAX(strcspn(path, "/.\\%"), (size_t)1);

			text_add_bytes(text, path, plain);
			path += plain - 1;
		} else if (*path == '.' && !((path[1] == '/' || !path[1]) && text->data &&
					     text->data[text->size - 1] == '/')) {
			text_add(text, ".");
		} else if (*path == '/' && text->data && text->data[text->size - 1] != '/') {
			text_add(text, "/");
		}
	}
	if (text->data && text->size > start && text->data[text->size - 1] == '/')
		text->data[--text->size] = '\0';
}

static bool is_pair(const char *one, const char *other)
{
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		if ((streq(one, pairs[i][0]) && streq(other, pairs[i][1])) ||
		    (streq(one, pairs[i][1]) && streq(other, pairs[i][0])))
			return true;
	return false;
}

/* Whether two lines of one rule may be about the same hierarchy. */
static bool overlap(const struct cgrule *one, const struct cgrule *other)
{
	if (cgrule_all_controllers(one) || cgrule_all_controllers(other))
		return true;
	for (size_t i = 0; one->controllers[i]; i++)
		for (size_t k = 0; other->controllers[k]; k++)
			if (streq(one->controllers[i], other->controllers[k]) ||
			    is_pair(one->controllers[i], other->controllers[k]))
				return true;
	return false;
}

static bool any_overlap(const struct cgrule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t k = i + 1; k < count; k++)
			if (overlap(&rules[i], &rules[k]))
				return true;
	return false;
}

static bool add_place(struct converter *converter, const struct cgrule *rule)
{
	const char *text;

	converter->text.size = 0;
	for (size_t i = 0; rule->controllers[i]; i++) {
		text_add(&converter->text, i > 0 ? "," : "");
		text_add(&converter->text, rule->controllers[i]);
	}
	text_add(&converter->text, ":");
	cgrule_path(&converter->text, rule->destination);
	text = finished(converter);
	return text && add(converter,
			   place_at(converter, rule, rule->destination_at,
				    slice_columns(slice_of(rule->destination))),
			   text, false);
}

/* libcgroup moved line by line, so that the last of a hierarchy counted; of `place` the first does.
 */
static bool add_places(struct converter *converter, const struct cgrule *rules, size_t count)
{
	struct place place = place_at(converter, rules, rules->destination_at, 1);
	bool backwards = count <= 64 ? any_overlap(rules, count) : true;

	if (!add(converter, place, "place", true))
		return false;
	if (count == 1)
		return add_place(converter, rules);
	if (!builder_open(converter->builder, NODE_LIST, place, NULL))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!add_place(converter, &rules[backwards ? count - 1 - i : i]))
			return false;
	return builder_close(converter->builder);
}

/* ---- ignore ---- */

/* Where a process has to be already: any hierarchy, any path that begins so. */
static bool add_ignored(struct converter *converter, const struct cgrule *rule)
{
	struct place place = place_at(converter, rule, rule->destination_at,
				      slice_columns(slice_of(rule->destination)));
	const char *path = rule->destination + strspn(rule->destination, "/"), *text;

	if (rule->options != (CGRULE_IGNORE | CGRULE_IGNORE_RT) &&
	    !add_pair(converter, place_at(converter, rule, rule->options_at, 1), "realtime",
		      rule->options & CGRULE_IGNORE_RT ? "true" : "false", true))
		return false;
	if (*path == '\0' || streq(path, "*"))
		return true;
	converter->text.size = 0;
	text_add(&converter->text, "/");
	add_literal(&converter->text, path, true);
	text_add(&converter->text, "*");
	text = finished(converter);
	return text && add_pair(converter, place, "cgroup", text, false);
}

/* ---- rules ---- */

/* What the rule is called: as it is written, told apart by its line where that is not enough. */
static const char *name_of(struct converter *converter, const struct cgrule *rule)
{
	const char *name;

	converter->text.size = 0;
	text_add(&converter->text, rule->kind == CGRULE_ANY	? "*"
				   : rule->kind == CGRULE_GROUP ? "@"
								: "");
	text_add(&converter->text, rule->name ? rule->name : "");
	text_add(&converter->text, rule->program ? ":" : "");
	text_add(&converter->text, rule->program ? rule->program : "");
	name = finished(converter);
	if (name && (hash_get_string(&converter->reader->rules, name) ||
		     hash_get_string(converter->names, name))) {
		text_addf(&converter->text, " (%s:%u)",
			  converter->reader->sources[converter->file].name, rule->line);
		name = finished(converter);
	}
	name = name ? arena_string(converter->reader->memory, name) : NULL;
	if (!name || hash_put_string(converter->names, name, (void *)(uintptr_t)1, NULL) < 0) {
		report_oom(converter->reader);
		return NULL;
	}
	return name;
}

/* Nobody tells where they stand, for nobody has written them: all rules share one list. */
static bool add_occasions(struct converter *converter, struct place place)
{
	if (!add(converter, place, "on", true))
		return false;
	if (converter->occasions)
		return builder_alias(converter->builder, place, converter->occasions);
	return builder_open(converter->builder, NODE_LIST, place, &converter->occasions) &&
	       add(converter, place, "execute", true) && add(converter, place, "setuid", true) &&
	       add(converter, place, "setgid", true) && builder_close(converter->builder);
}

/* A rule and what goes on with it. */
static bool add_rule(struct converter *converter, const struct cgrule *rules, size_t count)
{
	struct place place = place_at(converter, rules, rules->user_at, 1);
	const char *name = name_of(converter, rules);

	if (!name)
		return false;
	place.length = (uint32_t)MAX(slice_columns(slice_of(name)), (size_t)1);
	if (!builder_open(converter->builder, NODE_MAP, place, NULL) ||
	    !add_pair(converter, place, "name", name, false) || !add_occasions(converter, place) ||
	    !add_user(converter, rules) || !add_program(converter, rules) ||
	    !add_pair(converter, place, "container", "host", true))
		return false;
	if (rules->options ? !add_ignored(converter, rules) : !add_places(converter, rules, count))
		return false;
	/* What a program has started stays with it: who names users only does not mean those. */
	if (!rules->options && !rules->program &&
	    !add_pair(converter, place, "yields", "true", true))
		return false;
	return add_pair(converter, place, "stop", "true", true) &&
	       builder_close(converter->builder);
}

/* libcgroup looks for users of that name; in a policy it would be a number. */
static bool is_number(const char *name)
{
	return name && *name && name[strspn(name, "0123456789-")] == '\0';
}

/* False (told): the rule matches nothing. */
static bool is_useful(const struct converter *converter, const struct cgrule *rule)
{
	const char *why = rule->program ? never_matches(rule) : NULL;

	if (is_number(rule->name)) {
		warn(converter, rule, rule->user_at, rule->name, "write the name",
		     "\"%.*s\" is a number, and no %s is called so: the rule is left out",
		     WORD_SHOWN, rule->name, rule->kind == CGRULE_GROUP ? "group" : "user");
		return false;
	}

	if (rule->name && *rule->name == '\0')
		warn(converter, rule, rule->user_at, NULL, NULL,
		     "no user or group is named: the rule is left out");
	else if (why)
		warn(converter, rule, rule->program_at, rule->program,
		     "write the whole path, with a '*' at its end if need be, or its last part",
		     "no program is \"%.*s\": %s; the rule is left out", WORD_SHOWN, rule->program,
		     why);
	return !why && !(rule->name && *rule->name == '\0');
}

static void check_continued(const struct converter *converter, const struct cgrule *rules,
			    size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (rules->options)
			warn(converter, &rules[i], rules[i].user_at, NULL, NULL,
			     "the rule that it goes on with leaves processes alone: it is left "
			     "out");
		else if (rules[i].options)
			warn(converter, &rules[i], rules[i].options_at, NULL, NULL,
			     "\"ignore\" says nothing in a '%%' line");
}

static bool add_rules(struct converter *converter)
{
	const struct cgrules *rules = converter->rules;

	for (size_t i = 0, next; i < rules->count; i = next) {
		size_t count = 1;

		while (i + count < rules->count && rules->rules[i + count].kind == CGRULE_CONTINUES)
			count++;
		next = i + count;
		if (!is_useful(converter, &rules->rules[i]))
			continue;
		check_continued(converter, &rules->rules[i], count);
		if (!add_rule(converter, &rules->rules[i], count))
			return false;
	}
	return true;
}

bool cgrules_to_tree(struct reader *reader, const struct cgrules *rules, uint16_t file,
		     node_id *ret_root)
{
	struct builder builder = { .reader = reader };
	struct hash names = { 0 };
	struct converter converter = {
		.reader = reader,
		.builder = &builder,
		.rules = rules,
		.file = file,
		.names = &names,
	};
	struct place start = { .file = file, .line = 1, .column = 1, .length = 1 };
	bool good = builder_open(&builder, NODE_MAP, start, NULL) &&
		    add(&converter, start, "rules", true) &&
		    builder_open(&builder, NODE_LIST, start, NULL) && add_rules(&converter) &&
		    builder_close(&builder) && builder_close(&builder);

	text_done(&converter.text);
	hash_done(&names);
	if (good)
		*ret_root = builder.root;
	return good;
}

/* Leaves those that are wanted, in their order. */
static void sift(struct cgrules *rules, const struct load_filter *filter)
{
	bool wanted = false;
	size_t kept = 0;

	for (size_t i = 0; i < rules->count; i++) {
		if (rules->rules[i].kind != CGRULE_CONTINUES)
			wanted = filter->wants(&rules->rules[i], filter->userdata);
		if (wanted)
			rules->rules[kept++] = rules->rules[i];
	}
	rules->count = kept;
}

bool cgrules_read_tree(struct reader *reader, uint16_t file, node_id *ret_root)
{
	const struct source *source = &reader->sources[file];
	_cleanup_(cgrules_freep) struct cgrules *rules = cgrules_new();
	int r;

	if (!rules)
		return report_oom(reader);
	r = cgrules_parse(rules, source->name, source->text, source->size, 0, reader->diagnostics);
	if (r == -ENOMEM)
		return report_oom(reader);
	/* What could be read is checked too. */
	reader->incomplete |= r < 0;
	if (reader->filter)
		sift(rules, reader->filter);
	return cgrules_to_tree(reader, rules, file, ret_root);
}
