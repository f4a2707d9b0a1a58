// SPDX-License-Identifier: MIT
/*
 * The end of a control process: its stdin has ended, or nobody reads its stdout. Programs among its
 * children get the signal that was set for them, and all their pipes are closed, by which control
 * processes below learn the same. What a program has started and leaves behind gets the signal when
 * the program has ended: a shell that tidies up must find its own children as they were. Who does
 * not end within killdelay gets SIGKILL; programs whose signaloneof is 0 are left to themselves.
 */
#include "port/deadline.h"
#include "port/process-tree.h"
#include "port/signals.h"

#include <sys/syscall.h>
#include <sys/wait.h>

enum { BELOW_MAX = 4096 };

/* The processes that programs have started, by descriptors, and what each of them is to get. */
struct below {
	struct pollfd polls[BELOW_MAX];
	uint8_t signals[BELOW_MAX];
	size_t count, living;
};

static void signal_child(const struct child *child, int number)
{
	if (kill(-child->pid, number) < 0)
		(void)kill(child->pid, number);
}

/* Whether the child is a program that is ours to end. */
static bool is_ended_by_us(const struct child *child)
{
	return child->pid && !child->gone && child->executed && child->signaloneof;
}

static void below_add(struct below *below, const struct child *child)
{
	int fds[256];
	size_t count = process_tree_open(child->pid, fds, ARRAY_SIZE(fds));

	for (size_t i = 0; i < count; i++) {
		if (below->count == BELOW_MAX) {
			close(fds[i]);
			continue;
		}
		below->signals[below->count] = (uint8_t)child->signaloneof;
		below->polls[below->count++] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
	}
}

static void below_signal(struct below *below, int number)
{
	for (size_t i = 0; i < below->count; i++) {
		int fd = below->polls[i].fd;

		if (fd < 0)
			continue;
		(void)syscall(SYS_pidfd_send_signal, fd, number ? number : below->signals[i], NULL,
			      0);
		(void)syscall(SYS_pidfd_send_signal, fd, SIGCONT, NULL, 0);
	}
}

/* Forgets who has ended. */
static void below_look(struct below *below)
{
	below->living = 0;
	for (size_t i = 0; i < below->count; i++) {
		struct pollfd *p = &below->polls[i];

		if (p->fd >= 0 && poll(p, 1, 0) > 0)
			child_close(&p->fd);
		below->living += p->fd >= 0;
	}
}

static size_t signal_all(struct port *port, struct below *below)
{
	size_t waiting = 0;

	for (size_t i = 0; i < port->children.count; i++) {
		struct child *c = &port->children.slots[i];

		if (!c->pid)
			continue;
		if (is_ended_by_us(c)) {
			if (below)
				below_add(below, c);
			signal_child(c, (int)c->signaloneof);
			signal_child(c, SIGCONT);
		}
		waiting += !c->gone && (!c->executed || c->signaloneof);
		child_close(&c->in);
		child_close(&c->out);
		child_close(&c->err);
		child_close(&c->control);
	}
	return waiting;
}

/* Those that were waited for and are there no more count down *waiting. */
static void reap(struct port *port, size_t *waiting)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct child *c = children_find(&port->children, pid);

		if (!c)
			continue;
		*waiting -= !c->executed || c->signaloneof;
		child_leave(&port->children, c);
	}
	if (pid < 0 && errno == ECHILD)
		*waiting = 0;
}

static void kill_rest(struct port *port, struct below *below)
{
	for (size_t i = 0; i < port->children.count; i++) {
		const struct child *c = &port->children.slots[i];

		if (!is_ended_by_us(c))
			continue;
		if (below)
			(void)process_tree_signal(c->pid, SIGKILL);
		signal_child(c, SIGKILL);
	}
	if (below)
		below_signal(below, SIGKILL);
}

/* Waits for one more end, of a child or below; false: the time is over. */
static bool wait_for_end(const struct below *below, size_t waiting, uint64_t until)
{
	struct pollfd polls[2] = { { .fd = FD_SIGNALS, .events = POLLIN }, { .fd = -1 } };
	siginfo_t infos[SIGNALS_AT_ONCE];
	uint64_t now = deadline_now_ms();

	if (now >= until)
		return false;
	for (size_t i = 0; !waiting && below && i < below->count; i++)
		if (below->polls[i].fd >= 0)
			polls[1] = below->polls[i];
	(void)poll(polls, ARRAY_SIZE(polls), (int)(until - now));
	(void)signals_read(infos, SIGNALS_AT_ONCE);
	return true;
}

void port_end(struct port *port)
{
	/* A seccomp policy may not allow to look at /proc, or at time. */
	struct below *below = port->plain_calls ? NULL : calloc(1, sizeof(*below));
	size_t waiting = signal_all(port, below);
	uint64_t until = waiting ? deadline_now_ms() + (uint64_t)port->options.killdelay : 0;
	bool told = false;

	close(STDOUT_FILENO);
	do {
		reap(port, &waiting);
		if (!waiting && below && !told) {
			below_signal(below, 0);
			told = true;
		}
		if (below)
			below_look(below);
		if (!waiting && (!below || !below->living)) {
			free(below);
			return;
		}
	} while (wait_for_end(below, waiting, until));
	kill_rest(port, below);
	free(below);
}
