// SPDX-License-Identifier: MIT
/*
 * Groups that are killed whole. Where the kernel has no cgroup.kill that takes several steps, which
 * the loop takes by a timer and never waits for.
 */
#include "core/engine-internal.h"

enum {
	KILL_STEP_USEC = 5000,
	KILL_STEPS = 1000,
};

/* A group that is being killed; it takes steps where the kernel has no cgroup.kill. */
struct killing {
	struct killing *next;
	struct engine *engine;
	struct group_killing state;
	unsigned steps;
	char group[DECISION_GROUP];
};

static int on_kill_step(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct engine *engine = userdata;
	struct killing **at = &engine->killings;

	engine->kill_timer = sd_event_source_disable_unref(engine->kill_timer);
	while (*at) {
		struct killing *killing = *at;
		struct group *group = groups_find(engine->groups, killing->group);
		int r = group ? group_kill_step(group, &killing->state, NULL) : 1;

		if (r == 0 && ++killing->steps < KILL_STEPS) {
			at = &killing->next;
			continue;
		}
		if (r <= 0) {
			group_kill_stop(group, &killing->state);
			log_limited(engine->log, &engine->move_limit, LOG_WARNING,
				    "not all processes of group \"%s\" could be killed",
				    killing->group);
		}
		*at = killing->next;
		free(killing);
	}
	if (engine->killings)
		(void)sd_event_add_time_relative(engine->event, &engine->kill_timer,
						 CLOCK_MONOTONIC, KILL_STEP_USEC, KILL_STEP_USEC,
						 on_kill_step, engine);
	return 0;
}

int engine_kill_group(struct engine *engine, struct group *group)
{
	struct killing *killing = calloc(1, sizeof(*killing));
	int r;

	if (!killing)
		return -ENOMEM;
	snprintf(killing->group, sizeof(killing->group), "%s", group_name(group));
	r = group_kill_step(group, &killing->state, NULL);
	if (r != 0) {
		free(killing);
		return MIN(r, 0);
	}
	killing->next = engine->killings;
	engine->killings = killing;
	if (!engine->kill_timer)
		r = sd_event_add_time_relative(engine->event, &engine->kill_timer, CLOCK_MONOTONIC,
					       KILL_STEP_USEC, KILL_STEP_USEC, on_kill_step,
					       engine);
	return MIN(r, 0);
}

void engine_stop_kills(struct engine *engine)
{
	while (engine->killings) {
		struct killing *killing = engine->killings;
		struct group *group = groups_find(engine->groups, killing->group);

		if (group)
			group_kill_stop(group, &killing->state);
		engine->killings = killing->next;
		free(killing);
	}
	engine->kill_timer = sd_event_source_disable_unref(engine->kill_timer);
}
