// SPDX-License-Identifier: MIT
/*
 * One tokenizer for what two grammars of libcgroup read: 2.0.2 split a line at blanks, with
 * trailing blanks and comments; 3.2 knows quotes around a whole field. A quote that is not closed
 * is the ordinary character that it was in 2.0.2, and '#' ends the line wherever it stands, as in
 * both.
 *
 * A file may be 256 MB and is read line by line; what is kept of a rule is 56 bytes and its words.
 */
#include "config/cgrules.h"

#include "config/arena.h"
#include "config/files.h"
#include "util/hash.h"
#include "util/suggest.h"

enum { PART_MAX = 255, WORD_SHOWN = 60 };

struct parser {
	struct cgrules *rules;
	enum cgrules_flags flags;
	struct diagnostics *diagnostics;
	const char *name;
	uint16_t file;
	struct slice shown; /* the line */
	uint32_t line;
	bool has_rule;	   /* of this file: a '%' has something that it goes on with */
	bool left_out;	   /* the rule before was: so are its '%' lines */
	struct text word;  /* the field that is being read */
	struct hash lists; /* controllers as written -> list */
	int result;
};

/* A field of a line, unquoted. */
struct field_text {
	char *text; /* in the arena; NULL: there is none */
	size_t size;
	const char *start, *end; /* in the line */
	const char *colon;	 /* the first one in it, or NULL */
};

struct cgrules *cgrules_new(void)
{
	_cleanup_(cgrules_freep) struct cgrules *rules = calloc(1, sizeof(*rules));

	if (!rules)
		return NULL;
	rules->memory = arena_new();
	rules->files = calloc(1, sizeof(*rules->files));
	return rules->memory && rules->files ? TAKE_PTR(rules) : NULL;
}

void cgrules_free(struct cgrules *rules)
{
	if (!rules)
		return;
	arena_free(rules->memory);
	free(rules->files);
	free(rules->rules);
	free(rules->comments);
	free(rules);
}

static uint32_t columns_of(const char *from, const char *to)
{
	return (uint32_t)slice_columns((struct slice){ from, (size_t)(to - from) });
}

static uint16_t column_at(const struct parser *parser, const char *at)
{
	return (uint16_t)MIN(columns_of(parser->shown.data, at) + 1, (uint32_t)UINT16_MAX);
}

/* Tells something about `from` to `to` in the line; an error makes the result one. False. */
_printf_(6, 7) static bool tell(struct parser *parser, enum severity severity, const char *from,
				const char *to, const char *hint, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	diagnostics_add_in_line_v(parser->diagnostics, severity, parser->name, parser->shown,
				  parser->line, column_at(parser, from), columns_of(from, to), hint,
				  format, arguments);
	va_end(arguments);
	if (severity == SEVERITY_ERROR && parser->result == 0)
		parser->result = -EINVAL;
	return false;
}

#define tell_field(parser, severity, field, hint, ...) \
	tell(parser, severity, (field)->start, (field)->end, hint, __VA_ARGS__)

static bool out_of_memory(struct parser *parser)
{
	if (parser->result != -ENOMEM)
		diagnostics_add(parser->diagnostics, SEVERITY_ERROR, NULL, NULL, 0, 0, 0, NULL,
				"out of memory");
	parser->result = -ENOMEM;
	return false;
}

/* scanf's blanks; a line may end in CR LF. */
static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

/* The quote that closes the one at `at`, or NULL. */
static const char *closing_quote(const char *at, const char *end)
{
	return memchr(at + 1, '"', (size_t)(end - at - 1));
}

/* The end of what stands for itself: `at` and all behind it up to a blank or another quote. */
static const char *end_of_plain(const char *at, const char *end)
{
	do
		at++;
	while (at < end && !is_blank(*at) && *at != '"');
	return at;
}

/* Reads the next field; its text is NULL at the end of the line. False: out of memory. */
static bool next_field(struct parser *parser, const char **at, const char *end,
		       struct field_text *ret_field)
{
	const char *p = *at;
	struct field_text field = { 0 };

