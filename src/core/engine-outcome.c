// SPDX-License-Identifier: MIT
/*
 * What became of the executions that the gate let go. A straggler is one whose outcome is not known
 * yet: the process is in execve still, or has begun another execution since. The latter wait for
 * that other one: if it succeeds they are done with; if it fails as well, the process is put back
 * where it was before all of them.
 *
 * Stragglers of one process are in the list in the order of their executions, for the gate's
 * decisions are.
 */
#include "core/engine-internal.h"

#include "core/verify.h"

enum {
	STRAGGLER_USEC = 20000,
	STRAGGLER_TRIES = 3000, /* a minute */
};

static int on_stragglers(sd_event_source *source, uint64_t usec, void *userdata);

static void wait_for_stragglers(struct engine *engine)
{
	if (engine->straggler_timer)
		return;
	(void)sd_event_add_time_relative(engine->event, &engine->straggler_timer, CLOCK_MONOTONIC,
					 STRAGGLER_USEC, STRAGGLER_USEC / 4, on_stragglers, engine);
}

static void remove_done(struct engine *engine)
{
	size_t kept = 0;

	for (size_t i = 0; i < engine->straggler_count; i++)
		if (!engine->stragglers[i].done)
			engine->stragglers[kept++] = engine->stragglers[i];
	engine->straggler_count = kept;
}

static bool waits_for(const struct straggler *straggler, const struct decision *decision)
{
	return !straggler->done && straggler->superseded &&
	       straggler->decision.pid == decision->pid && &straggler->decision != decision;
}

/* Those that waited for this execution's outcome need not any more. */
static void forget_earlier(struct engine *engine, const struct decision *decision)
{
	for (size_t i = 0; i < engine->straggler_count; i++)
		if (waits_for(&engine->stragglers[i], decision))
			engine->stragglers[i].done = true;
}

/* All that is not known yet of the same process waits for this one, or has nothing to wait for:
 * then an execution had succeeded in between, or the process was put back already. */
static void supersede_earlier(struct engine *engine, const struct decision *decision)
{
	for (size_t i = 0; i < engine->straggler_count; i++) {
		struct straggler *straggler = &engine->stragglers[i];

		if (straggler->decision.pid != decision->pid)
			continue;
		straggler->superseded = true;
		straggler->done |= !(decision->flags & DECISION_AFTER_FAILED);
	}
}

static void record_back(struct engine *engine, const struct decision *decision)
{
	struct decision back = *decision;

	if (!(decision->flags & DECISION_MOVED))
		return;
	engine->counters.put_back++;
	back.flags |= DECISION_PUT_BACK;
	engine_record(engine, &back);
}

/* Where it was moved by the gate: a group of the policy then in force, or one made on demand. */
static const struct placement *placement_of(const struct engine *engine,
					    const struct decision *decision)
{
	const struct snapshot *snapshot = engine_snapshot(engine, decision->generation);
	const struct group *group;

	if (decision->made[0] != '\0') {
		group = groups_find(engine->groups, decision->made);
		return group ? group_placement(group) : NULL;
	}
	return snapshot && decision->group >= 0 ? snapshot->placements[decision->group] : NULL;
}

/* Of a group that is not ours; owned, NULL where it cannot be told. */
static struct destination *foreign_place(const struct engine *engine,
					 const struct decision *decision)
{
	_cleanup_(freep) struct destination *place = malloc(sizeof(*place));

	if (!place || engine_place_again(engine, decision, place) < 0)
		return NULL;
	return TAKE_PTR(place);
}

void engine_settle_race(struct engine *engine, const struct decision *decision)
{
	const uint32_t placed = DECISION_MOVED | DECISION_ALREADY;

	if (!(decision->flags & placed) || decision->flags & DECISION_SECOND)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(engine->raced); i++) {
		_cleanup_(freep) struct destination *foreign = NULL;
		const struct placement *placement;

		if (engine->raced[i] == 0 || engine->raced[i] != decision->pid)
			continue;
		engine->raced[i] = 0;
		placement = placement_of(engine, decision);
		if (!placement && (foreign = foreign_place(engine, decision)))
			placement = &foreign->placement;
		if (placement)
			(void)placement_move(placement, decision->pid, NULL);
		engine->counters.races++;
	}
}

