/* SPDX-License-Identifier: MIT */
/*
 * What a thread of the gate writes down about one file of an execution, while the process waits for
 * the answer: so all of it is certain, however short the process lives. It is read by the loop.
 */
#pragma once

#include "model/event.h"
#include "source/confirm.h"
#include "source/execve-files.h"
#include "util/proc-text.h"
#include "util/ring.h"

enum gate_text {
	GATE_TEXT_PATH,	       /* the file's, in our mount namespace or (foreign) in its own */
	GATE_TEXT_INTERPRETER, /* as a script's first line names it */
	GATE_TEXT_CGROUP,      /* /proc/PID/cgroup as it is */
	GATE_TEXT_CWD,	       /* where these links lead */
	GATE_TEXT_ROOT,
	GATE_TEXTS
};

enum gate_format { GATE_FORMAT_SCRIPT, GATE_FORMAT_NATIVE, GATE_FORMAT_OTHER };

struct gate_record {
	uint64_t boottime, ticket, dev, inode;
	uint64_t start, tty; /* as struct proc_stat has them */
	uint32_t ppid;
	uint32_t pid, nlink, mode, owner, group, mnt_ns;
	struct proc_status status;
	bool has_stat;
	uint8_t next;	  /* an interpreter of the execution before; else one that begins */
	uint8_t previous; /* enum confirm_state of the process's execution before */
	uint8_t foreign;
	uint8_t format; /* enum gate_format */
	uint16_t sizes[GATE_TEXTS];
	char texts[]; /* one behind another */
};

/*
 * For the gate's threads: writes a record into the ring. `next`: only the file counts, the process
 * has been written down. False: the ring is full.
 */
bool gate_record_write(struct ring *ring, const struct host *host, const struct gate_event *event,
		       uint64_t ticket, bool next, enum confirm_state previous);

struct slice gate_record_text(const struct gate_record *record, enum gate_text text);
/* Its size with all texts. */
size_t gate_record_size(const struct gate_record *record);
