/* SPDX-License-Identifier: MIT */
/*
 * How a limit becomes files: a table for each cgroup version, its rows in the order in which the
 * kernel wants them written. Limits whose files depend on each other have a function of their own.
 */
#pragma once

#include "cgroup/internal.h"

enum { LIMIT_VALUE_SIZE = 256, LIMIT_TEXT_SIZE = 16384 };

/* How two texts of a file are compared: the kernel writes some values in a form of its own. */
enum value_kind {
	VALUE_TEXT,
	VALUE_NUMBER,  /* "max" and v1's "-1" and huge numbers are all no limit */
	VALUE_BYTES,   /* the same, rounded down to whole pages */
	VALUE_LIST,    /* "0,1" is "0-1" */
	VALUE_DEFAULT, /* "default 100", other lines left out */
};

bool limit_value_equal(enum value_kind kind, const char *a, const char *b);
/* A number, or UINT64_MAX for "max", "-1" and what v1 shows for no limit; false: none of these. */
bool limit_value_number(const char *text, uint64_t *ret_value);

/* Whether all of a list of processors ("0-3,8") is in another. */
bool limit_list_within(const char *list, const char *other);

struct limit_row;

/* One group in one hierarchy. */
struct limit_job {
	struct group *group;
	const struct limits *want;
	const struct hierarchy *h;
	unsigned hierarchy;
	const char *directory;
	struct group_problems *problems;
};

struct limit_row {
	enum limit limit;
	enum controller controller;
	enum value_kind kind;
	const char *file;
	const char *reset; /* the kernel's default; NULL: see `apply` */
	/* Writes what the limits want into the buffer; false: there is nothing to write. */
	bool (*format)(const struct limits *want, char value[static LIMIT_VALUE_SIZE]);
	/* Instead of the plain way; -ENOMEM only, the rest is told as problems. */
	int (*apply)(const struct limit_job *job, const struct limit_row *row);
	const char *refused; /* why this version cannot do it */
};

/* One file, one value, a fixed default. */
#define PLAIN(limit_, controller_, kind_, file_, reset_, format_)                         \
	{                                                                                 \
		.limit = limit_, .controller = controller_, .kind = kind_, .file = file_, \
		.reset = reset_, .format = format_                                        \
	}
/* More than that. */
#define SPECIAL(limit_, controller_, kind_, file_, apply_)                                \
	{                                                                                 \
		.limit = limit_, .controller = controller_, .kind = kind_, .file = file_, \
		.apply = apply_                                                           \
	}

extern const struct limit_row limit_rows_v1[];
extern const struct limit_row limit_rows_v2[];
extern const size_t limit_rows_v1_count, limit_rows_v2_count;

static inline const struct limit_row *limit_rows(bool v2, size_t *ret_count)
{
	*ret_count = v2 ? limit_rows_v2_count : limit_rows_v1_count;
	return v2 ? limit_rows_v2 : limit_rows_v1;
}

/* The controller a limit belongs to; CONTROLLER_COUNT for LIMIT_RAW, CONTROLLER_FREEZER: the
 * core of v2 before v1's freezer. */
enum controller limit_controller(enum limit limit);
/* The hierarchy in which a limit is set on this host, or NULL. */
const struct hierarchy *limit_hierarchy(const struct layout *layout, enum limit limit);

/*
 * Brings one file to a value: compares, writes, reads back. A reset of a file that is not there is
 * done already. Returns 0 or the errno that was added as a problem.
 */
int limit_set(const struct limit_job *job, enum limit limit, const char *file, enum value_kind kind,
	      const char *value, bool reset);
/* Adds the problem of a failed write. Returns `code`. */
int limit_failed(const struct limit_job *job, enum limit limit, const char *file, const char *value,
		 int code);
ssize_t limit_read(const struct limit_job *job, const char *file, char *text, size_t size);
int limit_write(const struct limit_job *job, const char *file, const char *value);
/* Reads a number; UINT64_MAX is no limit. */
int limit_read_number(const struct limit_job *job, const char *file, uint64_t *ret_value);

/* ---- rows that are more than one file; in limit-*.c ---- */
int limit_apply_nothing(const struct limit_job *job, const struct limit_row *row);
int limit_apply_weight(const struct limit_job *job, const struct limit_row *row);
int limit_apply_cpu_v1(const struct limit_job *job, const struct limit_row *row);
int limit_apply_cpu_v2(const struct limit_job *job, const struct limit_row *row);
int limit_apply_idle(const struct limit_job *job, const struct limit_row *row);
int limit_apply_cpuset_v1(const struct limit_job *job, const struct limit_row *row);
int limit_apply_cpuset_v2(const struct limit_job *job, const struct limit_row *row);
int limit_apply_memory_v1(const struct limit_job *job, const struct limit_row *row);
int limit_apply_memory_v2(const struct limit_job *job, const struct limit_row *row);
int limit_apply_oom_v1(const struct limit_job *job, const struct limit_row *row);
int limit_apply_io_v1(const struct limit_job *job, const struct limit_row *row);
int limit_apply_io_v2(const struct limit_job *job, const struct limit_row *row);
int limit_apply_io_weight(const struct limit_job *job, const struct limit_row *row);
int limit_apply_hugetlb(const struct limit_job *job, const struct limit_row *row);
int limit_apply_freeze(const struct limit_job *job, const struct limit_row *row);
/* Not a row: raw files are of any controller. */
int limit_apply_raw(const struct limit_job *job);
/* Whether `raw` names the file itself, so that the table must leave it alone. */
bool limit_is_raw(const struct limits *limits, const char *file);
/* Why a raw file may not be written ("it moves processes"), or NULL. */
const char *limit_raw_refused(const char *file);

/* ---- check.c ---- */
/* Says why a limit's controller cannot be had here. */
void limit_tell_missing(const struct layout *layout, const char *group, enum limit limit,
			struct group_problems *problems);
/* The same for a raw file: its name, its controller. False: it cannot be set. */
bool limit_check_raw(const struct layout *layout, const char *group, const char *file,
		     struct group_problems *problems);

/* v1 shares of a v2 weight: 100 is 1024, and others in proportion. */
uint64_t limit_shares_of_weight(uint64_t weight);
/* quota and period in µs; false: the share is too small for any period. */
bool limit_cpu_quota(const struct limits *limits, unsigned cpu_count, uint64_t *ret_quota,
		     uint64_t *ret_period);

/* ---- device.c ---- */
/* The whole disk behind a device file, "8:0" or a path on it. 0, -ENODEV, -errno. */
int device_resolve(const struct host *host, const char *name, unsigned *ret_major,
		   unsigned *ret_minor);
