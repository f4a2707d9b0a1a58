// SPDX-License-Identifier: MIT
/*
 * libmicrohttpd does HTTP itself, on an epoll of its own, which is one descriptor in our loop; all
 * it calls, it calls from there. Its limits are set here: of connections, of the memory that the
 * headers of one may take, and of the time that one may be idle, or take to say what it wants.
 */
#include "web/internal.h"

#include <sys/epoll.h>
#include <sys/socket.h>

enum {
	CONNECTIONS = 128,
	STREAMS = 32,
	HEADERS_SIZE = 32 << 10,
	IDLE_SECONDS = 30,
};

/* ---- the loop ---- */

static void arm_timer(struct server *server)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (MHD_get_timeout(server->daemon, &ms) != MHD_YES) {
		(void)sd_event_source_set_enabled(server->timer, SD_EVENT_OFF);
		return;
	}
	(void)sd_event_source_set_time_relative(server->timer, ms * 1000);
	(void)sd_event_source_set_enabled(server->timer, SD_EVENT_ONESHOT);
}

static void work(struct server *server)
{
	(void)MHD_run(server->daemon);
	arm_timer(server);
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	work(userdata);
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	work(userdata);
	return 0;
}

static int on_again(sd_event_source *source, void *userdata)
{
	work(userdata);
	return 0;
}

void server_wake(struct server *server)
{
	(void)sd_event_source_set_enabled(server->again, SD_EVENT_ONESHOT);
}

/* ---- who is connected ---- */

static void on_connection(void *userdata, struct MHD_Connection *connection, void **context,
			  enum MHD_ConnectionNotificationCode what)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct server *server = userdata;
	struct caller *caller = NULL;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		caller_free(*context);
		*context = NULL;
		/* Where there were as many as there may be, it listens again in its next turn. */
		server_wake(server);
		return;
	}
	/* One that cannot be timed is none. */
	if (info && caller_new(&server->callers, info->connect_fd, &caller) < 0)
		(void)shutdown(info->connect_fd, SHUT_RDWR);
	*context = caller;
}

/* ---- what is told about it ---- */

json_t *server_counters_to_json(const struct server *server)
{
	const struct server_counters *counters = &server->counters;
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{ "requests", counters->requests },
		{ "answered", counters->answered },
		{ "refused_guesses", counters->too_many_guesses },
		{ "not_found", counters->not_found },
		{ "bad_method", counters->bad_method },
		{ "bad_parameter", counters->bad_parameter },
		{ "too_busy", counters->too_busy },
		{ "closed_slow", server->callers.closed_slow },
		{ "closed_full", server->callers.closed_full },
		{ "daemon_failed", counters->daemon_failed },
		{ "streams", counters->streams },
		{ "streams_open", server->streams },
		{ "streams_refused", counters->streams_refused },
		{ "streams_lost", counters->lost },
	};
	json_t *object = json_object();
	char name[40];

	for (size_t i = 0; object && i < ARRAY_SIZE(rows); i++)
		json_object_set_new(object, rows[i].name, json_integer((json_int_t)rows[i].value));
	for (enum request_fault fault = REQUEST_FINE + 1; object && fault < REQUEST_FAULTS;
	     fault++) {
		snprintf(name, sizeof(name), "refused_%s", request_fault_name(fault));
		json_object_set_new(object, name,
				    json_integer((json_int_t)counters->refused[fault]));
	}
	return object;
}

void server_counters_add_text(const struct server *server, struct text *text)
{
	json_t *object = server_counters_to_json(server), *value;
	const char *name;

	text_add(text, "# HELP reeve_web_total What reeve web has answered, refused and lost.\n"
		       "# TYPE reeve_web_total counter\n");
	json_object_foreach(object, name, value)
	{
		if (!streq(name, "streams_open"))
			text_addf(text, "reeve_web_total{what=\"%s\"} %lld\n", name,
				  (long long)json_integer_value(value));
	}
	text_addf(text,
		  "# HELP reeve_web_streams_open Streams that browsers follow now.\n"
		  "# TYPE reeve_web_streams_open gauge\nreeve_web_streams_open %u\n",
		  server->streams);
	json_decref(object);
}

static int add_sources(struct server *server)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	int r;

	if (!info || info->epoll_fd < 0)
		return -EBADF;
	r = sd_event_add_io(server->event, &server->io, info->epoll_fd, EPOLLIN, on_io, server);
	if (r >= 0)
		r = sd_event_add_time(server->event, &server->timer, CLOCK_MONOTONIC, 0, 1000,
				      on_timer, server);
	if (r >= 0)
		r = sd_event_add_defer(server->event, &server->again, on_again, server);
	return r;
}

int server_new(sd_event *event, const struct server_options *options, struct server **ret_server,
	       struct error *err)
{
	_cleanup_(server_freep) struct server *server = calloc(1, sizeof(*server));
	int r;

	if (!server)
		return error_oom(err);
	server->options = *options;
	server->event = sd_event_ref(event);
	if (!options->connections)
		server->options.connections = CONNECTIONS;
	if (!options->streams)
		server->options.streams = STREAMS;
	/* Some room is left for those who come while others are on their way out. */
	server->callers = (struct caller_list){
		.event = event,
		.most = server->options.connections - server->options.connections / 16 - 1,
		.patience = IDLE_SECONDS * UINT64_C(1000000),
	};
	r = answers_new(event, options->socket, &server->answers);
	if (r < 0)
		return error_set_errno(err, r, "cannot start the server");
	server->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
					  visit_on_request, server, MHD_OPTION_LISTEN_SOCKET,
					  options->listen_fd, MHD_OPTION_NOTIFY_COMPLETED,
					  visit_on_completed, server, MHD_OPTION_NOTIFY_CONNECTION,
					  on_connection, server, MHD_OPTION_CONNECTION_LIMIT,
					  server->options.connections,
					  MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
					  MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADERS_SIZE,
					  MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
	if (!server->daemon)
		return error_set(err, -EIO, "cannot start the server: libmicrohttpd refuses");
	r = add_sources(server);
	if (r < 0)
		return error_set_errno(err, r, "cannot start the server");
	*ret_server = TAKE_PTR(server);
	return 0;
}

void server_free(struct server *server)
{
	if (!server)
		return;
	/* MHD must not be stopped while connections are suspended, nor may they be again. */
	for (struct visit *visit = server->visits; visit; visit = visit->next) {
		visit->gone = true;
		visit_resume(visit);
	}
	if (server->daemon)
		MHD_stop_daemon(server->daemon);
	answers_free(server->answers);
	sd_event_source_disable_unref(server->io);
	sd_event_source_disable_unref(server->timer);
	sd_event_source_disable_unref(server->again);
	sd_event_unref(server->event);
	free(server);
}
