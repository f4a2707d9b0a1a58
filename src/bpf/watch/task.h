/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a record says about a process: ids, users, namespaces, terminal, group. */
#pragma once

#include "bpf/watch/ring.h"

/* Keys of groups that user space has been told. LRU: what is forgotten is told again. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, __u32);
} told SEC(".maps");

#define MAX_CONTROLLERS 16
#define MIX		0x9E3779B97F4A7C15ULL

/*
 * A number for all groups of a process. A css_set is one combination of groups, but its address is
 * used again after it is freed. So the v2 group's id goes in, and on v1 the addresses of the
 * controllers' groups. These too are used again, by a group that is made later: on_mkdir() sees
 * that. A v1 hierarchy without a controller (name=systemd) has no such address: processes enter it
 * by cgroup.procs only, which on_attach() sees.
 */
static __always_inline __u64 cgroup_key(struct task_struct *task, const int typed)
{
	struct css_set *set = GET(typed, task, cgroups);
	__u64 address = (__u64)FIELD(task_struct, task, cgroups), groups[MAX_CONTROLLERS] = {};
	__u64 key = address + state.told_generation;
	__u32 size = bpf_core_field_size(set->subsys);
	int i;

	key = key * MIX ^ GET(typed, set, dfl_cgrp, kn, id);
	if (groups_v1) {
		if (size > sizeof(groups))
			size = sizeof(groups);
		bpf_probe_read_kernel(groups, size,
				      (void *)address + MEMBER_OFFSET(css_set, subsys));
#pragma unroll
		for (i = 0; i < MAX_CONTROLLERS; i++)
			key = key * MIX ^ groups[i];
	}
	return key ? key : 1;
}

static __always_inline int is_compat(__u64 task)
{
	/* x86, CONFIG_IA32_EMULATION */
	return bpf_core_field_exists(((struct task_struct *)0)->thread_info.status) &&
	       FIELD(task_struct, task, thread_info.status) & TS_COMPAT;
}

static __always_inline void fill_namespaces(struct watch_task *out, struct task_struct *task,
					    struct task_struct *leader, const struct cred *cred,
					    const int typed)
{
	struct nsproxy *ns = GET(typed, task, nsproxy);
	__u64 pid, inner;
	__u32 level = GET(typed, leader, thread_pid, level);

	out->mnt_ns = GET(typed, ns, mnt_ns, ns.inum);
	out->net_ns = GET(typed, ns, net_ns, ns.inum);
	out->uts_ns = GET(typed, ns, uts_ns, ns.inum);
	out->ipc_ns = GET(typed, ns, ipc_ns, ns.inum);
	out->cgroup_ns = GET(typed, ns, cgroup_ns, ns.inum);
	out->time_ns = GET(typed, ns, time_ns, ns.inum);
	out->user_ns = GET(typed, cred, user_ns, ns.inum);
	out->ns_pid = out->pid;
	out->pid_ns = PID_NS_FIRST;
	if (!level)
		return;
	pid = (__u64)FIELD(task_struct, leader, thread_pid);
	pid += MEMBER_OFFSET(pid, numbers) + level * bpf_core_type_size(struct upid);
	out->ns_pid = FIELD(upid, pid, nr);
	inner = (__u64)FIELD(upid, pid, ns);
	out->pid_ns = FIELD(pid_namespace, inner, ns.inum);
}

static __always_inline void fill_ids(struct watch_task *out, const struct cred *cred,
				     const int typed)
{
	out->uid = GET(typed, cred, uid.val);
	out->gid = GET(typed, cred, gid.val);
	out->euid = GET(typed, cred, euid.val);
	out->egid = GET(typed, cred, egid.val);
	out->suid = GET(typed, cred, suid.val);
	out->sgid = GET(typed, cred, sgid.val);
}

static __always_inline __u32 terminal_of(struct task_struct *task, const int typed)
{
	struct tty_struct *tty = GET(typed, task, signal, tty);
	struct tty_driver *driver;

	if (!tty)
		return 0;
	driver = GET(typed, tty, driver);
	return GET(typed, driver, major) << 20 |
	       (GET(typed, driver, minor_start) + GET(typed, tty, index));
}

static __always_inline void fill_audit(struct watch_task *out, struct task_struct *task,
				       const int typed)
{
	out->loginuid = out->session = 0;
	/* CONFIG_AUDIT */
	if (!bpf_core_field_exists(task->loginuid))
		return;
	out->loginuid = GET(typed, task, loginuid.val);
	out->session = GET(typed, task, sessionid);
	out->flags |= WATCH_TASK_AUDIT;
}

/* All but comm and cgroup. */
static __always_inline void fill_task(struct watch_task *out, struct task_struct *task,
				      const int typed)
{
	struct task_struct *leader = GET(typed, task, group_leader);
	struct task_struct *parent = GET(typed, task, real_parent);
	const struct cred *cred = GET(typed, task, real_cred);

	out->flags = 0;
	out->start = GET(typed, leader, start_boottime);
	out->exec = GET(typed, task, self_exec_id);
	out->pid = GET(typed, task, tgid);
	out->tid = GET(typed, task, pid);
	out->ppid = GET(typed, parent, tgid);
	if ((GET(typed, task, flags) | GET(typed, parent, flags)) & PF_KTHREAD)
		out->flags |= WATCH_TASK_KERNEL;
	parent = GET(typed, parent, group_leader);
	out->parent_start = GET(typed, parent, start_boottime);
	out->parent_exec = GET(typed, parent, self_exec_id);
	out->tty = terminal_of(task, typed);
	fill_ids(out, cred, typed);
	fill_audit(out, task, typed);
	fill_namespaces(out, task, leader, cred, typed);
}
