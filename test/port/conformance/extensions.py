# SPDX-License-Identifier: MIT
"""The calls from 100 up, whose numbers the call `capabilities` tells, and the options that are new."""
import os
import re
import socket as sockets
import struct
from pathlib import Path

from . import etf, processes, protocol
from .calls import BADARG, FLOAT, OK, TRUE, A, err
from .case import Skip, case, check, equal, eventually
from .protocol import CTL, EVENT, STDOUT


def capabilities(port):
    """{name: (arity, number)} of all calls."""
    port.write(protocol.call(100, b'\x83\x68\0'))
    return {str(name): (arity, number) for name, arity, number in port.reply()}


def refused(term):
    return term == BADARG or (isinstance(term, tuple) and term[0] == A('error'))


class More:
    """A port, and its calls by their names wherever they stand."""

    def __init__(self, bench, **more):
        self.port = bench.port(**more)
        self.all = capabilities(self.port)

    def post(self, name, *arguments, at=()):
        self.port.send(at, protocol.call(self.all[name][1], etf.encode(tuple(arguments))))

    def call(self, name, *arguments, at=(), seconds=5):
        self.post(name, *arguments, at=at)
        return self.port.reply(at, seconds)

    def expect_ok(self, name, *arguments, at=()):
        term = self.call(name, *arguments, at=at)
        check(isinstance(term, tuple) and term[0] == OK and len(term) == 2,
              lambda: f'{name}{arguments} answered {term!r}')
        return term[1]


@case('more calls: capabilities names the stock calls at their numbers, and others from 100 up')
def told(bench):
    port = bench.port()
    known = capabilities(port)
    for name, number in protocol.NUMBERS.items():
        if name not in protocol.BSD:
            equal(known.get(name), (protocol.ARITIES[name], number), name)
    more = sorted(number for _, number in known.values() if number >= 100)
    equal(more, list(range(100, 100 + len(more))), 'the numbers from 100 up')
    port.write(protocol.call(100 + len(more), b'\x83\x68\0'))
    equal(port.reply(), BADARG, 'the number after the last')


@case('more calls: a wrong number of arguments, and arguments of no kind, are badarg')
def bad_arguments(bench):
    more = More(bench)
    wrong = []
    for name, (arity, number) in more.all.items():
        if number < 100:
            continue
        for size in {arity + 1, arity - 1} - {-1}:
            term = more.call(name, *[b'x'] * size)
            if term != BADARG:
                wrong.append(f'{name}/{size} answered {term!r}')
        if arity:
            term = more.call(name, FLOAT, *[0] * (arity - 1))
            if term != BADARG:
                wrong.append(f'{name} with a float answered {term!r}')
    check(not wrong, '\n'.join(wrong))


@case('more calls: none of them passes any filter')
def filtered(bench):
    more = More(bench)
    at = more.port.fork()
    equal(more.port.call('filter', bytes([1]), b'', at=at), OK)
    for name, (arity, number) in more.all.items():
        if number >= 100:
            equal(more.call(name, *[0] * arity, at=at), A('undef'), name)
    below = more.port.fork(at)
    equal(more.call('getppid', at=below), at[-1], 'a child that no filter was set for')


@case('more calls: files')
def files(bench):
    path = bench.file('file', b'0123456789')
    more = More(bench)
    stat = more.expect_ok('stat', path)
    seen = os.stat(path)
    for value in (seen.st_ino, seen.st_size, seen.st_mode):
        check(value in stat, f'{value} is not in {stat!r}')
    equal(more.call('stat', path + b'x'), err('enoent'))
    os.symlink('file', bench.folder / 'link')
    link = bench.path('link')
    equal(more.expect_ok('readlink', link), b'file')
    equal(more.call('readlink', path), err('einval'))
    check(os.lstat(link).st_ino in more.expect_ok('lstat', link), 'lstat follows the link')
    equal(more.call('rename', path, bench.path('other')), OK)
    equal(more.call('rename', path, bench.path('other')), err('enoent'))
    before = more.expect_ok('umask', 0o77)
    equal(more.expect_ok('umask', 0o77), 0o77, f'after {before:o}')
    more.port.expect_ok('mkdir', bench.path('new'), 0o777)
    equal((bench.folder / 'new').stat().st_mode & 0o777, 0o700)


