// SPDX-License-Identifier: MIT
/*
 * The record of decisions: in a bounded file, in the journal where the policy says so, and for
 * those who ask. Lines are gathered and written when the loop has nothing else at hand.
 */
#include "core/engine-internal.h"

#include "core/decision-json.h"
#include "core/decision-log.h"

#include <systemd/sd-journal.h>

enum { LIST_DEFAULT = 1000, LIST_MOST = 100000 };

static int on_turn_over(sd_event_source *source, void *userdata)
{
	struct engine *engine = userdata;
	int r = decision_log_flush(engine->decision_log);

	if (r < 0)
		log_limited(engine->log, &engine->lost_limit, LOG_WARNING,
			    "decisions could not be written to %s: %s",
			    decision_log_path(engine->decision_log), strerror(-r));
	return 0;
}

/* Decisions are carried out also where none can be kept. */
void engine_record_start(struct engine *engine)
{
	const struct policy *policy = engine_policy(engine);
	_cleanup_(error_done) struct error err = ERROR_INIT;
	_cleanup_(freep) char *beside = NULL;
	const char *path = policy->decisions_file;

	if (path && streq(path, "off"))
		return;
	if (!path && asprintf(&beside, "%s/decisions", engine->runtime_dir) < 0)
		return;
	if (decision_log_new(path ? path : beside, policy->decisions_size, &engine->decision_log,
			     &err) < 0) {
		log_warning(engine->log, "no record of decisions: %s", error_text(&err));
		return;
	}
	(void)sd_event_add_post(engine->event, &engine->record_post, on_turn_over, engine);
}

void engine_record_stop(struct engine *engine)
{
	engine->record_post = sd_event_source_disable_unref(engine->record_post);
	decision_log_free(engine->decision_log);
	engine->decision_log = NULL;
}

void engine_record_flush(struct engine *engine)
{
	if (engine->decision_log)
		(void)on_turn_over(NULL, engine);
}

void engine_record_add(struct engine *engine, const struct shown_decision *shown)
{
	bool journal = engine_policy(engine)->decisions_journal;
	json_t *object;
	char *line;

	if (!engine->decision_log && !journal && !engine_exports_decisions(engine))
		return;
	object = decision_to_json(&shown->decision, shown->policy->policy);
	line = object ? json_dumps(object, JSON_COMPACT) : NULL;
	if (!line)
		engine->counters.unrecorded++;
	if (line && engine->decision_log)
		decision_log_add(engine->decision_log, line, strlen(line));
	if (line)
		engine_export_decision(engine, &shown->decision, line);
	if (line && journal &&
	    sd_journal_send("MESSAGE=process %d: %s %s, rule %s: %s", shown->decision.pid,
			    occasion_names[shown->decision.on], shown->decision.path,
			    decision_rule(&shown->decision, shown->policy->policy),
			    decision_result(&shown->decision), "PRIORITY=%d", LOG_INFO,
			    "REEVE_DECISION=%s", line, NULL) < 0)
		engine->counters.unrecorded++;
	free(line);
	json_decref(object);
}

/* ---- asking ---- */

static bool has_rule(const json_t *decision, const char *rule)
{
	const json_t *name;
	size_t index;

	json_array_foreach(json_object_get(decision, "rules"), index, name)
	{
		if (json_is_string(name) && streq(json_string_value(name), rule))
			return true;
	}
	return false;
}

static bool is_pid(const struct decision_wish *wish, json_int_t pid)
{
	for (size_t i = 0; i < wish->pid_count; i++)
		if (wish->pids[i] == pid)
			return true;
	return wish->pid_count == 0;
}

bool decision_wanted(const json_t *decision, const struct decision_wish *wish)
{
	const char *result = json_string_value(json_object_get(decision, "result"));

	if (wish->denied && (!result || !streq(result, "denied")))
		return false;
	if (!is_pid(wish, json_integer_value(json_object_get(decision, "pid"))))
		return false;
	return !wish->rule || has_rule(decision, wish->rule);
}

static int read_pids(const json_t *list, struct decision_wish *wish, struct error *err)
{
	const json_t *value;
	size_t index;

	if (!list || json_is_null(list))
		return 0;
	if (!json_is_array(list) || json_array_size(list) > DECISION_WISH_PIDS)
		return error_set(err, -EINVAL, "parameter \"pid\" must be a list of at most %d",
				 DECISION_WISH_PIDS);
	json_array_foreach(list, index, value)
	{
		json_int_t pid = json_integer_value(value);

		if (pid <= 0 || pid > INT32_MAX)
			return error_set(err, -EINVAL,
					 "parameter \"pid\" must be a list of process ids");
		wish->pids[wish->pid_count++] = (pid_t)pid;
	}
	return 0;
}

