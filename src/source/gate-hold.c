// SPDX-License-Identifier: MIT
/*
 * A slot's word is its generation and a state; each change of state is one compare-and-swap.
 *
 *   FREE -> DECIDING            a gate thread begins to decide
 *   DECIDING -> LEFT            it left the answer to others
 *   DECIDING -> ANSWERING -> ANSWERED   another one answers while it still decides; it closes
 *   DECIDING -> ENDING -> FREE  it answers itself
 *   LEFT -> ENDING -> FREE      whoever answers closes, too
 *
 * The clock's thread sleeps until the earliest deadline; without holds it never wakes up.
 */
#include "source/gate-hold.h"

#include "util/fd.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>

enum state { FREE, DECIDING, LEFT, ANSWERING, ANSWERED, ENDING };

enum { STATE_BITS = 3, INDEX_BITS = 12, TURN_US = 50 };
#define STATE_MASK ((UINT64_C(1) << STATE_BITS) - 1)
#define NEVER	   UINT64_MAX

_Static_assert(GATE_HOLDS_MOST == 1 << INDEX_BITS, "a hold's number is generation and index");

struct slot {
	_Atomic uint64_t word; /* generation << STATE_BITS | state */
	uint64_t deadline;     /* CLOCK_MONOTONIC */
	int fd, channel_fd;
	bool deny, expected;
	_Atomic bool late;
};

struct gate_holds {
	struct gate_counters *counters;
	struct slot *slots; /* zero pages until they are used */
	uint32_t most;
	_Atomic uint32_t used; /* slots below this may be in use */
	_Atomic uint64_t wake; /* when the clock's thread will look again */
	int nudge_fd;
	pthread_t thread;
	bool started;
	_Atomic bool stop;
};

static enum state state_of(uint64_t word)
{
	return (enum state)(word & STATE_MASK);
}

/* From `from` to `to`, within one generation; false if it is not in that state. */
static bool turn(struct slot *slot, uint64_t generation, enum state from, enum state to)
{
	uint64_t expected = generation << STATE_BITS | (uint64_t)from;

	return atomic_compare_exchange_strong(&slot->word, &expected,
					      generation << STATE_BITS | (uint64_t)to);
}

static void set_free(struct slot *slot, uint64_t generation)
{
	atomic_store(&slot->word, (generation + 1) << STATE_BITS | FREE);
}

static void write_answer(struct gate_holds *holds, const struct slot *slot, bool allow)
{
	const struct fanotify_response response = {
		.fd = slot->fd,
		.response = allow ? FAN_ALLOW : FAN_DENY,
	};

	atomic_fetch_add(allow ? &holds->counters->allowed : &holds->counters->denied, 1);
	/* ENOENT: the guard answered while we were stopped, or the process was killed. */
	if (write(slot->channel_fd, &response, sizeof(response)) < 0)
		atomic_fetch_add(&holds->counters->answered_elsewhere, 1);
}

static struct slot *slot_of(const struct gate_holds *holds, int64_t hold, uint64_t *ret_generation)
{
	*ret_generation = (uint64_t)hold >> INDEX_BITS;
	return &holds->slots[hold & (GATE_HOLDS_MOST - 1)];
}

/* ---- taking and answering ---- */

int64_t gate_holds_begin(struct gate_holds *holds, int fd, int channel_fd,
			 const struct gate_hold_options *options)
{
	for (uint32_t i = 0; i < holds->most; i++) {
		struct slot *slot = &holds->slots[i];
		uint64_t word = atomic_load(&slot->word), generation = word >> STATE_BITS;
		uint32_t used = atomic_load(&holds->used);

		/* ENDING first: the clock must not look at what is half filled in. */
		if (state_of(word) != FREE || !turn(slot, generation, FREE, ENDING))
			continue;
		if (generation == 0) {
			/* A number is never 0. */
			generation = 1;
			atomic_store(&slot->word, generation << STATE_BITS | ENDING);
		}
		slot->fd = fd;
		slot->channel_fd = channel_fd;
		slot->deny = options->deny;
		slot->expected = options->expected;
		slot->deadline =
			options->after_ns == 0 ? NEVER : clock_monotonic() + options->after_ns;
		atomic_store(&slot->late, false);
		while (used <= i && !atomic_compare_exchange_weak(&holds->used, &used, i + 1))
			;
		(void)turn(slot, generation, ENDING, DECIDING);
		atomic_fetch_add(&holds->counters->held, 1);
		if (slot->deadline < atomic_load(&holds->wake))
			(void)eventfd_write(holds->nudge_fd, 1);
		return (int64_t)(generation << INDEX_BITS | i);
	}
	atomic_fetch_add(&holds->counters->hold_full, 1);
	return -ENOSPC;
}

/* Whoever comes while another writes the answer waits for that: its number is still in use. */
static void wait_while_answering(struct slot *slot)
{
	while (state_of(atomic_load(&slot->word)) == ANSWERING)
		usleep(TURN_US);
}

bool gate_holds_end(struct gate_holds *holds, int64_t hold, bool leave, bool allow)
{
	uint64_t generation;
	struct slot *slot = slot_of(holds, hold, &generation);

	if (leave && turn(slot, generation, DECIDING, LEFT)) {
		return true;
	} else if (!leave && turn(slot, generation, DECIDING, ENDING)) {
		write_answer(holds, slot, allow);
		close(slot->fd);
		set_free(slot, generation);
		return true;
	}
	wait_while_answering(slot);
	close(slot->fd);
	set_free(slot, generation);
	return false;
}

