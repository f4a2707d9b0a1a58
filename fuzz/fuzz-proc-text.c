// SPDX-License-Identifier: MIT
/*
 * stat, status, cgroup, environ and auxv of /proc/PID: a process chooses its name, its environment
 * and, where it may make groups, their names. The first byte says which of them the rest is.
 */
#include "util/proc-text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_list(const char *list, size_t size, size_t room)
{
	if (size > room || (size > 0 && list[size - 1] != '\0'))
		abort();
}

static void check_within(struct slice part, struct slice whole)
{
	if (part.data && (part.data < whole.data || part.size > whole.size ||
			  part.data + part.size > whole.data + whole.size))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "PATH", "", "HOME" };
	struct slice text = { (const char *)data + 1, size - 1 }, v2;
	_cleanup_(freep) char *list = malloc(size + 1);
	struct proc_status status;
	struct proc_stat stat;

	if (size == 0 || !list)
		return 0;
	switch (data[0] % 5) {
	case 0:
		if (proc_stat_parse(text, &stat) == 0)
			check_within(stat.comm, text);
		break;
	case 1:
		proc_status_parse(text, &status);
		break;
	case 2:
		check_list(list, proc_cgroup_parse(text, &v2, list), text.size + 1);
		check_within(v2, text);
		break;
	case 3:
		check_list(list, proc_environ_pick(text, names, ARRAY_SIZE(names), list),
			   text.size + 1);
		break;
	default:
		(void)proc_auxv_filename(text);
		break;
	}
	return 0;
}
