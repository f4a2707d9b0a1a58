// SPDX-License-Identifier: MIT
#include "top/tasks.h"

#include "util/proc-text.h"

#include <signal.h>
#include <sys/syscall.h>

/* Fields of stat, counted behind the name, whose state is 0. */
enum { FIELD_UTIME = 11, FIELD_STIME = 12, FIELD_RSS = 21, FIELDS_READ = 22 };

static void read_fields(const char *after, uint64_t fields[static FIELDS_READ])
{
	size_t i = 0;

	while (i < FIELDS_READ && *after == ' ') {
		fields[i++] = strtoull(after + 1, NULL, 10);
		after += 1 + strcspn(after + 1, " ");
	}
}

static int task_read(const struct host *host, pid_t pid, struct task *task)
{
	uint64_t fields[FIELDS_READ] = { 0 };
	char text[PROC_STAT_SIZE];
	struct proc_stat stat;
	struct text name;
	int r = proc_stat_read(host->proc_fd, pid, text, &stat);

	if (r < 0)
		return r;
	/* ") S 1 ..." */
	read_fields(stat.comm.data + stat.comm.size + 1, fields);
	*task = (struct task){
		.pid = pid,
		.start = stat.start,
		.state = stat.state,
		.ticks = fields[FIELD_UTIME] + fields[FIELD_STIME],
		.threads = stat.threads,
		.memory = fields[FIELD_RSS] * (uint64_t)sysconf(_SC_PAGESIZE),
	};
	text_init(&name);
	text_add_escaped(&name, stat.comm.data, stat.comm.size);
	snprintf(task->comm, sizeof(task->comm), "%s", name.data ? name.data : "");
	text_done(&name);
	return 0;
}

static const struct task *find(const struct use *use, const struct task *task)
{
	for (size_t i = 0; i < use->task_count; i++)
		if (use->tasks[i].pid == task->pid && use->tasks[i].start == task->start)
			return &use->tasks[i];
	return NULL;
}

int tasks_look(const struct host *host, struct use *use, const json_t *pids, uint64_t now_ns)
{
	size_t count = MIN(json_array_size(pids), (size_t)TASKS_MOST), kept = 0;
	struct task *tasks = calloc(count + 1, sizeof(*tasks));
	uint64_t us = (now_ns - use->tasks_ns) / 1000;

	if (!tasks)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct task *before;
		struct task *task = &tasks[kept];

		if (task_read(host, (pid_t)json_integer_value(json_array_get(pids, i)), task) < 0)
			continue;
		before = find(use, task);
		if (before && us > 0 && task->ticks > before->ticks)
			task->cpu = (task->ticks - before->ticks) *
				    (UINT64_C(1000000000000) / PROC_STAT_USER_HZ) / us;
		kept++;
	}
	free(use->tasks);
	use->tasks = tasks;
	use->task_count = kept;
	use->tasks_ns = now_ns;
	return 0;
}

int task_kill(const struct host *host, const struct task *task)
{
	int fd = (int)syscall(SYS_pidfd_open, task->pid, 0), r;
	struct task now;

	if (fd < 0)
		return -errno;
	r = task_read(host, task->pid, &now);
	if (r >= 0 && now.start != task->start)
		r = -ESRCH;
	if (r >= 0 && syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) < 0)
		r = -errno;
	close(fd);
	return r;
}
