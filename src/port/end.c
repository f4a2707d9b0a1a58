// SPDX-License-Identifier: MIT
/*
 * The end of a control process: its stdin has ended, or nobody reads its stdout. Programs among its
 * children, and what these have started, get the signal that was set for them; all their pipes are
 * closed, by which control processes below learn the same. Who does not end within killdelay gets
 * SIGKILL. Programs whose signaloneof is 0 are left to themselves.
 *
 * The first process of a tree is a subreaper: what programs have left behind are its children by
 * then, and ended by its own signaloneof.
 */
#include "port/deadline.h"
#include "port/process-tree.h"

#include <signal.h>
#include <sys/syscall.h>

/* Who is to end, and descriptors that tell when they have. */
struct leaving {
	struct process_tree tree;
	size_t signalled; /* so many of the tree get signals; the others are control processes */
	struct pollfd *polls;
	size_t alive;
};

static bool is_ended(const struct child *child)
{
	return child->pid && !child->gone && child->executed && child->signaloneof;
}

static void signal_child(const struct child *child)
{
	if (kill(-child->pid, (int)child->signaloneof) < 0)
		(void)kill(child->pid, (int)child->signaloneof);
	if (kill(-child->pid, SIGCONT) < 0)
		(void)kill(child->pid, SIGCONT);
}

/* What stands in the tree from `first` on: all below the programs. */
static void signal_below(const struct leaving *leaving, size_t first, int number)
{
	for (size_t i = first; i < leaving->tree.count; i++) {
		(void)kill(leaving->tree.pids[i], number);
		(void)kill(leaving->tree.pids[i], SIGCONT);
	}
}

/* Children that are in no table: programs' descendants whose parent has ended. */
static void add_adopted(struct port *port, struct leaving *leaving)
{
	size_t first = leaving->tree.count, kept = first;

	(void)process_tree_add_children(&leaving->tree, port->pid);
	for (size_t i = first; i < leaving->tree.count; i++)
		if (!children_find(&port->children, leaving->tree.pids[i]))
			leaving->tree.pids[kept++] = leaving->tree.pids[i];
	leaving->tree.count = kept;
	(void)process_tree_descend(&leaving->tree, first);
}

static void signal_all(struct port *port, struct leaving *leaving)
{
	struct children *children = &port->children;
	size_t first;

	if (port->options.signaloneof && port->adopts) {
		add_adopted(port, leaving);
		signal_below(leaving, 0, (int)port->options.signaloneof);
	}
	for (size_t i = 0; i < children->count; i++) {
		const struct child *c = &children->slots[i];

		first = leaving->tree.count;
		if (!is_ended(c) || process_tree_add(&leaving->tree, c->pid) < 0)
			continue;
		(void)process_tree_descend(&leaving->tree, first);
		signal_child(c);
		signal_below(leaving, first + 1, (int)c->signaloneof);
	}
	leaving->signalled = leaving->tree.count;
	for (size_t i = 0; i < children->count; i++) {
		struct child *c = &children->slots[i];

		if (c->pid && !c->gone && !c->executed)
			(void)process_tree_add(&leaving->tree, c->pid);
		child_close(&c->in);
		child_close(&c->out);
		child_close(&c->err);
		child_close(&c->control);
	}
}

/* A descriptor for each, which can be read when it has ended. */
static void watch(struct leaving *leaving)
{
	const struct process_tree *tree = &leaving->tree;

	leaving->polls = calloc(tree->count + 1, sizeof(*leaving->polls));
	for (size_t i = 0; leaving->polls && i < tree->count; i++) {
		int fd = (int)syscall(SYS_pidfd_open, tree->pids[i], 0);

		leaving->polls[i] = (struct pollfd){ .fd = fd, .events = POLLIN };
		leaving->alive += fd >= 0;
	}
}

static void wait_for_ends(struct leaving *leaving, uint64_t until)
{
	while (leaving->alive) {
		uint64_t now = deadline_now_ms();

		if (now >= until)
			return;
		if (poll(leaving->polls, leaving->tree.count, (int)MIN(until - now, 60000U)) <= 0)
			continue;
		for (size_t i = 0; i < leaving->tree.count; i++)
			if (leaving->polls[i].fd >= 0 && leaving->polls[i].revents) {
				child_close(&leaving->polls[i].fd);
				leaving->alive--;
			}
	}
}

void port_end(struct port *port)
{
	struct leaving leaving = { 0 };
	uint64_t delay = (uint64_t)port->options.killdelay;

	close(STDOUT_FILENO);
	if (!port->children.present && !port->adopts)
		return;
	signal_all(port, &leaving);
	if (leaving.tree.count)
		watch(&leaving);
	if (leaving.alive)
		wait_for_ends(&leaving, deadline_now_ms() + delay);
	for (size_t i = 0; leaving.alive && i < leaving.signalled; i++)
		if (leaving.polls[i].fd >= 0)
			(void)syscall(SYS_pidfd_send_signal, leaving.polls[i].fd, SIGKILL, NULL, 0);
	free(leaving.polls);
	process_tree_done(&leaving.tree);
}
