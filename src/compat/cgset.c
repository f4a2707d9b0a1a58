// SPDX-License-Identifier: MIT
/*
 * cgset and cgxset: values into the files of groups. cgxset takes names and values of the other
 * cgroup version, too.
 *
 * --copy-from sets what differs, of what can be both read and written. A value that is refused is
 * tried once more when the others are set: some limit each other (memory with and without swap).
 */
#include "cgroup/raw-convert.h"
#include "compat/cgtool.h"
#include "compat/compat.h"

#include <stdarg.h>

enum { COPY_TRIES = 2 };

struct setter {
	struct cgtool tool;
	struct raw_settings *pairs; /* each one name and value, as given by -r */
	size_t pair_count;
	const char *from;
	bool v1, v2; /* the words that names and values are of */
	bool ignore, recursive;
};

/* A group of one hierarchy, for what reads and writes its files. */
struct place {
	const struct setter *setter;
	const struct raw_hierarchy *h;
	const char *path;
};

static int complain(const struct setter *setter, int code, int r, const char *format, ...)
	_printf_(4, 5);

static int complain(const struct setter *setter, int code, int r, const char *format, ...)
{
	char about[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(about, sizeof(about), format, arguments);
	va_end(arguments);
	fprintf(stderr, "%s: cgroup modify error: %s (%s)\n", setter->tool.name, cg_text(code, r),
		about);
	return cg_exit_status(code);
}

/* ---- -r ---- */

static int add_pair(struct setter *setter, const char *text)
{
	const char *equals = strchr(text, '=');
	struct raw_settings *larger;
	char *name, *value;

	if (!equals || equals == text || !equals[1]) {
		fprintf(stderr, "%s: wrong parameter of option -r: %s (it is NAME=VALUE)\n",
			setter->tool.name, text);
		return CG_EXIT_USAGE;
	}
	if (!memchr(text, '.', (size_t)(equals - text))) {
		fprintf(stderr,
			"%s: wrong -r parameter (%s): it begins with a controller, as in "
			"cpu.shares\n",
			setter->tool.name, text);
		return cg_exit_status(CG_INVALID);
	}
	name = strndup(text, (size_t)(equals - text));
	value = strdup(equals + 1);
	larger = reallocarray(setter->pairs, setter->pair_count + 1, sizeof(*larger));
	if (larger)
		setter->pairs = larger;
	if (!larger || !name || !value) {
		free(name);
		free(value);
		return cg_exit_status(CG_ERRNO);
	}
	larger[setter->pair_count++] = (struct raw_settings){ { { name, value } }, 1 };
	return 0;
}

static int write_setting(const struct place *place, const char *name, const char *value)
{
	const struct setter *setter = place->setter;
	int r = raw_write(setter->tool.raw, place->h, place->path, name, value);

	if (r >= 0)
		return 0;
	if (r == -ENOENT || r == -ENODEV)
		return complain(setter, CG_NO_VALUE, r, "%s/%s/%s", place->h->tree.mount_point,
				place->path, name);
	return complain(setter, r == -EPERM || r == -EACCES ? CG_NOT_OWNER : CG_ERRNO, r,
			"%s=\"%s\" of %s/%s", name, value, place->h->tree.mount_point, place->path);
}

static int read_setting(void *context, const char *file, char **ret_text)
{
	const struct place *place = context;

	return raw_read(place->h, place->path, file, ret_text);
}

/* The hierarchy that a name belongs to, in the words of either version; whether it must be
 * converted. */
static const struct raw_hierarchy *find_hierarchy(const struct setter *setter, const char *name,
						  bool *ret_convert)
{
	_cleanup_(freep) char *controller = strndup(name, strcspn(name, "."));
	const struct raw_hierarchy *h = controller ? raw_find(setter->tool.raw, controller) : NULL;
	const char *other = controller ? raw_convert_controller(controller) : NULL;

	if (!h && other && (setter->v1 || setter->v2))
		h = raw_find(setter->tool.raw, other);
	*ret_convert = h && (setter->v1 || setter->v2) && setter->v2 != h->tree.v2;
	return h;
}

static int set_converted(struct place *place, const struct raw_setting *pair)
{
	const struct setter *setter = place->setter;
	struct raw_settings settings = { 0 };
	int status = 0;
	int r = raw_convert_set(pair->name, pair->value, place->h->tree.v2, read_setting, place,
				&settings);

	if (r == -EOPNOTSUPP)
		return setter->ignore
			       ? 0
			       : complain(setter, CG_NO_CONVERSION, r,
					  "cgroup v%d has nothing like %s (-i passes over it)",
					  place->h->tree.v2 ? 2 : 1, pair->name);
	if (r == -ENOENT)
		return complain(setter, CG_NO_VALUE, r, "%s of %s/%s", pair->name,
				place->h->tree.mount_point, place->path);
	if (r < 0)
		return complain(setter, CG_ERRNO, r, "%s=\"%s\"", pair->name, pair->value);
	for (size_t i = 0; i < settings.count && !status; i++)
		status = write_setting(place, settings.items[i].name, settings.items[i].value);
	raw_settings_done(&settings);
	return status;
}

struct visit {
	struct place place;
	const struct raw_setting *pair;
	bool convert;
	int status;
};

static int visit_group(void *context, const char *path)
{
	struct visit *visit = context;
	int status;

	visit->place.path = path;
	status = visit->convert
			 ? set_converted(&visit->place, visit->pair)
			 : write_setting(&visit->place, visit->pair->name, visit->pair->value);
	visit->status = visit->status ? visit->status : status;
	return status ? -ECANCELED : 0;
}

/* One value of one group, and with -R of those below. */
static int set_one(const struct setter *setter, const char *path, const struct raw_setting *pair)
{
	struct visit visit = { .place = { .setter = setter }, .pair = pair };

	visit.place.h = find_hierarchy(setter, pair->name, &visit.convert);
	if (!visit.place.h)
		return complain(setter, CG_NO_CONTROLLER, 0, "%s: see lssubsys", pair->name);
	if (!setter->recursive) {
		(void)visit_group(&visit, path);
		return visit.status;
	}
	if (raw_walk(visit.place.h, path, false, visit_group, &visit) < 0 && !visit.status)
		return complain(setter, CG_ERRNO, -EIO, "%s: its groups cannot be listed", path);
	return visit.status;
}

/* ---- --copy-from ---- */

/* What changes by itself, or acts when written, is no setting. */
static bool is_setting(const struct raw_file *file)
{
	static const char *const not [] = { "usage", "failcnt", "force_empty", "pressure",
					    "reset", "event",	"oom_control", "reclaim",
					    ".stat", "peak",	"devices." };

	for (size_t i = 0; i < ARRAY_SIZE(not ); i++)
		if (strstr(file->name, not [i]))
			return false;
	return (file->mode & 0600) == 0600;
}

/* 1: was tried and refused; the reason is in *ret_code. */
static int copy_file(const struct place *from, const struct place *to, const char *name,
		     int *ret_code)
{
	_cleanup_(freep) char *value = NULL, *now = NULL;
	int r = raw_read(from->h, from->path, name, &value);

	if (r < 0) /* cannot be read at all: nothing to copy */
		return 0;
	r = raw_read(to->h, to->path, name, &now);
	if (r >= 0 && streq(value, now))
		return 0;
	value[strcspn(value, "\n")] = '\0';
	if (r >= 0)
		r = raw_write(to->setter->tool.raw, to->h, to->path, name, *value ? value : "\n");
	*ret_code = r;
	return r < 0;
}

static int copy_controller(const struct place *from, const struct place *to, const char *controller,
			   bool last_try, int *failed)
{
	_cleanup_(raw_files_done) struct raw_files files = { 0 };
	int code = 0, status = 0;

	if (raw_files(from->h, from->path, controller, &files) < 0)
		return 0;
	for (size_t i = 0; i < files.count; i++) {
		if (!is_setting(&files.items[i]) ||
		    !copy_file(from, to, files.items[i].name, &code))
			continue;
		(*failed)++;
		if (last_try)
			status = complain(to->setter, CG_ERRNO, code, "%s of %s/%s",
					  files.items[i].name, to->h->tree.mount_point, to->path);
	}
	return status;
}

/* Everything of one hierarchy; `from` is there. */
static int copy_hierarchy(const struct setter *setter, const struct raw_hierarchy *h,
			  const char *from_path, const char *to_path)
{
	const struct place from = { setter, h, from_path }, to = { setter, h, to_path };
	int status = 0;

	for (int try = 1; try <= COPY_TRIES; try++) {
		int failed = 0;

		for (size_t i = 0; i < h->name_count; i++) {
			int one = copy_controller(&from, &to, h->names[i], try == COPY_TRIES,
						  &failed);

			status = status ? status : one;
		}
		if (failed == 0)
			break;
	}
	return status;
}

static int copy(const struct setter *setter, const char *path)
{
	_cleanup_(freep) char *from = NULL;
	bool found = false, copied = false;
	int status = cg_exit_status(cgtool_path(&setter->tool, setter->from, &from));

	for (size_t i = 0; i < setter->tool.raw->hierarchy_count && !status; i++) {
		const struct raw_hierarchy *h = &setter->tool.raw->hierarchies[i];

		if (!raw_exists(h, from))
			continue;
		found = true;
		if (!raw_exists(h, path))
			continue;
		copied = true;
		status = copy_hierarchy(setter, h, from, path);
	}
	if (status)
		return status;
	if (!found) {
		fprintf(stderr, "%s: cgroup %s error: %s\n", setter->tool.name, setter->from,
			cg_text(CG_NO_GROUP, 0));
		return cg_exit_status(CG_NO_GROUP);
	}
	return copied ? 0
		      : complain(setter, CG_NO_VALUE, 0, "%s is in no hierarchy that %s is in",
				 path, setter->from);
}

/* ---- the whole ---- */

static int set_group(const struct setter *setter, const char *given)
{
	_cleanup_(freep) char *path = NULL;
	int status = cg_exit_status(cgtool_path(&setter->tool, given, &path));

	if (!status && setter->from)
		return copy(setter, path);
	for (size_t i = 0; i < setter->pair_count && !status; i++)
		status = set_one(setter, path, &setter->pairs[i].items[0]);
	return status;
}

static void setter_done(struct setter *setter)
{
	for (size_t i = 0; i < setter->pair_count; i++)
		raw_settings_done(&setter->pairs[i]);
	free(setter->pairs);
	cgtool_done(&setter->tool);
}

static int check(const struct setter *setter, const struct option_list *pairs, bool any_group)
{
	if (setter->from && pairs->count > 0)
		return cgtool_usage(&setter->tool, "-r and --copy-from exclude each other");
	if (setter->v1 && setter->v2)
		return cgtool_usage(&setter->tool, "-1 and -2 exclude each other");
	if (any_group && (setter->from || pairs->count > 0))
		return 0;
	fprintf(stderr, "%s: no %s\n", setter->tool.name,
		any_group ? "name-value pair was set" : "cgroup specified");
	return CG_EXIT_USAGE;
}

static int run(struct setter *setter, const struct command_line *line,
	       const struct option_list *pairs, const bool *bare, int argc, char **argv)
{
	int first = cgtool_options(&setter->tool, line, argc, argv), status;

	if (first < 0)
		return cgtool_exit(first);
	if (argc < 2) {
		fprintf(stderr, "Usage is %s -r <name=value> <relative path to cgroup>\n",
			setter->tool.name);
		return CG_EXIT_USAGE;
	}
	status = check(setter, pairs, first < argc);
	for (size_t i = 0; i < pairs->count && !status; i++)
		status = add_pair(setter, pairs->values[i]);
	if (!status)
		status = cgtool_open(&setter->tool, *bare);
	for (int i = first; i < argc && !status; i++)
		status = set_group(setter, argv[i]);
	return status;
}

#define SET_USAGE                                \
	"[-b] [-R] -r <name=value> <path> ...\n" \
	"[-b] --copy-from <source_path> <path> ..."

/* One table: cgxset has what stands before the common part. */
enum { X_OPTIONS = 3 };

static int set(bool x, int argc, char **argv)
{
	_cleanup_(option_list_done) struct option_list pairs = { 0 };
	_cleanup_(setter_done) struct setter setter = { 0 };
	bool bare = false;
	const struct option options[] = {
		{ "ignore-unmappable", 'i', OPTION_FLAG, NULL,
		  "Pass over settings that cannot be converted", &setter.ignore },
		{ "v1", '1', OPTION_FLAG, NULL, "Names and values are those of cgroup v1",
		  &setter.v1 },
		{ "v2", '2', OPTION_FLAG, NULL, "Names and values are those of cgroup v2",
		  &setter.v2 },
		{ "bare", 'b', OPTION_FLAG, NULL, "Ignore the default systemd scope", &bare },
		{ "copy-from", 0, OPTION_STRING, "PATH", "Group whose settings are copied",
		  &setter.from },
		{ "recursive", 'R', OPTION_FLAG, NULL, "Set it in all groups below, too",
		  &setter.recursive },
		{ "variable", 'r', OPTION_LIST, "NAME=VALUE", "What to set; repeatable", &pairs },
	};
	const struct command_line line = {
		.usage = x ? "[-1|-2] [-i] " SET_USAGE : SET_USAGE,
		.summary = x ? "Set the parameters of given cgroup(s), in the words of either "
			       "version"
			     : "Set the parameters of given cgroup(s)",
		.options = x ? options : options + X_OPTIONS,
		.option_count = ARRAY_SIZE(options) - (x ? 0 : X_OPTIONS),
	};

	return run(&setter, &line, &pairs, &bare, argc, argv);
}

int compat_cgset(int argc, char **argv)
{
	return set(false, argc, argv);
}

int compat_cgxset(int argc, char **argv)
{
	return set(true, argc, argv);
}
