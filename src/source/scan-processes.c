// SPDX-License-Identifier: MIT
/*
 * /proc lists processes while they come and go: one that vanishes is counted, one that comes after
 * its place in the list was passed is not seen; whoever watches events meanwhile is told of it.
 * A process that has ended and waits for its parent is none any more: it would never be told to
 * exit.
 */
#include "source/scan-processes.h"

#include "source/process-list.h"
#include "source/process-reader.h"

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
	struct process_list list = { 0 };
	int r;

	r = process_reader_new(options->host, options->environment, options->environment_count,
			       &reader, err);
	if (r < 0)
		return r;
	r = process_list_read(&list, options->host);
	if (r < 0)
		error_set_errno(err, r, "cannot list %s", options->host->proc_path);
	for (size_t i = 0; r >= 0 && i < list.count; i++) {
		uint32_t pid = list.processes[i].pid;
		int told;

		if (options->skips && options->skips(pid, options->userdata))
			continue;
		told = tell(reader, (pid_t)pid, options);
		result.found += told == 0;
		result.vanished += told < 0;
	}
	process_list_done(&list);
	if (r >= 0)
		*ret_result = result;
	return r;
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
