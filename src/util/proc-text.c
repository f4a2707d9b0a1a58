// SPDX-License-Identifier: MIT
/*
 * In stat the name stands raw between the first "(" and the last ")": it may hold both, and a
 * newline. In status it is escaped, so that a line of it is a line.
 */
#include "util/proc-text.h"

#include "util/fd.h"

#include <elf.h>
#include <sys/sysmacros.h>

/* Fields by the numbers of proc_pid_stat(5). */
enum {
	STAT_PPID = 4,
	STAT_TTY = 7,
	STAT_FLAGS = 9,
	STAT_THREADS = 20,
	STAT_START = 22,
	STAT_START_CODE = 26,
	STAT_END_CODE = 27,
	STAT_START_STACK = 28,
	STAT_FIELDS = STAT_START_STACK + 1,
};

/* A decimal number and the blanks before it; false at the end or at anything else. */
static bool next_number(const char **at, const char *end, uint64_t *ret_number)
{
	uint64_t number = 0;
	bool negative = false;
	const char *digits;

	while (*at < end && (**at == ' ' || **at == '\t'))
		++*at;
	if (*at < end && **at == '-') {
		negative = true;
		++*at;
	}
	for (digits = *at; *at < end && **at >= '0' && **at <= '9'; ++*at)
		number = number * 10 + (uint64_t)(**at - '0');
	if (*at == digits)
		return false;
	*ret_number = negative ? -number : number;
	return true;
}

/* The kernel writes it as new_encode_dev() does. */
static uint64_t device_of(uint32_t number)
{
	return makedev(number >> 8 & 0xfff, (number & 0xff) | (number >> 12 & 0xfff00));
}

/*
 * Where code and stack begin: with randomised addresses no two executions have the same, and
 * without, those of one program at least differ from another's. Where arguments stand is left
 * out: a process may move them (PR_SET_MM_ARG_START) without executing anything.
 */
static uint64_t image_of(const uint64_t *field)
{
	uint64_t image = field[STAT_START_CODE];

	/* 0: no memory. 1: hidden from us. */
	if (image <= 1)
		return 0;
	image = image * UINT64_C(0x9e3779b97f4a7c15) ^ field[STAT_END_CODE];
	image = image * UINT64_C(0x9e3779b97f4a7c15) ^ field[STAT_START_STACK];
	return image ? image : 1;
}

int proc_stat_parse(struct slice text, struct proc_stat *ret_stat)
{
	const char *open = text.size ? memchr(text.data, '(', text.size) : NULL;
	const char *close = text.size ? memrchr(text.data, ')', text.size) : NULL;
	const char *end = text.data + text.size, *at = text.data;
	uint64_t field[STAT_FIELDS], pid;

	if (!open || !close || close < open || end - close < 4 || close[1] != ' ' ||
	    !next_number(&at, open, &pid))
		return -EBADMSG;
	at = close + 3;
	for (size_t i = STAT_PPID; i < STAT_FIELDS; i++)
		if (!next_number(&at, end, &field[i]))
			return -EBADMSG;
	*ret_stat = (struct proc_stat){
		.comm = { open + 1, (size_t)(close - open - 1) },
		.state = close[2],
		.pid = (uint32_t)pid,
		.ppid = (uint32_t)field[STAT_PPID],
		.tty = device_of((uint32_t)field[STAT_TTY]),
		.flags = (uint32_t)field[STAT_FLAGS],
		.threads = (uint32_t)field[STAT_THREADS],
		.start = field[STAT_START],
		.image = image_of(field),
	};
	return 0;
}

int proc_stat_read(int proc_fd, pid_t pid, char text[static PROC_STAT_SIZE],
		   struct proc_stat *ret_stat)
{
	char name[32];
	ssize_t n;

	snprintf(name, sizeof(name), "%d/stat", pid);
	n = file_read_into(proc_fd, name, text, PROC_STAT_SIZE);
	if (n < 0)
		return n == -ENOENT ? -ESRCH : (int)n;
	return proc_stat_parse((struct slice){ text, (size_t)n }, ret_stat);
}

bool proc_stat_has_ended(const struct proc_stat *stat)
{
	/* A leader that has ended before its threads is a zombie too. */
	return stat->state == 'X' || stat->state == 'x' ||
	       (stat->state == 'Z' && stat->threads <= 1);
}

static bool has_prefix(const char *at, const char *end, const char *prefix)
{
	size_t n = strlen(prefix);

	return (size_t)(end - at) >= n && memcmp(at, prefix, n) == 0;
}

/* "Uid:\t0\t0\t0\t0": real, effective, saved. */
static bool read_ids(const char *at, const char *end, uint32_t *real, uint32_t *effective,
		     uint32_t *saved)
{
	uint64_t id[3];

	for (size_t i = 0; i < 3; i++)
		if (!next_number(&at, end, &id[i]))
			return false;
	*real = (uint32_t)id[0];
	*effective = (uint32_t)id[1];
	*saved = (uint32_t)id[2];
	return true;
}

