// SPDX-License-Identifier: MIT
/*
 * Decodes records. They come from our own program in the kernel, but their strings come from
 * whoever runs programs, and a size is never believed before it was compared with the record's.
 *
 * Arguments of more than WATCH_INLINE bytes come in pieces before the record they belong to; the
 * process id and the time join them. Pieces whose record was lost are dropped when their place is
 * needed.
 */
#include "source/bpf-decode.h"

#include <sys/sysmacros.h>

enum {
	JOINS = 8, /* processes whose arguments are being put together; one a processor at a time */
	JOIN_LIMIT = WATCH_ARGUMENTS,
	ROOM_EXTRA = 32768, /* mount points, working folder before a script's name */
};

/* Arguments that have come in pieces. */
struct join {
	uint32_t pid;
	uint64_t time; /* 0: free */
	struct text bytes;
};

struct bpf_decoder {
	struct bpf_decoder_options options;
	const struct event_sink *list;
	struct bpf_mounts *mounts;
	struct bpf_groups *groups;
	struct bpf_room room;
	struct join joins[JOINS];
	size_t next_join;
	uint32_t types;
	uint64_t wall_offset;
	size_t page;
};

int bpf_decoder_new(const struct bpf_decoder_options *options, struct bpf_decoder **ret_decoder,
		    struct error *err)
{
	_cleanup_(bpf_decoder_freep) struct bpf_decoder *decoder = calloc(1, sizeof(*decoder));
	int r;

	if (!decoder)
		return error_oom(err);
	decoder->options = *options;
	decoder->types = EVENT_ALL;
	decoder->page = sysconf(_SC_PAGESIZE);
	r = bpf_mounts_new(options->host, &decoder->mounts);
	if (r < 0)
		return error_set_errno(err, r, "cannot open /proc/self/mountinfo");
	r = bpf_groups_new(options->host, &decoder->groups);
	if (r < 0)
		return error_oom(err);
	*ret_decoder = TAKE_PTR(decoder);
	return 0;
}

void bpf_decoder_free(struct bpf_decoder *decoder)
{
	if (!decoder)
		return;
	for (size_t i = 0; i < JOINS; i++)
		text_done(&decoder->joins[i].bytes);
	bpf_mounts_free(decoder->mounts);
	bpf_groups_free(decoder->groups);
	bpf_room_done(&decoder->room);
	free(decoder);
}

void bpf_decoder_set_types(struct bpf_decoder *decoder, uint32_t types)
{
	decoder->types = types;
}

void bpf_decoder_set_clock(struct bpf_decoder *decoder, uint64_t wall_offset)
{
	decoder->wall_offset = wall_offset;
}

void bpf_decoder_set_list(struct bpf_decoder *decoder, const struct event_sink *list)
{
	decoder->list = list;
}

static uint64_t device(uint32_t dev)
{
	return makedev(dev >> 20, dev & 0xfffff);
}

static struct process_id id_of(const struct bpf_decoder *decoder, uint32_t pid, uint64_t start,
			       uint32_t exec)
{
	/* As /proc/PID/stat: 100 a second, whatever the kernel's own tick is. */
	return (struct process_id){
		.boot = decoder->options.boot, .pid = pid, .start = start / 10000000, .exec = exec
	};
}

static void set_time(const struct bpf_decoder *decoder, struct event *event, uint64_t time)
{
	event_set(event, TIME, time, time + decoder->wall_offset);
	event_set(event, BOOTTIME, boottime, time);
}

static void set_groups(const struct bpf_decoder *decoder, struct event *event, uint64_t key)
{
	const struct bpf_group_names *names = bpf_groups_find(decoder->groups, key);

	if (!names)
		return;
	if (names->path.data) {
		event_set(event, CGROUP, cgroup, names->path);
		event_set(event, CGROUP_ID, cgroup_id, names->id);
	}
	event_set(event, CGROUP_V1, cgroup_v1, names->v1);
}

