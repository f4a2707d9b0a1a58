// SPDX-License-Identifier: MIT
/*
 * Files that are not asked about again: an ignore mark each.
 *
 * A rename does not drop such a mark. Where rules have paths, whoever watches their names
 * (core/resolve-watch.c) has gate_forget_all() called. Where a rule has a program's name alone,
 * that may appear in any folder: then the file itself is watched by a second group, which is told
 * when it is renamed (FAN_MOVE_SELF) or linked (FAN_ATTRIB, for the number of its links changes).
 * Neither says who did it, and what was executed before the loop has read it was not asked about:
 * some hundred microseconds, as with names in folders. A copy is another file.
 */
#include "source/gate-internal.h"

#include "util/fd.h"

#include <fcntl.h>
#include <sys/fanotify.h>
#include <sys/stat.h>

/* In <linux/fanotify.h> since 5.19; Debian 12's libc header has not got it. */
enum {
	MARKS_PINNED_MAX = 65536, /* ignore marks where they cannot be evicted (before 5.19) */
};

/*
 * A file whose inode changed less than this ago gets no ignore mark yet: it may be about to get
 * the name that a rule waits for (a package upgrade: write, link, rename), and the watch on names
 * is a few hundred microseconds behind.
 */
static const int64_t settle_ns = INT64_C(2000000000);

static const uint64_t name_events = FAN_MOVE_SELF | FAN_ATTRIB;

static bool has_settled(const struct gate_event *event)
{
	int64_t age = (int64_t)clock_realtime() - event->changed_ns;

	/* A time in the future (a wrong clock) must not keep a file out for ever. */
	return age > settle_ns || age < -settle_ns;
}

int gate_names_open(void)
{
	return fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID | FAN_CLOEXEC | FAN_NONBLOCK |
				     FAN_UNLIMITED_MARKS,
			     O_RDONLY | O_CLOEXEC);
}

/* From now on another name is told; and none was given to it since the event. A server may rename
 * what is its own without a word. */
static bool watch_name(struct gate *gate, const struct gate_event *event)
{
	unsigned flags = FAN_MARK_ADD | (gate->evictable ? FAN_MARK_EVICTABLE : 0);
	struct stat st;

	if (gate->names_fd < 0 || event->channel != GATE_EXEC ||
	    fanotify_mark(gate->names_fd, flags, name_events, event->fd, NULL) < 0)
		return false;
	return fstat(event->fd, &st) == 0 &&
	       st.st_ctim.tv_sec * INT64_C(1000000000) + st.st_ctim.tv_nsec == event->changed_ns;
}

void gate_forget(struct gate *gate, const struct gate_event *event, uint32_t epoch, bool by_name)
{
	int fd = gate->channels[event->channel].fd;
	unsigned flags = FAN_MARK_ADD | FAN_MARK_IGNORED_MASK;
	uint64_t mask = FAN_OPEN_EXEC_PERM;

	if (!has_settled(event))
		return;
	if (event->channel == GATE_OPEN) {
		/* What is open()ed is often written too: that says nothing about its name. */
		flags |= FAN_MARK_IGNORED_SURV_MODIFY;
		mask = FAN_OPEN_PERM | FAN_ACCESS_PERM;
		atomic_store(&gate->open_forgotten, true);
	}
	if (gate->evictable)
		flags |= FAN_MARK_EVICTABLE;
	else if (atomic_fetch_add(&gate->pinned_marks, 1) > MARKS_PINNED_MAX)
		return; /* each holds its inode in memory: stay bounded and ask again */
	if (by_name && !watch_name(gate, event))
		return;
	if (fanotify_mark(fd, flags, mask, event->fd, NULL) < 0) {
		gate_count(&gate->counters.mark_errors);
		return;
	}
	gate_count(&gate->counters.forgotten);
	if (atomic_load(&gate->epoch) != epoch)
		(void)fanotify_mark(fd, FAN_MARK_REMOVE | FAN_MARK_IGNORED_MASK, mask, event->fd,
				    NULL);
}

void gate_forget_all(struct gate *gate)
{
	atomic_fetch_add(&gate->epoch, 1);
	gate_count(&gate->counters.dropped);
	/* A flush takes all marks on inodes and leaves those on file systems. */
	for (int kind = 0; kind < GATE_CHANNELS; kind++)
		if (kind != GATE_OPEN && gate->channels[kind].fd >= 0)
			(void)fanotify_mark(gate->channels[kind].fd, FAN_MARK_FLUSH, 0, AT_FDCWD,
					    NULL);
	gate_renew_open(gate);
	if (gate->names_fd >= 0)
		(void)fanotify_mark(gate->names_fd, FAN_MARK_FLUSH, 0, AT_FDCWD, NULL);
	atomic_store(&gate->pinned_marks, 0);
}

int gate_names_fd(const struct gate *gate)
{
	return gate->names_fd;
}

void gate_take_names(struct gate *gate)
{
	char events[4096];
	bool any = false;

	/* A full queue says so in it, which is as good a reason. */
	while (read(gate->names_fd, events, sizeof(events)) > 0)
		any = true;
	if (!any)
		return;
	gate_count(&gate->counters.renamed);
	gate_forget_all(gate);
}
