// SPDX-License-Identifier: MIT
/*
 * Requests that take until processes have died or frozen. The loop does not wait for them: each is
 * a step now, and steps by a timer until it is done or too late; then it is answered. A client that
 * goes away is not answered, and what it asked for is done all the same.
 *
 * A group is looked up by its name at every step: a reload may have taken it away.
 */
#include "core/engine-internal.h"

enum { FREEZE_WAIT_MS = 2000, KILL_WAIT_MS = 5000, FIRST_USEC = 500, MOST_USEC = 20000 };

struct slow {
	struct slow *next;
	struct engine *engine;
	struct varlink_call *call; /* NULL: the client has gone */
	char *group;
	bool freeze; /* else kill */
	struct group_killing killing;
	uint64_t deadline; /* CLOCK_MONOTONIC, ns */
	uint64_t wait_usec;
	sd_event_source *timer;
};

static void slow_free(struct slow *slow)
{
	struct slow **at = &slow->engine->slow;

	while (*at && *at != slow)
		at = &(*at)->next;
	if (*at)
		*at = slow->next;
	sd_event_source_disable_unref(slow->timer);
	free(slow->group);
	free(slow);
}

static void on_gone(struct varlink_call *call, void *userdata)
{
	struct slow *slow = userdata;

	slow->call = NULL;
}

/* 1: done. 0: not yet. */
static int step(struct slow *slow, struct error *err)
{
	struct group *group = groups_find(slow->engine->groups, slow->group);
	bool late = clock_monotonic() >= slow->deadline;
	int r;

	if (!group)
		return slow->freeze ? error_set(err, -ENOENT, "there is no group \"%s\" any more",
						slow->group)
				    : 1;
	if (!slow->freeze) {
		r = group_kill_step(group, &slow->killing, err);
		if (r != 0 || !late)
			return r;
		group_kill_stop(group, &slow->killing);
		return group_kill_late(group, KILL_WAIT_MS, err);
	}
	r = group_freeze(group, true, 0, NULL);
	if (r == -ETIMEDOUT && !late)
		return 0;
	if (r == -ETIMEDOUT)
		return error_set(err, r, "not all processes of group %s froze within %d ms",
				 slow->group, FREEZE_WAIT_MS);
	/* Once more, for its sentence. */
	return r < 0 ? group_freeze(group, true, 0, err) : 1;
}

static void answer(struct slow *slow, int r, const struct error *err)
{
	struct varlink_call *call = slow->call;

	if (!call)
		return;
	varlink_on_gone(call, NULL, NULL);
	if (r >= 0)
		(void)varlink_reply(call, json_object());
	else
		(void)varlink_fail(call, r, err);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct slow *slow = userdata;
	int r = step(slow, &err);

	if (r == 0) {
		slow->wait_usec = MIN(slow->wait_usec * 2, (uint64_t)MOST_USEC);
		r = sd_event_source_set_time_relative(source, slow->wait_usec);
		if (r >= 0)
			r = sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
		if (r >= 0)
			return 0;
	}
	answer(slow, r, &err);
	slow_free(slow);
	return 0;
}

/* Goes on by itself; the call is answered when it is done. */
static int put_aside(struct engine *engine, struct varlink_call *call, const struct slow *begun)
{
	struct slow *slow = malloc(sizeof(*slow));
	int r;

	if (!slow)
		return -ENOMEM;
	*slow = *begun;
	slow->call = call;
	slow->wait_usec = FIRST_USEC;
	slow->group = strdup(begun->group);
	r = slow->group ? sd_event_add_time_relative(engine->event, &slow->timer, CLOCK_MONOTONIC,
						     FIRST_USEC, 1, on_timer, slow)
			: -ENOMEM;
	if (r < 0) {
		slow_free(slow);
		return r;
	}
	slow->next = engine->slow;
	engine->slow = slow;
	varlink_on_gone(call, on_gone, slow);
	return 1;
}

int engine_begin_slow(struct engine *engine, const char *method, struct varlink_call *call,
		      const json_t *parameters, struct error *err)
{
	bool freeze = streq(method, "io.reeve.FreezeGroup");
	struct slow slow = { .engine = engine, .freeze = freeze };
	const char *name = json_string_value(json_object_get(parameters, "name"));
	int r;

	if (!freeze && !streq(method, "io.reeve.KillGroup"))
		return 0;
	/* What is wrong with it engine_control() says. */
	if (!name || !groups_find(engine->groups, name))
		return 0;
	slow.group = strdup(name);
	if (!slow.group)
		return error_oom(err);
	slow.deadline =
		clock_monotonic() + (freeze ? FREEZE_WAIT_MS : KILL_WAIT_MS) * UINT64_C(1000000);
	r = step(&slow, err);
	if (r > 0)
		(void)varlink_reply(call, json_object());
	if (r == 0)
		r = put_aside(engine, call, &slow);
	if (r < 0)
		group_kill_stop(groups_find(engine->groups, name), &slow.killing);
	free(slow.group);
	return r < 0 ? error_set_errno(err, r, "group %s", name) : 1;
}

void engine_stop_slow(struct engine *engine)
{
	while (engine->slow) {
		struct slow *slow = engine->slow;
		struct group *group = groups_find(engine->groups, slow->group);

		if (group)
			group_kill_stop(group, &slow->killing);
		answer(slow, -ESHUTDOWN, NULL);
		slow_free(slow);
	}
}
