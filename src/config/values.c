// SPDX-License-Identifier: MIT
/*
 * fetter's library guessed types from plain scalars by YAML 1.1's rules and cut or turned values
 * into the wanted type in silence. The same words are read here; what would lose something is told.
 */
#include "config/values.h"

#include "util/units.h"

#include <ctype.h>
#include <inttypes.h>
#include <limits.h>

bool value_is_null(const struct reader *reader, const struct node *node)
{
	static const char *const words[] = { "", "~", "null", "Null", "NULL" };

	if (node->kind != NODE_SCALAR || !node->plain || node->count > 4)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (streq(tree_text(&reader->tree, node), words[i]))
			return true;
	return false;
}

const char *value_shown(const struct reader *reader, const struct node *node, char *buffer,
			size_t size)
{
	if (node->kind == NODE_MAP)
		return "a map";
	if (node->kind == NODE_LIST)
		return "a list";
	if (value_is_null(reader, node))
		return "nothing";
	snprintf(buffer, size, "\"%.60s\"", tree_text(&reader->tree, node));
	return buffer;
}

/* Refuses collections and null; VALUE_GOOD: *ret_text is the scalar's text. */
static enum value scalar(struct reader *reader, const char *key, const struct node *node,
			 const char *wanted, const char **ret_text)
{
	char shown[80];

	if (node->kind != NODE_SCALAR) {
		report_error(reader, node, NULL, "\"%s\" must be %s, not %s", key, wanted,
			     value_shown(reader, node, shown, sizeof(shown)));
		return VALUE_BAD;
	}
	if (value_is_null(reader, node))
		return report_quirk(reader, place_of(node), "take the key out for its default",
				    "\"%s\" has no value", key)
			       ? VALUE_DEFAULT
			       : VALUE_BAD;
	*ret_text = tree_text(&reader->tree, node);
	return VALUE_GOOD;
}

bool value_is_variable(const char *name)
{
	if (!isalpha((unsigned char)*name) && *name != '_')
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && *name != '_')
			return false;
	return true;
}

enum value value_text(struct reader *reader, const char *key, const struct node *node,
		      const char **ret_text)
{
	const char *text;
	enum value result = scalar(reader, key, node, "a text", &text);

	if (result != VALUE_GOOD)
		return result;
	if (*text == '\0')
		return report_quirk(reader, place_of(node), "take the key out for its default",
				    "\"%s\" is empty", key)
			       ? VALUE_DEFAULT
			       : VALUE_BAD;
	*ret_text = text;
	return VALUE_GOOD;
}

enum value value_bool(struct reader *reader, const char *key, const struct node *node,
		      bool *ret_value)
{
	static const char *const words[] = {
		"y", "Y", "yes", "Yes", "YES", "true",	"True",	 "TRUE",  "on",	 "On",	"ON",
		"n", "N", "no",	 "No",	"NO",  "false", "False", "FALSE", "off", "Off", "OFF",
	};
	char shown[80];
	const char *text;
	enum value result = scalar(reader, key, node, "true or false", &text);

	if (result != VALUE_GOOD)
		return result;
	for (size_t i = 0; i < ARRAY_SIZE(words) && node->plain; i++) {
		if (streq(text, words[i])) {
			*ret_value = i < ARRAY_SIZE(words) / 2;
			return VALUE_GOOD;
		}
	}
	report_error(reader, node, node->plain ? NULL : "without quotes",
		     "\"%s\" must be true or false, not %s", key,
		     value_shown(reader, node, shown, sizeof(shown)));
	return VALUE_BAD;
}

