// SPDX-License-Identifier: MIT
/*
 * The same on the host's own kernel: limits set and read back, processes moved, frozen, killed. All
 * groups are below "reeve-test-live-..."; only processes that this program forked are touched. On a
 * systemd host this program ends up in a scope that it has asked for. It is long, as two at once
 * would meet each other's memory and processors.
 *
 * covers: freeze.c kill.c members.c mounts.c notices.c ops.c placement.c remove.c
 * covers: systemd.c usage.c usage-group.c
 */
#include "cgroup/groups.h"
#include "cgroup/notices.h"
#include "util/fd.h"
#include "util/host.h"
#include "util/mountinfo.h"

#include "test/unit.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>

struct live {
	struct host *host;
	struct layout *layout;
	struct groups *groups;
	char name[64]; /* of the instance: below it is all that is made */
	char *run;
};

/* What a test has open, for when it fails in the middle. */
static struct live *current;

static bool must_run(void)
{
	const char *value = getenv("REEVE_TEST_MUST_RUN");

	return value && streq(value, "1");
}

static void open_live(struct live *live)
{
	struct error err = ERROR_INIT;

	if (groups_open(live->layout, live->name, live->run, &live->groups, &err) < 0)
		fail_msg("%s", error_text(&err));
}

static void close_live(struct live *live)
{
	groups_free(live->groups);
	layout_free(live->layout);
	host_free(live->host);
	unit_folder_free(live->run);
	current = NULL;
}

static void begin(struct live *live)
{
	*live = (struct live){ 0 };
	current = live;
	if (geteuid() != 0) {
		if (must_run())
			fail_msg("needs root");
		print_message("needs root to make groups\n");
		skip();
	}
	assert_int_equal(host_new(&live->host, NULL), 0);
	assert_int_equal(layout_detect(live->host, &live->layout, NULL), 0);
	if (live->layout->mode == LAYOUT_NONE || live->layout->hierarchies[0].read_only) {
		layout_free(live->layout);
		host_free(live->host);
		current = NULL;
		print_message("needs cgroups that can be written\n");
		if (must_run())
			fail_msg("no cgroups to test with");
		skip();
	}
	live->run = unit_folder_new();
	/* A name of its own for each test: one that failed must not fail the next. */
	snprintf(live->name, sizeof(live->name), "reeve-test-live-%d-%s", getpid(),
		 live->run + strlen(live->run) - 6);
	open_live(live);
}

static void end(struct live *live)
{
	struct group_problems problems = { 0 };

	assert_true(groups_clean(live->groups, &problems, NULL) >= 0);
	for (size_t i = 0; i < problems.count; i++)
		print_message("%s\n", problems.items[i].message);
	assert_int_equal(problems.count, 0);
	close_live(live);
}

static int clean_up(void **state)
{
	(void)state;
	if (current && current->groups) {
		(void)groups_clean(current->groups, NULL, NULL);
		close_live(current);
	}
	return 0;
}

static void apply(struct live *live, const struct group_spec *specs, size_t count,
		  size_t problem_count)
{
	struct group_problems problems = { 0 };
	struct error err = ERROR_INIT;

	if (groups_apply(live->groups, specs, count, &problems, &err) < 0)
		fail_msg("%s", error_text(&err));
	if (problems.count != problem_count)
		for (size_t i = 0; i < problems.count; i++)
			print_message("%s\n", problems.items[i].message);
	assert_int_equal(problems.count, problem_count);
	group_problems_done(&problems);
}

/* cpu.max.burst came with 5.14, as cpu.cfs_burst_us did. */
static bool has_burst(void)
{
	unsigned major_number = 0, minor_number = 0;
	struct utsname name;

	assert_int_equal(uname(&name), 0);
	(void)sscanf(name.release, "%u.%u", &major_number, &minor_number);
	return major_number > 5 || (major_number == 5 && minor_number >= 14);
}

static bool has_v1(const struct live *live, enum controller controller)
{
	const struct hierarchy *h = layout_find(live->layout, controller);

	return h && !h->v2;
}

static bool has_controller(const struct live *live, enum controller controller)
{
	return layout_find(live->layout, controller) != NULL;
}

/* Where a group is, which on a systemd host is below a unit. */
static const char *path_of(const struct live *live, const char *group, const struct hierarchy *h)
{
	const char *path = group_path(groups_find(live->groups, group), h);

	if (!path)
		fail_msg("%s is not in %s", group, h->mount_point);
	return path;
}

