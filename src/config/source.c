// SPDX-License-Identifier: MIT
/* Which files a path means, and that what is in them is text. */
#include "config/source.h"

#include "config/cgconfig.h"
#include "config/files.h"
#include "util/text.h"

#include <fcntl.h>
#include <sys/stat.h>

int source_add(struct reader *reader, const char *name, char *text, size_t size,
	       enum source_syntax syntax)
{
	struct source *larger =
		reallocarray(reader->sources, reader->source_count + 1, sizeof(*reader->sources));
	char *copy = strdup(name);

	if (larger)
		reader->sources = larger;
	if (!larger || !copy) {
		free(copy);
		free(text);
		report_oom(reader);
		return -ENOMEM;
	}
	reader->sources[reader->source_count] =
		(struct source){ .name = copy, .text = text, .size = size, .syntax = syntax };
	return (int)reader->source_count++;
}

static const char toml_hint[] = "convert it: python3 -c 'import sys, json, tomllib; "
				"json.dump(tomllib.load(sys.stdin.buffer), sys.stdout, indent=1)' "
				"< policy.toml > policy.json";

/* Whether the file's name begins so, or its folder is called so. */
static bool is_called(const char *name, const char *start, const char *folder)
{
	const char *slash = strrchr(name, '/');
	size_t size = strlen(folder), before = slash ? (size_t)(slash - name) : 0;

	if (strncmp(slash ? slash + 1 : name, start, strlen(start)) == 0)
		return true;
	return before >= size && memcmp(slash - size, folder, size) == 0 &&
	       (before == size || slash[-(ssize_t)size - 1] == '/');
}

int source_syntax_of(const char *name, struct slice text, enum load_flags flags,
		     enum source_syntax *ret_syntax)
{
	const char *slash = strrchr(name, '/');
	const char *dot = strrchr(slash ? slash : name, '.');

	if (dot && streq(dot, ".json"))
		*ret_syntax = SYNTAX_JSON;
	else if (dot && (streq(dot, ".yaml") || streq(dot, ".yml")))
		*ret_syntax = SYNTAX_YAML;
	else if (dot && streq(dot, ".toml"))
		return -EINVAL;
	else if (is_called(name, "cgrules.", "cgrules.d"))
		*ret_syntax = SYNTAX_CGRULES;
	else if (is_called(name, "cgconfig.", "cgconfig.d"))
		*ret_syntax = SYNTAX_CGCONFIG;
	else if (flags & LOAD_COMPAT_LIBCGROUP)
		*ret_syntax =
			cgconfig_is_likely(text.data, text.size) ? SYNTAX_CGCONFIG : SYNTAX_CGRULES;
	else
		return -EINVAL;
	return 0;
}

/* A name that says no syntax is refused before anything is read. */
static int check_extension(struct reader *reader, const char *name)
{
	const char *slash = strrchr(name, '/');
	const char *dot = strrchr(slash ? slash : name, '.');
	enum source_syntax syntax;

	if (source_syntax_of(name, (struct slice){ "", 0 }, reader->flags, &syntax) == 0)
		return 0;
	if (dot && streq(dot, ".toml"))
		return report_file(reader->diagnostics, SEVERITY_ERROR, name, -EINVAL, toml_hint,
				   "TOML is not read");
	return report_file(reader->diagnostics, SEVERITY_ERROR, name, -EINVAL, NULL,
			   "a policy's name must end in .yaml, .yml or .json, which says its "
			   "syntax");
}

/* A rule of libcgroup's is a line, and there are hosts with very many. */
static size_t size_limit(const char *name)
{
	return is_called(name, "cgrules.", "cgrules.d") ? CGRULES_SIZE_MAX : LOAD_SIZE_MAX;
}

/* Reads one file, `name` relative to `folder` and shown as `shown`. */
static int read_source(struct reader *reader, int folder, const char *name, const char *shown)
{
	char *text;
	size_t size;
	enum source_syntax syntax;
	int r = check_extension(reader, shown);

	if (r < 0)
		return r;
	r = config_file_read(reader->diagnostics, reader->flags, size_limit(shown), folder, name,
			     shown, &text, &size);
	if (r < 0)
		return r;
	r = source_syntax_of(shown, (struct slice){ text, size }, reader->flags, &syntax);
	r = r < 0 ? r : source_add(reader, shown, text, size, syntax);
	return r < 0 ? r : 0;
}

