// SPDX-License-Identifier: MIT
/*
 * A connection costs whoever opens it nothing, and there are only so many. libmicrohttpd closes one
 * on which nothing comes; but a byte now and then, from as many connections as there may be, would
 * keep everybody else out (slow-loris). So the time is that of the whole request; and as the next
 * one comes to a full server, who has waited longest without having asked anything is sent away.
 * A connection is shut down only: its owner sees its end, and closes it.
 */
#include "web/caller.h"

#include <sys/epoll.h>
#include <sys/socket.h>

enum { LAST_WORDS_USEC = 500000 };

struct caller {
	struct caller_list *list;
	struct caller *next, *previous;
	sd_event_source *timer, *io;
	void (*hangup)(void *userdata);
	void *userdata;
	int fd;
	bool asking, over, ended; /* over: nothing more will come */
};

static void end(struct caller *caller)
{
	caller->ended = true;
	(void)sd_event_source_set_enabled(caller->timer, SD_EVENT_OFF);
	(void)sd_event_source_set_enabled(caller->io, SD_EVENT_OFF);
	(void)shutdown(caller->fd, SHUT_RDWR);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct caller *caller = userdata;

	caller->list->closed_slow++;
	end(caller);
	return 0;
}

/*
 * What comes last may be a request, of which libmicrohttpd tells when it has read it; or nothing,
 * of which it may not be told at all, where the end came with the last bytes.
 */
static void wait_for_request(struct caller *caller)
{
	uint64_t patience = caller->list->patience;

	if (caller->over)
		patience = MIN(patience, (uint64_t)LAST_WORDS_USEC);
	(void)sd_event_source_set_time_relative(caller->timer, patience);
	(void)sd_event_source_set_enabled(caller->timer, SD_EVENT_ONESHOT);
}

static int on_hangup(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct caller *caller = userdata;

	(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	caller->over = true;
	if (caller->hangup)
		caller->hangup(caller->userdata);
	else if (!caller->asking)
		wait_for_request(caller);
	return 0;
}

static void link_newest(struct caller *caller)
{
	struct caller_list *list = caller->list;

	caller->previous = NULL;
	caller->next = list->first;
	if (caller->next)
		caller->next->previous = caller;
	list->first = caller;
}

static void unlink_caller(struct caller *caller)
{
	if (caller->previous)
		caller->previous->next = caller->next;
	else
		caller->list->first = caller->next;
	if (caller->next)
		caller->next->previous = caller->previous;
}

static void make_room(struct caller_list *list)
{
	struct caller *oldest = NULL;

	for (struct caller *caller = list->first; caller; caller = caller->next)
		if (!caller->asking && !caller->ended)
			oldest = caller;
	if (!oldest)
		return;
	list->closed_full++;
	end(oldest);
}

int caller_new(struct caller_list *list, int fd, struct caller **ret_caller)
{
	struct caller *caller = calloc(1, sizeof(*caller));
	int r;

	if (!caller)
		return -ENOMEM;
	r = sd_event_add_time_relative(list->event, &caller->timer, CLOCK_MONOTONIC, list->patience,
				       0, on_timer, caller);
	if (r >= 0)
		r = sd_event_add_io(list->event, &caller->io, fd, EPOLLRDHUP, on_hangup, caller);
	if (r < 0) {
		sd_event_source_disable_unref(caller->timer);
		free(caller);
		return r;
	}
	if (list->count >= list->most)
		make_room(list);
	caller->list = list;
	caller->fd = fd;
	link_newest(caller);
	list->count++;
	*ret_caller = caller;
	return 0;
}

void caller_free(struct caller *caller)
{
	if (!caller)
		return;
	unlink_caller(caller);
	caller->list->count--;
	sd_event_source_disable_unref(caller->timer);
	sd_event_source_disable_unref(caller->io);
	free(caller);
}

void caller_is_asking(struct caller *caller)
{
	if (!caller)
		return;
	caller->asking = true;
	(void)sd_event_source_set_enabled(caller->timer, SD_EVENT_OFF);
}

void caller_is_silent(struct caller *caller)
{
	if (!caller || caller->ended)
		return;
	caller->asking = false;
	unlink_caller(caller);
	link_newest(caller);
	caller->hangup = NULL;
	wait_for_request(caller);
}

void caller_on_hangup(struct caller *caller, void (*hangup)(void *userdata), void *userdata)
{
	if (!caller)
		return;
	caller->hangup = hangup;
	caller->userdata = userdata;
	if (caller->over)
		hangup(userdata);
}
