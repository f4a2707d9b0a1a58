/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel's structures, declared by hand: only the fields that are read. The loader puts the
 * running kernel's offsets in (CO-RE), so neither order nor size matter here.
 *
 * What was renamed or changed between kernels stands at the end, a "flavour" each: the part of a
 * name behind three underscores is not compared.
 */
#pragma once

#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;
typedef struct {
	__u32 val;
} kuid_t;
typedef struct {
	__u32 val;
} kgid_t;

struct list_head {
	struct list_head *next;
};
struct hlist_bl_node {
	struct hlist_bl_node **pprev;
};
struct qstr {
	__u32 len;
	const unsigned char *name;
};
struct super_block {
	__u32 s_dev;
	unsigned long s_magic;
	struct dentry *s_root;
};
struct inode {
	__u16 i_mode;
	struct super_block *i_sb;
	unsigned long i_ino;
	unsigned int i_nlink;
	kuid_t i_uid;
};
struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
};
struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
};
struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};
struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};
struct file {
	struct path f_path;
	struct inode *f_inode;
};
struct fs_struct {
	struct path root, pwd;
};

struct ns_common {
	unsigned int inum;
};
struct mnt_namespace {
	struct ns_common ns;
};
struct pid_namespace {
	struct ns_common ns;
};
struct net {
	struct ns_common ns;
};
struct user_namespace {
	struct ns_common ns;
};
struct uts_namespace {
	struct ns_common ns;
};
struct ipc_namespace {
	struct ns_common ns;
};
struct cgroup_namespace {
	struct ns_common ns;
};
struct time_namespace {
	struct ns_common ns;
};
struct nsproxy {
	struct uts_namespace *uts_ns;
	struct ipc_namespace *ipc_ns;
	struct mnt_namespace *mnt_ns;
	struct net *net_ns;
	struct time_namespace *time_ns;
	struct cgroup_namespace *cgroup_ns;
};
struct upid {
	int nr;
	struct pid_namespace *ns;
};
struct pid {
	unsigned int level;
	struct upid numbers[1];
};

struct cred {
	kuid_t uid, suid, euid, fsuid;
	kgid_t gid, sgid, egid, fsgid;
	struct user_namespace *user_ns;
	struct group_info *group_info;
};

struct kernfs_node {
	const char *name;
	__u64 id;
};
struct cgroup_root {
	int hierarchy_id;
	unsigned int subsys_mask;
};
struct cgroup {
	struct kernfs_node *kn;
	struct cgroup_root *root;
};
struct cgroup_subsys_state;
struct css_set {
	struct cgroup_subsys_state *subsys[1];
	struct cgroup *dfl_cgrp;
	struct list_head cgrp_links;
};
struct cgrp_cset_link {
	struct cgroup *cgrp;
	struct list_head cgrp_link;
};

struct tty_driver {
	int major, minor_start;
};
struct tty_struct {
	struct tty_driver *driver;
	int index;
};
struct task_io_accounting {
	__u64 read_bytes, write_bytes;
};
struct signal_struct {
	atomic_t live;
	int nr_threads;
	int group_exit_code;
	unsigned int flags;
	struct tty_struct *tty;
	__u64 utime, stime;
	unsigned long maxrss;
	struct task_io_accounting ioac;
	unsigned long long sum_sched_runtime;
};
struct mm_struct {
	struct {
		unsigned long arg_start, arg_end, env_start, env_end;
		struct file *exe_file;
	};
};
struct sched_entity {
	__u64 sum_exec_runtime;
};
struct thread_info {
	__u32 status;
};
struct task_struct {
	struct thread_info thread_info;
	unsigned int flags;
	struct sched_entity se;
	struct mm_struct *mm;
	int exit_state, exit_code;
	int pid, tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	__u64 utime, stime;
	__u64 start_boottime;
	const struct cred *real_cred;
	char comm[16];
	struct fs_struct *fs;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	kuid_t loginuid;
	unsigned int sessionid;
	__u64 self_exec_id;
	struct css_set *cgroups;
	struct task_io_accounting ioac;
};
struct seq_file;
struct bpf_iter_meta {
	struct seq_file *seq;
};
struct linux_binprm {
	struct file *file;
	unsigned int per_clear;
	const char *filename;
	const char *interp;
	struct cred *cred;
};

