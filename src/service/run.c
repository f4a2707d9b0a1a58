// SPDX-License-Identifier: MIT
/* What a service's machine asks for (struct machine_ops), done. */
#include "service/internal.h"

#include "service/exit-status.h"
#include "util/units.h"

#include <sys/random.h>

enum { KILL_FIRST_USEC = 500, KILL_MOST_USEC = 500000, ACCURACY = 1 };

static bool may_start(void *userdata)
{
	return supervisor_may_start(userdata);
}

/* ---- the start ---- */

static void run_begun(struct service *service)
{
	const struct group *group = service_group(service);

	service->started = clock_realtime();
	service->start_ticks = 0;
	(void)process_start_ticks(service->supervisor->options.host, service->child.pid,
				  &service->start_ticks);
	service->baseline = (struct group_usage){ 0 };
	if (group)
		(void)group_usage(group, &service->baseline);
	free(service->trouble);
	service->trouble = service->unheld ? strdup(service->unheld) : NULL;
}

static int launch(void *userdata)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct service *service = userdata;
	int r;

	service_take_manifest(service);
	r = service_spawn(service, service->manifest->run, true, &service->child, &err);
	if (r >= 0) {
		r = service_watch(service);
		if (r < 0) {
			(void)launch_signal(&service->child, SIGKILL);
			error_set_errno(&err, r, "cannot watch process %d", service->child.pid);
		}
	}
	if (r < 0) {
		service_trouble(service, &err);
		return r;
	}
	run_begun(service);
	service_attend(service);
	return 0;
}

/* ---- helpers ---- */

static void on_helped(int code, void *userdata)
{
	struct service *service = userdata;
	bool before = service->machine.state == MACHINE_PRE_START;
	_cleanup_(error_done) struct error err = ERROR_INIT;

	helper_free(service->helper);
	service->helper = NULL;
	if (code != 0) {
		error_set(&err, -ECANCELED,
			  code == -ETIMEDOUT ? "%s took too long" : "%s ended with code %d",
			  before ? "pre_start" : "post_stop", code);
		service_trouble(service, &err);
	}
	machine_helped(&service->machine, code == 0);
}

static int help(void *userdata, bool post)
{
	struct service *service = userdata;
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct launch_child child = { .pidfd = -1 };
	char **argv;
	int r;

	if (!post)
		service_take_manifest(service);
	argv = post ? service->manifest->post_stop : service->manifest->pre_start;
	if (!argv)
		return 0;
	r = service_spawn(service, argv, false, &child, &err);
	if (r >= 0) {
		r = helper_new(service->supervisor->options.event, &child, 0, on_helped, service,
			       &service->helper);
		if (r < 0)
			error_set_errno(&err, r, "cannot watch it");
	}
	if (r < 0) {
		error_wrap(&err, "%s", post ? "post_stop" : "pre_start");
		service_trouble(service, &err);
		return r;
	}
	return 1;
}

/* ---- the end ---- */

static void send_signal(void *userdata, int number)
{
	struct service *service = userdata;
	int r = launch_signal(&service->child, number);

	if (r < 0 && r != -ESRCH)
		service_tell(service, LOG_WARNING, "cannot send signal %d to process %d: %s",
			     number, service->child.pid, strerror(-r));
}

static int on_kill_timer(sd_event_source *source, uint64_t usec, void *userdata);

static int kill_step(struct service *service)
{
	struct group *group = service_group(service);
	_cleanup_(error_done) struct error err = ERROR_INIT;
	int r;

	if (!group)
		return 1;
	r = group_kill_step(group, &service->killing, &err);
	if (r < 0) {
		service_trouble(service, &err);
		return 1;
	}
	return r;
}

static void again_later(struct service *service)
{
	sd_event *event = service->supervisor->options.event;
	int r;

	service->kill_timer = sd_event_source_disable_unref(service->kill_timer);
	r = sd_event_add_time_relative(event, &service->kill_timer, CLOCK_MONOTONIC,
				       service->kill_wait, ACCURACY, on_kill_timer, service);
	if (r < 0)
		service_tell(service, LOG_ERR, "no timer for killing its group: %s", strerror(-r));
	service->kill_wait = MIN(service->kill_wait * 2, (uint64_t)KILL_MOST_USEC);
}

