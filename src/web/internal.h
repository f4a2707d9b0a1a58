/* SPDX-License-Identifier: MIT */
/* What the server and its visits share. */
#pragma once

#include "util/log.h"
#include "web/answers.h"
#include "web/api.h"
#include "web/caller.h"
#include "web/server.h"

#include <microhttpd.h>

struct server_counters {
	uint64_t requests, answered, refused[REQUEST_FAULTS], too_many_guesses, not_found,
		bad_method, bad_parameter, too_busy, daemon_failed, streams, streams_refused, lost;
};

struct visit;

struct server {
	struct server_options options;
	sd_event *event;
	struct MHD_Daemon *daemon;
	struct answers *answers;
	sd_event_source *io, *timer, *again;
	struct visit *visits; /* under way */
	struct caller_list callers;
	unsigned guesses; /* wrong tokens whose answer is held back now */
	unsigned streams;
	struct server_counters counters;
	struct log_limit guess_limit;
};

/* One request, from its headers to the last byte of its answer. */
struct visit {
	struct visit *next;
	struct server *server;
	struct MHD_Connection *connection;
	struct answer_waiter waiter; /* for what the daemon says */
	const struct api_endpoint *endpoint;
	sd_event_source *delay; /* until a wrong token is answered */
	struct stream *stream;
	uint64_t lost; /* of the stream, counted already */
	bool begun, suspended, gone;
};

/* ---- server.c ---- */

/* Lets MHD work soon. */
void server_wake(struct server *server);
json_t *server_counters_to_json(const struct server *server);
/* The same in Prometheus's text format. */
void server_counters_add_text(const struct server *server, struct text *text);

/* ---- visit.c ---- */

enum MHD_Result visit_on_request(void *userdata, struct MHD_Connection *connection, const char *url,
				 const char *method, const char *version, const char *upload,
				 size_t *upload_size, void **context);
void visit_on_completed(void *userdata, struct MHD_Connection *connection, void **context,
			enum MHD_RequestTerminationCode why);
/* So that it can be ended. */
void visit_resume(struct visit *visit);

/* ---- reply.c ---- */

/* Takes the response, adds what every response has, and sends it. */
enum MHD_Result reply_send(struct MHD_Connection *connection, unsigned status,
			   struct MHD_Response *response, const char *type);
/* {"error": name, "message": sentence} */
enum MHD_Result reply_fail(struct MHD_Connection *connection, unsigned status, const char *name,
			   const char *sentence);
/* Steals the value. */
enum MHD_Result reply_json(struct MHD_Connection *connection, json_t *value);
