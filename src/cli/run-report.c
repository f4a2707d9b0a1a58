// SPDX-License-Identifier: MIT
/*
 * The reason is looked for from the surest to the least sure: what we ended ourselves, what the
 * kernel counted in the group, what a signal says, and only then the program's own exit. A group
 * that was there before counts for others too: of that only the program's own end is told.
 */
#include "cli/run-report.h"

#include "cli/output.h"
#include "launch/seccomp-names.h"
#include "util/json-text.h"
#include "util/units.h"

#include <inttypes.h>
#include <signal.h>

enum { TIME_SIZE = 32 };

static uint64_t counted(const struct run_report *report, const char *key)
{
	return report->usage && report->own_group ? member_integer(report->usage, key) : 0;
}

const char *run_report_reason(const struct run_report *report)
{
	const struct launch_status *status = &report->end->status;

	switch (report->end->reason) {
	case LAUNCH_TIMEOUT:
		return "timeout";
	case LAUNCH_CPU_TIME:
		return "cpu-time";
	case LAUNCH_PARENT_ENDED:
		return "parent-ended";
	case LAUNCH_ENDED:
		break;
	}
	if (counted(report, "oom_kills") > 0 && status->exit_code != 0)
		return "oom-kill";
	if (status->signal == SIGSYS)
		return "denied-syscall";
	if (status->signal)
		return "signal";
	if (counted(report, "pids_max_hits") > 0 && status->exit_code != 0)
		return "pids-limit";
	return "exit";
}

/* ---- the record ---- */

static json_t *limits_hit(const struct run_report *report)
{
	static const struct {
		const char *counter, *limit;
	} rows[] = {
		{ "oom_kills", "oom" },
		{ "memory_max_hits", "ram" },
		{ "pids_max_hits", "pids" },
		{ "throttled_ns", "cpu" },
	};
	json_t *hit = json_array();

	if (report->end->reason == LAUNCH_TIMEOUT)
		json_array_append_new(hit, json_string("timeout"));
	if (report->end->reason == LAUNCH_CPU_TIME)
		json_array_append_new(hit, json_string("cpu-time"));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (counted(report, rows[i].counter) > 0)
			json_array_append_new(hit, json_string(rows[i].limit));
	return hit;
}

static void set_time(json_t *record, const char *key, uint64_t ns)
{
	json_object_set_new(record, key, json_integer((json_int_t)ns));
}

static bool has_sender(const struct launch_end *end)
{
	return end->sender.signal && end->sender.signal == end->status.signal;
}

json_t *run_report_json(const struct run_report *report)
{
	const struct launch_end *end = report->end;
	const struct launch_status *status = &end->status;
	json_t *record =
		json_pack("{s:o, s:s, s:i, s:i, s:b}", "program", json_text(report->program),
			  "reason", run_report_reason(report), "code", status->exit_code, "signal",
			  status->signal, "core", status->core);

	if (has_sender(end))
		json_object_set_new(record, "sender",
				    json_pack("{s:i, s:o, s:I}", "pid", (int)end->sender.pid,
					      "name", json_text(end->sender.name), "user",
					      (json_int_t)end->sender.user));
	set_time(record, "wall_ns", status->wall);
	set_time(record, "user_ns", end->user_ns);
	set_time(record, "system_ns", end->system_ns);
	if (end->cpu_known)
		set_time(record, "cpu_ns", end->cpu_ns);
	/* The greatest of its processes alone, where no group says what all had together. */
	set_time(record, "max_rss", (uint64_t)status->usage.ru_maxrss * 1024);
	json_object_set_new(record, "left_behind", json_boolean(end->left_behind));
	json_object_set_new(record, "limits_hit", limits_hit(report));
	if (report->group)
		json_object_set_new(record, "group", json_string(report->group));
	if (report->usage)
		json_object_set(record, "usage", (json_t *)(uintptr_t)report->usage);
	return record;
}

/* Whether a path of the kernel's is that of one of the program's groups. */
static bool is_our_group(const struct run_report *report, const char *path)
{
	size_t length = strlen(path);

	for (size_t i = 0; length > 1 && i < report->folder_count; i++) {
		size_t size = strlen(report->folders[i]);

		if (size > length && streq(report->folders[i] + size - length, path))
			return true;
	}
	return false;
}

static void add_call(json_t *record, long number)
{
	_cleanup_(freep) char *name = seccomp_call_name((uint32_t)number);

	json_object_set_new(record, "syscall_number", json_integer(number));
	json_object_set_new(record, "syscall", json_string(name ? name : "?"));
}

