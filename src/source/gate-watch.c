// SPDX-License-Identifier: MIT
/*
 * What the gate watches: every file system that mountinfo names, and what rules on reading and
 * writing name. The loop's thread does all of this; it opens mount points, the gate never does.
 */
#include "source/gate-internal.h"

#include "util/fd.h"

#include <fcntl.h>
#include <sys/fanotify.h>

enum { MOUNTINFO_LIMIT = 64 << 20 };

static bool is_marked(const struct channel *channel, dev_t dev)
{
	for (size_t i = 0; i < channel->marked_count; i++)
		if (channel->marked[i] == dev)
			return true;
	return false;
}

static int remember(struct channel *channel, dev_t dev)
{
	dev_t *larger = reallocarray(channel->marked, channel->marked_count + 1, sizeof(dev));

	if (!larger)
		return -ENOMEM;
	channel->marked = larger;
	channel->marked[channel->marked_count++] = dev;
	return 0;
}

int gate_open_channel(struct gate *gate, enum gate_channel_kind kind, struct error *err)
{
	unsigned flags = FAN_CLASS_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_QUEUE |
			 FAN_UNLIMITED_MARKS;
	struct channel *channel = &gate->channels[kind];

	if (channel->fd >= 0)
		return 0;
	if (kind == GATE_OPEN)
		flags |= FAN_REPORT_TID; /* whose system call, and so its flags, can be read */
	/*
	 * O_NONBLOCK: a file with a write lease (any user may take one on a file of his own) would
	 * block the thread until the lease is broken, 45 s, and a few of them the whole machine.
	 * The kernel refuses that one execution instead, and begins to break the lease.
	 */
	channel->fd = fanotify_init(flags, O_RDONLY | O_LARGEFILE | O_CLOEXEC | O_NONBLOCK);
	if (channel->fd < 0)
		return error_set_errno(err, -errno, "cannot open fanotify for permission events");
	return 0;
}

static int mark_filesystem(struct gate *gate, const struct mount_row *row, struct error *err)
{
	enum gate_channel_kind kind =
		row->class == FILESYSTEM_REMOTE ? GATE_EXEC_REMOTE : GATE_EXEC;
	struct channel *channel = &gate->channels[kind];
	int r;

	if (row->class == FILESYSTEM_PSEUDO)
		return 0;
	r = gate_open_channel(gate, kind, err);
	if (r < 0)
		return r;
	if (fanotify_mark(channel->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN_EXEC_PERM,
			  AT_FDCWD, row->mount_point) < 0) {
		/*
		 * Hidden below another mount, gone again, a type that cannot be watched, a server
		 * that is dead (whatever a FUSE one says): one mount must not keep the others from
		 * being watched. gate_new() has made sure that the kernel can do it at all.
		 */
		if (errno == ENOMEM || errno == ENOSPC)
			return error_set_errno(err, -errno, "cannot watch executions on %s",
					       row->mount_point);
		gate_count(&gate->counters.mark_errors);
		return 0;
	}
	if (is_marked(channel, row->dev))
		return 0;
	r = remember(channel, row->dev);
	return r < 0 ? error_oom(err) : 1;
}

/* ---- our mounts ---- */

static bool is_used(const struct gate *gate, const struct mount_table *table)
{
	for (unsigned i = 0; i < gate->worker_count; i++)
		if (atomic_load(&gate->workers[i].mounts) == table)
			return true;
	return false;
}

/* Frees the old ones that no thread uses any more; the others wait for the next time. */
static void drop_old_mounts(struct gate *gate)
{
	const struct mount_table *current = atomic_load(&gate->mounts);
	struct mount_table **at = &gate->all_mounts;

	while (*at) {
		struct mount_table *table = *at;

		if (table == current || is_used(gate, table)) {
			at = &table->next;
			continue;
		}
		*at = table->next;
		mount_table_free(table);
	}
}

void gate_free_mounts(struct gate *gate)
{
	while (gate->all_mounts) {
		struct mount_table *table = gate->all_mounts;

		gate->all_mounts = table->next;
		mount_table_free(table);
	}
}

