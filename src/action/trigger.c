// SPDX-License-Identifier: MIT
/*
 * Who is started when. Each trigger has its own numbers and its own queue, and all together have
 * bounds, so that a storm of one event costs the machine no more than the bounds say. Those that
 * wait are started in turns, one of each trigger, so that a busy trigger does not keep others out.
 *
 * A program that has ended and left processes is kept until they are gone: they are looked for by a
 * timer that is armed only while there are any.
 */
#include "action/trigger.h"

#include "action/trigger-run.h"
#include "util/fd.h"
#include "util/hash.h"
#include "util/host.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

enum {
	SESSIONS_KEPT = 256,
	SWEEP_USEC = 100000,
	SWEEP_MOST_USEC = 5000000,
	STOP_ROUNDS = 200, /* of 5 ms: how long the end waits for what was killed */
};

struct trigger {
	struct trigger_runner *runner;
	char *name;
	struct trigger_lane lane;
	struct trigger_run *waiting, **waiting_end;
	struct trigger_counters counters;
};

struct trigger_runner {
	struct trigger_place place;
	struct trigger_bounds bounds;
	struct trigger_lane all;
	trigger_ended_fn ended;
	void *userdata;
	struct trigger **triggers;
	size_t trigger_count, turn; /* whose turn it is of those that wait */
	struct hash by_name;
	struct trigger_run *running, *left;
	unsigned left_count;
	uint64_t sweep_usec;
	sd_event_source *clock, *sweep;
	pid_t sessions[SESSIONS_KEPT]; /* of those that ended, who may have left children in it */
	unsigned next_session;
	struct trigger_counters counters;
};

/* One of a trigger is one of all. */
#define COUNT(trigger, counter, change)                          \
	do {                                                     \
		(trigger)->counters.counter += (change);         \
		(trigger)->runner->counters.counter += (change); \
	} while (0)

/* ---- what may start ---- */

static bool is_full(const struct trigger_runner *runner, uint64_t now)
{
	return trigger_lane_bound(&runner->all, now) != TRIGGER_FREE ||
	       runner->left_count >= runner->bounds.left;
}

static bool may_start(const struct trigger *trigger, uint64_t now)
{
	return trigger_lane_bound(&trigger->lane, now) == TRIGGER_FREE &&
	       !is_full(trigger->runner, now);
}

static void count_dropped(struct trigger *trigger, uint64_t now)
{
	COUNT(trigger, dropped, 1);
	switch (trigger_lane_bound(&trigger->lane, now)) {
	case TRIGGER_BY_RATE:
		COUNT(trigger, dropped_rate, 1);
		break;
	case TRIGGER_BY_CONCURRENCY:
		COUNT(trigger, dropped_concurrency, 1);
		break;
	default:
		COUNT(trigger, dropped_busy, 1);
	}
}

bool trigger_admit(struct trigger *trigger)
{
	uint64_t now = clock_monotonic();

	if (trigger->lane.waiting < trigger->lane.limits.queue ||
	    (!trigger->waiting && may_start(trigger, now)))
		return true;
	count_dropped(trigger, now);
	return false;
}

/* ---- the ends ---- */

static void start_waiting(struct trigger_runner *runner);

static void take_out(struct trigger_run **list, const struct trigger_run *run)
{
	while (*list && *list != run)
		list = &(*list)->next;
	if (*list)
		*list = run->next;
}

static void tell(struct trigger_run *run, int status)
{
	const struct trigger *trigger = run->owner;
	struct trigger_runner *runner = trigger->runner;
	const struct trigger_outcome outcome = {
		.name = trigger->name,
		.pid = run->pid,
		.status = status,
		.timed_out = run->timed_out,
		.failure = run->failure[0] ? run->failure : NULL,
		.duration_ns = clock_monotonic() - run->started_ns,
		.output = run->kept.size ? run->kept.data : "",
		.output_size = run->kept.size,
		.output_total = run->output_total,
	};

	runner->ended(&outcome, runner->userdata);
}

