// SPDX-License-Identifier: MIT
/*
 * What must be told of a run: made of the form's row and of what its processes noted of themselves
 * just before they executed, never of /proc afterwards, which is what some sources read.
 *
 * Times are bounded by when the runner made its steps. The kernel's coarse clock is late by up to a
 * tick, and /proc counts in ticks, so both ends are given some slack.
 */
#include "core/corpus-internal.h"

#include <grp.h>
#include <pwd.h>
#include <sys/sysmacros.h>

#define SECOND	   UINT64_C(1000000000)
#define SLACK	   UINT64_C(25000000)
#define MEMORY_MAX (UINT64_C(1) << 32)

/* A number with both ends of its range. */
#define set_range(record, SYMBOL, member, low, high)              \
	do {                                                      \
		event_set(&(record)->want, SYMBOL, member, low);  \
		event_set(&(record)->also, SYMBOL, member, high); \
	} while (0)

static struct slice slice_copy(const struct corpus_run *run, struct slice from)
{
	return (struct slice){ arena_copy(run->arena, from.data ? from.data : "", from.size),
			       from.size };
}

/* ---- who ---- */

static void want_names(struct corpus_run *run, struct corpus_record *record, uid_t uid, gid_t gid)
{
	const struct passwd *user = getpwuid(uid);
	const struct group *group = getgrgid(gid);

	if (user)
		event_set(&record->want, USER, user, slice_copy(run, slice_of(user->pw_name)));
	else
		corpus_empty(record, FIELD_USER);
	if (group)
		event_set(&record->want, GROUP, group, slice_copy(run, slice_of(group->gr_name)));
	else
		corpus_empty(record, FIELD_GROUP);
}

static void want_user(struct corpus_run *run, struct corpus_record *record,
		      const struct corpus_truth *truth)
{
	struct event *want = &record->want;

	event_set(want, UID, uid, truth->uid);
	event_set(want, EUID, euid, truth->euid);
	event_set(want, SUID, suid, truth->suid);
	event_set(want, GID, gid, truth->gid);
	event_set(want, EGID, egid, truth->egid);
	event_set(want, SGID, sgid, truth->sgid);
	want_names(run, record, truth->uid, truth->gid);
	if (!truth->logged)
		return;
	event_set(want, LOGINUID, loginuid, truth->loginuid);
	event_set(want, SESSION, session, truth->session);
}

/* ---- when ---- */

static void want_when(struct corpus_record *record, uint64_t from)
{
	uint64_t now = clock_boottime(), offset = clock_realtime() - now;

	set_range(record, BOOTTIME, boottime, from - MIN(from, SLACK), now + SLACK);
	set_range(record, TIME, time, from + offset - SLACK, now + offset + SLACK);
}

/* Where the start is known in ticks, the id must have just that. */
static void want_identity(struct corpus_run *run, struct corpus_record *record,
			  const struct corpus_truth *truth)
{
	struct event *want = &record->want;
	struct process_id id = { .pid = (uint32_t)truth->pid, .start = truth->start };
	uint64_t tick = SECOND / run->corpus->ticks;

	event_set(want, PID, pid, id.pid);
	event_set(want, EXEC_ID, exec_id, id);
	if (truth->start)
		set_range(record, START, start, truth->start * tick, (truth->start + 1) * tick);
	else
		set_range(record, START, start, run->before_fork - SLACK, clock_boottime());
}

static void want_parent(struct corpus_run *run, struct corpus_record *record)
{
	bool is_main = record->process == CORPUS_MAIN;
	uint32_t parent = (uint32_t)(is_main ? getpid() : run->pid);
	struct process_id id = { .pid = parent,
				 .start = is_main ? 0 : run->shared->truth[CORPUS_MAIN].start };

	event_set(&record->want, PPID, ppid, parent);
	event_set(&record->want, PARENT_ID, parent_id, id);
}

/* ---- where ---- */

