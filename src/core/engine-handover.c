// SPDX-License-Identifier: MIT
/*
 * `reeve reload --exec`, the side of the daemon that runs: it starts the new program beside itself
 * and goes on until that has read its policy, made its groups and opened all that it needs. Both
 * have the same gate: a descriptor of the kernel's, from which each event is read once, by whoever
 * reads. So the change is a moment in which nobody reads: our threads have ended, with what they
 * had in hand answered, the new one's have not begun, and what comes waits in the kernel. Whatever
 * goes wrong until then, our threads begin again, and nothing has happened.
 *
 * Then this process ends what it has begun (delays, triggers, executions whose outcome is not known
 * yet), tells the last of its numbers, and is gone. The new process is a child of the guard, as we
 * are; services become the guard's children when we end (core/guard.h).
 *
 * The other side is engine-successor.c.
 */
#include "core/engine-internal.h"
#include "core/engine-watch.h"

#include "config/limits-json.h"
#include "core/decision-log.h"
#include "core/guard.h"
#include "core/handover.h"
#include "core/observer-json.h"
#include "util/units.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum {
	READY_SECONDS = 20, /* `reeve reload` waits for 30 */
	SETTLE_SECONDS = 5,
	RUNNING_MS = 4000, /* nobody is asked meanwhile */
	LOOK_USEC = 20000,
};

struct handover {
	struct engine *engine;
	struct varlink_call *call; /* NULL: the client has gone */
	int socket;
	pid_t pid; /* of the new one; 0: it has not said */
	char *version;
	uint64_t deadline; /* CLOCK_MONOTONIC */
	uint64_t waited;   /* ns, in which nobody was asked at the gate */
	bool over;	   /* the new one is in force */
	sd_event_source *io, *timer;
};

static void handover_free(struct handover *handover)
{
	sd_event_source_disable_unref(handover->io);
	sd_event_source_disable_unref(handover->timer);
	if (handover->call)
		varlink_on_gone(handover->call, NULL, NULL);
	closep(&handover->socket);
	free(handover->version);
	free(handover);
}

bool engine_is_handing_over(const struct engine *engine)
{
	return engine->handover != NULL;
}

bool engine_was_handed_over(const struct engine *engine)
{
	return engine->handover && engine->handover->over;
}

void engine_stop_handover(struct engine *engine)
{
	struct handover *handover = engine->handover;

	if (!handover)
		return;
	if (handover->call)
		(void)varlink_fail(TAKE_PTR(handover->call), -ESHUTDOWN, NULL);
	engine->handover = NULL;
	handover_free(handover);
}

/* ---- nothing has happened ---- */

static void answer_failure(struct handover *handover, int r, const struct error *err,
			   const json_t *diagnostics)
{
	struct varlink_call *call = TAKE_PTR(handover->call);

	if (!call)
		return;
	varlink_on_gone(call, NULL, NULL);
	if (diagnostics)
		(void)varlink_error(call, "io.reeve.InvalidPolicy",
				    json_pack("{s:s, s:O}", "message", error_text(err),
					      "diagnostics", diagnostics));
	else
		(void)varlink_fail(call, r, err);
}

static void give_up(struct handover *handover, int r, const struct error *err,
		    const json_t *diagnostics)
{
	struct engine *engine = handover->engine;
	_cleanup_(error_done) struct error trouble = ERROR_INIT;

	log_error(engine->log, "the daemon goes on as it was, no other takes its place: %s",
		  error_text(err));
	engine->counters.handovers_failed++;
	answer_failure(handover, r, err, diagnostics);
	/* It ends when it sees that we have closed; one that hangs does not see it. */
	if (r == -ETIMEDOUT && handover->pid > 0)
		(void)kill(handover->pid, SIGKILL);
	engine->handover = NULL;
	handover_free(handover);
	if (groups_lock(engine->groups, &trouble) < 0)
		log_warning(engine->log, "%s", error_text(&trouble));
	/* It may have set limits of its own policy. */
	engine_restore_groups(engine);
	engine_later_do(engine);
	engine_fleet_resume(engine);
}

