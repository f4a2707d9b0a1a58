// SPDX-License-Identifier: MIT
/*
 * One source at a time, driven by the loop: its descriptor, and one timer that is armed only when
 * the source names a time. An observer whose source is silent makes no wake-up.
 *
 * The order at the beginning: the source is opened first, the scan comes after, and only then the
 * source is read. What happens in between is told twice at worst, to a table that knows a process
 * by its start, and never missed.
 *
 * After a loss the same again: what the source still holds is read, a scan is applied to the
 * table, what has happened meanwhile is read, and only then a process that was not found is taken
 * for gone. Scans cost milliseconds and a loss rarely comes alone, so there is one a second at
 * most.
 *
 * Without a table (see the header) a scan cannot say what is news. Then what was started since the
 * gap began is told; a program that was replaced within a process older than that is not found.
 */
#include "core/observer-internal.h"

/* ---- telling ---- */

void observer_tell(struct observer *observer, struct event *event)
{
	/* Users of another host have other names. */
	if (observer->own != 0)
		enrich_names(observer->enricher, event, observer->now_ns);
	observer->told = true;
	observer->options.sink.event(event, observer->options.sink.userdata);
}

void observer_rest(struct observer *observer)
{
	if (observer->told && observer->options.rest)
		observer->options.rest(observer->options.sink.userdata);
	observer->told = false;
}

void observer_init_own(struct event *event, enum event_type type)
{
	event_init(event, type, SOURCE_REEVE);
	event_set(event, TIME, time, clock_realtime());
	event_set(event, BOOTTIME, boottime, clock_boottime());
}

void observer_tell_source(struct observer *observer, const char *reason)
{
	struct event event;

	observer_init_own(&event, EVENT_SOURCE);
	event_set(&event, REASON, reason, slice_of(reason));
	observer_tell(observer, &event);
}

/* ---- events ---- */

void observer_note_gap(struct observer *observer, const struct event *event)
{
	uint64_t from = event_knows(event, FIELD_FROM) ? event->from : observer->last_ns;

	observer->counters.gaps++;
	if (event_knows(event, FIELD_LOST))
		observer->counters.lost += event->lost;
	if (observer->own == 0)
		return;
	observer->gap_from = MIN(observer->gap_from, from);
	observer_plan_healing(observer);
}

bool observer_wants(const struct observer *observer, enum event_type type)
{
	uint32_t wanted = observer->wanted;

	if (type == EVENT_GAP || type == EVENT_SOURCE)
		return true;
	/* What was missed and is found is told to those who wanted what was missed. */
	if (type == EVENT_RUNNING && (wanted & EVENT_BIT(EVENT_EXEC)))
		return true;
	return wanted & EVENT_BIT(type);
}

/* True when the event was nothing new. */
bool observer_take_in(struct observer *observer, struct event *event)
{
	if (event->type == EVENT_GAP || event->type == EVENT_SOURCE)
		return false;
	if (observer->table)
		return process_table_apply(observer->table, event) > 0;
	enrich_container(observer->enricher, event);
	return false;
}

/* How much later than another source ours may see the same. */
#define APART_NS UINT64_C(5000000)

/* Whether the daemon before us has told of it. */
static bool was_told(struct observer *observer, const struct event *event)
{
	struct observer_told *before = &observer->before;

	if (before->until == 0 || !event_knows(event, FIELD_BOOTTIME) ||
	    event->boottime > before->until + APART_NS)
		return false;
	if (event->boottime <= before->until)
		return true;
	for (size_t i = 0; i < OBSERVER_LAST; i++) {
		if (before->last[i].pid != event->pid || before->last[i].type != event->type)
			continue;
		before->last[i].pid = 0;
		return event->pid != 0;
	}
	return false;
}

static void note_told(struct observer *observer, const struct event *event)
{
	struct observer_told *last = &observer->last;

	observer->last_ns = MAX(observer->last_ns, event->boottime);
	last->last[observer->last_next].type = event->type;
	last->last[observer->last_next].pid = event->pid;
	observer->last_next = (observer->last_next + 1) % OBSERVER_LAST;
}

void observer_on_event(struct event *event, void *userdata)
{
	struct observer *observer = userdata;

	/* The table wants it all the same: what comes may be about its process. */
	if (was_told(observer, event)) {
		if (event->type != EVENT_GAP)
			(void)observer_take_in(observer, event);
		return;
	}
	observer->counters.events++;
	if (event->type == EVENT_GAP)
		observer_note_gap(observer, event);
	else if (event_knows(event, FIELD_BOOTTIME))
		note_told(observer, event);
	if (observer_take_in(observer, event) && event->type == EVENT_RUNNING)
		return;
	if (observer_wants(observer, event->type) && !is_own(observer, event))
		observer_tell(observer, event);
}

void observer_told(const struct observer *observer, struct observer_told *ret_told)
{
	*ret_told = observer->last;
	ret_told->until = observer->last_ns;
}

void observer_tell_from(struct observer *observer, const struct observer_told *told)
{
	observer->before = *told;
}

void observer_tell_blind(struct observer *observer, uint64_t from, const char *reason)
{
	struct event event;

	observer_init_own(&event, EVENT_GAP);
	event_set(&event, FROM, from, MIN(from, event.boottime));
	event_set(&event, TO, to, event.boottime);
	event_set(&event, REASON, reason, slice_of(reason));
	observer->counters.gaps++;
	observer_tell(observer, &event);
	observer_rest(observer);
}

/* ---- life ---- */

