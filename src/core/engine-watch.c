// SPDX-License-Identifier: MIT
/*
 * Events for those who watch. The source is open from the start, but nothing is asked of it while
 * nobody watches; then it is asked for what all watchers together want.
 *
 * An event is rendered as JSON once, however many want that, and gathered until the turn is over: a
 * message for each event would cost more than the event. Nobody waits for who does not read: beyond
 * a bound its events are counted, not kept, and it is told how many when it reads again. The bound
 * is smaller when many watch, so that all together stay within what the server has for its clients.
 */
#include "core/engine-watch.h"

#include "core/engine-internal.h"
#include "core/filter.h"
#include "core/observer-json.h"
#include "export/event-json.h"
#include "model/event-codec.h"
#include "util/base64.h"
#include "util/heap.h"

enum {
	BATCH_MAX = 48 << 10,
	BACKLOG_EACH = 4 << 20,
	BACKLOG_ALL = 16 << 20,
	LOST_EVERY_USEC = 500000, /* how soon who reads again is told that it was too slow */
};

/* One client. */
struct watch {
	struct watch *next;
	struct watching *watching;
	struct varlink_call *call;
	struct filter *filter;
	bool records;	   /* encoded, for reeve's own commands; else JSON */
	struct text batch; /* objects with commas between, or a block of records */
	struct event_codec codec;
	uint64_t lost; /* not told yet */
};

struct watching {
	struct engine *engine;
	struct observer *observer;
	struct error error;	  /* why there is none */
	sd_event_source *opening; /* until it was tried */
	uint32_t foreseen;	  /* EVENT_BIT()s that it was opened for, beside another daemon */
	struct watch *watches;
	struct event_json json;
	struct text line, message; /* the event in hand as JSON, and what is being sent */
	sd_event_source *lost_timer;
	struct watch_counters counters;
};

/* ---- sending ---- */

static size_t backlog_limit(const struct watching *watching)
{
	uint64_t share = BACKLOG_ALL / MAX(watching->counters.watchers, UINT64_C(1));

	return (size_t)MIN(share, (uint64_t)BACKLOG_EACH);
}

static int on_lost_timer(sd_event_source *source, uint64_t usec, void *userdata);

static void tell_losses_later(struct watching *watching)
{
	if (!watching->lost_timer)
		(void)sd_event_add_time_relative(watching->engine->event, &watching->lost_timer,
						 CLOCK_MONOTONIC, LOST_EVERY_USEC,
						 LOST_EVERY_USEC / 4, on_lost_timer, watching);
}

static void send_batch(struct watch *watch)
{
	struct text *message = &watch->watching->message;

	if (watch->batch.size == 0 && watch->lost == 0)
		return;
	message->size = 0;
	text_add(message, "{");
	if (watch->lost > 0)
		text_addf(message, "\"lost\":%llu%s", (unsigned long long)watch->lost,
			  watch->batch.size > 0 ? "," : "");
	if (watch->batch.size > 0 && watch->records) {
		text_add(message, "\"records\":\"");
		text_add_base64(message, watch->batch.data, watch->batch.size);
		text_add(message, "\"");
	} else if (watch->batch.size > 0) {
		text_add(message, "\"events\":[");
		text_add_bytes(message, watch->batch.data, watch->batch.size);
		text_add(message, "]");
	}
	text_add(message, "}");
	watch->batch.size = 0;
	watch->lost = 0;
	if (!message->failed)
		(void)varlink_notify_text(watch->call, message->data, message->size);
	else
		text_done(message);
}

static void lose(struct watch *watch)
{
	watch->lost++;
	watch->watching->counters.lost++;
	tell_losses_later(watch->watching);
}

/* A reader that has caught up must not wait for another event to hear what it has missed. */
static int on_lost_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct watching *watching = userdata;
	bool again = false;

	watching->lost_timer = sd_event_source_disable_unref(watching->lost_timer);
	for (struct watch *watch = watching->watches; watch; watch = watch->next) {
		if (watch->lost > 0 && varlink_backlog(watch->call) == 0)
			send_batch(watch);
		again |= watch->lost > 0;
	}
	if (again)
		tell_losses_later(watching);
	return 0;
}

/* ---- gathering ---- */

/* Each batch is a block of its own; what repeats in it is written once, so it is each watcher's. */
static void add_record(struct watch *watch, const struct event *event)
{
	if (watch->batch.size == 0)
		event_codec_begin(&watch->codec, &watch->batch);
	(void)event_encode(&watch->codec, event, &watch->batch);
}

