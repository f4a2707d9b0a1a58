// SPDX-License-Identifier: MIT
/*
 * reeve migrate --check: what of libcgroup or fetter a host has (files, daemons, PAM, groups), and
 * what would change with reeve in their place. Reads only; another root may be looked at.
 */
#include "cli/commands.h"

#include "cgroup/layout.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "config/cgconfig.h"
#include "config/cgred.h"
#include "config/load.h"
#include "source/process-list.h"
#include "util/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

enum { FILE_MOST = 1 << 20 };

struct migrate {
	const struct cli *cli;
	const char *root; /* "" for this host */
	struct host *host;
	struct layout *layout; /* NULL: nothing is known of groups */
	struct diagnostics changes;
	struct progress progress;
	json_t *found; /* of {"kind", "where", "what"} */
};

_printf_(4, 5) static void add_found(struct migrate *migrate, const char *kind, const char *where,
				     const char *format, ...)
{
	_cleanup_(freep) char *what = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&what, format, arguments) < 0)
		what = NULL;
	va_end(arguments);
	json_array_append_new(migrate->found, json_pack("{s:s, s:s, s:s}", "kind", kind, "where",
							where, "what", what ? what : ""));
}

_printf_(3, 4) static void add_change(struct migrate *migrate, const char *where,
				      const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	diagnostics_add_v(&migrate->changes, SEVERITY_WARNING, where, NULL, 0, 0, 0, NULL, format,
			  arguments);
	va_end(arguments);
}

/* <root><path>; owned. */
static char *below(const struct migrate *migrate, const char *path)
{
	char *joined;

	return asprintf(&joined, "%s%s", migrate->root, path) < 0 ? NULL : joined;
}

static bool is_there(const struct migrate *migrate, const char *path)
{
	_cleanup_(freep) char *full = below(migrate, path);
	struct stat info;

	/* What a link in another root leads to is not here. */
	return full && lstat(full, &info) == 0;
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

/* ---- libcgroup's files ---- */

/* The names of a folder as the kernel lists them, which is how libcgroup read them. */
static void check_order(struct migrate *migrate)
{
	_cleanup_(freep) char *path = below(migrate, "/etc/cgrules.d");
	char before[NAME_MAX + 1] = "";
	const struct dirent *entry;
	DIR *dir = path ? opendir(path) : NULL;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (*before && strcmp(before, entry->d_name) > 0) {
			add_change(migrate, path,
				   "libcgroup read its files as the file system lists them, \"%s\" "
				   "before \"%s\": here they are read by name",
				   before, entry->d_name);
			break;
		}
		snprintf(before, sizeof(before), "%s", entry->d_name);
	}
	if (dir)
		closedir(dir);
}

/* The hierarchy of one of the controllers "cpu,memory"; NULL: none is mounted. */
static const struct hierarchy *find_hierarchy(const struct layout *layout, struct slice name)
{
	enum controller controller;

	return controller_parse(name.data, name.size, &controller) ? layout_find(layout, controller)
								   : NULL;
}

/* A group without fields that a rule names has to be there: nobody makes it. */
static void check_destination(struct migrate *migrate, const struct policy *policy,
			      const struct policy_rule *rule,
			      const struct policy_destination *destination)
{
	const char *name = destination->controllers;

	if (!migrate->layout || strchr(destination->path, '%') || streq(destination->path, "/") ||
	    *name == '*')
		return;
	for (size_t size; *name; name += size + (name[size] == ',')) {
		const struct hierarchy *hierarchy;

		size = strcspn(name, ",");
		hierarchy = find_hierarchy(migrate->layout, (struct slice){ name, size });
		if (hierarchy && faccessat(hierarchy->fd, destination->path + 1, F_OK, 0) < 0)
			diagnostics_add(&migrate->changes, SEVERITY_WARNING,
					policy->files[rule->at.file], NULL, rule->at.line,
					rule->at.column, 1, NULL,
					"there is no group \"%s\" of %.*s now: until one is made, "
					"processes stay where they are",
					destination->path, (int)size, name);
	}
}

static void check_destinations(struct migrate *migrate, const struct policy *policy)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		for (size_t k = 0; k < policy->rules[i].effect_count; k++) {
			const struct policy_effect *effect = &policy->rules[i].effects[k];

			for (size_t n = 0; effect->kind == EFFECT_PLACE && n < effect->place.count;
			     n++)
				check_destination(migrate, policy, &policy->rules[i],
						  &effect->place.items[n]);
		}
}

