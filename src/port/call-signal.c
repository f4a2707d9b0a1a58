// SPDX-License-Identifier: MIT
/* Calls on signals, sockets, and waiting for descriptors. */
#include "port/call-functions.h"

#include "port/signals.h"

#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

static const char *handler_name(const struct sigaction *action)
{
	if (signals_catches(action))
		return "sig_info";
	return action->sa_handler == SIG_IGN ? "sig_ign" : "sig_dfl";
}

static bool handler_valid(const char *name)
{
	return !name || streq(name, "sig_dfl") || streq(name, "sig_ign") || streq(name, "sig_info");
}

/* SIGCHLD is always caught: what changes is whether children are reaped here, or a controller is
 * told and waits for them itself. */
static enum call_result child_signals(struct port *port, const char *name, struct etf_writer *reply)
{
	static const char *const names[] = {
		[CHILD_SIGNALS_REAPED] = "sig_dfl",
		[CHILD_SIGNALS_TOLD] = "sig_info",
		[CHILD_SIGNALS_IGNORED] = "sig_ign",
	};

	reply_ok_tuple(reply, 2);
	etf_put_atom(reply, names[port->child_signals]);
	for (size_t i = 0; name && i < ARRAY_SIZE(names); i++)
		if (streq(name, names[i]))
			port->child_signals = (enum child_signals)i;
	return CALL_REPLY;
}

CALL(sigaction)
{
	int number = (int)arguments[0].number, r;
	const char *name = arguments[1].text;
	struct sigaction was, now = { .sa_handler = SIG_DFL };

	if (!handler_valid(name))
		return reply_badarg(reply);
	if (number == SIGCHLD)
		return child_signals(port, name, reply);
	if (sigaction(number, NULL, &was) < 0)
		return reply_errno(reply, errno);
	if (name && streq(name, "sig_info")) {
		r = signals_catch(number);
	} else {
		now.sa_handler = name && streq(name, "sig_ign") ? SIG_IGN : SIG_DFL;
		r = name && sigaction(number, &now, NULL) < 0 ? -errno : 0;
	}
	if (r < 0)
		return reply_errno(reply, -r);
	reply_ok_tuple(reply, 2);
	etf_put_atom(reply, handler_name(&was));
	return CALL_REPLY;
}

CALL(socket)
{
	return reply_value(reply, socket((int)arguments[0].number, (int)arguments[1].number,
					 (int)arguments[2].number));
}

/* ---- select ---- */

enum { SETS = 3 };

static const struct {
	short asked, answered;
} set_events[SETS] = {
	{ POLLIN, POLLIN | POLLHUP | POLLERR },
	{ POLLOUT, POLLOUT | POLLERR },
	{ POLLPRI, POLLPRI },
};

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* A list of those that are ready, ascending, each once. */
static void put_ready(struct etf_writer *reply, const struct pollfd *polls,
		      const struct argument *set, short answered)
{
	size_t list = etf_open_list(reply), count = 0;

	for (size_t i = 0; i < set->count; i++)
		if ((!i || set->numbers[i] != set->numbers[i - 1]) && polls[i].revents & answered) {
			etf_put_uint(reply, set->numbers[i]);
			count++;
		}
	etf_close_list(reply, list, count);
}

static enum call_result select_reply(struct etf_writer *reply, const struct pollfd *polls,
				     const struct argument *arguments)
{
	size_t at = 0;

	for (size_t set = 0; set < SETS; set++)
		for (size_t i = 0; i < arguments[set].count; i++)
			if (polls[at++].revents & POLLNVAL)
				return reply_errno(reply, EBADF);
	reply_ok_tuple(reply, 1 + SETS);
	for (size_t set = 0; set < SETS; set++) {
		put_ready(reply, polls, &arguments[set], set_events[set].answered);
		polls += arguments[set].count;
	}
	return CALL_REPLY;
}

/* By poll(2), which takes descriptors of any number. The whole process waits. */
CALL(select)
{
	const struct argument *wait = &arguments[SETS];
	struct timespec time = { .tv_sec = (time_t)wait->pair[0],
				 .tv_nsec = (long)wait->pair[1] * 1000 };
	size_t count = arguments[0].count + arguments[1].count + arguments[2].count, at = 0;
	struct pollfd *polls = arena_take(&port->arena, (count + 1) * sizeof(*polls));

	if (wait->given && (wait->pair[0] > INT_MAX || wait->pair[1] > 999999))
		return reply_errno(reply, EINVAL);
	if (!polls)
		return reply_errno(reply, ENOMEM);
	for (size_t set = 0; set < SETS; set++) {
		qsort(arguments[set].numbers, arguments[set].count, sizeof(uint32_t), by_number);
		for (size_t i = 0; i < arguments[set].count; i++) {
			if (arguments[set].numbers[i] > INT_MAX)
				return reply_errno(reply, EBADF);
			polls[at++] = (struct pollfd){ .fd = (int)arguments[set].numbers[i],
						       .events = set_events[set].asked };
		}
	}
	if (ppoll(polls, count, wait->given ? &time : NULL, NULL) < 0)
		return reply_errno(reply, errno);
	return select_reply(reply, polls, arguments);
}