enum value value_word(struct reader *reader, const char *key, const struct node *node,
		      const char *const *words, size_t count, size_t *ret_index)
{
	char list[160] = "", hint[96], shown[80];
	const char *text;
	enum value result;
	size_t used = 0;

	for (size_t i = 0; i < count && used < sizeof(list); i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s",
					 i == 0		  ? ""
					 : i + 1 == count ? " or "
							  : ", ",
					 words[i]);
	result = scalar(reader, key, node, list, &text);
	if (result != VALUE_GOOD)
		return result;
	for (size_t i = 0; i < count; i++) {
		if (streq(text, words[i])) {
			*ret_index = i;
			return VALUE_GOOD;
		}
	}
	report_error(reader, node, guess_hint(reader, text, words, count, hint, sizeof(hint)),
		     "\"%s\" must be %s, not %s", key, list,
		     value_shown(reader, node, shown, sizeof(shown)));
	return VALUE_BAD;
}

int integer_from_text(const char *text, bool plain, bool octal, uint64_t *ret_value)
{
	char digits[72];
	const char *at = text;
	size_t used = 0;
	int base = 10;
	char *end;

	if (*at == '-')
		return at[1] && !at[1 + strspn(at + 1, "0123456789_")] ? -ERANGE : -EINVAL;
	at += *at == '+';
	if (!isdigit((unsigned char)*at))
		return -EINVAL;
	if (*at == '0' && at[1] != '\0') {
		char mark = (char)(at[1] | 32);

		base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 10;
		if (base != 10)
			at += 2;
		else if (isdigit((unsigned char)mark) && !octal)
			return -EDOM;
		else if (isdigit((unsigned char)mark))
			base = 8;
	}
	for (; *at; at++) {
		if (*at == '_' && plain)
			continue;
		if (!isxdigit((unsigned char)*at))
			return -EINVAL;
		if (used == sizeof(digits) - 1)
			return -ERANGE;
		digits[used++] = *at;
	}
	digits[used] = '\0';
	if (used == 0)
		return -EINVAL;
	errno = 0;
	*ret_value = strtoull(digits, &end, base);
	if (*end != '\0')
		return -EINVAL;
	return errno == ERANGE ? -ERANGE : 0;
}

bool is_float_text(const char *text, double *ret_value)
{
	char *end;

	if (!isdigit((unsigned char)*text) && !strchr("+-.", *text))
		return false;
	if (!text[strcspn(text, ".eE")] || strpbrk(text, "xXpP"))
		return false;
	*ret_value = strtod(text + (text[0] == '.' && isalpha((unsigned char)text[1])), &end);
	return end != text && *end == '\0';
}

/* What fetter made of a number that is not whole: its whole part. */
static enum value truncated(struct reader *reader, const char *key, const struct node *node,
			    double value, uint64_t *ret_value)
{
	const char *text = tree_text(&reader->tree, node);

	if (!compat(reader) || !(value > -1e15 && value < 1e15)) {
		report_error(reader, node, NULL, "\"%s\" must be a whole number, not %.60s", key,
			     text);
		return VALUE_BAD;
	}
	report_warning(reader, node, "write the whole number",
		       "\"%s\": %s is read as %" PRId64 ", as fetter did", key, text,
		       (int64_t)value);
	*ret_value = value < 1 ? 0 : (uint64_t)value;
	return VALUE_GOOD;
}

static const char *hint_for(const struct number_range *range)
{
	return range->fetter ? "take the key out for no limit" : NULL;
}

static enum value out_of_range(struct reader *reader, const char *key, const struct node *node,
			       const struct number_range *range)
{
	report_error(reader, node, hint_for(range),
		     "\"%s\" must be %" PRIu64 " to %" PRIu64 "%s, not %.60s", key, range->least,
		     range->most, range->max_word ? " or \"max\"" : "",
		     tree_text(&reader->tree, node));
	return VALUE_BAD;
}

/* Bytes have no upper end that would say anything. */
static enum value bytes_out_of_range(struct reader *reader, const char *key,
				     const struct node *node, const struct number_range *range,
				     bool small)
{
	const char *text = tree_text(&reader->tree, node);
	char least[32];

	if (small)
		report_error(reader, node, hint_for(range), "\"%s\" must be %s or more, not %.60s",
			     key, format_bytes(range->least, least, sizeof(least)), text);
	else
		report_error(reader, node, range->max_word ? "write \"max\" for no limit" : NULL,
			     "\"%s\": %.60s is more than any machine has", key, text);
	return VALUE_BAD;
}

