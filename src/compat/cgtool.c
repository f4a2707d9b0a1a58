// SPDX-License-Identifier: MIT
/*
 * Exit codes and first words of messages are libcgroup's, for scripts that look at them; what is
 * in brackets behind them is ours, and says which file or group it is about.
 */
#include "compat/cgtool.h"

#include "util/fd.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>

/* Where libcgroup notes the slice and scope that all its commands work below. */
#define DEFAULT_PLACE "/run/libcgroup/systemd"

enum { PLACE_MAX = 4096, COLUMN = 28 };

/* ---- the command line ---- */

static void print_option(const struct option *option)
{
	char left[80];
	int n = 0;

	if (option->letter)
		n = snprintf(left, sizeof(left), "-%c, ", option->letter);
	snprintf(left + n, sizeof(left) - (size_t)n, "--%s%s%s", option->name,
		 option->value ? " " : "", option->value ? option->value : "");
	printf("  %-*s %s\n", COLUMN, left, option->help);
}

static void print_help(const struct cgtool *tool, const struct command_line *line)
{
	const char *at = line->usage, *before = "Usage:";

	while (*at) {
		int length = (int)strcspn(at, "\n");

		printf("%s %s %.*s\n", before, tool->name, length, at);
		at += length + (at[length] == '\n');
		before = "   or:";
	}
	printf("%s\n", line->summary);
	for (size_t i = 0; i < line->option_count; i++)
		print_option(&line->options[i]);
	printf("  %-*s Display this help\n", COLUMN, "-h, --help");
}

int cgtool_usage(const struct cgtool *tool, const char *format, ...)
{
	va_list arguments;

	if (format) {
		fprintf(stderr, "%s: ", tool->name);
		va_start(arguments, format);
		vfprintf(stderr, format, arguments);
		va_end(arguments);
		fputc('\n', stderr);
	}
	fprintf(stderr, "Wrong input parameters, try %s -h' for more information.\n", tool->name);
	return CG_EXIT_USAGE;
}

int cgtool_options(struct cgtool *tool, const struct command_line *line, int argc, char **argv)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	bool help = false;
	int first;

	tool->name = argv[0];
	first = options_parse(line, argc, argv, &help, &err);
	if (first < 0)
		return -cgtool_usage(tool, "%s", error_text(&err)) - 1;
	if (help) {
		print_help(tool, line);
		return -1;
	}
	return first;
}

/* ---- the machine ---- */

static int read_default_place(struct cgtool *tool)
{
	_cleanup_(freep) char *text = NULL;
	int r = file_read_at(AT_FDCWD, DEFAULT_PLACE, PLACE_MAX, &text, NULL);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	text[strcspn(text, "\n")] = '\0';
	return *text ? raw_path(text, &tool->prefix) : 0;
}

int cgtool_look(struct cgtool *tool, bool bare)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	int r = host_new(&tool->host, &err);

	if (r >= 0)
		r = raw_open(tool->host, NULL, &tool->raw, &err);
	if (r >= 0 && !bare) {
		r = read_default_place(tool);
		if (r < 0)
			error_set_errno(&err, r, "the default place in %s", DEFAULT_PLACE);
	}
	if (r >= 0)
		return 0;
	fprintf(stderr, "%s: libcgroup initialization failed: %s\n", tool->name, error_text(&err));
	return cg_exit_status(CG_ERRNO);
}

bool cgtool_pid(const char *word, pid_t *ret_pid)
{
	char *end;
	long pid;

	if (*word < '0' || *word > '9')
		return false;
	errno = 0;
	pid = strtol(word, &end, 10);
	if (errno || *end || pid > INT_MAX)
		return false;
	*ret_pid = (pid_t)pid;
	return true;
}

int cgtool_open(struct cgtool *tool, bool bare)
{
	int status = cgtool_look(tool, bare);

	if (status || tool->raw->hierarchy_count > 0)
		return status;
	fprintf(stderr, "%s: libcgroup initialization failed: %s (no cgroup file system)\n",
		tool->name, cg_text(CG_NOT_MOUNTED, 0));
	return cg_exit_status(CG_NOT_MOUNTED);
}

