// SPDX-License-Identifier: MIT
/*
 * A request is judged by its headers before anything else is looked at; then it is the page, an
 * answer of the daemon, or a stream. While it waits, its connection is suspended: MHD takes no
 * notice of it until it is resumed, and then asks us again.
 */
#include "web/internal.h"

#include "web/assets.h"

#include <strings.h>

enum {
	GUESSES_MOST = 16, /* wrong tokens whose answer waits at a time */
	GUESS_USEC = 1000000,
	STREAM_PATIENCE = 600, /* s that a browser may leave its stream unread */
	BLOCK = 64 << 10,
};

/* ---- waiting ---- */

static void suspend(struct visit *visit)
{
	visit->suspended = true;
	MHD_suspend_connection(visit->connection);
}

void visit_resume(struct visit *visit)
{
	if (!visit->suspended)
		return;
	visit->suspended = false;
	MHD_resume_connection(visit->connection);
	server_wake(visit->server);
}

static const char *header(const struct visit *visit, const char *name)
{
	return MHD_lookup_connection_value(visit->connection, MHD_HEADER_KIND, name);
}

static struct caller *caller_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static enum MHD_Result count_host(void *userdata, _unused_ enum MHD_ValueKind kind, const char *key,
				  _unused_ const char *value)
{
	*(unsigned *)userdata += strcasecmp(key, MHD_HTTP_HEADER_HOST) == 0;
	return MHD_YES;
}

/* NULL where there are several, too: who stands before us may have gone by another one. */
static const char *host_of(const struct visit *visit)
{
	unsigned count = 0;

	(void)MHD_get_connection_values(visit->connection, MHD_HEADER_KIND, count_host, &count);
	return count == 1 ? header(visit, MHD_HTTP_HEADER_HOST) : NULL;
}

/* ---- refusing ---- */

static int on_delay(sd_event_source *source, uint64_t usec, void *userdata)
{
	visit_resume(userdata);
	return 0;
}

/*
 * A guess is answered a second later; where many are, at once, so that they hold nothing. The right
 * token is answered whatever others guess, or anybody on this machine could keep its owner out.
 */
static enum MHD_Result delay_guess(struct visit *visit)
{
	struct server *server = visit->server;

	if (server->guesses >= GUESSES_MOST) {
		server->counters.too_many_guesses++;
		return reply_fail(visit->connection, MHD_HTTP_TOO_MANY_REQUESTS, "guesses",
				  "a wrong token, and too many of them; ask again in a second");
	}
	if (sd_event_add_time_relative(server->event, &visit->delay, CLOCK_MONOTONIC, GUESS_USEC, 0,
				       on_delay, visit) < 0)
		return MHD_NO;
	server->guesses++;
	suspend(visit);
	return MHD_YES;
}

static enum MHD_Result refuse(struct visit *visit, enum request_fault fault)
{
	struct server *server = visit->server;

	server->counters.refused[fault]++;
	return reply_fail(visit->connection, request_fault_status(fault), request_fault_name(fault),
			  request_fault_sentence(fault));
}

static enum request_fault check(const struct visit *visit, bool page)
{
	const struct request_headers headers = {
		.host = host_of(visit),
		.origin = header(visit, MHD_HTTP_HEADER_ORIGIN),
		.fetch_site = header(visit, "Sec-Fetch-Site"),
		.authorization = header(visit, MHD_HTTP_HEADER_AUTHORIZATION),
		.content_length = header(visit, MHD_HTTP_HEADER_CONTENT_LENGTH),
		.transfer_encoding = header(visit, MHD_HTTP_HEADER_TRANSFER_ENCODING),
	};
	const struct request_policy *policy = &visit->server->options.policy;

	return page ? request_check_page(policy, &headers) : request_check(policy, &headers);
}

/* ---- the page ---- */

static enum MHD_Result send_asset(struct visit *visit, const struct asset *asset)
{
	const char *known = header(visit, MHD_HTTP_HEADER_IF_NONE_MATCH);
	struct MHD_Response *response;
	char tag[20];
	bool same;

	asset_tag(asset, tag);
	same = known && streq(known, tag);
	response = MHD_create_response_from_buffer(same ? 0 : asset->size,
						   (void *)(uintptr_t)asset->data,
						   MHD_RESPMEM_PERSISTENT);
	if (!response)
		return MHD_NO;
	visit->server->counters.answered++;
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, tag);
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
	return reply_send(visit->connection, same ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK, response,
			  asset->type);
}

/* ---- what the daemon says ---- */

static void on_answer(struct answer_waiter *waiter)
{
	struct visit *visit =
		(struct visit *)(void *)((char *)waiter - offsetof(struct visit, waiter));

	visit_resume(visit);
}

static void release_answer(void *answer)
{
	answer_unref(answer);
}