/* A file in conf.d that is not read although someone may think so. */
static bool looks_like_policy(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && (streq(dot, ".yml") || streq(dot, ".json") || streq(dot, ".toml"));
}

static bool is_policy(const char *name, const char *shown, struct diagnostics *diagnostics)
{
	const char *dot = strrchr(name, '.');
	_cleanup_(freep) char *path = NULL;

	if (name[0] == '.' || !dot)
		return false;
	if (looks_like_policy(name) && asprintf(&path, "%s/%s", shown, name) >= 0)
		report_file(diagnostics, SEVERITY_WARNING, path, 0, NULL,
			    "is not read: files in conf.d must end in .yaml");
	return streq(dot, ".yaml");
}

static int read_conf_d(struct reader *reader, int folder, const char *path, size_t *files)
{
	_cleanup_(closep) int fd = openat(folder, "conf.d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? -errno : 0, first = 0;
	_cleanup_(file_names_freep) char **names = NULL;
	_cleanup_(freep) char *shown = NULL;
	struct stat info;

	if (r == -ENOENT)
		return 0;
	if (asprintf(&shown, "%s/conf.d", path) < 0)
		return report_file_errno(reader->diagnostics, path, -ENOMEM, "cannot be read");
	if (r < 0 || fstat(fd, &info) < 0)
		return report_file_errno(reader->diagnostics, shown, r < 0 ? r : -errno,
					 "cannot be read");
	r = file_check_owner(reader->diagnostics, reader->flags, shown, &info);
	if (r < 0)
		return r;
	r = config_folder_list(reader->diagnostics, fd, shown, is_policy, &names);
	if (r < 0)
		return r;
	for (size_t i = 0; names[i]; i++, (*files)++) {
		_cleanup_(freep) char *name = NULL;

		if (asprintf(&name, "%s/%s", shown, names[i]) < 0)
			return report_file_errno(reader->diagnostics, shown, -ENOMEM,
						 "cannot be read");
		r = read_source(reader, fd, names[i], name);
		first = first < 0 ? first : r;
	}
	return first;
}

static int read_folder(struct reader *reader, int folder, const char *path)
{
	_cleanup_(freep) char *trimmed = strdup(path), *name = NULL;
	size_t size = strlen(path), files = 0;
	struct stat info;
	int r = 0, more;

	if (!trimmed)
		return report_file_errno(reader->diagnostics, path, -ENOMEM, "cannot be read");
	while (size > 1 && trimmed[size - 1] == '/')
		trimmed[--size] = '\0';
	if (asprintf(&name, "%s/reeve.yaml", trimmed) < 0)
		return report_file_errno(reader->diagnostics, path, -ENOMEM, "cannot be read");
	if (fstatat(folder, "reeve.yaml", &info, AT_SYMLINK_NOFOLLOW) == 0) {
		r = read_source(reader, folder, "reeve.yaml", name);
		files++;
	}
	more = read_conf_d(reader, folder, trimmed, &files);
	r = r < 0 ? r : more;
	if (files == 0 && r == 0)
		return report_file(reader->diagnostics, SEVERITY_ERROR, path, -ENOENT, NULL,
				   "has neither reeve.yaml nor a file conf.d/*.yaml");
	return r;
}

struct libcgroup_file {
	const char *name;
	file_wanted_fn wanted; /* in a folder; NULL: a file */
	bool needed;
};

/* One of libcgroup's files or folders below `path`, if it is there. */
static int read_libcgroup_file(struct reader *reader, const char *path,
			       const struct libcgroup_file *file)
{
	_cleanup_(file_names_freep) char **names = NULL;
	_cleanup_(freep) char *shown = NULL;
	_cleanup_(closep) int fd = -1;
	struct stat info;
	int r, first = 0;

	if (asprintf(&shown, "%s%s%s", path, path[strlen(path) - 1] == '/' ? "" : "/", file->name) <
	    0)
		return report_file_errno(reader->diagnostics, path, -ENOMEM, "cannot be read");
	if (stat(shown, &info) < 0 && errno == ENOENT && !file->needed)
		return 0;
	if (!file->wanted)
		return read_source(reader, AT_FDCWD, shown, shown);
	fd = open(shown, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &info) < 0)
		return report_file_errno(reader->diagnostics, shown, -errno, "cannot be read");
	r = file_check_owner(reader->diagnostics, reader->flags, shown, &info);
	if (r >= 0)
		r = config_folder_list(reader->diagnostics, fd, shown, file->wanted, &names);
	for (size_t i = 0; r >= 0 && names[i]; i++) {
		_cleanup_(freep) char *name = NULL;

		if (fstatat(fd, names[i], &info, 0) == 0 && S_ISDIR(info.st_mode))
			continue;
		if (asprintf(&name, "%s/%s", shown, names[i]) < 0)
			return report_file_errno(reader->diagnostics, shown, -ENOMEM,
						 "cannot be read");
		r = read_source(reader, fd, names[i], name);
		first = first < 0 ? first : r;
		r = 0;
	}
	return r < 0 ? r : first;
}

