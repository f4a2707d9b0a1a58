// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Sees what processes do and writes records (watch.h) into one ring. The programs are loaded when
 * somebody asks for what they tell, and attached only while somebody does. calls.bpf.c makes the
 * maps that both use.
 */
#include "bpf/watch/file.h"
#include "bpf/watch/groups.h"
#include "bpf/watch/ring.h"
#include "bpf/watch/running.h"

/* Set before loading. */
const volatile __u32 exit_tells_last; /* sched_process_exit has a second argument, since 6.16 */
const volatile __u32 cast_task_struct, cast_linux_binprm; /* for bpf_rdonly_cast(), since 6.2 */

/* Adds a string of the kernel. Returns its length. */
static __always_inline __u32 add_string(struct slot *slot, const char *string)
{
	__u32 at = slot->used;
	long size;

	if (at > SLOT_DATA - 2 * WATCH_INLINE - WATCH_STRING)
		return 0;
	size = bpf_probe_read_kernel_str(slot->data + at, WATCH_STRING, string);
	if (size <= 0)
		return 0;
	slot->used = at + size - 1;
	return size - 1;
}

/* Adds memory of the process; what could not be read is not told. */
static __always_inline __u32 add_memory(struct slot *slot, __u64 from, __u64 size)
{
	__u32 at = slot->used, length = size;

	if (size > WATCH_INLINE)
		length = WATCH_INLINE;
	if (at > SLOT_DATA - 2 * WATCH_INLINE)
		return 0;
	BARRIER(length);
	if (length > WATCH_INLINE || bpf_probe_read_user(slot->data + at, length, (void *)from) < 0)
		return 0;
	slot->used = at + length;
	return length;
}

/* Sends the front of long arguments in pieces, each written in place. Returns how much that was. */
static __always_inline __u32 send_pieces(struct watch_exec *exec, __u64 from, __u64 size)
{
	struct watch_chunk *chunk;
	__u32 sent = 0, length;
	int i;

	for (i = 0; i < WATCH_PIECES && size - sent > WATCH_INLINE; i++) {
		length = size - sent > WATCH_PIECE ? WATCH_PIECE : size - sent;
		chunk = bpf_ringbuf_reserve(&ring, sizeof(*chunk) + WATCH_PIECE, 0);
		if (!chunk)
			break;
		begin(&chunk->head, WATCH_CHUNK, exec->head.time);
		chunk->pid = exec->task.pid;
		chunk->size = length;
		BARRIER(length);
		if (length > WATCH_PIECE ||
		    bpf_probe_read_user(chunk + 1, length, (void *)(from + sent)) < 0) {
			bpf_ringbuf_discard(chunk, BPF_RB_NO_WAKEUP);
			break;
		}
		bpf_ringbuf_submit(chunk, BPF_RB_NO_WAKEUP);
		sent += length;
	}
	return sent;
}

static __always_inline void fill_arguments(struct slot *slot, struct mm_struct *mm, const int typed)
{
	struct watch_exec *exec = &slot->exec;
	__u64 from = GET(typed, mm, arg_start), size = GET(typed, mm, arg_end) - from;

	exec->chunked = 0;
	if (size > WATCH_ARGUMENTS) {
		size = WATCH_ARGUMENTS;
		exec->task.flags |= WATCH_ARGV_CUT;
	}
	if (size > WATCH_INLINE)
		exec->chunked = send_pieces(exec, from, size);
	exec->argv = 0;
	if (size <= WATCH_INLINE || exec->chunked)
		exec->argv = add_memory(slot, from + exec->chunked, size - exec->chunked);
	if (exec->chunked + exec->argv < size)
		exec->task.flags |= WATCH_ARGV_CUT;
	exec->env = 0;
	if (!state.keep_env)
		return;
	from = GET(typed, mm, env_start);
	size = GET(typed, mm, env_end) - from;
	exec->env = add_memory(slot, from, size);
	if (exec->env < size)
		exec->task.flags |= WATCH_ENV_CUT;
}

