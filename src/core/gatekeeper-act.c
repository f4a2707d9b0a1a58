// SPDX-License-Identifier: MIT
/*
 * What a verdict means for the process that waits. In this order: what is to be done (the plan);
 * is this the second file of the same execve (a script's interpreter, a program's loader), whose
 * group the first one has decided; then either all of it here, or, where a part needs the loop,
 * all of it there while the process is held.
 *
 * The loop is told of triggers and messages before anything ends the process: who it was is read
 * while it is still there.
 */
#include "core/gatekeeper-internal.h"

#include "core/rate-key.h"
#include "core/subject.h"
#include "util/fd.h"

#include <sys/eventfd.h>
#include <sys/timerfd.h>

enum {
	LOOK_AFTER_NS = 5000000, /* a decision is looked at, and its outcome checked, after this */
	HOLD_MOST_NS = 2000000000,
};

_Static_assert((int)URGENT_RULES >= (int)VERDICT_RULES, "all rules of a verdict fit");

/* ---- telling the loop ---- */

static void arm(struct gatekeeper *keeper)
{
	static const struct itimerspec soon = { .it_value = { .tv_nsec = LOOK_AFTER_NS } };

	if (atomic_exchange(&keeper->armed, true))
		return;
	(void)timerfd_settime(keeper->options.timer_fd, 0, &soon, NULL);
}

static void tell(struct gatekeeper *keeper, struct seat *seat, const struct snapshot *snapshot,
		 struct decision *decision)
{
	uint64_t took = clock_boottime() - seat->begun;

	decision->took_us = (uint32_t)(took / 1000);
	for (unsigned i = 0; i < decision->rule_count; i++)
		rule_stat_took(&snapshot->shared->stats[decision->rules[i]], took);
	(void)decision_queue_put(&keeper->decisions, decision);
	arm(keeper);
}

/* What triggers and messages say of the process is read now: it may be gone a moment later. */
static void describe(struct gatekeeper *keeper, struct seat *seat, const struct verdict *verdict,
		     struct urgent *urgent)
{
	struct facts *facts = &seat->process.facts;

	(void)facts_know(facts, FACT_IDS);
	(void)facts_know(facts, FACT_LOGIN);
	(void)facts_know(facts, FACT_EXE);
	(void)facts_know(facts, FACT_COMM);
	(void)facts_know(facts, FACT_ARGUMENTS);
	(void)facts_know(facts, FACT_CWD);
	(void)facts_know(facts, FACT_CGROUP);
	(void)facts_know(facts, FACT_SCRIPT);
	urgent->rule_count = verdict->count;
	memcpy(urgent->rules, verdict->rules, verdict->count * sizeof(urgent->rules[0]));
	snprintf(urgent->path, sizeof(urgent->path), "%s", seat->event->path);
	process_facts_put_interpreter(&seat->process);
	urgent_take_facts(urgent, facts);
	subject_read(keeper->host, facts->pid, seat->event->pid, &urgent->subject);
}

static bool hand_over(struct gatekeeper *keeper, struct seat *seat, struct urgent *urgent,
		      const struct decision *decision)
{
	urgent->decision = *decision;
	urgent->decision.start = process_facts_start(&seat->process);
	if (!decision_queue_put(&keeper->urgent, urgent))
		return false;
	(void)eventfd_write(keeper->options.urgent_fd, 1);
	return true;
}

/* ---- executions ---- */

bool gatekeeper_is_second(struct seat *seat)
{
	struct gatekeeper *keeper = seat->keeper;
	struct confirm *confirm = keeper->options.confirm;

	if (!seat->ticket_known) {
		seat->ticket_known = true;
		seat->ticket = confirm_ticket(confirm, seat->event->pid);
		seat->same = confirm_is_same(confirm, seat->event->pid, seat->ticket);
		seat->below = seat->same && execve_files_is_below(&keeper->files, seat->event);
		seat->next = seat->below ||
			     (seat->same && execve_files_is_next(&keeper->files, seat->event));
	}
	return seat->next;
}

/* The layer's file of what was judged by its name on the overlay. Who may not run it still may not.
 */
static bool is_repeated(struct seat *seat, const struct policy *policy,
			const struct verdict *verdict)
{
	if (seat->occasions != OCCASION_BIT(ON_EXECUTE) || !gatekeeper_is_second(seat) ||
	    !seat->below)
		return false;
	for (unsigned i = 0; i < verdict->count; i++)
		if (rule_effect(&policy->rules[verdict->rules[i]], EFFECT_DENY))
			return false;
	return true;
}

/* A script leads on to its interpreter, an overlay to its layer, also where no rule places it. */
static void pass_on(struct gatekeeper *keeper, struct seat *seat)
{
	bool second = gatekeeper_is_second(seat);

	if (!second && !execve_files_has_layers(seat->event))
		return;
	if (!second)
		confirm_arm(keeper->options.confirm, seat->event->pid, seat->ticket);
	if (!seat->below)
		execve_files_expect(&keeper->files, keeper->host, seat->event);
}

