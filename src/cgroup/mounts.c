// SPDX-License-Identifier: MIT
/*
 * Mounting, and the favordynmods flag (kernel 6.0), which makes moves cheap and forks a little
 * dearer. It is set and cleared by mount(2) itself: mount(8) merges the options that are there
 * into what it asks for, and so can never clear one. From 6.18 on the lock that the flag switches
 * in stays until the next boot, even when the flag is put back.
 */
#include "cgroup/layout.h"

#include "util/fd.h"
#include "util/mountinfo.h"
#include "util/text.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

/* ---- what is not mounted ---- */

static int make_folder(const struct host *host, const char *path, char **ret_path,
		       struct error *err)
{
	_cleanup_(freep) char *folder = NULL;

	if (asprintf(&folder, "%s%s", host->root, path) < 0)
		return error_oom(err);
	if (mkdir(folder, 0755) < 0 && errno != EEXIST)
		return error_set_errno(err, -errno, "cannot make the mount point %s", folder);
	*ret_path = TAKE_PTR(folder);
	return 0;
}

static int mount_v2(const struct host *host, struct error *err)
{
	_cleanup_(freep) char *folder = NULL;
	int r = make_folder(host, "/sys/fs/cgroup", &folder, err);

	if (r < 0)
		return r;
	if (mount("cgroup2", folder, "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, "nsdelegate") < 0)
		return error_set_errno(err, -errno, "cannot mount cgroup2 on %s", folder);
	return 1;
}

static int mount_v1(const struct host *host, enum controller controller, struct error *err)
{
	const char *name = controller_name(controller, false);
	_cleanup_(freep) char *folder = NULL;
	char path[64];
	int r;

	snprintf(path, sizeof(path), "/sys/fs/cgroup/%s", name);
	r = make_folder(host, path, &folder, err);
	if (r < 0)
		return r;
	if (mount("cgroup", folder, "cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC, name) < 0) {
		r = -errno;
		(void)rmdir(folder);
		return error_set_errno(err, r, "cannot mount the %s controller on %s", name,
				       folder);
	}
	return 1;
}

int layout_mount_missing(const struct host *host, struct error *err)
{
	_cleanup_(layout_freep) struct layout *layout = NULL;
	int made = 0;
	int r = layout_detect(host, &layout, err);

	if (r < 0)
		return r;
	if (faccessat(host->proc_fd, "cgroups", F_OK, 0) < 0)
		return error_set(err, -ENODEV, "this kernel has no cgroups");
	if (layout->mode == LAYOUT_NONE)
		return mount_v2(host, err);
	/* /sys/fs/cgroup is cgroup2 itself there: a folder made in it would be a group. */
	if (layout->mode == LAYOUT_V2)
		return 0;
	for (unsigned i = 0; i < CONTROLLER_COUNT; i++) {
		if (!(layout->unmounted & UINT32_C(1) << i))
			continue;
		r = mount_v1(host, (enum controller)i, err);
		if (r < 0)
			return r;
		made++;
	}
	return made;
}

/* ---- favordynmods ---- */

/* The flags of the mount itself: a remount that leaves one out would clear it. */
static unsigned long flags_of(const char *path)
{
	static const struct {
		unsigned long from, to;
	} map[] = {
		{ ST_RDONLY, MS_RDONLY },     { ST_NOSUID, MS_NOSUID },
		{ ST_NODEV, MS_NODEV },	      { ST_NOEXEC, MS_NOEXEC },
		{ ST_NOATIME, MS_NOATIME },   { ST_NODIRATIME, MS_NODIRATIME },
		{ ST_RELATIME, MS_RELATIME },
	};
	struct statvfs fs;
	unsigned long flags = 0;

	if (statvfs(path, &fs) < 0)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(map); i++)
		if (fs.f_flag & map[i].from)
			flags |= map[i].to;
	return flags;
}

/*
 * The options that the v2 file system has now, without `rw` and `favordynmods`: a remount takes
 * those it is not told of away, nsdelegate and memory_recursiveprot too. Also says whether
 * favordynmods is among them.
 */
static int read_options(const struct host *host, const struct hierarchy *h, struct text *options,
			bool *ret_favors)
{
	_cleanup_(freep) char *text = NULL;
	struct mount_entry entry;
	char *cursor, *word;
	int r = file_read_at(host->proc_fd, "self/mountinfo", 16 << 20, &text, NULL);

	if (r < 0)
		return r;
	cursor = text;
	while (mount_entry_next(&cursor, &entry, NULL)) {
		if (!streq(entry.type, "cgroup2") || !streq(entry.mount_point, h->mount_point))
			continue;
		*ret_favors = mount_option(entry.super_options, "favordynmods");
		while ((word = strsep(&entry.super_options, ",")))
			if (!streq(word, "rw") && !streq(word, "ro") &&
			    !streq(word, "favordynmods"))
				text_addf(options, "%s%s", options->size ? "," : "", word);
		return options->failed ? -ENOMEM : 0;
	}
	return -ENOENT;
}

/* Returns 1 when the flag is as wanted now and was not before, 0 when it was, or -errno. */
static int set_dynmods(const struct layout *layout, const struct hierarchy *h, bool favor)
{
	_cleanup_(text_done) struct text options = { 0 }, after = { 0 };
	bool favors;
	int r = read_options(layout->host, h, &options, &favors);

	if (r < 0)
		return r;
	if (favors == favor)
		return 0;
	/* A tree below a test's root is no mount. */
	if (layout->host->root[0] != '\0')
		return -EINVAL;
	if (favor)
		text_addf(&options, "%sfavordynmods", options.size ? "," : "");
	if (options.failed)
		return -ENOMEM;
	if (mount(NULL, h->mount_point, NULL, MS_REMOUNT | flags_of(h->mount_point),
		  options.data ? options.data : "") < 0)
		return -errno;
	/* In a cgroup namespace of its own the kernel says yes and does nothing. */
	r = read_options(layout->host, h, &after, &favors);
	return r < 0 ? r : favors == favor ? 1 : -EPERM;
}

/*
 * The flag acts on one lock that all hierarchies share, so v2's stands for all. v1 takes it only
 * when a hierarchy is mounted for the first time (a remount that would change it is EINVAL).
 */
int layout_favor_dynmods(const struct layout *layout, uint32_t mask, struct error *err)
{
	(void)err;
	if (mask == 0 || layout->v2 < 0)
		return 0;
	return set_dynmods(layout, &layout->hierarchies[layout->v2], true) == 1 ? 1 << layout->v2
										: 0;
}

void layout_restore_dynmods(const struct layout *layout, uint32_t mask)
{
	if (layout->v2 >= 0 && mask & UINT32_C(1) << layout->v2)
		(void)set_dynmods(layout, &layout->hierarchies[layout->v2], false);
}
