// SPDX-License-Identifier: MIT
/*
 * What arguments are called, and how wide they are: of an int the kernel reads 32 bits and ignores
 * what a program has put above them, so that a comparison of all 64 could be got around.
 */
#include "launch/seccomp-names.h"

#include "util/suggest.h"
#include "util/text.h"

#include <asm/ioctls.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* By place; one that ends with ":" has all 64 bits. "" has no name. */
static const struct {
	const char *call, *names[6];
} calls[] = {
	{ "accept4", { "fd", "", "", "flags" } },
	{ "bpf", { "command" } },
	{ "chmod", { "", "mode" } },
	{ "clone", { "flags:" } },
	{ "epoll_ctl", { "epfd", "operation", "fd" } },
	{ "execveat", { "fd", "", "", "", "flags" } },
	{ "fchmod", { "fd", "mode" } },
	{ "fchmodat", { "fd", "", "mode" } },
	{ "fcntl", { "fd", "command", "argument:" } },
	{ "futex", { "", "operation" } },
	{ "getsockopt", { "fd", "level", "option" } },
	{ "ioctl", { "fd", "request", "argument:" } },
	{ "keyctl", { "operation" } },
	{ "kill", { "pid", "signal" } },
	{ "madvise", { "", "size:", "advice" } },
	{ "memfd_create", { "", "flags" } },
	{ "mkdir", { "", "mode" } },
	{ "mknod", { "", "mode", "device" } },
	{ "mknodat", { "fd", "", "mode", "device" } },
	{ "mmap", { "", "size:", "protection:", "flags:", "fd", "offset:" } },
	{ "mount", { "", "", "", "flags:" } },
	{ "mprotect", { "", "size:", "protection:" } },
	{ "open", { "", "flags", "mode" } },
	{ "openat", { "fd", "", "flags", "mode" } },
	{ "perf_event_open", { "", "pid", "cpu", "group_fd", "flags:" } },
	{ "personality", { "persona" } },
	{ "pkey_mprotect", { "", "size:", "protection:", "key" } },
	{ "prctl", { "option", "argument:" } },
	{ "prlimit64", { "pid", "resource" } },
	{ "ptrace", { "request:", "pid" } },
	{ "renameat2", { "from_fd", "", "to_fd", "", "flags" } },
	{ "sched_setscheduler", { "pid", "policy" } },
	{ "seccomp", { "operation", "flags" } },
	{ "setns", { "fd", "flags" } },
	{ "setpriority", { "which", "who", "priority" } },
	{ "setresgid", { "real", "effective", "saved" } },
	{ "setresuid", { "real", "effective", "saved" } },
	{ "setsockopt", { "fd", "level", "option" } },
	{ "shutdown", { "fd", "how" } },
	{ "socket", { "domain", "type", "protocol" } },
	{ "socketpair", { "domain", "type", "protocol" } },
	{ "tgkill", { "pid", "tid", "signal" } },
	{ "tkill", { "tid", "signal" } },
	{ "umount2", { "", "flags" } },
	{ "unshare", { "flags" } },
	{ "write", { "fd", "", "size:" } },
};

#define CONSTANT(name)        \
	{                     \
#name, (name) \
	}
