# SPDX-License-Identifier: MIT
"""The figures of services: how fast one that is killed runs again, what supervising costs, and whether
the limits hold. Peers that are not installed are unpacked from their Debian packages (peers.py).
"""

import contextlib
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import time

from . import stats, world
from .conditions import Daemon
from .figures import Figure, collected, span, us
from .peers import Peers
from .world import Unavailable

PAUSE = 0.02  # seconds between two kills
PATIENCE = 30  # seconds for what must happen


class Supervisor(Daemon):
    """bin/reeved with services, each a text of more keys by its name."""

    def __init__(self, bench, services):
        super().__init__(bench, [])
        self.policy = self.folder / 'policy-services.yaml'
        self.policy.write_text(f'name: {bench.group}\nlogging: {{file: stderr, level: warn}}\nrules: {{}}\n')
        self.policy.chmod(0o600)
        manifests = self.folder / 'services'
        shutil.rmtree(manifests, ignore_errors=True)
        shutil.rmtree(self.folder / 'run', ignore_errors=True)
        manifests.mkdir(mode=0o755)
        for name, text in services.items():
            (manifests / f'{name}.yaml').write_text(text)

    def __exit__(self, *details):
        # They outlive the daemon, and must not outlive the figure.
        with contextlib.suppress(Exception):
            names = [service['name'] for service in self.service('list')['services']]
            for name in names:
                self.service('remove', name)
        super().__exit__(*details)

    def service(self, *words):
        done = subprocess.run([self.reeve, 'service', *words, '--json', '--runtime-dir', str(self.folder / 'run')],
                              stdout=subprocess.PIPE, check=True, timeout=PATIENCE)
        return json.loads(done.stdout)

    def status(self, *name):
        return self.service('status', *name)['service'] if name else super().status()

    def own(self):
        """KiB of the daemon's own memory, without files that others have too."""
        return sum(int(world.status_fields(f'/proc/{pid}/status').get('RssAnon', '0').split()[0])
                   for pid in self.processes()
                   if world.status_fields(f'/proc/{pid}/status').get('Name') == 'reeved')


class Told:
    """A named pipe to which each start writes its process number."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.path.unlink(missing_ok=True)
        os.mkfifo(self.path)
        self.fd = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)

    def next(self):
        """(process, when it was read in ns)"""
        ready, _, _ = select.select([self.fd], [], [], PATIENCE)
        now = time.perf_counter_ns()
        if not ready:
            raise Unavailable(f'nothing was started again within {PATIENCE} s')
        return int(os.read(self.fd, 64).split()[0]), now

    def close(self):
        os.close(self.fd)
        self.path.unlink(missing_ok=True)


def _kills(told, pid, rounds):
    """µs from kill -9 to the first line of the next process."""
    found = []
    for _ in range(rounds):
        time.sleep(PAUSE)
        begin = time.perf_counter_ns()
        os.kill(pid, signal.SIGKILL)
        pid, now = told.next()
        found.append((now - begin) / 1000)
    return found


def _starts(told, words, rounds):
    """µs from a fork and exec to the same line: what nobody can be faster than."""
    found = []
    for _ in range(rounds):
        time.sleep(PAUSE)
        begin = time.perf_counter_ns()
        pid = os.posix_spawn(words[0], words, os.environ)
        _, now = told.next()
        found.append((now - begin) / 1000)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return found


@contextlib.contextmanager
def _peer(command, environment):
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        yield process
    finally:
        children = world.descendants(process.pid)
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()


def _script(folder, words):
    folder.mkdir(parents=True, exist_ok=True)
    run = folder / 'run'
    run.write_text('#!/bin/sh\nexec ' + ' '.join(words) + '\n')
    run.chmod(0o755)
    return folder


def _runit(bench, tool, words):
    return [tool, str(_script(bench.work.path / 'runit', words))], 20


def _s6(bench, tool, words):
    return [tool, str(_script(bench.work.path / 's6', words))], 5


def _supervisor(bench, tool, words):
    configuration = bench.work.path / 'supervisord.conf'
    configuration.write_text('[supervisord]\nnodaemon=true\nlogfile=/dev/null\nlogfile_maxbytes=0\n'
                             f'pidfile={bench.work.path}/supervisord.pid\n[program:agent]\nstartsecs=0\n'
                             f'autorestart=true\ncommand={" ".join(words)}\n')
    return ['/usr/bin/python3', tool, '-c', str(configuration)], 5


PEERS = {'runit': ('runsv', _runit), 's6': ('s6-supervise', _s6), 'supervisor': ('supervisord', _supervisor)}


def _commands(figure, bench, words):
    """The peers that are installed, or can be fetched: {name: (command, rounds)}; the others become notes."""
    found, tools = {}, Peers(bench.work)
    for name, (tool, command) in PEERS.items():
        try:
            found[name] = command(bench, tools.tool(tool), words)
        except Unavailable as reason:
            figure.notes.append(f'{name}: {reason}')
    return found, tools.environment()


def restart(bench):
    """kill -9 of a service to the first system call of its next process, inside its group."""
    figure = Figure('A service killed, to running again')
    with collected(figure):
        agent, = bench.work.copy('agent', 'service')
        told = Told(bench.work.path / 'told')
        words = [agent, 'note', str(told.path), 'wait']
        bars = []
        try:
            manifest = (f'run: {json.dumps(words)}\npids: 100\nrestart: on-kill\nrestart_healthy: 0s\n')
            with Supervisor(bench, {'agent': manifest}) as daemon:
                pid, _ = told.next()
                found = _kills(told, pid, bench.scale(200, 20))
                bare = _starts(told, words, bench.scale(100, 10))
                restarts = daemon.status('agent')['counters']['restarts']
                if restarts != len(found):
                    figure.problems.append(f'{restarts} restarts are counted, not {len(found)}')
            value = stats.median(found)
            figure.row('reeve', us(value), value, 1500, '≤ 1.5 ms', span(*stats.interval(found)))
            figure.row('fork and exec alone, meanwhile', us(stats.median(bare)), stats.median(bare),
                       spread=span(*stats.interval(bare)))
            figure.row('reeve, 95 of 100', us(stats.percentile(found, 95)), stats.percentile(found, 95))
            bars.append({'label': 'reeve', 'value': value, 'text': us(value), 'goal': 1500,
                         'goal_text': 'goal: 1.5 ms', 'ours': True})
            peers, environment = _commands(figure, bench, words)
            for name, (command, rounds) in peers.items():
                with _peer(command, environment):
                    pid, _ = told.next()
                    time.sleep(3)  # who ended sooner than that waits in some of them
                    other = _kills(told, pid, bench.scale(rounds, 2))
                figure.row(name, us(stats.median(other)), stats.median(other), spread=span(*stats.interval(other)))
                bars.append({'label': name, 'value': stats.median(other), 'text': us(stats.median(other))})
                found_data = {name: other}
                figure.data.update(found_data)
            figure.data['reeve'] = found
        finally:
            told.close()
        figure.chart = {'kind': 'bars', 'unit': 'µs from kill -9', 'bars': bars}
    return figure


def memory(bench):
    """The daemon's own memory with none, 1 and 100 services."""
    figure = Figure('Memory of supervising')
    with collected(figure):
        agent, = bench.work.copy('agent', 'service')
        own = {}
        for count in (0, 1, 100):
            services = {f'agent-{number}': f'run: [{agent}, wait]\npids: 100\n' for number in range(count)}
            with Supervisor(bench, services) as daemon:
                # Asking the daemon would cost memory for the answer.
                end = time.monotonic() + PATIENCE
                while (running := len(daemon.processes()) - 2) < count:
                    if time.monotonic() > end:
                        raise Unavailable(f'{running} of {count} services run')
                    time.sleep(0.1)
                time.sleep(0.5)
                own[count] = daemon.own()
        figure.data.update({str(count): value for count, value in own.items()})
        for count, goal in ((1, 50), (100, 3000)):
            value = own[count] - own[0]
            figure.row(f'{count} services', f'{value} kB', value, goal, f'≤ {goal} kB')
    return figure


