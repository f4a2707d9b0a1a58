/* SPDX-License-Identifier: MIT */
/*
 * A thread that waits in somebody's place: a question whose answer may never come is asked there,
 * and given up when its time is over. Private to config/.
 */
#pragma once

#include "util/macros.h"

struct asker;

/* Answers a question; in the thread, so with nothing of the caller's but the question. */
typedef void (*asker_answer_fn)(void *question);
/* Frees a question that was given up, once it has been answered after all. */
typedef void (*asker_drop_fn)(void *question);

/* 0, -ENOMEM or -EAGAIN: no thread can be had. All signals are blocked in it. */
int asker_new(asker_answer_fn answer, asker_drop_fn drop, struct asker **ret_asker);
/* Waits for nothing: a thread that was given up ends when it can. */
void asker_free(struct asker *asker);
DEFINE_CLEANUP(struct asker *, asker_free);

/*
 * Has one question answered until `deadline_ns` (CLOCK_MONOTONIC). 0: it is, and is the caller's
 * again. -ETIMEDOUT: it is the thread's, and so will every later one be: ask no more.
 */
int asker_ask(struct asker *asker, void *question, uint64_t deadline_ns);
