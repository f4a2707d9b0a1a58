// SPDX-License-Identifier: MIT
/* cgconfig.conf: an error is told or all is read, and no name leads anywhere else. */
#include "config/cgconfig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct cgconfig_groups *groups)
{
	for (size_t i = 0; i < groups->count; i++) {
		const struct cgconfig_group *group = &groups->items[i];

		if ((group->controller_count == 0 && !group->perm.given) || *group->path == '/' ||
		    strstr(group->path, "//") || streq(group->path, "..") ||
		    strncmp(group->path, "../", 3) == 0 || strstr(group->path, "/../"))
			abort();
		for (size_t k = 0; k < group->controller_count; k++)
			if (strchr(group->controllers[k].name, '/'))
				abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	_cleanup_(cgconfig_freep) struct cgconfig *config = cgconfig_new();
	int r;

	if (!config)
		abort();
	r = cgconfig_parse(config, "fuzz", (const char *)data, size, CGCONFIG_COMMENTS,
			   &diagnostics);
	if ((r < 0) != (diagnostics.errors > 0))
		abort();
	check(&config->groups);
	check(&config->templates);
	if (config->mounts.count > 0 && config->namespaces.count > 0)
		abort();
	return 0;
}
