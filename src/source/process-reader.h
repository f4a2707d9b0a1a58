/* SPDX-License-Identifier: MIT */
/*
 * One process as /proc shows it, in the fields of an event. What cannot be read stays unknown.
 *
 * Each read opens /proc/PID once and reads below that folder, which belongs to one process for
 * ever: a process that takes the id over is never mixed in.
 */
#pragma once

#include "model/event.h"
#include "util/proc-text.h"
#include "util/error.h"
#include "util/host.h"

struct process_reader;

/* The fields that a read can fill in, for a source's table. Scripts and interpreters are told too,
 * but not promised (proc-script.h). */
#define PROCESS_READER_FIELDS                                                                    \
	FIELD_PID, FIELD_TID, FIELD_PPID, FIELD_NS_PID, FIELD_EXEC_ID, FIELD_START, FIELD_EXE,   \
		FIELD_EXE_IN_ROOT, FIELD_FILENAME, FIELD_COMM, FIELD_ARGV, FIELD_CWD, FIELD_ENV, \
		FIELD_UID, FIELD_GID, FIELD_EUID, FIELD_EGID, FIELD_SUID, FIELD_SGID,            \
		FIELD_LOGINUID, FIELD_SESSION, FIELD_TTY, FIELD_INODE, FIELD_DEV, FIELD_NLINK,   \
		FIELD_MODE, FIELD_FLAGS, FIELD_CGROUP, FIELD_CGROUP_ID, FIELD_CGROUP_V1,         \
		FIELD_MNT_NS, FIELD_PID_NS, FIELD_NET_NS, FIELD_USER_NS, FIELD_UTS_NS,           \
		FIELD_IPC_NS, FIELD_CGROUP_NS, FIELD_TIME_NS

/* `environment` is borrowed. -ENOMEM, or why /proc cannot be used. */
int process_reader_new(const struct host *host, const char *const *environment, size_t count,
		       struct process_reader **ret_reader, struct error *err);
void process_reader_free(struct process_reader *reader);
DEFINE_CLEANUP(struct process_reader *, process_reader_free);

/* To be called before a round of reads: looks whether mounts have changed. */
void process_reader_refresh(struct process_reader *reader);

/*
 * Fills in every field that /proc/PID has (`brief`: see scan-processes.h); time and boottime are
 * left alone. The slices hold until the next read. Returns 0; 1: the process has ended and waits
 * for its parent, so that only what a zombie shows is known; -ESRCH: it is gone.
 */
int process_reader_read(struct process_reader *reader, pid_t pid, bool brief, struct event *event);

/* The same from its stat alone: start, exec_id, ppid, comm, tty; a fifth of the time. */
int process_reader_read_stat(struct process_reader *reader, pid_t pid, struct event *event);
/* And its status alone: user, group and namespace's process ids. */
int process_reader_read_status(struct process_reader *reader, pid_t pid, struct event *event);

/* The stat of the process that was read last; its name holds until the next read. */
const struct proc_stat *process_reader_stat(const struct process_reader *reader);

/* The first 8 digits of the boot id. */
uint32_t process_reader_boot(const struct process_reader *reader);
