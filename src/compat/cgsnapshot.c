// SPDX-License-Identifier: MIT
/*
 * cgsnapshot: the groups as a cgconfig.conf that cgconfigparser takes. Only what can be written is
 * in it. A lists file has a variable a line: what is on the deny list is left out, what is on the
 * allow list is expected (with -t, nothing else is printed).
 *
 * Whether a variable can be written is asked of the top group's file where it has one, for modes
 * further down may have been changed.
 */
#include "compat/cgtool.h"
#include "compat/compat.h"
#include "util/fd.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>

enum { LIST_MAX = 1 << 20 };

struct snapshot {
	struct cgtool tool;
	const char *deny_path, *allow_path, *out_path;
	char *deny, *allow; /* lists as "\nname\nname\n", or NULL */
	bool silent, strict;
	const char *const *wanted;
	size_t wanted_count;
	FILE *out;
	const struct raw_hierarchy *h; /* the one at hand */
	bool first;		       /* warnings are for the first group alone */
};

/* ---- lists ---- */

static int read_list(const struct snapshot *snapshot, const char *path, char **ret_list)
{
	_cleanup_(text_done) struct text list = { 0 };
	_cleanup_(freep) char *text = NULL;
	char *line, *rest;
	int r = file_read_at(AT_FDCWD, path, LIST_MAX, &text, NULL);

	if (r < 0) {
		fprintf(stderr, "%s: Failed to open file %s: %s\n", snapshot->tool.name, path,
			strerror(-r));
		return CG_EXIT_USAGE;
	}
	text_add(&list, "\n");
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		line += strspn(line, " \t");
		line[strcspn(line, " \t")] = '\0';
		if (*line && *line != '#')
			text_addf(&list, "%s\n", line);
	}
	*ret_list = text_take(&list);
	return *ret_list ? 0 : cg_exit_status(CG_ERRNO);
}

static bool is_listed(const char *list, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = list; at && (at = strstr(at, name)); at += length)
		if (at[-1] == '\n' && at[length] == '\n')
			return true;
	return false;
}

/* The default list is libcgroup's, by its new or its old name; it need not be there. */
static int read_lists(struct snapshot *snapshot)
{
	static const char *const defaults[] = { "/etc/cgsnapshot_denylist.conf",
						"/etc/cgsnapshot_blacklist.conf" };
	int status = 0;

	if (snapshot->deny_path)
		status = read_list(snapshot, snapshot->deny_path, &snapshot->deny);
	for (size_t i = 0; !snapshot->deny_path && !snapshot->deny && i < ARRAY_SIZE(defaults); i++)
		if (access(defaults[i], F_OK) == 0)
			status = read_list(snapshot, defaults[i], &snapshot->deny);
	if (!status && snapshot->allow_path)
		status = read_list(snapshot, snapshot->allow_path, &snapshot->allow);
	return status;
}

/* ---- printing ---- */

static const char *user_name(uid_t uid, char number[static 16])
{
	const struct passwd *entry = getpwuid(uid);

	snprintf(number, 16, "%u", uid);
	return entry ? entry->pw_name : number;
}

static const char *group_name_of(gid_t gid, char number[static 16])
{
	const struct group *entry = getgrgid(gid);

	snprintf(number, 16, "%u", gid);
	return entry ? entry->gr_name : number;
}

static void print_owner(const struct snapshot *snapshot, const char *section, const struct stat *st)
{
	char number[16];

	fprintf(snapshot->out, "\t\t%s {\n", section);
	fprintf(snapshot->out, "\t\t\tuid = %s;\n", user_name(st->st_uid, number));
	fprintf(snapshot->out, "\t\t\tgid = %s;\n\t\t}\n", group_name_of(st->st_gid, number));
}

static int print_perm(const struct snapshot *snapshot, const char *path)
{
	_cleanup_(freep) char *tasks = NULL;
	struct stat directory, file;

	if (asprintf(&tasks, "%s%s%s", path, *path ? "/" : "",
		     snapshot->h->tree.v2 ? "cgroup.procs" : "tasks") < 0)
		return -ENOMEM;
	if (fstatat(snapshot->h->tree.fd, *path ? path : ".", &directory, 0) < 0 ||
	    fstatat(snapshot->h->tree.fd, tasks, &file, 0) < 0)
		return -errno;
	if (directory.st_uid == 0 && directory.st_gid == 0 && file.st_uid == 0 && file.st_gid == 0)
		return 0;
	fputs("\tperm {\n", snapshot->out);
	print_owner(snapshot, "admin", &directory);
	print_owner(snapshot, "task", &file);
	fputs("\t}\n", snapshot->out);
	return 0;
}

