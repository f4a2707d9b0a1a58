// SPDX-License-Identifier: MIT
/*
 * Needs root. It marks every file system of this machine and lets everything pass.
 * covers: gate-watch.c gate-forget.c
 */
#include "source/gate.h"

#include "test/unit.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>

struct seen {
	char path[256];
	unsigned answer;
	_Atomic int times;
	struct gate_hold_options hold; /* for GATE_HOLD */
	_Atomic int64_t held;	       /* its number */
};

static unsigned decide(const struct gate_event *event, void *userdata)
{
	struct seen *seen = userdata;

	if (event->channel == GATE_OPEN || !streq(event->path, seen->path))
		return GATE_ALLOW;
	atomic_fetch_add(&seen->times, 1);
	if (seen->answer & GATE_HOLD)
		atomic_store(&seen->held, gate_hold(event, &seen->hold));
	return seen->answer;
}

static int run(const char *path)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execl(path, path, (char *)NULL);
		_exit(errno == EPERM ? 77 : 78);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void copy_program(const char *to)
{
	char buffer[1 << 16];
	int in = open("/bin/true", O_RDONLY), out = open(to, O_WRONLY | O_CREAT, 0755);
	ssize_t n;

	while ((n = read(in, buffer, sizeof(buffer))) > 0)
		assert_int_equal(write(out, buffer, (size_t)n), n);
	close(in);
	close(out);
}

static struct gate *start(struct host *host, struct seen *seen)
{
	const struct gate_options options = {
		.threads = 1, .trouble_fd = -1, .decide = decide, .userdata = seen
	};
	struct gate *gate = NULL;

	assert_int_equal(gate_new(host, &options, &gate, NULL), 0);
	assert_int_equal(gate_start(gate, NULL), 0);
	assert_true(gate_mark_mounts(gate, NULL) > 0);
	assert_true(gate_marked(gate, GATE_EXEC) > 0);
	return gate;
}

static void test_allow_and_deny(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = NULL;
	_cleanup_(freep) char *program = NULL;
	_cleanup_(host_freep) struct host *host = NULL;
	_cleanup_(gate_freep) struct gate *gate = NULL;
	static struct seen seen;

	unit_need_root();
	folder = unit_folder_new();
	program = unit_path(folder, "program");
	copy_program(program);
	snprintf(seen.path, sizeof(seen.path), "%s", program);
	assert_int_equal(host_new(&host, NULL), 0);
	seen.answer = GATE_ALLOW;
	gate = start(host, &seen);
	assert_int_equal(run(program), 0);
	assert_int_equal(run(program), 0);
	assert_int_equal(seen.times, 2);
	seen.answer = GATE_DENY;
	assert_int_equal(run(program), 77);
	assert_int_equal(atomic_load(&gate_counters(gate)->denied), 1);
}

