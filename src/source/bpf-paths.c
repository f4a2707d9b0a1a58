// SPDX-License-Identifier: MIT
/*
 * Paths of records.
 *
 * The host's path of a file in another mount namespace: the record says which file system it is on
 * and where in it. If a mount of ours shows that part of that file system, the path begins with its
 * mount point. Of several the one that shows most of the file system is taken, then the one with
 * the shortest mount point, which is how an administrator would name it.
 *
 * Our mounts are read again when the kernel says that they have changed (poll(2) on mountinfo).
 */
#include "source/bpf-paths.h"

#include "util/fd.h"
#include "util/mountinfo.h"

#include <fcntl.h>
#include <poll.h>

enum { MOUNTINFO_LIMIT = 16 << 20 };

struct mount {
	uint32_t dev; /* as the kernel writes it */
	struct slice root, point;
};

struct bpf_mounts {
	int fd;
	bool read;
	char *text;
	struct mount *mounts;
	size_t count;
};

int bpf_room_begin(struct bpf_room *room, size_t size)
{
	char *data;

	room->used = 0;
	if (size <= room->size)
		return 0;
	data = realloc(room->data, size);
	if (!data)
		return -ENOMEM;
	room->data = data;
	room->size = size;
	return 0;
}

void bpf_room_done(struct bpf_room *room)
{
	free(room->data);
	*room = (struct bpf_room){ 0 };
}

struct slice bpf_room_add(struct bpf_room *room, const char *data, size_t size)
{
	struct slice slice = { room->data + room->used, size };

	if (room->size - room->used <= size)
		return (struct slice){ "", 0 };
	memcpy(room->data + room->used, data, size);
	room->data[room->used + size] = 0;
	room->used += size + 1;
	return slice;
}

struct slice bpf_path_turn(struct bpf_room *room, struct slice names)
{
	char *to = room->data + room->used;
	size_t end = names.size, begin, length = 0;

	if (room->size - room->used < names.size + 2)
		return (struct slice){ "", 0 };
	if (end > 0 && names.data[end - 1] == 0)
		end--;
	for (; names.size && end != SIZE_MAX; end = begin - 1) {
		const char *nul = end ? memrchr(names.data, 0, end) : NULL;

		begin = nul ? (size_t)(nul - names.data) + 1 : 0;
		to[length++] = '/';
		memcpy(to + length, names.data + begin, end - begin);
		length += end - begin;
	}
	if (length == 0)
		to[length++] = '/';
	to[length] = 0;
	room->used += length + 1;
	return (struct slice){ to, length };
}

int bpf_mounts_new(const struct host *host, struct bpf_mounts **ret_mounts)
{
	_cleanup_(bpf_mounts_freep) struct bpf_mounts *mounts = calloc(1, sizeof(*mounts));

	if (!mounts)
		return -ENOMEM;
	mounts->fd = openat(host->proc_fd, "self/mountinfo", O_RDONLY | O_CLOEXEC);
	if (mounts->fd < 0)
		return -errno;
	*ret_mounts = TAKE_PTR(mounts);
	return 0;
}

static void forget(struct bpf_mounts *mounts)
{
	free(mounts->text);
	free(mounts->mounts);
	mounts->text = NULL;
	mounts->mounts = NULL;
	mounts->count = 0;
}

void bpf_mounts_free(struct bpf_mounts *mounts)
{
	if (!mounts)
		return;
	forget(mounts);
	closep(&mounts->fd);
	free(mounts);
}

static int read_mounts(struct bpf_mounts *mounts)
{
	struct mount_entry entry;
	size_t size, room = 0;
	char *at;
	int r;

	forget(mounts);
	if (lseek(mounts->fd, 0, SEEK_SET) < 0)
		return -errno;
	r = file_read_fd(mounts->fd, MOUNTINFO_LIMIT, &mounts->text, &size);
	if (r < 0)
		return r;
	for (at = mounts->text; mount_entry_next(&at, &entry, NULL);) {
		if (mounts->count == room) {
			struct mount *more;

			room = room ? room * 2 : 64;
			more = reallocarray(mounts->mounts, room, sizeof(*more));
			if (!more)
				return -ENOMEM;
			mounts->mounts = more;
		}
		mounts->mounts[mounts->count++] =
			(struct mount){ entry.major << 20 | entry.minor, slice_of(entry.root),
					slice_of(entry.mount_point) };
	}
	return 0;
}

