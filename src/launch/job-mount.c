// SPDX-License-Identifier: MIT
/*
 * The mounts of a plan made ready for the child: options in words, room for what it has to
 * remember, and which of the kernel's ways there is.
 */
#include "launch/job-mount.h"

#include "util/fd.h"
#include "util/mountinfo.h"

#include <fcntl.h>
#include <linux/mount.h>

enum { MOUNTINFO_MAX = 16 << 20 };

static void free_paths(char **paths)
{
	for (char **path = paths; path && *path; path++)
		free(*path);
	free(paths);
}

void job_mounts_free(struct job_mounts *mounts)
{
	if (!mounts)
		return;
	for (size_t i = 0; mounts->rows && i < mounts->count; i++) {
		free(mounts->rows[i].words);
		free((void *)(uintptr_t)mounts->rows[i].options);
		free_paths(mounts->rows[i].below);
	}
	free_paths(mounts->below);
	free(mounts->rows);
	free(mounts->sources);
	free(mounts->made);
	free(mounts);
}
DEFINE_CLEANUP(struct job_mounts *, job_mounts_free);

/* "size=64m,mode=1777" in words, of which each is a key and, behind its NUL, a value or nothing. */
static int split_options(struct job_mount *row, const char *options, struct error *err)
{
	struct job_option *rows;
	size_t count = 1;
	char *rest;

	row->words = strdup(options);
	for (const char *at = options; *at; at++)
		count += *at == ',';
	row->options = rows = calloc(count, sizeof(*rows));
	if (!row->words || !rows)
		return error_oom(err);
	for (char *word = strtok_r(row->words, ",", &rest); word;
	     word = strtok_r(NULL, ",", &rest)) {
		char *equals = strchr(word, '=');

		if (equals)
			*equals = '\0';
		rows[row->option_count++] =
			(struct job_option){ .key = word, .value = equals ? equals + 1 : NULL };
	}
	return 0;
}

/*
 * What is mounted below `source`, relative to it: "/x", "/x/y". For kernels that cannot change
 * attributes of a whole tree (before 5.12); NULL-terminated.
 */
static int find_below(const char *source, char ***ret_below, struct error *err)
{
	_cleanup_(freep) char *path = realpath(source, NULL), *text = NULL;
	size_t length, count = 0, room = 1;
	struct mount_entry entry;
	char **below, *at;
	int r;

	if (!path)
		return 0; /* the child says that it is missing, or may be missing */
	length = streq(path, "/") ? 0 : strlen(path);
	r = file_read_at(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &text, NULL);
	if (r < 0)
		return error_set_errno(err, r, "cannot read /proc/self/mountinfo");
	for (const char *line = text; *line; line++)
		room += *line == '\n';
	below = *ret_below = calloc(room + 1, sizeof(*below));
	if (!below)
		return error_oom(err);
	for (at = text; mount_entry_next(&at, &entry, NULL);)
		if (strncmp(entry.mount_point, path, length) == 0 &&
		    entry.mount_point[length] == '/' && entry.mount_point[length + 1] &&
		    strlen(entry.mount_point) < MOUNT_PATH_MAX && count < room) {
			below[count] = strdup(entry.mount_point + length);
			if (!below[count++])
				return error_oom(err);
		}
	return 0;
}

/* The same for what the plan itself mounts below a place. */
static int find_planned(const struct launch_file_system *system, const char *target,
			char ***ret_below, struct error *err)
{
	size_t length = strlen(target), count = 0;
	char **below = *ret_below = calloc(system->mount_count + 1, sizeof(*below));

	if (!below)
		return error_oom(err);
	for (size_t i = 0; i < system->mount_count; i++) {
		const struct launch_mount *mount = &system->mounts[i];
		bool mounted =
			mount->kind == LAUNCH_MOUNT_BIND || mount->kind == LAUNCH_MOUNT_FILESYSTEM;

		if (!mounted || strncmp(mount->target, target, length) != 0 ||
		    mount->target[length] != '/')
			continue;
		below[count] = strdup(mount->target + length);
		if (!below[count++])
			return error_oom(err);
	}
	return 0;
}

static int check_mount(const struct launch_mount *mount, struct error *err)
{
	bool needs_source = mount->kind == LAUNCH_MOUNT_BIND ||
			    mount->kind == LAUNCH_MOUNT_SYMLINK ||
			    mount->kind == LAUNCH_MOUNT_DEVICE;

	if (!mount->target || mount->target[0] != '/')
		return error_set(err, -EINVAL, "the mount point \"%s\" is no absolute path",
				 mount->target ? mount->target : "");
	if (strlen(mount->target) >= MOUNT_PATH_MAX)
		return error_set(err, -ENAMETOOLONG, "the mount point is longer than %d bytes",
				 MOUNT_PATH_MAX);
	if (needs_source && (!mount->source || !*mount->source))
		return error_set(err, -EINVAL, "nothing is named to be at \"%s\"", mount->target);
	if (mount->kind == LAUNCH_MOUNT_FILESYSTEM && !mount->type)
		return error_set(err, -EINVAL, "the file system of \"%s\" has no type",
				 mount->target);
	return 0;
}

