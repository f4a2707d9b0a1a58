# SPDX-License-Identifier: MIT
"""The numbers of the wire: message types and the hundred calls, with their arities."""
import struct

STDIN, STDOUT, STDERR, PROXY, CALL, EVENT, CTL, PIPE = range(8)
MESSAGE_MAX = 65535  # on the wire, the two bytes of the length included

CALLS = '''
alloc/1 cap_constant/1 cap_enter/0 cap_fcntls_get/1 cap_fcntls_limit/2 cap_getmode/0
cap_ioctls_limit/2 cap_rights_limit/2 chdir/1 chmod/2 chown/3 chroot/1 clearenv/0 clone/1
clone_constant/1 close/1 connect/2 cpid/0 environ/0 errno_id/1 execve/3 execvp/2 exit/1 fcntl/3
fcntl_constant/1 fexecve/3 file_constant/1 filter/2 fork/0 getcwd/0 getenv/1 getgid/0 getgroups/0
gethostname/0 getopt/1 getpgrp/0 getpid/0 getpriority/2 getresgid/0 getresuid/0 getrlimit/1
getsid/1 getuid/0 ioctl/3 ioctl_constant/1 iolist_to_bin/1 jail/1 jail_attach/1 jail_remove/1
kill/2 link/2 lseek/3 mkdir/2 mkfifo/2 mount/6 mount_constant/1 open/3 pivot_root/2 pledge/2
prctl/5 prctl_constant/1 procctl/4 ptrace/4 ptrace_constant/1 read/2 readdir/1 rlimit_constant/1
rmdir/1 seccomp/3 seccomp_constant/1 select/4 setcpid/3 setenv/3 setgid/1 setgroups/1
sethostname/1 setns/2 setopt/2 setpgid/2 setpriority/3 setproctitle/1 setresgid/3 setresuid/3
setrlimit/2 setsid/0 setuid/1 sigaction/2 signal_constant/1 socket/3 symlink/2 syscall_constant/1
umount/1 umount2/2 unlink/1 unsetenv/1 unshare/1 unveil/2 version/0 waitpid/2 write/2
'''.split()
NUMBERS = {entry.split('/')[0]: number for number, entry in enumerate(CALLS)}
ARITIES = {entry.split('/')[0]: int(entry.split('/')[1]) for entry in CALLS}
BSD = ('cap_constant cap_enter cap_fcntls_get cap_fcntls_limit cap_getmode cap_ioctls_limit '
       'cap_rights_limit jail jail_attach jail_remove pledge procctl unveil').split()
assert len(CALLS) == 100 and len(BSD) == 13
assert NUMBERS['getpid'] == 36 and NUMBERS['write'] == 99


def frame(kind, body):
    return struct.pack('>HH', len(body) + 2, kind) + body


def call(number, arguments):
    """A call's message; `arguments` are the bytes of the term."""
    return frame(CALL, struct.pack('>H', number) + arguments)


def within(pids, message):
    """A message for the process at `pids`, as the root of the tree gets it."""
    for pid in reversed(pids):
        message = frame(STDIN, struct.pack('>i', pid) + message)
    return message


def reply_limit(depth):
    """The most bytes of a term, and of a chunk of output, at a depth."""
    return MESSAGE_MAX - 8 * (depth + 1)
