// SPDX-License-Identifier: MIT
/* Calls about the calls. */
#include "port/call-functions.h"

CALL(capabilities)
{
	for (size_t i = 0; i < calls_count(); i++) {
		const struct call *call = call_row(i);

		if (!call->function)
			continue;
		etf_put_list(reply, 1);
		etf_put_tuple(reply, 3);
		etf_put_atom(reply, call->name);
		etf_put_uint(reply, call->arity);
		etf_put_uint(reply, i);
	}
	etf_put_nil(reply);
	return CALL_REPLY;
}
