/* SPDX-License-Identifier: MIT */
/*
 * The arguments of calls: what a call's row says of them, and reading them out of a message.
 * Everything read lies in the message or in the arena, until the call is over.
 */
#pragma once

#include "port/arena.h"
#include "port/constants.h"
#include "port/etf.h"

enum argument_kind {
	ARGUMENT_INT,	  /* .number: 32 bits, with a sign */
	ARGUMENT_UINT,	  /* .number: 32 bits */
	ARGUMENT_INT64,	  /* .number, with a sign */
	ARGUMENT_UINT64,  /* .number */
	ARGUMENT_ATOM,	  /* .text */
	ARGUMENT_CONST,	  /* .number: a name of the row's table, or an integer of 32 bits */
	ARGUMENT_CONST64, /* the same, or one of 64 bits */
	ARGUMENT_FLAGS,	  /* .number: a list of such, or-ed */
	ARGUMENT_BYTES,	  /* .bytes, .size: an iolist */
	ARGUMENT_STRING,  /* .text: an iolist without zero bytes but at its end */
	ARGUMENT_PATH,	  /* the same, of less than PATH_MAX bytes */
	ARGUMENT_STRINGS, /* .strings: a list of iolists, ends with NULL; NULL for [] */
	ARGUMENT_NUMBERS, /* .numbers, .count: a list of integers of 32 bits */
	ARGUMENT_RLIMIT,  /* .pair: {alcove_rlimit, Current, Maximum} */
	ARGUMENT_TIME,	  /* .pair, .given: {alcove_timeval, Seconds, Microseconds}, or [] */
	ARGUMENT_HANDLER, /* .text: an atom; NULL for [] and <<>> */
	ARGUMENT_STRUCT,  /* .memory: a cstruct or [] */
	ARGUMENT_MEMORY,  /* .memory: an integer, a name of the table, bytes, a cstruct or [] */
};

/* A row's description of one argument; also what help and the JSON protocol call it. */
struct parameter {
	const char *name;
	enum argument_kind kind;
	enum constant_table table;
};

/* Memory that a call hands to the kernel, and tells afterwards. */
enum memory_kind { MEMORY_NONE, MEMORY_NUMBER, MEMORY_BYTES, MEMORY_STRUCT };

struct memory_member {
	bool pointer;
	void *data; /* where the bytes are; NULL for a null pointer */
	size_t size;
};

struct memory {
	enum memory_kind kind;
	uint64_t number;
	bool negative;
	void *data; /* of BYTES and STRUCT */
	size_t size;
	struct memory_member *members;
	size_t count;
};

struct argument {
	uint64_t number; /* of integers, sign-extended */
	char *text;
	const uint8_t *bytes;
	size_t size;
	char **strings;
	uint32_t *numbers;
	size_t count;
	uint64_t pair[2];
	bool given;
	struct memory *memory;
};

enum argument_result {
	ARGUMENT_GOOD,
	ARGUMENT_BAD,	  /* not of that kind, or out of its range */
	ARGUMENT_UNKNOWN, /* a name that is not in the table */
	ARGUMENT_NO_MEMORY,
};

enum { IOLIST_DEPTH = 16, STRUCT_MEMBERS = 1023, STRUCT_SIZE = 65535 };

enum argument_result argument_read(struct etf_reader *reader, const struct parameter *parameter,
				   struct arena *arena, struct argument *ret_argument);

/* ARGUMENT_MEMORY and ARGUMENT_STRUCT (memory.c). */
enum argument_result memory_read(struct etf_reader *reader, const struct parameter *parameter,
				 struct arena *arena, struct memory **ret_memory);
/* What to hand to the kernel. */
unsigned long memory_address(const struct memory *memory);
/* What is in it now: the number, the bytes, or the cstruct in the form in which it was given. */
void memory_put(struct etf_writer *writer, const struct memory *memory);
