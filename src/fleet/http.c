// SPDX-License-Identifier: MIT
/*
 * libcurl's multi interface, driven by sd-event: libcurl says which descriptors it waits for and
 * until when, and is told what became of them.
 *
 * libcurl must not be called from within its own callbacks in most ways. So those only note what
 * has come, and hand_over(), which runs when libcurl has returned, calls whom it is for: they may
 * begin and cancel what they like.
 */
#include "fleet/http.h"

#include "fleet/libcurl.h"

enum { CONNECT_MS = 5000 };

struct http_request {
	struct http_request *next;
	struct http *http;
	struct http_ask ask; /* its functions only */
	CURL *easy;
	struct curl_slist *headers;
	struct text in, out; /* come, and not handed over; to be sent: libcurl has no copy */
	bool too_large, over, dead;
	CURLcode code;
	char why[CURL_ERROR_SIZE];
};

struct http {
	struct libcurl curl;
	sd_event *event;
	sd_event_source *timer;
	CURLM *multi;
	struct http_request *requests;
	char *ca, *certificate, *key;
	bool handing_over;
};

/* ---- what libcurl calls ---- */

static size_t on_write(char *data, size_t size, size_t count, void *userdata)
{
	struct http_request *request = userdata;

	size *= count;
	if (request->in.size + size > HTTP_PART_MAX) {
		request->too_large = true;
		return 0;
	}
	text_add_bytes(&request->in, data, size);
	return request->in.failed ? 0 : size;
}

static void drive(struct http *http, curl_socket_t fd, int what);

static int on_ready(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	int what = 0;

	if (revents & (EPOLLIN | EPOLLHUP))
		what |= CURL_CSELECT_IN;
	if (revents & EPOLLOUT)
		what |= CURL_CSELECT_OUT;
	if (revents & EPOLLERR)
		what |= CURL_CSELECT_ERR;
	drive(userdata, fd, what);
	return 0;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *userdata, void *socket_data)
{
	struct http *http = userdata;
	sd_event_source *source = socket_data;
	uint32_t events = 0;

	if (what == CURL_POLL_REMOVE) {
		sd_event_source_disable_unref(source);
		(void)http->curl.multi_assign(http->multi, fd, NULL);
		return 0;
	}
	if (what & CURL_POLL_IN)
		events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		events |= EPOLLOUT;
	if (source)
		return sd_event_source_set_io_events(source, events) < 0 ? -1 : 0;
	if (sd_event_add_io(http->event, &source, fd, events, on_ready, http) < 0)
		return -1;
	(void)http->curl.multi_assign(http->multi, fd, source);
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	drive(userdata, CURL_SOCKET_TIMEOUT, 0);
	return 0;
}

static int on_timeout_wanted(CURLM *multi, long milliseconds, void *userdata)
{
	struct http *http = userdata;

	if (milliseconds < 0)
		return sd_event_source_set_enabled(http->timer, SD_EVENT_OFF) < 0 ? -1 : 0;
	if (sd_event_source_set_time_relative(http->timer, (uint64_t)milliseconds * 1000) < 0 ||
	    sd_event_source_set_enabled(http->timer, SD_EVENT_ONESHOT) < 0)
		return -1;
	return 0;
}

/* ---- what has come ---- */

static void request_free(struct http_request *request)
{
	struct http *http = request->http;
	struct http_request **at = &http->requests;

	while (*at && *at != request)
		at = &(*at)->next;
	if (*at)
		*at = request->next;
	if (request->easy) {
		(void)http->curl.multi_remove_handle(http->multi, request->easy);
		http->curl.easy_cleanup(request->easy);
	}
	http->curl.slist_free_all(request->headers);
	text_done(&request->in);
	/* It may hold a password. */
	if (request->out.data)
		explicit_bzero(request->out.data, request->out.size);
	text_done(&request->out);
	free(request);
}

static int errno_of(const struct http_request *request)
{
	if (request->too_large)
		return -EFBIG;
	switch (request->code) {
	case CURLE_OK:
		return 0;
	case CURLE_OUT_OF_MEMORY:
		return -ENOMEM;
	case CURLE_OPERATION_TIMEDOUT:
		return -ETIMEDOUT;
	case CURLE_COULDNT_CONNECT:
		return -ECONNREFUSED;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
		return -EKEYREJECTED;
	default:
		return -EHOSTUNREACH;
	}
}

static void tell_end(struct http_request *request)
{
	struct http *http = request->http;
	long status = 0;

	(void)http->curl.easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &status);
	if (request->too_large)
		snprintf(request->why, sizeof(request->why), "more than %d MiB came at once",
			 HTTP_PART_MAX >> 20);
	else if (request->why[0] == '\0')
		snprintf(request->why, sizeof(request->why), "%s",
			 http->curl.easy_strerror(request->code));
	request->dead = true;
	request->ask.ended(request->ask.userdata, errno_of(request), status, request->why);
}

static void hand_over_one(struct http_request *request)
{
	if (!request->dead && request->in.size > 0) {
		struct text came = request->in;

		text_init(&request->in);
		request->ask.data(request->ask.userdata, came.data, came.size);
		text_done(&came);
	}
	if (!request->dead && request->over)
		tell_end(request);
}

static void hand_over(struct http *http)
{
	if (http->handing_over)
		return;
	http->handing_over = true;
	for (struct http_request *at = http->requests; at; at = at->next)
		hand_over_one(at);
	http->handing_over = false;
	for (struct http_request *at = http->requests, *next; at; at = next) {
		next = at->next;
		if (at->dead)
			request_free(at);
	}
}

