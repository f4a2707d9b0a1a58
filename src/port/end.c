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
#include "port/direct.h"
#include "port/process-tree.h"

#include <signal.h>
#include <sys/syscall.h>

/* Processes that are to end, and descriptors that tell when they have. */
struct leaving {
	struct process_tree tree;
	size_t killed; /* so many of the tree may be killed; behind them are control processes */
	struct pollfd *polls;
	size_t alive;
};

static void leaving_done(struct leaving *leaving)
{
	free(leaving->polls);
	process_tree_done(&leaving->tree);
}

/* Children that are in no table: programs' descendants whose parent has ended. */
static void add_adopted(struct port *port, struct process_tree *tree)
{
	size_t first = tree->count, kept = first;

	if (!port->options.signaloneof || !port->adopts)
		return;
	(void)process_tree_add_children(tree, port->pid);
	for (size_t i = first; i < tree->count; i++)
		if (!children_find(&port->children, tree->pids[i]))
			tree->pids[kept++] = tree->pids[i];
	tree->count = kept;
}

static void signal_adopted(struct port *port, struct process_tree *tree)
{
	add_adopted(port, tree);
	(void)process_tree_descend(tree, 0);
	for (size_t i = 0; i < tree->count; i++)
		(void)kill(tree->pids[i], (int)port->options.signaloneof);
}

/* The program, to `programs`, and all that it has started, to `others`: before it is signalled. */
static void add_program(const struct child *child, struct leaving *programs, struct leaving *others)
{
	size_t first = others->tree.count;

	(void)process_tree_add(&programs->tree, child->pid);
	(void)process_tree_add_children(&others->tree, child->pid);
	(void)process_tree_descend(&others->tree, first);
}

static void signal_program(const struct child *child)
{
	if (kill(-child->pid, (int)child->signaloneof) < 0)
		(void)kill(child->pid, (int)child->signaloneof);
	if (kill(-child->pid, SIGCONT) < 0)
		(void)kill(child->pid, SIGCONT);
}

static void signal_programs(struct port *port, struct leaving *programs, struct leaving *others)
{
	for (size_t i = 0; i < port->children.count; i++) {
		const struct child *c = &port->children.slots[i];

		if (!c->pid || c->gone || !c->executed || !c->signaloneof)
			continue;
		add_program(c, programs, others);
		signal_program(c);
	}
	programs->killed = programs->tree.count;
	others->killed = others->tree.count;
}

static void close_children(struct port *port, struct leaving *programs)
{
	for (size_t i = 0; i < port->children.count; i++) {
		struct child *c = &port->children.slots[i];

		if (!c->pid)
			continue;
		if (!c->gone && !c->executed)
			(void)process_tree_add(&programs->tree, c->pid);
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

	leaving->polls = tree->count ? calloc(tree->count, sizeof(*leaving->polls)) : NULL;
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

static void signal_leaving(const struct leaving *leaving, int number)
{
	for (size_t i = 0; leaving->alive && i < leaving->killed; i++)
		if (leaving->polls[i].fd >= 0)
			(void)syscall(SYS_pidfd_send_signal, leaving->polls[i].fd, number, NULL, 0);
}

static void add_alive(const struct leaving *leaving, struct process_tree *tree)
{
	for (size_t i = 0; leaving->alive && i < leaving->killed; i++)
		if (leaving->polls[i].fd >= 0)
			(void)process_tree_add(tree, leaving->tree.pids[i]);
}

/* Who is left, and what they have started meanwhile. Their numbers are theirs while we hold
 * descriptors for them; who is found below them is stopped. */
static void kill_rest(struct port *port, const struct leaving *programs,
		      const struct leaving *others)
{
	struct process_tree tree = { 0 };

	add_alive(programs, &tree);
	add_alive(others, &tree);
	add_adopted(port, &tree);
	(void)process_tree_stop(&tree);
	for (size_t i = 0; i < tree.count; i++)
		(void)kill(tree.pids[i], SIGKILL);
	process_tree_done(&tree);
}

/* A program ends its own processes itself, if it is given the time: they come after it. */
void port_end(struct port *port)
{
	struct leaving programs = { 0 }, others = { 0 };
	uint64_t until;

	close(STDOUT_FILENO);
	direct_close(port);
	if (!port->children.present && !port->adopts)
		return;
	signal_adopted(port, &programs.tree);
	signal_programs(port, &programs, &others);
	close_children(port, &programs);
	watch(&programs);
	watch(&others);
	until = programs.alive || others.alive
			? deadline_now_ms() + (uint64_t)port->options.killdelay
			: 0;
	wait_for_ends(&programs, until);
	signal_leaving(&others, SIGTERM);
	signal_leaving(&others, SIGCONT);
	wait_for_ends(&others, until);
	kill_rest(port, &programs, &others);
	leaving_done(&programs);
	leaving_done(&others);
}
