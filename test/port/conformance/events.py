# SPDX-License-Identifier: MIT
"""What is told about processes, when and in which order; options and flow control."""
import os
import struct

from . import processes, protocol
from .calls import BADARG, FALSE, OK, TRUE, A, err
from .case import case, check, equal, eventually
from .protocol import CALL, CTL, EVENT, PIPE, STDERR, STDOUT


def kinds(messages):
    """The types and terms of messages in order; output of one kind in a row is one."""
    said = []
    for message in messages:
        if message.kind in (STDOUT, STDERR):
            if not said or said[-1][0] != message.kind:
                said.append((message.kind,))
        else:
            said.append((message.kind, message.data))
    return said


CLOSED = (CTL, A('fdctl_closed'))


def exited(status):
    return (EVENT, (A('exit_status'), status))


def killed(name):
    return (EVENT, (A('termsig'), A(name)))


@case('events: a quick program, in order')
def quick(bench):
    port = bench.port()
    at = port.fork()
    port.post('execvp', b'sh', [b'sh', b'-c', b'echo out; exit 3'], at=at)
    equal(kinds(port.ending(at)), [CLOSED, (STDOUT,), exited(3)])


@case('events: output and errors of a quick program both come before its end')
def quick_both(bench):
    port = bench.port()
    at = port.fork()
    port.post('execvp', b'sh', [b'sh', b'-c', b'echo out; echo err >&2'], at=at)
    said = port.ending(at)
    equal(said[0][1:], CLOSED)
    equal(b''.join(m.data for m in said if m.kind == STDOUT), b'out\n')
    equal(b''.join(m.data for m in said if m.kind == STDERR), b'err\n')
    port.quiet(0.02)
    equal(port.about(at), [])


@case('events: exit, in order')
def exit_order(bench):
    port = bench.port()
    at = port.fork()
    port.post('exit', 9, at=at)
    equal(kinds(port.ending(at)), [CLOSED, exited(9)])


@case('events: the status of exit is a byte')
def exit_byte(bench):
    port = bench.port()
    for given, wanted in ((0, 0), (255, 255), (256, 0), (-1, 255)):
        at = port.fork()
        port.post('exit', given, at=at)
        equal(port.exit_status(at), (A('exit_status'), wanted), f'exit({given})')


@case('events: a process that is killed')
def killed_control(bench):
    port = bench.port()
    at = port.fork()
    equal(port.call('kill', at[-1], A('sigkill')), OK)
    equal(kinds(port.ending(at)), [CLOSED, killed('sigkill')])


@case('events: a program that is killed, by every signal that ends it')
def killed_program(bench):
    port = bench.port()
    for name in ('sigterm', 'sigint', 'sigquit', 'sigabrt', 'sigsegv', 'sigusr1', 'sighup'):
        at = port.spawn('sleep', '1000')
        equal(port.call('kill', at[-1], A(name)), OK)
        equal(port.exit_status(at), (A('termsig'), A(name)))


@case('events: a real-time signal has no name')
def real_time(bench):
    port = bench.port()
    at = port.spawn('sleep', '1000')
    equal(port.call('kill', at[-1], 40), OK)
    equal(port.exit_status(at), (A('termsig'), A('unknown')))


@case('events: of a grandchild come from where it is')
def grandchild(bench):
    port = bench.port()
    at = port.chain(3)
    port.post('execvp', b'sh', [b'sh', b'-c', b'echo deep; exit 5'], at=at)
    equal(kinds(port.ending(at)), [CLOSED, (STDOUT,), exited(5)])


@case('events: exit_status and termsig can be switched off')
def switched_off(bench):
    port = bench.port()
    equal(port.call('setopt', A('exit_status'), 0), TRUE)
    at = port.fork()
    port.post('exit', 0, at=at)
    port.message(CTL, at, data=A('fdctl_closed'))
    eventually(lambda: port.call('cpid') == [], 'the child is never forgotten')
    equal(port.call('setopt', A('termsig'), 0), TRUE)
    at = port.fork()
    port.expect_ok('kill', at[-1], 9)
    port.message(CTL, at, data=A('fdctl_closed'))
    eventually(lambda: port.call('cpid') == [], 'the child is never forgotten')
    port.quiet(0.02)
    equal(port.inbox, [])


