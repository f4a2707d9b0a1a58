/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Groups. A record names a process's groups by a key; what the key stands for is told once, in a
 * record of its own before the first record that needs it.
 */
#pragma once

#include "bpf/watch/task.h"

#define MAX_GROUPS     32 /* hierarchies: at most 16 controllers, and named ones */
#define MAX_GROUP_PATH 64 /* levels */
#define GROUP_NAME     256
#define GROUP_LIMIT    (SLOT_DATA - 8192U)

/* Adds the name of the group slot->node behind slot->used, and goes on to the one above it. */
__noinline int group_name_step(__u32 index)
{
	struct slot *slot = bpf_map_lookup_elem(&slots, &index);
	__u64 parent;
	__u32 at;
	long size;

	if (!slot)
		return 1;
	parent = kernfs_parent(slot->node);
	at = slot->used;
	if (!parent || at > GROUP_LIMIT)
		return 1;
	size = bpf_probe_read_kernel_str(slot->data + at, GROUP_NAME,
					 FIELD(kernfs_node, slot->node, name));
	if (size > 0)
		slot->used = at + size;
	slot->node = parent;
	return 0;
}

/* Adds the group of one hierarchy, slot->link, and goes on to the next. */
__noinline int group_step(__u32 index)
{
	struct slot *slot = bpf_map_lookup_elem(&slots, &index);
	struct watch_group *group;
	__u64 link, cgroup, node;
	__u32 at;
	int i;

	if (!slot)
		return 1;
	at = slot->used;
	if (slot->link == slot->links || !slot->link || at > GROUP_LIMIT)
		return 1;
	link = slot->link - MEMBER_OFFSET(cgrp_cset_link, cgrp_link);
	cgroup = (__u64)FIELD(cgrp_cset_link, link, cgrp);
	node = (__u64)FIELD(cgroup, cgroup, kn);
	group = (void *)slot->data + at;
	slot->used = at + sizeof(*group);
	slot->node = node;
	for (i = 0; i < MAX_GROUP_PATH; i++)
		if (group_name_step(index))
			break;
	group->id = FIELD(kernfs_node, node, id);
	node = (__u64)FIELD(cgroup, cgroup, root);
	group->hierarchy = FIELD(cgroup_root, node, hierarchy_id);
	group->path = slot->used - at - sizeof(*group);
	slot->used = (slot->used + 7) & ~7U;
	slot->link = (__u64)FIELD(list_head, slot->link, next);
	return 0;
}

/* Makes a record of the groups of the css_set slot->cgroups, in the slot's data. */
__noinline int gather_groups(__u32 index)
{
	struct slot *slot = bpf_map_lookup_elem(&slots, &index);
	struct watch_cgroup *record;
	int i;

	if (!slot)
		return 1;
	record = (void *)slot->data;
	slot->links = slot->cgroups + MEMBER_OFFSET(css_set, cgrp_links);
	slot->link = (__u64)FIELD(list_head, slot->links, next);
	slot->used = sizeof(*record);
	for (i = 0; i < MAX_GROUPS; i++)
		if (group_step(index))
			break;
	begin(&record->head, WATCH_CGROUP, bpf_ktime_get_boot_ns());
	record->key = slot->key;
	record->groups = i;
	record->size = slot->used - sizeof(*record);
	return 0;
}

/* Sends what gather_groups() has made; 0: sent. */
static __always_inline int send_groups(struct slot *slot)
{
	__u32 used = slot->used;

	BARRIER(used);
	if (used > SLOT_DATA)
		return 1;
	return bpf_ringbuf_output(&ring, slot->data, used, BPF_RB_NO_WAKEUP) != 0;
}

/* Makes sure that the key is known to the reader. */
static __always_inline void tell_groups(__u64 key, struct task_struct *task)
{
	struct slot *slot;
	__u32 index, one = 1;

	if (bpf_map_lookup_elem(&told, &key))
		return;
	slot = slot_take(&index);
	if (!slot)
		return;
	slot->key = key;
	slot->cgroups = (__u64)FIELD(task_struct, task, cgroups);
	if (!gather_groups(index) && !send_groups(slot))
		bpf_map_update_elem(&told, &key, &one, BPF_ANY);
	slot_give(slot);
}