static void set_namespaces(struct event *event, const struct watch_task *task)
{
	if (task->mnt_ns)
		event_set(event, MNT_NS, mnt_ns, task->mnt_ns);
	if (task->pid_ns)
		event_set(event, PID_NS, pid_ns, task->pid_ns);
	if (task->net_ns)
		event_set(event, NET_NS, net_ns, task->net_ns);
	if (task->user_ns)
		event_set(event, USER_NS, user_ns, task->user_ns);
	if (task->uts_ns)
		event_set(event, UTS_NS, uts_ns, task->uts_ns);
	if (task->ipc_ns)
		event_set(event, IPC_NS, ipc_ns, task->ipc_ns);
	if (task->cgroup_ns)
		event_set(event, CGROUP_NS, cgroup_ns, task->cgroup_ns);
	if (task->time_ns)
		event_set(event, TIME_NS, time_ns, task->time_ns);
}

static void set_ids(struct event *event, const struct watch_task *task)
{
	event_set(event, UID, uid, task->uid);
	event_set(event, GID, gid, task->gid);
	event_set(event, EUID, euid, task->euid);
	event_set(event, EGID, egid, task->egid);
	event_set(event, SUID, suid, task->suid);
	event_set(event, SGID, sgid, task->sgid);
	if (task->flags & WATCH_TASK_AUDIT) {
		event_set(event, LOGINUID, loginuid, task->loginuid);
		event_set(event, SESSION, session, task->session);
	}
}

/* What all records with a process have. comm points into the record. */
static void set_task(const struct bpf_decoder *decoder, struct event *event,
		     const struct watch_head *head, const struct watch_task *task)
{
	uint32_t flags = 0;

	set_time(decoder, event, head->time);
	event_set(event, PID, pid, task->pid);
	event_set(event, TID, tid, task->tid);
	event_set(event, PPID, ppid, task->ppid);
	event_set(event, NS_PID, ns_pid, task->ns_pid);
	event_set(event, START, start, task->start);
	event_set(event, EXEC_ID, exec_id, id_of(decoder, task->pid, task->start, task->exec));
	if (task->ppid)
		event_set(event, PARENT_ID, parent_id,
			  id_of(decoder, task->ppid, task->parent_start, task->parent_exec));
	event_set(event, COMM, comm,
		  (struct slice){ task->comm, strnlen(task->comm, sizeof(task->comm)) });
	event_set(event, TTY, tty, device(task->tty));
	set_ids(event, task);
	set_namespaces(event, task);
	set_groups(decoder, event, task->cgroup);
	flags |= task->flags & WATCH_TASK_KERNEL ? FLAG_KERNEL : 0;
	flags |= task->flags & WATCH_TASK_COMPAT ? FLAG_COMPAT : 0;
	event_flag(event, flags);
}

static int hand_out(struct bpf_decoder *decoder, struct event *event)
{
	if (!(decoder->types & EVENT_BIT(event->type)))
		return 0;
	decoder->options.sink.event(event, decoder->options.sink.userdata);
	return 1;
}

static int decode_fork(struct bpf_decoder *decoder, const char *record, size_t size)
{
	struct watch_fork fork;
	struct event event;

	if (size != sizeof(fork))
		return -EBADMSG;
	memcpy(&fork, record, sizeof(fork));
	event_init(&event, EVENT_FORK, SOURCE_BPF);
	set_task(decoder, &event, &fork.head, &fork.task);
	return hand_out(decoder, &event);
}

/*
 * Time in user mode and in the kernel: what the tick has sampled is scaled to what the scheduler
 * has measured, as the kernel does for times(2) (cputime_adjust()).
 */
static void set_times(struct event *event, const struct watch_exit *exit)
{
	uint64_t sampled = exit->user_time + exit->system_time, system = 0;

	if (sampled)
		system = (uint64_t)((double)exit->run_time * (double)exit->system_time /
				    (double)sampled);
	system = MIN(system, exit->run_time);
	event_set(event, SYSTEM_TIME, system_time, system);
	event_set(event, USER_TIME, user_time, exit->run_time - system);
}