static int on_begin(sd_event_source *source, void *userdata)
{
	struct observer *observer = userdata;
	enum tell what = observer->options.tell_running ? TELL_ALL : TELL_NOTHING;
	struct error err = ERROR_INIT;
	int r = 0;

	observer->begin = sd_event_source_disable_unref(observer->begin);
	observer_present_source(observer);
	if (keeps_table(observer, observer->wanted))
		r = observer_seed(observer, what, &err);
	else if (what != TELL_NOTHING && observer->own != 0)
		r = observer_scan(observer, what, &err);
	if (r < 0)
		observer_tell_source(observer, error_text(&err));
	error_done(&err);
	observer->begun = true;
	observer_plan_healing(observer);
	observer_rest(observer);
	return observer->source ? observer_watch(observer) : 0;
}

static int copy_options(struct observer *observer, const struct observer_options *options)
{
	bool automatic = !options->source || streq(options->source, "auto");

	observer->options = *options;
	observer->wanted = options->types;
	observer->name = automatic ? NULL : strdup(options->source);
	observer->path = options->path ? strdup(options->path) : NULL;
	observer->environment = calloc(options->environment_count + 1, sizeof(char *));
	if ((!automatic && !observer->name) || (options->path && !observer->path) ||
	    !observer->environment)
		return -ENOMEM;
	for (size_t i = 0; i < options->environment_count; i++) {
		observer->environment[i] = strdup(options->environment[i]);
		if (!observer->environment[i])
			return -ENOMEM;
	}
	observer->options.environment = (const char *const *)observer->environment;
	return 0;
}

static int add_timers(struct observer *observer)
{
	const struct {
		sd_event_source **source;
		sd_event_time_handler_t handler;
	} timers[] = { { &observer->due, observer_on_due }, { &observer->heal, observer_on_heal } };
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(timers); i++) {
		r = sd_event_add_time(observer->event, timers[i].source, CLOCK_MONOTONIC, 0,
				      DUE_ACCURACY_USEC, timers[i].handler, observer);
		if (r >= 0)
			r = sd_event_source_set_enabled(*timers[i].source, SD_EVENT_OFF);
	}
	return r;
}

static uint32_t boot_of(const struct host *host)
{
	char id[37];

	return host_boot_id(host, id) < 0 ? 0 : (uint32_t)strtoul(id, NULL, 16);
}

int observer_new(const struct host *host, sd_event *event, const struct observer_options *options,
		 struct observer **ret_observer, struct error *err)
{
	_cleanup_(observer_freep) struct observer *observer = calloc(1, sizeof(*observer));
	int r;

	if (!observer)
		return error_oom(err);
	observer->host = host;
	observer->event = sd_event_ref(event);
	observer->boot = boot_of(host);
	observer->gap_from = UINT64_MAX;
	observer->last_ns = clock_boottime();
	observer->own = (uint32_t)getpid();
	observer->plain = options->plain;
	observer->now_ns = clock_monotonic();
	if (copy_options(observer, options) < 0 ||
	    enricher_new(host->root, &observer->enricher) < 0)
		return error_oom(err);
	r = add_timers(observer);
	if (r >= 0)
		r = sd_event_add_defer(event, &observer->begin, on_begin, observer);
	if (r < 0)
		return error_set_errno(err, r, "cannot add the source to the loop");
	r = observer_open_source(observer, err);
	if (r < 0)
		return r;
	*ret_observer = TAKE_PTR(observer);
	return 0;
}

void observer_free(struct observer *observer)
{
	if (!observer)
		return;
	sd_event_source_disable_unref(observer->begin);
	sd_event_source_disable_unref(observer->io);
	sd_event_source_disable_unref(observer->due);
	sd_event_source_disable_unref(observer->heal);
	source_free(observer->source);
	process_table_free(observer->table);
	enricher_free(observer->enricher);
	for (size_t i = 0; i < observer->refusal_count; i++)
		free(observer->refusals[i].reason);
	free(observer->refusals);
	for (size_t i = 0; observer->environment && observer->environment[i]; i++)
		free(observer->environment[i]);
	free(observer->environment);
	free(observer->name);
	free(observer->path);
	sd_event_unref(observer->event);
	free(observer);
}

void observer_set_plain(struct observer *observer, uint32_t types)
{
	observer->plain = types;
}

int observer_set_types(struct observer *observer, uint32_t types, struct error *err)
{
	bool keep = keeps_table(observer, types);
	int r;

	if (!observer->source)
		return observer_explain(observer, err);
	r = observer->source->class->set_types(observer->source,
					       observer_asks(observer->source->class, types, keep),
					       err);
	if (r < 0)
		return r;
	observer->wanted = types;
	if (!observer->begun)
		return 0;
	/* After the source was told: what is not in the scan will be among the events. */
	if (types == 0)
		observer->gap_from = UINT64_MAX;
	if (keep && !observer->table)
		r = observer_seed(observer, TELL_NOTHING, err);
	else if (!keep)
		process_table_free(TAKE_PTR(observer->table));
	observer_plan_healing(observer);
	observer_arm(observer);
	return r;
}

/* ---- the rest of the interface ---- */

const struct process_table *observer_table(const struct observer *observer)
{
	return observer->table;
}

const struct source *observer_source(const struct observer *observer)
{
	return observer->source;
}

const struct observer_refusal *observer_refusals(const struct observer *observer, size_t *ret_count)
{
	*ret_count = observer->refusal_count;
	return observer->refusals;
}

const struct observer_counters *observer_counters(const struct observer *observer)
{
	return &observer->counters;
}
