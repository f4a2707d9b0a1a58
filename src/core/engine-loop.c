// SPDX-License-Identifier: MIT
/*
 * What the loop does when something happens. Nothing here runs on time alone: a timer is armed
 * only while decisions are young, an execution is under way, or names have just changed.
 */
#include "core/engine-internal.h"

#include "core/decision-json.h"
#include "core/guard.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

enum {
	LOOK_AFTER_NS = 5000000,
	MANY_RULES = 2000, /* above this, name changes are gathered before resolving */
	GATHER_USEC = 250000,
	SCAN_USEC = 1000000, /* as fetter's scanner */
	ACCURACY_USEC = 1,   /* 0 would let sd-event be late by 250 ms */
};

/* ---- recording ---- */

static void log_failure(struct engine *engine, const struct decision *d, const char *rule,
			const char *group)
{
	const struct outcome *outcome = &d->outcome;
	enum effect_kind kind = (enum effect_kind)outcome->failed_kind;

	if (EFFECTS_THAT_PLACE >> kind & 1)
		log_limited(engine->log, &engine->move_limit, LOG_WARNING,
			    "cannot move process %d (%s) into group \"%s\", rule \"%s\": %s",
			    d->pid, d->path, group ? group : "?", rule,
			    strerror(outcome->failed_errno));
	else
		log_limited(engine->log, &engine->move_limit, LOG_WARNING,
			    "process %d (%s): %s of rule \"%s\" failed: %s", d->pid, d->path,
			    effect_name(kind), rule, strerror(outcome->failed_errno));
}

static void log_decision(struct engine *engine, const struct shown_decision *shown)
{
	const struct decision *d = &shown->decision;
	const struct policy *policy = shown->policy->policy;
	const char *rule = decision_rule(d, policy);
	const char *group = decision_group(d, policy);
	const char *dry = d->flags & DECISION_DRY ? " (dry run)" : "";
	bool kills = (d->outcome.done | d->outcome.dry) >> EFFECT_KILL & 1;

	rule = rule ? rule : "?";
	if (d->flags & DECISION_TRUNCATED && !(d->flags & DECISION_PUT_BACK))
		log_limited(engine->log, &engine->rules_limit, LOG_WARNING,
			    "more than %d rules match %s: triggers of the others are not run",
			    VERDICT_RULES, d->path);
	if (d->flags & DECISION_PUT_BACK)
		log_info(engine->log, "process %d put back: its execution of %s failed", d->pid,
			 d->path);
	else if (kills)
		log_notice(engine->log, "process %d killed: %s, by rule \"%s\"%s", d->pid, d->path,
			   rule, dry);
	else if (d->flags & DECISION_DENIED)
		log_notice(engine->log, "process %d denied to %s %s, by rule \"%s\"", d->pid,
			   occasion_names[d->on], d->path, rule);
	else if (d->outcome.failed != 0 && d->outcome.failed_errno != ESRCH)
		log_failure(engine, d, rule, group);
	else if (group)
		log_debug(engine->log, "process %d (%s) %s group \"%s\" by rule \"%s\" in %u us%s",
			  d->pid, d->path, d->flags & DECISION_ALREADY ? "is in" : "goes into",
			  group, rule, d->took_us, dry);
}

void engine_record(struct engine *engine, const struct decision *decision)
{
	const struct snapshot *snapshot = engine_snapshot(engine, decision->generation);
	struct shown_decision *slot = &engine->history[engine->history_next];

	if (!snapshot)
		return;
	engine->counters.decisions++;
	shared_policy_unref(slot->policy);
	slot->policy = shared_policy_ref(snapshot->shared);
	slot->decision = *decision;
	engine->history_next = (engine->history_next + 1) % HISTORY;
	log_decision(engine, slot);
	engine_record_add(engine, slot);
	engine_history_wake(engine);
	if (engine->subscribers)
		engine_publish(engine, slot);
}

