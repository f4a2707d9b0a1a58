// SPDX-License-Identifier: MIT
/* Heads of frames. A head that cannot be right is found as soon as its four bytes are there. */
#include "port/frame.h"

void frame_put_head(uint8_t head[FRAME_HEAD], enum frame_type type, size_t size)
{
	frame_put_u16(head, 2 + size);
	frame_put_u16(head + 2, type);
}

void frame_put_head_child(uint8_t head[FRAME_HEAD_CHILD], enum frame_type type, int32_t pid,
			  size_t size)
{
	frame_put_head(head, type, 4 + size);
	frame_put_u32(head + FRAME_HEAD, (uint32_t)pid);
}

/* Whether each of the frames in this PROXY is as long as the one around it says, as far as they are
 * at hand. A controller reads them all, and would lose its way for good. */
static bool nested_well(const uint8_t *frame, size_t size)
{
	size_t length = frame_u16(frame), inner;

	while (frame_u16(frame + 2) == FRAME_PROXY) {
		if (length < FRAME_HEAD_CHILD - 2 + FRAME_HEAD)
			return false;
		if (size < FRAME_HEAD_CHILD + FRAME_HEAD)
			return true;
		frame += FRAME_HEAD_CHILD;
		size -= FRAME_HEAD_CHILD;
		inner = frame_u16(frame);
		if (inner + FRAME_HEAD_CHILD != length || frame_u16(frame + 2) < FRAME_STDOUT ||
		    frame_u16(frame + 2) > FRAME_PIPE)
			return false;
		length = inner;
	}
	return true;
}

enum frame_state frame_upwards(const uint8_t *data, size_t size, unsigned depth, size_t *ret_size)
{
	size_t length, type;

	if (size < FRAME_HEAD)
		return FRAME_SHORT;
	length = frame_u16(data);
	type = frame_u16(data + 2);
	if (type < FRAME_STDOUT || type > FRAME_EXEC)
		return FRAME_BROKEN;
	if (type == FRAME_EXEC ? length != 2 : length < (type <= FRAME_PROXY ? 6 : 3))
		return FRAME_BROKEN;
	if (!nested_well(data, size))
		return FRAME_BROKEN;
	/* As PROXY it is longer by a head, and by one more for every process above. */
	if (2 + length + (size_t)FRAME_HEAD_CHILD * (depth + 1) > FRAME_SIZE_MAX)
		return FRAME_BROKEN;
	*ret_size = 2 + length;
	return FRAME_GOOD;
}

enum frame_state frame_downwards(const uint8_t *data, size_t size, size_t *ret_size)
{
	size_t length, type;

	if (size < FRAME_HEAD) {
		length = size >= 2 ? frame_u16(data) : 4;
		return length < 4 && length != 2 ? FRAME_BROKEN : FRAME_SHORT;
	}
	length = frame_u16(data);
	type = frame_u16(data + 2);
	if ((type == FRAME_STDIN && length < 6) || (type == FRAME_CALL && length < 4) ||
	    (type == FRAME_LINE && length != 2) ||
	    (type != FRAME_STDIN && type != FRAME_CALL && type != FRAME_LINE))
		return FRAME_BROKEN;
	*ret_size = 2 + length;
	return FRAME_GOOD;
}
