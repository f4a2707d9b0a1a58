/* SPDX-License-Identifier: MIT */
/*
 * What a source says that happened: one record with the same fields from every source, and a mask
 * of those that are known. The fields stand in one table, EVENT_FIELDS; rendering, the record
 * file, filters and docs/events.md are made from it.
 */
#pragma once

#include "util/text.h"

#include <sys/types.h>

enum event_type {
	EVENT_EXEC,	/* a program was started: after the point of no return */
	EVENT_FORK,	/* a process was made (threads are not told) */
	EVENT_EXIT,	/* a process has ended: its last thread, whichever that is */
	EVENT_SETUID,	/* its user ids have changed */
	EVENT_SETGID,	/* its group ids have changed */
	EVENT_CHDIR,	/* where the source knows it */
	EVENT_OOM,	/* the kernel chose it as victim */
	EVENT_COREDUMP, /* it is dumping core */
	EVENT_FAILED,	/* an execution that failed, only where asked for */
	EVENT_RUNNING,	/* found by a scan: it ran before it was watched, or was missed by a gap */
	EVENT_GAP,	/* events were lost; `from`, `to`, `lost`, `reason` */
	EVENT_SOURCE,	/* a source was taken, has failed or was replaced; `reason` */
	EVENT_TYPES
};

#define EVENT_BIT(type) (UINT32_C(1) << (type))
#define EVENT_ALL	(EVENT_BIT(EVENT_TYPES) - 1)

enum event_source {
	SOURCE_GATE,
	SOURCE_BPF,
	SOURCE_CONNECTOR,
	SOURCE_AUDIT,
	SOURCE_PROCFS,
	SOURCE_REPLAY,
	SOURCE_REEVE, /* reeve itself: gap and source records */
	SOURCES
};

/*
 * Which run of a program: unique over reuse of process ids, and, with the boot, over reboots.
 * Written BOOT-START-PID.EXEC, the first two in hexadecimal: 3f2a9c10-5e3c1-1234.2
 */
struct process_id {
	uint32_t boot;	/* the first 8 digits of the boot id */
	uint32_t pid;	/* in the host's process namespace */
	uint64_t start; /* since boot in 1/100 s, as field 22 of /proc/PID/stat */
	uint64_t exec;	/* differs between the executions of one process: the kernel's own count
			 * (task_struct.self_exec_id) from bpf, else the time of the execution since
			 * boot in µs; 0: not known to have executed anything since its fork */
};

/*
 * How a field is held and shown.
 * U32, U64, I32: a number. TIME: ns. BYTES: a slice of any bytes but NUL. LIST: a slice of strings,
 * each with its NUL. ID: struct process_id. FLAGS: bits of event_flags. OCTAL: a mode. DEVICE: as
 * major:minor. CAPABILITIES: a 64-bit set.
 */
enum event_kind {
	KIND_U32,
	KIND_U64,
	KIND_I32,
	KIND_TIME,
	KIND_BYTES,
	KIND_LIST,
	KIND_ID,
	KIND_FLAGS,
	KIND_OCTAL,
	KIND_DEVICE,
	KIND_CAPABILITIES,
};

/* X(SYMBOL, member, KIND, "name in JSON", "unit", "what it says"). The order is that of output and
 * of the numbers in record files: append only. A dot in a name makes an object in JSON. */
