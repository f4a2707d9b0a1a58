// SPDX-License-Identifier: MIT
/*
 * What is under way is a ring of tickets. Reports may come in any order; the spool is told of the
 * first ones that have all come. When the sink fails, the ring is forgotten and the spool read
 * again from what has not arrived: the receiver sees by the numbers what it has twice.
 *
 * Where the receiver has refused several events together, for one of them or for being too many,
 * what was under way is sent again, each by itself: the others are not to be lost with it.
 *
 * A turn of the loop sends a bounded slice, so that hours of events behind an outage hold up
 * nobody; nothing runs while there is nothing to send and nothing under way.
 */
#include "export/exporter.h"

#include "util/host.h"

#include <syslog.h>

enum {
	FLIGHTS = 8192, /* a power of two */
	FLIGHT_BYTES = 4 << 20,
	SLICE = 512,
	RETRY_LEAST_MS = 500,
	RETRY_MOST_MS = 60000,
	DISK_RETRY_USEC = 1000000,
	FAREWELL_MS = 1000,
	SILENCE_S = 5, /* after which the state says so */
	PRIORITY = SD_EVENT_PRIORITY_NORMAL + 20,
};

struct flight {
	uint64_t end; /* the number behind it */
	uint32_t size;
	bool gap, done;
};

struct exporter {
	struct exporter_options options;
	char *name;
	struct sink_setting *settings;
	struct spool *spool;
	struct sink *sink; /* NULL: to be opened again */
	bool failed;	   /* to be closed, when it is not in use */
	bool finished;
	unsigned failures; /* in a row */

	struct flight *flights;
	uint64_t first, next; /* tickets under way */
	uint64_t bytes;
	uint64_t arrived_ns; /* when something came back last, or all had */

	bool alone;	      /* the sink was opened to send each event by itself */
	uint64_t alone_until; /* up to that number */

	/* Read from the spool, but the sink had no room. */
	bool held;
	struct spool_record record;
	struct spool_origin origin;

	sd_event_source *post, *pump, *readable, *retry, *disk;
	struct exporter_counters counters;
};

static void tell(struct exporter *exporter, int level, const char *sentence)
{
	_cleanup_(freep) char *whole = NULL;

	if (asprintf(&whole, "sink %s: %s", exporter->name, sentence) < 0)
		whole = NULL;
	if (whole && exporter->options.tell)
		exporter->options.tell(exporter->options.userdata, level, whole);
}

static void on_spool_told(void *userdata, const char *sentence)
{
	tell(userdata, LOG_WARNING, sentence);
}

static void enable(sd_event_source *source, int state)
{
	if (source)
		(void)sd_event_source_set_enabled(source, state);
}

/* ---- reports ---- */

static void note_arrived(struct exporter *exporter)
{
	uint64_t acked = spool_acked(exporter->spool), end = acked;

	while (exporter->first < exporter->next &&
	       exporter->flights[exporter->first % FLIGHTS].done) {
		const struct flight *flight = &exporter->flights[exporter->first++ % FLIGHTS];

		exporter->bytes -= flight->size;
		end = flight->end;
	}
	if (end == acked)
		return;
	exporter->arrived_ns = clock_monotonic();
	exporter->counters.delivered += end - acked;
	exporter->failures = 0;
	spool_ack(exporter->spool, end);
	spool_save(exporter->spool);
}

static void on_report(void *userdata, uint64_t ticket, enum sink_result result)
{
	struct exporter *exporter = userdata;
	struct flight *flight = &exporter->flights[ticket % FLIGHTS];

	if (ticket < exporter->first || ticket >= exporter->next || flight->done)
		return;
	if (result == SINK_TOGETHER)
		exporter->alone_until = exporter->flights[(exporter->next - 1) % FLIGHTS].end;
	if (result == SINK_TOGETHER || result == SINK_FAILED) {
		exporter->failed = true;
		return;
	}
	flight->done = true;
	if (result == SINK_REFUSED) {
		exporter->counters.refused++;
		/* Who refuses that, too, is told no more. */
		if (!flight->gap)
			spool_add_loss(exporter->spool, flight->end - 1, 1,
				       "the receiver refused it");
	}
}

