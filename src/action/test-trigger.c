// SPDX-License-Identifier: MIT
#include "action/trigger.h"

#include "test/unit.h"
#include "util/host.h"

#include <signal.h>
#include <sys/wait.h>

struct fixture {
	sd_event *event;
	struct trigger_runner *runner;
	int ended, status;
	bool timed_out;
	char output[512];
};

static void on_end(const char *name, pid_t pid, int status, bool timed_out, const char *output,
		   void *userdata)
{
	struct fixture *f = userdata;

	f->ended++;
	f->status = status;
	f->timed_out = timed_out;
	snprintf(f->output, sizeof(f->output), "%s", output);
}

static void start(struct fixture *f, const struct trigger_limits *limits)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	*f = (struct fixture){ 0 };
	assert_true(sd_event_new(&f->event) >= 0);
	assert_int_equal(trigger_runner_new(f->event, limits, on_end, f, &f->runner), 0);
}

static void stop(struct fixture *f)
{
	trigger_runner_free(f->runner);
	sd_event_unref(f->event);
}

static void wait_for(struct fixture *f, int ended)
{
	for (int i = 0; i < 200 && f->ended < ended; i++)
		assert_true(sd_event_run(f->event, 100000) >= 0);
	assert_int_equal(f->ended, ended);
}

static int run(struct fixture *f, const char *script)
{
	const char *const arguments[] = { "-c", script, NULL };
	const char *const environment[] = { "FETTER_PID=12", NULL };
	const struct trigger_request request = {
		.name = "test",
		.program = "/bin/sh",
		.arguments = arguments,
		.uid = geteuid() == 0 ? 65534 : getuid(),
		.gid = geteuid() == 0 ? 65534 : getgid(),
		.user = "nobody",
		.home = "/nonexistent",
		.environment = environment,
	};

	return trigger_run(f->runner, &request);
}

static void test_exit_and_output(void **state)
{
	struct fixture f;

	start(&f, NULL);
	assert_int_equal(run(&f, "echo out; echo $FETTER_PID $HOME >&2; exit 3"), 0);
	assert_int_equal(trigger_counters(f.runner)->running, 1);
	wait_for(&f, 1);
	assert_int_equal(WEXITSTATUS(f.status), 3);
	assert_string_equal(f.output, "out\n12 /nonexistent\n");
	assert_int_equal(trigger_counters(f.runner)->failed, 1);
	assert_int_equal(run(&f, "true"), 0);
	wait_for(&f, 2);
	assert_int_equal(trigger_counters(f.runner)->succeeded, 1);
	stop(&f);
}

/* Nothing of ours goes along: no descriptor, no variable, no privilege. */
static void test_what_it_is_given(void **state)
{
	struct fixture f;
	int leak[2];

	assert_int_equal(pipe(leak), 0);
	setenv("SECRET", "x", 1);
	start(&f, NULL);
	assert_int_equal(run(&f, "ls /proc/self/fd | tr '\\n' ' '; echo \"[$SECRET]\"; pwd; "
				 "grep -c 'NoNewPrivs:.1' /proc/$$/status; id -G"),
			 0);
	wait_for(&f, 1);
	/* The fourth one is the folder that ls reads. */
	assert_non_null(strstr(f.output, "0 1 2 3 []\n/\n1\n"));
	if (geteuid() == 0)
		assert_non_null(strstr(f.output, "\n65534\n"));
	stop(&f);
	close(leak[0]);
	close(leak[1]);
}

static void test_a_missing_program(void **state)
{
	const struct trigger_request request = {
		.name = "test",
		.program = "/no/such/program",
		.uid = getuid(),
		.gid = getgid(),
		.user = "x",
		.home = "/",
	};
	struct fixture f;

	start(&f, NULL);
	assert_int_equal(trigger_run(f.runner, &request), 0);
	wait_for(&f, 1);
	assert_int_equal(WEXITSTATUS(f.status), 127);
	assert_string_equal(f.output, "cannot execute /no/such/program: No such file or directory");
	assert_int_equal(trigger_counters(f.runner)->could_not_start, 1);
	assert_int_equal(trigger_counters(f.runner)->running, 0);
	stop(&f);
}

static void test_time_is_limited(void **state)
{
	const struct trigger_limits limits = {
		.running = 4,
		.waiting = 4,
		.timeout_ns = UINT64_C(200000000),
		.per_second = 100,
	};
	struct fixture f;

	start(&f, &limits);
	assert_int_equal(run(&f, "sleep 60"), 0);
	wait_for(&f, 1);
	assert_true(f.timed_out);
	assert_int_equal(trigger_counters(f.runner)->timed_out, 1);
	stop(&f);
}

static void test_numbers_are_limited(void **state)
{
	const struct trigger_limits limits = {
		.running = 1,
		.waiting = 1,
		.timeout_ns = UINT64_C(10000000000),
		.per_second = 100,
	};
	struct fixture f;

	start(&f, &limits);
	assert_int_equal(run(&f, "sleep 0.2"), 0);
	assert_int_equal(run(&f, "true"), 1);
	assert_int_equal(run(&f, "true"), -EAGAIN);
	assert_int_equal(trigger_counters(f.runner)->dropped, 1);
	wait_for(&f, 2);
	assert_int_equal(trigger_counters(f.runner)->succeeded, 2);
	stop(&f);
}

/* Those above the number wait for the next second, all of them. */
static void test_starts_are_limited(void **state)
{
	const struct trigger_limits limits = {
		.running = 10,
		.waiting = 10,
		.timeout_ns = UINT64_C(10000000000),
		.per_second = 2,
	};
	uint64_t begun = clock_monotonic(), seconds;
	struct fixture f;

	start(&f, &limits);
	for (int i = 0; i < 5; i++)
		assert_true(run(&f, "true") >= 0);
	wait_for(&f, 3);
	seconds = (clock_monotonic() - begun) / 1000000000 + 1;
	assert_true(trigger_counters(f.runner)->started <= 2 * seconds);
	wait_for(&f, 5);
	assert_true(clock_monotonic() - begun >= UINT64_C(2000000000));
	stop(&f);
}

static void test_its_session(void **state)
{
	struct fixture f;

	start(&f, NULL);
	assert_false(trigger_is_session(f.runner, getsid(0)));
	assert_int_equal(run(&f, "ps -o sid= -p $$ | tr -d ' '"), 0);
	wait_for(&f, 1);
	assert_true(strlen(f.output) > 1);
	/* It has ended, but what it has left running is still its own. */
	assert_true(trigger_is_session(f.runner, (pid_t)strtol(f.output, NULL, 10)));
	stop(&f);
}

/* Ending kills what runs: none is left behind. */
static void test_free_kills(void **state)
{
	struct fixture f;

	start(&f, NULL);
	assert_int_equal(run(&f, "sleep 60"), 0);
	stop(&f);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exit_and_output),	    cmocka_unit_test(test_what_it_is_given),
		cmocka_unit_test(test_a_missing_program),   cmocka_unit_test(test_time_is_limited),
		cmocka_unit_test(test_numbers_are_limited), cmocka_unit_test(test_its_session),
		cmocka_unit_test(test_starts_are_limited),  cmocka_unit_test(test_free_kills),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
