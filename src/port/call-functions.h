/* SPDX-License-Identifier: MIT */
/* The calls' functions, a file a subject; their rows are in calls-stock.c and calls-more.c. */
#pragma once

#include "port/calls.h"

#define CALL(name)                                                                        \
	enum call_result call_##name(struct port *port, const struct argument *arguments, \
				     struct etf_writer *reply)

/* call-file.c */
CALL(chdir);
CALL(chmod);
CALL(chown);
CALL(chroot);
CALL(close);
CALL(fcntl);
CALL(getcwd);
CALL(link);
CALL(lseek);
CALL(seek);
CALL(mkdir);
CALL(mkfifo);
CALL(mount);
CALL(open);
CALL(pivot_root);
CALL(read);
CALL(readdir);
CALL(rmdir);
CALL(symlink);
CALL(umount);
CALL(umount2);
CALL(unlink);
CALL(write);

/* call-identity.c */
CALL(getgid);
CALL(getgroups);
CALL(getresgid);
CALL(getresuid);
CALL(getuid);
CALL(setgid);
CALL(setgroups);
CALL(setresgid);
CALL(setresuid);
CALL(setuid);

/* call-process.c */
CALL(clone);
CALL(cpid);
CALL(exit);
CALL(fork);
CALL(gethostname);
CALL(getpgrp);
CALL(getpid);
CALL(getpriority);
CALL(getsid);
CALL(kill);
CALL(setcpid);
CALL(sethostname);
CALL(setns);
CALL(setpgid);
CALL(setpriority);
CALL(setsid);
CALL(unshare);
CALL(waitpid);

/* call-exec.c */
CALL(execve);
CALL(execvp);
CALL(fexecve);

/* call-option.c */
CALL(filter);
CALL(getopt);
CALL(getrlimit);
CALL(setopt);
CALL(setrlimit);
CALL(version);

/* call-memory.c */
CALL(alloc);
CALL(connect);
CALL(fcntl_struct);
CALL(ioctl);
CALL(iolist_to_bin);
CALL(prctl);
CALL(ptrace);
CALL(seccomp);

/* call-signal.c */
CALL(select);
CALL(sigaction);
CALL(socket);

/* call-environment.c */
CALL(clearenv);
CALL(environ);
CALL(getenv);
CALL(setenv);
CALL(setproctitle);
CALL(unsetenv);

/* call-constant.c */
CALL(clone_constant);
CALL(errno_id);
CALL(fcntl_constant);
CALL(file_constant);
CALL(ioctl_constant);
CALL(mount_constant);
CALL(prctl_constant);
CALL(ptrace_constant);
CALL(rlimit_constant);
CALL(seccomp_constant);
CALL(signal_constant);
CALL(syscall_constant);

/* call-more.c */
CALL(capabilities);
CALL(child_statistics);
CALL(constants);
CALL(continued);
CALL(describe);
CALL(statistics);

/* call-file-more.c */
CALL(accept);
CALL(bind);
CALL(close_range);
CALL(dup);
CALL(listen);
CALL(lstat);
CALL(pipe);
CALL(pty);
CALL(readlink);
CALL(rename);
CALL(stat);
CALL(umask);

/* call-process-more.c */
CALL(deadline);
CALL(getppid);
CALL(getprlimit);
CALL(kill_tree);
CALL(oom_score_adj);
CALL(pidfd_open);
CALL(pidfd_send_signal);
CALL(sched_getaffinity);
CALL(sched_getscheduler);
CALL(sched_setaffinity);
CALL(sched_setscheduler);
CALL(setprlimit);

/* call-confine.c */
CALL(capget);
CALL(capset);
CALL(idmap);
CALL(landlock_allow);
CALL(landlock_create);
CALL(landlock_restrict);
CALL(seccomp_policy);

/* call-cgroup.c */
CALL(cgroup_create);
CALL(cgroup_events);
CALL(cgroup_freeze);
CALL(cgroup_get);
CALL(cgroup_kill);
CALL(cgroup_mounts);
CALL(cgroup_move);
CALL(cgroup_remove);
CALL(cgroup_set);
CALL(fork_into);
