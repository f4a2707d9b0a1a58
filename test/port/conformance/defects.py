# SPDX-License-Identifier: MIT
"""What alcove 1.0.1 does wrong, a case each; its name in brackets is that of the first probe."""
import os
import resource
import signal
import struct
import subprocess
import time

from . import case, etf, processes, protocol
from .calls import BADARG, FALSE, OK, TRUE, A, err
from .case import check, equal, eventually
from .extensions import More
from .protocol import CALL, CTL, EVENT, PIPE, STDERR, STDOUT


def defect(name, sentence, **options):
    return case.case(f'defect: {sentence} [{name}]', **options)


def output(messages, kind=STDOUT):
    return b''.join(m.data for m in messages if m.kind == kind)


# Output and the end.

@defect('stdout_after_exit', 'a full pipe that is left is read before exit_status')
def stdout_after_exit(bench):
    port = bench.port()
    equal(port.call('setopt', A('flowcontrol'), 0), TRUE)
    at = port.fork()
    port.post('execvp', b'sh', [b'sh', b'-c', b'head -c 65536 /dev/zero'], at=at)
    equal(len(output(port.ending(at))), 65536)
    port.quiet(0.02)
    equal(port.about(at), [])


@defect('stdout_burst', '30 programs that write a full pipe each at once')
def stdout_burst(bench):
    burst(bench, 0)


@defect('stdout_burst_deep', 'the same, five levels down')
def stdout_burst_deep(bench):
    burst(bench, 5)


def burst(bench, depth):
    path = bench.file('data', b'x' * 65536)
    port = bench.port()
    above = port.chain(depth)
    places = [port.fork(above) for _ in range(30)]
    for at in places:
        port.post('execvp', b'cat', [b'cat', path], at=at)
    short = [len(output(port.ending(at, 20))) for at in places]
    equal([size for size in short if size != 65536], [], 'outputs that are not whole')
    port.quiet(0.02)
    equal(port.inbox, [], 'what came after exit_status')


@defect('background_writer', 'what a background process writes later is not lost')
def background_writer(bench):
    path = bench.path('written').decode()
    port = bench.port()
    at = port.fork()
    script = f'(sleep 0.2; echo late; echo done > {path}) & echo early'
    port.post('execvp', b'sh', [b'sh', b'-c', script.encode()], at=at)
    # Whether the end is told before or after what comes late is not said anywhere.
    said = []
    while output(said) != b'early\nlate\n' or not [m for m in said if m.kind == EVENT]:
        said.append(port.take(lambda m: m.where == at, 'late output, and the end'))
    equal([m.data for m in said if m.kind == EVENT], [(A('exit_status'), 0)])
    eventually(lambda: os.path.exists(path), 'the writer was killed by SIGPIPE')


@defect('sigpipe_background', 'a background process that writes a lot lives to the end')
def sigpipe_background(bench):
    path = bench.path('written').decode()
    port = bench.port()
    script = f'(sleep 0.1; head -c 300000 /dev/zero; echo $? > {path}) &'
    at = port.fork()
    port.post('execvp', b'sh', [b'sh', b'-c', script.encode()], at=at)
    equal(len(port.output(at, 300000)), 300000)
    eventually(lambda: os.path.exists(path) and os.path.getsize(path), 'it did not end')
    with open(path, encoding='ascii') as file:
        equal(file.read(), '0\n')


@defect('reply_lost_on_exit', '200 calls and exit in one write: every reply comes')
def reply_lost_on_exit(bench):
    port = bench.port()
    for depth in (1, 3):
        at = port.chain(depth)
        frames = [port.frame('getpid', [])] * 200 + [port.frame('exit', [7])]
        port.write(b''.join(protocol.within(at, frame) for frame in frames))
        said = port.ending(at)
        equal([m.data for m in said if m.kind == STDOUT], [], 'raw bytes')
        equal([m.data for m in said if m.kind == CALL], [at[-1]] * 200)
        equal(said[-1].data, (A('exit_status'), 7))


