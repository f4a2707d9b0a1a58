// SPDX-License-Identifier: MIT
/* A service as JSON: for its status, and its ends for the record of the next daemon. */
#include "service/internal.h"

#include "util/civil.h"
#include "util/json-text.h"

static json_t *time_to_json(uint64_t realtime)
{
	char stamp[40];
	struct tm tm;
	size_t n;

	if (realtime == 0)
		return json_null();
	civil_time((int64_t)(realtime / 1000000000), &tm);
	n = strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(stamp + n, sizeof(stamp) - n, ".%06uZ",
		 (unsigned)(realtime % UINT64_C(1000000000) / 1000));
	return json_string(stamp);
}

static json_t *integer(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static json_t *text_or_null(const char *text)
{
	return json_text(text && *text ? text : NULL);
}

json_t *end_to_json(const struct service_end *end)
{
	char name[32];

	return json_pack("{s:s, s:o, s:i, s:i, s:o, s:b, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
			 "s:i, s:o}",
			 "reason", end_reason_names[end->reason], "time", time_to_json(end->time),
			 "pid", end->pid, "code", end->code, "signal",
			 end->signal ? json_string(signal_to_name(end->signal, name, sizeof(name)))
				     : json_null(),
			 "core", end->core, "signal_number", end->signal, "wall_ns",
			 integer(end->wall), "user_ns", integer(end->user_ns), "system_ns",
			 integer(end->system_ns), "memory_peak", integer(end->memory_peak),
			 "throttled_ns", integer(end->throttled_ns), "oom_kills",
			 integer(end->oom_kills), "pids_max_hits", integer(end->pids_hits), "left",
			 (int)end->left, "time_ns", integer(end->time));
}

static uint64_t number(const json_t *object, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(object, key));

	return value > 0 ? (uint64_t)value : 0;
}

void end_from_json(const json_t *object, struct service_end *ret_end)
{
	const char *reason = json_string_value(json_object_get(object, "reason"));
	struct service_end end = {
		.reason = END_UNKNOWN,
		.time = number(object, "time_ns"),
		.pid = (pid_t)number(object, "pid"),
		.code = (int)number(object, "code"),
		.signal = (int)number(object, "signal_number"),
		.core = json_is_true(json_object_get(object, "core")),
		.wall = number(object, "wall_ns"),
		.user_ns = number(object, "user_ns"),
		.system_ns = number(object, "system_ns"),
		.memory_peak = number(object, "memory_peak"),
		.throttled_ns = number(object, "throttled_ns"),
		.oom_kills = number(object, "oom_kills"),
		.pids_hits = number(object, "pids_max_hits"),
		.left = (unsigned)number(object, "left"),
	};

	for (unsigned i = 0; reason && i < END_REASONS; i++)
		if (streq(reason, end_reason_names[i]))
			end.reason = (enum end_reason)i;
	*ret_end = end;
}

static json_t *ends_to_json(const struct machine *machine)
{
	const struct service_end *end;
	json_t *list = json_array();

	for (size_t back = 0; (end = machine_end_at(machine, back)); back++)
		json_array_append_new(list, end_to_json(end));
	return list;
}

/* What it prints, and where. */
static json_t *output_to_json(const struct service *service)
{
	const struct output_counters none = { 0 }, *counters = &none;
	bool to_file = service->manifest && service->manifest->output == OUTPUT_FILE;
	json_t *file = json_null();

	if (service->output)
		counters = output_counters(service->output);
	if (to_file)
		file = json_sprintf("%s/%s.log", service->supervisor->log_dir, service->name);
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "file", file, "bytes",
			 integer(counters->bytes), "lost", integer(counters->lost), "rotations",
			 integer(counters->rotations), "error",
			 text_or_null(counters->last_error ? strerror(-counters->last_error)
							   : NULL));
}

static json_t *counters_to_json(const struct service *service)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "starts",
			 integer(service->machine.starts), "restarts",
			 integer(service->machine.restarts), "ends",
			 integer(service->machine.end_count), "oom_kills",
			 integer(service->oom_kills), "health_failures",
			 integer(service->health_failures), "pressure_events",
			 integer(service->pressure_events), "adoptions",
			 integer(service->adoptions));
}

static uint64_t next_start(const struct machine *machine)
{
	uint64_t now = clock_monotonic();

	return machine->state == MACHINE_BACKOFF && machine->deadline > now
		       ? machine->deadline - now
		       : 0;
}

json_t *service_to_json(struct service *service, bool whole)
{
	const struct machine *machine = &service->machine;
	const struct service_manifest *manifest = service->manifest;
	bool up = service->child.pid > 0;
	json_t *object = json_pack(
		"{s:s, s:o, s:s, s:b, s:b, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:b, s:b}",
		"name", service->name, "description",
		text_or_null(manifest ? manifest->description : NULL), "state",
		manifest ? machine_state_names[machine->state] : "invalid", "enabled",
		manifest && manifest->enabled, "wanted", machine->wanted, "pid",
		up ? json_integer(service->child.pid) : json_null(), "started",
		up ? time_to_json(service->started) : json_null(), "uptime_ns",
		up ? integer(clock_monotonic() - machine->launched) : json_null(), "next_start_ns",
		integer(next_start(machine)), "group", service->group, "problem",
		text_or_null(service->problem), "trouble", text_or_null(service->trouble), "status",
		text_or_null(service->status_text), "changed", service->next_manifest != NULL,
		"gave_up", machine->gave_up);

	if (!object)
		return NULL;
	json_object_set_new(object, "counters", counters_to_json(service));
	if (!whole)
		return object;
	json_object_set_new(object, "file", text_or_null(manifest ? manifest->file : NULL));
	json_object_set_new(object, "output", output_to_json(service));
	json_object_set_new(object, "health", text_or_null(health_text(service->health)));
	json_object_set_new(object, "pressure",
			    json_integer((json_int_t)pressure_percent(service->pressure)));
	json_object_set_new(object, "restart",
			    text_or_null(manifest ? restart_when_names[manifest->restart.when]
						  : NULL));
	json_object_set_new(object, "ends", ends_to_json(machine));
	return object;
}
