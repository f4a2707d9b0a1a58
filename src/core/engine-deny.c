// SPDX-License-Identifier: MIT
/*
 * Refusals that the kernel makes by itself (source/kernel-deny.h), where BPF's security module is
 * on. Its programs are loaded when a policy first has something for them; where they do not load,
 * the gate refuses all of it, and `reeve status` says why.
 */
#include "core/engine-internal.h"

#include "core/denials.h"
#include "core/rule-stats.h"

static enum occasion occasion_of(unsigned what)
{
	if (what & KERNEL_DENY_EXECUTE)
		return ON_EXECUTE;
	return what & KERNEL_DENY_WRITE ? ON_WRITE : ON_READ;
}

/* The path that the rule names: the program tells the file by its identity. */
static const char *path_of(const struct snapshot *snapshot, const struct kernel_deny_record *record)
{
	for (size_t i = 0; i < snapshot->targets.count; i++) {
		const struct rule_target *target = &snapshot->targets.items[i];

		if (target->rule == record->rule && target->dev == record->dev &&
		    target->ino == record->ino)
			return target->text;
	}
	return "";
}

static void on_refusal(const struct kernel_deny_record *record, void *userdata)
{
	struct engine *engine = userdata;
	const struct snapshot *snapshot = gatekeeper_current(engine->keeper);
	enum occasion on = occasion_of(record->what);
	struct decision decision = {
		.time_ns = record->time_ns,
		.pid = record->pid,
		.group = POLICY_NONE,
		.group_rule = (int32_t)record->rule,
		.generation = snapshot->generation,
		.on = (uint16_t)on,
		.occasions = (uint16_t)OCCASION_BIT(on),
		.uid = record->uid,
		.rule_count = 1,
		.rules = { record->rule },
		.flags = DECISION_DENIED | DECISION_KERNEL,
	};
	struct rule_stat *stat;

	/* Of a set that was replaced since: its numbers are other rules now. */
	if (record->rule >= snapshot_policy(snapshot)->rule_count)
		return;
	decision.outcome.done = UINT32_C(1) << EFFECT_DENY;
	if (record->killed) {
		decision.flags |= DECISION_KILLED;
		decision.outcome.done |= UINT32_C(1) << EFFECT_KILL;
	}
	snprintf(decision.path, sizeof(decision.path), "%s", path_of(snapshot, record));
	stat = &snapshot->shared->stats[record->rule];
	rule_stat_add(&stat->matched);
	rule_stat_effect(stat, EFFECT_DENY, RESULT_DONE, 0);
	if (record->killed)
		rule_stat_effect(stat, EFFECT_KILL, RESULT_DONE, 0);
	engine_record(engine, &decision);
}

static int on_refusals(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct engine *engine = userdata;

	(void)kernel_deny_take(engine->deny, on_refusal, engine);
	return 0;
}

static int load(struct engine *engine)
{
	const pid_t own[] = { getpid(), engine->guard_pid, 0 };
	int r = kernel_deny_new(own, &engine->deny, &engine->deny_error);

	if (r < 0)
		return r;
	r = sd_event_add_io(engine->event, &engine->deny_source, kernel_deny_fd(engine->deny),
			    EPOLLIN, on_refusals, engine);
	if (r < 0)
		kernel_deny_free(TAKE_PTR(engine->deny));
	return r;
}

void engine_deny_update(struct engine *engine)
{
	const struct snapshot *snapshot = gatekeeper_current(engine->keeper);
	_cleanup_(freep) struct kernel_deny_entry *entries = NULL;
	size_t count = 0;
	int r;

	if (!engine->event || engine->options.local || engine->options.dry_run ||
	    engine->deny_error.code != 0)
		return;
	/* Records of the set before have its rules' numbers. */
	if (engine->deny)
		(void)kernel_deny_take(engine->deny, on_refusal, engine);
	r = denials_of(snapshot_policy(snapshot), &snapshot->targets, &entries, &count);
	if (r < 0 || (count == 0 && !engine->deny) || (!engine->deny && load(engine) < 0))
		return;
	r = kernel_deny_set(engine->deny, entries, count);
	engine->counters.kernel_denials = (uint64_t)MAX(r, 0);
	if (r < 0)
		log_warning(engine->log,
			    "the kernel does not take what it is to refuse by itself (%s); the "
			    "gate "
			    "refuses it",
			    strerror(-r));
}

void engine_deny_stop(struct engine *engine)
{
	engine->deny_source = sd_event_source_disable_unref(engine->deny_source);
	kernel_deny_free(engine->deny);
	engine->deny = NULL;
	error_done(&engine->deny_error);
}