static void test_forget(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = NULL;
	_cleanup_(freep) char *program = NULL;
	_cleanup_(host_freep) struct host *host = NULL;
	_cleanup_(gate_freep) struct gate *gate = NULL;
	struct timespec old[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	static struct seen seen;

	unit_need_root();
	folder = unit_folder_new();
	program = unit_path(folder, "program");
	copy_program(program);
	(void)utimensat(AT_FDCWD, program, old, 0);
	snprintf(seen.path, sizeof(seen.path), "%s", program);
	assert_int_equal(host_new(&host, NULL), 0);
	seen.answer = GATE_ALLOW | GATE_FORGET;
	gate = start(host, &seen);
	/* A file that has just changed is not forgotten yet. */
	assert_int_equal(run(program), 0);
	assert_int_equal(run(program), 0);
	assert_int_equal(seen.times, 2);
	sleep(3);
	assert_int_equal(run(program), 0);
	assert_int_equal(run(program), 0);
	assert_int_equal(run(program), 0);
	assert_int_equal(seen.times, 3);
	gate_forget_all(gate);
	assert_int_equal(run(program), 0);
	assert_int_equal(seen.times, 4);
}

static bool is_told(struct gate *gate)
{
	struct pollfd told = { .fd = gate_names_fd(gate), .events = POLLIN };

	return poll(&told, 1, 10000) == 1;
}

/* What was forgotten for its name is asked about again under another one. */
static void test_forget_by_name(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = NULL;
	_cleanup_(freep) char *program = NULL, *other = NULL;
	_cleanup_(host_freep) struct host *host = NULL;
	_cleanup_(gate_freep) struct gate *gate = NULL;
	static struct seen seen;

	unit_need_root();
	folder = unit_folder_new();
	program = unit_path(folder, "program");
	other = unit_path(folder, "other");
	copy_program(program);
	snprintf(seen.path, sizeof(seen.path), "%s", program);
	assert_int_equal(host_new(&host, NULL), 0);
	seen.answer = GATE_ALLOW | GATE_FORGET | GATE_BY_NAME;
	gate = start(host, &seen);
	if (gate_names_fd(gate) < 0)
		skip();
	sleep(3);
	assert_int_equal(run(program), 0);
	if (atomic_load(&gate_counters(gate)->forgotten) == 0)
		skip(); /* a file system that names no files (overlayfs before 6.6) */
	assert_int_equal(run(program), 0);
	assert_int_equal(seen.times, 1);
	assert_int_equal(link(program, other), 0);
	assert_true(is_told(gate));
	gate_take_names(gate);
	assert_int_equal(run(program), 0);
	assert_int_equal(seen.times, 2);
	assert_int_equal(unlink(other), 0);
	sleep(3);
	assert_int_equal(run(program), 0);
	assert_int_equal(run(program), 0);
	assert_int_equal(seen.times, 3);
	assert_int_equal(rename(program, other), 0);
	assert_true(is_told(gate));
	gate_take_names(gate);
	snprintf(seen.path, sizeof(seen.path), "%s", other);
	assert_int_equal(run(other), 0);
	assert_int_equal(seen.times, 4);
}

/* One thread: while the first process is held, others are answered. */
static void test_hold(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = NULL;
	_cleanup_(freep) char *program = NULL;
	_cleanup_(host_freep) struct host *host = NULL;
	_cleanup_(gate_freep) struct gate *gate = NULL;
	static struct seen seen;
	int status;
	pid_t pid;

	unit_need_root();
	folder = unit_folder_new();
	program = unit_path(folder, "program");
	copy_program(program);
	snprintf(seen.path, sizeof(seen.path), "%s", program);
	assert_int_equal(host_new(&host, NULL), 0);
	seen.answer = GATE_HOLD;
	gate = start(host, &seen);
	pid = fork();
	if (pid == 0) {
		execl(program, program, (char *)NULL);
		_exit(78);
	}
	while (atomic_load(&seen.held) == 0)
		usleep(100);
	assert_int_equal(run("/bin/true"), 0);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	assert_int_equal(gate_release(gate, atomic_load(&seen.held), true), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	seen.hold = (struct gate_hold_options){ .after_ns = 20000000, .deny = true };
	assert_int_equal(run(program), 77);
	assert_int_equal(atomic_load(&gate_counters(gate)->late), 1);
	assert_true(gate_hold_is_late(gate, atomic_load(&seen.held)));
}

/* What is held when the gate goes is let go. */
static void test_held_at_the_end(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = NULL;
	_cleanup_(freep) char *program = NULL;
	_cleanup_(host_freep) struct host *host = NULL;
	static struct seen seen;
	struct gate *gate;
	int status;
	pid_t pid;

	unit_need_root();
	folder = unit_folder_new();
	program = unit_path(folder, "program");
	copy_program(program);
	snprintf(seen.path, sizeof(seen.path), "%s", program);
	assert_int_equal(host_new(&host, NULL), 0);
	seen.answer = GATE_HOLD;
	gate = start(host, &seen);
	pid = fork();
	if (pid == 0) {
		execl(program, program, (char *)NULL);
		_exit(78);
	}
	while (atomic_load(&seen.held) == 0)
		usleep(100);
	gate_free(gate);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_probe(void **state)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;

	unit_need_root();
	assert_int_equal(gate_probe(&err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probe),  cmocka_unit_test(test_allow_and_deny),
		cmocka_unit_test(test_forget), cmocka_unit_test(test_forget_by_name),
		cmocka_unit_test(test_hold),   cmocka_unit_test(test_held_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