#define EVENT_FIELDS(X)                                                                            \
	X(TIME, time, TIME, "time", "ns", "wall clock when it happened")                           \
	X(BOOTTIME, boottime, TIME, "boottime", "ns",                                              \
	  "the same since boot, suspended time included")                                          \
	X(PID, pid, U32, "pid", "", "process id on the host")                                      \
	X(TID, tid, U32, "tid", "", "thread that did it; an exec's survivor has the process's id") \
	X(PPID, ppid, U32, "ppid", "", "parent's process id on the host")                          \
	X(NS_PID, ns_pid, U32, "ns_pid", "", "process id in its own, innermost process namespace") \
	X(EXEC_ID, exec_id, ID, "exec_id", "",                                                     \
	  "this run of this program; unique over reuse of ids and reboots")                        \
	X(PARENT_ID, parent_id, ID, "parent_id", "", "exec_id of the parent")                      \
	X(START, start, TIME, "start", "ns", "when the process was made, since boot")              \
	X(EXE, exe, BYTES, "exe", "", "the program's full path from the host's root")              \
	X(EXE_IN_ROOT, exe_in_root, BYTES, "exe_in_root", "",                                      \
	  "the same from the process's own root: what it claims in a chroot or container")         \
	X(FILENAME, filename, BYTES, "filename", "", "what was asked for, as it was written")      \
	X(SCRIPT, script, BYTES, "script", "", "the script, when an interpreter runs one")         \
	X(INTERPRETER, interpreter, BYTES, "interpreter", "",                                      \
	  "the interpreter as the script's first line (or binfmt_misc) names it")                  \
	X(COMM, comm, BYTES, "comm", "", "the kernel's name of the thread, 15 bytes at most")      \
	X(ARGV, argv, LIST, "argv", "", "arguments, whole up to 256 KiB")                          \
	X(CWD, cwd, BYTES, "cwd", "", "working folder from the host's root")                       \
	X(ENV, env, LIST, "env", "", "of the environment, the variables that were asked for")      \
	X(UID, uid, U32, "uid", "", "real user")                                                   \
	X(GID, gid, U32, "gid", "", "real group")                                                  \
	X(EUID, euid, U32, "euid", "", "effective user")                                           \
	X(EGID, egid, U32, "egid", "", "effective group")                                          \
	X(SUID, suid, U32, "suid", "", "saved user")                                               \
	X(SGID, sgid, U32, "sgid", "", "saved group")                                              \
	X(LOGINUID, loginuid, U32, "loginuid", "", "user at login; 4294967295: none")              \
	X(SESSION, session, U32, "session", "", "audit session; 4294967295: none")                 \
	X(TTY, tty, DEVICE, "tty", "", "controlling terminal's device; 0:0: none")                 \
	X(USER, user, BYTES, "user", "", "name of uid on the host")                                \
	X(GROUP, group, BYTES, "group", "", "name of gid on the host")                             \
	X(INODE, inode, U64, "inode", "", "of the program's file")                                 \
	X(DEV, dev, DEVICE, "dev", "", "of the program's file")                                    \
	X(NLINK, nlink, U32, "nlink", "", "names that the file has; 0: deleted")                   \
	X(MODE, mode, OCTAL, "mode", "", "of the file: type and permissions")                      \
	X(FLAGS, flags, FLAGS, "flags", "", "what else is so, see below")                          \
	X(CGROUP, cgroup, BYTES, "cgroup", "", "cgroup v2 path from that hierarchy's root")        \
	X(CGROUP_ID, cgroup_id, U64, "cgroup_id", "", "its id")                                    \
	X(CGROUP_V1, cgroup_v1, LIST, "cgroup_v1", "", "cgroup v1 groups, each CONTROLLERS:PATH")  \
	X(CONTAINER_RUNTIME, container_runtime, BYTES, "container.runtime", "",                    \
	  "docker, containerd, cri-o, podman, lxc, nspawn, kubepods; container is null on the "    \
	  "host")                                                                                  \
	X(CONTAINER_ID, container_id, BYTES, "container.id", "", "as the runtime names it")        \
	X(POD, pod, BYTES, "container.pod", "", "uid of the Kubernetes pod")                       \
	X(MNT_NS, mnt_ns, U32, "namespace.mnt", "",                                                \
	  "namespaces by inode number, as /proc/PID/ns shows them")                                \
	X(PID_NS, pid_ns, U32, "namespace.pid", "", "the one that it is in")                       \
	X(NET_NS, net_ns, U32, "namespace.net", "", "")                                            \
	X(USER_NS, user_ns, U32, "namespace.user", "", "")                                         \
	X(UTS_NS, uts_ns, U32, "namespace.uts", "", "")                                            \
	X(IPC_NS, ipc_ns, U32, "namespace.ipc", "", "")                                            \
	X(CGROUP_NS, cgroup_ns, U32, "namespace.cgroup", "", "")                                   \
	X(TIME_NS, time_ns, U32, "namespace.time", "", "")                                         \
	X(CAPS_GAINED, caps_gained, CAPABILITIES, "caps_gained", "",                               \
	  "permitted capabilities that it had not before")                                         \
	X(EXIT_CODE, exit_code, I32, "exit_code", "",                                              \
	  "exit: what it returned, when no signal ended it")                                       \
	X(SIGNAL, signal, U32, "signal", "", "exit, coredump: the signal that ended it")           \
	X(DURATION, duration, TIME, "duration", "ns", "exit: how long the process lived")          \
	X(USER_TIME, user_time, TIME, "user_time", "ns",                                           \
	  "exit: processor time in user mode, all threads")                                        \
	X(SYSTEM_TIME, system_time, TIME, "system_time", "ns",                                     \
	  "exit: processor time in the kernel, all threads")                                       \
	X(MAX_RSS, max_rss, U64, "max_rss", "bytes", "exit: greatest resident memory")             \
	X(READ_BYTES, read_bytes, U64, "read_bytes", "bytes", "exit: read from storage")           \
	X(WRITE_BYTES, write_bytes, U64, "write_bytes", "bytes", "exit: written to storage")       \
	X(EXECS, execs, U32, "execs", "",                                                          \
	  "exit: programs that the process has run since it is known")                             \
	X(ERROR, error, I32, "error", "errno", "failed: why, a positive errno")                    \
	X(FROM, from, TIME, "from", "ns", "gap: since boot, of the last event before it")          \
	X(TO, to, TIME, "to", "ns", "gap: since boot, when it was over")                           \
	X(LOST, lost, U64, "lost", "",                                                             \
	  "gap: how many events; absent when the kernel does not say")                             \
	X(REASON, reason, BYTES, "reason", "", "gap, source: what happened, a sentence")

enum event_field {
#define X(symbol, member, kind, name, unit, text) FIELD_##symbol,
	EVENT_FIELDS(X)
#undef X
		FIELDS
};

