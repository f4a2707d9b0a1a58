// SPDX-License-Identifier: MIT
/*
 * fork, with the child's five descriptors: a pipe each for stdin, stdout and stderr, a socket that
 * tells when the child executes or ends, and its own pipe for signals.
 *
 * The raw system call is used, on the parent's own stack: there is one thread, and no handlers of
 * the C library's fork() that anything here would need. All signals are blocked until the child
 * has its own pipe for them. The child ends up in the parent's call of spawn(), from where it goes
 * on to its own turn of the same loop: depth costs no stack.
 */
#include "port/spawn.h"

#include "port/direct.h"
#include "port/signals.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/* For the parent: to the child's stdin, from stdout and stderr, and the control socket. The
 * child's ends are in the same order. */
enum { END_IN, END_OUT, END_ERR, END_CONTROL, ENDS };

struct ends {
	int parent[ENDS], child[ENDS];
};

static void close_run(int first, int last)
{
	/* Before 5.9 there is no close_range(2). */
	if (first == last || syscall(SYS_close_range, first, last, 0) < 0)
		for (int fd = first; fd <= last; fd++)
			close(fd);
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

void spawn_close_all(int *fds, size_t count)
{
	size_t first = 0;

	qsort(fds, count, sizeof(*fds), by_number);
	while (first < count && fds[first] < 0)
		first++;
	for (size_t i = first; i < count; i++)
		if (i + 1 == count || fds[i + 1] > fds[i] + 1) {
			close_run(fds[first], fds[i]);
			first = i + 1;
		}
}

static void ends_close(struct ends *ends)
{
	spawn_close_all(ends->parent, ENDS);
	spawn_close_all(ends->child, ENDS);
}

static int open_pipe(int *reading, int *writing)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	*reading = fds[0];
	*writing = fds[1];
	return 0;
}

static int ends_open(struct ends *ends)
{
	int fds[2], r;

	memset(ends, -1, sizeof(*ends));
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	ends->parent[END_CONTROL] = fds[0];
	ends->child[END_CONTROL] = fds[1];
	r = open_pipe(&ends->child[END_IN], &ends->parent[END_IN]);
	if (r == 0)
		r = open_pipe(&ends->parent[END_OUT], &ends->child[END_OUT]);
	if (r == 0)
		r = open_pipe(&ends->parent[END_ERR], &ends->child[END_ERR]);
	/* The other three are only read when there is something to read. */
	if (r == 0 && fcntl(ends->parent[END_IN], F_SETFL, O_WRONLY | O_NONBLOCK) < 0)
		r = -errno;
	if (r < 0)
		ends_close(ends);
	return r;
}

static pid_t clone_process(uint64_t flags, int cgroup_fd)
{
	struct clone_args args = {
		.flags = flags | CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = (uint64_t)cgroup_fd,
	};

	if (cgroup_fd >= 0)
		return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	return (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);
}

/* What the child has of its siblings: it must not keep their pipes from ending. */
static void close_siblings(struct port *port)
{
	size_t count = 0;
	int *fds = calloc(port->children.count * ENDS + 1, sizeof(*fds));

	for (size_t i = 0; i < port->children.count; i++) {
		const struct child *c = &port->children.slots[i];
		int all[ENDS] = { c->in, c->out, c->err, c->control };

		if (!c->pid)
			continue;
		for (size_t j = 0; j < ENDS; j++)
			if (fds)
				fds[count++] = all[j];
			else if (all[j] >= 0)
				close(all[j]);
	}
	if (count)
		spawn_close_all(fds, count);
	free(fds);
}

/* The child's descriptors at their numbers, and nothing of the parent's. */
static int child_descriptors(struct port *port, struct ends *ends)
{
	int r = signals_open_pipe();

	if (r < 0)
		return r;
	if (dup2(ends->child[END_IN], STDIN_FILENO) < 0 ||
	    dup2(ends->child[END_OUT], STDOUT_FILENO) < 0 ||
	    dup2(ends->child[END_ERR], STDERR_FILENO) < 0 ||
	    dup3(ends->child[END_CONTROL], FD_CONTROL, O_CLOEXEC) < 0)
		return -errno;
	ends_close(ends);
	close_siblings(port);
	child_close(&port->guard);
	return 0;
}

static void parent_descriptors(struct port *port, struct ends *ends, pid_t pid)
{
	struct child *child = children_add(&port->children, pid);

	spawn_close_all(ends->child, ENDS);
	child->in = ends->parent[END_IN];
	child->out = ends->parent[END_OUT];
	child->err = ends->parent[END_ERR];
	child->control = ends->parent[END_CONTROL];
	child->flowcontrol = port->options.flowcontrol;
	child->signaloneof = (uint32_t)port->options.signaloneof;
	child->stdinqueue = (uint32_t)port->options.stdinqueue;
	port->has_forked = true;
	port->polls_stale = true;
}

int spawn(struct port *port, uint64_t flags, int cgroup_fd, pid_t *ret_pid)
{
	struct ends ends;
	sigset_t mask;
	pid_t pid;
	int r;

	if (port->depth >= port->options.maxforkdepth ||
	    (int64_t)port->children.living >= port->options.maxchild)
		return -EAGAIN;
	r = children_reserve(&port->children);
	if (r == 0)
		r = ends_open(&ends);
	if (r < 0)
		return r;
	signals_block(&mask);
	pid = clone_process(flags, cgroup_fd);
	if (pid < 0) {
		r = -errno;
		ends_close(&ends);
	} else if (pid == 0) {
		r = child_descriptors(port, &ends);
		if (r < 0)
			_exit(-r);
		port_become_child(port);
		direct_become_child(port, !(flags & CLONE_NEWPID) && !port->pids_differ);
		signals_forget();
		r = SPAWNED_CHILD;
	} else {
		parent_descriptors(port, &ends, pid);
		*ret_pid = pid;
		r = SPAWNED_PARENT;
	}
	signals_restore(&mask);
	return r;
}