/* ---- the sink's life ---- */

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata);
static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *userdata);

static void close_sink(struct exporter *exporter)
{
	exporter->readable = sd_event_source_disable_unref(exporter->readable);
	if (exporter->sink)
		exporter->options.class->close(exporter->sink);
	exporter->sink = NULL;
	exporter->counters.sent_again += exporter->next - exporter->first;
	exporter->first = exporter->next;
	exporter->bytes = 0;
	exporter->held = false;
	exporter->failed = false;
	spool_rewind(exporter->spool);
}

/* Not all hosts at once: each waits between half of the time and all of it. */
static uint64_t retry_usec(const struct exporter *exporter)
{
	uint64_t ms = (uint64_t)RETRY_LEAST_MS << MIN(exporter->failures, 8U);
	uint64_t half = MIN(ms, (uint64_t)RETRY_MOST_MS) * 500;

	return half + clock_monotonic() / 1000 % (half + 1);
}

static void try_later(struct exporter *exporter)
{
	close_sink(exporter);
	enable(exporter->pump, SD_EVENT_OFF);
	if (exporter->failures == 0)
		tell(exporter, LOG_WARNING, exporter->counters.sink.last_error);
	if (sd_event_source_set_time_relative(exporter->retry, retry_usec(exporter)) >= 0)
		enable(exporter->retry, SD_EVENT_ONESHOT);
	exporter->failures++;
}

static int watch_sink(struct exporter *exporter)
{
	int fd = exporter->options.class->fd(exporter->sink), r;

	if (fd < 0)
		return 0;
	r = sd_event_add_io(exporter->options.event, &exporter->readable, fd, EPOLLIN, on_readable,
			    exporter);
	if (r >= 0)
		r = sd_event_source_set_priority(exporter->readable, PRIORITY - 1);
	return r;
}

static void open_sink(struct exporter *exporter)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	const struct sink_options options = {
		.settings = exporter->settings,
		.count = exporter->options.setting_count,
		.alone = spool_acked(exporter->spool) < exporter->alone_until,
		.report = on_report,
		.userdata = exporter,
		.counters = &exporter->counters.sink,
	};
	int r = exporter->options.class->open(&options, &exporter->sink, &err);

	if (r >= 0) {
		r = watch_sink(exporter);
		if (r < 0)
			error_set_errno(&err, r, "cannot watch it");
	}
	if (r < 0) {
		sink_error(&exporter->counters.sink, "%s", error_text(&err));
		try_later(exporter);
		return;
	}
	exporter->alone = options.alone;
	exporter->counters.opened++;
	enable(exporter->pump, SD_EVENT_ON);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
	open_sink(userdata);
	return 0;
}

/* ---- sending ---- */

static bool has_room(const struct exporter *exporter)
{
	return exporter->next - exporter->first < FLIGHTS && exporter->bytes < FLIGHT_BYTES;
}

/* 1: sent; 0: there is none; -EAGAIN: no room; others: the sink has failed. */
static int send_next(struct exporter *exporter)
{
	struct sink_record sent = { .record = &exporter->record };
	struct flight *flight = &exporter->flights[exporter->next % FLIGHTS];
	int r = 1;

	if (!exporter->held)
		r = spool_next(exporter->spool, &exporter->record, &exporter->origin);
	if (r <= 0)
		return r;
	/* Those behind it go with others again, when it has all come back. */
	exporter->held = exporter->alone && exporter->record.sequence >= exporter->alone_until;
	if (exporter->held)
		return -EAGAIN;
	*flight = (struct flight){ .end = exporter->record.sequence + exporter->record.count,
				   .size = (uint32_t)exporter->record.payload.size,
				   .gap = exporter->record.kind == SPOOL_GAP };
	if (exporter->first == exporter->next)
		exporter->arrived_ns = clock_monotonic();
	sent.boot = exporter->origin.boot;
	sent.host = exporter->origin.host;
	sent.ticket = exporter->next++;
	exporter->bytes += flight->size;
	r = exporter->options.class->send(exporter->sink, &sent);
	exporter->held = r == -EAGAIN;
	if (r == -EMSGSIZE) {
		on_report(exporter, sent.ticket, SINK_REFUSED);
		r = 0;
	}
	if (r >= 0)
		return 1;
	exporter->next--;
	exporter->bytes -= flight->size;
	return r;
}