static void add_line(struct watch *watch, const struct event *event)
{
	struct text *line = &watch->watching->line;

	if (line->size == 0 && event_json_add(&watch->watching->json, event, line) < 0) {
		text_done(line);
		return;
	}
	if (watch->batch.size > 0)
		text_add(&watch->batch, ",");
	/* Without its newline. */
	text_add_bytes(&watch->batch, line->data, line->size - 1);
}

static void add(struct watch *watch, const struct event *event)
{
	struct watching *watching = watch->watching;

	if (varlink_backlog(watch->call) + watch->batch.size > backlog_limit(watching)) {
		lose(watch);
		return;
	}
	if (watch->records)
		add_record(watch, event);
	else
		add_line(watch, event);
	if (watch->batch.failed) {
		text_done(&watch->batch);
		lose(watch);
		return;
	}
	watching->counters.told++;
	if (watch->batch.size > BATCH_MAX)
		send_batch(watch);
}

static void on_event(struct event *event, void *userdata)
{
	struct watching *watching = userdata;

	watching->line.size = 0;
	for (struct watch *watch = watching->watches; watch; watch = watch->next)
		if (filter_pass(watch->filter, event))
			add(watch, event);
	engine_export_event(watching->engine, event);
	/* Another one may tell of OOM's victims, or none. */
	if (event->type == EVENT_SOURCE)
		(void)engine_limits_update(watching->engine);
	engine_take_event(watching->engine, event, observer_table(watching->observer));
}

static void on_rest(void *userdata)
{
	struct watching *watching = userdata;

	for (struct watch *watch = watching->watches; watch; watch = watch->next)
		send_batch(watch);
}

/* ---- the observer's other news ---- */

static void on_seeded(void *userdata)
{
	struct watching *watching = userdata;

	for (struct watch *watch = watching->watches; watch; watch = watch->next)
		(void)filter_seed(watch->filter, observer_table(watching->observer));
	engine_export_seed(watching->engine, observer_table(watching->observer));
}

/* What started while the source was blind may have been missed by more than the watchers. */
static void on_healed(size_t found, void *userdata)
{
	struct engine *engine = ((struct watching *)userdata)->engine;
	struct scan_result result;

	engine_register_look(engine);
	/* A change of user is in no scan of processes: only where it should be now tells. */
	if (engine_wants_users(engine))
		found++;
	if (found > 0 && engine_policy(engine)->rule_count > 0)
		(void)engine_scan(engine, &result, NULL);
}

static void drop(struct watch *watch)
{
	struct watching *watching = watch->watching;
	struct watch **at = &watching->watches;

	while (*at && *at != watch)
		at = &(*at)->next;
	if (*at)
		*at = watch->next;
	watching->counters.watchers--;
	filter_free(watch->filter);
	text_done(&watch->batch);
	free(watch);
}

static void end_all(struct watching *watching, const struct error *why)
{
	while (watching->watches) {
		struct watch *watch = watching->watches;
		struct varlink_call *call = watch->call;

		send_batch(watch);
		drop(watch);
		if (why)
			(void)varlink_fail(call, why->code, why);
		else
			(void)varlink_reply(call, json_object());
	}
}

static void on_ended(int result, void *userdata)
{
	struct watching *watching = userdata;
	_cleanup_(error_done) struct error err = ERROR_INIT;
	char text[OBSERVER_TEXT];

	observer_describe(watching->observer, text);
	error_set(&err, result < 0 ? result : -EIO, "nothing is observed any more: %s", text);
	log_error(watching->engine->log, "%s", error_text(&err));
	end_all(watching, &err);
}

static void open_observer(struct watching *watching);

/* ---- watchers ---- */

static uint32_t all_types(const struct watching *watching)
{
	uint32_t types = engine_asked_events(watching->engine);

	for (const struct watch *watch = watching->watches; watch; watch = watch->next)
		types |= filter_asks(watch->filter);
	return types;
}

/* What rules ask of a process is read from /proc; watchers and sinks are told of its program. */
static uint32_t plain_types(const struct watching *watching)
{
	bool told = watching->watches || engine_exports_events(watching->engine);

	return told ? 0 : EVENT_BIT(EVENT_SETUID) | EVENT_BIT(EVENT_SETGID);
}

static int ask_for_all(struct watching *watching, struct error *err)
{
	observer_set_plain(watching->observer, plain_types(watching));
	return observer_set_types(watching->observer, all_types(watching), err);
}

static void on_gone(struct varlink_call *call, void *userdata)
{
	struct watch *watch = userdata;
	struct watching *watching = watch->watching;

	drop(watch);
	if (observer_source(watching->observer))
		(void)ask_for_all(watching, NULL);
}

