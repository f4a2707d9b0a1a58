// SPDX-License-Identifier: MIT
/* A reply of the daemon, or of who pretends to be it: read where it stands. */
#include "front/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_with(int (*read)(char *, struct reply_places *), const uint8_t *data, size_t size)
{
	_cleanup_(freep) char *text = strndup((const char *)data, size);
	size_t length = strlen(text);
	struct reply_places places;

	if (read(text, &places) < 0)
		return;
	if (places.count > REPLY_PLACES_MAX)
		abort();
	for (size_t i = 0; i < places.count; i++)
		if (places.paths[i] < text ||
		    places.paths[i] + strlen(places.paths[i]) >= text + length)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_with(reply_read_places, data, size);
	read_with(reply_read_made, data, size);
	return 0;
}
