# SPDX-License-Identifier: MIT
"""The wire at every depth, and the making of processes."""
import resource
import struct

from . import etf, processes, protocol
from .calls import FALSE, OK, TRUE, A, err
from .case import case, check, equal, eventually

BADPID = A('badpid')


@case('wire: getpid of the root, byte for byte')
def bytes_of_root(bench):
    port = bench.port()
    port.write(bytes.fromhex('000700040024836800'))
    body = b'\x83' + etf.term(port.pid)
    wanted = struct.pack('>HH', len(body) + 2, 4) + body
    equal(port.receive_exactly(len(wanted)), wanted)


@case('wire: getpid two levels down, byte for byte')
def bytes_of_child(bench):
    port = bench.port()
    one, two = port.chain(2)
    inner = bytes.fromhex('000700040024836800')
    middle = struct.pack('>HHi', len(inner) + 6, 0, two) + inner
    port.write(struct.pack('>HHi', len(middle) + 6, 0, one) + middle)
    body = b'\x83' + etf.term(two)
    wanted = struct.pack('>HH', len(body) + 2, 4) + body
    for pid in (two, one):
        wanted = struct.pack('>HHi', len(wanted) + 6, 3, pid) + wanted
    equal(port.receive_exactly(len(wanted)), wanted)


@case('wire: badpid, byte for byte')
def bytes_of_badpid(bench):
    port = bench.port()
    for pid in (0, -1, 4194305, port.pid):
        port.write(struct.pack('>HHi', 6, 0, pid))
        inner = b'\x00\x0b\x00\x06\x83\x77\x06badpid'
        wanted = struct.pack('>HHi', len(inner) + 6, 3, pid) + inner
        equal(port.receive_exactly(len(wanted)), wanted, f'pid {pid}')


@case('wire: badpid below a child')
def badpid_below(bench):
    port = bench.port()
    at = port.fork()
    port.post('getpid', at=(*at, 4194305))
    port.message(protocol.CTL, (*at, 4194305), data=BADPID)
    equal(port.call('getpid', at=at), at[-1])


@case('wire: a call that comes byte by byte')
def byte_by_byte(bench):
    port = bench.port()
    at = port.fork()
    for byte in protocol.within(at, port.frame('getpid', [])):
        port.write(bytes([byte]))
        port.quiet(0.001)
    equal(port.reply(at), at[-1])


@case('wire: a thousand calls in one write are answered in order')
def many_at_once(bench):
    port = bench.port()
    at = port.fork()
    port.write(b''.join(protocol.within(at, port.frame('errno_id', [i % 20]))
                        for i in range(1000)))
    names = [port.reply(at) for _ in range(1000)]
    equal(names[:20] * 50, names)
    equal(names[2], A('enoent'))


@case('wire: calls to all processes of a tree at once')
def all_at_once(bench):
    port = bench.port()
    tree = [()]
    for at in list(tree) + [port.fork(), port.fork()]:
        tree += [port.fork(at) for _ in range(3)]
    tree = list(dict.fromkeys(tree))
    for at in tree:
        for _ in range(5):
            port.post('getpid', at=at)
    for at in tree:
        for _ in range(5):
            equal(port.reply(at), at[-1] if at else port.pid)


def deep(depth):
    @case(f'tree: calls, events and output {depth} levels down')
    def function(bench):
        port = bench.port()
        port.call('setopt', A('maxforkdepth'), 255)
        at = port.chain(depth)
        equal(port.call('getpid', at=at), at[-1])
        equal(port.call('iolist_to_bin', b'x' * 40000, at=at), b'x' * 40000)
        port.expect_ok('kill', at[-1], A('sigusr1'), at=at)
        event = port.message(protocol.EVENT, at, seconds=10).data
        equal(event[:2], (A('signal'), A('sigusr1')))
        above = at[:-1]
        port.run(at, 'cat')
        port.stdin(at, b'hello')
        equal(port.output(at, 5), b'hello')
        equal(port.call('setcpid', at[-1], A('signaloneof'), 9, at=above), TRUE)
        port.expect_ok('kill', at[-1], A('sigkill'), at=above)
        equal(port.ending(at, 10)[-1].data, (A('termsig'), A('sigkill')))
        equal(port.call('cpid', at=above), [])


