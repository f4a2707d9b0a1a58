// SPDX-License-Identifier: MIT
/*
 * without CALL ERRNO PROGRAM [ARGUMENT...]: executes the program where a system call (a number, or
 * "bpf" or "fanotify_init") answers with an error (a number, or ENOSYS, EPERM): an older or
 * stricter kernel.
 */
#include "util/macros.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static long number(const char *text)
{
	static const struct {
		const char *name;
		long value;
	} names[] = {
		{ "ENOSYS", ENOSYS },
		{ "EPERM", EPERM },
		{ "bpf", SYS_bpf },
		{ "fanotify_init", SYS_fanotify_init },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (streq(names[i].name, text))
			return names[i].value;
	return strtol(text, NULL, 10);
}

int main(int argc, char **argv)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { .len = ARRAY_SIZE(filter), .filter = filter };

	if (argc < 4)
		return 2;
	filter[1].k = (uint32_t)number(argv[1]);
	filter[2].k |= (uint32_t)number(argv[2]);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0) {
		perror("without: seccomp");
		return 1;
	}
	execvp(argv[3], argv + 3);
	perror("without: cannot execute");
	return 1;
}
