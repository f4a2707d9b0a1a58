// SPDX-License-Identifier: MIT
/*
 * libcgroup's parse.y as a parser that goes on: what it refused is refused, with what was expected
 * and where, and reading continues behind the section. A section is kept whole or not at all.
 */
#include "config/arena.h"
#include "config/cgconfig-internal.h"
#include "config/files.h"

#include <stdarg.h>

enum { PART_MAX = 255 };

static const char *const sections[] = { "group",    "mount",	 "default",
					"template", "namespace", "systemd" };

static bool out_of_memory(struct cgparser *parser)
{
	if (parser->result != -ENOMEM)
		diagnostics_add(parser->diagnostics, SEVERITY_ERROR, NULL, NULL, 0, 0, 0, NULL,
				"out of memory");
	parser->result = -ENOMEM;
	return false;
}

/* Room for one more at the end of an array; NULL: told. */
static void *add_item(struct cgparser *parser, void *array, size_t *count, size_t *room,
		      size_t size)
{
	void **items = array, *larger;

	if (parser->items++ == CGCONFIG_ITEMS_MAX) {
		diagnostics_add(parser->diagnostics, SEVERITY_ERROR, parser->name, NULL, 0, 0, 0,
				NULL, "more than %d groups, controllers and settings",
				CGCONFIG_ITEMS_MAX);
		parser->result = -E2BIG;
		return NULL;
	}
	if (*count == *room) {
		larger = reallocarray(*items, *room ? *room * 2 : 4, size);
		if (!larger) {
			out_of_memory(parser);
			return NULL;
		}
		*items = larger;
		*room = *room ? *room * 2 : 4;
	}
	return memset((char *)*items + size * (*count)++, 0, size);
}

#define ADD(parser, list, items) \
	add_item(parser, &(list)->items, &(list)->count, &(list)->room, sizeof(*(list)->items))

_printf_(5, 6) bool cgparser_tell(struct cgparser *parser, enum severity severity,
				  const struct cgtoken *token, const char *hint, const char *format,
				  ...)
{
	va_list arguments;

	va_start(arguments, format);
	diagnostics_add_in_line_v(parser->diagnostics, severity, parser->name, token->shown,
				  token->line, token->column, token->length, hint, format,
				  arguments);
	va_end(arguments);
	if (severity == SEVERITY_ERROR && parser->result == 0)
		parser->result = -EINVAL;
	return false;
}

/* ---- tokens ---- */

/* Steps over a token. */
void cgparser_step(struct cgparser *parser)
{
	if (parser->token.kind == CGTOKEN_MARK && parser->token.mark == '{')
		parser->depth++;
	if (parser->token.kind == CGTOKEN_MARK && parser->token.mark == '}' && parser->depth > 0)
		parser->depth--;
	cglexer_next(&parser->lexer, &parser->token);
}

static bool is_mark(const struct cgparser *parser, char mark)
{
	return parser->token.kind == CGTOKEN_MARK && parser->token.mark == mark;
}

bool cgtoken_is(const struct cgtoken *token, const char *word)
{
	return token->kind == CGTOKEN_NAME && !token->quoted &&
	       slice_eq(token->text, slice_of(word));
}

static bool is_section(const struct cgtoken *token)
{
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		if (cgtoken_is(token, sections[i]))
			return true;
	return false;
}

/* Words that stand for themselves only in quotes; "default" may also be a group's name. */
static bool is_keyword(const struct cgtoken *token)
{
	return is_section(token) || cgtoken_is(token, "task") || cgtoken_is(token, "admin") ||
	       cgtoken_is(token, "perm");
}

