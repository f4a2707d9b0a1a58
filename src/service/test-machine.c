// SPDX-License-Identifier: MIT
/* The machine on a clock of our own: what it does is written down, one word an action. */
#include "service/machine.h"

#include "test/unit.h"
#include "util/text.h"

#define MS UINT64_C(1000000)
#define S  (1000 * MS)

struct world {
	struct machine machine;
	struct service_manifest manifest;
	uint64_t now, timer;
	bool held, has_pre, has_post, crowded; /* crowded: the group takes time to be empty */
	int launch_result, pre_result;
	struct text done;
};

static bool may_start(void *userdata)
{
	return !((struct world *)userdata)->held;
}

static int launch(void *userdata)
{
	struct world *w = userdata;

	text_add(&w->done, w->launch_result < 0 ? "launch-failed " : "launch ");
	return w->launch_result;
}

static int help(void *userdata, bool post)
{
	struct world *w = userdata;

	if (post ? !w->has_post : !w->has_pre)
		return 0;
	text_add(&w->done, post ? "post " : "pre ");
	return post ? 1 : w->pre_result;
}

static void send_signal(void *userdata, int number)
{
	text_addf(&((struct world *)userdata)->done, "signal:%d ", number);
}

static int kill_group(void *userdata)
{
	struct world *w = userdata;

	text_add(&w->done, "kill ");
	return !w->crowded;
}

static void set_timer(void *userdata, uint64_t at)
{
	((struct world *)userdata)->timer = at;
}

static void ended(void *userdata, struct service_end *end)
{
	text_addf(&((struct world *)userdata)->done, "end:%s ", end_reason_names[end->reason]);
}

static void changed(void *userdata, enum machine_state before)
{
}

static uint64_t now(void *userdata)
{
	return ((struct world *)userdata)->now;
}

static uint32_t no_random(void *userdata)
{
	return 0;
}

static const struct machine_ops ops = {
	.may_start = may_start,
	.launch = launch,
	.help = help,
	.signal = send_signal,
	.kill = kill_group,
	.timer = set_timer,
	.ended = ended,
	.changed = changed,
	.now = now,
	.random = no_random,
};

static struct world *world_new(void)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->now = 1000 * S;
	w->pre_result = 1;
	w->manifest = (struct service_manifest){
		.restart = { .when = RESTART_ON_FAILURE,
			     .delay = 100 * MS,
			     .delay_max = S,
			     .healthy = 10 * S,
			     .factor = 2 },
		.stop_signal = SIGTERM,
		.stop_timeout = 5 * S,
		.start_timeout = 3 * S,
	};
	machine_init(&w->machine, &w->manifest, &ops, w);
	return w;
}

static void world_free(struct world *w)
{
	text_done(&w->done);
	free(w);
}

static void expect(struct world *w, enum machine_state state, const char *done)
{
	assert_string_equal(machine_state_names[w->machine.state], machine_state_names[state]);
	assert_string_equal(w->done.data ? w->done.data : "", done);
	text_done(&w->done);
	text_init(&w->done);
}

static void advance(struct world *w)
{
	assert_int_not_equal(w->timer, 0);
	w->now = w->timer;
	w->timer = 0;
	machine_tick(&w->machine);
}

static void exits(struct world *w, int code)
{
	machine_ended(&w->machine, &(struct service_end){ .reason = END_EXIT, .code = code });
}

static void killed(struct world *w)
{
	machine_ended(&w->machine, &(struct service_end){ .reason = END_SIGNAL, .signal = 9 });
}

static void test_plain(void **state)
{
	struct world *w = world_new();

	machine_start(&w->machine);
	expect(w, MACHINE_RUNNING, "launch ");
	machine_start(&w->machine); /* no second copy */
	expect(w, MACHINE_RUNNING, "");
	machine_stop(&w->machine);
	expect(w, MACHINE_STOPPING, "signal:15 ");
	exits(w, 0);
	expect(w, MACHINE_STOPPED, "end:stopped kill ");
	assert_int_equal(w->timer, 0);
	machine_stop(&w->machine);
	expect(w, MACHINE_STOPPED, "");
	world_free(w);
}

