// SPDX-License-Identifier: MIT
/*
 * An expression as a tree, by recursive descent whose depth is bounded by REGEX_NESTING. Nodes are
 * numbers into one array, so that there is one thing to free. The first mistake ends it: `failed`
 * is its errno, and every function returns at once from then on.
 */
#include "util/regex-internal.h"

struct parser {
	const char *pattern, *at;
	struct regex_tree tree;
	unsigned depth;
	int failed;
	size_t offset; /* of the mistake */
	struct error *err;
};

static uint32_t parse_alternatives(struct parser *parser);

static uint32_t fail(struct parser *parser, const char *at, int code, const char *sentence)
{
	if (parser->failed == 0) {
		parser->offset = (size_t)(at - parser->pattern);
		parser->failed = code == -ENOMEM ? error_oom(parser->err)
						 : error_set(parser->err, code, "%s", sentence);
	}
	return 0;
}

/* ---- nodes and sets ---- */

static uint32_t add_node(struct parser *parser, struct regex_node node)
{
	struct regex_tree *tree = &parser->tree;

	if (parser->failed < 0)
		return 0;
	if (tree->node_count == tree->node_room) {
		size_t room = tree->node_room ? tree->node_room * 2 : 32;
		struct regex_node *larger = reallocarray(tree->nodes, room, sizeof(*larger));

		if (!larger)
			return fail(parser, parser->at, -ENOMEM, NULL);
		tree->nodes = larger;
		tree->node_room = room;
	}
	node.offset = (uint32_t)(parser->at - parser->pattern);
	tree->nodes[tree->node_count] = node;
	return (uint32_t)tree->node_count++;
}

static uint32_t add_simple(struct parser *parser, enum regex_kind kind, uint32_t left,
			   uint32_t right)
{
	return add_node(parser, (struct regex_node){ .kind = kind, .left = left, .right = right });
}

static uint32_t add_set(struct parser *parser, const struct regex_set *set)
{
	struct regex_tree *tree = &parser->tree;
	size_t i;

	if (parser->failed < 0)
		return 0;
	for (i = 0; i < tree->set_count; i++)
		if (memcmp(&tree->sets[i], set, sizeof(*set)) == 0)
			break;
	if (i == tree->set_room) {
		size_t room = tree->set_room ? tree->set_room * 2 : 16;
		struct regex_set *larger = reallocarray(tree->sets, room, sizeof(*larger));

		if (!larger)
			return fail(parser, parser->at, -ENOMEM, NULL);
		tree->sets = larger;
		tree->set_room = room;
	}
	if (i == tree->set_count)
		tree->sets[tree->set_count++] = *set;
	return add_node(parser, (struct regex_node){ .kind = REGEX_SET, .set = (uint32_t)i });
}

static void include(struct regex_set *set, unsigned low, unsigned high)
{
	for (unsigned c = low; c <= high; c++)
		set->bits[c / 64] |= UINT64_C(1) << (c % 64);
}

static void invert(struct regex_set *set)
{
	for (size_t i = 0; i < ARRAY_SIZE(set->bits); i++)
		set->bits[i] = ~set->bits[i];
}

static uint32_t add_byte(struct parser *parser, unsigned char c)
{
	struct regex_set set = { 0 };

	include(&set, c, c);
	return add_set(parser, &set);
}

/* ---- escapes and classes ---- */

/* First and last byte of each range; a range of nothing but 0 ends the list. */
struct range_of_bytes {
	unsigned char low, high;
};
static const struct {
	const char *name;
	struct range_of_bytes ranges[5];
} classes[] = {
	{ "alnum", { { '0', '9' }, { 'A', 'Z' }, { 'a', 'z' } } },
	{ "alpha", { { 'A', 'Z' }, { 'a', 'z' } } },
	{ "blank", { { ' ', ' ' }, { '\t', '\t' } } },
	{ "cntrl", { { 0x01, 0x1f }, { 0x7f, 0x7f } } },
	{ "digit", { { '0', '9' } } },
	{ "graph", { { '!', '~' } } },
	{ "lower", { { 'a', 'z' } } },
	{ "print", { { ' ', '~' } } },
	{ "punct", { { '!', '/' }, { ':', '@' }, { '[', '`' }, { '{', '~' } } },
	{ "space", { { '\t', '\r' }, { ' ', ' ' } } },
	{ "upper", { { 'A', 'Z' } } },
	{ "word", { { '0', '9' }, { 'A', 'Z' }, { '_', '_' }, { 'a', 'z' } } },
	{ "xdigit", { { '0', '9' }, { 'A', 'F' }, { 'a', 'f' } } },
};

