// SPDX-License-Identifier: MIT
/*
 * Files are opened first and judged by their descriptor, so that what is checked is what is read.
 * O_NONBLOCK and the check for a regular file keep a FIFO or device from holding the daemon up.
 */
#include "config/source.h"

#include "util/fd.h"
#include "util/text.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

/* Tells something about a whole file. */
static int report_file(struct reader *reader, enum severity severity, const char *name, int code,
		       const char *hint, const char *message)
{
	diagnostics_add(reader->diagnostics, severity, name, NULL, 0, 0, 0, hint, "%s", message);
	return code;
}

static int report_errno(struct reader *reader, const char *name, int code, const char *what)
{
	diagnostics_add(reader->diagnostics, SEVERITY_ERROR, name, NULL, 0, 0, 0, NULL, "%s: %s",
			what, strerror(-code));
	return code;
}

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

/* What is opened must be root's (or ours) and nobody else's to write. */
static int check_owner(struct reader *reader, const char *name, const struct stat *info)
{
	bool must = (reader->flags & LOAD_REQUIRE_OWNERSHIP) != 0;
	bool foreign = info->st_uid != 0 && info->st_uid != geteuid();
	bool open = (info->st_mode & (S_IWGRP | S_IWOTH)) != 0;
	_cleanup_(freep) char *hint = NULL;

	if (!foreign && !open)
		return 0;
	if (asprintf(&hint, "%s '%s'", foreign ? "chown root:root" : "chmod go-w", name) < 0)
		hint = NULL;
	return report_file(
		reader, must ? SEVERITY_ERROR : SEVERITY_WARNING, name, must ? -EPERM : 0, hint,
		foreign ? "belongs to another user than root, who could change the policy"
			: "can be written by other users than its owner, who could change "
			  "the policy");
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
		return report_file(reader, SEVERITY_ERROR, name, -EINVAL, toml_hint,
				   "TOML is not read");
	return report_file(reader, SEVERITY_ERROR, name, -EINVAL, NULL,
			   "a policy's name must end in .yaml, .yml or .json, which says its "
			   "syntax");
}

static int check_file(struct reader *reader, const char *name, const struct stat *info)
{
	char message[64];

	if (S_ISDIR(info->st_mode))
		return report_file(reader, SEVERITY_ERROR, name, -EISDIR, NULL,
				   "is a folder, not a file");
	if (!S_ISREG(info->st_mode))
		return report_file(reader, SEVERITY_ERROR, name, -EINVAL, NULL,
				   "is not a regular file");
	if (info->st_size > LOAD_SIZE_MAX) {
		snprintf(message, sizeof(message), "is larger than %d MiB", LOAD_SIZE_MAX >> 20);
		return report_file(reader, SEVERITY_ERROR, name, -EFBIG, NULL, message);
	}
	return check_owner(reader, name, info);
}

/* Reads one file, `name` relative to `folder` and shown as `shown`. */
static int read_source(struct reader *reader, int folder, const char *name, const char *shown)
{
	_cleanup_(closep) int fd = -1;
	struct stat info;
	char *text;
	size_t size;
	bool json;
	int r = check_extension(reader, shown, &json);

	if (r < 0)
		return r;
	fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &info) < 0)
		return report_errno(reader, shown, -errno, "cannot be read");
	r = check_file(reader, shown, &info);
	if (r < 0)
		return r;
	r = file_read_fd(fd, LOAD_SIZE_MAX, &text, &size);
	if (r < 0)
		return report_errno(reader, shown, r, "cannot be read");
	r = source_add(reader, shown, text, size, json);
	return r < 0 ? r : 0;
}

static int compare_names(const void *left, const void *right)
{
	const char *const *a = left, *const *b = right;

	return strcmp(*a, *b);
}

static void free_names(char ***names)
{
	for (size_t i = 0; *names && (*names)[i]; i++)
		free((*names)[i]);
	free(*names);
}

/* A file in conf.d that is not read although someone may think so. */
static bool looks_like_policy(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && (streq(dot, ".yml") || streq(dot, ".json") || streq(dot, ".toml"));
}

/* The *.yaml names of a folder, sorted and NULL-terminated. */
static int list_folder(struct reader *reader, DIR *dir, const char *shown, char ***ret_names)
{
	_cleanup_(free_names) char **names = calloc(LOAD_FILES_MAX + 1, sizeof(*names));
	const struct dirent *entry;
	size_t count = 0;

	if (!names)
		return -ENOMEM;
	while ((entry = readdir(dir))) {
		const char *dot = strrchr(entry->d_name, '.');
		_cleanup_(freep) char *path = NULL;

		if (entry->d_name[0] == '.' || !dot)
			continue;
		if (looks_like_policy(entry->d_name) &&
		    asprintf(&path, "%s/%s", shown, entry->d_name) >= 0)
			report_file(reader, SEVERITY_WARNING, path, 0, NULL,
				    "is not read: files in conf.d must end in .yaml");
		if (!streq(dot, ".yaml"))
			continue;
		if (count == LOAD_FILES_MAX)
			return report_file(reader, SEVERITY_ERROR, shown, -E2BIG, NULL,
					   "has more than 1000 policy files");
		names[count] = strdup(entry->d_name);
		if (!names[count++])
			return -ENOMEM;
	}
	qsort(names, count, sizeof(*names), compare_names);
	*ret_names = TAKE_PTR(names);
	return 0;
}

static void closedirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static int read_conf_d(struct reader *reader, int folder, const char *path, size_t *files)
{
	int fd = openat(folder, "conf.d", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r, first = 0;
	_cleanup_(free_names) char **names = NULL;
	_cleanup_(closedirp) DIR *dir = NULL;
	_cleanup_(freep) char *shown = NULL;
	struct stat info;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (asprintf(&shown, "%s/conf.d", path) < 0)
		shown = NULL;
	dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (!shown || !dir || fstat(dirfd(dir), &info) < 0) {
		r = shown ? -errno : -ENOMEM;
		if (fd >= 0 && !dir)
			close(fd);
		return report_errno(reader, shown ? shown : path, r, "cannot be read");
	}
	r = check_owner(reader, shown, &info);
	if (r < 0)
		return r;
	r = list_folder(reader, dir, shown, &names);
	if (r < 0)
		return r == -ENOMEM ? report_errno(reader, shown, r, "cannot be read") : r;
	for (size_t i = 0; names[i]; i++, (*files)++) {
		_cleanup_(freep) char *name = NULL;

		if (asprintf(&name, "%s/%s", shown, names[i]) < 0)
			return report_errno(reader, shown, -ENOMEM, "cannot be read");
		r = read_source(reader, dirfd(dir), names[i], name);
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
		return report_errno(reader, path, -ENOMEM, "cannot be read");
	while (size > 1 && trimmed[size - 1] == '/')
		trimmed[--size] = '\0';
	if (asprintf(&name, "%s/reeve.yaml", trimmed) < 0)
		return report_errno(reader, path, -ENOMEM, "cannot be read");
	if (fstatat(folder, "reeve.yaml", &info, AT_SYMLINK_NOFOLLOW) == 0) {
		r = read_source(reader, folder, "reeve.yaml", name);
		files++;
	}
	more = read_conf_d(reader, folder, trimmed, &files);
	r = r < 0 ? r : more;
	if (files == 0 && r == 0)
		return report_file(reader, SEVERITY_ERROR, path, -ENOENT, NULL,
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
		return report_errno(reader, path, -errno, "cannot be read");
	if (!S_ISDIR(info.st_mode))
		return read_source(reader, AT_FDCWD, path, path);
	r = check_owner(reader, path, &info);
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
