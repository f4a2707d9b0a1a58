# SPDX-License-Identifier: MIT
"""Each call by itself: what it is given, and what it must answer.

A row is made one level down, in a process of its own. In its arguments b'@/x' is the file x in
the case's folder, and a function is asked for the value with the Row's Place.
"""
import dataclasses
import os
import socket
import struct

from . import case, etf, protocol
from .case import Case, check, equal
from .etf import Atom, Raw

A = Atom
OK = A('ok')
BADARG = A('badarg')
UNDEF = A('undef')
FALSE, TRUE = A('false'), A('true')


def err(name):
    return A('error'), A(name)


def ok(*values):
    return (OK, *values)


class Where:
    """A process that a row is about."""

    def __init__(self, bench, port, at):
        self.bench, self.port, self.at = bench, port, at
        self.pid = at[-1] if at else port.pid

    def fill(self, value):
        if callable(value):
            return value(self)
        if isinstance(value, Raw):
            return value
        if isinstance(value, bytes) and value.startswith(b'@/'):
            return self.bench.path(value[2:].decode())
        if isinstance(value, list):
            return [self.fill(item) for item in value]
        if isinstance(value, tuple):
            return tuple(self.fill(item) for item in value)
        return value


@dataclasses.dataclass
class Row:
    name: str
    call: str
    arguments: list
    wanted: object  # the term, or a function (term, Where) that says whether it is right
    root: bool = False


def pid(where):
    return where.pid


def one_of(*terms):
    return lambda term, _: term in terms


def file_in(bench):
    bench.file('file', b'0123456789')
    os.mkdir(bench.folder / 'folder')
    os.symlink('file', bench.folder / 'link')


def play(row, bench, port, at):
    where = Where(bench, port, at)
    term = port.call(row.call, *where.fill(row.arguments), at=at)
    if callable(row.wanted):
        check(row.wanted(term, where), lambda: f'{row.call} answered {term!r}')
    else:
        equal(term, where.fill(row.wanted), row.call)


def as_case(row):
    def function(bench):
        file_in(bench)
        port = bench.port()
        play(row, bench, port, port.fork())
        # It lives on, and is in step.
    return Case(f'call {row.call}: {row.name}', function, root=row.root)


def is_int(term, _):
    return type(term) is int


def is_ok_int(term, _):
    return isinstance(term, tuple) and len(term) == 2 and term[0] == OK and type(term[1]) is int


def open_file(flags, mode=0):
    """Opens the file first; the value is its descriptor."""
    return lambda where: where.port.expect_ok('open', where.bench.path('file'), flags, mode,
                                              at=where.at)


READ = open_file([A('o_rdonly')])
WRITE = open_file([A('o_wronly')])
LONG_PATH = b'/' + b'x' * 5000


def lists(depth, inner=b'x'):
    value = inner
    for _ in range(depth):
        value = [value]
    return value


def alloc_pointers(term, _):
    return isinstance(term, tuple) and len(term) == 3 and term[0] == OK and len(term[1]) == 17 \
        and term[1][:1] == b'\1' and term[1][1:9] != bytes(8) \
        and term[2] == [b'\1', (A('ptr'), bytes(4)), (A('ptr'), b'xy')]


def alloc_null(term, _):
    return term == (OK, bytes(16), [bytes(8), bytes(8)])


def names_of_folder(term, where):
    return isinstance(term, tuple) and term[0] == OK and \
        sorted(term[1]) == sorted([b'.', b'..', *map(os.fsencode, os.listdir(where.bench.folder))])


def reply_is_groups(term, _):
    return isinstance(term, tuple) and term[0] == OK and sorted(term[1]) == sorted(os.getgroups())


def version(number, *arguments):
    return [Row(name, number, list(values), wanted) for name, values, wanted in arguments]


