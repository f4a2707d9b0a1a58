// SPDX-License-Identifier: MIT
/*
 * The daemon may be older or newer than this program: everything that a reply does not have reads
 * as nothing, and what it has beyond that is left to --json.
 */
#include "cli/show.h"

#include "cli/fleet-show.h"
#include "model/limits.h"
#include "util/units.h"

#include <inttypes.h>
#include <time.h>

enum { CLOCK_SIZE = 32 };

/* ---- limits and usage ---- */

/* "rbps=10M wbps=1M" of an object, or the value itself. */
static void add_value(struct text *text, const json_t *value, const char *between)
{
	const char *key;
	json_t *member;
	bool first = true;

	if (json_is_string(value)) {
		const char *string = json_string_value(value);

		text_add_escaped(text, string, strlen(string));
	} else if (json_is_integer(value)) {
		text_addf(text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	} else if (json_is_real(value)) {
		text_addf(text, "%g", json_real_value(value));
	} else if (json_is_boolean(value)) {
		text_add(text, json_is_true(value) ? "yes" : "no");
	} else if (json_is_object(value)) {
		void *at;

		for (at = json_object_iter((json_t *)(uintptr_t)value); at;
		     at = json_object_iter_next((json_t *)(uintptr_t)value, at)) {
			key = json_object_iter_key(at);
			member = json_object_iter_value(at);
			text_add(text, first ? "" : between);
			first = false;
			text_add_escaped(text, key, strlen(key));
			text_add(text, json_is_object(member) ? " " : "=");
			add_value(text, member, " ");
		}
	}
}

char *limits_line(const json_t *limits)
{
	struct text text;

	text_init(&text);
	for (enum limit i = 0; i < LIMIT_COUNT; i++) {
		const json_t *value = json_object_get(limits, limit_name(i));

		if (!value)
			continue;
		text_addf(&text, "%s%s ", text.size > 0 ? ", " : "", limit_name(i));
		add_value(&text, value, " + ");
	}
	return text_take(&text);
}

enum unit { UNIT_COUNT, UNIT_BYTES, UNIT_NS };

/* What a group's usage may hold, in the order in which it is shown. */
static const struct usage_row {
	const char *key, *label;
	enum unit unit;
	bool notable; /* said in the list of groups when it is not zero */
	const char *note;
} usage_rows[] = {
	{ "cpu_ns", "processor time", UNIT_NS, false, NULL },
	{ "throttled_ns", "throttled for", UNIT_NS, false, NULL },
	{ "memory", "memory", UNIT_BYTES, false, NULL },
	{ "memory_peak", "most memory", UNIT_BYTES, false, NULL },
	{ "swap", "swap", UNIT_BYTES, false, NULL },
	{ "pids", "tasks", UNIT_COUNT, false, NULL },
	{ "oom_kills", "killed for memory", UNIT_COUNT, true, "killed for memory" },
	{ "memory_max_hits", "memory limit met", UNIT_COUNT, false, NULL },
	{ "pids_max_hits", "forks refused", UNIT_COUNT, true, "forks refused" },
	{ "io_read", "read", UNIT_BYTES, false, NULL },
	{ "io_written", "written", UNIT_BYTES, false, NULL },
};

static const char *show_unit(enum unit unit, uint64_t value, char buffer[static VALUE_SIZE])
{
	if (unit == UNIT_BYTES)
		return show_bytes(value, buffer);
	if (unit == UNIT_NS)
		return show_time(value, buffer);
	snprintf(buffer, VALUE_SIZE, "%" PRIu64, value);
	return buffer;
}

/* A cell of the usage, "-" where the kernel does not count it. */
static void add_usage(struct table *table, const json_t *usage, const char *key, enum unit unit)
{
	char buffer[VALUE_SIZE];

	if (json_is_integer(json_object_get(usage, key)))
		table_add(table, STYLE_NONE, "%s",
			  show_unit(unit, member_integer(usage, key), buffer));
	else
		table_add(table, STYLE_FAINT, "-");
}

/* What is out of the ordinary: "frozen, 2 killed for memory". */
static char *notes_line(const json_t *group)
{
	const json_t *usage = json_object_get(group, "usage");
	const char *origin = member_string(group, "origin");
	struct text text;

	text_init(&text);
	if (*origin && !streq(origin, "policy"))
		text_add_escaped(&text, origin, strlen(origin));
	if (member_true(group, "frozen"))
		text_addf(&text, "%sfrozen", text.size > 0 ? ", " : "");
	for (size_t i = 0; i < ARRAY_SIZE(usage_rows); i++) {
		uint64_t value = member_integer(usage, usage_rows[i].key);

		if (usage_rows[i].notable && value > 0)
			text_addf(&text, "%s%" PRIu64 " %s", text.size > 0 ? ", " : "", value,
				  usage_rows[i].note);
	}
	return text_take(&text);
}

/* ---- groups ---- */

static void show_groups_indented(const struct show *show, const json_t *groups, int indent)
{
	static const struct column columns[] = {
		{ "group", false }, { "processes", true }, { "cpu time", true }, { "memory", true },
		{ "peak", true },   { "tasks", true },	   { "limits", false },	 { "notes", false },
	};
	struct table table;

	table_init(&table, columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < json_array_size(groups); i++) {
		const json_t *group = json_array_get(groups, i);
		const json_t *usage = json_object_get(group, "usage");
		_cleanup_(freep) char *limits = limits_line(json_object_get(group, "limits"));
		_cleanup_(freep) char *notes = notes_line(group);

		table_add_text(&table, STYLE_NONE, member_string(group, "name"));
		table_add(&table, STYLE_NONE, "%" PRIu64, member_integer(group, "members"));
		add_usage(&table, usage, "cpu_ns", UNIT_NS);
		add_usage(&table, usage, "memory", UNIT_BYTES);
		add_usage(&table, usage, "memory_peak", UNIT_BYTES);
		add_usage(&table, usage, "pids", UNIT_COUNT);
		table_add(&table, STYLE_NONE, "%s", limits ? limits : "");
		table_add(&table, STYLE_WARNING, "%s", notes ? notes : "");
	}
	table_print(&table, indent, show->colour, show->out);
	table_done(&table);
}

void show_groups(const struct show *show, const json_t *groups)
{
	show_groups_indented(show, groups, 0);
}

static void show_line(const struct show *show, const char *label, const char *value)
{
	fprintf(show->out, "  %-18s", label);
	output_escaped(show->out, value ? value : "");
	fputc('\n', show->out);
}

static void show_pids(const struct show *show, const json_t *pids)
{
	struct text text;

	text_init(&text);
	for (size_t i = 0; i < json_array_size(pids); i++)
		text_addf(&text, "%s%" JSON_INTEGER_FORMAT, i > 0 ? " " : "",
			  json_integer_value(json_array_get(pids, i)));
	if (text.size > 0)
		show_line(show, "process ids", text.data);
	text_done(&text);
}

static void heading(const struct show *show, const char *text)
{
	fprintf(show->out, "\n%s%s%s\n", style_on(show->colour, STYLE_HEADING), text,
		style_off(show->colour));
}

void show_group(const struct show *show, const json_t *group, const json_t *pids)
{
	const json_t *usage = json_object_get(group, "usage");
	const json_t *paths = json_object_get(group, "paths");
	const json_t *limits = json_object_get(group, "limits");
	char buffer[VALUE_SIZE];

	fputs(style_on(show->colour, STYLE_HEADING), show->out);
	output_escaped(show->out, member_string(group, "name"));
	fprintf(show->out, "%s\n", style_off(show->colour));
	show_line(show, "made by", member_string(group, "origin"));
	show_line(show, "frozen", member_true(group, "frozen") ? "yes" : "no");
	snprintf(buffer, sizeof(buffer), "%" PRIu64, member_integer(group, "members"));
	show_line(show, "processes", buffer);
	show_pids(show, pids);
	for (size_t i = 0; i < json_array_size(paths); i++)
		show_line(show, i == 0 ? "folders" : "",
			  json_string_value(json_array_get(paths, i)));
	if (json_object_size(limits) > 0)
		heading(show, "limits");
	for (enum limit i = 0; i < LIMIT_COUNT; i++) {
		const json_t *value = json_object_get(limits, limit_name(i));
		struct text text;

		if (!value)
			continue;
		text_init(&text);
		add_value(&text, value, " + ");
		/* escaped already */
		fprintf(show->out, "  %-18s%s\n", limit_name(i), text.data ? text.data : "");
		text_done(&text);
	}
	if (json_object_size(usage) > 0)
		heading(show, "usage");
	for (size_t i = 0; i < ARRAY_SIZE(usage_rows); i++) {
		const struct usage_row *row = &usage_rows[i];

		if (json_is_integer(json_object_get(usage, row->key)))
			show_line(show, row->label,
				  show_unit(row->unit, member_integer(usage, row->key), buffer));
	}
}

/* ---- decisions ---- */

static enum style result_style(const char *result)
{
	static const char *const good[] = { "moved", "already there" };
	static const char *const plain[] = { "dry run",
					     "gone",
					     "killed",
					     "matched",
					     "put back",
					     "trigger",
					     "decided by the file before" };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (streq(result, good[i]))
			return STYLE_GOOD;
	for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
		if (streq(result, plain[i]))
			return STYLE_NONE;
	return STYLE_BAD; /* why it could not be done */
}

/* UTC with a date becomes the local time of today, or the date where it was another day. */
static const char *show_clock(const char *stamp, char buffer[static CLOCK_SIZE])
{
	struct tm utc = { 0 }, then, today;
	time_t seconds, now = time(NULL);
	const char *rest = strptime(stamp, "%Y-%m-%dT%H:%M:%S", &utc);
	size_t n;

	seconds = rest ? timegm(&utc) : -1;
	if (seconds < 0 || !localtime_r(&seconds, &then) || !localtime_r(&now, &today))
		return stamp;
	if (then.tm_yday != today.tm_yday || then.tm_year != today.tm_year)
		strftime(buffer, CLOCK_SIZE, "%Y-%m-%d %H:%M:%S", &then);
	else {
		n = strftime(buffer, CLOCK_SIZE, "%H:%M:%S", &then);
		snprintf(buffer + n, CLOCK_SIZE - n, "%.4s", *rest == '.' ? rest : "");
	}
	return buffer;
}

/*
 * A path comes with its strange bytes written as \\xNN already; written so once more, it could not
 * be read. What is left to make safe is what an honest daemon never sends.
 */
static char *safe_path(const char *path)
{
	struct text text;

	text_init(&text);
	for (const char *p = path; *p;) {
		size_t n = strcspn(p, "\\");

		text_add_escaped(&text, p, n);
		p += n;
		for (; *p == '\\'; p++)
			text_add_bytes(&text, p, 1);
	}
	return text_take(&text);
}

static const char *or_dash(const char *string)
{
	return *string ? string : "-";
}

void show_decision(const struct show *show, const json_t *decision)
{
	_cleanup_(freep) char *path = safe_path(member_string(decision, "path"));
	const char *result = member_string(decision, "result");
	char buffer[VALUE_SIZE], clock[CLOCK_SIZE];

	output_escaped(show->out, show_clock(member_string(decision, "time"), clock));
	fprintf(show->out, "  %7" PRIu64 "  %s  %s", member_integer(decision, "pid"),
		path ? path : "", style_on(show->colour, STYLE_FAINT));
	output_escaped(show->out, member_string(decision, "action"));
	fputs(" by rule ", show->out);
	output_escaped(show->out, or_dash(member_string(decision, "rule")));
	fprintf(show->out, "%s -> ", style_off(show->colour));
	output_escaped(show->out, or_dash(member_string(decision, "group")));
	fprintf(show->out, ": %s", style_on(show->colour, result_style(result)));
	output_escaped(show->out, result);
	fprintf(show->out, "%s in %s\n", style_off(show->colour),
		show_time(member_integer(decision, "microseconds") * 1000, buffer));
}

static void show_decisions(const struct show *show, const json_t *decisions)
{
	static const struct column columns[] = {
		{ "time", false },  { "pid", true },	 { "program", false }, { "rule", false },
		{ "group", false }, { "action", false }, { "result", false },  { "took", true },
	};
	struct table table;

	table_init(&table, columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < json_array_size(decisions); i++) {
		const json_t *decision = json_array_get(decisions, i);
		_cleanup_(freep) char *path = safe_path(member_string(decision, "path"));
		const char *result = member_string(decision, "result");
		char buffer[VALUE_SIZE], clock[CLOCK_SIZE];

		table_add_text(&table, STYLE_FAINT,
			       show_clock(member_string(decision, "time"), clock));
		table_add(&table, STYLE_NONE, "%" PRIu64, member_integer(decision, "pid"));
		table_add(&table, STYLE_NONE, "%s", path ? path : "");
		table_add_text(&table, STYLE_NONE, or_dash(member_string(decision, "rule")));
		table_add_text(&table, STYLE_NONE, or_dash(member_string(decision, "group")));
		table_add_text(&table, STYLE_NONE, member_string(decision, "action"));
		table_add_text(&table, result_style(result), result);
		table_add(&table, STYLE_NONE, "%s",
			  show_time(member_integer(decision, "microseconds") * 1000, buffer));
	}
	table_print(&table, 2, show->colour, show->out);
	table_done(&table);
}

/* ---- status ---- */

static void show_daemon(const struct show *show, const json_t *reply)
{
	const json_t *config = json_object_get(reply, "config");
	uint64_t guard = member_integer(reply, "guard"), uptime = member_integer(reply, "uptime");
	char buffer[VALUE_SIZE];

	fprintf(show->out, "%sreeved ", style_on(show->colour, STYLE_HEADING));
	output_escaped(show->out, member_string(reply, "version"));
	fprintf(show->out, "%s runs: pid %" PRIu64, style_off(show->colour),
		member_integer(reply, "pid"));
	if (guard > 0)
		fprintf(show->out, " (guard %" PRIu64 ")", guard);
	fprintf(show->out, ", up %s\n",
		uptime ? show_time(uptime * UINT64_C(1000000000), buffer) : "0s");
	show_line(show, "instance", member_string(reply, "name"));
	for (size_t i = 0; i < json_array_size(config); i++)
		show_line(show, i == 0 ? "policy" : "",
			  json_string_value(json_array_get(config, i)));
	snprintf(buffer, sizeof(buffer), "%" PRIu64, member_integer(reply, "rules"));
	show_line(show, "rules", buffer);
	show_line(show, "mode", member_string(reply, "mode"));
	show_line(show, "cgroup layout", member_string(reply, "layout"));
	if (member_true(reply, "dry_run"))
		show_line(show, "dry run", "yes: decisions are recorded, nothing is changed");
}

/* The reason, and what was lost by what. */
static void add_reason(struct table *table, const json_t *source)
{
	const json_t *count, *causes = json_object_get(source, "causes");
	const char *cause;
	struct text text;

	text_init(&text);
	text_add(&text, member_string(source, "reason"));
	json_object_foreach((json_t *)(uintptr_t)causes, cause, count)
		text_addf(&text, "; lost: %s: %" PRIu64, cause,
			  (uint64_t)json_integer_value(count));
	table_add_text(table, STYLE_NONE, text.data ? text.data : "");
	text_done(&text);
}

static void show_sources(const struct show *show, const json_t *sources)
{
	static const struct column columns[] = {
		{ "source", false }, { "state", false }, { "seen", true },
		{ "matched", true }, { "lost", true },	 { "why", false },
	};
	struct table table;

	table_init(&table, columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < json_array_size(sources); i++) {
		const json_t *source = json_array_get(sources, i);
		uint64_t lost = member_integer(source, "lost");

		table_add_text(&table, STYLE_NONE, member_string(source, "name"));
		table_add_text(&table, STYLE_NONE, member_string(source, "state"));
		table_add(&table, STYLE_NONE, "%" PRIu64, member_integer(source, "seen"));
		table_add(&table, STYLE_NONE, "%" PRIu64, member_integer(source, "matched"));
		table_add(&table, lost ? STYLE_BAD : STYLE_NONE, "%" PRIu64, lost);
		add_reason(&table, source);
	}
	table_print(&table, 2, show->colour, show->out);
	table_done(&table);
}

/* Words in the names of counters that tell of something missed or turned away. */
static const char *const loss_words[] = {
	"answered_elsewhere",
	"could_not_start",
	"denied",
	"dropped",
	"errors",
	"failed",
	"gaps",
	"lost",
	"malformed",
	"no_way_back",
	"overflows",
	"passed_while_stopped",
	"refused",
	"self_triggers",
	"slow_closed",
	"timed_out",
	"too_large",
	"too_many",
	"unknown_access",
	"unverified",
	"vanished",
};

static bool is_loss(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(loss_words); i++)
		if (strstr(name, loss_words[i]))
			return true;
	return false;
}