static void test_deaf(void **state)
{
	struct world *w = world_new();

	machine_start(&w->machine);
	machine_stop(&w->machine);
	expect(w, MACHINE_STOPPING, "launch signal:15 ");
	assert_int_equal(w->timer, w->now + 5 * S);
	w->crowded = true;
	advance(w);
	expect(w, MACHINE_KILLING, "kill ");
	machine_gone(&w->machine); /* of the group; its own end is not known yet */
	expect(w, MACHINE_KILLING, "");
	w->crowded = false;
	killed(w);
	expect(w, MACHINE_STOPPED, "end:stopped kill ");
	world_free(w);
}

static void test_restarts(void **state)
{
	struct world *w = world_new();

	machine_start(&w->machine);
	killed(w);
	expect(w, MACHINE_RUNNING, "launch end:signal kill launch ");
	assert_int_equal(w->machine.restarts, 1);
	killed(w);
	expect(w, MACHINE_BACKOFF, "end:signal kill ");
	assert_int_equal(w->timer, w->now + 100 * MS);
	advance(w);
	expect(w, MACHINE_RUNNING, "launch ");
	w->now += 11 * S;
	killed(w);
	expect(w, MACHINE_RUNNING, "end:signal kill launch ");
	exits(w, 0);
	expect(w, MACHINE_STOPPED, "end:exit kill ");
	assert_int_equal(w->machine.end_count, 4);
	assert_int_equal(machine_end_at(&w->machine, 0)->reason, END_EXIT);
	assert_int_equal(machine_end_at(&w->machine, 1)->wall, 11 * S);
	assert_null(machine_end_at(&w->machine, 4));
	world_free(w);
}

static void test_gives_up(void **state)
{
	struct world *w = world_new();

	w->manifest.restart.limit = 1;
	w->manifest.restart.limit_interval = 60 * S;
	machine_start(&w->machine);
	killed(w);
	killed(w);
	expect(w, MACHINE_FAILED, "launch end:signal kill launch end:signal kill ");
	assert_true(w->machine.gave_up);
	assert_int_equal(w->timer, 0);
	/* Who starts it by hand begins anew. */
	machine_start(&w->machine);
	expect(w, MACHINE_RUNNING, "launch ");
	assert_false(w->machine.gave_up);
	world_free(w);
}

static void test_cannot_start(void **state)
{
	struct world *w = world_new();

	w->launch_result = -ENOENT;
	machine_start(&w->machine);
	expect(w, MACHINE_BACKOFF, "launch-failed end:start-failed kill ");
	machine_stop(&w->machine);
	expect(w, MACHINE_STOPPED, "");
	assert_int_equal(w->timer, 0);
	w->manifest.restart.when = RESTART_NO;
	machine_start(&w->machine);
	expect(w, MACHINE_FAILED, "launch-failed end:start-failed kill ");
	world_free(w);
}

static void test_leftovers(void **state)
{
	struct world *w = world_new();

	machine_start(&w->machine);
	w->crowded = true;
	exits(w, 0); /* it forked and exited */
	expect(w, MACHINE_KILLING, "launch end:exit kill ");
	machine_gone(&w->machine);
	expect(w, MACHINE_STOPPED, "");
	world_free(w);
}

static void test_restart_by_hand(void **state)
{
	struct world *w = world_new();

	machine_restart(&w->machine);
	expect(w, MACHINE_RUNNING, "launch ");
	machine_restart(&w->machine);
	expect(w, MACHINE_STOPPING, "signal:15 ");
	exits(w, 1);
	expect(w, MACHINE_RUNNING, "end:stopped kill launch ");
	/* A start while it stops is a start when it has. */
	machine_stop(&w->machine);
	machine_start(&w->machine);
	expect(w, MACHINE_STOPPING, "signal:15 ");
	exits(w, 0);
	expect(w, MACHINE_RUNNING, "end:stopped kill launch ");
	/* And a stop while it restarts is a stop. */
	machine_restart(&w->machine);
	machine_stop(&w->machine);
	exits(w, 0);
	expect(w, MACHINE_STOPPED, "signal:15 end:stopped kill ");
	world_free(w);
}

static void test_readiness(void **state)
{
	struct world *w = world_new();

	w->manifest.ready = READY_NOTIFY;
	machine_start(&w->machine);
	expect(w, MACHINE_STARTING, "launch ");
	machine_ready(&w->machine);
	expect(w, MACHINE_RUNNING, "");
	assert_int_equal(w->timer, 0);
	killed(w);
	expect(w, MACHINE_STARTING, "end:signal kill launch ");
	advance(w); /* not ready in time */
	expect(w, MACHINE_STOPPING, "signal:15 ");
	killed(w);
	expect(w, MACHINE_BACKOFF, "end:start-timeout kill ");
	world_free(w);
}