static void put_back(struct engine *engine, const struct decision *decision)
{
	struct verify_step steps[STRAGGLERS_MAX + 1];
	struct destination *places[STRAGGLERS_MAX + 1] = { 0 };
	size_t count = 0;
	int r;

	for (size_t i = 0; i < engine->straggler_count; i++)
		if (waits_for(&engine->stragglers[i], decision))
			steps[count++].decision = &engine->stragglers[i].decision;
	steps[count++].decision = decision;
	for (size_t i = 0; i < count; i++) {
		steps[i].placement = placement_of(engine, steps[i].decision);
		if (!steps[i].placement && (places[i] = foreign_place(engine, steps[i].decision)))
			steps[i].placement = &places[i]->placement;
	}
	r = verify_put_back(engine->layout, engine->host, steps, count);
	if (r < 0) {
		engine->counters.stuck++;
		log_limited(engine->log, &engine->move_limit, LOG_WARNING,
			    "process %d stays in its new group although its execution of %s "
			    "failed: it could not be put back",
			    decision->pid, decision->path);
	}
	for (size_t i = 0; r > 0 && i < count; i++)
		record_back(engine, steps[i].decision);
	for (size_t i = 0; i < count; i++)
		free(places[i]);
}

enum next { SETTLED, LOOK_AGAIN, SUPERSEDED };

static enum next look(struct engine *engine, const struct decision *decision, uint64_t *ticks)
{
	switch (verify_execution(engine->confirm, engine->host, decision, ticks)) {
	case VERIFY_LATER:
		return LOOK_AGAIN;
	case VERIFY_AGAIN:
		return SUPERSEDED;
	case VERIFY_FAILED:
		/* First back, then disarmed: what it executes in between knows that it has to look
		 * at this one for where the process was. */
		put_back(engine, decision);
		if (!confirm_disarm(engine->confirm, decision->pid, decision->ticket) &&
		    verify_execution(engine->confirm, engine->host, decision, ticks) ==
			    VERIFY_AGAIN)
			return SUPERSEDED;
		break;
	case VERIFY_DONE:
		break;
	}
	forget_earlier(engine, decision);
	return SETTLED;
}

static void add_straggler(struct engine *engine, const struct decision *decision, uint64_t ticks,
			  bool superseded)
{
	if (engine->straggler_count == STRAGGLERS_MAX)
		remove_done(engine);
	if (engine->straggler_count == STRAGGLERS_MAX) {
		engine->counters.stragglers_dropped++;
		return;
	}
	engine->stragglers[engine->straggler_count++] = (struct straggler){
		.decision = *decision, .ticks = ticks, .superseded = superseded
	};
	wait_for_stragglers(engine);
}

void engine_check_outcome(struct engine *engine, const struct decision *decision)
{
	uint64_t ticks = 0;
	enum next next;

	supersede_earlier(engine, decision);
	next = look(engine, decision, &ticks);
	if (next != SETTLED)
		add_straggler(engine, decision, ticks, next == SUPERSEDED);
}

static int on_stragglers(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct engine *engine = userdata;

	engine->straggler_timer = sd_event_source_disable_unref(engine->straggler_timer);
	for (size_t i = 0; i < engine->straggler_count; i++) {
		struct straggler *straggler = &engine->stragglers[i];
		enum next next;

		if (straggler->done)
			continue;
		if (++straggler->tries > STRAGGLER_TRIES) {
			engine->counters.stragglers_dropped++;
			straggler->done = true;
		} else if (!straggler->superseded) {
			next = look(engine, &straggler->decision, &straggler->ticks);
			straggler->done = next == SETTLED;
			straggler->superseded = next == SUPERSEDED;
		}
	}
	remove_done(engine);
	if (engine->straggler_count > 0)
		wait_for_stragglers(engine);
	return 0;
}