/* The first file of an execution decides the group, and may have to be undone. */
static void begin_execution(struct gatekeeper *keeper, struct seat *seat, struct decision *decision)
{
	if (!plan_has(&seat->plan, EFFECTS_THAT_PLACE)) {
		pass_on(keeper, seat);
		return;
	}
	if (gatekeeper_is_second(seat)) {
		decision->flags |= DECISION_SECOND;
		plan_drop(&seat->plan, EFFECTS_THAT_PLACE | UINT32_C(1) << EFFECT_DELAY);
	} else {
		decision->flags |= seat->same ? DECISION_AFTER_FAILED : 0;
		confirm_arm(keeper->options.confirm, decision->pid, seat->ticket);
	}
	decision->ticket = seat->ticket;
	/* The interpreter of a script may be a script. */
	if (!seat->below)
		execve_files_expect(&keeper->files, keeper->host, seat->event);
}

/* ---- acting ---- */

static void fill(struct seat *seat, const struct snapshot *snapshot, const struct verdict *verdict,
		 struct decision *decision)
{
	const struct gate_event *event = seat->event;
	const struct facts *facts = &seat->process.facts;
	size_t skip =
		event->path_length >= DECISION_PATH ? event->path_length - DECISION_PATH + 1 : 0;

	process_facts_complete_ids(&seat->process);
	*decision = (struct decision){
		.time_ns = seat->begun,
		.pid = facts->pid,
		.on = (uint16_t)facts->on,
		.occasions = (uint16_t)seat->occasions,
		.group = POLICY_NONE,
		.group_rule = POLICY_NONE,
		.generation = snapshot->generation,
		.start = seat->process.start,
		.uid = facts->known >> FACT_IDS & 1 ? facts->uid : UINT32_MAX,
		.rule_count = MIN(verdict->count, (unsigned)DECISION_RULES),
	};
	memcpy(decision->rules, verdict->rules, decision->rule_count * sizeof(uint32_t));
	memcpy(decision->path, event->path + skip, event->path_length - skip + 1);
}

static void make_plan(struct gatekeeper *keeper, struct seat *seat, const struct snapshot *snapshot,
		      const struct verdict *verdict, struct decision *decision)
{
	struct rate_question question = {
		.policy = snapshot_policy(snapshot),
		.table = keeper->rates,
		.facts = &seat->process.facts,
		.now_ns = clock_monotonic(),
	};

	plan_make(question.policy, verdict, rate_is_over, &question, keeper->options.dry_run,
		  &seat->plan);
	for (unsigned i = 0; i < verdict->count; i++) {
		struct rule_stat *stat = &snapshot->shared->stats[verdict->rules[i]];

		rule_stat_add(&stat->matched);
		if (seat->plan.over >> i & 1)
			rule_stat_add(&stat->over);
	}
	decision->flags |= question.over > 0 ? DECISION_OVER : 0;
	if (verdict->truncated || seat->plan.truncated) {
		keeper_count(&keeper->counters.too_many_rules);
		decision->flags |= DECISION_TRUNCATED;
	}
}

/* Who has registered stays where it is. */
static void leave_alone(struct gatekeeper *keeper, struct seat *seat, struct decision *decision)
{
	const struct exempt *exempt = keeper->options.exempt;

	if (!exempt || !plan_has(&seat->plan, EFFECTS_THAT_PLACE) ||
	    !exempt_covers(exempt, decision->pid))
		return;
	plan_drop(&seat->plan, EFFECTS_THAT_PLACE);
	decision->flags |= DECISION_EXEMPT;
	keeper_count(&keeper->counters.exempt);
}

/* What the loop is to do: all of it while the process is held, else what is not done here. */
static void divide(struct seat *seat, struct effects *effects, bool held)
{
	struct plan *theirs = &seat->urgent.plan;

	theirs->count = 0;
	theirs->kinds = 0;
	for (size_t i = 0; i < seat->plan.count; i++) {
		const struct plan_step *step = &seat->plan.steps[i];

		if (!held && (effect_place(step->effect) == PLACE_HERE || step->dry))
			continue;
		theirs->steps[theirs->count++] = *step;
		theirs->kinds |= UINT32_C(1) << step->effect->kind;
		if (step->effect->kind != EFFECT_TRIGGER || step->dry)
			continue;
		effects->decision->flags |= DECISION_TRIGGER;
		keeper_count(&seat->keeper->counters.triggered);
	}
}

static bool needs_loop(const struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		if (!plan->steps[i].dry && effect_place(plan->steps[i].effect) == PLACE_LOOP)
			return true;
	return false;
}

/* The strictest deadline of the rules that match; false: they have none. */
static bool find_deadline(const struct policy *policy, const struct verdict *verdict,
			  struct policy_deadline *ret_deadline)
{
	bool any = false;

	for (unsigned i = 0; i < verdict->count; i++) {
		const struct policy_deadline *deadline = &policy->rules[verdict->rules[i]].deadline;

		if (deadline->after_ns == 0 ||
		    (any && deadline->after_ns >= ret_deadline->after_ns))
			continue;
		*ret_deadline = *deadline;
		any = true;
	}
	return any;
}

