/* SPDX-License-Identifier: MIT */
/*
 * What a program can be given besides its words: each block of struct launch_plan is optional, and
 * a block that is NULL changes nothing. All is borrowed for the time of launch_start(). Everything
 * that needs memory, names or parsing is done by whoever fills a block; the new process only makes
 * system calls. The order in which it does is that of enum launch_step (launch.h).
 */
#pragma once

#include "util/macros.h"

#include <linux/filter.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/types.h>

/* ---- namespaces ---- */

/* `count` ids that are `inside`, inside+1, ... in the user namespace are `outside`, ... here. */
struct launch_id_map {
	uint32_t inside, outside, count;
};

/* A namespace that is there. */
struct launch_join {
	int fd;	   /* of /proc/PID/ns/X, /run/netns/X, or a pidfd */
	int flags; /* CLONE_NEW*: one, or with a pidfd several */
};

/* A file below /proc/sys, of a namespace that is new, and what is written to it. */
struct launch_setting {
	const char *path, *value;
};

struct launch_namespaces {
	uint64_t unshare; /* CLONE_NEW*, new ones */
	/* Of a new user namespace. None: the launcher's own user and group, as themselves. */
	const struct launch_id_map *users, *groups;
	size_t user_count, group_count;
	/* In this order, before anything new. CLONE_NEWPID takes one that is a descendant of ours.
	 */
	const struct launch_join *joins;
	size_t join_count;
	const char *hostname; /* with CLONE_NEWUTS; NULL: as outside */
	bool loopback;	      /* "lo" is brought up, with CLONE_NEWNET */
	const struct launch_setting *settings;
	size_t setting_count;
};

/* ---- what the program sees of the file system; needs CLONE_NEWNS ---- */

enum launch_mount_kind {
	LAUNCH_MOUNT_BIND,	 /* `source` of here and all that is mounted below it */
	LAUNCH_MOUNT_FILESYSTEM, /* a new one of `type`, from `source` where it needs one */
	LAUNCH_MOUNT_MASK,	 /* nothing is to be seen there; missing ones are fine */
	LAUNCH_MOUNT_FOLDER,	 /* no mount: a folder is made */
	LAUNCH_MOUNT_SYMLINK,	 /* no mount: a link that says `source` */
	LAUNCH_MOUNT_DEVICE,	 /* a file like `source` here, /dev/null, or that one */
	LAUNCH_MOUNT_READ_ONLY,	 /* what is there then, and below it; missing ones are fine */
};

struct launch_mount {
	enum launch_mount_kind kind;
	/* In the new root. Links are followed, and "..", as in a root: never out of it. */
	const char *target;
	const char *source;
	const char *type;
	const char *options; /* of the file system: "size=64m,mode=1777" */
	uint64_t attributes; /* MOUNT_ATTR_RDONLY, _NOSUID, ...: also of what is below a bind */
	bool shallow;	     /* a bind without what is mounted below it */
	bool optional;	     /* a source that is missing is fine */
};

enum launch_root_kind {
	LAUNCH_ROOT_SAME,  /* as here */
	LAUNCH_ROOT_PATH,  /* what is at `path` */
	LAUNCH_ROOT_EMPTY, /* a tmpfs */
};

struct launch_file_system {
	enum launch_root_kind root;
	const char *path;
	bool overlay; /* what is written goes elsewhere: */
	const char
		*changes; /* to a folder, of which `upper` and `work` are made; NULL: to memory */
	bool read_only;	  /* the root and what is below it, but not `mounts` */
	/*
	 * Missing targets are made in what this plan itself mounted (a tmpfs, an overlay); with
	 * this, everywhere. Else they are errors.
	 */
	bool make_targets;
	const struct launch_mount *mounts; /* in this order */
	size_t mount_count;
	/*
	 * Of launch_base_open(): the root is made there, where nothing has to be copied and taken
	 * away again. NULL: in a copy of all that is mounted here, as also where the other way does
	 * not go (a user namespace, an overlay, masks).
	 */
	const int *base_fd;
};

/* ---- who it is and what it may ---- */

struct launch_identity {
	bool set_user, set_group, set_groups;
	uid_t user; /* as the program sees it: inside its user namespace */
	gid_t group;
	const gid_t *groups; /* supplementary */
	size_t group_count;
};

/* Bits by number (CAP_CHOWN is bit 0). The effective set is the permitted one. */
struct launch_capabilities {
	uint64_t bounding, permitted, inheritable, ambient;
	unsigned secure_bits; /* SECBIT_*: 0 leaves them */
};

/* What a Landlock ruleset allows with a file or folder, and with a TCP port: LANDLOCK_ACCESS_*. */
struct launch_landlock_path {
	uint64_t access;
	const char *path; /* as the program sees it */
};
struct launch_landlock_port {
	uint64_t access, port;
};

/* Made by landlock_prepare() (launch/landlock.h). */
struct launch_landlock {
	struct {
		uint64_t files, ports;
	} handled;   /* what is refused where nothing allows it */
	size_t size; /* bytes of `handled` that the kernel knows */
	struct launch_landlock_path *paths;
	struct launch_landlock_port *ports;
	size_t path_count, port_count;
};

struct launch_confinement {
	bool no_new_privileges;
	const struct launch_capabilities *capabilities; /* NULL: as the identity leaves them */
	const struct launch_landlock *landlock;		/* NULL: none */
	const struct sock_fprog *seccomp;		/* NULL: none */
	unsigned seccomp_flags;				/* SECCOMP_FILTER_FLAG_* */
};

/* ---- how it runs ---- */

struct launch_rlimit {
	int resource; /* RLIMIT_* */
	struct rlimit limit;
};

/* struct sched_attr of the kernel, first version, which the C library's headers may lack. */
struct launch_scheduling {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period; /* ns, of SCHED_DEADLINE */
};

struct launch_conditions {
	const struct launch_rlimit *rlimits;
	size_t rlimit_count;
	const struct launch_scheduling *scheduling; /* NULL: as ours */
	bool set_nice, set_io_priority, set_oom_score, set_umask;
	int nice;
	int io_priority; /* IOPRIO_PRIO_VALUE() */
	int oom_score;	 /* -1000 to 1000 */
	mode_t umask;
	const cpu_set_t *affinity; /* NULL: as ours */
	size_t affinity_size;	   /* bytes */

	bool new_session; /* setsid(2) */
	bool new_group;	  /* a process group of its own */
	bool terminal;	  /* standard input becomes the session's terminal; with new_session */
	/*
	 * SIGKILL when the thread that starts it ends, however early. For a whole tree that is a
	 * second line only: the group, or its process namespace, is the first.
	 */
	bool die_with_parent;
	/*
	 * The first process of the process namespace is not the program but one that reaps orphans,
	 * passes signals on and ends as the program does: 128 + N for one that signal N ended.
	 */
	bool init;
	/*
	 * The value of a variable in envp ("0000000000" behind "LISTEN_PID="), into which the new
	 * process writes its number as decimal digits and a NUL: 11 bytes. NULL: none.
	 */
	char *pid_text;
};

struct launch_descriptor {
	int fd, as; /* ours, and its number in the program */
};

/* Descriptors that are named here lose O_CLOEXEC. */
struct launch_descriptors {
	const struct launch_descriptor *pass; /* `as` ascending, each once */
	size_t pass_count;
	bool close_others; /* above standard error, but for those named */
};
