// SPDX-License-Identifier: MIT
/*
 * Only directories that were made just now are touched: one that is there has been set up by
 * somebody. Files belong to the admin of the template, "tasks" and v2's cgroup.procs to its task
 * owner; modes are narrowed to what the kernel lets the owner do with a file.
 */
#include "core/templates.h"

#include "util/text.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

const struct cgconfig_group *templates_find(const struct cgconfig *config, const char *path)
{
	for (size_t i = 0; config && i < config->templates.count; i++) {
		_cleanup_(text_done) struct text text = { 0 };

		cgrule_path(&text, config->templates.items[i].name);
		if (!text.failed && text.data && streq(text.data, path))
			return &config->templates.items[i];
	}
	return NULL;
}

/* ---- owners ---- */

static bool is_of_tasks(const char *file)
{
	return streq(file, "tasks") || streq(file, "cgroup.procs") || streq(file, "cgroup.threads");
}

static int give(int folder, const char *file, const struct cgconfig_owner *owner, uint32_t wanted)
{
	struct stat st;
	mode_t most;

	if (!owner->given || fstatat(folder, file, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if ((owner->uid != (uid_t)-1 || owner->gid != (gid_t)-1) &&
	    fchownat(folder, file, owner->uid, owner->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (wanted == CGCONFIG_MODE_UNSET)
		return 0;
	most = st.st_mode & S_IRWXU;
	most |= most >> 3 | most >> 6;
	return fchmodat(folder, file, S_ISDIR(st.st_mode) ? wanted : wanted & most, 0) < 0 ? -errno
											   : 0;
}

static int give_all(const struct placement_seat *seat, const char *path,
		    const struct cgconfig_perm *perm)
{
	int fd = openat(seat->root_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;

	if (!dir) {
		r = -errno;
		closep(&fd);
		return r;
	}
	r = give(fd, ".", &perm->admin, perm->admin.dperm);
	while ((entry = readdir(dir))) {
		const struct cgconfig_owner *owner =
			is_of_tasks(entry->d_name) ? &perm->task : &perm->admin;
		int one =
			entry->d_type == DT_REG ? give(fd, entry->d_name, owner, owner->fperm) : 0;

		r = r < 0 ? r : one;
	}
	closedir(dir);
	return r;
}

/* ---- values ---- */

static int set_values(const struct cgconfig_controller *controller, const struct layout *layout,
		      const struct placement_seat *seat, const char *path, struct error *err)
{
	int failed = 0;

	for (size_t i = 0; i < controller->settings.count; i++) {
		const struct cgconfig_setting *setting = &controller->settings.items[i];
		int r = strchr(setting->name, '/')
				? -EINVAL
				: destination_write(layout, seat, path, setting->name,
						    setting->value);

		if (r < 0 && failed == 0)
			failed = error_set_errno(err, r, "cannot set %s of the group /%s to \"%s\"",
						 setting->name, path, setting->value);
	}
	return failed;
}

int templates_apply(const struct cgconfig_group *template, const struct layout *layout,
		    const struct placement_seat *seat, const char *path, struct error *err)
{
	bool here = false;
	int failed = 0, r;

	for (size_t i = 0; i < template->controller_count; i++) {
		const struct cgconfig_controller *controller = &template->controllers[i];

		if (!destination_has(layout, seat, controller->name))
			continue;
		here = true;
		r = set_values(controller, layout, seat, path, err);
		failed = failed ? failed : r;
	}
	if (!here || !template->perm.given)
		return failed;
	r = give_all(seat, path, &template->perm);
	if (r < 0 && failed == 0)
		failed = error_set_errno(err, r, "cannot give the group /%s to its owners", path);
	return failed;
}
