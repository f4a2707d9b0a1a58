// SPDX-License-Identifier: MIT
/* Needs root for BPF and for /proc/PID/auxv of others. covers: user.c */
#include "source/confirm.h"

#include "test/unit.h"

#include <sys/wait.h>

struct child {
	pid_t pid;
	int go; /* written: it executes */
};

/* A child that waits for a byte and then executes `program`, or tries to. */
static struct child start(const char *program)
{
	struct child child;
	int go[2];

	assert_int_equal(pipe(go), 0);
	child.pid = fork();
	assert_true(child.pid >= 0);
	if (child.pid == 0) {
		char byte;

		close(go[1]);
		if (read(go[0], &byte, 1) == 1)
			execl(program, program, "30", (char *)NULL);
		/* It failed: stay, as a shell would. */
		sleep(30);
		_exit(0);
	}
	close(go[0]);
	child.go = go[1];
	return child;
}

static void finish(struct child *child)
{
	kill(child->pid, SIGKILL);
	waitpid(child->pid, NULL, 0);
	close(child->go);
}

static enum confirm_state wait_for_change(struct confirm *confirm, pid_t pid, uint64_t ticket)
{
	enum confirm_state state = CONFIRM_NOT_YET;

	for (int i = 0; i < 300 && state == CONFIRM_NOT_YET; i++) {
		usleep(10000);
		state = confirm_ask(confirm, pid, ticket);
	}
	return state;
}

static void test_success_and_failure(void **state)
{
	_cleanup_(host_freep) struct host *host = NULL;
	_cleanup_(confirm_freep) struct confirm *confirm = NULL;
	struct child good, bad;
	uint64_t ticket, again;

	unit_need_root();
	assert_int_equal(host_new(&host, NULL), 0);
	assert_int_equal(confirm_new(host, &confirm), 0);
	assert_non_null(confirm_reason(confirm));

	good = start("/bin/sleep");
	ticket = confirm_ticket(confirm, good.pid);
	assert_true(ticket != 0);
	assert_false(confirm_is_same(confirm, good.pid, ticket));
	assert_int_equal(confirm_previous(confirm, good.pid, ticket), CONFIRM_UNKNOWN);
	confirm_arm(confirm, good.pid, ticket);
	assert_int_equal(confirm_ask(confirm, good.pid, ticket), CONFIRM_NOT_YET);
	assert_true(confirm_is_same(confirm, good.pid, confirm_ticket(confirm, good.pid)));
	assert_int_equal(write(good.go, "x", 1), 1);
	assert_int_equal(wait_for_change(confirm, good.pid, ticket), CONFIRM_SUCCEEDED);
	assert_false(confirm_is_same(confirm, good.pid, confirm_ticket(confirm, good.pid)));
	assert_int_equal(confirm_previous(confirm, good.pid, confirm_ticket(confirm, good.pid)),
			 confirm_is_fast(confirm) ? CONFIRM_SUCCEEDED : CONFIRM_UNKNOWN);
	finish(&good);

	bad = start("/etc/passwd");
	ticket = confirm_ticket(confirm, bad.pid);
	confirm_arm(confirm, bad.pid, ticket);
	assert_int_equal(write(bad.go, "x", 1), 1);
	usleep(100000);
	assert_int_equal(confirm_ask(confirm, bad.pid, ticket), CONFIRM_NOT_YET);
	assert_true(confirm_is_same(confirm, bad.pid, ticket));
	/* Another one, right after it: the first can no more be told apart by itself. */
	again = confirm_ticket(confirm, bad.pid);
	confirm_arm(confirm, bad.pid, again);
	assert_int_equal(confirm_ask(confirm, bad.pid, ticket), CONFIRM_AGAIN);
	assert_false(confirm_disarm(confirm, bad.pid, ticket));
	assert_true(confirm_disarm(confirm, bad.pid, again));
	assert_false(confirm_is_same(confirm, bad.pid, ticket));
	finish(&bad);
}

static void test_unknown(void **state)
{
	_cleanup_(host_freep) struct host *host = NULL;
	_cleanup_(confirm_freep) struct confirm *confirm = NULL;

	assert_int_equal(host_new(&host, NULL), 0);
	assert_int_equal(confirm_new(host, &confirm), 0);
	assert_int_equal(confirm_ask(confirm, 1, 0), CONFIRM_UNKNOWN);
	assert_false(confirm_is_same(confirm, 1, 0));
}

/* Without BPF (here: a host whose /proc has no pid namespace) the image of the process tells. */
static void test_by_image(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(host_freep) struct host *host = NULL;
	_cleanup_(confirm_freep) struct confirm *confirm = NULL;
	uint64_t ticket, again;

	unit_write(folder, "proc/7/auxv", "one image");
	assert_int_equal(host_new_at(folder, 1, &host, NULL), 0);
	assert_int_equal(confirm_new(host, &confirm), 0);
	assert_false(confirm_is_fast(confirm));
	ticket = confirm_ticket(confirm, 7);
	assert_true(ticket != 0);
	confirm_arm(confirm, 7, ticket);
	assert_true(confirm_is_same(confirm, 7, confirm_ticket(confirm, 7)));
	assert_int_equal(confirm_ask(confirm, 7, ticket), CONFIRM_NOT_YET);
	unit_write(folder, "proc/7/auxv", "another image");
	assert_int_equal(confirm_ask(confirm, 7, ticket), CONFIRM_SUCCEEDED);
	assert_false(confirm_is_same(confirm, 7, confirm_ticket(confirm, 7)));
	assert_int_equal(confirm_ticket(confirm, 8), 0);
	ticket = confirm_ticket(confirm, 7);
	confirm_arm(confirm, 7, ticket);
	again = confirm_ticket(confirm, 7);
	assert_true(again != ticket);
	confirm_arm(confirm, 7, again);
	assert_int_equal(confirm_ask(confirm, 7, ticket), CONFIRM_AGAIN);
	assert_int_equal(confirm_ask(confirm, 7, again), CONFIRM_NOT_YET);
	assert_false(confirm_disarm(confirm, 7, ticket));
	assert_true(confirm_disarm(confirm, 7, again));
	assert_false(confirm_is_same(confirm, 7, ticket));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_success_and_failure),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_by_image),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
