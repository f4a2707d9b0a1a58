// SPDX-License-Identifier: MIT
/*
 * The policy's sinks: each with its exporter (export/exporter.h), what it is sent, and the filter
 * that events pass. A reload leaves alone those that say the same, so that nothing is interrupted;
 * one that says something else goes on with the spool that it has. What is in the spool of a sink
 * that is taken out stays on disk, and is sent when a policy has it again.
 */
#include "core/engine-internal.h"

#include "core/decision-json.h"
#include "core/engine-watch.h"
#include "core/filter.h"
#include "export/event-json.h"
#include "export/exporter.h"
#include "util/json-text.h"

#include <sys/utsname.h>

enum { OPEN_AGAIN_NS = 1000000000, FAREWELL_NS = 1000000000 };

struct outlet {
	const struct policy_sink *sink; /* of the policy in force */
	char *identity;			/* what its exporter was made of */
	struct exporter *exporter;	/* NULL: its spool cannot be opened */
	struct filter *filter;		/* NULL: no events */
	struct error error;		/* why there is no exporter */
	uint64_t missed;		/* events meanwhile */
	uint64_t try_ns;		/* when to try again */
};

struct exporting {
	struct outlet *outlets;
	size_t count;
	struct event_json json;
	struct text line;
	struct utsname host;
	char boot[37];
	json_t *given; /* how they were when the next daemon got the spools; NULL: they are ours */
};

/* ---- what a sink is ---- */

static const struct sink_class *class_of(const struct policy_sink *sink)
{
	switch (sink->kind) {
	case POLICY_SINK_KAFKA:
		return &sink_kafka;
	case POLICY_SINK_JOURNAL:
		return &sink_journal;
	default:
		return &sink_file;
	}
}

static char *folder_of(const struct engine *engine, const struct policy_sink *sink)
{
	bool usual = streq(engine->runtime_dir, ENGINE_RUNTIME_DIR);
	char *folder = NULL;

	if (sink->spool_folder)
		return strdup(sink->spool_folder);
	if (asprintf(&folder, "%s/sinks/%s", usual ? "/var/lib/reeve" : engine->runtime_dir,
		     sink->name) < 0)
		return NULL;
	return folder;
}

/* Two sinks with the same one need nothing done. */
static char *identity_of(const struct engine *engine, const struct policy_sink *sink)
{
	_cleanup_(freep) char *folder = folder_of(engine, sink);
	struct text text;

	text_init(&text);
	text_addf(&text, "%s\n%d\n%s\n%llu\n", sink->name, sink->kind, folder ? folder : "",
		  (unsigned long long)sink->spool_bytes);
	for (size_t i = 0; i < sink->setting_count; i++)
		text_addf(&text, "%s=%s\n", sink->settings[i].name, sink->settings[i].value);
	return text_take(&text);
}

static void tell(void *userdata, int level, const char *sentence)
{
	log_write(((struct engine *)userdata)->log, level, "%s", sentence);
}

static int open_outlet(struct engine *engine, struct outlet *outlet)
{
	const struct policy_sink *sink = outlet->sink;
	_cleanup_(freep) char *folder = folder_of(engine, sink);
	struct sink_setting settings[64];
	const struct exporter_options options = {
		.event = engine->event,
		.name = sink->name,
		.host = engine->exporting->host.nodename,
		.class = class_of(sink),
		.settings = settings,
		.setting_count = MIN(sink->setting_count, ARRAY_SIZE(settings)),
		.spool = { .folder = folder,
			   .bytes = sink->spool_bytes,
			   .boot = engine->exporting->boot },
		.tell = tell,
		.userdata = engine,
	};

	for (size_t i = 0; i < options.setting_count; i++)
		settings[i] =
			(struct sink_setting){ sink->settings[i].name, sink->settings[i].value };
	error_done(&outlet->error);
	outlet->error = (struct error)ERROR_INIT;
	outlet->try_ns = clock_monotonic() + OPEN_AGAIN_NS;
	if (!folder)
		return error_oom(&outlet->error);
	if (exporter_new(&options, &outlet->exporter, &outlet->error) < 0)
		return outlet->error.code;
	if (outlet->missed > 0)
		exporter_add_loss(outlet->exporter, outlet->missed,
				  "the spool could not be opened");
	outlet->missed = 0;
	return 0;
}