@defect('7.1 c', 'events of a grandchild do not vanish when its parent exits')
def grandchild_events(bench):
    port = bench.port()
    for _ in range(10):
        at = port.fork()
        below = port.fork(at)
        frames = [protocol.within(below, port.frame('exit', [5])),
                  protocol.within(at, port.frame('iolist_to_bin', [b'x' * 20000]))]
        port.write(b''.join(frames))
        equal(port.exit_status(below), (A('exit_status'), 5))
        port.write(protocol.within(at, port.frame('exit', [6])))
        said = port.ending(at)
        equal([m.data for m in said if m.kind == STDOUT], [])
        equal(said[-1].data, (A('exit_status'), 6))


@defect('7.1 d', 'the first bytes of a program that look like a message are its output')
def first_bytes(bench):
    looks = protocol.frame(CALL, etf.encode(A('forged')))
    path = bench.file('forged', looks * 20)
    port = bench.port()
    for _ in range(30):
        at = port.fork()
        # A reply just before: the last message and the first raw byte may come in one read.
        port.write(protocol.within(at, port.frame('getpid', []))
                   + protocol.within(at, port.frame('execvp', [b'cat', [b'cat', path]])))
        said = port.ending(at)
        equal([m.data for m in said if m.kind == CALL], [at[-1]])
        equal(output(said), looks * 20)


# Data lost or mixed up.

@defect('stdin_overflow_desync', 'calls to a busy process are not cut: it stays in step')
def stdin_overflow_desync(bench):
    port = bench.port()
    at = port.chain(2)
    port.post('select', [], [], [], (A('alcove_timeval'), 0, 300000), at=at)
    for _ in range(30):
        port.post('iolist_to_bin', b'x' * 10000, at=at)
    equal(port.reply(at), (OK, [], [], []))
    port.quiet(0.1)
    port.post('getpid', at=at)
    replies = []
    while not replies or replies[-1] != at[-1]:
        replies.append(port.reply(at))
    refused = [m for m in port.inbox if m.kind == PIPE]
    check(all(data == b'x' * 10000 for data in replies[:-1]), 'a reply is not whole')
    equal(len(replies) - 1 + len(refused), 30, 'replies and refusals')


@defect('eof_fd_reuse', 'a closed stdin stays closed, whatever file gets its number')
def eof_fd_reuse(bench):
    path = bench.file('file')
    port = bench.port()
    at = port.spawn('cat')
    stdin = port.call('cpid')[0][5]
    equal(port.call('close', stdin), OK)
    fd = port.expect_ok('open', path, [A('o_rdwr')], 0)
    for _ in range(3):
        port.stdin(at, b'for the child')
    equal(port.call('getpid'), port.pid)
    equal((bench.folder / 'file').read_bytes(), b'', 'what the file has got')
    equal(port.exit_status(at), (A('exit_status'), 0))
    equal(port.call('fcntl', fd, A('f_getfd'), 0), (OK, 0), 'the file after the child has exited')
    equal(port.call('write', fd, b'own'), (OK, 3))


@defect('high_fd_fork', 'many files of the user\'s: children with high descriptors work')
def high_fd_fork(bench):
    port = bench.port('-m', 4, preexec_fn=lambda: resource.setrlimit(
        resource.RLIMIT_NOFILE, (4096, 4096)))
    for _ in range(300):
        port.expect_ok('open', b'/dev/null', [], 0)
    at = port.fork()
    equal(port.call('getpid', at=at), at[-1])
    port.run(at, 'echo', 'x')
    equal(port.output(at, 2), b'x\n')
    equal(port.exit_status(at), (A('exit_status'), 0))


@defect('maxchild_shrink', 'maxchild made smaller: the children there are stay')
def maxchild_shrink(bench):
    port = bench.port()
    places = [port.fork() for _ in range(6)]
    for at in places[:5]:
        port.post('exit', 0, at=at)
        port.ending(at)
    equal(port.call('setopt', A('maxchild'), 1), TRUE)
    equal(port.call('getpid', at=places[5]), places[5][-1])
    equal(port.call('fork'), err('eagain'))
    hard = port.call('getrlimit', A('rlimit_nofile'))[1][2]
    limit = (A('alcove_rlimit'), 64, hard)
    check(port.call('setrlimit', A('rlimit_nofile'), limit) in (OK, err('einval')), 'setrlimit')
    equal(port.call('getpid', at=places[5]), places[5][-1])
    equal(port.call('setopt', A('maxchild'), 0), FALSE)


