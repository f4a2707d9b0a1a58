# SPDX-License-Identifier: MIT
"""The command line, the handshake, the descriptors, and how the root ends."""
import os
import resource
import stat

from . import processes
from .calls import OK, A, err
from .case import Skip, case, check, equal
from .controller import Failure


def fails(bench, code, options, fifo=False, **more):
    port = bench.port(*options, handshake=False, fifo=fifo, **more)
    equal(port.wait(), code, f'{" ".join(map(str, options))}: exit code')
    return port


@case('start: the first message and the FIFO')
def boot(bench):
    port = bench.port(handshake=False)
    equal(port.receive_exactly(9), b'\x00\x07\x00\x04\x83\x77\x02ok')
    mode = os.stat(port.fifo).st_mode
    check(stat.S_ISFIFO(mode), 'the control file is no FIFO')
    equal(stat.S_IMODE(mode) & ~0o644, 0, 'the mode of the FIFO')
    port.open_control()
    port.expect_ok('unlink', port.fifo.encode())
    check(not os.path.exists(port.fifo), 'the FIFO is still there')
    equal(port.call('getpid'), port.pid)


@case('start: neither -c nor -d is exit 22')
def no_fifo(bench):
    fails(bench, 22, [])


@case('start: -c of a file that exists is exit 17')
def fifo_exists(bench):
    port = fails(bench, 17, ['-c', bench.file('there').decode()])
    check(port.said(), 'it did not say why')
    check((bench.folder / 'there').exists(), 'the file is gone')


@case('start: -c where there is no folder is exit 2')
def fifo_no_folder(bench):
    fails(bench, 2, ['-c', str(bench.folder / 'none/ctl')])


@case('start: -h and an unknown switch are exit 95 with the usage')
def usage(bench):
    for option in ('-h', '-Z'):
        check(b'usage' in fails(bench, 95, [option]).said().lower(), f'{option}: no usage')


@case('start: -d 256 is exit 11')
def depth_too_large(bench):
    fails(bench, 11, ['-d', 256])


@case('start: -m beyond the open files is exit 11, and leaves no FIFO')
def maxchild_too_large(bench):
    port = fails(bench, 11, ['-m', 10], fifo=True,
                 preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)))
    check(not os.path.exists(port.fifo), 'the FIFO is still there')


@case('start: -m is maxchild')
def maxchild(bench):
    equal(bench.port('-m', 5).call('getopt', A('maxchild')), 5)


@case('start: numbers that are none are refused')
def bad_numbers(bench):
    for options in (['-m', 'x'], ['-m', '-1'], ['-m', '99999999999'], ['-m', ''], ['-m']):
        port = bench.port(*options, handshake=False)
        code = port.wait()
        check(0 < code < 128, f'{options}: exit code {code}')


@case('start: maxchild is what the open files allow')
def maxchild_default(bench):
    for files, wanted in ((32, 4), (66, 10), (390, 64), (1024, 64)):
        port = bench.port(preexec_fn=lambda files=files: resource.setrlimit(
            resource.RLIMIT_NOFILE, (files, files)))
        equal(port.call('getopt', A('maxchild')), wanted, f'with {files} open files')


@case('start: an endless stack is made 8 MiB')
def stack(bench):
    if resource.getrlimit(resource.RLIMIT_STACK)[1] != resource.RLIM_INFINITY:
        raise Skip('needs a hard limit of the stack that is infinite')
    port = bench.port(preexec_fn=lambda: resource.setrlimit(
        resource.RLIMIT_STACK, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)))
    equal(port.call('getrlimit', A('rlimit_stack'))[1][1], 8 << 20)


@case('start: descriptors 3, 4 and 5 are there, 5 closes on exec')
def descriptors(bench):
    port = bench.port()
    for at in ((), port.fork()):
        for fd in (3, 4, 5):
            term = port.call('fcntl', fd, A('f_getfd'), 0, at=at)
            equal(term, (OK, 1), f'fcntl({fd}, f_getfd) of {list(at)}')


@case('start: the end of input is exit 0')
def end_of_input(bench):
    port = bench.port()
    port.fork()
    equal(port.close(), 0)
    check(port.control_ended(), 'the FIFO stays open')


@case('start: the end of input before anything was said')
def end_at_once(bench):
    port = bench.port(handshake=False)
    port.receive_exactly(9)
    equal(port.close(), 0)


