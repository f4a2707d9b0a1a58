// SPDX-License-Identifier: MIT
/*
 * Both origins end in deliver(): an observer's events pass our filter here, the daemon's have
 * passed theirs there. The daemon sends records (model/event-codec.h), so that whatever is shown or
 * written is made of the same events by the same code.
 */
#include "cli/stream.h"

#include "cli/control.h"
#include "cli/guarded.h"
#include "core/filter.h"
#include "core/guard.h"
#include "core/observer.h"
#include "model/event-codec.h"
#include "source/gate-source.h"
#include "util/base64.h"
#include "varlink/client.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <systemd/sd-event.h>

struct stream {
	struct stream_options options;
	const struct stream_sink *sink;
	struct host *host;
	sd_event *loop;
	sd_event_source *due;
	int stop_fd;
	int guard_fd; /* -1: no gate of ours */
	uint64_t deadline_ns;

	struct observer *observer; /* ours, or */
	struct control *control;   /* the daemon's */
	struct text records;
	uint64_t last_ns; /* boottime of the last event of the daemon */

	uint64_t count;
	bool over;
	int result;
	struct error error;
	struct stream_losses losses;
};

/* ---- events ---- */

static void end(struct stream *stream, int result)
{
	if (stream->over)
		return;
	stream->over = true;
	stream->result = result;
	(void)sd_event_exit(stream->loop, 0);
}

static void note_gap(struct stream *stream, const struct event *event)
{
	stream->losses.gaps++;
	if (event_knows(event, FIELD_LOST))
		stream->losses.lost += event->lost;
	else
		stream->losses.more = true;
}

static void deliver(struct stream *stream, const struct event *event)
{
	bool ours = event->type == EVENT_GAP || event->type == EVENT_SOURCE;

	if (stream->over)
		return;
	if (event->type == EVENT_GAP)
		note_gap(stream, event);
	stream->sink->event(event, stream->sink->userdata);
	if (!ours && ++stream->count == stream->options.count)
		end(stream, 0);
}

static int on_due(sd_event_source *source, uint64_t usec, void *userdata);

static void rest(struct stream *stream)
{
	int r = stream->sink->rest(stream->sink->userdata);
	uint64_t due = stream->sink->due ? stream->sink->due(stream->sink->userdata) : UINT64_MAX;

	if (r < 0)
		end(stream, r);
	if (due == UINT64_MAX || !stream->due)
		return;
	(void)sd_event_source_set_time(stream->due, due / 1000);
	(void)sd_event_source_set_enabled(stream->due, SD_EVENT_ONESHOT);
}

static int on_due(sd_event_source *source, uint64_t usec, void *userdata)
{
	rest(userdata);
	return 0;
}

/* ---- our own observer ---- */

static void on_event(struct event *event, void *userdata)
{
	struct stream *stream = userdata;

	if (filter_pass(stream->options.filter, event))
		deliver(stream, event);
}

static void on_rest(void *userdata)
{
	rest(userdata);
}

static void on_seeded(void *userdata)
{
	struct stream *stream = userdata;

	if (filter_seed(stream->options.filter, observer_table(stream->observer)) < 0)
		end(stream, error_oom(&stream->error));
}

static void on_ended(int result, void *userdata)
{
	struct stream *stream = userdata;
	char text[OBSERVER_TEXT];

	observer_describe(stream->observer, text);
	if (result < 0)
		error_set(&stream->error, result, "nothing is observed any more: %s", text);
	end(stream, result);
}

