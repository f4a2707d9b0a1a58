# SPDX-License-Identifier: MIT
"""Executing programs: what they get, what comes back; calls that need several steps."""
import os
import signal
import socket as sockets
import struct

from . import processes, protocol
from .calls import BADARG, OK, A, err
from .case import Skip, case, check, equal, eventually
from .protocol import EVENT, STDERR, STDOUT


@case('exec: execve has the arguments and the environment that were given')
def execve(bench):
    port = bench.port()
    at = port.fork()
    port.post('execve', b'/bin/sh', [b'name', b'-c', b'echo "$0 $X"; env | grep -c .', b'zero'],
              [b'X=1 2', b'PATH=/usr/bin:/bin'], at=at)
    port.executed(at)
    said = port.output(at, 11)
    check(said.startswith(b'zero 1 2\n'), f'{said!r}')


@case('exec: an environment of nothing')
def execve_empty(bench):
    port = bench.port()
    at = port.fork()
    port.post('execve', b'/usr/bin/env', [b'env'], [], at=at)
    equal([m.kind for m in port.ending(at) if m.kind in (STDOUT, STDERR)], [])


@case('exec: execvp looks in the PATH of the process itself')
def execvp_path(bench):
    path = bench.folder / 'reeve-test-program'
    path.write_text('#!/bin/sh\necho found\n')
    path.chmod(0o755)
    port = bench.port()
    at = port.fork()
    port.expect_ok('setenv', b'PATH', b'/nowhere:' + os.fsencode(bench.folder), 1, at=at)
    port.post('execvp', b'reeve-test-program', [b'x'], at=at)
    port.executed(at)
    equal(port.output(at, 6), b'found\n')


@case('exec: fexecve of a descriptor, also without /proc')
def fexecve(bench):
    port = bench.port()
    fd = port.expect_ok('open', b'/bin/sh', [A('o_rdonly'), A('o_cloexec')], 0)
    at = port.fork()
    port.post('fexecve', fd, [b'sh', b'-c', b'echo $X'], [b'X=given'], at=at)
    port.executed(at)
    equal(port.output(at, 6), b'given\n')


@case('exec: a failure leaves a control process, in step')
def failure(bench):
    port = bench.port()
    at = port.fork()
    for _ in range(20):
        equal(port.call('execvp', b'reeve-no-such-program', [b'x'], at=at), err('enoent'))
        equal(port.call('getpid', at=at), at[-1])
    below = port.fork(at)
    equal(port.call('execve', b'/none', [b'x'], [], at=at), err('enoent'))
    equal(port.call('getpid', at=below), below[-1])
    port.run(at, 'true')
    equal(port.exit_status(at), (A('exit_status'), 0))


@case('exec: no arguments at all')
def no_arguments(bench):
    port = bench.port()
    at = port.fork()
    port.post('execve', b'/bin/true', [], [], at=at)
    equal(port.exit_status(at), (A('exit_status'), 0))


@case('exec: arguments of 60,000 bytes')
def long_arguments(bench):
    port = bench.port()
    at = port.fork()
    port.post('execvp', b'sh', [b'sh', b'-c', b'printf %s "$0" | wc -c', b'x' * 60000], at=at)
    port.executed(at)
    equal(port.output(at, 6), b'60000\n')


@case('exec: a program has 0, 1, 2 and what the user opened [fds_inherited_by_exec]')
def inherited(bench):
    port = bench.port()
    port.spawn('sleep', '1000')
    kept = port.expect_ok('open', bench.file('file'), [], 0)
    closed = port.expect_ok('open', bench.file('other'), [A('o_cloexec')], 0)
    for at in (port.chain(1), port.chain(3)):
        port.run(at, 'sleep', '1000')
        # While it is being started it opens its libraries, too.
        eventually(lambda at=at: set(processes.descriptors(at[-1])) == {0, 1, 2, kept},
                   lambda at=at: f'it has {processes.descriptors(at[-1])}, {closed} was cloexec')


@case('exec: of the root leaves it 0, 1, 2 alone')
def inherited_of_root(bench):
    port = bench.port()
    port.post('execvp', b'sleep', [b'sleep', b'1000'])
    check(port.control_ended(), 'the FIFO stays open')
    port.become_raw()
    eventually(lambda: set(processes.descriptors(port.pid)) == {0, 1, 2},
               lambda: f'it has {processes.descriptors(port.pid)}')
    port.process.kill()