static int answer_in_place(struct gate_holds *holds, struct slot *slot, uint64_t generation,
			   bool allow, bool late)
{
	if (turn(slot, generation, LEFT, ENDING)) {
		write_answer(holds, slot, allow);
		close(slot->fd);
		set_free(slot, generation);
		return 0;
	}
	if (turn(slot, generation, DECIDING, ANSWERING)) {
		atomic_store(&slot->late, late);
		write_answer(holds, slot, allow);
		(void)turn(slot, generation, ANSWERING, ANSWERED);
		return 0;
	}
	return -ENOENT;
}

int gate_holds_release(struct gate_holds *holds, int64_t hold, bool allow)
{
	uint64_t generation;
	struct slot *slot = slot_of(holds, hold, &generation);

	return hold <= 0 ? -ENOENT : answer_in_place(holds, slot, generation, allow, false);
}

unsigned gate_holds_count(const struct gate_holds *holds)
{
	unsigned count = 0;

	for (uint32_t i = 0; i < atomic_load(&holds->used); i++)
		count += state_of(atomic_load(&holds->slots[i].word)) != FREE;
	return count;
}

bool gate_holds_is_late(const struct gate_holds *holds, int64_t hold)
{
	uint64_t generation;
	const struct slot *slot = slot_of(holds, hold, &generation);
	uint64_t word = atomic_load(&slot->word);

	/* A later generation: it was answered, and not by whoever asks. */
	return word >> STATE_BITS != generation || atomic_load(&slot->late);
}

/* ---- the clock ---- */

static bool is_open(enum state state)
{
	return state == DECIDING || state == LEFT;
}

static void answer_late(struct gate_holds *holds, struct slot *slot, uint64_t generation)
{
	bool expected = slot->expected;

	if (answer_in_place(holds, slot, generation, !slot->deny, !expected) < 0)
		return;
	atomic_fetch_add(expected ? &holds->counters->delayed : &holds->counters->late, 1);
}

/* Answers what is due; returns the earliest deadline of the rest. */
static uint64_t look(struct gate_holds *holds, uint64_t now)
{
	uint32_t used = atomic_load(&holds->used);
	uint64_t earliest = NEVER;

	for (uint32_t i = 0; i < used; i++) {
		struct slot *slot = &holds->slots[i];
		uint64_t word = atomic_load(&slot->word), deadline = slot->deadline;

		/* The deadline is of that word only if it is still there. */
		if (!is_open(state_of(word)) || atomic_load(&slot->word) != word)
			continue;
		if (deadline <= now)
			answer_late(holds, slot, word >> STATE_BITS);
		else
			earliest = MIN(earliest, deadline);
	}
	return earliest;
}

static int milliseconds_until(uint64_t when, uint64_t now)
{
	if (when == NEVER)
		return -1;
	return (int)MIN((when - now + 999999) / 1000000, UINT64_C(1000000));
}

static void *watch_clock(void *argument)
{
	struct gate_holds *holds = argument;
	struct pollfd poll_fd = { .fd = holds->nudge_fd, .events = POLLIN };

	pthread_setname_np(pthread_self(), "gate-clock");
	while (!atomic_load(&holds->stop)) {
		uint64_t now = clock_monotonic(), earliest;
		eventfd_t count;

		/* First, so that a hold that begins while we look wakes us. */
		atomic_store(&holds->wake, NEVER);
		earliest = look(holds, now);
		atomic_store(&holds->wake, earliest);
		if (poll(&poll_fd, 1, milliseconds_until(earliest, MIN(now, earliest))) > 0)
			(void)eventfd_read(holds->nudge_fd, &count);
	}
	return NULL;
}

/* ---- life ---- */

int gate_holds_new(unsigned most, struct gate_counters *counters, struct gate_holds **ret_holds)
{
	_cleanup_(gate_holds_freep) struct gate_holds *holds = calloc(1, sizeof(*holds));

	if (!holds)
		return -ENOMEM;
	holds->counters = counters;
	holds->most = MIN(most, (unsigned)GATE_HOLDS_MOST);
	atomic_store(&holds->wake, NEVER);
	holds->nudge_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (holds->nudge_fd < 0)
		return -errno;
	holds->slots = calloc(GATE_HOLDS_MOST, sizeof(*holds->slots));
	if (!holds->slots)
		return -ENOMEM;
	*ret_holds = TAKE_PTR(holds);
	return 0;
}

int gate_holds_start(struct gate_holds *holds, int priority)
{
	const struct sched_param param = { .sched_priority = priority };
	sigset_t all, old;
	int r;

	if (holds->started)
		return 0;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&holds->thread, NULL, watch_clock, holds);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r != 0)
		return -r;
	holds->started = true;
	if (priority > 0)
		(void)pthread_setschedparam(holds->thread, SCHED_FIFO, &param);
	return 0;
}

void gate_holds_free(struct gate_holds *holds)
{
	if (!holds)
		return;
	atomic_store(&holds->stop, true);
	if (holds->nudge_fd >= 0)
		(void)eventfd_write(holds->nudge_fd, 1);
	if (holds->started)
		pthread_join(holds->thread, NULL);
	if (holds->slots)
		(void)look(holds, NEVER);
	closep(&holds->nudge_fd);
	free(holds->slots);
	free(holds);
}