static int on_kill_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct service *service = userdata;

	if (kill_step(service) == 0) {
		if (service->kill_wait == KILL_MOST_USEC && !service->kill_told)
			service_tell(service, LOG_WARNING,
				     "processes of its group %s do not go away (waiting for a "
				     "device?)",
				     service->group);
		service->kill_told |= service->kill_wait == KILL_MOST_USEC;
		again_later(service);
		return 0;
	}
	service->kill_timer = sd_event_source_disable_unref(service->kill_timer);
	machine_gone(&service->machine);
	return 0;
}

static int kill_group(void *userdata)
{
	struct service *service = userdata;
	struct group *group = service_group(service);

	/* v1: what is frozen does not even die. */
	if (group && group_is_frozen(group) == 1)
		(void)group_freeze(group, false, 0, NULL);
	helper_free(service->helper);
	service->helper = NULL;
	/* A rule may have moved it elsewhere. */
	if (service->child.pid > 0)
		(void)launch_signal(&service->child, SIGKILL);
	if (service_members(service) == 0)
		return 1;
	service->killing = (struct group_killing){ 0 };
	service->kill_wait = KILL_FIRST_USEC;
	service->kill_told = false;
	if (kill_step(service) > 0)
		return 1;
	again_later(service);
	return 0;
}

static void ended(void *userdata, struct service_end *end)
{
	struct service *service = userdata;
	const struct group_usage *before = &service->baseline, *now = &service->usage;
	bool never = end->reason == END_START_FAILED || end->reason == END_PRE_START;

	end->time = clock_realtime();
	end->left = (unsigned)service_members(service);
	if (never)
		return;
	end->memory_peak = now->memory_peak;
	end->throttled_ns = now->throttled_ns - MIN(now->throttled_ns, before->throttled_ns);
	end->oom_kills = now->oom_kills - MIN(now->oom_kills, before->oom_kills);
	end->pids_hits = now->pids_max_hits - MIN(now->pids_max_hits, before->pids_max_hits);
	service->oom_kills += end->oom_kills;
	service_tell_end(service, end);
}

/* ---- time ---- */

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct service *service = userdata;

	machine_tick(&service->machine);
	return 0;
}

static void set_timer(void *userdata, uint64_t at)
{
	struct service *service = userdata;
	uint64_t usec = at / 1000;
	int r = 0;

	if (at == 0) {
		if (service->timer)
			(void)sd_event_source_set_enabled(service->timer, SD_EVENT_OFF);
		return;
	}
	if (!service->timer) {
		r = sd_event_add_time(service->supervisor->options.event, &service->timer,
				      CLOCK_MONOTONIC, usec, ACCURACY, on_timer, service);
	} else {
		r = sd_event_source_set_time(service->timer, usec);
		if (r >= 0)
			r = sd_event_source_set_enabled(service->timer, SD_EVENT_ONESHOT);
	}
	if (r < 0)
		service_tell(service, LOG_ERR, "no timer: %s", strerror(-r));
}

static uint64_t now(void *userdata)
{
	return clock_monotonic();
}

static uint32_t random_number(void *userdata)
{
	uint32_t number = 0;

	(void)!getrandom(&number, sizeof(number), GRND_NONBLOCK);
	return number;
}

static void changed(void *userdata, enum machine_state before)
{
	struct service *service = userdata;
	const struct machine *machine = &service->machine;
	char delay[32];

	switch (machine->state) {
	case MACHINE_RUNNING:
		service_tell(service, LOG_INFO, "runs as process %d", service->child.pid);
		service_feed_watchdog(service);
		break;
	case MACHINE_BACKOFF:
		format_duration(machine->deadline - clock_monotonic(), delay, sizeof(delay));
		service_tell(service, LOG_NOTICE, "is started again in %s", delay);
		break;
	case MACHINE_FAILED:
		service_tell(service, LOG_ERR,
			     machine->gave_up ? "is not started again: it reached its restart_limit"
					      : "has failed and is not started again");
		break;
	default:
		break;
	}
	service_record_later(service);
	supervisor_wake(service->supervisor);
}

const struct machine_ops service_ops = {
	.may_start = may_start,
	.launch = launch,
	.help = help,
	.signal = send_signal,
	.kill = kill_group,
	.timer = set_timer,
	.ended = ended,
	.changed = changed,
	.now = now,
	.random = random_number,
};
