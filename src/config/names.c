// SPDX-License-Identifier: MIT
/*
 * Names become folders of a cgroup file system, so they are checked before they become anything:
 * here, once, for policies, requests and commands alike.
 */
#include "config/policy.h"

#include "util/text.h"

#include <limits.h>

enum { GROUP_DEPTH_MAX = 16, GROUP_NAME_MAX = 2048 };

/* "cpu.max" as a folder's name would hide, or be hidden by, the file of that name. */
static const char *const controllers[] = {
	"blkio",   "cgroup",   "cpu",	     "cpuacct", "cpuset", "debug",  "devices",
	"dmem",	   "freezer",  "hugetlb",    "io",	"irq",	  "memory", "misc",
	"net_cls", "net_prio", "perf_event", "pids",	"rdma",
};

static const char *const plain_files[] = { "notify_on_release", "release_agent", "tasks" };

/* A byte that is no valid UTF-8, or a control character (C0, DEL, C1): its offset, or -1. */
static ssize_t find_bad_byte(const char *text, size_t size)
{
	for (size_t i = 0; i < size;) {
		unsigned char c = (unsigned char)text[i];
		size_t length = c >= 0x20 && c < 0x7f ? 1 : utf8_sequence(text + i, size - i);

		if (length == 0 || c < 0x20 || c == 0x7f ||
		    (c == 0xc2 && (unsigned char)text[i + 1] < 0xa0))
			return (ssize_t)i;
		i += length;
	}
	return -1;
}

static bool is_controller_file(const char *part, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(controllers) && memchr(part, '.', size); i++) {
		size_t length = strlen(controllers[i]);

		if (size > length && memcmp(part, controllers[i], length) == 0 &&
		    part[length] == '.')
			return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(plain_files); i++)
		if (size == strlen(plain_files[i]) && memcmp(part, plain_files[i], size) == 0)
			return true;
	return false;
}

static int check_part(const char *part, size_t size, struct error *err)
{
	if (size == 0)
		return error_set(err, -EINVAL, "it has an empty part");
	if (size > NAME_MAX)
		return error_set(err, -EINVAL, "a part of it has %zu bytes, at most %d are allowed",
				 size, NAME_MAX);
	if ((size == 1 && part[0] == '.') || (size == 2 && part[0] == '.' && part[1] == '.'))
		return error_set(err, -EINVAL, "\"%.*s\" is not allowed in it", (int)size, part);
	if (is_controller_file(part, size))
		return error_set(err, -EINVAL, "\"%.*s\" is a name of the kernel's own files",
				 (int)size, part);
	return 0;
}

int group_name_check(const char *name, struct error *err)
{
	size_t size = strlen(name);
	ssize_t bad = find_bad_byte(name, size);
	unsigned depth = 0;

	if (size == 0)
		return error_set(err, -EINVAL, "it is empty");
	if (bad >= 0)
		return error_set(err, -EINVAL, "byte 0x%02x is not allowed in it",
				 (unsigned char)name[bad]);
	if (name[0] == '/' || name[size - 1] == '/')
		return error_set(err, -EINVAL, "it begins or ends with \"/\"");
	for (const char *part = name; part;) {
		const char *slash = strchr(part, '/');
		int r = check_part(part, slash ? (size_t)(slash - part) : strlen(part), err);

		if (r < 0)
			return r;
		if (++depth > GROUP_DEPTH_MAX)
			return error_set(err, -EINVAL, "it has more than %d parts",
					 GROUP_DEPTH_MAX);
		part = slash ? slash + 1 : NULL;
	}
	if (size > GROUP_NAME_MAX)
		return error_set(err, -EINVAL, "it has %zu bytes, at most %d are allowed", size,
				 GROUP_NAME_MAX);
	return 0;
}
