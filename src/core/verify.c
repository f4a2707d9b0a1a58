// SPDX-License-Identifier: MIT
/*
 * Order matters: first "is it in execve?", then "has it succeeded?". If it was not in execve then
 * and has not succeeded later, the execve that we let go has ended without success.
 */
#include "core/verify.h"

#include "core/access.h"
#include "util/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>

enum { BUSY_MS = 300 };

enum where { OUTSIDE, IN_EXECVE, RUNNING };

/* Of one thread; `tid` is set where it is running. */
static enum where find_thread(int task_fd, const char *name, pid_t *tid)
{
	char text[256];
	char file[NAME_MAX + 16];

	snprintf(file, sizeof(file), "%s/syscall", name);
	if (file_read_into(task_fd, file, text, sizeof(text)) <= 0)
		return OUTSIDE;
	if (strncmp(text, "running", 7) != 0)
		return access_parse(text, NULL, NULL) & ACCESS_EXECUTE ? IN_EXECVE : OUTSIDE;
	*tid = (pid_t)strtol(name, NULL, 10);
	return RUNNING;
}

/* Any thread may be the one that executes. `ret_tid`: which one is running, 0 if there are more. */
static enum where find_where(int task_fd, pid_t *ret_tid)
{
	enum where where = OUTSIDE;
	struct dirent *entry;
	int fd = openat(task_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	*ret_tid = 0;
	if (!dir) {
		closep(&fd);
		return OUTSIDE;
	}
	while (where != IN_EXECVE && (entry = readdir(dir))) {
		pid_t tid = 0;
		enum where one = entry->d_name[0] == '.'
					 ? OUTSIDE
					 : find_thread(task_fd, entry->d_name, &tid);

		if (one == RUNNING)
			*ret_tid = where == RUNNING ? 0 : tid;
		if (one != OUTSIDE)
			where = one;
	}
	closedir(dir);
	return where;
}

/* Processor time of a thread, in the kernel's ticks; 0 if it is gone. */
static uint64_t thread_ticks(int task_fd, pid_t tid)
{
	char file[32], text[1024];
	uint64_t user, kernel;
	const char *end;

	snprintf(file, sizeof(file), "%d/stat", tid);
	if (file_read_into(task_fd, file, text, sizeof(text)) <= 0)
		return 0;
	/* After the name: state ppid pgrp session tty tpgid flags, four counts of faults. */
	end = strrchr(text, ')');
	if (!end ||
	    sscanf(end + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64,
		   &user, &kernel) != 2)
		return 0;
	return user + kernel;
}

/*
 * A running thread may be anywhere, in execve too: what is waiting for a processor counts as
 * running. Of several one cannot know whose time would have to be counted.
 */
static bool ran_long(int task_fd, pid_t tid, struct verify_memory *memory)
{
	const uint64_t long_enough = (uint64_t)sysconf(_SC_CLK_TCK) * BUSY_MS / 1000;
	uint64_t ticks = tid ? thread_ticks(task_fd, tid) : 0;

	if (tid == 0 || tid != memory->tid) {
		*memory = (struct verify_memory){ .tid = tid, .ticks = ticks };
		return false;
	}
	return ticks >= memory->ticks + long_enough;
}

static bool may_be_in_execve(const struct host *host, pid_t pid, struct verify_memory *memory)
{
	_cleanup_(closep) int task_fd = -1;
	enum where where;
	char name[32];
	pid_t tid;

	snprintf(name, sizeof(name), "%d/task", pid);
	task_fd = openat(host->proc_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (task_fd < 0)
		return false;
	where = find_where(task_fd, &tid);
	return where == IN_EXECVE || (where == RUNNING && !ran_long(task_fd, tid, memory));
}

static enum verify_outcome put_back(const struct layout *layout, const struct host *host,
				    const struct snapshot *snapshot,
				    const struct decision *decision)
{
	struct membership was;
	int r;

	if (decision->flags & DECISION_NO_WAY_BACK || decision->group < 0 ||
	    (size_t)decision->group >= snapshot->placement_count ||
	    !snapshot->placements[decision->group])
		return VERIFY_STUCK;
	was.size = decision->was_size;
	memcpy(was.text, decision->was, was.size);
	was.text[was.size] = '\0';
	r = placement_move_back(layout, host, snapshot->placements[decision->group], decision->pid,
				&was);
	if (r == -ESRCH)
		return VERIFY_DONE;
	return r < 0 ? VERIFY_STUCK : VERIFY_PUT_BACK;
}

enum verify_outcome verify_execution(struct confirm *confirm, const struct layout *layout,
				     const struct host *host, const struct snapshot *snapshot,
				     const struct decision *decision, struct verify_memory *memory)
{
	/* Nearly always the answer. */
	if (confirm_ask(confirm, decision->pid, decision->ticket) != CONFIRM_NOT_YET)
		return VERIFY_DONE;
	if (may_be_in_execve(host, decision->pid, memory))
		return VERIFY_LATER;
	if (confirm_ask(confirm, decision->pid, decision->ticket) != CONFIRM_NOT_YET)
		return VERIFY_DONE;
	confirm_disarm(confirm, decision->pid, decision->ticket);
	if (!(decision->flags & DECISION_MOVED))
		return VERIFY_DONE;
	return put_back(layout, host, snapshot, decision);
}
