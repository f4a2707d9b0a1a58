/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the two halves of the watch program share: the records in the ring.
 *
 * Every record begins with struct watch_head. Numbers are the host's; strings follow the fixed part
 * one after the other, their lengths stand in it. A path is written as the kernel holds it, from
 * the file up to the root: "ls\0bin\0usr\0" is /usr/bin/ls.
 */
#pragma once

enum watch_record {
	WATCH_EXEC = 1,
	WATCH_FORK,
	WATCH_EXIT,
	WATCH_IDS,    /* user or group ids have changed */
	WATCH_CHDIR,  /* the working folder has changed */
	WATCH_FAILED, /* an execution failed */
	WATCH_OOM,
	WATCH_CHUNK,   /* a piece of the arguments of the exec record that follows */
	WATCH_CGROUP,  /* the groups behind a key that records name from now on */
	WATCH_RUNNING, /* a process that runs already; never in the ring */
};

/* What is asked for: bits of `wanted`. */
#define WATCH_WANT(record) (1U << (record))
#define WATCH_WANT_UID	   (1U << 16)
#define WATCH_WANT_GID	   (1U << 17)

/* What a system call is to us. */
enum watch_call {
	WATCH_CALL_OTHER,
	WATCH_CALL_UID,
	WATCH_CALL_GID,
	WATCH_CALL_EXECVE,
	WATCH_CALL_EXECVEAT,
	WATCH_CALL_CHDIR,
};

/* Why something was lost. */
enum watch_cause {
	WATCH_LOST_EXEC, /* the ring was full ... */
	WATCH_LOST_FORK,
	WATCH_LOST_EXIT,
	WATCH_LOST_OTHER,
	WATCH_LOST_SCRATCH, /* no free slot to put the record together in */
	WATCH_CAUSES,
};

#define WATCH_PIECE	 32768U /* bytes of arguments in a chunk */
#define WATCH_PIECES	 8	/* at most: 256 KiB */
#define WATCH_ARGUMENTS	 (WATCH_PIECES * WATCH_PIECE)
#define WATCH_INLINE	 16384U /* bytes of arguments, and of the environment, in an exec record */
#define WATCH_PATH	 8192U	/* bytes of a path */
#define WATCH_STRING	 4096U	/* bytes of a file name as asked for */
#define WATCH_COMPONENTS 2048U	/* of a path of 4,095 bytes */

struct watch_head {
	__u16 record; /* enum watch_record */
	__u16 padding;
	__u32 lost; /* how many events had been lost when this was written, modulo 2^32 */
	__u64 time; /* ns since boot */
};

/* A process. 0 in a namespace: not known. */
struct watch_task {
	__u64 start; /* ns since boot */
	__u64 parent_start;
	__u64 cgroup; /* a key that a WATCH_CGROUP record explains; 0: not known */
	__u32 exec;   /* task_struct.self_exec_id */
	__u32 parent_exec;
	__u32 pid, tid, ppid, ns_pid;
	__u32 uid, gid, euid, egid, suid, sgid;
	__u32 loginuid, session;
	__u32 tty;   /* dev_t of the kernel: 12 bits, 20 bits */
	__u32 flags; /* WATCH_TASK_* */
	__u32 mnt_ns, pid_ns, net_ns, user_ns, uts_ns, ipc_ns, cgroup_ns, time_ns;
	char comm[16];
};

#define WATCH_TASK_KERNEL 1U /* a kernel thread, or its parent is one */
#define WATCH_TASK_THREAD 2U /* another thread than the leader executed */
#define WATCH_TASK_SETID  4U /* the file gave ids or capabilities away (bprm->per_clear) */
#define WATCH_TASK_UPPER  8U
#define WATCH_TASK_COMPAT 16U
#define WATCH_TASK_AUDIT  32U /* loginuid and session are known */
#define WATCH_TASK_CAPS	  64U /* caps_gained is known */
#define WATCH_ARGV_CUT	  128U
#define WATCH_ENV_CUT	  256U
#define WATCH_SCRIPT	  512U /* the interpreter's name differs from the file name */

/* A path that was walked. All sizes are bytes of "name\0". */
struct watch_path {
	__u16 size;  /* from the file to where the walk ended */
	__u16 root;  /* as far as the process's own root; WATCH_NO_ROOT: it was not met */
	__u16 inner; /* as far as the root of the file's own mount */
	__u16 below; /* that follow: from there to the file system's root */
	__u32 dev;   /* of the file system, dev_t of the kernel */
	__u32 flags; /* WATCH_PATH_* */
};

