// SPDX-License-Identifier: MIT
/* Calls that confine this process: capabilities, user namespaces, Landlock, seccomp in words. */
#include "port/call-functions.h"

#include "port/seccomp-policy.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* ---- capabilities: sets of 64 bits, in two halves ---- */

enum { HALVES = 2 };

CALL(capget)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3,
						 (int)arguments[0].number };
	struct __user_cap_data_struct data[HALVES];

	if (syscall(SYS_capget, &head, data) < 0)
		return reply_errno(reply, errno);
	reply_ok_tuple(reply, 2);
	etf_put_tuple(reply, 3);
	etf_put_uint(reply, (uint64_t)data[1].effective << 32 | data[0].effective);
	etf_put_uint(reply, (uint64_t)data[1].permitted << 32 | data[0].permitted);
	etf_put_uint(reply, (uint64_t)data[1].inheritable << 32 | data[0].inheritable);
	return CALL_REPLY;
}

CALL(capset)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[HALVES];

	for (int half = 0; half < HALVES; half++)
		data[half] = (struct __user_cap_data_struct){
			.effective = (uint32_t)(arguments[0].number >> (32 * half)),
			.permitted = (uint32_t)(arguments[1].number >> (32 * half)),
			.inheritable = (uint32_t)(arguments[2].number >> (32 * half)),
		};
	return reply_result(reply, syscall(SYS_capset, &head, data));
}

CALL(idmap)
{
	static const char *const maps[] = { "uid_map", "gid_map", "setgroups" };
	const char *text = arguments[2].text;
	_cleanup_(closep) int fd = -1;
	char path[64];
	size_t i = 0;

	while (i < ARRAY_SIZE(maps) && !streq(maps[i], arguments[1].text))
		i++;
	if (i == ARRAY_SIZE(maps))
		return reply_errno(reply, ENOTSUP);
	if (arguments[0].number)
		snprintf(path, sizeof(path), "/proc/%d/%s", (int)arguments[0].number, maps[i]);
	else
		snprintf(path, sizeof(path), "/proc/self/%s", maps[i]);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return reply_errno(reply, errno);
	return reply_result(reply, write(fd, text, strlen(text)));
}

/* ---- Landlock ---- */

CALL(landlock_create)
{
	struct landlock_ruleset_attr attributes = { .handled_access_fs = arguments[0].number };

	return reply_value(reply, syscall(SYS_landlock_create_ruleset, &attributes,
					  sizeof(attributes.handled_access_fs), 0));
}

CALL(landlock_allow)
{
	struct landlock_path_beneath_attr attributes = { .allowed_access = arguments[2].number };
	_cleanup_(closep) int fd = open(arguments[1].text, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return reply_errno(reply, errno);
	attributes.parent_fd = fd;
	return reply_result(reply, syscall(SYS_landlock_add_rule, (int)arguments[0].number,
					   LANDLOCK_RULE_PATH_BENEATH, &attributes, 0));
}

CALL(landlock_restrict)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return reply_errno(reply, errno);
	return reply_result(reply,
			    syscall(SYS_landlock_restrict_self, (int)arguments[0].number, 0));
}

/* ---- seccomp ---- */

/* What is wrong with the words is told as {error, einval, Sentence}. */
CALL(seccomp_policy)
{
	struct seccomp_policy policy = { 0 };
	char wrong[SECCOMP_POLICY_WRONG];
	long r = seccomp_policy_compile(arguments[0].text, &policy, wrong);

	if (r < 0) {
		etf_put_tuple(reply, 3);
		etf_put_atom(reply, "error");
		etf_put_atom(reply, "einval");
		etf_put_binary(reply, wrong, strlen(wrong));
		return CALL_REPLY;
	}
	r = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (r == 0)
		r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &policy.program);
	if (r == 0)
		port->plain_calls = true;
	return reply_result(reply, r);
}
