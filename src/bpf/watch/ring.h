/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the programs share: switches, the ring, the slots in which long records are put together,
 * and the count of what was lost.
 *
 * Slots. A program may be preempted by another one on its processor: tracepoints of system calls
 * run with preemption on since 6.13 (a363d27cdbc2, "tracing: Allow system call tracepoints to
 * handle page faults"), and PREEMPT_LAZY and PREEMPT_RT make more of them so. One scratch buffer a
 * processor would be shared by two then. So a processor has SLOTS_PER_CPU, and each is taken by an
 * addition that needs no fetch (atomic compare and exchange came with 5.12 only): who reads 1 after
 * adding 1 owns it. Two that add before either reads give up both, and that is counted.
 */
#pragma once

#include "bpf/watch/kernel.h"
#include "bpf/watch/watch.h"

#define SLOTS_PER_CPU 4
#define SLOT_DATA     65536U

/* Keeps the compiler from undoing a bound that the verifier has to see. */
#define BARRIER(variable) asm volatile("" : "+r"(variable))

struct walk {
	__u64 dentry, mount;	       /* where it stands: struct dentry, struct vfsmount */
	__u64 mount_root;	       /* the dentry on top of that mount */
	__u64 root_dentry, root_mount; /* the process's own root */
	__u64 super_root;	       /* the dentry on top of the first mount's file system */
	__u64 first_root;	       /* the dentry on top of the first mount */
	__u32 start, end;	       /* in the slot's data */
	__u32 foreign; /* the process is in another mount namespace: its root is the end */
	__u32 crossed;
	__u32 below; /* inside the file system, from the mount's root to the file system's */
	__u32 done;
	struct watch_path path;
};

struct ended_process {
	__u64 start;
	__u32 pid;
	__u32 padding;
};

struct slot {
	__u32 taken;
	__u32 used;	    /* bytes of data */
	__u64 cgroups, key; /* a css_set, and its key */
	__u64 links, link;  /* its list of groups, and where in it */
	__u64 node;	    /* of the group's path, from its end */
	struct walk walk;
	struct watch_exec exec;
	char data[SLOT_DATA];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SLOTS_PER_CPU); /* times the number of processors */
	__type(key, __u32);
	__type(value, struct slot);
} slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} ring SEC(".maps");

/* Set before loading. */
const volatile __u32 groups_v1; /* some hierarchy is not v2 */

/* A section of its own, which can be shared by what is loaded apart. */
struct watch_state state SEC(".data.state");

static __always_inline int is_wanted(enum watch_record record, __u32 pid)
{
	return state.wanted & WATCH_WANT(record) && pid != state.quiet;
}

static __always_inline void count_loss(enum watch_cause cause)
{
	__sync_fetch_and_add(&state.lost[cause], 1);
	__sync_fetch_and_add(&state.lost_total, 1);
}

static __always_inline void begin(struct watch_head *head, enum watch_record record, __u64 time)
{
	head->record = record;
	head->padding = 0;
	head->lost = state.lost_total;
	head->time = time;
}

static __always_inline __u64 wake_flags(enum watch_record record)
{
	return state.urgent & WATCH_WANT(record) ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

/*
 * After a record: wakes the reader if it sleeps. It is woken once, and then looks by the clock
 * until it finds nothing. This must come after the record, whose commit is a full barrier: the
 * reader says that it sleeps and then looks once more, so one of the two sees the other. What
 * carries the wake-up is an empty record that is thrown away.
 */
static __always_inline void wake(void)
{
	void *nothing;

	if (!state.armed)
		return;
	nothing = bpf_ringbuf_reserve(&ring, 8, 0);
	if (!nothing)
		return;
	state.armed = 0;
	bpf_ringbuf_discard(nothing, BPF_RB_FORCE_WAKEUP);
}

static __always_inline struct slot *slot_take(__u32 *ret_index)
{
	__u32 index = bpf_get_smp_processor_id() * SLOTS_PER_CPU;
	struct slot *slot;
	int i;

	for (i = 0; i < SLOTS_PER_CPU; i++, index++) {
		slot = bpf_map_lookup_elem(&slots, &index);
		if (!slot)
			break;
		__sync_fetch_and_add(&slot->taken, 1);
		if (*(volatile __u32 *)&slot->taken == 1) {
			*ret_index = index;
			return slot;
		}
		__sync_fetch_and_add(&slot->taken, -1);
	}
	count_loss(WATCH_LOST_SCRATCH);
	return 0;
}

static __always_inline void slot_give(struct slot *slot)
{
	__sync_fetch_and_add(&slot->taken, -1);
}

/* Sends an exec record or one of its form. */
static __always_inline void send_slot(struct slot *slot, enum watch_record record,
				      enum watch_cause cause)
{
	__u32 used = slot->used;

	if (used > SLOT_DATA)
		used = SLOT_DATA;
	BARRIER(used);
	if (used > SLOT_DATA ||
	    bpf_ringbuf_output(&ring, &slot->exec, sizeof(slot->exec) + used, wake_flags(record)))
		count_loss(cause);
	else
		wake();
}
