// SPDX-License-Identifier: MIT
/* The reader may be newer or older than the daemon: what is not there is left out. */
#include "cli/service-show.h"

#include "cli/show.h"

#include <inttypes.h>

static enum style style_of(const char *state)
{
	if (streq(state, "running"))
		return STYLE_GOOD;
	if (streq(state, "failed") || streq(state, "invalid"))
		return STYLE_BAD;
	if (streq(state, "stopped"))
		return STYLE_FAINT;
	return STYLE_WARNING;
}

void service_show_state(FILE *out, const char *name, const char *done, const json_t *service)
{
	const char *state = member_string(service, "state");
	uint64_t pid = member_integer(service, "pid");

	output_escaped(out, name);
	fprintf(out, ": %s", done);
	if (pid > 0)
		fprintf(out, " (%s, process %" PRIu64 ")", state, pid);
	else if (*state && !streq(state, "stopped"))
		fprintf(out, " (%s)", state);
	fputc('\n', out);
}

/* "killed by SIGKILL", "exit 3", "oom". */
static void end_text(const json_t *end, struct text *text)
{
	const char *reason = member_string(end, "reason"), *signal = member_string(end, "signal");

	if (streq(reason, "exit"))
		text_addf(text, "exit %" PRIu64, member_integer(end, "code"));
	else if (streq(reason, "signal"))
		text_addf(text, "%s%s", signal, member_true(end, "core") ? " (core)" : "");
	else
		text_addf(text, "%s%s%s", reason, *signal ? " " : "", signal);
}

static const char *note_of(const json_t *service)
{
	const char *notes[] = { member_string(service, "problem"),
				member_string(service, "trouble"),
				member_string(service, "status") };

	for (size_t i = 0; i < ARRAY_SIZE(notes); i++)
		if (*notes[i])
			return notes[i];
	return member_true(service, "enabled") ? "" : "disabled";
}

/* Nothing in the place of 0. */
static void add_number(struct table *table, uint64_t number)
{
	if (number > 0)
		table_add(table, STYLE_NONE, "%" PRIu64, number);
	else
		table_add_text(table, STYLE_NONE, "");
}

void service_show_list(FILE *out, bool colour, const json_t *services)
{
	static const struct column columns[] = {
		{ "service", false }, { "state", false },   { "process", true },
		{ "up", true },	      { "restarts", true }, { "note", false },
	};
	struct table table;

	if (json_array_size(services) == 0) {
		fputs("no services\n", out);
		return;
	}
	table_init(&table, columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < json_array_size(services); i++) {
		const json_t *service = json_array_get(services, i);
		const char *state = member_string(service, "state");
		uint64_t pid = member_integer(service, "pid");
		char up[VALUE_SIZE];

		table_add_text(&table, STYLE_NONE, member_string(service, "name"));
		table_add_text(&table, style_of(state), state);
		add_number(&table, pid);
		table_add(&table, STYLE_NONE, "%s",
			  pid > 0 ? show_time(member_integer(service, "uptime_ns"), up) : "");
		table_add(&table, STYLE_NONE, "%" PRIu64,
			  member_integer(json_object_get(service, "counters"), "restarts"));
		table_add_text(&table, STYLE_NONE, note_of(service));
	}
	table_print(&table, 0, colour, out);
	table_done(&table);
}

/* ---- one ---- */

static void line(FILE *out, const char *label, const char *value)
{
	if (!value || !*value)
		return;
	fprintf(out, "  %-12s", label);
	output_escaped(out, value);
	fputc('\n', out);
}

static void show_ends(FILE *out, bool colour, const json_t *ends)
{
	static const struct column columns[] = {
		{ "ended", false },	 { "why", false },	{ "ran", true },  { "cpu", true },
		{ "memory peak", true }, { "throttled", true }, { "left", true },
	};
	struct table table;

	if (json_array_size(ends) == 0)
		return;
	table_init(&table, columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < json_array_size(ends); i++) {
		const json_t *end = json_array_get(ends, i);
		uint64_t peak = member_integer(end, "memory_peak");
		uint64_t throttled = member_integer(end, "throttled_ns");
		uint64_t left = member_integer(end, "left");
		_cleanup_(text_done) struct text why = { 0 };
		char buffer[VALUE_SIZE];

		end_text(end, &why);
		table_add(&table, STYLE_NONE, "%.19s", member_string(end, "time"));
		table_add_text(&table, STYLE_NONE, why.data ? why.data : "");
		table_add(&table, STYLE_NONE, "%s",
			  show_time(member_integer(end, "wall_ns"), buffer));
		table_add(&table, STYLE_NONE, "%s",
			  show_time(member_integer(end, "user_ns") +
					    member_integer(end, "system_ns"),
				    buffer));
		table_add(&table, STYLE_NONE, "%s", peak > 0 ? show_bytes(peak, buffer) : "");
		table_add(&table, STYLE_NONE, "%s",
			  throttled > 0 ? show_time(throttled, buffer) : "");
		add_number(&table, left);
	}
	fputc('\n', out);
	table_print(&table, 2, colour, out);
	table_done(&table);
}

