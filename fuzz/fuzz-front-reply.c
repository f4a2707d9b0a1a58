// SPDX-License-Identifier: MIT
/* A reply of the daemon, or of who pretends to be it: read where it stands. */
#include "front/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(freep) char *text = strndup((const char *)data, size);
	size_t length = strlen(text);
	struct reply_places places;

	if (reply_read_places(text, &places) < 0)
		return 0;
	if (places.count > REPLY_PLACES_MAX)
		abort();
	for (size_t i = 0; i < places.count; i++)
		if (places.paths[i] < text ||
		    places.paths[i] + strlen(places.paths[i]) >= text + length)
			abort();
	return 0;
}
