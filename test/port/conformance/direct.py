# SPDX-License-Identifier: MIT
"""The short way between the first process and those further down: what is sent by it keeps its
order, nobody speaks for others, and what is for a program is never looked into."""
import os
import signal
import struct

from . import etf, processes, protocol
from .calls import OK, TRUE, A
from .case import case, check, equal, eventually
from .extensions import More
from .protocol import CTL, EVENT, STDOUT

WARM = 40  # calls after which a process has a line of its own
QUEUE = 1002  # the descriptor by which everybody below sends upwards, where the limit allows it


def warm(port, at):
    for _ in range(WARM):
        equal(port.call('getpid', at=at), at[-1])


def statistic(more, name):
    return dict(more.call('statistics'))[A(name)]


def frame(kind, body):
    return struct.pack('>HH', 2 + len(body), kind) + body


def proxy(at, inner):
    for pid in reversed(at):
        inner = frame(protocol.PROXY, struct.pack('>i', pid) + inner)
    return inner


@case('direct: a process between that is stopped is not in the way')
def stopped_between(bench):
    port = bench.port()
    at = port.chain(5)
    warm(port, at)
    os.kill(at[2], signal.SIGSTOP)
    for _ in range(50):
        equal(port.call('getpid', at=at), at[-1])
    port.post('getpid', at=at[:3])
    os.kill(at[2], signal.SIGCONT)
    equal(port.reply(at[:3]), at[2])


@case('direct: calls at many depths, sent without waiting, are answered in their order')
def pipelined(bench):
    port = bench.port()
    at = port.chain(6)
    places = [at[:depth] for depth in range(1, 7)]
    for number in range(1500):
        port.post('errno_id', number % 40, at=places[number % 6])
        port.receive(0)
    names = [port.call('errno_id', number) for number in range(40)]
    for number in range(1500):
        equal(port.reply(places[number % 6]), names[number % 40], f'reply {number}')


@case('direct: what was asked before an execution is answered before, what follows is its input')
def execution(bench):
    port = bench.port()
    at = port.chain(4)
    warm(port, at)
    for _ in range(30):
        port.post('getpid', at=at)
    port.post('execvp', b'cat', [b'cat'], at=at)
    # It looks like a call, and like one that executes.
    body = port.frame('getpid', ()) + port.frame('execvp', (b'true', [b'true']))
    for part in (port.frame('getpid', ()), body):
        for _ in range(30):
            port.stdin(at, part)
    for _ in range(30):
        equal(port.reply(at), at[-1])
    port.executed(at)
    wanted = (port.frame('getpid', ()) * 30) + body * 30
    equal(port.output(at, len(wanted)), wanted)
    equal(port.call('getpid', at=at[:3]), at[2])


@case('direct: an execution that is hidden among other frames is not missed')
def hidden_execution(bench):
    port = bench.port()
    at = port.chain(3)
    warm(port, at)
    port.stdin(at, port.frame('getpid', ()) + port.frame('execvp', (b'cat', [b'cat'])))
    equal(port.reply(at), at[-1])
    port.executed(at)
    data = port.frame('getpid', ())
    for _ in range(WARM):
        port.stdin(at, data)
    equal(port.output(at, len(data) * WARM), data * WARM)


@case('direct: an execution that fails is answered in its turn, and calls go on')
def failed_execution(bench):
    port = bench.port()
    at = port.chain(3)
    for _ in range(3):
        warm(port, at)
        port.post('execvp', b'reeve-no-such-program', [b'x'], at=at)
        port.post('getpid', at=at)
        equal(port.reply(at), (A('error'), A('enoent')))
        equal(port.reply(at), at[-1])


@case('direct: replies and the end of a process, and of one above it, in order')
def ends(bench):
    port = bench.port()
    at = port.chain(4)
    warm(port, at)
    for _ in range(100):
        port.post('getpid', at=at)
    port.post('exit', 3, at=at)
    messages = port.ending(at)
    equal([m.data for m in messages], [at[-1]] * 100 + [A('fdctl_closed'), (A('exit_status'), 3)])
    warm(port, at[:3])
    port.post('exit', 0, at=at[:2])
    port.ending(at[:2])
    port.quiet(0.05)
    equal([m for m in port.inbox if m.where == at[:3] and m.kind not in (CTL, EVENT)], [])
    port.post('getpid', at=at[:3])
    equal(port.message(CTL, at[:2]).data, A('badpid'))


