// SPDX-License-Identifier: MIT
/* Calls on users and groups. The largest unsigned number stands for "as it is". */
#include "port/call-functions.h"

#include <grp.h>
#include <unistd.h>

static enum call_result reply_three(struct etf_writer *reply, int r, const uint32_t ids[3])
{
	if (r < 0)
		return reply_errno(reply, errno);
	reply_ok_tuple(reply, 4);
	for (size_t i = 0; i < 3; i++)
		etf_put_uint(reply, ids[i]);
	return CALL_REPLY;
}

CALL(getgid)
{
	etf_put_uint(reply, getgid());
	return CALL_REPLY;
}

CALL(getuid)
{
	etf_put_uint(reply, getuid());
	return CALL_REPLY;
}

/* The last one first, as clients have always got them. */
CALL(getgroups)
{
	int count = getgroups(0, NULL);
	gid_t *groups =
		count < 0 ? NULL : arena_take(&port->arena, ((size_t)count + 1) * sizeof(*groups));

	if (!groups)
		return reply_errno(reply, count < 0 ? errno : ENOMEM);
	count = getgroups(count, groups);
	if (count < 0)
		return reply_errno(reply, errno);
	reply_ok_tuple(reply, 2);
	etf_put_list(reply, (size_t)count);
	while (count--)
		etf_put_uint(reply, groups[count]);
	etf_put_nil(reply);
	return CALL_REPLY;
}

CALL(getresgid)
{
	uint32_t ids[3];

	return reply_three(reply, getresgid(&ids[0], &ids[1], &ids[2]), ids);
}

CALL(getresuid)
{
	uint32_t ids[3];

	return reply_three(reply, getresuid(&ids[0], &ids[1], &ids[2]), ids);
}

CALL(setgid)
{
	return reply_result(reply, setgid((gid_t)arguments[0].number));
}

CALL(setgroups)
{
	return reply_result(reply, setgroups(arguments[0].count, arguments[0].numbers));
}

CALL(setresgid)
{
	return reply_result(reply, setresgid((gid_t)arguments[0].number, (gid_t)arguments[1].number,
					     (gid_t)arguments[2].number));
}

CALL(setresuid)
{
	return reply_result(reply, setresuid((uid_t)arguments[0].number, (uid_t)arguments[1].number,
					     (uid_t)arguments[2].number));
}

CALL(setuid)
{
	return reply_result(reply, setuid((uid_t)arguments[0].number));
}