static void tell_losses(struct engine *engine)
{
	uint64_t lost = atomic_load(&gatekeeper_decisions(engine->keeper)->lost) +
			atomic_load(&gatekeeper_urgent(engine->keeper)->lost);

	if (lost == engine->lost_told)
		return;
	log_limited(engine->log, &engine->lost_limit, LOG_WARNING,
		    "%llu decisions were carried out but not recorded: the loop was too slow; "
		    "failed executions among them were not put back",
		    (unsigned long long)(lost - engine->lost_told));
	engine->lost_told = lost;
}

/* ---- decisions ---- */

void engine_look_later(const struct engine *engine)
{
	static const struct itimerspec soon = { .it_value = { .tv_nsec = LOOK_AFTER_NS } };

	(void)timerfd_settime(engine->timer_fd, 0, &soon, NULL);
}

/* Handles every decision that is old enough for its outcome to be known. */
static int on_decisions(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct engine *engine = userdata;
	struct decision_queue *queue = gatekeeper_decisions(engine->keeper);
	const struct decision *decision;
	uint64_t expirations, now = clock_boottime();

	(void)!read(fd, &expirations, sizeof(expirations));
	gatekeeper_looked(engine->keeper);
	while ((decision = decision_queue_peek(queue))) {
		if (now - decision->time_ns < LOOK_AFTER_NS / 2) {
			engine_look_later(engine);
			break;
		}
		engine_record(engine, decision);
		engine_settle_race(engine, decision);
		/* One that was not moved, too: what it executes next must not be taken for this. */
		if (decision->ticket != 0 && !(decision->flags & DECISION_SECOND))
			engine_check_outcome(engine, decision);
		decision_queue_drop(queue);
	}
	if (!decision && (engine->retired_count > 0 || groups_have_retired(engine->groups)))
		engine_drop_retired(engine);
	tell_losses(engine);
	return 0;
}

static void shunned(const char *mount_point, void *userdata)
{
	struct engine *engine = userdata;
	char **larger;

	log_warning(engine->log,
		    "the kernel could not open a file below %s for the gate, and refused it to its "
		    "user (root_squash?): that file system is not watched any more until a reload",
		    mount_point);
	larger = reallocarray(engine->shunned, engine->shunned_count + 1, sizeof(*larger));
	if (!larger)
		return;
	engine->shunned = larger;
	engine->shunned[engine->shunned_count] = strdup(mount_point);
	if (engine->shunned[engine->shunned_count])
		engine->shunned_count++;
}

/* What the gate has told itself is its own to record; what it left to us is recorded when done. */
static void take_urgent(struct engine *engine, const struct urgent *given)
{
	struct urgent *urgent = &engine->work;
	const uint32_t ours = DECISION_HELD | DECISION_UNHELD;

	*urgent = *given;
	engine_carry_out(engine, urgent);
	if (!(given->decision.flags & ours))
		return;
	engine_record(engine, &urgent->decision);
	if (urgent->decision.ticket != 0 && !(urgent->decision.flags & DECISION_SECOND))
		engine_check_outcome(engine, &urgent->decision);
}

static int on_urgent(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct engine *engine = userdata;
	struct decision_queue *queue = gatekeeper_urgent(engine->keeper);
	const struct urgent *urgent;
	uint64_t ignored;

	(void)!read(fd, &ignored, sizeof(ignored));
	while ((urgent = decision_queue_peek(queue))) {
		take_urgent(engine, urgent);
		decision_queue_drop(queue);
	}
	if (engine->gate && gate_shun(engine->gate, shunned, engine) > 0)
		(void)engine_resolve(engine);
	return 0;
}

/* ---- names and mounts ---- */

static int on_gathered(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct engine *engine = userdata;
	bool found = false;
	int r;

	engine->rename_timer = sd_event_source_disable_unref(engine->rename_timer);
	if (engine->mounts_changed)
		found = engine_find_hierarchies(engine);
	engine->mounts_changed = false;
	r = engine_resolve(engine);
	if (r < 0)
		log_error(engine->log, "cannot resolve the paths of the rules again: %s",
			  strerror(-r));
	if (found)
		engine_tell_places(engine);
	/* Old snapshots are freed by the next look at the decisions. */
	engine_look_later(engine);
	return 0;
}

