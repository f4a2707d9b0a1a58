// SPDX-License-Identifier: MIT
/*
 * From a message to a call: its number, whether a filter forbids it, its arguments by its row, its
 * reply. A call that is not known, has the wrong number of arguments or wrong ones is answered by
 * `badarg`, one that is forbidden or another system's by `undef`.
 *
 * Calls from 100 up are not known to the filters of a client that has only the stock ones: any
 * filter forbids all of them.
 */
#include "port/calls.h"

#include "port/output.h"

const struct call *call_row(size_t number)
{
	if (number < CALLS_STOCK)
		return &calls_stock[number];
	number -= CALLS_STOCK;
	return number < calls_more_count ? &calls_more[number] : NULL;
}

size_t calls_count(void)
{
	return CALLS_STOCK + calls_more_count;
}

int call_number(const char *name, size_t arity)
{
	for (size_t i = 0; i < calls_count(); i++)
		if (streq(call_row(i)->name, name) && call_row(i)->arity == arity)
			return (int)i;
	return -1;
}

static bool forbidden(const struct port *port, size_t number)
{
	if (!port->filtered)
		return false;
	return number >= CALLS_STOCK || port->filter[number / 8] & 1 << number % 8;
}

static enum argument_result read_arguments(struct port *port, const struct call *call,
					   struct etf_reader *reader, struct argument *arguments)
{
	size_t arity;

	if (!etf_read_version(reader) || !etf_read_tuple(reader, &arity) || arity != call->arity)
		return ARGUMENT_BAD;
	/* A call of another system has arguments of no kind. */
	for (size_t i = 0; call->function && i < arity; i++) {
		enum argument_result result =
			argument_read(reader, &call->parameters[i], &port->arena, &arguments[i]);

		if (result != ARGUMENT_GOOD)
			return result;
	}
	return ARGUMENT_GOOD;
}

static enum call_result make(struct port *port, size_t number, struct etf_reader *reader,
			     struct etf_writer *reply)
{
	struct argument arguments[CALL_ARGUMENTS_MAX];
	const struct call *call = call_row(number);

	if (!call)
		return reply_badarg(reply);
	if (forbidden(port, number))
		return reply_atom(reply, "undef");
	switch (read_arguments(port, call, reader, arguments)) {
	case ARGUMENT_BAD:
		return reply_badarg(reply);
	case ARGUMENT_UNKNOWN:
		return reply_errno(reply, ENOTSUP);
	case ARGUMENT_NO_MEMORY:
		return reply_errno(reply, ENOMEM);
	case ARGUMENT_GOOD:
		break;
	}
	if (!call->function)
		return reply_atom(reply, "undef");
	return call->function(port, arguments, reply);
}

void calls_dispatch(struct port *port, const uint8_t *data, size_t size)
{
	struct etf_reader reader;

	port->counters.calls++;
	etf_reader_init(&reader, data + 2, size - 2);
	if (make(port, frame_u16(data), &reader, output_begin(port)) == CALL_REPLY)
		output_term(port, FRAME_CALL);
	arena_reset(&port->arena);
}

enum call_result reply_atom(struct etf_writer *reply, const char *atom)
{
	etf_put_atom(reply, atom);
	return CALL_REPLY;
}

enum call_result reply_ok(struct etf_writer *reply)
{
	return reply_atom(reply, "ok");
}

enum call_result reply_badarg(struct etf_writer *reply)
{
	return reply_atom(reply, "badarg");
}

enum call_result reply_errno(struct etf_writer *reply, int number)
{
	etf_put_tuple(reply, 2);
	etf_put_atom(reply, "error");
	etf_put_atom(reply, errno_name(number));
	return CALL_REPLY;
}

enum call_result reply_result(struct etf_writer *reply, long r)
{
	return r < 0 ? reply_errno(reply, errno) : reply_ok(reply);
}

void reply_ok_tuple(struct etf_writer *reply, size_t arity)
{
	etf_put_tuple(reply, arity);
	etf_put_atom(reply, "ok");
}

enum call_result reply_value(struct etf_writer *reply, long r)
{
	if (r < 0)
		return reply_errno(reply, errno);
	reply_ok_tuple(reply, 2);
	etf_put_int(reply, r);
	return CALL_REPLY;
}

enum call_result reply_limit(struct etf_writer *reply, uint64_t current, uint64_t maximum)
{
	reply_ok_tuple(reply, 2);
	etf_put_tuple(reply, 3);
	etf_put_atom(reply, "alcove_rlimit");
	etf_put_uint(reply, current);
	etf_put_uint(reply, maximum);
	return CALL_REPLY;
}
