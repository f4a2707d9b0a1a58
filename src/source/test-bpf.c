// SPDX-License-Identifier: MIT
/*
 * The bpf source and its programs in the kernel, alive; the forms of executions are in
 * test/contract. Needs root. covers: bpf.c
 */
#include "source/bpf.h"

#include "bpf/watch/user.h"
#include "source/bpf-decode.h"
#include "source/scan-processes.h"
#include "test/unit.h"
#include "util/fd.h"
#include "util/proc-text.h"

#include <sys/fsuid.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static const char *const variables[] = { "REEVE_TEST_BPF" };

struct world {
	struct host *host;
	struct source *source;
	pid_t pid; /* whose events are looked at; 0: of all children of this test */
	size_t counts[EVENT_TYPES];
	uint64_t gap, first_time;
	struct event last[EVENT_TYPES];
	struct text argv, env;
	struct text groups; /* of all executions, one after the other */
};

static void take(struct event *event, void *userdata)
{
	struct world *world = userdata;

	if (event->type == EVENT_GAP) {
		world->gap += event->lost;
		assert_true(event->from <= event->to);
	} else if (world->pid ? event->pid != (uint32_t)world->pid
			      : event->ppid != (uint32_t)getpid()) {
		return;
	}
	world->counts[event->type]++;
	world->last[event->type] = *event;
	if (event_knows(event, FIELD_ARGV)) {
		text_done(&world->argv);
		text_init(&world->argv);
		text_add_bytes(&world->argv, event->argv.data, event->argv.size);
	}
	if (event->type == EVENT_EXEC) {
		text_add_bytes(&world->groups, event->cgroup.data, event->cgroup.size + 1);
		text_add_bytes(&world->groups, event->cgroup_v1.data, event->cgroup_v1.size);
	}
	if (event_knows(event, FIELD_ENV)) {
		text_done(&world->env);
		text_init(&world->env);
		text_add_bytes(&world->env, event->env.data, event->env.size);
	}
}

static void world_begin(struct world *world, uint32_t types, size_t buffer)
{
	struct source_options options = { .sink = { take, world },
					  .types = types,
					  .buffer = buffer,
					  .environment = variables,
					  .environment_count = 1 };
	struct error err = ERROR_INIT;

	unit_need_root();
	memset(world, 0, sizeof(*world));
	assert_int_equal(host_new(&world->host, NULL), 0);
	options.host = world->host;
	if (bpf_source.open(&options, &world->source, &err) < 0)
		print_message("%s\n", error_text(&err));
	error_done(&err);
	assert_non_null(world->source);
}

static void world_end(struct world *world)
{
	source_free(world->source);
	host_free(world->host);
	text_done(&world->argv);
	text_done(&world->env);
	text_done(&world->groups);
}

/* Serves the source for so long, as an owner's loop does. */
static void serve(struct world *world, unsigned ms)
{
	uint64_t end = clock_monotonic() + ms * UINT64_C(1000000);

	for (;;) {
		uint64_t now = clock_monotonic();
		uint64_t until = MIN(end, bpf_source.due(world->source));
		struct pollfd fd = { bpf_source.fd(world->source), POLLIN, 0 };

		if (now >= end)
			return;
		if (poll(&fd, 1, until <= now ? 0 : (int)((until - now) / 1000000 + 1)) > 0 ||
		    clock_monotonic() >= bpf_source.due(world->source))
			assert_true(bpf_source.dispatch(world->source, NULL) >= 0);
	}
}