static unsigned failure_status(int code)
{
	switch (code) {
	case -EINVAL:
		return MHD_HTTP_BAD_REQUEST;
	case -EACCES:
	case -EPERM:
		return MHD_HTTP_FORBIDDEN;
	case -EREMOTEIO:
		/* An error of io.reeve about what was asked for: no such group, no such service. */
		return MHD_HTTP_NOT_FOUND;
	case -EOPNOTSUPP:
		return MHD_HTTP_NOT_IMPLEMENTED;
	case -ETIMEDOUT:
		return MHD_HTTP_GATEWAY_TIMEOUT;
	default:
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	}
}

static enum MHD_Result send_metrics(struct visit *visit)
{
	const json_t *value = json_object_get(answer_reply(visit->waiter.answer), "text");
	struct MHD_Response *response;
	struct text text;
	size_t size;
	char *whole;

	text_init(&text);
	if (json_is_string(value))
		text_add_bytes(&text, json_string_value(value), json_string_length(value));
	server_counters_add_text(visit->server, &text);
	size = text.size;
	whole = text_take(&text);
	if (!whole)
		return MHD_NO;
	response = MHD_create_response_from_buffer(size, whole, MHD_RESPMEM_MUST_FREE);
	if (!response)
		free(whole);
	return reply_send(visit->connection, MHD_HTTP_OK, response,
			  "text/plain; version=0.0.4; charset=utf-8");
}

static enum MHD_Result send_answer(struct visit *visit)
{
	struct answer *answer = visit->waiter.answer;
	struct MHD_Response *response;
	struct slice text;
	int r = answer_result(answer, &text);

	if (r < 0) {
		visit->server->counters.daemon_failed++;
		return reply_fail(visit->connection, failure_status(r), "daemon", text.data);
	}
	visit->server->counters.answered++;
	if (visit->endpoint->metrics)
		return send_metrics(visit);
	response =
		MHD_create_response_from_buffer_with_free_callback_cls(text.size,
								       (void *)(uintptr_t)text.data,
								       release_answer,
								       answer_ref(answer));
	if (!response)
		answer_unref(answer);
	return reply_send(visit->connection, MHD_HTTP_OK, response, "application/json");
}

static enum MHD_Result too_busy(struct visit *visit)
{
	visit->server->counters.too_busy++;
	return reply_fail(visit->connection, MHD_HTTP_SERVICE_UNAVAILABLE, "busy",
			  "too much is asked for at a time; ask again in a second");
}

static enum MHD_Result bad_parameter(struct visit *visit, const struct error *err)
{
	visit->server->counters.bad_parameter++;
	return reply_fail(visit->connection, MHD_HTTP_BAD_REQUEST, "parameter", error_text(err));
}

static enum MHD_Result add_pair(void *userdata, _unused_ enum MHD_ValueKind kind, const char *key,
				const char *value)
{
	struct api_query *query = userdata;

	if (query->count == API_PAIRS_MOST)
		return MHD_NO;
	query->pairs[query->count++] = (struct api_pair){ key, value };
	return MHD_YES;
}

/* -E2BIG: more than there is room for. */
static int read_query(const struct visit *visit, struct api_query *query, struct error *err)
{
	int count = MHD_get_connection_values(visit->connection, MHD_GET_ARGUMENT_KIND, NULL, NULL);

	query->count = 0;
	if (count > API_PAIRS_MOST)
		return error_set(err, -E2BIG, "%d parameters, at most %d are possible", count,
				 API_PAIRS_MOST);
	(void)MHD_get_connection_values(visit->connection, MHD_GET_ARGUMENT_KIND, add_pair, query);
	return 0;
}

static enum MHD_Result ask(struct visit *visit, const struct api_endpoint *endpoint)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct api_query query;
	json_t *parameters;
	int r = read_query(visit, &query, &err);

	if (r >= 0)
		r = api_parameters(endpoint, &query, &parameters, &err);
	if (r < 0)
		return bad_parameter(visit, &err);
	visit->endpoint = endpoint;
	visit->waiter.ready = on_answer;
	r = answers_ask(visit->server->answers, endpoint->method, parameters, &visit->waiter);
	if (r < 0)
		return too_busy(visit);
	if (r == 1)
		return send_answer(visit);
	suspend(visit);
	return MHD_YES;
}

/* ---- streams ---- */

static void on_stream_ready(void *userdata)
{
	visit_resume(userdata);
}

/* While nothing is sent, this alone tells that a stream's reader has gone. */
static void on_hangup(void *userdata)
{
	struct visit *visit = userdata;

	visit->gone = true;
	visit_resume(visit);
}

static ssize_t on_stream_read(void *userdata, _unused_ uint64_t position, char *buffer, size_t size)
{
	struct visit *visit = userdata;
	ssize_t n = visit->gone ? -EPIPE : stream_read(visit->stream, buffer, size);

	visit->server->counters.lost += stream_lost(visit->stream) - visit->lost;
	visit->lost = stream_lost(visit->stream);
	if (n < 0)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (n == 0)
		suspend(visit);
	return n;
}

