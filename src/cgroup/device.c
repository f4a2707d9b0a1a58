// SPDX-License-Identifier: MIT
/*
 * The disk that a name means. The kernel limits whole disks only (ENODEV for a partition), so a
 * partition stands for its disk. A path that is no device file stands for the disk that its file
 * system is on; where the file system's own number is made up (btrfs, overlay), mountinfo names
 * the device.
 */
#include "cgroup/limit.h"
#include "util/fd.h"
#include "util/mountinfo.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static bool parse_numbers(const char *text, unsigned *ret_major, unsigned *ret_minor)
{
	unsigned a, b;
	int end = -1;

	if (*text < '0' || *text > '9' || sscanf(text, "%u:%u%n", &a, &b, &end) != 2 || end < 0 ||
	    (text[end] && text[end] != '\n'))
		return false;
	*ret_major = a;
	*ret_minor = b;
	return true;
}

/* sysfs shows a partition inside its disk's folder. */
static void partition_to_disk(const struct host *host, unsigned *major_number,
			      unsigned *minor_number)
{
	char path[PATH_MAX], text[64];

	snprintf(path, sizeof(path), "%s/sys/dev/block/%u:%u/partition", host->root, *major_number,
		 *minor_number);
	if (access(path, F_OK) < 0)
		return;
	snprintf(path, sizeof(path), "%s/sys/dev/block/%u:%u/../dev", host->root, *major_number,
		 *minor_number);
	if (file_read_into(AT_FDCWD, path, text, sizeof(text)) > 0)
		(void)parse_numbers(text, major_number, minor_number);
}

/* The device that mountinfo names as the source of a file system. */
static int source_of(const struct host *host, dev_t device, dev_t *ret_device)
{
	_cleanup_(freep) char *text = NULL;
	struct mount_entry entry;
	char *cursor;
	int r = file_read_at(host->proc_fd, "self/mountinfo", 16 << 20, &text, NULL);

	if (r < 0)
		return r;
	cursor = text;
	while (mount_entry_next(&cursor, &entry, NULL)) {
		_cleanup_(freep) char *path = NULL;
		struct stat st;

		if (makedev(entry.major, entry.minor) != device || entry.source[0] != '/')
			continue;
		if (asprintf(&path, "%s%s", host->root, entry.source) < 0)
			return -ENOMEM;
		if (stat(path, &st) < 0 || !S_ISBLK(st.st_mode))
			continue;
		*ret_device = st.st_rdev;
		return 0;
	}
	return -ENODEV;
}

int device_resolve(const struct host *host, const char *name, unsigned *ret_major,
		   unsigned *ret_minor)
{
	_cleanup_(freep) char *path = NULL;
	struct stat st;
	dev_t device;
	int r;

	if (!parse_numbers(name, ret_major, ret_minor)) {
		if (asprintf(&path, "%s%s", host->root, name) < 0)
			return -ENOMEM;
		if (stat(path, &st) < 0)
			return -errno;
		device = S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev;
		if (!S_ISBLK(st.st_mode) && major(device) == 0) {
			r = source_of(host, device, &device);
			if (r < 0)
				return r;
		}
		*ret_major = major(device);
		*ret_minor = minor(device);
	}
	partition_to_disk(host, ret_major, ret_minor);
	return 0;
}
