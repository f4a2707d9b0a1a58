// SPDX-License-Identifier: MIT
/*
 * Two connections: one for questions, and one on which decisions come. Both are made anew after the
 * daemon was restarted, when the next question is asked.
 */
#include "top/daemon.h"

#include "util/places.h"
#include "util/text.h"
#include "varlink/client.h"

#include <inttypes.h>
#include <time.h>

enum { QUICK_MS = 5000, SLOW_MS = 15000 };

int daemon_init(struct daemon *daemon, const char *runtime_dir)
{
	*daemon = (struct daemon){ .path = place_socket(runtime_dir) };
	return daemon->path ? 0 : -ENOMEM;
}

void daemon_done(struct daemon *daemon)
{
	varlink_client_free(daemon->asks);
	varlink_client_free(daemon->hears);
	for (size_t i = 0; i < DECISIONS_KEPT; i++)
		free(daemon->decisions[i]);
	free(daemon->path);
	*daemon = (struct daemon){ 0 };
}

static int connect_to(const struct daemon *daemon, struct varlink_client **client,
		      struct error *err)
{
	int r;

	if (*client)
		return 0;
	r = varlink_connect(daemon->path, client, err);
	if (r == -ENOENT || r == -ECONNREFUSED)
		return error_set(err, r, "no daemon runs: nothing answers at %s", daemon->path);
	return r;
}

int daemon_call(struct daemon *daemon, const char *method, json_t *parameters, bool slow,
		json_t **ret_reply, struct error *err)
{
	_cleanup_(freep) char *full = NULL, *name = NULL;
	json_t *reply = NULL;
	int r = connect_to(daemon, &daemon->asks, err);

	if (r >= 0 && asprintf(&full, "io.reeve.%s", method) < 0) {
		full = NULL;
		r = error_oom(err);
	}
	if (r < 0) {
		json_decref(parameters);
		return r;
	}
	r = varlink_call(daemon->asks, full, parameters, slow ? SLOW_MS : QUICK_MS, &reply, &name,
			 err);
	if (r == 0) {
		*ret_reply = reply;
		return 0;
	}
	if (r < 0) {
		varlink_client_free(daemon->asks);
		daemon->asks = NULL;
		return r;
	}
	r = varlink_explain(name, reply, err);
	json_decref(reply);
	return r;
}

/* ---- decisions ---- */

static const char *member(const json_t *object, const char *key)
{
	const char *string = json_string_value(json_object_get(object, key));

	return string && *string ? string : "-";
}

static void add_safe(struct text *text, const char *string)
{
	text_add_escaped(text, string, strlen(string));
}

/* "18:03:11 4711 build -> apps/build, moved: /usr/bin/make" */
static char *decision_line(const json_t *decision)
{
	const char *stamp = member(decision, "time");
	struct tm utc = { 0 }, local;
	struct text text;
	char clock[16] = "--:--:--";
	time_t seconds = strptime(stamp, "%Y-%m-%dT%H:%M:%S", &utc) ? timegm(&utc) : -1;

	if (seconds >= 0 && localtime_r(&seconds, &local))
		(void)strftime(clock, sizeof(clock), "%H:%M:%S", &local);
	text_init(&text);
	text_addf(&text, "%s %" JSON_INTEGER_FORMAT " ", clock,
		  json_integer_value(json_object_get(decision, "pid")));
	add_safe(&text, member(decision, "rule"));
	text_add(&text, " -> ");
	add_safe(&text, member(decision, "group"));
	text_add(&text, ", ");
	add_safe(&text, member(decision, "result"));
	text_add(&text, ": ");
	add_safe(&text, member(decision, "path"));
	return text_take(&text);
}

static int on_reply(json_t *reply, void *userdata)
{
	struct daemon *daemon = userdata;
	const json_t *decision = json_object_get(reply, "decision");
	char *line = json_is_object(decision) ? decision_line(decision) : NULL;

	daemon->lost += (uint64_t)json_integer_value(json_object_get(reply, "lost"));
	if (!line)
		return 0;
	free(daemon->decisions[daemon->decision_next]);
	daemon->decisions[daemon->decision_next] = line;
	daemon->decision_next = (daemon->decision_next + 1) % DECISIONS_KEPT;
	return 0;
}

int daemon_listen(struct daemon *daemon, struct error *err)
{
	int r;

	if (daemon->hears)
		return 0;
	r = connect_to(daemon, &daemon->hears, err);
	if (r >= 0)
		r = varlink_observe_begin(daemon->hears, "io.reeve.SubscribeDecisions",
					  json_pack("{s:i}", "limit", DECISIONS_KEPT / 2), err);
	if (r < 0) {
		varlink_client_free(daemon->hears);
		daemon->hears = NULL;
		return r;
	}
	/* What is told again is not shown twice. */
	for (size_t i = 0; i < DECISIONS_KEPT; i++) {
		free(daemon->decisions[i]);
		daemon->decisions[i] = NULL;
	}
	return 0;
}

int daemon_fd(const struct daemon *daemon)
{
	return daemon->hears ? varlink_client_fd(daemon->hears) : -1;
}

int daemon_hear(struct daemon *daemon)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;

	if (!daemon->hears)
		return 0;
	if (varlink_observe_ready(daemon->hears, on_reply, daemon, &err) < 0) {
		varlink_client_free(daemon->hears);
		daemon->hears = NULL;
	}
	return 1;
}

const char *daemon_decision(const struct daemon *daemon, size_t index)
{
	if (index >= DECISIONS_KEPT)
		return NULL;
	return daemon->decisions[(daemon->decision_next + 2 * DECISIONS_KEPT - 1 - index) %
				 DECISIONS_KEPT];
}
