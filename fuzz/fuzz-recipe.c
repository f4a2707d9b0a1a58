// SPDX-License-Identifier: MIT
/* Lines "key=value" as the recipe of a launch, and the plan that is made of them. */
#include "launch/recipe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The keys that do not look at this machine. */
static bool is_pure(const char *key)
{
	return !streq(key, "user") && !streq(key, "groups") && !streq(key, "net");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(freep) char *text = strndup((const char *)data, size);
	_cleanup_(recipe_freep) struct recipe *recipe = NULL;
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct launch_plan plan = { .clone_fd = -1 };
	char *rest = text, *line;

	if (recipe_new(&recipe) < 0)
		return 0;
	while ((line = strsep(&rest, "\n"))) {
		char *equals = strchr(line, '=');

		if (!equals)
			continue;
		*equals = '\0';
		if (is_pure(line))
			(void)recipe_set(recipe, line, equals + 1, &err);
	}
	if (recipe_plan(recipe, &plan, &err) < 0 || !plan.file_system)
		return 0;
	/* Whatever was asked for, all targets are absolute, and none is there twice. */
	for (size_t i = 0; i < plan.file_system->mount_count; i++) {
		const struct launch_mount *mount = &plan.file_system->mounts[i];

		if (mount->target[0] != '/' || !mount->target[1] || strstr(mount->target, "/../"))
			abort();
		if (i > 0 && streq(mount[-1].target, mount->target))
			abort();
	}
	return 0;
}
