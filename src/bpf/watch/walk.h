/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The path of a dentry, by walking up to the root: bpf_d_path() is not for these programs.
 *
 * The first steps follow typed pointers, which the processor reads without a call; where a mount
 * has to be left, or the path is long, walk_step() goes on with addresses. That one is a global
 * function: the verifier checks it once and not for each of 2,048 steps, so that no kernel needs
 * bpf_loop() (5.17) for the longest path.
 *
 * No lock is held: a rename under way may give a name of before beside one of after. A dentry
 * cannot vanish meanwhile, as the programs run in an RCU section.
 */
#pragma once

#include "bpf/watch/ring.h"

#define TYPED_STEPS 12
#define WALK_TURNS  32U
#define NAME_LENGTH 255U
/* Where a name may begin at most, so that it and all that follows have room; a mask, too. */
#define PATH_LIMIT (SLOT_DATA - 32768U - 1)

/* The lesser of two, without a branch, each of which would double what the verifier looks at. */
static __always_inline __u32 least(__u32 a, __u32 b)
{
	__u32 less = a - b;

	BARRIER(less);
	return b + (less & (__u32)((__s32)less >> 31));
}

/* Adds one name. Returns the new end. */
static __always_inline __u32 add_name(struct slot *slot, __u32 at, const void *name, __u32 length)
{
	at = least(at, PATH_LIMIT);
	length = least(length, NAME_LENGTH);
	BARRIER(at);
	BARRIER(length);
	at &= PATH_LIMIT;
	length &= NAME_LENGTH;
	bpf_probe_read_kernel(slot->data + at, length, name);
	slot->data[at + length] = 0;
	return at + length + 1;
}

static __always_inline void finish(struct walk *walk, __u32 flags)
{
	walk->path.flags |= flags;
	walk->done = 1;
}

/* At the top of a mount: goes on at the place where it is mounted, or ends. */
static __always_inline void leave_mount(struct walk *walk)
{
	__u64 mount = walk->mount - MEMBER_OFFSET(mount, mnt);
	__u64 parent = (__u64)FIELD(mount, mount, mnt_parent);

	if (!walk->crossed) {
		walk->crossed = 1;
		walk->path.inner = walk->end - walk->start;
		walk->first_root = walk->dentry;
	}
	if (!parent || parent == mount)
		return finish(walk, WATCH_PATH_TOP);
	walk->dentry = (__u64)FIELD(mount, mount, mnt_mountpoint);
	walk->mount = parent + MEMBER_OFFSET(mount, mnt);
	walk->mount_root = (__u64)FIELD(vfsmount, walk->mount, mnt_root);
}

/* A dentry that is its own parent and yet not the root of its mount is in no tree: memfd, pipe. */
static __always_inline void climb(struct slot *slot, struct walk *walk)
{
	__u64 dentry = walk->dentry;
	__u64 parent = (__u64)FIELD(dentry, dentry, d_parent);

	if (walk->end - walk->start > WATCH_PATH)
		return finish(walk, WATCH_PATH_CUT);
	walk->end = add_name(slot, walk->end, FIELD(dentry, dentry, d_name.name),
			     FIELD(dentry, dentry, d_name.len));
	if (!parent || parent == dentry)
		return finish(walk, WATCH_PATH_PSEUDO);
	walk->dentry = parent;
}

/* Notes where the process's own root is; true if nothing above it matters. */
static __always_inline int meet_root(struct walk *walk, __u64 dentry, __u64 mount, __u32 size)
{
	if (dentry == walk->root_dentry && mount == walk->root_mount &&
	    walk->path.root == WATCH_NO_ROOT)
		walk->path.root = size;
	return walk->foreign && walk->path.root != WATCH_NO_ROOT;
}

static __always_inline void one_step(struct slot *slot)
{
	struct walk *walk = &slot->walk;

	if (walk->below) {
		if (walk->dentry == walk->super_root)
			walk->done = 1;
		else
			climb(slot, walk);
		return;
	}
	if (walk->dentry == state.host_root_dentry && walk->mount == state.host_root_mount)
		return finish(walk, WATCH_PATH_HOST);
	if (meet_root(walk, walk->dentry, walk->mount, walk->end - walk->start) && walk->crossed)
		return finish(walk, 0);
	if (walk->dentry == walk->mount_root)
		return leave_mount(walk);
	climb(slot, walk);
}