/* A folder as /etc; the daemon of libcgroup read its files in this order. */
static int read_libcgroup(struct reader *reader, const char *path)
{
	static const struct libcgroup_file files[] = {
		{ "cgrules.conf", NULL, true },
		{ "cgrules.d", cgrules_file_is_wanted, false },
		{ "cgconfig.conf", NULL, false },
		{ "cgconfig.d", cgconfig_file_is_wanted, false },
	};
	int first = 0;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		bool rules = strncmp(files[i].name, "cgrules", strlen("cgrules")) == 0;
		int r = rules || !(reader->flags & LOAD_RULES_ONLY)
				? read_libcgroup_file(reader, path, &files[i])
				: 0;

		first = first < 0 ? first : r;
	}
	return first;
}

int sources_read(struct reader *reader, const char *path)
{
	_cleanup_(closep) int fd = -1;
	struct stat info;
	int r;

	/* O_PATH: opening to look at something must not wait for a FIFO's other end. */
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &info) < 0)
		return report_file_errno(reader->diagnostics, path, -errno, "cannot be read");
	if (!S_ISDIR(info.st_mode))
		return read_source(reader, AT_FDCWD, path, path);
	if (reader->flags & LOAD_COMPAT_LIBCGROUP)
		return read_libcgroup(reader, path);
	r = file_check_owner(reader->diagnostics, reader->flags, path, &info);
	return r < 0 ? r : read_folder(reader, fd, path);
}

/*
 * Characters that no policy may have as such: control characters, and those that YAML counts as
 * line breaks and editors do not (U+0085, U+2028, U+2029), after which all places would be wrong.
 */
static bool is_refused(const char *at, size_t length)
{
	const unsigned char *c = (const unsigned char *)at;

	if (length == 1)
		return (c[0] < 0x20 && c[0] != '\t' && c[0] != '\n' && c[0] != '\r') ||
		       c[0] == 0x7f;
	if (length == 2)
		return c[0] == 0xc2 && c[1] < 0xa0;
	if (length == 3 && c[0] == 0xe2 && c[1] == 0x80)
		return c[2] == 0xa8 || c[2] == 0xa9;
	return length == 3 && c[0] == 0xef && c[1] == 0xbf && c[2] >= 0xbe;
}

bool source_check(struct reader *reader, uint16_t file)
{
	const struct source *source = &reader->sources[file];
	const char *at = source->text, *end = at + source->size;
	struct place place = { .file = file, .line = 1, .column = 1, .length = 1 };
	const char *hint = "is this a text file, in UTF-8?";

	while (at < end) {
		size_t length;

		/* Nearly everything is plain ASCII: no call for it. */
		if (*at >= 0x20 && *at < 0x7f) {
			at++;
			place.column++;
			continue;
		}
		length = utf8_sequence(at, (size_t)(end - at));
		if (length == 0 || is_refused(at, length)) {
			if (source->size >= 2 && (memcmp(source->text, "\xff\xfe", 2) == 0 ||
						  memcmp(source->text, "\xfe\xff", 2) == 0))
				hint = "this seems to be UTF-16: save it as UTF-8";
			return report_at(reader, SEVERITY_ERROR, place, hint,
					 length == 0 ? "byte 0x%02x is no text"
						     : "the character that begins with byte 0x%02x "
						       "is not allowed",
					 (unsigned char)*at);
		}
		if (*at == '\n' || (*at == '\r' && (at + 1 == end || at[1] != '\n'))) {
			place.line++;
			place.column = 0;
		}
		place.column++;
		at += length;
	}
	return true;
}
