// SPDX-License-Identifier: MIT
/*
 * Calls and streams are http requests with a memory: which answer is whose. A call that finds that
 * its token is not known any more (etcd keeps them in memory, for minutes) signs in once more and
 * is repeated, once.
 */
#include "fleet/etcd.h"

#include "fleet/http.h"
#include "fleet/large-json.h"
#include "util/secret.h"

enum { GRPC_INVALID = 3, GRPC_NOT_FOUND = 5, GRPC_DENIED = 7, GRPC_UNAUTHENTICATED = 16 };

struct call {
	struct call *next;
	struct etcd *etcd;
	struct http_request *request;
	char *path, *body;
	struct text came;
	bool signing_in, retried;
	etcd_answer_fn answered;
	void *userdata;
};

struct etcd_stream {
	struct etcd_stream *next;
	struct etcd *etcd;
	struct http_request *request;
	struct gateway_stream parser;
	struct etcd_stream_use use;
	bool closed; /* while a message is told */
	bool telling;
};

struct etcd {
	struct http *http;
	char **endpoints;
	size_t endpoint_count, current, answer_max;
	char *user, *password_file, *token;
	struct call *calls;
	struct etcd_stream *streams;
};

/* ---- construction ---- */

static int copy(char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return from && !*to ? -ENOMEM : 0;
}

static int copy_endpoints(struct etcd *etcd, char *const *endpoints)
{
	size_t count = 0;

	while (endpoints[count])
		count++;
	etcd->endpoints = calloc(count + 1, sizeof(*etcd->endpoints));
	for (size_t i = 0; etcd->endpoints && i < count; i++, etcd->endpoint_count++)
		if (copy(&etcd->endpoints[i], endpoints[i]) < 0)
			return -ENOMEM;
	return etcd->endpoints ? 0 : -ENOMEM;
}

int etcd_new(const struct etcd_options *options, struct etcd **ret_etcd, struct error *err)
{
	const struct http_options http = {
		.event = options->event,
		.ca = options->ca,
		.certificate = options->certificate,
		.key = options->key,
	};
	_cleanup_(etcd_freep) struct etcd *etcd = calloc(1, sizeof(*etcd));
	int r;

	if (!etcd || copy_endpoints(etcd, options->endpoints) < 0 ||
	    copy(&etcd->user, options->user) < 0 ||
	    copy(&etcd->password_file, options->password_file) < 0)
		return error_oom(err);
	r = http_new(&http, &etcd->http, err);
	if (r < 0)
		return r;
	etcd->answer_max = options->answer_max ? options->answer_max : ETCD_ANSWER_MAX;
	/* Hosts that start together should not all begin at the same one. */
	etcd->current = (size_t)getpid() % etcd->endpoint_count;
	*ret_etcd = TAKE_PTR(etcd);
	return 0;
}

static void call_free(struct call *call)
{
	struct call **at = &call->etcd->calls;

	while (*at && *at != call)
		at = &(*at)->next;
	if (*at)
		*at = call->next;
	if (call->request)
		http_cancel(call->request);
	text_done(&call->came);
	free(call->path);
	free(call->body);
	free(call);
}

void etcd_drop_all(struct etcd *etcd)
{
	while (etcd->calls)
		call_free(etcd->calls);
	for (struct etcd_stream *stream = etcd->streams, *next; stream; stream = next) {
		next = stream->next;
		etcd_stream_close(stream);
	}
}

void etcd_free(struct etcd *etcd)
{
	if (!etcd)
		return;
	etcd_drop_all(etcd);
	http_free(etcd->http);
	for (size_t i = 0; i < etcd->endpoint_count; i++)
		free(etcd->endpoints[i]);
	free(etcd->endpoints);
	free(etcd->user);
	free(etcd->password_file);
	free(etcd->token);
	free(etcd);
}

const char *etcd_endpoint(const struct etcd *etcd)
{
	return etcd->endpoints[etcd->current];
}

void etcd_next_endpoint(struct etcd *etcd)
{
	etcd->current = (etcd->current + 1) % etcd->endpoint_count;
	free(etcd->token);
	etcd->token = NULL;
}

/* ---- calls ---- */

