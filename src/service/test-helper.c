// SPDX-License-Identifier: MIT
#include "service/helper.h"

#include "test/unit.h"

enum { NOT_YET = -12345 };

static void on_end(int code, void *userdata)
{
	*(int *)userdata = code;
}

static int end_of(const char *script, uint64_t timeout_ns)
{
	char shell[] = "/bin/sh", option[] = "-c", *text = strdup(script);
	char *argv[] = { shell, option, text, NULL };
	const struct launch_plan plan = { .argv = argv, .clone_fd = -1 };
	struct launch_child child;
	struct helper *helper = NULL;
	sd_event *event = NULL;
	int code = NOT_YET;

	assert_true(sd_event_new(&event) >= 0);
	assert_int_equal(launch_start(&plan, &child, NULL, NULL), 0);
	assert_int_equal(helper_new(event, &child, timeout_ns, on_end, &code, &helper), 0);
	while (code == NOT_YET)
		assert_true(sd_event_run(event, UINT64_MAX) >= 0);
	helper_free(helper);
	sd_event_unref(event);
	free(text);
	return code;
}

static void test_ends(void **state)
{
	assert_int_equal(end_of("exit 0", 0), 0);
	assert_int_equal(end_of("exit 3", 0), 3);
	assert_int_equal(end_of("kill -9 $$", 0), 137);
	assert_int_equal(end_of("exec sleep 1000", 1000000), -ETIMEDOUT);
}

/* Freed while it runs, it is gone, and the function is not called. */
static void test_freed(void **state)
{
	char program[] = "/bin/sleep", time[] = "1000", *argv[] = { program, time, NULL };
	const struct launch_plan plan = { .argv = argv, .clone_fd = -1 };
	struct launch_child child;
	struct helper *helper = NULL;
	sd_event *event = NULL;
	int code = NOT_YET;
	pid_t pid;

	assert_true(sd_event_new(&event) >= 0);
	assert_int_equal(launch_start(&plan, &child, NULL, NULL), 0);
	assert_int_equal(helper_new(event, &child, 0, on_end, &code, &helper), 0);
	pid = helper_pid(helper);
	assert_true(pid > 0);
	helper_free(helper);
	assert_int_equal(sd_event_run(event, 0), 0);
	assert_int_equal(code, NOT_YET);
	sd_event_unref(event);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