	while (p < end && is_blank(*p))
		p++;
	field.start = field.end = p;
	parser->word.size = 0;
	while (p < end && !is_blank(*p)) {
		bool may_quote = *p == '"' && (p == field.start || p[-1] == ':');
		const char *close = may_quote ? closing_quote(p, end) : NULL;
		const char *from = close ? p + 1 : p, *to = close ? close : end_of_plain(p, end);
		const char *colon = memchr(from, ':', (size_t)(to - from));

		if (may_quote && !close)
			tell(parser, SEVERITY_WARNING, p, p + 1,
			     parser->shown.data + parser->shown.size > end
				     ? "'#' begins a comment even in quotes"
				     : NULL,
			     "the quote is not closed, and is meant as it stands");
		field.colon = field.colon ? field.colon : colon;
		text_add_bytes(&parser->word, from, (size_t)(to - from));
		p = close ? close + 1 : to;
	}
	field.end = *at = p;
	if (p > field.start) {
		field.text =
			arena_copy(parser->rules->memory,
				   parser->word.data ? parser->word.data : "", parser->word.size);
		field.size = parser->word.size;
		if (!field.text || parser->word.failed)
			return out_of_memory(parser);
	}
	*ret_field = field;
	return true;
}

/* What stands in a rule has to be text. */
static bool check_text(struct parser *parser, const struct field_text *field)
{
	const char *at = field->start;

	while (at < field->end) {
		unsigned char c = (unsigned char)*at;
		size_t length = 1;

		if (c < 0x20 || c >= 0x7f)
			length = utf8_sequence(at, (size_t)(field->end - at));
		if (length == 0)
			return tell(parser, SEVERITY_ERROR, at, at + 1,
				    "is this a text file, in UTF-8?", "byte 0x%02x is no text", c);
		if (c < 0x20 || c == 0x7f || (c == 0xc2 && (unsigned char)at[1] < 0xa0))
			return tell(parser, SEVERITY_ERROR, at, at + length, NULL,
				    "a control character (byte 0x%02x) cannot stand here", c);
		at += length;
	}
	return true;
}

/* ---- the fields of a rule ---- */

static bool read_key(struct parser *parser, const struct field_text *field, struct cgrule *rule)
{
	char *colon = memchr(field->text, ':', field->size), *user = field->text;
	size_t size = colon ? (size_t)(colon - user) : field->size;

	if (colon)
		*colon = '\0';
	rule->user_at = column_at(parser, field->start);
	rule->kind = *user == '%'   ? CGRULE_CONTINUES
		     : *user == '*' ? CGRULE_ANY
		     : *user == '@' ? CGRULE_GROUP
				    : CGRULE_USER;
	if (rule->kind == CGRULE_USER || rule->kind == CGRULE_GROUP)
		rule->name = user + (rule->kind == CGRULE_GROUP);
	else if (size > 1)
		tell_field(parser, SEVERITY_WARNING, field, NULL,
			   rule->kind == CGRULE_ANY ? "\"%.*s\" means any user: all after the '*' "
						      "is ignored"
						    : "\"%.*s\" goes on with the rule before: all "
						      "after the '%%' is ignored",
			   WORD_SHOWN, user);
	if (size > CGRULE_USER_MAX)
		return tell_field(parser, SEVERITY_ERROR, field, NULL,
				  "the name of a user or group has at most %d bytes",
				  CGRULE_USER_MAX);
	if (!colon || colon[1] == '\0')
		return true;
	rule->program = colon + 1;
	rule->program_at = column_at(parser, field->colon ? field->colon + 1 : field->start);
	if (strlen(rule->program) > CGRULE_PATH_MAX)
		return tell_field(parser, SEVERITY_ERROR, field, NULL,
				  "the name of a program has at most %d bytes", CGRULE_PATH_MAX);
	if (rule->kind == CGRULE_CONTINUES)
		tell_field(parser, SEVERITY_WARNING, field, NULL,
			   "a '%%' line goes on with the rule before it, whatever the program: "
			   "\"%.*s\" is ignored",
			   WORD_SHOWN, rule->program);
	return true;
}

static bool has_name(const char *const *list, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (streq(list[i], name))
			return true;
	return false;
}

