// SPDX-License-Identifier: MIT
/* More calls on processes: descriptors for them, trees, deadlines, limits, scheduling. */
#include "port/call-functions.h"

#include "port/deadline.h"
#include "port/process-tree.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>

CALL(getppid)
{
	etf_put_int(reply, getppid());
	return CALL_REPLY;
}

CALL(pidfd_open)
{
	return reply_value(reply, syscall(SYS_pidfd_open, (pid_t)arguments[0].number, 0));
}

CALL(pidfd_send_signal)
{
	return reply_result(reply, syscall(SYS_pidfd_send_signal, (int)arguments[0].number,
					   (int)arguments[1].number, NULL, 0));
}

/* ---- trees ---- */

/* All are stopped, get the signal, and go on. */
CALL(kill_tree)
{
	pid_t root = (pid_t)arguments[0].number;
	int number = (int)arguments[1].number;
	struct process_tree tree = { 0 };
	int64_t reached = 0;

	if (root <= 1 || root == port->pid)
		return reply_errno(reply, EINVAL);
	if (process_tree_add(&tree, root) < 0)
		return reply_errno(reply, ENOMEM);
	(void)process_tree_stop(&tree);
	for (size_t i = 0; i < tree.count; i++)
		reached += kill(tree.pids[i], number) == 0;
	for (size_t i = 0; i < tree.count; i++)
		(void)kill(tree.pids[i], SIGCONT);
	process_tree_done(&tree);
	return reached ? reply_value(reply, reached) : reply_errno(reply, ESRCH);
}

CALL(deadline)
{
	pid_t pid = (pid_t)arguments[0].number;
	int r;

	if (!children_find(&port->children, pid))
		return reply_errno(reply, ESRCH);
	r = deadline_set(port, pid, (uint32_t)arguments[1].number, (int)arguments[2].number,
			 (uint32_t)arguments[3].number);
	return r < 0 ? reply_errno(reply, -r) : reply_ok(reply);
}

/* ---- limits and scheduling ---- */

CALL(getprlimit)
{
	struct rlimit limit;

	if (prlimit((pid_t)arguments[0].number, (__rlimit_resource_t)arguments[1].number, NULL,
		    &limit) < 0)
		return reply_errno(reply, errno);
	return reply_limit(reply, limit.rlim_cur, limit.rlim_max);
}

CALL(setprlimit)
{
	struct rlimit limit = { .rlim_cur = arguments[2].pair[0],
				.rlim_max = arguments[2].pair[1] };
	pid_t pid = (pid_t)arguments[0].number;

	/* Ours have a meaning for the number of children: setrlimit/2 sees to it. */
	if (pid == 0 || pid == port->pid)
		return reply_errno(reply, EINVAL);
	return reply_result(reply,
			    prlimit(pid, (__rlimit_resource_t)arguments[1].number, &limit, NULL));
}

CALL(sched_getscheduler)
{
	struct sched_param parameters;
	pid_t pid = (pid_t)arguments[0].number;
	int policy = sched_getscheduler(pid);

	if (policy < 0 || sched_getparam(pid, &parameters) < 0)
		return reply_errno(reply, errno);
	reply_ok_tuple(reply, 2);
	etf_put_tuple(reply, 2);
	etf_put_int(reply, policy);
	etf_put_int(reply, parameters.sched_priority);
	return CALL_REPLY;
}

CALL(sched_setscheduler)
{
	struct sched_param parameters = { .sched_priority = (int)arguments[2].number };

	return reply_result(reply, sched_setscheduler((pid_t)arguments[0].number,
						      (int)arguments[1].number, &parameters));
}

CALL(sched_getaffinity)
{
	size_t list, count = 0;
	cpu_set_t set;

	if (sched_getaffinity((pid_t)arguments[0].number, sizeof(set), &set) < 0)
		return reply_errno(reply, errno);
	reply_ok_tuple(reply, 2);
	list = etf_open_list(reply);
	for (unsigned i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &set)) {
			etf_put_uint(reply, i);
			count++;
		}
	etf_close_list(reply, list, count);
	return CALL_REPLY;
}

CALL(sched_setaffinity)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (size_t i = 0; i < arguments[1].count; i++) {
		if (arguments[1].numbers[i] >= CPU_SETSIZE)
			return reply_badarg(reply);
		CPU_SET(arguments[1].numbers[i], &set);
	}
	return reply_result(reply,
			    sched_setaffinity((pid_t)arguments[0].number, sizeof(set), &set));
}

CALL(oom_score_adj)
{
	char path[64], text[16];
	_cleanup_(closep) int fd = -1;
	int size;

	if (arguments[0].number)
		snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)arguments[0].number);
	else /* as 0 means in all other calls */
		snprintf(path, sizeof(path), "/proc/self/oom_score_adj");
	size = snprintf(text, sizeof(text), "%d", (int)arguments[1].number);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return reply_errno(reply, errno);
	return reply_result(reply, write(fd, text, (size_t)size));
}