@defect('slot_reuse_race', 'when exit_status is told, the place is free')
def slot_reuse_race(bench):
    port = bench.port('-m', 1)
    for _ in range(100):
        at = port.fork()
        port.post('exit', 0, at=at)
        port.exit_status(at)
        equal(port.call('cpid'), [])


# Crashes and hangs.

@defect('read_max', 'a read of more than a reply holds does not end the process')
def read_max(bench):
    path = bench.file('large', b'x' * 200000)
    port = bench.port()
    at = port.fork()
    fd = port.expect_ok('open', path, [], 0, at=at)
    for size in (65490, 65500, 65510, 65519, 65527, 65535, 65536, 100000, 1 << 31, 1 << 63):
        equal(port.call('lseek', fd, 0, 0, at=at), OK)
        data = port.expect_ok('read', fd, size, at=at)
        check(65000 < len(data) <= size, f'{len(data)} bytes of {size}')


@defect('readdir_big', 'a folder with too many names is an error, not the end')
def readdir_big(bench):
    folder = bench.folder / 'many'
    folder.mkdir()
    for number in range(3000):
        (folder / f'{number:050}').touch()
    port = bench.port()
    at = port.fork()
    term = port.call('readdir', str(folder).encode(), at=at)
    refused_or_cut(term)
    equal(port.call('getpid', at=at), at[-1])


def refused_or_cut(term):
    check(term == BADARG or (isinstance(term, tuple) and term[0] == A('error')),
          lambda: f'the answer is {case.show(term)}')


@defect('environ_big', 'an environment that no reply holds is an error, not the end')
def environ_big(bench):
    port = bench.port(env={f'X{i}': 'x' * 1000 for i in range(100)})
    at = port.fork()
    term = port.call('environ', at=at)
    check(not isinstance(term, list) or len(term) == 100, 'some of it')
    equal(port.call('getpid', at=at), at[-1])
    port = bench.port(env={'X': 'x' * 100000})
    term = port.call('getenv', b'X')
    check(term in (BADARG,) or isinstance(term, tuple), 'a value that no reply holds')
    equal(port.call('getpid'), port.pid)


@defect('depth_limit', '255 levels, with a stack of 256 KiB')
def depth_limit(bench):
    port = bench.port(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_STACK,
                                                           (256 << 10, 256 << 10)))
    equal(port.call('setopt', A('maxforkdepth'), 255), TRUE)
    at = port.chain(255)
    equal(port.call('getpid', at=at), at[-1])
    equal(port.call('fork', at=at), err('eagain'))
    equal(port.call('getpid', at=at), at[-1])


@defect('stack_rlimit_clone', 'clone after the stack was made small')
def stack_rlimit_clone(bench):
    port = bench.port()
    hard = port.call('getrlimit', A('rlimit_stack'))[1][2]
    port.expect_ok('setrlimit', A('rlimit_stack'), (A('alcove_rlimit'), 64 << 10, hard))
    at = (port.expect_ok('clone', 0),)
    equal(port.call('getpid', at=at), at[-1])


@defect('signal_storm', '700 queued signals: the process lives, and tells of them')
def signal_storm(bench):
    port = bench.port()
    at = port.fork()
    os.kill(at[-1], signal.SIGSTOP)
    for _ in range(700):
        os.kill(at[-1], 40)
    os.kill(at[-1], signal.SIGCONT)
    equal(port.call('getpid', at=at, seconds=10), at[-1])
    told = 0

    def most():
        nonlocal told
        port.quiet(0.05)
        told = len([m for m in port.about(at)
                    if m.kind == EVENT and m.data[1] == A('unknown')])
        return told > 400
    eventually(most, lambda: f'only {told} of 700 are told', seconds=10)