/* Splits "cpu,memory" (in place) into `list`, which has room. */
static bool split_controllers(struct parser *parser, const struct field_text *field, char *text,
			      const char **list)
{
	size_t count = 0;
	char *next;

	for (char *name = strtok_r(text, ",", &next); name; name = strtok_r(NULL, ",", &next)) {
		if (strchr(name, '/') || *name == '.')
			return tell_field(parser, SEVERITY_ERROR, field,
					  "the fields are: user[:program] controllers destination "
					  "[options]",
					  "\"%.*s\" is no name of a controller", WORD_SHOWN, name);
		if (has_name(list, count, name))
			tell_field(parser, SEVERITY_WARNING, field, NULL,
				   "controller \"%.*s\" is there twice", WORD_SHOWN, name);
		else
			list[count++] = name;
	}
	if (count == 0)
		return tell_field(parser, SEVERITY_ERROR, field, NULL, "no controller is named");
	if (has_name(list, count, "*") && count > 1) {
		tell_field(parser, SEVERITY_WARNING, field, NULL,
			   "'*' is all controllers: the others need not be named");
		list[0] = "*";
		count = 1;
	}
	list[count] = NULL;
	return true;
}

static bool read_controllers(struct parser *parser, const struct field_text *field,
			     struct cgrule *rule)
{
	size_t commas = 0, errors = parser->diagnostics->errors,
	       warnings = parser->diagnostics->warnings;
	const char **list;
	char *copy;

	rule->controllers_at = column_at(parser, field->start);
	rule->controllers = hash_get_string(&parser->lists, field->text);
	if (rule->controllers)
		return true;
	for (const char *p = field->text; *p; p++)
		commas += *p == ',';
	list = arena_alloc(parser->rules->memory, (commas + 2) * sizeof(*list));
	copy = arena_copy(parser->rules->memory, field->text, field->size);
	if (!list || !copy)
		return out_of_memory(parser);
	if (!split_controllers(parser, field, copy, list))
		return false;
	rule->controllers = list;
	/* What was told about it is told about the next one, too. */
	if (errors == parser->diagnostics->errors && warnings == parser->diagnostics->warnings &&
	    hash_put_string(&parser->lists, field->text, list, NULL) < 0)
		return out_of_memory(parser);
	return true;
}

/* One part of a path, with its '\' and '%'. */
static bool check_part(struct parser *parser, const struct field_text *field, const char *part,
		       size_t size)
{
	char plain[3] = "";
	size_t bytes = 0;
	bool filled = false;

	for (size_t i = 0; i < size; i++, bytes++) {
		filled |= part[i] == '%';
		i += part[i] == '\\' && i + 1 < size;
		if (bytes < 2)
			plain[bytes] = part[i];
	}
	if (bytes == 2 && streq(plain, ".."))
		return tell_field(parser, SEVERITY_ERROR, field, NULL,
				  "\"%.*s\" leads out of the hierarchy: a group's name has no "
				  "\"..\"",
				  WORD_SHOWN, field->text);
	if (bytes > PART_MAX && !filled)
		return tell_field(parser, SEVERITY_ERROR, field, NULL,
				  "a part of a group's name has at most %d bytes", PART_MAX);
	return true;
}

static bool read_destination(struct parser *parser, const struct field_text *field,
			     struct cgrule *rule)
{
	const char *part = field->text;

	rule->destination = field->text;
	rule->destination_at = column_at(parser, field->start);
	if (field->size > CGRULE_PATH_MAX)
		return tell_field(parser, SEVERITY_ERROR, field, NULL,
				  "a destination has at most %d bytes", CGRULE_PATH_MAX);
	for (;;) {
		size_t size = strcspn(part, "/");

		if (!check_part(parser, field, part, size))
			return false;
		if (part[size] == '\0')
			return true;
		part += size + 1;
	}
}

static bool read_options(struct parser *parser, const struct field_text *field, struct cgrule *rule)
{
	static const char *const words[] = { "ignore", "ignore_rt" };
	char *next;

	rule->options_at = column_at(parser, field->start);
	for (char *word = strtok_r(field->text, ",", &next); word;
	     word = strtok_r(NULL, ",", &next)) {
		const char *near = suggest(word, words, ARRAY_SIZE(words));
		char hint[64];

		if (streq(word, "ignore")) {
			rule->options |= CGRULE_IGNORE;
		} else if (streq(word, "ignore_rt")) {
			rule->options |= CGRULE_IGNORE_RT;
		} else {
			snprintf(hint, sizeof(hint), "did you mean \"%s\"?", near ? near : "");
			return tell_field(parser, SEVERITY_ERROR, field,
					  near ? hint
					       : "a name with blanks stands in quotes; the options "
						 "are: ignore, ignore_rt",
					  "\"%.*s\" is no option of a rule", WORD_SHOWN, word);
		}
	}
	return true;
}

