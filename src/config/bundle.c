// SPDX-License-Identifier: MIT
/*
 * Each object of the specification is a table of its members. A member without a row is noted, so
 * that a later specification's members are, too; one with a row and nothing to do cannot make the
 * program less confined than the bundle says.
 */
#include "config/bundle-internal.h"

#include "util/fd.h"
#include "util/text.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>

enum { CONFIG_MOST = 4 << 20 };

void bundle_done(struct bundle *bundle)
{
	for (char **word = bundle->argv; word && *word; word++)
		free(*word);
	free(bundle->argv);
	for (size_t i = 0; i < bundle->remark_count; i++)
		free(bundle->remarks[i]);
	free(bundle->remarks);
	*bundle = (struct bundle){ 0 };
}

/* ---- what all readers use ---- */

int bundle_expected(struct bundle_reading *reading, const char *what)
{
	return error_set(reading->err, -EINVAL, "%s: %s is expected", reading->where, what);
}

int bundle_remark(struct bundle_reading *reading, const char *why)
{
	struct bundle *bundle = reading->bundle;
	char **grown = reallocarray(bundle->remarks, bundle->remark_count + 1, sizeof(char *));

	if (!grown)
		return error_oom(reading->err);
	bundle->remarks = grown;
	if (asprintf(&grown[bundle->remark_count], "config.json: %s: %s", reading->where, why) < 0)
		return error_oom(reading->err);
	bundle->remark_count++;
	return 0;
}

int bundle_option(struct bundle_reading *reading, const char *key, const char *format, ...)
{
	_cleanup_(freep) char *value = NULL;
	va_list arguments;
	int r;

	va_start(arguments, format);
	if (vasprintf(&value, format, arguments) < 0)
		value = NULL;
	va_end(arguments);
	if (!value)
		return error_oom(reading->err);
	r = reading->take(key, value, reading->userdata, reading->err);
	return r < 0 ? error_wrap(reading->err, "%s", reading->where) : 0;
}

/* `where` with one more word, for the time of a call. */
static size_t deeper(struct bundle_reading *reading, const char *name, size_t index)
{
	size_t length = strlen(reading->where);

	if (name)
		snprintf(reading->where + length, sizeof(reading->where) - length,
			 length ? ".%.60s" : "%.60s", name);
	else
		snprintf(reading->where + length, sizeof(reading->where) - length, "[%zu]", index);
	return length;
}

/* null, false, 0, and what is empty. */
static bool says_nothing(const json_t *value)
{
	const char *text = json_string_value(value);

	return json_is_null(value) || json_is_false(value) || (text && !*text) ||
	       (json_is_integer(value) && json_integer_value(value) == 0) ||
	       (json_is_array(value) && json_array_size(value) == 0) ||
	       (json_is_object(value) && json_object_size(value) == 0);
}

int bundle_object(struct bundle_reading *reading, const json_t *object,
		  const struct bundle_field *table, size_t count)
{
	const char *name;
	const json_t *value;
	int r = 0;

	if (!json_is_object(object))
		return bundle_expected(reading, "an object");
	for (void *at = json_object_iter((json_t *)(uintptr_t)object); at && r >= 0;
	     at = json_object_iter_next((json_t *)(uintptr_t)object, at)) {
		size_t length, i;

		name = json_object_iter_key(at);
		value = json_object_iter_value(at);
		length = deeper(reading, name, 0);
		for (i = 0; i < count && !streq(table[i].name, name); i++)
			;
		if (i == count)
			r = bundle_remark(reading, "it is not known here, and does not hold");
		else if (table[i].read && !json_is_null(value))
			r = table[i].read(reading, value);
		else if (table[i].why && !says_nothing(value))
			r = bundle_remark(reading, table[i].why);
		reading->where[length] = '\0';
	}
	return r;
}

int bundle_list(struct bundle_reading *reading, const json_t *list, bundle_reader *read)
{
	int r = 0;

	if (!json_is_array(list))
		return bundle_expected(reading, "a list");
	for (size_t i = 0; i < json_array_size(list) && r >= 0; i++) {
		size_t length = deeper(reading, NULL, i);

		r = read(reading, json_array_get(list, i));
		reading->where[length] = '\0';
	}
	return r;
}

int bundle_flag(struct bundle_reading *reading, const json_t *value, bool *ret_flag)
{
	if (!json_is_boolean(value))
		return bundle_expected(reading, "true or false");
	*ret_flag = json_is_true(value);
	return 0;
}

int bundle_number(struct bundle_reading *reading, const json_t *object, const char *name,
		  long long least, long long most, long long *ret_number)
{
	const json_t *value = json_object_get(object, name);
	long long number = json_integer_value(value);
	char what[96];

	*ret_number = 0;
	if (!value || json_is_null(value))
		return 0;
	if (json_is_integer(value) && number >= least && number <= most) {
		*ret_number = number;
		return 0;
	}
	snprintf(what, sizeof(what), "a whole number from %lld to %lld", least, most);
	if (most == LLONG_MAX)
		snprintf(what, sizeof(what), "a whole number from %lld on", least);
	deeper(reading, name, 0);
	return bundle_expected(reading, what);
}

