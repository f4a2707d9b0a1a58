# SPDX-License-Identifier: MIT
"""The figures of launching: `reeve run` against fork and exec, bubblewrap and crun, and the library
in one process. Peers that are not installed are unpacked from their Debian packages (peers.py).

All ways of a figure take turns, with a pause before each round: a kernel that has just launched is
faster than one that has not.
"""

import contextlib
import ctypes
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

from . import stats, world
from .conditions import Daemon
from .figures import Figure, collected, span, us
from .peers import Peers
from .world import Unavailable

PAUSE = 0.02  # seconds
EVERYTHING = ('--unshare', 'all', '--hostname', 'box', '--empty-root', '--tmpfs', '/tmp', '--proc', '--dev',
              '--no-new-privs')


class Steward(Daemon):
    """bin/reeved with a group, asked by `reeve run -g`; its runtime folder in memory, as /run is."""

    def __init__(self, bench):
        super().__init__(bench, [])
        memory = '/dev/shm' if os.path.ismount('/dev/shm') else None
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='reeve-test-', dir=memory))
        self.policy = self.folder / 'policy-launch.yaml'
        self.policy.write_text(f'name: {bench.group}\nlogging: {{file: stderr, level: warn}}\n'
                               'groups: {plain: {pids: 1000}}\nrules: {}\n')
        self.policy.chmod(0o600)

    def __exit__(self, *reason):
        super().__exit__(*reason)
        shutil.rmtree(self.folder)


