// SPDX-License-Identifier: MIT
/* A group as libcgroup's commands take it, and its path: what is accepted stays inside. */
#include "cgroup/raw-spec.h"
#include "cgroup/raw.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), *path = NULL;
	struct raw_spec spec = { 0 };

	if (!text)
		return 0;
	if (raw_spec_parse(text, &spec) == 0) {
		if (!*spec.path)
			abort();
		if (raw_path(spec.path, &path) == 0 &&
		    (*path == '/' || strncmp(path, "../", 3) == 0 || strstr(path, "/../") ||
		     streq(path, "..")))
			abort();
	}
	free(path);
	raw_spec_done(&spec);
	free(text);
	return 0;
}