ROWS = [
    Row('one binary', 'alloc', [[b'abcd']], ok(b'abcd', [b'abcd'])),
    Row('pointers', 'alloc', [[b'\1', (A('ptr'), 4), (A('ptr'), b'xy')]], alloc_pointers),
    Row('null pointers', 'alloc', [[(A('ptr'), 0), (A('ptr'), b'')]], alloc_null),
    Row('1,023 members', 'alloc', [[b'x'] * 1023], ok(b'x' * 1023, [b'x'] * 1023)),
    Row('1,024 members', 'alloc', [[b'x'] * 1024], BADARG),
    Row('no list', 'alloc', [b'abcd'], BADARG),
    Row('an empty list', 'alloc', [[]], BADARG),
    Row('a list of bytes', 'alloc', [[1, 2, 3]], BADARG),
    Row('a pointer to nothing known', 'alloc', [[(A('ptr'), A('x'))]], BADARG),
    Row('a negative size', 'alloc', [[(A('ptr'), -1)]], BADARG),
    Row('a huge size', 'alloc', [[(A('ptr'), 1 << 40)]], BADARG),
    Row('a tuple that is no pointer', 'alloc', [[(A('pointer'), 4)]], BADARG),

    Row('a folder', 'chdir', [b'/'], OK),
    Row('a path as a list of bytes', 'chdir', [list(b'/tmp')], OK),
    Row('a path as a nested list', 'chdir', [[b'/', [b't', [list(b'mp')]]]], OK),
    Row('none there', 'chdir', [b'@/none'], err('enoent')),
    Row('a file', 'chdir', [b'@/file'], err('enotdir')),
    Row('a path that is too long', 'chdir', [LONG_PATH], one_of(BADARG, err('enametoolong'))),
    Row('an integer', 'chdir', [7], BADARG),
    Row('an atom', 'chdir', [A('x')], BADARG),

    Row('a file', 'chmod', [b'@/file', 0o600], OK),
    Row('none there', 'chmod', [b'@/none', 0o600], err('enoent')),
    Row('a negative mode', 'chmod', [b'@/file', -1], BADARG),
    Row('a mode over 32 bits', 'chmod', [b'@/file', 1 << 32], BADARG),
    Row('a file', 'chown', [b'@/file', 1, 2], OK, root=True),
    Row('nobody changes', 'chown', [b'@/file', 4294967295, 4294967295], OK),
    Row('none there', 'chown', [b'@/none', 0, 0], err('enoent')),
    Row('a negative user', 'chown', [b'@/file', -1, 0], BADARG),
    Row('a user over 32 bits', 'chown', [b'@/file', 1 << 32, 0], BADARG),

    Row('a folder', 'chroot', [b'@/folder'], OK, root=True),
    Row('none there', 'chroot', [b'@/none'], err('enoent')),
    Row('a file', 'chroot', [b'@/file'], err('enotdir')),
    Row('all of it', 'clearenv', [], OK),

    Row('no such namespace', 'clone', [[A('clone_newnothing')]], err('enotsup')),
    Row('a binary', 'clone', [b'x'], BADARG),
    # CLONE_NEWNS with CLONE_FS
    Row('flags that the kernel refuses', 'clone', [0x20200], err('einval')),

    Row('a file', 'close', [READ], OK),
    Row('not open', 'close', [799], err('ebadf')),
    Row('a negative number', 'close', [-1], err('ebadf')),
    Row('a number over 32 bits', 'close', [1 << 33], BADARG),
    Row('an atom', 'close', [A('x')], BADARG),

    Row('not a socket', 'connect', [READ, []], err('enotsock')),
    Row('not open', 'connect', [799, []], err('ebadf')),
    Row('an address that is too long', 'connect', [799, [bytes(200)]], BADARG),
    Row('an atom for an address', 'connect', [0, A('x')], BADARG),

    Row('no child', 'cpid', [], []),
    Row('success is unknown', 'errno_id', [0], A('unknown')),
    Row('enoent', 'errno_id', [2], A('enoent')),
    Row('negative', 'errno_id', [-2], one_of(A('unknown'), BADARG)),
    Row('a large one', 'errno_id', [70000], A('unknown')),

    Row('none there', 'execve', [b'@/none', [b'x'], []], err('enoent')),
    Row('not executable', 'execve', [b'@/file', [b'x'], []], err('eacces')),
    Row('a folder', 'execve', [b'@/folder', [b'x'], []], err('eacces')),
    Row('arguments that are no list', 'execve', [b'/bin/true', b'x', []], BADARG),
    Row('an argument that is no text', 'execve', [b'/bin/true', [b'x', A('y')], []], BADARG),
    Row('an argument that is a number', 'execve', [b'/bin/true', [b'x', 300], []], BADARG),
    Row('an environment that is no list', 'execve', [b'/bin/true', [b'x'], 1], BADARG),
    Row('none there', 'execvp', [b'reeve-no-such-program', [b'x']], err('enoent')),
    Row('an atom', 'execvp', [A('true'), [b'x']], BADARG),
    Row('not open', 'fexecve', [799, [b'x'], []], err('ebadf')),
    Row('not executable', 'fexecve', [READ, [b'x'], []], err('eacces')),
    Row('a negative number', 'fexecve', [-1, [b'x'], []], one_of(err('ebadf'), err('einval'))),
    Row('an atom for a status', 'exit', [A('x')], BADARG),
    Row('a status over 32 bits', 'exit', [1 << 33], BADARG),

    Row('F_GETFD', 'fcntl', [0, A('f_getfd'), 0], ok(0)),
    Row('the command by number', 'fcntl', [0, 1, 0], ok(0)),
    Row('capital letters', 'fcntl', [0, A('F_GETFD'), 0], ok(0)),
    Row('not open', 'fcntl', [799, A('f_getfd'), 0], err('ebadf')),
    Row('no such command', 'fcntl', [0, A('f_nothing'), 0], err('enotsup')),
    Row('a number that is no command', 'fcntl', [0, 9999, 0], err('einval')),
    Row('a command that is a bignum', 'fcntl', [0, 1 << 40, 0], BADARG),
    Row('a binary for a command', 'fcntl', [0, b'f_getfd', 0], BADARG),

    Row('nothing', 'filter', [b'', b''], OK),
    Row('16 bytes', 'filter', [bytes(16), bytes(16)], OK),
    Row('17 bytes', 'filter', [bytes(17), b''], BADARG),
    Row('17 bytes for children', 'filter', [b'', bytes(17)], BADARG),
    Row('an atom', 'filter', [A('x'), b''], BADARG),

    Row('as it is', 'getcwd', [], ok(os.getcwd().encode())),
    Row('a variable', 'getenv', [b'HOME'],
        lambda term, _: term == (os.environb.get(b'HOME') or FALSE)),
    Row('unset', 'getenv', [b'REEVE_NOT_SET'], FALSE),
    Row('no name', 'getenv', [b''], BADARG),
    Row('an integer', 'getenv', [1], BADARG),
    Row('as we are', 'getgid', [], os.getgid()),
    Row('as we are', 'getgroups', [], reply_is_groups),
    Row('as we are', 'gethostname', [], ok(socket.gethostname().encode())),
    Row('unknown', 'getopt', [A('nothing')], FALSE),
    Row('a number', 'getopt', [1], BADARG),
    Row('as we are', 'getpgrp', [], is_int),
    Row('as it is', 'getpid', [], lambda term, where: term == where.pid),
    Row('this process', 'getpriority', [A('prio_process'), 0], is_ok_int),
    Row('by number', 'getpriority', [0, 0], is_ok_int),
    Row('no such kind', 'getpriority', [A('prio_nothing'), 0], err('enotsup')),
    Row('a kind that is no kind', 'getpriority', [77, 0], err('einval')),
    Row('as we are', 'getresgid', [], ok(*os.getresgid())),
    Row('as we are', 'getresuid', [], ok(*os.getresuid())),
    Row('open files', 'getrlimit', [A('rlimit_nofile')],
        lambda t, _: t[0] == OK and t[1][0] == A('alcove_rlimit') and len(t[1]) == 3),
    Row('no limit', 'getrlimit', [A('rlimit_as')],
        ok((A('alcove_rlimit'), (1 << 64) - 1, (1 << 64) - 1))),
    Row('no such resource', 'getrlimit', [A('rlimit_nothing')], err('enotsup')),
    Row('a number that is no resource', 'getrlimit', [999], err('einval')),
    Row('this process', 'getsid', [0], is_ok_int),
    Row('no such process', 'getsid', [4194305], err('esrch')),
    Row('as we are', 'getuid', [], os.getuid()),

    Row('not a terminal', 'ioctl', [READ, A('tiocgwinsz'), bytes(8)], err('enotty')),
    Row('a number for an argument', 'ioctl', [READ, A('fioclex'), 0], ok(0, b'')),
    Row('a value read back', 'ioctl', [READ, A('fionread'), bytes(4)],
        ok(0, struct.pack('i', 10), )),
    Row('the request by number', 'ioctl', [READ, 0x541B, bytes(4)], ok(0, struct.pack('i', 10))),
    Row('no such request', 'ioctl', [READ, A('tiocnothing'), 0], err('enotsup')),
    Row('not open', 'ioctl', [799, A('fionread'), bytes(4)], err('ebadf')),
    Row('an atom for an argument', 'ioctl', [READ, A('fionread'), A('x')],
        one_of(BADARG, err('enotsup'))),

    Row('a binary', 'iolist_to_bin', [b'abc'], b'abc'),
    Row('a list of bytes', 'iolist_to_bin', [[97, 98, 255, 0]], b'ab\xff\0'),
    Row('nothing', 'iolist_to_bin', [[]], b''),
    Row('mixed', 'iolist_to_bin', [[b'a', [98, b'c', [[]]], b'd', [101, 102]]], b'abcdef'),
    Row('16 levels', 'iolist_to_bin', [lists(16)], b'x'),
    Row('17 levels', 'iolist_to_bin', [lists(17)], BADARG),
    Row('5,000 levels', 'iolist_to_bin', [Raw(b'l\0\0\0\1' * 5000 + b'm\0\0\0\1x' + b'j' * 5000)], BADARG),
    Row('an integer', 'iolist_to_bin', [97], BADARG),
    Row('an integer over 255', 'iolist_to_bin', [[b'a', 256]], BADARG),
    Row('a negative integer', 'iolist_to_bin', [[b'a', -1]], BADARG),
    Row('an atom in it', 'iolist_to_bin', [[b'a', A('x')]], BADARG),
    Row('a tuple in it', 'iolist_to_bin', [[b'a', (1,)]], BADARG),

    Row('nothing sent', 'kill', [pid, 0], OK),
    Row('no such process', 'kill', [4194305, A('sigterm')], err('esrch')),
    Row('no such signal', 'kill', [pid, A('signothing')], err('enotsup')),
    Row('a number that is no signal', 'kill', [pid, 999], err('einval')),
    Row('a pid over 32 bits', 'kill', [1 << 33, 0], BADARG),

    Row('a file', 'link', [b'@/file', b'@/second'],
        lambda t, w: t == OK and (w.bench.folder / 'second').stat().st_nlink == 2),
    Row('there already', 'link', [b'@/file', b'@/folder'], err('eexist')),
    Row('none there', 'link', [b'@/none', b'@/second'], err('enoent')),

    Row('to a place', 'lseek', [READ, 4, 0], OK),
    Row('before the start', 'lseek', [READ, -4, 0], err('einval')),
    Row('beyond 32 bits', 'lseek', [READ, 1 << 40, 0], OK),
    Row('beyond 64 bits', 'lseek', [READ, 1 << 64, 0], BADARG),
    Row('no such whence', 'lseek', [READ, 0, 99], err('einval')),
    Row('not open', 'lseek', [799, 0, 0], err('ebadf')),

    Row('a folder', 'mkdir', [b'@/new', 0o700],
        lambda t, w: t == OK and (w.bench.folder / 'new').is_dir()),
    Row('there already', 'mkdir', [b'@/file', 0o700], err('eexist')),
    Row('no folder for it', 'mkdir', [b'@/none/new', 0o700], err('enoent')),
    Row('a FIFO', 'mkfifo', [b'@/new', 0o600],
        lambda t, w: t == OK and (w.bench.folder / 'new').is_fifo()),
    Row('there already', 'mkfifo', [b'@/file', 0o600], err('eexist')),

    Row('no target', 'mount', [b'x', b'@/none', b'tmpfs', 0, b'', b''], err('enoent'), root=True),
    Row('no such type', 'mount', [b'x', b'@/folder', b'nothing', 0, b'', b''], err('enodev'),
        root=True),
    Row('no such flag', 'mount', [b'x', b'@/folder', b'tmpfs', [A('ms_nothing')], b'', b''],
        err('enotsup')),
    Row('a number for a type', 'mount', [b'x', b'@/folder', 3, 0, b'', b''], BADARG),

    Row('to read', 'open', [b'@/file', [A('o_rdonly')], 0], is_ok_int),
    Row('no flags', 'open', [b'@/file', [], 0], is_ok_int),
    Row('flags as a number', 'open', [b'@/file', 0, 0], is_ok_int),
    Row('flags as a list of numbers', 'open', [b'@/file', [0, 0o2000000], 0], is_ok_int),
    Row('made', 'open', [b'@/new', [A('o_wronly'), A('o_creat'), A('o_excl')], 0o640],
        lambda t, w: is_ok_int(t, w) and (w.bench.folder / 'new').stat().st_mode & 0o777 == 0o640),
    Row('there already', 'open', [b'@/file', [A('o_creat'), A('o_excl')], 0o640], err('eexist')),
    Row('none there', 'open', [b'@/none', [A('o_rdonly')], 0], err('enoent')),
    Row('no such flag', 'open', [b'@/file', [A('o_rdonly'), A('o_nothing')], 0], err('enotsup')),
    Row('a binary for flags', 'open', [b'@/file', b'o_rdonly', 0], BADARG),
    Row('a tuple in the flags', 'open', [b'@/file', [(1,)], 0], BADARG),

    Row('none there', 'pivot_root', [b'@/none', b'@/none'],
        one_of(err('enoent'), err('einval'), err('eperm'))),

    Row('a value read back', 'prctl', [A('pr_get_name'), bytes(17), 0, 0, 0],
        lambda t, _: t[:2] == (OK, 0) and len(t[2]) == 17 and t[2][:6] != bytes(6)
        and t[3:] == (0, 0, 0)),
    Row('numbers', 'prctl', [A('pr_get_keepcaps'), 0, 0, 0, 0], ok(0, 0, 0, 0, 0)),
    Row('the option by number', 'prctl', [7, 0, 0, 0, 0], ok(0, 0, 0, 0, 0)),
    Row('no such option', 'prctl', [A('pr_nothing'), 0, 0, 0, 0], err('enotsup')),
    Row('a number that is no option', 'prctl', [99999, 0, 0, 0, 0], err('einval')),
    Row('an argument as a tuple', 'prctl', [7, (1,), 0, 0, 0], BADARG),

    Row('no such process', 'ptrace', [A('ptrace_attach'), 4194305, 0, 0], err('esrch')),
    Row('no such request', 'ptrace', [A('ptrace_nothing'), 0, 0, 0], err('enotsup')),

    Row('some', 'read', [READ, 4], ok(b'0123')),
    Row('more than there is', 'read', [READ, 100], ok(b'0123456789')),
    Row('none', 'read', [READ, 0], ok(b'')),
    Row('very many', 'read', [READ, (1 << 64) - 1], ok(b'0123456789')),
    Row('a negative number', 'read', [READ, -1], BADARG),
    Row('not open', 'read', [799, 4], err('ebadf')),
    Row('for writing only', 'read', [WRITE, 4], err('ebadf')),

    Row('a folder', 'readdir', [b'@/'], names_of_folder),
    Row('none there', 'readdir', [b'@/none'], err('enoent')),
    Row('a file', 'readdir', [b'@/file'], err('enotdir')),

    Row('a folder', 'rmdir', [b'@/folder'],
        lambda t, w: t == OK and not (w.bench.folder / 'folder').exists()),
    Row('a file', 'rmdir', [b'@/file'], err('enotdir')),
    Row('not empty', 'rmdir', [b'@/'], err('enotempty')),

    Row('no such operation', 'seccomp', [A('seccomp_nothing'), 0, []], err('enotsup')),
    Row('no filter', 'seccomp', [A('seccomp_set_mode_filter'), 0, []],
        one_of(err('efault'), err('eacces'))),
    Row('an operation that is none', 'seccomp', [99, 0, []], err('einval')),

    Row('nothing, at once', 'select', [[], [], [], (A('alcove_timeval'), 0, 0)], ok([], [], [])),
    Row('not open', 'select', [[799], [], [], (A('alcove_timeval'), 0, 0)], err('ebadf')),
    Row('no timeval', 'select', [[], [], [], (A('timeval'), 0, 0)], BADARG),
    Row('a timeval of one number', 'select', [[], [], [], (A('alcove_timeval'), 0)], BADARG),
    Row('an atom in the list', 'select', [[A('x')], [], [], (A('alcove_timeval'), 0, 0)], BADARG),

    Row('no such child', 'setcpid', [4194305, A('flowcontrol'), 1], FALSE),
    Row('unknown', 'setcpid', [pid, A('nothing'), 1], FALSE),
    Row('an atom for a pid', 'setcpid', [A('x'), A('flowcontrol'), 1], BADARG),

    Row('a variable', 'setenv', [b'REEVE_X', b'1', 1], OK),
    Row('a name with =', 'setenv', [b'REEVE=X', b'1', 1], err('einval')),
    Row('an atom', 'setenv', [A('x'), b'1', 1], BADARG),
    Row('as we are', 'setgid', [os.getgid()], OK),
    Row('another', 'setgid', [65534], OK, root=True),
    Row('negative', 'setgid', [-1], BADARG),
    Row('as we are', 'setuid', [os.getuid()], OK),
    Row('another', 'setuid', [65534], OK, root=True),
    Row('negative', 'setuid', [-1], BADARG),
    Row('over 32 bits', 'setuid', [1 << 32], BADARG),
    Row('none', 'setgroups', [[]], OK, root=True),
    Row('large ones', 'setgroups', [[70000, 4294967290]], OK, root=True),
    Row('a negative one', 'setgroups', [[-5, 300]], BADARG),
    Row('an atom', 'setgroups', [[A('x')]], BADARG),
    Row('a binary', 'setgroups', [b'x'], BADARG),
    Row('unchanged', 'setresgid', [4294967295] * 3, OK),
    Row('negative', 'setresgid', [-1, 0, 0], BADARG),
    Row('unchanged', 'setresuid', [4294967295] * 3, OK),
    Row('another', 'setresuid', [65534, 65534, 65534], OK, root=True),
    Row('65 bytes', 'sethostname', [b'x' * 65], one_of(BADARG, err('einval'))),
    Row('no bytes', 'sethostname', [b''], BADARG),
    Row('not open', 'setns', [799, 0], err('ebadf')),
    Row('no such namespace', 'setns', [0, A('clone_newnothing')], err('enotsup')),

    Row('unknown', 'setopt', [A('nothing'), 1], FALSE),
    Row('negative', 'setopt', [A('maxchild'), -1], BADARG),
    Row('an atom', 'setopt', [A('maxchild'), A('x')], BADARG),
    Row('itself', 'setpgid', [0, 0], OK),
    Row('no such process', 'setpgid', [4194305, 0], err('esrch')),
    Row('nicer', 'setpriority', [A('prio_process'), 0, 19], OK),
    Row('no such kind', 'setpriority', [A('prio_nothing'), 0, 1], err('enotsup')),
    Row('an atom', 'setpriority', [A('prio_process'), 0, A('x')], BADARG),
    Row('a name', 'setproctitle', [b'reeve-test'], OK),
    Row('reset', 'setproctitle', [b''], OK),
    Row('an integer', 'setproctitle', [5], BADARG),
    Row('core', 'setrlimit', [A('rlimit_core'), (A('alcove_rlimit'), 0, 0)], OK),
    Row('soft over hard', 'setrlimit', [A('rlimit_core'), (A('alcove_rlimit'), 2, 1)],
        err('einval')),
    Row('no such resource', 'setrlimit', [A('rlimit_nothing'), (A('alcove_rlimit'), 2, 1)],
        err('enotsup')),
    Row('another tuple', 'setrlimit', [A('rlimit_core'), (A('rlimit'), 0, 0)], BADARG),
    Row('two elements', 'setrlimit', [A('rlimit_core'), (A('alcove_rlimit'), 0)], BADARG),
    Row('a new one', 'setsid', [], lambda t, w: t == ok(w.pid)),

    Row('asked for', 'sigaction', [A('sigusr1'), []], ok(A('sig_info'))),
    Row('asked for by an empty binary', 'sigaction', [A('sigusr1'), b''], ok(A('sig_info'))),
    Row('SIGCHLD at first', 'sigaction', [A('sigchld'), []], ok(A('sig_dfl'))),
    Row('by number', 'sigaction', [10, A('sig_ign')], ok(A('sig_info'))),
    Row('no such signal', 'sigaction', [A('signothing'), A('sig_ign')], err('enotsup')),
    Row('a number that is no signal', 'sigaction', [999, A('sig_ign')], err('einval')),
    Row('no such handler', 'sigaction', [A('sigusr1'), A('sig_nothing')], BADARG),

    Row('a unix one', 'socket', [A('af_unix'), A('sock_stream'), 0], is_ok_int),
    Row('by numbers', 'socket', [1, 1 | 0o2000000, 0], is_ok_int),
    Row('no such family', 'socket', [A('af_nothing'), A('sock_stream'), 0], err('enotsup')),
    Row('a number that is no family', 'socket', [999, 1, 0], err('eafnosupport')),

    Row('a link', 'symlink', [b'there', b'@/new'],
        lambda t, w: t == OK and os.readlink(w.bench.folder / 'new') == 'there'),
    Row('there already', 'symlink', [b'there', b'@/link'], err('eexist')),
    Row('not mounted', 'umount', [b'@/folder'], one_of(err('einval'), err('eperm'))),
    Row('not mounted', 'umount2', [b'@/folder', [A('mnt_detach')]],
        one_of(err('einval'), err('eperm'))),
    Row('no such flag', 'umount2', [b'@/folder', [A('mnt_nothing')]], err('enotsup')),
    Row('a file', 'unlink', [b'@/file'],
        lambda t, w: t == OK and not (w.bench.folder / 'file').exists()),
    Row('a folder', 'unlink', [b'@/folder'], err('eisdir')),
    Row('not set', 'unsetenv', [b'REEVE_NOT_SET'], OK),
    Row('a name with =', 'unsetenv', [b'A=B'], err('einval')),
    Row('host name', 'unshare', [[A('clone_newuts')]], OK, root=True),
    Row('by number', 'unshare', [67108864], OK, root=True),
    Row('no such flag', 'unshare', [[A('clone_newnothing')]], err('enotsup')),
    Row('as alcove says', 'version', [], b'1.0.1'),
    Row('no child', 'waitpid', [-1, [A('wnohang')]], err('echild')),
    Row('options as a number', 'waitpid', [-1, 1], err('echild')),
    Row('no such option', 'waitpid', [-1, [A('wnothing')]], err('enotsup')),
    Row('a list', 'write', [WRITE, [b'ab', [99, 100]]],
        lambda t, w: t == ok(4) and (w.bench.folder / 'file').read_bytes() == b'abcd456789'),
    Row('nothing', 'write', [WRITE, []], ok(0)),
    Row('not open', 'write', [799, b'x'], err('ebadf')),
    Row('for reading only', 'write', [READ, b'x'], err('ebadf')),
    Row('an integer', 'write', [WRITE, 5], BADARG),
]

