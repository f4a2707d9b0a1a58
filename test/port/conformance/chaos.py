# SPDX-License-Identifier: MIT
"""Controllers and children that are broken or unfriendly: nothing crashes, hangs or spins, what is
not touched goes on, and what has ended is told."""
import os
import random
import signal
import struct
import time

from . import etf, processes, protocol
from .calls import OK, TRUE, A
from .case import case, check, equal, eventually
from .controller import Failure
from .etf import Raw
from .protocol import CTL, EVENT


def ends_well(port, what):
    """The end of input, after which it must end, and not by a signal."""
    try:
        if port.send_fd >= 0:
            port.close_stdin()
    except BrokenPipeError:
        port.send_fd = -1
    code = port.wait()
    if code < 0:
        raise Failure('\n'.join([f'{what}: it died of signal {-code}', *port.said_lines()]))
    return code


def messages(port, at):
    """A message of each kind that a controller sends."""
    return [
        protocol.within(at, port.frame('getpid', [])),
        protocol.within(at, port.frame('iolist_to_bin', [[b'ab', [1, 2, [b'c']]]])),
        protocol.within(at, port.frame('alloc', [[b'abcd', (A('ptr'), 16), (A('ptr'), b'xyz')]])),
        protocol.within(at, port.frame('open', [b'/dev/null', [A('o_rdonly'), A('o_cloexec')], 0])),
        protocol.within(at, port.frame('setrlimit', [A('rlimit_core'),
                                                     (A('alcove_rlimit'), 0, 1 << 40)])),
    ]  # All of them have one size, whatever the pids are.


KINDS = ('getpid', 'a list', 'a structure', 'open', 'setrlimit')


def cut(number, depth):
    @case(f'chaos: {KINDS[number]} cut at every byte, then the end, {depth} levels down')
    def function(bench):
        size = len(messages(bench.port(), (1,) * depth)[number])
        for end in range(1, size, 1 if depth == 0 else 3):
            port = bench.port()
            frame = messages(port, port.chain(depth))[number]
            port.write(frame[:end])
            ends_well(port, f'cut at {end}')
            bench.ports.remove(port)
            port.destroy()


for one_number in range(len(KINDS)):
    cut(one_number, 0)
    cut(one_number, 2)


@case('chaos: a call of every number with its arguments cut at every byte')
def cut_arguments(bench):
    port = bench.port()
    at = port.fork()
    skipped = ('exit', 'kill', 'fork', 'clone', 'select', 'execve', 'execvp', 'fexecve')
    for name, arity in protocol.ARITIES.items():
        if name in skipped:
            continue
        whole = etf.encode(tuple([[b'x', A('y'), 300]] * arity))
        for end in range(1, len(whole)):
            port.send(at, protocol.call(protocol.NUMBERS[name], whole[:end]))
            if end % 8 == 7:
                port.receive(0)
        for end in range(1, len(whole)):
            term = port.reply(at)
            check(term == A('badarg') or term == A('undef'),
                  lambda: f'{name} with {whole[:end]!r} answered {term!r}')
    equal(port.call('getpid', at=at), at[-1])


@case('chaos: an unknown type ends the process that got it, and no other')
def unknown_types(bench):
    for kind in (1, 2, 3, 5, 6, 7, 8, 255, 256, 1024, 65535):
        port = bench.port()
        bad, good = port.fork(), port.fork()
        port.stdin(bad, protocol.frame(kind, b'\0\0\0\1xxxx'))
        port.message(CTL, bad, data=A('fdctl_closed'))
        event = port.exit_status(bad)
        check(event[0] == A('exit_status'), f'type {kind}: {event!r}')
        equal(port.call('getpid', at=good), good[-1])
        port.write(protocol.frame(kind, b'\0\0\0\1xxxx'))
        code = port.wait()
        check(code >= 0, f'type {kind}: died of signal {-code}')
        port.send_fd = -1


