// SPDX-License-Identifier: MIT
/* cgdelete: groups go, their processes go to the group above. Every one is tried, and told of. */
#include "compat/cgtool.h"
#include "compat/compat.h"

static int delete_one(const struct cgtool *tool, const struct raw_spec *spec,
		      const struct cgtarget *target, bool recursive)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	int r = raw_remove(tool->raw, target->h, target->path, recursive ? RAW_RECURSIVE : 0, &err);

	if (r >= 0)
		return 0;
	fprintf(stderr, "%s: cannot remove group '%s': %s (%s)\n", tool->name, spec->path,
		cg_text(CG_ERRNO, r), error_text(&err));
	return cg_exit_status(CG_ERRNO);
}

static int delete_all(const struct cgtool *tool, const struct raw_spec *spec, bool recursive)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	_cleanup_(cgtargets_done) struct cgtargets targets = { 0 };
	int code = cgtool_targets(tool, spec, &targets, &err), status = 0;

	if (code) {
		fprintf(stderr, "%s: cannot remove group '%s': %s (%s)\n", tool->name, spec->path,
			cg_text(code, 0), error_text(&err));
		return cg_exit_status(code);
	}
	if (spec->all)
		cgtargets_keep_existing(&targets);
	for (size_t i = 0; i < targets.count; i++) {
		int one = delete_one(tool, spec, &targets.items[i], recursive);

		status = status ? status : one;
	}
	return status;
}

static int delete_specs(const struct cgtool *tool, const struct cgspecs *specs, bool recursive)
{
	int status = 0;

	for (size_t i = 0; i < specs->count; i++) {
		int one = delete_all(tool, &specs->items[i], recursive);

		status = status ? status : one;
	}
	return status;
}

int compat_cgdelete(int argc, char **argv)
{
	_cleanup_(option_list_done) struct option_list groups = { 0 };
	_cleanup_(cgspecs_done) struct cgspecs specs = { 0 };
	bool bare = false, recursive = false;
	const struct option options[] = {
		{ "bare", 'b', OPTION_FLAG, NULL, "Ignore the default systemd scope", &bare },
		{ "group", 'g', OPTION_LIST, "CONTROLLERS:PATH",
		  "Group to be removed (-g may be left out); repeatable", &groups },
		{ "recursive", 'r', OPTION_FLAG, NULL, "Remove all groups below, too", &recursive },
	};
	const struct command_line line = {
		.usage = "[-h] [-b] [-r] [[-g] <controllers>:<path>] ...",
		.summary = "Remove control group(s)",
		.options = options,
		.option_count = ARRAY_SIZE(options),
	};
	struct cgtool tool = { 0 };
	int first = cgtool_options(&tool, &line, argc, argv), status;

	if (first < 0)
		return cgtool_exit(first);
	if (first == argc && groups.count == 0)
		return cgtool_usage(&tool, "no group is named");
	status = cgspecs_read(&tool, &specs, &groups, argv + first, argc - first);
	if (!status)
		status = cgtool_open(&tool, bare);
	if (!status)
		status = delete_specs(&tool, &specs, recursive);
	cgtool_done(&tool);
	return status;
}
