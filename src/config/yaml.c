// SPDX-License-Identifier: MIT
/*
 * YAML by libyaml's events, into the tree. libyaml is also what fetter's Go library was translated
 * from, so both accept the same files; docs/decisions/0006-yaml.md has the measurements.
 *
 * libyaml never sees bytes that are not text (source.c refuses them with their place), and never
 * runs on after the tree refused something, so depth, number and size of values are bounded here.
 */
#include "config/builder.h"

#include <yaml.h>

enum { TAG_DIRECTIVES_MAX = 16 };

struct yaml {
	struct builder builder;
	uint16_t file;
	yaml_parser_t parser;
	struct hash anchors; /* name -> node_id *; both are in `names` */
	struct arena *names;
	struct {
		const char *name; /* of a collection that is still open, or NULL */
		node_id node;
	} open[TREE_DEPTH_MAX];
};

static struct place place_between(const struct yaml *yaml, const yaml_mark_t *start,
				  const yaml_mark_t *end)
{
	bool one_line = start->line == end->line && end->column > start->column;

	return (struct place){ .file = yaml->file,
			       .line = (uint32_t)start->line + 1,
			       .column = (uint32_t)start->column + 1,
			       .length = one_line ? (uint32_t)(end->column - start->column) : 1 };
}

static struct place place_of_event(const struct yaml *yaml, const yaml_event_t *event)
{
	return place_between(yaml, &event->start_mark, &event->end_mark);
}

/* What to do about the errors that people meet most; libyaml's sentences are kept as they are. */
static const struct {
	const char *problem, *hint;
} hints[] = {
	{ "mapping values are not allowed in this context",
	  "check the indentation; a value with \": \" in it needs quotes" },
	{ "did not find expected key", "keys of one map begin in the same column" },
	{ "did not find expected '-' indicator", "entries of one list begin in the same column" },
	{ "could not find expected ':'", "a key needs \": \" behind it" },
	{ "did not find expected ',' or ']'", "is a comma or the closing \"]\" missing?" },
	{ "did not find expected ',' or '}'", "is a comma or the closing \"}\" missing?" },
	{ "did not find expected node content", "is a value or a closing bracket missing?" },
	{ "found unexpected end of stream", "is a closing quote missing?" },
	{ "did not find expected alphabetic or numeric character",
	  "a value that begins with \"*\" or \"&\" needs quotes" },
	{ "found unknown escape character", "inside \"...\" write \\\\ for one \\, or use '...'" },
};

static const char *hint_for(const char *problem)
{
	for (size_t i = 0; i < ARRAY_SIZE(hints); i++)
		if (streq(problem, hints[i].problem))
			return hints[i].hint;
	return NULL;
}

/* The byte at a mark: libyaml counts characters. */
static char byte_at(const char *text, const yaml_mark_t *mark)
{
	size_t line = mark->line, column = mark->column;

	for (; line > 0 && *text; text++)
		line -= *text == '\n';
	for (; column > 0 && *text && *text != '\n'; column--)
		do
			text++;
		while (((unsigned char)*text & 0xc0) == 0x80);
	return *text;
}

static bool report_syntax(struct yaml *yaml)
{
	struct reader *reader = yaml->builder.reader;
	const yaml_parser_t *parser = &yaml->parser;
	const char *problem = parser->problem ? parser->problem : "cannot be read";
	struct place place = place_between(yaml, &parser->problem_mark, &parser->problem_mark);
	char at = byte_at(reader->sources[yaml->file].text, &parser->problem_mark);
	bool starts = streq(problem, "found character that cannot start any token");

	if (parser->error == YAML_MEMORY_ERROR)
		return report_oom(reader);
	if (starts && at == '\t')
		return report_at(reader, SEVERITY_ERROR, place, "use spaces",
				 "a tab cannot indent YAML");
	if (starts && at > ' ')
		return report_at(reader, SEVERITY_ERROR, place, "put the value into quotes",
				 "a value cannot begin with \"%c\"", at);
	report_at(reader, SEVERITY_ERROR, place, hint_for(problem), "%s", problem);
	if (parser->context && parser->context_mark.line != parser->problem_mark.line)
		report_at(reader, SEVERITY_NOTE,
			  place_between(yaml, &parser->context_mark, &parser->context_mark), NULL,
			  "%s that begins here", parser->context);
	return false;
}

static bool set_anchor(struct yaml *yaml, const char *name, node_id id)
{
	node_id *known = hash_get_string(&yaml->anchors, name);
	char *copy;

	/* The same name again is allowed: from here on it means the new one. */
	if (!known) {
		known = arena_alloc(yaml->names, sizeof(*known));
		copy = arena_string(yaml->names, name);
		if (!known || !copy || hash_put_string(&yaml->anchors, copy, known, NULL) < 0)
			return report_oom(yaml->builder.reader);
	}
	*known = id;
	return true;
}

static bool on_alias(struct yaml *yaml, const yaml_event_t *event)
{
	struct reader *reader = yaml->builder.reader;
	const char *name = (const char *)event->data.alias.anchor;
	struct place place = place_of_event(yaml, event);
	const node_id *target = hash_get_string(&yaml->anchors, name);

	for (unsigned i = 0; i < yaml->builder.depth; i++)
		if (yaml->open[i].name && streq(yaml->open[i].name, name))
			return report_at(reader, SEVERITY_ERROR, place, NULL,
					 "\"*%s\" stands inside of what it names", name);
	if (!target)
		return report_at(reader, SEVERITY_ERROR, place, "an anchor is written \"&name\"",
				 "\"*%s\": no anchor of that name before this line", name);
	return builder_alias(&yaml->builder, place, *target);
}