@case('exec: signals are as they should be')
def signals(bench):
    port = bench.port()
    at = port.fork()
    port.call('sigaction', A('sigusr1'), A('sig_ign'), at=at)
    port.run(at, 'sleep', '1000')
    eventually(lambda: 'sleep' in processes.status(at[-1], 'Name'), 'no sleep')
    equal(int(processes.status(at[-1], 'SigCgt'), 16), 0, 'caught')
    equal(int(processes.status(at[-1], 'SigBlk'), 16), 0, 'blocked')
    equal(int(processes.status(at[-1], 'SigIgn'), 16), 1 << (signal.SIGUSR1 - 1), 'ignored')


@case('exec: what is written right after the call is the program\'s standard input')
def stdin_after(bench):
    port = bench.port()
    for depth in (1, 3):
        at = port.chain(depth)
        frame = protocol.within(at, port.frame('execvp', [b'cat', [b'cat']]))
        frame += protocol.within(at, b'these bytes ') + protocol.within(at, b'are its own')
        port.write(frame)
        equal(port.output(at, 23), b'these bytes are its own', f'depth {depth}')


@case('exec: the root leaves what comes after the call to the program')
def stdin_after_root(bench):
    port = bench.port()
    port.write(port.frame('execvp', [b'cat', [b'cat']]) + b'these bytes')
    check(port.control_ended(), 'the FIFO stays open')
    port.become_raw()
    port.raw_until(b'these bytes')


def output_of(size, depth):
    @case(f'exec: {size} bytes of output come whole before exit_status, {depth} levels down')
    def function(bench):
        data = os.urandom(size)
        path = bench.file('data', data)
        port = bench.port()
        above = port.chain(depth - 1)
        at = port.fork(above)
        port.post('execvp', b'cat', [b'cat', path], at=at)
        port.executed(at)
        said = port.ending(at, 10)
        got = b''.join(m.data for m in said if m.kind == STDOUT)
        check(got == data, f'{len(got)} bytes came, of {len(data)}')
        most = 65535 - 8 * depth
        check(all(len(m.data) <= most for m in said if m.kind == STDOUT), 'a chunk is too large')


for one_size, one_depth in ((1, 1), (65536, 1), (65536, 4), (1 << 20, 1), (1 << 20, 8)):
    output_of(one_size, one_depth)


@case('exec: both streams, a megabyte each')
def both_streams(bench):
    path = bench.file('data', b'x' * (1 << 20))
    port = bench.port()
    at = port.shell(f'cat {path.decode()} & cat {path.decode()} >&2; wait')
    said = port.ending(at, 10)
    for kind in (STDOUT, STDERR):
        equal(sum(len(m.data) for m in said if m.kind == kind), 1 << 20, f'type {kind}')


@case('exec: many at once')
def many(bench):
    port = bench.port()
    below = port.chain(2)
    places = [port.fork(at) for at in [(), below] for _ in range(20)]
    for at in places:
        port.post('execvp', b'echo', [b'echo', str(at[-1]).encode()], at=at)
    for at in places:
        port.executed(at)
        said = port.ending(at)
        equal(b''.join(m.data for m in said if m.kind == STDOUT), f'{at[-1]}\n'.encode())
        equal(said[-1].data, (A('exit_status'), 0))


# Calls in several steps.

@case('files: made, written, read, moved in and removed')
def files(bench):
    port = bench.port()
    at = port.fork()
    fd = port.expect_ok('open', bench.path('new'), [A('o_rdwr'), A('o_creat')], 0o600, at=at)
    equal(port.call('write', fd, [b'0123', [52, 53]], at=at), (OK, 6))
    equal(port.call('lseek', fd, 2, 0, at=at), OK)
    equal(port.call('read', fd, 3, at=at), (OK, b'234'))
    equal(port.call('lseek', fd, -1, 2, at=at), OK)
    equal(port.call('read', fd, 3, at=at), (OK, b'5'))
    equal(port.call('close', fd, at=at), OK)
    equal(port.call('close', fd, at=at), err('ebadf'))


