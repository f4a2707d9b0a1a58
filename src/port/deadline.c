// SPDX-License-Identifier: MIT
/* Deadlines of children. There are few: they stand in an array without an order. Those of a child
 * that ended are taken out when its end is told (lifecycle.c). */
#include "port/deadline.h"

#include <limits.h>
#include <signal.h>
#include <time.h>

uint64_t deadline_now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int deadline_set(struct port *port, pid_t pid, uint32_t after, int signal, uint32_t grace)
{
	struct deadline *grown;
	size_t i = 0;

	while (i < port->deadline_count && port->deadlines[i].pid != pid)
		i++;
	if (!after) {
		if (i < port->deadline_count)
			port->deadlines[i] = port->deadlines[--port->deadline_count];
		return 0;
	}
	if (i == port->deadline_count) {
		grown = realloc(port->deadlines, (i + 1) * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		port->deadlines = grown;
		port->deadline_count++;
	}
	port->deadlines[i] = (struct deadline){
		.pid = pid, .signal = signal, .at = deadline_now_ms() + after, .grace = grace
	};
	return 0;
}

int deadline_wait(const struct port *port)
{
	uint64_t first = UINT64_MAX, now;

	if (!port->deadline_count)
		return -1;
	for (size_t i = 0; i < port->deadline_count; i++)
		first = MIN(first, port->deadlines[i].at);
	now = deadline_now_ms();
	return first <= now ? 0 : (int)MIN(first - now, (uint64_t)INT_MAX);
}

void deadlines_run(struct port *port)
{
	uint64_t now = port->deadline_count ? deadline_now_ms() : 0;

	for (size_t i = 0; i < port->deadline_count;) {
		struct deadline *d = &port->deadlines[i];

		if (d->at > now) {
			i++;
			continue;
		}
		(void)kill(d->pid, d->signal);
		if (d->signal == SIGKILL) {
			*d = port->deadlines[--port->deadline_count];
			continue;
		}
		d->signal = SIGKILL;
		d->at = now + d->grace;
	}
}