/* The text of a file of the group where its controller is. */
static void expect(const struct live *live, const char *group, enum controller controller,
		   const char *v1_file, const char *v1, const char *v2_file, const char *v2)
{
	const struct hierarchy *h = layout_find(live->layout, controller);
	char path[512], text[256];
	ssize_t n;

	if (!h)
		return;
	snprintf(path, sizeof(path), "%s/%s", path_of(live, group, h) + 1,
		 h->v2 ? v2_file : v1_file);
	n = file_read_into(h->fd, path, text, sizeof(text));
	if (n < 0)
		fail_msg("%s: %s", path, strerror((int)-n));
	text[strcspn(text, "\n")] = '\0';
	assert_string_equal(text, h->v2 ? v2 : v1);
}

/* A child that does not outlive a failed test. */
static pid_t start_child(void)
{
	pid_t pid = fork();

	if (pid == 0)
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	assert_true(pid >= 0);
	return pid;
}

static pid_t child_that_waits(void)
{
	pid_t pid = start_child();

	if (pid == 0) {
		for (;;)
			pause();
	}
	return pid;
}

static void reap(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

/* `more`: what comes behind the group's path, mostly nothing. */
static bool is_in(const struct live *live, pid_t pid, const struct hierarchy *h, const char *group,
		  const char *more)
{
	char wanted[512];
	static struct membership now;
	const char *path;
	size_t length;

	assert_int_equal(membership_read(live->host, pid, &now), 0);
	assert_true(membership_path(&now, h->id, &path, &length));
	snprintf(wanted, sizeof(wanted), "%s%s", path_of(live, group, h), more);
	return strlen(wanted) == length && memcmp(path, wanted, length) == 0;
}

static void limits_are_set_and_reset(void **state)
{
	struct limits limits = { .set = LIMIT_BIT(LIMIT_CPU) | LIMIT_BIT(LIMIT_CPU_BURST) |
					LIMIT_BIT(LIMIT_CPU_WEIGHT) | LIMIT_BIT(LIMIT_PIDS) |
					LIMIT_BIT(LIMIT_CPUS) | LIMIT_BIT(LIMIT_RAM) |
					LIMIT_BIT(LIMIT_SWAP),
				 .cpu = { false, 500000 },
				 .cpu_burst = 10000,
				 .cpu_weight = 100,
				 .pids = 12,
				 .cpus = (char[]){ "0" },
				 .ram = 64 << 20,
				 .swap = 16 << 20 };
	const struct limits less = { .set = LIMIT_BIT(LIMIT_CPU) | LIMIT_BIT(LIMIT_RAM),
				     .cpu = { false, 250000 },
				     .ram = 32 << 20 };
	const struct limits fewer = { .set = LIMIT_BIT(LIMIT_CPU_WEIGHT) | LIMIT_BIT(LIMIT_SWAP) |
					     LIMIT_BIT(LIMIT_RAM),
				      .cpu_weight = 100,
				      .ram = LIMIT_MAX,
				      .swap = LIMIT_MAX };
	struct group_spec specs[] = { { "g", &limits }, { "g/h", &less } };
	static struct live live;

	(void)state;
	begin(&live);
	if (!has_burst())
		limits.set &= ~LIMIT_BIT(LIMIT_CPU_BURST);
	for (int twice = 0; twice < 2; twice++) {
		apply(&live, specs, 2, 0);
		expect(&live, "g", CONTROLLER_CPU, "cpu.cfs_quota_us", "50000", "cpu.max",
		       "50000 100000");
		if (has_burst())
			expect(&live, "g", CONTROLLER_CPU, "cpu.cfs_burst_us", "10000",
			       "cpu.max.burst", "10000");
		expect(&live, "g/h", CONTROLLER_CPU, "cpu.cfs_quota_us", "25000", "cpu.max",
		       "25000 100000");
		expect(&live, "g", CONTROLLER_PIDS, "pids.max", "12", "pids.max", "12");
		if (has_v1(&live, CONTROLLER_CPUSET))
			expect(&live, "g/h", CONTROLLER_CPUSET, "cpuset.cpus", "0", NULL, NULL);
		expect(&live, "g", CONTROLLER_MEMORY, "memory.limit_in_bytes", "67108864",
		       "memory.max", "67108864");
		expect(&live, "g", CONTROLLER_MEMORY, "memory.memsw.limit_in_bytes", "83886080",
		       "memory.swap.max", "16777216");
	}
	specs[0].limits = &fewer;
	apply(&live, specs, 1, 0);
	expect(&live, "g", CONTROLLER_CPU, "cpu.cfs_quota_us", "-1", "cpu.max", "max 100000");
	if (has_burst())
		expect(&live, "g", CONTROLLER_CPU, "cpu.cfs_burst_us", "0", "cpu.max.burst", "0");
	expect(&live, "g", CONTROLLER_CPU, "cpu.shares", "1024", "cpu.weight", "100");
	expect(&live, "g", CONTROLLER_MEMORY, "memory.limit_in_bytes", "9223372036854771712",
	       "memory.max", "max");
	assert_null(groups_find(live.groups, "g/h"));
	end(&live);
}

static void shares_shrink_in_the_right_order(void **state)
{
	struct limits outer = { .set = LIMIT_BIT(LIMIT_CPU) | LIMIT_BIT(LIMIT_CPU_BURST) |
				       LIMIT_BIT(LIMIT_CPU_PERIOD),
				.cpu = { false, 800000 },
				.cpu_burst = 80000,
				.cpu_period = 100000 };
	struct limits inner = outer;
	struct group_spec specs[] = { { "g", &outer }, { "g/h", &inner } };
	static const uint64_t steps[][2] = {
		{ 100000, 20000 }, { 900000, 500000 }, { 200000, 1000000 }, { 700000, 10000 }
	};
	static struct live live;

	(void)state;
	begin(&live);
	if (!has_burst())
		outer.set = inner.set = outer.set & ~LIMIT_BIT(LIMIT_CPU_BURST);
	apply(&live, specs, 2, 0);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		char v1[32], v2[64];

		outer.cpu.millionths = inner.cpu.millionths = steps[i][0];
		outer.cpu_period = inner.cpu_period = steps[i][1];
		outer.cpu_burst = inner.cpu_burst = steps[i][0] * steps[i][1] / 1000000;
		apply(&live, specs, 2, 0);
		snprintf(v1, sizeof(v1), "%llu",
			 (unsigned long long)(steps[i][0] * steps[i][1] / 1000000));
		snprintf(v2, sizeof(v2), "%s %llu", v1, (unsigned long long)steps[i][1]);
		expect(&live, "g/h", CONTROLLER_CPU, "cpu.cfs_quota_us", v1, "cpu.max", v2);
	}
	end(&live);
}

