// SPDX-License-Identifier: MIT
/*
 * /proc lists processes while they come and go: one that vanishes is counted, one that comes after
 * its place in the list was passed is not seen; whoever watches events meanwhile is told of it.
 * A process that has ended and waits for its parent is none any more: it would never be told to
 * exit.
 */
#include "source/scan-processes.h"

#include "source/process-reader.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>

/* The number that the name of a process's folder is; 0: another name. */
static pid_t pid_of(const char *name)
{
	unsigned long pid = 0;

	for (; *name >= '0' && *name <= '9' && pid <= INT_MAX; name++)
		pid = pid * 10 + (unsigned long)(*name - '0');
	return *name || pid > INT_MAX ? 0 : (pid_t)pid;
}

/* 0: told; 1: it has ended; -ESRCH: it is gone. */
static int tell(struct process_reader *reader, pid_t pid,
		const struct process_scan_options *options)
{
	struct event event;
	int r;

	event_init(&event, EVENT_RUNNING, SOURCE_PROCFS);
	r = process_reader_read(reader, pid, options->brief, &event);
	if (r != 0)
		return r;
	event_set(&event, TIME, time, clock_realtime());
	event_set(&event, BOOTTIME, boottime, clock_boottime());
	options->sink.event(&event, options->sink.userdata);
	return 0;
}

int scan_processes(const struct process_scan_options *options,
		   struct process_scan_result *ret_result, struct error *err)
{
	_cleanup_(process_reader_freep) struct process_reader *reader = NULL;
	struct process_scan_result result = { 0 };
	const struct host *host = options->host;
	struct dirent *entry;
	DIR *dir;
	int fd, r;

	r = process_reader_new(host, options->environment, options->environment_count, &reader,
			       err);
	if (r < 0)
		return r;
	fd = openat(host->proc_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		r = -errno;
		closep(&fd);
		return error_set_errno(err, r, "cannot list %s", host->proc_path);
	}
	while ((entry = readdir(dir))) {
		pid_t pid = pid_of(entry->d_name);

		if (pid <= 0)
			continue;
		r = tell(reader, pid, options);
		result.found += r == 0;
		result.vanished += r < 0;
	}
	closedir(dir);
	*ret_result = result;
	return 0;
}

int scan_one_process(const struct process_scan_options *options, pid_t pid)
{
	_cleanup_(process_reader_freep) struct process_reader *reader = NULL;
	int r = process_reader_new(options->host, options->environment, options->environment_count,
				   &reader, NULL);

	if (r < 0)
		return r;
	r = tell(reader, pid, options);
	return r > 0 ? -ESRCH : r;
}
