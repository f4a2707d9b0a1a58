# SPDX-License-Identifier: MIT
"""What a case is, and what it is given.

A table is a list of Case; @case in a module makes one of a function. A case gets a Bench, which
starts ports for it. When its function is over, every port that it left running is ended as a
controller would, and then nothing of it may be there: the runner is the subreaper of all that
it starts, so that what was lost by its parents is found.
"""
import dataclasses
import os
import signal
import tempfile
import time
from pathlib import Path
from typing import Callable

from . import processes
from .controller import Failure, Port, limit, show

ALL = []


@dataclasses.dataclass
class Case:
    name: str
    function: Callable
    root: bool = False  # needs privileges
    leaves: bool = False  # processes may outlive the port: it is killed, or they are meant to
    todo: str = ''  # why it is known to fail


class Skip(Exception):
    """A case cannot run here; the reason."""


def case(name, **options):
    def add(function):
        ALL.append(Case(name, function, **options))
        return function
    return add


class Bench:
    """What a case works with."""

    def __init__(self, program, folder):
        self.program = program
        self.folder = folder
        self.ports = []

    def port(self, *options, **more):
        """A port that has made its handshake, unless handshake=False."""
        handshake = more.pop('handshake', True)
        port = Port(self.program, self.folder, options, handshake=False, **more)
        self.ports.append(port)
        if handshake:
            port.handshake()
        return port

    def file(self, name, data=b''):
        path = self.folder / name
        path.write_bytes(data)
        return str(path).encode()

    def path(self, name):
        return str(self.folder / name).encode()


def check(condition, sentence):
    if not condition:
        raise Failure(sentence() if callable(sentence) else sentence)


def equal(got, wanted, what=''):
    if got != wanted:
        raise Failure(f'{what}{": " if what else ""}wanted {show(wanted)}, got {show(got)}')


def eventually(condition, sentence, seconds=5):
    """Until it is true; its value."""
    end = time.monotonic() + limit(seconds)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failure(sentence() if callable(sentence) else sentence)
        time.sleep(0.002)


def _end_ports(bench):
    """Ends what a case left running; it must end well."""
    for port in bench.ports:
        if port.process.poll() is None and port.send_fd >= 0:
            code = port.close()
            if code != 0 and port.raw is None:
                raise Failure('\n'.join([f'the port ended with {code} at the end of its input',
                                         *port.said_lines()]))


def run_case(program, one):
    """('passed' | 'skipped' | 'failed', lines that explain it)."""
    result, lines = 'passed', []
    with tempfile.TemporaryDirectory(prefix='reeve-test-port-') as name:
        bench = Bench(program, Path(name))
        os.chmod(name, 0o755)
        try:
            one.function(bench)
            _end_ports(bench)
        except Skip as reason:
            result, lines = 'skipped', [str(reason)]
        except (Failure, OSError, AssertionError, LookupError, TypeError, ValueError) as reason:
            where = '' if isinstance(reason, Failure) else f'{type(reason).__name__}: '
            result, lines = 'failed', f'{where}{reason}'.splitlines()
        finally:
            for port in bench.ports:
                port.destroy()
        left = _left(one.leaves or result == 'failed')
        if left and not one.leaves and result == 'passed':
            result, lines = 'failed', [f'was left running: {line}' for line in left]
    return result, lines


def _left(at_once):
    """What the case's ports have left behind, which is ended here."""
    if not at_once:
        end = time.monotonic() + limit(2)
        while processes.children() and time.monotonic() < end:
            processes.reap()
            time.sleep(0.002)
    said = {}
    while True:
        processes.reap()
        pids = processes.children()
        if not pids:
            return list(said.values())
        for pid in pids:
            said.setdefault(pid, processes.describe(pid))
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.002)
