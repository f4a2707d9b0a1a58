// SPDX-License-Identifier: MIT
/*
 * Mounting, and the favordynmods flag (kernel 6.0), which makes moves cheap and forks a little
 * dearer. It is set and cleared by mount(2) itself: mount(8) merges the options that are there
 * into what it asks for, and so can never clear one. From 6.18 on the lock that the flag switches
 * in stays until the next boot, even when the flag is put back.
 */
#include "cgroup/layout.h"

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
	if (layout->mode == LAYOUT_NONE && layout->unmounted == 0)
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
		{ST_RDONLY,	     MS_RDONLY    },
		      { ST_NOSUID,	   MS_NOSUID    },
		{ ST_NODEV,	    MS_NODEV     },
		      { ST_NOEXEC,	   MS_NOEXEC    },
		{ ST_NOATIME,    MS_NOATIME	 },
		      { ST_NODIRATIME, MS_NODIRATIME},
		{ ST_RELATIME,   MS_RELATIME  },
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

static int remount(const struct layout *layout, const struct hierarchy *h, const char *options)
{
	/* A tree below a test's root is no mount. */
	if (layout->host->root[0] != '\0')
		return -EINVAL;
	if (mount(NULL, h->mount_point, NULL, MS_REMOUNT | flags_of(h->mount_point), options) < 0)
		return -errno;
	return 0;
}

/* v1 wants to be told its controllers again: without them a remount would mean all of them. */
static int set_dynmods(const struct layout *layout, const struct hierarchy *h, bool favor)
{
	char options[256];

	if (h->v2)
		snprintf(options, sizeof(options), "%s", favor ? "favordynmods" : "");
	else
		snprintf(options, sizeof(options), "%s%s", h->name, favor ? ",favordynmods" : "");
	return remount(layout, h, options);
}

int layout_favor_dynmods(const struct layout *layout, uint32_t mask, struct error *err)
{
	int changed = 0;

	(void)err;
	for (unsigned i = 0; i < layout->hierarchy_count; i++) {
		const struct hierarchy *h = &layout->hierarchies[i];

		/* EINVAL: before 6.0, or not with this hierarchy; moves are slower then, no more.
		 */
		if (mask & UINT32_C(1) << i && !h->favordynmods && !h->read_only &&
		    set_dynmods(layout, h, true) == 0)
			changed |= 1 << i;
	}
	return changed;
}

void layout_restore_dynmods(const struct layout *layout, uint32_t mask)
{
	for (unsigned i = 0; i < layout->hierarchy_count; i++)
		if (mask & UINT32_C(1) << i)
			(void)set_dynmods(layout, &layout->hierarchies[i], false);
}