static int read_form(const json_t *parameters, bool *ret_records, struct error *err)
{
	const json_t *form = json_object_get(parameters, "form");
	const char *word = form && !json_is_null(form) ? json_string_value(form) : "json";

	if (!word || (!streq(word, "json") && !streq(word, "records")))
		return error_set(err, -EINVAL, "parameter \"form\" must be json or records");
	*ret_records = streq(word, "records");
	return 0;
}

static int read_watch(const json_t *parameters, struct watch **ret_watch, struct error *err)
{
	struct filter *filter = NULL;
	struct watch *watch;
	bool records = false;
	int r = read_form(parameters, &records, err);

	if (r >= 0)
		r = filter_from_json(json_object_get(parameters, "filter"), &filter, err);
	if (r < 0)
		return r;
	watch = calloc(1, sizeof(*watch));
	if (!watch) {
		filter_free(filter);
		return error_oom(err);
	}
	watch->filter = filter;
	watch->records = records;
	text_init(&watch->batch);
	*ret_watch = watch;
	return 0;
}

/* What runs already, for a new watcher alone. */
static void on_listed(struct event *event, void *userdata)
{
	struct watch *watch = userdata;

	watch->watching->line.size = 0;
	if (filter_pass(watch->filter, event))
		add(watch, event);
}

/* So that it knows by what it sees, and that from now on nothing is missed. */
static void welcome(struct watch *watch)
{
	char text[OBSERVER_TEXT];
	struct event event;

	observer_describe(watch->watching->observer, text);
	event_init(&event, EVENT_SOURCE, SOURCE_REEVE);
	event_set(&event, TIME, time, clock_realtime());
	event_set(&event, BOOTTIME, boottime, clock_boottime());
	event_set(&event, REASON, reason, slice_of(text));
	watch->watching->line.size = 0;
	add(watch, &event);
	send_batch(watch);
}

static int join(struct watching *watching, struct watch *watch, const json_t *parameters,
		struct error *err)
{
	const struct event_sink sink = { on_listed, watch };
	int r;

	watch->watching = watching;
	watch->next = watching->watches;
	watching->watches = watch;
	watching->counters.watchers++;
	r = ask_for_all(watching, err);
	if (r >= 0 && filter_seed(watch->filter, observer_table(watching->observer)) < 0)
		r = error_oom(err);
	if (r < 0)
		return r;
	welcome(watch);
	/* One that cannot be listed is told: what follows is whole all the same. */
	if (json_is_true(json_object_get(parameters, "running")))
		r = observer_list(watching->observer, &sink, err);
	return r;
}

int engine_watch(struct engine *engine, struct varlink_call *call, const json_t *parameters)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct watching *watching = engine->watching;
	struct watch *watch = NULL;
	int r;

	if (watching->opening)
		open_observer(watching);
	if (!watching->observer)
		return varlink_fail(call, watching->error.code, &watching->error);
	r = read_watch(parameters, &watch, &err);
	if (r < 0)
		return varlink_fail(call, r, &err);
	watch->call = call;
	r = join(watching, watch, parameters, &err);
	if (r < 0) {
		drop(watch);
		(void)ask_for_all(watching, NULL);
		return varlink_fail(call, r, &err);
	}
	varlink_on_gone(call, on_gone, watch);
	send_batch(watch);
	return 0;
}

/* ---- status ---- */

void engine_watch_to_json(const struct engine *engine, json_t *sources)
{
	const struct watching *watching = engine->watching;

	if (!watching)
		return;
	if (!watching->observer) {
		json_array_append_new(sources,
				      source_to_json(engine_policy(engine)->source,
						     watching->opening ? "starting" : "unavailable",
						     watching->opening
							     ? "it is being opened"
							     : error_text(&watching->error),
						     NULL));
		return;
	}
	observer_to_json(watching->observer, watching->watches || engine_asked_events(engine) != 0,
			 sources);
}

const struct watch_counters *engine_watch_counters(const struct engine *engine)
{
	return engine->watching ? &engine->watching->counters : NULL;
}

const struct observer_counters *engine_observer_counters(const struct engine *engine)
{
	return engine_observer(engine) ? observer_counters(engine_observer(engine)) : NULL;
}

struct observer *engine_observer(const struct engine *engine)
{
	return engine->watching ? engine->watching->observer : NULL;
}

/* ---- life ---- */

