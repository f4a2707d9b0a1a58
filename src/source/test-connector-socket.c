// SPDX-License-Identifier: MIT
/* The kernel's own connector, by itself and as a source. Needs root (before 6.6 CAP_NET_ADMIN). */
#include "source/connector-socket.h"

#include "source/connector.h"
#include "source/test-child.h"
#include "source/test-events.h"

#include <linux/connector.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

struct fixture {
	struct host *host;
	struct source *source;
	struct kept_events kept;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_int_equal(host_new(&f->host, NULL), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	source_free(f->source);
	host_free(f->host);
	free(f);
	return 0;
}

static void ignore_hook(const struct hook_report *report, void *userdata)
{
}

static struct source *open_another(struct fixture *f, uint32_t types, size_t buffer,
				   struct kept_events *kept)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	const struct source_options options = {
		.host = f->host,
		.sink = { keep_event, kept },
		.types = types,
		.buffer = buffer,
	};
	struct source *source = NULL;

	if (connector_source.open(&options, &source, &err) < 0)
		fail_msg("%s", error_text(&err));
	return source;
}

static void open_source(struct fixture *f, uint32_t types, size_t buffer)
{
	f->source = open_another(f, types, buffer, &f->kept);
}

/* Skips the test where there is no connector. */
static void need_connector(struct fixture *f)
{
	unit_need_root();
	if (connector_source.probe(f->host, ignore_hook, NULL, NULL) < 0)
		skip();
}

static void execute(int ready, int go, const void *data)
{
	child_ready(ready, go);
	execl("/usr/bin/sleep", "sleep", "60", (char *)NULL);
}

static void test_a_life(void **state)
{
	struct fixture *f = *state;
	const struct kept_event *event;
	struct child child;
	uint64_t before;

	need_connector(f);
	open_source(f, EVENT_ALL, 0);
	before = clock_boottime();
	child = child_start(execute, NULL);
	f->kept.pid = (uint32_t)child.pid;
	event = run_until(f->source, &f->kept, EVENT_FORK);
	assert_int_equal(event->event.ppid, getpid());
	assert_true(event->event.boottime >= before && event->event.boottime <= clock_boottime());
	assert_true(event->event.start + 20000000 >= before);
	child_go(&child);
	event = run_until(f->source, &f->kept, EVENT_EXEC);
	assert_string_equal(event->exe, "/usr/bin/sleep");
	assert_int_equal(event->event.ppid, getpid());
	child_end(&child);
	event = run_until(f->source, &f->kept, EVENT_EXIT);
	assert_int_equal(event->event.signal, SIGKILL);
	assert_int_equal(f->kept.count, 3);
}

static void change_ids(int ready, int go, const void *data)
{
	child_ready(ready, go);
	if (setgid(12345) < 0 || setuid(54321) < 0)
		_exit(1);
	_exit(7);
}

static void test_ids_and_exit_code(void **state)
{
	struct fixture *f = *state;
	struct child child;

	need_connector(f);
	open_source(f, EVENT_ALL, 0);
	child = child_start(change_ids, NULL);
	f->kept.pid = (uint32_t)child.pid;
	child_go(&child);
	assert_int_equal(run_until(f->source, &f->kept, EVENT_EXIT)->event.exit_code, 7);
	waitpid(child.pid, NULL, 0);
	assert_int_equal(kept_find(&f->kept, EVENT_SETUID)->event.uid, 54321);
	assert_int_equal(kept_find(&f->kept, EVENT_SETUID)->event.euid, 54321);
	assert_int_equal(kept_find(&f->kept, EVENT_SETGID)->event.gid, 12345);
}

static void crash(int ready, int go, const void *data)
{
	const struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	child_ready(ready, go);
	abort();
}

static void test_a_crash(void **state)
{
	struct fixture *f = *state;
	struct child child;

	need_connector(f);
	open_source(f, EVENT_ALL, 0);
	child = child_start(crash, NULL);
	f->kept.pid = (uint32_t)child.pid;
	child_go(&child);
	assert_int_equal(run_until(f->source, &f->kept, EVENT_EXIT)->event.signal, SIGABRT);
	waitpid(child.pid, NULL, 0);
	assert_non_null(kept_find(&f->kept, EVENT_COREDUMP));
}

static void *wait_and_end(void *data)
{
	const int *fds = data;
	char byte;

	child_ready(fds[0], fds[1]);
	usleep(100000);
	(void)!read(fds[1], &byte, 1);
	syscall(SYS_exit_group, 5);
	return NULL;
}

