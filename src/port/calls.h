/* SPDX-License-Identifier: MIT */
/*
 * The calls: a table of rows by number, and making them. A call's function gets its arguments
 * checked and writes its reply's term.
 */
#pragma once

#include "port/arguments.h"
#include "port/port.h"

enum { CALL_ARGUMENTS_MAX = 6, CALLS_STOCK = 100 };

enum call_result {
	CALL_REPLY,
	CALL_SILENT, /* nothing is answered; the process may be another one by now */
};

typedef enum call_result (*call_function)(struct port *port, const struct argument *arguments,
					  struct etf_writer *reply);

struct call {
	const char *name;
	size_t arity;
	call_function function; /* NULL: a call of other systems, answered by `undef` */
	struct parameter parameters[CALL_ARGUMENTS_MAX];
	const char *help; /* of calls that there are */
};

/* The row, or NULL for a number that is no call's. */
const struct call *call_row(size_t number);
size_t calls_count(void);
/* The number, or -1. */
int call_number(const char *name, size_t arity);

/* Makes the call that stands in a CALL message behind its head, and sends the reply. */
void calls_dispatch(struct port *port, const uint8_t *data, size_t size);

/* The subjects' rows (calls-stock.c, calls-more.c). */
extern const struct call calls_stock[CALLS_STOCK];
extern const struct call calls_more[];
extern const size_t calls_more_count;

/* ---- replies ---- */

enum call_result reply_ok(struct etf_writer *reply);
/* {error, Name} for a positive errno. */
enum call_result reply_errno(struct etf_writer *reply, int number);
enum call_result reply_badarg(struct etf_writer *reply);
enum call_result reply_atom(struct etf_writer *reply, const char *atom);
/* ok, or {error, errno} where `r` is negative. */
enum call_result reply_result(struct etf_writer *reply, long r);
/* {ok, R}, or {error, errno} where `r` is negative. */
enum call_result reply_value(struct etf_writer *reply, long r);
/* {ok, {alcove_rlimit, Current, Maximum}} */
enum call_result reply_limit(struct etf_writer *reply, uint64_t current, uint64_t maximum);
/* The beginning of {ok, ...}: the caller adds `arity - 1` terms. */
void reply_ok_tuple(struct etf_writer *reply, size_t arity);
