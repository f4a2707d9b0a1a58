// SPDX-License-Identifier: MIT
/*
 * Linux keeps niceness, I/O priority, scheduling, affinity and timer slack for each thread
 * (sched(7), ioprio_set(2)): a process is set by setting its threads, and passing over them again
 * until a pass sees none that was made since. A thread inherits what its maker has, so the second
 * pass is mostly the last one.
 *
 * The folder of threads is read by getdents64(2) into a buffer on the stack: opendir(3) allocates.
 */
#include "action/setting.h"

#include "util/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>

enum { PASSES = 8, IOPRIO_WHO_PROCESS = 1, IOPRIO_CLASS_SHIFT = 13 };

static int set_nice(pid_t tid, const struct setting *setting)
{
	return setpriority(PRIO_PROCESS, (id_t)tid, setting->nice) < 0 ? -errno : 0;
}

static int set_ionice(pid_t tid, const struct setting *setting)
{
	int value = setting->ionice.class << IOPRIO_CLASS_SHIFT | setting->ionice.level;

	return syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, tid, value) < 0 ? -errno : 0;
}

static int set_sched(pid_t tid, const struct setting *setting)
{
	const struct sched_param param = { .sched_priority = setting->sched.priority };

	return sched_setscheduler(tid, setting->sched.policy, &param) < 0 ? -errno : 0;
}

static int set_affinity(pid_t tid, const struct setting *setting)
{
	/* The raw call: glibc's wants its own type, and this is what the kernel reads. */
	return syscall(SYS_sched_setaffinity, tid,
		       setting->affinity.words * sizeof(*setting->affinity.mask),
		       setting->affinity.mask) < 0
		       ? -errno
		       : 0;
}

static int set_timer_slack(const struct host *host, pid_t tid, const struct setting *setting)
{
	char name[40], text[24];

	/* Not below task/: the file is there for every thread under its own number (Linux 4.6). */
	snprintf(name, sizeof(name), "%d/timerslack_ns", tid);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)setting->timer_slack_ns);
	return file_write_at(host->proc_fd, name, text);
}

static int set_oom_score_adj(const struct host *host, pid_t pid, const struct setting *setting)
{
	char name[40], text[16];

	snprintf(name, sizeof(name), "%d/oom_score_adj", pid);
	snprintf(text, sizeof(text), "%d", setting->oom_score_adj);
	return file_write_at(host->proc_fd, name, text);
}

static int set_rlimit(pid_t pid, const struct setting *setting)
{
	const struct rlimit limit = { .rlim_cur = setting->rlimit.soft,
				      .rlim_max = setting->rlimit.hard };

	return prlimit(pid, (enum __rlimit_resource)setting->rlimit.resource, &limit, NULL) < 0
		       ? -errno
		       : 0;
}

static int set_thread(const struct host *host, pid_t tid, const struct setting *setting)
{
	switch (setting->kind) {
	case SETTING_NICE:
		return set_nice(tid, setting);
	case SETTING_IONICE:
		return set_ionice(tid, setting);
	case SETTING_SCHED:
		return set_sched(tid, setting);
	case SETTING_AFFINITY:
		return set_affinity(tid, setting);
	case SETTING_TIMER_SLACK:
		return set_timer_slack(host, tid, setting);
	default:
		return -EINVAL;
	}
}

/* What one pass over the threads has seen. */
struct pass {
	size_t threads;
	uint64_t sum; /* of their numbers, mixed: differs when others were there */
	int first_error;
};

static void set_one(const struct host *host, const char *name, const struct setting *setting,
		    struct pass *pass)
{
	char *end;
	long tid = strtol(name, &end, 10);
	int r;

	if (end == name || *end != '\0' || tid <= 0)
		return;
	r = set_thread(host, (pid_t)tid, setting);
	if (r == -ESRCH || r == -ENOENT)
		return;
	pass->threads++;
	pass->sum += (uint64_t)tid * UINT64_C(0x9e3779b97f4a7c15);
	if (r < 0 && pass->first_error == 0)
		pass->first_error = r;
}

static int pass_over(const struct host *host, int folder, const struct setting *setting,
		     struct pass *ret_pass)
{
	struct pass pass = { 0 };
	char buffer[4096] __attribute__((aligned(8)));
	ssize_t n;

	if (lseek(folder, 0, SEEK_SET) < 0)
		return -errno;
	while ((n = getdents64(folder, buffer, sizeof(buffer))) > 0) {
		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *entry = (const void *)(buffer + at);

			set_one(host, entry->d_name, setting, &pass);
			at += entry->d_reclen;
		}
	}
	if (n < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	*ret_pass = pass;
	return 0;
}

static int set_threads(const struct host *host, pid_t pid, const struct setting *setting)
{
	_cleanup_(closep) int folder = -1;
	struct pass pass = { 0 }, before = { 0 };
	char name[40];
	int r;

	snprintf(name, sizeof(name), "%d/task", pid);
	folder = openat(host->proc_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	for (unsigned i = 0; i < PASSES; i++) {
		r = pass_over(host, folder, setting, &pass);
		if (r < 0)
			return r;
		if (pass.threads == before.threads && pass.sum == before.sum)
			break;
		before = pass;
	}
	return pass.threads == 0 ? -ESRCH : pass.first_error;
}

int setting_apply(const struct host *host, pid_t pid, const struct setting *setting)
{
	int r;

	if (pid <= 0)
		return -ESRCH;
	switch (setting->kind) {
	case SETTING_OOM_SCORE_ADJ:
		r = set_oom_score_adj(host, pid, setting);
		break;
	case SETTING_RLIMIT:
		r = set_rlimit(pid, setting);
		break;
	default:
		return set_threads(host, pid, setting);
	}
	return r == -ENOENT ? -ESRCH : r;
}

const char *setting_name(enum setting_kind kind)
{
	static const char *const names[SETTINGS] = {
		[SETTING_NICE] = "nice",
		[SETTING_IONICE] = "ionice",
		[SETTING_SCHED] = "sched",
		[SETTING_OOM_SCORE_ADJ] = "oom_score_adj",
		[SETTING_AFFINITY] = "affinity",
		[SETTING_RLIMIT] = "rlimits",
		[SETTING_TIMER_SLACK] = "timer_slack",
	};

	return names[kind];
}