int decision_wish_read(const json_t *parameters, struct decision_wish *wish, struct error *err)
{
	const json_t *rule = json_object_get(parameters, "rule");
	const json_t *limit = json_object_get(parameters, "limit");

	*wish = (struct decision_wish){
		.denied = json_is_true(json_object_get(parameters, "denied")),
		.limit = LIST_DEFAULT,
	};
	if (rule && !json_is_null(rule) && !json_is_string(rule))
		return error_set(err, -EINVAL, "parameter \"rule\" must be a string");
	wish->rule = json_string_value(rule);
	if (read_pids(json_object_get(parameters, "pid"), wish, err) < 0)
		return -EINVAL;
	if (!limit || json_is_null(limit))
		return 0;
	if (!json_is_integer(limit) || json_integer_value(limit) < 0 ||
	    json_integer_value(limit) > LIST_MOST)
		return error_set(err, -EINVAL, "parameter \"limit\" must be a number from 0 to %d",
				 LIST_MOST);
	wish->limit = (size_t)json_integer_value(limit);
	return 0;
}

struct listing {
	const struct decision_wish *wish;
	json_t *list;
};

static void list_one(struct listing *listing, json_t *decision)
{
	if (!decision_wanted(decision, listing->wish))
		return;
	json_array_append(listing->list, decision);
	if (json_array_size(listing->list) > listing->wish->limit)
		json_array_remove(listing->list, 0);
}

/* Lines are as engine_record_add() writes them, so most need not be parsed to be left out. */
static bool may_be_wanted(const struct decision_wish *wish, const char *line, size_t size)
{
	char member[32];

	for (size_t i = 0; i < wish->pid_count; i++) {
		int n = snprintf(member, sizeof(member), "\"pid\":%d,", wish->pids[i]);

		if (memmem(line, size, member, (size_t)n))
			return true;
	}
	return wish->pid_count == 0;
}

static int on_line(const char *line, size_t size, void *userdata)
{
	const struct listing *listing = userdata;
	json_t *decision;

	if (!may_be_wanted(listing->wish, line, size))
		return 0;
	decision = json_loadb(line, size, 0, NULL);
	if (decision)
		list_one(userdata, decision);
	json_decref(decision);
	return 0;
}

/* Where there is no file, what is remembered. */
json_t *engine_list_decisions(struct engine *engine, const struct decision_wish *wish)
{
	struct listing listing = { .wish = wish, .list = json_array() };

	if (!listing.list)
		return NULL;
	if (engine->decision_log) {
		(void)decision_log_each(engine->decision_log, on_line, &listing);
		return listing.list;
	}
	for (size_t i = 0; i < HISTORY; i++) {
		const struct shown_decision *shown =
			&engine->history[(engine->history_next + i) % HISTORY];
		json_t *decision;

		if (!shown->policy)
			continue;
		decision = decision_to_json(&shown->decision, shown->policy->policy);
		list_one(&listing, decision);
		json_decref(decision);
	}
	return listing.list;
}

/* ---- rules ---- */

static json_t *failure_to_json(uint32_t failure)
{
	if (failure == 0)
		return json_null();
	return json_pack("{s:s, s:i, s:s}", "effect",
			 effect_name((enum effect_kind)(failure >> 16)), "errno",
			 (int)(failure & 0xffff), "error", strerror((int)(failure & 0xffff)));
}

json_t *engine_rules_to_json(const struct engine *engine)
{
	const struct policy *policy = engine_policy(engine);
	json_t *list = json_array();

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct rule_stat *stat = &engine->policy->stats[i];
		json_t *rule;

		/* Those that have never matched are named by the policy. */
		if (atomic_load(&stat->matched) == 0)
			continue;
		rule = json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "name",
				 policy->rules[i].name, "matched",
				 (json_int_t)atomic_load(&stat->matched), "done",
				 (json_int_t)atomic_load(&stat->done), "failed",
				 (json_int_t)atomic_load(&stat->failed), "dry",
				 (json_int_t)atomic_load(&stat->dry), "spared",
				 (json_int_t)atomic_load(&stat->spared), "over",
				 (json_int_t)atomic_load(&stat->over), "late",
				 (json_int_t)atomic_load(&stat->late), "p50",
				 (json_int_t)rule_stat_quantile(stat, 0.5), "p99",
				 (json_int_t)rule_stat_quantile(stat, 0.99), "last_failure",
				 failure_to_json(atomic_load(&stat->last_failure)));
		json_array_append_new(list, rule);
	}
	return list;
}