@case('files: descriptors by fcntl')
def fcntl(bench):
    port = bench.port()
    fd = port.expect_ok('open', bench.file('x'), [A('o_rdonly'), A('o_cloexec')], 0)
    equal(port.call('fcntl', fd, A('f_getfd'), 0), (OK, 1))
    equal(port.call('fcntl', fd, A('f_setfd'), 0), (OK, 0))
    equal(port.call('fcntl', fd, A('f_getfd'), 0), (OK, 0))
    copy = port.expect_ok('fcntl', fd, 0, 50)
    equal(copy, 50)


@case('environment: set, kept, replaced, unset, cleared')
def environment(bench):
    port = bench.port()
    at = port.fork()
    port.expect_ok('clearenv', at=at)
    equal(port.call('environ', at=at), [])
    port.expect_ok('setenv', b'A', b'1', 0, at=at)
    port.expect_ok('setenv', b'A', b'2', 0, at=at)
    equal(port.call('getenv', b'A', at=at), b'1')
    port.expect_ok('setenv', [b'A'], [b'3', [b'4']], 1, at=at)
    port.expect_ok('setenv', b'EMPTY', b'', 1, at=at)
    equal(sorted(port.call('environ', at=at)), [b'A=34', b'EMPTY='])
    equal(port.call('getenv', b'EMPTY', at=at), b'')
    port.expect_ok('unsetenv', b'A', at=at)
    equal(port.call('environ', at=at), [b'EMPTY='])
    check(port.call('environ') != [], 'the root has lost its own')


@case('setproctitle: /proc tells it, and the environment stays')
def title(bench):
    port = bench.port()
    at = port.fork()
    before = port.call('environ', at=at)
    long_name = b'a name that is longer than the one it had, ' * 3
    for name in (b'short', long_name):
        equal(port.call('setproctitle', name, at=at), OK)
        with open(f'/proc/{at[-1]}/cmdline', 'rb') as file:
            said = file.read()
        check(name[:40] in said, f'cmdline is {said!r}')
    equal(port.call('environ', at=at), before)
    equal(port.call('setproctitle', b'', at=at), OK)
    equal(port.call('getpid', at=at), at[-1])
    check(b'short' not in open(f'/proc/{at[-1]}/cmdline', 'rb').read(), 'it was not reset')


@case('connect: a unix socket')
def connect(bench):
    name = str(bench.folder / 'socket').encode()
    with sockets.socket(sockets.AF_UNIX) as listener:
        listener.bind(name)
        listener.listen()
        port = bench.port()
        fd = port.expect_ok('socket', A('af_unix'), A('sock_stream'), 0)
        equal(port.call('connect', fd, [struct.pack('H', 1), name + b'\0']), OK)
        equal(port.call('write', fd, b'hello'), (OK, 5))
        peer, _ = listener.accept()
        with peer:
            equal(peer.recv(100), b'hello')
        refused = port.expect_ok('socket', A('af_unix'), A('sock_stream'), 0)
        equal(port.call('connect', refused, [struct.pack('H', 1), name + b'x\0']), err('enoent'))


@case('select: ready, not ready, and after a time')
def select(bench):
    port = bench.port()
    at = port.fork()
    null = port.expect_ok('open', b'/dev/null', [A('o_rdwr')], 0, at=at)
    none = (A('alcove_timeval'), 0, 0)
    equal(port.call('select', [null], [null], [null], none, at=at), (OK, [null], [null], []))
    equal(port.call('select', [null], [null], [], [], at=at), (OK, [null], [null], []))
    equal(port.call('select', [], [], [], (A('alcove_timeval'), 0, 20000), at=at),
          (OK, [], [], []))


