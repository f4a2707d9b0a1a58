/* SPDX-License-Identifier: MIT */
/*
 * The frames of the wire: a length of two bytes that counts all after itself, a type of two bytes,
 * and for some types the process number that it is about or for. All big-endian.
 */
#pragma once

#include "util/macros.h"

enum frame_type {
	FRAME_STDIN = 0, /* downwards: bytes for a child */
	FRAME_STDOUT = 1,
	FRAME_STDERR = 2,
	FRAME_PROXY = 3, /* one frame of a child, or made up for it */
	FRAME_CALL = 4,	 /* downwards a call, upwards its reply */
	FRAME_EVENT = 5,
	FRAME_CTL = 6,
	FRAME_PIPE = 7,
	/* Between our own processes, never seen by a controller: what follows on this pipe is no
	 * frame any more if the child's execve(2) succeeds, which its control socket tells. */
	FRAME_EXEC = 8,
	/* Downwards: a line is wanted (lines.c); and in the queue, with it. */
	FRAME_LINE = 0x7265,
};

enum {
	FRAME_HEAD = 4,	      /* length and type */
	FRAME_HEAD_CHILD = 8, /* and a process number */
	FRAME_CALL_HEAD = 6,  /* downwards: length, type and the call's number */
	FRAME_LENGTH_MAX = 65535,
	FRAME_SIZE_MAX = 2 + FRAME_LENGTH_MAX,
	FRAME_DEPTH_MAX = 255,
};

/* How many bytes a term or a piece of output may have that a process of this depth sends: every
 * process above it puts 8 bytes in front. */
static inline size_t frame_room(unsigned depth)
{
	return FRAME_LENGTH_MAX - (size_t)FRAME_HEAD_CHILD * (depth + 1);
}

static inline uint16_t frame_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t frame_u32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline void frame_put_u16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline void frame_put_u32(uint8_t *at, uint32_t value)
{
	frame_put_u16(at, value >> 16);
	frame_put_u16(at + 2, value & 0xffff);
}

/* The head of a frame whose content after it has `size` bytes. */
void frame_put_head(uint8_t head[FRAME_HEAD], enum frame_type type, size_t size);
void frame_put_head_child(uint8_t head[FRAME_HEAD_CHILD], enum frame_type type, int32_t pid,
			  size_t size);

enum frame_state {
	FRAME_GOOD,   /* the head is there, and *ret_size is the whole frame's size */
	FRAME_SHORT,  /* more bytes are needed to know */
	FRAME_BROKEN, /* this can be no frame */
};

/*
 * What stands at the beginning of `data`, which came from a child of a process of this depth. The
 * frame may be longer than what is there so far. Upwards only types 1 to 8 are frames, and none
 * may be too long to be passed on.
 */
enum frame_state frame_upwards(const uint8_t *data, size_t size, unsigned depth, size_t *ret_size);

/* The same for what comes from above: calls, and bytes for a child. */
enum frame_state frame_downwards(const uint8_t *data, size_t size, size_t *ret_size);