@case('events: stdout_closed and stderr_closed, while the program runs')
def output_closed(bench):
    port = bench.port()
    for name in ('stdin_closed', 'stdout_closed', 'stderr_closed'):
        equal(port.call('setopt', A(name), 1), TRUE)
    at = port.shell('exec >&-; read x; exec 2>&-; read x')
    port.message(CTL, at, data=A('stdout_closed'))
    equal(kinds(port.about(at)), [])
    port.stdin(at, b'\n')
    port.message(CTL, at, data=A('stderr_closed'))
    port.stdin(at, b'\n')
    said = kinds(port.ending(at))
    equal(said[-1], exited(0))
    port.quiet(0.02)
    rest = kinds(port.about(at))
    equal([one for one in said[:-1] + rest if one != (CTL, A('stdin_closed'))], [])


@case('events: the end of all three streams of a quick program')
def all_closed(bench):
    port = bench.port()
    for name in ('stdin_closed', 'stdout_closed', 'stderr_closed'):
        equal(port.call('setopt', A(name), 1), TRUE)
    at = port.fork()
    port.post('execvp', b'echo', [b'echo', b'x'], at=at)
    said = kinds(port.ending(at))
    port.quiet(0.05)
    said += kinds(port.about(at))
    for name in ('stdout_closed', 'stderr_closed'):
        equal(said.count((CTL, A(name))), 1, name)
    check(said.count((CTL, A('stdin_closed'))) <= 1, f'{said!r}')
    check(said.index((STDOUT,)) < said.index(exited(0)), f'{said!r}')


@case('events: what a control process writes to its standard error')
def control_stderr(bench):
    port = bench.port()
    at = port.chain(2)
    equal(port.call('write', 2, b'some words', at=at), (OK, 10))
    equal(port.output(at, 10, STDERR), b'some words')
    equal(port.call('getpid', at=at), at[-1])


def signal_event(number, name):
    @case(f'signals: {number}, {name}, is told with its siginfo')
    def function(bench):
        port = bench.port()
        for at in ((), port.chain(2)):
            pid = at[-1] if at else port.pid
            equal(port.call('kill', pid, number, at=at), OK)
            event = port.message(EVENT, at).data
            equal((len(event), event[:2]), (3, (A('signal'), A(name))))
            equal(len(event[2]), 128, 'the size of siginfo_t')
            signo, _, code, _, sender = struct.unpack_from('iiiii', event[2])
            equal((signo, code, sender), (number, 0, pid), 'signal, code and sender')


for one_number, one_name in ((1, 'sighup'), (10, 'sigusr1'), (12, 'sigusr2'), (15, 'sigterm'),
                             (18, 'sigcont'), (28, 'sigwinch'), (34, 'unknown'), (64, 'unknown')):
    signal_event(one_number, one_name)


@case('signals: sent by others')
def from_others(bench):
    port = bench.port()
    at = port.fork()
    os.kill(at[-1], 10)
    event = port.message(EVENT, at).data
    equal(struct.unpack_from('i', event[2], 16)[0], os.getpid())


@case('signals: ignored, default and told again')
def sigaction(bench):
    port = bench.port()
    at = port.fork()

    def change(handler, old):
        equal(port.call('sigaction', A('sigusr1'), A(handler), at=at), (OK, A(old)), handler)

    change('sig_ign', 'sig_info')
    port.expect_ok('kill', at[-1], A('sigusr1'), at=at)
    change('sig_info', 'sig_ign')
    port.expect_ok('kill', at[-1], A('sigusr1'), at=at)
    equal(port.message(EVENT, at).data[1], A('sigusr1'))
    change('sig_dfl', 'sig_info')
    equal(port.about(at), [])
    port.expect_ok('kill', at[-1], A('sigusr1'))
    equal(port.exit_status(at), (A('termsig'), A('sigusr1')))


