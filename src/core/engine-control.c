// SPDX-License-Identifier: MIT
/*
 * The methods of io.reeve that answer at once, in a table. The socket and the command line without
 * a daemon both end here.
 */
#include "core/engine-internal.h"

#include "cgroup/limit.h"
#include "config/limits-json.h"
#include "core/engine-watch.h"
#include "core/made.h"
#include "core/processes.h"

#include <limits.h>

enum { FREEZE_WAIT_MS = 2000, KILL_WAIT_MS = 5000 };

typedef int (*control_fn)(struct engine *engine, const json_t *parameters, json_t **ret_reply,
			  struct error *err);

/* ---- parameters ---- */

static int get_string(const json_t *parameters, const char *name, const char **ret_value,
		      struct error *err)
{
	const json_t *value = json_object_get(parameters, name);

	if (!json_is_string(value))
		return error_set(err, -EINVAL, "parameter \"%s\" must be a string", name);
	*ret_value = json_string_value(value);
	return 0;
}

static int get_group(struct engine *engine, const json_t *parameters, const char *key,
		     struct group **ret_group, struct error *err)
{
	const char *name = NULL;
	int r = get_string(parameters, key, &name, err);

	if (r < 0)
		return r;
	*ret_group = groups_find(engine->groups, name);
	if (!*ret_group)
		return error_set(err, -ENOENT, "there is no group \"%s\" (see: reeve group list)",
				 name);
	return 0;
}

static json_t *problem_sentences(const struct group_problems *problems)
{
	json_t *list = json_array();

	for (size_t i = 0; i < problems->count; i++)
		json_array_append_new(list, json_string(problems->items[i].message));
	return list;
}

static int reply_nothing(json_t **ret_reply)
{
	*ret_reply = json_object();
	return *ret_reply ? 0 : -ENOMEM;
}

/* ---- methods ---- */

static int do_status(struct engine *engine, const json_t *parameters, json_t **ret_reply,
		     struct error *err)
{
	*ret_reply = engine_status(engine, !json_is_false(json_object_get(parameters, "groups")));
	return *ret_reply ? 0 : error_oom(err);
}

void engine_name_mistake(const struct diagnostics *diagnostics, struct error *err)
{
	for (size_t i = 0; i < diagnostics->count; i++) {
		const struct diagnostic *d = &diagnostics->items[i];

		if (d->severity != SEVERITY_ERROR)
			continue;
		/* The first mistake is named; `reeve check` shows them all. */
		if (d->line == 0)
			error_wrap(err, "%s: %s", d->file ? d->file : "policy", d->message);
		else
			error_wrap(err, "%s:%u:%u: %s", d->file ? d->file : "policy", d->line,
				   d->column, d->message);
		return;
	}
}

static int do_reload(struct engine *engine, const json_t *parameters, json_t **ret_reply,
		     struct error *err)
{
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	json_t *warnings;
	int r = engine_reload(engine, &diagnostics, err);

	if (r < 0)
		engine_name_mistake(&diagnostics, err);
	if (r < 0) {
		/* All of them, with their places, for who wants more than a sentence. */
		*ret_reply = json_pack("{s:o}", "diagnostics", diagnostics_to_json(&diagnostics));
		return r;
	}
	warnings = json_array();
	for (size_t i = 0; i < diagnostics.count; i++)
		json_array_append_new(warnings, json_string(diagnostics.items[i].message));
	*ret_reply =
		json_pack("{s:I, s:I, s:o}", "rules", (json_int_t)engine_policy(engine)->rule_count,
			  "groups", (json_int_t)engine_policy(engine)->group_count, "warnings",
			  warnings);
	return *ret_reply ? 0 : error_oom(err);
}

static int do_scan(struct engine *engine, const json_t *parameters, json_t **ret_reply,
		   struct error *err)
{
	struct scan_result s;
	int r = engine_scan(engine, &s, err);

