// SPDX-License-Identifier: MIT
/*
 * cgget and cgxget: the files of groups, as
 *
 *	group:
 *	name: first line of the value
 *		further lines
 *	(an empty line)
 *
 * Everything is read before anything is printed, so an error prints nothing else. Names are kept
 * together by controller. Files of a controller come in the kernel's order.
 *
 * cgxget speaks of either cgroup version: a file of the other one is computed (raw-convert.h).
 */
#include "cgroup/raw-convert.h"
#include "compat/cgtool.h"
#include "compat/compat.h"

#include <assert.h>

struct getter {
	struct cgtool tool;
	struct option_list names;  /* -r */
	struct option_list groups; /* -g */
	bool all, no_headers, values_only;
	bool v1, v2, ignore; /* cgxget: the words that are spoken */
	bool mode, versions; /* cgget -m, -c */
	struct text out;
};

/* A group of one hierarchy, for raw_convert_get(). */
struct place {
	const struct raw_hierarchy *h;
	const char *path;
};

static int read_setting(void *context, const char *file, char **ret_text)
{
	const struct place *place = context;

	return raw_read(place->h, place->path, file, ret_text);
}

static void add_value(struct getter *getter, const char *name, const char *value)
{
	size_t length = strlen(value);

	if (length > 0 && value[length - 1] == '\n')
		length--;
	if (!getter->values_only)
		text_addf(&getter->out, "%s: ", name);
	for (size_t i = 0; i < length;) {
		const char *end = memchr(value + i, '\n', length - i);
		size_t line = end ? (size_t)(end - value) - i : length - i;

		text_add_bytes(&getter->out, value + i, line);
		if (end)
			text_add(&getter->out, "\n\t");
		i += line + (end != NULL);
	}
	text_add(&getter->out, "\n");
}

static bool is_other_version(const struct getter *getter, const struct raw_hierarchy *h)
{
	return (getter->v1 || getter->v2) && getter->v2 != h->tree.v2;
}

static int no_conversion(const struct getter *getter, const char *name, const char *where)
{
	if (getter->ignore)
		return 0;
	fprintf(stderr, "%s: %s: cgroup v%d has nothing like %s of %s (-i passes over it)\n",
		getter->tool.name, cg_text(CG_NO_CONVERSION, 0), getter->v2 ? 2 : 1, name, where);
	return cg_exit_status(CG_NO_CONVERSION);
}

/* ---- -r ---- */

static const struct raw_hierarchy *find_hierarchy(const struct getter *getter,
						  const char *controller)
{
	const struct raw_hierarchy *h = raw_find(getter->tool.raw, controller);
	const char *other = raw_convert_controller(controller);

	return h || !other || !(getter->v1 || getter->v2) ? h : raw_find(getter->tool.raw, other);
}

static int get_name(struct getter *getter, const char *name, const char *controller,
		    const char *path, const char *given)
{
	const struct raw_hierarchy *h = find_hierarchy(getter, controller);
	struct place place = { h, path };
	_cleanup_(freep) char *value = NULL;
	int r;

	if (!h) {
		fprintf(stderr, "%s: cannot find controller '%s' in group '%s'\n",
			getter->tool.name, controller, given);
		return cg_exit_status(CG_ERRNO);
	}
	r = is_other_version(getter, h)
		    ? raw_convert_get(name, h->tree.v2, read_setting, &place, &value)
		    : raw_read(h, path, name, &value);
	if (r == -EOPNOTSUPP && is_other_version(getter, h))
		return no_conversion(getter, name, given);
	if (r < 0) {
		fprintf(stderr, "%s: variable file read failed %s (%s of %s/%s)\n",
			getter->tool.name, strerror(-r), name, h->tree.mount_point, path);
		return cg_exit_status(CG_ERRNO);
	}
	add_value(getter, name, value);
	return 0;
}

static char *controller_of(const char *name)
{
	return strndup(name, strcspn(name, "."));
}

/* Whether an earlier -r is of the same controller: then all of it was printed there. */
static bool was_printed(const struct getter *getter, size_t index, const char *controller)
{
	size_t length = strlen(controller);

	for (size_t i = 0; i < index; i++)
		if (strncmp(getter->names.values[i], controller, length) == 0 &&
		    getter->names.values[i][length] == '.')
			return true;
	return false;
}

