// SPDX-License-Identifier: MIT
/*
 * io.reeve.GetMetrics: what status shows, as Prometheus reads it. Figures of groups are those of
 * the last look (engine-history.c), made anew as far as that takes little time: with very many
 * groups some are as old as their last sample.
 */
#include "core/engine-looks.h"

#include "export/metrics.h"

enum { LOOK_MOST_MS = 50 };

/* ---- the daemon and its counters ---- */

static void add_one(struct text *text, const char *name, const char *help, double value)
{
	metrics_family(text, name, METRIC_GAUGE, help);
	metrics_sample(text, name, "", NULL, 0, value);
}

static void add_daemon(const struct engine *engine, struct text *text)
{
	const struct metric_label version = { "version", REEVE_VERSION };
	uint64_t up = clock_boottime() - engine->started_ns;

	metrics_family(text, "reeve_build_info", METRIC_GAUGE, "The daemon's version.");
	metrics_sample(text, "reeve_build_info", "", &version, 1, 1);
	add_one(text, "reeve_start_time_seconds", "When the daemon started, since the epoch.",
		(double)((clock_realtime() - up) / 1000000000));
	add_one(text, "reeve_gate", "1: the gate asks; 0: scans place what runs already.",
		engine->gate ? 1 : 0);
	add_one(text, "reeve_dry_run", "1: nothing is changed.", engine->options.dry_run);
	add_one(text, "reeve_rules", "Rules of the policy.",
		(double)engine_policy(engine)->rule_count);
	add_one(text, "reeve_groups", "Groups.", (double)groups_count(engine->groups));
	add_one(text, "reeve_problems", "Sentences below problems in reeve status.",
		(double)engine->problem_count);
}

/* Those of the counters that go down, too. */
static bool is_gauge(const char *name)
{
	static const char *const gauges[] = {
		"engine.kernel_denials", "history.bytes",   "names.folders",  "register.exempt",
		"trigger.running",	 "trigger.waiting", "watch.watchers",
	};

	for (size_t i = 0; i < ARRAY_SIZE(gauges); i++)
		if (streq(gauges[i], name))
			return true;
	return false;
}

static void add_counters(struct text *text, json_t *counters)
{
	const json_t *value;
	const char *key;

	json_object_foreach(counters, key, value)
	{
		bool gauge = is_gauge(key);
		char name[96], help[128];

		snprintf(name, sizeof(name), "reeve_%s%s", key, gauge ? "" : "_total");
		for (char *at = name; *at; at++)
			*at = *at == '.' ? '_' : *at;
		snprintf(help, sizeof(help), "The counter %s of reeve status --all.", key);
		metrics_family(text, name, gauge ? METRIC_GAUGE : METRIC_COUNTER, help);
		metrics_sample(text, name, "", NULL, 0, (double)json_integer_value(value));
	}
}

/* ---- lists of objects: sources, rules, services ---- */

static const struct object_metric {
	const char *name, *help, *key;
	enum metric_type type;
	const char *is; /* 1 where the key's text is this, else 0; NULL: its number */
} source_metrics[] = {
	{ "reeve_source_running", "1: the source works.", "state", METRIC_GAUGE, "running" },
	{ "reeve_source_seen_total", "What the source has seen.", "seen", METRIC_COUNTER, NULL },
	{ "reeve_source_matched_total", "What of it a rule matched.", "matched", METRIC_COUNTER,
	  NULL },
	{ "reeve_source_lost_total", "What the source has lost.", "lost", METRIC_COUNTER, NULL },
}, rule_metrics[] = {
	{ "reeve_rule_matched_total", "Matches of the rule.", "matched", METRIC_COUNTER, NULL },
	{ "reeve_rule_effects_done_total", "Effects carried out.", "done", METRIC_COUNTER, NULL },
	{ "reeve_rule_effects_failed_total", "Effects that failed.", "failed", METRIC_COUNTER,
	  NULL },
	{ "reeve_rule_effects_dry_total", "Effects left out in a dry run.", "dry", METRIC_COUNTER,
	  NULL },
	{ "reeve_rule_effects_spared_total", "Effects not carried out on what is never touched.",
	  "spared", METRIC_COUNTER, NULL },
	{ "reeve_rule_over_rate_total", "Matches above the rule's rate.", "over", METRIC_COUNTER,
	  NULL },
	{ "reeve_rule_late_total", "Answered by the rule's deadline.", "late", METRIC_COUNTER,
	  NULL },
}, service_metrics[] = {
	{ "reeve_service_running", "1: the service runs.", "state", METRIC_GAUGE, "running" },
	{ "reeve_service_failed", "1: it has failed, and is not started again.", "state",
	  METRIC_GAUGE, "failed" },
}, service_counters[] = {
	{ "reeve_service_starts_total", "Starts.", "starts", METRIC_COUNTER, NULL },
	{ "reeve_service_restarts_total", "Starts by itself, after an end.", "restarts",
	  METRIC_COUNTER, NULL },
	{ "reeve_service_oom_kills_total", "Ends for want of memory.", "oom_kills", METRIC_COUNTER,
	  NULL },
};