/* Lines "N:CONTROLLERS:PATH" to the two forms that events have. */
static void want_groups(struct corpus_run *run, struct corpus_record *record, const char *lines)
{
	struct text v1;

	text_init(&v1);
	while (*lines) {
		const char *end = lines + strcspn(lines, "\n");
		const char *names = strchr(lines, ':');

		if (!names || names >= end)
			break;
		names++;
		if (*names == ':') {
			struct slice path = { names + 1, (size_t)(end - names - 1) };

			event_set(&record->want, CGROUP, cgroup, slice_copy(run, path));
		} else {
			text_add_bytes(&v1, names, (size_t)(end - names));
			text_add_bytes(&v1, "", 1);
		}
		lines = *end ? end + 1 : end;
	}
	if (v1.size)
		event_set(&record->want, CGROUP_V1, cgroup_v1,
			  slice_copy(run, (struct slice){ v1.data, v1.size }));
	text_done(&v1);
	if (run->corpus->contained)
		return;
	corpus_empty(record, FIELD_CONTAINER_RUNTIME);
	corpus_empty(record, FIELD_CONTAINER_ID);
	corpus_empty(record, FIELD_POD);
}

static void want_namespaces(struct corpus_record *record, const struct corpus_truth *truth)
{
	static const enum event_field fields[] = { FIELD_MNT_NS,    FIELD_PID_NS, FIELD_NET_NS,
						   FIELD_USER_NS,   FIELD_UTS_NS, FIELD_IPC_NS,
						   FIELD_CGROUP_NS, FIELD_TIME_NS };

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (!truth->namespaces[i])
			continue;
		memcpy((char *)&record->want + event_fields[fields[i]].offset,
		       &truth->namespaces[i], sizeof(uint32_t));
		event_know(&record->want, fields[i]);
	}
}

/* ---- what ---- */

static struct slice comm_of(const char *filename)
{
	const char *slash = strrchr(filename, '/');
	struct slice comm = slice_of(slash ? slash + 1 : filename);

	comm.size = MIN(comm.size, 15);
	return comm;
}

static struct slice executed_comm(const struct corpus_run *run)
{
	const struct corpus_form *form = run->form;

	return form->comm ? slice_of(form->comm) : comm_of(run->filename);
}

/*
 * What stat says of a file in an overlay is of its layer, and the device may be one made for that;
 * the kernel's own are the overlay's. Either is right.
 */
static void want_file(struct corpus_record *record, const struct stat *file, bool layered)
{
	struct event *want = &record->want;

	if (!layered) {
		event_set(want, INODE, inode, file->st_ino);
		event_set(want, DEV, dev, file->st_dev);
	}
	event_set(want, NLINK, nlink, (uint32_t)file->st_nlink);
	event_set(want, MODE, mode, file->st_mode);
}

static void want_text(struct corpus_run *run, struct corpus_record *record, enum event_field field,
		      const char *text)
{
	struct slice *member = (void *)((char *)&record->want + event_fields[field].offset);
	const char *whole = text ? corpus_at(run, text) : NULL;

	if (!whole) {
		corpus_empty(record, field);
		return;
	}
	*member = slice_of(whole);
	event_know(&record->want, field);
}

static void want_program(struct corpus_run *run, struct corpus_record *record)
{
	const struct corpus_form *form = run->form;
	struct event *want = &record->want;
	char *variable = arena_alloc(run->arena, 64);

	event_set(want, EXE, exe, slice_of(run->exe));
	event_set(want, EXE_IN_ROOT, exe_in_root, slice_of(run->in_root));
	event_set(want, FILENAME, filename, slice_of(run->filename));
	event_set(want, COMM, comm, executed_comm(run));
	event_set(want, ARGV, argv, run->told);
	event_set(want, CWD, cwd, slice_of(run->cwd));
	want_text(run, record, FIELD_SCRIPT, form->script);
	want_text(run, record, FIELD_INTERPRETER, form->interpreter);
	if (!variable)
		return;
	snprintf(variable, 64, CORPUS_VARIABLE "=%s", form->about.name);
	event_set(want, ENV, env, (struct slice){ variable, strlen(variable) + 1 });
}