for count in (1, 8, 16, 255):
    deep(count)


@case('tree: a reply as large as a depth lets it be')
def reply_limits(bench):
    port = bench.port()
    at = ()
    for depth in range(4):
        # A binary's term is 131, 109 and 4 bytes of length.
        most = protocol.reply_limit(depth) - 6
        call_most = protocol.MESSAGE_MAX - 8 * depth - 6 - 2 - 7
        size = min(most, call_most)
        data = b'x' * size
        equal(port.call('iolist_to_bin', data, at=at), data, f'depth {depth}')
        at = port.fork(at)


@case('tree: read is cut to what a reply can hold')
def read_limits(bench):
    path = bench.file('large', b'x' * 200000)
    port = bench.port()
    at = ()
    for depth in range(4):
        fd = port.expect_ok('open', path, [], 0, at=at)
        data = port.expect_ok('read', fd, 1 << 40, at=at)
        check(0 < len(data) <= protocol.reply_limit(depth),
              f'{len(data)} bytes at depth {depth}')
        check(len(data) > 65000 - 8 * depth, f'only {len(data)} bytes at depth {depth}')
        at = port.fork(at)


@case('tree: no deeper than maxforkdepth')
def fork_depth(bench):
    port = bench.port()
    equal(port.call('setopt', A('maxforkdepth'), 3), TRUE)
    at = port.chain(3)
    equal(port.call('fork', at=at), err('eagain'))
    equal(port.call('clone', 0, at=at), err('eagain'))
    equal(port.call('getpid', at=at), at[-1])


@case('tree: 16 levels unless told otherwise')
def fork_depth_default(bench):
    port = bench.port()
    equal(port.call('fork', at=port.chain(16)), err('eagain'))


@case('tree: no more children than maxchild')
def maxchild(bench):
    port = bench.port('-m', 3)
    three = [port.fork() for _ in range(3)]
    equal(port.call('fork'), err('eagain'))
    port.post('exit', 0, at=three[1])
    port.ending(three[1])
    port.fork()
    equal(port.call('fork'), err('eagain'))
    equal(port.call('getpid', at=three[2]), three[2][-1])


@case('tree: 1,000 children at once')
def thousand(bench):
    port = bench.port('-m', 1000, preexec_fn=lambda: resource.setrlimit(
        resource.RLIMIT_NOFILE, (8192, 8192)))
    for _ in range(1000):
        port.post('fork')
    pids = [port.reply((), 20) for _ in range(1000)]
    check(all(term[0] == OK for term in pids), lambda: f'{pids[-1]!r}')
    equal(len({term[1] for term in pids}), 1000)
    equal(port.call('fork'), err('eagain'))
    for _, pid in pids:
        port.post('getpid', at=(pid,))
    for _, pid in pids:
        equal(port.reply((pid,), 20), pid)
    equal(len(port.call('cpid')), 1000)
    equal(port.close(20), 0)


@case('tree: cpid tells of every child')
def cpid(bench):
    port = bench.port()
    one, two = port.fork()[0], port.fork()[0]
    port.run((two,), 'cat')
    rows = {row[1]: row for row in port.call('cpid')}
    equal(set(rows), {one, two})
    for row in rows.values():
        equal((row[0], len(row), row[2], row[3]), (A('alcove_pid'), 8, -1, 15))
    check(rows[one][4] >= 0 and min(rows[one][5:]) >= 0, f'{rows[one]!r}')
    equal(rows[two][4], -2, 'fdctl after exec')
    open_now = processes.descriptors(port.pid)
    for fd in rows[one][4:] + rows[two][5:]:
        check(fd in open_now, f'{fd} is not open in the parent')


@case('tree: eof closes the standard input of a child (alcove:eof)')
def eof(bench):
    port = bench.port()
    at = port.spawn('cat')
    row = [row for row in port.call('cpid') if row[1] == at[-1]][0]
    equal(port.call('close', row[5]), OK)
    equal(port.exit_status(at), (A('exit_status'), 0))


