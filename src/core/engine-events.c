// SPDX-License-Identifier: MIT
/*
 * Decisions for those who watch. A subscriber that does not read gets no more once BACKLOG_MAX
 * bytes wait for it; what it missed is counted and told to it with the next one.
 */
#include "core/engine-internal.h"

#include "util/text.h"

#include <time.h>

enum { BACKLOG_MAX = 1 << 20 };

static json_t *json_time(uint64_t boottime)
{
	uint64_t wall = clock_realtime() - (clock_boottime() - boottime);
	time_t seconds = (time_t)(wall / UINT64_C(1000000000));
	char stamp[40];
	struct tm tm;
	size_t n;

	gmtime_r(&seconds, &tm);
	n = strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(stamp + n, sizeof(stamp) - n, ".%06uZ",
		 (unsigned)(wall % UINT64_C(1000000000) / 1000));
	return json_string(stamp);
}

/* A file name is bytes, JSON is UTF-8: what is not valid is escaped as \xNN, reversibly. */
static json_t *json_bytes(const char *bytes)
{
	_cleanup_(freep) char *escaped = NULL;
	struct text text;

	text_init(&text);
	text_add_escaped(&text, bytes, strlen(bytes));
	escaped = text_take(&text);
	return escaped ? json_string(escaped) : NULL;
}

static const char *result_word(const struct decision *d)
{
	if (d->flags & DECISION_PUT_BACK)
		return "put back";
	if (d->flags & DECISION_DRY)
		return "dry run";
	if (d->flags & DECISION_KILLED)
		return "killed";
	if (d->result < 0)
		return d->result == -ESRCH ? "gone" : strerror(-d->result);
	if (d->flags & DECISION_MOVED)
		return "moved";
	if (d->flags & DECISION_ALREADY)
		return "already there";
	if (d->flags & DECISION_SECOND)
		return "decided by the file before";
	return d->flags & DECISION_TRIGGER ? "trigger" : "matched";
}

static json_t *optional_string(const char *string)
{
	return string ? json_string(string) : json_null();
}

json_t *decision_to_json(const struct shown_decision *shown)
{
	static const char *const actions[] = { "execute", "read", "write" };
	const struct decision *d = &shown->decision;
	const struct policy *policy = shown->policy->policy;
	const char *rule = d->rule_count ? policy->rules[d->rules[0]].name : NULL;
	const char *group = d->group >= 0 ? policy->groups[d->group].name : NULL;

	if (d->group_rule >= 0)
		rule = policy->rules[d->group_rule].name;
	return json_pack("{s:o, s:i, s:o, s:o, s:o, s:s, s:s, s:i}", "time", json_time(d->time_ns),
			 "pid", d->pid, "path", json_bytes(d->path), "rule", optional_string(rule),
			 "group", optional_string(group), "action", actions[d->action], "result",
			 result_word(d), "microseconds", (int)d->took_us);
}

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
	free(gone);
}

int engine_subscribe(struct engine *engine, struct varlink_call *call)
{
	struct subscriber *subscriber = calloc(1, sizeof(*subscriber));

	if (!subscriber)
		return -ENOMEM;
	subscriber->call = call;
	subscriber->next = engine->subscribers;
	engine->subscribers = subscriber;
	varlink_on_gone(call, on_gone, engine);
	/*
	 * At once, so that the reader knows that nothing from now on is missed. One that is gone
	 * already is told by on_gone(); an error here would have the call freed without it.
	 */
	(void)varlink_notify(call, json_object());
	return 0;
}

void engine_publish(struct engine *engine, const struct shown_decision *shown)
{
	struct subscriber *next;

	for (struct subscriber *s = engine->subscribers; s; s = next) {
		json_t *reply;

		next = s->next;
		if (varlink_backlog(s->call) > BACKLOG_MAX) {
			s->lost++;
			engine->counters.events_lost++;
			continue;
		}
		reply = json_pack("{s:o}", "decision", decision_to_json(shown));
		if (reply && s->lost > 0)
			json_object_set_new(reply, "lost", json_integer((json_int_t)s->lost));
		s->lost = 0;
		(void)varlink_notify(s->call, reply);
	}
}

void engine_unsubscribe_all(struct engine *engine)
{
	while (engine->subscribers) {
		struct subscriber *subscriber = engine->subscribers;

		engine->subscribers = subscriber->next;
		(void)varlink_reply(subscriber->call, json_object());
		free(subscriber);
	}
}
