// SPDX-License-Identifier: MIT
/* A pipe stands for the kernel: what is written to it are the answers. */
#include "source/gate-hold.h"

#include "test/unit.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/fanotify.h>

/* Fewer than descriptors are there in a poor environment. */
enum { MOST = 500 };

struct world {
	struct gate_counters counters;
	struct gate_holds *holds;
	int kernel[2];
};

static int begin(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_int_equal(pipe2(world->kernel, O_NONBLOCK | O_CLOEXEC), 0);
	assert_int_equal(gate_holds_new(MOST, &world->counters, &world->holds), 0);
	assert_int_equal(gate_holds_start(world->holds, 0), 0);
	*state = world;
	return 0;
}

static int end(void **state)
{
	struct world *world = *state;

	gate_holds_free(world->holds);
	close(world->kernel[0]);
	close(world->kernel[1]);
	free(world);
	return 0;
}

static int event_fd(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static int64_t hold(struct world *world, int fd, uint64_t after_ms, bool deny, bool expected)
{
	const struct gate_hold_options options = { .after_ns = after_ms * 1000000,
						   .deny = deny,
						   .expected = expected };

	return gate_holds_begin(world->holds, fd, world->kernel[1], &options);
}

/* The next answer within a second: the descriptor, or -1; *ret_allow what it says. */
static int answer(const struct world *world, bool *ret_allow)
{
	struct pollfd poll_fd = { .fd = world->kernel[0], .events = POLLIN };
	struct fanotify_response response;

	if (poll(&poll_fd, 1, 1000) != 1 ||
	    read(world->kernel[0], &response, sizeof(response)) != sizeof(response))
		return -1;
	*ret_allow = response.response == FAN_ALLOW;
	return response.fd;
}

static bool is_silent(const struct world *world)
{
	struct fanotify_response response;

	return read(world->kernel[0], &response, sizeof(response)) < 0 && errno == EAGAIN;
}

static void test_answered_in_time(void **state)
{
	struct world *world = *state;
	int fd = event_fd();
	int64_t number = hold(world, fd, 10000, true, false);
	bool allow;

	assert_true(number > 0);
	assert_false(gate_holds_is_late(world->holds, number));
	assert_true(gate_holds_end(world->holds, number, false, true));
	assert_int_equal(answer(world, &allow), fd);
	assert_true(allow);
	assert_false(is_open(fd));
	assert_int_equal(gate_holds_release(world->holds, number, false), -ENOENT);
	assert_true(is_silent(world));
	assert_int_equal(world->counters.late, 0);
}

static void test_left_and_released(void **state)
{
	struct world *world = *state;
	int fd = event_fd();
	int64_t number = hold(world, fd, 0, false, false);
	bool allow = true;

	assert_true(gate_holds_end(world->holds, number, true, false));
	assert_true(is_open(fd));
	assert_true(is_silent(world));
	assert_int_equal(gate_holds_release(world->holds, number, false), 0);
	assert_int_equal(answer(world, &allow), fd);
	assert_false(allow);
	assert_false(is_open(fd));
	assert_int_equal(gate_holds_release(world->holds, number, false), -ENOENT);
	assert_int_equal(gate_holds_release(world->holds, -ENOSPC, true), -ENOENT);
	assert_int_equal(gate_holds_release(world->holds, 0, true), -ENOENT);
}

/* The one who was to answer later was quicker than the one who leaves it to him. */
static void test_released_before_left(void **state)
{
	struct world *world = *state;
	int fd = event_fd();
	int64_t number = hold(world, fd, 0, false, false);
	bool allow;

	assert_int_equal(gate_holds_release(world->holds, number, true), 0);
	assert_int_equal(answer(world, &allow), fd);
	/* Its number must not be another event's while it is being decided. */
	assert_true(is_open(fd));
	assert_false(gate_holds_is_late(world->holds, number));
	assert_false(gate_holds_end(world->holds, number, true, false));
	assert_false(is_open(fd));
	assert_true(is_silent(world));
}

static void test_late(void **state)
{
	struct world *world = *state;
	int left = event_fd(), deciding = event_fd(), seen[2];
	int64_t first = hold(world, left, 20, true, false);
	int64_t second = hold(world, deciding, 40, false, false);
	bool allow[2];

	assert_true(gate_holds_end(world->holds, first, true, false));
	seen[0] = answer(world, &allow[0]);
	seen[1] = answer(world, &allow[1]);
	assert_int_equal(seen[0], left);
	assert_false(allow[0]);
	assert_int_equal(seen[1], deciding);
	assert_true(allow[1]);
	assert_true(gate_holds_is_late(world->holds, first));
	assert_true(gate_holds_is_late(world->holds, second));
	assert_true(is_open(deciding));
	assert_false(gate_holds_end(world->holds, second, false, false));
	assert_false(is_open(deciding));
	assert_true(is_silent(world));
	assert_int_equal(world->counters.late, 2);
	assert_int_equal(world->counters.delayed, 0);
}

static void test_a_delay_is_not_late(void **state)
{
	struct world *world = *state;
	int fd = event_fd();
	int64_t number = hold(world, fd, 5, false, true);
	bool allow;

	assert_true(gate_holds_end(world->holds, number, true, false));
	assert_int_equal(answer(world, &allow), fd);
	assert_true(allow);
	for (int i = 0; i < 1000 && world->counters.delayed == 0; i++)
		usleep(1000);
	assert_int_equal(world->counters.delayed, 1);
	assert_int_equal(world->counters.late, 0);
}

static void test_full(void **state)
{
	struct world *world = *state;
	int64_t first = 0, last = 0;
	bool allow;

	for (int i = 0; i < MOST; i++) {
		last = hold(world, event_fd(), 0, false, false);
		assert_true(last > 0);
		assert_true(gate_holds_end(world->holds, last, true, false));
		first = i == 0 ? last : first;
	}
	assert_int_equal(hold(world, -1, 0, false, false), -ENOSPC);
	assert_int_equal(world->counters.hold_full, 1);
	assert_int_equal(gate_holds_release(world->holds, first, true), 0);
	assert_true(answer(world, &allow) >= 0);
	/* The slot's next hold has another number. */
	last = hold(world, event_fd(), 0, false, false);
	assert_true(last > 0);
	assert_int_not_equal(last, first);
	assert_int_equal(gate_holds_release(world->holds, first, true), -ENOENT);
	assert_true(gate_holds_end(world->holds, last, true, false));
	/* What is held at the end is let go: the pipe takes a part of the answers. */
	gate_holds_free(TAKE_PTR(world->holds));
	assert_true(answer(world, &allow) >= 0);
	assert_true(allow);
	assert_int_equal(world->counters.allowed, MOST + 1);
}

enum { ROUNDS = 3000, THREADS = 3 };

struct race {
	struct world *world;
	_Atomic int64_t number;
	_Atomic bool done;
	_Atomic unsigned released;
};

static void *release_all(void *userdata)
{
	struct race *race = userdata;

	while (!atomic_load(&race->done)) {
		int64_t number = atomic_load(&race->number);

		if (number > 0 && gate_holds_release(race->world->holds, number, true) == 0)
			atomic_fetch_add(&race->released, 1);
	}
	return NULL;
}

/* Three threads and the clock answer while a fourth decides: each event is answered just once. */
static void test_all_at_once(void **state)
{
	struct world *world = *state;
	struct race race = { .world = world };
	pthread_t threads[THREADS];
	unsigned answers = 0, own = 0;

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, release_all, &race), 0);
	for (int i = 0; i < ROUNDS; i++) {
		int fd = event_fd();
		int64_t number = hold(world, fd, i % 3, false, false);
		bool allow, leave = i % 2 == 0;

		assert_true(number > 0);
		atomic_store(&race.number, number);
		own += gate_holds_end(world->holds, number, leave, true) && !leave;
		assert_int_equal(answer(world, &allow), fd);
		answers++;
		if (leave && !gate_holds_is_late(world->holds, number))
			(void)gate_holds_release(world->holds, number, true);
		while (is_open(fd))
			usleep(50);
		assert_true(is_silent(world));
	}
	atomic_store(&race.done, true);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(answers, ROUNDS);
	assert_int_equal(own + race.released + world->counters.late, ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_answered_in_time, begin, end),
		cmocka_unit_test_setup_teardown(test_left_and_released, begin, end),
		cmocka_unit_test_setup_teardown(test_released_before_left, begin, end),
		cmocka_unit_test_setup_teardown(test_late, begin, end),
		cmocka_unit_test_setup_teardown(test_a_delay_is_not_late, begin, end),
		cmocka_unit_test_setup_teardown(test_full, begin, end),
		cmocka_unit_test_setup_teardown(test_all_at_once, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