@defect('7.3 faults', 'a fault of its own ends a process; it does not loop')
def faults(bench):
    port = bench.port()
    for number in (4, 7, 8, 11):
        at = port.fork()
        os.kill(at[-1], number)
        # Sent by another process it is a signal like others, or it ends the process. Neither
        # may take the processor.
        port.quiet(0.02)
        before = processes.ticks(at[-1]) if not processes.gone(at[-1]) else 0
        port.quiet(0.05)
        after = processes.ticks(at[-1]) if not processes.gone(at[-1]) else 0
        check(after - before < 4, f'signal {number}: {after - before} ticks in 50 ms')
    equal(port.call('getpid'), port.pid)


@defect('garbage_header_hang', 'a child that stalls in a message holds up nobody')
def garbage_header_hang(bench):
    port = bench.port()
    above = port.fork()
    bad, good = port.fork(above), port.fork(above)
    port.call('getpid', at=bad)  # Now its descriptors are its own.
    stall(port, bad)
    start = time.monotonic()
    equal(port.call('getpid', at=good), good[-1])
    equal(port.call('getpid', at=above), above[-1])
    equal(port.call('getpid'), port.pid)
    check(time.monotonic() - start < 2, 'it took too long')
    os.kill(bad[-1], signal.SIGKILL)
    said = port.ending(bad)
    equal(said[-1].data, (A('termsig'), A('sigkill')))


def stall(port, at):
    """Half a message on a process's standard output, which is stopped and cannot say more."""
    os.kill(at[-1], signal.SIGSTOP)
    with open(f'/proc/{at[-1]}/fd/1', 'wb', buffering=0) as file:
        file.write(b'\x00\x50\x00\x04\x83')
    port.quiet(0.02)


@defect('7.3 blocked', 'a stopped process in the middle holds up only what is below it')
def blocked(bench):
    port = bench.port()
    middle, other = port.fork(), port.fork()
    below = port.fork(middle)
    port.call('getpid', at=below)
    os.kill(middle[-1], signal.SIGSTOP)
    for _ in range(50):
        port.post('getpid', at=below)
    equal(port.call('getpid', at=other), other[-1])
    equal(port.call('getpid'), port.pid)
    os.kill(middle[-1], signal.SIGCONT)
    for _ in range(50):
        equal(port.reply(below), below[-1])


@defect('7.3 controller', 'a controller that does not read: calls wait, and nothing is lost')
def controller_waits(bench):
    path = bench.file('data', b'x' * (1 << 20))
    port = bench.port()
    at = port.fork()
    port.post('execvp', b'cat', [b'cat', path], at=at)
    time.sleep(0.3)  # Not reading.
    equal(len(output(port.ending(at))), 1 << 20)


@defect('flowcontrol_hup_spin', 'no output allowed, and its end: the processor is idle')
def flowcontrol_hup_spin(bench):
    port = bench.port()
    equal(port.call('setopt', A('flowcontrol'), 0), TRUE)
    at = port.shell('exec >&- 2>&-; sleep 1000')
    port.quiet(0.1)
    before = processes.ticks(port.pid)
    port.quiet(0.4)
    used = processes.ticks(port.pid) - before
    check(used <= 4, f'{used} of 40 ticks')
    equal(port.call('setcpid', at[-1], A('flowcontrol'), -1), TRUE)


@defect('7.3 spin', 'an idle tree does not wake')
def idle(bench):
    port = bench.port()
    below = port.chain(3)
    port.spawn('sleep', '1000', at=below)
    port.shell('exec >&- <&-; sleep 1000')
    port.quiet(0.1)
    pids = [port.pid, *below]

    def wakes():
        return [processes.status(pid, 'voluntary_ctxt_switches') for pid in pids]
    before = wakes()
    port.quiet(0.4)
    equal(wakes(), before, 'voluntary context switches')


@defect('short_message', 'messages of no or one byte do not crash it')
def short_message(bench):
    for data in (b'\0\0', b'\0\1', b'\0\1\0', b'\0\1\4', b'\0\2\0\4', b'\0\3\0\4\0'):
        port = bench.port()
        port.write(data)
        port.quiet(0.02)
        port.close_stdin()
        code = port.wait()
        check(code >= 0, f'{data!r}: died of signal {-code}')


