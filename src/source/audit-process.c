// SPDX-License-Identifier: MIT
/*
 * Three questions decide what may be taken over from /proc:
 *
 *  - Is it the process? A start after the event means that its id was used again.
 *  - Is it in the same program? The path that the kernel wrote into the record is the one that
 *    /proc shows, from the process's root.
 *  - Where is its root? A path of the record is the host's only if the process has the host's root
 *    in the host's mount namespace, or if the host's file of that name is the file of the record.
 *
 * When the process is gone only the last one is left, and answered by the file's inode.
 */
#include "source/audit-process.h"

#include "source/host-file.h"
#include "source/process-reader.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

/*
 * The record's time is on the coarse clock (up to 10 ms late where HZ is 100) and cut to 1 ms, and
 * /proc cuts the start to 10 ms.
 */
static const uint64_t clock_slack_ns = UINT64_C(25000000);

struct audit_process {
	const struct host *host;
	struct process_reader *reader;
	ino_t mount_namespace; /* ours; 0: unknown */
};

static const char deleted[] = " (deleted)";

int audit_process_new(const struct host *host, const char *const *environment, size_t count,
		      struct audit_process **ret_process, struct error *err)
{
	_cleanup_(audit_process_freep) struct audit_process *process = calloc(1, sizeof(*process));
	struct stat st;
	int r;

	if (!process)
		return error_oom(err);
	process->host = host;
	r = process_reader_new(host, environment, count, &process->reader, err);
	if (r < 0)
		return r;
	if (fstatat(host->proc_fd, "self/ns/mnt", &st, 0) == 0)
		process->mount_namespace = st.st_ino;
	*ret_process = TAKE_PTR(process);
	return 0;
}

void audit_process_free(struct audit_process *process)
{
	if (!process)
		return;
	process_reader_free(process->reader);
	free(process);
}

void audit_process_refresh(struct audit_process *process)
{
	process_reader_refresh(process->reader);
}

/* ---- taking over ---- */

/* What belongs to the process, whatever program it runs. */
static const uint8_t process_fields[] = { FIELD_START, FIELD_NS_PID, FIELD_TTY };

/* The same, but one that is just ending shows other groups than it had (cgroup v1: the root's). Its
 * memory goes before its groups do. */
static const uint8_t living_fields[] = {
	FIELD_CGROUP, FIELD_CGROUP_ID, FIELD_CGROUP_V1, FIELD_MNT_NS,
	FIELD_PID_NS, FIELD_NET_NS,    FIELD_USER_NS,	FIELD_UTS_NS,
	FIELD_IPC_NS, FIELD_CGROUP_NS, FIELD_TIME_NS,
};

/* And to the program. */
static const uint8_t program_fields[] = {
	FIELD_EXE, FIELD_INODE, FIELD_DEV, FIELD_NLINK, FIELD_MODE,
};

static void take_all(struct event *to, const struct event *from, const uint8_t *fields,
		     size_t count)
{
	for (size_t i = 0; i < count; i++)
		event_take(to, from, fields[i]);
}

/* Unique among the executions of one process: its time, and of several within the record's
 * millisecond the serial number. */
static void set_exec_id(const struct audit_process *process, const struct audit_group *group,
			struct event *event, const struct event *seen)
{
	struct process_id id = { .boot = process_reader_boot(process->reader),
				 .pid = event->pid,
				 .start = seen->exec_id.start };

	if (!event_knows(seen, FIELD_EXEC_ID) || !event_knows(event, FIELD_BOOTTIME))
		return;
	id.exec = event->boottime / 1000 + group->stamp.serial % 1000;
	event_set(event, EXEC_ID, exec_id, id);
}

/* ---- the questions ---- */

static bool is_same_process(const struct event *event, const struct event *seen)
{
	return event_knows(seen, FIELD_START) && event_knows(event, FIELD_BOOTTIME) &&
	       seen->start <= event->boottime + clock_slack_ns;
}

static bool is_same_program(const struct audit_event *made, const struct event *seen)
{
	struct slice said = made->event.exe_in_root;

	if (!event_knows(&made->event, FIELD_EXE_IN_ROOT) || !event_knows(seen, FIELD_EXE_IN_ROOT))
		return false;
	/* Whoever asked the file system knows whether the suffix is part of the name. */
	if (made->maybe_deleted && seen->flags & FLAG_DELETED)
		said.size -= strlen(deleted);
	if (!slice_eq(said, seen->exe_in_root))
		return false;
	/* The same name may be another file by now. */
	return !event_knows(&made->event, FIELD_INODE) || !event_knows(seen, FIELD_INODE) ||
	       made->event.dev != seen->dev || made->event.inode == seen->inode;
}

static bool has_host_root(const struct audit_process *process, const struct event *seen)
{
	char name[32], root[4];
	ssize_t n;

	if (!event_knows(seen, FIELD_MNT_NS) || seen->mnt_ns != process->mount_namespace)
		return false;
	snprintf(name, sizeof(name), "%u/root", seen->pid);
	n = readlinkat(process->host->proc_fd, name, root, sizeof(root));
	return n == 1 && root[0] == '/';
}

