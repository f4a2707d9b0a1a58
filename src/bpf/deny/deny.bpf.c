// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Refuses opens and executions of listed files where the kernel itself decides: no round trip to
 * user space, nothing that a dead daemon could leave waiting, and calls that fanotify does not ask
 * about (truncate, rename over, unlink). Needs the BPF security module (CONFIG_BPF_LSM, and "bpf"
 * in lsm=) and trampolines.
 *
 * Hooks run one after the other: what another one has refused already is given on in `ret`.
 */
#include "bpf/deny/deny.h"
#include "bpf/watch/kernel.h"

#include <bpf/bpf_tracing.h>

#define FMODE_READ  1U
#define FMODE_WRITE 2U
#define FMODE_EXEC  0x20U /* f_flags: the open is execve's own */
#define SIGKILL	    9
#define ERRNO_MOST  4095

struct file___deny {
	unsigned int f_flags;
	unsigned int f_mode;
} __attribute__((preserve_access_index));

struct linux_binprm___deny {
	struct file *file;
} __attribute__((preserve_access_index));

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, DENY_FILES_MOST);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct deny_key);
	__type(value, struct deny_value);
} files SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DENY_RULES_MOST);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, DENY_RING);
} ring SEC(".maps");

/* Records that did not fit. */
__u64 lost;

/* Processes that are never refused: the daemon reads its own policy. 0: none. */
volatile const __u32 own[DENY_OWN];

/* Process 1 is nobody's to stop; rules that say `force` are not put here. */
static __always_inline int is_own(void)
{
	__u32 process = bpf_get_current_pid_tgid() >> 32;

	if (process == 1)
		return 1;
	for (int i = 0; i < DENY_OWN; i++)
		if (own[i] && own[i] == process)
			return 1;
	return 0;
}

static __always_inline void record(const struct deny_key *key, const struct deny_value *value,
				   __u32 what)
{
	struct deny_record *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
	__u64 ids = bpf_get_current_pid_tgid();

	if (!record) {
		__sync_fetch_and_add(&lost, 1);
		return;
	}
	record->time = bpf_ktime_get_boot_ns();
	record->ino = key->ino;
	record->dev = key->dev;
	record->what = what & value->what;
	record->rule = value->rule;
	record->error = value->error;
	record->pid = ids >> 32;
	record->tid = (__u32)ids;
	record->uid = (__u32)bpf_get_current_uid_gid();
	record->killed = value->what & DENY_KILL;
	bpf_get_current_comm(record->comm, sizeof(record->comm));
	bpf_ringbuf_submit(record, 0);
}

/*
 * Since 6.12 (5d99e198be27) the verifier wants to see that a hook returns 0 or an errno. It follows
 * a difference, but no change of sign.
 */
static __always_inline int answer(int error)
{
	int left = ERRNO_MOST - (error & ERRNO_MOST);

	barrier_var(left);
	return left - ERRNO_MOST;
}

static __always_inline int refuse(const struct deny_key *key, const struct deny_value *value,
				  __u32 what)
{
	__u32 rule = value->rule < DENY_RULES_MOST ? value->rule : DENY_RULES_MOST - 1;
	__u64 *count = bpf_map_lookup_elem(&counts, &rule);

	if (is_own())
		return 0;
	if (count)
		__sync_fetch_and_add(count, 1);
	record(key, value, what);
	if (value->what & DENY_KILL)
		bpf_send_signal(SIGKILL);
	return answer(value->error);
}

static __always_inline int judge(struct inode *inode, __u32 what)
{
	struct deny_key key = { 0 };
	struct deny_value *value;

	if (!inode)
		return 0;
	key.ino = BPF_CORE_READ(inode, i_ino);
	key.dev = BPF_CORE_READ(inode, i_sb, s_dev);
	key.uid = DENY_ANYBODY;
	value = bpf_map_lookup_elem(&files, &key);
	if (value && value->what & what)
		return refuse(&key, value, what);
	key.uid = (__u32)bpf_get_current_uid_gid();
	value = bpf_map_lookup_elem(&files, &key);
	if (value && value->what & what)
		return refuse(&key, value, what);
	return 0;
}

SEC("lsm/file_open")
int BPF_PROG(on_open, struct file *file, int ret)
{
	const struct file___deny *flags = (const void *)file;
	__u32 mode = BPF_CORE_READ(flags, f_mode), what = 0;

	if (ret != 0)
		return answer(-ret);
	/* bprm_check_security judges executions. */
	if (BPF_CORE_READ(flags, f_flags) & FMODE_EXEC)
		return 0;
	if (mode & FMODE_READ)
		what |= DENY_READ;
	if (mode & FMODE_WRITE)
		what |= DENY_WRITE;
	return what ? judge(BPF_CORE_READ(file, f_inode), what) : 0;
}

SEC("lsm/bprm_check_security")
int BPF_PROG(on_execute, struct linux_binprm___deny *program, int ret)
{
	if (ret != 0)
		return answer(-ret);
	return judge(BPF_CORE_READ(program, file, f_inode), DENY_EXECUTE);
}

SEC("lsm/path_truncate")
int BPF_PROG(on_truncate, const struct path *path, int ret)
{
	return ret != 0 ? answer(-ret) : judge(BPF_CORE_READ(path, dentry, d_inode), DENY_WRITE);
}

SEC("lsm/inode_unlink")
int BPF_PROG(on_unlink, struct inode *folder, struct dentry *entry, int ret)
{
	return ret != 0 ? answer(-ret) : judge(BPF_CORE_READ(entry, d_inode), DENY_WRITE);
}

/* What is renamed, and what is at the new name already. */
SEC("lsm/inode_rename")
int BPF_PROG(on_rename, struct inode *old_folder, struct dentry *old_entry,
	     struct inode *new_folder, struct dentry *new_entry, int ret)
{
	if (ret != 0)
		return answer(-ret);
	ret = judge(BPF_CORE_READ(old_entry, d_inode), DENY_WRITE);
	return ret != 0 ? answer(-ret) : judge(BPF_CORE_READ(new_entry, d_inode), DENY_WRITE);
}

char _license[] SEC("license") = "Dual BSD/GPL";