static void set_end(struct event *event, const struct watch_exit *exit, size_t page)
{
	uint32_t signal = exit->status & 0x7f;

	if (signal)
		event_set(event, SIGNAL, signal, signal);
	else
		event_set(event, EXIT_CODE, exit_code, (int32_t)(exit->status >> 8 & 0xff));
	if (event->type == EVENT_COREDUMP)
		return;
	event_set(event, DURATION, duration,
		  exit->head.time > exit->start ? exit->head.time - exit->start : 0);
	set_times(event, exit);
	event_set(event, MAX_RSS, max_rss, exit->max_rss * page);
	if (exit->read_bytes != WATCH_UNKNOWN) {
		event_set(event, READ_BYTES, read_bytes, exit->read_bytes);
		event_set(event, WRITE_BYTES, write_bytes, exit->write_bytes);
	}
}

static int tell_exit(struct bpf_decoder *decoder, const struct watch_exit *exit,
		     enum event_type type)
{
	struct event event;

	event_init(&event, type, SOURCE_BPF);
	set_time(decoder, &event, exit->head.time);
	event_set(&event, PID, pid, exit->pid);
	event_set(&event, TID, tid, exit->tid);
	event_set(&event, PPID, ppid, exit->ppid);
	event_set(&event, START, start, exit->start);
	event_set(&event, EXEC_ID, exec_id, id_of(decoder, exit->pid, exit->start, exit->exec));
	event_set(&event, UID, uid, exit->uid);
	event_set(&event, GID, gid, exit->gid);
	event_set(&event, EUID, euid, exit->euid);
	event_set(&event, EGID, egid, exit->egid);
	event_flag(&event, exit->flags & WATCH_TASK_KERNEL ? FLAG_KERNEL : 0);
	event_flag(&event, exit->status & 0x80 ? FLAG_CORE : 0);
	set_end(&event, exit, decoder->page);
	return hand_out(decoder, &event);
}

static int decode_exit(struct bpf_decoder *decoder, const char *record, size_t size)
{
	struct watch_exit exit;
	int told = 0;

	if (size != sizeof(exit))
		return -EBADMSG;
	memcpy(&exit, record, sizeof(exit));
	if (exit.status & 0x80)
		told = tell_exit(decoder, &exit, EVENT_COREDUMP);
	return told + tell_exit(decoder, &exit, EVENT_EXIT);
}

static int decode_oom(struct bpf_decoder *decoder, const char *record, size_t size)
{
	struct watch_oom oom;
	struct event event;

	if (size != sizeof(oom))
		return -EBADMSG;
	memcpy(&oom, record, sizeof(oom));
	event_init(&event, EVENT_OOM, SOURCE_BPF);
	set_time(decoder, &event, oom.head.time);
	event_set(&event, PID, pid, oom.pid);
	return hand_out(decoder, &event);
}

static int decode_ids(struct bpf_decoder *decoder, const char *record, size_t size)
{
	struct watch_ids ids;
	struct event event;
	int told = 0;

	if (size != sizeof(ids))
		return -EBADMSG;
	memcpy(&ids, record, sizeof(ids));
	for (enum event_type type = EVENT_SETUID; type <= EVENT_SETGID; type++) {
		uint32_t bit = type == EVENT_SETUID ? WATCH_WANT_UID : WATCH_WANT_GID;

		if (!(ids.changed & bit))
			continue;
		event_init(&event, type, SOURCE_BPF);
		set_task(decoder, &event, &ids.head, &ids.task);
		told += hand_out(decoder, &event);
	}
	return told;
}

static struct join *join_of(struct bpf_decoder *decoder, uint32_t pid, uint64_t time)
{
	for (size_t i = 0; i < JOINS; i++)
		if (decoder->joins[i].pid == pid && decoder->joins[i].time == time)
			return &decoder->joins[i];
	return NULL;
}

