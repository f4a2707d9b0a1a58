/* SPDX-License-Identifier: MIT */
/*
 * The record of decisions: JSON lines in a file of bounded size. When the file is half of what it
 * may be, it becomes "<path>.1" in place of the one before, and a new one is begun: the last half,
 * at least, is always there.
 */
#pragma once

#include "util/error.h"

struct decision_log;

enum { DECISION_LINE_MOST = 64 << 10 };

/*
 * Opens `path` (0600), or goes on with what is there. `size`: of both files together, at least
 * 64 KiB. -EPERM: every user may write its folder; others as open(2).
 */
int decision_log_new(const char *path, uint64_t size, struct decision_log **ret_log,
		     struct error *err);
/* Writes what is gathered, and closes. */
void decision_log_free(struct decision_log *log);
DEFINE_CLEANUP(struct decision_log *, decision_log_free);

/* Gathers a line (without its newline); decision_log_flush() writes. */
void decision_log_add(struct decision_log *log, const char *line, size_t size);
/* Writes what is gathered. What cannot be written is lost, and counted. 0 or -errno. */
int decision_log_flush(struct decision_log *log);

/*
 * Calls `told` for each line, the oldest first, until it returns non-zero; that result, or 0, or
 * -errno. What is gathered is written before. A line that is not whole is left out.
 */
int decision_log_each(struct decision_log *log,
		      int (*told)(const char *line, size_t size, void *userdata), void *userdata);

struct decision_log_counters {
	uint64_t written, lost, rotated;
};
const struct decision_log_counters *decision_log_counters(const struct decision_log *log);
const char *decision_log_path(const struct decision_log *log);