#define WATCH_NO_ROOT	   0xffffU
#define WATCH_PATH_HOST	   1U /* it ended at our root: the path is whole */
#define WATCH_PATH_TOP	   2U /* it ended at a root of another mount namespace */
#define WATCH_PATH_DELETED 4U
#define WATCH_PATH_PSEUDO  8U /* no file in a tree: one component, its name (memfd:NAME) */
#define WATCH_PATH_CUT	   16U

/* Also WATCH_FAILED and WATCH_CHDIR, which have no program, and WATCH_RUNNING, which has only that.
 */
struct watch_exec {
	struct watch_head head;
	struct watch_task task;
	__u64 inode;
	__u64 caps_gained;
	__u32 nlink;
	__u32 mode;
	__u32 filename, interpreter; /* bytes, without a NUL */
	__u32 argv;		     /* bytes here, behind what chunks have brought */
	__u32 chunked;		     /* bytes in chunks before */
	__u32 env;
	__u32 error; /* of a failed execution */
	struct watch_path exe, cwd;
	/* exe, its below, cwd, its below, filename, interpreter, argv, env */
};

struct watch_fork {
	struct watch_head head;
	struct watch_task task;
};

#define WATCH_UNKNOWN (~0ULL)

struct watch_exit {
	struct watch_head head;
	__u64 start;
	__u32 pid, tid, ppid, exec;
	__u32 uid, gid, euid, egid;
	__u32 status; /* as wait(2) */
	__u32 flags;  /* WATCH_TASK_* */
	__u64 user_time, system_time,
		run_time; /* ns; the last is by the scheduler's clock, the others by tick */
	__u64 max_rss;	  /* pages */
	__u64 read_bytes, write_bytes; /* ~0: not known */
};

struct watch_ids {
	struct watch_head head;
	struct watch_task task;
	__u32 changed; /* WATCH_WANT_UID, WATCH_WANT_GID */
	__u32 padding;
};

struct watch_oom {
	struct watch_head head;
	__u32 pid;
	__u32 padding;
};

struct watch_chunk {
	struct watch_head head; /* time: as in the exec record to come */
	__u32 pid;
	__u32 size;
	/* bytes */
};

/* One group of a process, in one hierarchy. */
struct watch_group {
	__u64 id;
	__u32 hierarchy; /* 0: v2; else as in /proc/PID/cgroup */
	__u32 path;	 /* bytes; like all paths, in reverse */
};

struct watch_cgroup {
	struct watch_head head;
	__u64 key;
	__u32 groups;
	__u32 size; /* bytes that follow: struct watch_group and its path, padded to 8 */
};

/* Read and written by both halves at any time. */
struct watch_state {
	__u64 host_root_dentry, host_root_mount;
	__u64 lost[WATCH_CAUSES];
	__u32 lost_total;
	__u32 wanted;	/* WATCH_WANT bits */
	__u32 urgent;	/* those whose reader is woken at once */
	__u32 armed;	/* the reader sleeps: the next record wakes it */
	__u32 quiet;	/* a process that is not told */
	__u32 keep_env; /* the environment is wanted */
	__u32 host_mnt_ns;
	__u32 noted;	       /* executions of which something is kept until they are told */
	__u32 told_generation; /* raised whenever a group's key may mean something else than before
				*/
	__u32 padding;
};

#ifndef __cplusplus
#define WATCH_SIZE(type, bytes) \
	_Static_assert(sizeof(struct type) == (bytes), "the same on both sides")
WATCH_SIZE(watch_head, 16);
WATCH_SIZE(watch_task, 136);
WATCH_SIZE(watch_path, 16);
WATCH_SIZE(watch_exec, 232);
WATCH_SIZE(watch_fork, 152);
WATCH_SIZE(watch_exit, 112);
WATCH_SIZE(watch_ids, 160);
WATCH_SIZE(watch_oom, 24);
WATCH_SIZE(watch_chunk, 24);
WATCH_SIZE(watch_group, 16);
WATCH_SIZE(watch_cgroup, 32);
WATCH_SIZE(watch_state, 96);
#endif
