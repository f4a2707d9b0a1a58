// SPDX-License-Identifier: MIT
/* Forms that differ in how a process comes to be, which of its threads executes, and how it ends.
 */
#include "core/corpus-internal.h"

#include "cgroup/layout.h"
#include "util/fd.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

static void sleep_ms(long ms)
{
	const struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&time, NULL);
}

/* ---- a child's child ---- */

static _noreturn_ void be_other(struct corpus_run *run)
{
	corpus_note(run, CORPUS_OTHER);
	_exit(corpus_execute(run));
}

static int await_other(struct corpus_run *run, pid_t pid)
{
	if (pid < 0) {
		corpus_cannot(run, "make a process");
		return PAYLOAD_ODD;
	}
	corpus_tell_started(run);
	return corpus_await(run, pid);
}

static int by_fork(struct corpus_run *run)
{
	pid_t pid = fork();

	if (pid == 0)
		be_other(run);
	return await_other(run, pid);
}

static int by_vfork(struct corpus_run *run)
{
	pid_t pid = vfork();

	if (pid == 0)
		be_other(run);
	return await_other(run, pid);
}

/* It is not ours to note what it is: it is as its parent, but for what a process has of its own. */
static int by_spawn(struct corpus_run *run)
{
	struct corpus_truth *truth = &run->shared->truth[CORPUS_OTHER];
	pid_t pid;
	int r;

	*truth = run->shared->truth[CORPUS_MAIN];
	truth->start = 0;
	truth->filed = stat(run->in_root, &truth->file) == 0;
	r = posix_spawn(&pid, run->filename, NULL, NULL, run->argv, corpus_environment(run));
	errno = r;
	truth->ns_pid = (uint32_t)pid;
	truth->pid = pid;
	return await_other(run, r == 0 ? pid : -1);
}

/* It is left a zombie for as long as a slow parent needs. */
static int by_slow_parent(struct corpus_run *run)
{
	siginfo_t info;
	pid_t pid = fork();

	if (pid == 0)
		be_other(run);
	corpus_tell_started(run);
	if (pid > 0 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0)
		sleep_ms(100);
	run->shared->reaped = clock_boottime();
	return await_other(run, pid);
}

static void expect_zombie(struct corpus_run *run)
{
	struct corpus_record *end = corpus_find(run, EVENT_EXIT, CORPUS_OTHER);

	if (end && run->shared->reaped)
		event_set(&end->also, BOOTTIME, boottime, run->shared->reaped);
}

static int set_up_pid_namespace(struct corpus_run *run)
{
	return unshare(CLONE_NEWPID) < 0 ? corpus_cannot(run, "make a process namespace") : 0;
}

/* ---- an id that is used again ---- */

static pid_t clone_as(pid_t pid)
{
	struct clone_args arguments = {
		.exit_signal = SIGCHLD,
		.set_tid = pid ? (uint64_t)(uintptr_t)&pid : 0,
		.set_tid_size = pid ? 1 : 0,
	};

	return (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));
}

/* Ids are unique by their start in ticks: the second begins some ticks later, in the same second.
 */
static int by_reuse(struct corpus_run *run)
{
	pid_t first = clone_as(0), second;
	int code;

	if (first == 0)
		be_other(run);
	code = await_other(run, first);
	if (code != 0)
		return code;
	sleep_ms(50);
	run->shared->earlier = run->shared->truth[CORPUS_OTHER];
	run->shared->truth[CORPUS_OTHER].noted = false;
	second = clone_as(first);
	if (second == 0)
		be_other(run);
	if (second < 0) {
		corpus_cannot(run, "choose the id of a process");
		return PAYLOAD_ODD;
	}
	return corpus_await(run, second);
}

static void add_life(struct corpus_run *run)
{
	corpus_add(run, EVENT_FORK, CORPUS_OTHER);
	corpus_add(run, EVENT_EXEC, CORPUS_OTHER);
	corpus_add(run, EVENT_EXIT, CORPUS_OTHER);
}

