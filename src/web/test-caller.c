// SPDX-License-Identifier: MIT
/* Who may stay connected: over pairs of sockets, of which the server's end is what is shut down. */
#include "web/caller.h"

#include "test/unit.h"

#include <sys/socket.h>

enum { MOST = 3 };

struct pair {
	int ours, theirs;
	struct caller *caller;
};

static void open_pair(struct caller_list *list, struct pair *pair)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds),
			 0);
	pair->ours = fds[0];
	pair->theirs = fds[1];
	assert_int_equal(caller_new(list, pair->ours, &pair->caller), 0);
}

static void close_pair(struct pair *pair)
{
	caller_free(pair->caller);
	close(pair->ours);
	close(pair->theirs);
}

static bool is_open(const struct pair *pair)
{
	char byte;

	return recv(pair->theirs, &byte, 1, 0) < 0 && errno == EAGAIN;
}

/* Whoever has been silent longest goes, once there are as many as there may be. */
static void test_room(_unused_ void **state)
{
	struct caller_list list = { .most = MOST, .patience = UINT64_C(3600000000) };
	struct pair pairs[MOST + 3];

	assert_true(sd_event_new(&list.event) >= 0);
	for (size_t i = 0; i < MOST; i++)
		open_pair(&list, &pairs[i]);
	/* The first is being answered, the second has been and is silent again. */
	caller_is_asking(pairs[0].caller);
	caller_is_asking(pairs[1].caller);
	caller_is_silent(pairs[1].caller);
	assert_int_equal(list.closed_full, 0);
	open_pair(&list, &pairs[MOST]);
	assert_false(is_open(&pairs[2]));
	open_pair(&list, &pairs[MOST + 1]);
	assert_false(is_open(&pairs[1]));
	assert_true(is_open(&pairs[0]));
	assert_int_equal(list.closed_full, 2);
	/* None but those who are answered, or are on their way out: nobody goes. */
	caller_is_asking(pairs[MOST].caller);
	caller_is_asking(pairs[MOST + 1].caller);
	open_pair(&list, &pairs[MOST + 2]);
	assert_int_equal(list.closed_full, 2);
	assert_true(is_open(&pairs[0]) && is_open(&pairs[MOST + 2]));
	assert_int_equal(list.count, MOST + 3);
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		close_pair(&pairs[i]);
	assert_int_equal(list.count, 0);
	assert_null(list.first);
	sd_event_unref(list.event);
}

/* A request has to be said as a whole in time; its answer may take what it takes. */
static void test_patience(_unused_ void **state)
{
	struct caller_list list = { .most = MOST, .patience = 1000 };
	struct pair slow, asking;

	assert_true(sd_event_new(&list.event) >= 0);
	open_pair(&list, &slow);
	open_pair(&list, &asking);
	caller_is_asking(asking.caller);
	while (list.closed_slow == 0)
		assert_true(sd_event_run(list.event, UINT64_MAX) >= 0);
	assert_false(is_open(&slow));
	assert_true(is_open(&asking));
	assert_int_equal(sd_event_run(list.event, 5000), 0);
	caller_is_silent(asking.caller);
	while (list.closed_slow == 1)
		assert_true(sd_event_run(list.event, UINT64_MAX) >= 0);
	assert_false(is_open(&asking));
	/* One that has been sent away stays so. */
	caller_is_silent(slow.caller);
	assert_int_equal(sd_event_run(list.event, 5000), 0);
	assert_int_equal(list.closed_slow, 2);
	close_pair(&slow);
	close_pair(&asking);
	sd_event_unref(list.event);
}

static void count(void *userdata)
{
	++*(unsigned *)userdata;
}

/* Whoever has said all that they will is not waited for as long. */
static void test_hangup(_unused_ void **state)
{
	struct caller_list list = { .most = MOST, .patience = UINT64_C(3600000000) };
	struct pair over, asking;
	unsigned told = 0;

	assert_true(sd_event_new(&list.event) >= 0);
	open_pair(&list, &over);
	open_pair(&list, &asking);
	caller_is_asking(asking.caller);
	caller_on_hangup(asking.caller, count, &told);
	assert_int_equal(shutdown(over.theirs, SHUT_WR), 0);
	assert_int_equal(shutdown(asking.theirs, SHUT_WR), 0);
	while (list.closed_slow == 0)
		assert_true(sd_event_run(list.event, UINT64_MAX) >= 0);
	assert_false(is_open(&over));
	assert_true(is_open(&asking));
	assert_int_equal(told, 1);
	caller_on_hangup(asking.caller, count, &told);
	assert_int_equal(told, 2);
	close_pair(&over);
	close_pair(&asking);
	sd_event_unref(list.event);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_patience),
		cmocka_unit_test(test_hangup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