static void resolve_soon(struct engine *engine)
{
	uint64_t wait = engine_policy(engine)->rule_count > MANY_RULES ? GATHER_USEC : 0;

	/* Until then names still match by their text; only what was forgotten must be asked again.
	 */
	if (engine->gate)
		gate_forget_all(engine->gate);
	if (!engine->rename_timer)
		(void)sd_event_add_time_relative(engine->event, &engine->rename_timer,
						 CLOCK_MONOTONIC, wait, ACCURACY_USEC, on_gathered,
						 engine);
}

static void on_names(enum names_event event, void *userdata)
{
	struct engine *engine = userdata;

	/* The marks are another daemon's. */
	if (engine_was_handed_over(engine))
		return;
	if (event == NAMES_CHANGED) {
		resolve_soon(engine);
	} else if (event == NAMES_LED) {
		engine_links_changed(engine);
	} else if (engine->gate && event == NAMES_ADDED) {
		size_t count;
		const struct gate_watch *added = resolver_take_added(engine->resolver, &count);

		(void)gate_watch_more(engine->gate, added, count);
	} else if (engine->gate) {
		gate_forget_all(engine->gate);
	}
}

/* A name anywhere, of a file that no rule's program was called like before. */
static int on_file_names(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct engine *engine = userdata;

	if (engine_was_handed_over(engine))
		return sd_event_source_set_enabled(source, SD_EVENT_OFF);
	gate_take_names(engine->gate);
	return 0;
}

static int on_mounts(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct engine *engine = userdata;
	struct error err = ERROR_INIT;
	int r = engine->gate ? gate_mark_mounts(engine->gate, &err) : 0;

	if (r < 0)
		log_warning(engine->log, "%s", error_text(&err));
	else
		engine->counters.mounts_seen += (uint64_t)r;
	error_done(&err);
	engine_occasions_remount(engine);
	engine->mounts_changed = true;
	/* A mount can give every path another meaning. */
	resolve_soon(engine);
	return 0;
}

/* ---- guard, scanner ---- */

static int on_guard(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct engine *engine = userdata;
	struct guard_message message;
	int r = guard_receive(fd, &message);

	if (r == -EAGAIN || r == -EINTR)
		return 0;
	if (r <= 0) {
		sd_event_source_set_enabled(source, SD_EVENT_OFF);
		return 0;
	}
	engine_take_guard(engine, &message);
	return 0;
}

void engine_take_guard(struct engine *engine, const struct guard_message *message)
{
	struct scan_result result;

	if ((message->type & GUARD_TYPE_MASK) == GUARD_MESSAGE_ENDED)
		engine_note_end(engine, (pid_t)message->count,
				(int)(message->type >> GUARD_STATUS_SHIFT));
	if (message->type != GUARD_MESSAGE_ANSWERED)
		return;
	engine->counters.passed_while_stopped += message->count;
	log_notice(engine->log,
		   "the daemon was stopped: %u executions passed ungoverned; scanning for them",
		   message->count);
	(void)engine_scan(engine, &result, NULL);
}

static int on_scan(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)engine_scan_again(userdata);
	(void)sd_event_source_set_time_relative(source, SCAN_USEC);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

size_t engine_idle_rules(const struct engine *engine)
{
	const struct policy *policy = engine_policy(engine);
	size_t count = 0;

	for (size_t i = 0; !engine->gate && i < policy->rule_count; i++)
		count += (policy->rules[i].on & OCCASIONS_OF_FILES) != 0;
	return count;
}

/* Rules that would refuse or hold an execution, if anybody were asked before it. */
static size_t rules_before(const struct engine *engine)
{
	const struct policy *policy = engine_policy(engine);
	size_t count = 0;

	for (size_t i = 0; i < policy->rule_count; i++)
		count += policy->rules[i].on & OCCASION_BIT(ON_EXECUTE) &&
			 (rule_effect(&policy->rules[i], EFFECT_DENY) ||
			  rule_effect(&policy->rules[i], EFFECT_DELAY));
	return count;
}

