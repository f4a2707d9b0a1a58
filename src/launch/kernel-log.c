// SPDX-License-Identifier: MIT
/*
 * The lines, as all kernels from 4.19 on write them:
 *   6,812,5113,-;oom-kill:constraint=...,task_memcg=/a/b,task=name,pid=4711,uid=0
 *   5,813,5114,-;audit: type=1326 audit(...): ... pid=4712 comm="name" exe="..." sig=31 arch=...
 * syscall=101 ... A program chooses its own name, and so the text of a name: only what is behind
 * the last of its kind in the line is believed.
 */
#include "launch/kernel-log.h"

#include <fcntl.h>

enum { LINE_SIZE = 8192 };

int kernel_log_open(struct kernel_log *log)
{
	log->fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (log->fd < 0)
		return -errno;
	return lseek(log->fd, 0, SEEK_END) < 0 ? -errno : 0;
}

void kernel_log_done(struct kernel_log *log)
{
	closep(&log->fd);
	log->fd = -1;
}

/* The last place of a key in the line; behind it. */
static const char *last_value(const char *line, const char *key)
{
	const char *found = NULL;

	for (const char *at = line; (at = strstr(at, key)); at++)
		found = at + strlen(key);
	return found;
}

static bool read_number(const char *line, const char *key, long *ret_number)
{
	const char *value = last_value(line, key);
	char *end;

	if (!value)
		return false;
	errno = 0;
	*ret_number = strtol(value, &end, 10);
	return end != value && errno == 0 && *ret_number >= 0;
}

static void copy_until(char *to, size_t size, const char *from, const char *stops)
{
	size_t length = MIN(strcspn(from, stops), size - 1);

	memcpy(to, from, length);
	to[length] = '\0';
}

static bool parse_oom(const char *text, struct kernel_note *note)
{
	const char *group = strstr(text, ",task_memcg="), *name = last_value(text, ",task=");
	long pid;

	/* A name may hold commas, and so may look like a number: the last one is the kernel's. */
	if (!group || !name || !read_number(text, ",pid=", &pid) || pid > INT32_MAX)
		return false;
	note->kind = KERNEL_NOTE_OOM;
	note->pid = (pid_t)pid;
	copy_until(note->group, sizeof(note->group), group + strlen(",task_memcg="), ",\n");
	copy_until(note->name, sizeof(note->name), name, ",\n");
	return true;
}

static bool parse_seccomp(const char *text, struct kernel_note *note)
{
	const char *name = strstr(text, " comm=\"");
	long pid;

	/* Before the name stands the number, behind it the call. */
	if (!read_number(text, " syscall=", &note->call))
		return false;
	text = strstr(text, " pid=");
	if (!text)
		return false;
	pid = strtol(text + strlen(" pid="), NULL, 10);
	if (pid <= 0 || pid > INT32_MAX)
		return false;
	note->kind = KERNEL_NOTE_SECCOMP;
	note->pid = (pid_t)pid;
	if (name)
		copy_until(note->name, sizeof(note->name), name + strlen(" comm=\""), "\"\n");
	return true;
}

bool kernel_note_parse(const char *line, struct kernel_note *ret_note)
{
	const char *text = strchr(line, ';');
	struct kernel_note note = { .pid = 0 };
	bool found;

	if (!text)
		return false;
	text++;
	if (strncmp(text, "oom-kill:", strlen("oom-kill:")) == 0)
		found = parse_oom(text, &note);
	else if (strncmp(text, "audit: type=1326 ", strlen("audit: type=1326 ")) == 0)
		found = parse_seccomp(text, &note);
	else
		return false;
	if (found)
		*ret_note = note;
	return found;
}

int kernel_log_next(struct kernel_log *log, struct kernel_note *ret_note)
{
	char line[LINE_SIZE];

	for (;;) {
		ssize_t size = read(log->fd, line, sizeof(line) - 1);

		if (size < 0 && errno == EAGAIN)
			return 0;
		if (size < 0 && errno != EINTR)
			return -errno;
		if (size == 0)
			return 0;
		if (size < 0)
			continue;
		line[size] = '\0';
		if (kernel_note_parse(line, ret_note))
			return 1;
	}
}