/* The tags that say what is so anyway; "!" and "!!str" make a text of a plain value. */
static bool check_tag(struct yaml *yaml, const yaml_event_t *event, const yaml_char_t *tag,
		      bool *ret_text)
{
	static const char *const known[] = { YAML_STR_TAG, YAML_INT_TAG,  YAML_FLOAT_TAG,
					     YAML_SEQ_TAG, YAML_BOOL_TAG, YAML_NULL_TAG,
					     YAML_MAP_TAG };

	*ret_text = false;
	if (!tag)
		return true;
	*ret_text = streq((const char *)tag, YAML_STR_TAG) || streq((const char *)tag, "!");
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (*ret_text || streq((const char *)tag, known[i]))
			return true;
	return report_at(yaml->builder.reader, SEVERITY_ERROR, place_of_event(yaml, event),
			 "take the tag out", "the tag \"%s\" means nothing here",
			 (const char *)tag);
}

static bool on_scalar(struct yaml *yaml, const yaml_event_t *event)
{
	bool text, plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	node_id id;

	if (!check_tag(yaml, event, event->data.scalar.tag, &text) ||
	    !builder_scalar(&yaml->builder, place_of_event(yaml, event),
			    (const char *)event->data.scalar.value, event->data.scalar.length,
			    plain && !text, &id))
		return false;
	return !event->data.scalar.anchor ||
	       set_anchor(yaml, (const char *)event->data.scalar.anchor, id);
}

static bool on_open(struct yaml *yaml, const yaml_event_t *event, enum node_kind kind)
{
	/* The two events have the same members, but C does not say so. */
	bool map = kind == NODE_MAP;
	const yaml_char_t *anchor =
		map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
	const yaml_char_t *tag =
		map ? event->data.mapping_start.tag : event->data.sequence_start.tag;
	struct place place = place_of_event(yaml, event);
	unsigned depth = yaml->builder.depth;
	const char *name = NULL;
	node_id id;
	bool text;

	if (!check_tag(yaml, event, tag, &text) || !builder_open(&yaml->builder, kind, place, &id))
		return false;
	if (anchor) {
		name = arena_string(yaml->names, (const char *)anchor);
		if (!name)
			return report_oom(yaml->builder.reader);
	}
	yaml->open[depth].name = name;
	yaml->open[depth].node = id;
	return true;
}

static bool on_close(struct yaml *yaml)
{
	unsigned depth = yaml->builder.depth - 1;

	if (!builder_close(&yaml->builder))
		return false;
	/* Known from here on: an alias inside would be endless. */
	return !yaml->open[depth].name ||
	       set_anchor(yaml, yaml->open[depth].name, yaml->open[depth].node);
}

/* Handles one event; *ret_end at the end of what is read. */
static bool on_event(struct yaml *yaml, const yaml_event_t *event, bool *ret_end)
{
	struct reader *reader = yaml->builder.reader;

	switch (event->type) {
	case YAML_ALIAS_EVENT:
		return on_alias(yaml, event);
	case YAML_SCALAR_EVENT:
		return on_scalar(yaml, event);
	case YAML_SEQUENCE_START_EVENT:
		return on_open(yaml, event, NODE_LIST);
	case YAML_MAPPING_START_EVENT:
		return on_open(yaml, event, NODE_MAP);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return on_close(yaml);
	case YAML_DOCUMENT_START_EVENT:
		if (yaml->builder.root == 0)
			return true;
		*ret_end = true;
		return report_quirk(reader, place_of_event(yaml, event),
				    "put the second one into a file of its own in conf.d/",
				    "a second document begins here: only the first is read");
	case YAML_STREAM_END_EVENT:
		*ret_end = true;
		return true;
	default:
		return true;
	}
}

static bool read_events(struct yaml *yaml)
{
	bool end = false, good = true;

	while (good && !end) {
		yaml_event_t event;

		if (!yaml_parser_parse(&yaml->parser, &event))
			return report_syntax(yaml);
		good = on_event(yaml, &event, &end);
		yaml_event_delete(&event);
	}
	return good;
}

/* libyaml compares each %TAG line with all before it: many would take hours. */
static bool check_directives(struct reader *reader, uint16_t file)
{
	struct place place = { .file = file, .line = 1, .column = 1, .length = 4 };
	const char *at = reader->sources[file].text;
	unsigned count = 0;

	for (; *at; place.line++) {
		if (strncmp(at, "%TAG", 4) == 0 && ++count > TAG_DIRECTIVES_MAX)
			return report_at(reader, SEVERITY_ERROR, place, NULL,
					 "more than %d %%TAG lines", TAG_DIRECTIVES_MAX);
		at = strchr(at, '\n');
		if (!at)
			return true;
		at++;
	}
	return true;
}

bool yaml_read(struct reader *reader, uint16_t file, node_id *ret_root)
{
	const struct source *source = &reader->sources[file];
	_cleanup_(arena_freep) struct arena *names = arena_new();
	struct yaml yaml = { .builder = { .reader = reader }, .file = file, .names = names };
	bool good;

	if (!names || !yaml_parser_initialize(&yaml.parser))
		return report_oom(reader);
	hash_init(&yaml.anchors);
	yaml_parser_set_input_string(&yaml.parser, (const unsigned char *)source->text,
				     source->size);
	yaml_parser_set_encoding(&yaml.parser, YAML_UTF8_ENCODING);
	good = check_directives(reader, file) && read_events(&yaml);
	yaml_parser_delete(&yaml.parser);
	hash_done(&yaml.anchors);
	if (good)
		*ret_root = yaml.builder.root;
	return good;
}