void cgtool_done(struct cgtool *tool)
{
	raw_free(tool->raw);
	host_free(tool->host);
	free(tool->prefix);
}

/* ---- groups ---- */

char *cgtool_value(const char *file, char *text)
{
	static const char disable[] = "oom_kill_disable ";

	if (!streq(file, "memory.oom_control") || strncmp(text, disable, strlen(disable)) != 0)
		return text;
	text += strlen(disable);
	text[strcspn(text, "\n")] = '\0';
	return text;
}

int cgtool_path(const struct cgtool *tool, const char *given, char **ret_path)
{
	_cleanup_(freep) char *path = NULL, *whole = NULL;
	int r = raw_path(given, &path);

	if (r >= 0 && tool->prefix && given[0] != '/' && *path) {
		r = asprintf(&whole, "%s/%s", tool->prefix, path) < 0 ? -ENOMEM : 0;
		free(path);
		path = TAKE_PTR(whole);
	}
	if (r < 0) {
		fprintf(stderr, "%s: %s: the group \"%s\" (\"..\" leads out of it)\n", tool->name,
			cg_text(CG_INVALID, 0), given);
		return CG_INVALID;
	}
	*ret_path = TAKE_PTR(path);
	return 0;
}

void cgtargets_done(struct cgtargets *targets)
{
	for (size_t i = 0; i < targets->count; i++) {
		free(targets->items[i].path);
		free(targets->items[i].controllers);
	}
	free(targets->items);
	*targets = (struct cgtargets){ 0 };
}

void cgtargets_keep_existing(struct cgtargets *targets)
{
	size_t existing = 0, kept = 0;

	for (size_t i = 0; i < targets->count; i++)
		existing += raw_exists(targets->items[i].h, targets->items[i].path);
	for (size_t i = 0; existing > 0 && i < targets->count; i++) {
		struct cgtarget *target = &targets->items[i];

		if (raw_exists(target->h, target->path)) {
			targets->items[kept++] = *target;
			continue;
		}
		free(target->path);
		free(target->controllers);
	}
	if (existing > 0)
		targets->count = kept;
}

static int add_target(struct cgtargets *targets, const struct raw_hierarchy *h, const char *path,
		      struct cgtarget **ret_target)
{
	struct cgtarget *larger;

