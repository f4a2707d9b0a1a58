// SPDX-License-Identifier: MIT
/*
 * Storms of executions. The kernel wakes the threads of all processors for each event: one takes
 * it, the others find nothing without even leaving poll(2), at some 9 us of processor time each,
 * and an interrupt to their processors. So who has taken many events in a row sends the others away
 * for a moment. Then they look again, for as many events at least: another processor may have its
 * own storm by now, which is served best there. Only what is let go at once counts: whoever has to
 * be moved is served best by its own processor's thread, which may take its time.
 */
#include "source/gate-internal.h"

#include <sys/eventfd.h>

enum {
	TURNS_MOST = 16,   /* events in a row that one thread takes, for a storm */
	TURN_NS = 1000000, /* that lie no further apart */
};

void gate_note_turn(struct worker *worker)
{
	struct gate *gate = worker->gate;
	uint64_t now = clock_monotonic();
	eventfd_t ignored;

	if (worker->away_fd < 0 || now < worker->alone_ns)
		return;
	if (atomic_exchange_explicit(&gate->turn, worker->index, memory_order_relaxed) !=
		    worker->index ||
	    now - worker->turn_ns > TURN_NS)
		worker->turns = 0;
	worker->turn_ns = now;
	if (++worker->turns != TURNS_MOST)
		return;
	/* Who stays must not go because of what another said before. */
	(void)eventfd_read(worker->away_fd, &ignored);
	for (unsigned i = 0; i < gate->worker_count; i++)
		if (i != worker->index && gate->workers[i].away_fd >= 0)
			(void)eventfd_write(gate->workers[i].away_fd, 1);
	worker->alone_ns = now + GATE_AWAY_MS * UINT64_C(1000000);
	worker->turns = 0;
}
