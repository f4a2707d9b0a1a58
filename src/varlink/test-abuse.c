// SPDX-License-Identifier: MIT
/* The server with clients that do not behave: garbage, halves, floods, crowds, and the vanished. */
#include "varlink/test-fixture.h"

#include "util/host.h"

#include <sys/resource.h>

/* ---- clients that do not ---- */

static void test_malformed(void **state)
{
	static const char *const texts[] = { "", "x", "[]", "{}", "{\"method\":1}", "\xff\xfe" };
	struct fixture f;

	fixture_start(&f, NULL, (gid_t)-1);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		int fd = dial(&f);

		ask(&f, fd, texts[i]);
		expect_refusal(&f, fd, "message");
		close(fd);
		assert_int_equal(counters(&f)->malformed, i + 1);
	}
	/* Behind it, a good one is not looked at; before it, one is answered. */
	{
		int fd = dial(&f);

		send_now(fd, ECHO_1 "\0}\0" ECHO_1, 2 * sizeof(ECHO_1) + 2);
		expect(&f, fd, ANSWER_1);
		expect_refusal(&f, fd, "not JSON");
		close(fd);
	}
	assert_int_equal(counters(&f)->open, 0);
	fixture_stop(&f);
}

static void test_half_request(void **state)
{
	const struct varlink_limits limits = { .request_timeout = 800000000 };
	struct fixture f;
	uint64_t begun;
	int quiet, half, drip, slow;

	fixture_start(&f, &limits, (gid_t)-1);
	quiet = dial(&f);
	half = dial(&f);
	drip = dial(&f);
	slow = dial(&f);
	turn(&f);
	begun = clock_monotonic();
	say(&f, half, "{\"method\":", 10);
	say(&f, slow, ECHO_1, 20);
	/* One byte at a time does not win more time. */
	while (counters(&f)->timed_out < 2 && clock_monotonic() - begun < 5000000000) {
		(void)send(drip, " ", 1, MSG_NOSIGNAL);
		(void)sd_event_run(f.event, 20000);
		if (clock_monotonic() - begun > 100000000 && slow >= 0) {
			say(&f, slow, &ECHO_1[20], sizeof(ECHO_1) - 20);
			expect(&f, slow, ANSWER_1);
			close(slow);
			slow = -1;
		}
	}
	expect_refusal(&f, half, "in time");
	expect_refusal(&f, drip, "in time");
	assert_int_equal(counters(&f)->timed_out, 2);
	/* Nothing begun, nothing timed. */
	ask(&f, quiet, ECHO_1);
	expect(&f, quiet, ANSWER_1);
	close(quiet);
	close(half);
	close(drip);
	turn(&f);

	/* Half a request, then the end. */
	half = dial(&f);
	say(&f, half, ECHO_1, 20);
	close(half);
	turn(&f);
	assert_int_equal(counters(&f)->malformed, 1);
	assert_int_equal(counters(&f)->open, 0);
	fixture_stop(&f);
}

/* With no half request anywhere the loop has no timer to wake up for. */
static void test_no_wake_ups(void **state)
{
	const struct varlink_limits limits = { .request_timeout = 300000000 };
	struct fixture f;
	int fd, idle;

	fixture_start(&f, &limits, (gid_t)-1);
	fd = dial(&f);
	idle = dial(&f);
	say(&f, fd, ECHO_1, 20);
	say(&f, fd, &ECHO_1[20], sizeof(ECHO_1) - 20);
	expect(&f, fd, ANSWER_1);
	ask(&f, idle, "{\"method\":\"io.test.Later\",\"more\":true}");
	turn(&f);
	assert_int_equal(sd_event_run(f.event, 600000), 0);
	assert_int_equal(counters(&f)->timed_out, 0);
	close(fd);
	close(idle);
	fixture_stop(&f);
}