static void show_usage(FILE *out, const json_t *group)
{
	const json_t *usage = json_object_get(group, "usage");
	_cleanup_(freep) char *limits = limits_line(json_object_get(group, "limits"));
	uint64_t memory = member_integer(usage, "memory");
	uint64_t peak = member_integer(usage, "memory_peak");
	uint64_t throttled = member_integer(usage, "throttled_ns");
	char text[128], a[VALUE_SIZE], b[VALUE_SIZE];

	line(out, "limits", limits);
	snprintf(text, sizeof(text), "%s%s%s", show_time(member_integer(usage, "cpu_ns"), a),
		 throttled > 0 ? ", throttled " : "", throttled > 0 ? show_time(throttled, b) : "");
	line(out, "cpu time", text);
	if (peak > 0) {
		snprintf(text, sizeof(text), "%s, at most %s", show_bytes(memory, a),
			 show_bytes(peak, b));
		line(out, "memory", text);
	}
}

static void show_output(FILE *out, const json_t *output)
{
	uint64_t lost = member_integer(output, "lost");

	line(out, "output", member_string(output, "file"));
	if (lost > 0)
		fprintf(out, "  %-12s%" PRIu64 " bytes of it are lost: %s\n", "", lost,
			member_string(output, "error"));
}

static void show_counters(FILE *out, const json_t *counters)
{
	static const struct {
		const char *name, *label;
	} rows[] = {
		{ "restarts", "restarts" },    { "oom_kills", "oom kills" },
		{ "health_failures", "sick" }, { "pressure_events", "pressed" },
		{ "adoptions", "taken over" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t value = member_integer(counters, rows[i].name);

		if (value > 0)
			fprintf(out, "  %-12s%" PRIu64 "\n", rows[i].label, value);
	}
}

void service_show(FILE *out, bool colour, const json_t *service, const json_t *group)
{
	const char *state = member_string(service, "state");
	uint64_t pid = member_integer(service, "pid");
	uint64_t next = member_integer(service, "next_start_ns");
	char up[VALUE_SIZE];

	fputs(style_on(colour, STYLE_HEADING), out);
	output_escaped(out, member_string(service, "name"));
	fprintf(out, "%s", style_off(colour));
	if (*member_string(service, "description")) {
		fputs(": ", out);
		output_escaped(out, member_string(service, "description"));
	}
	fprintf(out, "\n  %-12s%s%s%s", "state", style_on(colour, style_of(state)), state,
		style_off(colour));
	if (pid > 0)
		fprintf(out, ", process %" PRIu64 ", up %s", pid,
			show_time(member_integer(service, "uptime_ns"), up));
	if (next > 0)
		fprintf(out, ", starts again in %s", show_time(next, up));
	fprintf(out, "%s\n", member_true(service, "gave_up") ? ", given up" : "");
	line(out, "status", member_string(service, "status"));
	line(out, "trouble", member_string(service, "trouble"));
	line(out, "problem", member_string(service, "problem"));
	line(out, "health", member_string(service, "health"));
	line(out, "manifest", member_string(service, "file"));
	if (member_true(service, "changed"))
		line(out, "", "has changed: new limits hold, service restart takes up the rest");
	line(out, "enabled", member_true(service, "enabled") ? "yes" : "no");
	line(out, "restart", member_string(service, "restart"));
	show_counters(out, json_object_get(service, "counters"));
	if (json_is_object(group)) {
		line(out, "group", member_string(group, "name"));
		show_usage(out, group);
	}
	show_output(out, json_object_get(service, "output"));
	show_ends(out, colour, json_object_get(service, "ends"));
}
