// SPDX-License-Identifier: MIT
/*
 * JSON (RFC 8259) into the tree. YAML readers take most of JSON, but not its surrogate pairs, and
 * they take much that is not JSON; jansson gives no places. So the small grammar is read here:
 * strictly, with the line and column of every value.
 */
#include "config/builder.h"

#include "util/text.h"

struct json {
	struct builder builder;
	const char *at; /* ends at the source's NUL */
	struct place place;
	struct text string; /* the string being read */
};

static bool fail(struct json *json, const char *hint, const char *message)
{
	return report_at(json->builder.reader, SEVERITY_ERROR, json->place, hint, "%s", message);
}

/* Steps over `size` bytes that hold no line break. */
static void step(struct json *json, size_t size)
{
	for (size_t i = 0; i < size; i++)
		json->place.column += ((unsigned char)json->at[i] & 0xc0) != 0x80;
	json->at += size;
}

static void skip_space(struct json *json)
{
	for (;;) {
		switch (*json->at) {
		case ' ':
		case '\t':
			step(json, 1);
			continue;
		case '\r':
		case '\n':
			json->at += json->at[0] == '\r' && json->at[1] == '\n' ? 2 : 1;
			json->place.line++;
			json->place.column = 1;
			continue;
		default:
			return;
		}
	}
}

/* Four hexadecimal digits behind "\u"; -1 if they are none. */
static int32_t hex4(const char *at)
{
	int32_t value = 0;

	for (int i = 0; i < 4; i++) {
		char c = at[i];

		if (c >= '0' && c <= '9')
			value = value * 16 + (c - '0');
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			value = value * 16 + ((c | 32) - 'a' + 10);
		else
			return -1;
	}
	return value;
}

static void add_utf8(struct text *text, uint32_t point)
{
	char bytes[4];
	size_t size = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = { 0, 0x00, 0xc0, 0xe0, 0xf0 };

	for (size_t i = size - 1; i > 0; i--, point >>= 6)
		bytes[i] = (char)(0x80 | (point & 0x3f));
	bytes[0] = (char)(lead[size] | point);
	text_add_bytes(text, bytes, size);
}

static bool unicode_escape(struct json *json)
{
	int32_t first = hex4(json->at + 2), second;

	if (first < 0)
		return fail(json, NULL, "\"\\u\" needs four hexadecimal digits");
	if (first < 0xd800 || first > 0xdfff) {
		add_utf8(&json->string, (uint32_t)first);
		step(json, 6);
		return true;
	}
	second = json->at[6] == '\\' && json->at[7] == 'u' ? hex4(json->at + 8) : -1;
	if (first > 0xdbff || second < 0xdc00 || second > 0xdfff)
		return fail(json, NULL, "half of a surrogate pair");
	add_utf8(&json->string,
		 0x10000 + ((uint32_t)(first - 0xd800) << 10) + (uint32_t)(second - 0xdc00));
	step(json, 12);
	return true;
}

static bool escape(struct json *json)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *found;

	if (json->at[1] == 'u')
		return unicode_escape(json);
	found = json->at[1] ? strchr(from, json->at[1]) : NULL;
	if (!found)
		return fail(json, "write \\\\ for one \\", "unknown escape in a string");
	text_add_bytes(&json->string, &to[found - from], 1);
	step(json, 2);
	return true;
}

static bool read_string(struct json *json)
{
	struct place start = json->place;

	json->string.size = 0;
	text_add_bytes(&json->string, "", 0);
	step(json, 1);
	while (*json->at != '"') {
		size_t size = strcspn(json->at, "\"\\\r\n\t");

		if (size > 0) {
			text_add_bytes(&json->string, json->at, size);
			step(json, size);
		} else if (*json->at == '\\') {
			if (!escape(json))
				return false;
		} else if (*json->at == '\t') {
			return fail(json, "write \\t", "a string cannot contain a tab");
		} else {
			json->place = start;
			return fail(json, NULL, "this string has no closing quote on its line");
		}
	}
	step(json, 1);
	if (json->string.failed)
		return report_oom(json->builder.reader);
	start.length = json->place.column - start.column;
	return builder_scalar(&json->builder, start, json->string.data, json->string.size, false,
			      NULL);
}