@case('more calls: descriptors, pipes and sockets')
def descriptors(bench):
    more = More(bench)
    reading, writing = more.expect_ok('pipe', [A('o_cloexec')])
    equal(more.port.call('write', writing, b'abc'), (OK, 3))
    copy = more.expect_ok('dup', reading)
    equal(more.port.call('read', copy, 10), (OK, b'abc'))
    equal(more.call('dup', 799), err('ebadf'))
    address = [struct.pack('H', 1), bench.path('socket') + b'\0']
    listener = more.port.expect_ok('socket', A('af_unix'), A('sock_stream'), 0)
    equal(more.call('bind', listener, address), OK)
    check(refused(more.call('bind', listener, address)), 'it is not refused')
    equal(more.call('listen', listener, 5), OK)
    with sockets.socket(sockets.AF_UNIX) as peer:
        peer.connect(bench.path('socket'))
        accepted = more.call('accept', listener, [A('sock_cloexec')])
        equal(accepted[0], OK)
        fd = accepted[1] if isinstance(accepted[1], int) else accepted[1][0]
        peer.send(b'hello')
        equal(more.port.call('read', fd, 10), (OK, b'hello'))
    equal(more.call('listen', 799, 5), err('ebadf'))


@case('more calls: close_range closes nothing that the port needs')
def close_range(bench):
    more = More(bench)
    at = more.port.fork()
    fd = more.port.expect_ok('open', b'/dev/null', [], 0)
    equal(more.call('close_range', 0, (1 << 32) - 1), OK)
    equal(more.port.call('fcntl', fd, A('f_getfd'), 0), err('ebadf'))
    equal(more.port.call('getpid'), more.port.pid)
    equal(more.port.call('getpid', at=at), at[-1])
    more.port.run(at, 'echo', 'x')
    equal(more.port.output(at, 2), b'x\n')


@case('more calls: a terminal')
def pty(bench):
    more = More(bench)
    fd, name = more.expect_ok('pty')
    with open(name, 'r+b', buffering=0) as terminal:
        check(os.isatty(terminal.fileno()), 'it is no terminal')
        equal(more.port.call('write', fd, b'line\n'), (OK, 5))
        equal(terminal.read(10), b'line\n')


@case('more calls: processes by descriptors')
def pidfd(bench):
    more = More(bench)
    at = more.port.spawn('sleep', '1000')
    fd = more.expect_ok('pidfd_open', at[-1])
    equal(more.call('pidfd_send_signal', fd, A('sigterm')), OK)
    equal(more.port.exit_status(at), (A('termsig'), A('sigterm')))
    equal(more.call('pidfd_send_signal', fd, A('sigterm')), err('esrch'))
    check(refused(more.call('pidfd_open', 4194305)), 'it is not refused')
    equal(more.call('getppid', at=more.port.fork()), more.port.pid)


@case('more calls: kill_tree reaches all below, whatever their groups')
def kill_tree(bench):
    more = More(bench)
    at = more.port.shell('setsid sleep 1000 & sleep 1000 & echo $!; wait')
    more.port.message(STDOUT, at)
    below = eventually(lambda: len(processes.children(at[-1])) == 2
                       and processes.children(at[-1]), 'the shell has no two children')
    check(more.expect_ok('kill_tree', at[-1], A('sigkill')) >= 3, 'how many got it')
    equal(more.port.exit_status(at), (A('termsig'), A('sigkill')))
    for pid in below:
        eventually(lambda pid=pid: processes.gone(pid), f'{pid} runs on')
    equal(more.call('kill_tree', 4194305, A('sigkill')), err('esrch'))
    for pid in (0, 1, -1, more.port.pid):
        check(refused(more.call('kill_tree', pid, 0)), f'kill_tree of {pid}')


@case('more calls: a deadline: the signal, and SIGKILL for who does not mind it')
def deadline(bench):
    more = More(bench)
    at = more.port.spawn('sleep', '1000')
    equal(more.call('deadline', at[-1], 30, A('sigterm'), 1000), OK)
    equal(more.port.exit_status(at), (A('termsig'), A('sigterm')))
    at = more.port.shell('trap "" TERM; echo up; while :; do sleep 0.01; done')
    more.port.output(at, 3)
    equal(more.call('deadline', at[-1], 30, A('sigterm'), 30), OK)
    equal(more.port.exit_status(at), (A('termsig'), A('sigkill')))
    equal(more.call('deadline', 4194305, 1, A('sigterm'), 1), err('esrch'))
    quick = more.port.spawn('true')
    more.call('deadline', quick[-1], 60, A('sigterm'), 60)
    equal(more.port.exit_status(quick), (A('exit_status'), 0))
    equal(more.port.call('getpid'), more.port.pid)