# One constant of each table; all of them are in constants.tsv.
for table, name, value in [
        ('clone', 'clone_newns', 0x20000), ('fcntl', 'f_setfd', 2), ('file', 'o_creat', 64),
        ('ioctl', 'fionread', 0x541B), ('mount', 'ms_bind', 4096),
        ('prctl', 'pr_set_name', 15), ('ptrace', 'ptrace_cont', 7), ('rlimit', 'rlimit_nofile', 7),
        ('seccomp', 'seccomp_set_mode_filter', 1), ('signal', 'sigterm', 15),
        ('syscall', 'sys_getpid', 39)]:
    ROWS += [
        Row('known', f'{table}_constant', [A(name)], value),
        Row('capital letters', f'{table}_constant', [A(name.upper())], value),
        Row('unknown', f'{table}_constant', [A('nothing')], A('unknown')),
        Row('a binary', f'{table}_constant', [name.encode()], BADARG),
    ]

CASES = [as_case(row) for row in ROWS]


def in_turn(title, rows):
    """A case of many calls to one port, whose mistakes are all told."""
    def function(bench):
        file_in(bench)
        port = bench.port()
        at = port.fork()
        wrong = []
        for row in rows:
            try:
                play(row, bench, port, at)
            except case.Failure as reason:
                wrong.append(str(reason).replace('\n', '; '))
                if port.ended:
                    break
        check(not wrong, '\n'.join(wrong))
        equal(port.call('getpid', at=at), at[-1], 'and it is in step: getpid')
    return Case(title, function)