static const struct object_metric sink_metrics[] = {
	{ "reeve_sink_delivered_total", "Events that have arrived.", "delivered", METRIC_COUNTER,
	  NULL },
	{ "reeve_sink_lost_total", "Events that are lost, and told as such.", "lost",
	  METRIC_COUNTER, NULL },
	{ "reeve_sink_refused_total", "Events that the receiver refused.", "refused",
	  METRIC_COUNTER, NULL },
	{ "reeve_sink_sent_again_total", "Events that were sent again.", "sent_again",
	  METRIC_COUNTER, NULL },
	{ "reeve_sink_errors_total", "Failures of the sink.", "errors", METRIC_COUNTER, NULL },
	{ "reeve_sink_queued", "Events in the spool that have not arrived.", "queued",
	  METRIC_GAUGE, NULL },
}, spool_metrics[] = {
	{ "reeve_sink_spool_bytes", "What the spool takes on disk.", "bytes", METRIC_GAUGE, NULL },
	{ "reeve_sink_spool_limit_bytes", "What it may take.", "bound", METRIC_GAUGE, NULL },
	{ "reeve_sink_spool_damaged_total", "Damaged places that were found in it.", "damaged",
	  METRIC_COUNTER, NULL },
	{ "reeve_sink_spool_write_failures_total", "Writes to it that failed.", "write_failures",
	  METRIC_COUNTER, NULL },
};

/* Of each object of a list, or with `member` of one in it, one sample; named by its "name". */
static void add_objects(struct text *text, const json_t *list, const char *label_name,
			const char *member, const struct object_metric *metrics, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const json_t *object;
		size_t at;

		metrics_family(text, metrics[i].name, metrics[i].type, metrics[i].help);
		json_array_foreach(list, at, object)
		{
			const char *name = json_string_value(json_object_get(object, "name"));
			const json_t *in = member ? json_object_get(object, member) : object;
			const json_t *value = json_object_get(in, metrics[i].key);
			const char *word = json_string_value(value);
			const struct metric_label label = { label_name, name ? name : "" };
			double number = metrics[i].is ? (word && streq(word, metrics[i].is))
						      : (double)json_integer_value(value);

			metrics_sample(text, metrics[i].name, "", &label, 1, number);
		}
	}
}

static void add_lists(struct engine *engine, struct text *text, const json_t *counted)
{
	const json_t *rules = json_object_get(counted, "rule_counts");
	const json_t *sinks = json_object_get(counted, "sinks");
	json_t *sources = engine_sources_to_json(engine);
	json_t *services = engine->supervisor ? supervisor_list(engine->supervisor) : NULL;

	add_objects(text, sources, "source", NULL, source_metrics, ARRAY_SIZE(source_metrics));
	add_objects(text, rules, "rule", NULL, rule_metrics, ARRAY_SIZE(rule_metrics));
	add_objects(text, services, "service", NULL, service_metrics, ARRAY_SIZE(service_metrics));
	add_objects(text, services, "service", "counters", service_counters,
		    ARRAY_SIZE(service_counters));
	add_objects(text, sinks, "sink", NULL, sink_metrics, ARRAY_SIZE(sink_metrics));
	add_objects(text, sinks, "sink", "spool", spool_metrics, ARRAY_SIZE(spool_metrics));
	json_decref(sources);
	json_decref(services);
}

/* ---- the fleet ---- */