static bool include_class(struct regex_set *set, const char *name, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		if (strlen(classes[i].name) != size || memcmp(classes[i].name, name, size) != 0)
			continue;
		for (const struct range_of_bytes *range = classes[i].ranges; range->high; range++)
			include(set, range->low, range->high);
		return true;
	}
	return false;
}

static int digit_of(char c, int base)
{
	int value = -1;

	if (c >= '0' && c <= '9')
		value = c - '0';
	else if (c >= 'a' && c <= 'f')
		value = c - 'a' + 10;
	else if (c >= 'A' && c <= 'F')
		value = c - 'A' + 10;
	return value < base ? value : -1;
}

static bool is_letter_or_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* \d and its like; `letter` is behind the backslash. */
static bool include_shorthand(struct regex_set *set, char letter)
{
	static const struct {
		char letter;
		const char *name;
	} shorthands[] = { { 'd', "digit" }, { 's', "space" }, { 'w', "word" } };
	struct regex_set one = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(shorthands); i++) {
		if (!is_letter_or_digit(letter) || (letter | 0x20) != shorthands[i].letter)
			continue;
		include_class(&one, shorthands[i].name, strlen(shorthands[i].name));
		if (!(letter & 0x20))
			invert(&one);
		for (size_t j = 0; j < ARRAY_SIZE(one.bits); j++)
			set->bits[j] |= one.bits[j];
		return true;
	}
	return false;
}

/* The two digits of \xHH, when `at` is behind the x. */
static unsigned char parse_hexadecimal(struct parser *parser, const char *begin)
{
	int high = digit_of(parser->at[0], 16);
	int low = high < 0 ? -1 : digit_of(parser->at[1], 16);

	if (low < 0) {
		fail(parser, begin, -EINVAL, "behind \\x there must be two hexadecimal digits");
		return 0;
	}
	parser->at += 2;
	return (unsigned char)(high * 16 + low);
}

/* The byte that an escape stands for; `at` is at the backslash. */
static unsigned char parse_escaped_byte(struct parser *parser)
{
	static const char letters[] = "tnrfv", bytes[] = "\t\n\r\f\v";
	const char *begin = parser->at++, *letter;
	char c = *parser->at;

	if (c == '\0') {
		fail(parser, begin, -EINVAL, "it ends in a backslash");
		return 0;
	}
	parser->at++;
	if (c == 'x')
		return parse_hexadecimal(parser, begin);
	letter = strchr(letters, c);
	if (letter)
		return (unsigned char)bytes[letter - letters];
	if (c >= '1' && c <= '9')
		fail(parser, begin, -EINVAL,
		     "a backreference cannot be matched in linear time and is not known");
	else if (is_letter_or_digit(c))
		fail(parser, begin, -EINVAL, "this escape is not known");
	return (unsigned char)c;
}

/* "[:alpha:]" inside of [ ]; false: it is none. */
static bool parse_named_class(struct parser *parser, struct regex_set *set)
{
	const char *name = parser->at + 2, *end;

	if (parser->at[0] != '[' || parser->at[1] != ':')
		return false;
	end = strstr(name, ":]");
	if (!end || !include_class(set, name, (size_t)(end - name)))
		fail(parser, parser->at, -EINVAL,
		     "there is no such class; there are [:alnum:] [:alpha:] [:digit:] [:lower:] "
		     "[:upper:] [:space:] [:punct:] [:xdigit:] and their like");
	else
		parser->at = end + 2;
	return true;
}