/* X(SYMBOL, "name", "what it says"): the bits of `flags`, in order; append only. */
#define EVENT_FLAGS(X)                                                                           \
	X(MEMFD, "memfd", "the program is an anonymous file in memory")                          \
	X(DELETED, "deleted", "the program's file has no name any more")                         \
	X(SETUID, "setuid", "the file's set-user-id or set-group-id bit took effect")            \
	X(UPPER, "upper", "on an overlay: the file is in its upper layer, so was changed there") \
	X(THREAD, "thread", "a thread other than the leader executed")                           \
	X(COMPAT, "compat", "a 32-bit system call")                                              \
	X(KERNEL, "kernel", "a kernel thread, or a program that the kernel started by itself")   \
	X(CORE, "core", "exit: core was dumped")                                                 \
	X(INFERRED, "inferred", "not seen: concluded from a scan (an exit within a gap)")        \
	X(ARGV_CUT, "argv_cut", "argv is not whole")                                             \
	X(PATH_CUT, "path_cut", "a path is not whole: its beginning is missing")                 \
	X(ENV_CUT, "env_cut", "env is not whole")                                                \
	X(FOREIGN, "foreign", "no mount of the host shows the program: exe is exe_in_root")

enum event_flag_bit {
#define X(symbol, name, text) FLAG_BIT_##symbol,
	EVENT_FLAGS(X)
#undef X
		FLAG_BITS
};
enum event_flag {
#define X(symbol, name, text) FLAG_##symbol = 1 << FLAG_BIT_##symbol,
	EVENT_FLAGS(X)
#undef X
};

/* The C type of each kind. */
typedef uint32_t event_U32, event_FLAGS, event_OCTAL;
typedef uint64_t event_U64, event_TIME, event_DEVICE, event_CAPABILITIES;
typedef int32_t event_I32;
typedef struct slice event_BYTES, event_LIST;
typedef struct process_id event_ID;

/* Slices belong to whoever made the event and hold until its receiver returns. */
struct event {
	enum event_type type;
	enum event_source source;
	uint64_t known[(FIELDS + 63) / 64];
#define X(symbol, member, kind, name, unit, text) event_##kind member;
	EVENT_FIELDS(X)
#undef X
};

static inline bool event_knows(const struct event *event, enum event_field field)
{
	return event->known[field / 64] >> field % 64 & 1;
}

static inline void event_know(struct event *event, enum event_field field)
{
	event->known[field / 64] |= UINT64_C(1) << field % 64;
}

static inline void event_forget(struct event *event, enum event_field field)
{
	event->known[field / 64] &= ~(UINT64_C(1) << field % 64);
}

/* event_set(event, PID, pid, 4711): gives a field its value and marks it known. */
#define event_set(event, SYMBOL, member_, ...)     \
	do {                                       \
		(event)->member_ = __VA_ARGS__;    \
		event_know(event, FIELD_##SYMBOL); \
	} while (0)

/* Sets flag bits; the flags become known. */
static inline void event_flag(struct event *event, uint32_t flags)
{
	event->flags = (event_knows(event, FIELD_FLAGS) ? event->flags : 0) | flags;
	event_know(event, FIELD_FLAGS);
}

/* An event of which nothing is known. Members that are not known hold anything. */
static inline void event_init(struct event *event, enum event_type type, enum event_source source)
{
	event->type = type;
	event->source = source;
	memset(event->known, 0, sizeof(event->known));
}

/* Copies a field that `from` knows and `to` does not. */
void event_take(struct event *to, const struct event *from, enum event_field field);

/* A row of the table. */
struct event_field_info {
	const char *name; /* in JSON; a dot makes an object */
	const char *unit;
	const char *text;
	enum event_kind kind;
	size_t offset; /* in struct event */
};
extern const struct event_field_info event_fields[FIELDS];

struct event_name {
	const char *name, *text;
};
extern const struct event_name event_types[EVENT_TYPES];
extern const struct event_name event_flags[FLAG_BITS];
extern const char *const event_sources[SOURCES];
/* By number; a kernel may know more. */
enum { EVENT_CAPABILITIES = 41 };
extern const char *const event_capabilities[EVENT_CAPABILITIES];

/* The type of that name, or -EINVAL. */
int event_type_of(const char *name);
/* The field of that JSON name, or -EINVAL. */
int event_field_of(const char *name);

enum { PROCESS_ID_TEXT = 64 };
/* Writes an id as above with its NUL; returns its length. */
size_t process_id_format(const struct process_id *id, char text[static PROCESS_ID_TEXT]);
/* Reads it again; -EINVAL. */
int process_id_parse(struct slice text, struct process_id *ret_id);
static inline bool process_id_eq(const struct process_id *a, const struct process_id *b)
{
	return a->pid == b->pid && a->start == b->start && a->exec == b->exec && a->boot == b->boot;
}

/* Who is handed events. It may fill fields in, and copies what it keeps. */
struct event_sink {
	void (*event)(struct event *event, void *userdata);
	void *userdata;
};