/* ---- lines ---- */

static bool add_rule(struct parser *parser, const struct cgrule *rule)
{
	struct cgrules *rules = parser->rules;

	if (rules->count == CGRULES_MAX) {
		diagnostics_add_in_line(parser->diagnostics, SEVERITY_ERROR, parser->name,
					parser->shown, parser->line, 1, 1, NULL,
					"more than %d rules: what comes from here on is not read",
					CGRULES_MAX);
		parser->result = -E2BIG;
		return false;
	}
	if (rules->count == rules->room) {
		size_t room = rules->room ? rules->room * 2 : 64;
		struct cgrule *larger = reallocarray(rules->rules, room, sizeof(*larger));

		if (!larger)
			return out_of_memory(parser);
		rules->rules = larger;
		rules->room = room;
	}
	rules->rules[rules->count++] = *rule;
	return true;
}

/* Tells which field is missing, and what the fields are. */
static bool check_present(struct parser *parser, const struct field_text fields[static 3],
			  const char *end)
{
	static const char *const names[] = { "user", "controllers", "destination" };
	bool cut = parser->shown.data + parser->shown.size > end;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!fields[i].text)
			return tell(parser, SEVERITY_ERROR, end, end,
				    cut ? "'#' begins a comment wherever it stands; the fields "
					  "are: "
					  "user[:program] controllers destination [options]"
					: "the fields are: user[:program] controllers destination "
					  "[options]",
				    "the rule has no %s", names[i]);
	return true;
}

/* Reads what follows a rule's first field; false: it is left out. */
static bool read_rule(struct parser *parser, const struct field_text *key, const char *at,
		      const char *end, struct cgrule *rule)
{
	struct field_text fields[5] = { *key };

	for (size_t i = 1; i < ARRAY_SIZE(fields) && fields[i - 1].text; i++)
		if (!next_field(parser, &at, end, &fields[i]))
			return false;
	for (size_t i = 0; i < 4 && fields[i].text; i++)
		if (!check_text(parser, &fields[i]))
			return false;
	if (!check_present(parser, fields, end) || !read_key(parser, &fields[0], rule) ||
	    !read_controllers(parser, &fields[1], rule) ||
	    !read_destination(parser, &fields[2], rule) ||
	    (fields[3].text && !read_options(parser, &fields[3], rule)))
		return false;
	if (fields[4].text)
		tell(parser, SEVERITY_WARNING, fields[4].start, end, NULL,
		     "a rule has four fields: what stands here is ignored");
	return true;
}

/* The first character of a rule's line decides what it is, also where the rest is wrong. */
static bool take_rule(struct parser *parser, const char *at, const char *end)
{
	struct cgrule rule = { .file = parser->file, .line = parser->line };
	struct field_text key;
	bool continues, good;

	if (!next_field(parser, &at, end, &key))
		return false;
	continues = *key.text == '%';
	good = read_rule(parser, &key, at, end, &rule);
	if (!continues) {
		parser->has_rule = true;
		parser->left_out = !good;
		return good && add_rule(parser, &rule);
	}
	if (!parser->has_rule)
		return tell_field(parser, SEVERITY_WARNING, &key, NULL,
				  "there is no rule before it in this file that it could go on "
				  "with: it is left out");
	return good && !parser->left_out && add_rule(parser, &rule);
}

