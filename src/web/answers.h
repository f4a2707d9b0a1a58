/* SPDX-License-Identifier: MIT */
/*
 * What the daemon answered a moment ago, so that many browsers, and an impatient one, ask it no
 * more than once a second for the same.
 */
#pragma once

#include "util/text.h"

#include "util/error.h"

#include <jansson.h>
#include <systemd/sd-event.h>

struct answers;
struct answer;

/* Who waits for one; embedded. */
struct answer_waiter {
	struct answer_waiter *next;
	void (*ready)(struct answer_waiter *waiter);
	struct answer *answer; /* referenced from answers_ask() to answer_leave() */
};

int answers_new(sd_event *event, const char *socket, struct answers **ret_answers);
/* Nobody may wait any more. */
void answers_free(struct answers *answers);
DEFINE_CLEANUP(struct answers *, answers_free);

/*
 * Asks; steals `parameters`. 1: the answer is there; 0: waiter->ready will be called, from the
 * loop; -EBUSY: too many questions are under way; -ENOMEM.
 */
int answers_ask(struct answers *answers, const char *method, json_t *parameters,
		struct answer_waiter *waiter);
/* Waits no more, and gives the answer back. */
void answer_leave(struct answer_waiter *waiter);

/* Of one that is there: 0 and its parameters as JSON text, or -errno and the sentence as text. */
int answer_result(const struct answer *answer, struct slice *ret_text);
/* The same reply, or NULL. Borrowed. */
const json_t *answer_reply(const struct answer *answer);

/* One more holder of its text. */
struct answer *answer_ref(struct answer *answer);
void answer_unref(struct answer *answer);