/* fetter wrote no limit for zero and below. */
static enum value no_limit(struct reader *reader, const char *key, const struct node *node,
			   bool negative)
{
	if (negative)
		report_warning(reader, node, "take the key out for no limit",
			       "\"%s\" is negative: no limit, as in fetter", key);
	return VALUE_DEFAULT;
}

enum value value_number(struct reader *reader, const char *key, const struct node *node,
			const struct number_range *range, uint64_t *ret_value)
{
	char shown[80];
	const char *text;
	enum value result = scalar(reader, key, node, "a number", &text);
	uint64_t value = 0;
	double real = 0;
	int r;

	if (result != VALUE_GOOD)
		return result;
	if (range->max_word && streq(text, "max")) {
		*ret_value = UINT64_MAX;
		return VALUE_GOOD;
	}
	r = integer_from_text(text, node->plain, compat(reader), &value);
	if (r == -EINVAL && is_float_text(text, &real)) {
		if (truncated(reader, key, node, real, &value) == VALUE_BAD)
			return VALUE_BAD;
		r = real < 0 ? -ERANGE : 0;
	}
	if (r == -EINVAL || r == -EDOM) {
		report_error(reader, node, r == -EDOM ? "a leading zero means octal in YAML" : NULL,
			     "\"%s\" must be a whole number, not %s", key,
			     value_shown(reader, node, shown, sizeof(shown)));
		return VALUE_BAD;
	}
	if (range->fetter && compat(reader) && (*text == '-' || value == 0) &&
	    (r == 0 || *text == '-'))
		return no_limit(reader, key, node, *text == '-');
	if (r == -ERANGE || value < range->least || value > range->most)
		return out_of_range(reader, key, node, range);
	*ret_value = value;
	return VALUE_GOOD;
}

/* Plain numbers, which have the key's own unit; -EINVAL: something else. */
static int plain_bytes(struct reader *reader, const char *key, const struct node *node,
		       uint64_t unit, uint64_t *ret_value)
{
	const char *text = tree_text(&reader->tree, node);
	uint64_t value = 0;
	double real;
	int r = integer_from_text(text, node->plain, compat(reader), &value);

	if (r == -EINVAL && is_float_text(text, &real)) {
		if (truncated(reader, key, node, real, &value) == VALUE_BAD)
			return -ECANCELED;
		r = real < 0 ? -ERANGE : 0;
	}
	if (r < 0)
		return r;
	if (value > UINT64_MAX / unit)
		return -ERANGE;
	*ret_value = value * unit;
	return 0;
}

enum value value_bytes(struct reader *reader, const char *key, const struct node *node,
		       const struct number_range *range, uint64_t *ret_value)
{
	const char *text;
	enum value result = scalar(reader, key, node, "an amount of bytes", &text);
	uint64_t value = 0;
	int r;

	if (result != VALUE_GOOD)
		return result;
	r = plain_bytes(reader, key, node, range->unit, &value);
	if (r == -ECANCELED)
		return VALUE_BAD;
	if (r == -EINVAL)
		r = parse_bytes(text, range->unit, &value);
	if (r == 0 && value == UINT64_MAX && range->max_word) {
		*ret_value = value;
		return VALUE_GOOD;
	}
	if (r == -EINVAL || r == -EDOM) {
		report_error(reader, node,
			     range->unit == 1 ? "write 1048576 or \"1M\""
					      : "write 4500 (MiB) or \"4.5G\"",
			     "\"%s\": \"%.60s\" is no amount of bytes", key, text);
		return VALUE_BAD;
	}
	if (range->fetter && compat(reader) && (*text == '-' || value == 0) &&
	    (r == 0 || *text == '-'))
		return no_limit(reader, key, node, *text == '-');
	if (r == -ERANGE || value < range->least || value > range->most)
		return bytes_out_of_range(reader, key, node, range,
					  *text == '-' || (r == 0 && value < range->least));
	*ret_value = value;
	return VALUE_GOOD;
}

