// SPDX-License-Identifier: MIT
/* proc(5) texts into a struct subject. The name in /proc/PID/stat may hold blanks and brackets. */
#include "core/subject.h"

#include "source/access.h"
#include "util/fd.h"
#include "util/proc-text.h"

#include <inttypes.h>

/* For the system call: less than for a decision, as this is only told. */
enum { WAIT_MS = 20, ARGV_MOST = 64 * 1024 };

void subject_parse_status(const char *status, struct subject *subject)
{
	const char *value;

	value = proc_status_value(status, "Name:\t");
	if (value)
		snprintf(subject->comm, sizeof(subject->comm), "%.*s", (int)strcspn(value, "\n"),
			 value);
	value = proc_status_value(status, "PPid:");
	if (value)
		(void)sscanf(value, "%d", &subject->ppid);
	value = proc_status_value(status, "Uid:");
	if (value)
		(void)sscanf(value, "%u %u %u %u", &subject->uid, &subject->euid, &subject->suid,
			     &subject->fsuid);
	value = proc_status_value(status, "Gid:");
	if (value)
		(void)sscanf(value, "%u %u %u %u", &subject->gid, &subject->egid, &subject->sgid,
			     &subject->fsgid);
}

void subject_parse_stat(const char *stat, struct subject *subject)
{
	const char *end = strrchr(stat, ')');
	int tty;

	/* After the name: state ppid pgrp session tty_nr. */
	if (end && sscanf(end + 1, " %*c %*d %*d %d %d", &subject->sid, &tty) == 2)
		subject->tty = (uint32_t)tty;
	/* The 48th of all; what stands after the name begins with the third. */
	for (int field = 3; end && field <= 48; field++)
		end = strchr(end + 1, ' ');
	if (end)
		(void)sscanf(end, "%" SCNu64, &subject->arg_start);
}

/* Adds a line with its end if there is room for it. */
static void keep_line(struct subject *subject, size_t *used, const char *line, size_t size)
{
	if (size + 2 > sizeof(subject->cgroup) - *used)
		return;
	memcpy(subject->cgroup + *used, line, size);
	memcpy(subject->cgroup + *used + size, "\n", 2);
	*used += size + 1;
}

/* The kernel writes v2's line last, and it is the one that must not be cut off. */
void subject_parse_cgroup(const char *cgroup, struct subject *subject)
{
	const char *v2 = proc_status_value(cgroup, "0::");
	size_t used = 0;

	if (v2)
		keep_line(subject, &used, v2 - 3, strcspn(v2, "\n") + 3);
	for (const char *line = cgroup; *line;) {
		size_t size = strcspn(line, "\n");

		if (size > 0 && strncmp(line, "0::", 3) != 0)
			keep_line(subject, &used, line, size);
		line += size + (line[size] == '\n');
	}
}

static uint32_t read_number(const struct host *host, pid_t pid, const char *file)
{
	char name[48], text[32];
	uint32_t number;

	snprintf(name, sizeof(name), "%d/%s", pid, file);
	if (file_read_into(host->proc_fd, name, text, sizeof(text)) <= 0)
		return UINT32_MAX;
	return sscanf(text, "%" SCNu32, &number) == 1 ? number : UINT32_MAX;
}

static void read_exe(const struct host *host, pid_t pid, struct subject *subject)
{
	char name[40], path[4096];
	ssize_t n, skip;

	snprintf(name, sizeof(name), "%d/exe", pid);
	n = readlinkat(host->proc_fd, name, path, sizeof(path) - 1);
	if (n < 0)
		return;
	path[n] = '\0';
	skip = n >= (ssize_t)sizeof(subject->exe) ? n - (ssize_t)sizeof(subject->exe) + 1 : 0;
	memcpy(subject->exe, path + skip, (size_t)(n - skip) + 1);
}

static void read_cwd(const struct host *host, pid_t pid, struct subject *subject)
{
	char name[40];
	ssize_t n;

	snprintf(name, sizeof(name), "%d/cwd", pid);
	n = readlinkat(host->proc_fd, name, subject->cwd, sizeof(subject->cwd));
	subject->cwd[n > 0 && n < (ssize_t)sizeof(subject->cwd) ? n : 0] = '\0';
}

void subject_read(const struct host *host, pid_t pid, pid_t tid, struct subject *subject)
{
	char name[40], text[4096];

	*subject = (struct subject){ .loginuid = UINT32_MAX, .session = UINT32_MAX, .syscall = -1 };
	snprintf(name, sizeof(name), "%d/status", pid);
	if (file_read_into(host->proc_fd, name, text, sizeof(text)) > 0)
		subject_parse_status(text, subject);
	snprintf(name, sizeof(name), "%d/stat", pid);
	if (file_read_into(host->proc_fd, name, text, sizeof(text)) > 0)
		subject_parse_stat(text, subject);
	if (tid != 0 && access_read_syscall(host, tid, WAIT_MS, text, sizeof(text)))
		(void)sscanf(text, "%d 0x%" SCNx64 " 0x%" SCNx64 " 0x%" SCNx64 " 0x%" SCNx64,
			     &subject->syscall, &subject->arguments[0], &subject->arguments[1],
			     &subject->arguments[2], &subject->arguments[3]);
	subject->loginuid = read_number(host, pid, "loginuid");
	subject->session = read_number(host, pid, "sessionid");
	snprintf(name, sizeof(name), "%d/cgroup", pid);
	if (file_read_into(host->proc_fd, name, text, sizeof(text)) > 0)
		subject_parse_cgroup(text, subject);
	read_exe(host, pid, subject);
	read_cwd(host, pid, subject);
}

int subject_has_executed(const struct host *host, pid_t pid, const struct subject *subject)
{
	struct subject now = { 0 };
	char name[40], text[4096];
	const char *end;

	snprintf(name, sizeof(name), "%d/stat", pid);
	if (file_read_into(host->proc_fd, name, text, sizeof(text)) <= 0)
		return -ESRCH;
	subject_parse_stat(text, &now);
	end = strrchr(text, ')');
	if (!end || strchr("ZXx", end[1] == ' ' ? end[2] : 'X'))
		return -ESRCH;
	/* Memory without arguments is being filled. */
	return now.arg_start != 0 && now.arg_start != subject->arg_start;
}

void subject_read_argv(const struct host *host, pid_t pid, struct text *argv, char *exe,
		       size_t size)
{
	_cleanup_(freep) char *text = NULL;
	char name[40];
	size_t length;
	ssize_t n;

	snprintf(name, sizeof(name), "%d/cmdline", pid);
	if (file_read_at(host->proc_fd, name, ARGV_MOST, &text, &length) >= 0 && length > 0)
		text_add_bytes(argv, text, length + (text[length - 1] != '\0'));
	snprintf(name, sizeof(name), "%d/exe", pid);
	n = readlinkat(host->proc_fd, name, exe, size);
	exe[n > 0 && (size_t)n < size ? n : 0] = '\0';
}