/* Those that are losses, or those that are not; all of a kind that is not zero, or --all. */
static void show_counters(const struct show *show, const json_t *counters, bool losses,
			  const char *title)
{
	json_t *object = (json_t *)(uintptr_t)counters; /* the iterator takes no const */
	size_t lines = 0;

	heading(show, title);
	for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
		json_int_t value = json_integer_value(json_object_iter_value(at));
		const char *name = json_object_iter_key(at);
		bool marked = show->colour && losses && value > 0;

		if (is_loss(name) != losses || (value == 0 && !show->all))
			continue;
		fprintf(show->out, "  %s%12" JSON_INTEGER_FORMAT "%s  ",
			style_on(marked, STYLE_WARNING), value, style_off(marked));
		output_escaped(show->out, name);
		fputc('\n', show->out);
		lines++;
	}
	if (lines == 0)
		fputs("  none\n", show->out);
}

/* A rule that has never matched is not shown. */
static void show_rules(const struct show *show, const json_t *rules)
{
	static const struct column columns[] = {
		{ "rule", false },	   { "matched", true }, { "done", true },
		{ "failed", true },	   { "p50", true },	{ "p99", true },
		{ "last failure", false },
	};
	struct table table;

	table_init(&table, columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < json_array_size(rules); i++) {
		const json_t *rule = json_array_get(rules, i);
		const json_t *failure = json_object_get(rule, "last_failure");
		char buffer[VALUE_SIZE];

		table_add_text(&table, STYLE_NONE, member_string(rule, "name"));
		table_add(&table, STYLE_NONE, "%" PRIu64, member_integer(rule, "matched"));
		table_add(&table, STYLE_NONE, "%" PRIu64, member_integer(rule, "done"));
		table_add(&table, member_integer(rule, "failed") > 0 ? STYLE_BAD : STYLE_NONE,
			  "%" PRIu64, member_integer(rule, "failed"));
		table_add(&table, STYLE_NONE, "%s", show_time(member_integer(rule, "p50"), buffer));
		table_add(&table, STYLE_NONE, "%s", show_time(member_integer(rule, "p99"), buffer));
		if (json_is_object(failure))
			table_add(&table, STYLE_BAD, "%s: %s", member_string(failure, "effect"),
				  member_string(failure, "error"));
		else
			table_add(&table, STYLE_NONE, "%s", "");
	}
	table_print(&table, 2, show->colour, show->out);
	table_done(&table);
}

