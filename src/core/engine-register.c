// SPDX-License-Identifier: MIT
/*
 * Processes that have registered (core/registrar.h) are left where they are by rules that place.
 * Who they are is kept beside the state of the groups, so that a daemon that is started anew knows
 * them; it is written some time after a change, for many come together when a script uses cgexec.
 */
#include "core/engine-internal.h"
#include "core/engine-watch.h"
#include "util/proc-text.h"

enum { SAVE_USEC = 100000 };

static void save(struct engine *engine)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	_cleanup_(freep) char *path = NULL;

	engine->exempt_timer = sd_event_source_disable_unref(engine->exempt_timer);
	if (asprintf(&path, "%s/exempt.json", engine->runtime_dir) < 0 ||
	    exempt_save(engine->exempt, path, &err) < 0)
		log_warning(engine->log, "who has registered is not known after a restart: %s",
			    error_text(&err));
}

static int on_save(sd_event_source *source, uint64_t usec, void *userdata)
{
	save(userdata);
	return 0;
}

void engine_register_look(struct engine *engine)
{
	if (engine->exempt && exempt_follows(engine->exempt))
		exempt_find_children(engine->exempt);
}

static void on_changed(void *userdata)
{
	struct engine *engine = userdata;

	/* Forks are asked for only while somebody's children are meant. */
	engine_watch_again(engine);
	if (!engine->follows && exempt_follows(engine->exempt))
		engine_register_look(engine);
	engine->follows = exempt_follows(engine->exempt);
	if (!engine->exempt_timer &&
	    sd_event_add_time_relative(engine->event, &engine->exempt_timer, CLOCK_MONOTONIC,
				       SAVE_USEC, SAVE_USEC / 2, on_save, engine) < 0)
		save(engine);
}

int engine_register_open(struct engine *engine, struct error *err)
{
	_cleanup_(error_done) struct error unread = ERROR_INIT;
	_cleanup_(freep) char *path = NULL;

	if (!engine->options.registers.path)
		return 0;
	if (exempt_new(engine->host, &engine->exempt) < 0 ||
	    asprintf(&path, "%s/exempt.json", engine->runtime_dir) < 0)
		return error_oom(err);
	/* Better without them than not at all. */
	if (exempt_load(engine->exempt, path, &unread) < 0)
		log_warning(engine->log, "%s", error_text(&unread));
	return 0;
}

int engine_register_start(struct engine *engine, struct error *err)
{
	const struct registrar_options options = {
		.path = engine->options.registers.path,
		.listener = engine_inherit(engine, "register"),
		.uid = engine->options.registers.uid,
		.gid = engine->options.registers.gid,
		.exempt = engine->exempt,
		.changed = on_changed,
		.userdata = engine,
	};

	if (!engine->exempt)
		return 0;
	return registrar_new(engine->host, engine->event, &options, &engine->registrar, err);
}

void engine_register_flush(struct engine *engine)
{
	if (engine->exempt)
		save(engine);
}

void engine_register_stop(struct engine *engine)
{
	registrar_free(engine->registrar);
	engine->registrar = NULL;
	if (engine->exempt_timer)
		save(engine);
}

void engine_register_fork(struct engine *engine, const struct event *event)
{
	if (engine->exempt && event->type == EVENT_FORK && event_knows(event, FIELD_PID) &&
	    event_knows(event, FIELD_PPID))
		exempt_fork(engine->exempt, (pid_t)event->ppid, (pid_t)event->pid,
			    event_knows(event, FIELD_START)
				    ? event->start / (UINT64_C(1000000000) / PROC_STAT_USER_HZ)
				    : 0);
}

void engine_leave_alone(struct engine *engine, struct plan *plan, struct decision *decision)
{
	if (!engine->exempt || !plan_has(plan, EFFECTS_THAT_PLACE) ||
	    !exempt_covers(engine->exempt, decision->pid))
		return;
	plan_drop(plan, EFFECTS_THAT_PLACE);
	decision->flags |= DECISION_EXEMPT;
	engine->counters.exempt++;
}