static void find_rules(struct migrate *migrate)
{
	_cleanup_(freep) char *etc = below(migrate, "/etc");
	_cleanup_(policy_freep) struct policy *policy = NULL;
	const struct cgconfig *foreign;

	if (!is_there(migrate, "/etc/cgrules.conf") || !etc)
		return;
	if (policy_load(etc, LOAD_COMPAT_LIBCGROUP, &policy, &migrate->changes) < 0) {
		add_found(migrate, "rules", etc, "libcgroup's rules, with mistakes (below)");
		return;
	}
	foreign = policy->foreign;
	add_found(migrate, "rules", etc, "libcgroup's rules, %zu of them in %zu file%s",
		  policy->rule_count, policy->file_count - (foreign ? foreign->file_count : 0),
		  plural(policy->file_count - (foreign ? foreign->file_count : 0)));
	if (foreign)
		add_found(migrate, "groups", etc,
			  "libcgroup's groups: %zu, with %zu template%s and %zu mount%s",
			  foreign->groups.count, foreign->templates.count,
			  plural(foreign->templates.count), foreign->mounts.count,
			  plural(foreign->mounts.count));
	check_order(migrate);
	check_destinations(migrate, policy);
}

/* Without rules cgconfig.conf may still be there, for cgconfigparser. */
static void find_groups(struct migrate *migrate)
{
	_cleanup_(cgconfig_freep) struct cgconfig *config = cgconfig_new();
	_cleanup_(freep) char *file = below(migrate, "/etc/cgconfig.conf");

	if (is_there(migrate, "/etc/cgrules.conf") || !is_there(migrate, "/etc/cgconfig.conf") ||
	    !config || !file)
		return;
	if (cgconfig_read(config, file, 0, 0, &migrate->changes) == 0)
		(void)cgconfig_find_accounts(config, &migrate->changes);
	add_found(migrate, "groups", file, "libcgroup's groups: %zu", config->groups.count);
}

static bool is_in_public(const struct migrate *migrate, const char *file)
{
	_cleanup_(freep) char *path = below(migrate, file);
	char *last = path ? strrchr(path, '/') : NULL;
	struct stat info;

	if (!last)
		return false;
	*last = '\0';
	return stat(path, &info) == 0 && (info.st_mode & S_IWOTH);
}

static void find_cgred(struct migrate *migrate)
{
	static const char *const names[] = { "/etc/sysconfig/cgred.conf", "/etc/sysconfig/cgred",
					     "/etc/default/cgred", "/etc/cgred.conf" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_(freep) char *path = below(migrate, names[i]), *text = NULL;
		_cleanup_(cgred_done) struct cgred cgred = { 0 };
		size_t size;

		if (!path || file_read_at(AT_FDCWD, path, FILE_MOST, &text, &size) < 0 ||
		    cgred_parse(path, text, size, &cgred, &migrate->changes) < 0)
			continue;
		add_found(migrate, "start", path, "how libcgroup's daemon is started%s%s%s%s%s",
			  cgred.log_file ? ", log " : "", cgred.log_file ? cgred.log_file : "",
			  cgred.socket_group ? ", socket of group " : "",
			  cgred.socket_group ? cgred.socket_group : "",
			  cgred.nodaemon ? ", in the foreground" : "");
		if (cgred.config_file && !streq(cgred.config_file, "/etc/cgrules.conf"))
			add_change(migrate, path,
				   "CONFIG_FILE=%s was never used, and is not: the rules are those "
				   "of /etc/cgrules.conf",
				   cgred.config_file);
		if (cgred.log_file && is_in_public(migrate, cgred.log_file))
			add_change(migrate, path,
				   "LOG_FILE=%s is in a folder that every user may write: the log "
				   "goes to standard output instead",
				   cgred.log_file);
	}
}

/* ---- what runs, and what is started ---- */

static void find_daemons(struct migrate *migrate)
{
	static const struct {
		const char *comm, *of;
	} daemons[] = { { "cgrulesengd", "libcgroup" }, { "fetter", "fetter" } };
	struct process_list list = { 0 };

	if (!migrate->host || process_list_read(&list, migrate->host) < 0)
		return;
	for (size_t i = 0; i < list.count; i++) {
		char name[32], comm[32], where[32];
		ssize_t n;

		snprintf(name, sizeof(name), "%u/comm", list.processes[i].pid);
		n = file_read_into(migrate->host->proc_fd, name, comm, sizeof(comm));
		if (n <= 0)
			continue;
		comm[strcspn(comm, "\n")] = '\0';
		for (size_t k = 0; k < ARRAY_SIZE(daemons); k++) {
			if (!streq(comm, daemons[k].comm))
				continue;
			snprintf(where, sizeof(where), "process %u", list.processes[i].pid);
			add_found(migrate, "daemon", where, "%s of %s runs", comm, daemons[k].of);
			add_change(migrate, where,
				   "%s has to be stopped before reeved is started: two would move "
				   "the same processes",
				   comm);
		}
	}
	process_list_done(&list);
}