	if (r < 0)
		return r;
	*ret_reply = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "seen", (json_int_t)s.seen,
			       "matched", (json_int_t)s.matched, "moved", (json_int_t)s.moved,
			       "already", (json_int_t)s.already, "failed", (json_int_t)s.failed,
			       "vanished", (json_int_t)s.vanished);
	return *ret_reply ? 0 : error_oom(err);
}

static int do_list(struct engine *engine, const json_t *parameters, json_t **ret_reply,
		   struct error *err)
{
	json_t *list = json_array();

	for (size_t i = 0; i < groups_count(engine->groups); i++)
		json_array_append_new(list,
				      engine_group_to_json(engine, groups_at(engine->groups, i)));
	*ret_reply = json_pack("{s:o}", "groups", list);
	return *ret_reply ? 0 : error_oom(err);
}

static int do_list_decisions(struct engine *engine, const json_t *parameters, json_t **ret_reply,
			     struct error *err)
{
	struct decision_wish wish;
	int r = decision_wish_read(parameters, &wish, err);
	json_t *list;

	if (r < 0)
		return r;
	list = engine_list_decisions(engine, &wish);
	*ret_reply = list ? json_pack("{s:o}", "decisions", list) : NULL;
	return *ret_reply ? 0 : error_oom(err);
}

static int do_list_processes(struct engine *engine, const json_t *parameters, json_t **ret_reply,
			     struct error *err)
{
	const struct process_list_options options = {
		.host = engine->host,
		.observer = engine_observer(engine),
		.layout = engine->layout,
		.groups = engine->groups,
	};
	json_t *list = NULL;
	int r = process_list(&options, &list, err);

	if (r < 0)
		return r;
	*ret_reply = json_pack("{s:o}", "processes", list);
	return *ret_reply ? 0 : error_oom(err);
}

static int do_get(struct engine *engine, const json_t *parameters, json_t **ret_reply,
		  struct error *err)
{
	_cleanup_(freep) pid_t *pids = NULL;
	struct group *group;
	size_t count = 0;
	json_t *list;
	int r = get_group(engine, parameters, "name", &group, err);

	if (r < 0)
		return r;
	r = group_members(group, true, &pids, &count);
	if (r < 0)
		return error_set_errno(err, r, "cannot list the processes of group \"%s\"",
				       group_name(group));
	list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_integer(pids[i]));
	*ret_reply =
		json_pack("{s:o, s:o}", "group", engine_group_to_json(engine, group), "pids", list);
	return *ret_reply ? 0 : error_oom(err);
}

/* v1 says it in a hierarchy of its own, which whoever reads the index does not look into. */
static bool can_be_frozen_unseen(const struct engine *engine, const struct group *group)
{
	const struct hierarchy *h = limit_hierarchy(engine->layout, LIMIT_FREEZE);

	return h && !h->v2 && group_path(group, h);
}

/* So that it need not be asked again. Who finds nothing there asks. */
static void keep_answer(struct engine *engine, const struct group *group, const json_t *reply)
{
	_cleanup_(freep) char *answer = NULL;
	json_t *whole;

	if (engine->options.local || can_be_frozen_unseen(engine, group))
		return;
	whole = json_pack("{s:O}", "parameters", reply);
	answer = whole ? json_dumps(whole, JSON_COMPACT) : NULL;
	json_decref(whole);
	if (answer)
		(void)group_index_keep(&engine->index, engine->runtime_dir, group_name(group),
				       answer);
}

static int do_locate(struct engine *engine, const json_t *parameters, json_t **ret_reply,
		     struct error *err)
{
	struct group *group;
	bool frozen;
	int r = get_group(engine, parameters, "name", &group, err);

	if (r < 0)
		return r;
	frozen = group_is_frozen(group) == 1;
	*ret_reply = json_pack("{s:o, s:b}", "paths", engine_group_paths(engine, group), "frozen",
			       frozen);
	if (*ret_reply && !frozen)
		keep_answer(engine, group, *ret_reply);
	return *ret_reply ? 0 : error_oom(err);
}