static void expect_reuse(struct corpus_run *run)
{
	struct corpus_truth *truth = &run->shared->truth[CORPUS_OTHER], second = *truth;

	if (!run->shared->earlier.noted)
		return;
	run->record_count = 1;
	*truth = run->shared->earlier;
	add_life(run);
	*truth = second;
	if (second.noted)
		add_life(run);
	corpus_add(run, EVENT_EXIT, CORPUS_MAIN);
	event_set(&corpus_find(run, EVENT_EXIT, CORPUS_MAIN)->want, EXE, exe,
		  slice_of(run->corpus->exe));
	event_set(&corpus_find(run, EVENT_EXIT, CORPUS_MAIN)->want, COMM, comm,
		  slice_of(run->corpus->comm));
	event_set(&corpus_find(run, EVENT_EXIT, CORPUS_MAIN)->want, EXECS, execs, 0);
}

/* ---- threads ---- */

static void *execute_in_thread(void *run)
{
	_exit(corpus_execute(run));
}

static int by_thread(struct corpus_run *run)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, execute_in_thread, run);
	if (errno) {
		corpus_cannot(run, "make a thread");
		return PAYLOAD_ODD;
	}
	for (;;)
		pause();
}

static void *outlive_leader(_unused_ void *run)
{
	_exit(corpus_obey());
}

static int leave_thread(struct corpus_run *run)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, outlive_leader, run);
	if (errno) {
		corpus_cannot(run, "make a thread");
		return PAYLOAD_ODD;
	}
	corpus_tell_started(run);
	syscall(SYS_exit, 0);
	return PAYLOAD_ODD;
}

/* ---- ends ---- */

static int only_fork(struct corpus_run *run)
{
	corpus_tell_started(run);
	return corpus_obey();
}

static const char *core_goes_elsewhere(const struct corpus *corpus)
{
	char pattern[256];
	struct rlimit limit;

	if (file_read_into(corpus->host->proc_fd, "sys/kernel/core_pattern", pattern,
			   sizeof(pattern)) <= 0)
		return "the kernel dumps no core";
	if (strpbrk(pattern, "|/"))
		return "cores are not dumped where the program is";
	if (getrlimit(RLIMIT_CORE, &limit) < 0 || limit.rlim_max == 0)
		return "cores must not be dumped";
	return NULL;
}

static int set_up_core(struct corpus_run *run)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_CORE, &limit) < 0)
		return corpus_cannot(run, "read the limit of a core");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_CORE, &limit) < 0)
		return corpus_cannot(run, "raise the limit of a core");
	return 0;
}

static void expect_core(struct corpus_run *run)
{
	struct corpus_record *record = corpus_find(run, EVENT_EXIT, CORPUS_MAIN);

	record->want.flags |= FLAG_CORE;
	record = corpus_add(run, EVENT_COREDUMP, CORPUS_MAIN);
	record->after_release = true;
	event_set(&record->want, SIGNAL, signal, SIGSEGV);
}

/* ---- out of memory ---- */

enum { GROUP_MEMORY = 16 << 20, EATEN = 256 << 20 };

struct memory_group {
	struct layout *layout;
	const struct hierarchy *hierarchy;
	char *path;
	bool enabled; /* in the root of v2, by us */
};

static int write_at(const char *folder, const char *file, const char *text)
{
	_cleanup_(closep) int fd = open(folder, O_PATH | O_CLOEXEC);

	return fd < 0 ? -errno : file_write_at(fd, file, text);
}

static int limit_memory(const struct memory_group *group)
{
	char bytes[16];

	snprintf(bytes, sizeof(bytes), "%d", GROUP_MEMORY);
	if (group->hierarchy->v2) {
		(void)write_at(group->path, "memory.swap.max", "0");
		return write_at(group->path, "memory.max", bytes);
	}
	(void)write_at(group->path, "memory.swappiness", "0");
	return write_at(group->path, "memory.limit_in_bytes", bytes);
}

static int prepare_memory_group(struct corpus_run *run, struct error *err)
{
	struct memory_group *group = run->own = arena_alloc(run->arena, sizeof(*group));
	char path[PATH_MAX];
	int r;

	if (!group)
		return error_oom(err);
	r = layout_detect(run->corpus->host, &group->layout, err);
	if (r < 0)
		return r;
	group->hierarchy = layout_find(group->layout, CONTROLLER_MEMORY);
	if (!group->hierarchy || group->hierarchy->read_only)
		return error_set(err, -EROFS, "no group can have a limit of memory"), 1;
	snprintf(path, sizeof(path), "%s/reeve-test-corpus-%d-memory",
		 group->hierarchy->mount_point, (int)getpid());
	if (mkdir(path, 0755) < 0)
		return error_set_errno(err, -errno, "cannot make a group"), 1;
	group->path = arena_copy(run->arena, path, strlen(path));
	if (!group->path)
		return error_oom(err);
	r = limit_memory(group);
	if (r == -ENOENT && group->hierarchy->v2) {
		group->enabled = write_at(group->hierarchy->mount_point, "cgroup.subtree_control",
					  "+memory") >= 0;
		r = limit_memory(group);
	}
	return r < 0 ? (error_set_errno(err, r, "cannot limit the memory of a group"), 1) : 0;
}