/* What an execution had before its program and credentials were changed. */
struct before {
	__u64 caps_gained;
	__u32 compat;
	__u32 padding;
};

/* By process id; only where there is something to say, which is rare. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct before);
} befores SEC(".maps");

/*
 * Before the point of no return: capabilities gained, if there are any (`per_clear` says so,
 * cap_bprm_creds_from_file() sets it), and the call's kind, which the new program's own hides.
 */
static __always_inline int note_before(__u64 bprm)
{
	__u64 task = bpf_get_current_task();
	struct before before = { .compat = is_compat(task) };
	__u32 process = bpf_get_current_pid_tgid() >> 32;
	__u64 cred;

	if (!before.compat && !FIELD(linux_binprm, bprm, per_clear))
		return 0;
	cred = (__u64)FIELD(linux_binprm, bprm, cred);
	before.caps_gained = permitted_of(cred);
	cred = (__u64)FIELD(task_struct, task, real_cred);
	before.caps_gained &= ~permitted_of(cred);
	if (!bpf_map_update_elem(&befores, &process, &before, BPF_ANY))
		__sync_fetch_and_add(&state.noted, 1);
	return 0;
}

SEC("raw_tp/sched_prepare_exec")
int on_prepare(__u64 *context)
{
	return note_before(context[1]);
}

/* The same before 6.10 (5c5fad46e48c, "exec: Add sched_prepare_exec tracepoint"), where the kernel
 * takes programs that need a trampoline. */
SEC("fentry/security_bprm_committing_creds")
int on_committing(__u64 *context)
{
	return note_before(context[0]);
}

static __always_inline void tell_before(struct watch_exec *exec, __u32 per_clear)
{
	__u32 process = exec->task.pid;
	struct before *before;

	exec->caps_gained = 0;
	if (per_clear)
		exec->task.flags |= WATCH_TASK_SETID;
	if (!per_clear && !state.noted)
		return;
	before = bpf_map_lookup_elem(&befores, &process);
	if (!before)
		return;
	exec->caps_gained = before->caps_gained;
	exec->task.flags |= WATCH_TASK_CAPS | (before->compat ? WATCH_TASK_COMPAT : 0);
	bpf_map_delete_elem(&befores, &process);
	__sync_fetch_and_add(&state.noted, -1);
}

static __always_inline void fill_exec(struct slot *slot, __u32 index, struct task_struct *task,
				      __u32 old_tid, struct linux_binprm *bprm, const int typed)
{
	struct watch_exec *exec = &slot->exec;
	struct file *file = GET(typed, bprm, file);
	struct fs_struct *fs = GET(typed, task, fs);
	const char *name = GET(typed, bprm, filename), *interpreter = GET(typed, bprm, interp);

	begin(&exec->head, WATCH_EXEC, bpf_ktime_get_boot_ns());
	fill_task(&exec->task, task, typed);
	exec->task.cgroup = cgroup_key(task, typed);
	tell_groups(exec->task.cgroup, task);
	bpf_get_current_comm(exec->task.comm, sizeof(exec->task.comm));
	if (old_tid != exec->task.pid)
		exec->task.flags |= WATCH_TASK_THREAD;
	tell_before(exec, GET(typed, bprm, per_clear));
	fill_file(exec, file, typed);
	walk_prepare(slot, task, typed);
	walk_path(slot, index, &file->f_path, &exec->exe, typed);
	walk_path(slot, index, &fs->pwd, &exec->cwd, typed);
	exec->filename = add_string(slot, name);
	exec->interpreter = 0;
	if (interpreter != name) {
		exec->interpreter = add_string(slot, interpreter);
		exec->task.flags |= WATCH_SCRIPT;
	}
	fill_arguments(slot, GET(typed, task, mm), typed);
}

static __always_inline int tell_exec(struct task_struct *task, __u32 old_tid,
				     struct linux_binprm *bprm, const int typed)
{
	struct slot *slot;
	__u32 index;