@case('prctl: names, structures and 64-bit numbers [prctl_big_int, prctl_cstruct_shift]')
def prctl(bench):
    port = bench.port()
    at = port.fork()
    equal(port.call('prctl', A('pr_set_name'), b'reeve-test\0', 0, 0, 0, at=at)[:2], (OK, 0))
    term = port.call('prctl', A('pr_get_name'), bytes(16), 0, 0, 0, at=at)
    equal(term[2], b'reeve-test'.ljust(16, b'\0'))
    term = port.call('prctl', A('pr_get_pdeathsig'), [b'\xff' * 4], 1, 2, 3, at=at)
    equal(term, (OK, 0, [bytes(4)], 1, 2, 3))
    # An address that nobody can have: the kernel says so, and not we.
    equal(port.call('prctl', A('pr_get_name'), 0x7FFFFFFFF000, 0, 0, 0, at=at), err('efault'))
    equal(port.call('prctl', A('pr_set_name'), (1 << 64) - 4096, 0, 0, 0, at=at), err('efault'))
    equal(port.call('prctl', A('pr_set_name'), -4096, 0, 0, 0, at=at), err('efault'))
    equal(port.call('prctl', A('pr_set_dumpable'), 1, 0, 0, 0, at=at)[:2], (OK, 0))
    equal(port.call('prctl', A('pr_cap_ambient'), A('pr_cap_ambient_clear_all'), 0, 0, 0, at=at),
          (OK, 0, 4, 0, 0, 0))


@case('ioctl: a structure of the kernel, in and out', root=True)
def ioctl(bench):
    port = bench.port()
    at = (port.expect_ok('clone', [A('clone_newnet')]),)
    fd = port.expect_ok('socket', A('af_inet'), A('sock_dgram'), 0, at=at)
    # SIOCGIFINDEX of lo
    term = port.call('ioctl', fd, 0x8933, b'lo'.ljust(40, b'\0'), at=at)
    equal(term[:2], (OK, 0))
    equal(struct.unpack_from('i', term[2], 16)[0], 1)
    term = port.call('ioctl', fd, 0x8933, [b'lo'.ljust(16, b'\0'), bytes(24)], at=at)
    equal(term[:2], (OK, 0))
    equal(term[2][1][:4], struct.pack('i', 1))


@case('ptrace: a process is traced, stopped and let go')
def ptrace(bench):
    port = bench.port()
    port.call('sigaction', A('sigchld'), A('sig_info'))
    at = port.spawn('sleep', '1000')
    pid = at[-1]
    term = port.call('ptrace', A('ptrace_attach'), pid, 0, 0)
    if term == err('eperm'):
        raise Skip('needs to be allowed to ptrace')
    equal(term, (OK, 0, b'', b''))
    equal(port.call('waitpid', pid, []), (OK, pid, 19 << 8 | 0x7F, [(A('stopsig'), A('sigstop'))]))
    term = port.call('ptrace', A('ptrace_geteventmsg'), pid, 0, bytes(8))
    equal(term, (OK, 0, b'', bytes(8)))
    equal(port.call('ptrace', A('ptrace_detach'), pid, 0, 0), (OK, 0, b'', b''))
    port.expect_ok('kill', pid, 9)
    equal(port.call('waitpid', pid, [])[:3], (OK, pid, 9))


@case('mount: in a namespace, by flags and options', root=True)
def mount(bench):
    folder = bench.folder / 'mounted'
    folder.mkdir()
    path = str(folder).encode()
    port = bench.port()
    at = (port.expect_ok('clone', [A('clone_newns')]),)
    equal(port.call('mount', b'', b'/', b'', [A('ms_rec'), A('ms_private')], b'', b'', at=at), OK)
    equal(port.call('mount', b'tmpfs', path, b'tmpfs', [A('ms_nosuid'), A('ms_noexec')],
                    b'size=1m,mode=700\0', b'', at=at), OK)
    with open(f'/proc/{at[-1]}/mounts', encoding='ascii') as file:
        line = [line for line in file if str(folder) in line][0]
    check('nosuid' in line and 'noexec' in line and 'size=1024k' in line, line)
    equal(port.call('umount2', path, [A('mnt_detach')], at=at), OK)
    check(not os.path.ismount(folder), 'it is mounted outside, too')