void engine_tell_without_gate(struct engine *engine)
{
	size_t count = engine_idle_rules(engine), before = rules_before(engine);

	if (engine->options.local || engine->gate)
		return;
	if (before > 0)
		log_warning(engine->log,
			    "%zu rules refuse or delay nothing: without a gate executions are told "
			    "after they have begun",
			    before);
	if (count > 0)
		log_warning(engine->log,
			    "%zu rules on reading or writing do nothing: a scan sees no opens",
			    count);
}

/* ---- life ---- */

static int watch_sources(struct engine *engine)
{
	sd_event *event = engine->event;
	int r;

	r = sd_event_add_io(event, &engine->timer, engine->timer_fd, EPOLLIN, on_decisions, engine);
	if (r >= 0)
		r = sd_event_add_io(event, &engine->urgent, engine->urgent_fd, EPOLLIN, on_urgent,
				    engine);
	if (r >= 0 && engine->urgent)
		r = sd_event_source_set_priority(engine->urgent, SD_EVENT_PRIORITY_IMPORTANT);
	if (r >= 0)
		r = sd_event_add_io(event, &engine->mounts, engine->mountinfo_fd, EPOLLPRI,
				    on_mounts, engine);
	if (r >= 0 && engine->gate && gate_names_fd(engine->gate) >= 0)
		r = sd_event_add_io(event, &engine->file_names, gate_names_fd(engine->gate),
				    EPOLLIN, on_file_names, engine);
	if (r >= 0 && engine->file_names)
		r = sd_event_source_set_priority(engine->file_names, SD_EVENT_PRIORITY_IMPORTANT);
	if (r >= 0 && engine->options.guard_fd >= 0)
		r = sd_event_add_io(event, &engine->guard, engine->options.guard_fd, EPOLLIN,
				    on_guard, engine);
	if (r >= 0 && !engine->gate)
		r = sd_event_add_time_relative(event, &engine->scan_timer, CLOCK_MONOTONIC,
					       SCAN_USEC, 100000, on_scan, engine);
	return r;
}

int engine_loop_start(struct engine *engine, struct error *err)
{
	int r;

	r = resolver_new(engine->options.local ? NULL : engine->event, on_names, engine,
			 &engine->resolver, err);
	if (r < 0)
		return r;
	engine->stragglers = calloc(STRAGGLERS_MAX, sizeof(*engine->stragglers));
	engine->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	engine->urgent_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	engine->mountinfo_fd =
		openat(engine->host->proc_fd, "self/mountinfo", O_RDONLY | O_CLOEXEC);
	if (!engine->stragglers)
		return error_oom(err);
	if (engine->timer_fd < 0 || engine->urgent_fd < 0 || engine->mountinfo_fd < 0)
		return error_set_errno(err, -errno, "cannot open the loop's descriptors");
	return 0;
}

int engine_loop_watch(struct engine *engine, struct error *err)
{
	int r = watch_sources(engine);

	return r < 0 ? error_set_errno(err, r, "cannot watch the engine's descriptors") : 0;
}

void engine_loop_retire(struct engine *engine)
{
	sd_event_source **sources[] = {
		&engine->mounts,     &engine->guard,	   &engine->rename_timer,
		&engine->scan_timer, &engine->sweep_timer, &engine->file_names,
	};

	for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
		*sources[i] = sd_event_source_disable_unref(*sources[i]);
}

void engine_loop_stop(struct engine *engine)
{
	sd_event_source **sources[] = {
		&engine->timer,		  &engine->urgent,	 &engine->mounts,
		&engine->guard,		  &engine->rename_timer, &engine->scan_timer,
		&engine->straggler_timer, &engine->file_names,
	};
	int *fds[] = { &engine->timer_fd, &engine->urgent_fd, &engine->mountinfo_fd };

	for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
		*sources[i] = sd_event_source_disable_unref(*sources[i]);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		if (*fds[i] >= 0)
			close(TAKE_FD(*fds[i]));
	free(engine->stragglers);
	engine->stragglers = NULL;
}