static int make_filter(struct engine *engine, struct outlet *outlet)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	const struct policy_sink *sink = outlet->sink;
	struct observer *observer = engine_observer(engine);
	int r;

	if (!sink->events)
		return 0;
	r = filter_new(&outlet->filter);
	for (size_t i = 0; r >= 0 && i < sink->word_count; i++)
		for (enum filter_key key = 0; r >= 0 && key < FILTER_COUNT; key++)
			if (streq(filter_keys[key].name, sink->words[i].name))
				r = filter_add(outlet->filter, key, sink->words[i].value, 0, &err);
	if (r >= 0 && filter_count(outlet->filter, FILTER_TYPE) == 0)
		filter_add_types(outlet->filter, EVENT_BIT(EVENT_EXEC));
	if (r >= 0)
		r = filter_seed(outlet->filter, observer ? observer_table(observer) : NULL);
	if (r >= 0)
		return 0;
	log_error(engine->log, "sink %s: its events are not sent: %s", sink->name,
		  err.code ? error_text(&err) : strerror(-r));
	filter_free(outlet->filter);
	outlet->filter = NULL;
	return r;
}

/* ---- the policy's ---- */

static void outlet_done(struct outlet *outlet)
{
	exporter_free(outlet->exporter);
	filter_free(outlet->filter);
	free(outlet->identity);
	error_done(&outlet->error);
	*outlet = (struct outlet){ 0 };
}

/* Takes over what runs already and says the same. */
static void inherit(struct outlet *outlet, struct exporting *before)
{
	for (size_t i = 0; i < before->count; i++) {
		struct outlet *old = &before->outlets[i];

		if (!old->identity || !streq(old->identity, outlet->identity))
			continue;
		outlet->exporter = TAKE_PTR(old->exporter);
		outlet->missed = old->missed;
		free(TAKE_PTR(old->identity));
		return;
	}
}

static struct outlet *make_outlets(struct engine *engine)
{
	const struct policy *policy = engine_policy(engine);
	struct outlet *outlets = calloc(policy->sink_count + 1, sizeof(*outlets));

	for (size_t i = 0; outlets && i < policy->sink_count; i++) {
		outlets[i].sink = &policy->sinks[i];
		outlets[i].identity = identity_of(engine, outlets[i].sink);
		if (outlets[i].identity)
			inherit(&outlets[i], engine->exporting);
	}
	return outlets;
}

void engine_export_update(struct engine *engine)
{
	struct exporting *exporting = engine->exporting;
	struct outlet *outlets = make_outlets(engine);

	if (!outlets) {
		log_error(engine->log, "the sinks are as before: no memory");
		return;
	}
	/* Those that are gone give their folders back before others open them. */
	for (size_t i = 0; i < exporting->count; i++)
		outlet_done(&exporting->outlets[i]);
	free(exporting->outlets);
	exporting->outlets = outlets;
	exporting->count = engine_policy(engine)->sink_count;
	for (size_t i = 0; i < exporting->count; i++) {
		if (!outlets[i].exporter && open_outlet(engine, &outlets[i]) < 0)
			log_error(engine->log, "sink %s: %s", outlets[i].sink->name,
				  error_text(&outlets[i].error));
		(void)make_filter(engine, &outlets[i]);
	}
}

int engine_export_start(struct engine *engine)
{
	struct exporting *exporting = calloc(1, sizeof(*exporting));

	if (!exporting)
		return -ENOMEM;
	engine->exporting = exporting;
	text_init(&exporting->line);
	event_json_init(&exporting->json, NULL);
	(void)uname(&exporting->host);
	if (host_boot_id(engine->host, exporting->boot) < 0)
		exporting->boot[0] = '\0';
	engine_export_update(engine);
	return 0;
}

