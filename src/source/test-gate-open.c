// SPDX-License-Identifier: MIT
/* Needs root: real marks on a folder of the test's own. covers: gate-change.c */
#include "source/gate.h"

#include "test/unit.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>

struct world {
	struct host *host;
	struct gate *gate;
	char *folder, *real;
	_Atomic int opens, reads;
	_Atomic unsigned answer;
	/* the last change that was told */
	enum gate_change_kind kind;
	char path[512];
	int changes;
};

static unsigned decide(const struct gate_event *event, void *userdata)
{
	struct world *world = userdata;
	unsigned answer;

	if (event->channel != GATE_OPEN || event->pid == getpid() ||
	    strncmp(event->path, world->real, strlen(world->real)) != 0)
		return GATE_ALLOW;
	answer = world->answer;
	atomic_fetch_add(event->reads ? &world->reads : &world->opens, 1);
	return answer;
}

static void on_change(const struct gate_change *change, void *userdata)
{
	struct world *world = userdata;

	world->changes++;
	world->kind = change->kind;
	snprintf(world->path, sizeof(world->path), "%s", change->path);
}

static int begin(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	const struct gate_options options = {
		.threads = 1, .trouble_fd = -1, .decide = decide, .userdata = world
	};

	*state = world;
	world->answer = GATE_ALLOW;
	world->folder = unit_folder_new();
	world->real = realpath(world->folder, NULL);
	if (geteuid() != 0)
		return 0;
	assert_int_equal(host_new(&world->host, NULL), 0);
	assert_int_equal(gate_new(world->host, &options, &world->gate, NULL), 0);
	assert_int_equal(gate_start(world->gate, NULL), 0);
	return 0;
}

static int end(void **state)
{
	struct world *world = *state;

	gate_free(world->gate);
	host_free(world->host);
	unit_folder_free(world->folder);
	free(world->real);
	free(world);
	return 0;
}

static void watch(struct world *world, unsigned what)
{
	const struct gate_watch watches[] = { { world->real, what } };

	assert_int_equal(gate_watch_open(world->gate, watches, 1, NULL), 1);
	assert_int_equal(gate_marked(world->gate, GATE_OPEN), 1);
}

