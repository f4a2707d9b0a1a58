// SPDX-License-Identifier: MIT
/*
 * The calls that a stock client knows, each at its number. A row whose function is missing is a
 * call of other systems. The order is the wire's: it never changes.
 */
#include "port/call-functions.h"

#define NONE(name, arity)                           \
	{                                           \
#name, arity, NULL, { { 0 } }, NULL \
	}
#define ROW(name, arity, ...)                                    \
	{                                                        \
#name, arity, call_##name, { __VA_ARGS__ }, NULL \
	}
#define A(name, kind)                     \
	{                                 \
#name, ARGUMENT_##kind, 0 \
	}
#define C(name, kind, table)                              \
	{                                                 \
#name, ARGUMENT_##kind, CONSTANTS_##table \
	}

const struct call calls_stock[CALLS_STOCK] = {
	ROW(alloc, 1, A(memory, STRUCT)),
	NONE(cap_constant, 1),
	NONE(cap_enter, 0),
	NONE(cap_fcntls_get, 1),
	NONE(cap_fcntls_limit, 2),
	NONE(cap_getmode, 0),
	NONE(cap_ioctls_limit, 2),
	NONE(cap_rights_limit, 2),
	ROW(chdir, 1, A(path, PATH)),
	ROW(chmod, 2, A(path, PATH), A(mode, UINT)),
	ROW(chown, 3, A(path, PATH), A(uid, UINT), A(gid, UINT)),
	ROW(chroot, 1, A(path, PATH)),
	ROW(clearenv, 0, { 0 }),
	ROW(clone, 1, C(flags, FLAGS, CLONE)),
	ROW(clone_constant, 1, A(name, ATOM)),
	ROW(close, 1, A(fd, INT)),
	ROW(connect, 2, A(fd, INT), A(address, STRUCT)),
	ROW(cpid, 0, { 0 }),
	ROW(environ, 0, { 0 }),
	ROW(errno_id, 1, A(number, INT)),
	ROW(execve, 3, A(path, PATH), A(argv, STRINGS), A(env, STRINGS)),
	ROW(execvp, 2, A(file, PATH), A(argv, STRINGS)),
	ROW(exit, 1, A(status, INT)),
	ROW(fcntl, 3, A(fd, INT), C(command, CONST, FCNTL), A(argument, INT)),
	ROW(fcntl_constant, 1, A(name, ATOM)),
	ROW(fexecve, 3, A(fd, INT), A(argv, STRINGS), A(env, STRINGS)),
	ROW(file_constant, 1, A(name, ATOM)),
	ROW(filter, 2, A(calls, BYTES), A(children, BYTES)),
	ROW(fork, 0, { 0 }),
	ROW(getcwd, 0, { 0 }),
	ROW(getenv, 1, A(name, STRING)),
	ROW(getgid, 0, { 0 }),
	ROW(getgroups, 0, { 0 }),
	ROW(gethostname, 0, { 0 }),
	ROW(getopt, 1, A(option, ATOM)),
	ROW(getpgrp, 0, { 0 }),
	ROW(getpid, 0, { 0 }),
	ROW(getpriority, 2, C(which, CONST, PRIO), C(who, CONST, PRIO)),
	ROW(getresgid, 0, { 0 }),
	ROW(getresuid, 0, { 0 }),
	ROW(getrlimit, 1, C(resource, CONST, RLIMIT)),
	ROW(getsid, 1, A(pid, INT)),
	ROW(getuid, 0, { 0 }),
	ROW(ioctl, 3, A(fd, INT), C(request, CONST64, IOCTL), C(argument, MEMORY, IOCTL)),
	ROW(ioctl_constant, 1, A(name, ATOM)),
	ROW(iolist_to_bin, 1, A(data, BYTES)),
	NONE(jail, 1),
	NONE(jail_attach, 1),
	NONE(jail_remove, 1),
	ROW(kill, 2, A(pid, INT), C(signal, CONST, SIGNAL)),
	ROW(link, 2, A(old, PATH), A(new, PATH)),
	ROW(lseek, 3, A(fd, INT), A(offset, INT64), A(whence, INT)),
	ROW(mkdir, 2, A(path, PATH), A(mode, UINT)),
	ROW(mkfifo, 2, A(path, PATH), A(mode, UINT)),
	ROW(mount, 6, A(source, STRING), A(target, PATH), A(fstype, STRING), C(flags, FLAGS, MOUNT),
	    A(data, BYTES), A(options, BYTES)),
	ROW(mount_constant, 1, A(name, ATOM)),
	ROW(open, 3, A(path, PATH), C(flags, FLAGS, FILE), A(mode, UINT)),
	ROW(pivot_root, 2, A(new, PATH), A(old, PATH)),
	NONE(pledge, 2),
	ROW(prctl, 5, C(option, CONST, PRCTL), C(arg2, MEMORY, PRCTL), C(arg3, MEMORY, PRCTL),
	    C(arg4, MEMORY, PRCTL), C(arg5, MEMORY, PRCTL)),
	ROW(prctl_constant, 1, A(name, ATOM)),
	NONE(procctl, 4),
	ROW(ptrace, 4, C(request, CONST, PTRACE), A(pid, INT), C(address, MEMORY, PTRACE),
	    C(data, MEMORY, PTRACE)),
	ROW(ptrace_constant, 1, A(name, ATOM)),
	ROW(read, 2, A(fd, INT), A(count, UINT64)),
	ROW(readdir, 1, A(path, PATH)),
	ROW(rlimit_constant, 1, A(name, ATOM)),
	ROW(rmdir, 1, A(path, PATH)),
	ROW(seccomp, 3, C(operation, CONST, SECCOMP), C(flags, CONST, SECCOMP), A(program, STRUCT)),
	ROW(seccomp_constant, 1, A(name, ATOM)),
	ROW(select, 4, A(readable, NUMBERS), A(writable, NUMBERS), A(exceptional, NUMBERS),
	    A(timeout, TIME)),
	ROW(setcpid, 3, A(pid, UINT), A(option, ATOM), A(value, INT)),
	ROW(setenv, 3, A(name, STRING), A(value, STRING), A(overwrite, INT)),
	ROW(setgid, 1, A(gid, UINT)),
	ROW(setgroups, 1, A(groups, NUMBERS)),
	ROW(sethostname, 1, A(name, BYTES)),
	ROW(setns, 2, A(fd, INT), C(type, CONST, CLONE)),
	ROW(setopt, 2, A(option, ATOM), A(value, INT)),
	ROW(setpgid, 2, A(pid, INT), A(pgid, INT)),
	ROW(setpriority, 3, C(which, CONST, PRIO), C(who, CONST, PRIO), A(priority, INT)),
	ROW(setproctitle, 1, A(title, STRING)),
	ROW(setresgid, 3, A(real, UINT), A(effective, UINT), A(saved, UINT)),
	ROW(setresuid, 3, A(real, UINT), A(effective, UINT), A(saved, UINT)),
	ROW(setrlimit, 2, C(resource, CONST, RLIMIT), A(limit, RLIMIT)),
	ROW(setsid, 0, { 0 }),
	ROW(setuid, 1, A(uid, UINT)),
	ROW(sigaction, 2, C(signal, CONST, SIGNAL), A(handler, HANDLER)),
	ROW(signal_constant, 1, A(name, ATOM)),
	ROW(socket, 3, C(domain, CONST, SOCKET), C(type, CONST, SOCKET), A(protocol, INT)),
	ROW(symlink, 2, A(old, PATH), A(new, PATH)),
	ROW(syscall_constant, 1, A(name, ATOM)),
	ROW(umount, 1, A(path, PATH)),
	ROW(umount2, 2, A(path, PATH), C(flags, FLAGS, MOUNT)),
	ROW(unlink, 1, A(path, PATH)),
	ROW(unsetenv, 1, A(name, STRING)),
	ROW(unshare, 1, C(flags, FLAGS, CLONE)),
	NONE(unveil, 2),
	ROW(version, 0, { 0 }),
	ROW(waitpid, 2, A(pid, INT), C(options, FLAGS, WAIT)),
	ROW(write, 2, A(fd, INT), A(data, BYTES)),
};