static void send_slice(struct exporter *exporter)
{
	int r = 1;

	for (int i = 0; i < SLICE && r > 0 && !exporter->failed; i++)
		r = has_room(exporter) ? send_next(exporter) : -EAGAIN;
	if (r < 0 && r != -EAGAIN)
		exporter->failed = true;
	if (!exporter->failed && exporter->options.class->flush(exporter->sink) < 0)
		exporter->failed = true;
	note_arrived(exporter);
	/* Until something is added, or comes back. */
	if (r == 0 || (r == -EAGAIN && exporter->first < exporter->next))
		enable(exporter->pump, SD_EVENT_OFF);
}

static void after_use(struct exporter *exporter)
{
	if (exporter->failed)
		try_later(exporter);
	else if (spool_end(exporter->spool) > spool_acked(exporter->spool) && has_room(exporter))
		enable(exporter->pump, SD_EVENT_ON);
}

static int on_pump(sd_event_source *source, void *userdata)
{
	struct exporter *exporter = userdata;

	if (exporter->sink && exporter->alone &&
	    spool_acked(exporter->spool) >= exporter->alone_until) {
		close_sink(exporter);
		open_sink(exporter);
	}
	if (!exporter->sink)
		enable(exporter->pump, SD_EVENT_OFF);
	else
		send_slice(exporter);
	if (exporter->failed)
		try_later(exporter);
	return 0;
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct exporter *exporter = userdata;

	exporter->options.class->poll(exporter->sink, 0);
	note_arrived(exporter);
	after_use(exporter);
	return 0;
}

/* ---- taking ---- */

/* The disk may have room again, though nothing else happens. */
static int on_disk(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)spool_flush(((struct exporter *)userdata)->spool);
	return 0;
}

static int on_turn_over(sd_event_source *source, void *userdata)
{
	struct exporter *exporter = userdata;
	uint64_t end = spool_end(exporter->spool);
	int before = spool_counters(exporter->spool)->last_error;
	int r = spool_flush(exporter->spool);

	if (r >= 0)
		r = spool_counters(exporter->spool)->last_error;
	if (r < 0 && before == 0) {
		_cleanup_(freep) char *sentence = NULL;

		if (asprintf(&sentence,
			     "cannot write to its spool %s: %s; what is lost is told later",
			     spool_folder(exporter->spool), strerror(-r)) < 0)
			sentence = NULL;
		tell(exporter, LOG_ERR, sentence ? sentence : strerror(-r));
	}
	if (spool_is_losing(exporter->spool)) {
		int enabled = SD_EVENT_OFF;

		(void)sd_event_source_get_enabled(exporter->disk, &enabled);
		if (enabled == SD_EVENT_OFF &&
		    sd_event_source_set_time_relative(exporter->disk, DISK_RETRY_USEC) >= 0)
			enable(exporter->disk, SD_EVENT_ONESHOT);
	}
	if (spool_end(exporter->spool) > end && exporter->sink && has_room(exporter))
		enable(exporter->pump, SD_EVENT_ON);
	return 0;
}

void exporter_add(struct exporter *exporter, enum spool_kind kind, uint64_t time, const char *json,
		  size_t size)
{
	spool_add(exporter->spool, kind, time, json, size);
}

void exporter_add_loss(struct exporter *exporter, uint64_t count, const char *reason)
{
	spool_add_loss(exporter->spool, 0, count, reason);
}

/* ---- life ---- */

static int copy_settings(struct exporter *exporter, const struct exporter_options *options)
{
	exporter->settings = calloc(options->setting_count + 1, sizeof(*exporter->settings));
	if (!exporter->settings)
		return -ENOMEM;
	for (size_t i = 0; i < options->setting_count; i++) {
		exporter->settings[i].name = strdup(options->settings[i].name);
		exporter->settings[i].value = strdup(options->settings[i].value);
		if (!exporter->settings[i].name || !exporter->settings[i].value)
			return -ENOMEM;
	}
	return 0;
}

