// SPDX-License-Identifier: MIT
/* Texts are compared, no file system is asked. */
#include "core/reach.h"

#include "rules/glob.h"
#include "source/mount-table.h"

#include <limits.h>

static bool reaches(const struct rule_target *target, const char *mount_point, dev_t dev)
{
	char base[PATH_MAX];
	size_t length;

	switch (target->kind) {
	case TARGET_FILE:
		return (target->has_identity && target->dev == dev) ||
		       path_below(target->text, mount_point);
	case TARGET_FOLDER:
		return path_below(target->text, mount_point) ||
		       path_below(mount_point, target->text);
	case TARGET_GLOB:
		break;
	}
	length = glob_literal_prefix(target->text);
	while (length > 0 && target->text[length - 1] != '/')
		length--;
	if (length == 0 || length >= sizeof(base))
		return true;
	memcpy(base, target->text, length);
	base[length] = '\0';
	return path_below(base, mount_point) || path_below(mount_point, base);
}

/* A rule that names no file is asked about every execution. */
static bool names_no_file(const struct policy_rule *rule)
{
	return rule->on & OCCASION_BIT(ON_EXECUTE) && rule->path_count == 0;
}

bool reach_targets(const struct policy *policy, const struct targets *targets,
		   const char *mount_point, dev_t dev)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		if (names_no_file(&policy->rules[i]))
			return true;
	for (size_t i = 0; i < targets->count; i++)
		if (policy->rules[targets->items[i].rule].on & OCCASION_BIT(ON_EXECUTE) &&
		    reaches(&targets->items[i], mount_point, dev))
			return true;
	return false;
}