static int read_mounts(struct gate *gate, const struct mount_table **ret_table, struct error *err)
{
	struct mount_table *table;
	char *text;
	int r = file_read_at(gate->host->proc_fd, "self/mountinfo", MOUNTINFO_LIMIT, &text, NULL);

	if (r < 0)
		return error_set_errno(err, r, "cannot read %s/self/mountinfo",
				       gate->host->proc_path);
	if (mount_table_new(text, &table) < 0)
		return error_oom(err);
	table->next = gate->all_mounts;
	gate->all_mounts = table;
	atomic_store(&gate->mounts, table);
	drop_old_mounts(gate);
	*ret_table = table;
	return 0;
}

/*
 * Every mount point is marked again each time: a mark is cheap, an equal one changes nothing, and
 * neither a device number used again nor a mount hidden below another can deceive us.
 */
int gate_mark_mounts(struct gate *gate, struct error *err)
{
	const struct mount_table *table = NULL;
	int r, before, now = 0;

	r = read_mounts(gate, &table, err);
	if (r < 0)
		return r;
	before = (int)(gate_marked(gate, GATE_EXEC) + gate_marked(gate, GATE_EXEC_REMOTE));
	gate->channels[GATE_EXEC].marked_count = 0;
	gate->channels[GATE_EXEC_REMOTE].marked_count = 0;
	for (size_t i = 0; i < table->count; i++) {
		r = mark_filesystem(gate, &table->rows[i], err);
		if (r < 0)
			return r;
		now += r;
	}
	return MAX(now - before, 0);
}

static int watch_open_path(const struct channel *channel, const char *path)
{
	return fanotify_mark(channel->fd, FAN_MARK_ADD, FAN_OPEN_PERM | FAN_EVENT_ON_CHILD,
			     AT_FDCWD, path) < 0
		       ? -errno
		       : 0;
}

void gate_forget_all(struct gate *gate)
{
	const struct channel *open_channel = &gate->channels[GATE_OPEN];

	atomic_fetch_add(&gate->epoch, 1);
	/* A flush takes all marks on inodes and leaves those on file systems. */
	for (int kind = 0; kind < GATE_CHANNELS; kind++)
		if (gate->channels[kind].fd >= 0)
			(void)fanotify_mark(gate->channels[kind].fd, FAN_MARK_FLUSH, 0, AT_FDCWD,
					    NULL);
	/* What GATE_OPEN watches is inodes too. Some microseconds pass; the names' change that
	 * brought us here was noticed later than that anyway. */
	for (size_t i = 0; i < open_channel->watched_count; i++)
		(void)watch_open_path(open_channel, open_channel->watched[i]);
	atomic_store(&gate->pinned_marks, 0);
}

void gate_free_watched(struct channel *channel)
{
	for (size_t i = 0; i < channel->watched_count; i++)
		free(channel->watched[i]);
	free(channel->watched);
	channel->watched = NULL;
	channel->watched_count = 0;
}

int gate_watch_open(struct gate *gate, const char *const *paths, size_t path_count,
		    struct error *err)
{
	struct channel *channel = &gate->channels[GATE_OPEN];
	int r;

	if (path_count == 0 && channel->watched_count == 0)
		return 0;
	r = gate_open_channel(gate, GATE_OPEN, err);
	if (r < 0)
		return r;
	/* New marks first, so that nothing named by both is unwatched in between: a flush would
	 * take them too, so what is no longer named is taken away one by one. */
	for (size_t i = 0; i < channel->watched_count; i++) {
		bool stays = false;

		for (size_t j = 0; j < path_count && !stays; j++)
			stays = streq(paths[j], channel->watched[i]);
		if (!stays)
			(void)fanotify_mark(channel->fd, FAN_MARK_REMOVE,
					    FAN_OPEN_PERM | FAN_EVENT_ON_CHILD, AT_FDCWD,
					    channel->watched[i]);
	}
	gate_free_watched(channel);
	channel->watched = calloc(path_count + 1, sizeof(*channel->watched));
	if (!channel->watched)
		return error_oom(err);
	for (size_t i = 0; i < path_count; i++) {
		r = watch_open_path(channel, paths[i]);
		if (r < 0) {
			if (r != -ENOENT && r != -ENOTDIR)
				gate_count(&gate->counters.mark_errors);
			continue;
		}
		channel->watched[channel->watched_count] = strdup(paths[i]);
		if (!channel->watched[channel->watched_count++])
			return error_oom(err);
	}
	return (int)channel->watched_count;
}