static bool is_writable(const struct snapshot *snapshot, const struct raw_file *file)
{
	struct stat st;

	if (streq(file->name, "devices.list"))
		return true;
	if (streq(file->name, "devices.allow") || streq(file->name, "devices.deny"))
		return false;
	if (fstatat(snapshot->h->tree.fd, file->name, &st, 0) == 0)
		return st.st_mode & 0200;
	return file->mode & 0200;
}

/* Such a file tells of the present, and what is written to it is a trigger that ends with its
 * writer (Documentation/accounting/psi.rst): no setting. */
static bool is_pressure(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && streq(dot, ".pressure") && !streq(name, "cgroup.pressure");
}

static bool is_shown(const struct snapshot *snapshot, const struct raw_file *file)
{
	bool expected;

	if (!is_writable(snapshot, file) || is_pressure(file->name) ||
	    is_listed(snapshot->deny, file->name))
		return false;
	expected = is_listed(snapshot->allow, file->name);
	if (!expected && snapshot->strict)
		return false;
	if (!expected && !snapshot->silent && snapshot->first)
		fprintf(stderr, "WARNING: variable %s is neither denied nor allowed by a list\n",
			file->name);
	return true;
}

/* A value stands between quotes and so cannot hold any; the kernel's have none. */
static void print_variable(const struct snapshot *snapshot, const char *name, char *value)
{
	size_t length = strlen(value);

	if (length > 0 && value[length - 1] == '\n')
		value[length - 1] = '\0';
	if (streq(name, "devices.list")) {
		fputs("\t\tdevices.deny=\"a *:* rwm\";\n", snapshot->out);
		name = "devices.allow";
	}
	fprintf(snapshot->out, "\t\t%s=\"%s\";\n", name, cgtool_value(name, value));
}

static int print_controller(const struct snapshot *snapshot, const char *controller,
			    const char *path)
{
	const char *quote = strchr(controller, '=') ? "\"" : "";
	_cleanup_(raw_files_done) struct raw_files files = { 0 };
	int r = raw_files(snapshot->h, path, controller, &files);

	if (r < 0)
		return r;
	fprintf(snapshot->out, "\t%s%s%s {\n", quote, controller, quote);
	for (size_t i = 0; i < files.count; i++) {
		_cleanup_(freep) char *value = NULL;

		if (!is_shown(snapshot, &files.items[i]))
			continue;
		/* What acts when written has nothing to be read. */
		if (raw_read(snapshot->h, path, files.items[i].name, &value) >= 0)
			print_variable(snapshot, files.items[i].name, value);
	}
	fputs("\t}\n", snapshot->out);
	return 0;
}

/* Names as the configuration has them bare; all others stand in quotes. */
static bool is_bare(const char *name)
{
	for (const char *at = name; *at; at++)
		if (!((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
		      (*at >= '0' && *at <= '9') || strchr("_-/.,%@\\", *at)))
			return false;
	return true;
}

/* Controllers that a group has: all of a v1 hierarchy, of v2 those in cgroup.controllers. */
static bool has_controller(const char *offered, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = offered; at && (at = strstr(at, name)); at += length)
		if ((at == offered || at[-1] == ' ') && strchr(" \n", at[length]))
			return true;
	return !offered;
}

static int print_group(void *context, const char *path)
{
	struct snapshot *snapshot = context;
	const char *quote = is_bare(path) ? "" : "\"";
	_cleanup_(freep) char *offered = NULL;
	int r = 0;

	if (!*path)
		return 0;
	if (snapshot->h->tree.v2)
		r = raw_read(snapshot->h, path, "cgroup.controllers", &offered);
	if (r < 0)
		return r == -ENOENT || r == -ENODEV ? 0 : r;
	fprintf(snapshot->out, "group %s%s%s {\n", quote, path, quote);
	r = print_perm(snapshot, path);
	for (size_t i = 0; i < snapshot->h->name_count && r >= 0; i++)
		if (has_controller(offered, snapshot->h->names[i]))
			r = print_controller(snapshot, snapshot->h->names[i], path);
	fputs("}\n\n", snapshot->out);
	snapshot->first = false;
	return r == -ENOENT || r == -ENODEV ? 0 : r;
}

static bool is_wanted(const struct snapshot *snapshot, const char *name)
{
	for (size_t i = 0; i < snapshot->wanted_count; i++)
		if (streq(snapshot->wanted[i], name))
			return true;
	return snapshot->wanted_count == 0 && !streq(name, "name=systemd");
}

