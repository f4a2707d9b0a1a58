// SPDX-License-Identifier: MIT
/* A failure in one hierarchy does not keep the process out of the groups of the others. */
#include "compat/cgmove.h"

#include "compat/cgscope.h"

static int code_of(const struct cgtarget *target, int r)
{
	switch (r) {
	case -ENOENT:
	case -ENODEV:
		return raw_exists(target->h, target->path) ? CG_ERRNO : CG_NO_GROUP;
	case -EPERM:
	case -EACCES:
		return CG_NOT_OWNER;
	default:
		return CG_ERRNO;
	}
}

int cgmove(const struct cgtool *tool, const struct raw_spec *spec, pid_t pid, bool replace,
	   int *ret_r, struct error *err)
{
	_cleanup_(cgtargets_done) struct cgtargets targets = { 0 };
	int code = cgtool_targets(tool, spec, &targets, err);

	if (code)
		return code;
	if (spec->all)
		cgtargets_keep_existing(&targets);
	for (size_t i = 0; i < targets.count; i++) {
		const struct cgtarget *target = &targets.items[i];
		int r = raw_attach(tool->raw, target->h, target->path, pid);

		if (r >= 0 && replace)
			r = cgscope_replace(target);
		if (r >= 0 || code)
			continue;
		code = code_of(target, r);
		*ret_r = r;
		error_set(err, r, "%s/%s", target->h->tree.mount_point, target->path);
	}
	return code;
}