def arities():
    for name, arity in protocol.ARITIES.items():
        for size in {arity + 1, arity - 1} - {-1}:
            yield Row('', name, [b'x'] * size, BADARG)


FLOAT = Raw(b'\x46\x40\x09\x21\xfb\x54\x44\x2d\x18')


def unreadable():
    """A float, a map, a bit string, half a binary: nothing that an argument could be."""
    for name, arity in protocol.ARITIES.items():
        if arity == 0 or name in protocol.BSD:
            continue
        for bad in (FLOAT, Raw(b't\0\0\0\0'), Raw(b'M\0\0\0\1\3x'), Raw(b'm\0\0\1\0x')):
            yield Row('', name, [bad] + [0] * (arity - 1), BADARG)


CASES += [
    in_turn('calls: a wrong number of arguments is badarg', list(arities())),
    in_turn('calls: arguments of no known kind are badarg', list(unreadable())),
    in_turn("calls: BSD's are undef",
            [Row('', name, [0] * protocol.ARITIES[name], UNDEF) for name in protocol.BSD]),
]


WITH_ATOMS = ('alloc fcntl getopt getpriority getrlimit ioctl kill prctl select setcpid setopt '
              'sigaction socket waitpid').split()


@case.case('calls: the second encoding of atoms (OTP 26)')
def otp_26(bench):
    file_in(bench)
    port = bench.port()
    port.style = 26
    at = port.fork()
    for row in ROWS:
        if row.call in WITH_ATOMS or row.call.endswith('_constant'):
            play(row, bench, port, at)


