// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The part of the watch program that is always there: the maps, what changes the meaning of a
 * group's key, and what system calls tell. Nothing here needs the kernel's types for more than the
 * places of fields, so libbpf does not read all of them (20 ms), and no pointer is typed, which
 * would cost the verifier as much: rules on users wait for no more than this.
 */
#include "bpf/watch/calls.h"
#include "bpf/watch/groups.h"
#include "bpf/watch/regs.h"
#include "bpf/watch/ring.h"

/* Set before loading. */
const volatile __u32 oom_gives_task; /* mark_victim has the task, since 6.8 */

SEC("raw_tp/sys_enter")
int on_enter(__u64 *context)
{
	__u64 task = bpf_get_current_task(), thread;
	struct ids ids = {};
	enum watch_call call = call_of(context[1], is_compat(task));

	if (call == WATCH_CALL_EXECVE || call == WATCH_CALL_EXECVEAT)
		note_execution(task);
	if (call != WATCH_CALL_UID && call != WATCH_CALL_GID)
		return 0;
	thread = bpf_get_current_pid_tgid();
	read_ids(&ids, task);
	bpf_map_update_elem(&ids_before, &thread, &ids, BPF_ANY);
	return 0;
}

static __always_inline void leave_for_ids(__u64 task, enum watch_call call, long result, int compat)
{
	__u32 process = bpf_get_current_pid_tgid() >> 32;

	if (!is_wanted(WATCH_IDS, process))
		return;
	if (call == WATCH_CALL_UID || call == WATCH_CALL_GID)
		tell_ids(task, compat);
	if (call == WATCH_CALL_EXECVE || call == WATCH_CALL_EXECVEAT)
		tell_execution_ids(task, compat, result < 0);
}

/* One of these two is attached: the verifier needs ten times as long for the second. */
SEC("raw_tp/sys_exit")
int on_leave_ids(__u64 *context)
{
	__u64 task = bpf_get_current_task();
	int compat = is_compat(task);
	enum watch_call call = call_of(number_of_call(context[0]), compat);

	if (call != WATCH_CALL_OTHER)
		leave_for_ids(task, call, context[1], compat);
	return 0;
}

SEC("raw_tp/sys_exit")
int on_leave(__u64 *context)
{
	__u64 task = bpf_get_current_task(), regs = context[0], name;
	__u32 process = bpf_get_current_pid_tgid() >> 32;
	long result = context[1];
	int compat = is_compat(task);
	enum watch_call call = call_of(number_of_call(regs), compat);

	if (call == WATCH_CALL_OTHER)
		return 0;
	leave_for_ids(task, call, result, compat);
	if ((call == WATCH_CALL_EXECVE || call == WATCH_CALL_EXECVEAT) && result < 0 &&
	    is_wanted(WATCH_FAILED, process)) {
		name = call == WATCH_CALL_EXECVE ? first_argument(regs, compat)
						 : second_argument(regs, compat);
		tell_call(task, WATCH_FAILED, name, -result, compat);
	}
	if (call == WATCH_CALL_CHDIR && result == 0 && is_wanted(WATCH_CHDIR, process))
		tell_call(task, WATCH_CHDIR, 0, 0, compat);
	return 0;
}

SEC("raw_tp/mark_victim")
int on_oom(__u64 *context)
{
	__u32 pid = oom_gives_task ? FIELD(task_struct, context[0], tgid) : (__u32)context[0];
	struct watch_oom *oom;

	if (!is_wanted(WATCH_OOM, pid))
		return 0;
	oom = bpf_ringbuf_reserve(&ring, sizeof(*oom), 0);
	if (!oom) {
		count_loss(WATCH_LOST_OTHER);
		return 0;
	}
	begin(&oom->head, WATCH_OOM, bpf_ktime_get_boot_ns());
	oom->pid = pid;
	oom->padding = 0;
	bpf_ringbuf_submit(oom, wake_flags(WATCH_OOM));
	wake();
	return 0;
}

/*
 * What changes the meaning of a key, see cgroup_key(). All three end with an addition to
 * `told_generation`: every key is told anew.
 */

/* Into a v1 hierarchy without controllers. */
SEC("raw_tp/cgroup_attach_task")
int on_attach(__u64 *context)
{
	__u64 root = (__u64)FIELD(cgroup, context[0], root);

	if (!FIELD(cgroup_root, root, subsys_mask) && FIELD(cgroup_root, root, hierarchy_id))
		__sync_fetch_and_add(&state.told_generation, 1);
	return 0;
}

/* A v1 group is made: at the address of one that is no more, it may be. It cannot be entered yet.
 */
SEC("raw_tp/cgroup_mkdir")
int on_mkdir(__u64 *context)
{
	__u64 root = (__u64)FIELD(cgroup, context[0], root);

	if (FIELD(cgroup_root, root, hierarchy_id))
		__sync_fetch_and_add(&state.told_generation, 1);
	return 0;
}

/* Only v1 has this. */
SEC("raw_tp/cgroup_rename")
int on_rename(void *context)
{
	__sync_fetch_and_add(&state.told_generation, 1);
	return 0;
}

/* A hierarchy is mounted: controllers go from v2 to v1. */
SEC("raw_tp/cgroup_setup_root")
int on_root(void *context)
{
	__sync_fetch_and_add(&state.told_generation, 1);
	return 0;
}

/* Run once, by the reader itself: notes its own root, which paths are told from. */
SEC("raw_tp")
int learn(void *context)
{
	__u64 task = bpf_get_current_task();
	__u64 fs = (__u64)FIELD(task_struct, task, fs);
	__u64 ns = (__u64)FIELD(task_struct, task, nsproxy);

	state.host_root_dentry = (__u64)FIELD(fs_struct, fs, root.dentry);
	state.host_root_mount = (__u64)FIELD(fs_struct, fs, root.mnt);
	ns = (__u64)FIELD(nsproxy, ns, mnt_ns);
	state.host_mnt_ns = FIELD(mnt_namespace, ns, ns.inum);
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
