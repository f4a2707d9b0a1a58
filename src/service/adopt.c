// SPDX-License-Identifier: MIT
/*
 * Taking over what an earlier daemon has started. The record names a process by its number and its
 * start, so that it cannot be another one's. Without a record, or with one that is older than the
 * last start, the group tells: who is in it, and whose parent is not, is the service. A second copy
 * is never started while somebody is in the group.
 */
#include "service/internal.h"

#include "service/exit-status.h"
#include "util/fd.h"
#include "util/proc-text.h"

#include <inttypes.h>

static uint64_t number(const json_t *record, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(record, key));

	return value > 0 ? (uint64_t)value : 0;
}

static enum machine_state state_of(const json_t *record)
{
	const char *name = json_string_value(json_object_get(record, "state"));

	for (unsigned i = 0; name && i < MACHINE_STATES; i++)
		if (streq(name, machine_state_names[i]))
			return (enum machine_state)i;
	return MACHINE_STOPPED;
}

/* What the machine knew of the time before. */
static void restore(struct service *service, const json_t *record)
{
	const json_t *baseline = json_object_get(record, "baseline"), *end;
	struct machine *machine = &service->machine;
	uint64_t ended = number(record, "ended");
	size_t index;
	json_t *ends = json_object_get(record, "ends");

	machine->restarts = number(record, "restarts");
	machine->starts = number(record, "starts");
	machine->row.count = (unsigned)MIN(number(record, "row"), (uint64_t)UINT32_MAX);
	service->baseline.oom_kills = number(baseline, "oom_kills");
	service->baseline.throttled_ns = number(baseline, "throttled_ns");
	service->baseline.pids_max_hits = number(baseline, "pids_hits");
	service->health_failures = number(record, "health_failures");
	service->pressure_events = number(record, "pressure_events");
	service->oom_kills = number(record, "oom_kills");
	ended = MAX(ended, (uint64_t)json_array_size(ends));
	machine->end_count = (size_t)ended - json_array_size(ends);
	json_array_foreach(ends, index, end)
	{
		end_from_json(end, &machine->ends[machine->end_count % MACHINE_ENDS]);
		machine->end_count++;
	}
}

/* Its parent's number, 0 where it is gone. */
static pid_t parent_of(const struct host *host, pid_t pid)
{
	struct proc_stat stat;
	char path[32], text[1024];
	ssize_t n;

	snprintf(path, sizeof(path), "%d/stat", pid);
	n = file_read_into(host->proc_fd, path, text, sizeof(text));
	if (n < 0 || proc_stat_parse((struct slice){ text, (size_t)n }, &stat) < 0 ||
	    proc_stat_has_ended(&stat))
		return 0;
	return (pid_t)stat.ppid;
}