static pid_t run(const char *const argv[], const char *const variables_of[])
{
	pid_t pid = vfork();

	if (pid == 0) {
		execve(argv[0], (char *const *)(uintptr_t)argv,
		       (char *const *)(uintptr_t)variables_of);
		_exit(127);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return pid;
}

#define LIFE (EVENT_BIT(EVENT_EXEC) | EVENT_BIT(EVENT_FORK) | EVENT_BIT(EVENT_EXIT))

static const char *const usual[] = { "/bin/true", "a b", "", NULL };
static const char *const environment[] = { "X=1", "REEVE_TEST_BPF=yes", NULL };

/* One life of `usual` was told, all of it. */
static void check_life(const struct world *world, pid_t pid)
{
	const struct event *exec = &world->last[EVENT_EXEC];

	assert_int_equal(world->counts[EVENT_FORK], 1);
	assert_int_equal(world->counts[EVENT_EXEC], 1);
	assert_int_equal(world->counts[EVENT_EXIT], 1);
	assert_int_equal(exec->pid, pid);
	assert_int_equal(world->last[EVENT_EXIT].pid, pid);
	assert_int_equal(world->last[EVENT_EXIT].exit_code, 0);
	assert_int_equal(world->last[EVENT_FORK].exec_id.start, exec->exec_id.start);
	assert_int_equal(world->last[EVENT_FORK].exec_id.exec + 1, exec->exec_id.exec);
	assert_int_equal(exec->parent_id.pid, getpid());
	assert_int_equal(world->argv.size, 15);
	assert_memory_equal(world->argv.data, "/bin/true\0a b\0\0", 15);
	assert_int_equal(world->env.size, 19);
	assert_memory_equal(world->env.data, "REEVE_TEST_BPF=yes", 19);
}

static void test_life(void **state)
{
	struct world world;
	pid_t pid;

	world_begin(&world, LIFE, 0);
	pid = run(usual, environment);
	serve(&world, 150);
	check_life(&world, pid);
	assert_int_equal(world.source->counters.lost, 0);
	world_end(&world);
}

/* The programs for kernels that take no typed pointers tell the same. */
static void test_life_without_typed_pointers(void **state)
{
	const struct watch_options options = { .untyped = true, .environment = true };
	const uint32_t life =
		WATCH_WANT(WATCH_EXEC) | WATCH_WANT(WATCH_FORK) | WATCH_WANT(WATCH_EXIT);
	_cleanup_(bpf_decoder_freep) struct bpf_decoder *decoder = NULL;
	_cleanup_(watch_freep) struct watch *watch = NULL;
	struct world world = { 0 };
	const void *record;
	uint32_t size;
	pid_t pid;

	unit_need_root();
	assert_int_equal(host_new(&world.host, NULL), 0);
	assert_int_equal(bpf_decoder_new(&(struct bpf_decoder_options){ .host = world.host,
									.sink = { take, &world },
									.environment = variables,
									.environment_count = 1 },
					 &decoder, NULL),
			 0);
	assert_int_equal(watch_new(&options, &watch, NULL), 0);
	assert_int_equal(watch_want(watch, life, 0, NULL), 0);
	assert_non_null(strstr(watch_variant(watch), "raw tracepoints"));
	pid = run(usual, environment);
	while ((record = watch_next(watch, &size)) != NULL)
		assert_true(bpf_decode(decoder, record, size) >= 0);
	check_life(&world, pid);
	world_end(&world);
}

/* Nothing wanted: nothing told; wanted later: told from then on. */
static void test_types(void **state)
{
	struct world world;

	world_begin(&world, 0, 0);
	run(usual, environment);
	serve(&world, 60);
	assert_int_equal(world.source->counters.seen, 0);
	assert_int_equal(bpf_source.set_types(world.source, EVENT_BIT(EVENT_EXIT), NULL), 0);
	run(usual, environment);
	serve(&world, 100);
	assert_int_equal(world.counts[EVENT_EXIT], 1);
	assert_int_equal(world.counts[EVENT_EXEC], 0);
	assert_int_equal(bpf_source.set_types(world.source, 0, NULL), 0);
	run(usual, environment);
	serve(&world, 100);
	assert_int_equal(world.counts[EVENT_EXIT], 1);
	world_end(&world);
}

/* Arguments of 120 KiB come in pieces, those of 400 KiB are cut. */
static void test_long_arguments(void **state)
{
	static char one[120 << 10];
	const char *argv[] = { "/bin/true", one, "end", NULL, NULL, NULL };
	struct rlimit stack = { 64 << 20, RLIM_INFINITY };
	struct world world;

	memset(one, 'x', sizeof(one) - 1);
	world_begin(&world, LIFE, 0);
	run(argv, environment);
	serve(&world, 100);
	assert_int_equal(world.argv.size, 10 + sizeof(one) + 4);
	assert_memory_equal(world.argv.data + 10, one, sizeof(one));
	assert_memory_equal(world.argv.data + 10 + sizeof(one), "end", 4);
	assert_int_equal(world.last[EVENT_EXEC].flags, 0);
	argv[2] = argv[3] = argv[4] = one;
	setrlimit(RLIMIT_STACK, &stack);
	run(argv, environment);
	serve(&world, 100);
	assert_int_equal(world.argv.size, (256 << 10) + 1);
	assert_int_equal(world.last[EVENT_EXEC].flags, FLAG_ARGV_CUT);
	world_end(&world);
}

/* What is told of system calls; `later`: asked for when other things are told already. */
static void check_calls(bool later)
{
	const uint32_t calls = EVENT_BIT(EVENT_SETUID) | EVENT_BIT(EVENT_SETGID) |
			       EVENT_BIT(EVENT_CHDIR) | EVENT_BIT(EVENT_FAILED);
	struct world world;
	pid_t pid;

	world_begin(&world, later ? LIFE : calls, 0);
	if (later) {
		run(usual, environment);
		assert_int_equal(bpf_source.set_types(world.source, LIFE | calls, NULL), 0);
	}
	pid = fork();
	if (pid == 0) {
		/* Changes, no change, and one that is refused. */
		_exit(setgroups(1, (gid_t[]){ 11 }) || setresgid(7, 8, 9) || setresgid(7, 8, 9) ||
		      chdir("/usr") || !execl("./nothing", "x", NULL) || setfsuid(5) ||
		      setresuid(1, 2, 3) || !setresuid(4, 4, 4));
	}
	waitpid(pid, NULL, 0);
	serve(&world, 100);
	assert_int_equal(world.counts[EVENT_SETGID], 2);
	assert_int_equal(world.last[EVENT_SETGID].egid, 8);
	assert_int_equal(world.counts[EVENT_SETUID], 2);
	assert_int_equal(world.last[EVENT_SETUID].suid, 3);
	assert_int_equal(world.counts[EVENT_CHDIR], 1);
	assert_int_equal(world.counts[EVENT_FAILED], 1);
	assert_int_equal(world.last[EVENT_FAILED].error, ENOENT);
	assert_int_equal(world.counts[EVENT_EXIT], later ? 2 : 0);
	world_end(&world);
}

static void test_calls(void **state)
{
	check_calls(false);
}

static void test_calls_asked_for_later(void **state)
{
	check_calls(true);
}

/* Goes into a group and executes. */
static void run_in(const char *group)
{
	_cleanup_(closep) int fd = -1;
	char path[256];
	pid_t pid;

	assert_int_equal(mkdir(group, 0755), 0);
	snprintf(path, sizeof(path), "%s/cgroup.procs", group);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	pid = fork();
	if (pid == 0) {
		if (write(fd, "0", 1) == 1)
			execl("/bin/true", "true", NULL);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(rmdir(group), 0);
}

/* Groups that are made where the kernel had one that is gone; each is told by its own name. */
static void test_groups_one_after_the_other(void **state)
{
	static const char *const folders[] = { "/sys/fs/cgroup/freezer", "/sys/fs/cgroup/unified",
					       "/sys/fs/cgroup" };
	enum { GROUPS = 25 };
	struct world world;
	char group[128];
	size_t folder = 0;

	world_begin(&world, LIFE, 0);
	while (access(folders[folder], F_OK) < 0)
		folder++;
	for (int i = 0; i < GROUPS; i++) {
		snprintf(group, sizeof(group), "%s/reeve-test-%d-%d", folders[folder], getpid(), i);
		run_in(group);
	}
	serve(&world, 150);
	assert_int_equal(world.counts[EVENT_EXEC], GROUPS);
	for (int i = 0; i < GROUPS; i++) {
		int size = snprintf(group, sizeof(group), "/reeve-test-%d-%d", getpid(), i);

		assert_non_null(
			memmem(world.groups.data, world.groups.size, group, (size_t)size + 1));
	}
	world_end(&world);
}

/* Of a process that is quiet, nothing is told. */
static void test_quiet(void **state)
{
	struct source_options options = { .types = LIFE };
	struct world world = { .pid = getpid() };

	unit_need_root();
	assert_int_equal(host_new(&world.host, NULL), 0);
	options.host = world.host;
	options.sink = (struct event_sink){ take, &world };
	world.pid = fork();
	if (world.pid == 0) {
		usleep(700000);
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
	options.quiet = world.pid;
	assert_int_equal(bpf_source.open(&options, &world.source, NULL), 0);
	waitpid(world.pid, NULL, 0);
	serve(&world, 100);
	assert_int_equal(world.counts[EVENT_EXEC], 0);
	assert_int_equal(world.counts[EVENT_EXIT], 0);
	world_end(&world);
}

/* Nobody reads: what the ring cannot hold is counted, exactly, and told where it is missing. */
/* What a list says of some processes, with texts of its own. */
struct listed {
	pid_t pid;
	unsigned times;
	struct event event;
	struct text exe, cgroup, cgroup_v1, comm;
};

static void keep(struct text *text, const struct event *event, enum event_field field,
		 struct slice value)
{
	text_done(text);
	text_init(text);
	if (event_knows(event, field))
		text_add_bytes(text, value.data, value.size);
}

static void take_listed(struct event *event, void *userdata)
{
	struct listed *listed = userdata;

	assert_int_equal(event->type, EVENT_RUNNING);
	for (; listed->pid; listed++) {
		if (event->pid != (uint32_t)listed->pid)
			continue;
		listed->times++;
		listed->event = *event;
		keep(&listed->exe, event, FIELD_EXE, event->exe);
		keep(&listed->cgroup, event, FIELD_CGROUP, event->cgroup);
		keep(&listed->cgroup_v1, event, FIELD_CGROUP_V1, event->cgroup_v1);
		keep(&listed->comm, event, FIELD_COMM, event->comm);
	}
}

static void same_text(struct text *one, struct text *other)
{
	assert_int_equal(one->size, other->size);
	assert_memory_equal(one->data ? one->data : "", other->data ? other->data : "", one->size);
	text_done(one);
	text_done(other);
}

/* The iterator's word against that of /proc; not the device, which on an overlay is another. */
static void same(struct listed *one, struct listed *other)
{
	const struct event *a = &one->event, *b = &other->event;

	assert_int_equal(one->times, 1);
	assert_int_equal(other->times, 1);
	assert_int_equal(a->ppid, b->ppid);
	assert_int_equal(a->ns_pid, b->ns_pid);
	assert_int_equal(a->exec_id.start, b->exec_id.start);
	assert_int_equal(a->exec_id.boot, b->exec_id.boot);
	assert_int_equal(a->euid, b->euid);
	assert_int_equal(a->gid, b->gid);
	assert_int_equal(a->tty, b->tty);
	assert_int_equal(event_knows(a, FIELD_EXE), event_knows(b, FIELD_EXE));
	assert_int_equal(a->inode, b->inode);
	assert_int_equal(a->mnt_ns, b->mnt_ns);
	assert_int_equal(a->pid_ns, b->pid_ns);
	assert_int_equal(a->flags & FLAG_KERNEL, b->flags & FLAG_KERNEL);
	same_text(&one->exe, &other->exe);
	same_text(&one->cgroup, &other->cgroup);
	same_text(&one->cgroup_v1, &other->cgroup_v1);
	same_text(&one->comm, &other->comm);
}

/* Ends with us, whatever becomes of the test. */
static void *stay(void *unused)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pause();
	return NULL;
}

/* A process whose first thread is over. */
static void lead_and_end(void)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, stay, NULL), 0);
	pthread_exit(NULL);
}