/* kernfs_node.parent is __parent since 6.15 (633488947ef6, "kernfs: Use RCU to access
 * kernfs_node::parent"). */
struct kernfs_node___until_614 {
	struct kernfs_node *parent;
};
struct kernfs_node___since_615 {
	struct kernfs_node *__parent;
};

/* kernel_cap_t is one number since 6.3 (f122a08b197d, "capability: just use a 'u64' instead of a
 * 'u32[2]' array"). */
typedef struct {
	__u32 cap[2];
} kernel_cap_t___until_62;
typedef struct {
	__u64 val;
} kernel_cap_t___since_63;
struct cred___until_62 {
	kernel_cap_t___until_62 cap_permitted;
};
struct cred___since_63 {
	kernel_cap_t___since_63 cap_permitted;
};

#pragma clang attribute pop

/* A function of the kernel since 6.2 (a35b9af4ec2c, "bpf: Add a kfunc for generic type cast"). */
extern void *bpf_rdonly_cast(const void *object, __u32 type) __ksym __weak;
/* The numbers that the kernel's types have there, set before loading; 0: there is no such function.
 */
extern const volatile __u32 cast_task_struct, cast_linux_binprm;

/*
 * The same pointer without the verifier's trust in it, which none of our programs needs. With it,
 * each pointer that is read costs four searches through all types of the kernel for what it passes
 * on (btf_nested_type_is_trusted()): 2 ms a pointer when the programs are loaded. At run time the
 * cast is nothing.
 */
#define PLAIN(type, pointer)                                                                 \
	((struct type *)(cast_##type ? bpf_rdonly_cast((const void *)(pointer), cast_##type) \
				     : (void *)(pointer)))

/* Reads a field behind an address that is a mere number to the verifier. */
#define FIELD(type, address, field)                                                        \
	({                                                                                 \
		__typeof__(((struct type *)0)->field) _value = 0;                          \
		__u64 _address = (__u64)(address);                                         \
		bpf_core_read(&_value, sizeof(_value), &((struct type *)_address)->field); \
		_value;                                                                    \
	})

static __always_inline __u64 kernfs_parent(__u64 node)
{
	const struct kernfs_node___since_615 *now = 0;

	if (bpf_core_field_exists(now->__parent))
		return (__u64)FIELD(kernfs_node___since_615, node, __parent);
	return (__u64)FIELD(kernfs_node___until_614, node, parent);
}

static __always_inline __u64 permitted_of(__u64 cred)
{
	const struct cred___since_63 *now = 0;
	__u64 set = 0;

	if (bpf_core_field_exists(now->cap_permitted.val))
		return FIELD(cred___since_63, cred, cap_permitted.val);
	bpf_core_read(&set, sizeof(set), &((struct cred___until_62 *)cred)->cap_permitted.cap);
	return set;
}

#define MEMBER_OFFSET(type, field) \
	__builtin_preserve_field_info(((struct type *)0)->field, BPF_FIELD_BYTE_OFFSET)

/*
 * GET(typed, task, real_parent, tgid) is task->real_parent->tgid. Where the verifier knows the
 * pointer's type (`typed`, a constant: tp_btf's arguments) it is read by plain loads, 1 ns each;
 * else by a helper's call for each arrow, some 10 ns.
 */
#define GET_1(s, a)			    (s)->a
#define GET_2(s, a, b)			    (s)->a->b
#define GET_3(s, a, b, c)		    (s)->a->b->c
#define GET_4(s, a, b, c, d)		    (s)->a->b->c->d
#define GET_N(s, _1, _2, _3, _4, name, ...) name

/* The name that stands behind as many arguments as there are. */
#define GET_PLAIN(...) GET_N(__VA_ARGS__, GET_4, GET_3, GET_2, GET_1)(__VA_ARGS__)

#define GET(typed, ...) ((typed) ? GET_PLAIN(__VA_ARGS__) : BPF_CORE_READ(__VA_ARGS__))

/* Values of the kernel's own constants; part of its interface to user space, or stable since the
 * oldest kernel that is supported. */
#define PF_KTHREAD	  0x00200000U
#define SIGNAL_GROUP_EXIT 0x00000004U
#define PID_NS_FIRST	  0xEFFFFFFCU /* PROC_PID_INIT_INO */
#define TS_COMPAT	  0x0002U
#define OVERLAYFS_MAGIC	  0x794c7630UL