static int new_observer(struct watching *watching, uint32_t types, bool beside)
{
	struct engine *engine = watching->engine;
	/* What rules place and act by, each millisecond too late: what is rare anyway, and
	 * executions that no gate asks about. */
	const uint32_t urgent = EVENT_BIT(EVENT_OOM) | EVENT_BIT(EVENT_SETUID) |
				EVENT_BIT(EVENT_SETGID) |
				(engine->gate ? 0 : EVENT_BIT(EVENT_EXEC));
	const struct observer_options options = {
		.source = engine_policy(engine)->source,
		.types = types,
		.plain = plain_types(watching),
		.beside = beside,
		.urgent = urgent,
		.sink = { on_event, watching },
		.seeded = on_seeded,
		.rest = on_rest,
		.healed = on_healed,
		.ended = on_ended,
	};

	return observer_new(engine->host, engine->event, &options, &watching->observer,
			    &watching->error);
}

static void open_observer(struct watching *watching)
{
	struct engine *engine = watching->engine;

	watching->opening = sd_event_source_disable_unref(watching->opening);
	if (new_observer(watching, all_types(watching), false) < 0)
		log_warning(engine->log, "reeve watch will see nothing: %s",
			    error_text(&watching->error));
	else if (engine_asked_events(engine) != 0)
		engine_watch_again(engine);
	engine_occasions_observed(engine);
	/* What loading BPF programs has taken: the kernel's type information is some megabytes. */
	heap_trim();
}

void engine_watch_again(struct engine *engine)
{
	struct watching *watching = engine->watching;
	_cleanup_(error_done) struct error err = ERROR_INIT;

	if (watching && watching->observer && observer_source(watching->observer) &&
	    ask_for_all(watching, &err) < 0)
		log_warning(engine->log,
			    "rules on forks, exits and changes of users do nothing: %s",
			    error_text(&err));
}

static int on_opening(sd_event_source *source, void *userdata)
{
	open_observer(userdata);
	return 0;
}

static int make_watching(struct engine *engine)
{
	struct watching *watching = calloc(1, sizeof(*watching));

	if (!watching)
		return -ENOMEM;
	watching->engine = engine;
	engine->watching = watching;
	event_json_init(&watching->json, NULL);
	text_init(&watching->line);
	text_init(&watching->message);
	return 0;
}

int engine_watch_prepare(struct engine *engine)
{
	const char *source = engine_policy(engine)->source;
	int r = make_watching(engine);

	if (r < 0 || !(streq(source, "auto") || streq(source, "bpf")))
		return r;
	engine->watching->foreseen = engine_foreseen_events(engine);
	/* One that does not work is told when it is tried for good. */
	if (engine->watching->foreseen != 0 &&
	    new_observer(engine->watching, engine->watching->foreseen, true) < 0)
		error_done(&engine->watching->error);
	return 0;
}

/* What has come since the other one told last waits in the source. */
static void begin_prepared(struct watching *watching)
{
	struct engine *engine = watching->engine;

	if (engine->told.until != 0 && (all_types(watching) & ~watching->foreseen) == 0) {
		observer_tell_from(watching->observer, &engine->told);
		engine->blind_since = 0;
	}
	engine_watch_again(engine);
	engine_occasions_observed(engine);
	heap_trim();
}

int engine_watch_start(struct engine *engine)
{
	struct watching *watching;
	int r = engine->watching ? 0 : make_watching(engine);

	if (r < 0)
		return r;
	watching = engine->watching;
	if (watching->observer) {
		begin_prepared(watching);
		return 0;
	}
	if (streq(engine_policy(engine)->source, "off")) {
		error_set(&watching->error, -EOPNOTSUPP,
			  "nothing is observed: the policy says source: off");
		return 0;
	}
	/* What is asked for is told from READY on; the scan that follows finds all before. A
	 * successor has been ready for long, and looks for what nobody was told of. */
	if (engine_asked_events(engine) != 0 && !engine_is_successor(engine)) {
		open_observer(watching);
		return 0;
	}
	/* Checking its programs takes the kernel a while, and nobody waits for them yet. */
	r = sd_event_add_defer(engine->event, &watching->opening, on_opening, watching);
	if (r >= 0)
		r = sd_event_source_set_priority(watching->opening, SD_EVENT_PRIORITY_IDLE);
	return r;
}

void engine_watch_stop(struct engine *engine, const struct error *why)
{
	struct watching *watching = engine->watching;

	if (!watching)
		return;
	end_all(watching, why);
	sd_event_source_disable_unref(watching->opening);
	sd_event_source_disable_unref(watching->lost_timer);
	observer_free(watching->observer);
	error_done(&watching->error);
	text_done(&watching->line);
	text_done(&watching->message);
	free(watching);
	engine->watching = NULL;
}