static void wait_until_leader_is_over(pid_t pid)
{
	_cleanup_(closep) int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct proc_stat stat = { 0 };
	char text[PROC_STAT_SIZE];

	for (int i = 0; i < 1000 && stat.state != 'Z'; i++) {
		assert_int_equal(proc_stat_read(proc_fd, pid, text, &stat), 0);
		usleep(10000);
	}
	assert_int_equal(stat.state, 'Z');
}

static void test_list(void **state)
{
	struct source_options options = { .types = EVENT_BIT(EVENT_FORK), .list = true };
	struct process_scan_options of_scan = { .brief = true };
	struct process_scan_result result;
	pid_t child, gone, leader;
	_cleanup_(host_freep) struct host *host = NULL;
	_cleanup_(source_freep) struct source *source = NULL;

	unit_need_root();
	assert_int_equal(host_new(&host, NULL), 0);
	options.host = of_scan.host = host;
	child = fork();
	if (child == 0)
		stay(NULL);
	gone = fork();
	if (gone == 0)
		_exit(0);
	leader = fork();
	if (leader == 0)
		lead_and_end();
	wait_until_leader_is_over(leader);
	wait_until_leader_is_over(gone);

	struct listed by_bpf[] = {
		{ .pid = getpid() }, { .pid = child }, { .pid = leader }, { .pid = gone }, { 0 }
	};
	struct listed by_proc[] = {
		{ .pid = getpid() }, { .pid = child }, { .pid = leader }, { .pid = gone }, { 0 }
	};
	const struct event_sink sink = { take_listed, by_bpf };

	assert_int_equal(bpf_source.open(&options, &source, NULL), 0);
	assert_int_equal(bpf_source.list(source, &sink), 0);
	of_scan.sink = (struct event_sink){ take_listed, by_proc };
	assert_int_equal(scan_processes(&of_scan, &result, NULL), 0);
	for (size_t i = 0; i < 3; i++)
		same(&by_bpf[i], &by_proc[i]);
	assert_int_equal(by_bpf[3].times, 0);
	assert_int_equal(by_proc[3].times, 0);
	/* And once more: all groups are known by now. */
	by_bpf[1].times = 0;
	assert_int_equal(bpf_source.list(source, &sink), 0);
	assert_int_equal(by_bpf[1].times, 1);
	assert_true(by_bpf[1].cgroup.size > 0 || by_bpf[1].cgroup_v1.size > 0);
	for (size_t i = 0; i < 3; i++) {
		text_done(&by_bpf[i].exe);
		text_done(&by_bpf[i].cgroup);
		text_done(&by_bpf[i].cgroup_v1);
		text_done(&by_bpf[i].comm);
	}
	kill(child, SIGKILL);
	kill(leader, SIGKILL);
	while (wait(NULL) > 0)
		;
}

