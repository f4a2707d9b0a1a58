/* SPDX-License-Identifier: MIT */
/* Reads who a process is from /proc while it waits in the gate. */
#pragma once

#include "core/decision.h"
#include "util/host.h"
#include "util/text.h"

/*
 * Fills what can be read; the rest stays zero (loginuid, session: unset). `tid` is the thread that
 * waits in a system call, 0: none does. No allocation.
 */
void subject_read(const struct host *host, pid_t pid, pid_t tid, struct subject *ret_subject);

/* Whether the process has executed a program since, and it is loaded: 1 yes, 0 not yet, -ESRCH it
 * is gone. */
int subject_has_executed(const struct host *host, pid_t pid, const struct subject *subject);
/* The arguments that the process has now, each with its NUL, added to `argv` (nothing where they
 * cannot be read), and the path of its program ("" likewise). */
void subject_read_argv(const struct host *host, pid_t pid, struct text *argv, char *exe,
		       size_t size);

/* The parts, from texts: for tests. `status` is /proc/PID/status, `stat` is /proc/PID/stat. */
void subject_parse_status(const char *status, struct subject *subject);
void subject_parse_stat(const char *stat, struct subject *subject);
void subject_parse_cgroup(const char *cgroup, struct subject *subject);