static int decode_chunk(struct bpf_decoder *decoder, const char *record, size_t size)
{
	struct watch_chunk chunk;
	struct join *join;

	if (size < sizeof(chunk))
		return -EBADMSG;
	memcpy(&chunk, record, sizeof(chunk));
	if (chunk.size > size - sizeof(chunk))
		return -EBADMSG;
	join = join_of(decoder, chunk.pid, chunk.head.time);
	if (!join) {
		join = &decoder->joins[decoder->next_join++ % JOINS];
		text_done(&join->bytes);
		text_init(&join->bytes);
		join->pid = chunk.pid;
		join->time = chunk.head.time;
	}
	if (join->bytes.size + chunk.size > JOIN_LIMIT)
		return -EBADMSG;
	text_add_bytes(&join->bytes, record + sizeof(chunk), chunk.size);
	return join->bytes.failed ? -ENOMEM : 0;
}

/* Cuts the next `size` bytes off the strings of a record. */
static bool cut(struct slice *rest, size_t size, struct slice *ret_slice)
{
	if (size > rest->size)
		return false;
	*ret_slice = (struct slice){ rest->data, size };
	rest->data += size;
	rest->size -= size;
	return true;
}

/* The strings of an exec record. */
struct strings {
	struct slice exe, cwd, filename, interpreter, argv, env;
};

static int cut_strings(const struct watch_exec *exec, struct slice rest, struct strings *ret)
{
	if (!cut(&rest, (size_t)exec->exe.size + exec->exe.below, &ret->exe) ||
	    !cut(&rest, (size_t)exec->cwd.size + exec->cwd.below, &ret->cwd) ||
	    !cut(&rest, exec->filename, &ret->filename) ||
	    !cut(&rest, exec->interpreter, &ret->interpreter) ||
	    !cut(&rest, exec->argv, &ret->argv) || !cut(&rest, exec->env, &ret->env) || rest.size)
		return -EBADMSG;
	return 0;
}

/* A list whose last string may lack its NUL because it was cut. */
static struct slice add_list(struct bpf_room *room, struct slice front, struct slice back)
{
	char *to = room->data + room->used;
	size_t size = front.size + back.size;

	if (room->size - room->used < size + 1)
		return (struct slice){ "", 0 };
	if (front.size)
		memcpy(to, front.data, front.size);
	if (back.size)
		memcpy(to + front.size, back.data, back.size);
	if (size && to[size - 1])
		to[size++] = 0;
	room->used += size;
	return (struct slice){ to, size };
}

static void set_arguments(struct bpf_decoder *decoder, struct event *event,
			  const struct watch_exec *exec, struct slice argv)
{
	struct join *join = join_of(decoder, exec->task.pid, exec->head.time);
	struct slice front = { NULL, 0 };
	bool whole = !(exec->task.flags & WATCH_ARGV_CUT);

	if (exec->chunked && join)
		front = (struct slice){ join->bytes.data, join->bytes.size };
	if (front.size != exec->chunked)
		whole = false;
	event_set(event, ARGV, argv, add_list(&decoder->room, front, argv));
	event_flag(event, whole ? 0 : FLAG_ARGV_CUT);
	if (join)
		join->time = 0;
}

/* The variables that were asked for, of the whole environment. */
static void set_environment(struct bpf_decoder *decoder, struct event *event,
			    const struct watch_exec *exec, struct slice env)
{
	struct bpf_room *room = &decoder->room;
	const char *begin = room->data + room->used;
	size_t found = 0;

	for (struct slice one; env.size; cut(&env, one.size, &one)) {
		one.size = strnlen(env.data, env.size);
		one.size += one.size < env.size;
		for (size_t i = 0; i < decoder->options.environment_count; i++) {
			const char *name = decoder->options.environment[i];
			size_t length = strlen(name);

			if (one.size <= length || env.data[length] != '=' ||
			    memcmp(env.data, name, length) != 0)
				continue;
			add_list(room, (struct slice){ env.data, one.size }, (struct slice){ 0 });
			found++;
			break;
		}
	}
	event_set(event, ENV, env,
		  (struct slice){ begin, (size_t)(room->data + room->used - begin) });
	if (exec->task.flags & WATCH_ENV_CUT && found < decoder->options.environment_count)
		event_flag(event, FLAG_ENV_CUT);
}

