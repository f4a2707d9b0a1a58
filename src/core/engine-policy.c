// SPDX-License-Identifier: MIT
/*
 * From a policy file to what the gate decides with. A reload is a transaction: the new policy is
 * read and checked whole, its groups are made, its names resolved; only then it is put in place.
 */
#include "core/engine-internal.h"
#include "core/engine-watch.h"

#include "action/adhoc.h"
#include "config/arena.h"

/* One command's work needs no policy: `reeve run --ram 2G` is complete without any file. */
static bool may_be_empty(const struct engine *engine)
{
	return engine->options.local && !engine->options.config_path &&
	       access(engine->config_path, F_OK) < 0 && errno == ENOENT;
}

/* Files of another tool do not say what the instance is called. */
static int name_instance(const struct engine *engine, struct policy *policy, struct error *err)
{
	char *name;

	if (!engine->options.name)
		return 0;
	name = arena_string(policy->memory, engine->options.name);
	if (!name)
		return error_oom(err);
	policy->name = name;
	return 0;
}

int engine_load(struct engine *engine, struct policy **ret_policy, struct diagnostics *diagnostics,
		struct error *err)
{
	static const char empty[] = "rules: {}\n";
	enum load_flags flags = engine->options.load_flags | LOAD_REQUIRE_OWNERSHIP;
	int r;

	if (may_be_empty(engine))
		r = policy_parse("empty.yaml", empty, strlen(empty), 0, ret_policy, diagnostics);
	else
		r = policy_load(engine->config_path, flags, ret_policy, diagnostics);
	if (r < 0)
		return error_set(err, r, "the policy %s is not valid", engine->config_path);
	r = engine_fleet_lay_over(engine, ret_policy, flags, diagnostics, err);
	if (r < 0)
		return r;
	return name_instance(engine, *ret_policy, err);
}

/* ---- groups ---- */

static void clear_strings(char ***strings, size_t *count)
{
	for (size_t i = 0; i < *count; i++)
		free((*strings)[i]);
	free(*strings);
	*strings = NULL;
	*count = 0;
}

static void tell_problems(struct engine *engine, const struct group_problems *problems)
{
	clear_strings(&engine->problems, &engine->problem_count);
	engine->problems = calloc(problems->count + 1, sizeof(*engine->problems));
	if (!engine->problems)
		return;
	for (size_t i = 0; i < problems->count && i < PROBLEMS_MAX; i++) {
		log_warning(engine->log, "%s", problems->items[i].message);
		engine->problems[engine->problem_count] = strdup(problems->items[i].message);
		if (engine->problems[engine->problem_count])
			engine->problem_count++;
	}
}

/*
 * A command without a daemon makes the policy's groups where they are missing and sets their
 * limits, but leaves others alone: a group that another command has just made is still empty.
 */
static int apply_each(struct engine *engine, const struct group_spec *specs, size_t count,
		      struct group_problems *problems, struct error *err)
{
	int r = 0;

	if (engine->options.bare)
		return 0;
	for (size_t i = 0; r >= 0 && i < count; i++)
		r = groups_apply_one(engine->groups, &specs[i], problems, err);
	return r;
}

/* A group that is in no file and goes on: a command has made it, a rule on demand, or a service
 * runs in it. */
static bool goes_on(const struct engine *engine, const char *name)
{
	return json_object_get(engine->made, name) ||
	       (engine->adhoc && adhoc_has(engine->adhoc, name)) ||
	       (engine->supervisor && supervisor_has_group(engine->supervisor, name));
}

/* Another daemon places into groups that our policy may not have; not for long any more. */
static bool engine_is_beginning(const struct engine *engine)
{
	return engine_is_successor(engine) && !engine->policy;
}

/* Those go on beside the policy's, held to what they are held to. */
static size_t add_made(struct engine *engine, const struct policy *policy, struct group_spec *specs,
		       struct limits *limits)
{
	size_t count = 0;

	for (size_t i = 0; i < groups_count(engine->groups); i++) {
		const struct group *group = groups_at(engine->groups, i);
		const char *name = group_name(group);

		if (!goes_on(engine, name) || policy_find_group(policy, name) >= 0 ||
		    limits_copy(&limits[count], group_limits(group)) < 0)
			continue;
		if (group_is_frozen(group) == 1) {
			limits[count].set |= LIMIT_BIT(LIMIT_FREEZE);
			limits[count].freeze = true;
		}
		specs[count] = (struct group_spec){
			.name = name,
			.limits = &limits[count],
			.on_demand = group_is_on_demand(group),
		};
		count++;
	}
	return count;
}

/* Where triggers run that name no group; a policy that does name it gives it its limits. */
static size_t add_trigger_group(const struct engine *engine, const struct policy *policy,
				struct group_spec *spec)
{
	static const struct limits none;

