// SPDX-License-Identifier: MIT
/*
 * Caller and thread share one place for a question. Who gives up leaves it there, with all that the
 * thread needs to free, itself too: the last of the two frees the asker.
 */
#include "config/asker.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

struct asker {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	asker_answer_fn answer;
	asker_drop_fn drop;
	void *question; /* NULL: none is open */
	bool given_up;	/* nobody waits for the answer */
	bool over;	/* the caller has left */
	unsigned users; /* caller and thread */
};

/* The lock is held, and given back. */
static void leave(struct asker *asker)
{
	bool last = --asker->users == 0;

	pthread_mutex_unlock(&asker->lock);
	if (!last)
		return;
	pthread_cond_destroy(&asker->changed);
	pthread_mutex_destroy(&asker->lock);
	free(asker);
}

static void *run(void *argument)
{
	struct asker *asker = argument;

	pthread_mutex_lock(&asker->lock);
	while (!asker->over || asker->question) {
		void *question = asker->question;

		if (!question) {
			pthread_cond_wait(&asker->changed, &asker->lock);
			continue;
		}
		pthread_mutex_unlock(&asker->lock);
		asker->answer(question);
		pthread_mutex_lock(&asker->lock);
		asker->question = NULL;
		if (asker->given_up)
			asker->drop(question);
		pthread_cond_broadcast(&asker->changed);
	}
	leave(asker);
	return NULL;
}

static int start(struct asker *asker)
{
	sigset_t all, before;
	pthread_t thread;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&thread, NULL, run, asker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r == 0)
		pthread_detach(thread);
	return -r;
}

int asker_new(asker_answer_fn answer, asker_drop_fn drop, struct asker **ret_asker)
{
	struct asker *asker = calloc(1, sizeof(*asker));
	pthread_condattr_t monotonic;
	int r;

	if (!asker)
		return -ENOMEM;
	asker->answer = answer;
	asker->drop = drop;
	asker->users = 2;
	pthread_mutex_init(&asker->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&asker->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	r = start(asker);
	if (r < 0) {
		asker->users = 1;
		pthread_mutex_lock(&asker->lock);
		leave(asker);
		return r;
	}
	*ret_asker = asker;
	return 0;
}

void asker_free(struct asker *asker)
{
	if (!asker)
		return;
	pthread_mutex_lock(&asker->lock);
	asker->over = true;
	pthread_cond_broadcast(&asker->changed);
	leave(asker);
}

int asker_ask(struct asker *asker, void *question, uint64_t deadline_ns)
{
	const struct timespec deadline = { .tv_sec = (time_t)(deadline_ns / 1000000000),
					   .tv_nsec = (long)(deadline_ns % 1000000000) };
	int r = 0;

	pthread_mutex_lock(&asker->lock);
	asker->question = question;
	pthread_cond_broadcast(&asker->changed);
	while (asker->question && r == 0)
		r = pthread_cond_timedwait(&asker->changed, &asker->lock, &deadline);
	r = asker->question ? -ETIMEDOUT : 0;
	asker->given_up = r < 0;
	pthread_mutex_unlock(&asker->lock);
	return r;
}
