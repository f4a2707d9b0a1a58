// SPDX-License-Identifier: MIT
/*
 * One connection to the daemon for one question, as varlink has it. Connecting to a Unix socket and
 * writing a question do not wait unless the daemon is stuck; then both are bounded by the client.
 */
#include "web/upstream.h"

#include "varlink/client.h"

struct upstream {
	struct varlink_client *client;
	struct upstream_use use;
	sd_event_source *io, *timer;
};

static void end(struct upstream *upstream, int result, const struct error *err)
{
	upstream->io = sd_event_source_disable_unref(upstream->io);
	upstream->timer = sd_event_source_disable_unref(upstream->timer);
	upstream->use.end(result, err, upstream->use.userdata);
}

static int on_readable(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct upstream *upstream = userdata;
	int r = varlink_observe_ready(upstream->client, upstream->use.reply, upstream->use.userdata,
				      &err);

	if (r != 0)
		end(upstream, r, &err);
	else if (upstream->use.rest)
		upstream->use.rest(upstream->use.userdata);
	return 0;
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;

	end(userdata, error_set(&err, -ETIMEDOUT, "the daemon did not answer in time"), &err);
	return 0;
}

static int no_daemon(int code, const char *socket, struct error *err)
{
	if (code == -ENOENT || code == -ECONNREFUSED)
		return error_set(err, code, "no daemon answers at \"%s\"; is reeved running?",
				 socket);
	return code;
}

int upstream_new(sd_event *event, const char *socket, const char *method, json_t *parameters,
		 uint64_t timeout_usec, const struct upstream_use *use,
		 struct upstream **ret_upstream, struct error *err)
{
	_cleanup_(upstream_freep) struct upstream *upstream = calloc(1, sizeof(*upstream));
	int r;

	if (!upstream) {
		json_decref(parameters);
		return error_oom(err);
	}
	upstream->use = *use;
	r = varlink_connect(socket, &upstream->client, err);
	if (r < 0) {
		json_decref(parameters);
		return no_daemon(r, socket, err);
	}
	r = varlink_observe_begin(upstream->client, method, parameters, err);
	if (r < 0)
		return r;
	r = sd_event_add_io(event, &upstream->io, varlink_client_fd(upstream->client), EPOLLIN,
			    on_readable, upstream);
	if (r >= 0 && timeout_usec > 0)
		r = sd_event_add_time_relative(event, &upstream->timer, CLOCK_MONOTONIC,
					       timeout_usec, 0, on_timeout, upstream);
	if (r < 0)
		return error_set_errno(err, r, "cannot wait for the daemon");
	*ret_upstream = TAKE_PTR(upstream);
	return 0;
}

void upstream_free(struct upstream *upstream)
{
	if (!upstream)
		return;
	sd_event_source_disable_unref(upstream->io);
	sd_event_source_disable_unref(upstream->timer);
	varlink_client_freep(&upstream->client);
	free(upstream);
}

void upstream_want(struct upstream *upstream, bool wanted)
{
	if (upstream->io)
		(void)sd_event_source_set_enabled(upstream->io,
						  wanted ? SD_EVENT_ON : SD_EVENT_OFF);
}