static void leave_a_thread(int ready, int go, const void *data)
{
	static int fds[2];
	pthread_t thread;

	fds[0] = ready;
	fds[1] = go;
	if (pthread_create(&thread, NULL, wait_and_end, fds) == 0)
		syscall(SYS_exit, 0);
}

/* The process ends with its last thread, and as that says. */
static void test_a_leader_that_ends_first(void **state)
{
	struct fixture *f = *state;
	struct child child;

	need_connector(f);
	open_source(f, EVENT_ALL, 0);
	child = child_start(leave_a_thread, NULL);
	f->kept.pid = (uint32_t)child.pid;
	for (int i = 0; i < 10; i++)
		run_source(f->source, 5);
	assert_null(kept_find(&f->kept, EVENT_EXIT));
	child_go(&child);
	assert_int_equal(run_until(f->source, &f->kept, EVENT_EXIT)->event.exit_code, 5);
	waitpid(child.pid, NULL, 0);
	for (int i = 0; i < 10; i++)
		run_source(f->source, 5);
	assert_int_equal(f->kept.count, 2);
}

static void *execute_in_thread(void *data)
{
	execl("/usr/bin/sleep", "sleep", "60", (char *)NULL);
	return NULL;
}

static void execute_by_a_thread(int ready, int go, const void *data)
{
	pthread_t thread;

	child_ready(ready, go);
	if (pthread_create(&thread, NULL, execute_in_thread, NULL) == 0)
		for (;;)
			pause();
}

static void test_a_thread_that_executes(void **state)
{
	struct fixture *f = *state;
	struct child child;

	need_connector(f);
	open_source(f, EVENT_ALL, 0);
	child = child_start(execute_by_a_thread, NULL);
	f->kept.pid = (uint32_t)child.pid;
	child_go(&child);
	assert_string_equal(run_until(f->source, &f->kept, EVENT_EXEC)->exe, "/usr/bin/sleep");
	for (int i = 0; i < 10; i++)
		run_source(f->source, 5);
	assert_null(kept_find(&f->kept, EVENT_EXIT));
	child_end(&child);
	(void)run_until(f->source, &f->kept, EVENT_EXIT);
	assert_int_equal(f->kept.count, 3);
}

