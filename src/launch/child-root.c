// SPDX-License-Identifier: MIT
/*
 * The new root, made by the new process (child.c) in its own mount namespace. It is mounted over
 * "/", where it hides nothing: this process goes on from the root that it has, and reaches the new
 * one by its descriptor, until all is mounted and the old root goes.
 *
 * That is also why a new /proc is mounted before: in a user namespace the kernel wants to see one
 * that hides nothing.
 */
#include "launch/job-mount.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>

/* <sys/mount.h> and <linux/mount.h> of older headers exclude each other. */
enum { UMOUNT_LAZILY = 2 /* MNT_DETACH */, FOLDER_MODE = 0755 };

static int stage(struct job *job, long tree)
{
	long here = raw(SYS_openat, AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return child_attach(job, tree, here);
}

/* `upper` and `work` below a folder, as overlayfs wants them; they may be there. */
static int make_layers(int folder)
{
	long r = raw(SYS_mkdirat, folder, "upper", FOLDER_MODE);

	if (r == 0 || r == -EEXIST)
		r = raw(SYS_mkdirat, folder, "work", FOLDER_MODE);
	return r == -EEXIST ? 0 : (int)r;
}

/* Where changes go: a folder, or a tmpfs that is mounted for as long as the overlay lives. */
static long open_changes(struct job *job)
{
	const char *path = job->plan->file_system->changes;
	long fd;
	int r;

	if (path) {
		job->doing = "the overlay's folder";
		fd = raw(SYS_openat, AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	} else {
		fd = child_file_system(job, "tmpfs", "tmpfs", NULL, MOUNT_ATTR_NODEV);
		r = fd < 0 ? (int)fd : stage(job, fd);
		if (r < 0)
			return child_close(fd, r);
	}
	if (fd < 0)
		return fd;
	r = make_layers((int)fd);
	return r < 0 ? child_close(fd, r) : fd;
}

static void join_path(char *to, const char *folder, const char *name)
{
	size_t length = 0;

	for (; folder[length]; length++)
		to[length] = folder[length];
	for (size_t i = 0; i == 0 || name[i - 1]; i++)
		to[length + i] = name[i];
}

static long make_overlay(struct job *job, const char *lower)
{
	struct job_option options[4] = { { "lowerdir", NULL },
					 { "upperdir", NULL },
					 { "workdir", NULL },
					 { "userxattr", NULL } };
	bool user = job->plan->namespaces->unshare & CLONE_NEWUSER;
	struct job_mount row = { .options = options, .option_count = user ? 4 : 3 };
	char paths[3][FD_PATH_SIZE + 8], folder[FD_PATH_SIZE];
	long below, changes, tree;

	changes = open_changes(job);
	if (changes < 0)
		return changes;
	/* Descriptors as paths: nothing in them has to be escaped. */
	below = raw(SYS_openat, AT_FDCWD, lower, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (below < 0)
		return child_close(changes, (int)below);
	join_path(paths[0], child_fd_path(folder, (int)below), "");
	join_path(paths[1], child_fd_path(folder, (int)changes), "/upper");
	join_path(paths[2], child_fd_path(folder, (int)changes), "/work");
	for (size_t i = 0; i < 3; i++)
		options[i].value = paths[i];
	tree = child_file_system(job, "overlay", "overlay", &row, 0);
	(void)child_close(below, 0);
	return child_close(changes, 0), tree;
}

/* The tree that becomes the root; not for LAUNCH_ROOT_SAME without an overlay. */
static long make_root(struct job *job)
{
	const struct launch_file_system *system = job->plan->file_system;
	const struct job_option mode = { "mode", "0755" };
	const struct job_mount row = { .options = &mode, .option_count = 1 };

	if (system->overlay)
		return make_overlay(job, system->root == LAUNCH_ROOT_PATH ? system->path : "/");
	if (system->root == LAUNCH_ROOT_EMPTY)
		return child_file_system(job, "tmpfs", "tmpfs", &row,
					 MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	job->doing = "it cannot be taken";
	return raw(SYS_open_tree, AT_FDCWD, system->path,
		   OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (unsigned)AT_RECURSIVE);
}

/* mount(2) can only stack the root onto its own path. */
static long make_root_old(struct job *job)
{
	const struct launch_file_system *system = job->plan->file_system;
	long r;

	job->doing = "an empty root, or an overlay, takes mount calls that are refused here";
	if (system->root != LAUNCH_ROOT_PATH || system->overlay)
		return -ENOSYS;
	job->doing = "it cannot be taken";
	r = raw(SYS_mount, system->path, system->path, NULL, MS_BIND | MS_REC, NULL);
	return r < 0 ? r
		     : raw(SYS_openat, AT_FDCWD, system->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static bool is_new_root(const struct launch_file_system *system)
{
	return system->root != LAUNCH_ROOT_SAME || system->overlay;
}

/*
 * What comes from outside is taken first, and then nothing of the outside is there: no copy of its
 * mounts has to be made, and none be taken away, for which the kernel waits (an RCU grace period).
 * A failure is nobody's to read: the launch is tried once more without a base.
 */
static int enter_base(struct job *job)
{
	const struct launch_file_system *system = job->plan->file_system;
	long tree = make_root(job), r;

	if (tree < 0)
		return (int)tree;
	job->mounts->root_fd = (int)tree;
	r = system->root == LAUNCH_ROOT_PATH
		    ? child_set_apart((int)tree, system->read_only ? MOUNT_ATTR_RDONLY : 0, false)
		    : 0;
	if (r < 0)
		return (int)r;
	child_open_sources(job);
	job->doing = NULL;
	r = raw(SYS_setns, *system->base_fd, CLONE_NEWNS);
	if (r == 0)
		r = raw(SYS_unshare, CLONE_NEWNS);
	if (r == 0)
		r = stage(job, tree);
	if (r == 0 && system->root == LAUNCH_ROOT_EMPTY)
		child_remember(job->mounts, (int)tree);
	return (int)r;
}

int child_root(struct job *job)
{
	const struct launch_file_system *system = job->plan->file_system;
	struct job_mounts *mounts = job->mounts;
	bool old = mounts && !mounts->has_new_api;
	long fd, r;

	if (!mounts)
		return 0;
	if (job->has_base)
		return enter_base(job);
	/* What is mounted outside later is seen; nothing of ours is seen outside. */
	job->doing = "its mounts cannot be made private";
	r = raw(SYS_mount, NULL, "/", NULL, MS_REC | MS_SLAVE, NULL);
	if (r < 0)
		return (int)r;
	if (!is_new_root(system))
		fd = raw(SYS_openat, AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	else
		fd = old ? make_root_old(job) : make_root(job);
	if (fd < 0)
		return (int)fd;
	mounts->root_fd = (int)fd;
	if (is_new_root(system) && !old)
		r = stage(job, fd);
	if (r == 0 && is_new_root(system) && (system->overlay || system->root == LAUNCH_ROOT_EMPTY))
		child_remember(mounts, (int)fd);
	if (r < 0 || !system->read_only || system->root == LAUNCH_ROOT_EMPTY)
		return (int)r;
	job->doing = "it cannot be made read-only";
	if (mounts->has_setattr)
		return child_set_attributes((int)fd, MOUNT_ATTR_RDONLY, false);
	return child_remount_all(job, "/", MOUNT_ATTR_RDONLY, mounts->below);
}

int child_pivot(struct job *job)
{
	const struct launch_file_system *system = job->plan->file_system;
	long r;

	if (!job->mounts)
		return 0;
	if (system->root == LAUNCH_ROOT_EMPTY && system->read_only) {
		r = job->mounts->has_setattr
			    ? child_set_attributes(job->mounts->root_fd, MOUNT_ATTR_RDONLY, true)
			    : child_remount(job->mounts->root_fd, MOUNT_ATTR_RDONLY);
		if (r < 0)
			return (int)r;
	}
	if (!is_new_root(system))
		return 0;
	r = raw(SYS_fchdir, job->mounts->root_fd);
	/* Below it is the empty root of the base only, as below the host's own. */
	if (r == 0 && job->has_base)
		return (int)raw(SYS_chroot, ".");
	/* The old root under the new one, at the same place, and then away. */
	if (r == 0)
		r = raw(SYS_pivot_root, ".", ".");
	if (r == 0)
		r = raw(SYS_umount2, ".", UMOUNT_LAZILY);
	return r < 0 ? (int)r : (int)raw(SYS_chdir, "/");
}
