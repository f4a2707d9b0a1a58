/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What runs already, a record a process, written for whoever reads the iterator: not into the ring,
 * where it would wait behind what happens meanwhile. When the reader's buffer is full, the kernel
 * throws away what was written for the process and comes again with it; so a key counts as told
 * only once all is written.
 *
 * Nothing is read by typed pointers: a verifier's minute is worth more than the reader's here.
 */
#pragma once

#include "bpf/watch/file.h"
#include "bpf/watch/groups.h"
#include "bpf/watch/walk.h"

/* A leader that has ended has no memory and no files any more; a thread that lives on has. */
static __always_inline int stands_for_process(struct task_struct *task)
{
	if (GET(0, task, pid) == GET(0, task, tgid))
		return !GET(0, task, exit_state);
	return GET(0, task, group_leader, exit_state) && GET(0, task, mm);
}

/* Writes the groups behind a key. Returns 0, or what the kernel says. */
static __always_inline long write_groups(struct seq_file *seq, __u64 key, struct task_struct *task)
{
	struct slot *slot;
	__u32 index, used;
	long r = 1;

	slot = slot_take(&index);
	if (!slot)
		return 1;
	slot->key = key;
	slot->cgroups = (__u64)GET(0, task, cgroups);
	gather_groups(index);
	used = slot->used;
	BARRIER(used);
	if (used <= SLOT_DATA)
		r = bpf_seq_write(seq, slot->data, used);
	slot_give(slot);
	return r;
}

static __always_inline void fill_running(struct slot *slot, __u32 index, struct task_struct *task,
					 __u64 key)
{
	struct watch_exec *exec = &slot->exec;
	struct mm_struct *mm = GET(0, task, mm);
	struct file *file = mm ? GET(0, mm, exe_file) : 0;

	__builtin_memset(exec, 0, sizeof(*exec));
	begin(&exec->head, WATCH_RUNNING, bpf_ktime_get_boot_ns());
	fill_task(&exec->task, task, 0);
	exec->task.flags &= ~WATCH_TASK_KERNEL;
	if (GET(0, task, flags) & PF_KTHREAD)
		exec->task.flags |= WATCH_TASK_KERNEL;
	exec->task.cgroup = key;
	bpf_core_read(exec->task.comm, sizeof(exec->task.comm), &task->comm);
	slot->used = 0;
	if (!file)
		return;
	fill_file(exec, file, 0);
	walk_prepare(slot, task, 0);
	walk_path(slot, index, &file->f_path, &exec->exe, 0);
	/* It may have ended meanwhile, and its file be another's memory. */
	if (GET(0, task, mm) != mm || GET(0, mm, exe_file) != file) {
		__builtin_memset(&exec->exe, 0, sizeof(exec->exe));
		exec->inode = 0;
		slot->used = 0;
	}
}