@case('direct: a process that is killed while it answers leaves whole messages')
def killed(bench):
    port = bench.port()
    at = port.chain(3)
    for _ in range(10):
        below = port.fork(at)
        warm(port, below)
        for _ in range(50):
            port.post('environ', at=below)
        os.kill(below[-1], signal.SIGKILL)
        equal(port.exit_status(below), (A('termsig'), A('sigkill')))
        port.inbox.clear()
        equal(port.call('getpid', at=at), at[-1])


@case('direct: nobody speaks for others')
def forged(bench):
    more = More(bench)
    port = more.port
    other, at = port.chain(2), port.chain(2)
    if QUEUE not in processes.descriptors(at[-1]):
        return  # the limit on descriptors leaves no room for it
    term = etf.encode(A('forged'))
    inner = frame(protocol.CALL, term)
    wrong = [proxy(other, inner), inner, b'', b'\0', proxy(at, inner)[:-1],
             proxy(at, frame(protocol.CALL, term) + b'x'), proxy(at, frame(99, term)),
             proxy(at, frame(0x7265, b'')), proxy(at[:1], inner), os.urandom(300)]
    before = statistic(more, 'direct_invalid')
    for data in wrong:
        port.call('write', QUEUE, data, at=at)
    equal(port.call('getpid', at=at), at[-1])
    equal(port.call('getpid', at=other), other[-1])
    check(statistic(more, 'direct_invalid') >= before + 7, 'what was wrong was not counted')
    check(not [m for m in port.inbox if m.data == A('forged')], 'it was passed on')


@case('direct: the descriptors may be closed, and survive close_range')
def closed(bench):
    more = More(bench)
    port = more.port
    at = port.chain(3)
    warm(port, at)
    equal(more.call('close_range', 6, 0xffffffff, at=at), OK)
    equal(more.call('close_range', 6, 0xffffffff), OK)
    warm(port, at)
    for depth in (3, 2):
        for number in sorted(processes.descriptors(at[depth - 1])):
            if number >= 1000:
                equal(port.call('close', number, at=at[:depth]), OK)
        warm(port, at[:depth])
    warm(port, at)


@case('direct: processes in another namespace of numbers take the long way', root=True)
def namespaces(bench):
    port = bench.port()
    at = port.fork()
    inside = (*at, port.expect_ok('clone', [A('clone_newpid')], at=at))
    below = port.fork(inside)
    for _ in range(WARM):
        equal(port.call('getpid', at=inside), 1)
        equal(port.call('getpid', at=below), below[-1])
    second = port.fork()
    equal(port.call('unshare', [A('clone_newpid')], at=second), OK)
    child = port.fork(second)
    for _ in range(WARM):
        equal(port.call('getpid', at=child), 1)
    port.post('execvp', b'echo', [b'echo', b'hi'], at=below)
    equal(port.exit_status(below), (A('exit_status'), 0))


@case('direct: a process executes the port anew, and is reached as before')
def again(bench):
    port = bench.port()
    at = port.chain(3)
    warm(port, at)
    for fd in (3, 4, 5):
        port.expect_ok('fcntl', fd, A('f_setfd'), 0, at=at)
    program = os.path.realpath(bench.program).encode()
    port.post('execve', program, [program, b'-d', b'3'], [], at=at)
    equal(port.reply(at), OK)
    warm(port, at)
    below = port.fork(at)
    warm(port, below)


@case('direct: one that is not read stops nobody for good')
def not_read(bench):
    more = More(bench)
    port = more.port
    at = port.chain(4)
    warm(port, at)
    os.kill(at[-1], signal.SIGSTOP)
    for _ in range(600):
        port.post('getpid', at=at)
        port.receive(0)
    equal(port.call('getpid', at=at[:3]), at[2])
    os.kill(at[-1], signal.SIGCONT)
    for _ in range(600):
        equal(port.reply(at), at[-1])
    with open('/proc/sys/net/core/wmem_default', encoding='ascii') as file:
        room = int(file.read())
    check(room > 300000 or statistic(more, 'lines_full') > 0, 'its line was not full')


@case('direct: output through depth, with replies of all depths between')
def mixed_output(bench):
    port = bench.port()
    at = port.chain(5)
    writer = port.fork(at)
    port.post('execvp', b'head', [b'head', b'-c', b'3000000', b'/dev/zero'], at=writer)
    got, ended = 0, False
    for depth in range(1, 6):
        equal(port.call('setopt', A('flowcontrol'), -1, at=at[:depth]), TRUE)
    for message in port.ending(writer, 20):
        check(not ended, 'something came behind the end')
        got += len(message.data) if message.kind == STDOUT else 0
        ended = message.kind == EVENT
    equal(got, 3000000)
    eventually(lambda: processes.gone(writer[-1]), 'it runs on')
