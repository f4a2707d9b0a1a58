// SPDX-License-Identifier: MIT
/* Calls about the calls, and about this process. */
#include "port/call-functions.h"

#include "port/signals.h"

CALL(capabilities)
{
	size_t list = etf_open_list(reply), count = 0;

	for (size_t i = 0; i < calls_count(); i++) {
		const struct call *call = call_row(i);

		if (!call->function)
			continue;
		count++;
		etf_put_tuple(reply, 3);
		etf_put_atom(reply, call->name);
		etf_put_uint(reply, call->arity);
		etf_put_uint(reply, i);
	}
	etf_close_list(reply, list, count);
	return CALL_REPLY;
}

static const char *kind_name(enum argument_kind kind)
{
	static const char *const names[] = {
		[ARGUMENT_INT] = "int",		[ARGUMENT_UINT] = "uint",
		[ARGUMENT_INT64] = "int64",	[ARGUMENT_UINT64] = "uint64",
		[ARGUMENT_ATOM] = "atom",	[ARGUMENT_CONST] = "const",
		[ARGUMENT_CONST64] = "const64", [ARGUMENT_FLAGS] = "flags",
		[ARGUMENT_BYTES] = "bytes",	[ARGUMENT_STRING] = "string",
		[ARGUMENT_PATH] = "path",	[ARGUMENT_STRINGS] = "strings",
		[ARGUMENT_NUMBERS] = "numbers", [ARGUMENT_RLIMIT] = "rlimit",
		[ARGUMENT_TIME] = "time",	[ARGUMENT_HANDLER] = "handler",
		[ARGUMENT_STRUCT] = "struct",	[ARGUMENT_MEMORY] = "memory",
	};

	return names[kind];
}

/* Its table, or `none`. */
static const char *parameter_table(const struct parameter *parameter)
{
	switch (parameter->kind) {
	case ARGUMENT_CONST:
	case ARGUMENT_CONST64:
	case ARGUMENT_FLAGS:
	case ARGUMENT_MEMORY:
		return constant_table_name(parameter->table);
	default:
		return "none";
	}
}

CALL(describe)
{
	size_t list = etf_open_list(reply), count = 0;

	for (size_t i = 0; i < calls_count(); i++) {
		const struct call *call = call_row(i);

		if (!call->function)
			continue;
		count++;
		etf_put_tuple(reply, 4);
		etf_put_atom(reply, call->name);
		etf_put_uint(reply, i);
		etf_put_binary(reply, call->help, strlen(call->help));
		etf_put_list(reply, call->arity);
		for (size_t j = 0; j < call->arity; j++) {
			const struct parameter *parameter = &call->parameters[j];

			etf_put_tuple(reply, 3);
			etf_put_atom(reply, parameter->name);
			etf_put_atom(reply, kind_name(parameter->kind));
			etf_put_atom(reply, parameter_table(parameter));
		}
		etf_put_nil(reply);
	}
	etf_close_list(reply, list, count);
	return CALL_REPLY;
}

/* {ok, Bytes} without the bytes. */
enum { OK_BINARY_SIZE = 1 + 2 + 4 + 5 };

CALL(continued)
{
	size_t offset = (size_t)arguments[0].number;
	size_t room = frame_room(port->depth) - OK_BINARY_SIZE;

	if (!port->kept || offset > port->kept_size)
		return reply_errno(reply, ENODATA);
	reply_ok_tuple(reply, 2);
	etf_put_binary(reply, port->kept + offset, MIN(room, port->kept_size - offset));
	return CALL_REPLY;
}

CALL(constants)
{
	const struct constant *rows;
	size_t count;

	for (int table = 0; table < CONSTANTS_COUNT; table++) {
		if (!streq(constant_table_name((enum constant_table)table), arguments[0].text))
			continue;
		rows = constant_rows((enum constant_table)table, &count);
		etf_put_list(reply, count);
		for (size_t i = 0; i < count; i++) {
			etf_put_tuple(reply, 2);
			etf_put_atom(reply, rows[i].name);
			etf_put_uint(reply, rows[i].value);
		}
		etf_put_nil(reply);
		return CALL_REPLY;
	}
	return reply_errno(reply, ENOTSUP);
}

struct number {
	const char *name;
	uint64_t value;
};

static enum call_result put_numbers(struct etf_writer *reply, const struct number *numbers,
				    size_t count)
{
	etf_put_list(reply, count);
	for (size_t i = 0; i < count; i++) {
		etf_put_tuple(reply, 2);
		etf_put_atom(reply, numbers[i].name);
		etf_put_uint(reply, numbers[i].value);
	}
	etf_put_nil(reply);
	return CALL_REPLY;
}

CALL(statistics)
{
	const struct number numbers[] = {
		{ "depth", port->depth },
		{ "children", port->children.living },
		{ "calls", port->counters.calls },
		{ "badpid", port->counters.badpid },
		{ "replies_too_long", port->counters.replies_too_long },
		{ "control_invalid", port->counters.control_invalid },
		{ "direct_refused", port->counters.direct_refused },
		{ "direct_invalid", port->counters.direct_invalid },
		{ "lines_full", port->counters.lines_full },
		{ "output_missing", port->counters.output_missing },
		{ "signals_lost", signals_lost() },
	};

	return put_numbers(reply, numbers, ARRAY_SIZE(numbers));
}

CALL(child_statistics)
{
	const struct child *child = children_find(&port->children, (pid_t)arguments[0].number);
	const struct child_counters *counters;

	if (!child)
		return reply_errno(reply, ESRCH);
	counters = &child->counters;
	const struct number numbers[] = {
		{ "executed", child->executed },
		{ "stdin_bytes", counters->in_bytes },
		{ "stdin_waiting", child_bytes_left(&child->queue) },
		{ "stdin_refused", counters->in_refused },
		{ "stdout_bytes", counters->out_bytes },
		{ "stderr_bytes", counters->err_bytes },
		{ "stdout_invalid", counters->out_invalid },
		{ "frames_cut", counters->frames_cut },
	};

	return put_numbers(reply, numbers, ARRAY_SIZE(numbers));
}
