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

/* ---- process ---- */

static int read_args(struct bundle_reading *reading, const json_t *value)
{
	size_t count = json_array_size(value);
	char **argv = calloc(count + 1, sizeof(char *));

	if (!argv)
		return error_oom(reading->err);
	reading->bundle->argv = argv;
	for (size_t i = 0; i < count; i++) {
		const char *word = json_string_value(json_array_get(value, i));

		if (!word)
			return bundle_expected(reading, "a list of texts");
		argv[i] = strdup(word);
		if (!argv[i])
			return error_oom(reading->err);
	}
	return count ? 0 : bundle_expected(reading, "a program");
}

static int read_text_as(struct bundle_reading *reading, const json_t *value, const char *key)
{
	const char *text = json_string_value(value);

	return text ? bundle_option(reading, key, "%s", text) : bundle_expected(reading, "a text");
}

static int read_cwd(struct bundle_reading *reading, const json_t *value)
{
	return read_text_as(reading, value, "chdir");
}

static int read_variable(struct bundle_reading *reading, const json_t *value)
{
	return read_text_as(reading, value, "env");
}

static int read_env(struct bundle_reading *reading, const json_t *value)
{
	return bundle_list(reading, value, read_variable);
}

static int read_terminal(struct bundle_reading *reading, const json_t *value)
{
	reading->bundle->terminal = json_is_true(value);
	return 0;
}

static int read_no_new_privileges(struct bundle_reading *reading, const json_t *value)
{
	return bundle_option(reading, "no-new-privs", "%s", json_is_true(value) ? "yes" : "no");
}

static int read_oom_score(struct bundle_reading *reading, const json_t *value)
{
	if (!json_is_integer(value))
		return bundle_expected(reading, "a whole number");
	return bundle_option(reading, "oom-score-adj", "%lld",
			     (long long)json_integer_value(value));
}

/* Numbers, joined by commas. */
static int read_group_list(struct bundle_reading *reading, const json_t *list)
{
	_cleanup_(text_done) struct text text = { 0 };

	for (size_t i = 0; i < json_array_size(list); i++)
		text_addf(&text, "%s%lld", i ? "," : "",
			  (long long)json_integer_value(json_array_get(list, i)));
	return bundle_option(reading, "groups", "%s", text.data ? text.data : "");
}

static int read_user(struct bundle_reading *reading, const json_t *value)
{
	static const struct bundle_field fields[] = {
		{ "uid", NULL }, { "gid", NULL }, { "umask", NULL }, { "additionalGids", NULL }
	};
	const json_t *umask = json_object_get(value, "umask");
	int r = bundle_object(reading, value, fields, ARRAY_SIZE(fields));

	if (r >= 0)
		r = bundle_option(reading, "user", "%lld:%lld",
				  (long long)json_integer_value(json_object_get(value, "uid")),
				  (long long)json_integer_value(json_object_get(value, "gid")));
	if (r >= 0)
		r = read_group_list(reading, json_object_get(value, "additionalGids"));
	if (r >= 0 && umask)
		r = bundle_option(reading, "umask", "%llo",
				  (unsigned long long)json_integer_value(umask));
	return r;
}

enum { LIMIT_TEXT = 24 };

static const char *limit_text(const json_t *value, char buffer[static LIMIT_TEXT])
{
	long long number = json_integer_value(value);

	if (number < 0)
		return "unlimited";
	snprintf(buffer, LIMIT_TEXT, "%lld", number);
	return buffer;
}

static int read_rlimit(struct bundle_reading *reading, const json_t *value)
{
	char texts[2][LIMIT_TEXT];
	const char *type = json_string_value(json_object_get(value, "type"));
	const json_t *soft = json_object_get(value, "soft"), *hard = json_object_get(value, "hard");
	char name[32];

	if (!type || strncmp(type, "RLIMIT_", 7) != 0 || strlen(type) > 24)
		return bundle_expected(reading, "a type such as \"RLIMIT_NOFILE\"");
	if (!json_is_integer(soft) || !json_is_integer(hard))
		return bundle_expected(reading, "a soft and a hard limit");
	snprintf(name, sizeof(name), "%s", type + 7);
	for (char *at = name; *at; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at - 'A' + 'a');
	return bundle_option(reading, "rlimit", "%s=%s:%s", name, limit_text(soft, texts[0]),
			     limit_text(hard, texts[1]));
}

static int read_rlimits(struct bundle_reading *reading, const json_t *value)
{
	return bundle_list(reading, value, read_rlimit);
}

/* What the program has is kept over its execution here, too; what it may only regain is not. */
static int read_capabilities(struct bundle_reading *reading, const json_t *value)
{
	static const struct bundle_field fields[] = { { "bounding", NULL },
						      { "effective", NULL },
						      { "permitted", NULL },
						      { "inheritable", NULL },
						      { "ambient", NULL } };
	const json_t *kept = json_object_get(value, "permitted");
	_cleanup_(text_done) struct text text = { 0 };
	int r = bundle_object(reading, value, fields, ARRAY_SIZE(fields));

	if (r < 0)
		return r;
	for (size_t i = 0; i < json_array_size(kept); i++) {
		const char *name = json_string_value(json_array_get(kept, i));

		if (!name)
			return bundle_expected(reading, "lists of names");
		text_addf(&text, "%s%s", i ? "," : "", name);
	}
	r = bundle_option(reading, "capabilities", "%s", text.data ? text.data : "none");
	if (r >= 0 && !json_equal(kept, json_object_get(value, "bounding")))
		r = bundle_remark(reading, "all sets are the permitted one here");
	return r;
}

static int read_process(struct bundle_reading *reading, const json_t *value)
{
	static const struct bundle_field fields[] = {
		{ "args", read_args },
		{ "capabilities", read_capabilities },
		{ "consoleSize", NULL },
		{ "cwd", read_cwd },
		{ "env", read_env },
		{ "noNewPrivileges", read_no_new_privileges },
		{ "oomScoreAdj", read_oom_score },
		{ "rlimits", read_rlimits },
		{ "terminal", read_terminal },
		{ "user", read_user },
	};
	int r = bundle_option(reading, "clear-env", "yes");

	return r < 0 ? r : bundle_object(reading, value, fields, ARRAY_SIZE(fields));
}

/* ---- the rest ---- */

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
	return bundle_option(reading, "ro-root", "%s", json_is_true(value) ? "yes" : "no");
}

static int read_root(struct bundle_reading *reading, const json_t *value)
{
	static const struct bundle_field fields[] = { { "path", read_path },
						      { "readonly", read_readonly } };

	return bundle_object(reading, value, fields, ARRAY_SIZE(fields));
}

static int read_hostname(struct bundle_reading *reading, const json_t *value)
{
	return read_text_as(reading, value, "hostname");
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
		{ "ociVersion", read_version }, { "process", read_process },
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
