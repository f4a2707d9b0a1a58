// SPDX-License-Identifier: MIT
#include "bpf/listing.h"

/* Twice what the kernel keeps for a reader (8 pages of 4 KiB, kernel/bpf/bpf_iter.c), which is what
 * all records of one process must fit in. */
enum { BUFFER = 65536 };

/* How long the record is: 0: more of it is needed to know. -EBADMSG. */
static ssize_t size_of(const char *data, size_t available)
{
	struct watch_head head;
	struct watch_cgroup groups;
	struct watch_exec running;

	if (available < sizeof(head))
		return 0;
	memcpy(&head, data, sizeof(head));
	if (head.record == WATCH_CGROUP) {
		if (available < sizeof(groups))
			return 0;
		memcpy(&groups, data, sizeof(groups));
		return (ssize_t)sizeof(groups) + groups.size;
	}
	if (head.record != WATCH_RUNNING)
		return -EBADMSG;
	if (available < sizeof(running))
		return 0;
	memcpy(&running, data, sizeof(running));
	return (ssize_t)sizeof(running) + running.exe.size + running.exe.below;
}

/* Tells the whole records and returns how many bytes they are, or -EBADMSG. */
static ssize_t tell_whole(const char *data, size_t available, watch_tell tell, void *userdata)
{
	size_t at = 0;

	for (;;) {
		ssize_t size = size_of(data + at, available - at);

		if (size < 0 || size > BUFFER)
			return -EBADMSG;
		if (size == 0 || (size_t)size > available - at)
			return (ssize_t)at;
		tell(data + at, (uint32_t)size, userdata);
		at += (size_t)size;
	}
}

int listing_read(int fd, watch_tell tell, void *userdata)
{
	_cleanup_(freep) char *data = malloc(BUFFER);
	size_t used = 0;

	if (!data)
		return -ENOMEM;
	for (;;) {
		ssize_t n = read(fd, data + used, BUFFER - used);

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue; /* EAGAIN: a million threads that wrote nothing */
		if (n < 0)
			return -errno;
		if (n == 0)
			return used == 0 ? 0 : -EBADMSG;
		used += (size_t)n;
		n = tell_whole(data, used, tell, userdata);
		if (n < 0)
			return (int)n;
		used -= (size_t)n;
		memmove(data, data + n, used);
	}
}
