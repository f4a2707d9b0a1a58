// SPDX-License-Identifier: MIT
#include "action/setting.h"

#include "test/unit.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { THREADS = 3, IOPRIO_SHIFT = 13 };

struct child {
	struct host *host;
	pid_t pid;
	int from; /* the child's thread numbers */
	pid_t tids[THREADS];
};

static void *wait_here(void *fd)
{
	pid_t tid = gettid();

	if (write(*(int *)fd, &tid, sizeof(tid)) != sizeof(tid))
		_exit(1);
	for (;;)
		pause();
	return NULL;
}

/* A process with three threads. */
static int begin(void **state)
{
	struct child *child = calloc(1, sizeof(*child));
	int fds[2];

	assert_int_equal(host_new(&child->host, NULL), 0);
	assert_int_equal(pipe(fds), 0);
	child->pid = fork();
	assert_true(child->pid >= 0);
	if (child->pid == 0) {
		pthread_t thread;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (int i = 1; i < THREADS; i++)
			pthread_create(&thread, NULL, wait_here, &fds[1]);
		wait_here(&fds[1]);
	}
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(read(fds[0], &child->tids[i], sizeof(pid_t)), sizeof(pid_t));
	close(fds[0]);
	close(fds[1]);
	*state = child;
	return 0;
}

static int end(void **state)
{
	struct child *child = *state;

	kill(child->pid, SIGKILL);
	waitpid(child->pid, NULL, 0);
	host_free(child->host);
	free(child);
	return 0;
}

static void test_nice(void **state)
{
	struct child *child = *state;
	const struct setting setting = { .kind = SETTING_NICE, .nice = 7 };

	assert_int_equal(setting_apply(child->host, child->pid, &setting), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(getpriority(PRIO_PROCESS, (id_t)child->tids[i]), 7);
}

static void test_ionice(void **state)
{
	struct child *child = *state;
	const struct setting setting = { .kind = SETTING_IONICE, .ionice = { 3, 0 } };

	assert_int_equal(setting_apply(child->host, child->pid, &setting), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(syscall(SYS_ioprio_get, 1, child->tids[i]) >> IOPRIO_SHIFT, 3);
}

static void test_sched(void **state)
{
	struct child *child = *state;
	const struct setting setting = { .kind = SETTING_SCHED, .sched = { SCHED_BATCH, 0 } };

	assert_int_equal(setting_apply(child->host, child->pid, &setting), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(sched_getscheduler(child->tids[i]), SCHED_BATCH);
}

static void test_affinity(void **state)
{
	struct child *child = *state;
	uint64_t mask[16] = { 1 };
	struct setting setting = { .kind = SETTING_AFFINITY, .affinity = { mask, 16 } };
	cpu_set_t set;

	assert_int_equal(setting_apply(child->host, child->pid, &setting), 0);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(sched_getaffinity(child->tids[i], sizeof(set), &set), 0);
		assert_int_equal(CPU_COUNT(&set), 1);
		assert_true(CPU_ISSET(0, &set));
	}
	mask[0] = 0;
	mask[15] = UINT64_C(1) << 63; /* processor 1023 is not there */
	assert_int_equal(setting_apply(child->host, child->pid, &setting), -EINVAL);
}

static void test_process_wide(void **state)
{
	struct child *child = *state;
	const struct setting score = { .kind = SETTING_OOM_SCORE_ADJ, .oom_score_adj = 321 };
	const struct setting files = { .kind = SETTING_RLIMIT,
				       .rlimit = { RLIMIT_NOFILE, 17, 23 } };
	struct rlimit limit;
	_cleanup_(freep) char *text = NULL;
	char folder[32];

	assert_int_equal(setting_apply(child->host, child->pid, &score), 0);
	snprintf(folder, sizeof(folder), "/proc/%d", child->pid);
	text = unit_read(folder, "oom_score_adj");
	assert_string_equal(text, "321\n");
	assert_int_equal(setting_apply(child->host, child->pid, &files), 0);
	assert_int_equal(prlimit(child->pid, RLIMIT_NOFILE, NULL, &limit), 0);
	assert_int_equal(limit.rlim_cur, 17);
	assert_int_equal(limit.rlim_max, 23);
}

/* Another process's needs CAP_SYS_NICE. */
static void test_timer_slack(void **state)
{
	struct child *child = *state;
	const struct setting setting = { .kind = SETTING_TIMER_SLACK, .timer_slack_ns = 4000000 };

	unit_need_root();
	assert_int_equal(setting_apply(child->host, child->pid, &setting), 0);
	for (int i = 0; i < THREADS; i++) {
		_cleanup_(freep) char *text = NULL;
		char folder[32];

		snprintf(folder, sizeof(folder), "/proc/%d", child->tids[i]);
		text = unit_read(folder, "timerslack_ns");
		assert_string_equal(text, "4000000\n");
	}
}

static void test_gone(void **state)
{
	struct child *child = *state;

	kill(child->pid, SIGKILL);
	waitpid(child->pid, NULL, 0);
	for (int kind = 0; kind < SETTINGS; kind++) {
		uint64_t mask = 1;
		struct setting setting = { .kind = (enum setting_kind)kind };

		if (kind == SETTING_AFFINITY)
			setting.affinity.mask = &mask, setting.affinity.words = 1;
		assert_int_equal(setting_apply(child->host, child->pid, &setting), -ESRCH);
		assert_int_equal(setting_apply(child->host, 0, &setting), -ESRCH);
		assert_non_null(setting_name((enum setting_kind)kind));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nice, begin, end),
		cmocka_unit_test_setup_teardown(test_ionice, begin, end),
		cmocka_unit_test_setup_teardown(test_sched, begin, end),
		cmocka_unit_test_setup_teardown(test_affinity, begin, end),
		cmocka_unit_test_setup_teardown(test_process_wide, begin, end),
		cmocka_unit_test_setup_teardown(test_timer_slack, begin, end),
		cmocka_unit_test_setup_teardown(test_gone, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