void engine_export_stop(struct engine *engine)
{
	struct exporting *exporting = engine->exporting;

	if (!exporting)
		return;
	for (size_t i = 0; i < exporting->count; i++)
		outlet_done(&exporting->outlets[i]);
	free(exporting->outlets);
	text_done(&exporting->line);
	json_decref(exporting->given);
	free(exporting);
	engine->exporting = NULL;
}

/*
 * A spool is open once. What is under way has one second for all of them together; what has not
 * arrived by then is sent again by who has the spool next.
 */
void engine_export_give_away(struct engine *engine)
{
	struct exporting *exporting = engine->exporting;
	uint64_t until = clock_monotonic() + FAREWELL_NS;

	if (!exporting || exporting->given)
		return;
	for (size_t i = 0; i < exporting->count; i++)
		if (exporting->outlets[i].exporter)
			exporter_finish(exporting->outlets[i].exporter, until);
	exporting->given = engine_export_to_json(engine);
	for (size_t i = 0; i < exporting->count; i++) {
		exporter_free(TAKE_PTR(exporting->outlets[i].exporter));
		filter_free(TAKE_PTR(exporting->outlets[i].filter));
	}
}

/* ---- what is sent ---- */

static void offer(struct engine *engine, struct outlet *outlet, enum spool_kind kind, uint64_t time,
		  struct slice json)
{
	if (!outlet->exporter && clock_monotonic() >= outlet->try_ns)
		(void)open_outlet(engine, outlet);
	if (outlet->exporter)
		exporter_add(outlet->exporter, kind, time, json.data, json.size);
	else
		outlet->missed++;
}

uint32_t engine_asked_events(const struct engine *engine)
{
	const struct exporting *exporting = engine->exporting;
	uint32_t types = engine_wanted_events(engine);

	for (size_t i = 0; exporting && i < exporting->count; i++)
		if (exporting->outlets[i].filter)
			types |= filter_asks(exporting->outlets[i].filter);
	return types;
}

bool engine_exports_events(const struct engine *engine)
{
	const struct exporting *exporting = engine->exporting;

	for (size_t i = 0; exporting && i < exporting->count; i++)
		if (exporting->outlets[i].filter)
			return true;
	return false;
}

bool engine_exports_decisions(const struct engine *engine)
{
	const struct exporting *exporting = engine->exporting;

	for (size_t i = 0; exporting && i < exporting->count; i++)
		if (exporting->outlets[i].sink->decisions)
			return true;
	return false;
}

void engine_export_seed(struct engine *engine, const struct process_table *table)
{
	struct exporting *exporting = engine->exporting;

	for (size_t i = 0; exporting && i < exporting->count; i++)
		if (exporting->outlets[i].filter)
			(void)filter_seed(exporting->outlets[i].filter, table);
}

void engine_export_event(struct engine *engine, const struct event *event)
{
	struct exporting *exporting = engine->exporting;

	if (!exporting)
		return;
	exporting->line.size = 0;
	for (size_t i = 0; i < exporting->count; i++) {
		struct outlet *outlet = &exporting->outlets[i];

		/* That something is missing concerns everyone. */
		if (outlet->filter ? !filter_pass(outlet->filter, event) : event->type != EVENT_GAP)
			continue;
		if (exporting->line.size == 0 &&
		    event_json_add(&exporting->json, event, &exporting->line) < 0) {
			text_done(&exporting->line);
			outlet->missed++;
			continue;
		}
		/* Without its newline. */
		offer(engine, outlet, SPOOL_EVENT,
		      event_knows(event, FIELD_TIME) ? event->time : clock_realtime(),
		      (struct slice){ exporting->line.data, exporting->line.size - 1 });
	}
}

