// SPDX-License-Identifier: MIT
/* Which files a path means, and that what is in them is text. */
#include "config/source.h"

#include "config/files.h"
#include "util/text.h"

#include <fcntl.h>
#include <sys/stat.h>

int source_add(struct reader *reader, const char *name, char *text, size_t size, bool json)
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
		(struct source){ .name = copy, .text = text, .size = size, .json = json };
	return (int)reader->source_count++;
}

static const char toml_hint[] = "convert it: python3 -c 'import sys, json, tomllib; "
				"json.dump(tomllib.load(sys.stdin.buffer), sys.stdout, indent=1)' "
				"< policy.toml > policy.json";

/* The syntax by the file's extension, as in fetter; -EINVAL for others. */
static int check_extension(struct reader *reader, const char *name, bool *ret_json)
{
	const char *slash = strrchr(name, '/');
	const char *dot = strrchr(slash ? slash : name, '.');

	*ret_json = dot && streq(dot, ".json");
	if (dot && (*ret_json || streq(dot, ".yaml") || streq(dot, ".yml")))
		return 0;
	if (dot && streq(dot, ".toml"))
		return report_file(reader->diagnostics, SEVERITY_ERROR, name, -EINVAL, toml_hint,
				   "TOML is not read");
	return report_file(reader->diagnostics, SEVERITY_ERROR, name, -EINVAL, NULL,
			   "a policy's name must end in .yaml, .yml or .json, which says its "
			   "syntax");
}

/* Reads one file, `name` relative to `folder` and shown as `shown`. */
static int read_source(struct reader *reader, int folder, const char *name, const char *shown)
{
	char *text;
	size_t size;
	bool json;
	int r = check_extension(reader, shown, &json);

	if (r < 0)
		return r;
	r = config_file_read(reader->diagnostics, reader->flags, LOAD_SIZE_MAX, folder, name, shown,
			     &text, &size);
	if (r < 0)
		return r;
	r = source_add(reader, shown, text, size, json);
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
