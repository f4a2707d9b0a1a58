// SPDX-License-Identifier: MIT
/* Record files: whatever the bytes are, a replay ends, tells sound events and says what is lost. */
#include "model/event-codec.h"
#include "source/replay.h"
#include "util/fd.h"

#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every byte of every slice is touched: a wrong one is found by the sanitizer. */
static void check_event(struct event *event, void *userdata)
{
	uint64_t *sum = userdata;

	for (size_t i = 0; i < FIELDS; i++) {
		const struct slice *slice =
			(const void *)((const char *)event + event_fields[i].offset);

		if (!event_knows(event, i) ||
		    (event_fields[i].kind != KIND_BYTES && event_fields[i].kind != KIND_LIST))
			continue;
		for (size_t at = 0; at < slice->size; at++)
			*sum += (unsigned char)slice->data[at];
		if (event_fields[i].kind == KIND_LIST && slice->size &&
		    slice->data[slice->size - 1])
			abort();
	}
}

static void encode(const struct event *event, struct text *text)
{
	struct event_codec codec;

	event_codec_begin(&codec, text);
	if (event_encode(&codec, event, text) < 0)
		abort();
}

/* What was read is written as what reads the same. */
static void check_codec(struct slice data)
{
	_cleanup_(text_done) struct text text = { 0 }, again = { 0 };
	struct event event;
	const char *why;

	if (event_decode(data, 0, &event, &why) == 0 || why)
		return;
	encode(&event, &text);
	if (event_decode((struct slice){ text.data, text.size }, 0, &event, &why) != text.size ||
	    why)
		abort();
	encode(&event, &again);
	if (!slice_eq((struct slice){ text.data, text.size },
		      (struct slice){ again.data, again.size }))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(closep) int fd = memfd_create("record", MFD_CLOEXEC);
	char path[32];
	uint64_t sum = 0;
	const struct source_options options = { .sink = { check_event, &sum },
						.types = EVENT_ALL,
						.path = path };
	struct source *source;
	int r = 0;

	check_codec((struct slice){ (const char *)data, size });
	if (fd < 0 || write_all(fd, data, size) < 0)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (replay_source.open(&options, &source, NULL) < 0)
		return 0;
	while (r >= 0)
		r = replay_source.dispatch(source, NULL);
	if (r != -ENODATA)
		abort();
	source_free(source);
	return 0;
}