	if (!is_wanted(WATCH_EXEC, GET(typed, task, tgid)))
		return 0;
	slot = slot_take(&index);
	if (!slot)
		return 0;
	fill_exec(slot, index, task, old_tid, bprm, typed);
	send_slot(slot, WATCH_EXEC, WATCH_LOST_EXEC);
	slot_give(slot);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int on_exec(__u64 *context)
{
	return tell_exec(PLAIN(task_struct, context[0]), context[1],
			 PLAIN(linux_binprm, context[2]), 1);
}

/* The same three where the kernel does not take typed pointers. */
SEC("raw_tp/sched_process_exec")
int on_exec_raw(__u64 *context)
{
	return tell_exec((void *)context[0], context[1], (void *)context[2], 0);
}

static __always_inline int tell_fork(struct task_struct *child, const int typed)
{
	__u32 pid = GET(typed, child, tgid);
	struct watch_fork *fork;
	__u64 key;

	if (!is_wanted(WATCH_FORK, pid) || pid != GET(typed, child, pid))
		return 0;
	key = cgroup_key(child, typed);
	tell_groups(key, child);
	fork = bpf_ringbuf_reserve(&ring, sizeof(*fork), 0);
	if (!fork) {
		count_loss(WATCH_LOST_FORK);
		return 0;
	}
	begin(&fork->head, WATCH_FORK, bpf_ktime_get_boot_ns());
	fill_task(&fork->task, child, typed);
	fork->task.cgroup = key;
	bpf_get_current_comm(fork->task.comm, sizeof(fork->task.comm));
	bpf_ringbuf_submit(fork, wake_flags(WATCH_FORK));
	wake();
	return 0;
}

SEC("tp_btf/sched_process_fork")
int on_fork(__u64 *context)
{
	return tell_fork(PLAIN(task_struct, context[1]), 1);
}

SEC("raw_tp/sched_process_fork")
int on_fork_raw(__u64 *context)
{
	return tell_fork((void *)context[1], 0);
}

/* Processes whose end was told, before 6.16: see is_last(). */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct ended_process);
	__type(value, __u32);
} ended SEC(".maps");

/*
 * True for one thread of a process, the last or one that ends along with it. Since 6.16
 * (sched_process_exit's group_dead) the kernel says which. Before, `live` is 0 for all threads that
 * come here after the last one has counted down, so a process that had threads is looked up.
 */
static __always_inline int is_last(struct task_struct *task, struct signal_struct *signal,
				   const int typed)
{
	struct ended_process key = { .pid = GET(typed, task, tgid) };
	__u32 one = 1;

	if (GET(typed, signal, live.counter))
		return 0;
	key.start = GET(typed, task, group_leader, start_boottime);
	if (GET(typed, signal, nr_threads) == 1)
		return !bpf_map_lookup_elem(&ended, &key);
	return !bpf_map_update_elem(&ended, &key, &one, BPF_NOEXIST);
}

static __always_inline void add_usage(struct watch_exit *exit, struct task_struct *task,
				      const int typed)
{
	exit->user_time += GET(typed, task, utime);
	exit->system_time += GET(typed, task, stime);
	exit->run_time += GET(typed, task, se.sum_exec_runtime);
	if (!bpf_core_field_exists(task->ioac.read_bytes))
		return;
	exit->read_bytes += GET(typed, task, ioac.read_bytes);
	exit->write_bytes += GET(typed, task, ioac.write_bytes);
}

