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

bool gate_is_shunned(const struct gate *gate, dev_t dev)
{
	for (size_t i = 0; i < gate->shunned_count; i++)
		if (gate->shunned[i] == dev)
			return true;
	return false;
}

/*
 * Where a server decides who may read what, the kernel may not be able to open a program for us
 * that its user may execute (root_squash), and then refuses the execution. So such a file system is
 * watched only for the sake of rules that could name something on it.
 */
static bool is_wanted(const struct gate *gate, const struct mount_row *row)
{
	if (row->class != FILESYSTEM_REMOTE)
		return row->class == FILESYSTEM_LOCAL;
	return !gate_is_shunned(gate, row->dev) && gate->options.reaches &&
	       gate->options.reaches(row->mount_point, row->dev, gate->options.userdata);
}

static int mark_filesystem(struct gate *gate, const struct mount_row *row, struct error *err)
{
	enum gate_channel_kind kind =
		row->class == FILESYSTEM_REMOTE ? GATE_EXEC_REMOTE : GATE_EXEC;
	struct channel *channel = &gate->channels[kind];
	int r;

	if (!is_wanted(gate, row))
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

/* ---- network and FUSE file systems ---- */

/* No name is looked up for this: it cannot wait for a server. */
static void unmark_remote(struct gate *gate)
{
	struct channel *channel = &gate->channels[GATE_EXEC_REMOTE];

	if (channel->fd >= 0)
		(void)fanotify_mark(channel->fd, FAN_MARK_FLUSH | FAN_MARK_FILESYSTEM, 0, AT_FDCWD,
				    NULL);
	channel->marked_count = 0;
}

static bool is_any_unwanted(const struct gate *gate, const struct mount_table *table)
{
	const struct channel *channel = &gate->channels[GATE_EXEC_REMOTE];

	for (size_t i = 0; i < channel->marked_count; i++) {
		bool wanted = false;

		for (size_t j = 0; j < table->count && !wanted; j++)
			wanted = table->rows[j].dev == channel->marked[i] &&
				 is_wanted(gate, &table->rows[j]);
		if (!wanted)
			return true;
	}
	return false;
}

int gate_mark_remote(struct gate *gate, struct error *err)
{
	/* Only this thread changes it. */
	const struct mount_table *table = atomic_load(&gate->mounts);
	int r = 0;

	if (is_any_unwanted(gate, table))
		unmark_remote(gate);
	for (size_t i = 0; i < table->count && r >= 0; i++)
		if (table->rows[i].class == FILESYSTEM_REMOTE)
			r = mark_filesystem(gate, &table->rows[i], err);
	return MIN(r, 0);
}

static bool has_watched(const struct gate *gate, const struct mount_table *table,
			const struct mount_row *row)
{
	for (size_t i = 0; i < gate->watched_count; i++)
		if (mount_table_of_path(table, gate->watched[i].path) == row)
			return true;
	return false;
}

unsigned gate_shun(struct gate *gate, void (*tell)(const char *mount_point, void *userdata),
		   void *userdata)
{
	const struct mount_table *table = atomic_load(&gate->mounts);
	unsigned refused = atomic_exchange(&gate->refused, 0), count = 0;

	for (size_t i = 0; i < table->count; i++) {
		const struct mount_row *row = &table->rows[i];
		const struct channel *remote = &gate->channels[GATE_EXEC_REMOTE];
		dev_t *larger;

		if (row->class != FILESYSTEM_REMOTE || gate_is_shunned(gate, row->dev) ||
		    !((refused & 1U << GATE_EXEC_REMOTE && is_marked(remote, row->dev)) ||
		      (refused & 1U << GATE_OPEN && has_watched(gate, table, row))))
			continue;
		larger = reallocarray(gate->shunned, gate->shunned_count + 1, sizeof(*larger));
		if (!larger)
			break;
		gate->shunned = larger;
		gate->shunned[gate->shunned_count++] = row->dev;
		tell(row->mount_point, userdata);
		count++;
	}
	if (refused & 1U << GATE_EXEC_REMOTE)
		unmark_remote(gate);
	/* The flush that takes ignore marks takes these, too. */
	if (refused & 1U << GATE_OPEN)
		atomic_store(&gate->open_forgotten, true);
	return count;
}

void gate_forgive(struct gate *gate)
{
	gate->shunned_count = 0;
}

/* ---- our mounts ---- */

static bool is_used(const struct gate *gate, const struct mount_table *table)
{
	for (unsigned i = 0; i < gate->worker_count; i++)
		if (atomic_load(&gate->workers[i].mounts) == table)
			return true;
	return false;
}

/* What is unmounted is forgotten: its device number may be given to another file system. */
static void drop_shunned(struct gate *gate, const struct mount_table *table)
{
	size_t kept = 0;

	for (size_t i = 0; i < gate->shunned_count; i++)
		for (size_t j = 0; j < table->count; j++)
			if (table->rows[j].dev == gate->shunned[i]) {
				gate->shunned[kept++] = gate->shunned[i];
				break;
			}
	gate->shunned_count = kept;
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

int gate_read_mounts(struct gate *gate, struct error *err)
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
	drop_shunned(gate, table);
	return 0;
}

/*
 * Every mount point is marked again each time: a mark is cheap, an equal one changes nothing, and
 * neither a device number used again nor a mount hidden below another can deceive us.
 */
int gate_mark_mounts(struct gate *gate, struct error *err)
{
	const struct mount_table *table;
	int r, before, now = 0;

	r = gate_read_mounts(gate, err);
	if (r < 0)
		return r;
	table = atomic_load(&gate->mounts);
	if (is_any_unwanted(gate, table))
		unmark_remote(gate);
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
