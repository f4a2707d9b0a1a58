// SPDX-License-Identifier: MIT
/*
 * Looking at all that runs: at the beginning, and after a loss. What a scan finds is nothing new
 * for the most part; only news are told.
 */
#include "core/observer-internal.h"

#include "source/scan-processes.h"

enum {
	HEAL_EVERY_USEC = 1000000,
	/* A source that does not tell who ends: the table would grow for ever. */
	SWEEP_EVERY_USEC = 5000000,
	DRAIN_NS = 50000000,
};

/* ---- scans ---- */

static bool is_news(const struct observer *observer, const struct event *event, bool known)
{
	if (observer->table)
		return !known;
	/* The start is in hundredths of a second. */
	return event_knows(event, FIELD_START) &&
	       event->start + UINT64_C(10000000) >= observer->gap_from;
}

static void on_scanned(struct event *event, void *userdata)
{
	struct observer *observer = userdata;
	bool known = observer_take_in(observer, event);

	if (observer->tell == TELL_NOTHING || is_own(observer, event))
		return;
	if (observer->list) {
		enrich_names(observer->enricher, event, observer->now_ns);
		observer->list->event(event, observer->list->userdata);
		return;
	}
	if (observer->tell == TELL_NEWS && !is_news(observer, event, known))
		return;
	observer->found++;
	if (observer_wants(observer, EVENT_RUNNING))
		observer_tell(observer, event);
}

static bool is_in_table(uint32_t pid, void *userdata)
{
	const struct observer *observer = userdata;

	return process_table_find(observer->table, pid) != NULL;
}

/*
 * By the source itself, in a tenth of the time that /proc takes. What it does not tell and /proc
 * lists is read there: a process that came meanwhile, and those that some kernels keep from BPF
 * (seen: process 1 of a sandbox).
 */
static int list(struct observer *observer, const struct event_sink *sink)
{
	const struct source_class *class = observer->source ? observer->source->class : NULL;

	return class && class->list ? class->list(observer->source, sink) : -EOPNOTSUPP;
}

int observer_scan(struct observer *observer, enum tell what, struct error *err)
{
	struct process_scan_options options = {
		.host = observer->host,
		.sink = { on_scanned, observer },
		.environment = observer->options.environment,
		.environment_count = observer->options.environment_count,
		.brief = what == TELL_NOTHING,
	};
	struct process_scan_result result;
	int r;

	observer->tell = what;
	observer->found = 0;
	if (what == TELL_NOTHING && observer->table && list(observer, &options.sink) >= 0) {
		options.skips = is_in_table;
		options.userdata = observer;
	}
	r = scan_processes(&options, &result, err);
	observer->tell = TELL_NOTHING;
	return r;
}

int observer_seed(struct observer *observer, enum tell what, struct error *err)
{
	struct process_table *table = NULL;
	int r;

	if (process_table_new(observer->boot, &table) < 0)
		return error_oom(err);
	process_table_free(observer->table);
	observer->table = table;
	if (observer->own == 0)
		return 0;
	if (!observer->options.seeded)
		return observer_scan(observer, what, err);
	/* Trees must be known before the first of their processes is told. */
	r = observer_scan(observer, TELL_NOTHING, err);
	observer->options.seeded(observer->options.sink.userdata);
	return r >= 0 && what != TELL_NOTHING ? observer_scan(observer, what, err) : r;
}

int observer_list(struct observer *observer, const struct event_sink *sink, struct error *err)
{
	int r;

	observer->now_ns = clock_monotonic();
	observer->list = sink;
	r = observer_scan(observer, TELL_ALL, err);
	observer->list = NULL;
	return r;
}

/* An end that was concluded, not seen. */
static void on_gone(struct event *event, void *userdata)
{
	struct observer *observer = userdata;

	observer->found++;
	if (observer_wants(observer, event->type))
		observer_tell(observer, event);
}

/* ---- healing ---- */

/* Reads on until the source is empty, for a bounded time. False when it has failed. */
static bool drain(struct observer *observer)
{
	uint64_t until = clock_monotonic() + DRAIN_NS;
	struct error err = ERROR_INIT;
	int r = 1;

	while (r > 0 && clock_monotonic() < until)
		r = observer->source->class->dispatch(observer->source, &err);
	if (r < 0)
		observer_replace(observer, r, &err);
	error_done(&err);
	return r >= 0;
}

/* A source that gathers does not hand out before its time. */
static void wait_until_due(const struct observer *observer)
{
	const struct source_class *class = observer->source->class;
	uint64_t now = clock_monotonic(), due = class->due ? class->due(observer->source) : 0;

	if (due > now && due - now <= DRAIN_NS)
		usleep((useconds_t)((due - now + 999) / 1000));
}

uint64_t observer_catch_up(struct observer *observer)
{
	uint64_t since = clock_boottime();

	if (observer->source && observer->wanted != 0) {
		wait_until_due(observer);
		(void)drain(observer);
		observer_rest(observer);
	}
	return since;
}

static void heal(struct observer *observer)
{
	bool gap = observer->gap_from != UINT64_MAX;
	struct error err = ERROR_INIT;
	size_t found;

	if (!drain(observer) || !observer->source)
		return;
	if (observer->table)
		process_table_repair_begin(observer->table);
	/* Without /proc there is nothing to conclude from: then nobody is taken for gone. */
	if (observer_scan(observer, TELL_NEWS, &err) < 0) {
		error_done(&err);
		return;
	}
	found = observer->found;
	observer->gap_from = UINT64_MAX;
	if (drain(observer) && observer->table) {
		const struct event_sink gone = { on_gone, observer };

		observer->found = 0;
		process_table_repair_end(observer->table, &gone);
		found += observer->found;
	}
	observer->counters.rescans++;
	observer->counters.repaired += found;
	if (gap && observer->options.healed)
		observer->options.healed(found, observer->options.sink.userdata);
}

static void heal_at(struct observer *observer, uint64_t usec)
{
	(void)sd_event_source_set_time(observer->heal, usec);
	(void)sd_event_source_set_enabled(observer->heal, SD_EVENT_ONESHOT);
}

/* The next rescan, if one is needed. */
void observer_plan_healing(struct observer *observer)
{
	uint64_t now = clock_monotonic() / 1000, next = observer->healed_usec + HEAL_EVERY_USEC;

	if (!observer->source || observer->own == 0)
		return;
	if (observer->gap_from != UINT64_MAX)
		heal_at(observer, MAX(now, next));
	else if (observer->table && !(observer->source->class->types & EVENT_BIT(EVENT_EXIT)))
		heal_at(observer, now + SWEEP_EVERY_USEC);
	else
		(void)sd_event_source_set_enabled(observer->heal, SD_EVENT_OFF);
}

int observer_on_heal(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct observer *observer = userdata;

	if (!observer->source || observer->wanted == 0)
		return 0;
	heal(observer);
	observer_rest(observer);
	observer->healed_usec = clock_monotonic() / 1000;
	if (observer->source)
		observer_arm(observer);
	observer_plan_healing(observer);
	return 0;
}