/* Nothing for a host that is in none. */
static void add_fleet(struct text *text, const json_t *fleet)
{
	json_t *counters = json_object_get(fleet, "counters");
	const char *state = json_string_value(json_object_get(fleet, "state")), *key;
	const json_t *value;

	if (!json_is_object(fleet))
		return;
	add_one(text, "reeve_fleet_connected", "1: etcd is reached.",
		state && streq(state, "connected"));
	add_one(text, "reeve_fleet_refused",
		"1: what etcd has is refused, and an older policy in force.",
		json_is_object(json_object_get(fleet, "refused")));
	add_one(text, "reeve_fleet_applied_revision", "The revision of etcd that is in force.",
		(double)json_integer_value(json_object_get(fleet, "applied")));
	json_object_foreach(counters, key, value)
	{
		char name[96], help[128];

		snprintf(name, sizeof(name), "reeve_fleet_%s_total", key);
		snprintf(help, sizeof(help), "The counter %s of this host in its fleet.", key);
		metrics_family(text, name, METRIC_COUNTER, help);
		metrics_sample(text, name, "", NULL, 0, (double)json_integer_value(value));
	}
}

/* ---- how long decisions took ---- */

static const uint64_t bounds_us[] = { 12,   24,	  48,	 96,	192,	384,	768,	1536,
				      3072, 6144, 12288, 49152, 196608, 786432, 3145728 };

static void add_latency(const struct engine *engine, struct text *text)
{
	static const char name[] = "reeve_rule_decision_seconds";
	const struct policy *policy = engine_policy(engine);
	uint64_t bounds[ARRAY_SIZE(bounds_us)], counts[ARRAY_SIZE(bounds_us) + 1];
	double seconds[ARRAY_SIZE(bounds_us)];
	bool begun = false;

	for (size_t i = 0; i < ARRAY_SIZE(bounds_us); i++) {
		bounds[i] = bounds_us[i] * 1000;
		seconds[i] = (double)bounds_us[i] / 1000000;
	}
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct rule_stat *stat = &engine->policy->stats[i];
		const struct metric_label label = { "rule", policy->rules[i].name };

		if (atomic_load(&stat->matched) == 0)
			continue;
		if (!begun)
			metrics_family(text, name, METRIC_HISTOGRAM,
				       "How long the process waited for what the rule decided.");
		begun = true;
		rule_stat_spread(stat, bounds, ARRAY_SIZE(bounds), counts);
		metrics_histogram(text, name, &label, seconds, counts, ARRAY_SIZE(bounds),
				  (double)atomic_load(&stat->took_ns) / 1e9);
	}
}

/* ---- groups ---- */

static const struct {
	const char *name, *help, *resource;
	enum metric_type type;
	uint32_t bit;
	size_t offset;
	double divisor;
} group_metrics[] = {
#define USAGE(name, help, type, bit, field, divisor)                                      \
	{                                                                                 \
		name, help, NULL, type, bit, offsetof(struct group_usage, field), divisor \
	}
#define STALL(bit, field, resource)                                                   \
	{                                                                             \
		"reeve_group_stalled_seconds_total",                                  \
			"Time in which some of it waited for a resource.", resource,  \
			METRIC_COUNTER, bit, offsetof(struct group_usage, field), 1e9 \
	}
	USAGE("reeve_group_cpu_seconds_total", "Processor time.", METRIC_COUNTER, USAGE_CPU, cpu_ns,
	      1e9),
	USAGE("reeve_group_throttled_seconds_total", "Held back by its limit.", METRIC_COUNTER,
	      USAGE_THROTTLED, throttled_ns, 1e9),
	USAGE("reeve_group_memory_bytes", "Memory.", METRIC_GAUGE, USAGE_MEMORY, memory, 1),
	USAGE("reeve_group_tasks", "Tasks.", METRIC_GAUGE, USAGE_PIDS, pids, 1),
	USAGE("reeve_group_read_bytes_total", "Bytes read.", METRIC_COUNTER, USAGE_IO_READ, io_read,
	      1),
	USAGE("reeve_group_written_bytes_total", "Bytes written.", METRIC_COUNTER, USAGE_IO_WRITTEN,
	      io_written, 1),
	USAGE("reeve_group_oom_kills_total", "Processes killed for want of memory.", METRIC_COUNTER,
	      USAGE_OOM_KILLS, oom_kills, 1),
	STALL(USAGE_CPU_STALL, cpu_stall_ns, "cpu"),
	STALL(USAGE_MEMORY_STALL, memory_stall_ns, "memory"),
	STALL(USAGE_IO_STALL, io_stall_ns, "io"),
};