enum value value_microseconds(struct reader *reader, const char *key, const struct node *node,
			      const struct number_range *range, uint64_t *ret_value)
{
	const char *text;
	enum value result = scalar(reader, key, node, "a time", &text);
	uint64_t ns;
	double real;
	int r;

	if (result != VALUE_GOOD)
		return result;
	if (integer_from_text(text, node->plain, false, &ns) != -EINVAL ||
	    is_float_text(text, &real))
		return value_number(reader, key, node, range, ret_value);
	r = parse_duration(text, 1000, &ns);
	if (r == -EINVAL || (r == 0 && ns % 1000 != 0)) {
		report_error(reader, node, "write 100000 (microseconds) or \"100ms\"",
			     "\"%s\": \"%.60s\" is no time in whole microseconds", key, text);
		return VALUE_BAD;
	}
	if (r == -ERANGE || ns / 1000 < range->least || ns / 1000 > range->most)
		return out_of_range(reader, key, node, range);
	*ret_value = ns / 1000;
	return VALUE_GOOD;
}

enum value value_duration(struct reader *reader, const char *key, const struct node *node,
			  const struct number_range *range, uint64_t *ret_ns)
{
	char least[32], most[32];
	const char *text;
	enum value result = scalar(reader, key, node, "a time", &text);
	uint64_t ns = 0;
	int r;

	if (result != VALUE_GOOD)
		return result;
	/* A unit of 0: a plain number is none. */
	r = parse_duration(text, 0, &ns);
	if (r == -EINVAL) {
		report_error(reader, node, "write a number with ns, us, ms, s, min, h or d",
			     "\"%s\": \"%.60s\" is no time", key, text);
		return VALUE_BAD;
	}
	if (r == -ERANGE || ns < range->least || ns > range->most) {
		report_error(reader, node, NULL, "\"%s\" must be %s to %s, not %.60s", key,
			     format_duration(range->least, least, sizeof(least)),
			     format_duration(range->most, most, sizeof(most)), text);
		return VALUE_BAD;
	}
	*ret_ns = ns;
	return VALUE_GOOD;
}

enum value value_rate(struct reader *reader, const char *key, const struct node *node,
		      uint64_t *ret_count, uint64_t *ret_interval_ns)
{
	const char *text;
	enum value result = scalar(reader, key, node, "a rate", &text);

	if (result != VALUE_GOOD)
		return result;
	switch (parse_rate(text, ret_count, ret_interval_ns)) {
	case 0:
		return VALUE_GOOD;
	case -ERANGE:
		report_error(reader, node, NULL, "\"%s\": %.60s is out of range", key, text);
		return VALUE_BAD;
	default:
		report_error(reader, node, "write \"10/s\", \"5/min\" or \"100/h\"",
			     "\"%s\": \"%.60s\" is no rate", key, text);
		return VALUE_BAD;
	}
}

enum value value_signed(struct reader *reader, const char *key, const struct node *node, int least,
			int most, int *ret_value)
{
	const char *text;
	enum value result = scalar(reader, key, node, "a whole number", &text);
	bool minus;
	uint64_t number = 0;
	int r;

	if (result != VALUE_GOOD)
		return result;
	minus = *text == '-';
	r = integer_from_text(text + minus, node->plain, false, &number);
	if (r == 0 && number <= INT_MAX && (minus ? -(int)number : (int)number) >= least &&
	    (minus ? -(int)number : (int)number) <= most) {
		*ret_value = minus ? -(int)number : (int)number;
		return VALUE_GOOD;
	}
	report_error(reader, node, NULL, "\"%s\" must be a whole number, %d to %d, not %.60s", key,
		     least, most, text);
	return VALUE_BAD;
}
