/* SPDX-License-Identifier: MIT */
/*
 * Erlang's external term format, as far as the port speaks it: reading terms out of a message
 * where they lie, and writing replies. Nothing is copied or allocated by reading.
 */
#pragma once

#include "util/macros.h"

enum etf_kind {
	ETF_NONE, /* the end, or no term that we know */
	ETF_INTEGER,
	ETF_ATOM,
	ETF_TUPLE,
	ETF_NIL,
	ETF_STRING, /* a list of bytes, packed */
	ETF_LIST,
	ETF_BINARY,
};

enum { ETF_VERSION = 131, ETF_ATOM_MAX = 1020 };

/* Where in a message we are. Reading moves on only when it returns true. */
struct etf_reader {
	const uint8_t *at, *end;
};

static inline void etf_reader_init(struct etf_reader *reader, const void *data, size_t size)
{
	reader->at = data;
	reader->end = reader->at + size;
}

enum etf_kind etf_peek(const struct etf_reader *reader);

bool etf_read_version(struct etf_reader *reader);
/* Integers of up to 64 bits; false for greater ones. */
bool etf_read_int(struct etf_reader *reader, int64_t *ret_value);
bool etf_read_uint(struct etf_reader *reader, uint64_t *ret_value);
bool etf_read_tuple(struct etf_reader *reader, size_t *ret_arity);
/* NIL is a list of none, STRING is not taken. After `count` elements comes a tail: etf_read_nil().
 */
bool etf_read_list(struct etf_reader *reader, size_t *ret_count);
bool etf_read_nil(struct etf_reader *reader);
/* The bytes lie in the message. */
bool etf_read_string(struct etf_reader *reader, const uint8_t **ret_data, size_t *ret_size);
bool etf_read_binary(struct etf_reader *reader, const uint8_t **ret_data, size_t *ret_size);
bool etf_read_atom(struct etf_reader *reader, const char **ret_name, size_t *ret_size);
/* Passes one term of any kind that we know, however deep. */
bool etf_skip(struct etf_reader *reader);

/*
 * Growing bytes. They begin in a buffer that somebody else owns and move to the heap when they
 * outgrow it. What does not fit in the end is dropped and `failed` is set.
 */
struct etf_writer {
	uint8_t *data;
	size_t size, room;
	size_t limit;  /* it never grows beyond this */
	uint8_t *heap; /* what etf_writer_done() frees */
	bool failed;
};

void etf_writer_init(struct etf_writer *writer, void *buffer, size_t room, size_t limit);
void etf_writer_done(struct etf_writer *writer);

/* Forgets all but the version byte. */
void etf_restart(struct etf_writer *writer);

void etf_put_version(struct etf_writer *writer);
void etf_put_int(struct etf_writer *writer, int64_t value);
void etf_put_uint(struct etf_writer *writer, uint64_t value);
void etf_put_atom(struct etf_writer *writer, const char *name);
/* An atom of lower-case letters, whatever the name has. */
void etf_put_atom_lower(struct etf_writer *writer, const char *name);
void etf_put_binary(struct etf_writer *writer, const void *data, size_t size);
/* Makes room for a binary whose bytes the caller fills in; NULL: no room. */
uint8_t *etf_put_binary_room(struct etf_writer *writer, size_t size);
/* Makes the binary whose bytes begin at `at`, the last that was put, shorter. */
void etf_shrink_binary(struct etf_writer *writer, uint8_t *at, size_t size);
void etf_put_tuple(struct etf_writer *writer, size_t arity);
/* `count` elements follow, and a NIL; for none the NIL alone is written. */
void etf_put_list(struct etf_writer *writer, size_t count);
/* A list whose length is known only afterwards: what is opened is closed with the count. */
size_t etf_open_list(struct etf_writer *writer);
void etf_close_list(struct etf_writer *writer, size_t opened, size_t count);
void etf_put_nil(struct etf_writer *writer);
/* A term that is encoded already, without its version byte. */
void etf_put_raw(struct etf_writer *writer, const void *data, size_t size);
