// SPDX-License-Identifier: MIT
/*
 * Numbers come from libseccomp, which knows them for every processor; what is newer than the one
 * installed has the same number everywhere since Linux 5.1, and stands here.
 */
#include "launch/seccomp-names.h"

#include <seccomp.h>

static const struct {
	const char *name;
	int number;
} newer[] = {
	{ "cachestat", 451 },	      { "fchmodat2", 452 },	   { "map_shadow_stack", 453 },
	{ "futex_wake", 454 },	      { "futex_wait", 455 },	   { "futex_requeue", 456 },
	{ "statmount", 457 },	      { "listmount", 458 },	   { "lsm_get_self_attr", 459 },
	{ "lsm_set_self_attr", 460 }, { "lsm_list_modules", 461 }, { "mseal", 462 },
	{ "setxattrat", 463 },	      { "getxattrat", 464 },	   { "listxattrat", 465 },
	{ "removexattrat", 466 },     { "open_tree_attr", 467 },   { "file_getattr", 468 },
	{ "file_setattr", 469 },      { "listns", 470 },
#ifdef __x86_64__
	{ "uretprobe", 335 },	      { "uprobe", 336 },
#endif
};

int seccomp_call_number(const char *name)
{
	int number = seccomp_syscall_resolve_name(name);

	if (number >= 0)
		return number;
	for (size_t i = 0; i < ARRAY_SIZE(newer); i++)
		if (streq(newer[i].name, name))
			return newer[i].number;
	return number == __NR_SCMP_ERROR ? -ENOENT : -EOPNOTSUPP;
}

char *seccomp_call_name(uint32_t number)
{
	char *name;

	if (number >= SECCOMP_CALLS_END)
		return NULL;
	name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int)number);
	for (size_t i = 0; !name && i < ARRAY_SIZE(newer); i++)
		if (newer[i].number == (int)number)
			name = strdup(newer[i].name);
	return name;
}

const char *seccomp_errno_name(int number)
{
	return strerrorname_np(number);
}