/* What commands made outlives them, and reloads. */
static int remember(struct engine *engine, struct error *err)
{
	return made_save(engine->runtime_dir, engine_policy(engine), engine->groups, &engine->made,
			 err);
}

static int set_limits(struct engine *engine, const char *name, const json_t *object,
		      json_t **ret_reply, struct error *err)
{
	_cleanup_(limits_done) struct limits limits = { 0 };
	struct group_spec spec = { .name = name, .limits = &limits };
	struct group_problems problems = { 0 };
	int r = 0;

	if (object && !json_is_object(object) && !json_is_null(object))
		return error_set(err, -EINVAL, "parameter \"limits\" must be an object");
	if (json_is_object(object))
		r = limits_from_json(object, &limits, err);
	if (r >= 0)
		r = groups_apply_one(engine->groups, &spec, &problems, err);
	/* It and the groups above it may have other descriptors now: the gate must have them. */
	if (engine_groups_changed(engine) < 0 && r >= 0)
		r = error_oom(err);
	if (r >= 0)
		r = remember(engine, err);
	if (r >= 0)
		*ret_reply = json_pack("{s:o}", "problems", problem_sentences(&problems));
	group_problems_done(&problems);
	return r;
}

static int do_create(struct engine *engine, const json_t *parameters, json_t **ret_reply,
		     struct error *err)
{
	const char *name = NULL;
	int r = get_string(parameters, "name", &name, err);

	if (r < 0)
		return r;
	if (group_name_check(name, err) < 0)
		return error_wrap(err, "group name \"%s\"", name);
	if (groups_find(engine->groups, name))
		return error_set(err, -EEXIST,
				 "there is already a group \"%s\" (to change it: reeve group set)",
				 name);
	r = set_limits(engine, name, json_object_get(parameters, "limits"), ret_reply, err);
	/* Whoever made it goes on to enter it, and need not ask again. */
	if (r >= 0)
		json_object_set_new(*ret_reply, "paths",
				    engine_group_paths(engine, groups_find(engine->groups, name)));
	return r;
}

/* Takes out what goes back to the kernel's default: null, or the word "default". */
static void drop_defaults(json_t *limits)
{
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe(limits, next, key,
				 value) if (json_is_null(value) ||
					    (json_is_string(value) &&
					     streq(json_string_value(value), "default")))
		json_object_del(limits, key);
}

/* What is not named stays as it is. */
static int do_set(struct engine *engine, const json_t *parameters, json_t **ret_reply,
		  struct error *err)
{
	const json_t *change = json_object_get(parameters, "limits");
	struct group *group;
	json_t *limits;
	int r = get_group(engine, parameters, "name", &group, err);

	if (r < 0)
		return r;
	if (!json_is_object(change))
		return error_set(err, -EINVAL, "parameter \"limits\" must be an object");
	limits = limits_to_json(group_limits(group));
	if (!limits || json_object_update(limits, (json_t *)(uintptr_t)change) < 0) {
		json_decref(limits);
		return error_oom(err);
	}
	drop_defaults(limits);
	r = set_limits(engine, group_name(group), limits, ret_reply, err);
	json_decref(limits);
	return r;
}

/* The group itself, or one below it, which would go with it. */
static bool is_in_policy(const struct policy *policy, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < policy->group_count; i++) {
		const char *other = policy->groups[i].name;

		if (strncmp(other, name, length) == 0 &&
		    (other[length] == '\0' || other[length] == '/'))
			return true;
	}
	return false;
}

static int do_delete(struct engine *engine, const json_t *parameters, json_t **ret_reply,
		     struct error *err)
{
	const json_t *evacuate = json_object_get(parameters, "evacuate");
	_cleanup_(freep) char *name = NULL;
	struct group *group;
	int r = get_group(engine, parameters, "name", &group, err);