static void show_sinks(const struct show *show, const json_t *sinks)
{
	static const struct column columns[] = {
		{ "sink", false },  { "kind", false },	     { "state", false },
		{ "queued", true }, { "spool", true },	     { "delivered", true },
		{ "lost", true },   { "last error", false },
	};
	struct table table;

	table_init(&table, columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < json_array_size(sinks); i++) {
		const json_t *sink = json_array_get(sinks, i);
		const json_t *spool = json_object_get(sink, "spool");
		uint64_t lost = member_integer(sink, "lost");
		const char *spool_error = member_string(spool, "last_error");
		char bytes[32];

		table_add_text(&table, STYLE_NONE, member_string(sink, "name"));
		table_add_text(&table, STYLE_NONE, member_string(sink, "kind"));
		table_add_text(&table, STYLE_NONE, member_string(sink, "state"));
		table_add(&table, STYLE_NONE, "%" PRIu64, member_integer(sink, "queued"));
		table_add(&table, STYLE_NONE, "%s",
			  format_bytes(member_integer(spool, "bytes"), bytes, sizeof(bytes)));
		table_add(&table, STYLE_NONE, "%" PRIu64, member_integer(sink, "delivered"));
		table_add(&table, lost ? STYLE_BAD : STYLE_NONE, "%" PRIu64, lost);
		table_add_text(&table, STYLE_NONE,
			       *spool_error ? spool_error : member_string(sink, "last_error"));
	}
	table_print(&table, 2, show->colour, show->out);
	table_done(&table);
}