static void moves_and_moves_back(void **state)
{
	const struct limits limits = { .set = LIMIT_BIT(LIMIT_PIDS), .pids = 12 };
	const struct group_spec specs[] = { { "g", &limits } };
	static struct membership before, after;
	const struct placement *placement;
	const struct hierarchy *h;
	static struct live live;
	pid_t pid;

	(void)state;
	begin(&live);
	apply(&live, specs, 1, 0);
	placement = group_placement(groups_find(live.groups, "g"));
	pid = child_that_waits();
	assert_int_equal(membership_read(live.host, pid, &before), 0);
	assert_int_equal(placement_move(placement, pid, &before), (int)placement->count);
	h = layout_find(live.layout, CONTROLLER_PIDS);
	if (h)
		assert_true(is_in(&live, pid, h, "g", ""));
	assert_int_equal(membership_read(live.host, pid, &after), 0);
	assert_int_equal(placement_move(placement, pid, &after), 0);
	assert_int_equal(placement_move_back(live.layout, live.host, placement, pid, &before), 0);
	assert_int_equal(membership_read(live.host, pid, &after), 0);
	assert_int_equal(after.size, before.size);
	assert_memory_equal(after.text, before.text, before.size);
	reap(pid);
	assert_int_equal(placement_move(placement, pid, NULL), -ESRCH);
	end(&live);
}

static void new_hierarchies_take_members_along(void **state)
{
	const struct limits limits = { .set = LIMIT_BIT(LIMIT_PIDS), .pids = 12 };
	const struct limits more = { .set = LIMIT_BIT(LIMIT_PIDS) | LIMIT_BIT(LIMIT_CPU),
				     .pids = 12,
				     .cpu = { false, 500000 } };
	struct group_spec specs[] = { { "g", &limits }, { "g/h", &limits } };
	const struct hierarchy *h;
	static struct live live;
	pid_t pid;

	(void)state;
	begin(&live);
	h = layout_find(live.layout, CONTROLLER_CPU);
	apply(&live, specs, 1, 0);
	pid = child_that_waits();
	assert_true(placement_move(group_placement(groups_find(live.groups, "g")), pid, NULL) > 0);
	specs[0].limits = &more;
	apply(&live, specs, 1, 0);
	if (h)
		assert_true(is_in(&live, pid, h, "g", ""));
	/* a child group needs controllers: v2 moves the process into the leaf, v1 leaves it */
	specs[1].limits = &more;
	apply(&live, specs, 2, 0);
	if (h)
		assert_true(is_in(&live, pid, h, "g", h->v2 ? "/_" : ""));
	reap(pid);
	end(&live);
}