static void test_endless_request(void **state)
{
	const struct varlink_limits limits = { .message_size = 100000 };
	_cleanup_(freep) char *text = malloc(100001);
	struct fixture f;
	int fd;

	fixture_start(&f, &limits, (gid_t)-1);
	/* The longest that is let in: 100,000 bytes and the NUL. */
	memset(text, ' ', 100000);
	memcpy(text, ECHO_1, sizeof(ECHO_1) - 1);
	text[100000] = '\0';
	fd = dial(&f);
	say(&f, fd, text, 100001);
	expect(&f, fd, ANSWER_1);

	memset(text, '[', 100001);
	(void)send(fd, text, 100001, MSG_NOSIGNAL);
	expect_refusal(&f, fd, "too long");
	assert_int_equal(counters(&f)->too_large, 1);
	close(fd);
	turn(&f);
	assert_int_equal(counters(&f)->open, 0);
	fixture_stop(&f);
}

/* All clients' half requests together are bounded too, and root keeps a share. */
static void test_memory(void **state)
{
	const struct varlink_limits limits = { .message_size = 1 << 16, .memory_size = 1 << 17 };
	static char text[50000];
	struct fixture f;
	int fds[3];

	fixture_start(&f, &limits, (gid_t)-1);
	memset(text, ' ', sizeof(text));
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = dial(&f);
		(void)send(fds[i], text, sizeof(text), MSG_NOSIGNAL);
		turn(&f);
	}
	assert_int_equal(counters(&f)->too_large, 1);
	assert_int_equal(counters(&f)->open, 2);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
	turn(&f);
	fds[0] = dial(&f);
	ask(&f, fds[0], ECHO_1);
	expect(&f, fds[0], ANSWER_1);
	close(fds[0]);
	fixture_stop(&f);
}

static void test_slow_reader(void **state)
{
	const struct varlink_limits limits = { .queue_size = 100000 };
	unsigned notified = 0;
	struct fixture f;
	int fd;

	fixture_start(&f, &limits, (gid_t)-1);
	fd = dial(&f);
	ask(&f, fd, "{\"method\":\"io.test.Later\",\"more\":true}");
	while (f.kept && varlink_notify(f.kept, json_pack("{s:i}", "n", (int)notified)) == 0)
		notified++;
	/* The call is still ours to look at, until the loop says that it is gone. */
	assert_non_null(f.kept);
	assert_int_equal(f.gone, 0);
	assert_int_equal(varlink_notify(f.kept, NULL), -EPIPE);
	turn(&f);
	assert_int_equal(f.gone, 1);
	assert_int_equal(counters(&f)->slow_closed, 1);
	assert_int_equal(counters(&f)->open, 0);
	assert_true(notified > 100000 / 40);
	/* What the kernel had is delivered, then the end. */
	expect(&f, fd, "{\"parameters\":{\"n\":0},\"continues\":true}");
	close(fd);

	fd = dial(&f);
	ask(&f, fd, "{\"method\":\"io.test.Flood\",\"more\":true}");
	turn(&f);
	assert_int_equal(f.last, -ENOBUFS);
	assert_int_equal(f.gone, 2);
	assert_int_equal(counters(&f)->open, 0);
	close(fd);
	fixture_stop(&f);
}

/* A client that asks and does not read is held back, not fed: the queue does not grow. */
static void test_asks_without_reading(void **state)
{
	const struct varlink_limits limits = { .queue_size = 10000 };
	static const char question[] =
		"{\"method\":\"io.test.Big\",\"parameters\":{\"size\":1000000}}";
	struct fixture f;
	int fd;

	fixture_start(&f, &limits, (gid_t)-1);
	fd = dial(&f);
	for (int i = 0; i < 20; i++)
		send_now(fd, question, sizeof(question));
	turn(&f);
	assert_int_equal(counters(&f)->calls, 1);
	assert_int_equal(counters(&f)->slow_closed, 0);
	for (int i = 0; i < 20; i++) {
		_cleanup_(freep) char *text = hear(&f, fd);

		assert_non_null(text);
		assert_true(strlen(text) > 1000000);
	}
	assert_int_equal(counters(&f)->calls, 20);
	close(fd);
	fixture_stop(&f);
}