static void refresh(struct bpf_mounts *mounts)
{
	struct pollfd change = { .fd = mounts->fd, .events = POLLPRI };

	if (poll(&change, 1, 0) > 0 && change.revents & (POLLPRI | POLLERR))
		mounts->read = false;
	if (!mounts->read)
		mounts->read = read_mounts(mounts) == 0;
}

/* What is left of `path` below `root`, or no data. "/" is below "/" as "". */
static struct slice below(struct slice path, struct slice root)
{
	if (root.size == 1)
		return path.size == 1 ? (struct slice){ "", 0 } : path;
	if (path.size < root.size || memcmp(path.data, root.data, root.size) != 0 ||
	    (path.size > root.size && path.data[root.size] != '/'))
		return (struct slice){ NULL, 0 };
	return (struct slice){ path.data + root.size, path.size - root.size };
}

static struct slice find(struct bpf_mounts *mounts, struct bpf_room *room, uint32_t dev,
			 struct slice path)
{
	const struct mount *best = NULL;
	struct slice rest, point;
	char *to;

	refresh(mounts);
	for (size_t i = 0; i < mounts->count; i++) {
		const struct mount *mount = &mounts->mounts[i];

		if (mount->dev != dev || !below(path, mount->root).data)
			continue;
		if (!best || mount->root.size < best->root.size ||
		    (mount->root.size == best->root.size && mount->point.size < best->point.size))
			best = mount;
	}
	if (!best)
		return (struct slice){ NULL, 0 };
	rest = below(path, best->root);
	point = best->point;
	if (point.size == 1 && rest.size)
		point.size = 0;
	if (room->size - room->used < point.size + rest.size + 1)
		return (struct slice){ NULL, 0 };
	to = room->data + room->used;
	memcpy(to, point.data, point.size);
	memcpy(to + point.size, rest.data, rest.size);
	to[point.size + rest.size] = 0;
	room->used += point.size + rest.size + 1;
	return (struct slice){ to, point.size + rest.size };
}

/* The path within its file system: what is below the mount's root, then what is above. */
static struct slice within(struct bpf_room *room, const struct watch_path *path, struct slice bytes)
{
	struct slice lower, upper;
	size_t used = room->used;

	if (!path->below)
		return bpf_path_turn(room, (struct slice){ bytes.data, path->inner });
	upper = bpf_path_turn(room, (struct slice){ bytes.data + path->size, path->below });
	if (!path->inner)
		return upper;
	lower = bpf_path_turn(room, (struct slice){ bytes.data, path->inner });
	memmove(room->data + used + upper.size, lower.data, lower.size + 1);
	room->used--;
	return (struct slice){ room->data + used, upper.size + lower.size };
}

int bpf_path_find(struct bpf_mounts *mounts, struct bpf_room *room, const struct watch_path *path,
		  struct slice bytes, struct bpf_found_path *ret_found)
{
	bool met = path->root != WATCH_NO_ROOT;
	struct bpf_found_path found;

	if ((size_t)path->size + path->below != bytes.size || path->inner > path->size ||
	    (met && path->root > path->size))
		return -EBADMSG;
	if (path->flags & WATCH_PATH_PSEUDO) {
		found.on_host = bpf_room_add(room, bytes.data, strnlen(bytes.data, path->size));
		found.in_root = found.on_host;
	} else if (path->flags & WATCH_PATH_HOST) {
		found.on_host = bpf_path_turn(room, (struct slice){ bytes.data, path->size });
		found.in_root = found.on_host;
		if (met && path->root != path->size)
			found.in_root =
				bpf_path_turn(room, (struct slice){ bytes.data, path->root });
	} else {
		found.in_root = bpf_path_turn(room, (struct slice){ bytes.data, met ? path->root
										    : path->size });
		found.on_host = find(mounts, room, path->dev, within(room, path, bytes));
	}
	if (path->flags & WATCH_PATH_CUT)
		found.on_host = found.in_root;
	*ret_found = found;
	return 0;
}