/* v1 alone has mount points by controller. */
static void print_mounts(const struct snapshot *snapshot)
{
	const struct raw *raw = snapshot->tool.raw;

	fputs("# Configuration file generated by cgsnapshot\nmount {\n", snapshot->out);
	for (size_t i = 0; i < raw->known_count; i++) {
		const struct raw_hierarchy *h = raw_find(raw, raw->known[i].name);

		for (size_t j = 0; h && !h->tree.v2 && j < h->place_count; j++)
			if (is_wanted(snapshot, raw->known[i].name))
				fprintf(snapshot->out, "\t%s = %s;\n", raw->known[i].name,
					h->places[j]);
	}
	for (size_t i = 0; i < raw->hierarchy_count; i++) {
		const struct raw_hierarchy *h = &raw->hierarchies[i];

		for (size_t j = 0; j < h->name_count; j++)
			if (strchr(h->names[j], '=') && is_wanted(snapshot, h->names[j]))
				fprintf(snapshot->out, "\t\"%s\" = %s;\n", h->names[j],
					h->tree.mount_point);
	}
	fputs("}\n\n", snapshot->out);
}

static int print_hierarchies(struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->tool.raw->hierarchy_count; i++) {
		bool wanted = false;
		int r;

		snapshot->h = &snapshot->tool.raw->hierarchies[i];
		snapshot->first = true;
		for (size_t j = 0; j < snapshot->h->name_count; j++)
			wanted |= is_wanted(snapshot, snapshot->h->names[j]);
		if (!wanted)
			continue;
		r = raw_walk(snapshot->h, "", false, print_group, snapshot);
		if (r < 0) {
			fprintf(stderr, "%s: cannot read the groups of %s: %s\n",
				snapshot->tool.name, snapshot->h->tree.mount_point, strerror(-r));
			return cg_exit_status(CG_ERRNO);
		}
	}
	return 0;
}

static int print_all(struct snapshot *snapshot)
{
	_cleanup_(fclosep) FILE *file = NULL;
	int status;

	snapshot->out = stdout;
	if (snapshot->out_path) {
		file = fopen(snapshot->out_path, "we");
		if (!file) {
			fprintf(stderr, "%s: Failed to open file %s: %s\n", snapshot->tool.name,
				snapshot->out_path, strerror(errno));
			return cg_exit_status(CG_ERRNO);
		}
		snapshot->out = file;
	}
	print_mounts(snapshot);
	status = print_hierarchies(snapshot);
	if (fflush(snapshot->out) == 0 && !ferror(snapshot->out))
		return status;
	fprintf(stderr, "%s: cannot write: %s\n", snapshot->tool.name, strerror(errno));
	return cg_exit_status(CG_ERRNO);
}

int compat_cgsnapshot(int argc, char **argv)
{
	struct snapshot snapshot = { 0 };
	const struct option options[] = {
		{ "allowlist", 'w', OPTION_STRING, "FILE", "Variables that are expected",
		  &snapshot.allow_path },
		{ "blacklist", 0, OPTION_STRING, "FILE", "The same as --denylist",
		  &snapshot.deny_path },
		{ "denylist", 'b', OPTION_STRING, "FILE",
		  "Variables to leave out (default /etc/cgsnapshot_denylist.conf)",
		  &snapshot.deny_path },
		{ "file", 'f', OPTION_STRING, "FILE", "Write to FILE", &snapshot.out_path },
		{ "silent", 's', OPTION_FLAG, NULL, "No warnings", &snapshot.silent },
		{ "strict", 't', OPTION_FLAG, NULL, "Nothing but what is expected",
		  &snapshot.strict },
		{ "whitelist", 0, OPTION_STRING, "FILE", "The same as --allowlist",
		  &snapshot.allow_path },
	};
	const struct command_line line = {
		.usage = "[-h] [-s] [-t] [-b FILE] [-w FILE] [-f FILE] [controller] [...]",
		.summary = "Generate the configuration file for given controllers",
		.options = options,
		.option_count = ARRAY_SIZE(options),
	};
	int first = cgtool_options(&snapshot.tool, &line, argc, argv), status;

	if (first < 0)
		return cgtool_exit(first);
	snapshot.wanted = (const char *const *)(argv + first);
	snapshot.wanted_count = (size_t)(argc - first);
	status = read_lists(&snapshot);
	if (!status)
		status = cgtool_open(&snapshot.tool, true);
	if (!status)
		status = print_all(&snapshot);
	free(snapshot.deny);
	free(snapshot.allow);
	cgtool_done(&snapshot.tool);
	return status;
}
