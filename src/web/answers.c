// SPDX-License-Identifier: MIT
/*
 * An answer is found by its question (method and parameters). It is young for a second after it
 * came; until then, and while it is under way, the next who asks shares it. It lives as long as
 * anybody holds it: a slow reader keeps its text, not the question's place.
 */
#include "web/answers.h"

#include "web/upstream.h"

enum {
	ANSWERS_MOST = 64,
	YOUNG_USEC = 1000000,
	PATIENCE_USEC = 30000000,
};

struct answer {
	struct answer *next;
	struct answers *answers; /* NULL: no longer to be found */
	unsigned refs;
	char *key;
	struct upstream *upstream;
	sd_event_source *timer; /* until it is old */
	struct answer_waiter *waiters;
	bool there;
	int result;
	json_t *reply;
	char *text;
	size_t size;
};

struct answers {
	sd_event *event;
	char *socket;
	struct answer *list;
	size_t count;
};

/* ---- one ---- */

struct answer *answer_ref(struct answer *answer)
{
	answer->refs++;
	return answer;
}

void answer_unref(struct answer *answer)
{
	if (!answer || --answer->refs > 0)
		return;
	sd_event_source_disable_unref(answer->timer);
	upstream_free(answer->upstream);
	json_decref(answer->reply);
	free(answer->text);
	free(answer->key);
	free(answer);
}

/* Nobody finds it from now on. */
static void forget(struct answer *answer)
{
	struct answers *answers = answer->answers;
	struct answer **at;

	if (!answers)
		return;
	for (at = &answers->list; *at != answer; at = &(*at)->next)
		;
	*at = answer->next;
	answers->count--;
	answer->answers = NULL;
	answer_unref(answer);
}

static int on_old(sd_event_source *source, uint64_t usec, void *userdata)
{
	forget(userdata);
	return 0;
}

static int on_reply(json_t *reply, void *userdata)
{
	struct answer *answer = userdata;

	answer->reply = json_incref(reply);
	return 1;
}

static void on_end(int result, const struct error *err, void *userdata)
{
	struct answer *answer = answer_ref(userdata);

	answer->result = answer->reply ? 0 : result;
	answer->text =
		answer->reply ? json_dumps(answer->reply, JSON_COMPACT) : strdup(error_text(err));
	if (!answer->text)
		answer->result = -ENOMEM;
	answer->size = answer->text ? strlen(answer->text) : 0;
	answer->there = true;
	upstream_free(TAKE_PTR(answer->upstream));
	if (answer->answers &&
	    sd_event_add_time_relative(answer->answers->event, &answer->timer, CLOCK_MONOTONIC,
				       YOUNG_USEC, 0, on_old, answer) < 0)
		forget(answer);
	while (answer->waiters) {
		struct answer_waiter *waiter = answer->waiters;

		answer->waiters = waiter->next;
		waiter->next = NULL;
		waiter->ready(waiter);
	}
	answer_unref(answer);
}

int answer_result(const struct answer *answer, struct slice *ret_text)
{
	*ret_text = (struct slice){ answer->text ? answer->text : "", answer->size };
	return answer->result;
}

const json_t *answer_reply(const struct answer *answer)
{
	return answer->reply;
}

/* ---- all ---- */

int answers_new(sd_event *event, const char *socket, struct answers **ret_answers)
{
	_cleanup_(answers_freep) struct answers *answers = calloc(1, sizeof(*answers));

	if (!answers)
		return -ENOMEM;
	answers->event = sd_event_ref(event);
	answers->socket = strdup(socket);
	if (!answers->socket)
		return -ENOMEM;
	*ret_answers = TAKE_PTR(answers);
	return 0;
}

void answers_free(struct answers *answers)
{
	if (!answers)
		return;
	while (answers->list)
		forget(answers->list);
	sd_event_unref(answers->event);
	free(answers->socket);
	free(answers);
}

static struct answer *find(const struct answers *answers, const char *key)
{
	for (struct answer *answer = answers->list; answer; answer = answer->next)
		if (streq(answer->key, key))
			return answer;
	return NULL;
}

/* Asks the daemon; where that fails, the failure is the answer. */
static int begin(struct answers *answers, const char *method, json_t *parameters, char **key,
		 struct answer **ret_answer)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct answer *answer = calloc(1, sizeof(*answer));
	const struct upstream_use use = { .reply = on_reply, .end = on_end, .userdata = answer };
	int r;

	if (!answer) {
		json_decref(parameters);
		return -ENOMEM;
	}
	answer->refs = 1;
	answer->key = TAKE_PTR(*key);
	answer->answers = answers;
	answer->next = answers->list;
	answers->list = answer;
	answers->count++;
	*ret_answer = answer_ref(answer);
	r = upstream_new(answers->event, answers->socket, method, parameters, PATIENCE_USEC, &use,
			 &answer->upstream, &err);
	if (r < 0)
		on_end(r, &err, answer);
	return 0;
}

int answers_ask(struct answers *answers, const char *method, json_t *parameters,
		struct answer_waiter *waiter)
{
	_cleanup_(freep) char *words = NULL, *key = NULL;
	struct answer *answer;
	int r;

	words = parameters ? json_dumps(parameters, JSON_COMPACT | JSON_SORT_KEYS) : strdup("");
	if (!words || asprintf(&key, "%s %s", method, words) < 0) {
		json_decref(parameters);
		return -ENOMEM;
	}
	answer = find(answers, key);
	if (answer) {
		json_decref(parameters);
		waiter->answer = answer_ref(answer);
	} else {
		if (answers->count >= ANSWERS_MOST) {
			json_decref(parameters);
			return -EBUSY;
		}
		r = begin(answers, method, parameters, &key, &waiter->answer);
		if (r < 0)
			return r;
	}
	answer = waiter->answer;
	if (answer->there)
		return 1;
	waiter->next = answer->waiters;
	answer->waiters = waiter;
	return 0;
}

void answer_leave(struct answer_waiter *waiter)
{
	struct answer_waiter **at;

	if (!waiter->answer)
		return;
	for (at = &waiter->answer->waiters; *at && *at != waiter; at = &(*at)->next)
		;
	if (*at)
		*at = waiter->next;
	answer_unref(TAKE_PTR(waiter->answer));
}
