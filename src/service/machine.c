// SPDX-License-Identifier: MIT
/*
 * The order of a run: those before it, pre_start, the process, ready; the process's end, whether by
 * itself or by stop signal and, when stop_timeout is over, SIGKILL to all; its group empty;
 * post_stop; and then what the restart policy says. Each step is entered by one function, and a
 * request that comes at a bad time only sets `wanted` or `again`, which the last step looks at.
 */
#include "service/machine.h"

const char *const machine_state_names[MACHINE_STATES] = {
	[MACHINE_STOPPED] = "stopped",	   [MACHINE_WAITING] = "waiting",
	[MACHINE_PRE_START] = "pre-start", [MACHINE_STARTING] = "starting",
	[MACHINE_RUNNING] = "running",	   [MACHINE_STOPPING] = "stopping",
	[MACHINE_KILLING] = "killing",	   [MACHINE_POST_STOP] = "post-stop",
	[MACHINE_BACKOFF] = "backoff",	   [MACHINE_FAILED] = "failed",
};

static void begin(struct machine *machine);
static void empty(struct machine *machine);

void machine_init(struct machine *machine, const struct service_manifest *manifest,
		  const struct machine_ops *ops, void *userdata)
{
	*machine = (struct machine){ .manifest = manifest, .ops = ops, .userdata = userdata };
}

bool machine_is_active(const struct machine *machine)
{
	switch (machine->state) {
	case MACHINE_STOPPED:
	case MACHINE_WAITING:
	case MACHINE_BACKOFF:
	case MACHINE_FAILED:
		return false;
	default:
		return true;
	}
}

const struct service_end *machine_end_at(const struct machine *machine, size_t back)
{
	if (back >= machine->end_count || back >= MACHINE_ENDS)
		return NULL;
	return &machine->ends[(machine->end_count - 1 - back) % MACHINE_ENDS];
}

static uint64_t now_of(const struct machine *machine)
{
	return machine->ops->now(machine->userdata);
}

static void set_timer(struct machine *machine, uint64_t at)
{
	if (machine->deadline == at)
		return;
	machine->deadline = at;
	machine->ops->timer(machine->userdata, at);
}

static void set_timer_after(struct machine *machine, uint64_t delay)
{
	uint64_t at;

	if (__builtin_add_overflow(now_of(machine), delay, &at))
		at = UINT64_MAX;
	set_timer(machine, at);
}

static void enter(struct machine *machine, enum machine_state state)
{
	enum machine_state before = machine->state;

	machine->state = state;
	machine->since = now_of(machine);
	machine->ops->changed(machine->userdata, before);
}

/* ---- the end of a run ---- */

static void keep_end(struct machine *machine)
{
	machine->ends[machine->end_count % MACHINE_ENDS] = machine->end;
	machine->end_count++;
}

static void rest(struct machine *machine, enum machine_state state)
{
	set_timer(machine, 0);
	enter(machine, state);
}

/* What comes after a run: another one, a wait, or nothing. */
static void settle(struct machine *machine)
{
	uint64_t delay = 0;

	machine->cause = END_EXIT;
	if (machine->again) {
		machine->again = false;
		machine->wanted = true;
		begin(machine);
		return;
	}
	if (!machine->wanted) {
		rest(machine, MACHINE_STOPPED);
		return;
	}
	switch (restart_judge(&machine->manifest->restart, &machine->row, &machine->end,
			      now_of(machine), machine->ops->random(machine->userdata), &delay)) {
	case RESTART_AGAIN:
		machine->restarts++;
		if (delay == 0) {
			begin(machine);
			return;
		}
		set_timer_after(machine, delay);
		enter(machine, MACHINE_BACKOFF);
		return;
	case RESTART_GIVE_UP:
		machine->gave_up = true;
		break;
	case RESTART_STAY:
		break;
	}
	machine->wanted = false;
	rest(machine, service_end_failed(&machine->end) ? MACHINE_FAILED : MACHINE_STOPPED);
}

static void post_stop(struct machine *machine)
{
	set_timer_after(machine, machine->manifest->stop_timeout);
	if (machine->ops->help(machine->userdata, true) > 0)
		enter(machine, MACHINE_POST_STOP);
	else
		settle(machine);
}

/* Nobody of it is left. */
static void empty(struct machine *machine)
{
	set_timer(machine, 0);
	post_stop(machine);
}

static void kill_all(struct machine *machine)
{
	set_timer(machine, 0);
	if (machine->state != MACHINE_KILLING)
		enter(machine, MACHINE_KILLING);
	/* With the process there, its end is waited for too. */
	if (machine->ops->kill(machine->userdata) > 0 && !machine->alive)
		empty(machine);
}

/* A run that ended without any process of its own. */
static void never_was(struct machine *machine, enum end_reason reason)
{
	machine->end = (struct service_end){ .reason = reason };
	if (!machine->wanted && !machine->again)
		machine->end.reason = END_STOPPED;
	machine->ops->ended(machine->userdata, &machine->end);
	keep_end(machine);
	kill_all(machine);
}

/* ---- the start of one ---- */

static void launch(struct machine *machine)
{
	uint64_t now = now_of(machine);

	machine->cause = END_EXIT;
	machine->ready = false;
	machine->starts++;
	machine->launched = now;
	if (machine->ops->launch(machine->userdata) < 0) {
		never_was(machine, END_START_FAILED);
		return;
	}
	machine->alive = true;
	if (machine->manifest->ready == READY_STARTED) {
		set_timer(machine, 0);
		machine->ready = true;
		enter(machine, MACHINE_RUNNING);
		return;
	}
	set_timer_after(machine, machine->manifest->start_timeout);
	enter(machine, MACHINE_STARTING);
}

