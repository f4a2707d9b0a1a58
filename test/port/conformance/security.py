# SPDX-License-Identifier: MIT
"""Filters of calls, and seccomp: what a control process may still do."""
import errno
import os
import struct

from . import protocol
from .calls import BADARG, OK, UNDEF, A, err
from .case import Skip, case, check, equal
from .protocol import EVENT, NUMBERS

ALL = bytes([0xFF] * 13)


def bits(*names, base=b''):
    """A filter: these calls are forbidden."""
    value = bytearray(base.ljust(13, b'\0'))
    for name in names:
        value[NUMBERS[name] // 8] |= 1 << (NUMBERS[name] % 8)
    return bytes(value)


def all_but(*names):
    """What alcove's Erlang side makes of a list of allowed calls."""
    value = bytearray(13)
    for name, number in NUMBERS.items():
        if name not in names:
            value[number // 8] |= 1 << (number % 8)
    return bytes(value)


@case('filter: a forbidden call is undef, here alone')
def here(bench):
    port = bench.port()
    at = port.fork()
    equal(port.call('filter', bits('getpid', 'open'), b'', at=at), OK)
    equal(port.call('getpid', at=at), UNDEF)
    equal(port.call('open', b'/dev/null', [], 0, at=at), UNDEF)
    equal(port.call('getuid', at=at), os.getuid())
    equal(port.call('getpid'), port.pid)
    below = port.fork(at)
    equal(port.call('getpid', at=below), below[-1])


@case('filter: for processes to come, and theirs')
def below(bench):
    port = bench.port()
    equal(port.call('filter', b'', bits('getpid')), OK)
    equal(port.call('getpid'), port.pid)
    at = port.fork()
    equal(port.call('getpid', at=at), UNDEF)
    equal(port.call('getpid', at=port.fork(at)), UNDEF)


@case('filter: cannot be taken back')
def not_back(bench):
    port = bench.port()
    at = port.fork()
    equal(port.call('filter', bits('getpid'), bits('getuid'), at=at), OK)
    equal(port.call('filter', bytes(13), bytes(13), at=at), OK)
    equal(port.call('filter', b'', b'', at=at), OK)
    equal(port.call('getpid', at=at), UNDEF)
    equal(port.call('getuid', at=port.fork(at)), UNDEF)


@case('filter: can be forbidden itself')
def itself(bench):
    port = bench.port()
    equal(port.call('filter', bits('filter'), b''), OK)
    equal(port.call('filter', b'', b''), UNDEF)


@case('filter: everything')
def everything(bench):
    port = bench.port()
    at = port.fork()
    equal(port.call('filter', ALL, b'', at=at), OK)
    for name in protocol.NUMBERS:
        port.post(name, *[0] * protocol.ARITIES[name], at=at)
        equal(port.reply(at), UNDEF, name)


@case('filter: is looked at before the arguments are')
def before_arguments(bench):
    port = bench.port()
    at = port.fork()
    equal(port.call('filter', bits('getpid'), b'', at=at), OK)
    equal(port.call('getpid', 1, 2, 3, at=at), UNDEF)


@case('filter: a list of allowed calls allows no call above 99')
def extensions(bench):
    port = bench.port()
    at = port.fork()
    equal(port.call('filter', all_but('getpid', 'fork'), all_but('getpid', 'fork'), at=at), OK)
    equal(port.call('getpid', at=at), at[-1])
    for where in (at, port.fork(at)):
        for number in range(100, 260):
            port.send(where, protocol.call(number, b'\x83\x68\0'))
            term = port.reply(where)
            check(term in (UNDEF, BADARG), f'call {number} answered {term!r}')
        port.send(where, protocol.call(100, b'\x83\x68\0'))
        equal(port.reply(where), UNDEF, 'call 100')


# seccomp.

ARCH = {'x86_64': 0xC000003E, 'aarch64': 0xC00000B7}
KILL, TRAP, ERRNO, ALLOW = 0, 0x00030000, 0x00050000, 0x7FFF0000
RUNNING = ('exit exit_group getpid getrlimit poll read restart_syscall rt_sigreturn setrlimit '
           'write writev').split()


def statement(code, k, yes=0, no=0):
    return struct.pack('HBBI', code, yes, no, k & 0xFFFFFFFF)


def program(port, at, names, otherwise, named=ALLOW):
    """(number of instructions, BPF): what becomes of these system calls, and of all others."""
    if os.uname().machine not in ARCH:
        raise Skip('needs x86-64 or aarch64')
    code = [statement(0x20, 4), statement(0x15, ARCH[os.uname().machine], 1, 0),
            statement(0x06, KILL), statement(0x20, 0)]
    for name in names:
        number = port.call('syscall_constant', A(f'sys_{name}'), at=at)
        if isinstance(number, int):
            code += [statement(0x15, number, 0, 1), statement(0x06, named)]
    code.append(statement(0x06, otherwise))
    return len(code), b''.join(code)


def arm(port, at, names, otherwise, named=ALLOW, by='prctl'):
    count, code = program(port, at, names, otherwise, named)
    equal(port.call('prctl', A('pr_set_no_new_privs'), 1, 0, 0, 0, at=at), (OK, 0, 1, 0, 0, 0))
    filter_ = [struct.pack('H', count), bytes(6), (A('ptr'), code)]
    if by == 'prctl':
        term = port.call('prctl', A('pr_set_seccomp'), A('seccomp_mode_filter'), filter_, 0, 0,
                         at=at)
        check(term[:2] == (OK, 0), lambda: f'prctl answered {term!r}')
        equal(term[3], filter_, 'the structure after the call')
    else:
        equal(port.call('seccomp', A('seccomp_set_mode_filter'), 0, filter_, at=at), OK)


def allowed(by):
    @case(f'seccomp: a control process lives with the list of the documentation, by {by}')
    def function(bench):
        port = bench.port()
        at = port.fork()
        arm(port, at, RUNNING, KILL, by=by)
        for _ in range(20):
            equal(port.call('getpid', at=at), at[-1])
        equal(port.call('iolist_to_bin', b'x' * 30000, at=at), b'x' * 30000)
        os.kill(at[-1], 10)
        equal(port.message(EVENT, at).data[:2], (A('signal'), A('sigusr1')))
        port.post('exit', 5, at=at)
        equal(port.exit_status(at), (A('exit_status'), 5))


allowed('prctl')
allowed('seccomp')


@case('seccomp: what is not allowed kills, which is told')
def kills(bench):
    port = bench.port()
    at = port.fork()
    arm(port, at, RUNNING, KILL)
    port.post('getcwd', at=at)
    equal(port.exit_status(at), (A('termsig'), A('sigsys')))
    equal(port.call('getpid'), port.pid)


@case('seccomp: RET_TRAP is an event, and the call answers')
def traps(bench):
    port = bench.port()
    at = port.fork()
    arm(port, at, ['getcwd'], ALLOW, TRAP)
    port.post('getcwd', at=at)
    event = port.message(EVENT, at).data
    equal(event[:2], (A('signal'), A('sigsys')))
    term = port.reply(at)
    check(term in (err('unknown'), (OK, b''), (OK, b'/')), f'getcwd answered {term!r}')
    equal(port.call('getpid', at=at), at[-1])


@case('seccomp: RET_ERRNO is the call\'s error')
def errors(bench):
    port = bench.port()
    at = port.fork()
    arm(port, at, ['getcwd', 'mkdir', 'mkdirat'], ALLOW, ERRNO | errno.EPERM)
    equal(port.call('getcwd', at=at), err('eperm'))
    equal(port.call('mkdir', bench.path('x'), 0o700, at=at), err('eperm'))
    equal(port.call('getpid', at=at), at[-1])


@case('seccomp: is kept by fork and exec')
def kept(bench):
    port = bench.port()
    at = port.fork()
    arm(port, at, ['chdir'], ALLOW, ERRNO | errno.EPERM)
    low = port.fork(at)
    equal(port.call('chdir', b'/', at=low), err('eperm'))
    port.run(low, 'sh', '-c', 'cd / || exit 3')
    equal(port.exit_status(low), (A('exit_status'), 3))


@case('seccomp: a process in the middle lives with the list, too')
def middle(bench):
    port = bench.port()
    at = port.fork()
    low = port.fork(at)
    arm(port, at, [*RUNNING, 'fcntl', 'wait4', 'waitid', 'close', 'recvmsg', 'recvfrom', 'sendmsg',
                   'sendto', 'splice', 'tee'], KILL)
    for _ in range(20):
        equal(port.call('getpid', at=low), low[-1])


@case('seccomp: strict mode allows what it does, and kills otherwise')
def strict(bench):
    port = bench.port()
    at = port.fork()
    port.post('prctl', A('pr_set_seccomp'), A('seccomp_mode_strict'), 0, 0, 0, at=at)
    # Neither poll nor writev are allowed there.
    equal(port.exit_status(at), (A('termsig'), A('sigkill')))