/*
 * Who waits for the loop, or has a deadline, has a clock that answers in our place. Without a
 * deadline of its own, one that only the loop of a daemon that is stuck can miss.
 */
static int64_t begin_hold(struct seat *seat, const struct policy *policy,
			  const struct verdict *verdict, bool loop)
{
	const struct plan_step *delay = plan_find(&seat->plan, EFFECT_DELAY);
	struct policy_deadline deadline = { .after_ns = HOLD_MOST_NS };
	struct gate_hold_options options = { 0 };
	uint64_t gone = clock_boottime() - seat->begun;

	if (*seat->event->hold > 0)
		return *seat->event->hold;
	if (!find_deadline(policy, verdict, &deadline) && !loop)
		return 0;
	options.deny = deadline.deny;
	options.after_ns = deadline.after_ns + (delay ? delay->effect->delay_ns : 0);
	options.after_ns = options.after_ns > gone ? options.after_ns - gone : 1;
	return gate_hold(seat->event, &options);
}

/* The whole plan becomes the loop's, and the process is held until it is done. */
static bool leave_to_loop(struct gatekeeper *keeper, struct seat *seat,
			  const struct verdict *verdict, struct effects *effects, int64_t hold)
{
	struct urgent *urgent = &seat->urgent;

	if (hold <= 0)
		return false;
	divide(seat, effects, true);
	effects->decision->flags |= DECISION_HELD;
	describe(keeper, seat, verdict, urgent);
	urgent->hold = hold;
	if (hand_over(keeper, seat, urgent, effects->decision)) {
		keeper_count(&keeper->counters.held);
		return true;
	}
	effects->decision->flags &= ~(uint32_t)DECISION_HELD;
	return false;
}

/* Those whose place is here, in the order of their kinds. The process is described for the loop
 * before anything ends it. */
static void carry_out(struct gatekeeper *keeper, struct seat *seat, const struct verdict *verdict,
		      struct effects *effects)
{
	struct urgent *urgent = &seat->urgent;

	divide(seat, effects, false);
	urgent->hold = 0;
	if (urgent->plan.count > 0)
		describe(keeper, seat, verdict, urgent);
	for (size_t i = 0; i < seat->plan.count; i++) {
		const struct plan_step *step = &seat->plan.steps[i];

		if ((effect_place(step->effect) == PLACE_HERE || step->dry) &&
		    effects_allow(effects, step))
			(void)effects_carry_out(effects, step);
	}
	if (urgent->plan.count > 0)
		(void)hand_over(keeper, seat, urgent, effects->decision);
}

static void note_late(const struct snapshot *snapshot, const struct verdict *verdict,
		      struct decision *decision)
{
	decision->flags |= DECISION_LATE;
	for (unsigned i = 0; i < verdict->count; i++)
		rule_stat_add(&snapshot->shared->stats[verdict->rules[i]].late);
}

unsigned gatekeeper_act(struct gatekeeper *keeper, struct seat *seat,
			const struct snapshot *snapshot, const struct verdict *verdict)
{
	struct decision decision;
	struct effects effects = {
		.host = keeper->host,
		.snapshot = snapshot,
		.own = keeper->own,
		.target = { .pid = seat->process.facts.pid, .pidfd = -1 },
		.waits = true,
		.was = &seat->was,
		.destination = &seat->destination,
		.decision = &decision,
		.counters = &keeper->counters,
	};
	int64_t hold;
	bool loop;

	if (is_repeated(seat, snapshot_policy(snapshot), verdict))
		return GATE_ALLOW;
	fill(seat, snapshot, verdict, &decision);
	keeper_count(&keeper->counters.matched);
	make_plan(keeper, seat, snapshot, verdict, &decision);
	leave_alone(keeper, seat, &decision);
	if (seat->plan.kinds & ~EFFECTS_BESIDE)
		effects_begin(&effects);
	if (decision.on == ON_EXECUTE)
		begin_execution(keeper, seat, &decision);
	if (effects_will_deny(&effects, &seat->plan))
		plan_drop(&seat->plan, EFFECTS_OF_THE_START);
	loop = needs_loop(&seat->plan);
	hold = begin_hold(seat, snapshot_policy(snapshot), verdict, loop);
	if (loop) {
		if (leave_to_loop(keeper, seat, verdict, &effects, hold))
			return GATE_HOLD;
		decision.flags |= DECISION_UNHELD;
		keeper_count(&keeper->counters.not_held);
	}
	carry_out(keeper, seat, verdict, &effects);
	if (hold > 0 && gate_hold_is_late(seat->event->gate, hold))
		note_late(snapshot, verdict, &decision);
	/* What the loop goes on with it tells itself. */
	if (!(decision.flags & DECISION_UNHELD) &&
	    !plan_only_counts(&seat->plan, snapshot_policy(snapshot), verdict))
		tell(keeper, seat, snapshot, &decision);
	return decision.flags & (DECISION_DENIED | DECISION_KILLED) ? GATE_DENY : GATE_ALLOW;
}