@case('more calls: limits and scheduling of other processes')
def limits(bench):
    more = More(bench)
    at = more.port.fork()
    limit = (A('alcove_rlimit'), 40, 50)
    equal(more.call('setprlimit', at[-1], A('rlimit_nofile'), limit), OK)
    equal(more.call('getprlimit', at[-1], A('rlimit_nofile')), (OK, limit))
    equal(more.call('getprlimit', 4194305, A('rlimit_nofile')), err('esrch'))
    cpu = more.expect_ok('sched_getaffinity', at[-1])
    equal(more.call('sched_setaffinity', at[-1], cpu[:1]), OK)
    equal(more.expect_ok('sched_getaffinity', at[-1]), cpu[:1])
    check(refused(more.call('sched_setaffinity', at[-1], [])), 'it is not refused')
    equal(more.call('sched_setscheduler', at[-1], A('sched_batch'), 0), OK)
    equal(more.expect_ok('sched_getscheduler', at[-1])[0], os.SCHED_BATCH)
    for pid, of in ((at[-1], at[-1]), (0, more.port.pid)):
        equal(more.call('oom_score_adj', pid, 500), OK, f'oom_score_adj of {pid}')
        equal(Path(f'/proc/{of}/oom_score_adj').read_text().strip(), '500')


@case('more calls: capabilities of a process', root=True)
def privileges(bench):
    more = More(bench)
    at = more.port.fork()
    effective, permitted, inheritable = more.expect_ok('capget', 0, at=at)
    equal(f'{effective:016x}', processes.status(at[-1], 'CapEff'))
    chown = 1
    equal(more.call('capset', effective & ~chown, permitted & ~chown, inheritable, at=at), OK)
    equal(more.port.call('chown', bench.file('x'), 1, 1, at=at), err('eperm'))
    equal(more.call('capset', effective, permitted, inheritable, at=at), err('eperm'))


@case('more calls: a user namespace with its maps', root=True)
def idmap(bench):
    more = More(bench)
    at = (more.port.expect_ok('clone', [A('clone_newuser')]),)
    equal(more.port.call('getuid', at=at), 65534)
    equal(more.call('idmap', at[-1], A('setgroups'), b'deny'), OK)
    equal(more.call('idmap', at[-1], A('uid_map'), b'0 0 1'), OK)
    equal(more.call('idmap', at[-1], A('gid_map'), b'0 0 1'), OK)
    equal(more.port.call('getuid', at=at), 0)
    term = more.call('idmap', at[-1], A('mem'), b'x')
    check(refused(term), f'a file that is no map: {term!r}')


@case('more calls: Landlock')
def landlock(bench):
    path = bench.file('file', b'abc')
    more = More(bench)
    at = more.port.fork()
    term = more.call('landlock_create', [A('landlock_access_fs_read_file')], at=at)
    if term in (err('enosys'), err('enotsup')):
        raise Skip('needs Landlock')
    fd = term[1]
    equal(more.call('landlock_allow', fd, b'/etc', [A('landlock_access_fs_read_file')], at=at), OK)
    equal(more.call('landlock_restrict', fd, at=at), OK)
    equal(more.port.call('open', path, [], 0, at=at), err('eacces'))
    equal(more.port.call('open', b'/etc/passwd', [], 0, at=at)[0], OK)


@case('more calls: a seccomp policy in words that make no sense is refused')
def policy_refused(bench):
    more = More(bench)
    at = more.port.fork()
    term = more.call('seccomp_policy', b'colorless green ideas', at=at)
    check(refused(term), f'{term!r}')
    equal(more.port.call('getpid', at=at), at[-1])


@case('more calls: statistics of a process and of a child')
def statistics(bench):
    more = More(bench)
    at = more.port.spawn('cat')
    more.port.stdin(at, b'x' * 1000)
    more.port.output(at, 1000)
    of_child = dict(more.call('child_statistics', at[-1]))
    # The call that executed it came the same way.
    check(1000 < of_child['stdin_bytes'] < 1100, f'{of_child!r}')
    equal(of_child['stdout_bytes'], 1000)
    more.port.stdin((4194305,), b'')
    more.port.message(CTL, (4194305,))
    of_port = dict(more.call('statistics'))
    equal((of_port['depth'], of_port['children'], of_port['badpid']), (0, 1, 1))
    equal(more.call('child_statistics', 4194305), err('esrch'))


@case('more calls: the constants of a table, complete for this kernel')
def constants(bench):
    more = More(bench)
    names = dict(more.call('constants', A('syscall')))
    for name in ('clone3', 'openat2', 'close_range', 'pidfd_open', 'landlock_restrict_self',
                 'statx', 'seccomp', 'getrandom', 'io_uring_setup', 'newfstatat', 'rseq'):
        check(A(f'sys_{name}') in names, f'sys_{name} is missing')
        equal(more.port.call('syscall_constant', A(f'sys_{name}')), names[A(f'sys_{name}')])
    check(refused(more.call('constants', A('nothing'))), 'it is not refused')
    check(isinstance(more.port.call('mount_constant', A('ms_lazytime')), int), 'ms_lazytime')
    check(isinstance(more.port.call('file_constant', A('o_tmpfile')), int), 'o_tmpfile')