	for (size_t i = 0; i < targets->count; i++) {
		if (targets->items[i].h == h) {
			*ret_target = &targets->items[i];
			return 0;
		}
	}
	larger = reallocarray(targets->items, targets->count + 1, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	targets->items = larger;
	larger[targets->count] = (struct cgtarget){ .h = h, .path = strdup(path) };
	if (!larger[targets->count].path)
		return -ENOMEM;
	*ret_target = &larger[targets->count++];
	return 0;
}

static int add_name(struct cgtargets *targets, const struct raw_hierarchy *h, const char *path,
		    const char *name)
{
	struct cgtarget *target;
	const char **larger;
	int r = add_target(targets, h, path, &target);

	if (r < 0 || !name)
		return r;
	larger = reallocarray(target->controllers, target->controller_count + 1, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	target->controllers = larger;
	larger[target->controller_count++] = name;
	return 0;
}

static int add_all(const struct cgtool *tool, struct cgtargets *targets, const char *path)
{
	int r = 0;

	for (size_t i = 0; i < tool->raw->hierarchy_count; i++) {
		const struct raw_hierarchy *h = &tool->raw->hierarchies[i];

		if (raw_is_systemd(h))
			continue;
		r = h->name_count ? 0 : add_name(targets, h, path, NULL);
		for (size_t j = 0; j < h->name_count && r >= 0; j++)
			r = add_name(targets, h, path, h->names[j]);
		if (r < 0)
			return r;
	}
	return r;
}

static int add_named(const struct cgtool *tool, struct cgtargets *targets, const char *path,
		     const struct raw_spec *spec, size_t index, struct error *err)
{
	const char *name = spec->count ? spec->controllers[index] : "";
	const struct raw_hierarchy *h = raw_find(tool->raw, name);

	if (!h && !*name) {
		error_set(err, -ENODEV, "\":%s\" is of cgroup v2, which is not mounted",
			  spec->path);
		return CG_NO_CONTROLLER;
	}
	if (!h) {
		error_set(err, -ENODEV, "no mounted hierarchy has \"%s\": see lssubsys", name);
		return CG_NO_CONTROLLER;
	}
	if (add_name(targets, h, path, *name ? name : NULL) >= 0)
		return 0;
	error_oom(err);
	return CG_ERRNO;
}

int cgtool_targets(const struct cgtool *tool, const struct raw_spec *spec,
		   struct cgtargets *ret_targets, struct error *err)
{
	_cleanup_(cgtargets_done) struct cgtargets targets = { 0 };
	_cleanup_(freep) char *path = NULL;
	int r = cgtool_path(tool, spec->path, &path);

	if (r)
		return r;
	if (spec->all && add_all(tool, &targets, path) < 0) {
		error_oom(err);
		return CG_ERRNO;
	}
	for (size_t i = 0; !spec->all && i < MAX(spec->count, (size_t)1); i++) {
		r = add_named(tool, &targets, path, spec, i, err);
		if (r)
			return r;
	}
	*ret_targets = targets;
	targets = (struct cgtargets){ 0 };
	return 0;
}

void cgspecs_done(struct cgspecs *specs)
{
	for (size_t i = 0; i < specs->count; i++)
		raw_spec_done(&specs->items[i]);
	free(specs->items);
	*specs = (struct cgspecs){ 0 };
}

static int add_specs(const struct cgtool *tool, struct cgspecs *specs, const char *const *values,
		     size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct raw_spec *larger =
			reallocarray(specs->items, specs->count + 1, sizeof(*larger));
		int r = larger ? 0 : -ENOMEM;

		if (larger)
			specs->items = larger;
		if (r >= 0)
			r = raw_spec_parse(values[i], &larger[specs->count]);
		if (r < 0) {
			fprintf(stderr,
				"%s: cgroup controller and path parsing failed (%s): it is "
				"CONTROLLER[,CONTROLLER...]:PATH\n",
				tool->name, values[i]);
			return r == -EINVAL ? CG_EXIT_USAGE : cg_exit_status(CG_ERRNO);
		}
		specs->count++;
	}
	return 0;
}

int cgspecs_read(const struct cgtool *tool, struct cgspecs *specs, const struct option_list *groups,
		 char **operands, int count)
{
	int status = add_specs(tool, specs, groups->values, groups->count);

	return status ? status
		      : add_specs(tool, specs, (const char *const *)operands, (size_t)count);
}

/* ---- errors ---- */

const char *cg_text(int cg_code, int code)
{
	static const struct {
		int code;
		const char *text;
	} texts[] = {
		{ CG_NOT_MOUNTED, "Cgroup is not mounted" },
		{ CG_NO_GROUP, "Cgroup does not exist" },
		{ CG_NO_CONTROLLER, "Cgroup one of the needed subsystems is not mounted" },
		{ CG_NOT_OWNER, "Cgroup, request came in from non owner" },
		{ CG_NOT_ALLOWED, "Cgroup, operation not allowed" },
		{ CG_INVALID, "Cgroup invalid operation" },
		{ CG_FAILED, "Cgroup operation failed" },
		{ CG_NO_VALUE, "Cgroup, requested group parameter does not exist" },
		{ CG_RULES, "Cgroup parsing failed" },
		{ CG_MOUNT, "Cgroup mounting failed" },
		{ CG_CONFIG, "Failed to parse config file" },
		{ CG_NO_CONVERSION, "Cgroup version conversion failed" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i].code == cg_code)
			return texts[i].text;
	return strerror(-code);
}