static void freezes_and_kills(void **state)
{
	const struct limits limits = { .set = LIMIT_BIT(LIMIT_PIDS), .pids = 50 };
	const struct group_spec specs[] = { { "g", &limits }, { "g/h", &limits } };
	struct error err = ERROR_INIT;
	struct group *group;
	pid_t pids[8], *members = NULL;
	size_t count = 0;
	static struct live live;

	(void)state;
	begin(&live);
	apply(&live, specs, 2, 0);
	group = groups_find(live.groups, "g");
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		const char *name = i % 2 ? "g" : "g/h";

		pids[i] = child_that_waits();
		assert_true(placement_move(group_placement(groups_find(live.groups, name)), pids[i],
					   NULL) > 0);
	}
	assert_int_equal(group_members(group, true, &members, &count), 0);
	assert_int_equal(count, 8);
	free(members);
	members = NULL;
	count = 0;
	assert_int_equal(group_members(group, false, &members, &count), 0);
	assert_int_equal(count, 4);
	free(members);
	if (group_freeze(group, true, 2000, &err) < 0)
		fail_msg("%s", error_text(&err));
	assert_int_equal(group_is_frozen(group), 1);
	assert_int_equal(group_freeze(group, false, 2000, &err), 0);
	usleep(20000);
	assert_int_equal(group_is_frozen(group), 0);
	if (group_kill(group, 5000, &err) < 0)
		fail_msg("%s", error_text(&err));
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	}
	assert_int_equal(group_kill(group, 100, &err), 0); /* nobody there */
	end(&live);
}

static void kill_spares_itself(void **state)
{
	const struct limits limits = { 0 };
	const struct group_spec specs[] = { { "g", &limits } };
	static struct membership before;
	const struct placement *placement;
	static struct live live;

	(void)state;
	begin(&live);
	apply(&live, specs, 1, 0);
	placement = group_placement(groups_find(live.groups, "g"));
	assert_int_equal(membership_read(live.host, getpid(), &before), 0);
	assert_true(placement_move(placement, getpid(), &before) > 0);
	assert_int_equal(group_kill(groups_find(live.groups, "g"), 100, NULL), -EINVAL);
	assert_int_equal(placement_move_back(live.layout, live.host, placement, getpid(), &before),
			 0);
	end(&live);
}