/* ---- the moment ---- */

static json_t *tickets_of(const struct engine *engine)
{
	pid_t pids[CONFIRM_RECENT];
	uint64_t tickets[CONFIRM_RECENT];
	size_t count = engine->confirm ? confirm_armed(engine->confirm, pids, tickets) : 0;
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list,
				      json_pack("[i, I]", (int)pids[i], (json_int_t)tickets[i]));
	return list;
}

/* Those that the new one does not know are made while it was being started. */
static json_t *on_demand_of(const struct engine *engine)
{
	json_t *list = json_array();

	for (size_t i = 0; i < groups_count(engine->groups); i++) {
		const struct group *group = groups_at(engine->groups, i);

		if (group_is_on_demand(group))
			json_array_append_new(list, json_pack("{s:s, s:o}", "name",
							      group_name(group), "limits",
							      limits_to_json(group_limits(group))));
	}
	return list;
}

/* All that is counted and remembered. */
static int gather_state(const struct handover *handover, const char *type, struct handover_out *out)
{
	struct engine *engine = handover->engine;
	json_t *status;
	int r = handover_begin(out, type);

	status = r >= 0 ? engine_status(engine, false) : NULL;
	if (!status) {
		handover_out_done(out);
		return -ENOMEM;
	}
	json_object_set_new(out->object, "status", status);
	json_object_set_new(out->object, "started", json_integer((json_int_t)engine->started_ns));
	json_object_set_new(out->object, "on_demand", on_demand_of(engine));
	if (engine->later)
		json_object_set(out->object, "later", engine->later);
	return 0;
}

static int give_one(void *userdata, const char *name, int fd)
{
	return handover_add(userdata, name, fd);
}

void engine_pass_on(struct engine *engine, const char *kind, uint64_t time, const char *json)
{
	struct handover_out out;
	int r = engine->handover ? handover_begin(&out, "record") : -ENOTCONN;

	if (r >= 0) {
		json_object_set_new(out.object, "kind", json_string(kind));
		json_object_set_new(out.object, "time", json_integer((json_int_t)time));
		json_object_set_new(out.object, "json", json_string(json));
		r = handover_send(engine->handover->socket, &out);
	}
	if (r < 0)
		log_error(engine->log, "lost for all sinks: %s: %s", json, strerror(-r));
}

/* What a crash would lose: of services, which from here on are the new one's, and of groups. */
static void give_rest(struct handover *handover)
{
	struct engine *engine = handover->engine;
	_cleanup_(closep) int history = -1;
	struct handover_out out;
	int r = handover_begin(&out, "rest");

	if (r >= 0)
		r = supervisor_hand_over(engine->supervisor, give_one, &out);
	if (r < 0)
		log_warning(engine->log, "not all sockets of services could be handed on: %s",
			    strerror(-r));
	r = engine_history_give(engine, &history);
	if (r >= 0)
		r = handover_add(&out, ENGINE_HISTORY_NAME, history);
	if (r < 0 && r != -ENODATA)
		log_warning(engine->log, "what groups have used is not handed on: %s",
			    strerror(-r));
	r = handover_send(handover->socket, &out);
	if (r < 0)
		log_error(engine->log, "cannot hand on what services have: %s", strerror(-r));
	engine_services_stop(engine);
}

/* `ret_since`: since when it answers, CLOCK_MONOTONIC. */
static int wait_for_running(struct handover *handover, uint64_t *ret_since)
{
	struct handover_in in;
	int r = handover_receive(handover->socket, RUNNING_MS, &in);

	if (r < 0)
		return r;
	*ret_since = (uint64_t)json_integer_value(json_object_get(in.object, "since"));
	r = handover_is(&in, "running") ? 0 : -EBADMSG;
	handover_in_done(&in);
	return r;
}

static int on_linger(sd_event_source *source, uint64_t usec, void *userdata);