static int get_names(struct getter *getter, const char *path, const char *given)
{
	int status = 0;

	for (size_t i = 0; i < getter->names.count && !status; i++) {
		_cleanup_(freep) char *controller = controller_of(getter->names.values[i]);
		size_t length = controller ? strlen(controller) : 0;

		if (!controller)
			return cg_exit_status(CG_ERRNO);
		if (was_printed(getter, i, controller))
			continue;
		for (size_t j = i; j < getter->names.count && !status; j++)
			if (strncmp(getter->names.values[j], controller, length) == 0 &&
			    getter->names.values[j][length] == '.')
				status = get_name(getter, getter->names.values[j], controller, path,
						  given);
	}
	return status;
}

/* ---- whole controllers ---- */

/* Whether a name is among those that were shown, each between two newlines. */
static bool was_shown(const struct text *shown, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = shown->data; at && (at = strstr(at, name)); at += length)
		if (at[-1] == '\n' && at[length] == '\n')
			return true;
	return false;
}

/* A file in the other version's words; what is two files here may be one there. */
static int get_converted(struct getter *getter, struct place *place, const char *file,
			 struct text *shown)
{
	struct raw_settings names = { 0 };
	int status = 0;

	if (raw_convert_names(file, place->h->tree.v2, &names) < 0)
		return cg_exit_status(CG_ERRNO);
	if (names.count == 0)
		status = no_conversion(getter, file, place->path);
	for (size_t i = 0; i < names.count; i++) {
		_cleanup_(freep) char *value = NULL;

		if (was_shown(shown, names.items[i].name) ||
		    raw_convert_get(names.items[i].name, place->h->tree.v2, read_setting, place,
				    &value) < 0)
			continue;
		add_value(getter, names.items[i].name, value);
		text_addf(shown, "\n%s\n", names.items[i].name);
	}
	raw_settings_done(&names);
	return status;
}

static int get_controller(struct getter *getter, const struct raw_hierarchy *h,
			  const char *controller, const char *path)
{
	_cleanup_(raw_files_done) struct raw_files files = { 0 };
	_cleanup_(text_done) struct text shown = { 0 };
	struct place place = { h, path };
	int status = 0;
	int r = raw_files(h, path, controller, &files);

	if (r < 0) {
		fprintf(stderr, "%s: cannot read group '%s': %s (%s/%s)\n", getter->tool.name, path,
			r == -ENOENT ? cg_text(CG_NO_GROUP, 0) : strerror(-r), h->tree.mount_point,
			path);
		return cg_exit_status(r == -ENOENT ? CG_NO_GROUP : CG_ERRNO);
	}
	for (size_t i = 0; i < files.count && !status; i++) {
		_cleanup_(freep) char *value = NULL;

		if (is_other_version(getter, h)) {
			status = get_converted(getter, &place, files.items[i].name, &shown);
			continue;
		}
		/* What can only be written has no value; libcgroup shows it so. */
		r = raw_read(h, path, files.items[i].name, &value);
		add_value(getter, files.items[i].name, r < 0 ? "" : value);
	}
	return status;
}

/* Every controller whose hierarchy has the group. */
static int get_everything(struct getter *getter, const char *path, const char *given)
{
	bool found = false;
	int status = 0;

	for (size_t i = 0; i < getter->tool.raw->hierarchy_count && !status; i++) {
		const struct raw_hierarchy *h = &getter->tool.raw->hierarchies[i];

		if (!raw_exists(h, path))
			continue;
		found = true;
		for (size_t j = 0; j < h->name_count && !status; j++)
			status = get_controller(getter, h, h->names[j], path);
	}
	if (!found) {
		fprintf(stderr, "%s: cannot read group '%s': %s\n", getter->tool.name, given,
			cg_text(CG_NO_GROUP, 0));
		return cg_exit_status(CG_NO_GROUP);
	}
	return status;
}

static int get_listed(struct getter *getter, const struct raw_spec *spec, const char *path)
{
	int status = 0;

	for (size_t i = 0; i < spec->count && !status; i++) {
		const struct raw_hierarchy *h = find_hierarchy(getter, spec->controllers[i]);
		const char *controller;

		if (!h) {
			fprintf(stderr, "%s: cannot find controller '%s' in group '%s'\n",
				getter->tool.name, spec->controllers[i], path);
			return cg_exit_status(CG_NO_CONTROLLER);
		}
		/* blkio of a host that has io, for cgxget. */
		controller = spec->controllers[i];
		if (h != raw_find(getter->tool.raw, controller))
			controller = raw_convert_controller(controller);
		status = get_controller(getter, h, controller, path);
	}
	return status;
}

/* ---- groups ---- */