static void fork_many(int count)
{
	for (int i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
}

static size_t drain(struct connector_socket *socket)
{
	struct connector_message messages[64];
	size_t count = 0;
	ssize_t n;

	while ((n = connector_socket_receive(socket, messages, ARRAY_SIZE(messages))) > 0)
		count += (size_t)n;
	assert_int_equal(n, 0);
	return count;
}

/* What a small buffer loses is what a large one has more. */
static void test_drops_are_exact(void **state)
{
	struct fixture *f = *state;
	struct connector_socket *small = NULL, *large = NULL;
	size_t got, all = 0;
	uint32_t lost;

	need_connector(f);
	for (int tries = 0; tries < 20; tries++) {
		assert_int_equal(connector_socket_new(f->host, 8 << 20, &large, NULL), 0);
		assert_int_equal(connector_socket_new(f->host, 20000, &small, NULL), 0);
		assert_true(connector_socket_counts(small));
		(void)drain(large);
		(void)drain(small);
		(void)connector_socket_dropped(small);
		fork_many(100);
		/* Others fork, too: at the moment of the look they must not. */
		all = drain(large);
		got = drain(small);
		lost = connector_socket_dropped(small);
		all += drain(large);
		connector_socket_free(small);
		connector_socket_free(large);
		assert_true(lost > 0);
		if (got + lost == all)
			break;
	}
	assert_int_equal(got + lost, all);
}

static void test_a_gap(void **state)
{
	struct fixture *f = *state;
	const struct kept_event *gap;
	uint64_t before, end;

	need_connector(f);
	open_source(f, EVENT_ALL, 20000);
	before = clock_boottime();
	f->kept.pid = UINT32_MAX;
	fork_many(200);
	end = clock_boottime();
	gap = run_until(f->source, &f->kept, EVENT_GAP);
	/* Of 200 forks and 200 exits. */
	assert_in_range(gap->event.lost, 300, 100000);
	assert_true(gap->event.from >= before && gap->event.from <= end);
	assert_true(gap->event.to >= end);
	assert_int_equal(f->source->counters.lost, gap->event.lost);
	assert_int_equal(f->source->counters.gaps, 1);
	assert_string_equal(gap->reason, "socket buffer full");
}

/* A listener that comes and goes does not stop another. */
static void test_two_listeners(void **state)
{
	struct fixture *f = *state;
	struct kept_events *others = calloc(1, sizeof(*others));
	struct source *other;
	struct child child;

	assert_non_null(others);
	need_connector(f);
	open_source(f, EVENT_ALL, 0);
	other = open_another(f, EVENT_ALL, 0, others);
	child = child_start(execute, NULL);
	f->kept.pid = others->pid = (uint32_t)child.pid;
	(void)run_until(f->source, &f->kept, EVENT_FORK);
	(void)run_until(other, others, EVENT_FORK);
	source_free(other);
	child_go(&child);
	(void)run_until(f->source, &f->kept, EVENT_EXEC);
	/* One that wants little does not take from one that wants more. */
	others->count = 0;
	other = open_another(f, EVENT_BIT(EVENT_EXEC), 0, others);
	child_end(&child);
	(void)run_until(f->source, &f->kept, EVENT_EXIT);
	run_source(other, 5);
	assert_int_equal(others->count, 0);
	source_free(other);
	free(others);
}

static void test_nothing_wanted(void **state)
{
	struct fixture *f = *state;
	struct child child;

	need_connector(f);
	open_source(f, 0, 0);
	fork_many(3);
	run_source(f->source, 5);
	assert_int_equal(f->kept.all, 0);
	assert_int_equal(connector_source.set_types(f->source, EVENT_BIT(EVENT_EXIT), NULL), 0);
	child = child_start(execute, NULL);
	f->kept.pid = (uint32_t)child.pid;
	child_end(&child);
	(void)run_until(f->source, &f->kept, EVENT_EXIT);
	assert_int_equal(f->kept.count, 1);
	assert_int_equal(connector_source.set_types(f->source, 0, NULL), 0);
	while (connector_source.dispatch(f->source, NULL) > 0)
		;
	f->kept.all = 0;
	fork_many(3);
	run_source(f->source, 5);
	assert_int_equal(f->kept.all, 0);
}

/* Only the kernel is believed. */
static void test_a_forged_message(void **state)
{
	struct fixture *f = *state;
	struct {
		struct nlmsghdr header;
		uint32_t words[4];
		uint16_t length, flags;
		char event[sizeof(struct proc_event)];
	} __attribute__((packed)) forged = {
		.header = { .nlmsg_len = sizeof(forged), .nlmsg_type = NLMSG_DONE },
		.words = { CN_IDX_PROC, CN_VAL_PROC },
		.length = sizeof(struct proc_event),
	};
	const struct sockaddr_nl everybody = { .nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC };
	struct proc_event event = { .what = PROC_EVENT_EXEC };
	int fd;

	need_connector(f);
	event.event_data.exec.process_pid = event.event_data.exec.process_tgid = 0x7ffffff0;
	memcpy(forged.event, &event, sizeof(event));
	open_source(f, EVENT_ALL, 0);
	f->kept.pid = 0x7ffffff0;
	fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_CONNECTOR);
	assert_true(fd >= 0);
	(void)sendto(fd, &forged, sizeof(forged), 0, (const struct sockaddr *)&everybody,
		     sizeof(everybody));
	close(fd);
	for (int i = 0; i < 5; i++)
		run_source(f->source, 5);
	assert_int_equal(f->kept.count, 0);
}

static int probe_elsewhere(struct fixture *f, int flags)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		if (unshare(flags) < 0)
			_exit(100);
		/* The new process namespace is that of the children. */
		pid = fork();
		if (pid == 0)
			_exit(-connector_source.probe(f->host, ignore_hook, NULL, NULL));
		waitpid(pid, &status, 0);
		_exit(WEXITSTATUS(status));
	}
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

static void test_other_namespaces(void **state)
{
	struct fixture *f = *state;

	need_connector(f);
	assert_int_equal(probe_elsewhere(f, CLONE_NEWNET), EPROTONOSUPPORT);
	assert_int_not_equal(probe_elsewhere(f, CLONE_NEWPID), 0);
	assert_int_not_equal(probe_elsewhere(f, CLONE_NEWUSER), 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_life),
		CASE(test_ids_and_exit_code),
		CASE(test_a_crash),
		CASE(test_a_leader_that_ends_first),
		CASE(test_a_thread_that_executes),
		CASE(test_drops_are_exact),
		CASE(test_a_gap),
		CASE(test_two_listeners),
		CASE(test_nothing_wanted),
		CASE(test_a_forged_message),
		CASE(test_other_namespaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
