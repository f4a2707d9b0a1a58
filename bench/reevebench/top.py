# SPDX-License-Identifier: MIT
"""`reeve top` on a terminal of 80x24, with 1,000 groups and a process in each that wakes twice a second;
one in a hundred uses a hundredth of a processor.
"""

import contextlib
import fcntl
import os
import pathlib
import pty
import signal
import struct
import termios
import threading
import time

from . import world
from .conditions import Daemon
from .figures import Figure, collected
from .world import Unavailable

WORKING = 100  # one of so many works a little, so that there is something to be drawn
WORK_SECONDS = 0.005
TICK = os.sysconf('SC_CLK_TCK')


class Crowd(Daemon):
    """A daemon whose policy has `count` groups, with a process in each."""

    def __init__(self, bench, count):
        super().__init__(bench, [])
        self.count, self.children = count, []
        self.policy = self.folder / 'policy-top.yaml'
        groups = ''.join(f'  g{i}: {{cpu: 50%, pids: 100}}\n' for i in range(count))
        self.policy.write_text(f'name: {bench.group}\nlogging: {{file: stderr, level: warn}}\n'
                               f'rules: {{}}\ngroups:\n{groups}')
        self.policy.chmod(0o600)

    def __enter__(self):
        super().__enter__()
        tops = [pathlib.Path(point, self.bench.group) for point, _ in world.hierarchies()]
        for i in range(self.count):
            files = [top / f'g{i}/cgroup.procs' for top in tops if (top / f'g{i}').exists()]
            pid = os.fork()
            if pid == 0:
                _wake_twice_a_second(files, WORK_SECONDS if i % WORKING == 0 else 0)
            self.children.append(pid)
        return self

    def __exit__(self, *arguments):
        for pid in self.children:
            os.kill(pid, signal.SIGKILL)
        for pid in self.children:
            os.waitpid(pid, 0)
        super().__exit__(*arguments)


def _wake_twice_a_second(files, work):
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        for file in files:
            with open(file, 'w') as procs:
                procs.write(str(os.getpid()))
        while True:
            until = time.thread_time() + work
            while time.thread_time() < until:
                pass
            time.sleep(0.5)
    finally:
        os._exit(1)


class Screen:
    """`reeve top`, with somebody who reads what it draws."""

    def __init__(self, daemon):
        os.environ['TERM'] = 'xterm'
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execv(daemon.reeve, [daemon.reeve, 'top', '--runtime-dir', str(daemon.folder / 'run')])
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))
        self.drawn = 0
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        with contextlib.suppress(OSError):
            while more := os.read(self.terminal, 65536):
                self.drawn += len(more)

    def __enter__(self):
        until = time.monotonic() + 20
        while self.drawn < 500:
            if time.monotonic() > until:
                self.__exit__()
                raise Unavailable('reeve top draws nothing')
            time.sleep(0.1)
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            os.write(self.terminal, b'q')
        self.reader.join(5)
        if self.reader.is_alive():
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)


def _seconds(pids):
    """Processor time of processes, with all their threads."""
    total = 0
    for pid in pids:
        fields = pathlib.Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICK


def _percent(pids, seconds):
    before, begun = _seconds(pids), time.monotonic()
    time.sleep(seconds)
    return (_seconds(pids) - before) / (time.monotonic() - begun) * 100


def top(bench):
    count, seconds = bench.scale(1000, 50), bench.scale(30, 3)
    figure = Figure(f'reeve top, {count:,} groups, once a second')
    with collected(figure), Crowd(bench, count) as daemon:
        time.sleep(bench.scale(5, 1))
        pids = daemon.processes()
        alone = _percent(pids, seconds)
        with Screen(daemon) as screen:
            time.sleep(bench.scale(5, 1))
            before, drawn = _seconds([screen.pid]), screen.drawn
            served = _percent(pids, seconds)
            own = (_seconds([screen.pid]) - before) / seconds * 100
            drawn = (screen.drawn - drawn) / seconds
        figure.row('reeve top', f'{own:.2f} % of a processor', own, 2, '≤ 2 %', f'{drawn:.0f} bytes a second drawn')
        figure.row('the daemon meanwhile', f'{served:.2f} % of a processor', served, spread=f'{alone:.2f} % without it')
        figure.chart = {'kind': 'bars', 'unit': '% of a processor', 'goal': 2, 'goal_text': 'goal: 2 %',
                        'maximum': max(2.5, own, served), 'bars': [
                            {'label': label, 'value': value, 'text': f'{value:.2f} %', 'ours': True}
                            for label, value in (('reeve top', own), ('daemon with it', served), ('daemon alone', alone))]}
    return figure


FIGURES = {'top': top}