/* ---- the records of a process ---- */

struct corpus_record *corpus_find(struct corpus_run *run, enum event_type type,
				  enum corpus_process process)
{
	for (size_t i = 0; i < run->record_count; i++)
		if (run->records[i].want.type == type && run->records[i].process == process)
			return &run->records[i];
	return NULL;
}

static struct corpus_record *append(struct corpus_run *run, enum event_type type,
				    enum corpus_process process)
{
	struct corpus_record *record;

	if (run->record_count == CORPUS_RECORDS)
		abort(); /* a row that no test has run */
	record = &run->records[run->record_count++];
	memset(record, 0, sizeof(*record));
	record->process = process;
	event_init(&record->want, type, SOURCE_REEVE);
	event_init(&record->also, type, SOURCE_REEVE);
	record->brief = process != CORPUS_MAIN;
	want_identity(run, record, &run->shared->truth[process]);
	want_parent(run, record);
	return record;
}

/* A child is who its parent is; MAIN may have become another since. */
static void add_fork(struct corpus_run *run, enum corpus_process process)
{
	struct corpus_record *record = append(run, EVENT_FORK, process);
	struct corpus_truth parent = { 0 };

	want_when(record, run->before_fork);
	event_set(&record->want, EXE, exe, slice_of(run->corpus->exe));
	event_set(&record->want, COMM, comm, slice_of(run->corpus->comm));
	if (process == CORPUS_OTHER)
		parent = run->shared->truth[CORPUS_MAIN];
	else if (getresuid(&parent.uid, &parent.euid, &parent.suid) < 0 ||
		 getresgid(&parent.gid, &parent.egid, &parent.sgid) < 0)
		return;
	want_user(run, record, &parent);
}

static void add_exec(struct corpus_run *run, enum corpus_process process)
{
	const struct corpus_truth *truth = &run->shared->truth[process];
	struct corpus_record *record = append(run, EVENT_EXEC, process);

	want_when(record, run->gone);
	event_set(&record->want, TID, tid, (uint32_t)truth->pid);
	event_set(&record->want, NS_PID, ns_pid, truth->ns_pid);
	want_program(run, record);
	want_user(run, record, truth);
	if (truth->noted) {
		event_set(&record->want, TTY, tty, truth->tty);
		want_groups(run, record, truth->cgroup);
		want_namespaces(record, truth);
	}
	if (truth->filed)
		want_file(record, &truth->file, truth->layered);
	event_set(&record->want, FLAGS, flags, run->form->event_flags);
	record->flags_free = run->form->flags_free;
	event_set(&record->want, CAPS_GAINED, caps_gained, 0);
	corpus_empty(record, FIELD_EXIT_CODE);
	corpus_empty(record, FIELD_SIGNAL);
	corpus_empty(record, FIELD_ERROR);
}

static void want_end(struct corpus_run *run, struct corpus_record *record, int code, int signal)
{
	uint64_t now = clock_boottime(), least = 0;

	if (record->process == CORPUS_MAIN && run->released > run->after_fork + SLACK)
		least = run->released - run->after_fork - SLACK;
	set_range(record, DURATION, duration, least, now - run->before_fork + SLACK);
	set_range(record, USER_TIME, user_time, 0, 4 * (now - run->before_fork) + SLACK);
	set_range(record, SYSTEM_TIME, system_time, 0, 4 * (now - run->before_fork) + SLACK);
	set_range(record, MAX_RSS, max_rss, 1, MEMORY_MAX);
	set_range(record, READ_BYTES, read_bytes, 0, MEMORY_MAX);
	set_range(record, WRITE_BYTES, write_bytes, 0, MEMORY_MAX);
	if (signal) {
		event_set(&record->want, SIGNAL, signal, (uint32_t)signal);
		corpus_empty(record, FIELD_EXIT_CODE);
	} else {
		event_set(&record->want, EXIT_CODE, exit_code, code);
		corpus_empty(record, FIELD_SIGNAL);
	}
	event_set(&record->want, FLAGS, flags, 0);
	record->flags_free = FLAG_DELETED | FLAG_MEMFD | FLAG_UPPER | FLAG_SETUID | FLAG_INFERRED |
			     FLAG_FOREIGN | FLAG_COMPAT | FLAG_THREAD | FLAG_ARGV_CUT |
			     FLAG_ENV_CUT | FLAG_PATH_CUT;
}