/* libcgroup's script cgconfig put everything into a group of its own. */
static void find_default_group(struct migrate *migrate)
{
	_cleanup_(freep) char *path = below(migrate, "/etc/sysconfig/cgconfig"), *text = NULL;
	size_t size;

	if (!path || file_read_at(AT_FDCWD, path, FILE_MOST, &text, &size) < 0)
		return;
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += strspn(line, "\n\t ");
		if (strncmp(line, "CREATE_DEFAULT=yes", 18) != 0)
			continue;
		add_change(migrate, path,
			   "CREATE_DEFAULT=yes made the group sysdefault and put all processes "
			   "into "
			   "it; here a rule for '*' does that, for those that start after it");
		return;
	}
}

static void find_starters(struct migrate *migrate)
{
	static const char *const paths[] = {
		"/etc/init.d/cgred",
		"/etc/init.d/cgconfig",
		"/etc/systemd/system/multi-user.target.wants/cgred.service",
		"/etc/systemd/system/sysinit.target.wants/cgconfig.service",
		"/etc/systemd/system/multi-user.target.wants/cgconfig.service",
		"/etc/systemd/system/multi-user.target.wants/fetter.service",
	};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		_cleanup_(freep) char *path = below(migrate, paths[i]);

		if (path && is_there(migrate, paths[i]))
			add_found(migrate, "start", path, "started with the system");
	}
	find_default_group(migrate);
}

static bool names_module(const char *path, const char *module)
{
	_cleanup_(freep) char *text = NULL;
	size_t size;

	if (file_read_at(AT_FDCWD, path, FILE_MOST, &text, &size) < 0)
		return false;
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		const char *end, *at;

		line += strspn(line, "\n\t ");
		end = line + strcspn(line, "\n");
		at = strstr(line, module);
		if (*line != '#' && at && at < end)
			return true;
	}
	return false;
}

static void find_pam(struct migrate *migrate)
{
	_cleanup_(freep) char *folder = below(migrate, "/etc/pam.d");
	const struct dirent *entry;
	DIR *dir = folder ? opendir(folder) : NULL;

	while (dir && (entry = readdir(dir))) {
		_cleanup_(freep) char *path = NULL;

		if (entry->d_name[0] == '.' ||
		    asprintf(&path, "%s/%s", folder, entry->d_name) < 0 ||
		    !names_module(path, "pam_cgroup.so"))
			continue;
		add_found(migrate, "pam", path, "places sessions by pam_cgroup.so");
		add_change(migrate, path,
			   "pam_cgroup.so takes the first rule of the user even if it names a "
			   "program; pam_reeve.so does not. A daemon places a session by itself "
			   "as soon as its user changes");
	}
	if (dir)
		closedir(dir);
}

static void find_fetter(struct migrate *migrate)
{
	static const char *const names[] = { "/etc/fetter/config.yaml", "/etc/fetter/config.json" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_(freep) char *path = below(migrate, names[i]);
		_cleanup_(policy_freep) struct policy *policy = NULL;

		if (!path || !is_there(migrate, names[i]))
			continue;
		if (policy_load(path, LOAD_COMPAT_FETTER, &policy, &migrate->changes) < 0)
			add_found(migrate, "rules", path, "fetter's rules, with mistakes (below)");
		else
			add_found(migrate, "rules", path, "fetter's rules: %zu, and %zu group%s",
				  policy->rule_count, policy->group_count,
				  plural(policy->group_count));
	}
}

/* ---- the command ---- */

static int open_host(struct migrate *migrate, struct error *err)
{
	struct stat info;
	int r = *migrate->root ? host_new_at(migrate->root, 1, &migrate->host, err)
			       : host_new(&migrate->host, err);

	if (r < 0 && *migrate->root && stat(migrate->root, &info) == 0) {
		/* An image that nothing runs in. */
		add_change(migrate, migrate->root,
			   "has no /proc: what runs there, and which groups it has, is not known");
		error_done(err);
		return 0;
	}
	if (r >= 0 && layout_detect(migrate->host, &migrate->layout, err) < 0) {
		add_change(migrate, NULL, "groups were not looked at: %s", error_text(err));
		error_done(err);
	}
	return r;
}

