// SPDX-License-Identifier: MIT
/* The calls from 100 up, in the order in which they came: a number never changes. */
#include "port/call-functions.h"

/* clang-format off: a row a line */
#define ROW(name, arity, help, ...)                              \
	{                                                        \
#name, arity, call_##name, { __VA_ARGS__ }, help \
	}
#define NONE      \
	{         \
		0 \
	}
#define A(name, kind)                     \
	{                                 \
#name, ARGUMENT_##kind, 0 \
	}
#define C(name, kind, table)                              \
	{                                                 \
#name, ARGUMENT_##kind, CONSTANTS_##table \
	}

const struct call calls_more[] = {
	ROW(capabilities, 0, "the calls that there are: {Name, Arity, Number}", NONE),
	ROW(continued, 1, "a part of the reply that {more, Size} was told of", A(offset, UINT)),
	ROW(constants, 1, "the names and numbers of a table", A(table, ATOM)),
	ROW(statistics, 0, "what this process counted", NONE),
	ROW(child_statistics, 1, "what was counted of a child", A(pid, INT)),
	ROW(stat, 1, "a file's {stat, ...}", A(path, PATH)),
	ROW(lstat, 1, "the same of a symbolic link itself", A(path, PATH)),
	ROW(readlink, 1, "where a symbolic link leads", A(path, PATH)),
	ROW(rename, 2, "a file's other name", A(old, PATH), A(new, PATH)),
	ROW(umask, 1, "sets the mask, tells the old one", A(mask, UINT)),
	ROW(dup, 1, "another number for a descriptor", A(fd, INT)),
	ROW(pipe, 1, "{ok, {Reading, Writing}}", C(flags, FLAGS, FILE)),
	ROW(bind, 2, "a socket's address", A(fd, INT), A(address, STRUCT)),
	ROW(listen, 2, "a socket takes connections", A(fd, INT), A(backlog, INT)),
	ROW(accept, 2, "takes a connection", A(fd, INT), C(flags, FLAGS, SOCKET)),
	ROW(close_range, 2, "closes descriptors, but none that the port needs", A(first, UINT),
	    A(last, UINT)),
	ROW(pty, 0, "{ok, {Fd, Path}}: a terminal's controlling end, and its name", NONE),
	ROW(getppid, 0, "the parent's number", NONE),
	ROW(pidfd_open, 1, "a descriptor for a process", A(pid, INT)),
	ROW(pidfd_send_signal, 2, "a signal to just that process", A(fd, INT),
	    C(signal, CONST, SIGNAL)),
	ROW(kill_tree, 2, "a signal to a process and all below it; how many got it", A(pid, INT),
	    C(signal, CONST, SIGNAL)),
	ROW(deadline, 4, "a signal to a child after `after` ms, and SIGKILL `grace` ms later",
	    A(pid, INT), A(after, UINT), C(signal, CONST, SIGNAL), A(grace, UINT)),
	ROW(getprlimit, 2, "a limit of another process", A(pid, INT), C(resource, CONST, RLIMIT)),
	ROW(setprlimit, 3, "the same, set", A(pid, INT), C(resource, CONST, RLIMIT),
	    A(limit, RLIMIT)),
	ROW(sched_getscheduler, 1, "{ok, {Policy, Priority}}", A(pid, INT)),
	ROW(sched_setscheduler, 3, "policy and real-time priority", A(pid, INT),
	    C(policy, CONST, SCHED), A(priority, INT)),
	ROW(sched_getaffinity, 1, "the processors that it may run on", A(pid, INT)),
	ROW(sched_setaffinity, 2, "the same, set", A(pid, INT), A(processors, NUMBERS)),
	ROW(oom_score_adj, 2, "how soon it is killed for memory: -1000 to 1000", A(pid, INT),
	    A(value, INT)),
	ROW(capget, 1, "{ok, {Effective, Permitted, Inheritable}}", A(pid, INT)),
	ROW(capset, 3, "sets of this process", A(effective, UINT64), A(permitted, UINT64),
	    A(inheritable, UINT64)),
	ROW(idmap, 3, "writes uid_map, gid_map or setgroups of a process", A(pid, INT),
	    A(map, ATOM), A(text, STRING)),
	ROW(landlock_create, 1, "a ruleset for these accesses: {ok, Fd}",
	    C(access, FLAGS, LANDLOCK)),
	ROW(landlock_allow, 3, "accesses that are allowed below a path", A(fd, INT), A(path, PATH),
	    C(access, FLAGS, LANDLOCK)),
	ROW(landlock_restrict, 1, "holds this process to the ruleset", A(fd, INT)),
	ROW(seccomp_policy, 1, "holds this process to a policy in words", A(policy, STRING)),
	ROW(fork_into, 1, "a child that is born in a v2 cgroup", A(cgroup, PATH)),
	ROW(cgroup_mounts, 0, "[{Controllers, Path}] of each hierarchy; v2 has <<>>", NONE),
	ROW(cgroup_create, 1, "makes a group", A(cgroup, PATH)),
	ROW(cgroup_remove, 1, "removes an empty group", A(cgroup, PATH)),
	ROW(cgroup_set, 3, "writes a file of a group", A(cgroup, PATH), A(file, STRING),
	    A(value, STRING)),
	ROW(cgroup_get, 2, "reads a file of a group", A(cgroup, PATH), A(file, STRING)),
	ROW(cgroup_move, 2, "a process into a group", A(cgroup, PATH), A(pid, INT)),
	ROW(cgroup_freeze, 2, "1: freezes what is in a group; 0: lets it go on", A(cgroup, PATH),
	    A(frozen, INT)),
	ROW(cgroup_kill, 1, "SIGKILL to all in a group", A(cgroup, PATH)),
	ROW(cgroup_events, 1, "[{Name, Number}]: populated, frozen", A(cgroup, PATH)),
	ROW(describe, 0, "each call's {Name, Number, Help, [{Parameter, Kind, Table}]}", NONE),
	ROW(seek, 3, "lseek/3 that tells where it is then: {ok, Offset}", A(fd, INT),
	    A(offset, INT64), A(whence, INT)),
	ROW(fcntl_struct, 3, "fcntl with a structure of 32 bytes at least: {ok, R, Memory}",
	    A(fd, INT), C(command, CONST, FCNTL), C(argument, MEMORY, FCNTL)),
};
/* clang-format on */
const size_t calls_more_count = ARRAY_SIZE(calls_more);