# Options that are new.

@case('more options: a reply that is too long is told in parts')
def uncut(bench):
    folder = bench.folder / 'many'
    folder.mkdir()
    for number in range(3000):
        (folder / f'{number:050}').touch()
    more = More(bench)
    equal(more.port.call('setopt', A('uncut'), 1), TRUE)
    at = more.port.fork()
    term = more.port.call('readdir', str(folder).encode(), at=at)
    equal(term[0], A('more'))
    data = b''
    while len(data) < term[1]:
        data += more.expect_ok('continued', len(data), at=at)
    equal(len(etf.decode(data)[1]), 3002)
    check(refused(more.call('continued', len(data) + 1, at=at)), 'it is not refused')


@case('more options: what a child has used is told before its end')
def rusage(bench):
    more = More(bench)
    equal(more.port.call('setopt', A('rusage'), 1), TRUE)
    at = more.port.spawn('true')
    events = [m.data[0] for m in more.port.ending(at) if m.kind == EVENT]
    equal(events, [A('rusage'), A('exit_status')])


@case('more options: a queue for the standard input of programs')
def stdin_queue(bench):
    more = More(bench)
    equal(more.port.call('setopt', A('stdinqueue'), 500000), TRUE)
    at = more.port.shell('sleep 0.1; wc -c')
    for _ in range(30):
        more.port.stdin(at, b'x' * 10000)
    row = more.port.call('cpid')[0]
    equal(more.port.call('close', row[5]), OK)
    said = more.port.ending(at)
    equal(b''.join(m.data for m in said if m.kind == STDOUT).strip(), b'300000')
    equal([m for m in said if m.kind == protocol.PIPE], [])


# Groups, below names of tests alone.

def v2_mount():
    for line in Path('/proc/self/mounts').read_text().splitlines():
        if line.split()[2] == 'cgroup2':
            return line.split()[1]
    raise Skip('needs cgroup v2')


@case('more calls: cgroups: made, set, entered, frozen, killed, removed', root=True)
def groups(bench):
    top = v2_mount()
    group = f'{top}/reeve-test-{os.getpid()}-port'.encode()
    more = More(bench)
    mounts = more.expect_ok('cgroup_mounts')
    check((b'', top.encode()) in mounts, f'{mounts!r}')
    for controllers, path in mounts:
        check(not re.search(rb'\b(rw|relatime|nosuid)\b', controllers), f'{path}: {controllers!r}')
    equal(more.call('cgroup_create', group), OK)
    try:
        equal(more.call('cgroup_create', group), err('eexist'))
        at = (more.expect_ok('fork_into', group),)
        equal(more.port.call('getpid', at=at), at[-1])
        check(group.rpartition(b'/')[2] in Path(f'/proc/{at[-1]}/cgroup').read_bytes(),
              'it was not born there')
        equal(more.expect_ok('cgroup_get', group, b'cgroup.procs').split(), [b'%d' % at[-1]])
        equal(dict(more.expect_ok('cgroup_events', group))[A('populated')], 1)
        other = more.port.spawn('sleep', '1000')
        equal(more.call('cgroup_move', group, other[-1]), OK)
        equal(more.call('cgroup_freeze', group, 1), OK)
        eventually(lambda: dict(more.expect_ok('cgroup_events', group))[A('frozen')] == 1,
                   'it does not freeze')
        equal(more.call('cgroup_freeze', group, 0), OK)
        equal(more.call('cgroup_remove', group), err('ebusy'))
        equal(more.call('cgroup_kill', group), OK)
        for where in (at, other):
            equal(more.port.exit_status(where), (A('termsig'), A('sigkill')))
        equal(more.call('cgroup_set', group, b'cgroup.max.depth', b'3'), OK)
        equal(more.expect_ok('cgroup_get', group, b'cgroup.max.depth').strip(), b'3')
        check(refused(more.call('cgroup_set', group, b'../x', b'3')), 'a name with a slash')
        equal(more.call('cgroup_get', group, b'cgroup.nothing'), err('enoent'))
    finally:
        left = more.call('cgroup_remove', group)
    equal(left, OK)
    check(refused(more.call('cgroup_create', b'/tmp/reeve-test-no-group')), 'it is not refused')
    check(not os.path.exists('/tmp/reeve-test-no-group'), 'a folder was made outside of cgroups')