static int errno_of_grpc(int code)
{
	switch (code) {
	case GRPC_INVALID:
		return -EINVAL;
	case GRPC_NOT_FOUND:
		return -ENOENT;
	case GRPC_DENIED:
	case GRPC_UNAUTHENTICATED:
		return -EACCES;
	default:
		return -EREMOTEIO;
	}
}

static int start_call(struct call *call, struct error *err);

static void answer(struct call *call, int result, const json_t *object, const char *why)
{
	etcd_answer_fn answered = call->answered;
	void *userdata = call->userdata;

	call_free(call);
	answered(userdata, result, object, why);
}

/* With a token, or to get one. */
static void start_again(struct call *call)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	int r = start_call(call, &err);

	if (r < 0)
		answer(call, r, NULL, error_text(&err));
}

/* A token, or why there is none. */
static void take_token(struct call *call, int result, const json_t *object, const char *why)
{
	const char *token = json_string_value(json_object_get(object, "token"));
	struct etcd *etcd = call->etcd;

	call->signing_in = false;
	if (result >= 0 && token) {
		free(etcd->token);
		result = copy(&etcd->token, token);
		why = "out of memory";
	} else if (result >= 0) {
		result = -EBADMSG;
		why = "etcd has given no token";
	}
	if (result >= 0)
		start_again(call);
	else
		answer(call, result == -EINVAL ? -EACCES : result, NULL, why);
}

static void finish_call(struct call *call, int result, const json_t *object, const char *why)
{
	bool unknown = result == -EACCES && why && strstr(why, "invalid auth token");

	if (call->signing_in) {
		take_token(call, result, object, why);
	} else if (unknown && !call->retried && call->etcd->user) {
		free(call->etcd->token);
		call->etcd->token = NULL;
		call->retried = true;
		start_again(call);
	} else {
		answer(call, result, object, why);
	}
}

static void on_call_data(void *userdata, const char *data, size_t size)
{
	struct call *call = userdata;

	if (call->came.size + size > call->etcd->answer_max || call->came.failed) {
		char why[64];

		snprintf(why, sizeof(why), "the answer is larger than %zu MiB",
			 call->etcd->answer_max >> 20);
		http_cancel(TAKE_PTR(call->request));
		finish_call(call, -EFBIG, NULL, why);
		return;
	}
	text_add_bytes(&call->came, data, size);
}

static void on_call_ended(void *userdata, int result, long status, const char *why)
{
	struct call *call = userdata;
	_cleanup_(freep) char *reason = NULL;
	json_t *object = NULL;
	int code;

	call->request = NULL;
	if (result >= 0) {
		object = large_json_load(call->came.data ? call->came.data : "", call->came.size,
					 LARGE_JSON_LEAST);
		if (!json_is_object(object))
			result = -EBADMSG;
	}
	if (result == -EBADMSG) {
		if (asprintf(&reason, "what answers is not etcd's gateway (HTTP status %ld)",
			     status) < 0)
			reason = NULL;
		why = reason ? reason : "what answers is not etcd's gateway";
	} else if (result >= 0 && (why = gateway_error(object, &code))) {
		result = errno_of_grpc(code);
	}
	text_done(&call->came);
	text_init(&call->came);
	finish_call(call, result, result < 0 ? NULL : object, why ? why : "");
	json_decref(object);
}

/* The password's file is read each time: it may have been changed. */
static int sign_in_body(const struct etcd *etcd, char **ret_body, struct error *err)
{
	_cleanup_(secret_freep) char *password = NULL;
	json_t *body;
	int r = secret_read("the password", etcd->password_file, &password, err);

	if (r < 0)
		return r;
	body = json_pack("{s:s, s:s}", "name", etcd->user, "password", password);
	*ret_body = body ? json_dumps(body, JSON_COMPACT) : NULL;
	json_decref(body);
	return *ret_body ? 0
			 : error_set(err, -EINVAL, "the password in %s is not UTF-8 text",
				     etcd->password_file);
}