/* An object with its type in front. */
static void offer_object(struct engine *engine, enum spool_kind kind, uint64_t time,
			 const char *json)
{
	struct exporting *exporting = engine->exporting;
	struct text *line = &exporting->line;

	line->size = 0;
	if (exporting->given) {
		engine_pass_on(engine, spool_kinds[kind], time, json);
		return;
	}
	text_addf(line, "{\"type\":\"%s\",%s", spool_kinds[kind], json + 1);
	for (size_t i = 0; i < exporting->count; i++) {
		const struct policy_sink *sink = exporting->outlets[i].sink;

		if (!(kind == SPOOL_DECISION ? sink->decisions : sink->services))
			continue;
		if (line->failed)
			exporting->outlets[i].missed++;
		else
			offer(engine, &exporting->outlets[i], kind, time,
			      (struct slice){ line->data, line->size });
	}
	if (line->failed)
		text_done(line);
	line->size = 0;
}

void engine_export_decision(struct engine *engine, const struct decision *decision,
			    const char *json)
{
	if (engine->exporting)
		offer_object(engine, SPOOL_DECISION,
			     clock_realtime() - (clock_boottime() - decision->time_ns), json);
}

void engine_export_passed(struct engine *engine, const char *kind, uint64_t time, const char *json)
{
	for (enum spool_kind i = 0; engine->exporting && json[0] == '{' && i < SPOOL_KINDS; i++)
		if (streq(spool_kinds[i], kind) && (i == SPOOL_DECISION || i == SPOOL_SERVICE))
			offer_object(engine, i, time, json);
}

void engine_export_service_end(void *userdata, const char *name, const json_t *end)
{
	struct engine *engine = userdata;
	json_t *object = json_pack("{s:s}", "service", name);
	char *text;

	if (!engine->exporting || !object ||
	    json_object_update(object, (json_t *)(uintptr_t)end) < 0) {
		json_decref(object);
		return;
	}
	text = json_dumps(object, JSON_COMPACT);
	if (text)
		offer_object(engine, SPOOL_SERVICE, clock_realtime(), text);
	free(text);
	json_decref(object);
}

/* ---- status ---- */

static json_t *integer(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static json_t *broken_to_json(const struct outlet *outlet)
{
	return json_pack("{s:s, s:s, s:s, s:o, s:o}", "name", outlet->sink->name, "kind",
			 class_of(outlet->sink)->name, "state", "no spool", "lost",
			 integer(outlet->missed), "last_error",
			 json_text(error_text(&outlet->error)));
}

static json_t *spool_to_json(const struct outlet *outlet)
{
	const struct spool_counters *spool = exporter_spool(outlet->exporter);

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:s?}", "folder",
			 json_text(exporter_folder(outlet->exporter)), "bytes",
			 integer(spool->bytes), "bound", integer(outlet->sink->spool_bytes),
			 "stored", integer(spool->stored), "damaged", integer(spool->damaged),
			 "write_failures", integer(spool->failures), "last_error",
			 spool->last_error ? strerror(-spool->last_error) : NULL);
}

static json_t *outlet_to_json(const struct outlet *outlet)
{
	const struct exporter_counters *counters;
	const struct spool_counters *spool;

	if (!outlet->exporter)
		return broken_to_json(outlet);
	counters = exporter_counters(outlet->exporter);
	spool = exporter_spool(outlet->exporter);
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "name", outlet->sink->name, "kind", class_of(outlet->sink)->name, "state",
			 counters->state, "queued", integer(spool->queued), "delivered",
			 integer(counters->delivered), "lost",
			 integer(spool->lost + outlet->missed), "refused",
			 integer(counters->refused), "sent_again", integer(counters->sent_again),
			 "under_way", integer(counters->under_way), "errors",
			 integer(counters->sink.errors), "throttled",
			 integer(counters->sink.throttled), "last_error",
			 json_text(counters->sink.last_error[0] ? counters->sink.last_error : NULL),
			 "spool", spool_to_json(outlet));
}

json_t *engine_export_to_json(const struct engine *engine)
{
	const struct exporting *exporting = engine->exporting;
	json_t *list;

	if (exporting && exporting->given)
		return json_incref(exporting->given);
	list = json_array();
	for (size_t i = 0; exporting && i < exporting->count; i++)
		json_array_append_new(list, outlet_to_json(&exporting->outlets[i]));
	return list;
}