static int add_sources(struct exporter *exporter)
{
	sd_event *event = exporter->options.event;
	int r = sd_event_add_post(event, &exporter->post, on_turn_over, exporter);

	if (r >= 0)
		r = sd_event_add_defer(event, &exporter->pump, on_pump, exporter);
	if (r >= 0)
		r = sd_event_source_set_priority(exporter->pump, PRIORITY);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &exporter->retry, CLOCK_MONOTONIC, 0, 0,
					       on_retry, exporter);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &exporter->disk, CLOCK_MONOTONIC,
					       DISK_RETRY_USEC, 0, on_disk, exporter);
	if (r < 0)
		return r;
	enable(exporter->pump, SD_EVENT_OFF);
	enable(exporter->disk, SD_EVENT_OFF);
	return 0;
}

int exporter_new(const struct exporter_options *options, struct exporter **ret_exporter,
		 struct error *err)
{
	_cleanup_(exporter_freep) struct exporter *exporter = calloc(1, sizeof(*exporter));
	struct spool_options spool = options->spool;
	int r;

	if (!exporter)
		return error_oom(err);
	exporter->options = *options;
	exporter->options.settings = NULL;
	exporter->name = strdup(options->name);
	exporter->flights = calloc(FLIGHTS, sizeof(*exporter->flights));
	if (!exporter->name || !exporter->flights || copy_settings(exporter, options) < 0)
		return error_oom(err);
	spool.tell = on_spool_told;
	spool.userdata = exporter;
	spool.host = options->host;
	r = spool_open(&spool, &exporter->spool, err);
	if (r < 0)
		return r;
	/* The sink is opened by the loop's next turn. */
	r = add_sources(exporter);
	if (r < 0)
		return error_set_errno(err, r, "cannot prepare sink %s", options->name);
	*ret_exporter = TAKE_PTR(exporter);
	return 0;
}

void exporter_finish(struct exporter *exporter, uint64_t until_ns)
{
	while (exporter->sink && !exporter->failed && exporter->first < exporter->next &&
	       clock_monotonic() < until_ns) {
		exporter->options.class->poll(exporter->sink, 50);
		note_arrived(exporter);
	}
	close_sink(exporter);
	(void)spool_flush(exporter->spool);
	enable(exporter->pump, SD_EVENT_OFF);
	enable(exporter->retry, SD_EVENT_OFF);
	exporter->finished = true;
}

void exporter_free(struct exporter *exporter)
{
	if (!exporter)
		return;
	if (exporter->spool && !exporter->finished)
		exporter_finish(exporter, clock_monotonic() + FAREWELL_MS * UINT64_C(1000000));
	sd_event_source_disable_unref(exporter->post);
	sd_event_source_disable_unref(exporter->pump);
	sd_event_source_disable_unref(exporter->retry);
	sd_event_source_disable_unref(exporter->disk);
	spool_free(exporter->spool);
	for (size_t i = 0; exporter->settings && exporter->settings[i].name; i++) {
		free((void *)(uintptr_t)exporter->settings[i].name);
		free((void *)(uintptr_t)exporter->settings[i].value);
	}
	free(exporter->settings);
	free(exporter->flights);
	free(exporter->name);
	free(exporter);
}

/* ---- status ---- */

static const char *state_of(const struct exporter *exporter)
{
	if (!exporter->sink)
		return exporter->failures > 0 ? "failed" : "opening";
	if (exporter->first == exporter->next)
		return "idle";
	return clock_monotonic() - exporter->arrived_ns > SILENCE_S * UINT64_C(1000000000)
		       ? "waiting"
		       : "sending";
}

const struct exporter_counters *exporter_counters(struct exporter *exporter)
{
	exporter->counters.under_way = exporter->next - exporter->first;
	exporter->counters.state = state_of(exporter);
	return &exporter->counters;
}

const struct spool_counters *exporter_spool(struct exporter *exporter)
{
	return spool_counters(exporter->spool);
}

const char *exporter_folder(const struct exporter *exporter)
{
	return spool_folder(exporter->spool);
}