static int check_root(const struct launch_file_system *system, struct error *err)
{
	_cleanup_(closep) int fd = -1;

	if (system->overlay && system->changes && system->changes[0] != '/')
		return error_set(err, -EINVAL, "the overlay's folder \"%s\" is no absolute path",
				 system->changes);
	if (system->root != LAUNCH_ROOT_PATH)
		return 0;
	if (!system->path)
		return error_set(err, -EINVAL, "no root is named");
	/* Told here, where the sentence is not about a new process. */
	fd = open(system->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, -errno, "cannot use \"%s\" as the root", system->path);
	return 0;
}

/* Each would answer EBADF or EFAULT to these arguments, if it was there. */
static void probe_calls(struct job_mounts *mounts)
{
	mounts->has_setattr = raw(SYS_mount_setattr, -1, NULL, 0, NULL, 0) != -ENOSYS;
	mounts->has_new_api =
		raw(SYS_open_tree, -1, NULL, 0) != -ENOSYS && raw(SYS_fsopen, NULL, 0) != -ENOSYS;
}

static int prepare_mount(const struct job_mounts *mounts, const struct launch_file_system *system,
			 const struct launch_mount *mount, struct job_mount *row, struct error *err)
{
	int r = check_mount(mount, err);

	if (r == 0 && mount->options)
		r = split_options(row, mount->options, err);
	if (r == 0 && mount->kind == LAUNCH_MOUNT_BIND && mount->attributes && !mount->shallow &&
	    !mounts->has_setattr)
		r = find_below(mount->source, &row->below, err);
	if (r == 0 && mount->kind == LAUNCH_MOUNT_READ_ONLY && !mounts->has_setattr)
		r = find_planned(system, mount->target, &row->below, err);
	return r;
}

bool job_can_use_base(const struct job *job)
{
	const struct launch_file_system *system = job->plan->file_system;

	if (!system || !system->base_fd || system->overlay || system->root == LAUNCH_ROOT_SAME ||
	    job->joins_mounts || !job->mounts->has_setattr || !job->mounts->has_new_api ||
	    (job->plan->namespaces->unshare & CLONE_NEWUSER))
		return false;
	for (size_t i = 0; i < system->mount_count; i++)
		if (system->mounts[i].kind == LAUNCH_MOUNT_MASK ||
		    system->mounts[i].kind == LAUNCH_MOUNT_READ_ONLY)
			return false;
	return true;
}

int job_mounts_new(const struct launch_plan *plan, struct job_mounts **ret_mounts,
		   struct error *err)
{
	const struct launch_file_system *system = plan->file_system;
	_cleanup_(job_mounts_freep) struct job_mounts *mounts = NULL;
	int r;

	if (!system)
		return 0;
	if (!plan->namespaces || !(plan->namespaces->unshare & CLONE_NEWNS))
		return error_set(err, -EINVAL,
				 "what the program sees of the file system can only be changed in "
				 "a mount namespace of its own");
	r = check_root(system, err);
	mounts = calloc(1, sizeof(*mounts));
	if (r < 0 || !mounts)
		return r < 0 ? r : error_oom(err);
	*mounts = (struct job_mounts){ .root_fd = -1, .null_fd = -ENOENT };
	mounts->rows = calloc(system->mount_count + 1, sizeof(*mounts->rows));
	mounts->sources = calloc(system->mount_count + 1, sizeof(*mounts->sources));
	mounts->made = calloc(system->mount_count + 2, sizeof(*mounts->made));
	if (!mounts->rows || !mounts->sources || !mounts->made)
		return error_oom(err);
	mounts->count = system->mount_count;
	probe_calls(mounts);
	for (size_t i = 0; r == 0 && i < system->mount_count; i++)
		r = prepare_mount(mounts, system, &system->mounts[i], &mounts->rows[i], err);
	if (r == 0 && system->read_only && !mounts->has_setattr && !system->overlay &&
	    system->root != LAUNCH_ROOT_EMPTY)
		r = find_below(system->root == LAUNCH_ROOT_PATH ? system->path : "/",
			       &mounts->below, err);
	if (r < 0)
		return r;
	*ret_mounts = TAKE_PTR(mounts);
	return 0;
}