	if (policy->trigger_count == 0 || engine->options.local ||
	    policy_find_group(policy, TRIGGER_GROUP) >= 0)
		return 0;
	*spec = (struct group_spec){ .name = TRIGGER_GROUP, .limits = &none };
	return 1;
}

static int apply_groups(struct engine *engine, const struct policy *policy, struct error *err)
{
	size_t room = policy->group_count + groups_count(engine->groups) + 2, made, own;
	_cleanup_(freep) struct group_spec *specs = calloc(room, sizeof(*specs));
	_cleanup_(freep) struct limits *limits = calloc(room, sizeof(*limits));
	struct group_problems problems = { 0 };
	int r;

	if (!specs || !limits)
		return error_oom(err);
	for (size_t i = 0; i < policy->group_count; i++)
		specs[i] = (struct group_spec){
			.name = policy->groups[i].name,
			.limits = &policy->groups[i].limits,
		};
	made = add_made(engine, policy, specs + policy->group_count, limits);
	own = add_trigger_group(engine, policy, specs + policy->group_count + made);
	if (engine->options.dry_run)
		r = groups_check(engine->layout, specs, policy->group_count, &problems, err);
	else if (engine->options.local || engine_is_beginning(engine))
		/* A command changes what it is asked to, not what another one has made. */
		r = apply_each(engine, specs, policy->group_count, &problems, err);
	else
		r = groups_apply(engine->groups, specs, policy->group_count + made + own, &problems,
				 err);
	for (size_t i = 0; i < made; i++)
		limits_done(&limits[i]);
	if (r >= 0)
		tell_problems(engine, &problems);
	group_problems_done(&problems);
	return r;
}

/* ---- snapshots ---- */

static int retire(struct engine *engine, struct snapshot *old)
{
	struct snapshot **larger;

	if (!old)
		return 0;
	larger = reallocarray(engine->retired, engine->retired_count + 1, sizeof(*larger));
	if (!larger)
		return -ENOMEM; /* leaked rather than freed under a thread's feet */
	engine->retired = larger;
	engine->retired[engine->retired_count++] = old;
	return 0;
}

static bool is_awaited(const struct engine *engine, uint32_t generation)
{
	for (size_t i = 0; i < engine->straggler_count; i++)
		if (engine->stragglers[i].decision.generation == generation)
			return true;
	return false;
}

/* A group that was changed since the snapshot was made has another placement than it knows. */
bool engine_is_up_to_date(const struct engine *engine)
{
	const struct snapshot *current = gatekeeper_current(engine->keeper);

	for (size_t i = 0; current && i < current->placement_count; i++) {
		const struct group *group =
			groups_find(engine->groups, snapshot_policy(current)->groups[i].name);

		if (current->placements[i] != (group ? group_placement(group) : NULL))
			return false;
	}
	return true;
}

/*
 * The queues may refer to any generation. They are looked at after the seats: who has left a seat
 * has put its decision into the queue before.
 */
void engine_drop_retired(struct engine *engine)
{
	size_t kept = 0;

	for (size_t i = 0; i < engine->retired_count; i++) {
		struct snapshot *old = engine->retired[i];

		if (gatekeeper_is_unused(engine->keeper, old) &&
		    decision_queue_is_empty(gatekeeper_decisions(engine->keeper)) &&
		    decision_queue_is_empty(gatekeeper_urgent(engine->keeper)) &&
		    !is_awaited(engine, old->generation))
			snapshot_free(old);
		else
			engine->retired[kept++] = old;
	}
	engine->retired_count = kept;
	if (kept == 0)
		engine_drop_layouts(engine);
	if (kept == 0 && engine_is_up_to_date(engine))
		groups_release_retired(engine->groups);
}

const struct snapshot *engine_snapshot(const struct engine *engine, uint32_t generation)
{
	const struct snapshot *current = gatekeeper_current(engine->keeper);

	if (current && current->generation == generation)
		return current;
	for (size_t i = 0; i < engine->retired_count; i++)
		if (engine->retired[i]->generation == generation)
			return engine->retired[i];
	return NULL;
}

/*
 * Not before the gate's threads run: until then our own opening of a file in a watched folder (NSS
 * reads /etc/group) would wait for ourselves, and everybody else for us.
 */
void engine_watch_files(struct engine *engine)
{
	const struct gate_watch *watches;
	size_t count;

	if (!engine->gate || !engine->gate_runs)
		return;
	watches = resolver_watches(engine->resolver, &count);
	/* What no rule named may be named now. */
	gate_forget_all(engine->gate);
	(void)gate_watch_open(engine->gate, watches, count, NULL);
	(void)gate_mark_remote(engine->gate, NULL);
}

static int install(struct engine *engine, struct shared_policy *policy, struct targets *targets)
{
	struct snapshot *snapshot = NULL;
	int r = snapshot_new(engine->generation + 1, policy, targets, engine->groups, &snapshot);

	if (r < 0)
		return r;
	engine->generation++;
	engine->counters.resolved++;
	(void)retire(engine, gatekeeper_swap(engine->keeper, snapshot));
	engine_watch_files(engine);
	engine_deny_update(engine);
	engine_history_wake(engine);
	return 0;
}