static void test_failing_check(void **state)
{
	struct world *w = world_new();

	machine_fail(&w->machine, END_HEALTH); /* nothing runs */
	expect(w, MACHINE_STOPPED, "");
	machine_start(&w->machine);
	machine_fail(&w->machine, END_HEALTH);
	expect(w, MACHINE_STOPPING, "launch signal:15 ");
	exits(w, 0);
	expect(w, MACHINE_RUNNING, "end:health kill launch ");
	w->manifest.stop_timeout = 0;
	machine_fail(&w->machine, END_WATCHDOG);
	expect(w, MACHINE_KILLING, "kill ");
	killed(w);
	expect(w, MACHINE_BACKOFF, "end:watchdog kill ");
	world_free(w);
}

static void test_helpers(void **state)
{
	struct world *w = world_new();

	w->has_pre = w->has_post = true;
	machine_start(&w->machine);
	expect(w, MACHINE_PRE_START, "pre ");
	machine_helped(&w->machine, true);
	expect(w, MACHINE_RUNNING, "launch ");
	machine_stop(&w->machine);
	exits(w, 0);
	expect(w, MACHINE_POST_STOP, "signal:15 end:stopped kill post ");
	machine_helped(&w->machine, false);
	expect(w, MACHINE_STOPPED, "");
	/* pre_start refuses; then it takes too long; then it is stopped in it. */
	machine_start(&w->machine);
	machine_helped(&w->machine, false);
	expect(w, MACHINE_POST_STOP, "pre end:pre-start kill post ");
	machine_helped(&w->machine, true);
	expect(w, MACHINE_BACKOFF, "");
	advance(w);
	advance(w);
	expect(w, MACHINE_POST_STOP, "pre end:pre-start kill post ");
	advance(w); /* so does post_stop */
	expect(w, MACHINE_BACKOFF, "kill ");
	advance(w);
	machine_stop(&w->machine);
	expect(w, MACHINE_POST_STOP, "pre end:stopped kill post ");
	machine_helped(&w->machine, true);
	expect(w, MACHINE_STOPPED, "");
	w->pre_result = -ENOENT;
	machine_start(&w->machine);
	machine_helped(&w->machine, true);
	expect(w, MACHINE_BACKOFF, "pre end:pre-start kill post ");
	world_free(w);
}

static void test_waits(void **state)
{
	struct world *w = world_new();

	w->held = true;
	machine_start(&w->machine);
	expect(w, MACHINE_WAITING, "");
	machine_wake(&w->machine);
	expect(w, MACHINE_WAITING, "");
	w->held = false;
	machine_wake(&w->machine);
	expect(w, MACHINE_RUNNING, "launch ");
	machine_wake(&w->machine);
	expect(w, MACHINE_RUNNING, "");
	world_free(w);
}

static void test_adoption(void **state)
{
	struct world *w = world_new();

	machine_adopt(&w->machine, MACHINE_RUNNING, w->now - 20 * S, true);
	expect(w, MACHINE_RUNNING, "");
	machine_ended(&w->machine, &(struct service_end){ .reason = END_UNKNOWN });
	expect(w, MACHINE_RUNNING, "end:unknown kill launch ");
	assert_int_equal(machine_end_at(&w->machine, 0)->wall, 20 * S);
	world_free(w);

	w = world_new();
	machine_adopt(&w->machine, MACHINE_STOPPING, w->now, false);
	advance(w);
	killed(w);
	expect(w, MACHINE_STOPPED, "kill end:stopped kill ");
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),		cmocka_unit_test(test_deaf),
		cmocka_unit_test(test_restarts),	cmocka_unit_test(test_gives_up),
		cmocka_unit_test(test_cannot_start),	cmocka_unit_test(test_leftovers),
		cmocka_unit_test(test_restart_by_hand), cmocka_unit_test(test_readiness),
		cmocka_unit_test(test_failing_check),	cmocka_unit_test(test_helpers),
		cmocka_unit_test(test_waits),		cmocka_unit_test(test_adoption),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
