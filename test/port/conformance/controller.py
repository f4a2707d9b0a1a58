# SPDX-License-Identifier: MIT
"""Starts reeve-port as Erlang's open_port does, sends calls and keeps what comes back in order.

A Message is (where, kind, data): the pids from the root's child down to the process that it is
from or about, a type of the wire, and the term or the bytes. Whatever is waited for has an end:
a Failure says what was wanted and what came instead.
"""
import collections
import fcntl
import functools
import os
import select
import signal
import struct
import subprocess
import time

from . import etf, processes, protocol
from .etf import Atom

Message = collections.namedtuple('Message', 'where kind data')
NAMES = dict(enumerate('stdin stdout stderr proxy call event ctl pipe'.split()))
SHOWN = 12
PATIENCE = float(os.environ.get('REEVE_TEST_PATIENCE', '1'))


class Failure(Exception):
    """What a case found wrong."""


def limit(seconds):
    return seconds * PATIENCE


def show(value, most=300):
    text = repr(value)
    return text if len(text) <= most else f'{text[:most]}... ({len(text)} characters)'


def show_message(message):
    return f'{NAMES[message.kind]} of {list(message.where)}: {show(message.data)}'


def decode(data, where=()):
    """One whole message, without its length, as the controllers in Erlang read it."""
    if len(data) < 2:
        raise Failure(f'a message of {len(data)} bytes at {list(where)}')
    kind = struct.unpack('>H', data[:2])[0]
    if kind in (protocol.CALL, protocol.EVENT, protocol.CTL, protocol.PIPE):
        try:
            return Message(where, kind, etf.decode(data[2:]))
        except etf.Malformed as reason:
            raise Failure(f'a {NAMES[kind]} of {list(where)} holds no term: {reason}: '
                          f'{show(data[2:])}') from reason
    if kind not in (protocol.STDOUT, protocol.STDERR, protocol.PROXY) or len(data) < 6:
        raise Failure(f'a message of type {kind} and {len(data)} bytes at {list(where)}')
    pid, rest = struct.unpack('>i', data[2:6])[0], data[6:]
    where = (*where, pid)
    if kind != protocol.PROXY:
        return Message(where, kind, rest)
    if len(rest) < 2 or struct.unpack('>H', rest[:2])[0] != len(rest) - 2:
        raise Failure(f'a proxy of {list(where)} does not hold one message: {show(rest)}')
    return decode(rest[2:], where)