static void drive(struct http *http, curl_socket_t fd, int what)
{
	const CURLMsg *message;
	int running, left;

	(void)http->curl.multi_socket_action(http->multi, fd, what, &running);
	while ((message = http->curl.multi_info_read(http->multi, &left))) {
		struct http_request *request = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		(void)http->curl.easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &request);
		if (request) {
			request->over = true;
			request->code = message->data.result;
		}
	}
	hand_over(http);
}

/* ---- the interface ---- */

static int copy_options(struct http *http, const struct http_options *options)
{
	const struct {
		const char *from;
		char **to;
	} strings[] = { { options->ca, &http->ca },
			{ options->certificate, &http->certificate },
			{ options->key, &http->key } };

	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		if (strings[i].from && !(*strings[i].to = strdup(strings[i].from)))
			return -ENOMEM;
	return 0;
}

int http_new(const struct http_options *options, struct http **ret_http, struct error *err)
{
	_cleanup_(http_freep) struct http *http = calloc(1, sizeof(*http));
	int r;

	if (!http || copy_options(http, options) < 0)
		return error_oom(err);
	r = libcurl_load(&http->curl, err);
	if (r < 0)
		return r;
	http->event = sd_event_ref(options->event);
	/* To the microsecond: usually sd-event is a quarter of a second late, to save wake-ups. */
	r = sd_event_add_time_relative(http->event, &http->timer, CLOCK_MONOTONIC, 0, 1, on_timer,
				       http);
	http->multi = r >= 0 ? http->curl.multi_init() : NULL;
	if (!http->multi)
		return error_oom(err);
	(void)sd_event_source_set_enabled(http->timer, SD_EVENT_OFF);
	http->curl.multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	http->curl.multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
	http->curl.multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, on_timeout_wanted);
	http->curl.multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
	http->curl.multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, 4L);
	*ret_http = TAKE_PTR(http);
	return 0;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	while (http->requests)
		request_free(http->requests);
	if (http->multi)
		http->curl.multi_cleanup(http->multi);
	sd_event_source_disable_unref(http->timer);
	sd_event_unref(http->event);
	free(http->ca);
	free(http->certificate);
	free(http->key);
	free(http);
}

static int set_headers(struct http_request *request, const struct http_ask *ask)
{
	_cleanup_(freep) char *authorization = NULL;

	if (ask->authorization &&
	    asprintf(&authorization, "Authorization: %s", ask->authorization) < 0) {
		authorization = NULL;
		return -ENOMEM;
	}
	/* Without a leader the server is to say so, rather than to keep a watch open that will
	 * never tell anything. */
	const char *const lines[] = {
		"Content-Type: application/json",
		"Grpc-Metadata-hasleader: true",
		"Expect:",
		authorization,
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct curl_slist *longer;

		if (!lines[i])
			continue;
		longer = request->http->curl.slist_append(request->headers, lines[i]);
		if (!longer)
			return -ENOMEM;
		request->headers = longer;
	}
	return 0;
}

/* What is not taken here would be somebody else's certificates, and no error. */
static int set_tls(const struct http *http, CURL *easy)
{
	const struct {
		CURLoption option;
		const char *path;
	} files[] = { { CURLOPT_CAINFO, http->ca },
		      { CURLOPT_SSLCERT, http->certificate },
		      { CURLOPT_SSLKEY, http->key } };

	(void)http->curl.easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (files[i].path &&
		    http->curl.easy_setopt(easy, files[i].option, files[i].path) != CURLE_OK)
			return -ENOMEM;
	return 0;
}

static int set_up(struct http_request *request, const struct http_ask *ask)
{
	const struct http *http = request->http;
	const struct libcurl *curl = &http->curl;
	CURL *easy = request->easy;

	curl->easy_setopt(easy, CURLOPT_URL, ask->url);
	curl->easy_setopt(easy, CURLOPT_PRIVATE, request);
	curl->easy_setopt(easy, CURLOPT_ERRORBUFFER, request->why);
	curl->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl->easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl->easy_setopt(easy, CURLOPT_HTTPHEADER, request->headers);
	/* What is in the environment of a daemon is not meant for this. */
	curl->easy_setopt(easy, CURLOPT_PROXY, "");
	curl->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* A name that is being looked up must not hold us up when we give up. */
	curl->easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl->easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl->easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 20L);
	curl->easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 10L);
	curl->easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	curl->easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)ask->timeout_ms);
	curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_write);
	curl->easy_setopt(easy, CURLOPT_WRITEDATA, request);
	curl->easy_setopt(easy, CURLOPT_POST, 1L);
	curl->easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->out.size);
	/* From memory, so that it is sent again where a connection that was kept is dead. */
	curl->easy_setopt(easy, CURLOPT_POSTFIELDS, request->out.data ? request->out.data : "");
	return set_tls(http, easy);
}

int http_begin(struct http *http, const struct http_ask *ask, struct http_request **ret_request)
{
	struct http_request *request = calloc(1, sizeof(*request));

	if (!request)
		return -ENOMEM;
	request->http = http;
	request->ask = *ask;
	text_init(&request->in);
	text_init(&request->out);
	text_add(&request->out, ask->body);
	request->easy = http->curl.easy_init();
	request->next = http->requests;
	http->requests = request;
	if (request->out.failed || !request->easy || set_headers(request, ask) < 0) {
		request_free(request);
		return -ENOMEM;
	}
	if (set_up(request, ask) < 0 ||
	    http->curl.multi_add_handle(http->multi, request->easy) != CURLM_OK) {
		request_free(request);
		return -ENOMEM;
	}
	*ret_request = request;
	return 0;
}

void http_cancel(struct http_request *request)
{
	request->dead = true;
	if (!request->http->handing_over)
		request_free(request);
}