/* Who has not said that he will ask cannot. */
static void test_list_not_asked_for(void **state)
{
	struct world world;
	const struct event_sink sink = { take, &world };

	world_begin(&world, EVENT_BIT(EVENT_FORK), 0);
	assert_int_equal(bpf_source.list(world.source, &sink), -EOPNOTSUPP);
	world_end(&world);
}

static void test_gap(void **state)
{
	enum { RUNS = 3000 };
	struct world world;
	uint64_t all, seen;

	world_begin(&world, EVENT_BIT(EVENT_FORK) | EVENT_BIT(EVENT_EXIT), 1);
	for (size_t i = 0; i < RUNS; i++)
		run(usual, environment);
	serve(&world, 100);
	run(usual, environment);
	serve(&world, 100);
	seen = world.source->counters.seen;
	assert_true(world.gap > 0);
	assert_true(seen > 0);
	assert_int_equal(world.source->counters.lost, world.gap);
	assert_true(world.source->counters.gaps >= 1);
	/* Other processes of the machine are among them. */
	all = world.gap + seen;
	assert_true(all >= 2 * (RUNS + 1));
	assert_int_equal(world.last[EVENT_EXIT].ppid, getpid());
	world_end(&world);
}

static void note(const struct hook_report *report, void *userdata)
{
	size_t *count = userdata;

	assert_non_null(report->name);
	assert_true(report->state == HOOK_WORKS || report->reason);
	(*count)++;
}

static void test_probe(void **state)
{
	_cleanup_(host_freep) struct host *host = NULL;
	size_t count = 0;

	unit_need_root();
	assert_int_equal(host_new(&host, NULL), 0);
	assert_int_equal(bpf_source.probe(host, note, &count, NULL), 0);
	assert_true(count >= 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_life_without_typed_pointers),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_long_arguments),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_calls_asked_for_later),
		cmocka_unit_test(test_groups_one_after_the_other),
		cmocka_unit_test(test_quiet),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_list_not_asked_for),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