int engine_resolve(struct engine *engine)
{
	struct targets targets = { 0 };
	int r = resolver_resolve(engine->resolver, engine_policy(engine), &targets);

	return r < 0 ? r : install(engine, engine->policy, &targets);
}

int engine_groups_changed(struct engine *engine)
{
	engine_limits_groups_changed(engine);
	if (engine->options.local)
		return 0;
	if (!engine_is_up_to_date(engine))
		return engine_resolve(engine);
	engine_look_later(engine);
	return 0;
}

int engine_apply(struct engine *engine, struct policy *policy, struct error *err)
{
	_cleanup_(shared_policy_unrefp) struct shared_policy *shared = NULL;
	struct targets targets = { 0 };
	int r;

	r = apply_groups(engine, policy, err);
	if (r < 0)
		return r;
	r = shared_policy_new(policy, &shared);
	if (r < 0)
		return error_oom(err);
	r = resolver_resolve(engine->resolver, policy, &targets);
	if (r >= 0)
		r = install(engine, shared, &targets);
	if (r < 0) {
		/* The caller keeps the policy, and the old names must be watched again. */
		shared->policy = NULL;
		if (engine->policy)
			(void)engine_resolve(engine);
		return error_set_errno(err, r, "cannot put the policy in place");
	}
	if (engine->policy)
		(void)rule_stats_inherit(shared->stats, policy, engine->policy->stats,
					 engine->policy->policy);
	shared_policy_unref(engine->policy);
	engine->policy = TAKE_PTR(shared);
	return engine_occasions_update(engine);
}

/* After a failed reload the groups are made to agree with the old policy again. */
void engine_restore_groups(struct engine *engine)
{
	struct error ignored = ERROR_INIT;

	if (apply_groups(engine, engine_policy(engine), &ignored) < 0)
		log_error(engine->log, "cannot restore the groups of the old policy: %s",
			  error_text(&ignored));
	/* Groups may have gone and come: the gate's snapshot must have their new descriptors. */
	if (engine_resolve(engine) < 0)
		log_error(engine->log, "cannot put the old policy in place again: no memory");
	error_done(&ignored);
}

int engine_settle_groups(struct engine *engine, struct error *err)
{
	int r = apply_groups(engine, engine_policy(engine), err);

	if (r >= 0 && engine_resolve(engine) < 0)
		r = error_oom(err);
	return r;
}

/* What is set up once, at the start; a reload must not seem to have changed it. */
static void tell_unchanged(struct engine *engine, const struct policy *now,
			   const struct policy *next)
{
	const struct {
		const char *key;
		bool differs;
	} settings[] = {
		{ "mode", now->mode != next->mode },
		{ "the log's file", !streq(now->log_file, next->log_file) },
		{ "gate_threads", now->gate_threads != next->gate_threads },
		{ "source", !streq(now->source, next->source) },
		{ "favordynmods", now->favordynmods != next->favordynmods },
	};

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		if (settings[i].differs)
			log_warning(engine->log,
				    "%s has changed in the policy: restart the daemon for that",
				    settings[i].key);
}

int engine_reload(struct engine *engine, struct diagnostics *diagnostics, struct error *err)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;
	int r = engine_load(engine, &policy, diagnostics, err);

	if (r >= 0 && !streq(policy->name, engine->name))
		r = error_set(err, -EINVAL,
			      "the policy's name changed from \"%s\" to \"%s\": restart the daemon "
			      "for that",
			      engine->name, policy->name);
	if (r < 0) {
		engine->counters.reloads_failed++;
		return r;
	}
	tell_unchanged(engine, engine_policy(engine), policy);
	/* Who reloads may have mended it. */
	if (engine->gate)
		gate_forgive(engine->gate);
	clear_strings(&engine->shunned, &engine->shunned_count);
	r = engine_apply(engine, policy, err);
	if (r < 0) {
		engine->counters.reloads_failed++;
		engine_restore_groups(engine);
		return r;
	}
	policy = NULL;
	engine->counters.reloads++;
	log_set_level(engine->log, engine_log_level(engine, engine_policy(engine)));
	log_notice(engine->log, "policy reloaded: %zu rules, %zu groups",
		   engine_policy(engine)->rule_count, engine_policy(engine)->group_count);
	engine_tell_without_gate(engine);
	engine_tell_places(engine);
	if (engine->exporting)
		engine_export_update(engine);
	engine_watch_again(engine);
	r = supervisor_reload(engine->supervisor, err);
	if (r < 0)
		return r;
	engine_fleet_update(engine);
	if (engine->options.reloaded)
		engine->options.reloaded(engine);
	return 0;
}
