/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * System calls: changes of ids and of the working folder, executions that fail.
 *
 * raw_tp/sys_enter and sys_exit see all calls, 32-bit ones too, which the tracepoint of a single
 * call does not (trace_get_syscall_nr() leaves compat calls out). So they run for every call of the
 * machine, and are attached only while somebody wants what they tell.
 *
 * Nothing is typed here: the current process as a typed pointer (bpf_get_current_task_btf) is of
 * 5.11.
 */
#pragma once

#include "bpf/watch/groups.h"
#include "bpf/watch/walk.h"

#define CALL_NUMBERS 1024 /* x32's own begin at 512; their bit 30 is left out */

/* enum watch_call by number: of the processor's own calls, and of its 32-bit ones. Set before
 * loading. */
const volatile __u8 native_calls[CALL_NUMBERS];
const volatile __u8 compat_calls[CALL_NUMBERS];

struct ids {
	__u32 uid, euid, suid, fsuid;
	__u32 gid, egid, sgid, fsgid;
	__u64 groups; /* which list of supplementary groups; a new one has another address */
};

/* What the ids of a thread were when it began to change them. LRU: it may die meanwhile. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct ids);
} ids_before SEC(".maps");

static __always_inline enum watch_call call_of(__u32 number, int compat)
{
	number &= CALL_NUMBERS - 1;
	return compat ? compat_calls[number] : native_calls[number];
}

static __always_inline void read_ids(struct ids *out, __u64 task)
{
	__u64 cred = (__u64)FIELD(task_struct, task, real_cred);

	out->uid = FIELD(cred, cred, uid.val);
	out->euid = FIELD(cred, cred, euid.val);
	out->suid = FIELD(cred, cred, suid.val);
	out->fsuid = FIELD(cred, cred, fsuid.val);
	out->gid = FIELD(cred, cred, gid.val);
	out->egid = FIELD(cred, cred, egid.val);
	out->sgid = FIELD(cred, cred, sgid.val);
	out->fsgid = FIELD(cred, cred, fsgid.val);
	out->groups = (__u64)FIELD(cred, cred, group_info);
}

static __always_inline __u32 ids_changed(const struct ids *a, const struct ids *b)
{
	__u32 changed = 0;

	if (a->uid != b->uid || a->euid != b->euid || a->suid != b->suid || a->fsuid != b->fsuid)
		changed |= WATCH_WANT_UID;
	if (a->gid != b->gid || a->egid != b->egid || a->sgid != b->sgid || a->fsgid != b->fsgid ||
	    a->groups != b->groups)
		changed |= WATCH_WANT_GID;
	return changed;
}

/* A process as it is now, for records about system calls. */
static __always_inline void fill_caller(struct watch_task *out, __u64 task, __u64 key, int compat)
{
	fill_task(out, (struct task_struct *)task, 0);
	bpf_get_current_comm(out->comm, sizeof(out->comm));
	out->cgroup = key;
	if (compat)
		out->flags |= WATCH_TASK_COMPAT;
}

static __always_inline void send_ids(__u64 task, int compat, __u32 changed)
{
	struct watch_ids *record;
	__u64 key;

	key = cgroup_key((struct task_struct *)task, 0);
	tell_groups(key, (struct task_struct *)task);
	record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
	if (!record)
		return count_loss(WATCH_LOST_OTHER);
	begin(&record->head, WATCH_IDS, bpf_ktime_get_boot_ns());
	fill_caller(&record->task, task, key, compat);
	record->changed = changed;
	record->padding = 0;
	bpf_ringbuf_submit(record, wake_flags(WATCH_IDS));
	wake();
}

static __always_inline void tell_ids(__u64 task, int compat)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct ids now = {}, *before = bpf_map_lookup_elem(&ids_before, &thread);
	__u32 changed;

	if (!before)
		return;
	read_ids(&now, task);
	changed = ids_changed(before, &now) & state.wanted;
	bpf_map_delete_elem(&ids_before, &thread);
	if (changed)
		send_ids(task, compat, changed);
}

/*
 * An execution changes effective ids only, by the bits of the file. Nearly always they are the real
 * ones before and after, and nothing is noted; what was not noted was so.
 */
static __always_inline void note_execution(__u64 task)
{
	__u64 thread = bpf_get_current_pid_tgid();
	__u64 cred = (__u64)FIELD(task_struct, task, real_cred);
	struct ids ids = {
		.euid = FIELD(cred, cred, euid.val),
		.egid = FIELD(cred, cred, egid.val),
	};

	if (ids.euid != FIELD(cred, cred, uid.val) || ids.egid != FIELD(cred, cred, gid.val))
		bpf_map_update_elem(&ids_before, &thread, &ids, BPF_ANY);
}

static __always_inline void tell_execution_ids(__u64 task, int compat, int failed)
{
	__u64 thread = bpf_get_current_pid_tgid();
	__u64 cred = (__u64)FIELD(task_struct, task, real_cred);
	struct ids *before = bpf_map_lookup_elem(&ids_before, &thread);
	__u32 euid = before ? before->euid : FIELD(cred, cred, uid.val);
	__u32 egid = before ? before->egid : FIELD(cred, cred, gid.val), changed = 0;

	if (before)
		bpf_map_delete_elem(&ids_before, &thread);
	if (failed)
		return;
	if (euid != FIELD(cred, cred, euid.val))
		changed |= WATCH_WANT_UID;
	if (egid != FIELD(cred, cred, egid.val))
		changed |= WATCH_WANT_GID;
	changed &= state.wanted;
	if (changed)
		send_ids(task, compat, changed);
}

/* The name that an execution asked for. It was read when the call began, so it is in memory. */
static __always_inline __u32 add_asked(struct slot *slot, __u64 name)
{
	__u32 at = slot->used;
	long size;

	if (at > SLOT_DATA - WATCH_STRING)
		return 0;
	size = bpf_probe_read_user_str(slot->data + at, WATCH_STRING, (void *)name);
	if (size <= 0)
		return 0;
	slot->used = at + size - 1;
	return size - 1;
}

/* WATCH_FAILED with the name at that address, or WATCH_CHDIR. */
static __always_inline void tell_call(__u64 address, enum watch_record type, __u64 name,
				      __u32 error, int compat)
{
	struct task_struct *task = (void *)address;
	__u64 key = cgroup_key(task, 0);
	struct watch_exec *record;
	struct fs_struct *fs;
	struct slot *slot;
	__u32 index;

	tell_groups(key, task);
	slot = slot_take(&index);
	if (!slot)
		return;
	record = &slot->exec;
	__builtin_memset(record, 0, sizeof(*record));
	begin(&record->head, type, bpf_ktime_get_boot_ns());
	fill_caller(&record->task, address, key, compat);
	walk_prepare(slot, task, 0);
	fs = GET(0, task, fs);
	walk_path(slot, index, &fs->pwd, &record->cwd, 0);
	record->error = error;
	if (name)
		record->filename = add_asked(slot, name);
	send_slot(slot, type, WATCH_LOST_OTHER);
	slot_give(slot);
}