class Port:
    """A running port. Where no handshake is wanted, nothing has been read from it yet."""

    style = 25

    def __init__(self, program, folder, options=(), handshake=True, fifo=True, **more):
        self.fifo = str(folder / f'ctl-{time.monotonic_ns()}')
        words = [str(program), *(['-c', self.fifo] if fifo else []), *map(str, options)]
        self.errors = open(folder / 'stderr', 'ab+')  # pylint: disable=consider-using-with
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.errors, **more)
        self.guarded = '-d' not in words  # what was started is the port's guard
        self.send_fd, self.receive_fd = self.process.stdin.fileno(), self.process.stdout.fileno()
        for fd in (self.send_fd, self.receive_fd):
            os.set_blocking(fd, False)
        self.buffer, self.inbox = bytearray(), []
        self.raw = None  # bytes, once the root has executed another program
        self.ended = False
        self.control_fd = -1
        if handshake:
            self.handshake()

    # Starting and ending.

    @functools.cached_property
    def pid(self):
        """The first control process: the only child of what was started."""
        if not self.guarded:
            return self.process.pid
        end = time.monotonic() + limit(5)
        while not (pids := processes.children(self.process.pid)):
            if time.monotonic() > end:
                raise Failure('the port has no guarded process')
        return pids[0]

    def handshake(self):
        """What alcove_drv does first."""
        boot = self.receive_exactly(9)
        if boot != b'\x00\x07\x00\x04\x83\x77\x02ok':
            raise Failure(f'the first message is {boot!r}')
        self.open_control()
        self.expect_ok('unlink', self.fifo.encode())
        if os.path.exists(self.fifo):
            raise Failure('unlink was answered, but the FIFO is still there')

    def open_control(self):
        self.control_fd = os.open(self.fifo, os.O_RDONLY | os.O_NONBLOCK)
        fcntl.fcntl(self.control_fd, fcntl.F_SETFD, fcntl.FD_CLOEXEC)

    def control_ended(self, seconds=5):
        """Whether the FIFO came to its end: the root has executed or is gone."""
        end = time.monotonic() + limit(seconds)
        while time.monotonic() < end:
            ready = select.select([self.control_fd], [], [], 0.05)[0]
            try:
                if ready and os.read(self.control_fd, 1) == b'':
                    return True
            except BlockingIOError:
                pass
        return False

    def close_stdin(self):
        self.process.stdin.close()
        self.send_fd = -1

    def wait(self, seconds=5):
        """The exit code; what comes meanwhile is kept."""
        end = time.monotonic() + limit(seconds)
        while self.process.poll() is None:
            if time.monotonic() > end:
                raise Failure(f'the port still runs after {seconds} s')
            if self.ended:
                time.sleep(0.001)
            else:
                self.receive(0.01)
        return self.process.returncode

    def close(self, seconds=3):
        """The end that a controller makes, which is no error."""
        if self.send_fd >= 0:
            self.close_stdin()
        return self.wait(seconds)

    def destroy(self):
        """Frees everything, whatever became of the port."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        for file in (self.process.stdin, self.process.stdout, self.errors):
            try:
                file.close()
            except OSError:
                pass
        if self.control_fd >= 0:
            os.close(self.control_fd)

    def said(self):
        """What was written to standard error."""
        with open(self.errors.name, 'rb') as file:
            return file.read()

    # Bytes.

    def write(self, data, seconds=10):
        """All of the bytes; what comes meanwhile is read, so that neither side waits forever."""
        end, view = time.monotonic() + limit(seconds), memoryview(data)
        while view:
            poll = select.poll()
            poll.register(self.send_fd, select.POLLOUT)
            if not self.ended:
                poll.register(self.receive_fd, select.POLLIN)
            ready = dict(poll.poll(100))
            if ready.get(self.receive_fd):
                self._read()
            if ready.get(self.send_fd):
                try:
                    view = view[os.write(self.send_fd, view):]
                except BlockingIOError:
                    pass
                except BrokenPipeError as reason:
                    raise Failure('the port does not read any more') from reason
            if time.monotonic() > end:
                raise Failure(f'the port reads nothing: {len(view)} bytes are left')

    def _read(self):
        try:
            data = os.read(self.receive_fd, 1 << 20)
        except BlockingIOError:
            return
        if not data:
            self.ended = True
        elif self.raw is not None:
            self.raw += data
        else:
            self.buffer += data

    def receive(self, seconds):
        """Waits once for bytes and makes messages of them. Whether there was anything."""
        if self.ended:
            return False
        if not select.select([self.receive_fd], [], [], max(seconds, 0))[0]:
            return False
        self._read()
        self._split()
        return True

    def _split(self):
        buffer, at = self.buffer, 0
        while self.raw is None and len(buffer) - at >= 2:
            size = struct.unpack_from('>H', buffer, at)[0]
            if len(buffer) - at < size + 2:
                break
            self.inbox.append(decode(bytes(buffer[at + 2:at + 2 + size])))
            at += size + 2
        del buffer[:at]

    def receive_exactly(self, size, seconds=10):
        """The next bytes as they are, before any message was made of them."""
        end = time.monotonic() + limit(seconds)
        while len(self.buffer) < size:
            if self.ended:
                raise Failure(f'the port ended after {bytes(self.buffer)!r}; it said '
                              f'{show(self.said())}')
            if time.monotonic() > end:
                raise Failure(f'the port sent only {bytes(self.buffer)!r}')
            if select.select([self.receive_fd], [], [], 0.05)[0]:
                self._read()
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        return data

    def become_raw(self):
        """From here on everything is another program's output."""
        self.raw, self.buffer = bytes(self.buffer), bytearray()

    def raw_until(self, wanted, seconds=5):
        end = time.monotonic() + limit(seconds)
        while wanted not in self.raw and not self.ended and time.monotonic() < end:
            self.receive(0.05)
        if wanted not in self.raw:
            raise Failure(f'wanted {wanted!r} in what the program writes: {show(self.raw)}')

    # Messages.

    def send(self, at, kind_and_body):
        self.write(protocol.within(at, kind_and_body))

    def stdin(self, at, data):
        """Bytes for the standard input of the process at `at`."""
        self.write(protocol.within(at, data))

    def frame(self, name, arguments):
        return protocol.call(protocol.NUMBERS[name], etf.encode(tuple(arguments), self.style))

    def post(self, name, *arguments, at=()):
        """Sends a call and does not wait."""
        self.send(at, self.frame(name, arguments))

    def take(self, test, wanted, seconds=5):
        """Removes and returns the first message that the test takes."""
        end, seen = time.monotonic() + limit(seconds), 0
        while True:
            for place in range(seen, len(self.inbox)):
                if test(self.inbox[place]):
                    return self.inbox.pop(place)
            seen = len(self.inbox)
            left = end - time.monotonic()
            if left <= 0 or (self.ended and not self.receive(0)):
                why = 'the port has ended' if self.ended else f'{seconds} s are over'
                raise Failure('\n'.join([f'wanted {wanted}, but {why}; there is:', *map(
                    show_message, self.inbox[-SHOWN:]), *self.said_lines()]))
            self.receive(min(left, 0.5))

    def said_lines(self):
        said = self.said().decode(errors='replace').splitlines()
        return [f'it said: {line}' for line in said[-30:]]

    def message(self, kind, at=(), seconds=5, data=None):
        where = tuple(at)
        wanted = f'{NAMES[kind]} of {list(at)}' + ('' if data is None else f': {data!r}')
        return self.take(lambda m: m.kind == kind and m.where == where
                         and (data is None or m.data == data), wanted, seconds)

    def reply(self, at=(), seconds=5):
        return self.message(protocol.CALL, at, seconds).data

    def call(self, name, *arguments, at=(), seconds=5):
        self.post(name, *arguments, at=at)
        try:
            return self.reply(at, seconds)
        except Failure as reason:
            raise Failure(f'{name}{show(arguments)}: {reason}') from None

    def expect_ok(self, name, *arguments, at=()):
        """A call that answers ok, or {ok, X}: X, or all after ok where it is more."""
        term = self.call(name, *arguments, at=at)
        if term == Atom('ok'):
            return None
        if not isinstance(term, tuple) or term[0] != Atom('ok'):
            raise Failure(f'{name}{show(arguments)} of {list(at)} answered {show(term)}')
        return term[1] if len(term) == 2 else term[1:]

    def quiet(self, seconds):
        """Reads for some time; nothing is expected."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.ended:
            self.receive(end - time.monotonic())

    # What most cases do.

    def fork(self, at=()):
        """Forks; where the new process is."""
        return (*at, self.expect_ok('fork', at=at))

    def chain(self, depth, at=()):
        """A process, so many forks below `at`."""
        for _ in range(depth):
            at = self.fork(at)
        return at

    def executed(self, at, seconds=5):
        self.message(protocol.CTL, at, seconds, data=Atom('fdctl_closed'))

    def run(self, at, *words):
        """execvp of the process at `at`, which has begun when this returns."""
        words = [word if isinstance(word, bytes) else word.encode() for word in words]
        self.post('execvp', words[0], words, at=at)
        self.executed(at)
        return at

    def spawn(self, *words, at=()):
        return self.run(self.fork(at), *words)

    def shell(self, script, at=()):
        return self.spawn('/bin/sh', '-c', script, at=at)

    def output(self, at, size, kind=protocol.STDOUT, seconds=10):
        """So many bytes of output, from as many messages as they are in."""
        data = b''
        while len(data) < size:
            data += self.message(kind, at, seconds).data
        return data

    def ending(self, at, seconds=5):
        """Everything about a process until its exit_status or termsig, which comes last."""
        where, all_of = tuple(at), []
        while True:
            message = self.take(lambda m: m.where == where, f'the end of {list(at)}', seconds)
            all_of.append(message)
            if message.kind == protocol.EVENT and message.data[0] in ('exit_status', 'termsig'):
                return all_of

    def exit_status(self, at, seconds=5):
        """The event of its end, whatever came before."""
        return self.ending(at, seconds)[-1].data

    def about(self, at):
        """What is in the inbox about a process now."""
        return [message for message in self.inbox if message.where == tuple(at)]