@case('pivot_root: "." and "."', root=True)
def pivot_root(bench):
    folder = bench.folder / 'new'
    folder.mkdir()
    path = str(folder).encode()
    port = bench.port()
    at = (port.expect_ok('clone', [A('clone_newns')]),)
    equal(port.call('mount', b'', b'/', b'', [A('ms_rec'), A('ms_private')], b'', b'', at=at), OK)
    equal(port.call('mount', b'tmpfs', path, b'tmpfs', 0, b'', b'', at=at), OK)
    port.expect_ok('mkdir', path + b'/inside', 0o755, at=at)
    port.expect_ok('chdir', path, at=at)
    equal(port.call('pivot_root', b'.', b'.', at=at), OK)
    equal(port.call('umount2', b'.', [A('mnt_detach')], at=at), OK)
    port.expect_ok('chdir', b'/', at=at)
    names = port.expect_ok('readdir', b'/', at=at)
    equal(sorted(names), [b'.', b'..', b'inside'])


@case('setns: into the names of another process', root=True)
def setns(bench):
    port = bench.port()
    at = (port.expect_ok('clone', [A('clone_newuts')]),)
    port.expect_ok('sethostname', b'reeve-test', at=at)
    other = port.fork()
    fd = port.expect_ok('open', f'/proc/{at[-1]}/ns/uts'.encode(), [], 0, at=other)
    equal(port.call('setns', fd, A('clone_newuts'), at=other), OK)
    equal(port.call('gethostname', at=other), (OK, b'reeve-test'))


@case('users: all three of each, and the groups', root=True)
def users(bench):
    port = bench.port()
    at = port.fork()
    equal(port.call('setgroups', [5, 70000, 7], at=at), OK)
    equal(sorted(port.expect_ok('getgroups', at=at)), [5, 7, 70000])
    equal(port.call('setresgid', 11, 12, 13, at=at), OK)
    equal(port.call('getresgid', at=at), (OK, 11, 12, 13))
    equal(port.call('setresuid', 21, 22, 23, at=at), OK)
    equal(port.call('getresuid', at=at), (OK, 21, 22, 23))
    equal(port.call('getuid', at=at), 21)
    equal(port.call('getgid', at=at), 11)
    equal(port.call('setuid', 0, at=at), err('eperm'))
    below = port.fork(at)
    equal(port.call('getresuid', at=below)[1], 21)
    port.run(below, 'true')
    equal(port.exit_status(below), (A('exit_status'), 0))


@case('sessions and process groups')
def sessions(bench):
    port = bench.port()
    at = port.fork()
    equal(port.call('setsid', at=at), (OK, at[-1]))
    equal(port.call('setsid', at=at), err('eperm'))
    equal(port.call('getsid', 0, at=at), (OK, at[-1]))
    equal(port.call('getpgrp', at=at), at[-1])
    below = port.fork(at)
    equal(port.call('setpgid', 0, 0, at=below), OK)
    equal(port.call('getpgrp', at=below), below[-1])


@case('priorities can be read and made lower')
def priorities(bench):
    port = bench.port()
    at = port.fork()
    equal(port.call('setpriority', A('prio_process'), 0, 7, at=at), OK)
    equal(port.call('getpriority', A('prio_process'), 0, at=at), (OK, 7))
    equal(port.call('getpriority', A('prio_process'), at[-1]), (OK, 7))


@case('limits: set and read back')
def limits(bench):
    port = bench.port()
    at = port.fork()
    limit = (A('alcove_rlimit'), 5, 6)
    equal(port.call('setrlimit', A('rlimit_core'), limit, at=at), OK)
    equal(port.call('getrlimit', A('rlimit_core'), at=at), (OK, limit))
    equal(port.call('setrlimit', A('rlimit_core'), (A('alcove_rlimit'), -1, 6), at=at), BADARG)


@case('kill: a process group')
def kill_group(bench):
    port = bench.port()
    at = port.fork()
    port.expect_ok('setsid', at=at)
    port.run(at, 'sh', '-c', 'sleep 1000 & echo $!; wait')
    below = int(port.message(STDOUT, at).data)
    equal(port.call('kill', -at[-1], A('sigkill')), OK)
    equal(port.exit_status(at), (A('termsig'), A('sigkill')))
    eventually(lambda: processes.gone(below), 'the second is still there')


@case('kill: a signal that a process has blocked is not lost for the next')
def kill_many(bench):
    port = bench.port()
    at = port.fork()
    for number in (10, 12, 10, 12):
        port.expect_ok('kill', at[-1], number)
        event = port.message(EVENT, at).data
        equal(event[1], A({10: 'sigusr1', 12: 'sigusr2'}[number]))