static int set_program(struct bpf_decoder *decoder, struct event *event,
		       const struct watch_exec *exec, struct slice names)
{
	struct bpf_found_path found;
	int r = bpf_path_find(decoder->mounts, &decoder->room, &exec->exe, names, &found);

	if (r < 0)
		return r;
	event_set(event, EXE_IN_ROOT, exe_in_root, found.in_root);
	event_set(event, EXE, exe, found.on_host.data ? found.on_host : found.in_root);
	event_flag(event, found.on_host.data ? 0 : FLAG_FOREIGN);
	event_flag(event, exec->exe.flags & WATCH_PATH_CUT ? FLAG_PATH_CUT : 0);
	if (exec->exe.flags & WATCH_PATH_PSEUDO)
		event_flag(event, strncmp(found.in_root.data, "memfd:", 6) == 0 ? FLAG_MEMFD : 0);
	else if (exec->exe.flags & WATCH_PATH_DELETED || !exec->nlink)
		event_flag(event, FLAG_DELETED);
	event_set(event, INODE, inode, exec->inode);
	event_set(event, DEV, dev, device(exec->exe.dev));
	event_set(event, NLINK, nlink, exec->nlink);
	event_set(event, MODE, mode, exec->mode);
	return 0;
}

static int set_folder(struct bpf_decoder *decoder, struct event *event,
		      const struct watch_exec *exec, struct slice names)
{
	struct bpf_found_path found;
	int r = bpf_path_find(decoder->mounts, &decoder->room, &exec->cwd, names, &found);

	if (r < 0)
		return r;
	if (!found.on_host.data)
		return 0;
	event_set(event, CWD, cwd, found.on_host);
	event_flag(event, exec->cwd.flags & WATCH_PATH_CUT ? FLAG_PATH_CUT : 0);
	return 0;
}

/* A script's name made absolute by the working folder; symbolic links in it stay. */
static void set_script(struct bpf_decoder *decoder, struct event *event,
		       const struct strings *strings)
{
	struct bpf_room *room = &decoder->room;
	struct slice name = strings->filename, folder = event->cwd;
	size_t used = room->used;

	event_set(event, INTERPRETER, interpreter,
		  bpf_room_add(room, strings->interpreter.data, strings->interpreter.size));
	if (name.size && name.data[0] == '/') {
		event_set(event, SCRIPT, script, event->filename);
		return;
	}
	if (!event_knows(event, FIELD_CWD) || room->size - used < name.size + folder.size + 4)
		return;
	while (name.size > 2 && memcmp(name.data, "./", 2) == 0)
		name = (struct slice){ name.data + 2, name.size - 2 };
	used = room->used;
	bpf_room_add(room, folder.data, folder.size);
	room->used -= folder.data[folder.size - 1] == '/' ? 2 : 1;
	bpf_room_add(room, "/", 1);
	room->used--;
	bpf_room_add(room, name.data, name.size);
	event_set(event, SCRIPT, script,
		  (struct slice){ room->data + used, room->used - used - 1 });
}

static void set_exec_flags(struct event *event, const struct watch_exec *exec)
{
	uint32_t flags = exec->task.flags;

	event_flag(event, flags & WATCH_TASK_UPPER ? FLAG_UPPER : 0);
	event_flag(event, flags & WATCH_TASK_THREAD ? FLAG_THREAD : 0);
	if (!(flags & WATCH_TASK_SETID)) {
		event_set(event, CAPS_GAINED, caps_gained, 0);
		return;
	}
	if (exec->mode & 04000 || (exec->mode & 02010) == 02010)
		event_flag(event, FLAG_SETUID);
	if (flags & WATCH_TASK_CAPS)
		event_set(event, CAPS_GAINED, caps_gained, exec->caps_gained);
}

