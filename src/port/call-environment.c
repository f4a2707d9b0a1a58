// SPDX-License-Identifier: MIT
/* Calls on the environment and the name that ps(1) shows. */
#include "port/call-functions.h"

#include "port/process-title.h"

extern char **environ;

CALL(clearenv)
{
	return reply_result(reply, clearenv() ? -1 : 0);
}

CALL(environ)
{
	size_t list = etf_open_list(reply), count = 0;

	for (char **entry = environ; entry && *entry; entry++, count++)
		etf_put_binary(reply, *entry, strlen(*entry));
	etf_close_list(reply, list, count);
	return CALL_REPLY;
}

CALL(getenv)
{
	const char *value;

	if (!*arguments[0].text)
		return reply_badarg(reply);
	value = getenv(arguments[0].text);
	if (!value)
		return reply_atom(reply, "false");
	etf_put_binary(reply, value, strlen(value));
	return CALL_REPLY;
}

CALL(setenv)
{
	return reply_result(reply,
			    setenv(arguments[0].text, arguments[1].text, (int)arguments[2].number));
}

CALL(unsetenv)
{
	return reply_result(reply, unsetenv(arguments[0].text));
}

CALL(setproctitle)
{
	return reply_result(reply, process_title_set(arguments[0].text));
}
