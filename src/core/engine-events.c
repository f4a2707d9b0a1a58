// SPDX-License-Identifier: MIT
/*
 * Decisions for those who watch. A subscriber that does not read gets no more once BACKLOG_MAX
 * bytes wait for it; what it missed is counted and told to it with the next one.
 */
#include "core/engine-internal.h"

#include "core/decision-json.h"

enum { BACKLOG_MAX = 1 << 20 };

static struct subscriber **find(struct engine *engine, const struct varlink_call *call)
{
	struct subscriber **at = &engine->subscribers;

	while (*at && (*at)->call != call)
		at = &(*at)->next;
	return at;
}

static void on_gone(struct varlink_call *call, void *userdata)
{
	struct engine *engine = userdata;
	struct subscriber **at = find(engine, call);
	struct subscriber *gone = *at;

	if (!gone)
		return;
	*at = gone->next;
	free(gone->rule);
	free(gone);
}

static void tell(struct engine *engine, struct subscriber *s, json_t *decision)
{
	json_t *reply;

	if (varlink_backlog(s->call) > BACKLOG_MAX) {
		s->lost++;
		engine->counters.events_lost++;
		return;
	}
	reply = json_pack("{s:O}", "decision", decision);
	if (reply && s->lost > 0)
		json_object_set_new(reply, "lost", json_integer((json_int_t)s->lost));
	s->lost = 0;
	(void)varlink_notify(s->call, reply);
}

int engine_subscribe(struct engine *engine, struct varlink_call *call,
		     const struct decision_wish *wish)
{
	struct subscriber *subscriber = calloc(1, sizeof(*subscriber));
	json_t *list = wish ? engine_list_decisions(engine, wish) : NULL, *decision;
	size_t index;

	if (subscriber && wish)
		subscriber->wish = *wish;
	if (subscriber && wish && wish->rule)
		subscriber->wish.rule = subscriber->rule = strdup(wish->rule);
	if (!subscriber || (wish && wish->rule && !subscriber->rule)) {
		free(subscriber);
		json_decref(list);
		return -ENOMEM;
	}
	subscriber->call = call;
	subscriber->next = engine->subscribers;
	engine->subscribers = subscriber;
	varlink_on_gone(call, on_gone, engine);
	/*
	 * At once, so that the reader knows that nothing from now on is missed. One that is gone
	 * already is told by on_gone(); an error here would have the call freed without it.
	 */
	(void)varlink_notify(call, json_object());
	json_array_foreach(list, index, decision)
	{
		/* It may have gone while it was told. */
		if (*find(engine, call) == subscriber)
			tell(engine, subscriber, decision);
	}
	json_decref(list);
	return 0;
}

void engine_publish(struct engine *engine, const struct shown_decision *shown)
{
	json_t *decision = decision_to_json(&shown->decision, shown->policy->policy);
	struct subscriber *next;

	for (struct subscriber *s = engine->subscribers; s && decision; s = next) {
		next = s->next;
		if (decision_wanted(decision, &s->wish))
			tell(engine, s, decision);
	}
	json_decref(decision);
}

void engine_unsubscribe_all(struct engine *engine, const struct error *why)
{
	while (engine->subscribers) {
		struct subscriber *subscriber = engine->subscribers;

		engine->subscribers = subscriber->next;
		if (why)
			(void)varlink_fail(subscriber->call, why->code, why);
		else
			(void)varlink_reply(subscriber->call, json_object());
		free(subscriber->rule);
		free(subscriber);
	}
}
