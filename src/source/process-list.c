// SPDX-License-Identifier: MIT
/* getdents64 in large pieces: a thousand processes cost four calls. */
#include "source/process-list.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>

enum { PIECE = 65536 };

/* The number that the name of a process's folder is; 0: another name. */
static uint32_t pid_of(const char *name)
{
	uint64_t pid = 0;

	for (; *name >= '0' && *name <= '9' && pid <= INT_MAX; name++)
		pid = pid * 10 + (uint64_t)(*name - '0');
	return *name || pid > INT_MAX ? 0 : (uint32_t)pid;
}

static int add(struct process_list *list, uint32_t pid, uint64_t inode)
{
	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 1024;
		struct listed_process *larger = realloc(list->processes, room * sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		list->processes = larger;
		list->room = room;
	}
	list->processes[list->count++] = (struct listed_process){ pid, inode };
	return 0;
}

static int add_piece(struct process_list *list, const char *piece, size_t size)
{
	for (size_t at = 0; at < size;) {
		const struct dirent64 *entry = (const struct dirent64 *)(const void *)(piece + at);
		uint32_t pid = pid_of(entry->d_name);
		int r = pid > 0 ? add(list, pid, entry->d_ino) : 0;

		if (r < 0)
			return r;
		at += entry->d_reclen;
	}
	return 0;
}

static int by_pid(const void *a, const void *b)
{
	uint32_t x = ((const struct listed_process *)a)->pid;
	uint32_t y = ((const struct listed_process *)b)->pid;

	return (x > y) - (x < y);
}

/* procfs has them in order; a test's folder has not. */
static void sort(struct process_list *list)
{
	for (size_t i = 1; i < list->count; i++) {
		if (list->processes[i - 1].pid < list->processes[i].pid)
			continue;
		qsort(list->processes, list->count, sizeof(*list->processes), by_pid);
		return;
	}
}

int process_list_read(struct process_list *list, const struct host *host)
{
	_cleanup_(closep) int fd = openat(host->proc_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_(freep) char *piece = malloc(PIECE);
	ssize_t n;
	int r = 0;

	list->count = 0;
	if (fd < 0)
		return -errno;
	if (!piece)
		return -ENOMEM;
	while (r == 0 && (n = getdents64(fd, piece, PIECE)) > 0)
		r = add_piece(list, piece, (size_t)n);
	if (r == 0 && n < 0)
		r = -errno;
	if (r < 0)
		list->count = 0;
	sort(list);
	return r;
}

void process_list_done(struct process_list *list)
{
	free(list->processes);
	*list = (struct process_list){ 0 };
}