static void add_exit(struct corpus_run *run, enum corpus_process process, bool executed)
{
	const struct corpus_form *form = run->form;
	struct corpus_record *record = append(run, EVENT_EXIT, process);
	bool its = form->who == process;

	want_when(record, run->released ? run->released : run->gone);
	want_end(run, record, its ? form->exit_code : 0, its ? form->signal : 0);
	record->after_release = true;
	event_set(&record->want, EXE, exe, slice_of(executed ? run->exe : run->corpus->exe));
	event_set(&record->want, COMM, comm,
		  executed ? executed_comm(run) : slice_of(run->corpus->comm));
	event_set(&record->want, EXECS, execs, executed ? 1 : 0);
}

static void add_failed(struct corpus_run *run)
{
	struct corpus_record *record = append(run, EVENT_FAILED, CORPUS_MAIN);

	want_when(record, run->gone);
	want_user(run, record, &run->shared->truth[CORPUS_MAIN]);
	event_set(&record->want, TID, tid, (uint32_t)run->pid);
	event_set(&record->want, FILENAME, filename, slice_of(run->filename));
	event_set(&record->want, ARGV, argv, run->told);
	event_set(&record->want, CWD, cwd, slice_of(run->cwd));
	event_set(&record->want, ERROR, error, run->form->error);
	record->brief = true;
}

/* Puts the last record before the end of its process, where that was there before it. */
static struct corpus_record *put_in_order(struct corpus_run *run)
{
	size_t at = run->record_count - 1;
	struct corpus_record last = run->records[at];

	if (last.want.type == EVENT_FORK || last.want.type == EVENT_EXIT)
		return &run->records[at];
	for (size_t i = at; i-- > 0;) {
		if (run->records[i].process != last.process)
			continue;
		if (run->records[i].want.type != EVENT_EXIT)
			break;
		memmove(&run->records[i + 1], &run->records[i], (at - i) * sizeof(last));
		run->records[i] = last;
		return &run->records[i];
	}
	return &run->records[at];
}

struct corpus_record *corpus_add(struct corpus_run *run, enum event_type type,
				 enum corpus_process process)
{
	if (type == EVENT_EXEC)
		add_exec(run, process);
	else if (type == EVENT_FORK)
		add_fork(run, process);
	else if (type == EVENT_EXIT)
		add_exit(run, process, !run->form->nothing);
	else
		want_when(append(run, type, process), run->gone);
	return put_in_order(run);
}

void corpus_expect(struct corpus_run *run)
{
	const struct corpus_form *form = run->form;
	bool executes = !form->nothing && !form->error;

	run->record_count = 0;
	run->shared->truth[CORPUS_MAIN].pid = run->pid;
	add_fork(run, CORPUS_MAIN);
	if (!run->gone)
		return;
	if (form->error)
		add_failed(run);
	if (form->who == CORPUS_OTHER && run->shared->truth[CORPUS_OTHER].pid) {
		add_fork(run, CORPUS_OTHER);
		if (executes)
			add_exec(run, CORPUS_OTHER);
		add_exit(run, CORPUS_OTHER, executes);
	} else if (executes && form->who == CORPUS_MAIN) {
		add_exec(run, CORPUS_MAIN);
	}
	add_exit(run, CORPUS_MAIN, executes && form->who == CORPUS_MAIN);
	if (form->expect)
		form->expect(run);
}