__noinline int walk_step(__u32 index)
{
	struct slot *slot = bpf_map_lookup_elem(&slots, &index);

	if (!slot)
		return 1;
	if (!slot->walk.done)
		one_step(slot);
	return slot->walk.done;
}

/* Two functions of loops, not one, as the verifier goes through every turn of a function once. */
__noinline int walk_some(__u32 index)
{
	int i;

	for (i = 0; i < WATCH_COMPONENTS / WALK_TURNS; i++)
		if (walk_step(index))
			return 1;
	return 0;
}

__noinline int walk_on(__u32 index)
{
	int i;

	for (i = 0; i < WALK_TURNS; i++)
		if (walk_some(index))
			return 0;
	return 1;
}

/* The first steps, up to the top of the file's mount. What changes is kept in memory, not in
 * registers, so that all turns of the loop look alike to the verifier. */
static __always_inline void walk_typed(struct slot *slot, struct dentry *dentry,
				       struct vfsmount *mount)
{
	struct walk *walk = &slot->walk;
	volatile __u32 *end = &walk->end;
	struct dentry *top = mount->mnt_root;
	struct dentry *parent;
	int i;

	*end = walk->start;
	for (i = 0; i < TYPED_STEPS; i++) {
		*(volatile __u64 *)&walk->dentry = (__u64)dentry;
		if (walk->dentry == state.host_root_dentry && walk->mount == state.host_root_mount)
			return finish(walk, WATCH_PATH_HOST);
		if (walk->dentry == walk->root_dentry && walk->mount == walk->root_mount)
			walk->path.root = *end - walk->start;
		parent = dentry->d_parent;
		if (dentry == top || dentry == parent)
			return;
		*end = add_name(slot, *end, dentry->d_name.name, dentry->d_name.len);
		dentry = parent;
	}
	walk->dentry = (__u64)dentry;
}

/* Puts the path of a dentry behind slot->used and its description into *path. The process's root
 * and `foreign` are in the walk already. */
static __always_inline void walk_path(struct slot *slot, __u32 index, struct path *file,
				      struct watch_path *path, const int typed)
{
	struct walk *walk = &slot->walk;
	struct dentry *dentry = GET(typed, file, dentry);
	struct vfsmount *mount = GET(typed, file, mnt);
	struct super_block *super = GET(typed, mount, mnt_sb);
	__u32 size;

	walk->path.root = WATCH_NO_ROOT;
	walk->path.inner = 0;
	walk->path.dev = GET(typed, super, s_dev);
	walk->path.flags = GET(typed, dentry, d_hash.pprev) ? 0 : WATCH_PATH_DELETED;
	walk->dentry = (__u64)dentry;
	walk->mount = (__u64)mount;
	walk->mount_root = walk->first_root = (__u64)GET(typed, mount, mnt_root);
	walk->super_root = (__u64)GET(typed, super, s_root);
	walk->start = walk->end = slot->used;
	walk->crossed = walk->below = walk->done = 0;
	if (typed)
		walk_typed(slot, dentry, mount);
	if (!walk->done)
		walk_on(index);
	size = walk->end - walk->start;
	walk->path.size = size;
	if (!walk->crossed)
		walk->path.inner = size;
	if (!(walk->path.flags & (WATCH_PATH_HOST | WATCH_PATH_PSEUDO)) &&
	    walk->first_root != walk->super_root) {
		walk->dentry = walk->first_root;
		walk->below = 1;
		walk->done = 0;
		walk->start = walk->end;
		walk_on(index);
	}
	walk->path.below = walk->end - slot->used - size;
	slot->used = walk->end;
	*path = walk->path;
}

/* What all paths of a process have in common. */
static __always_inline void walk_prepare(struct slot *slot, struct task_struct *task,
					 const int typed)
{
	struct fs_struct *fs = GET(typed, task, fs);

	slot->used = 0;
	slot->walk.root_dentry = (__u64)GET(typed, fs, root.dentry);
	slot->walk.root_mount = (__u64)GET(typed, fs, root.mnt);
	slot->walk.foreign = GET(typed, task, nsproxy, mnt_ns, ns.inum) != state.host_mnt_ns;
}