static unsigned char parse_class_byte(struct parser *parser)
{
	if (*parser->at == '\\')
		return parse_escaped_byte(parser);
	if ((unsigned char)*parser->at >= 0x80)
		fail(parser, parser->at, -EINVAL,
		     "a character of several bytes cannot stand in [ ]: write (x|y)");
	return (unsigned char)*parser->at++;
}

/* One member of [ ] or one range. */
static void parse_class_member(struct parser *parser, struct regex_set *set)
{
	const char *begin = parser->at;
	unsigned char low, high;

	if (parse_named_class(parser, set))
		return;
	if (begin[0] == '\\' && begin[1] && include_shorthand(set, begin[1])) {
		parser->at += 2;
		return;
	}
	low = high = parse_class_byte(parser);
	if (parser->failed == 0 && parser->at[0] == '-' && parser->at[1] && parser->at[1] != ']') {
		parser->at++;
		high = parse_class_byte(parser);
	}
	if (parser->failed < 0)
		return;
	if (high < low)
		fail(parser, begin, -EINVAL, "the range ends before it begins");
	else
		include(set, low, high);
}

static uint32_t parse_class(struct parser *parser)
{
	const char *begin = parser->at++;
	struct regex_set set = { 0 };
	bool negate = *parser->at == '^';

	parser->at += negate;
	for (bool first = true; parser->failed == 0; first = false) {
		if (*parser->at == '\0')
			return fail(parser, begin, -EINVAL, "this [ is never closed");
		if (*parser->at == ']' && !first)
			break;
		parse_class_member(parser, &set);
	}
	if (parser->failed < 0)
		return 0;
	parser->at++;
	if (negate)
		invert(&set);
	return add_set(parser, &set);
}

/* ---- the rest of the grammar ---- */

static uint32_t parse_group(struct parser *parser)
{
	const char *begin = parser->at++;
	uint32_t inside;

	if (*parser->at == '?') {
		if (parser->at[1] != ':')
			return fail(parser, begin, -EINVAL,
				    "of the groups that begin with (? only (?: is known");
		parser->at += 2;
	}
	if (++parser->depth > REGEX_NESTING)
		return fail(parser, begin, -E2BIG, "groups are nested too deeply");
	inside = parse_alternatives(parser);
	parser->depth--;
	if (parser->failed < 0)
		return 0;
	if (*parser->at != ')')
		return fail(parser, begin, -EINVAL, "this ( is never closed");
	parser->at++;
	return inside;
}

/* A character of several bytes is one thing to repeat. */
static uint32_t parse_character(struct parser *parser)
{
	size_t length = utf8_sequence(parser->at, strnlen(parser->at, 4));
	uint32_t node = add_byte(parser, (unsigned char)*parser->at++);

	for (size_t i = 1; i < length; i++) {
		uint32_t next = add_byte(parser, (unsigned char)*parser->at++);

		node = add_simple(parser, REGEX_CAT, node, next);
	}
	return node;
}

static uint32_t parse_atom(struct parser *parser)
{
	struct regex_set set = { 0 };

	switch (*parser->at) {
	case '(':
		return parse_group(parser);
	case '[':
		return parse_class(parser);
	case '.':
		parser->at++;
		invert(&set);
		return add_set(parser, &set);
	case '^':
		parser->at++;
		return add_simple(parser, REGEX_BEGIN, 0, 0);
	case '$':
		parser->at++;
		return add_simple(parser, REGEX_END, 0, 0);
	case '{':
		return fail(parser, parser->at, -EINVAL, "write \\{ for a brace");
	case '\\':
		if (parser->at[1] && include_shorthand(&set, parser->at[1])) {
			parser->at += 2;
			return add_set(parser, &set);
		}
		return add_byte(parser, parse_escaped_byte(parser));
	}
	return parse_character(parser);
}

static bool at_repetition(const struct parser *parser)
{
	return *parser->at && strchr("*+?{", *parser->at);
}

static int parse_count(struct parser *parser)
{
	const char *begin = parser->at;
	int count = 0;

	if (digit_of(*parser->at, 10) < 0) {
		fail(parser, begin, -EINVAL, "a repetition is written {2}, {2,} or {2,5}");
		return 0;
	}
	for (; digit_of(*parser->at, 10) >= 0; parser->at++) {
		count = count * 10 + digit_of(*parser->at, 10);
		if (count > REGEX_REPEAT_MOST) {
			fail(parser, begin, -E2BIG, "more than 255 repetitions");
			return 0;
		}
	}
	return count;
}