/* Another process opens, and reads: 0, or the errno. */
static int cat(struct world *world, const char *name)
{
	_cleanup_(freep) char *path = unit_path(world->real, name);
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int fd = open(path, O_RDONLY);
		char byte;

		_exit(fd < 0 || read(fd, &byte, 1) < 0 ? errno : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

static void test_opens_in_a_folder(void **state)
{
	struct world *world = *state;

	unit_need_root();
	watch(world, GATE_WATCH_OPENS);
	/* Made after the mark. */
	unit_write(world->folder, "file", "x");
	assert_int_equal(cat(world, "file"), 0);
	assert_int_equal(world->opens, 1);
	assert_int_equal(world->reads, 0);
	world->answer = GATE_DENY;
	assert_int_equal(cat(world, "file"), EPERM);
	assert_int_equal(gate_watch_open(world->gate, NULL, 0, NULL), 0);
	assert_int_equal(cat(world, "file"), 0);
}

/* A descriptor that was opened by somebody who might. Of one that was opened before the file was
 * watched, Linux 6.17 asks nothing any more. */
static void test_reads_of_an_old_descriptor(void **state)
{
	struct world *world = *state;
	_cleanup_(freep) char *path = unit_path(world->folder, "file");
	int go[2], status;
	pid_t pid;

	unit_need_root();
	unit_write(world->folder, "file", "x");
	watch(world, GATE_WATCH_OPENS | GATE_WATCH_READS);
	assert_int_equal(pipe(go), 0);
	pid = fork();
	if (pid == 0) {
		int fd = open(path, O_RDONLY);
		char byte;

		(void)!read(go[0], &byte, 1);
		_exit(read(fd, &byte, 1) < 0 ? errno : 0);
	}
	while (atomic_load(&world->opens) == 0)
		usleep(100);
	world->answer = GATE_DENY;
	assert_int_equal(write(go[1], "x", 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), EPERM);
	assert_int_equal(world->reads, 1);
	close(go[0]);
	close(go[1]);
}

/* What is forgotten is asked about again, and what is watched stays watched. */
static void test_forgotten_and_renewed(void **state)
{
	struct world *world = *state;

	unit_need_root();
	unit_write(world->folder, "file", "x");
	watch(world, GATE_WATCH_OPENS);
	sleep(3);
	world->answer = GATE_ALLOW | GATE_FORGET;
	assert_int_equal(cat(world, "file"), 0);
	assert_int_equal(cat(world, "file"), 0);
	assert_int_equal(world->opens, 1);
	gate_forget_all(world->gate);
	world->answer = GATE_DENY;
	assert_int_equal(cat(world, "file"), EPERM);
	assert_int_equal(world->opens, 2);
}

static void expect(struct world *world, enum gate_change_kind kind, const char *name)
{
	_cleanup_(freep) char *path = unit_path(world->real, name);
	struct pollfd poll_fd = { .fd = gate_changes_fd(world->gate), .events = POLLIN };

	assert_int_equal(poll(&poll_fd, 1, 2000), 1);
	world->changes = 0;
	assert_true(gate_take_changes(world->gate, on_change, world) > 0);
	assert_int_equal(world->kind, kind);
	assert_string_equal(world->path, path);
}

static void test_changes(void **state)
{
	struct world *world = *state;
	_cleanup_(freep) char *path = unit_path(world->folder, "file");
	_cleanup_(freep) char *other = unit_path(world->folder, "other");
	int fd;

	unit_need_root();
	if (gate_changes_fd(world->gate) < 0)
		skip(); /* Linux before 5.9 */
	unit_write(world->folder, "file", "some text");
	fd = open(path, O_WRONLY);
	watch(world, GATE_WATCH_CONTENT | GATE_WATCH_NAMES);
	assert_int_equal(write(fd, "x", 1), 1);
	expect(world, GATE_CHANGE_CONTENT, "file");
	close(fd);
	assert_int_equal(truncate(path, 1), 0);
	expect(world, GATE_CHANGE_CONTENT, "file");
	assert_int_equal(rename(path, other), 0);
	expect(world, GATE_CHANGE_ADDED, "other");
	assert_int_equal(unlink(other), 0);
	expect(world, GATE_CHANGE_REMOVED, "other");
	assert_int_equal(atomic_load(&gate_counters(world->gate)->changes_lost), 0);
	assert_int_equal(atomic_load(&gate_counters(world->gate)->changes_refused), 0);
}

/* A file that is watched itself, not its folder. */
static void test_changes_of_one_file(void **state)
{
	struct world *world = *state;
	_cleanup_(freep) char *path = unit_path(world->real, "file");
	const struct gate_watch watches[] = { { path, GATE_WATCH_CONTENT } };

	unit_need_root();
	if (gate_changes_fd(world->gate) < 0)
		skip();
	unit_write(world->folder, "file", "some text");
	assert_int_equal(gate_watch_open(world->gate, watches, 1, NULL), 1);
	assert_int_equal(truncate(path, 1), 0);
	expect(world, GATE_CHANGE_CONTENT, "file");
}

static void test_what_is_not_there(void **state)
{
	struct world *world = *state;
	const struct gate_watch watches[] = {
		{ "/nonexistent/file", GATE_WATCH_OPENS | GATE_WATCH_CONTENT },
		{ world->real, GATE_WATCH_OPENS },
	};

	unit_need_root();
	assert_int_equal(gate_watch_open(world->gate, watches, 2, NULL), 1);
	assert_int_equal(gate_watch_more(world->gate, watches, 1), 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		CASE(test_opens_in_a_folder),	  CASE(test_reads_of_an_old_descriptor),
		CASE(test_forgotten_and_renewed), CASE(test_changes),
		CASE(test_changes_of_one_file),	  CASE(test_what_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