static bool is_number(const char *at, size_t size)
{
	const char *end = at + size, *digits;

	at += at < end && *at == '-';
	digits = at;
	at += strspn(at, "0123456789");
	if (at == digits || (*digits == '0' && at > digits + 1))
		return false;
	if (*at == '.') {
		digits = ++at;
		at += strspn(at, "0123456789");
		if (at == digits)
			return false;
	}
	if (*at == 'e' || *at == 'E') {
		at += at[1] == '+' || at[1] == '-' ? 2 : 1;
		digits = at;
		at += strspn(at, "0123456789");
		if (at == digits)
			return false;
	}
	return at == end;
}

static bool is_word(const char *at, size_t size, const char *word)
{
	return size == strlen(word) && memcmp(at, word, size) == 0;
}

static bool read_word(struct json *json)
{
	size_t size = strcspn(json->at, " \t\r\n,:[]{}\"");
	struct place place = json->place;

	if (json->at[0] == '/' && (json->at[1] == '/' || json->at[1] == '*'))
		return fail(json, "take it out, or use YAML", "JSON has no comments");
	if (size == 0)
		return fail(json, NULL,
			    *json->at ? "a value is missing here" : "the file ends too early");
	for (size_t i = 1; i < size; i++)
		place.length += ((unsigned char)json->at[i] & 0xc0) != 0x80;
	if (!is_number(json->at, size) && !is_word(json->at, size, "true") &&
	    !is_word(json->at, size, "false") && !is_word(json->at, size, "null")) {
		json->place = place;
		return fail(json, "a text stands between \"\"", "this is no JSON value");
	}
	if (!builder_scalar(&json->builder, place, json->at, size, true, NULL))
		return false;
	step(json, size);
	return true;
}

/* Behind a value: *ret_more tells whether there is another, or the collection is closed. */
static bool read_separator(struct json *json, char close, bool *ret_more)
{
	const char *expected = close == '}' ? "expected \",\" or \"}\"" : "expected \",\" or \"]\"";

	skip_space(json);
	*ret_more = *json->at == ',';
	if (*json->at != close && !*ret_more)
		return fail(json, NULL, *json->at ? expected : "the file ends too early");
	step(json, 1);
	if (!*ret_more)
		return true;
	skip_space(json);
	if (*json->at == close)
		return fail(json, "take out the comma before it",
			    "JSON allows no comma before a closing bracket");
	return true;
}

static bool read_value(struct json *json);

static bool read_key(struct json *json)
{
	if (*json->at != '"')
		return fail(json, "a key stands between \"\"", "expected a key");
	if (!read_string(json))
		return false;
	skip_space(json);
	if (*json->at != ':')
		return fail(json, NULL, "expected \":\" behind the key");
	step(json, 1);
	skip_space(json);
	return true;
}

/* Recursion is bounded: builder_open() refuses depth. */
static bool read_collection(struct json *json, enum node_kind kind)
{
	char close = kind == NODE_MAP ? '}' : ']';
	bool more;

	if (!builder_open(&json->builder, kind, json->place, NULL))
		return false;
	step(json, 1);
	skip_space(json);
	more = *json->at != close;
	if (!more)
		step(json, 1);
	while (more) {
		if (kind == NODE_MAP && !read_key(json))
			return false;
		if (!read_value(json) || !read_separator(json, close, &more))
			return false;
	}
	return builder_close(&json->builder);
}

static bool read_value(struct json *json)
{
	switch (*json->at) {
	case '{':
		return read_collection(json, NODE_MAP);
	case '[':
		return read_collection(json, NODE_LIST);
	case '"':
		return read_string(json);
	default:
		return read_word(json);
	}
}

bool json_read(struct reader *reader, uint16_t file, node_id *ret_root)
{
	struct json json = {
		.builder = { .reader = reader },
		.at = reader->sources[file].text,
		.place = { .file = file, .line = 1, .column = 1, .length = 1 },
	};
	bool good = true;

	skip_space(&json);
	if (*json.at != '\0') {
		good = read_value(&json);
		skip_space(&json);
		if (good && *json.at != '\0')
			good = fail(&json, NULL, "more text behind the end of the JSON value");
	}
	text_done(&json.string);
	if (good)
		*ret_root = json.builder.root;
	return good;
}
