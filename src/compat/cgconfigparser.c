// SPDX-License-Identifier: MIT
/* cgconfigparser: carries out configuration files, each whole or not at all. */
#include "compat/cgapply.h"
#include "compat/cgfiles.h"
#include "compat/cgscope.h"
#include "compat/compat.h"

/* The "systemd" section: the file's groups are below it where it is the default. */
static int make_scope(struct cgtool *tool, const struct cgconfig *config, struct cgscope *scope,
		      pid_t *ret_sleeper, struct error *err)
{
	*scope = (struct cgscope){ config->systemd.slice, config->systemd.scope,
				   config->systemd.pid, config->systemd.set_default };
	if (!scope->slice || !scope->scope) {
		error_set(err, -EINVAL, "%s:%u:%u: \"systemd\" needs a slice and a scope",
			  config->files[config->systemd.at.file], config->systemd.at.line,
			  config->systemd.at.column);
		return CG_CONFIG;
	}
	if (cgscope_make(scope, ret_sleeper, err) < 0)
		return CG_RULES;
	if (scope->set_default) {
		free(TAKE_PTR(tool->prefix));
		tool->prefix = cgscope_path(scope);
	}
	return 0;
}

static int load(struct cgtool *tool, const struct cgperm *defaults, const char *path)
{
	_cleanup_(cgconfig_freep) struct cgconfig *config = NULL;
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct cgscope scope = { 0 };
	pid_t sleeper = 0;
	int r = 0;
	int code = cgfiles_read(path, &config, &r);

	if (!code && config->systemd.given)
		code = make_scope(tool, config, &scope, &sleeper, &err);
	if (!code) {
		code = cgapply(tool, config, defaults, &r, &err);
		if (code && config->systemd.given)
			cgscope_undo(&scope, sleeper);
	}
	if (!code)
		return 0;
	fprintf(stderr, "%s; error loading %s: %s%s%s%s\n", tool->name, path, cg_text(code, r),
		err.code ? " (" : "", err.code ? error_text(&err) : "", err.code ? ")" : "");
	return cg_exit_status(code);
}

static int load_all(struct cgtool *tool, const struct cgperm *defaults, const struct cgfiles *files)
{
	int status = cgtool_look(tool, false);

	if (status)
		return status;
	for (size_t i = 0; i < files->count; i++) {
		int one = load(tool, defaults, files->paths[i]);

		status = status ? status : one;
	}
	return status;
}

int compat_cgconfigparser(int argc, char **argv)
{
	_cleanup_(option_list_done) struct option_list files = { 0 }, folders = { 0 };
	_cleanup_(cgfiles_done) struct cgfiles list = { 0 };
	struct cgperm_words words = { 0 };
	struct cgperm defaults;
	const struct option options[] = {
		{ "admin", 'a', OPTION_STRING, "USER:GROUP",
		  "Owner of the groups and their files, where a group names none", &words.admin },
		{ "dperm", 'd', OPTION_STRING, "MODE", "Permissions of their directories",
		  &words.dperm },
		{ "fperm", 'f', OPTION_STRING, "MODE", "Permissions of their files", &words.fperm },
		{ "load", 'l', OPTION_LIST, "FILE", "Configuration file; repeatable", &files },
		{ "load-directory", 'L', OPTION_LIST, "DIR", "Folder of files *.conf; repeatable",
		  &folders },
		{ "task", 't', OPTION_STRING, "USER:GROUP", "Owner of the tasks files",
		  &words.task },
		{ "tperm", 's', OPTION_STRING, "MODE", "Permissions of the tasks files",
		  &words.tperm },
	};
	const struct command_line line = {
		.usage = "[-h] [-f mode] [-d mode] [-s mode] [-t <tuid>:<tgid>] "
			 "[-a <agid>:<auid>] [-l FILE] [-L DIR] ...",
		.summary = "Parse and load the specified cgroups configuration file",
		.options = options,
		.option_count = ARRAY_SIZE(options),
	};
	struct cgtool tool = { 0 };
	int first = cgtool_options(&tool, &line, argc, argv), status;

	if (first < 0)
		return cgtool_exit(first);
	if (first < argc)
		return cgtool_usage(&tool, "\"%s\": files are named by -l", argv[first]);
	if (argc < 2)
		return cgtool_usage(&tool, "no file is named (-l)");
	status = cgperm_parse(&tool, &words, &defaults);
	if (!status)
		status = cgfiles_list(&tool, &files, &folders, argv, &list);
	if (!status)
		status = load_all(&tool, &defaults, &list);
	cgtool_done(&tool);
	return status;
}