static int start_call(struct call *call, struct error *err)
{
	struct etcd *etcd = call->etcd;
	_cleanup_(secret_freep) char *secret = NULL;
	_cleanup_(freep) char *url = NULL;
	struct http_ask ask = {
		.body = call->body,
		.authorization = etcd->token,
		.timeout_ms = ETCD_CALL_MS,
		.data = on_call_data,
		.ended = on_call_ended,
		.userdata = call,
	};
	const char *path = call->path;
	int r;

	call->signing_in = etcd->user && !etcd->token;
	if (call->signing_in) {
		path = "/v3/auth/authenticate";
		r = sign_in_body(etcd, &secret, err);
		if (r < 0)
			return r;
		ask.body = secret;
	}
	if (asprintf(&url, "%s%s", etcd_endpoint(etcd), path) < 0) {
		url = NULL;
		return error_oom(err);
	}
	ask.url = url;
	r = http_begin(etcd->http, &ask, &call->request);
	return r < 0 ? error_oom(err) : 0;
}

int etcd_call(struct etcd *etcd, const char *path, json_t *body, etcd_answer_fn answered,
	      void *userdata, struct error *err)
{
	struct call *call = body ? calloc(1, sizeof(*call)) : NULL;
	int r;

	if (!call) {
		json_decref(body);
		return error_oom(err);
	}
	call->etcd = etcd;
	text_init(&call->came);
	call->answered = answered;
	call->userdata = userdata;
	call->path = strdup(path);
	call->body = json_dumps(body, JSON_COMPACT);
	call->next = etcd->calls;
	etcd->calls = call;
	json_decref(body);
	r = call->path && call->body ? start_call(call, err) : error_oom(err);
	if (r < 0)
		call_free(call);
	return r;
}

/* ---- streams ---- */

static void stream_free(struct etcd_stream *stream)
{
	struct etcd_stream **at = &stream->etcd->streams;

	while (*at && *at != stream)
		at = &(*at)->next;
	if (*at)
		*at = stream->next;
	if (stream->request)
		http_cancel(stream->request);
	gateway_stream_done(&stream->parser);
	free(stream);
}

void etcd_stream_close(struct etcd_stream *stream)
{
	stream->closed = true;
	if (!stream->telling)
		stream_free(stream);
}

static int on_message(const struct gateway_message *message, void *userdata)
{
	struct etcd_stream *stream = userdata;

	stream->use.message(stream->use.userdata, message);
	return stream->closed ? 1 : 0;
}

static void end_stream(struct etcd_stream *stream, int result, const char *why)
{
	const struct etcd_stream_use use = stream->use;

	stream_free(stream);
	use.ended(use.userdata, result, why);
}

static void on_stream_data(void *userdata, const char *data, size_t size)
{
	struct etcd_stream *stream = userdata;
	int r;

	stream->telling = true;
	r = gateway_stream_feed(&stream->parser, data, size, on_message, stream);
	stream->telling = false;
	if (stream->closed)
		stream_free(stream);
	else if (r < 0)
		end_stream(stream, r,
			   r == -EFBIG	   ? "a message that is too large"
			   : r == -EBADMSG ? "a message that is none of etcd's"
					   : "out of memory");
}

static void on_stream_ended(void *userdata, int result, long status, const char *why)
{
	struct etcd_stream *stream = userdata;
	_cleanup_(freep) char *reason = NULL;

	stream->request = NULL;
	if (result >= 0) {
		result = -EPIPE;
		if (asprintf(&reason, "etcd has ended the stream (HTTP status %ld)", status) < 0)
			reason = NULL;
		why = reason ? reason : "etcd has ended the stream";
	}
	end_stream(stream, result, why);
}

int etcd_open(struct etcd *etcd, const char *path, json_t *request,
	      const struct etcd_stream_use *use, struct etcd_stream **ret_stream)
{
	struct etcd_stream *stream = calloc(1, sizeof(*stream));
	_cleanup_(freep) char *url = NULL,
			      *body = request ? json_dumps(request, JSON_COMPACT) : NULL;
	struct http_ask ask = {
		.authorization = etcd->token,
		.data = on_stream_data,
		.ended = on_stream_ended,
		.userdata = stream,
	};
	int r = -ENOMEM;

	json_decref(request);
	if (asprintf(&url, "%s%s", etcd_endpoint(etcd), path) < 0)
		url = NULL;
	if (stream && url && body) {
		ask.url = url;
		ask.body = body;
		r = http_begin(etcd->http, &ask, &stream->request);
	}
	if (r < 0) {
		free(stream);
		return r;
	}
	stream->etcd = etcd;
	gateway_stream_init(&stream->parser);
	stream->use = *use;
	stream->next = etcd->streams;
	etcd->streams = stream;
	*ret_stream = stream;
	return 0;
}