/* Tells that something else was expected than what comes. */
bool cgparser_unexpected(struct cgparser *parser, const char *expected)
{
	const struct cgtoken *token = &parser->token;

	if (token->kind == CGTOKEN_BAD)
		return cgparser_tell(parser, SEVERITY_ERROR, token, token->hint, "%s",
				     token->problem);
	if (token->kind == CGTOKEN_END)
		return cgparser_tell(parser, SEVERITY_ERROR, token, NULL,
				     "the file ends where %s should be", expected);
	return cgparser_tell(parser, SEVERITY_ERROR, token,
			     is_keyword(token) && parser->depth > 0
				     ? "a word of the language is a name only in quotes"
				     : NULL,
			     "%s should be here, not \"%.*s\"", expected,
			     (int)MIN(token->text.size, (size_t)WORD_SHOWN), token->text.data);
}

bool cgparser_take_mark(struct cgparser *parser, char mark)
{
	char expected[4] = { '"', mark, '"' };

	if (!is_mark(parser, mark))
		return cgparser_unexpected(parser, expected);
	cgparser_step(parser);
	return true;
}

/* A name, kept; `ret_token` is where it stands, or NULL. */
static bool take_name(struct cgparser *parser, const char *what, bool default_too,
		      const char **ret_name, struct cgtoken *ret_token)
{
	const struct cgtoken *token = &parser->token;

	if (token->kind != CGTOKEN_NAME ||
	    (is_keyword(token) && !(default_too && cgtoken_is(token, "default"))))
		return cgparser_unexpected(parser, what);
	if (token->text.size > CGCONFIG_VALUE_MAX)
		return cgparser_tell(parser, SEVERITY_ERROR, token, NULL, "%s has at most %d bytes",
				     what, CGCONFIG_VALUE_MAX);
	*ret_name = arena_copy(parser->config->memory, token->text.data, token->text.size);
	if (!*ret_name)
		return out_of_memory(parser);
	if (ret_token)
		*ret_token = *token;
	cgparser_step(parser);
	return true;
}

struct position cgparser_position(const struct cgparser *parser, const struct cgtoken *token)
{
	return (struct position){ .file = parser->file,
				  .line = token->line,
				  .column = token->column };
}

/* ---- settings ---- */

/* "name = value;" */
static bool read_setting(struct cgparser *parser, struct read_setting *ret)
{
	struct read_setting read;

	if (!take_name(parser, "a name", false, &read.setting.name, &read.name) ||
	    !cgparser_take_mark(parser, '=') ||
	    !take_name(parser, "a value", false, &read.setting.value, &read.value) ||
	    !cgparser_take_mark(parser, ';'))
		return false;
	read.setting.at = cgparser_position(parser, &read.name);
	read.setting.value_at = cgparser_position(parser, &read.value);
	*ret = read;
	return true;
}

bool cgparser_add_setting(struct cgparser *parser, struct cgconfig_settings *list,
			  const struct cgconfig_setting *setting)
{
	struct cgconfig_setting *added = ADD(parser, list, items);

	if (added)
		*added = *setting;
	return added;
}

/* "{ name = value; ... }"; `least` is the number that has to be there. */
bool cgparser_read_settings(struct cgparser *parser, size_t least, setting_fn take, void *target)
{
	struct read_setting read;
	size_t count = 0;

	if (!cgparser_take_mark(parser, '{'))
		return false;
	for (; !is_mark(parser, '}') || count < least; count++)
		if (!read_setting(parser, &read) || !take(parser, &read, target))
			return false;
	cgparser_step(parser);
	return true;
}

/* A name without control characters, which a path or a message can have. */
bool cgparser_check_name(struct cgparser *parser, const struct cgtoken *token, const char *name)
{
	for (const unsigned char *c = (const unsigned char *)name; *c; c++)
		if (*c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0))
			return cgparser_tell(parser, SEVERITY_ERROR, token, NULL,
					     "a control character (byte 0x%02x) cannot stand in a "
					     "name",
					     *c);
	return true;
}

static bool take_controller_setting(struct cgparser *parser, const struct read_setting *read,
				    void *target)
{
	const char *name = read->setting.name;

	if (!cgparser_check_name(parser, &read->name, name))
		return false;
	if (*name == '\0' || strchr(name, '/') || streq(name, ".") || streq(name, ".."))
		return cgparser_tell(parser, SEVERITY_ERROR, &read->name, NULL,
				     "\"%.*s\" is no name of a controller's file", WORD_SHOWN,
				     name);
	return cgparser_add_setting(parser, target, &read->setting);
}