@case('signals: kill and stop cannot be changed [sigaction_sigkill]')
def sigaction_refused(bench):
    port = bench.port()
    for name in ('sigkill', 'sigstop'):
        for handler in ('sig_ign', 'sig_dfl', 'sig_info'):
            equal(port.call('sigaction', A(name), A(handler)), err('einval'), f'{name} {handler}')


@case('signals: SIGCHLD as an event: nothing is reaped until waitpid')
def sigchld(bench):
    port = bench.port()
    equal(port.call('sigaction', A('sigchld'), A('sig_info')), (OK, A('sig_dfl')))
    at = port.spawn('sh', '-c', 'exit 7')
    equal(port.message(EVENT, ()).data[:2], (A('signal'), A('sigchld')))
    port.quiet(0.02)
    equal([m for m in port.about(at) if m.kind == EVENT], [])
    check(processes.stat(at[-1])[0] == 'Z', 'it was reaped')
    equal(port.call('waitpid', at[-1], []), (OK, at[-1], 7 << 8, [(A('exit_status'), 7)]))
    equal(port.call('cpid'), [])
    equal(port.call('sigaction', A('sigchld'), A('sig_dfl')), (OK, A('sig_info')))
    at = port.spawn('true')
    equal(port.exit_status(at), (A('exit_status'), 0))


@case('waitpid: a stop, a continuation and a signal')
def waitpid(bench):
    port = bench.port()
    port.call('sigaction', A('sigchld'), A('sig_info'))
    at = port.spawn('sleep', '1000')
    pid = at[-1]
    equal(port.call('waitpid', pid, [A('wnohang')]), (OK, 0, 0, []))
    port.expect_ok('kill', pid, A('sigstop'))
    equal(port.call('waitpid', pid, [A('wuntraced')]),
          (OK, pid, 19 << 8 | 0x7F, [(A('stopsig'), A('sigstop'))]))
    port.expect_ok('kill', pid, A('sigcont'))
    term = port.call('waitpid', pid, [A('wcontinued')])
    equal(term[:3], (OK, pid, 0xFFFF))
    equal(term[3], [A('continued')])
    port.expect_ok('kill', pid, A('sigkill'))
    equal(port.call('waitpid', pid, []), (OK, pid, 9, [(A('termsig'), A('sigkill'))]))


DEFAULTS = {'maxchild': 64, 'maxforkdepth': 16, 'exit_status': 1, 'termsig': 1, 'flowcontrol': -1,
            'signaloneof': 15, 'stdin_closed': 0, 'stdout_closed': 0, 'stderr_closed': 0}


@case('options: the defaults, at every depth')
def defaults(bench):
    port = bench.port()
    for at in ((), port.chain(2)):
        for name, value in DEFAULTS.items():
            equal(port.call('getopt', A(name), at=at), value, name)


@case('options: each can be set, is inherited, and is a process\'s own')
def options(bench):
    port = bench.port()
    values = {'maxchild': 20, 'maxforkdepth': 7, 'exit_status': 0, 'termsig': 0, 'flowcontrol': 5,
              'signaloneof': 9, 'stdin_closed': 1, 'stdout_closed': 1, 'stderr_closed': 1}
    for name, value in values.items():
        equal(port.call('setopt', A(name), value), TRUE, name)
    at = port.fork()
    for name, value in values.items():
        equal(port.call('getopt', A(name)), value, name)
        equal(port.call('getopt', A(name), at=at), value, f'{name} of the child')
        equal(port.call('setopt', A(name), DEFAULTS[name], at=at), TRUE, name)
    for name, value in values.items():
        equal(port.call('getopt', A(name)), value, f'{name} after the child has set its own')


@case('options: values out of range')
def option_ranges(bench):
    port = bench.port()
    equal(port.call('setopt', A('maxforkdepth'), 300), TRUE)
    equal(port.call('getopt', A('maxforkdepth')), 255)
    equal(port.call('setopt', A('flowcontrol'), -5), TRUE)
    equal(port.call('getopt', A('flowcontrol')), -1)
    for name in DEFAULTS:
        if name != 'flowcontrol':
            equal(port.call('setopt', A(name), -1), BADARG, f'{name} -1')
        equal(port.call('setopt', A(name), 1 << 40), BADARG, f'{name} 2^40')
    equal(port.call('setopt', A('maxchild'), 65535), FALSE)
    equal(port.call('getopt', A('maxchild')), 64)


