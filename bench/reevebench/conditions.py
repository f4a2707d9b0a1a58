# SPDX-License-Identifier: MIT
"""What is compared: the daemon, the kernel's floor, a process that does nothing, a peer.

Each is a context manager: entered, the thing is ready; left, it is gone. Only processes started
here are ended, by their number.
"""

import contextlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import time

from . import world
from .world import Unavailable

READY_TIMEOUT = 60
STOP_TIMEOUT = 15


def end(process, what):
    """SIGTERM, then SIGKILL after a while; the second is an error."""
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise RuntimeError(f'{what} did not end within {STOP_TIMEOUT} s of SIGTERM') from None


@contextlib.contextmanager
def nothing():
    yield


@contextlib.contextmanager
def idle_process(sleep=shutil.which('sleep')):
    """A process that is started, waits and is ended: what a window costs that changes nothing."""
    process = subprocess.Popen([sleep, '3600'])
    time.sleep(0.05)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


class Floor:
    """bench-floor on `files`; cpu None leaves it to the scheduler, group None moves nothing."""

    def __init__(self, work, files, group, cpu=None):
        self.arguments = [str(work.program('floor'))]
        self.arguments += ['--cpu', str(cpu)] if cpu is not None else []
        if world.v2_mount():
            self.arguments += ['--favordynmods', world.v2_mount()]
        self.files, self.groups = files, world.Groups(group)

    def __enter__(self):
        self.groups.__enter__()
        into = [word for folder in self.groups.folders for word in ('--into', str(folder))]
        self.process = subprocess.Popen(self.arguments + into + self.files,
                                        stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != 'ready\n':
            self.process.wait()
            self.groups.__exit__()
            raise Unavailable('bench-floor did not become ready')
        return self

    def __exit__(self, *error):
        end(self.process, 'bench-floor')
        self.counts = json.loads(self.process.stdout.read())
        self.process.stdout.close()
        self.groups.__exit__(*error)


def policy_text(name, rules):
    """`rules` is [path]; every one puts its program into g1."""
    lines = [f'name: {name}', 'logging: {file: stderr, level: warn}', 'groups:',
             '  g1: {cpu: 90, pids: 1000}', 'rules:']
    lines += [f'  r{i}: {{paths: [{path}], action: execute, group: g1}}'
              for i, path in enumerate(rules)]
    return '\n'.join(lines) + '\n'


class Daemon:
    """bin/reeved with a policy of one group and the given exact rules.

    `seconds_to_ready` runs from before its start to its READY=1.
    """

    def __init__(self, bench, rules):
        self.bench = bench
        self.reeved, self.reeve = bench.daemon_programs()
        self.folder = bench.work.path / 'daemon'
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self.policy = self.folder / f'policy-{len(rules)}.yaml'
        self.policy.write_text(policy_text(bench.group, rules))
        self.policy.chmod(0o600)

    def __enter__(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            address = self.folder / 'notify'
            address.unlink(missing_ok=True)
            notify.bind(str(address))
            notify.settimeout(0.05)
            self._start(address)
            self._await(notify)
        return self

    def _start(self, address):
        self.log = open(self.folder / 'log', 'w+')
        environment = dict(os.environ, NOTIFY_SOCKET=str(address))
        self.begin = time.monotonic()
        self.process = subprocess.Popen(
            [self.reeved, '--config', str(self.policy), '--runtime-dir', str(self.folder / 'run'),
             '--foreground'], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            env=environment)

    def _await(self, notify):
        """READY=1 tells, and `reeve status` confirms the first time; without the first, only it."""
        while time.monotonic() < self.begin + READY_TIMEOUT:
            if self.process.poll() is not None:
                raise Unavailable(f'reeved ended with {self.process.returncode}: {self._tail()}')
            with contextlib.suppress(TimeoutError):
                if b'READY=1' in notify.recv(4096).split(b'\n'):
                    self.seconds_to_ready = time.monotonic() - self.begin
                    if self.bench.status_confirmed or self.status() is not None:
                        self.bench.status_confirmed = True
                        return
        self.process.kill()
        self.process.wait()
        raise Unavailable(f'reeved was not ready within {READY_TIMEOUT} s: {self._tail()}')

    def _tail(self):
        self.log.flush()
        text = pathlib.Path(self.log.name).read_text().strip()
        return ' | '.join(text.splitlines()[-3:]) or 'it said nothing'

    def status(self):
        answer = subprocess.run(
            [self.reeve, 'status', '--runtime-dir', str(self.folder / 'run'), '--json'],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        return json.loads(answer.stdout) if answer.returncode == 0 else None

    def __exit__(self, *_):
        try:
            died = self.process.poll()
            if died is not None:
                raise RuntimeError(f'reeved died while measured, with {died}: {self._tail()}')
            end(self.process, 'reeved')
        finally:
            self.log.close()
            world.remove_groups(self.bench.group)

    def processes(self):
        return world.descendants(self.process.pid)


class Cgrulesengd:
    """libcgroup's daemon with one rule, in a mount namespace of its own.

    Its paths are fixed (/etc/cgrules.conf, /run/cgred.socket), so that it gets an /etc over which
    ours is laid, and an empty /run. The machine's own files are not touched.
    """

    def __init__(self, bench, program):
        self.bench, self.program = bench, program
        self.groups = world.Groups(bench.group)
        self.tool = shutil.which('cgrulesengd') or shutil.which('cgrulesengd', path='/usr/sbin')
        if not self.tool:
            raise Unavailable('cgrulesengd is not installed (Debian: cgroup-tools)')

    def _overlay(self):
        root = self.bench.work.path / 'peer'
        for folder in ('etc/cgconfig.d', 'etc/cgrules.d', 'upper', 'work'):
            (root / folder).mkdir(parents=True, exist_ok=True)
        controllers = ','.join(c for c in ('cpu', 'pids'))
        (root / 'etc/cgrules.conf').write_text(
            f'*:{self.program} {controllers} {self.bench.group}\n')
        (root / 'etc/cgconfig.conf').write_text('')
        return root

    def __enter__(self):
        root = self._overlay()
        self.groups.__enter__()
        script = (f'mount -t overlay -o lowerdir={root}/etc:/etc overlay /etc && '
                  f'mount -t tmpfs tmpfs /run && exec {self.tool} -n -Q')
        self.process = subprocess.Popen(
            ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        ready = pathlib.Path('/proc', str(self.process.pid), 'root/run/cgred.socket')
        end_of_wait = time.monotonic() + 10
        while not ready.exists():
            if self.process.poll() is not None or time.monotonic() > end_of_wait:
                self.__exit__()
                raise Unavailable('cgrulesengd did not start')
            time.sleep(0.02)
        time.sleep(0.2)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            end(self.process, 'cgrulesengd')
        self.groups.__exit__()