static enum MHD_Result begin_stream(struct visit *visit, struct stream_wish *wish)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	const struct stream_use use = { .ready = on_stream_ready, .userdata = visit };
	struct server *server = visit->server;
	int r;

	r = stream_new(server->event, server->options.socket, wish, &use, &visit->stream, &err);
	if (r < 0) {
		server->counters.daemon_failed++;
		return reply_fail(visit->connection, failure_status(r), "daemon", error_text(&err));
	}
	server->streams++;
	server->counters.streams++;
	(void)MHD_set_connection_option(visit->connection, MHD_CONNECTION_OPTION_TIMEOUT,
					STREAM_PATIENCE);
	caller_on_hangup(caller_of(visit->connection), on_hangup, visit);
	return reply_send(visit->connection, MHD_HTTP_OK,
			  MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, on_stream_read,
							    visit, NULL),
			  "text/event-stream");
}

static enum MHD_Result open_stream(struct visit *visit)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct server *server = visit->server;
	struct stream_wish wish;
	struct api_query query;
	int r = read_query(visit, &query, &err);

	if (r >= 0)
		r = api_stream_wish(&query, &wish, &err);
	if (r < 0)
		return bad_parameter(visit, &err);
	if (server->streams < server->options.streams)
		return begin_stream(visit, &wish);
	json_decref(wish.decisions);
	json_decref(wish.events);
	server->counters.streams_refused++;
	return reply_fail(visit->connection, MHD_HTTP_SERVICE_UNAVAILABLE, "streams",
			  "as many streams as there may be are open; close a page");
}

/* ---- all ---- */

static enum MHD_Result route(struct visit *visit, const char *url)
{
	const struct api_endpoint *endpoint = api_find(url);

	if (endpoint)
		return ask(visit, endpoint);
	if (streq(url, "/api/stream"))
		return open_stream(visit);
	if (streq(url, "/api/web"))
		return reply_json(visit->connection, server_counters_to_json(visit->server));
	if (streq(url, "/api") || streq(url, "/api/"))
		return reply_json(visit->connection, api_list());
	visit->server->counters.not_found++;
	return reply_fail(visit->connection, MHD_HTTP_NOT_FOUND, "not_found",
			  "there is nothing at this address; GET /api lists what there is");
}

static enum MHD_Result begin(struct visit *visit, const char *url, const char *method)
{
	const struct asset *asset = asset_find(url);
	struct server *server = visit->server;
	enum request_fault fault;

	if (!streq(method, "GET") && !streq(method, "HEAD")) {
		server->counters.bad_method++;
		return reply_fail(visit->connection, MHD_HTTP_METHOD_NOT_ALLOWED, "method",
				  "only GET and HEAD are answered: nothing can be changed here");
	}
	fault = check(visit, asset != NULL);
	if (fault == REQUEST_TOKEN && header(visit, MHD_HTTP_HEADER_AUTHORIZATION))
		return delay_guess(visit);
	if (fault != REQUEST_FINE)
		return refuse(visit, fault);
	return asset ? send_asset(visit, asset) : route(visit, url);
}

enum MHD_Result visit_on_request(void *userdata, struct MHD_Connection *connection, const char *url,
				 const char *method, const char *version, const char *upload,
				 size_t *upload_size, void **context)
{
	struct server *server = userdata;
	struct visit *visit = *context;

	if (!visit) {
		visit = calloc(1, sizeof(*visit));
		if (!visit)
			return MHD_NO;
		visit->server = server;
		visit->connection = connection;
		visit->next = server->visits;
		server->visits = visit;
		*context = visit;
		server->counters.requests++;
		/* Before it is read. */
		return check(visit, true) == REQUEST_BODY ? refuse(visit, REQUEST_BODY) : MHD_YES;
	}
	if (visit->delay)
		return refuse(visit, REQUEST_TOKEN);
	if (visit->waiter.answer)
		return send_answer(visit);
	if (visit->begun)
		return MHD_NO;
	visit->begun = true;
	caller_is_asking(caller_of(connection));
	return begin(visit, url, method);
}

void visit_on_completed(void *userdata, struct MHD_Connection *connection, void **context,
			enum MHD_RequestTerminationCode why)
{
	struct visit *visit = *context, **at;
	struct server *server = userdata;

	if (!visit)
		return;
	caller_is_silent(caller_of(connection));
	for (at = &server->visits; *at != visit; at = &(*at)->next)
		;
	*at = visit->next;
	if (visit->stream)
		server->streams--;
	if (visit->delay)
		server->guesses--;
	answer_leave(&visit->waiter);
	stream_free(visit->stream);
	sd_event_source_disable_unref(visit->delay);
	free(visit);
	*context = NULL;
}
