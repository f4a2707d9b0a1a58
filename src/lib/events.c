// SPDX-License-Identifier: MIT
/* io.reeve.Watch, one event at a time: the daemon sends several in one answer, which are kept. */
#include "reeve/events.h"

#include "lib/connect.h"
#include "lib/sentence.h"

#include <poll.h>
#include <time.h>

struct reeve_subscription {
	struct varlink_client *varlink;
	json_t *kept; /* events, from `next` on not handed out */
	size_t next;
	uint64_t lost;
};

struct reeve_event {
	json_t *members;
};

void reeve_subscription_close(struct reeve_subscription *subscription)
{
	if (!subscription)
		return;
	varlink_client_free(subscription->varlink);
	json_decref(subscription->kept);
	free(subscription);
}
DEFINE_CLEANUP(struct reeve_subscription *, reeve_subscription_close);

int reeve_subscribe(const char *runtime_folder, const char *filter,
		    struct reeve_subscription **ret_subscription, char **ret_sentence)
{
	_cleanup_(reeve_subscription_closep) struct reeve_subscription *subscription =
		calloc(1, sizeof(*subscription));
	struct error err = ERROR_INIT;
	json_t *words = NULL;
	int r = subscription ? parse_object(filter, &words, &err) : -ENOMEM;

	if (r == 0)
		r = connect_daemon(runtime_folder, &subscription->varlink, &err);
	if (r == 0) {
		subscription->kept = json_array();
		r = varlink_observe_begin(subscription->varlink, "io.reeve.Watch",
					  json_pack("{s:s, s:O*}", "form", "json", "filter", words),
					  &err);
	}
	json_decref(words);
	if (r < 0)
		return sentence_give(&err, r, ret_sentence);
	*ret_subscription = TAKE_PTR(subscription);
	return 0;
}

int reeve_subscription_fd(const struct reeve_subscription *subscription)
{
	return varlink_client_fd(subscription->varlink);
}

uint64_t reeve_subscription_lost(const struct reeve_subscription *subscription)
{
	return subscription->lost;
}

static int on_reply(json_t *reply, void *userdata)
{
	struct reeve_subscription *subscription = userdata;
	json_int_t lost = json_integer_value(json_object_get(reply, "lost"));
	json_t *events = json_object_get(reply, "events");

	if (lost > 0)
		subscription->lost += (uint64_t)lost;
	return json_is_array(events) && json_array_extend(subscription->kept, events) < 0 ? -ENOMEM
											  : 0;
}

/* One that is kept: 0, or -EAGAIN. */
static int take_kept(struct reeve_subscription *subscription, struct reeve_event **ret_event)
{
	json_t *members = json_array_get(subscription->kept, subscription->next);
	struct reeve_event *event;

	if (!members) {
		json_array_clear(subscription->kept);
		subscription->next = 0;
		return -EAGAIN;
	}
	event = calloc(1, sizeof(*event));
	if (!event)
		return -ENOMEM;
	event->members = json_incref(members);
	subscription->next++;
	*ret_event = event;
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Reads what is there, waiting until then (-1: for ever). */
static int fill(struct reeve_subscription *subscription, int64_t until, struct error *err)
{
	struct pollfd polled = { .fd = reeve_subscription_fd(subscription), .events = POLLIN };
	int64_t left = until < 0 ? -1 : MAX(until - now_ms(), (int64_t)0);
	int r = poll(&polled, 1, (int)left);

	if (r < 0)
		return errno == EINTR ? 0 : -errno;
	if (r == 0)
		return -EAGAIN;
	return varlink_observe_ready(subscription->varlink, on_reply, subscription, err);
}

int reeve_next_event(struct reeve_subscription *subscription, int timeout_ms,
		     struct reeve_event **ret_event, char **ret_sentence)
{
	int64_t until = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
	struct error err = ERROR_INIT;
	int r = take_kept(subscription, ret_event);

	while (r == -EAGAIN) {
		r = fill(subscription, until, &err);
		if (r == 0)
			r = take_kept(subscription, ret_event);
		else
			break;
	}
	return r < 0 ? sentence_give(&err, r, ret_sentence) : 0;
}

/* ---- events ---- */

static const json_t *find(const struct reeve_event *event, const char *member)
{
	const json_t *value = event->members;

	while (value && *member) {
		size_t size = strcspn(member, ".");

		value = json_object_getn(value, member, size);
		member += size;
		member += *member == '.';
	}
	return value;
}

const char *reeve_event_text(const struct reeve_event *event, const char *member)
{
	return json_string_value(find(event, member));
}

int reeve_event_number(const struct reeve_event *event, const char *member, int64_t *ret_number)
{
	const json_t *value = find(event, member);

	if (!json_is_integer(value))
		return -ENOENT;
	*ret_number = json_integer_value(value);
	return 0;
}

char *reeve_event_json(const struct reeve_event *event)
{
	return json_dumps(event->members, JSON_COMPACT);
}

void reeve_event_free(struct reeve_event *event)
{
	if (!event)
		return;
	json_decref(event->members);
	free(event);
}
