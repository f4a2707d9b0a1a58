// SPDX-License-Identifier: MIT
/*
 * The end of a control process: its stdin has ended, or nobody reads its stdout. Programs among its
 * children get the signal that was set for them, and all their pipes are closed, by which control
 * processes below learn the same. Who does not end within killdelay gets SIGKILL; programs whose
 * signaloneof is 0 are left to themselves.
 */
#include "port/deadline.h"
#include "port/signals.h"

#include <sys/wait.h>

static void signal_child(const struct child *child, int number)
{
	if (kill(-child->pid, number) < 0)
		(void)kill(child->pid, number);
}

static size_t signal_all(struct port *port)
{
	size_t waiting = 0;

	for (size_t i = 0; i < port->children.count; i++) {
		struct child *c = &port->children.slots[i];

		if (!c->pid)
			continue;
		if (!c->gone && c->executed && c->signaloneof) {
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

static void kill_rest(struct port *port)
{
	for (size_t i = 0; i < port->children.count; i++) {
		const struct child *c = &port->children.slots[i];

		if (c->pid && !c->gone && c->executed && c->signaloneof)
			signal_child(c, SIGKILL);
	}
}

void port_end(struct port *port)
{
	struct pollfd signals = { .fd = FD_SIGNALS, .events = POLLIN };
	siginfo_t infos[SIGNALS_AT_ONCE];
	size_t waiting = signal_all(port);
	uint64_t until = waiting ? deadline_now_ms() + (uint64_t)port->options.killdelay : 0, now;

	close(STDOUT_FILENO);
	for (;;) {
		reap(port, &waiting);
		if (!waiting)
			return;
		now = deadline_now_ms();
		if (now >= until)
			break;
		(void)poll(&signals, 1, (int)(until - now));
		(void)signals_read(infos, SIGNALS_AT_ONCE);
	}
	kill_rest(port);
}