def _once(argv, environment=os.environ):
    """µs from before the start to after the end."""
    begin = time.perf_counter_ns()
    process = os.posix_spawn(argv[0], argv, environment, file_actions=[
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
    _, status = os.waitpid(process, 0)
    taken = (time.perf_counter_ns() - begin) / 1000
    if status:
        raise RuntimeError(f"{' '.join(argv[:4])} ... ended with {os.waitstatus_to_exitcode(status)}")
    return taken


class Apart:
    """Starts what it is told in a mount namespace of its own, for peers that want the host otherwise: crun
    refuses hybrid hosts, and finds no groups at all there; firejail has to be in /etc and /usr, and leaves
    mounts in /run."""

    def __init__(self, folder):
        self.ours, theirs = socket.socketpair()
        self.pid = os.fork()
        if self.pid == 0:
            with contextlib.suppress(BaseException):
                self.ours.close()
                self._serve(theirs, folder)
            os._exit(0)
        theirs.close()

    @staticmethod
    def _serve(line, folder):
        if ctypes.CDLL(None, use_errno=True).unshare(0x20000):  # CLONE_NEWNS
            return
        commands = [['mount', '--make-rprivate', '/']]
        commands += [['mount', '-t', 'tmpfs', 'tmpfs', place] for place in ('/sys/fs/cgroup', '/run')]
        for name in ('etc', 'usr'):
            if (folder / name).is_dir():
                commands.append(['mount', '-t', 'overlay', 'overlay', '-o', f'lowerdir={folder}/{name}:/{name}',
                                 f'/{name}'])
        for command in commands:
            subprocess.run(command, check=True)
        for request in line.makefile('r'):
            argv, environment = json.loads(request)
            try:
                answer = [_once(argv, environment), None]
            except (OSError, RuntimeError) as reason:
                answer = [None, str(reason)]
            line.sendall((json.dumps(answer) + '\n').encode())

    def once(self, argv, environment):
        self.ours.sendall((json.dumps([argv, dict(environment)]) + '\n').encode())
        answer = self.ours.makefile('r').readline()
        taken, trouble = json.loads(answer) if answer else (None, 'no mount namespace can be had')
        if trouble:
            raise RuntimeError(trouble)
        return taken

    def close(self):
        self.ours.close()
        os.waitpid(self.pid, 0)


def _in_turns(ways, rounds, once=_once):
    """{name: [µs]}; the order changes."""
    found = {name: [] for name in ways}
    for number in range(rounds):
        time.sleep(PAUSE)
        for name in list(ways)[::-1 if number % 2 else 1]:
            found[name].append(once(ways[name]))
    return found


def _ratio(figure, label, found, ours, other, goal):
    ratio = stats.median(found[ours]) / stats.median(found[other])
    low, high = stats.ratio_interval(found[ours], found[other])
    figure.row(label, f'{ratio:.2f} times ({us(stats.median(found[ours]))} and '
               f'{us(stats.median(found[other]))})', ratio, goal, f'≤ {goal} times',
               span(low, high, lambda value: f'{value:.2f}'))
    return {'label': label, 'value': ratio, 'text': f'{ratio:.2f}', 'goal': goal,
            'goal_text': f'goal: {goal}', 'ours': True}


def _chart(figure, bars, unit='times'):
    figure.chart = {'kind': 'bars', 'unit': unit, 'bars': bars}


def run_plain(bench):
    """`reeve run -g G -- /bin/true` with a daemon that has the group, against fork and exec."""
    figure = Figure('reeve run in a group, against fork and exec')
    with collected(figure):
        with Steward(bench) as steward:
            _, reeve = bench.daemon_programs()
            ways = {'reeve': [reeve, 'run', '--runtime-dir', str(steward.folder / 'run'), '-g', 'plain', '--',
                              '/bin/true'],
                    'fork': ['/bin/true']}
            found = _in_turns(ways, bench.scale(300, 10))
        figure.data.update(found)
        _chart(figure, [_ratio(figure, 'reeve run -g G -- /bin/true', found, 'reeve', 'fork', 1.5)])
    return figure


def _crun_bundle(work, crun, environment, program):
    """A folder that crun runs: its own default specification with our program in an empty root."""
    folder = work.path / 'bundle'
    (folder / 'rootfs').mkdir(parents=True, exist_ok=True)
    (folder / 'config.json').unlink(missing_ok=True)
    shutil.copy(program, folder / 'rootfs' / 'program')
    subprocess.run([crun, 'spec'], cwd=folder, env=environment, check=True)
    spec = json.loads((folder / 'config.json').read_text())
    spec['process'] |= {'terminal': False, 'args': ['/program'], 'cwd': '/'}
    spec['mounts'] = [mount for mount in spec['mounts'] if mount['type'] != 'cgroup']
    (folder / 'config.json').write_text(json.dumps(spec))
    return folder


def _bwrap_words(_bench, bwrap, _environment, program):
    return [bwrap, '--unshare-all', '--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp',
            '--ro-bind', program, '/program', '--', '/program']


def _crun_words(bench, crun, environment, program):
    bundle = _crun_bundle(bench.work, crun, environment, program)
    # Its own folder for states, and no group: hybrid hosts it refuses to make one on.
    return [crun, '--root', str(bench.work.path / 'crun'), '--cgroup-manager=disabled', 'run',
            '--bundle', str(bundle), f'reeve-test-{os.getpid()}']


def _firejail_words(_bench, firejail, _environment, program):
    # It has no empty root: its own one of the host's folders.
    return [firejail, '--quiet', '--noprofile', '--net=none', '--private-dev',
            '--caps.drop=all', '--nonewprivs', program]


PEERS = {'bubblewrap': ('bwrap', _bwrap_words), 'crun': ('crun', _crun_words),
         'firejail': ('firejail', _firejail_words)}


def _peers(figure, bench, program):
    """{name: words} of those that are installed, or can be fetched; the others become notes."""
    ways, tools = {}, Peers(bench.work)
    for name, (tool, words) in PEERS.items():
        try:
            path = tools.tool(tool)
            ways[name] = words(bench, path, tools.environment(), program)
        except Unavailable as reason:
            figure.notes.append(f'{name}: {reason}')
    return ways, tools.environment()


def run_sandbox(bench):
    """Everything at once from the command line, the peers beside: smallest program, empty root."""
    figure, bars = Figure('A full sandbox from the command line'), []
    with collected(figure):
        program, = bench.work.copy('tiny', 'sandbox')
        with contextlib.ExitStack() as stack:
            steward = stack.enter_context(Steward(bench))
            _, reeve = bench.daemon_programs()
            peers, environment = _peers(figure, bench, program)
            apart = stack.enter_context(contextlib.closing(Apart(bench.work.path / 'peers')))
            bare = [*EVERYTHING, '--ro-bind', f'{program}:/program', '--', '/program']
            ways = {'reeve': [reeve, 'run', *bare],
                    'reeve and a group': [reeve, 'run', '--runtime-dir', str(steward.folder / 'run'), '--pids', '50',
                                          *bare],
                    **peers}

            def once(words):
                return apart.once(words, environment) if words in peers.values() else _once(words)

            for name in list(ways):
                try:
                    once(ways[name])
                except RuntimeError as reason:
                    if name.startswith('reeve'):
                        raise
                    figure.notes.append(f'{name} does not run here: {reason}')
                    del ways[name]
            found = _in_turns(ways, bench.scale(200, 5), once)
        figure.data.update(found)
        for peer, goal in (('bubblewrap', 0.5), ('crun', 0.25)):
            if peer in found:
                bars.append(_ratio(figure, f'sandbox against {peer}', found, 'reeve', peer, goal))
        if 'firejail' in found:
            figure.row('firejail, its own way', us(stats.median(found['firejail'])), stats.median(found['firejail']))
        if 'bubblewrap' in found:
            bars.append(_ratio(figure, 'the same with a group and its limit, against bubblewrap', found,
                               'reeve and a group', 'bubblewrap', 0.5))
        _chart(figure, bars)
    return figure


def library(bench):
    """Launches of one process, to the program's first instruction."""
    figure, bars = Figure('Launching through the library'), []
    with collected(figure):
        point = world.v2_mount()
        if not point:
            raise Unavailable('cgroup v2 is not mounted')
        above = pathlib.Path(point, f'{bench.group}-launch')
        above.mkdir()
        try:
            done = subprocess.run(
                [bench.work.program('launch'), *bench.work.copy('tiny', 'launch'),
                 str(bench.scale(300, 10)), str(int(PAUSE * 1000)), str(above / 'g')],
                check=True, stdout=subprocess.PIPE, text=True, timeout=600)
        finally:
            world.remove_groups(above.name)
        found = {way['way']: way for way in map(json.loads, done.stdout.splitlines())}
        figure.data.update(found)
        for way, label, goal in (('plain', 'smallest program, plain', None),
                                 ('cold', 'full sandbox, cold', 800),
                                 ('copy', 'full sandbox, the first of a plan', None),
                                 ('prepared', 'full sandbox, root prepared, a network of its own from a pool', 320)):
            value = stats.median(found[way]['exec_us'])
            figure.row(f'{label}: to its first instruction', us(value), value, goal,
                       f'≤ {goal} µs' if goal else '', span(*stats.interval(found[way]['exec_us'])))
            bars.append({'label': label, 'value': value, 'text': us(value), 'goal': goal,
                         'goal_text': f'goal: {goal}', 'ours': True})
        ends = {name: way['exit_us'] for name, way in found.items()}
        _ratio(figure, 'plain, from a process of 512 MiB against a small one', ends, 'plain-512-mib', 'plain-small', 1.1)
        figure.notes.append(f"fork and exec from 512 MiB: {us(stats.median(ends['fork-512-mib']))}, from a small "
                            f"process {us(stats.median(ends['fork']))}, each to its end")
        _chart(figure, bars, 'µs')
    return figure


FIGURES = {
    'launch-plain': run_plain,
    'launch-sandbox': run_sandbox,
    'launch-library': library,
}