@case('options: maxchild and the limit of open files')
def maxchild(bench):
    port = bench.port()

    def files(soft):
        hard = port.call('getrlimit', A('rlimit_nofile'))[1][2]
        return port.call('setrlimit', A('rlimit_nofile'), (A('alcove_rlimit'), soft, hard))

    equal(files(64), OK)
    equal(port.call('getopt', A('maxchild')), 9)
    equal(files(32), OK)
    equal(port.call('getopt', A('maxchild')), 4)
    equal(port.call('setopt', A('maxchild'), 5), FALSE)
    equal(port.call('setopt', A('maxchild'), 3), TRUE)
    at = [port.fork() for _ in range(3)]
    equal(port.call('setopt', A('maxchild'), 2), FALSE, 'fewer than there are')
    equal(files(18), err('einval'), 'fewer files than the children need')
    equal(port.call('getpid', at=at[2]), at[2][-1])


# Flow control.

NUMBERS = b'i=0; while [ $i -lt 40 ]; do echo $i; read x; i=$((i+1)); done'


def chatty(port):
    """A program that writes a line when it gets one, so that each is a message of its own."""
    at = port.fork()
    port.post('execvp', b'sh', [b'sh', b'-c', NUMBERS], at=at)
    port.executed(at)
    return at


def chunks(port, at, seconds):
    port.quiet(seconds)
    return len([m for m in port.about(at) if m.kind == STDOUT])


@case('flow control: none at 0, and the rest when it is lifted')
def flow_none(bench):
    port = bench.port()
    equal(port.call('setopt', A('flowcontrol'), 0), TRUE)
    at = port.shell('echo x; read y')
    equal(chunks(port, at, 0.1), 0)
    equal(port.call('setcpid', at[-1], A('flowcontrol'), -1), TRUE)
    equal(port.output(at, 2), b'x\n')


@case('flow control: exactly as many messages as allowed')
def flow_some(bench):
    port = bench.port()
    equal(port.call('setopt', A('flowcontrol'), 3), TRUE)
    at = chatty(port)
    for count in (3, 2, 1):
        for _ in range(count + 2):
            port.stdin(at, b'\n')
            port.quiet(0.02)
        equal(chunks(port, at, 0.05), count)
        equal(port.call('cpid')[0][2], 0, 'what cpid says is left')
        port.inbox.clear()
        equal(port.call('setcpid', at[-1], A('flowcontrol'), (2, 1, 9)[3 - count]), TRUE)


@case('flow control: is over when the program has ended')
def flow_end(bench):
    port = bench.port()
    equal(port.call('setopt', A('flowcontrol'), 0), TRUE)
    at = port.fork()
    port.post('execvp', b'sh', [b'sh', b'-c', b'echo x; echo y >&2'], at=at)
    said = port.ending(at)
    equal(b''.join(m.data for m in said if m.kind == STDOUT), b'x\n')
    equal(b''.join(m.data for m in said if m.kind == STDERR), b'y\n')


@case('flow control: counts standard error too')
def flow_stderr(bench):
    port = bench.port()
    equal(port.call('setopt', A('flowcontrol'), 1), TRUE)
    at = port.shell('echo x >&2; sleep 0.05; echo y; read z')
    port.output(at, 2, STDERR)
    equal(chunks(port, at, 0.15), 0)


@case('flow control: does not hold what a control process says')
def flow_control_process(bench):
    port = bench.port()
    equal(port.call('setopt', A('flowcontrol'), 0), TRUE)
    at = port.chain(2)
    equal(port.call('getpid', at=at), at[-1])