# Leaks.

@defect('fork_fail_leak', 'a fork that fails leaks nothing')
def fork_fail_leak(bench):
    port = bench.port()
    at = port.fork()
    equal(port.call('clone', 0x20200, at=at), err('einval'))
    before = processes.descriptors(at[-1])
    for _ in range(5):
        equal(port.call('clone', 0x20200, at=at), err('einval'))
    equal(processes.descriptors(at[-1]), before)
    port.chain(1, at)
    count = len(processes.descriptors(at[-1]))
    hard = port.call('getrlimit', A('rlimit_nofile'), at=at)[1][2]
    # What the port has for itself stands above the numbers that open(2) gives.
    highest = max(number for number in processes.descriptors(at[-1]) if number < 1000)
    # Not enough for the pipes of one more, if the rule of maxchild lets it come to that.
    term = port.call('setrlimit', A('rlimit_nofile'), (A('alcove_rlimit'), highest + 3, hard),
                     at=at)
    if term == OK:
        for _ in range(5):
            equal(port.call('fork', at=at)[0], A('error'))
        equal(len(processes.descriptors(at[-1])), count)


@defect('waitpid_leak', 'waitpid leaks nothing')
def waitpid_leak(bench):
    port = bench.port()
    port.call('sigaction', A('sigchld'), A('sig_info'))
    counts = []
    for _ in range(6):
        at = port.spawn('true')
        equal(port.call('waitpid', at[-1], []), (OK, at[-1], 0, [(A('exit_status'), 0)]))
        eventually(lambda: port.call('cpid') == [], 'the child is never forgotten')
        port.quiet(0.01)
        counts.append(len(processes.descriptors(port.pid)))
    check(counts[-1] <= counts[0], f'open files: {counts}')


@defect('7.4 cstruct', 'structures of calls that fail leak no memory')
def cstruct_leak(bench):
    port = bench.port()
    at = port.fork()

    def size():
        return int(processes.status(at[-1], 'VmRSS').split()[0])
    large = [(A('ptr'), 60000)] * 3
    for count in (200, 400):
        for _ in range(count):
            check(port.call('prctl', 99999, large, large, 0, 0, at=at) == err('einval'), 'prctl')
            port.call('ioctl', 799, 1, large, at=at)
        if count == 200:
            first = size()
    check(size() - first < 2000, f'{size() - first} KiB more after 400 calls')


@defect('7.4 descriptors', 'a thousand children leak no descriptor and no memory')
def child_leak(bench):
    port = bench.port()
    counts, sizes = [], []
    for _ in range(4):
        for _ in range(60):
            at = port.fork()
            port.post('execvp' if len(at) % 2 else 'exit', b'/bin/true', [b'true'], at=at)
            port.exit_status(at)
        counts.append(len(processes.descriptors(port.pid)))
        sizes.append(int(processes.status(port.pid, 'VmRSS').split()[0]))
    equal(counts, counts[:1] * 4, 'open files')
    check(sizes[-1] - sizes[1] < 200, f'resident: {sizes} KiB')


@defect('orphan_after_root_kill', 'kill -9 of the root ends all that it has started')
def orphan_after_root_kill(bench):
    port = bench.port()
    below = port.chain(3)
    places = [port.spawn('sleep', '1000'), port.spawn('sleep', '1000', at=below),
              port.shell('trap "" TERM; sleep 1000', at=below[:1])]
    port.process.kill()
    port.process.wait()
    for at in (*[below[:i] for i in (1, 2, 3)], *places):
        eventually(lambda at=at: processes.gone(at[-1]), f'{processes.describe(at[-1])} runs on',
                   seconds=10)


# A program, what it started, and a daemon that has left its session and its parent.
FAMILY = ('sleep 1000 & a=$!; '
          'b=$(setsid sh -c "trap \'\' HUP TERM; sleep 1000 >&- 2>&- & echo \\$!"); '
          'echo $a $b; trap "" TERM; wait')


