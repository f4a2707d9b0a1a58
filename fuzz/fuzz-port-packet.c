// SPDX-License-Identifier: MIT
/* A packet of the port's queue: the places in it, the sender's among them, and a frame at its end.
 */
#include "port/direct.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	pid_t places[FRAME_DEPTH_MAX], sender;
	const uint8_t *inner = NULL;
	size_t count, own = 0;

	if (size < sizeof(uint32_t))
		return 0;
	sender = (pid_t)frame_u32(data);
	data += sizeof(uint32_t);
	size -= sizeof(uint32_t);
	count = direct_places(data, size, sender, places, &inner);
	if (!count)
		return 0;
	for (size_t i = 0; i < count; i++)
		own += places[i] == sender;
	if ((sender && !own) || inner != data + count * FRAME_HEAD_CHILD ||
	    inner + 2 + frame_u16(inner) != data + size)
		abort();
	return 0;
}
