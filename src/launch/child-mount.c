// SPDX-License-Identifier: MIT
/*
 * What is mounted in the new root, one after the other, by the new process (child.c). Sources are
 * what they are outside; targets are found in the root (child-path.c).
 */
#include "launch/job-mount.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/stat.h>

enum { FOLDER_MODE = 0755, FILE_TYPE = 0170000, TYPE_FOLDER = 0040000 };

long child_file_system(struct job *job, const char *type, const char *source,
		       const struct job_mount *row, uint64_t attributes)
{
	long context, fd, r;

	job->doing = "the kernel has no such file system";
	context = raw(SYS_fsopen, type, FSOPEN_CLOEXEC);
	if (context < 0)
		return context;
	job->doing = "the kernel does not take an option of it";
	r = source ? raw(SYS_fsconfig, context, FSCONFIG_SET_STRING, "source", source, 0) : 0;
	for (size_t i = 0; row && r == 0 && i < row->option_count; i++) {
		const struct job_option *option = &row->options[i];

		r = raw(SYS_fsconfig, context,
			option->value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, option->key,
			option->value, 0);
	}
	if (r == 0) {
		job->doing = "the kernel does not make it";
		r = raw(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	}
	fd = r < 0 ? r : raw(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes);
	return child_close(context, 0), fd;
}

/* Over `target`, which is closed. */
int child_attach(struct job *job, long tree, long target)
{
	long r = target < 0 ? target : 0;

	if (r == 0) {
		job->doing = "it cannot be mounted there";
		r = raw(SYS_move_mount, tree, "", target, "",
			MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	}
	return child_close(target, (int)r);
}

static int type_of(int fd, const char *path, bool *ret_folder)
{
	struct statx status;
	int r = child_look(fd, path, &status);

	*ret_folder = r == 0 && (status.stx_mode & FILE_TYPE) == TYPE_FOLDER;
	return r;
}

/* mount(2) of a bind (of `from`) or of a file system. */
static int mount_old(struct job *job, const struct launch_mount *mount, long from, const char *data,
		     bool folder)
{
	bool bind = mount->kind == LAUNCH_MOUNT_BIND;
	char path[FD_PATH_SIZE], source[FD_PATH_SIZE];
	long target = child_open_target(job, mount->target, folder), r;

	if (target < 0)
		return (int)target;
	job->doing = "it cannot be mounted there";
	r = raw(SYS_mount,
		bind		? child_fd_path(source, (int)from)
		: mount->source ? mount->source
				: mount->type,
		child_fd_path(path, (int)target), bind ? NULL : mount->type,
		bind ? MS_BIND | (mount->shallow ? 0UL : (unsigned long)MS_REC)
		     : child_old_flags(mount->attributes),
		bind ? NULL : data);
	return child_close(target, (int)r);
}

static int take_bind(struct job *job, const struct launch_mount *mount, long from, char **below)
{
	bool by_hand = mount->attributes && !job->mounts->has_setattr, folder;
	unsigned flags = AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
			 (mount->shallow ? 0U : (unsigned)AT_RECURSIVE);
	long tree;
	int r;

	job->doing = "what is to be seen there is missing";
	if (from < 0)
		return from == -ENOENT && mount->optional ? 0 : (int)from;
	r = type_of((int)from, "", &folder);
	if (r < 0)
		return r;
	if (job->has_base)
		return child_close(from,
				   child_attach(job, from,
						child_open_target(job, mount->target, folder)));
	if (!job->mounts->has_new_api) {
		r = mount_old(job, mount, from, NULL, folder);
		by_hand = mount->attributes != 0;
	} else {
		job->doing = "what is to be seen there cannot be taken";
		tree = raw(SYS_open_tree, from, "", flags);
		if (tree < 0)
			return (int)tree;
		job->doing = "its attributes";
		r = mount->attributes && !by_hand
			    ? child_set_attributes((int)tree, mount->attributes, mount->shallow)
			    : 0;
		if (r == 0)
			r = child_attach(job, tree, child_open_target(job, mount->target, folder));
		(void)child_close(tree, 0);
	}
	if (r < 0 || !by_hand)
		return r;
	job->doing = "its attributes";
	return child_remount_all(job, mount->target, mount->attributes, below);
}

/* `made`: it has been made already; -1: not. */
static int take_file_system(struct job *job, const struct launch_mount *mount,
			    const struct job_mount *row, long made)
{
	long tree;
	int r;

	if (!job->mounts->has_new_api) {
		r = mount_old(job, mount, -1, mount->options, true);
		tree = r < 0 ? r : child_open(job->mounts->root_fd, mount->target);
	} else {
		tree = made >= 0 ? made
				 : child_file_system(job, mount->type, mount->source, row,
						     mount->attributes);
		if (tree < 0)
			return (int)tree;
		r = child_attach(job, tree, child_open_target(job, mount->target, true));
	}
	if (r == 0 && tree >= 0)
		child_remember(job->mounts, (int)tree);
	return child_close(tree, r);
}

static int take_mask(struct job *job, const struct launch_mount *mount)
{
	const uint64_t attributes =
		MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
	long target = child_open(job->mounts->root_fd, mount->target);
	struct launch_mount over = *mount;
	bool folder;
	int r;

	if (target == -ENOENT)
		return 0;
	if (target < 0)
		return (int)target;
	r = child_close(target, type_of((int)target, "", &folder));
	if (r < 0)
		return r;
	over.attributes = attributes;
	if (folder) {
		static const struct job_option mode[] = { { "mode", "0555" }, { "size", "4k" } };
		const struct job_mount row = { .options = mode, .option_count = 2 };

		over.type = "tmpfs";
		over.kind = LAUNCH_MOUNT_FILESYSTEM;
		over.options = "mode=0555,size=4k";
		return take_file_system(job, &over, &row, -1);
	}
	over.kind = LAUNCH_MOUNT_BIND;
	/* A device must stay one: reading it is the end at once. */
	over.attributes &= ~(uint64_t)MOUNT_ATTR_NODEV;
	over.shallow = true;
	return take_bind(job, &over, job->mounts->null_fd, NULL);
}

/* Over itself, with all that is mounted below it. */
static int take_read_only(struct job *job, const struct launch_mount *mount, char **below)
{
	long target = child_open(job->mounts->root_fd, mount->target);
	struct launch_mount over = *mount;

	if (target == -ENOENT)
		return 0;
	if (target < 0)
		return (int)target;
	over.kind = LAUNCH_MOUNT_BIND;
	over.attributes = MOUNT_ATTR_RDONLY;
	return child_close(target, take_bind(job, &over, target, below));
}

/* ---- what is no mount ---- */

static int take_name(struct job *job, const struct launch_mount *mount)
{
	char part[MOUNT_PATH_MAX];
	const char *name;
	long above = child_open_above(job, mount->target, part, &name), r;

	if (above < 0)
		return (int)above;
	job->doing = "it may not be made there";
	r = child_may_make(job, (int)above);
	if (r == 0 && mount->kind == LAUNCH_MOUNT_FOLDER) {
		r = raw(SYS_mkdirat, above, name, FOLDER_MODE);
		r = r == -EEXIST ? 0 : r;
	} else if (r == 0) {
		r = raw(SYS_symlinkat, mount->source, above, name);
	}
	return child_close(above, (int)r);
}

/* A file of its own where the kernel lets us, else the one from outside. */
static int take_device(struct job *job, const struct launch_mount *mount, long from)
{
	struct launch_mount bind = *mount;
	char part[MOUNT_PATH_MAX];
	struct statx status;
	const char *name;
	long above, r;

	job->doing = "the device is missing outside";
	if (from < 0)
		return from == -ENOENT && mount->optional ? 0 : (int)from;
	r = child_look((int)from, "", &status);
	if (r < 0)
		return (int)r;
	above = child_open_above(job, mount->target, part, &name);
	if (above < 0)
		return (int)above;
	r = child_may_make(job, (int)above);
	if (r == 0)
		/* The kernel's form of a device's number in 32 bits. */
		r = raw(SYS_mknodat, above, name, status.stx_mode,
			(status.stx_rdev_minor & 0xff) | status.stx_rdev_major << 8 |
				(status.stx_rdev_minor & ~0xffU) << 12);
	(void)child_close(above, 0);
	if (r != -EPERM)
		return (int)r;
	bind.kind = LAUNCH_MOUNT_BIND;
	bind.attributes = 0;
	bind.shallow = true;
	return take_bind(job, &bind, from, NULL);
}

static long open_tree(const struct launch_mount *mount)
{
	long tree = raw(SYS_open_tree, AT_FDCWD, mount->source,
			OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
				(mount->shallow ? 0U : (unsigned)AT_RECURSIVE));
	int r;

	if (tree < 0)
		return tree;
	r = child_set_apart((int)tree, mount->attributes, mount->shallow);
	return r < 0 ? child_close(tree, r) : tree;
}

/* Before anything is mounted, for in a root that is shared with outside it would be in the way. */
void child_open_sources(struct job *job)
{
	const struct launch_file_system *system = job->plan->file_system;

	for (size_t i = 0; i < system->mount_count; i++) {
		enum launch_mount_kind kind = system->mounts[i].kind;

		job->mounts->sources[i] = -ENOENT;
		if (job->has_base && kind == LAUNCH_MOUNT_BIND)
			job->mounts->sources[i] = open_tree(&system->mounts[i]);
		else if (job->has_base && kind == LAUNCH_MOUNT_FILESYSTEM)
			job->mounts->sources[i] =
				child_file_system(job, system->mounts[i].type,
						  system->mounts[i].source, &job->mounts->rows[i],
						  system->mounts[i].attributes);
		else if (kind == LAUNCH_MOUNT_BIND || kind == LAUNCH_MOUNT_DEVICE)
			job->mounts->sources[i] = raw(SYS_openat, AT_FDCWD,
						      system->mounts[i].source, O_PATH | O_CLOEXEC);
		else if (kind == LAUNCH_MOUNT_MASK && job->mounts->null_fd < 0)
			job->mounts->null_fd =
				raw(SYS_openat, AT_FDCWD, "/dev/null", O_PATH | O_CLOEXEC);
	}
}

int child_mounts(struct job *job)
{
	const struct launch_file_system *system = job->plan->file_system;
	long umask_before;
	int r = 0;

	if (!job->mounts)
		return 0;
	if (!job->has_base)
		child_open_sources(job);
	umask_before = raw(SYS_umask, 0);
	for (size_t i = 0; r == 0 && i < system->mount_count; i++) {
		const struct launch_mount *mount = &system->mounts[i];
		const struct job_mount *row = &job->mounts->rows[i];
		long from = job->mounts->sources[i];

		job->item = i;
		job->doing = NULL;
		if (mount->kind == LAUNCH_MOUNT_BIND)
			r = take_bind(job, mount, from, row->below);
		else if (mount->kind == LAUNCH_MOUNT_FILESYSTEM)
			r = take_file_system(job, mount, row, job->has_base ? from : -1);
		else if (mount->kind == LAUNCH_MOUNT_MASK)
			r = take_mask(job, mount);
		else if (mount->kind == LAUNCH_MOUNT_READ_ONLY)
			r = take_read_only(job, mount, row->below);
		else if (mount->kind == LAUNCH_MOUNT_DEVICE)
			r = take_device(job, mount, from);
		else
			r = take_name(job, mount);
	}
	(void)raw(SYS_umask, umask_before);
	return r;
}
