// SPDX-License-Identifier: MIT
/*
 * What is in memory, or in the swap, is read (proc(5): pagemap, bits 63 and 62). Of the rest it is
 * the mapping that counts: anonymous memory is made on the spot, and a file of a block device is
 * read from that. File systems without a device of their own (major number 0) may be FUSE or NFS.
 */
#include "source/peek.h"

#include "util/fd.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/uio.h>

#define PAGE_PRESENT (UINT64_C(1) << 63)
#define PAGE_SWAPPED (UINT64_C(1) << 62)

enum { MAPS_ROOM = 16384 };

static bool is_in_memory(pid_t tid, uint64_t address)
{
	_cleanup_(closep) int fd = -1;
	uint64_t entry = 0;
	char name[40];

	snprintf(name, sizeof(name), "/proc/%d/pagemap", tid);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	return pread(fd, &entry, sizeof(entry),
		     (off_t)(address / (uint64_t)sysconf(_SC_PAGESIZE) * sizeof(entry))) ==
		       sizeof(entry) &&
	       entry & (PAGE_PRESENT | PAGE_SWAPPED);
}

/* 1: the line's mapping has the address and is near; 0: has it and may be far; -1: another one. */
static int judge_line(const char *line, uint64_t address)
{
	uint64_t start, end, inode;
	unsigned major, minor;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %*s %x:%x %" SCNu64, &start, &end, &major,
		   &minor, &inode) != 5 ||
	    address < start || address >= end)
		return -1;
	return inode == 0 || major != 0;
}

bool peek_may_wait(const char *maps, uint64_t address)
{
	for (const char *line = maps; *line;) {
		int r = judge_line(line, address);
		const char *next = strchr(line, '\n');

		if (r >= 0)
			return r == 0;
		if (!next)
			break;
		line = next + 1;
	}
	return true;
}

/* The file is read in pieces; a line that was cut is taken up again with the next one. */
static bool mapping_may_wait(pid_t tid, uint64_t address)
{
	_cleanup_(closep) int fd = -1;
	char text[MAPS_ROOM], name[40];
	size_t used = 0;
	ssize_t n;

	snprintf(name, sizeof(name), "/proc/%d/maps", tid);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && (n = read(fd, text + used, sizeof(text) - 1 - used)) > 0) {
		char *last;

		used += (size_t)n;
		text[used] = '\0';
		if (!peek_may_wait(text, address))
			return false;
		last = strrchr(text, '\n');
		used = last ? strlen(last + 1) : 0;
		if (last)
			memmove(text, last + 1, used);
	}
	return true;
}

ssize_t peek_memory(pid_t tid, uint64_t address, void *data, size_t size)
{
	struct iovec local = { .iov_base = data, .iov_len = size };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)address, .iov_len = size };
	ssize_t n;

	if (!is_in_memory(tid, address) && mapping_may_wait(tid, address))
		return -EAGAIN;
	n = process_vm_readv(tid, &local, 1, &remote, 1, 0);
	if (n < 0)
		return -errno;
	return n == 0 ? -EFAULT : n;
}

enum { FIELD_ARG_START = 48, FIELD_FIRST = 3 }; /* of /proc/PID/stat, proc(5); state is the 3rd */

/* Where the arguments begin and end. */
static int find_arguments(pid_t pid, uint64_t *ret_start, uint64_t *ret_end)
{
	char name[40], text[2048];
	const char *at;
	ssize_t n;

	snprintf(name, sizeof(name), "/proc/%d/stat", pid);
	n = file_read_into(AT_FDCWD, name, text, sizeof(text));
	if (n < 0)
		return n == -ENOENT ? -ESRCH : (int)n;
	/* The name before may hold anything, ')' too. */
	at = strrchr(text, ')');
	for (int field = FIELD_FIRST; at && field <= FIELD_ARG_START; field++) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	if (!at || sscanf(at, "%" SCNu64 " %" SCNu64, ret_start, ret_end) != 2)
		return -EBADMSG;
	return *ret_start == 0 || *ret_end < *ret_start ? -EFAULT : 0;
}

ssize_t peek_arguments(pid_t pid, char *buffer, size_t room)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t start, end;
	size_t used = 0, wanted;
	int r = find_arguments(pid, &start, &end);

	if (r < 0)
		return r;
	wanted = (size_t)MIN(end - start, (uint64_t)room);
	while (used < wanted) {
		size_t part = MIN(wanted - used, (size_t)(page - (start + used) % page));
		ssize_t n = peek_memory(pid, start + used, buffer + used, part);

		if (n < 0)
			return n;
		used += (size_t)n;
	}
	return (ssize_t)used;
}
