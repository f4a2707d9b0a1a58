// SPDX-License-Identifier: MIT
/*
 * The whole of looking at a host: mountinfo, /proc/self/cgroup and /proc/cgroups, one after the
 * other in the input, each up to a line "--". They stand in a temporary folder, below which all
 * mount points are looked for.
 */
#include "cgroup/layout.h"
#include "util/fd.h"

#include <fcntl.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char root[] = "/tmp/reeve-fuzz-XXXXXX";

static void remove_folder(void)
{
	static const char *const below[] = { "proc/self/mountinfo",
					     "proc/self/cgroup",
					     "proc/cgroups",
					     "proc/self",
					     "proc",
					     "cg",
					     "" };
	char path[64];

	for (size_t i = 0; i < ARRAY_SIZE(below); i++) {
		snprintf(path, sizeof(path), "%s/%s", root, below[i]);
		(void)remove(path);
	}
}

static struct host *host_for_fuzzing(void)
{
	char path[64];
	struct host *host = NULL;

	if (!mkdtemp(root) || atexit(remove_folder) != 0)
		abort();
	snprintf(path, sizeof(path), "%s/proc", root);
	(void)mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/proc/self", root);
	(void)mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/cg", root);
	(void)mkdir(path, 0700);
	if (host_new_at(root, 1, &host, NULL) < 0)
		abort();
	return host;
}

static void put(const struct host *host, const char *name, const char *text, size_t size)
{
	_cleanup_(closep) int fd =
		openat(host->proc_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write_all(fd, text, size) < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "self/mountinfo", "self/cgroup", "cgroups" };
	static struct host *host; /* one folder for the whole run */
	const char *at = (const char *)data, *end = at + size;
	struct layout *layout;

	if (!host)
		host = host_for_fuzzing();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *stop = memmem(at, (size_t)(end - at), "\n--\n", 4);

		put(host, names[i], at, (size_t)((stop ? stop : end) - at));
		at = stop ? stop + 4 : end;
	}
	if (layout_detect(host, &layout, NULL) < 0)
		return 0;
	for (size_t i = 0; i < layout->hierarchy_count; i++)
		if (!layout->hierarchies[i].name || !layout->hierarchies[i].own_path ||
		    layout->hierarchies[i].fd < 0)
			abort();
	layout_free(layout);
	return 0;
}
