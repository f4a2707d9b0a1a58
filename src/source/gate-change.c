// SPDX-License-Identifier: MIT
/*
 * The kernel tells the folder as a file handle and the name in it. A handle is compared with those
 * of the folders that are watched, taken when the watch was set: nothing has to be opened, and a
 * folder that was renamed since is still known by the path that the rule names.
 *
 * A file that is watched itself is told in the same way, so its folder's handle is kept as well;
 * a name in that folder that nobody watches finds no rule and is dropped by whoever judges.
 */
#include "source/gate-change.h"

#include "util/hash.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <sys/statfs.h>

/* Linux 6.5: a handle that need not be opened again, which overlayfs can give, too. */
#ifndef AT_HANDLE_FID
#define AT_HANDLE_FID 0x200
#endif

enum { EVENTS_SIZE = 16384 };

/* A folder as an event names it: file system, and handle. */
struct folder_key {
	int fsid[2];
	int type;
	unsigned size;
	unsigned char bytes[MAX_HANDLE_SZ];
};

struct gate_changes {
	struct gate_counters *counters;
	int fd;
	struct hash folders; /* struct folder_key (its used part) -> path */
	struct folder_key **keys;
	char **paths;
	size_t count;
};

static size_t key_size(const struct folder_key *key)
{
	return offsetof(struct folder_key, bytes) + key->size;
}

static void count_one(_Atomic uint64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* ---- watching ---- */

static uint64_t mask_of(unsigned what)
{
	return (what & GATE_WATCH_CONTENT ? FAN_MODIFY : 0) |
	       (what & GATE_WATCH_NAMES ? FAN_MOVED_TO | FAN_MOVED_FROM | FAN_DELETE : 0);
}

static int key_of(const char *path, struct folder_key *ret_key)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} buffer;
	struct statfs fs;
	int mount;

	buffer.handle.handle_bytes = MAX_HANDLE_SZ;
	if (statfs(path, &fs) < 0 ||
	    (name_to_handle_at(AT_FDCWD, path, &buffer.handle, &mount, AT_HANDLE_FID) < 0 &&
	     name_to_handle_at(AT_FDCWD, path, &buffer.handle, &mount, 0) < 0))
		return -errno;
	memset(ret_key, 0, sizeof(*ret_key));
	memcpy(ret_key->fsid, &fs.f_fsid, sizeof(ret_key->fsid));
	ret_key->type = buffer.handle.handle_type;
	ret_key->size = buffer.handle.handle_bytes;
	memcpy(ret_key->bytes, buffer.handle.f_handle, buffer.handle.handle_bytes);
	return 0;
}

static int keep(struct gate_changes *changes, const char *path, const struct folder_key *key)
{
	struct folder_key **keys, *copy;
	char **paths, *text;

	if (hash_get(&changes->folders, key, key_size(key)))
		return 0;
	keys = reallocarray(changes->keys, changes->count + 1, sizeof(*keys));
	if (!keys)
		return -ENOMEM;
	changes->keys = keys;
	paths = reallocarray(changes->paths, changes->count + 1, sizeof(*paths));
	if (!paths)
		return -ENOMEM;
	changes->paths = paths;
	copy = malloc(key_size(key));
	text = strdup(path);
	if (!copy || !text) {
		free(copy);
		free(text);
		return -ENOMEM;
	}
	memcpy(copy, key, key_size(key));
	keys[changes->count] = copy;
	paths[changes->count++] = text;
	return hash_put(&changes->folders, copy, key_size(key), text, NULL) < 0 ? -ENOMEM : 0;
}

