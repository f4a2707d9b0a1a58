/* SPDX-License-Identifier: MIT */
/*
 * What the kernel alone says about an end, in its log (/dev/kmsg): whom it killed for want of
 * memory, and which system call a filter did not let pass.
 */
#pragma once

#include "util/error.h"

#include <sys/types.h>

struct kernel_log {
	int fd; /* at the first line after the opening, or -1: we may not read it */
};

/* 0 or -errno; what is written from now on is seen. */
int kernel_log_open(struct kernel_log *log);
void kernel_log_done(struct kernel_log *log);

enum kernel_note_kind { KERNEL_NOTE_OOM, KERNEL_NOTE_SECCOMP };

struct kernel_note {
	enum kernel_note_kind kind;
	pid_t pid;
	char name[64];	 /* of the program */
	char group[512]; /* OOM: where it was, in its hierarchy of memory */
	long call;	 /* SECCOMP: the number of the system call */
};

/* The next one: 1, 0: no more for now, -errno. -EPIPE: lines were overwritten before we read them.
 */
int kernel_log_next(struct kernel_log *log, struct kernel_note *ret_note);

/* One line of the log as it is read from /dev/kmsg. True if it is such a note. */
bool kernel_note_parse(const char *line, struct kernel_note *ret_note);