static bool keep_comment(struct parser *parser, const char *at, bool alone)
{
	struct cgrules *rules = parser->rules;
	const char *end = parser->shown.data + parser->shown.size;

	while (end > at + 1 && is_blank(end[-1]))
		end--;
	if (rules->comment_count == rules->comment_room) {
		size_t room = rules->comment_room ? rules->comment_room * 2 : 64;
		struct cgcomment *larger = reallocarray(rules->comments, room, sizeof(*larger));

		if (!larger)
			return out_of_memory(parser);
		rules->comments = larger;
		rules->comment_room = room;
	}
	rules->comments[rules->comment_count] = (struct cgcomment){
		.at = { .file = parser->file,
			.line = parser->line,
			.column = column_at(parser, at) },
		.alone = alone,
		.text = arena_copy(rules->memory, at + 1, (size_t)(end - at - 1)),
	};
	if (!rules->comments[rules->comment_count].text)
		return out_of_memory(parser);
	rules->comment_count++;
	return true;
}

static void read_line(struct parser *parser)
{
	const char *at = parser->shown.data, *end = at + parser->shown.size;
	const char *hash = memchr(at, '#', parser->shown.size), *stop = hash ? hash : end;

	while (at < stop && is_blank(*at))
		at++;
	if (at < stop)
		take_rule(parser, at, stop);
	if (hash && (parser->flags & CGRULES_COMMENTS))
		keep_comment(parser, hash, at == stop);
}

static int add_file(struct cgrules *rules, const char *name)
{
	char **files = reallocarray(rules->files, rules->file_count + 2, sizeof(*files));

	if (!files)
		return -ENOMEM;
	rules->files = files;
	files[rules->file_count] = arena_string(rules->memory, name);
	if (!files[rules->file_count])
		return -ENOMEM;
	files[++rules->file_count] = NULL;
	return 0;
}

int cgrules_parse(struct cgrules *rules, const char *name, const char *text, size_t size,
		  enum cgrules_flags flags, struct diagnostics *diagnostics)
{
	struct parser parser = {
		.rules = rules,
		.flags = flags,
		.diagnostics = diagnostics,
		.name = name,
		.file = (uint16_t)rules->file_count,
	};
	const char *end = text + size;

	if (rules->file_count >= LOAD_FILES_MAX)
		return report_file(diagnostics, SEVERITY_ERROR, name, -E2BIG, NULL,
				   "there are too many files of rules");
	if (add_file(rules, name) < 0)
		out_of_memory(&parser);
	text += file_mark(diagnostics, name, text, size);
	while (text < end && (parser.result == 0 || parser.result == -EINVAL)) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *stop = newline ? newline : end;

		parser.line++;
		parser.shown = (struct slice){ text, (size_t)(stop - text) };
		read_line(&parser);
		text = newline ? newline + 1 : end;
	}
	text_done(&parser.word);
	hash_done(&parser.lists);
	return parser.result;
}

/* ---- files ---- */

/* Not a file of rules, but what an editor or a package manager has left. libcgroup read these. */
static bool is_left_over(const char *name)
{
	static const char *const ends[] = { "~",	 ".swp",       ".bak",	    ".dpkg-old",
					    ".dpkg-new", ".dpkg-dist", ".dpkg-tmp", ".rpmsave",
					    ".rpmnew",	 ".rpmorig" };
	size_t size = strlen(name);

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		size_t end = strlen(ends[i]);

		if (size > end && streq(name + size - end, ends[i]))
			return true;
	}
	return name[0] == '.' || name[0] == '#';
}

bool cgrules_file_is_wanted(const char *name, const char *shown, struct diagnostics *diagnostics)
{
	_cleanup_(freep) char *path = NULL;

	if (!is_left_over(name))
		return true;
	if (asprintf(&path, "%s/%s", shown, name) >= 0)
		report_file(diagnostics, SEVERITY_WARNING, path, 0, NULL,
			    "is not read: its name is that of a copy or a hidden file");
	return false;
}

struct reading {
	struct cgrules *rules;
	enum cgrules_flags flags;
	struct diagnostics *diagnostics;
};

static int read_one(const char *shown, const char *text, size_t size, void *userdata)
{
	const struct reading *reading = userdata;

	return cgrules_parse(reading->rules, shown, text, size, reading->flags,
			     reading->diagnostics);
}

int cgrules_read(struct cgrules *rules, const char *path, enum load_flags load,
		 enum cgrules_flags flags, struct diagnostics *diagnostics)
{
	struct reading reading = { rules, flags, diagnostics };

	return config_files_each(diagnostics, load, CGRULES_SIZE_MAX, path, cgrules_file_is_wanted,
				 read_one, &reading);
}
