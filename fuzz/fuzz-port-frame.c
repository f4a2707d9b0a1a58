// SPDX-License-Identifier: MIT
/* A stream of frames in both directions: every one that is good moves on, and none by nothing. */
#include "port/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t at = 0, whole = 0;

	while (frame_upwards(data + at, size - at, size % FRAME_DEPTH_MAX, &whole) == FRAME_GOOD) {
		if (whole < FRAME_HEAD || whole > FRAME_SIZE_MAX)
			abort();
		if (whole > size - at)
			break;
		at += whole;
	}
	for (at = 0; frame_downwards(data + at, size - at, &whole) == FRAME_GOOD; at += whole) {
		if (whole < FRAME_CALL_HEAD || whole > FRAME_SIZE_MAX)
			abort();
		if (whole > size - at)
			break;
	}
	return 0;
}