@case('tree: a child has its parent\'s environment, options and files')
def inherited(bench):
    port = bench.port()
    fd = port.expect_ok('open', bench.file('file', b'abc'), [], 0)
    port.expect_ok('setenv', b'REEVE_X', b'yes', 1)
    equal(port.call('setopt', A('signaloneof'), 1), TRUE)
    port.call('sigaction', A('sigusr2'), A('sig_ign'))
    port.fork()
    at = port.fork()
    equal(port.call('getenv', b'REEVE_X', at=at), b'yes')
    equal(port.call('getopt', A('signaloneof'), at=at), 1)
    equal(port.call('sigaction', A('sigusr2'), [], at=at), (OK, A('sig_ign')))
    equal(port.call('read', fd, 10, at=at), (OK, b'abc'))
    equal(port.call('cpid', at=at), [])
    equal(port.call('setopt', A('signaloneof'), 2, at=at), TRUE)
    equal(port.call('getopt', A('signaloneof')), 1)


@case('tree: a child holds no descriptor of its brothers')
def descriptors(bench):
    port = bench.port()
    first = port.fork()
    second = port.fork()
    for at in (first, second):
        equal(port.call('getpid', at=at), at[-1])
    of_first, of_second = (processes.descriptors(at[-1]) for at in (first, second))
    equal(set(of_second), set(of_first))
    # What is one and the same in both is what the root gave to both.
    theirs = {what for number, what in of_first.items() if number in (0, 1, 2, 5)}
    check(not theirs & set(of_second.values()),
          lambda: f'{theirs & set(of_second.values())} is in both')


@case('tree: clone into all namespaces', root=True)
def namespaces(bench):
    port = bench.port()
    flags = [A('clone_newipc'), A('clone_newnet'), A('clone_newns'), A('clone_newpid'),
             A('clone_newuts')]
    at = (port.expect_ok('clone', flags),)
    equal(port.call('getpid', at=at), 1)
    equal(port.call('sethostname', b'reeve-test', at=at), OK)
    equal(port.call('gethostname', at=at), (OK, b'reeve-test'))
    check(port.call('gethostname') != (OK, b'reeve-test'), 'the host has got the name')
    below = port.fork(at)
    equal(port.call('getpid', at=below), below[-1])
    port.run(below, 'true')
    equal(port.exit_status(below), (A('exit_status'), 0))
    port.expect_ok('kill', at[0], A('sigusr1'))
    equal(port.message(protocol.EVENT, at).data[:2], (A('signal'), A('sigusr1')))
    port.run(at, 'echo', 'x')
    equal(port.output(at, 2), b'x\n')
    equal(port.exit_status(at), (A('exit_status'), 0))


@case('tree: clone by number', root=True)
def clone_number(bench):
    port = bench.port()
    at = (port.expect_ok('clone', 0x04000000),)
    equal(port.call('getpid', at=at), at[0])


@case('tree: the last process of a pid namespace takes the others with it', root=True)
def namespace_ends(bench):
    port = bench.port()
    at = (port.expect_ok('clone', [A('clone_newpid')]),)
    below = port.fork(at)
    port.run(below, 'sleep', '1000')
    port.post('exit', 0, at=at)
    equal(port.exit_status(at), (A('exit_status'), 0))


@case('tree: execvp in the middle: what is below sees its end (execvp_mid_pipeline)')
def middle(bench):
    port = bench.port()
    at = port.chain(4)
    port.run(at[:1], 'sleep', '1000')
    for pid in at[1:]:
        eventually(lambda pid=pid: processes.gone(pid), f'{pid} is still there')
    equal(port.call('kill', at[0], 0), OK)
    equal(port.call('kill', at[0], A('sigterm')), OK)
    equal(port.exit_status(at[:1]), (A('termsig'), A('sigterm')))


@case('tree: setcpid of a child, and of a number that is none')
def setcpid(bench):
    port = bench.port()
    at = port.fork()
    equal(port.call('setcpid', at[-1], A('flowcontrol'), 7), TRUE)
    equal(port.call('setcpid', at[-1], A('signaloneof'), 9), TRUE)
    equal(port.call('cpid')[0][2:4], (7, 9))
    equal(port.call('setcpid', at[-1], A('flowcontrol'), -3), TRUE)
    equal(port.call('cpid')[0][2], -1)
    equal(port.call('setcpid', 4194305, A('flowcontrol'), 7), FALSE)