def family(port, at):
    """Three processes, whose numbers are told by the first."""
    port.run(at, 'sh', '-c', FAMILY)
    said = b''
    while not said.endswith(b'\n'):
        said += port.output(at, 1)
    return [at[-1], *map(int, said.split())]


def killed_at_any_depth(victim):
    def function(bench):
        port = bench.port()
        below = port.chain(3)
        places = [below[:depth] for depth in range(4)]
        pids = [*below, port.pid]
        for at in places:
            pids += family(port, port.fork(at))
        os.kill(victim(port), signal.SIGKILL)
        for pid in pids:
            eventually(lambda pid=pid: processes.gone(pid), f'{processes.describe(pid)} runs on',
                       seconds=20)
        eventually(lambda: port.process.poll() is not None, 'its guard runs on', seconds=20)
    return function


defect('7.4 the first process is killed', 'every process of the tree ends, and every daemon')(
    killed_at_any_depth(lambda port: port.pid))
defect('7.4 what was started is killed', 'every process of the tree ends, and every daemon')(
    killed_at_any_depth(lambda port: port.process.pid))


@defect('7.4 the guard', 'passes signals on, and ends as the first process does')
def guard(bench):
    port = bench.port()
    check(port.pid != port.process.pid, 'there is none')
    os.kill(port.process.pid, signal.SIGUSR1)
    equal(port.message(EVENT).data[:2], (A('signal'), A('sigusr1')))
    port.post('exit', 7)
    equal(port.wait(), 7)
    second = bench.port()
    os.kill(second.pid, signal.SIGKILL)
    equal(second.wait(), -signal.SIGKILL)


