/* SPDX-License-Identifier: MIT */
/*
 * Events are compared by their encoding, in which two events are equal exactly if all their known
 * fields are. Which source told an event is recorded with it.
 */
#include "recording.h"

#include "model/event-codec.h"
#include "model/record-file.h"
#include "source/replay.h"

struct recording {
	struct record_writer *writer;
	char path[64];
	struct text told; /* all events, encoded */
	size_t count, at; /* told; how many bytes of them came again */
	size_t again;
	bool failed;
};

int recording_new(struct recording **ret_recording, struct error *err)
{
	const struct record_about about = {
		.boot = "00000000-0000-0000-0000-000000000000",
		.host = "contract",
		.version = REEVE_VERSION,
	};
	_cleanup_(recording_freep) struct recording *recording = calloc(1, sizeof(*recording));
	int fd, r;

	if (!recording)
		return error_oom(err);
	text_init(&recording->told);
	snprintf(recording->path, sizeof(recording->path), "/tmp/reeve-test-record-XXXXXX");
	fd = mkstemp(recording->path);
	if (fd < 0)
		return error_set_errno(err, -errno, "cannot make %s", recording->path);
	r = record_writer_new(fd, &about, &recording->writer, err);
	if (r < 0) {
		close(fd);
		return r;
	}
	*ret_recording = TAKE_PTR(recording);
	return 0;
}

void recording_free(struct recording *recording)
{
	if (!recording)
		return;
	record_writer_free(recording->writer);
	unlink(recording->path);
	text_done(&recording->told);
	free(recording);
}

/* Every event as a block of its own, so that two of them can be compared. */
static int add_alone(const struct event *event, struct text *text)
{
	struct event_codec codec;

	event_codec_begin(&codec, text);
	return event_encode(&codec, event, text);
}

static void on_event(struct event *event, void *userdata)
{
	struct recording *recording = userdata;

	if (add_alone(event, &recording->told) < 0 ||
	    record_writer_add(recording->writer, event, clock_monotonic()) < 0)
		recording->failed = true;
	recording->count++;
}

struct event_sink recording_sink(struct recording *recording)
{
	return (struct event_sink){ on_event, recording };
}

static void on_event_again(struct event *event, void *userdata)
{
	struct recording *recording = userdata;
	struct text text;

	text_init(&text);
	if (add_alone(event, &text) < 0 || text.size > recording->told.size - recording->at ||
	    memcmp(recording->told.data + recording->at, text.data, text.size) != 0)
		recording->failed = true;
	else
		recording->at += text.size;
	recording->again++;
	text_done(&text);
}

int recording_replay(struct recording *recording, const struct host *host, size_t *ret_count,
		     struct error *err)
{
	const struct source_options options = {
		.host = host,
		.sink = { on_event_again, recording },
		.types = EVENT_ALL,
		.path = recording->path,
	};
	_cleanup_(source_freep) struct source *source = NULL;
	int r = record_writer_finish(recording->writer);

	if (r < 0 || recording->failed)
		return error_set_errno(err, MIN(r, -EIO), "cannot record");
	r = replay_source.open(&options, &source, err);
	while (r >= 0)
		r = source->class->dispatch(source, err);
	if (r != -ENODATA)
		return r;
	*ret_count = recording->again;
	if (recording->failed || recording->again != recording->count ||
	    recording->at != recording->told.size)
		return error_set(err, -EBADMSG, "%zu events came again of %zu, %s",
				 recording->again, recording->count,
				 recording->failed ? "not all as they were" : "as they were");
	return 0;
}
