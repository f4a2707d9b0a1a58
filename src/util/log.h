/* SPDX-License-Identifier: MIT */
/*
 * The one log of a program. Libraries do not log (style.md 7): the engine and the mains do, once.
 *
 * A sink is standard error or output, syslog (never waited for: lines that it does not take are
 * counted, and told with the next that it takes), the journal (by its native protocol, with the
 * levels kept) or a file (JSON lines, opened 0600, re-opened by log_reopen()). Every call site can
 * be rate-limited.
 */
#pragma once

#include "util/error.h"

#include <syslog.h>

struct log;

enum log_target {
	LOG_TARGET_STDERR,
	LOG_TARGET_STDOUT,
	LOG_TARGET_JOURNAL,
	LOG_TARGET_FILE, /* JSON lines */
	LOG_TARGET_TEXT, /* a file of plain lines with their time */
	LOG_TARGET_SYSLOG,
};

/*
 * Opens a log. `path` is for the two kinds of files, and of LOG_TARGET_SYSLOG the word before each
 * line, with the facility LOG_DAEMON; -EPERM if every user may write its folder (a
 * sticky bit does not help: the name could be taken first). Levels are syslog(3)'s.
 */
int log_new(enum log_target target, const char *path, int level, struct log **ret_log,
	    struct error *err);
void log_free(struct log *log);
DEFINE_CLEANUP(struct log *, log_free);

/* The facility of LOG_TARGET_SYSLOG: LOG_DAEMON, LOG_LOCAL0 ... */
void log_set_facility(struct log *log, int facility);

/* Opens the file again under its name, for logrotate. 0 or -errno (the old one stays then). */
int log_reopen(struct log *log);
void log_set_level(struct log *log, int level);
int log_level(const struct log *log);

/* Writes one line; `log` may be NULL (nothing happens). */
void log_write(struct log *log, int level, const char *format, ...) _printf_(3, 4);

#define log_error(log, ...)   log_write(log, LOG_ERR, __VA_ARGS__)
#define log_warning(log, ...) log_write(log, LOG_WARNING, __VA_ARGS__)
#define log_notice(log, ...)  log_write(log, LOG_NOTICE, __VA_ARGS__)
#define log_info(log, ...)    log_write(log, LOG_INFO, __VA_ARGS__)
#define log_debug(log, ...)   log_write(log, LOG_DEBUG, __VA_ARGS__)

/* A token bucket: at most `burst` lines a period; what was held back is told with the next one. */
struct log_limit {
	uint64_t period_ns;
	unsigned burst;
	uint64_t period_start; /* CLOCK_MONOTONIC ns */
	unsigned used;
	uint64_t held_back;
};
#define LOG_LIMIT_INIT                                         \
	{                                                      \
		.period_ns = UINT64_C(5000000000), .burst = 10 \
	}

/* log_write() through a limit. */
void log_limited(struct log *log, struct log_limit *limit, int level, const char *format, ...)
	_printf_(4, 5);

/* "debug info notice warning error" and their syslog values; -EINVAL for another word. */
int log_level_from_string(const char *word);
const char *log_level_to_string(int level);