/* Of the threads that have gone, of this one, and of the leader, who waits for its parent. */
static __always_inline void fill_usage(struct watch_exit *exit, struct task_struct *task,
				       struct task_struct *leader, struct signal_struct *signal,
				       const int typed)
{
	exit->user_time = GET(typed, signal, utime);
	exit->system_time = GET(typed, signal, stime);
	exit->run_time = GET(typed, signal, sum_sched_runtime);
	exit->max_rss = GET(typed, signal, maxrss);
	exit->read_bytes = exit->write_bytes = WATCH_UNKNOWN;
	/* CONFIG_TASK_IO_ACCOUNTING */
	if (bpf_core_field_exists(task->ioac.read_bytes)) {
		exit->read_bytes = GET(typed, signal, ioac.read_bytes);
		exit->write_bytes = GET(typed, signal, ioac.write_bytes);
	}
	add_usage(exit, task, typed);
	if (leader != task)
		add_usage(exit, leader, typed);
}

static __always_inline void fill_exit(struct watch_exit *exit, struct task_struct *task,
				      struct signal_struct *signal, const int typed)
{
	struct task_struct *leader = GET(typed, task, group_leader);
	const struct cred *cred = GET(typed, task, real_cred);

	begin(&exit->head, WATCH_EXIT, bpf_ktime_get_boot_ns());
	exit->start = GET(typed, leader, start_boottime);
	exit->pid = GET(typed, task, tgid);
	exit->tid = GET(typed, task, pid);
	exit->ppid = GET(typed, task, real_parent, tgid);
	exit->exec = GET(typed, leader, self_exec_id);
	exit->uid = GET(typed, cred, uid.val);
	exit->gid = GET(typed, cred, gid.val);
	exit->euid = GET(typed, cred, euid.val);
	exit->egid = GET(typed, cred, egid.val);
	/* As wait_task_zombie() chooses. */
	exit->status = GET(typed, signal, flags) & SIGNAL_GROUP_EXIT
			       ? GET(typed, signal, group_exit_code)
			       : GET(typed, leader, exit_code);
	exit->flags = GET(typed, task, flags) & PF_KTHREAD ? WATCH_TASK_KERNEL : 0;
	fill_usage(exit, task, leader, signal, typed);
}

static __always_inline int tell_exit(struct task_struct *task, __u64 last, const int typed)
{
	struct signal_struct *signal = GET(typed, task, signal);
	struct watch_exit *exit;

	if (!is_wanted(WATCH_EXIT, GET(typed, task, tgid)))
		return 0;
	if (exit_tells_last ? !(last & 0xff) : !is_last(task, signal, typed))
		return 0;
	exit = bpf_ringbuf_reserve(&ring, sizeof(*exit), 0);
	if (!exit) {
		count_loss(WATCH_LOST_EXIT);
		return 0;
	}
	fill_exit(exit, task, signal, typed);
	bpf_ringbuf_submit(exit, wake_flags(WATCH_EXIT));
	wake();
	return 0;
}

SEC("tp_btf/sched_process_exit")
int on_exit(__u64 *context)
{
	/* What the tracepoint does not have must not be read. */
	return tell_exit(PLAIN(task_struct, context[0]), exit_tells_last ? context[1] : 0, 1);
}

SEC("raw_tp/sched_process_exit")
int on_exit_raw(__u64 *context)
{
	return tell_exit((void *)context[0], exit_tells_last ? context[1] : 0, 0);
}

/* One turn a thread, when the iterator is read. */
SEC("iter/task")
int on_running(__u64 *context)
{
	struct seq_file *seq = ((struct bpf_iter_meta *)context[0])->seq;
	struct task_struct *task = (void *)context[1];
	__u32 index, used, one = 1;
	struct slot *slot;
	int fresh;
	__u64 key;

	if (!task || !stands_for_process(task))
		return 0;
	key = cgroup_key(task, 0);
	fresh = !bpf_map_lookup_elem(&told, &key);
	if (fresh && write_groups(seq, key, task))
		return 0;
	slot = slot_take(&index);
	if (!slot)
		return 0;
	fill_running(slot, index, task, key);
	used = slot->used;
	BARRIER(used);
	if (used <= SLOT_DATA && !bpf_seq_write(seq, &slot->exec, sizeof(slot->exec) + used) &&
	    fresh)
		bpf_map_update_elem(&told, &key, &one, BPF_ANY);
	slot_give(slot);
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
