// SPDX-License-Identifier: MIT
/*
 * Three steps, the cheapest first:
 *
 * 1. The mount is one of ours, and the file is of that mount's device: the path is right. (Numbers
 *    of mounts are used again, and our table may be a moment old; a user who can unmount something
 *    here, as with FUSE, must not win by that. Where stat tells other devices than mountinfo, as on
 *    btrfs, step 2 decides.)
 * 2. The path means this very file here, too: a service with a mount namespace of its own.
 * 3. The mountinfo of the process says where in its file system the file is, and one of our mounts
 *    shows that: a container's overlay, a container in a folder of the host.
 *
 * What is looked up is looked up in the kernel's cache only (RESOLVE_CACHED, 5.12): if the name
 * means a file that is open, all of it is there. Else a forged path could make us wait for a dead
 * server.
 */
#include "source/host-name.h"

#include "util/fd.h"
#include "util/mountinfo.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

enum {
	CACHED_TRIES = 3, /* a look-up in the cache fails when it meets a change */
	NAMES_MAX = 32,	  /* mounts of one file system that are tried */
};

static int open_path(const char *path, uint64_t resolve)
{
	const struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = resolve,
	};
	long r = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));

	return r < 0 ? -errno : (int)r;
}

static int look_up(const struct mount_table *table, const char *path)
{
	int r = -EAGAIN;

	for (int i = 0; i < CACHED_TRIES && r == -EAGAIN; i++)
		r = open_path(path, RESOLVE_NO_SYMLINKS | RESOLVE_CACHED);
	/* EINVAL: a kernel before 5.12. EAGAIN: a security module that wants to look closer. */
	if ((r == -EINVAL || r == -EAGAIN) && !mount_table_may_wait(table, path))
		r = open_path(path, RESOLVE_NO_SYMLINKS);
	return r;
}

static enum host_name of_mount(const struct mount_row *row)
{
	return row && !row->shared ? HOST_NAME_ONLY : HOST_NAME_ONE_OF;
}

/* Does the path mean the file here? */
static enum host_name check(const struct mount_table *table, const struct seen_file *file,
			    const char *path)
{
	_cleanup_(closep) int fd = path[0] == '/' ? look_up(table, path) : -1;
	struct statx st;

	if (fd < 0 || statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
			    STATX_BASIC_STATS | STATX_MNT_ID, &st) < 0)
		return HOST_NAME_NONE;
	if (makedev(st.stx_dev_major, st.stx_dev_minor) != file->dev || st.stx_ino != file->ino)
		return HOST_NAME_NONE;
	return of_mount(st.stx_mask & STATX_MNT_ID ? mount_table_find(table, st.stx_mnt_id) : NULL);
}

/*
 * Where in its file system the file is, from the mountinfo of who has it open. A process that has
 * changed its root sees other mount points than we are shown: then the path found is nonsense, or
 * none, and check() refuses it.
 */
static bool find_below(const struct host *host, const struct seen_file *file,
		       struct name_buffer *buffer, dev_t *ret_dev)
{
	char name[40], *at = buffer->mountinfo;
	struct mount_entry entry;
	ssize_t n;

	if (file->pid <= 0 || file->mount == 0)
		return false;
	snprintf(name, sizeof(name), "%d/mountinfo", file->pid);
	n = file_read_into(host->proc_fd, name, buffer->mountinfo, sizeof(buffer->mountinfo));
	if (n < 0 && n != -EFBIG)
		return false;
	/* Of a longer one, what fits. */
	buffer->mountinfo[n < 0 ? sizeof(buffer->mountinfo) - 1 : (size_t)n] = '\0';
	while (mount_entry_next(&at, &entry, NULL)) {
		const struct mount_row row = {
			.root = entry.mount_point,
			.mount_point = entry.root,
		};

		if (entry.id != file->mount)
			continue;
		*ret_dev = makedev(entry.major, entry.minor);
		/* The other way round: from the name to what is below. */
		return mount_row_name(&row, buffer->path, buffer->below, sizeof(buffer->below));
	}
	return false;
}

static enum host_name find_elsewhere(const struct host *host, const struct mount_table *table,
				     const struct seen_file *file, struct name_buffer *buffer)
{
	unsigned tried = 0;
	dev_t dev;

	if (!find_below(host, file, buffer, &dev))
		return HOST_NAME_NONE;
	for (size_t i = 0; i < table->count && tried < NAMES_MAX; i++) {
		const struct mount_row *row = &table->rows[i];
		enum host_name found;

		if (row->dev != dev || !mount_row_name(row, buffer->below, buffer->candidate,
						       sizeof(buffer->candidate)))
			continue;
		tried++;
		found = check(table, file, buffer->candidate);
		if (found == HOST_NAME_NONE)
			continue;
		buffer->length = strlen(buffer->candidate);
		memcpy(buffer->path, buffer->candidate, buffer->length + 1);
		return found;
	}
	return HOST_NAME_NONE;
}

enum host_name host_name_find(const struct host *host, const struct mount_table *table,
			      const struct seen_file *file, struct name_buffer *buffer)
{
	const struct mount_row *row;
	enum host_name found;

	if (!table || buffer->length == 0)
		return HOST_NAME_NONE;
	row = mount_table_find(table, file->mount);
	if (row && row->dev == file->dev)
		return of_mount(row);
	found = check(table, file, buffer->path);
	return found == HOST_NAME_NONE ? find_elsewhere(host, table, file, buffer) : found;
}

int host_name_of_link(int proc_fd, const char *link, struct seen_file *ret_file,
		      struct name_buffer *buffer)
{
	static const char deleted[] = " (deleted)";
	const size_t suffix = sizeof(deleted) - 1;
	struct statx st;
	ssize_t n = readlinkat(proc_fd, link, buffer->path, PATH_MAX);

	if (n < 0)
		return -errno;
	if (n == 0 || n == PATH_MAX)
		return -ENAMETOOLONG;
	if (statx(proc_fd, link, AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
		  STATX_BASIC_STATS | STATX_MNT_ID, &st) < 0)
		return -errno;
	if (st.stx_nlink == 0 && (size_t)n > suffix &&
	    memcmp(buffer->path + n - suffix, deleted, suffix) == 0)
		n -= (ssize_t)suffix;
	buffer->path[n] = '\0';
	buffer->length = (size_t)n;
	*ret_file = (struct seen_file){
		.mount = st.stx_mask & STATX_MNT_ID ? st.stx_mnt_id : 0,
		.dev = makedev(st.stx_dev_major, st.stx_dev_minor),
		.ino = st.stx_ino,
	};
	return 0;
}