def _cpu_seconds(pid):
    fields = pathlib.Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def cpu(bench):
    """A service that would take all it can, held to 5 % of the machine."""
    figure = Figure('CPU limit of a service')
    with collected(figure):
        agent, = bench.work.copy('agent', 'service')
        seconds = bench.scale(20, 4)
        with Supervisor(bench, {'burner': f'run: [{agent}, burn]\ncpu: 5%\n'}) as daemon:
            pid = daemon.status('burner')['pid']
            time.sleep(0.5)
            begin, used = time.monotonic(), _cpu_seconds(pid)
            time.sleep(seconds)
            share = (_cpu_seconds(pid) - used) / (time.monotonic() - begin) / os.cpu_count() * 100
        figure.row(f'5 % over {seconds} s', f'{share:.2f} %', abs(share - 5), 0.3, '5 % ± 0.3')
        figure.data['share'] = share
    return figure


def out_of_memory(bench):
    """A service that allocates past 50 MB, again and again."""
    figure = Figure('A service past its memory limit')
    with collected(figure):
        agent, = bench.work.copy('agent', 'service')
        rounds = bench.scale(100, 5)
        manifest = (f'run: [{agent}, eat, "200", wait]\nram: 50M\nswap: 0\nrestart: on-kill\n'
                    'restart_delay: 10ms\nrestart_delay_max: 20ms\n')
        with Supervisor(bench, {'eater': manifest}) as daemon:
            end = time.monotonic() + PATIENCE + rounds
            while (status := daemon.status('eater'))['counters']['oom_kills'] < rounds:
                if status['trouble']:
                    raise Unavailable(status['trouble'])
                if time.monotonic() > end:
                    raise RuntimeError(f"{status['counters']['oom_kills']} of {rounds} OOM kills are told")
                time.sleep(0.2)
            counters = status['counters']
            wrong = [one['reason'] for one in status['ends'] if one['reason'] != 'oom']
            peak = max(one['memory_peak'] for one in status['ends'])
        missed = counters['ends'] - counters['oom_kills']
        figure.row(f'{rounds} rounds: ends not told as OOM', str(max(missed, len(wrong))),
                   max(missed, len(wrong)), 0, 'none')
        figure.row('greatest memory of the group', f'{peak / 2**20:.1f} MiB', peak / 2**20, 50, '≤ 50 MiB')
    return figure


FIGURES = {
    'service-restart': restart,
    'service-memory': memory,
    'service-cpu': cpu,
    'service-oom': out_of_memory,
}