static void begin_group(struct getter *getter, const char *given)
{
	if (!getter->no_headers)
		text_addf(&getter->out, "%s:\n", given);
}

static void end_group(struct getter *getter)
{
	if (!getter->no_headers)
		text_add(&getter->out, "\n");
}

/* An operand: what -r, -g or -a ask for of one group. */
static int get_operand(struct getter *getter, const struct raw_spec *listed, const char *given)
{
	_cleanup_(freep) char *path = NULL;
	int status = cg_exit_status(cgtool_path(&getter->tool, given, &path));

	if (status)
		return status;
	begin_group(getter, given);
	if (getter->names.count > 0)
		status = get_names(getter, path, given);
	else if (getter->all || listed->count == 0)
		status = get_everything(getter, path, given);
	else
		status = get_listed(getter, listed, path);
	end_group(getter);
	return status;
}

/* -g CONTROLLERS:PATH */
static int get_spec(struct getter *getter, const struct raw_spec *spec)
{
	_cleanup_(freep) char *path = NULL;
	int status = cg_exit_status(cgtool_path(&getter->tool, spec->path, &path));

	if (status)
		return status;
	begin_group(getter, spec->path);
	status = spec->all || getter->all ? get_everything(getter, path, spec->path)
					  : get_listed(getter, spec, path);
	end_group(getter);
	return status;
}

/* ---- the command line ---- */

/* All -g without a colon as one spec, whose path is not used. */
static int join_listed(const struct getter *getter, struct raw_spec *ret_listed)
{
	_cleanup_(text_done) struct text text = { 0 };
	int r;

	for (size_t i = 0; i < getter->groups.count; i++)
		text_addf(&text, "%s%s", i ? "," : "", getter->groups.values[i]);
	if (getter->groups.count == 0)
		return 0;
	text_add(&text, ":/");
	r = text.failed ? -ENOMEM : raw_spec_parse(text.data, ret_listed);
	return r < 0 ? cgtool_usage(&getter->tool, "-g %.*s: no controllers", (int)text.size - 2,
				    text.data)
		     : 0;
}

static size_t count_specs(const struct getter *getter)
{
	size_t count = 0;

	for (size_t i = 0; i < getter->groups.count; i++)
		count += strchr(getter->groups.values[i], ':') != NULL;
	return count;
}

static int check(const struct getter *getter, int operands)
{
	size_t specs = count_specs(getter);

	if (getter->v1 && getter->v2)
		return cgtool_usage(&getter->tool, "-1 and -2 exclude each other");
	if (getter->names.count > 0 && (getter->all || getter->groups.count > 0))
		return cgtool_usage(&getter->tool, "-r says what to show, so -g and -a cannot");
	if (specs > 0 && specs < getter->groups.count)
		return cgtool_usage(&getter->tool, "-g with and without a group");
	if (specs > 0 && operands > 0)
		return cgtool_usage(&getter->tool, "groups both in -g and as operands");
	if (specs == 0 && operands == 0)
		return cgtool_usage(&getter->tool, "no group is named");
	for (size_t i = 0; i < getter->names.count; i++) {
		if (strchr(getter->names.values[i], '.'))
			continue;
		fprintf(stderr,
			"%s: error parsing parameter name '%s': it begins with a "
			"controller, as in cpu.shares\n",
			getter->tool.name, getter->names.values[i]);
		return cg_exit_status(CG_INVALID);
	}
	return 0;
}

static int get_operands(struct getter *getter, char **operands, int count)
{
	_cleanup_(raw_spec_done) struct raw_spec listed = { 0 };
	int status = getter->names.count > 0 ? 0 : join_listed(getter, &listed);

	for (int i = 0; i < count && !status; i++)
		status = get_operand(getter, &listed, operands[i]);
	return status;
}

static int get_specs(struct getter *getter)
{
	_cleanup_(cgspecs_done) struct cgspecs specs = { 0 };
	int status = cgspecs_read(&getter->tool, &specs, &getter->groups, NULL, 0);

	for (size_t i = 0; i < specs.count && !status; i++)
		status = get_spec(getter, &specs.items[i]);
	return status;
}

/* ---- -m and -c ---- */

static int print_mode(const struct getter *getter)
{
	bool v1 = false, v2 = raw_find_v2(getter->tool.raw) != NULL;

	for (size_t i = 0; i < getter->tool.raw->hierarchy_count; i++)
		v1 |= !getter->tool.raw->hierarchies[i].tree.v2;
	puts(v1 && v2 ? "Hybrid mode (Cgroup v1/v2)."
	     : v2     ? "Unified Mode (Cgroup v2 only)."
		      : "Legacy Mode (Cgroup v1 only).");
	return 0;
}