static int arm(struct handover *handover, uint64_t usec, sd_event_time_handler_t function)
{
	handover->timer = sd_event_source_disable_unref(handover->timer);
	return sd_event_add_time_relative(handover->engine->event, &handover->timer,
					  CLOCK_MONOTONIC, usec, 1, function, handover);
}

/* The new one is in force. What it does now must not be done here as well. */
static void retire(struct handover *handover)
{
	struct engine *engine = handover->engine;
	_cleanup_(error_done) struct error gone = ERROR_INIT;
	char waited[32];
	int r = guard_send_successor(engine->options.guard_fd, handover->pid);

	if (r < 0)
		log_error(engine->log, "cannot tell the guard of the new daemon: %s", strerror(-r));
	handover->over = true;
	json_decref(engine->later);
	engine->later = NULL;
	if (engine->gate)
		gate_give_away(engine->gate);
	engine_export_give_away(engine);
	give_rest(handover);
	varlink_server_retire(engine->server);
	if (engine->registrar)
		registrar_retire(engine->registrar);
	error_set(&gone, -ESHUTDOWN, "version %s of the daemon has taken over: connect again",
		  handover->version);
	engine_unsubscribe_all(engine, &gone);
	engine_watch_stop(engine, &gone);
	engine_occasions_stop(engine);
	engine_accounts_stop(engine);
	engine_deny_stop(engine);
	engine_loop_retire(engine);
	format_duration(handover->waited, waited, sizeof(waited));
	log_notice(engine->log,
		   "process %d, version %s, has taken over after %s in which executions waited; "
		   "process %d ends",
		   handover->pid, handover->version, waited, getpid());
	if (handover->call) {
		varlink_on_gone(handover->call, NULL, NULL);
		(void)varlink_reply(TAKE_PTR(handover->call),
				    json_pack("{s:s, s:i}", "version", handover->version, "pid",
					      (int)handover->pid));
	}
	if (arm(handover, 0, on_linger) < 0)
		(void)sd_event_exit(engine->event, 0);
}

static json_t *told_of(const struct observer *observer)
{
	struct observer_told told;

	observer_told(observer, &told);
	return observer_told_to_json(&told);
}

static void change(struct handover *handover)
{
	struct engine *engine = handover->engine;
	_cleanup_(error_done) struct error err = ERROR_INIT, trouble = ERROR_INIT;
	struct handover_out out;
	struct observer *observer = engine_observer(engine);
	uint64_t begun, observed, since = 0;
	int r;

	engine_record_flush(engine);
	engine_register_flush(engine);
	observed = observer ? observer_catch_up(observer) : clock_boottime();
	r = gather_state(handover, "go", &out);
	begun = clock_monotonic();
	if (r >= 0 && engine->gate)
		gate_pause(engine->gate);
	if (r >= 0) {
		json_object_set_new(out.object, "tickets", tickets_of(engine));
		json_object_set_new(out.object, "observed", json_integer((json_int_t)observed));
		if (observer)
			json_object_set_new(out.object, "told", told_of(observer));
		r = handover_send(handover->socket, &out);
	}
	if (r >= 0)
		r = wait_for_running(handover, &since);
	handover->waited = since - MIN(begun, since);
	if (r >= 0) {
		retire(handover);
		return;
	}
	if (engine->gate && gate_start(engine->gate, &trouble) < 0)
		log_write(engine->log, LOG_CRIT, "%s", error_text(&trouble));
	error_set(&err, r, "the new daemon did not begin: %s", strerror(-r));
	give_up(handover, r, &err, NULL);
}

static int on_settle(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct handover *handover = userdata;
	_cleanup_(error_done) struct error err = ERROR_INIT;
	int r = supervisor_is_settled(handover->engine->supervisor, &err);

	if (r < 0 && clock_monotonic() < handover->deadline &&
	    arm(handover, LOOK_USEC, on_settle) >= 0)
		return 0;
	if (r < 0)
		give_up(handover, r, &err, NULL);
	else
		change(handover);
	return 0;
}

/* ---- until then ---- */

