// SPDX-License-Identifier: MIT
/*
 * Rows of one place are one hierarchy: "cpu = /x; cpuacct = /x". A row's name may have mount
 * options among its controllers, "cpu,nodev". A hierarchy that the kernel already has must be asked
 * for with just its controllers, or mount(2) refuses.
 */
#include "compat/cgmount.h"

#include "util/fd.h"
#include "util/mountinfo.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

enum { MOUNTINFO_MAX = 16 << 20 };

/* The flags of one word, or 0 where it is a controller or a name. */
static unsigned long flag_of(const char *word)
{
	static const struct {
		const char *word;
		unsigned long flag;
	} flags[] = { { "nodev", MS_NODEV }, { "noexec", MS_NOEXEC }, { "nosuid", MS_NOSUID } };

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (streq(word, flags[i].word))
			return flags[i].flag;
	return 0;
}

/* What all rows of the place ask for, as mount(2) takes it. */
static int gather(const struct cgconfig_settings *mounts, const char *place, struct text *options,
		  unsigned long *ret_flags)
{
	bool controllers = false;

	*ret_flags = 0;
	for (size_t i = 0; i < mounts->count; i++) {
		_cleanup_(freep) char *copy = strdup(mounts->items[i].name);
		char *word, *rest = copy;

		if (!copy)
			return -ENOMEM;
		if (!streq(mounts->items[i].value, place))
			continue;
		while ((word = strsep(&rest, ","))) {
			*ret_flags |= flag_of(word);
			if (!*word || flag_of(word))
				continue;
			controllers |= strncmp(word, "name=", strlen("name=")) != 0;
			text_addf(options, "%s%s", options->size ? "," : "", word);
		}
	}
	if (!controllers)
		text_addf(options, "%snone", options->size ? "," : "");
	return options->failed ? -ENOMEM : 0;
}

/* Whether the hierarchy that is asked for is mounted there; -EBUSY where something else is. */
static int is_mounted(const struct raw *raw, const char *place, const char *options,
		      struct error *err)
{
	_cleanup_(freep) char *text = NULL;
	struct mount_entry entry;
	char *cursor;
	int found = 0;
	int r = file_read_at(raw->host->proc_fd, "self/mountinfo", MOUNTINFO_MAX, &text, NULL);

	if (r < 0)
		return error_set_errno(err, r, "cannot read %s/self/mountinfo",
				       raw->host->proc_path);
	cursor = text;
	while (mount_entry_next(&cursor, &entry, NULL)) {
		_cleanup_(freep) char *copy = strdup(options);
		char *word, *rest = copy;

		if (!copy)
			return error_oom(err);
		if (!streq(entry.mount_point, place))
			continue;
		found = streq(entry.type, "cgroup") ? 1 : -EBUSY;
		while (found > 0 && (word = strsep(&rest, ",")))
			if (!streq(word, "none") && !mount_option(entry.super_options, word))
				found = -EBUSY;
	}
	return found < 0 ? error_set(err, found, "something else is mounted on %s", place) : found;
}

/* The folder and those above it. 1: was made. */
static int make_folder(const char *place)
{
	_cleanup_(freep) char *path = strdup(place);

	if (!path)
		return -ENOMEM;
	for (char *at = path + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return -errno;
		*at = '/';
	}
	if (mkdir(path, 0755) == 0)
		return 1;
	return errno == EEXIST ? 0 : -errno;
}

static bool is_first(const struct cgconfig_settings *mounts, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (streq(mounts->items[i].value, mounts->items[index].value))
			return false;
	return true;
}

int cgmount(const struct raw *raw, const struct cgconfig_settings *mounts, size_t index,
	    bool *ret_made, struct error *err)
{
	const char *place = mounts->items[index].value;
	_cleanup_(text_done) struct text options = { 0 };
	unsigned long flags;
	int made, r;

	if (!is_first(mounts, index))
		return 0;
	r = gather(mounts, place, &options, &flags);
	if (r < 0)
		return error_oom(err);
	r = is_mounted(raw, place, options.data, err);
	if (r != 0)
		return r < 0 ? r : 0;
	made = make_folder(place);
	if (made < 0)
		return error_set_errno(err, made, "cannot make the mount point %s", place);
	if (mount("cgroup", place, "cgroup", flags, options.data) < 0) {
		r = -errno;
		if (made)
			(void)rmdir(place);
		return error_set_errno(err, r, "cannot mount %s on %s%s", options.data, place,
				       r == -EBUSY ? " (cgroup v2, or a hierarchy of other "
						     "controllers, may have them)"
						   : "");
	}
	*ret_made = made;
	return 1;
}

int cgmount_undo(const char *place, bool made)
{
	if (umount(place) < 0 || (made && rmdir(place) < 0))
		return -errno;
	return 0;
}