static int on_sweep(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct trigger_runner *runner = userdata;
	struct trigger_run **at = &runner->left;

	while (*at) {
		struct trigger_run *run = *at;
		struct trigger *trigger = run->owner;

		if (!trigger_run_is_gone(run)) {
			at = &run->next;
			continue;
		}
		*at = run->next;
		runner->left_count--;
		COUNT(trigger, left, run->killed > 0);
		trigger_run_free(run);
	}
	runner->sweep_usec = MIN(runner->sweep_usec * 2, (uint64_t)SWEEP_MOST_USEC);
	if (runner->left) {
		(void)sd_event_source_set_time_relative(source, runner->sweep_usec);
		(void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	}
	start_waiting(runner);
	return 0;
}

/* Keeps it until those are gone that it has left. */
static void keep_left(struct trigger_runner *runner, struct trigger_run *run)
{
	run->next = runner->left;
	runner->left = run;
	runner->left_count++;
	run->killed = 0;
	runner->sweep_usec = SWEEP_USEC;
	if (!runner->sweep)
		(void)sd_event_add_time_relative(runner->place.event, &runner->sweep,
						 CLOCK_MONOTONIC, SWEEP_USEC, 10000, on_sweep,
						 runner);
	else if (sd_event_source_set_time_relative(runner->sweep, SWEEP_USEC) >= 0)
		(void)sd_event_source_set_enabled(runner->sweep, SD_EVENT_ONESHOT);
}

static void on_over(struct trigger_run *run, int status)
{
	struct trigger *trigger = run->owner;
	struct trigger_runner *runner = trigger->runner;

	take_out(&runner->running, run);
	trigger->lane.running--;
	runner->all.running--;
	COUNT(trigger, running, (uint64_t)-1);
	runner->sessions[runner->next_session] = run->pid;
	runner->next_session = (runner->next_session + 1) % SESSIONS_KEPT;
	if (run->timed_out)
		COUNT(trigger, timed_out, 1);
	else if (run->failure[0])
		COUNT(trigger, could_not_start, 1);
	else if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		COUNT(trigger, succeeded, 1);
	else
		COUNT(trigger, failed, 1);
	tell(run, status);
	text_done(&run->kept);
	if (trigger_run_is_gone(run))
		trigger_run_free(run);
	else
		keep_left(runner, run);
	start_waiting(runner);
}

/* ---- the starts ---- */

/* Takes the run. */
static void start(struct trigger *trigger, struct trigger_run *run, uint64_t now)
{
	struct trigger_runner *runner = trigger->runner;

	/* One that cannot be started counts for the rates all the same. */
	trigger_lane_take(&trigger->lane, now);
	trigger_lane_take(&runner->all, now);
	if (trigger_run_start(run, &runner->place) < 0) {
		trigger->lane.running--;
		runner->all.running--;
		COUNT(trigger, could_not_start, 1);
		tell(run, W_EXITCODE(127, 0));
		trigger_run_free(run);
		return;
	}
	run->next = runner->running;
	runner->running = run;
	COUNT(trigger, running, 1);
	COUNT(trigger, started, 1);
}

static struct trigger_run *take_waiting(struct trigger *trigger)
{
	struct trigger_run *run = trigger->waiting;

	trigger->waiting = run->next;
	if (!trigger->waiting)
		trigger->waiting_end = &trigger->waiting;
	trigger->lane.waiting--;
	COUNT(trigger, waiting, (uint64_t)-1);
	return run;
}

static int on_clock(sd_event_source *source, uint64_t usec, void *userdata)
{
	start_waiting(userdata);
	return 0;
}

/* Wakes when a rate lets the next one through; the end of a running one wakes by itself. */
static void set_clock(struct trigger_runner *runner, uint64_t now)
{
	uint64_t next = UINT64_MAX;

	runner->clock = sd_event_source_disable_unref(runner->clock);
	for (size_t i = 0; i < runner->trigger_count; i++) {
		const struct trigger *trigger = runner->triggers[i];

		if (trigger->waiting &&
		    trigger_lane_bound(&trigger->lane, now) != TRIGGER_BY_CONCURRENCY)
			next = MIN(next, trigger_lane_next(&trigger->lane, now));
	}
	if (next == UINT64_MAX)
		return;
	next = MAX(next, trigger_lane_next(&runner->all, now));
	if (next <= now)
		return;
	(void)sd_event_add_time_relative(runner->place.event, &runner->clock, CLOCK_MONOTONIC,
					 (next - now) / 1000 + 1, 1000, on_clock, runner);
}

static void start_waiting(struct trigger_runner *runner)
{
	uint64_t now = clock_monotonic();

	for (size_t idle = 0; runner->counters.waiting > 0 && idle < runner->trigger_count;) {
		struct trigger *trigger = runner->triggers[runner->turn++ % runner->trigger_count];

		if (!trigger->waiting || !may_start(trigger, now)) {
			idle++;
			continue;
		}
		start(trigger, take_waiting(trigger), now);
		idle = 0;
	}
	set_clock(runner, now);
}

static void wait_in_line(struct trigger *trigger, struct trigger_run *run)
{
	run->next = NULL;
	*trigger->waiting_end = run;
	trigger->waiting_end = &run->next;
	trigger->lane.waiting++;
	COUNT(trigger, waiting, 1);
	set_clock(trigger->runner, clock_monotonic());
}

int trigger_run(struct trigger *trigger, const struct trigger_request *request)
{
	uint64_t now = clock_monotonic();
	struct trigger_run *run;
	bool at_once = !trigger->waiting && may_start(trigger, now);
	int r;

	if (!at_once && trigger->lane.waiting >= trigger->lane.limits.queue) {
		count_dropped(trigger, now);
		return -EAGAIN;
	}
	r = trigger_run_new(request, trigger->lane.limits.timeout_ns, &run);
	if (r < 0)
		return r;
	run->owner = trigger;
	if (at_once)
		start(trigger, run, now);
	else
		wait_in_line(trigger, run);
	return !at_once;
}

/* ---- triggers ---- */

static struct trigger *trigger_new(struct trigger_runner *runner, const char *name)
{
	struct trigger **larger =
		reallocarray(runner->triggers, runner->trigger_count + 1, sizeof(*larger));
	struct trigger *trigger = calloc(1, sizeof(*trigger));

	if (larger)
		runner->triggers = larger;
	if (trigger)
		trigger->name = strdup(name);
	if (!larger || !trigger || !trigger->name ||
	    hash_put_string(&runner->by_name, trigger->name, trigger, NULL) < 0) {
		if (trigger)
			free(trigger->name);
		free(trigger);
		return NULL;
	}
	trigger->runner = runner;
	trigger->waiting_end = &trigger->waiting;
	runner->triggers[runner->trigger_count++] = trigger;
	return trigger;
}

struct trigger *trigger_get(struct trigger_runner *runner, const char *name,
			    const struct trigger_limits *limits)
{
	struct trigger *trigger = hash_get_string(&runner->by_name, name);

	if (!trigger)
		trigger = trigger_new(runner, name);
	if (trigger)
		trigger->lane.limits = *limits;
	return trigger;
}

const char *trigger_name(const struct trigger *trigger)
{
	return trigger->name;
}

const struct trigger_counters *trigger_counters(const struct trigger *trigger)
{
	return &trigger->counters;
}

const struct trigger *trigger_at(const struct trigger_runner *runner, size_t index)
{
	return index < runner->trigger_count ? runner->triggers[index] : NULL;
}

const struct trigger_counters *trigger_runner_counters(const struct trigger_runner *runner)
{
	return &runner->counters;
}

/* ---- its own ---- */

static bool is_session(const struct trigger_runner *runner, pid_t sid)
{
	for (const struct trigger_run *run = runner->running; run; run = run->next)
		if (run->pid == sid)
			return true;
	for (const struct trigger_run *run = runner->left; run; run = run->next)
		if (run->pid == sid)
			return true;
	/* While somebody is left in a session, its number is not given out again. */
	for (unsigned i = 0; sid > 0 && i < SESSIONS_KEPT; i++)
		if (runner->sessions[i] == sid)
			return kill(sid, 0) < 0;
	return false;
}

bool trigger_is_own(const struct trigger_runner *runner, pid_t sid, const char *cgroup)
{
	struct groups *groups = runner->place.groups;
	size_t size = strlen(cgroup);

	if (is_session(runner, sid))
		return true;
	for (size_t i = 0; groups && size > 0 && i < groups_count(groups); i++)
		if (cell_of_group(groups_at(groups, i), cgroup, size))
			return true;
	return false;
}

/* ---- life ---- */

static bool is_shielded(void)
{
	char text[16];

	return file_read_into(AT_FDCWD, "/proc/self/oom_score_adj", text, sizeof(text)) > 0 &&
	       text[0] != '0';
}

int trigger_runner_new(sd_event *event, struct groups *groups, const struct trigger_bounds *bounds,
		       trigger_ended_fn ended, void *userdata, struct trigger_runner **ret_runner)
{
	_cleanup_(trigger_runner_freep) struct trigger_runner *runner = calloc(1, sizeof(*runner));

	if (!runner)
		return -ENOMEM;
	hash_init(&runner->by_name);
	runner->bounds = bounds ? *bounds : TRIGGER_BOUNDS;
	runner->all.limits = (struct trigger_limits){
		.concurrency = runner->bounds.running,
		.rate = runner->bounds.rate,
		.rate_interval_ns = UINT64_C(1000000000),
	};
	runner->ended = ended;
	runner->userdata = userdata;
	runner->place = (struct trigger_place){
		.event = event,
		.groups = groups,
		.null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC),
		.shielded = is_shielded(),
		.over = on_over,
	};
	if (runner->place.null_fd < 0)
		return -errno;
	*ret_runner = TAKE_PTR(runner);
	return 0;
}

/* Those that were killed take a moment to go, and their cells with them. */
static void end_all(struct trigger_run **list)
{
	for (struct trigger_run *run = *list; run; run = run->next)
		trigger_run_kill(run);
	for (int round = 0; *list;) {
		struct trigger_run *run = *list;

		if (!trigger_run_is_gone(run) && round++ < STOP_ROUNDS) {
			trigger_run_kill(run);
			usleep(5000);
			continue;
		}
		*list = run->next;
		trigger_run_free(run);
	}
}

void trigger_runner_free(struct trigger_runner *runner)
{
	if (!runner)
		return;
	sd_event_source_disable_unref(runner->clock);
	sd_event_source_disable_unref(runner->sweep);
	end_all(&runner->running);
	end_all(&runner->left);
	for (size_t i = 0; i < runner->trigger_count; i++) {
		struct trigger *trigger = runner->triggers[i];

		while (trigger->waiting)
			trigger_run_free(take_waiting(trigger));
		free(trigger->name);
		free(trigger);
	}
	free(runner->triggers);
	hash_done(&runner->by_name);
	closep(&runner->place.null_fd);
	free(runner);
}
