// SPDX-License-Identifier: MIT
#include "source/gate-internal.h"

#include <sys/eventfd.h>

#include "test/unit.h"
#include "util/fd.h"

enum { THREADS = 3, IN_A_ROW = 16 };

/* Two threads that serve executions, and one of remote files, which nobody sends away. */
struct world {
	struct gate gate;
	struct worker workers[THREADS];
};

static int begin(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	if (!world)
		return -1;
	world->gate.workers = world->workers;
	world->gate.worker_count = THREADS;
	for (unsigned i = 0; i < THREADS; i++) {
		world->workers[i].gate = &world->gate;
		world->workers[i].index = i;
		world->workers[i].away_fd = i < 2 ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1;
	}
	*state = world;
	return 0;
}

static int end(void **state)
{
	struct world *world = *state;

	for (unsigned i = 0; i < THREADS; i++)
		closep(&world->workers[i].away_fd);
	free(world);
	return 0;
}

static bool is_sent_away(struct worker *worker)
{
	eventfd_t ignored;

	return eventfd_read(worker->away_fd, &ignored) == 0;
}

static void take(struct worker *worker, unsigned count)
{
	while (count-- > 0)
		gate_note_turn(worker);
}

/* Takes events until it stays alone; a machine that pauses in between makes it begin anew. */
static void take_storm(struct worker *worker)
{
	for (unsigned i = 0; worker->alone_ns == 0; i++) {
		assert_true(i < 1000 * IN_A_ROW);
		take(worker, 1);
	}
}

static void test_storm(void **state)
{
	struct world *world = *state;

	take(&world->workers[0], IN_A_ROW - 1);
	assert_false(is_sent_away(&world->workers[1]));
	take_storm(&world->workers[0]);
	assert_true(is_sent_away(&world->workers[1]));
	assert_false(is_sent_away(&world->workers[0]));
	/* Once is enough, for as long as they are away. */
	take(&world->workers[0], 2 * IN_A_ROW);
	if (clock_monotonic() < world->workers[0].alone_ns)
		assert_false(is_sent_away(&world->workers[1]));
}

static void test_two_storms(void **state)
{
	struct world *world = *state;

	for (unsigned i = 0; i < 10 * IN_A_ROW; i++)
		take(&world->workers[i % 2], 1);
	assert_false(is_sent_away(&world->workers[0]));
	assert_false(is_sent_away(&world->workers[1]));
}

static void test_far_apart(void **state)
{
	struct world *world = *state;

	for (unsigned i = 0; i < 10 * IN_A_ROW; i++) {
		world->workers[0].turn_ns = 0;
		gate_note_turn(&world->workers[0]);
	}
	assert_false(is_sent_away(&world->workers[1]));
}

static void test_never_all(void **state)
{
	struct world *world = *state;

	/* The second has not yet heard what the first one said. */
	take_storm(&world->workers[0]);
	take_storm(&world->workers[1]);
	assert_true(is_sent_away(&world->workers[0]));
	assert_false(is_sent_away(&world->workers[1]));
}

static void test_remote(void **state)
{
	struct world *world = *state;

	take(&world->workers[2], 10 * IN_A_ROW);
	assert_false(is_sent_away(&world->workers[0]));
	assert_false(is_sent_away(&world->workers[1]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_storm, begin, end),
		cmocka_unit_test_setup_teardown(test_two_storms, begin, end),
		cmocka_unit_test_setup_teardown(test_far_apart, begin, end),
		cmocka_unit_test_setup_teardown(test_never_all, begin, end),
		cmocka_unit_test_setup_teardown(test_remote, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