void show_status(const struct show *show, const json_t *reply)
{
	const json_t *groups = json_object_get(reply, "groups");
	const json_t *problems = json_object_get(reply, "problems");
	const json_t *decisions = json_object_get(reply, "decisions");

	show_daemon(show, reply);
	if (json_is_object(json_object_get(reply, "fleet"))) {
		heading(show, "fleet");
		fleet_show_member(show, json_object_get(reply, "fleet"));
	}
	heading(show, "sources");
	show_sources(show, json_object_get(reply, "sources"));
	if (json_array_size(json_object_get(reply, "sinks")) > 0) {
		heading(show, "sinks");
		show_sinks(show, json_object_get(reply, "sinks"));
	}
	heading(show, "groups");
	if (json_array_size(groups) > 0)
		show_groups_indented(show, groups, 2);
	else
		fputs("  none\n", show->out);
	if (json_array_size(json_object_get(reply, "rule_counts")) > 0) {
		heading(show, "rules");
		show_rules(show, json_object_get(reply, "rule_counts"));
	}
	show_counters(show, json_object_get(reply, "counters"), true, "losses and refusals");
	show_counters(show, json_object_get(reply, "counters"), false, "counters");
	if (json_array_size(problems) > 0)
		heading(show, "problems");
	for (size_t i = 0; i < json_array_size(problems); i++) {
		const char *problem = json_string_value(json_array_get(problems, i));

		fprintf(show->out, "  %s-%s ", style_on(show->colour, STYLE_BAD),
			style_off(show->colour));
		output_escaped(show->out, problem ? problem : "");
		fputc('\n', show->out);
	}
	heading(show, "last decisions");
	if (json_array_size(decisions) > 0)
		show_decisions(show, decisions);
	else
		fputs("  none\n", show->out);
}