@case('chaos: wrong lengths, to the root')
def wrong_lengths(bench):
    good = protocol.call(36, b'\x83\x68\0')
    for size in [*range(0, 12), 65535, 65534, 32768]:
        port = bench.port()
        port.write(struct.pack('>H', size) + good[2:] * (1 + size // 7))
        port.quiet(0.01)
        ends_well(port, f'length {size}')


@case('chaos: wrong lengths, to a child: the others go on')
def wrong_lengths_below(bench):
    good = protocol.call(36, b'\x83\x68\0')
    port = bench.port('-m', 64)
    other = port.fork()
    for size in [0, 1, 2, 3, 4, 5, 8, 10, 30000, 65535]:
        at = port.fork()
        port.stdin(at, struct.pack('>H', size) + good[2:])
        port.quiet(0.005)
        equal(port.call('getpid', at=other), other[-1])


@case('chaos: a message of 65,535 bytes, and 65,537 on the wire')
def largest(bench):
    port = bench.port()
    at = port.fork()
    # The length says 65,535, which is two bytes more than alcove's driver would send.
    frame = protocol.call(protocol.NUMBERS['iolist_to_bin'],
                          b'\x83\x68\1m' + struct.pack('>I', 65523) + b'x' * 65523)
    equal(struct.unpack('>H', frame[:2])[0], 65535)
    port.write(frame)
    term = port.reply()
    # The reply has the room of a reply, 65,527 bytes of term.
    check(term in (A('badarg'), b'x' * 65523) or isinstance(term, tuple), 'the reply')
    equal(port.call('getpid', at=at), at[-1])


@case('chaos: messages for a child as large as they can be')
def largest_below(bench):
    port = bench.port()
    at = port.fork()
    room = 65535 - 2 - 4 - 2
    data = b'x' * (room - 2 - 2 - 3 - 5)
    frame = protocol.within(at, protocol.call(
        protocol.NUMBERS['iolist_to_bin'],
        b'\x83\x68\1m' + struct.pack('>I', len(data)) + data))
    check(len(frame) >= 65535, f'{len(frame)} bytes')
    port.write(frame)
    term = port.reply(at)
    check(term == data or term == A('badarg') or isinstance(term, tuple), 'the reply')
    equal(port.call('getpid', at=at), at[-1])


def random_term(rng, depth=0):
    kind = rng.randrange(10 if depth < 4 else 6)
    if kind == 0:
        return rng.choice([0, 1, 255, 256, -1, 1 << 31, -(1 << 31), 1 << 63, 1 << 64, 1 << 200])
    if kind == 1:
        return A(rng.choice(['ok', 'ptr', 'o_rdonly', 'sigterm', 'x' * 255, '']))
    if kind == 2:
        return bytes(rng.randrange(256) for _ in range(rng.choice([0, 1, 8, 300])))
    if kind == 3:
        return Raw(bytes(rng.randrange(256) for _ in range(rng.randrange(1, 20))))
    if kind == 4:
        return []
    if kind == 5:
        return Raw(rng.choice([b'l\xff\xff\xff\xff', b'k\xff\xff', b'm\xff\xff\xff\xffx', b'n\xff\0',
                               b'o\xff\xff\xff\xff\0', b'i\xff\xff\xff\xff', b'd\xff\xff', b'h\xff',
                               b'P\0\0\0\1x', b'l\0\0\0\0a\1', b'l\0\0\0\1a\1a\2']))
    if kind in (6, 7):
        return tuple(random_term(rng, depth + 1) for _ in range(rng.randrange(4)))
    return [random_term(rng, depth + 1) for _ in range(rng.randrange(6))]


# What would end the process, wait, or change the machine rather than the process.
HARMFUL = ('exit kill fork clone execve execvp fexecve select waitpid mount umount umount2 '
           'sethostname pivot_root ptrace chmod chown unlink rmdir link symlink mkdir mkfifo '
           'open setpgid setpriority setns unshare seccomp read filter').split()


@case('chaos: random terms to every call')
def random_terms(bench):
    rng = random.Random(7)
    port = bench.port()
    names = [name for name in protocol.NUMBERS
             if name not in HARMFUL and name not in ('write', 'close', 'fcntl', 'ioctl', 'connect',
                                                     'prctl', 'setrlimit', 'chroot', 'chdir')]
    for _ in range(20):
        at = port.fork()
        sent = []
        for _ in range(60):
            name = rng.choice(names)
            arguments = [random_term(rng) for _ in range(protocol.ARITIES[name])]
            sent.append((name, arguments))
            port.post(name, *arguments, at=at)
        for name, arguments in sent:
            try:
                port.reply(at)
            except Failure as reason:
                raise Failure(f'{name}{arguments!r}: {reason}') from None
        port.post('exit', 0, at=at)
        equal(port.exit_status(at)[1], 0)


@case('chaos: random bytes as a call')
def random_bytes(bench):
    rng = random.Random(8)
    port = bench.port()
    at = port.fork()
    for _ in range(2000):
        number = rng.choice([36, 45, 0, 59, 61, 19, 90])
        data = bytes([131]) + bytes(rng.choice([rng.randrange(256), *range(97, 112)])
                                    for _ in range(rng.randrange(60)))
        port.send(at, protocol.call(number, data))
        port.reply(at)
    equal(port.call('getpid', at=at), at[-1])


@case('chaos: random bytes instead of messages')
def random_stream(bench):
    rng = random.Random(9)
    for _ in range(60):
        port = bench.port()
        port.fork()
        data = bytes(rng.choice([0, 0, 0, 4, 4, 7, 36, 131, 104, rng.randrange(256)])
                     for _ in range(rng.randrange(400)))
        # A call that the bytes happen to be may not be one that reaches others.
        try:
            port.write(data.replace(b'\x00\x31', b'\x00\x24'))
        except Failure:
            pass
        try:
            port.quiet(0.005)
        except Failure:
            pass
        ends_well(port, repr(data))


def open_of(pid, number):
    """A child's own end of a descriptor, by /proc: what a broken child would write to."""
    return open(f'/proc/{pid}/fd/{number}', 'r+b' if number != 1 else 'wb', buffering=0)


@case('chaos: a child that writes garbage to its standard output')
def garbage_out(bench):
    rng = random.Random(10)
    port = bench.port()
    other = port.fork()
    for garbage in (b'\0\0', b'\0\1\0', b'\0\2\0\x09', b'\xff\xff' + bytes(100),
                    b'\0\x06\0\3\0\0\0\1',
                    bytes(rng.randrange(256) for _ in range(500))):
        at = port.fork()
        port.call('getpid', at=at)  # Now its descriptors are its own.
        with open_of(at[-1], 1) as file:
            file.write(garbage)
        try:
            port.quiet(0.01)
        except Failure as reason:
            raise Failure(f'{garbage[:20]!r} was passed on: {reason}') from None
        equal(port.call('getpid', at=other), other[-1], f'after {garbage[:20]!r}')
        try:
            os.kill(at[-1], signal.SIGKILL)
        except ProcessLookupError:
            pass
        port.ending(at)


@case('chaos: a child that forges messages of others')
def forged(bench):
    port = bench.port()
    at, other = port.fork(), port.fork()
    port.call('getpid', at=at)
    with open_of(at[-1], 1) as file:
        file.write(protocol.frame(protocol.PROXY, struct.pack('>i', other[-1])
                                  + protocol.frame(protocol.CALL, etf.encode(A('forged')))))
    equal(port.call('getpid', at=other), other[-1])
    port.quiet(0.01)
    for message in port.inbox:
        check(message.where[:1] == at, f'it is told as of {message.where}')


def killed(which):
    @case(f'chaos: kill -9 of {which} of a tree: the others go on, and it is told')
    def function(bench):
        port = bench.port()
        one, other = port.chain(3), port.chain(2)
        leaf = port.spawn('cat', at=other[:1])
        victim = {'a leaf': one, 'the middle': one[:2], 'the first': one[:1]}[which]
        os.kill(victim[-1], signal.SIGKILL)
        said = port.ending(victim)
        equal([m.data for m in said if m.kind in (CTL, EVENT)],
              [A('fdctl_closed'), (A('termsig'), A('sigkill'))])
        for pid in one[len(victim):]:
            eventually(lambda pid=pid: processes.gone(pid), f'{pid} below it runs on')
        for at in (other, one[:len(victim) - 1]):
            if at:
                equal(port.call('getpid', at=at), at[-1])
        port.stdin(leaf, b'x')
        equal(port.output(leaf, 1), b'x')
        port.post('getpid', at=victim)
        port.message(CTL, victim, data=A('badpid'))
        equal(port.call('fork')[0], OK)


for one_which in ('a leaf', 'the middle', 'the first'):
    killed(one_which)


@case('chaos: kill -9 at any time of a tree at work')
def killed_at_work(bench):
    rng = random.Random(11)
    port = bench.port()
    other = port.chain(2)
    for _ in range(25):
        tree = port.chain(3)
        frames = b''.join(protocol.within(tree, port.frame('iolist_to_bin', [b'x' * 3000]))
                          for _ in range(10))
        port.write(frames)
        port.quiet(rng.random() * 0.004)
        victim = tree[:rng.randrange(1, 4)]
        os.kill(victim[-1], signal.SIGKILL)
        event = port.exit_status(victim)
        equal(event, (A('termsig'), A('sigkill')))
        if len(victim) > 1:
            port.post('exit', 0, at=tree[:1])
            port.exit_status(tree[:1])
        equal(port.call('getpid', at=other), other[-1])
        port.inbox.clear()


@case('chaos: kill -9 of a program whose output is being read')
def killed_writer(bench):
    port = bench.port()
    other = port.fork()
    for depth in (1, 3):
        above = port.chain(depth - 1)
        at = port.spawn('cat', '/dev/zero', at=above)
        port.output(at, 1 << 18)
        os.kill(at[-1], signal.SIGKILL)
        equal(port.exit_status(at), (A('termsig'), A('sigkill')))
        equal(port.call('getpid', at=other), other[-1])


@case('chaos: the controller goes away while there is output')
def controller_gone(bench):
    port = bench.port()
    below = port.chain(2)
    port.spawn('cat', '/dev/zero', at=below)
    port.spawn('cat', '/dev/zero')
    port.quiet(0.02)
    port.process.stdout.close()
    port.close_stdin()
    eventually(lambda: port.process.poll() is not None, 'the port runs on')


@case('chaos: the controller stops reading, ends its calls, and reads the rest')
def controller_silent(bench):
    port = bench.port()
    below = port.chain(2)
    port.spawn('cat', '/dev/zero', at=below)
    port.quiet(0.02)
    time.sleep(0.1)
    equal(port.close(6), 0)


@case('chaos: a program whose children have sessions of their own, and ignore signals')
def late_children(bench):
    port = bench.port()
    at = port.shell('trap "" TERM HUP; setsid sh -c "echo up; sleep 1000; :" & wait; wait')
    port.output(at, 3)
    equal(port.close(10), 0)


@case('chaos: a daemon keeps nobody waiting for the end of the program that started it')
def daemon(bench):
    port = bench.port()
    path = bench.folder / 'pid'
    at = port.shell(f'setsid sh -c "echo \\$\\$ >{path}; exec sleep 1000" & exit 0')
    said = port.take(lambda m: m.where == at and m.kind == EVENT, 'exit_status', 3)
    equal(said.data, (A('exit_status'), 0))
    pid = int(eventually(lambda: path.exists() and path.read_text(), 'it did not start'))
    check(not processes.gone(pid), 'it was ended with the program')
    os.kill(pid, signal.SIGKILL)
    equal(port.call('getpid'), port.pid)


@case('chaos: all that a tree can hold, and its end at once')
def crowd(bench):
    port = bench.port()
    places = [port.fork() for _ in range(8)]
    for at in list(places):
        for _ in range(7):
            port.spawn('sleep', '1000', at=at)
    equal(port.call('setopt', A('maxchild'), 8), TRUE)
    equal(port.close(), 0)
