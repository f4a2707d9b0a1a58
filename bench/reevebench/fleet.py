# SPDX-License-Identifier: MIT
"""The figures of a fleet of one host: from a push to its being in force, and what the daemon takes
more. A real etcd on loopback; where it is not installed, that is a note.
"""

import base64
import contextlib
import http.client
import json
import pathlib
import shutil
import socket
import subprocess
import time

from . import stats, world
from .conditions import Daemon
from .figures import Figure, collected
from .world import Unavailable

PATIENCE = 20  # seconds


def _free_port():
    with socket.socket() as found:
        found.bind(('127.0.0.1', 0))
        return found.getsockname()[1]


def _base64(text):
    return base64.b64encode(text.encode()).decode()


class Etcd:
    """etcd with its data in a folder of the benchmark's."""

    def __init__(self, folder):
        if not shutil.which('etcd'):
            raise Unavailable('etcd is not installed')
        self.folder = pathlib.Path(folder) / 'etcd'
        shutil.rmtree(self.folder, ignore_errors=True)
        self.port, peer = _free_port(), _free_port()
        self.url = f'http://127.0.0.1:{self.port}'
        peer = f'http://127.0.0.1:{peer}'
        self.process = subprocess.Popen(
            ['etcd', '--name', 'one', '--data-dir', str(self.folder), '--listen-client-urls', self.url,
             '--advertise-client-urls', self.url, '--listen-peer-urls', peer,
             '--initial-advertise-peer-urls', peer, '--initial-cluster', f'one={peer}',
             '--log-level', 'error'], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True)
        self.connection = None

    def __enter__(self):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(OSError, http.client.HTTPException, KeyError):
                self.range('/x')
                return self
            self.connection = None
            time.sleep(0.05)
        self.__exit__()
        raise Unavailable('etcd does not answer')

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def call(self, path, body):
        if not self.connection:
            self.connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=5)
            self.connection.connect()
            self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection.request('POST', path, json.dumps(body))
        answer = json.loads(self.connection.getresponse().read())
        answer['header']  # an error has none
        return answer

    def put(self, key, text):
        return self.call('/v3/kv/put', {'key': _base64(key), 'value': _base64(text)})

    def range(self, key):
        return self.call('/v3/kv/range', {'key': _base64(key)})


class Member(Daemon):
    """bin/reeved with a policy of its own that names a fleet, or not."""

    def __init__(self, bench, etcd):
        super().__init__(bench, [])
        self.policy = self.folder / 'policy-fleet.yaml'
        fleet = f'fleet: {{etcd: {{endpoints: ["{etcd.url}"]}}, host: bench}}\n' if etcd else ''
        self.policy.write_text(f'name: {bench.group}\nlogging: {{file: stderr, level: warn}}\n'
                               f'{fleet}rules: {{}}\n')
        self.policy.chmod(0o600)
        shutil.rmtree(self.folder / 'run', ignore_errors=True)

    def wait_connected(self):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self.status()['fleet']['state'] == 'connected':
                return
            time.sleep(0.05)
        raise Unavailable('the daemon does not reach etcd')


def _wait_for(place):
    end = time.perf_counter() + PATIENCE
    while not place.exists():
        if time.perf_counter() > end:
            raise Unavailable('a pushed policy was not applied')
        time.sleep(0.0002)


def push(bench):
    """From the write in etcd, as its client begins it, to a new group's folder."""
    figure = Figure('A fleet: push to applied')
    rounds, found, writes = bench.scale(300, 20), [], []
    with collected(figure), Etcd(bench.work.path) as etcd, Member(bench, etcd) as daemon:
        daemon.wait_connected()
        top = world.hierarchies_of(('pids',))[0][0]
        for i in range(rounds):
            place = pathlib.Path(top) / bench.group / f'g{i}'
            begin = time.perf_counter()
            etcd.put('/reeve/policy/all', f'groups: {{g{i}: {{pids: 100}}}}\nrules: {{}}\n')
            writes.append((time.perf_counter() - begin) * 1000)
            _wait_for(place)
            found.append((time.perf_counter() - begin) * 1000)
            bench.progress(i + 1, rounds)
            time.sleep(0.02)
        p99 = stats.percentile(found, 99)
        figure.row('write to group, p99', f'{p99:.1f} ms', p99, 50, '≤ 50 ms',
                   f'median {stats.percentile(found, 50):.1f} ms; etcd\'s write alone '
                   f'{stats.percentile(writes, 50):.1f} ms, p99 {stats.percentile(writes, 99):.1f} ms')
        figure.data = {'applied_ms': found, 'write_ms': writes}
        figure.chart = {'kind': 'bars', 'unit': 'ms from the write to the group', 'goal': 50,
                        'goal_text': 'goal: 50 ms', 'maximum': max(60, p99), 'bars': [
                            {'label': name, 'value': stats.percentile(found, percent),
                             'text': f'{stats.percentile(found, percent):.1f} ms', 'ours': True}
                            for name, percent in (('median', 50), ('p90', 90), ('p99', 99))]}
    return figure


def _resident(daemon, key):
    return sum(int(world.status_fields(f'/proc/{pid}/status').get(key, '0').split()[0])
               for pid in daemon.processes()) / 1024


def memory(bench):
    """All of the daemon's processes, in no fleet and in one."""
    figure, bars = Figure('A fleet: memory of its member'), []
    with collected(figure), Etcd(bench.work.path) as etcd:
        for name, where in (('no fleet', None), ('in a fleet', etcd)):
            with Member(bench, where) as daemon:
                if where:
                    daemon.wait_connected()
                time.sleep(1)
                all_of_it, own = _resident(daemon, 'VmRSS'), _resident(daemon, 'RssAnon')
            figure.row(name, f'{all_of_it:.1f} MB, own {own:.1f} MB', all_of_it)
            bars.append({'label': name, 'value': all_of_it, 'text': f'{all_of_it:.1f} MB',
                         'ours': True})
        figure.chart = {'kind': 'bars', 'unit': 'MB resident, all processes', 'bars': bars}
    return figure


FIGURES = {
    'fleet-push': push,
    'fleet-memory': memory,
}
