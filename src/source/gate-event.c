// SPDX-License-Identifier: MIT
/*
 * What was read while the process waited is of the program before: user ids may change with a
 * set-user-id program, so these are left to the look at /proc afterwards. That look counts only if
 * it is the same process, by its start, and for the program's own fields the same file.
 */
#include "source/gate-event.h"

#include "source/process-reader.h"

#include <fcntl.h>
#include <sys/stat.h>

struct gate_translator {
	const struct host *host;
	struct process_reader *reader;
	uint32_t mount_namespace; /* ours; 0: unknown */
	char groups[8192];
};

int gate_translator_new(const struct host *host, const char *const *environment, size_t count,
			struct gate_translator **ret_translator, struct error *err)
{
	_cleanup_(gate_translator_freep) struct gate_translator *translator =
		calloc(1, sizeof(*translator));
	struct stat st;
	int r;

	if (!translator)
		return error_oom(err);
	translator->host = host;
	r = process_reader_new(host, environment, count, &translator->reader, err);
	if (r < 0)
		return r;
	if (fstatat(host->proc_fd, "self/ns/mnt", &st, 0) == 0)
		translator->mount_namespace = (uint32_t)st.st_ino;
	*ret_translator = TAKE_PTR(translator);
	return 0;
}

void gate_translator_free(struct gate_translator *translator)
{
	if (!translator)
		return;
	process_reader_free(translator->reader);
	free(translator);
}

void gate_translator_refresh(struct gate_translator *translator)
{
	process_reader_refresh(translator->reader);
}

/* ---- what was written down ---- */

/* From the process's own root. False: that is in another mount namespace, and not known. */
static bool path_in_root(const struct gate_translator *translator, const struct gate_record *first,
			 struct slice path, struct slice *ret_path)
{
	struct slice root = gate_record_text(first, GATE_TEXT_ROOT);

	if (root.size == 0 || first->mnt_ns == 0 || first->mnt_ns != translator->mount_namespace)
		return false;
	if (root.size > 1 && path.size > root.size && path.data[root.size] == '/' &&
	    memcmp(path.data, root.data, root.size) == 0) {
		path.data += root.size;
		path.size -= root.size;
	}
	*ret_path = path;
	return true;
}

static void set_file(const struct gate_translator *translator, const struct gate_record *first,
		     const struct gate_record *program, struct event *event)
{
	struct slice path = gate_record_text(program, GATE_TEXT_PATH), in_root;

	event_set(event, INODE, inode, program->inode);
	event_set(event, DEV, dev, program->dev);
	event_set(event, NLINK, nlink, program->nlink);
	event_set(event, MODE, mode, program->mode);
	if (program->nlink == 0)
		event_flag(event, FLAG_DELETED);
	/* A path of a mount that is not the host's is from nobody's root. */
	if (path.size == 0 || program->foreign)
		return;
	event_set(event, EXE, exe, path);
	if (path_in_root(translator, first, path, &in_root))
		event_set(event, EXE_IN_ROOT, exe_in_root, in_root);
}

static void set_stat(const struct gate_translator *translator, const struct gate_record *first,
		     struct event *event)
{
	if (!first->has_stat)
		return;
	event_set(event, PPID, ppid, first->ppid);
	event_set(event, TTY, tty, first->tty);
	event_set(event, START, start, first->start * (UINT64_C(1000000000) / PROC_STAT_USER_HZ));
	if (event->type != EVENT_EXEC)
		return;
	event_set(event, EXEC_ID, exec_id,
		  (struct process_id){
			  .boot = process_reader_boot(translator->reader),
			  .pid = first->pid,
			  .start = first->start,
			  .exec = first->boottime / 1000,
		  });
}

static void set_ids(const struct gate_record *first, const struct gate_record *program,
		    struct event *event)
{
	const struct proc_status status = first->status;

	if (status.known & PROC_STATUS_UID) {
		event_set(event, UID, uid, status.uid);
		if (event->type != EVENT_EXEC || !(program->mode & S_ISUID)) {
			event_set(event, EUID, euid, status.euid);
			/* An execution makes the effective ids the saved ones. */
			event_set(event, SUID, suid,
				  event->type == EVENT_EXEC ? status.euid : status.suid);
		}
	}
	if (status.known & PROC_STATUS_GID) {
		event_set(event, GID, gid, status.gid);
		if (event->type != EVENT_EXEC || !(program->mode & S_ISGID)) {
			event_set(event, EGID, egid, status.egid);
			event_set(event, SGID, sgid,
				  event->type == EVENT_EXEC ? status.egid : status.sgid);
		}
	}
	if (status.known & PROC_STATUS_NS_PID)
		event_set(event, NS_PID, ns_pid, status.ns_pid);
}

static void set_groups(struct gate_translator *translator, const struct gate_record *first,
		       struct event *event)
{
	struct slice text = gate_record_text(first, GATE_TEXT_CGROUP), v2;
	size_t size;

	/* One that is longer than was read has lost a group. */
	if (text.size == 0 || text.data[text.size - 1] != '\n' ||
	    text.size >= sizeof(translator->groups))
		return;
	size = proc_cgroup_parse(text, &v2, translator->groups);
	event_set(event, CGROUP_V1, cgroup_v1, (struct slice){ translator->groups, size });
	if (v2.data)
		event_set(event, CGROUP, cgroup, v2);
}

