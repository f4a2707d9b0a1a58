// SPDX-License-Identifier: MIT
/* Calls on the control process itself: options, limits, filters. */
#include "port/call-functions.h"

#include "port/options.h"

#include <sys/resource.h>

CALL(version)
{
	static const char version[] = "1.0.1"; /* of the calls, which clients ask for */

	etf_put_binary(reply, version, strlen(version));
	return CALL_REPLY;
}

CALL(getopt)
{
	const int64_t *value = option_find(port, arguments[0].text, port->filtered);

	if (!value)
		return reply_atom(reply, "false");
	etf_put_int(reply, *value);
	return CALL_REPLY;
}

CALL(setopt)
{
	switch (option_set(port, arguments[0].text, (int64_t)arguments[1].number, port->filtered)) {
	case OPTION_SET:
		return reply_atom(reply, "true");
	case OPTION_REFUSED:
		return reply_atom(reply, "false");
	case OPTION_INVALID:
		break;
	}
	return reply_badarg(reply);
}

CALL(getrlimit)
{
	struct rlimit limit;

	if (getrlimit((__rlimit_resource_t)arguments[0].number, &limit) < 0)
		return reply_errno(reply, errno);
	return reply_limit(reply, limit.rlim_cur, limit.rlim_max);
}

/* The descriptors of the children that there are must fit, and those of all that there may be. */
CALL(setrlimit)
{
	const uint64_t *pair = arguments[1].pair;
	struct rlimit limit = { .rlim_cur = pair[0], .rlim_max = pair[1] };
	bool descriptors = arguments[0].number == RLIMIT_NOFILE;
	int greatest = children_greatest_fd(&port->children);

	if (descriptors && ((port->children.living + 1) * FDS_PER_CHILD > limit.rlim_cur ||
			    (greatest >= 0 && (rlim_t)greatest > limit.rlim_cur)))
		return reply_errno(reply, EINVAL);
	if (setrlimit((__rlimit_resource_t)arguments[0].number, &limit) < 0)
		return reply_errno(reply, errno);
	if (descriptors)
		port->options.maxchild =
			MIN(port->options.maxchild, port_children_possible(limit.rlim_cur));
	return reply_ok(reply);
}

static bool add_filter(uint8_t *filter, const struct argument *bits)
{
	bool any = false;

	for (size_t i = 0; i < bits->size; i++) {
		filter[i] |= bits->bytes[i];
		any = any || bits->bytes[i];
	}
	return any;
}

CALL(filter)
{
	if (arguments[0].size > FILTER_SIZE || arguments[1].size > FILTER_SIZE)
		return reply_badarg(reply);
	if (add_filter(port->filter, &arguments[0]))
		port->filtered = true;
	if (add_filter(port->filter_children, &arguments[1]))
		port->filtered_children = true;
	return reply_ok(reply);
}
