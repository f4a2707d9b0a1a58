// SPDX-License-Identifier: MIT
/* One child, one timer. What it has forked is in the service's group, and goes with that. */
#include "service/helper.h"

#include <signal.h>

struct helper {
	struct launch_child child;
	bool late;
	sd_event_source *exit, *timer;
	void (*function)(int code, void *userdata);
	void *userdata;
};

void helper_free(struct helper *helper)
{
	struct launch_status status;

	if (!helper)
		return;
	sd_event_source_disable_unref(helper->exit);
	sd_event_source_disable_unref(helper->timer);
	if (helper->child.pid > 0) {
		(void)launch_signal(&helper->child, SIGKILL);
		(void)launch_wait(&helper->child, &status);
		launch_child_done(&helper->child);
	}
	free(helper);
}

pid_t helper_pid(const struct helper *helper)
{
	return helper->child.pid;
}

/* The function may free the helper: nothing of it is touched afterwards. */
static void over(struct helper *helper, int code)
{
	helper->exit = sd_event_source_disable_unref(helper->exit);
	helper->timer = sd_event_source_disable_unref(helper->timer);
	helper->function(code, helper->userdata);
}

static int on_exit_of_helper(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct helper *helper = userdata;
	struct launch_status status;
	int r = launch_poll(&helper->child, &status);

	if (r == 0)
		return 0;
	launch_child_done(&helper->child);
	over(helper, r < 0 ? r : helper->late ? -ETIMEDOUT : status.exit_code);
	return 0;
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct helper *helper = userdata;

	/* Its end is told by the descriptor. */
	helper->late = true;
	(void)launch_signal(&helper->child, SIGKILL);
	return 0;
}

int helper_new(sd_event *event, struct launch_child *child, uint64_t timeout_ns,
	       void (*function)(int code, void *userdata), void *userdata,
	       struct helper **ret_helper)
{
	_cleanup_(helper_freep) struct helper *helper = calloc(1, sizeof(*helper));
	int r;

	if (!helper)
		return -ENOMEM;
	helper->child = *child;
	*child = (struct launch_child){ .pidfd = -1 };
	helper->function = function;
	helper->userdata = userdata;
	r = sd_event_add_io(event, &helper->exit, helper->child.pidfd, EPOLLIN, on_exit_of_helper,
			    helper);
	if (r >= 0 && timeout_ns > 0)
		r = sd_event_add_time_relative(event, &helper->timer, CLOCK_MONOTONIC,
					       timeout_ns / 1000, 10000, on_timeout, helper);
	if (r < 0)
		return r;
	*ret_helper = TAKE_PTR(helper);
	return 0;
}