const char *proc_status_value(const char *text, const char *key)
{
	size_t n = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, n) == 0)
			return line + n;
	}
	return NULL;
}

static void read_status_line(const char *at, const char *end, struct proc_status *status)
{
	uint64_t number;

	if (has_prefix(at, end, "Uid:")) {
		if (read_ids(at + 4, end, &status->uid, &status->euid, &status->suid))
			status->known |= PROC_STATUS_UID;
	} else if (has_prefix(at, end, "Gid:")) {
		if (read_ids(at + 4, end, &status->gid, &status->egid, &status->sgid))
			status->known |= PROC_STATUS_GID;
	} else if (has_prefix(at, end, "NSpid:")) {
		for (at += 6; next_number(&at, end, &number);) {
			status->ns_pid = (uint32_t)number;
			status->known |= PROC_STATUS_NS_PID;
		}
	}
}

void proc_status_parse(struct slice text, struct proc_status *ret_status)
{
	const char *at = text.data, *end = text.data + text.size;
	const unsigned all = PROC_STATUS_UID | PROC_STATUS_GID | PROC_STATUS_NS_PID;

	*ret_status = (struct proc_status){ 0 };
	while (at < end && ret_status->known != all) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));

		if (!stop)
			stop = end;
		read_status_line(at, stop, ret_status);
		at = stop < end ? stop + 1 : end;
	}
}

/* "4:cpu,cpuacct:/reeve/build" */
static size_t read_cgroup_line(const char *at, const char *end, struct slice *v2, char *list)
{
	const char *names, *path;
	uint64_t id;
	size_t size;

	if (!next_number(&at, end, &id) || at == end || *at != ':')
		return 0;
	names = at + 1;
	/* Names of controllers and hierarchies hold no ':'; paths may. */
	path = memchr(names, ':', (size_t)(end - names));
	if (!path || path + 1 == end || path[1] != '/')
		return 0;
	if (id == 0 && path == names) {
		*v2 = (struct slice){ path + 1, (size_t)(end - path - 1) };
		return 0;
	}
	size = (size_t)(end - names);
	memcpy(list, names, size);
	list[size] = '\0';
	return size + 1;
}

size_t proc_cgroup_parse(struct slice text, struct slice *ret_v2, char *list)
{
	const char *at = text.data, *end = text.data + text.size;
	size_t size = 0;

	*ret_v2 = (struct slice){ 0 };
	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));

		if (!stop)
			stop = end;
		size += read_cgroup_line(at, stop, ret_v2, list + size);
		at = stop < end ? stop + 1 : end;
	}
	return size;
}

static bool is_asked_for(const char *variable, size_t size, const char *const *names, size_t count)
{
	const char *equals = memchr(variable, '=', size);
	size_t length = equals ? (size_t)(equals - variable) : size;

	for (size_t i = 0; i < count; i++)
		if (strlen(names[i]) == length && memcmp(names[i], variable, length) == 0)
			return true;
	return false;
}

size_t proc_environ_pick(struct slice environment, const char *const *names, size_t count,
			 char *list)
{
	const char *at = environment.data, *end = environment.data + environment.size;
	size_t used = 0;

	while (at < end) {
		const char *stop = memchr(at, '\0', (size_t)(end - at));
		size_t size;

		if (!stop)
			stop = end;
		size = (size_t)(stop - at);
		if (size > 0 && is_asked_for(at, size, names, count)) {
			memcpy(list + used, at, size);
			list[used + size] = '\0';
			used += size + 1;
		}
		at = stop < end ? stop + 1 : end;
	}
	return used;
}

static uint64_t number_at(const char *data, size_t width)
{
	uint64_t wide;
	uint32_t narrow;

	if (width == sizeof(narrow)) {
		memcpy(&narrow, data, sizeof(narrow));
		return narrow;
	}
	memcpy(&wide, data, sizeof(wide));
	return wide;
}

/* The value of `type` in pairs of numbers of `width` bytes. */
static uint64_t auxv_find(struct slice auxv, size_t width, uint64_t type)
{
	for (size_t at = 0; at + 2 * width <= auxv.size; at += 2 * width) {
		uint64_t key = number_at(auxv.data + at, width);

		if (key == AT_NULL)
			break;
		if (key == type)
			return number_at(auxv.data + at + width, width);
	}
	return 0;
}

uint64_t proc_auxv_filename(struct slice auxv)
{
	uint64_t address = auxv_find(auxv, sizeof(uint64_t), AT_EXECFN);

	return address ? address : auxv_find(auxv, sizeof(uint32_t), AT_EXECFN);
}