	if (r < 0)
		return r;
	name = strdup(group_name(group));
	if (!name)
		return error_oom(err);
	if (is_in_policy(engine_policy(engine), group_name(group)))
		return error_set(err, -EBUSY,
				 "group \"%s\", or one below it, is in the policy: take it out "
				 "there and run reeve reload",
				 group_name(group));
	r = group_remove(engine->groups, name, json_is_true(evacuate), err);
	if (r >= 0)
		groups_remove_above(engine->groups, name);
	/* Also when only some went: no snapshot may hold on to what was taken away. */
	if (engine_groups_changed(engine) < 0 && r >= 0)
		r = error_oom(err);
	if (r >= 0)
		r = remember(engine, err);
	return r < 0 ? r : reply_nothing(ret_reply);
}

static int move_process(struct engine *engine, struct group *group, pid_t pid)
{
	struct membership was;
	int r = membership_read(engine->host, pid, &was);

	return r < 0 ? r : placement_move(group_placement(group), pid, &was);
}

static int do_move(struct engine *engine, const json_t *parameters, json_t **ret_reply,
		   struct error *err)
{
	const json_t *pids = json_object_get(parameters, "pids");
	json_t *problems, *value;
	struct group *group;
	int moved = 0, r = get_group(engine, parameters, "group", &group, err);
	size_t index;

	if (r < 0)
		return r;
	if (!json_is_array(pids))
		return error_set(err, -EINVAL, "parameter \"pids\" must be a list of numbers");
	problems = json_array();
	json_array_foreach(pids, index, value)
	{
		json_int_t pid = json_integer_value(value);

		r = pid > 0 && pid <= INT_MAX ? move_process(engine, group, (pid_t)pid) : -EINVAL;
		if (r >= 0)
			moved++;
		else
			json_array_append_new(
				problems,
				json_sprintf("process %lld cannot be moved into group "
					     "\"%s\": %s",
					     (long long)pid, group_name(group), strerror(-r)));
	}
	*ret_reply = json_pack("{s:i, s:o}", "moved", moved, "problems", problems);
	return *ret_reply ? 0 : error_oom(err);
}

/* ---- sessions ---- */

static int get_number(const json_t *parameters, const char *name, json_int_t least, json_int_t most,
		      json_int_t *ret_number, struct error *err)
{
	const json_t *value = json_object_get(parameters, name);

	*ret_number = json_integer_value(value);
	if (json_is_integer(value) && *ret_number >= least && *ret_number <= most)
		return 0;
	return error_set(err, -EINVAL, "parameter \"%s\" must be a number from %lld to %lld", name,
			 (long long)least, (long long)most);
}

static int read_session(const json_t *parameters, struct session *session, struct error *err)
{
	const json_t *groups = json_object_get(parameters, "groups"), *value;
	json_int_t pid, uid, gid;
	size_t index;
	int r = get_number(parameters, "pid", 1, INT_MAX, &pid, err);

	if (r >= 0)
		r = get_number(parameters, "uid", 0, UINT32_MAX - 1, &uid, err);
	if (r >= 0)
		r = get_number(parameters, "gid", 0, UINT32_MAX - 1, &gid, err);
	if (r < 0)
		return r;
	*session = (struct session){ .pid = (pid_t)pid, .uid = (uid_t)uid, .gid = (gid_t)gid };
	json_array_foreach(groups, index,
			   value) if (session->group_count < ARRAY_SIZE(session->groups))
		session->groups[session->group_count++] = (gid_t)json_integer_value(value);
	return 0;
}

static int do_session(struct engine *engine, const json_t *parameters, json_t **ret_reply,
		      struct error *err)
{
	const struct policy *policy = engine_policy(engine);
	const struct decision *decision = NULL;
	const char *rule = NULL;
	struct session session;
	int r = read_session(parameters, &session, err);