@case('flow control: the number is kept by a fork, for the children that follow')
def flow_inherited(bench):
    port = bench.port()
    equal(port.call('setopt', A('flowcontrol'), 0), TRUE)
    above = port.fork()
    equal(port.call('getopt', A('flowcontrol'), at=above), 0)
    at = port.shell('echo x; read y', at=above)
    equal(chunks(port, at, 0.05), 0)


@case('stdin: a program that does not read: PIPE tells how much was written')
def pipe_full(bench):
    port = bench.port()
    at = port.spawn('sleep', '1000')
    for _ in range(7):
        port.stdin(at, b'x' * 10000)
    written = port.message(PIPE, at).data
    check(0 <= written < 10000, f'{written} bytes were written')
    port.quiet(0.02)
    rest = [m.data for m in port.about(at) if m.kind == PIPE]
    check(all(count == 0 for count in rest), f'then {rest!r}')
    equal(port.call('getpid'), port.pid)


@case('stdin: what fits arrives whole')
def stdin_whole(bench):
    port = bench.port()
    at = port.chain(2)
    port.run(at, 'cat')
    data = os.urandom(200000)
    got, sent = b'', 0
    while sent < len(data):
        port.stdin(at, data[sent:sent + 20000])
        got += port.output(at, min(20000, len(data) - sent))
        sent += 20000
    check(got == data, 'what came back differs')


@case('stdin: of a program that has closed it is dropped')
def stdin_closed(bench):
    port = bench.port()
    at = port.shell('exec <&-; echo closed; exec sleep 1000')
    port.output(at, 7)
    for _ in range(5):
        port.stdin(at, b'data')
    equal(port.call('getpid'), port.pid)
    port.expect_ok('kill', at[-1], 9)
    equal(port.exit_status(at), (A('termsig'), A('sigkill')))


@case('stdin: of a process that is gone is badpid')
def stdin_gone(bench):
    port = bench.port()
    at = port.spawn('true')
    port.exit_status(at)
    port.stdin(at, b'data')
    port.message(CTL, at, data=A('badpid'))


@case('end: executed children get signaloneof, then the port is gone')
def end_signal(bench):
    port = bench.port()
    path = bench.path('told')
    at = port.shell(f'trap "echo term > {path.decode()}; exit" TERM; echo up; '
                    'while :; do sleep 0.01; done')
    port.output(at, 3)
    equal(port.close(), 0)
    eventually(lambda: (bench.folder / 'told').exists(), 'it got no SIGTERM')


@case('end: another signaloneof, for the default and for one child')
def end_other_signal(bench):
    port = bench.port()
    one, two = bench.folder / 'one', bench.folder / 'two'
    script = 'trap "echo x > {}; exit" {}; echo up; while :; do sleep 0.01; done'
    equal(port.call('setopt', A('signaloneof'), 12), TRUE)
    first = port.shell(script.format(one, 'USR2'))
    second = port.shell(script.format(two, 'HUP'))
    equal(port.call('setcpid', second[-1], A('signaloneof'), 1), TRUE)
    port.output(first, 3)
    port.output(second, 3)
    port.close()
    eventually(one.exists, 'the first got no SIGUSR2')
    eventually(two.exists, 'the second got no SIGHUP')


@case('end: a stopped program is continued')
def end_stopped(bench):
    port = bench.port()
    at = port.spawn('sleep', '1000')
    port.expect_ok('kill', at[-1], A('sigstop'))
    port.close()
    eventually(lambda: processes.gone(at[-1]), 'it is still stopped')


@case('end: below control processes, too')
def end_below(bench):
    port = bench.port()
    at = port.chain(4)
    port.run(port.fork(at), 'sleep', '1000')
    below = port.shell('sleep 1000 & wait', at=at[:2])
    equal(port.close(), 0)
    for pid in (*at, below[-1]):
        eventually(lambda pid=pid: processes.gone(pid), f'{pid} is still there')


@case('a reply of a call never comes twice, and none without a call')
def one_reply(bench):
    port = bench.port()
    at = port.fork()
    for _ in range(20):
        port.call('getpid', at=at)
    port.quiet(0.05)
    equal([m for m in port.inbox if m.kind == CALL], [])