/* ---- paths ---- */

static void take_program(struct audit_event *made, const struct event *seen)
{
	struct event *event = &made->event;

	take_all(event, seen, program_fields, ARRAY_SIZE(program_fields));
	event_flag(event, seen->flags & (FLAG_MEMFD | FLAG_DELETED | FLAG_UPPER | FLAG_FOREIGN |
					 FLAG_PATH_CUT));
	if (made->maybe_deleted && seen->flags & FLAG_DELETED)
		event->exe_in_root.size -= strlen(deleted);
	made->maybe_deleted = false;
	if (event->type != EVENT_EXEC)
		return;
	event_take(event, seen, FIELD_ENV);
	if (event_knows(event, FIELD_ENV))
		event_flag(event, seen->flags & FLAG_ENV_CUT);
}

/* Without the process: is the host's file of that name the one of the record? */
static void find_program(const struct audit_process *process, const struct audit_group *group,
			 struct audit_event *made)
{
	struct event *event = &made->event;
	const struct audit_item *item;

	if (event->type != EVENT_EXEC || made->program < 0 || event->flags & FLAG_MEMFD)
		return;
	item = &group->items[made->program];
	if (item->exists && event_knows(event, FIELD_EXE_IN_ROOT) &&
	    host_file_is(process->host, event->exe_in_root, item->dev, item->inode)) {
		event_set(event, EXE, exe, event->exe_in_root);
		made->maybe_deleted = false;
	}
}

/* Nobody can be asked any more. Names that end so are rare, and files that are gone are not. */
static void judge_deleted(struct audit_event *made)
{
	if (!made->maybe_deleted)
		return;
	made->event.exe_in_root.size -= strlen(deleted);
	event_flag(&made->event, FLAG_DELETED);
}

/* Is it in the folder that is its root? */
static bool is_at_root(const struct audit_process *process, const struct event *seen)
{
	struct stat root, cwd;
	char name[32];

	snprintf(name, sizeof(name), "%u/root", seen->pid);
	if (fstatat(process->host->proc_fd, name, &root, 0) < 0)
		return false;
	snprintf(name, sizeof(name), "%u/cwd", seen->pid);
	return fstatat(process->host->proc_fd, name, &cwd, 0) == 0 && root.st_ino == cwd.st_ino &&
	       root.st_dev == cwd.st_dev;
}

/* In a chroot or container: is it still in that folder of it? */
static bool is_still_there(const struct audit_process *process, struct slice cwd,
			   const struct event *seen)
{
	if (cwd.size == 1)
		return is_at_root(process, seen);
	return seen->cwd.size > cwd.size &&
	       slice_eq(cwd,
			(struct slice){ seen->cwd.data + seen->cwd.size - cwd.size, cwd.size });
}

static void set_cwd(const struct audit_process *process, const struct audit_group *group,
		    struct event *event, const struct event *seen)
{
	const struct audit_item *asked = &group->items[0];

	if (group->cwd.size == 0)
		return;
	if (seen && event_knows(seen, FIELD_CWD) && slice_eq(seen->cwd, group->cwd)) {
		event_set(event, CWD, cwd, group->cwd);
	} else if (seen && has_host_root(process, seen)) {
		/* It has changed its folder since. */
		event_set(event, CWD, cwd, group->cwd);
	} else if (seen && event_knows(seen, FIELD_CWD) &&
		   is_still_there(process, group->cwd, seen)) {
		event_set(event, CWD, cwd, seen->cwd);
	} else if (event->type == EVENT_EXEC && asked->exists && asked->name.size > 0 &&
		   asked->name.data[0] != '/' &&
		   host_file_is_in(process->host, group->cwd, asked->name, asked->dev,
				   asked->inode)) {
		/* The relative name leads from there to the file: it is that folder. */
		event_set(event, CWD, cwd, group->cwd);
	}
}

void audit_process_add(struct audit_process *process, const struct audit_group *group,
		       struct audit_event *made)
{
	struct event *event = &made->event;
	struct event seen;
	bool lives;
	int r;

	event_init(&seen, EVENT_RUNNING, SOURCE_PROCFS);
	seen.flags = 0;
	r = process_reader_read(process->reader, (pid_t)event->pid, false, &seen);
	lives = r >= 0 && is_same_process(event, &seen);
	if (lives) {
		take_all(event, &seen, process_fields, ARRAY_SIZE(process_fields));
		if (event->type == EVENT_EXEC)
			set_exec_id(process, group, event, &seen);
	}
	lives = lives && r == 0 && event_knows(&seen, FIELD_EXE);
	if (lives)
		take_all(event, &seen, living_fields, ARRAY_SIZE(living_fields));
	if (lives && is_same_program(made, &seen))
		take_program(made, &seen);
	else
		find_program(process, group, made);
	judge_deleted(made);
	set_cwd(process, group, event, lives ? &seen : NULL);
}