static void test_client_gone(void **state)
{
	struct fixture f;
	int fd;

	fixture_start(&f, NULL, (gid_t)-1);
	fd = dial(&f);
	ask(&f, fd, LATER);
	ask(&f, fd, TOUCH_ONEWAY);
	assert_non_null(f.kept);
	close(fd);
	turn(&f);
	assert_int_equal(f.gone, 1);
	assert_null(f.kept);
	assert_int_equal(counters(&f)->open, 0);

	/* Gone, and the loop has not seen it yet. */
	fd = dial(&f);
	ask(&f, fd, LATER);
	close(fd);
	assert_int_equal(varlink_reply(f.kept, NULL), -EPIPE);
	turn(&f);
	assert_int_equal(f.gone, 1);
	assert_int_equal(counters(&f)->open, 0);

	/* The server goes first. */
	fd = dial(&f);
	ask(&f, fd, LATER);
	fixture_stop(&f);
	assert_int_equal(f.gone, 2);
	close(fd);
}

/* ---- many, and no descriptors ---- */

static void test_many(void **state)
{
	const struct varlink_limits limits = { .request_timeout = 60000000000 };
	struct rlimit old, limit;
	struct fixture f;
	int fds[1100];
	unsigned closed = 0;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	limit = old;
	limit.rlim_cur = MIN(old.rlim_max, (rlim_t)8192);
	if (limit.rlim_cur < 2300)
		skip();
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	fixture_start(&f, &limits, (gid_t)-1);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = dial(&f);
		/* The newcomers over the limit may be closed already. */
		(void)send(fds[i], i % 2 ? "{\"method\":" : ECHO_1, i % 2 ? 10 : sizeof(ECHO_1),
			   MSG_NOSIGNAL);
		if (i % 50 == 0)
			turn(&f);
	}
	turn(&f);
	assert_int_equal(counters(&f)->open, 1024);
	assert_int_equal(counters(&f)->refused, 76);
	assert_int_equal(counters(&f)->calls, 512);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i += 2) {
		_cleanup_(freep) char *text = hear(&f, fds[i]);

		closed += text == NULL;
	}
	assert_int_equal(closed, 38);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
	turn(&f);
	assert_int_equal(counters(&f)->open, 0);
	fds[0] = dial(&f);
	ask(&f, fds[0], ECHO_1);
	expect(&f, fds[0], ANSWER_1);
	close(fds[0]);
	fixture_stop(&f);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
}

static void test_no_descriptors(void **state)
{
	struct rlimit old, limit;
	struct fixture f;
	int living, newcomer, filler[64];
	size_t count = 0;

	fixture_start(&f, NULL, (gid_t)-1);
	living = dial(&f);
	ask(&f, living, ECHO_1);
	expect(&f, living, ANSWER_1);
	newcomer = dial(&f);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	limit = old;
	limit.rlim_cur = (rlim_t)newcomer + 20;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	while (count < ARRAY_SIZE(filler) && (filler[count] = dup(0)) >= 0)
		count++;
	turn(&f);
	assert_int_equal(counters(&f)->refused, 1);
	expect(&f, newcomer, NULL);
	ask(&f, living, ECHO_1);
	expect(&f, living, ANSWER_1);
	while (count > 0)
		close(filler[--count]);
	close(newcomer);
	newcomer = dial(&f);
	ask(&f, newcomer, ECHO_1);
	expect(&f, newcomer, ANSWER_1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	close(newcomer);
	close(living);
	fixture_stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_half_request),
		cmocka_unit_test(test_no_wake_ups),
		cmocka_unit_test(test_endless_request),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_slow_reader),
		cmocka_unit_test(test_asks_without_reading),
		cmocka_unit_test(test_client_gone),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_no_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