/* Moves behind *, +, ? or {2,5}. */
static void parse_bounds(struct parser *parser, int *ret_least, int *ret_most)
{
	const char *begin = parser->at;
	char c = *parser->at++;

	*ret_least = c == '+';
	*ret_most = c == '?' ? 1 : REGEX_UNBOUNDED;
	if (c == '{') {
		*ret_least = *ret_most = parse_count(parser);
		if (parser->failed == 0 && *parser->at == ',') {
			parser->at++;
			*ret_most = *parser->at == '}' ? REGEX_UNBOUNDED : parse_count(parser);
		}
		if (parser->failed < 0)
			return;
		if (*parser->at != '}') {
			fail(parser, begin, -EINVAL, "a repetition is written {2}, {2,} or {2,5}");
			return;
		}
		parser->at++;
		if (*ret_most != REGEX_UNBOUNDED && *ret_most < *ret_least)
			fail(parser, begin, -EINVAL, "the repetition ends before it begins");
	}
	if (*parser->at == '?')
		parser->at++;
}

static uint32_t parse_piece(struct parser *parser)
{
	const char *begin = parser->at;
	uint32_t atom, node;
	int least = 0, most = 0;

	if (at_repetition(parser) && *begin != '{')
		return fail(parser, begin, -EINVAL, "there is nothing to repeat here");
	atom = parse_atom(parser);
	if (parser->failed < 0 || !at_repetition(parser))
		return atom;
	if (*begin == '^' || *begin == '$')
		return fail(parser, parser->at, -EINVAL, "there is nothing to repeat here");
	parse_bounds(parser, &least, &most);
	if (parser->failed == 0 && at_repetition(parser))
		return fail(parser, parser->at, -EINVAL,
			    "a repetition of a repetition: put the first into ( )");
	node = add_node(parser,
			(struct regex_node){
				.kind = REGEX_REPEAT, .left = atom, .least = least, .most = most });
	if (parser->failed == 0)
		parser->tree.nodes[node].offset = (uint32_t)(begin - parser->pattern);
	return node;
}

static uint32_t parse_sequence(struct parser *parser)
{
	uint32_t node = add_simple(parser, REGEX_EMPTY, 0, 0);

	while (parser->failed == 0 && *parser->at && *parser->at != '|' && *parser->at != ')') {
		uint32_t piece = parse_piece(parser);

		node = add_simple(parser, REGEX_CAT, node, piece);
	}
	return node;
}

static uint32_t parse_alternatives(struct parser *parser)
{
	uint32_t node = parse_sequence(parser);

	while (parser->failed == 0 && *parser->at == '|') {
		uint32_t other;

		parser->at++;
		other = parse_sequence(parser);
		node = add_simple(parser, REGEX_ALT, node, other);
	}
	return node;
}

int regex_parse(const char *pattern, struct regex_tree *ret_tree, size_t *ret_offset,
		struct error *err)
{
	struct parser parser = { .pattern = pattern, .at = pattern, .err = err };

	if (*pattern == '\0')
		fail(&parser, pattern, -EINVAL, "it is empty");
	else if (strlen(pattern) > REGEX_LENGTH)
		fail(&parser, pattern + REGEX_LENGTH, -E2BIG, "it has more than 4096 bytes");
	parser.tree.root = parse_alternatives(&parser);
	if (parser.failed == 0 && *parser.at)
		fail(&parser, parser.at, -EINVAL, "this ) closes nothing");
	if (parser.failed < 0) {
		regex_tree_done(&parser.tree);
		if (ret_offset)
			*ret_offset = parser.offset;
		return parser.failed;
	}
	*ret_tree = parser.tree;
	return 0;
}

void regex_tree_done(struct regex_tree *tree)
{
	free(tree->nodes);
	free(tree->sets);
	*tree = (struct regex_tree){ 0 };
}