/* Touches memory, says so through the pipe, and waits. */
static pid_t child_with_memory(size_t bytes, int ready)
{
	pid_t pid = start_child();

	if (pid == 0) {
		char byte;
		char *memory = NULL;

		raise(SIGSTOP); /* until it is in its group */
		memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		byte = memory != MAP_FAILED;
		if (write(ready, &byte, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(waitpid(pid, NULL, WUNTRACED), pid);
	return pid;
}

static void ram_in_use_is_not_taken(void **state)
{
	struct limits limits = { .set = LIMIT_BIT(LIMIT_RAM) | LIMIT_BIT(LIMIT_SWAP),
				 .ram = 64 << 20,
				 .swap = 0 };
	const struct group_spec specs[] = { { "g", &limits } };
	struct group_problems problems = { 0 };
	struct group_usage usage;
	int ready[2];
	static struct live live;
	char byte;
	pid_t pid;

	(void)state;
	begin(&live);
	if (!has_controller(&live, CONTROLLER_MEMORY))
		limits.set = 0;
	apply(&live, specs, 1, 0);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = child_with_memory(24 << 20, ready[1]);
	assert_true(placement_move(group_placement(groups_find(live.groups, "g")), pid, NULL) > 0);
	kill(pid, SIGCONT);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	limits.ram = 8 << 20;
	assert_int_equal(groups_apply(live.groups, specs, 1, &problems, NULL), 0);
	if (limits.set) {
		assert_int_equal(problems.count, 1);
		assert_int_equal(problems.items[0].code, -EBUSY);
		expect(&live, "g", CONTROLLER_MEMORY, "memory.limit_in_bytes", "67108864",
		       "memory.max", "67108864");
	}
	assert_int_equal(kill(pid, 0), 0); /* nobody was killed */
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	assert_int_equal(group_usage(groups_find(live.groups, "g"), &usage), 0);
	if (has_controller(&live, CONTROLLER_MEMORY)) {
		assert_true(usage.known & USAGE_MEMORY);
		assert_true(usage.memory > 20 << 20);
	}
	group_problems_done(&problems);
	reap(pid);
	apply(&live, specs, 1, 0); /* now it can be */
	close(ready[0]);
	close(ready[1]);
	end(&live);
}

static void cpu_time_is_counted(void **state)
{
	const struct limits limits = { .set = LIMIT_BIT(LIMIT_CPU), .cpu = { false, 20000 } };
	const struct group_spec specs[] = { { "g", &limits } };
	struct group_usage usage;
	static struct live live;
	pid_t pid;

	(void)state;
	begin(&live);
	apply(&live, specs, 1, 0);
	pid = start_child();
	if (pid == 0) {
		raise(SIGSTOP);
		for (;;)
			;
	}
	assert_int_equal(waitpid(pid, NULL, WUNTRACED), pid);
	assert_true(placement_move(group_placement(groups_find(live.groups, "g")), pid, NULL) > 0);
	kill(pid, SIGCONT);
	usleep(1000000);
	assert_int_equal(group_usage(groups_find(live.groups, "g"), &usage), 0);
	reap(pid);
	if (has_controller(&live, CONTROLLER_CPU)) {
		assert_true(usage.known & USAGE_CPU);
		print_message("a fiftieth of one processor: %llu ms in 1000\n",
			      (unsigned long long)usage.cpu_ns / 1000000);
		assert_true(usage.cpu_ns < 100000000);
		assert_true(usage.known & USAGE_THROTTLED);
		/* On a busy machine it may not get even that much. */
		if (usage.cpu_ns > 10000000)
			assert_true(usage.throttled_ns > 0);
	}
	end(&live);
}

/* In a group of one task: the fork is refused. */
static void meet_the_limit(const struct live *live)
{
	pid_t pid = start_child();
	int status;

	if (pid == 0) {
		raise(SIGSTOP);
		_exit(fork() < 0 && errno == EAGAIN ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, NULL, WUNTRACED), pid);
	assert_true(placement_move(group_placement(groups_find(live->groups, "g")), pid, NULL) > 0);
	kill(pid, SIGCONT);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void limits_met_are_told(void **state)
{
	const struct limits limits = { .set = LIMIT_BIT(LIMIT_PIDS) | LIMIT_BIT(LIMIT_RAM),
				       .pids = 1,
				       .ram = 64 << 20 };
	const struct group_spec specs[] = { { "g", &limits } };
	struct group_notices notices;
	struct epoll_event event;
	static struct live live;
	int fd, mark;

	(void)state;
	begin(&live);
	apply(&live, specs, 1, 0);
	fd = epoll_create1(EPOLL_CLOEXEC);
	assert_true(fd >= 0);
	group_notices_open(groups_find(live.groups, "g"), fd, &mark, &notices);
	/* Once for nothing. */
	while (epoll_wait(fd, &event, 1, 0) > 0)
		;
	meet_the_limit(&live);
	if (notices.told & USAGE_PIDS_MAX_HITS) {
		assert_int_equal(epoll_wait(fd, &event, 1, 10000), 1);
		assert_ptr_equal(event.data.ptr, &mark);
	}
	if (has_controller(&live, CONTROLLER_PIDS) && !has_v1(&live, CONTROLLER_PIDS))
		assert_true(notices.told & USAGE_PIDS_MAX_HITS);
	/* Of running out of memory every version tells. */
	if (has_controller(&live, CONTROLLER_MEMORY))
		assert_true(notices.told & USAGE_OOM_KILLS);
	group_notices_close(&notices);
	assert_int_equal(notices.count, 0);
	close(fd);
	end(&live);
}

static void crash_and_recovery(void **state)
{
	const struct limits limits = { .set = LIMIT_BIT(LIMIT_PIDS) | LIMIT_BIT(LIMIT_FREEZE),
				       .pids = 12,
				       .freeze = true };
	const struct group_spec specs[] = { { "g", &limits }, { "g/h", &limits } };
	static struct live live;
	pid_t pid;

	(void)state;
	begin(&live);
	apply(&live, specs, 2, 0);
	pid = child_that_waits();
	assert_true(placement_move(group_placement(groups_find(live.groups, "g/h")), pid, NULL) >
		    0);
	groups_free(TAKE_PTR(live.groups)); /* all that a killed daemon leaves is the record */
	open_live(&live);
	assert_int_equal(groups_count(live.groups), 2);
	assert_non_null(group_placement(groups_find(live.groups, "g/h")));
	end(&live); /* thaws, moves out, removes */
	assert_int_equal(kill(pid, 0), 0);
	reap(pid);
}

static void tasks_are_open(void **state)
{
	const struct limits limits = { .set = LIMIT_BIT(LIMIT_PIDS), .pids = 12 };
	const struct group_spec specs[] = { { "g", &limits } };
	int fds[HIERARCHY_MAX];
	const struct hierarchy *h;
	static struct live live;
	size_t count, expected = 0;
	int status;
	pid_t pid;

	(void)state;
	begin(&live);
	apply(&live, specs, 1, 0);
	h = layout_find(live.layout, CONTROLLER_PIDS);
	count = group_tasks_fds(groups_find(live.groups, "g"), fds, ARRAY_SIZE(fds));
	for (size_t i = 0; i < live.layout->hierarchy_count; i++)
		if (!live.layout->hierarchies[i].v2 &&
		    group_path(groups_find(live.groups, "g"), &live.layout->hierarchies[i]))
			expected++;
	assert_int_equal(count, expected);
	pid = start_child();
	if (pid == 0) {
		for (size_t i = 0; i < count; i++)
			if (write(fds[i], "0", 1) != 1)
				_exit(1);
		_exit(count == 0 || is_in(&live, getpid(), h, "g", "") ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	end(&live);
}

/* The options of the v2 file system, as mountinfo shows them. */
static void v2_options(const struct live *live, char *options, size_t size)
{
	_cleanup_(freep) char *text = NULL;
	struct mount_entry entry;
	char *cursor;

	options[0] = '\0';
	assert_int_equal(file_read_at(live->host->proc_fd, "self/mountinfo", 16 << 20, &text, NULL),
			 0);
	cursor = text;
	while (mount_entry_next(&cursor, &entry, NULL))
		if (streq(entry.type, "cgroup2"))
			snprintf(options, size, "%s", entry.super_options);
}

static void favordynmods_is_put_back(void **state)
{
	char before[256], between[256], after[256];
	static struct live live;
	int mask;

	(void)state;
	begin(&live);
	v2_options(&live, before, sizeof(before));
	mask = layout_favor_dynmods(live.layout, 1, NULL);
	assert_true(mask >= 0);
	if (mask > 0) { /* else: no v2, before 6.0, or it was set */
		v2_options(&live, between, sizeof(between));
		assert_true(mount_option(between, "favordynmods"));
		layout_restore_dynmods(live.layout, (uint32_t)mask);
		v2_options(&live, after, sizeof(after));
		assert_string_equal(after, before);
	}
	end(&live);
}

/* In a mount namespace of its own, where /sys/fs/cgroup is empty. */
static int mount_and_look(void)
{
	_cleanup_(layout_freep) struct layout *before = NULL, *after = NULL;
	_cleanup_(host_freep) struct host *host = NULL;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", "/sys/fs/cgroup", "tmpfs", 0, NULL) < 0 || host_new(&host, NULL) < 0)
		return 1;
	if (layout_detect(host, &before, NULL) < 0 || before->mode != LAYOUT_NONE)
		return 2;
	if (layout_mount_missing(host, NULL) != 1)
		return 3;
	if (layout_detect(host, &after, NULL) < 0 || after->mode != LAYOUT_V2)
		return 4;
	return layout_mount_missing(host, NULL) == 0 ? 0 : 5;
}

static void missing_is_mounted(void **state)
{
	static struct live live;
	int status;
	pid_t pid;

	(void)state;
	begin(&live);
	pid = start_child();
	if (pid == 0)
		_exit(mount_and_look());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	end(&live);
}

#define LIVE(test) cmocka_unit_test_teardown(test, clean_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE(limits_are_set_and_reset), LIVE(shares_shrink_in_the_right_order),
		LIVE(moves_and_moves_back),	LIVE(new_hierarchies_take_members_along),
		LIVE(freezes_and_kills),	LIVE(kill_spares_itself),
		LIVE(ram_in_use_is_not_taken),	LIVE(cpu_time_is_counted),
		LIVE(limits_met_are_told),	LIVE(crash_and_recovery),
		LIVE(tasks_are_open),		LIVE(favordynmods_is_put_back),
		LIVE(missing_is_mounted),
	};

	return cmocka_run_group_tests_name("cgroup live", tests, NULL, NULL);
}