@case.case('calls: every kind of number, atom, tuple and list')
def encodings(bench):
    port = bench.port()
    body = {
        'SMALL_ATOM': b'\x68\1s\x06sigint', 'ATOM': b'\x68\1d\0\x06sigint',
        'ATOM_UTF8': b'\x68\1v\0\x06sigint', 'SMALL_ATOM_UTF8': b'\x68\1w\x06sigint',
        'LARGE_TUPLE': b'\x69\0\0\0\1w\x06sigint',
    }
    for name, data in body.items():
        port.write(protocol.call(protocol.NUMBERS['signal_constant'], b'\x83' + data))
        equal(port.reply(), 2, name)
    numbers = {'SMALL_INTEGER': b'a\2', 'INTEGER': b'b\0\0\0\2', 'SMALL_BIG': b'n\1\0\2',
               'SMALL_BIG of 8 bytes': b'n\x08\0\2' + bytes(7),
               'LARGE_BIG': b'o\0\0\0\1\0\2'}
    for name, data in numbers.items():
        port.write(protocol.call(protocol.NUMBERS['errno_id'], b'\x83\x68\1' + data))
        equal(port.reply(), A('enoent'), name)
    lists_of = {'NIL': b'j', 'STRING': b'k\0\2hi', 'LIST': b'l\0\0\0\2ahaij',
                'a chain': b'l\0\0\0\1ahl\0\0\0\1aij'}
    for name, data in lists_of.items():
        port.write(protocol.call(protocol.NUMBERS['iolist_to_bin'], b'\x83\x68\1' + data))
        got = port.reply()
        check(got == (b'' if name == 'NIL' else b'hi') or (name == 'a chain' and got == BADARG),
              f'{name}: {got!r}')


