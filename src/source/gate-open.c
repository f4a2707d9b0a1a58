// SPDX-License-Identifier: MIT
/*
 * What the channel GATE_OPEN watches: marks on inodes of files and folders, one by one.
 *
 * A mark on a folder covers the files that are right in it, those that come later too. Its memory
 * is that of one mark a folder (about 1 KiB in the kernel, which also keeps the folder's inode),
 * whatever the number of files. Ignore marks of files that no rule names are marks of the same
 * group on inodes, and a flush takes both; so it is done only where there are any.
 */
#include "source/gate-internal.h"

#include <fcntl.h>
#include <sys/fanotify.h>

/* A file or folder on a file system whose server has refused us is not watched. */
static bool may_watch(const struct gate *gate, const char *path)
{
	const struct mount_table *table = atomic_load(&gate->mounts);
	const struct mount_row *row = mount_table_of_path(table, path);

	return !row || (row->class != FILESYSTEM_USERS && !gate_is_shunned(gate, row->dev));
}

static uint64_t mask_of(unsigned what)
{
	return (what & GATE_WATCH_OPENS ? FAN_OPEN_PERM : 0) |
	       (what & GATE_WATCH_READS ? FAN_ACCESS_PERM : 0);
}

static int mark(const struct gate *gate, unsigned action, const char *path, unsigned what)
{
	uint64_t mask = mask_of(what);

	if (mask == 0)
		return 0;
	return fanotify_mark(gate->channels[GATE_OPEN].fd, action, mask | FAN_EVENT_ON_CHILD,
			     AT_FDCWD, path) < 0
		       ? -errno
		       : 0;
}

static void unwatch(struct gate *gate, const char *path, unsigned what)
{
	(void)mark(gate, FAN_MARK_REMOVE, path, what);
	if (gate->changes)
		gate_changes_unwatch(gate->changes, path, what);
}

/* 1 if it is watched now, 0 if it is not there or cannot be, -ENOMEM. */
static int watch(struct gate *gate, const struct gate_watch *wanted)
{
	struct watched *larger;
	char *copy;
	int r;

	if (!may_watch(gate, wanted->path))
		return 0;
	r = mark(gate, FAN_MARK_ADD, wanted->path, wanted->what);
	if (r < 0) {
		if (r != -ENOENT && r != -ENOTDIR)
			gate_count(&gate->counters.mark_errors);
		return 0;
	}
	if (gate->changes)
		gate_changes_watch(gate->changes, wanted->path, wanted->what);
	if (gate->watched_count == gate->watched_room) {
		size_t room = gate->watched_room ? gate->watched_room * 2 : 16;

		larger = reallocarray(gate->watched, room, sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		gate->watched = larger;
		gate->watched_room = room;
	}
	copy = strdup(wanted->path);
	if (!copy)
		return -ENOMEM;
	gate->watched[gate->watched_count++] = (struct watched){ copy, wanted->what };
	return 1;
}

void gate_renew_open(struct gate *gate)
{
	int fd = gate->channels[GATE_OPEN].fd;

	if (fd < 0 || !atomic_exchange(&gate->open_forgotten, false))
		return;
	(void)fanotify_mark(fd, FAN_MARK_FLUSH, 0, AT_FDCWD, NULL);
	/* Some microseconds pass; the names' change that brought us here was noticed later than
	 * that anyway. */
	for (size_t i = 0; i < gate->watched_count; i++)
		if (may_watch(gate, gate->watched[i].path))
			(void)mark(gate, FAN_MARK_ADD, gate->watched[i].path,
				   gate->watched[i].what);
}

void gate_free_watched(struct gate *gate)
{
	for (size_t i = 0; i < gate->watched_count; i++)
		free(gate->watched[i].path);
	free(gate->watched);
	gate->watched = NULL;
	gate->watched_count = gate->watched_room = 0;
}

/* What is no longer named is taken away one by one: a flush would take the rest too. */
static int drop_unwanted(struct gate *gate, const struct gate_watch *watches, size_t count)
{
	struct hash wanted;
	int r = 0;

	hash_init(&wanted);
	for (size_t i = 0; i < count && r >= 0; i++) {
		/* The value is only a number: what is wanted of that path, plus one bit that makes
		 * it no NULL. */
		uintptr_t what = (uintptr_t)watches[i].what << 1 | 1;

		r = hash_put_string(&wanted, watches[i].path, (void *)what, NULL);
	}
	for (size_t i = 0; i < gate->watched_count && r >= 0; i++) {
		const struct watched *old = &gate->watched[i];
		uintptr_t what = (uintptr_t)hash_get_string(&wanted, old->path);
		unsigned gone = old->what & ~(unsigned)(what >> 1);

		/* On a file system that is shunned the flush has taken it. */
		if (gone && may_watch(gate, old->path))
			unwatch(gate, old->path, gone);
	}
	hash_done(&wanted);
	return r;
}

int gate_watch_open(struct gate *gate, const struct gate_watch *watches, size_t count,
		    struct error *err)
{
	int r;

	if (count == 0 && gate->watched_count == 0)
		return 0;
	r = gate_open_channel(gate, GATE_OPEN, err);
	if (r < 0)
		return r;
	if (drop_unwanted(gate, watches, count) < 0)
		return error_oom(err);
	gate_free_watched(gate);
	if (gate->changes)
		gate_changes_clear(gate->changes);
	r = gate_watch_more(gate, watches, count);
	return r < 0 ? error_oom(err) : r;
}

int gate_watch_more(struct gate *gate, const struct gate_watch *watches, size_t count)
{
	int watched = 0;

	for (size_t i = 0; i < count; i++) {
		int r = watch(gate, &watches[i]);

		if (r < 0)
			return r;
		watched += r;
	}
	return watched;
}

int gate_changes_fd(const struct gate *gate)
{
	return gate->changes ? gate_changes_descriptor(gate->changes) : -1;
}

int gate_take_changes(struct gate *gate, gate_change_fn function, void *userdata)
{
	return gate->changes ? gate_changes_take(gate->changes, function, userdata) : 0;
}

int gate_changes_error(const struct gate *gate)
{
	return gate->changes_error;
}
