// SPDX-License-Identifier: MIT
/*
 * covers: corpus-*.c
 * Every case without any source: it runs as its row says or says why it cannot, what it left is
 * gone, and what it says of the program is what /proc says while it waits.
 */
#include "core/corpus.h"

#include "test/unit.h"
#include "util/fd.h"

#include <dirent.h>
#include <sys/stat.h>
#include <time.h>

enum { WAIT_MS = 5000 };

struct fixture {
	struct host *host;
	struct corpus *corpus;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct error err = ERROR_INIT;

	assert_non_null(fixture);
	assert_int_equal(host_new(&fixture->host, &err), 0);
	assert_int_equal(corpus_new(fixture->host, &fixture->corpus, &err), 0);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	corpus_free(fixture->corpus);
	host_free(fixture->host);
	free(fixture);
	return 0;
}

/* Waits until `step` is true. */
static void await(bool (*step)(struct corpus_run *run), struct corpus_run *run, const char *name)
{
	const struct timespec tick = { .tv_nsec = 1000000 };

	for (int i = 0; i < WAIT_MS; i++) {
		if (step(run))
			return;
		nanosleep(&tick, NULL);
	}
	fail_msg("%s: waited for too long", name);
}

/* What /proc says of a process's program, seen from here: a namespace's mounts are not in the way.
 */
static bool runs(const struct fixture *fixture, pid_t pid, const struct event *want)
{
	char path[64], text[8192];
	struct slice told;
	ssize_t size;

	snprintf(path, sizeof(path), "%d/exe", (int)pid);
	size = readlinkat(fixture->host->proc_fd, path, text, sizeof(text));
	if (size < 0)
		return true; /* another user's */
	told = (struct slice){ text, (size_t)size };
	return slice_eq(want->exe, told) || slice_eq(want->exe_in_root, told);
}

/* What is executed last before the release, against /proc. */
static void check_program(const struct fixture *fixture, struct corpus_run *run, const char *name)
{
	const struct timespec tick = { .tv_nsec = 1000000 };
	size_t count;
	const struct corpus_record *records = corpus_records(run, &count);

	for (size_t i = 0; i < count; i++) {
		const struct corpus_record *record = &records[i];
		pid_t pid = corpus_pid(run, record->process);
		int left = WAIT_MS;

		if (record->want.type != EVENT_EXEC || record->brief ||
		    record->want.flags & (FLAG_MEMFD | FLAG_DELETED))
			continue;
		/* another program may have come first */
		while (!runs(fixture, pid, &record->want) && left-- > 0)
			nanosleep(&tick, NULL);
		if (left < 0)
			fail_msg("%s: /proc/PID/exe is not %s", name, record->want.exe.data);
	}
}

static bool run_case(const struct fixture *fixture, const struct corpus_case *one, bool wait)
{
	struct corpus_run *run = NULL;
	struct error err = ERROR_INIT;
	bool cannot = false;
	size_t count;
	int r = corpus_begin(fixture->corpus, one, &run, &err);

	if (r == 0) {
		corpus_go(run);
		if (wait)
			await(corpus_started, run, one->name);
		cannot = corpus_problem(run, &err) > 0;
		if (wait && !cannot)
			check_program(fixture, run, one->name);
		corpus_release(run);
		await(corpus_ended, run, one->name);
		assert_true(corpus_started(run));
		cannot = cannot || corpus_problem(run, NULL) > 0;
		corpus_records(run, &count);
		assert_true(count >= 2);
		r = corpus_end(run, cannot ? NULL : &err);
	}
	if (r < 0 && !cannot)
		fail_msg("%s: %s", one->name, error_text(&err));
	if (r != 0 && wait)
		print_message("# %s cannot be run here: %s\n", one->name, error_text(&err));
	error_done(&err);
	return r == 0;
}

static void run_all(const struct fixture *fixture, bool wait)
{
	const struct corpus_case *one;
	size_t done = 0;

	for (size_t i = 0; (one = corpus_case_at(i)); i++)
		if (!(one->flags & CASE_CHANGES_HOST))
			done += run_case(fixture, one, wait);
	assert_true(done > 20); /* any user can do the plain ones */
}

static void test_steps(void **state)
{
	run_all(*state, true);
}

static void test_at_once(void **state)
{
	run_all(*state, false);
}

static void test_names(_unused_ void **state)
{
	const struct corpus_case *one, *other;
	size_t small = 0;

	for (size_t i = 0; (one = corpus_case_at(i)); i++) {
		assert_non_null(one->name);
		assert_non_null(one->summary);
		small += (one->flags & CASE_SMALL) != 0;
		for (size_t j = 0; j < i && (other = corpus_case_at(j)); j++)
			assert_string_not_equal(one->name, other->name);
	}
	assert_in_range(small, 15, 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test_setup_teardown(test_steps, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_at_once, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
