/* SPDX-License-Identifier: MIT */
/*
 * The texts of /proc/PID: stat, status, cgroup. Pure parsing of what another process may have
 * chosen (its name, its groups' names); nothing is allocated.
 */
#pragma once

#include "util/text.h"

enum { PROC_STAT_USER_HZ = 100 }; /* of all times in stat, on every kernel */

/* Of the field `flags` of stat (include/linux/sched.h): PF_KTHREAD, a kernel thread. */
#define PROC_STAT_KTHREAD UINT32_C(0x00200000)
/* PF_EXITING: it ends, and /proc shows less and less of it. */
#define PROC_STAT_EXITING UINT32_C(0x00000004)

struct proc_stat {
	struct slice comm; /* within the text */
	char state;
	uint32_t pid, ppid;
	uint64_t tty; /* as makedev() */
	uint32_t flags;
	uint32_t threads; /* also those that have ended and are not yet gone */
	uint64_t start;	  /* since boot in 1/100 s */
	/* A mix of addresses that every execution draws anew and a fork copies; 0: it has no
	 * memory, or we may not know. */
	uint64_t image;
};

/* A whole stat file. 0, or -EBADMSG. */
int proc_stat_parse(struct slice text, struct proc_stat *ret_stat);

/* More than any stat file has: 52 numbers of at most 20 digits, and a name of 64 bytes. */
enum { PROC_STAT_SIZE = 1280 };

/* That of a process below the open /proc. 0, -ESRCH (gone), or another negative errno. */
int proc_stat_read(int proc_fd, pid_t pid, char text[static PROC_STAT_SIZE],
		   struct proc_stat *ret_stat);

/* Its last thread has ended; it only waits to be waited for. */
bool proc_stat_has_ended(const struct proc_stat *stat);

enum { PROC_STATUS_UID = 1, PROC_STATUS_GID = 2, PROC_STATUS_NS_PID = 4 };

struct proc_status {
	unsigned known; /* PROC_STATUS_* */
	uint32_t uid, euid, suid;
	uint32_t gid, egid, sgid;
	uint32_t ns_pid; /* in the innermost namespace */
};

/* What stands behind `key`, which ends with the colon, at the beginning of a line of a status file;
 * up to the end of the text. NULL: there is no such line. */
const char *proc_status_value(const char *text, const char *key);

/* A status file, as much of it as there is. */
void proc_status_parse(struct slice text, struct proc_status *ret_status);

/*
 * A cgroup file: `ret_v2` is the path of hierarchy 0 within `text` (data NULL: there is none), and
 * the others are written to `list`, which must have room for text.size + 1 bytes, as
 * "CONTROLLERS:PATH" each with its NUL; returns that list's size.
 */
size_t proc_cgroup_parse(struct slice text, struct slice *ret_v2, char *list);

/*
 * Of an environment (strings, each with its NUL; the last may have none) the variables of those
 * names, each with its NUL, into `list`, which must have room for environment.size + 1 bytes.
 */
size_t proc_environ_pick(struct slice environment, const char *const *names, size_t count,
			 char *list);

/*
 * Where in the process's memory the name stands that was asked to be executed (AT_EXECFN of an auxv
 * file); 0: not told. A 32-bit process has numbers of half the size.
 */
uint64_t proc_auxv_filename(struct slice auxv);
