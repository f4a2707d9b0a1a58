// SPDX-License-Identifier: MIT
/* What could not be set on this host, known without touching anything. */
#include "cgroup/limit.h"

void limit_tell_missing(const struct layout *layout, const char *group, enum limit limit,
			struct group_problems *problems)
{
	const struct hierarchy *h = limit_hierarchy(layout, limit);
	enum controller controller = limit_controller(limit);

	if (controller == CONTROLLER_COUNT)
		controller = CONTROLLER_FREEZER;
	if (h)
		problem_add(problems, group, limit, NULL, -EROFS,
			    "group %s: %s cannot be set: %s is mounted read-only", group,
			    limit_name(limit), h->mount_point);
	else if (layout->unmounted & UINT32_C(1) << controller)
		problem_add(problems, group, limit, NULL, -ENODEV,
			    "group %s: %s cannot be set: the %s controller is not mounted (\"reeve "
			    "mount\" mounts it)",
			    group, limit_name(limit), controller_name(controller, false));
	else
		problem_add(problems, group, limit, NULL, -ENODEV,
			    "group %s: %s cannot be set: this kernel has no %s controller", group,
			    limit_name(limit), controller_name(controller, false));
}

bool limit_check_raw(const struct layout *layout, const char *group, const char *file,
		     struct group_problems *problems)
{
	const char *refused = limit_raw_refused(file);
	enum controller controller;
	const struct hierarchy *h;

	if (refused) {
		problem_add(problems, group, LIMIT_RAW, file, -EINVAL,
			    "group %s: raw: %s cannot be set: %s", group, file, refused);
		return false;
	}
	if (!controller_parse(file, strcspn(file, "."), &controller))
		return false;
	h = layout_find(layout, controller);
	if (h && !h->read_only)
		return true;
	if (h)
		problem_add(problems, group, LIMIT_RAW, file, -EROFS,
			    "group %s: raw: %s cannot be set: %s is mounted read-only", group, file,
			    h->mount_point);
	else
		problem_add(problems, group, LIMIT_RAW, file, -ENODEV,
			    "group %s: raw: %s cannot be set: the %s controller is %s", group, file,
			    controller_name(controller, false),
			    layout->unmounted & UINT32_C(1) << controller
				    ? "not mounted (\"reeve mount\" mounts it)"
				    : "not in this kernel");
	return false;
}