/* What passed the gate while we were stopped. */
static int on_guard(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	static const char reason[] = "this program was stopped, and its guard let executions pass";
	struct stream *stream = userdata;
	struct guard_message message;
	struct event event;

	if (guard_receive(fd, &message) <= 0) {
		(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
		return 0;
	}
	event_init(&event, EVENT_GAP, SOURCE_REEVE);
	event_set(&event, TIME, time, clock_realtime());
	event_set(&event, BOOTTIME, boottime, clock_boottime());
	event_set(&event, TO, to, event.boottime);
	event_set(&event, LOST, lost, message.count);
	event_set(&event, REASON, reason, slice_of(reason));
	deliver(stream, &event);
	return 0;
}

static int watch_guard(struct stream *stream, struct error *err)
{
	int r = guarded_share(stream->guard_fd, observer_source(stream->observer), err);

	if (r < 0)
		return r;
	r = sd_event_add_io(stream->loop, NULL, stream->guard_fd, EPOLLIN, on_guard, stream);
	return r < 0 ? error_set_errno(err, r, "cannot listen to the gate's guard") : 0;
}

static int observe(struct stream *stream, struct error *err)
{
	const struct observer_options options = {
		.source = stream->options.source,
		.types = filter_asks(stream->options.filter),
		.tell_running = stream->options.running,
		.environment = stream->options.environment,
		.environment_count = stream->options.environment_count,
		.sink = { on_event, stream },
		.seeded = filter_count(stream->options.filter, FILTER_TREE) > 0 ? on_seeded : NULL,
		.rest = on_rest,
		.ended = on_ended,
	};
	int r = host_new(&stream->host, err);

	if (r >= 0)
		r = observer_new(stream->host, stream->loop, &options, &stream->observer, err);
	if (r >= 0 && stream->guard_fd >= 0)
		r = watch_guard(stream, err);
	if (r < 0 && geteuid() != 0)
		error_wrap(err, "without a daemon this must be run as root");
	return r;
}

/* ---- the daemon's ---- */

/* What it could not send because we did not read, told as any other gap. */
static void tell_lost(struct stream *stream, json_int_t lost)
{
	static const char reason[] = "this reader was too slow for the daemon";
	struct event event;

	event_init(&event, EVENT_GAP, SOURCE_REEVE);
	event_set(&event, TIME, time, clock_realtime());
	event_set(&event, BOOTTIME, boottime, clock_boottime());
	event_set(&event, FROM, from, stream->last_ns);
	event_set(&event, TO, to, event.boottime);
	event_set(&event, LOST, lost, (uint64_t)lost);
	event_set(&event, REASON, reason, slice_of(reason));
	deliver(stream, &event);
}

static int strange(struct stream *stream, const char *why)
{
	return error_set(&stream->error, -EBADMSG,
			 "the daemon's events cannot be read: %s; is it of another version than "
			 "this command? (--local does without it)",
			 why);
}

static int deliver_records(struct stream *stream, const json_t *records)
{
	struct slice block;
	size_t at = 0;
	int r;

	stream->records.size = 0;
	r = text_add_unbase64(&stream->records, json_string_value(records),
			      json_string_length(records));
	if (r < 0)
		return strange(stream, "no base64");
	block = (struct slice){ stream->records.data, stream->records.size };
	while (at < block.size) {
		const char *why = NULL;
		struct event event;
		size_t n = event_decode(block, at, &event, &why);

		if (n == 0 || why)
			return strange(stream, why ? why : "they are cut off");
		if (event_knows(&event, FIELD_BOOTTIME))
			stream->last_ns = event.boottime;
		deliver(stream, &event);
		at += n;
	}
	return 0;
}

static int on_reply(json_t *reply, void *userdata)
{
	struct stream *stream = userdata;
	json_int_t lost = json_integer_value(json_object_get(reply, "lost"));
	const json_t *records = json_object_get(reply, "records");

	/* What it has lost came after what was sent before, and before what comes now. */
	if (lost > 0)
		tell_lost(stream, lost);
	return json_is_string(records) ? deliver_records(stream, records) : 0;
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct stream *stream = userdata;
	struct error err = ERROR_INIT;
	int r = varlink_observe_ready(control_client(stream->control), on_reply, stream, &err);

	rest(stream);
	if (r < 0 && !stream->over) {
		if (r == -EOPNOTSUPP)
			error_set(&stream->error, r, "%s (--local does without the daemon)",
				  error_text(&err));
		else
			error_move(&stream->error, &err);
		end(stream, r);
	}
	error_done(&err);
	return 0;
}

static json_t *filter_to_json(const struct filter *filter)
{
	json_t *object = json_object(), *types = json_array();

	for (enum filter_key key = FILTER_TYPE + 1; key < FILTER_COUNT; key++) {
		json_t *list = json_array();

		for (size_t i = 0; i < filter_count(filter, key); i++)
			json_array_append_new(list, json_string(filter_word(filter, key, i)));
		if (json_array_size(list) > 0)
			json_object_set(object, filter_keys[key].name, list);
		json_decref(list);
	}
	for (int type = 0; type < EVENT_TYPES; type++)
		if (filter_types(filter) & EVENT_BIT(type))
			json_array_append_new(types, json_string(event_types[type].name));
	json_object_set_new(object, filter_keys[FILTER_TYPE].name, types);
	return object;
}

static int subscribe(struct stream *stream, struct error *err)
{
	struct varlink_client *client = control_client(stream->control);
	json_t *parameters =
		json_pack("{s:o, s:b, s:s}", "filter", filter_to_json(stream->options.filter),
			  "running", (int)stream->options.running, "form", "records");
	int r;

	if (stream->options.environment_count > 0) {
		json_decref(parameters);
		return error_set(err, -EOPNOTSUPP,
				 "the daemon does not tell environments; --env works with --local");
	}
	stream->last_ns = clock_boottime();
	r = varlink_observe_begin(client, "io.reeve.Watch", parameters, err);
	if (r < 0)
		return r;
	r = sd_event_add_io(stream->loop, NULL, varlink_client_fd(client), EPOLLIN, on_readable,
			    stream);
	return r < 0 ? error_set_errno(err, r, "cannot wait for the daemon") : 0;
}

/* ---- the loop ---- */

static int on_signal(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	end(userdata, 0);
	return 0;
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata)
{
	end(userdata, 0);
	return 0;
}

static int prepare_loop(struct stream *stream)
{
	sigset_t signals;
	int r;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return -errno;
	stream->stop_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (stream->stop_fd < 0)
		return -errno;
	r = sd_event_new(&stream->loop);
	if (r >= 0)
		r = sd_event_add_io(stream->loop, NULL, stream->stop_fd, EPOLLIN, on_signal,
				    stream);
	if (r >= 0 && stream->options.timeout_ns > 0)
		r = sd_event_add_time(stream->loop, NULL, CLOCK_MONOTONIC,
				      stream->deadline_ns / 1000, 1000, on_timeout, stream);
	if (r >= 0)
		r = sd_event_add_time(stream->loop, &stream->due, CLOCK_MONOTONIC, 0, 1000, on_due,
				      stream);
	return r >= 0 ? sd_event_source_set_enabled(stream->due, SD_EVENT_OFF) : r;
}

static int open_origin(struct stream *stream, const struct cli *cli, struct error *err)
{
	struct error cause = ERROR_INIT;
	int r;

	if (stream->options.local || stream->options.source)
		return observe(stream, err);
	r = control_open(cli, false, &stream->control, &cause);
	if (r >= 0)
		return subscribe(stream, err);
	if (r != -ENOENT) {
		error_move(err, &cause);
		return r;
	}
	error_done(&cause);
	return observe(stream, err);
}

/* Whoever names a process that is not there has mistaken it. */
static int check_trees(const struct filter *filter, struct error *err)
{
	for (size_t i = 0; i < filter_count(filter, FILTER_TREE); i++) {
		const char *pid = filter_word(filter, FILTER_TREE, i);

		if (kill((pid_t)strtol(pid, NULL, 10), 0) < 0 && errno == ESRCH)
			return error_set(err, -ESRCH, "--tree: process %s does not run", pid);
	}
	return 0;
}

int stream_new(const struct cli *cli, const struct stream_options *options,
	       struct stream **ret_stream, struct error *err)
{
	_cleanup_(stream_freep) struct stream *stream = calloc(1, sizeof(*stream));
	int r = check_trees(options->filter, err);

	if (r < 0)
		return r;
	if (!stream)
		return error_oom(err);
	stream->options = *options;
	stream->stop_fd = stream->guard_fd = -1;
	stream->deadline_ns =
		options->timeout_ns > 0 ? clock_monotonic() + options->timeout_ns : UINT64_MAX;
	text_init(&stream->records);
	if (options->source && streq(options->source, gate_source.name)) {
		r = guarded_begin(&stream->guard_fd, err);
		if (r < 0)
			return r;
	}
	r = prepare_loop(stream);
	if (r < 0)
		return error_set_errno(err, r, "cannot make an event loop");
	r = open_origin(stream, cli, err);
	if (r < 0)
		return r;
	*ret_stream = TAKE_PTR(stream);
	return 0;
}

void stream_free(struct stream *stream)
{
	if (!stream)
		return;
	observer_free(stream->observer);
	control_free(stream->control);
	sd_event_source_disable_unref(stream->due);
	sd_event_unref(stream->loop);
	host_free(stream->host);
	closep(&stream->stop_fd);
	closep(&stream->guard_fd);
	text_done(&stream->records);
	error_done(&stream->error);
	free(stream);
}

int stream_stop_fd(const struct stream *stream)
{
	return stream->stop_fd;
}

uint64_t stream_deadline(const struct stream *stream)
{
	return stream->deadline_ns;
}

int stream_run(struct stream *stream, const struct stream_sink *sink, struct error *err)
{
	int r;

	stream->sink = sink;
	r = sd_event_loop(stream->loop);
	if (r < 0)
		return error_set_errno(err, r, "cannot run the event loop");
	if (stream->error.code < 0)
		error_move(err, &stream->error);
	return stream->result;
}

const struct stream_losses *stream_losses(const struct stream *stream)
{
	return &stream->losses;
}