static const struct {
	const char *name, *help;
	size_t offset;
	double divisor;
} shown_metrics[] = {
	{ "reeve_group_processes", "Processes in it, but not below.",
	  offsetof(struct shown, members), 1 },
	{ "reeve_group_cpu_limit_processors", "Its share of processors.",
	  offsetof(struct shown, cpu_limit), 1e6 },
	{ "reeve_group_memory_limit_bytes", "Its limit of memory.",
	  offsetof(struct shown, memory_limit), 1 },
	{ "reeve_group_tasks_limit", "Its limit of tasks.", offsetof(struct shown, pids_limit), 1 },
};

static void add_usage(const struct looks *looks, struct text *text, size_t row)
{
	const char *resource = group_metrics[row].resource;

	for (size_t i = 0; i < looks->count; i++) {
		const struct seen *seen = looks->items[i];
		const struct group_usage *usage =
			seen->noted_ns > seen->read_ns ? &seen->noted : &seen->usage;
		const struct metric_label labels[] = { { "group", seen->name },
						       { "resource", resource } };
		uint64_t value;

		if (!(usage->known & group_metrics[row].bit))
			continue;
		memcpy(&value, (const char *)usage + group_metrics[row].offset, sizeof(value));
		metrics_sample(text, group_metrics[row].name, "", labels, resource ? 2 : 1,
			       (double)value / group_metrics[row].divisor);
	}
}

static void add_groups(struct engine *engine, struct text *text)
{
	const struct looks *looks = engine->looks;

	for (size_t row = 0; row < ARRAY_SIZE(group_metrics); row++) {
		const char *name = group_metrics[row].name;

		if (row == 0 || !streq(name, group_metrics[row - 1].name))
			metrics_family(text, name, group_metrics[row].type,
				       group_metrics[row].help);
		add_usage(looks, text, row);
	}
	for (size_t row = 0; row < ARRAY_SIZE(shown_metrics); row++) {
		metrics_family(text, shown_metrics[row].name, METRIC_GAUGE,
			       shown_metrics[row].help);
		for (size_t i = 0; i < looks->count; i++) {
			const struct metric_label label = { "group", looks->items[i]->name };
			uint64_t value;

			memcpy(&value,
			       (const char *)&looks->items[i]->shown + shown_metrics[row].offset,
			       sizeof(value));
			if (looks->items[i]->read_ns && value != LIMIT_MAX)
				metrics_sample(text, shown_metrics[row].name, "", &label, 1,
					       (double)value / shown_metrics[row].divisor);
		}
	}
	metrics_family(text, "reeve_group_frozen", METRIC_GAUGE, "1: it is frozen.");
	for (size_t i = 0; i < looks->count; i++) {
		const struct metric_label label = { "group", looks->items[i]->name };

		if (looks->items[i]->read_ns)
			metrics_sample(text, "reeve_group_frozen", "", &label, 1,
				       looks->items[i]->shown.frozen);
	}
}

int engine_metrics(struct engine *engine, const json_t *parameters, json_t **ret_reply,
		   struct error *err)
{
	struct text text;
	json_t *counted;

	if (looks_agree(engine) < 0)
		return error_oom(err);
	counted = json_pack("{s:o, s:o, s:o, s:o}", "counters", engine_counters_to_json(engine),
			    "rule_counts", engine_rules_to_json(engine), "sinks",
			    engine_export_to_json(engine), "fleet", engine_fleet_status(engine));
	if (!counted)
		return error_oom(err);
	engine_add_before(engine, counted);
	looks_refresh(engine, clock_boottime() + LOOK_MOST_MS * UINT64_C(1000000));
	text_init(&text);
	add_daemon(engine, &text);
	add_lists(engine, &text, counted);
	add_fleet(&text, json_object_get(counted, "fleet"));
	add_latency(engine, &text);
	add_groups(engine, &text);
	add_counters(&text, json_object_get(counted, "counters"));
	json_decref(counted);
	*ret_reply = text.failed ? NULL : json_pack("{s:s#}", "text", text.data, (int)text.size);
	text_done(&text);
	return *ret_reply ? 0 : error_oom(err);
}