static void set_process(struct gate_translator *translator, const struct gate_record *first,
			const struct gate_record *program, struct event *event)
{
	struct slice cwd = gate_record_text(first, GATE_TEXT_CWD);

	event_set(event, PID, pid, first->pid);
	if (event->type == EVENT_EXEC)
		event_set(event, TID, tid, first->pid);
	set_stat(translator, first, event);
	set_ids(first, program, event);
	set_groups(translator, first, event);
	if (first->mnt_ns)
		event_set(event, MNT_NS, mnt_ns, first->mnt_ns);
	if (cwd.size > 0 && first->mnt_ns && first->mnt_ns == translator->mount_namespace)
		event_set(event, CWD, cwd, cwd);
}

/* ---- what can be asked afterwards ---- */

static const uint8_t process_fields[] = {
	FIELD_PPID,	FIELD_NS_PID,  FIELD_START,	FIELD_TTY,
	FIELD_LOGINUID, FIELD_SESSION, FIELD_MNT_NS,	FIELD_PID_NS,
	FIELD_NET_NS,	FIELD_USER_NS, FIELD_UTS_NS,	FIELD_IPC_NS,
	FIELD_TIME_NS,	FIELD_CGROUP,  FIELD_CGROUP_V1, FIELD_CGROUP_NS,
};

static const uint8_t program_fields[] = {
	FIELD_EXE, FIELD_EXE_IN_ROOT, FIELD_INODE, FIELD_DEV,  FIELD_NLINK, FIELD_MODE, FIELD_ARGV,
	FIELD_ENV, FIELD_COMM,	      FIELD_CWD,   FIELD_EUID, FIELD_SUID,  FIELD_EGID, FIELD_SGID,
};

static bool is_same_process(const struct event *event, const struct event *seen)
{
	return !event_knows(event, FIELD_START) ||
	       (event_knows(seen, FIELD_START) && seen->start == event->start);
}

/* The groups are those of then only if the process has not been moved since. */
static void take_group_id(const struct event *seen, struct event *event)
{
	if (event_knows(event, FIELD_CGROUP) && event_knows(seen, FIELD_CGROUP) &&
	    slice_eq(event->cgroup, seen->cgroup))
		event_take(event, seen, FIELD_CGROUP_ID);
}

/*
 * Does it run that file now? On an overlay the gate is asked about the file below, which
 * has another inode and a path of no mount of ours: then its name has to do, and what /proc
 * says counts.
 */
static bool is_same_program(const struct gate_record *program, const struct event *seen)
{
	struct slice path = gate_record_text(program, GATE_TEXT_PATH), name = path;
	const char *slash = path.size ? memrchr(path.data, '/', path.size) : NULL;

	if (event_knows(seen, FIELD_INODE) && seen->inode == program->inode &&
	    seen->dev == program->dev)
		return true;
	if (!program->foreign || !slash)
		return false;
	name.size -= (size_t)(slash - path.data);
	name.data = slash;
	return seen->exe.size >= name.size &&
	       slice_eq(name,
			(struct slice){ seen->exe.data + seen->exe.size - name.size, name.size });
}

static void take_program(const struct gate_record *program, const struct event *seen,
			 struct event *event)
{
	if (program->foreign) {
		event_forget(event, FIELD_INODE);
		event_forget(event, FIELD_DEV);
		event_forget(event, FIELD_NLINK);
		event_forget(event, FIELD_MODE);
		event_flag(event, seen->flags & FLAG_FOREIGN);
	}
	for (size_t i = 0; i < ARRAY_SIZE(program_fields); i++)
		event_take(event, seen, program_fields[i]);
	event_flag(event, seen->flags & (FLAG_ARGV_CUT | FLAG_ENV_CUT | FLAG_DELETED | FLAG_UPPER));
}

static bool ask_process(struct gate_translator *translator, const struct gate_record *program,
			struct event *event)
{
	struct event seen;

	event_init(&seen, EVENT_RUNNING, SOURCE_PROCFS);
	if (process_reader_read(translator->reader, (pid_t)event->pid, false, &seen) != 0 ||
	    !is_same_process(event, &seen) || !event_knows(&seen, FIELD_EXE))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(process_fields); i++)
		event_take(event, &seen, process_fields[i]);
	take_group_id(&seen, event);
	if (event->type == EVENT_EXEC && is_same_program(program, &seen))
		take_program(program, &seen, event);
	return true;
}

/* The file's bit took effect: the process has the owner's id now. */
static void judge_set_id(const struct gate_record *program, struct event *event)
{
	bool user = program->mode & S_ISUID && event_knows(event, FIELD_EUID) &&
		    event->euid == program->owner && event->uid != event->euid;
	bool group = program->mode & S_ISGID && event_knows(event, FIELD_EGID) &&
		     event->egid == program->group && event->gid != event->egid;

	if (user || group)
		event_flag(event, FLAG_SETUID);
}

bool gate_event_make(struct gate_translator *translator, enum event_type type,
		     const struct gate_record *first, const struct gate_record *through,
		     const struct gate_record *program, struct event *event)
{
	bool asked;

	event_init(event, type, SOURCE_GATE);
	event_flag(event, 0);
	event_set(event, BOOTTIME, boottime, first->boottime);
	event_set(event, TIME, time, first->boottime + clock_realtime() - clock_boottime());
	set_process(translator, first, program, event);
	if (type != EVENT_EXEC) {
		/* The gate sees the file, not the words by which it was asked for. */
		event_set(event, FILENAME, filename, gate_record_text(first, GATE_TEXT_PATH));
		return ask_process(translator, program, event);
	}
	set_file(translator, first, program, event);
	if (program != first)
		event_set(event, SCRIPT, script, gate_record_text(first, GATE_TEXT_PATH));
	if (through != program && through->sizes[GATE_TEXT_INTERPRETER] > 0)
		event_set(event, INTERPRETER, interpreter,
			  gate_record_text(through, GATE_TEXT_INTERPRETER));
	asked = ask_process(translator, program, event);
	judge_set_id(program, event);
	return asked;
}