static bool is_among(const pid_t *pids, size_t count, pid_t pid)
{
	for (size_t i = 0; i < count; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

/* The oldest of the group whose parent is not in it. */
static pid_t find_root(const struct service *service, uint64_t *ret_ticks)
{
	const struct host *host = service->supervisor->options.host;
	const struct group *group = service_group(service);
	_cleanup_(freep) pid_t *pids = NULL;
	size_t count = 0;
	pid_t found = 0;

	if (!group || group_members(group, true, &pids, &count) < 0)
		return 0;
	for (size_t i = 0; i < count; i++) {
		pid_t parent = parent_of(host, pids[i]);
		uint64_t ticks;

		if (parent == 0 || is_among(pids, count, parent) ||
		    process_start_ticks(host, pids[i], &ticks) < 0)
			continue;
		if (found == 0 || ticks < *ret_ticks) {
			found = pids[i];
			*ret_ticks = ticks;
		}
	}
	return found;
}

/* The process of the record, if it is there and in the group; else the group's own. */
static pid_t find_process(const struct service *service, const json_t *record, uint64_t *ret_ticks)
{
	const struct host *host = service->supervisor->options.host;
	pid_t pid = (pid_t)number(record, "pid");
	uint64_t ticks = number(record, "start"), now;

	if (pid > 0 && ticks > 0 && process_start_ticks(host, pid, &now) == 0 && now == ticks) {
		*ret_ticks = ticks;
		return pid;
	}
	return find_root(service, ret_ticks);
}

static void take_over(struct service *service, const json_t *record, uint64_t ticks)
{
	enum machine_state state = state_of(record);
	bool recorded = ticks == number(record, "start");
	bool wanted = !record || json_is_true(json_object_get(record, "wanted"));
	uint64_t launched = recorded ? number(record, "launched") : clock_monotonic();

	if (state != MACHINE_STARTING && state != MACHINE_STOPPING)
		state = MACHINE_RUNNING;
	if (!wanted)
		state = MACHINE_STOPPING;
	service->start_ticks = ticks;
	service->started = recorded ? number(record, "started") : clock_realtime();
	service->adoptions++;
	machine_adopt(&service->machine, state, launched, wanted);
	if (service->listen_count == 0)
		service_take_sockets(service);
	service_attend(service);
	service_record_later(service);
	service_tell(service, LOG_NOTICE,
		     "process %d ran on without the daemon, and is taken over%s",
		     service->child.pid, recorded ? "" : " (found by its group)");
}

/* It ended while there was no daemon: how is not known to anybody, but for the group's counters. */
static void miss(struct service *service, const json_t *record)
{
	struct service_end end = { .reason = END_UNKNOWN, .pid = (pid_t)number(record, "pid") };
	const struct group *group = service_group(service);

	service->usage = (struct group_usage){ 0 };
	if (group)
		(void)group_usage(group, &service->usage);
	if (service->usage.known & USAGE_OOM_KILLS &&
	    service->usage.oom_kills > service->baseline.oom_kills)
		end.reason = END_OOM;
	service_tell(service, LOG_WARNING, "process %d ended while no daemon ran", end.pid);
	machine_adopt(&service->machine, MACHINE_RUNNING, number(record, "launched"),
		      json_is_true(json_object_get(record, "wanted")));
	machine_ended(&service->machine, &end);
}

static void attach(struct service *service, const json_t *record, pid_t pid, int fd, uint64_t ticks)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	int r;

	service->child = (struct launch_child){ .pid = pid, .pidfd = fd };
	if (service_open_output(service, &err) < 0)
		service_trouble(service, &err);
	r = service_watch(service);
	if (r < 0)
		service_tell(service, LOG_ERR, "cannot watch process %d: %s", pid, strerror(-r));
	take_over(service, record, ticks);
}

/* Nothing of it ran: it goes on resting, or is started. */
static int rest(struct service *service, const json_t *record)
{
	if (!record)
		return service->manifest->enabled;
	if (state_of(record) == MACHINE_BACKOFF &&
	    machine_rest(&service->machine, number(record, "deadline")))
		return 0;
	if (json_is_true(json_object_get(record, "wanted")))
		return 1;
	if (state_of(record) == MACHINE_FAILED)
		service->machine.state = MACHINE_FAILED;
	return 0;
}

int service_adopt(struct service *service)
{
	json_t *record = NULL;
	uint64_t ticks = 0;
	int fd = -ESRCH, start = 0, r = service_record_read(service, &record);
	pid_t pid;

	if (r == -EBADMSG)
		service_tell(service, LOG_WARNING, "its record is damaged: its group is asked");
	if (record)
		restore(service, record);
	pid = find_process(service, record, &ticks);
	if (pid > 0)
		fd = process_open(service->supervisor->options.host, pid, ticks);
	if (fd >= 0)
		attach(service, record, pid, fd, ticks);
	else if (number(record, "pid") > 0)
		miss(service, record);
	else
		start = rest(service, record);
	json_decref(record);
	return start;
}