static void print_found(const struct migrate *migrate)
{
	static const struct column columns[] = { { "where", false }, { "what is there", false } };
	const struct cli *cli = migrate->cli;
	struct table table;
	const json_t *item;
	size_t index;

	table_init(&table, columns, ARRAY_SIZE(columns));
	json_array_foreach(migrate->found, index, item)
	{
		table_add_text(&table, STYLE_NONE, member_string(item, "where"));
		table_add_text(&table, STYLE_NONE, member_string(item, "what"));
	}
	if (table.cell_count > 0)
		table_print(&table, 0, cli->colour_out, cli->out);
	table_done(&table);
	if (json_array_size(migrate->found) == 0)
		fputs("nothing of libcgroup or fetter was found\n", cli->out);
	diagnostics_print(&migrate->changes, cli->colour_out, cli->out);
}

static int print(const struct migrate *migrate)
{
	json_t *result;
	int r;

	if (!migrate->cli->json) {
		print_found(migrate);
		return EXIT_DONE;
	}
	result = json_pack("{s:O, s:o}", "found", migrate->found, "changes",
			   diagnostics_to_json(&migrate->changes));
	r = result ? cli_print_json(migrate->cli, result) : EXIT_FAILED;
	json_decref(result);
	return r;
}

static void find_all(struct migrate *migrate)
{
	static const struct {
		const char *what;
		void (*find)(struct migrate *migrate);
	} steps[] = {
		{ "libcgroup's rules", find_rules },  { "libcgroup's groups", find_groups },
		{ "cgred.conf", find_cgred },	      { "fetter's rules", find_fetter },
		{ "what is started", find_starters }, { "PAM", find_pam },
		{ "daemons", find_daemons },
	};

	progress_init(&migrate->progress, migrate->cli->err);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		progress_say(&migrate->progress, "%zu of %zu: %s", i + 1, ARRAY_SIZE(steps),
			     steps[i].what);
		steps[i].find(migrate);
	}
	progress_end(&migrate->progress);
}

static int run_migrate(struct cli *cli, _unused_ int count, _unused_ char **operands)
{
	struct migrate migrate = { .cli = cli, .root = cli->root ? cli->root : "" };
	struct error err = ERROR_INIT;
	int result;

	if (!cli->check) {
		error_set(&err, -EINVAL,
			  "migrate: --check is needed: it tells what would change, and changes "
			  "nothing");
		return cli_usage(cli, &err);
	}
	if (streq(migrate.root, "/"))
		migrate.root = "";
	migrate.found = json_array();
	result = open_host(&migrate, &err) < 0 ? cli_fail(cli, &err) : EXIT_DONE;
	if (result == EXIT_DONE) {
		find_all(&migrate);
		result = print(&migrate);
	}
	if (migrate.changes.errors > 0)
		result = EXIT_FAILED;
	json_decref(migrate.found);
	diagnostics_done(&migrate.changes);
	layout_freep(&migrate.layout);
	host_freep(&migrate.host);
	return result;
}

static const struct command_option migrate_options[] = {
	{ "check", 0, OPTION_FLAG, NULL, "tell what would change; nothing is changed",
	  offsetof(struct cli, check) },
	{ "root", 0, OPTION_STRING, "DIR", "look at the host whose root is there",
	  offsetof(struct cli, root) },
};

const struct command migrate_command = {
	.name = "migrate",
	.usage = "--check [--root DIR]",
	.summary = "Tell what a host has of libcgroup or fetter, and what would change",
	.description =
		"Reads libcgroup's and fetter's configuration, looks for their daemons, for what "
		"starts them, for _pam_cgroup.so_ and for the groups that rules name, and prints "
		"what is there; then, with places, what reeve would do otherwise or cannot do. "
		"Needs neither a daemon nor root, who sees more. The exit code is 1 when a file "
		"has "
		"mistakes that reeve would refuse. *--json* prints an object with _found_ (objects "
		"with _kind_, _where_ and _what_) and _changes_, as _diagnostics_ of *check*.",
	.flags = COMMAND_POLICY,
	COMMAND_OPTIONS(migrate_options),
	.run = run_migrate,
};