static const struct {
	const char *name;
	uint64_t value;
} constants[] = {
	CONSTANT(AF_ALG),
	CONSTANT(AF_BLUETOOTH),
	CONSTANT(AF_CAN),
	CONSTANT(AF_INET),
	CONSTANT(AF_INET6),
	CONSTANT(AF_NETLINK),
	CONSTANT(AF_PACKET),
	CONSTANT(AF_TIPC),
	CONSTANT(AF_UNIX),
	CONSTANT(AF_UNSPEC),
	CONSTANT(AF_VSOCK),
	CONSTANT(AF_XDP),
	CONSTANT(AT_EMPTY_PATH),
	CONSTANT(CLONE_FILES),
	CONSTANT(CLONE_FS),
	CONSTANT(CLONE_NEWCGROUP),
	CONSTANT(CLONE_NEWIPC),
	CONSTANT(CLONE_NEWNET),
	CONSTANT(CLONE_NEWNS),
	CONSTANT(CLONE_NEWPID),
	CONSTANT(CLONE_NEWTIME),
	CONSTANT(CLONE_NEWUSER),
	CONSTANT(CLONE_NEWUTS),
	CONSTANT(CLONE_SIGHAND),
	CONSTANT(CLONE_THREAD),
	CONSTANT(CLONE_VFORK),
	CONSTANT(CLONE_VM),
	CONSTANT(F_SETFL),
	CONSTANT(F_SETOWN),
	CONSTANT(MAP_ANONYMOUS),
	CONSTANT(MAP_FIXED),
	CONSTANT(MAP_HUGETLB),
	CONSTANT(MAP_LOCKED),
	CONSTANT(MAP_PRIVATE),
	CONSTANT(MAP_SHARED),
	CONSTANT(O_APPEND),
	CONSTANT(O_CREAT),
	CONSTANT(O_DIRECT),
	CONSTANT(O_EXCL),
	CONSTANT(O_NONBLOCK),
	CONSTANT(O_PATH),
	CONSTANT(O_RDONLY),
	CONSTANT(O_RDWR),
	CONSTANT(O_SYNC),
	CONSTANT(O_TMPFILE),
	CONSTANT(O_TRUNC),
	CONSTANT(O_WRONLY),
	CONSTANT(PROT_EXEC),
	CONSTANT(PROT_READ),
	CONSTANT(PROT_WRITE),
	CONSTANT(PR_CAPBSET_DROP),
	CONSTANT(PR_SET_DUMPABLE),
	CONSTANT(PR_SET_MM),
	CONSTANT(PR_SET_NAME),
	CONSTANT(PR_SET_NO_NEW_PRIVS),
	CONSTANT(PR_SET_PDEATHSIG),
	CONSTANT(PR_SET_SECCOMP),
	CONSTANT(PTRACE_TRACEME),
	CONSTANT(SIGKILL),
	CONSTANT(SIGSTOP),
	CONSTANT(SIGTERM),
	CONSTANT(SOCK_CLOEXEC),
	CONSTANT(SOCK_DGRAM),
	CONSTANT(SOCK_NONBLOCK),
	CONSTANT(SOCK_RAW),
	CONSTANT(SOCK_SEQPACKET),
	CONSTANT(SOCK_STREAM),
	CONSTANT(SOL_SOCKET),
	CONSTANT(S_IFBLK),
	CONSTANT(S_IFCHR),
	CONSTANT(S_IFMT),
	CONSTANT(S_ISGID),
	CONSTANT(S_ISUID),
	CONSTANT(TIOCLINUX),
	CONSTANT(TIOCSTI),
};

/* "argN" is the whole of it, "argN:32" its low half. */
static bool numbered(const char *name, unsigned *ret_index, bool *ret_narrow)
{
	bool narrow = strlen(name) == 7 && streq(name + 4, ":32");

	if (strncmp(name, "arg", 3) != 0 || name[3] < '0' || name[3] > '5' || (name[4] && !narrow))
		return false;
	*ret_index = (unsigned)(name[3] - '0');
	*ret_narrow = narrow;
	return true;
}

static const char *const *names_of(const char *call)
{
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (streq(calls[i].call, call))
			return calls[i].names;
	return NULL;
}

bool seccomp_argument(const char *call, const char *name, unsigned *ret_index, bool *ret_narrow)
{
	const char *const *names = names_of(call);
	size_t size = strlen(name);

	if (numbered(name, ret_index, ret_narrow))
		return true;
	for (unsigned i = 0; names && size && i < 6; i++) {
		const char *known = names[i];

		if (!known || strncmp(known, name, size) != 0 ||
		    (known[size] && !streq(known + size, ":")))
			continue;
		*ret_index = i;
		*ret_narrow = known[size] != ':';
		return true;
	}
	return false;
}

char *seccomp_argument_names(const char *call)
{
	const char *const *names = names_of(call);
	_cleanup_(text_done) struct text text = { 0 };

	for (unsigned i = 0; names && i < 6; i++)
		if (names[i] && *names[i])
			text_addf(&text, "%s%.*s", text.size ? ", " : "",
				  (int)strcspn(names[i], ":"), names[i]);
	return text.size ? text_take(&text) : NULL;
}

bool seccomp_constant(const char *name, uint64_t *ret_value)
{
	for (size_t i = 0; i < ARRAY_SIZE(constants); i++)
		if (streq(constants[i].name, name)) {
			*ret_value = constants[i].value;
			return true;
		}
	return false;
}

const char *seccomp_suggest_constant(const char *name)
{
	const char *names[ARRAY_SIZE(constants)];

	for (size_t i = 0; i < ARRAY_SIZE(constants); i++)
		names[i] = constants[i].name;
	return suggest(name, names, ARRAY_SIZE(constants));
}

/* ---- errnos ---- */

int seccomp_errno(const char *name)
{
	for (int i = 1; i < SECCOMP_ERRNOS_END; i++) {
		const char *known = seccomp_errno_name(i);

		if (known && streq(known, name))
			return i;
	}
	/* second names */
	if (streq(name, "EWOULDBLOCK"))
		return EWOULDBLOCK;
	return streq(name, "ENOTSUP") ? ENOTSUP : -ENOENT;
}

const char *seccomp_suggest_errno(const char *name)
{
	const char *names[SECCOMP_ERRNOS_END];
	size_t count = 0;

	for (int i = 1; i < SECCOMP_ERRNOS_END; i++) {
		const char *known = seccomp_errno_name(i);

		if (known)
			names[count++] = known;
	}
	return suggest(name, names, count);
}
