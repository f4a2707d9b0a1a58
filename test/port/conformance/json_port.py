# SPDX-License-Identifier: MIT
"""The second protocol, --protocol json: the same calls, the same order of what is told, and what is
said to a controller that makes mistakes (docs/port-protocol.md)."""
import base64
import json
import os
import random
import select
import signal
import subprocess
import time

from . import calls, processes
from .calls import FALSE, OK, TRUE
from .case import Case, case, check, equal, eventually
from .controller import Failure, limit, show
from .defects import FAMILY
from .etf import Atom


class JsonPort:
    """A port that is spoken to in lines; what comes is kept in order. Ended by Bench as others."""

    raw = None

    def __init__(self, bench, *options):
        self.errors = open(bench.folder / 'stderr', 'ab+')  # pylint: disable=consider-using-with
        self.process = subprocess.Popen([bench.program, '--protocol', 'json', *options],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.errors)
        bench.ports.append(self)
        self.send_fd, self.receive_fd = self.process.stdin.fileno(), self.process.stdout.fileno()
        os.set_blocking(self.send_fd, False)
        self.buffer, self.lines, self.number = bytearray(), [], 0
        self.ended = False
        self.first = self.take(lambda line: 'port' in line, 'the first line')

    # What Bench asks of a port.

    def close(self, seconds=5):
        if self.send_fd >= 0:
            self.process.stdin.close()
            self.send_fd = -1
        end = time.monotonic() + limit(seconds)
        while self.process.poll() is None:
            if time.monotonic() > end:
                raise Failure('the port still runs')
            if not self.receive(0.01):
                time.sleep(0.001)
        return self.process.returncode

    def destroy(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for file in (self.process.stdin, self.process.stdout, self.errors):
            try:
                file.close()
            except OSError:
                pass

    def said_lines(self):
        with open(self.errors.name, encoding='utf-8', errors='replace') as file:
            return [f'it said: {line}' for line in file.read().splitlines()[-20:]]

    # Lines.

    def write(self, data, seconds=10):
        view, end = memoryview(data), time.monotonic() + limit(seconds)
        while view:
            reading = [] if self.ended else [self.receive_fd]
            if select.select(reading, [self.send_fd], [], 0.1)[0]:
                self.receive(0)
            try:
                view = view[os.write(self.send_fd, view):]
            except BlockingIOError:
                pass
            except BrokenPipeError as reason:
                raise Failure('the port does not read any more') from reason
            if time.monotonic() > end:
                raise Failure('the port reads nothing')

    def receive(self, seconds):
        if self.ended or not select.select([self.receive_fd], [], [], seconds)[0]:
            return False
        data = os.read(self.receive_fd, 1 << 20)
        self.ended = not data
        self.buffer += data
        *whole, self.buffer = self.buffer.split(b'\n')
        for line in whole:
            try:
                value = json.loads(line)
            except ValueError as reason:
                raise Failure(f'a line that is no JSON: {show(line)}') from reason
            check(isinstance(value, dict), f'a line that is no object: {show(line)}')
            self.lines.append(value)
        return True

    def take(self, test, wanted, seconds=5):
        end = time.monotonic() + limit(seconds)
        while True:
            for place, line in enumerate(self.lines):
                if test(line):
                    return self.lines.pop(place)
            if time.monotonic() > end or (self.ended and not self.receive(0)):
                raise Failure('\n'.join([f'wanted {wanted}; there is:',
                                         *map(show, self.lines[-10:]), *self.said_lines()]))
            self.receive(0.1)

    def send(self, **request):
        self.write(json.dumps(request).encode() + b'\n')

    def call(self, name, arguments=None, at=()):
        """The reply's line, whichever way it went."""
        self.number += 1
        number = self.number
        request = {'id': number, 'at': list(at), 'call': name}
        self.send(**request, **({} if arguments is None else {'arguments': arguments}))
        return self.take(lambda line: line.get('id') == number, f'the reply of {name}{arguments}')

    def ok(self, name, arguments=None, at=()):
        line = self.call(name, arguments, at)
        check('ok' in line and line['at'] == list(at), lambda: f'{name}{arguments}: {line}')
        return line['ok']

    def fork(self, at=()):
        return (*at, self.ok('fork', at=at))

    def chain(self, depth):
        at = ()
        for _ in range(depth):
            at = self.fork(at)
        return at

    def about(self, at, until, seconds=5):
        """Lines of a place, in order, until one that has the member `until`."""
        found = []
        while not found or until not in found[-1]:
            found.append(self.take(lambda line: line.get('at') == list(at) and 'id' not in line,
                                   f'{until} of {at}', seconds))
        return found


def as_bytes(value):
    """What stands for bytes in a line."""
    if isinstance(value, dict):
        return base64.b64decode(value['base64'], validate=True)
    return value.encode()


def from_bytes(value):
    return {'base64': base64.b64encode(value).decode()}


# The rows of all calls once more.

# What JSON has no two ways to say: a name and a text are both a string, and bytes do not nest.
UNSAID = {
    ('alloc', 'a pointer to nothing known'), ('chdir', 'an atom'), ('execvp', 'an atom'),
    ('execve', 'an argument that is no text'), ('filter', 'an atom'), ('setenv', 'an atom'),
    ('iolist_to_bin', '17 levels'), ('iolist_to_bin', '5,000 levels'),
}
MEMORY = ('ioctl', 'prctl', 'ptrace')
TEXT = {('chdir', 0), ('iolist_to_bin', 0), ('write', 1)}


def memory_json(value):
    if isinstance(value, bytes):
        return {'bytes': from_bytes(value)}
    return to_json(value)


def text_json(value):
    """An iolist: the bytes that it is, or, where it is none, its elements."""
    try:
        return from_bytes(flat(value))
    except ValueError:
        return to_json(value)


def flat(value):
    if isinstance(value, bytes):
        return value
    if isinstance(value, list):
        return b''.join(bytes([item]) if type(item) is int else flat(item) for item in value)
    raise ValueError


def to_json(value):
    if isinstance(value, Atom):
        return str(value)
    if isinstance(value, bytes):
        return from_bytes(value)
    if isinstance(value, int):
        return value if value < 1 << 63 else str(value)
    if isinstance(value, tuple):
        if value[:1] == ('ptr',) and len(value) == 2:
            return {'ptr': to_json(value[1])}
        if value[:1] == ('alcove_rlimit',):
            return [to_json(part) for part in value[1:]]
        if value[:1] == ('alcove_timeval',) and len(value) == 3:
            return value[1] + value[2] / 1e6
        return {'tuple': [to_json(part) for part in value]}
    return [to_json(item) for item in value]


def argument_json(call, place, value):
    if (call, place) in TEXT:
        return text_json(value)
    if call in MEMORY and place:
        return memory_json(value)
    if call == 'sigaction' and place and value in ([], b''):
        return None
    return to_json(value)


def plain(value):
    """A term or a JSON value as what both of them say."""
    if isinstance(value, Atom) and value in (TRUE, FALSE):
        return value == TRUE
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, int) and value >= 1 << 63:
        return str(value).encode()
    if isinstance(value, dict):
        return as_bytes(value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def is_wanted(line, wanted):
    if callable(wanted):
        return ('ok' in line) != ('error' in line)
    if wanted in (calls.BADARG, calls.UNDEF):
        return 'error' in line
    if wanted == OK:
        return line.get('ok') is True
    if isinstance(wanted, tuple) and wanted[0] == 'error':
        return line.get('error') == wanted[1]
    if isinstance(wanted, tuple) and wanted[0] == OK:
        wanted = wanted[1] if len(wanted) == 2 else wanted[1:]
    return 'ok' in line and plain(line['ok']) == plain(wanted)


def fill_json(row, where):
    """The row's arguments; a descriptor that it opens first is opened in JSON, too."""
    found = []
    for place, value in enumerate(row.arguments):
        if value in (calls.READ, calls.WRITE):
            flags = ['o_rdonly' if value is calls.READ else 'o_wronly']
            found.append(where.port.ok('open', [from_bytes(where.bench.path('file')), flags, 0],
                                       at=where.at))
        else:
            found.append(argument_json(row.call, place, where.fill(value)))
    return found


def as_case(name, rows):
    def function(bench):
        port, wrong = JsonPort(bench), []
        for row in rows:
            for path in bench.folder.iterdir():
                if path.name != 'stderr':
                    path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
            calls.file_in(bench)
            where = calls.Where(bench, port, port.fork())
            line = port.call(row.call, fill_json(row, where), where.at)
            wanted = row.wanted if callable(row.wanted) else where.fill(row.wanted)
            if not is_wanted(line, wanted):
                wrong.append(f'{row.call}: {row.name}: wanted {row.wanted!r}, got {line}')
            port.ok('kill', [where.at[-1], 9])
            port.about(where.at, 'event')
        check(not wrong, '\n'.join(wrong))
    return Case(f'json calls: {name}', function, root=any(row.root for row in rows))


ROWS = [row for row in calls.ROWS if (row.call, row.name) not in UNSAID]
assert len(ROWS) == len(calls.ROWS) - len(UNSAID)
CASES = [as_case(name, [row for row in ROWS if row.call == name])
         for name in dict.fromkeys(row.call for row in ROWS)]


# Trees, programs, events.

@case('json: the first process is killed, or the one in front of it: every process ends')
def killed(bench):
    for front in (False, True):
        port = JsonPort(bench)
        pids, said = [], []
        for at in [port.chain(2)[:depth] for depth in (0, 1, 2)]:
            at = port.fork(at)
            pids.append(at[-1])
            port.ok('execvp', ['sh', ['sh', '-c', FAMILY]], at=at)
            while not said or not said[-1].endswith(b'\n'):
                said.append(as_bytes(port.about(at, 'stdout')[-1]['stdout']))
            pids += map(int, b''.join(said).split())
            said = []
        os.kill(port.process.pid if front else port.first['pid'], signal.SIGKILL)
        for pid in (*pids, port.first['pid']):
            eventually(lambda pid=pid: processes.gone(pid), f'{processes.describe(pid)} runs on',
                       seconds=20)
        port.process.wait()


@case('json: the first line')
def first_line(bench):
    port = JsonPort(bench)
    equal(port.first['port'], 'reeve')
    check(isinstance(port.first['pid'], int) and isinstance(port.first['version'], str), 'types')
    equal(port.ok('getpid'), port.first['pid'])


@case('json: places, and arguments by their names')
def places(bench):
    port = JsonPort(bench)
    at = port.chain(5)
    equal(port.ok('getpid', at=at), at[-1])
    equal(port.ok('kill', {'pid': at[-1], 'signal': 'sigusr1'}, at=at), True)
    event = port.about(at, 'event')[-1]['event']
    equal(event[:2], ['signal', 'sigusr1'])
    equal(len(as_bytes(event[2])), 128)


@case('json: a program: what it reads, writes, and its end, in order')
def program(bench):
    port = JsonPort(bench)
    for depth in (1, 4):
        at = port.chain(depth)
        equal(port.ok('execvp', ['sh', ['sh', '-c', 'read x; echo got $x; echo no >&2; exit 3']],
                      at=at), True)
        equal(port.about(at, 'ctl')[-1]['ctl'], 'fdctl_closed')
        port.send(at=list(at), stdin='some words\n')
        lines = port.about(at, 'event')
        equal(lines[-1]['event'], ['exit_status', 3])
        equal(b''.join(as_bytes(line['stdout']) for line in lines if 'stdout' in line),
              b'got some words\n')
        equal(b''.join(as_bytes(line['stderr']) for line in lines if 'stderr' in line), b'no\n')


@case('json: a megabyte of bytes that are no text, both ways')
def bytes_both_ways(bench):
    port = JsonPort(bench)
    at = port.chain(2)
    port.ok('execvp', ['cat', ['cat']], at=at)
    data, got, sent = os.urandom(1 << 20), b'', 0
    while sent < len(data):
        part = data[sent:sent + 20000]
        port.send(at=list(at), stdin=from_bytes(part))
        sent += len(part)
        while len(got) < sent:
            got += as_bytes(port.take(lambda line: 'stdout' in line, 'output')['stdout'])
    check(got == data, 'what came back differs')


@case('json: exec that fails, exit, and a process that is gone')
def ends(bench):
    port = JsonPort(bench)
    at = port.fork()
    equal(port.call('execvp', ['reeve-no-such-program', ['x']], at)['error'], 'enoent')
    equal(port.ok('getpid', at=at), at[-1])
    equal(port.ok('exit', [7], at=at), True)
    equal(port.about(at, 'event')[-1]['event'], ['exit_status', 7])
    check('error' in port.call('getpid', at=at), 'it answers')
    port.send(at=list(at), stdin='x')
    equal(port.about(at, 'ctl')[-1]['ctl'], 'badpid')


@case('json: a program that does not read: pipe tells how much was taken')
def pipe(bench):
    port = JsonPort(bench)
    at = port.fork()
    port.ok('execvp', ['sleep', ['sleep', '1000']], at=at)
    for _ in range(12):
        port.send(at=list(at), stdin='x' * 10000)
    taken = port.take(lambda line: 'pipe' in line, 'pipe')
    equal(taken['at'], list(at))
    check(0 <= taken['pipe'] < 10000, str(taken))


@case('json: replies come to the ids of their calls')
def ids(bench):
    port = JsonPort(bench)
    one, two = port.fork(), port.fork()
    for number in range(300):
        port.send(id=['x', number], at=list((one, two)[number % 2]), call='errno_id',
                  arguments=[number % 20])
    for number in range(300):
        line = port.take(lambda line: line.get('id') == ['x', number], 'a reply')
        equal(line['at'], list((one, two)[number % 2]))
    equal(port.ok('errno_id', [2]), 'enoent')


@case('json: calls from 100 up have names, too')
def more_calls(bench):
    port = JsonPort(bench)
    names = {row[0] for row in port.ok('capabilities')}
    check({'getpid', 'kill_tree', 'cgroup_create'} <= names, 'capabilities')
    at = port.fork()
    port.ok('execvp', ['sleep', ['sleep', '1000']], at=at)
    port.ok('deadline', {'pid': at[-1], 'after': 20, 'signal': 'sigterm', 'grace': 1000})
    equal(port.about(at, 'event')[-1]['event'], ['termsig', 'sigterm'])


MISTAKES = [
    b'', b' ', b'{', b'}', b'[]', b'1', b'null', b'"x"', b'{}', b'{"x": 1}', b'\xff\xfe', b'\0',
    b'{"call": 1}', b'{"call": "nothing"}', b'{"call": "getpid", "x": 1}',
    b'{"call": "getpid", "at": 1}', b'{"call": "getpid", "at": ["x"]}',
    b'{"call": "getpid", "at": [0]}', b'{"call": "getpid", "at": [-5]}',
    b'{"call": "getpid", "at": [99999999999999]}', b'{"call": "getpid", "arguments": [1]}',
    b'{"call": "getpid", "arguments": 1}', b'{"call": "chdir"}', b'{"call": "chdir", "arguments": {}}',
    b'{"call": "chdir", "arguments": {"x": 1}}', b'{"call": "chdir", "arguments": [1.5]}',
    b'{"call": "chdir", "arguments": [{"base64": "!"}]}',
    b'{"call": "chdir", "arguments": [{"base64": "YQ==", "x": 1}]}',
    b'{"call": "kill", "arguments": [1e400, 0]}', b'{"call": "getpid"} {"call": "getpid"}',
    b'{"stdin": 1}', b'{"stdin": "x", "call": "getpid"}', b'{"stdin": "x", "arguments": []}',
    b'{"stdin": null, "at": [1]}',
    b'{"call": "getpid", "at": [' + b'1,' * 300 + b'1]}', b'[' * 5000, b'{"a":' * 3000,
]


@case('json: what is no request is answered by a sentence, and changes nothing')
def mistakes(bench):
    port = JsonPort(bench)
    wrong = []
    for line in MISTAKES:
        port.write(line + b'\n')
        equal(port.ok('getpid'), port.first['pid'], f'after {line[:80]!r}')
        said = [one for one in port.lines if isinstance(one.get('error'), str)
                and len(one['error']) > 10]
        if not said and line.strip():
            wrong.append(f'{line[:80]!r}: {port.lines}')
        port.lines.clear()
    check(not wrong, 'no sentence came for\n' + '\n'.join(wrong))


@case('json: a line cut at every byte, then the end')
def cut(bench):
    line = b'{"id": 1, "call": "chdir", "arguments": {"path": "/none"}}\n'
    for end in range(1, len(line)):
        port = JsonPort(bench)
        port.write(line[:end])
        code = port.close()
        check(code >= 0, f'cut at {end}: died of signal {-code}')
        bench.ports.remove(port)
        port.destroy()


@case('json: lines of random bytes')
def random_lines(bench):
    rng = random.Random(12)
    port = JsonPort(bench)
    alphabet = b'{}[]",:0123456789.eE+-abcdef"call""at"\\u\xc3\xa9\xff\0 '
    for _ in range(500):
        port.write(bytes(rng.choice(alphabet) for _ in range(rng.randrange(80))) + b'\n')
    equal(port.ok('getpid'), port.first['pid'])


@case('json: a line of ten megabytes')
def long_line(bench):
    port = JsonPort(bench)
    try:
        port.write(b'{"call": "getpid", "x": "' + b'x' * 10000000 + b'"}\n')
        equal(port.ok('getpid'), port.first['pid'])
    except Failure:
        # It may refuse to read that much, and say so.
        check(port.close() > 0, 'it ended as if all were well')
        check(port.said_lines() or [line for line in port.lines if 'error' in line], 'nothing said')


@case('json: kill -9 of any process: it is told, and the others go on')
def killed(bench):
    port = JsonPort(bench)
    for victim in (1, 2, 3):
        tree, other = port.chain(3), port.fork()
        os.kill(tree[victim - 1], signal.SIGKILL)
        equal(port.about(tree[:victim], 'event')[-1]['event'], ['termsig', 'sigkill'])
        equal(port.ok('getpid', at=other), other[-1])
        for pid in tree:
            eventually(lambda pid=pid: processes.gone(pid) or pid in tree[:victim - 1], 'runs on')


@case('json: programs end with the port')
def end_of_input(bench):
    port = JsonPort(bench)
    at = port.chain(3)
    port.ok('execvp', ['sleep', ['sleep', '1000']], at=at)
    equal(port.close(), 0)
    for pid in at:
        check(processes.gone(pid), f'{pid} runs on')


@case('json: kill -9 of the port ends its tree')
def port_killed(bench):
    port = JsonPort(bench)
    at = port.chain(2)
    port.ok('execvp', ['sleep', ['sleep', '1000']], at=at)
    port.process.kill()
    port.process.wait()
    for pid in at:
        eventually(lambda pid=pid: processes.gone(pid), f'{pid} runs on')
