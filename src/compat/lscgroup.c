// SPDX-License-Identifier: MIT
/*
 * lscgroup: "controllers:/path" a line, parents first. A group that was asked for is shown with a
 * '/' at its end, those below it without. On v2 a line has the controllers of the group itself,
 * which may be none.
 */
#include "compat/cgtool.h"
#include "compat/compat.h"
#include "util/fd.h"

struct listing {
	const struct raw_hierarchy *h;
	const char *names; /* of a v1 hierarchy, with commas between */
	const char *start; /* the group that was asked for, or NULL */
};

static int print_group(void *context, const char *path)
{
	const struct listing *listing = context;
	_cleanup_(freep) char *own = NULL;
	const char *names = listing->names;

	if (listing->h->tree.v2) {
		int r = raw_read(listing->h, path, "cgroup.controllers", &own);

		if (r < 0)
			return r == -ENOENT || r == -ENODEV ? 0 : r;
		own[strcspn(own, "\n")] = '\0';
		for (char *at = own; (at = strchr(at, ' ')); at++)
			*at = ',';
		names = own;
	}
	printf("%s:/%s%s\n", names, path,
	       listing->start && *path && streq(path, listing->start) ? "/" : "");
	return 0;
}

static int list(const struct cgtool *tool, const struct raw_hierarchy *h, const char *path,
		bool asked)
{
	_cleanup_(text_done) struct text names = { 0 };
	struct listing listing = { .h = h, .start = asked ? path : NULL };
	int r;

	/* A group that is not there is listed as nothing, which is what it is. */
	if (!raw_exists(h, path))
		return 0;
	text_add(&names, "");
	for (size_t i = 0; i < h->name_count; i++)
		text_addf(&names, "%s%s", i ? "," : "", h->names[i]);
	listing.names = names.data ? names.data : "";
	r = names.failed ? -ENOMEM : raw_walk(h, path, false, print_group, &listing);
	if (r >= 0)
		return 0;
	fprintf(stderr, "%s: cgroups can't be listed: %s (%s/%s)\n", tool->name,
		cg_text(CG_ERRNO, r), h->tree.mount_point, path);
	return cg_exit_status(CG_ERRNO);
}

static int list_all(const struct cgtool *tool)
{
	int status = 0;

	for (size_t i = 0; i < tool->raw->hierarchy_count; i++) {
		int one = raw_is_systemd(&tool->raw->hierarchies[i])
				  ? 0
				  : list(tool, &tool->raw->hierarchies[i], "", false);

		status = status ? status : one;
	}
	return status;
}

static int list_spec(const struct cgtool *tool, const struct raw_spec *spec)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	_cleanup_(cgtargets_done) struct cgtargets targets = { 0 };
	int code = cgtool_targets(tool, spec, &targets, &err), status = 0;

	if (code) {
		fprintf(stderr, "%s: cannot find group %s..:%s: %s (%s)\n", tool->name,
			spec->count ? spec->controllers[0] : "", spec->path, cg_text(CG_FAILED, 0),
			error_text(&err));
		return cg_exit_status(CG_FAILED);
	}
	for (size_t i = 0; i < targets.count; i++) {
		int one = list(tool, targets.items[i].h, targets.items[i].path, true);

		status = status ? status : one;
	}
	return status;
}

static int list_specs(const struct cgtool *tool, const struct cgspecs *specs)
{
	int status = 0;

	for (size_t i = 0; i < specs->count; i++) {
		int one = list_spec(tool, &specs->items[i]);

		status = status ? status : one;
	}
	return status;
}

int compat_lscgroup(int argc, char **argv)
{
	_cleanup_(option_list_done) struct option_list groups = { 0 };
	_cleanup_(cgspecs_done) struct cgspecs specs = { 0 };
	bool bare = false;
	const struct option options[] = {
		{ "bare", 'b', OPTION_FLAG, NULL, "Ignore the default systemd scope", &bare },
		{ "group", 'g', OPTION_LIST, "CONTROLLERS:PATH",
		  "Group to be listed, with those below (-g may be left out)", &groups },
	};
	const struct command_line line = {
		.usage = "[-h] [-b] [[-g] <controllers>:<path>] [...]",
		.summary = "List all cgroups",
		.options = options,
		.option_count = ARRAY_SIZE(options),
	};
	struct cgtool tool = { 0 };
	int first = cgtool_options(&tool, &line, argc, argv), status;

	if (first < 0)
		return cgtool_exit(first);
	status = cgspecs_read(&tool, &specs, &groups, argv + first, argc - first);
	if (!status)
		status = cgtool_open(&tool, bare);
	if (!status)
		status = specs.count ? list_specs(&tool, &specs) : list_all(&tool);
	cgtool_done(&tool);
	return status;
}