static int print_versions(const struct getter *getter)
{
	puts("#Controller\tVersion");
	for (size_t i = 0; i < getter->tool.raw->hierarchy_count; i++) {
		const struct raw_hierarchy *h = &getter->tool.raw->hierarchies[i];

		for (size_t j = 0; j < h->name_count; j++)
			printf("%s\t%d\n", h->names[j], h->tree.v2 ? 2 : 1);
	}
	return 0;
}

static int run(struct getter *getter, const struct command_line *line, const bool *bare, int argc,
	       char **argv)
{
	int first = cgtool_options(&getter->tool, line, argc, argv), status;

	if (first < 0)
		return cgtool_exit(first);
	status = getter->mode || getter->versions ? 0 : check(getter, argc - first);
	if (!status)
		status = cgtool_open(&getter->tool, *bare);
	if (status)
		return status;
	if (getter->mode || getter->versions)
		return getter->mode ? print_mode(getter) : print_versions(getter);
	status =
		first < argc ? get_operands(getter, argv + first, argc - first) : get_specs(getter);
	if (!status && getter->out.failed) {
		fprintf(stderr, "%s: %s\n", getter->tool.name, strerror(ENOMEM));
		status = cg_exit_status(CG_ERRNO);
	}
	if (!status && getter->out.data)
		fputs(getter->out.data, stdout);
	return status;
}

static void getter_done(struct getter *getter)
{
	option_list_done(&getter->names);
	option_list_done(&getter->groups);
	text_done(&getter->out);
	cgtool_done(&getter->tool);
}

#define GET_USAGE                                                     \
	"[-nv] [-b] [-r <name>] [-g <controllers>] [-a] <path> ...\n" \
	"[-nv] [-b] -g <controllers>:<path> ..."

/* One table: cgxget has what stands before the common part, cgget what stands behind it. */
enum { X_OPTIONS = 3, COMMON_OPTIONS = 6, PLAIN_OPTIONS = 2 };

static int get(bool x, int argc, char **argv)
{
	_cleanup_(getter_done) struct getter getter = { 0 };
	bool bare = false;
	const struct option options[] = {
		{ "ignore-unmappable", 'i', OPTION_FLAG, NULL,
		  "Pass over settings that cannot be converted", &getter.ignore },
		{ "v1", '1', OPTION_FLAG, NULL, "Names and values are those of cgroup v1",
		  &getter.v1 },
		{ "v2", '2', OPTION_FLAG, NULL, "Names and values are those of cgroup v2",
		  &getter.v2 },
		{ "all", 'a', OPTION_FLAG, NULL, "Show everything of all controllers",
		  &getter.all },
		{ "bare", 'b', OPTION_FLAG, NULL, "Ignore the default systemd scope", &bare },
		{ "group", 'g', OPTION_LIST, "CONTROLLERS[:PATH]",
		  "Controllers to be shown, and of which group", &getter.groups },
		{ "no-headers", 'n', OPTION_FLAG, NULL, "Do not print headers",
		  &getter.no_headers },
		{ "values-only", 'v', OPTION_FLAG, NULL, "Print only values, no names",
		  &getter.values_only },
		{ "variable", 'r', OPTION_LIST, "NAME", "What to show; repeatable", &getter.names },
		{ "controllers", 'c', OPTION_FLAG, NULL, "Print the controllers' versions",
		  &getter.versions },
		{ "mode", 'm', OPTION_FLAG, NULL, "Print which cgroup versions there are",
		  &getter.mode },
	};
	const struct command_line line = {
		.usage = x ? "[-1|-2] [-i] " GET_USAGE : GET_USAGE "\n-m | -c",
		.summary = x ? "Print parameter(s) of given group(s), in the words of either "
			       "version."
			     : "Print parameter(s) of given group(s).",
		.options = x ? options : options + X_OPTIONS,
		.option_count = COMMON_OPTIONS + (x ? X_OPTIONS : PLAIN_OPTIONS),
	};

	static_assert(ARRAY_SIZE(options) == X_OPTIONS + COMMON_OPTIONS + PLAIN_OPTIONS,
		      "each is in one part");
	return run(&getter, &line, &bare, argc, argv);
}

int compat_cgget(int argc, char **argv)
{
	return get(false, argc, argv);
}

int compat_cgxget(int argc, char **argv)
{
	return get(true, argc, argv);
}