int bundle_flag_as(struct bundle_reading *reading, const json_t *value, const char *key)
{
	bool flag = false;
	int r = bundle_flag(reading, value, &flag);

	return r < 0 ? r : bundle_option(reading, key, "%s", flag ? "yes" : "no");
}

int bundle_text_as(struct bundle_reading *reading, const json_t *value, const char *key)
{
	const char *text = json_string_value(value);

	return text ? bundle_option(reading, key, "%s", text) : bundle_expected(reading, "a text");
}

/* ---- the top ---- */

static int read_path(struct bundle_reading *reading, const json_t *value)
{
	const char *path = json_string_value(value);

	if (!path || !*path)
		return bundle_expected(reading, "a path");
	return bundle_option(reading, "root", "%s%s%s", path[0] == '/' ? "" : reading->folder,
			     path[0] == '/' ? "" : "/", path);
}

static int read_readonly(struct bundle_reading *reading, const json_t *value)
{
	return bundle_flag_as(reading, value, "ro-root");
}

static int read_root(struct bundle_reading *reading, const json_t *value)
{
	static const struct bundle_field fields[] = { { "path", read_path },
						      { "readonly", read_readonly } };

	return bundle_object(reading, value, fields, ARRAY_SIZE(fields));
}

static int read_hostname(struct bundle_reading *reading, const json_t *value)
{
	return bundle_text_as(reading, value, "hostname");
}

static int read_mounts(struct bundle_reading *reading, const json_t *value)
{
	return bundle_list(reading, value, bundle_read_mount);
}

static int read_version(struct bundle_reading *reading, const json_t *value)
{
	const char *version = json_string_value(value);

	if (version && strncmp(version, "1.", 2) == 0)
		return 0;
	return error_set(reading->err, -EOPNOTSUPP,
			 "%s: only bundles of the OCI runtime specification 1 can be read, not "
			 "\"%s\"",
			 reading->where, version ? version : "?");
}

static int read_config(struct bundle_reading *reading, const json_t *root)
{
	static const struct bundle_field fields[] = {
		{ "annotations", NULL },	{ "hostname", read_hostname },
		{ "linux", bundle_read_linux }, { "mounts", read_mounts },
		{ "ociVersion", read_version }, { "process", bundle_read_process },
		{ "root", read_root },
	};
	int r = bundle_object(reading, root, fields, ARRAY_SIZE(fields));

	if (r >= 0 && !json_object_get(root, "root"))
		r = error_set(reading->err, -EINVAL, "root: it is missing");
	/* As container engines do. */
	return r < 0 ? r : bundle_option(reading, "make-targets", "yes");
}

/*
 * "No limit" is written as 2^64-1, which is more than a JSON reader's integers: it becomes -1, the
 * same 64 bits, and blanks, so that places stay.
 */
static void narrow_unlimited(char *text)
{
	static const char most[] = "18446744073709551615";
	const size_t size = sizeof(most) - 1;
	bool quoted = false;

	for (char *at = text; *at; at++) {
		if (quoted && at[0] == '\\' && at[1])
			at++;
		else if (*at == '"')
			quoted = !quoted;
		else if (!quoted && strncmp(at, most, size) == 0) {
			memset(at, ' ', size);
			at[0] = '-';
			at[1] = '1';
		}
	}
}

int bundle_parse(const char *folder, const char *text, bundle_take *take, void *userdata,
		 struct bundle *ret_bundle, struct error *err)
{
	_cleanup_(bundle_done) struct bundle bundle = { 0 };
	struct bundle_reading reading = {
		.folder = folder, .take = take, .userdata = userdata, .bundle = &bundle, .err = err
	};
	_cleanup_(freep) char *copy = strdup(text);
	json_error_t at;
	json_t *root;
	int r;

	if (!copy)
		return error_oom(err);
	narrow_unlimited(copy);
	root = json_loads(copy, JSON_REJECT_DUPLICATES, &at);
	if (!root)
		return error_set(err, -EINVAL, "%s/config.json:%d:%d: %s", folder, at.line,
				 at.column, at.text);
	r = read_config(&reading, root);
	json_decref(root);
	if (r < 0)
		return error_wrap(err, "%s/config.json", folder);
	*ret_bundle = bundle;
	bundle = (struct bundle){ 0 };
	return 0;
}

int bundle_load(const char *folder, bundle_take *take, void *userdata, struct bundle *ret_bundle,
		struct error *err)
{
	_cleanup_(freep) char *path = NULL, *text = NULL;
	int r;

	if (asprintf(&path, "%s/config.json", folder) < 0) {
		path = NULL;
		return error_oom(err);
	}
	r = file_read_at(AT_FDCWD, path, CONFIG_MOST, &text, NULL);
	if (r < 0)
		return error_set_errno(err, r, "cannot read %s", path);
	return bundle_parse(folder, text, take, userdata, ret_bundle, err);
}
