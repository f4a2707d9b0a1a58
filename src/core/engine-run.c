// SPDX-License-Identifier: MIT
/*
 * The loop's turns. Where rules are about users, a process that has changed its user runs on until
 * it is placed: the observer's turns, which tell of it, are urgent; all others are not.
 */
#include "core/engine-internal.h"
#include "core/engine-watch.h"

static bool is_urgent(const struct engine *engine)
{
	return engine_observer(engine) && observer_is_readable(engine_observer(engine));
}

static int turn(struct engine *engine)
{
	struct urgency *urgency = &engine->urgency;
	bool urgent = engine->gate && engine_wants_users(engine);
	int r = sd_event_prepare(engine->event);

	if (r == 0) {
		if (urgent)
			urgency_sleep(urgency, clock_monotonic());
		r = sd_event_wait(engine->event, UINT64_MAX);
		urgency_wake(urgency, r > 0 && is_urgent(engine), clock_monotonic());
	}
	if (r > 0)
		r = sd_event_dispatch(engine->event);
	urgency_end(urgency, clock_monotonic());
	return r;
}

int engine_run(struct engine *engine)
{
	int code, r;

	urgency_init(&engine->urgency, clock_monotonic());
	while (sd_event_get_state(engine->event) != SD_EVENT_FINISHED) {
		r = turn(engine);
		if (r < 0)
			return r;
	}
	r = sd_event_get_exit_code(engine->event, &code);
	return r < 0 ? r : code;
}
