/* SPDX-License-Identifier: MIT */
/* The HTTP server of `reeve web`, in the caller's loop. */
#pragma once

#include "web/request.h"

#include <systemd/sd-event.h>

struct server;

struct server_options {
	int listen_fd;	    /* borrowed */
	const char *socket; /* of the daemon */
	struct request_policy policy;
	unsigned connections; /* at most; 0: 128 */
	unsigned streams;     /* at most; 0: 32 */
};

/* What `options` points to must outlive it. With a sentence. */
int server_new(sd_event *event, const struct server_options *options, struct server **ret_server,
	       struct error *err);
/* Ends what is under way. */
void server_free(struct server *server);
DEFINE_CLEANUP(struct server *, server_free);