@case.case('calls: what is after the arguments is ignored')
def trailing(bench):
    port = bench.port()
    port.write(protocol.call(protocol.NUMBERS['getpid'], b'\x83\x68\0garbage'))
    equal(port.reply(), port.pid)


@case.case('calls: numbers without a call, no version, no tuple')
def no_call(bench):
    port = bench.port()
    empty = b'\x83\x68\0'
    for number, data in [(65535, empty), (9999, empty), (36, b'\x68\0'), (36, b'\x82\x68\0'),
                         (36, b'\x83'), (36, b'\x83\x68'), (36, b'\x83\x6a'), (36, b'\x83\x61\0'),
                         (36, b'\x83\x69\0\0')]:
        port.write(protocol.call(number, data))
        equal(port.reply(), BADARG, f'call {number} with {data!r}')
    equal(port.call('getpid'), port.pid)


@case.case('calls: the names of all errors')
def errors(bench):
    port = bench.port()
    wrong = []
    for number, name in table('errno.tsv'):
        term = port.call('errno_id', int(number))
        if term != A(name):
            wrong.append(f'{number} is {name}, not {term}')
    check(not wrong, '\n'.join(wrong))


def table(name):
    """Rows of words of a table beside this file."""
    path = os.path.join(os.path.dirname(__file__), name)
    with open(path, encoding='utf-8') as file:
        return [line.rstrip('\n').split('\t') for line in file if not line.startswith('#')]


def constants(kind):
    def function(bench):
        if os.uname().machine != 'x86_64':
            raise case.Skip('the values are those of x86-64')
        port = bench.port()
        wrong, count = [], 0
        for _, name, value in (row for row in table('constants.tsv') if row[0] == kind):
            term = port.call(f'{kind}_constant', A(name.lower()))
            count += 1
            if term != int(value):
                wrong.append(f'{name} is {value}, not {term}')
        check(count > 2, f'only {count} constants')
        check(not wrong, '\n'.join(wrong))
    return Case(f'calls: all constants of {kind}', function)


CASES += [constants(kind) for kind in ('clone fcntl file ioctl mount prctl ptrace rlimit seccomp '
                                       'signal syscall').split()]
assert etf.decode(etf.encode((1, [2, 300], b'x', A('y')))) == (1, [2, 300], b'x', A('y'))