/* ---- groups and templates ---- */

static bool read_controller(struct cgparser *parser, struct cgconfig_group *group)
{
	struct cgconfig_controller *controller;
	struct cgtoken at;
	const char *name;

	if (cgtoken_is(&parser->token, "perm"))
		return cgparser_tell(parser, SEVERITY_ERROR, &parser->token, NULL,
				     group->perm.given
					     ? "\"perm\" is there twice in one group"
					     : "\"perm\" has to stand before the controllers");
	if (!take_name(parser, "the name of a controller", false, &name, &at) ||
	    !cgparser_check_name(parser, &at, name))
		return false;
	if (*name == '\0' || strchr(name, '/') || *name == '.')
		return cgparser_tell(parser, SEVERITY_ERROR, &at, NULL,
				     "\"%.*s\" is no name of a controller", WORD_SHOWN, name);
	for (size_t i = 0; i < group->controller_count; i++)
		if (streq(group->controllers[i].name, name))
			return cgparser_tell(parser, SEVERITY_ERROR, &at, NULL,
					     "controller \"%.*s\" is there twice in one group",
					     WORD_SHOWN, name);
	controller = add_item(parser, &group->controllers, &group->controller_count,
			      &group->controller_room, sizeof(*controller));
	if (!controller)
		return false;
	controller->name = name;
	controller->at = cgparser_position(parser, &at);
	return cgparser_read_settings(parser, 0, take_controller_setting, &controller->settings);
}

/* The path that a name means; NULL: told. */
const char *cgparser_read_path(struct cgparser *parser, const struct cgtoken *at, const char *name)
{
	char *path = arena_string(parser->config->memory, name), *to = path;

	if (!path) {
		out_of_memory(parser);
		return NULL;
	}
	while (*name) {
		size_t size = strcspn(name, "/");
		bool dot = size == 1 && *name == '.';

		if (size == 2 && name[0] == '.' && name[1] == '.') {
			cgparser_tell(parser, SEVERITY_ERROR, at, NULL,
				      "a group's name has no \"..\": it would lead out of its "
				      "hierarchy");
			return NULL;
		}
		if (size > PART_MAX) {
			cgparser_tell(parser, SEVERITY_ERROR, at, NULL,
				      "a part of a group's name has at most %d bytes", PART_MAX);
			return NULL;
		}
		if (size > 0 && !dot) {
			if (to > path)
				*to++ = '/';
			memmove(to, name, size);
			to += size;
		}
		name += size + (name[size] == '/');
	}
	*to = '\0';
	return path;
}

/* "group NAME { [perm] controllers }" */
static bool read_group(struct cgparser *parser, struct cgconfig_groups *groups)
{
	_cleanup_(cgconfig_group_done) struct cgconfig_group group = { 0 };
	struct cgconfig_group *added;
	struct cgtoken at;

	cgparser_step(parser);
	if (!take_name(parser, "the name of a group", true, &group.name, &at) ||
	    !cgparser_check_name(parser, &at, group.name))
		return false;
	group.at = cgparser_position(parser, &at);
	group.path = cgparser_read_path(parser, &at, group.name);
	if (!group.path || !cgparser_take_mark(parser, '{'))
		return false;
	if (is_mark(parser, '}'))
		return cgparser_tell(parser, SEVERITY_ERROR, &parser->token,
				     "a controller without settings is enough: cpu { }",
				     "a group names at least one controller");
	if (cgtoken_is(&parser->token, "perm") && !cgparser_read_perm(parser, &group.perm))
		return false;
	while (!is_mark(parser, '}'))
		if (!read_controller(parser, &group))
			return false;
	if (group.controller_count == 0)
		cgparser_tell(parser, SEVERITY_WARNING, &at, NULL,
			      "\"%.*s\" names no controller: nothing will be made", WORD_SHOWN,
			      group.name);
	cgparser_step(parser);
	added = ADD(parser, groups, items);
	if (!added)
		return false;
	*added = group;
	group = (struct cgconfig_group){ 0 };
	return true;
}