static int on_late(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct handover *handover = userdata;
	_cleanup_(error_done) struct error err = ERROR_INIT;

	error_set(&err, -ETIMEDOUT, "the new program was not ready after %d s", READY_SECONDS);
	give_up(handover, -ETIMEDOUT, &err, NULL);
	return 0;
}

static void take_ready(struct handover *handover, const struct handover_in *in)
{
	const char *version = json_string_value(json_object_get(in->object, "version"));

	handover->version = strdup(version ? version : "?");
	handover->io = sd_event_source_disable_unref(handover->io);
	handover->deadline = clock_monotonic() + SETTLE_SECONDS * UINT64_C(1000000000);
	(void)on_settle(NULL, 0, handover);
}

static void take_refusal(struct handover *handover, const struct handover_in *in)
{
	const char *message = json_string_value(json_object_get(in->object, "message"));
	const json_t *code = json_object_get(in->object, "errno");
	_cleanup_(error_done) struct error err = ERROR_INIT;
	int r = json_is_integer(code) ? -(int)json_integer_value(code) : -EIO;

	error_set(&err, r, "the new program refuses to begin: %s", message ? message : "?");
	give_up(handover, r, &err, json_object_get(in->object, "diagnostics"));
}

static void take_silence(struct handover *handover, int r)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;

	if (r == -EPIPE)
		error_set(&err, -EPIPE, "%s ended before it was ready", handover->engine->program);
	else
		error_set(&err, r, "cannot execute %s: %s", handover->engine->program,
			  strerror(-r));
	give_up(handover, err.code, &err, NULL);
}

static int on_word(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct handover *handover = userdata;
	struct handover_in in;
	int r = handover_receive(fd, 0, &in);

	if (r < 0) {
		if (r != -ETIMEDOUT && r != -EAGAIN)
			take_silence(handover, r);
		return 0;
	}
	if (handover_is(&in, "begun"))
		handover->pid = (pid_t)json_integer_value(json_object_get(in.object, "pid"));
	else if (handover_is(&in, "ready"))
		take_ready(handover, &in);
	else if (handover_is(&in, "failed"))
		take_refusal(handover, &in);
	handover_in_done(&in);
	return 0;
}

/* ---- the end ---- */

static bool is_done(const struct engine *engine)
{
	const struct trigger_counters *triggers = trigger_runner_counters(engine->triggers);

	return decision_queue_is_empty(gatekeeper_decisions(engine->keeper)) &&
	       decision_queue_is_empty(gatekeeper_urgent(engine->keeper)) &&
	       (!engine->gate || gate_held(engine->gate) == 0) && !engine->delayed &&
	       !engine->killings && !engine->occurrences && engine->straggler_count == 0 &&
	       !engine->slow && triggers->running == 0 && triggers->waiting == 0;
}

static int on_linger(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct handover *handover = userdata;
	struct engine *engine = handover->engine;
	struct handover_out out;

	/* Clients have been told, and what they ask is the new one's to answer. */
	if (!engine->slow) {
		varlink_server_free(engine->server);
		engine->server = NULL;
	}
	if (!is_done(engine) && arm(handover, LOOK_USEC, on_linger) >= 0)
		return 0;
	engine_record_flush(engine);
	if (gather_state(handover, "end", &out) >= 0)
		(void)handover_send(handover->socket, &out);
	return sd_event_exit(engine->event, 0);
}

/* ---- the beginning ---- */

