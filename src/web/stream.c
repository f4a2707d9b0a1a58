// SPDX-License-Identifier: MIT
/*
 * A message is rendered once a turn: everything that one reading of the daemon's socket gave. What
 * waits for the browser is bounded by HIGH and what one reading may add.
 */
#include "web/stream.h"

#include "web/upstream.h"

#include <sys/types.h>

enum {
	HIGH = 1 << 20,
	LOW = HIGH / 4,
	ALIVE_USEC = 15000000, /* a comment now and then shows that nobody is gone */
};

enum kind { DECISIONS, EVENTS, KINDS };

static const struct {
	const char *name, *method;
} kinds[KINDS] = {
	[DECISIONS] = { "decisions", "io.reeve.SubscribeDecisions" },
	[EVENTS] = { "events", "io.reeve.Watch" },
};

struct feed {
	struct stream *stream;
	enum kind kind;
	struct upstream *upstream;
	struct text batch; /* objects with commas between */
	uint64_t lost;	   /* not told yet */
};

struct stream {
	struct stream_use use;
	struct feed feeds[KINDS];
	struct text out;
	size_t at;
	bool held, ended;
	uint64_t lost;
	sd_event_source *alive;
};

static size_t waiting(const struct stream *stream)
{
	return stream->out.size - stream->at;
}

static void hold(struct stream *stream, bool held)
{
	if (stream->held == held)
		return;
	stream->held = held;
	for (enum kind kind = 0; kind < KINDS; kind++)
		if (stream->feeds[kind].upstream)
			upstream_want(stream->feeds[kind].upstream, !held);
}

static void drop_what_was_read(struct stream *stream)
{
	if (stream->at < LOW)
		return;
	stream->out.size = waiting(stream);
	memmove(stream->out.data, stream->out.data + stream->at, stream->out.size);
	stream->at = 0;
}

static void on_rest(void *userdata)
{
	struct feed *feed = userdata;
	struct stream *stream = feed->stream;
	const char *name = kinds[feed->kind].name;

	drop_what_was_read(stream);
	if (feed->lost > 0)
		text_addf(&stream->out, "event: lost\ndata: {\"%s\":%llu}\n\n", name,
			  (unsigned long long)feed->lost);
	if (feed->batch.size > 0) {
		text_addf(&stream->out, "event: %s\ndata: [", name);
		text_add_bytes(&stream->out, feed->batch.data, feed->batch.size);
		text_add(&stream->out, "]\n\n");
	}
	if (feed->batch.size == 0 && feed->lost == 0)
		return;
	feed->batch.size = 0;
	feed->lost = 0;
	hold(stream, waiting(stream) > HIGH);
	stream->use.ready(stream->use.userdata);
}

/* The braces of JSON keep line ends inside of strings escaped, so one line holds it. */
static void add_one(struct feed *feed, const json_t *value)
{
	_cleanup_(freep) char *line = json_dumps(value, JSON_COMPACT);

	if (!line) {
		feed->lost++;
		feed->stream->lost++;
		return;
	}
	if (feed->batch.size > 0)
		text_add(&feed->batch, ",");
	text_add(&feed->batch, line);
}

static int on_reply(json_t *reply, void *userdata)
{
	const json_t *list = json_object_get(reply, "events"), *value;
	const json_t *decision = json_object_get(reply, "decision");
	json_int_t lost = json_integer_value(json_object_get(reply, "lost"));
	struct feed *feed = userdata;
	size_t index;

	if (lost > 0) {
		feed->lost += (uint64_t)lost;
		feed->stream->lost += (uint64_t)lost;
	}
	if (json_is_object(decision))
		add_one(feed, decision);
	json_array_foreach(list, index, value) add_one(feed, value);
	return 0;
}

static void on_end(int result, const struct error *err, void *userdata)
{
	struct feed *feed = userdata;
	struct stream *stream = feed->stream;
	_cleanup_(freep) char *text = NULL;
	json_t *message;

	on_rest(feed);
	message = json_pack("{s:s, s:s}", "of", kinds[feed->kind].name, "message", error_text(err));
	text = message ? json_dumps(message, JSON_COMPACT) : NULL;
	text_addf(&stream->out, "event: end\ndata: %s\n\n", text ? text : "{}");
	json_decref(message);
	upstream_free(TAKE_PTR(feed->upstream));
	stream->ended = true;
	stream->use.ready(stream->use.userdata);
}

static int on_alive(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct stream *stream = userdata;

	if (waiting(stream) == 0)
		text_add(&stream->out, ":\n\n");
	(void)sd_event_source_set_time_relative(source, ALIVE_USEC);
	(void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	stream->use.ready(stream->use.userdata);
	return 0;
}

static int begin(struct stream *stream, sd_event *event, const char *socket,
		 struct stream_wish *wish, struct error *err)
{
	json_t **parameters[KINDS] = { &wish->decisions, &wish->events };
	int r = 0;

	for (enum kind kind = 0; r >= 0 && kind < KINDS; kind++) {
		struct feed *feed = &stream->feeds[kind];
		const struct upstream_use use = {
			.reply = on_reply, .rest = on_rest, .end = on_end, .userdata = feed
		};

		feed->stream = stream;
		feed->kind = kind;
		if (*parameters[kind])
			r = upstream_new(event, socket, kinds[kind].method,
					 TAKE_PTR(*parameters[kind]), 0, &use, &feed->upstream,
					 err);
	}
	return r;
}

int stream_new(sd_event *event, const char *socket, struct stream_wish *wish,
	       const struct stream_use *use, struct stream **ret_stream, struct error *err)
{
	_cleanup_(stream_freep) struct stream *stream = calloc(1, sizeof(*stream));
	int r = stream ? 0 : error_oom(err);

	if (stream) {
		stream->use = *use;
		/* The browser knows at once that it is connected. */
		text_add(&stream->out, ":\n\n");
		r = begin(stream, event, socket, wish, err);
	}
	if (r >= 0)
		r = sd_event_add_time_relative(event, &stream->alive, CLOCK_MONOTONIC, ALIVE_USEC,
					       0, on_alive, stream);
	json_decref(TAKE_PTR(wish->decisions));
	json_decref(TAKE_PTR(wish->events));
	if (r < 0)
		return r;
	*ret_stream = TAKE_PTR(stream);
	return 0;
}

void stream_free(struct stream *stream)
{
	if (!stream)
		return;
	for (enum kind kind = 0; kind < KINDS; kind++) {
		upstream_free(stream->feeds[kind].upstream);
		text_done(&stream->feeds[kind].batch);
	}
	sd_event_source_disable_unref(stream->alive);
	text_done(&stream->out);
	free(stream);
}

ssize_t stream_read(struct stream *stream, char *buffer, size_t size)
{
	size_t n = MIN(size, waiting(stream));

	if (n == 0)
		return stream->ended || stream->out.failed ? -EPIPE : 0;
	memcpy(buffer, stream->out.data + stream->at, n);
	stream->at += n;
	if (waiting(stream) == 0)
		stream->at = stream->out.size = 0;
	if (waiting(stream) < LOW)
		hold(stream, false);
	return (ssize_t)n;
}

uint64_t stream_lost(const struct stream *stream)
{
	return stream->lost;
}