/* What runs already. A kernel thread has no program, one that is about to end may have none. */
static int tell_running(struct bpf_decoder *decoder, struct event *event,
			const struct watch_exec *running, struct slice exe)
{
	int r = exe.size ? set_program(decoder, event, running, exe) : 0;

	if (r < 0 || !decoder->list)
		return r;
	event_flag(event, running->task.flags & WATCH_TASK_UPPER ? FLAG_UPPER : 0);
	decoder->list->event(event, decoder->list->userdata);
	return 1;
}

/* Exec records, and those that have its form with less in it. */
static int decode_exec(struct bpf_decoder *decoder, const char *record, size_t size)
{
	static const uint8_t types[] = { [WATCH_EXEC] = EVENT_EXEC,
					 [WATCH_CHDIR] = EVENT_CHDIR,
					 [WATCH_FAILED] = EVENT_FAILED,
					 [WATCH_RUNNING] = EVENT_RUNNING };
	struct watch_exec exec;
	struct strings strings;
	struct event event;
	int r;

	if (size < sizeof(exec))
		return -EBADMSG;
	memcpy(&exec, record, sizeof(exec));
	r = cut_strings(&exec, (struct slice){ record + sizeof(exec), size - sizeof(exec) },
			&strings);
	if (r == 0)
		r = bpf_room_begin(&decoder->room, 3 * size + JOIN_LIMIT + ROOM_EXTRA);
	if (r < 0)
		return r;
	event_init(&event, types[exec.head.record], SOURCE_BPF);
	set_task(decoder, &event, &exec.head, &exec.task);
	if (event.type == EVENT_RUNNING)
		return tell_running(decoder, &event, &exec, strings.exe);
	r = set_folder(decoder, &event, &exec, strings.cwd);
	if (r < 0 || event.type == EVENT_CHDIR)
		return r < 0 ? r : hand_out(decoder, &event);
	event_set(&event, FILENAME, filename,
		  bpf_room_add(&decoder->room, strings.filename.data, strings.filename.size));
	if (event.type == EVENT_FAILED) {
		event_set(&event, ERROR, error, (int32_t)exec.error);
		return hand_out(decoder, &event);
	}
	r = set_program(decoder, &event, &exec, strings.exe);
	if (r < 0)
		return r;
	set_exec_flags(&event, &exec);
	if (exec.task.flags & WATCH_SCRIPT)
		set_script(decoder, &event, &strings);
	set_arguments(decoder, &event, &exec, strings.argv);
	if (decoder->options.environment_count)
		set_environment(decoder, &event, &exec, strings.env);
	return hand_out(decoder, &event);
}

static int decode_groups(struct bpf_decoder *decoder, const char *record, size_t size)
{
	int r = bpf_groups_learn(decoder->groups, record, size);

	return r > 0 ? BPF_DECODED_FORGOT : r;
}

int bpf_decode(struct bpf_decoder *decoder, const void *record, size_t size)
{
	static int (*const decoders[])(struct bpf_decoder *, const char *, size_t) = {
		[WATCH_EXEC] = decode_exec,	[WATCH_FORK] = decode_fork,
		[WATCH_EXIT] = decode_exit,	[WATCH_IDS] = decode_ids,
		[WATCH_CHDIR] = decode_exec,	[WATCH_FAILED] = decode_exec,
		[WATCH_OOM] = decode_oom,	[WATCH_CHUNK] = decode_chunk,
		[WATCH_CGROUP] = decode_groups, [WATCH_RUNNING] = decode_exec,
	};
	struct watch_head head;

	if (size < sizeof(head))
		return -EBADMSG;
	memcpy(&head, record, sizeof(head));
	if (head.record >= ARRAY_SIZE(decoders) || !decoders[head.record])
		return -EBADMSG;
	return decoders[head.record](decoder, record, size);
}