	if (r >= 0)
		r = engine_place_session(engine, &session, &decision, err);
	if (r < 0)
		return r;
	if (decision && decision->group_rule >= 0)
		rule = policy->rules[decision->group_rule].name;
	if (decision && decision->result < 0)
		return error_set_errno(err, decision->result, "rule \"%s\": process %d",
				       rule ? rule : "", session.pid);
	*ret_reply = json_pack("{s:s?, s:b}", "rule", rule, "moved",
			       decision && decision->flags & DECISION_MOVED);
	return *ret_reply ? 0 : error_oom(err);
}

static int freeze(struct engine *engine, const json_t *parameters, bool frozen, json_t **ret_reply,
		  struct error *err)
{
	struct group *group;
	int r = get_group(engine, parameters, "name", &group, err);

	if (r >= 0)
		r = group_freeze(group, frozen, FREEZE_WAIT_MS, err);
	return r < 0 ? r : reply_nothing(ret_reply);
}

static int do_freeze(struct engine *engine, const json_t *parameters, json_t **ret_reply,
		     struct error *err)
{
	return freeze(engine, parameters, true, ret_reply, err);
}

static int do_thaw(struct engine *engine, const json_t *parameters, json_t **ret_reply,
		   struct error *err)
{
	return freeze(engine, parameters, false, ret_reply, err);
}

static int do_kill(struct engine *engine, const json_t *parameters, json_t **ret_reply,
		   struct error *err)
{
	struct group *group;
	int r = get_group(engine, parameters, "name", &group, err);

	if (r >= 0)
		r = group_kill(group, KILL_WAIT_MS, err);
	return r < 0 ? r : reply_nothing(ret_reply);
}

static int do_clean(struct engine *engine, const json_t *parameters, json_t **ret_reply,
		    struct error *err)
{
	struct group_problems problems = { 0 };
	int r;

	if (!engine->options.local)
		return error_set(err, -EBUSY,
				 "the daemon (process %d) is running and would place processes "
				 "again; "
				 "stop it, then run reeve clean",
				 getpid());
	r = groups_clean(engine->groups, &problems, err);
	if (r >= 0)
		(void)remember(engine, NULL);
	if (r >= 0)
		*ret_reply = json_pack("{s:i, s:o}", "removed", r, "problems",
				       problem_sentences(&problems));
	group_problems_done(&problems);
	return r < 0 ? r : 0;
}

static const struct {
	const char *name;
	control_fn function;
} methods[] = {
	{ "io.reeve.Clean", do_clean },
	{ "io.reeve.CreateGroup", do_create },
	{ "io.reeve.DeleteGroup", do_delete },
	{ "io.reeve.FreezeGroup", do_freeze },
	{ "io.reeve.GetGroup", do_get },
	{ "io.reeve.GetHistory", engine_past },
	{ "io.reeve.GetMetrics", engine_metrics },
	{ "io.reeve.GetStatus", do_status },
	{ "io.reeve.GetTree", engine_tree },
	{ "io.reeve.KillGroup", do_kill },
	{ "io.reeve.ListDecisions", do_list_decisions },
	{ "io.reeve.ListGroups", do_list },
	{ "io.reeve.ListProcesses", do_list_processes },
	{ "io.reeve.LocateGroup", do_locate },
	{ "io.reeve.MoveProcesses", do_move },
	{ "io.reeve.PlaceSession", do_session },
	{ "io.reeve.Reload", do_reload },
	{ "io.reeve.Scan", do_scan },
	{ "io.reeve.SetGroup", do_set },
	{ "io.reeve.ThawGroup", do_thaw },
};

int engine_control(struct engine *engine, const char *method, json_t *parameters,
		   json_t **ret_reply, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (streq(methods[i].name, method))
			return methods[i].function(engine, parameters, ret_reply, err);
	if (strncmp(method, "io.reeve.Service", strlen("io.reeve.Service")) == 0)
		return engine_service_control(engine, method, parameters, ret_reply, err);
	return error_set(err, -EOPNOTSUPP, "there is no method %s", method);
}