/* What only the kernel's log has: who was killed, and for which call. */
static void add_notes(const struct run_report *report, json_t *record)
{
	json_t *killed = json_array();
	struct kernel_note note;
	int r;

	while ((r = kernel_log_next(report->log, &note)) > 0 || r == -EPIPE) {
		if (r > 0 && note.kind == KERNEL_NOTE_OOM && is_our_group(report, note.group))
			json_array_append_new(killed, json_pack("{s:i, s:o}", "pid", (int)note.pid,
								"name", json_text(note.name)));
		if (r > 0 && note.kind == KERNEL_NOTE_SECCOMP &&
		    report->end->status.signal == SIGSYS)
			add_call(record, note.call);
	}
	if (json_array_size(killed) > 0)
		json_object_set(record, "oom_killed", killed);
	json_decref(killed);
}

/* ---- the line ---- */

static void describe_signal(const struct run_report *report, char *text, size_t size)
{
	const struct launch_end *end = report->end;
	const char *name = sigabbrev_np(end->status.signal);
	char from[64] = "";

	if (has_sender(end) && end->sender.pid > 0)
		snprintf(from, sizeof(from), ", which %s (%d) sent",
			 *end->sender.name ? end->sender.name : "a process", (int)end->sender.pid);
	else if (has_sender(end))
		snprintf(from, sizeof(from), ", from the terminal or outside");
	snprintf(text, size, "ended by %s%s%s%s", name ? "SIG" : "a signal", name ? name : "", from,
		 end->status.core ? ", leaving a core file" : "");
}

static void describe(const struct run_report *report, const json_t *record, char *text, size_t size)
{
	const char *reason = run_report_reason(report);
	const json_t *killed = json_object_get(record, "oom_killed");
	char time[TIME_SIZE];

	if (streq(reason, "timeout"))
		snprintf(text, size, "killed, for its %s were over",
			 format_duration(report->timeout, time, sizeof(time)));
	else if (streq(reason, "cpu-time"))
		snprintf(text, size, "killed, for its %s of processor time were used up",
			 format_duration(report->cpu_time, time, sizeof(time)));
	else if (streq(reason, "parent-ended"))
		snprintf(text, size, "killed, for what started reeve has ended");
	else if (streq(reason, "oom-kill") && json_array_size(killed) > 0)
		snprintf(text, size, "its memory was at its limit, and the kernel killed %s (%d)",
			 json_string_value(json_object_get(json_array_get(killed, 0), "name")),
			 (int)member_integer(json_array_get(killed, 0), "pid"));
	else if (streq(reason, "oom-kill"))
		snprintf(text, size,
			 "its memory was at its limit, and the kernel killed one of it");
	else if (streq(reason, "denied-syscall") && json_object_get(record, "syscall"))
		snprintf(text, size, "killed for the system call %s, which is denied",
			 json_string_value(json_object_get(record, "syscall")));
	else if (streq(reason, "denied-syscall"))
		snprintf(text, size, "killed for a system call that is denied");
	else if (streq(reason, "signal"))
		describe_signal(report, text, size);
	else
		snprintf(text, size, "ended by itself with %d%s", report->end->status.exit_code,
			 streq(reason, "pids-limit") ? ", its limit of tasks (pids) being met"
						     : "");
}

static void say_line(const struct run_report *report, const json_t *record)
{
	const struct launch_end *end = report->end;
	uint64_t cpu = end->cpu_known ? end->cpu_ns : end->user_ns + end->system_ns;
	uint64_t peak = counted(report, "memory_peak"), throttled = counted(report, "throttled_ns");
	char wall[TIME_SIZE], used[TIME_SIZE], held[TIME_SIZE], bytes[TIME_SIZE], text[256];

	describe(report, record, text, sizeof(text));
	peak = peak ? peak : (uint64_t)end->status.usage.ru_maxrss * 1024;
	cli_say(report->cli, "%s: %s, after %s; processor time %s%s%s, memory at most %s%s",
		report->program, text, format_duration(end->status.wall, wall, sizeof(wall)),
		format_duration(cpu, used, sizeof(used)), throttled ? ", held back " : "",
		throttled ? format_duration(throttled, held, sizeof(held)) : "",
		format_bytes(peak, bytes, sizeof(bytes)),
		end->left_behind ? "; it left processes behind" : "");
}

int run_report_tell(const struct run_report *report, FILE *out)
{
	json_t *record = run_report_json(report);
	int r = 0;

	if (report->log->fd >= 0)
		add_notes(report, record);
	say_line(report, record);
	if (out) {
		errno = 0;
		if (json_dumpf(record, out, JSON_COMPACT) < 0 || fputc('\n', out) == EOF ||
		    fflush(out) == EOF)
			r = errno ? -errno : -EIO;
	}
	json_decref(record);
	return r;
}