/* The folder that events of this path will name: itself, or where the file is. */
static int keep_folder(struct gate_changes *changes, const char *path)
{
	struct folder_key key;
	struct stat st;
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int r;

	if (stat(path, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		snprintf(folder, sizeof(folder), "%s", path);
	else
		snprintf(folder, sizeof(folder), "%.*s", slash > path ? (int)(slash - path) : 1,
			 path);
	r = key_of(folder, &key);
	return r < 0 ? r : keep(changes, folder, &key);
}

void gate_changes_watch(struct gate_changes *changes, const char *path, unsigned what)
{
	uint64_t mask = mask_of(what);

	if (mask == 0)
		return;
	/* The handle first: an event must not come before its folder is known. */
	if (keep_folder(changes, path) < 0 ||
	    fanotify_mark(changes->fd, FAN_MARK_ADD, mask | FAN_EVENT_ON_CHILD, AT_FDCWD, path) < 0)
		count_one(&changes->counters->changes_refused);
}

void gate_changes_unwatch(struct gate_changes *changes, const char *path, unsigned what)
{
	uint64_t mask = mask_of(what);

	if (mask != 0)
		(void)fanotify_mark(changes->fd, FAN_MARK_REMOVE, mask | FAN_EVENT_ON_CHILD,
				    AT_FDCWD, path);
}

/* ---- what is told ---- */

static enum gate_change_kind kind_of(uint64_t mask)
{
	if (mask & FAN_MOVED_TO)
		return GATE_CHANGE_ADDED;
	if (mask & (FAN_MOVED_FROM | FAN_DELETE))
		return GATE_CHANGE_REMOVED;
	return GATE_CHANGE_CONTENT;
}

/* The path of the record's folder and name; false if the folder is none of ours. */
static bool find_path(const struct gate_changes *changes,
		      const struct fanotify_event_info_fid *info, char path[static PATH_MAX])
{
	const struct file_handle *handle = (const void *)info->handle;
	size_t room =
		info->hdr.len - offsetof(struct fanotify_event_info_fid, handle) - sizeof(*handle);
	struct folder_key key = { .type = handle->handle_type, .size = handle->handle_bytes };
	const char *folder, *name;

	if (key.size > MAX_HANDLE_SZ || key.size >= room)
		return false;
	memcpy(key.fsid, &info->fsid, sizeof(key.fsid));
	memcpy(key.bytes, handle->f_handle, key.size);
	folder = hash_get(&changes->folders, &key, key_size(&key));
	if (!folder)
		return false;
	name = (const char *)handle->f_handle + key.size;
	if (!memchr(name, '\0', room - key.size))
		return false;
	/* "." is the folder itself. */
	if (streq(name, "."))
		return snprintf(path, PATH_MAX, "%s", folder) < PATH_MAX;
	return snprintf(path, PATH_MAX, "%s/%s", streq(folder, "/") ? "" : folder, name) < PATH_MAX;
}

/* `rest`: what follows the metadata, of the length that these say. */
static bool tell(struct gate_changes *changes, const struct fanotify_event_metadata *metadata,
		 const char *rest, gate_change_fn function, void *userdata)
{
	const size_t room = metadata->event_len - sizeof(*metadata);
	const struct fanotify_event_info_fid *info = (const void *)rest;
	struct gate_change change = { .kind = kind_of(metadata->mask), .pid = metadata->pid };
	char path[PATH_MAX];

	if (metadata->mask & FAN_Q_OVERFLOW || room < sizeof(*info) + sizeof(struct file_handle) ||
	    info->hdr.info_type != FAN_EVENT_INFO_TYPE_DFID_NAME || info->hdr.len > room ||
	    !find_path(changes, info, path)) {
		count_one(&changes->counters->changes_lost);
		return false;
	}
	change.path = path;
	count_one(&changes->counters->changes);
	function(&change, userdata);
	return true;
}

int gate_changes_take(struct gate_changes *changes, gate_change_fn function, void *userdata)
{
	char buffer[EVENTS_SIZE] __attribute__((aligned(8)));
	int told = 0;
	ssize_t n;

	while ((n = read(changes->fd, buffer, sizeof(buffer))) > 0) {
		struct fanotify_event_metadata metadata;

		/* An event ends on 4 bytes, and its beginning wants 8: it is copied. */
		for (ssize_t at = 0; n - at >= (ssize_t)sizeof(metadata);
		     at += (ssize_t)metadata.event_len) {
			memcpy(&metadata, buffer + at, sizeof(metadata));
			if (metadata.event_len < sizeof(metadata) ||
			    (ssize_t)metadata.event_len > n - at)
				break;
			told += tell(changes, &metadata, buffer + at + sizeof(metadata), function,
				     userdata);
		}
	}
	return n < 0 && errno != EAGAIN && errno != EINTR ? -errno : told;
}

/* ---- life ---- */

int gate_changes_new(struct gate_counters *counters, struct gate_changes **ret_changes)
{
	struct gate_changes *changes = calloc(1, sizeof(*changes));

	if (!changes)
		return -ENOMEM;
	changes->counters = counters;
	hash_init(&changes->folders);
	changes->fd = fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_DFID_NAME | FAN_CLOEXEC |
					    FAN_NONBLOCK | FAN_UNLIMITED_MARKS,
				    O_RDONLY | O_CLOEXEC);
	if (changes->fd < 0) {
		int r = -errno;

		gate_changes_free(changes);
		return r;
	}
	*ret_changes = changes;
	return 0;
}

void gate_changes_clear(struct gate_changes *changes)
{
	for (size_t i = 0; i < changes->count; i++) {
		free(changes->keys[i]);
		free(changes->paths[i]);
	}
	changes->count = 0;
	hash_done(&changes->folders);
	hash_init(&changes->folders);
}

void gate_changes_free(struct gate_changes *changes)
{
	if (!changes)
		return;
	if (changes->fd >= 0)
		close(changes->fd);
	gate_changes_clear(changes);
	free(changes->keys);
	free(changes->paths);
	hash_done(&changes->folders);
	free(changes);
}

int gate_changes_descriptor(const struct gate_changes *changes)
{
	return changes->fd;
}
