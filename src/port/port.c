// SPDX-License-Identifier: MIT
/* What a control process begins with: the first one, and one that was forked. */
#include "port/port.h"

#include <sys/mman.h>
#include <sys/resource.h>

enum { MAXCHILD = 64, MAXFORKDEPTH = 16, KILLDELAY = 2000, SIGNAL_ON_EOF = 15 };

int64_t port_children_possible(uint64_t descriptors)
{
	uint64_t fitting = descriptors / FDS_PER_CHILD;

	return fitting ? (int64_t)MIN(fitting - 1, (uint64_t)UINT16_MAX) : 0;
}

struct port *port_new(void)
{
	struct rlimit limit = { .rlim_cur = MAXCHILD * FDS_PER_CHILD };
	struct port *port = mmap(NULL, sizeof(*port), PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (port == MAP_FAILED)
		return NULL;
	(void)getrlimit(RLIMIT_NOFILE, &limit);
	port->pid = getpid();
	port->guard = port->up = port->queue = port->line = -1;
	port->polls_stale = true;
	port->options = (struct port_options){
		.maxchild = MIN(MAXCHILD, port_children_possible(limit.rlim_cur)),
		.maxforkdepth = MAXFORKDEPTH,
		.exit_status = 1,
		.termsig = 1,
		.flowcontrol = -1,
		.signaloneof = SIGNAL_ON_EOF,
		.killdelay = KILLDELAY,
	};
	return port;
}

void port_become_child(struct port *port)
{
	children_forget(&port->children);
	free(port->deadlines);
	port->deadlines = NULL;
	port->deadline_count = 0;
	free(port->kept);
	port->kept = NULL;
	port->kept_size = 0;
	etf_writer_done(&port->reply);
	arena_reset(&port->arena);
	memcpy(port->filter, port->filter_children, FILTER_SIZE);
	port->filtered = port->filtered_children;
	port->counters = (struct port_counters){ 0 };
	port->pid = getpid();
	port->depth++;
	port->parent_is_port = true;
	port->first = port->adopts = false;
	port->pdeathsig_set = false;
	port->control_kept = false;
	port->stdout_grown = false;
	port->no_splice = false;
	port->input_size = port->input_wanted = 0;
	port->polls_stale = true;
}