static void begin(struct machine *machine)
{
	int r;

	set_timer(machine, 0);
	if (!machine->ops->may_start(machine->userdata)) {
		if (machine->state != MACHINE_WAITING)
			enter(machine, MACHINE_WAITING);
		return;
	}
	r = machine->ops->help(machine->userdata, false);
	if (r == 0) {
		launch(machine);
		return;
	}
	if (r < 0) {
		never_was(machine, END_PRE_START);
		return;
	}
	set_timer_after(machine, machine->manifest->start_timeout);
	enter(machine, MACHINE_PRE_START);
}

/* ---- requests ---- */

static void forget_failures(struct machine *machine)
{
	machine->row = (struct restart_row){ 0 };
	machine->gave_up = false;
}

void machine_start(struct machine *machine)
{
	forget_failures(machine);
	switch (machine->state) {
	case MACHINE_STOPPED:
	case MACHINE_BACKOFF:
	case MACHINE_FAILED:
		machine->wanted = true;
		begin(machine);
		break;
	case MACHINE_STOPPING:
	case MACHINE_KILLING:
	case MACHINE_POST_STOP:
		/* What is ending is wanted again, once it has. */
		machine->again = true;
		machine->wanted = true;
		break;
	default:
		machine->wanted = true;
		break;
	}
}

static void ask_to_stop(struct machine *machine, enum end_reason cause)
{
	machine->cause = cause;
	if (machine->manifest->stop_timeout == 0) {
		kill_all(machine);
		return;
	}
	set_timer_after(machine, machine->manifest->stop_timeout);
	enter(machine, MACHINE_STOPPING);
	machine->ops->signal(machine->userdata, machine->manifest->stop_signal);
}

void machine_stop(struct machine *machine)
{
	machine->wanted = false;
	machine->again = false;
	switch (machine->state) {
	case MACHINE_WAITING:
	case MACHINE_BACKOFF:
	case MACHINE_FAILED:
		forget_failures(machine);
		rest(machine, MACHINE_STOPPED);
		break;
	case MACHINE_PRE_START:
		never_was(machine, END_STOPPED);
		break;
	case MACHINE_STARTING:
	case MACHINE_RUNNING:
		ask_to_stop(machine, END_STOPPED);
		break;
	default:
		break;
	}
}

void machine_restart(struct machine *machine)
{
	if (!machine_is_active(machine)) {
		machine_start(machine);
		return;
	}
	forget_failures(machine);
	machine_stop(machine);
	/* A stop that ended at once has begun nothing yet. */
	if (machine_is_active(machine)) {
		machine->again = true;
		machine->wanted = true;
	} else {
		machine_start(machine);
	}
}

void machine_fail(struct machine *machine, enum end_reason reason)
{
	if (machine->state == MACHINE_STARTING || machine->state == MACHINE_RUNNING)
		ask_to_stop(machine, reason);
}

/* ---- events ---- */

void machine_wake(struct machine *machine)
{
	if (machine->state == MACHINE_WAITING)
		begin(machine);
}

void machine_ready(struct machine *machine)
{
	machine->ready = true;
	if (machine->state != MACHINE_STARTING)
		return;
	set_timer(machine, 0);
	enter(machine, MACHINE_RUNNING);
}

void machine_ended(struct machine *machine, const struct service_end *end)
{
	if (!machine->alive)
		return;
	machine->alive = false;
	machine->end = *end;
	machine->end.wall = now_of(machine) - machine->launched;
	/* Who was told to end has ended for that, however it did. */
	if (machine->cause != END_EXIT)
		machine->end.reason = machine->cause;
	machine->ops->ended(machine->userdata, &machine->end);
	keep_end(machine);
	kill_all(machine);
}

void machine_helped(struct machine *machine, bool good)
{
	if (machine->state == MACHINE_PRE_START) {
		if (good)
			launch(machine);
		else
			never_was(machine, END_PRE_START);
	} else if (machine->state == MACHINE_POST_STOP) {
		settle(machine);
	}
}

void machine_gone(struct machine *machine)
{
	if (machine->state == MACHINE_KILLING && !machine->alive)
		empty(machine);
}

void machine_tick(struct machine *machine)
{
	machine->deadline = 0;
	switch (machine->state) {
	case MACHINE_PRE_START:
		never_was(machine, END_PRE_START);
		break;
	case MACHINE_STARTING:
		ask_to_stop(machine, END_START_TIMEOUT);
		break;
	case MACHINE_STOPPING:
		kill_all(machine);
		break;
	case MACHINE_POST_STOP:
		/* It takes too long: what it has begun goes with it. */
		(void)machine->ops->kill(machine->userdata);
		settle(machine);
		break;
	case MACHINE_BACKOFF:
		begin(machine);
		break;
	default:
		break;
	}
}

void machine_adopt(struct machine *machine, enum machine_state state, uint64_t launched,
		   bool wanted)
{
	machine->alive = true;
	machine->wanted = wanted;
	machine->launched = launched;
	machine->cause = wanted ? END_EXIT : END_STOPPED;
	machine->ready = state == MACHINE_RUNNING;
	machine->state = state;
	machine->since = now_of(machine);
	if (state == MACHINE_STARTING)
		set_timer_after(machine, machine->manifest->start_timeout);
	else if (state == MACHINE_STOPPING)
		set_timer_after(machine, machine->manifest->stop_timeout);
}

bool machine_rest(struct machine *machine, uint64_t deadline)
{
	if (deadline <= now_of(machine))
		return false;
	machine->wanted = true;
	machine->state = MACHINE_BACKOFF;
	machine->since = now_of(machine);
	set_timer(machine, deadline);
	return true;
}