static bool read_section(struct cgparser *parser)
{
	struct cgtoken at = parser->token;

	if (cgtoken_is(&at, "group"))
		return read_group(parser, &parser->config->groups);
	if (cgtoken_is(&at, "template"))
		return read_group(parser, &parser->config->templates);
	if (cgtoken_is(&at, "mount") || cgtoken_is(&at, "namespace"))
		return cgparser_read_places(parser, &at, cgtoken_is(&at, "mount"));
	if (cgtoken_is(&at, "default"))
		return cgparser_read_defaults(parser);
	if (cgtoken_is(&at, "systemd"))
		return cgparser_read_systemd(parser, &at);
	return cgparser_unexpected(parser, "\"group\", \"mount\", \"default\", \"template\", "
					   "\"namespace\" or "
					   "\"systemd\"");
}

/* Goes to where a section begins: behind the braces that are open, or at a line that begins with a
 * section's word, for a brace may be missing. */
static void skip_section(struct cgparser *parser, const char *began_at)
{
	bool begun;

	if (parser->lexer.at == began_at)
		cgparser_step(parser);
	begun = parser->depth > 0;
	while (parser->token.kind != CGTOKEN_END) {
		if (is_section(&parser->token) && parser->token.first &&
		    (parser->token.column == 1 || parser->depth == 0))
			break;
		if (begun && parser->depth == 0)
			break;
		cgparser_step(parser);
		begun |= parser->depth > 0;
	}
	parser->depth = 0;
}

static void keep_comment(struct slice text, uint32_t line, uint32_t column, void *userdata)
{
	struct cgparser *parser = userdata;
	struct cgconfig *config = parser->config;
	struct cgcomment *comment = add_item(parser, &config->comments, &config->comment_count,
					     &config->comment_room, sizeof(*comment));

	while (text.size > 0 && strchr(" \t\r", text.data[text.size - 1]))
		text.size--;
	if (!comment)
		return;
	*comment = (struct cgcomment){
		.at = { .file = parser->file, .line = line, .column = column },
		.alone = true,
		.text = arena_copy(config->memory, text.data, text.size),
	};
	if (!comment->text) {
		config->comment_count--;
		out_of_memory(parser);
	}
}

int cgconfig_parse(struct cgconfig *config, const char *name, const char *text, size_t size,
		   enum cgconfig_flags flags, struct diagnostics *diagnostics)
{
	struct cgparser parser = {
		.config = config,
		.diagnostics = diagnostics,
		.name = name,
		.file = (uint16_t)config->file_count,
	};

	if (config->file_count >= LOAD_FILES_MAX)
		return report_file(diagnostics, SEVERITY_ERROR, name, -E2BIG, NULL,
				   "there are too many files of groups");
	if (cgconfig_add_file(config, name) < 0)
		out_of_memory(&parser);
	cglexer_init(&parser.lexer, text, size);
	parser.lexer.on_comment = flags & CGCONFIG_COMMENTS ? keep_comment : NULL;
	parser.lexer.userdata = &parser;
	cglexer_next(&parser.lexer, &parser.token);
	while (parser.token.kind != CGTOKEN_END &&
	       (parser.result == 0 || parser.result == -EINVAL)) {
		const char *began_at = parser.lexer.at;

		if (!read_section(&parser))
			skip_section(&parser, began_at);
	}
	return parser.result;
}

bool cgconfig_is_likely(const char *text, size_t size)
{
	struct cgtoken first, second, third;
	struct cglexer lexer;

	cglexer_init(&lexer, text, size);
	cglexer_next(&lexer, &first);
	cglexer_next(&lexer, &second);
	cglexer_next(&lexer, &third);
	return is_section(&first) &&
	       ((second.kind == CGTOKEN_MARK && second.mark == '{') ||
		(second.kind == CGTOKEN_NAME && third.kind == CGTOKEN_MARK && third.mark == '{'));
}
