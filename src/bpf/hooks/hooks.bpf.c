// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The smallest program for every kind of hook, to find out which ones a kernel takes. Each is
 * loaded alone; none does anything.
 */
#include "bpf/watch/kernel.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

extern int bpf_path_d_path(struct path *path, char *buffer, __u64 size) __ksym __weak;

SEC("tp_btf/sched_process_exec")
int on_exec(void *context)
{
	return 0;
}

SEC("tp_btf/sched_process_fork")
int on_fork(void *context)
{
	return 0;
}

SEC("tp_btf/sched_process_exit")
int on_exit(void *context)
{
	return 0;
}

SEC("raw_tp/sched_process_exec")
int on_exec_raw(void *context)
{
	return 0;
}

SEC("iter/task")
int on_running(void *context)
{
	return 0;
}

SEC("raw_tp/sys_enter")
int on_enter(void *context)
{
	return 0;
}

SEC("raw_tp/sys_exit")
int on_leave(void *context)
{
	return 0;
}

SEC("raw_tp/mark_victim")
int on_oom(void *context)
{
	return 0;
}

SEC("raw_tp/cgroup_attach_task")
int on_attach(void *context)
{
	return 0;
}

SEC("raw_tp/sched_prepare_exec")
int on_prepare(void *context)
{
	return 0;
}

SEC("raw_tp/sched_process_exec")
int with_ring(void *context)
{
	void *record = bpf_ringbuf_reserve(&ring, 8, 0);

	if (record)
		bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
	return 0;
}

SEC("lsm.s/bprm_committed_creds")
int with_d_path(__u64 *context)
{
	struct linux_binprm *bprm = (void *)context[0];
	char path[64];

	bpf_d_path(&bprm->file->f_path, path, sizeof(path));
	return 0;
}

SEC("lsm.s/bprm_committed_creds")
int with_path_d_path(__u64 *context)
{
	struct linux_binprm *bprm = (void *)context[0];
	char path[64];

	bpf_path_d_path(&bprm->file->f_path, path, sizeof(path));
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