static void remove_memory_group(struct corpus_run *run)
{
	struct memory_group *group = run->own;

	if (!group)
		return;
	for (int i = 0; i < 100 && group->path && rmdir(group->path) < 0 && errno == EBUSY; i++)
		sleep_ms(10); /* its process is on the way out */
	if (group->enabled)
		(void)write_at(group->hierarchy->mount_point, "cgroup.subtree_control", "-memory");
	layout_free(group->layout);
	run->own = NULL;
}

static int set_up_memory_group(struct corpus_run *run)
{
	const struct memory_group *group = run->own;

	errno = -write_at(group->path, "cgroup.procs", "0");
	return errno ? corpus_cannot(run, "move to its group") : 0;
}

/* Its end is the kernel's choice: nobody else is in the group. */
static int eat_memory(struct corpus_run *run)
{
	char *memory;

	corpus_tell_started(run);
	(void)corpus_obey();
	memory = mmap(NULL, EATEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory != MAP_FAILED)
		memset(memory, 1, EATEN);
	return PAYLOAD_ODD;
}

static void expect_victim(struct corpus_run *run)
{
	corpus_add(run, EVENT_OOM, CORPUS_MAIN)->after_release = true;
}

const struct corpus_form corpus_life_forms[] = {
	{ .about = { "child", "by a process that was forked for it" },
	  .execute = by_fork,
	  .who = CORPUS_OTHER },
	{ .about = { "vfork", "after vfork", CASE_SMALL },
	  .execute = by_vfork,
	  .who = CORPUS_OTHER },
	{ .about = { "posix-spawn", "by posix_spawn" }, .execute = by_spawn, .who = CORPUS_OTHER },
	{ .about = { "pid-namespace", "as process 1 of a process namespace", CASE_SMALL },
	  .set_up = set_up_pid_namespace,
	  .execute = by_fork,
	  .who = CORPUS_OTHER },
	{ .about = { "pid-reuse", "two processes with one id within a second" },
	  .execute = by_reuse,
	  .expect = expect_reuse,
	  .who = CORPUS_OTHER,
	  ORDERS("e\0e\0") },
	{ .about = { "thread", "by a thread that is not the leader", CASE_SMALL },
	  .execute = by_thread,
	  .event_flags = FLAG_THREAD },
	{ .about = { "leader-exit", "a leader that ends before its threads", CASE_SMALL },
	  .execute = leave_thread,
	  .nothing = true,
	  .exit_code = 7 },
	{ .about = { "fork", "no execution at all, only a fork" },
	  .execute = only_fork,
	  .nothing = true,
	  .exit_code = 3 },
	{ .about = { "zombie", "a process that is not waited for" },
	  .execute = by_slow_parent,
	  .expect = expect_zombie,
	  .who = CORPUS_OTHER },
	{ .about = { "exit-code", "a program that exits with 42", CASE_SMALL }, .exit_code = 42 },
	{ .about = { "signal", "a program that is ended by SIGTERM" }, .signal = SIGTERM },
	{ .about = { "killed", "a program that is ended by SIGKILL", CASE_SMALL },
	  .signal = SIGKILL },
	{ .about = { "coredump", "a program that dumps core" },
	  .unfit = core_goes_elsewhere,
	  .set_up = set_up_core,
	  .expect = expect_core,
	  .signal = SIGSEGV },
	{ .about = { "oom", "a process that its group has no memory for", CASE_CHANGES_HOST },
	  .prepare = prepare_memory_group,
	  .set_up = set_up_memory_group,
	  .execute = eat_memory,
	  .expect = expect_victim,
	  .clean = remove_memory_group,
	  .nothing = true,
	  .signal = SIGKILL },
};
const size_t corpus_life_form_count = ARRAY_SIZE(corpus_life_forms);