@case('start: every signal that can be caught is caught')
def signals(bench):
    port = bench.port()
    port.call('getpid')
    caught = int(processes.status(port.pid, 'SigCgt'), 16)
    for number in [*range(1, 32), *range(34, 65)]:
        # Those that a fault raises end the process, which catching them would turn into a loop.
        if number not in (9, 19, 4, 7, 8, 11):
            check(caught >> (number - 1) & 1, f'signal {number} is not caught')
    equal(int(processes.status(port.pid, 'SigBlk'), 16), 0, 'blocked signals')


@case('start: the root executes another program, which the FIFO tells')
def root_executes(bench):
    port = bench.port()
    port.post('execvp', b'/bin/sh', [b'sh', b'-c', b'echo started; cat'])
    check(port.control_ended(), 'the FIFO stays open')
    port.become_raw()
    port.raw_until(b'started\n')
    port.write(b'some words\n')
    port.raw_until(b'some words\n')
    port.close_stdin()
    equal(port.wait(), 0)


@case('start: the root exits, which the FIFO tells')
def root_exits(bench):
    port = bench.port()
    port.post('exit', 7)
    equal(port.wait(), 7)
    check(port.control_ended(), 'the FIFO stays open')
    port.send_fd = -1


@case('start: descriptors 3 to 5 that are open already [fds_inherited_by_exec]')
def descriptors_taken(bench):
    def open_some():
        for number in (3, 4, 5, 6):
            os.dup2(os.open('/dev/null', os.O_RDONLY), number)
            os.set_inheritable(number, True)
    port = bench.port(preexec_fn=open_some, close_fds=False)
    for fd in (3, 4, 5):
        equal(port.call('fcntl', fd, A('f_getfd'), 0), (OK, 1), f'fcntl({fd}, f_getfd)')
    port.post('execvp', b'/bin/cat', [b'cat'])
    check(port.control_ended(), 'that the root has executed is never told')
    port.become_raw()
    port.write(b'x')
    port.raw_until(b'x')


@case('start: nothing is said on standard error')
def silent(bench):
    port = bench.port()
    port.run(port.fork(), 'true')
    port.close()
    equal(port.said(), b'')


def reexecute(port, at, program, depth):
    """What prx:reexec does with a process."""
    fd = port.expect_ok('open', program, [A('o_rdonly'), A('o_cloexec')], 0)
    at = port.fork() if at is None else at
    for number in (3, 4, 5, fd):
        equal(port.call('fcntl', number, A('f_setfd'), 0, at=at), (OK, 0), 'fcntl(f_setfd)')
    port.post('fexecve', fd, [program, b'-d', str(depth).encode(), b'-m', b'32'],
              [b'REEVE_AGAIN=1'], at=at)
    equal(port.reply(at), OK, 'the first message of the new program')
    for number in (3, 4, 5, fd):
        equal(port.call('fcntl', number, A('f_setfd'), 1, at=at), (OK, 0), 'fcntl(f_setfd)')
    return at


@case('start: -d continues a process in a new image (prx:reexec)')
def again(bench):
    port = bench.port()
    at = reexecute(port, None, str(bench.program).encode(), 1)
    equal(port.call('getpid', at=at), at[-1])
    equal(port.call('environ', at=at), [b'REEVE_AGAIN=1'])
    equal(port.call('getopt', A('maxchild'), at=at), 32)
    equal(port.call('sigaction', A('sigusr1'), [], at=at), (OK, A('sig_dfl')))
    below = port.fork(at)
    equal(port.call('getpid', at=below), below[-1])
    port.run(below, 'echo', 'hello')
    equal(port.output(below, 6), b'hello\n')
    equal(port.exit_status(below), (A('exit_status'), 0))
    port.run(port.fork(at), 'cat')
    port.run(at, 'true')
    equal(port.exit_status(at), (A('exit_status'), 0))


@case('start: -d counts the depth from there')
def again_depth(bench):
    port = bench.port()
    at = reexecute(port, None, str(bench.program).encode(), 15)
    below = port.fork(at)
    equal(port.call('fork', at=below), err('eagain'))


@case('start: -d of what has no descriptors is refused or ends, and does not crash')
def again_without(bench):
    port = bench.port('-d', 1, handshake=False, fifo=False)
    port.close_stdin()
    code = port.wait()
    if code < 0:
        raise Failure(f'it died of signal {-code}')
