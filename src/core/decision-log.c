// SPDX-License-Identifier: MIT
/*
 * Lines are gathered and written with one call, so that a storm of decisions costs few. A write
 * that was cut short (a full disk) leaves half a line, which the next begins anew behind: a newline
 * is put before it.
 */
#include "core/decision-log.h"

#include "util/fd.h"
#include "util/text.h"

#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sys/stat.h>

enum {
	SIZE_LEAST = 64 << 10,
	GATHER_MOST = 256 << 10, /* is written before more is gathered */
};

struct decision_log {
	char *path, *before; /* the file, and the one before it */
	uint64_t half;
	uint64_t size; /* of the file */
	int fd;
	bool torn; /* it ends in half a line */
	size_t lines;
	struct text gathered;
	struct decision_log_counters counters;
};

static int check_folder(const char *path, struct error *err)
{
	char copy[PATH_MAX];
	struct stat st;

	snprintf(copy, sizeof(copy), "%s", path);
	if (stat(dirname(copy), &st) < 0)
		return error_set_errno(err, -errno, "cannot keep decisions in %s", path);
	if (st.st_mode & S_IWOTH)
		return error_set(err, -EPERM,
				 "decisions are not kept in %s: every user may write its folder; "
				 "choose one that belongs to root",
				 path);
	return 0;
}

static int open_file(struct decision_log *log)
{
	const int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
	struct stat st;

	log->fd = open(log->path, flags, 0600);
	if (log->fd < 0)
		return -errno;
	if (fstat(log->fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(TAKE_FD(log->fd));
		return -EINVAL;
	}
	log->size = (uint64_t)st.st_size;
	/* Whoever wrote it may have ended in the middle of a line. */
	log->torn = log->size > 0;
	return 0;
}

int decision_log_new(const char *path, uint64_t size, struct decision_log **ret_log,
		     struct error *err)
{
	_cleanup_(decision_log_freep) struct decision_log *log = calloc(1, sizeof(*log));
	int r;

	if (!log)
		return error_oom(err);
	log->fd = -1;
	text_init(&log->gathered);
	log->half = MAX(size, (uint64_t)SIZE_LEAST) / 2;
	log->path = strdup(path);
	if (!log->path || asprintf(&log->before, "%s.1", path) < 0)
		return error_oom(err);
	r = check_folder(path, err);
	if (r < 0)
		return r;
	r = open_file(log);
	if (r < 0)
		return error_set_errno(err, r, "cannot keep decisions in %s", path);
	*ret_log = TAKE_PTR(log);
	return 0;
}

void decision_log_free(struct decision_log *log)
{
	if (!log)
		return;
	if (log->fd >= 0) {
		(void)decision_log_flush(log);
		close(log->fd);
	}
	text_done(&log->gathered);
	free(log->path);
	free(log->before);
	free(log);
}

static int rotate(struct decision_log *log)
{
	if (rename(log->path, log->before) < 0)
		return -errno;
	close(TAKE_FD(log->fd));
	log->counters.rotated++;
	return open_file(log);
}

static int write_gathered(struct decision_log *log)
{
	ssize_t n;

	if (log->fd < 0)
		return -EBADF;
	if (log->torn && write_all(log->fd, "\n", 1) < 0)
		return -errno;
	log->torn = false;
	n = write(log->fd, log->gathered.data, log->gathered.size);
	if (n < 0)
		return -errno;
	log->size += (uint64_t)n;
	log->torn = (size_t)n < log->gathered.size;
	return log->torn ? -ENOSPC : 0;
}

int decision_log_flush(struct decision_log *log)
{
	int r = 0;

	if (log->gathered.size == 0)
		return 0;
	if (log->size > 0 && log->size + log->gathered.size > log->half)
		r = rotate(log);
	if (r >= 0)
		r = write_gathered(log);
	if (r < 0)
		log->counters.lost += log->lines;
	else
		log->counters.written += log->lines;
	log->gathered.size = 0;
	log->lines = 0;
	return r;
}

void decision_log_add(struct decision_log *log, const char *line, size_t size)
{
	if (size > DECISION_LINE_MOST) {
		log->counters.lost++;
		return;
	}
	if (log->gathered.size + size > MIN((uint64_t)GATHER_MOST, log->half))
		(void)decision_log_flush(log);
	text_add_bytes(&log->gathered, line, size);
	text_add(&log->gathered, "\n");
	if (log->gathered.failed) {
		log->counters.lost += log->lines + 1;
		log->lines = 0;
		text_done(&log->gathered);
		text_init(&log->gathered);
		return;
	}
	log->lines++;
}

/* ---- reading ---- */

static int each_line(const char *path, uint64_t limit,
		     int (*told)(const char *line, size_t size, void *userdata), void *userdata)
{
	_cleanup_(freep) char *text = NULL;
	size_t size = 0;
	int r = file_read_at(AT_FDCWD, path, limit, &text, &size);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (const char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
		size_t length = (size_t)(end - line);

		if (length < 2 || line[0] != '{' || end[-1] != '}')
			continue;
		r = told(line, length, userdata);
		if (r != 0)
			return r;
	}
	return 0;
}

int decision_log_each(struct decision_log *log,
		      int (*told)(const char *line, size_t size, void *userdata), void *userdata)
{
	/* A file may be of an earlier run, which was allowed more. */
	const uint64_t limit = MAX(2 * log->half, UINT64_C(1) << 28);
	int r;

	(void)decision_log_flush(log);
	r = each_line(log->before, limit, told, userdata);
	return r != 0 ? r : each_line(log->path, limit, told, userdata);
}

const struct decision_log_counters *decision_log_counters(const struct decision_log *log)
{
	return &log->counters;
}

const char *decision_log_path(const struct decision_log *log)
{
	return log->path;
}