static int send_inheritance(struct handover *handover)
{
	struct engine *engine = handover->engine;
	int confirm[CONFIRM_FDS] = { -1, -1 };
	struct handover_out out;
	int r = handover_begin(&out, "begin");

	if (r >= 0)
		r = json_object_set_new(out.object, "name", json_string(engine->name));
	if (r >= 0)
		r = json_object_set_new(out.object, "guard", json_integer(engine->guard_pid));
	if (r >= 0)
		r = json_object_set_new(out.object, "confirm_layout",
					json_integer(confirm_layout()));
	for (int kind = 0; r >= 0 && engine->gate && kind < GATE_CHANNELS; kind++)
		r = handover_add(&out, engine_gate_names[kind], gate_fd(engine->gate, kind));
	if (engine->confirm)
		confirm_fds(engine->confirm, confirm);
	if (r >= 0)
		r = handover_add(&out, "confirm-slots", confirm[0]);
	if (r >= 0)
		r = handover_add(&out, "confirm-link", confirm[1]);
	if (r >= 0)
		r = handover_add(&out, "lock", engine->lock_fd);
	if (r >= 0)
		r = handover_add(&out, "guard", engine->options.guard_fd);
	if (r >= 0)
		r = handover_add(&out, "pid-file", engine->options.pid_fd);
	if (r >= 0)
		r = handover_add(&out, "control", varlink_server_fd(engine->server));
	if (r >= 0 && engine->registrar)
		r = handover_add(&out, "register", registrar_fd(engine->registrar));
	if (r >= 0)
		r = handover_add(&out, "notify", supervisor_notify_fd(engine->supervisor));
	if (r < 0) {
		handover_out_done(&out);
		return r;
	}
	return handover_send(handover->socket, &out);
}

/* Only what may be called in a child of a process with threads. */
static _noreturn_ void become(const struct engine *engine, int socket, char *const *environment)
{
	pid_t child = fork();

	/* Its parent ends at once: so it is the guard's child. */
	if (child != 0)
		_exit(child < 0 ? 1 : 0);
	(void)fcntl(socket, F_SETFD, 0);
	execve(engine->program, engine->options.argv, environment);
	handover_send_errno(socket, -errno);
	_exit(1);
}

static int spawn(struct handover *handover, int socket)
{
	char variable[40];
	char **environment;
	size_t count = 0;
	int status = 1;
	pid_t child;

	while (environ[count])
		count++;
	environment = calloc(count + 2, sizeof(*environment));
	if (!environment)
		return -ENOMEM;
	memcpy(environment, environ, count * sizeof(*environment));
	snprintf(variable, sizeof(variable), ENGINE_HANDOVER_VARIABLE "=%d", socket);
	environment[count] = variable;
	child = fork();
	if (child == 0)
		become(handover->engine, socket, environment);
	free(environment);
	if (child < 0)
		return -errno;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EAGAIN;
}

static void on_gone(struct varlink_call *call, void *userdata)
{
	((struct handover *)userdata)->call = NULL;
}

static int begin(struct handover *handover)
{
	int sockets[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
		return -errno;
	handover->socket = sockets[0];
	groups_unlock(handover->engine->groups);
	r = spawn(handover, sockets[1]);
	close(sockets[1]);
	if (r >= 0)
		r = send_inheritance(handover);
	/* It has gone already: why is the next to be read. */
	if (r == -EPIPE || r == -ECONNRESET)
		r = 0;
	if (r >= 0)
		r = sd_event_add_io(handover->engine->event, &handover->io, handover->socket,
				    EPOLLIN, on_word, handover);
	if (r >= 0)
		r = arm(handover, READY_SECONDS * UINT64_C(1000000), on_late);
	return r;
}

int engine_begin_handover(struct engine *engine, const char *method, struct varlink_call *call,
			  struct error *err)
{
	struct handover *handover;
	int r;

	if (!streq(method, "io.reeve.Reexecute"))
		return 0;
	if (engine->handover)
		return error_set(err, -EALREADY, "the daemon is being replaced already");
	if (!engine->program || !engine->options.argv || engine->options.guard_fd < 0)
		return error_set(err, -EOPNOTSUPP, "this daemon was not started as a program");
	handover = calloc(1, sizeof(*handover));
	if (!handover)
		return error_oom(err);
	handover->engine = engine;
	handover->socket = -1;
	r = begin(handover);
	if (r < 0) {
		handover_free(handover);
		(void)groups_lock(engine->groups, NULL);
		return error_set_errno(err, r, "cannot start %s", engine->program);
	}
	handover->call = call;
	varlink_on_gone(call, on_gone, handover);
	engine->handover = handover;
	engine_fleet_pause(engine);
	return 1;
}
