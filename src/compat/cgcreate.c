// SPDX-License-Identifier: MIT
/*
 * cgcreate: groups, in as many hierarchies as their controllers are in. On v2 the controllers are
 * handed down by all groups above. What cannot be made whole is not left half made.
 */
#include "compat/cgperm.h"
#include "compat/cgscope.h"
#include "compat/compat.h"

#include <limits.h>

struct creation {
	struct cgtool tool;
	struct cgperm perm;
	bool as_scope, set_default; /* -c, -S */
	const char *pid;	    /* -p */
};

static int make_one(const struct creation *creation, const struct cgtarget *target,
		    struct error *err)
{
	const struct raw *raw = creation->tool.raw;
	int made = raw_make(raw, target->h, target->path);
	int r = made < 0 ? error_set_errno(err, made, "%s/%s", target->h->tree.mount_point,
					   target->path)
			 : 0;

	for (size_t i = 0; i < target->controller_count && r >= 0; i++)
		r = raw_enable(raw, target->h, target->path, target->controllers[i], err);
	if (r >= 0)
		r = cgperm_apply(target->h, target->path, &creation->perm, err);
	if (r < 0 && made > 0)
		raw_unmake(raw, target->h, target->path, made);
	return r;
}

static int make(const struct creation *creation, const struct raw_spec *spec)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	_cleanup_(cgtargets_done) struct cgtargets targets = { 0 };
	int code = cgtool_targets(&creation->tool, spec, &targets, &err);
	int r = 0;

	for (size_t i = 0; !code && i < targets.count; i++) {
		r = make_one(creation, &targets.items[i], &err);
		if (r < 0)
			code = r == -EPERM || r == -EACCES ? CG_NOT_OWNER : CG_ERRNO;
	}
	if (code)
		fprintf(stderr, "%s: can't create cgroup %s: %s (%s)\n", creation->tool.name,
			spec->path, cg_text(code, r), error_text(&err));
	return cg_exit_status(code);
}

static int parse_pid(const struct creation *creation, pid_t *ret_pid)
{
	char *end;
	long pid;

	if (!creation->pid)
		return 0;
	errno = 0;
	pid = strtol(creation->pid, &end, 10);
	if (errno || *end || pid <= 1 || pid > INT_MAX)
		return cgtool_usage(&creation->tool, "-p %s is no process", creation->pid);
	*ret_pid = (pid_t)pid;
	return 0;
}

/* -c: the group is a scope that systemd makes; then it is set up as any other. */
static int make_scope(const struct creation *creation, struct cgspecs *specs)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	_cleanup_(freep) char *path = NULL, *place = NULL;
	struct cgscope scope = { .set_default = creation->set_default };
	int status = parse_pid(creation, &scope.pid);
	pid_t sleeper = 0;

	if (status)
		return status;
	if (specs->count != 1 || raw_path(specs->items[0].path, &path) < 0 ||
	    !cgscope_parse(path, &scope))
		return cgtool_usage(&creation->tool,
				    "-c makes one group, named -g CONTROLLERS:X.slice/Y.scope");
	if (cgscope_make(&scope, &sleeper, &err) < 0) {
		fprintf(stderr, "%s: can't create cgroup %s: %s\n", creation->tool.name,
			specs->items[0].path, error_text(&err));
		return cg_exit_status(CG_RULES);
	}
	place = cgscope_path(&scope);
	if (place) {
		free(specs->items[0].path);
		specs->items[0].path = TAKE_PTR(place);
	}
	status = make(creation, &specs->items[0]);
	if (status)
		cgscope_undo(&scope, sleeper);
	return status;
}

static int create(struct creation *creation, const struct option_list *groups,
		  const struct cgperm_words *words, bool bare)
{
	_cleanup_(cgspecs_done) struct cgspecs specs = { 0 };
	int r = cgspecs_read(&creation->tool, &specs, groups, NULL, 0);

	if (!r)
		r = cgperm_parse(&creation->tool, words, &creation->perm);
	if (!r)
		r = cgtool_open(&creation->tool, bare || creation->as_scope);
	if (!r && creation->as_scope)
		return make_scope(creation, &specs);
	for (size_t i = 0; i < specs.count && !r; i++)
		r = make(creation, &specs.items[i]);
	return r;
}

int compat_cgcreate(int argc, char **argv)
{
	_cleanup_(option_list_done) struct option_list groups = { 0 };
	struct cgperm_words words = { 0 };
	struct creation creation = { 0 };
	bool bare = false;
	const struct option options[] = {
		{ "admin", 'a', OPTION_STRING, "USER:GROUP", "Owner of the group and its files",
		  &words.admin },
		{ "bare", 'b', OPTION_FLAG, NULL, "Ignore the default systemd scope", &bare },
		{ "default", 'S', OPTION_FLAG, NULL, "With -c: all commands work below it",
		  &creation.set_default },
		{ "dperm", 'd', OPTION_STRING, "MODE", "Permissions of the directory",
		  &words.dperm },
		{ "fperm", 'f', OPTION_STRING, "MODE", "Permissions of the files", &words.fperm },
		{ "group", 'g', OPTION_LIST, "CONTROLLERS:PATH", "Group to be made; repeatable",
		  &groups },
		{ "pid", 'p', OPTION_STRING, "PID", "With -c: the scope's first process",
		  &creation.pid },
		{ "scope", 'c', OPTION_FLAG, NULL, "Have systemd make it, as SLICE/SCOPE",
		  &creation.as_scope },
		{ "task", 't', OPTION_STRING, "USER:GROUP", "Owner of the tasks file",
		  &words.task },
		{ "tperm", 's', OPTION_STRING, "MODE", "Permissions of the tasks file",
		  &words.tperm },
	};
	const struct command_line line = {
		.usage = "[-h] [-b] [-c [-p pid] [-S]] [-f mode] [-d mode] [-s mode] [-t "
			 "<tuid>:<tgid>] "
			 "[-a <agid>:<auid>] -g <controllers>:<path> [-g ...]",
		.summary = "Create control group(s)",
		.options = options,
		.option_count = ARRAY_SIZE(options),
	};
	int first = cgtool_options(&creation.tool, &line, argc, argv), r;

	if (first < 0)
		return cgtool_exit(first);
	if (first < argc)
		return cgtool_usage(&creation.tool, "\"%s\": groups are named by -g", argv[first]);
	if (groups.count == 0)
		return cgtool_usage(&creation.tool, "no group is named (-g)");
	if (!creation.as_scope && (creation.pid || creation.set_default))
		return cgtool_usage(&creation.tool, "-p and -S are for scopes (-c)");
	r = create(&creation, &groups, &words, bare);
	cgtool_done(&creation.tool);
	return r;
}