@defect('7.4 the guard, and others', 'children that the caller had before are not the port\'s')
def others(bench):
    script = 'sleep 1000 & echo $! >"$1"; exec "$2" -c "$3"'
    pids = str(bench.folder / 'pid')
    fifo = str(bench.folder / 'fifo')
    started = subprocess.Popen(['sh', '-c', script, 'sh', pids, bench.program, fifo],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with started:
        started.stdout.read(9)
        with open(pids, encoding='ascii') as file:
            other = int(file.read())
        root, = [pid for pid in processes.children(started.pid) if pid != other]
        os.kill(root, signal.SIGKILL)
        equal(started.wait(10), -signal.SIGKILL)
    try:
        check(not processes.gone(other), 'another child of the caller was killed')
    finally:
        os.kill(other, signal.SIGKILL)


@defect('7.4 escalation', 'at the end of input a program that ignores SIGTERM ends, too')
def escalation(bench):
    port = bench.port()
    at = port.shell('trap "" TERM; echo up; while :; do sleep 0.05; done')
    port.output(at, 3)
    port.close_stdin()
    port.wait(15)
    eventually(lambda: processes.gone(at[-1]), f'{processes.describe(at[-1])} runs on', seconds=15)


@defect('7.4 FIFO', 'a port that is killed before its handshake leaves a FIFO that harms nobody')
def fifo_left(bench):
    port = bench.port(handshake=False)
    port.receive_exactly(9)
    port.process.kill()
    port.process.wait()
    check(os.path.exists(port.fifo), 'the name is part of the contract')
    second = bench.port()
    equal(second.call('getpid'), second.pid)
    os.unlink(port.fifo)


# Wrong answers.

@defect('setgroups_string', 'groups that come as a string of bytes are not negative', root=True)
def setgroups_string(bench):
    port = bench.port()
    at = port.fork()
    equal(port.call('setgroups', [200, 201], at=at), OK)
    equal(sorted(port.expect_ok('getgroups', at=at)), [200, 201])
    with open(f'/proc/{at[-1]}/status', encoding='ascii') as file:
        check('Groups:\t200 201' in file.read(), 'what the kernel says')


@defect('open_flags_string', 'flags that come as a string of bytes are not negative')
def open_flags_string(bench):
    port = bench.port()
    # O_CREAT | O_EXCL, of a file that is not there.
    fd = port.expect_ok('open', bench.path('new'), [0x80, 0x40, 1], 0o600)
    equal(port.call('fcntl', fd, A('f_getfl'), 0)[1] & 0o3, 1)
    equal(port.call('open', bench.path('new'), [0x80, 0x40], 0o600), err('eexist'))


@defect('select_high_fd', 'select on descriptors of 128 to 255')
def select_high_fd(bench):
    port = bench.port()
    fd = port.expect_ok('open', b'/dev/null', [A('o_rdwr')], 0)
    for number in (128, 200, 255):
        # F_DUPFD
        equal(port.call('fcntl', fd, 0, number), (OK, number))
        equal(port.call('select', [number], [number], [], (A('alcove_timeval'), 0, 0)),
              (OK, [number], [number], []))


@defect('select_badfd', 'an error of select is told as it is')
def select_badfd(bench):
    port = bench.port()
    equal(port.call('select', [799], [], [], (A('alcove_timeval'), 0, 0)), err('ebadf'))
    term = port.call('select', [], [], [], (A('alcove_timeval'), -1, 0))
    check(term in (err('einval'), BADARG), f'a time before now: {term!r}')


@defect('ptrace', 'two structures are two structures')
def ptrace_structures(bench):
    port = bench.port()
    equal(port.call('ptrace', A('ptrace_attach'), 4194305, [bytes(8)], [bytes(8)]), err('esrch'))
    equal(port.call('ptrace', A('ptrace_attach'), 4194305, 1 << 40, -1), err('esrch'))


@defect('7.5 setrlimit', 'an infinite number of files is as the kernel says, with children too')
def setrlimit_infinite(bench):
    port = bench.port()
    port.fork()
    infinite = (1 << 64) - 1
    term = port.call('setrlimit', A('rlimit_nofile'), (A('alcove_rlimit'), infinite, infinite))
    equal(term, err('eperm'))
    hard = port.call('getrlimit', A('rlimit_nofile'))[1][2]
    equal(port.call('setrlimit', A('rlimit_nofile'), (A('alcove_rlimit'), hard, hard)), OK)


@defect('7.5 setcpid', 'setcpid of a number that is no child is false')
def setcpid_unknown(bench):
    port = bench.port()
    for name in ('flowcontrol', 'signaloneof'):
        equal(port.call('setcpid', 4194305, A(name), 1), FALSE)


assert STDERR == 2


@defect('7.5 lseek', 'where a descriptor went can be told')
def seek(bench):
    more = More(bench)
    fd = more.port.expect_ok('open', bench.file('file', b'0123456789'), [A('o_rdonly')], 0)
    equal(more.call('seek', fd, 4, 0), (OK, 4))
    equal(more.call('seek', fd, -1, 1), (OK, 3))
    equal(more.call('seek', fd, 1 << 40, 1), (OK, 3 + (1 << 40)))
    equal(more.call('seek', fd, -1, 0), err('einval'))
    equal(more.call('seek', 799, 0, 0), err('ebadf'))
    equal(more.call('seek', fd, 0), BADARG)


@defect('7.5 fcntl', 'fcntl takes structures: a lock of another process is found')
def fcntl_struct(bench):
    more = More(bench)
    path = bench.file('file', b'0123456789')
    places = [(), more.port.fork()]
    fds = [more.port.expect_ok('open', path, [A('o_rdwr')], 0, at=at) for at in places]
    lock = struct.pack('hhqqi4x', 1, 0, 2, 3, 0)
    equal(more.call('fcntl_struct', fds[0], A('f_setlk'), lock)[:2], (OK, 0))
    found = more.call('fcntl_struct', fds[1], A('f_getlk'), lock, at=places[1])
    equal(found[:2], (OK, 0))
    equal(struct.unpack('hhqqi4x', found[2]), (1, 0, 2, 3, more.port.pid))
    equal(more.call('fcntl_struct', fds[1], A('f_setlk'), lock, at=places[1]), err('eagain'))
    equal(more.call('fcntl_struct', fds[0], A('f_getlk'), lock[:8]), err('einval'))
    equal(more.call('fcntl_struct', fds[0], A('f_getlk'), 5), BADARG)
    equal(more.call('fcntl_struct', fds[0], A('f_nothing'), lock), err('enotsup'))
