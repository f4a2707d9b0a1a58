# SPDX-License-Identifier: MIT
"""The rules of libcgroup: our cgrulesengd beside Debian's, with the same files.

Both read /etc/cgrules.conf, so each is started in a mount namespace in which ours is laid over
/etc; the machine's own is not touched. The rules name users, groups and programs that are made up
for this, so nobody else is moved. Of Debian's cgroup-tools only cgrulesengd is run, from
where it is installed or from its package, unpacked into the work folder.
"""

import json
import os
import pathlib
import socket
import statistics
import subprocess
import tempfile
import time

from . import stats, storm, world
from .conditions import end
from .figures import Figure, available, collected, us
from .peers import Peers
from .world import Unavailable

FIRST_ID = 700000  # of the made-up users and groups
MANY = 10000
READY_TIMEOUT = 60
OURS, DEBIANS = 'reeve', 'cgrulesengd'


def _rule(kind, number, group):
    user, program = f'rvu{number}', f'/usr/bin/program-{number}'
    return {'users': f'{user} cpu {group}',
            'programs': f'*:{program} cpu {group}',
            'groups': f'@rvg{number} cpu {group}',
            'ignore': f'*:{program} cpu {group} ignore'}[kind]


def rules_of(kinds, count, group):
    """`count` rules that match nobody who is here, of these kinds in turn."""
    return [_rule(kinds[i % len(kinds)], i, group) for i in range(count)]


class Etc:
    """A mount namespace whose /etc has our files over the machine's, and whose /run is empty."""

    def __init__(self, bench, rules, users=MANY):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix='etc-', dir=bench.work.path))
        for folder in ('etc/cgconfig.d', 'etc/cgrules.d', 'upper', 'work'):
            (self.root / folder).mkdir(parents=True)
        etc = self.root / 'etc'
        (etc / 'cgrules.conf').write_text('\n'.join(rules) + '\n')
        (etc / 'cgconfig.conf').write_text('')
        # The directory services of the machine are not what is measured.
        (etc / 'nsswitch.conf').write_text('passwd: files\ngroup: files\n')
        for file, line in (('passwd', 'rvu{0}:x:{1}:{1}::/:/bin/sh\n'),
                           ('group', 'rvg{0}:x:{1}:rvu{0}\n')):
            made = ''.join(line.format(i, FIRST_ID + i) for i in range(users))
            (etc / file).write_text(pathlib.Path('/etc', file).read_text() + made)
        for file in etc.iterdir():
            file.chmod(0o755 if file.is_dir() else 0o644)

    def __enter__(self):
        script = (f'mount -t overlay -o lowerdir={self.root}/etc:/etc overlay /etc && '
                  'mount -t tmpfs tmpfs /run && echo ready && read end')
        self.holder = subprocess.Popen(
            ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.holder.stdout.readline() != 'ready\n':
            self.__exit__()
            raise Unavailable('a mount namespace with an /etc of its own cannot be had')
        return self

    def __exit__(self, *_):
        self.holder.stdin.close()
        self.holder.wait()
        self.holder.stdout.close()

    def inside(self, command):
        return ['nsenter', f'--mount=/proc/{self.holder.pid}/ns/mnt', *map(str, command)]


class Engine:
    """One of the two daemons with these rules; entered, it is ready."""

    def __init__(self, bench, which, rules):
        self.bench, self.which = bench, which
        self.groups = world.Groups(bench.group)
        self.etc = Etc(bench, rules)
        if which == OURS:
            self.program = bench.programs / 'cgrulesengd'
        else:
            self.program = Peers(bench.work).tool(DEBIANS)

    def __enter__(self):
        self.groups.__enter__()
        try:
            self.etc.__enter__()
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self):
        environment = Peers(self.bench.work).environment()
        address = self.etc.root / 'notify'
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(str(address))
            notify.setblocking(False)
            begin = time.monotonic()
            self.process = subprocess.Popen(
                self.etc.inside([self.program, '-n', '-Q']), stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env=environment | {'NOTIFY_SOCKET': str(address)})
            while not self._is_ready(notify):
                if self.process.poll() is not None or time.monotonic() > begin + READY_TIMEOUT:
                    raise Unavailable(f'{self.program} did not start')
                time.sleep(0.0002)
            self.seconds_to_ready = time.monotonic() - begin
        address.unlink()
        time.sleep(0.3)  # what it does when nothing is asked of it

    def _is_ready(self, notify):
        """Ours says so; the other one has bound its socket, its last act before its loop."""
        if self.which == OURS:
            try:
                return b'READY=1' in notify.recv(4096).split(b'\n')
            except BlockingIOError:
                return False
        return pathlib.Path('/proc', str(self.etc.holder.pid), 'root/run/cgred.socket').exists()

    def __exit__(self, *_):
        process = getattr(self, 'process', None)
        if process and process.poll() is None:
            end(process, str(self.program))
        if hasattr(self.etc, 'holder'):
            self.etc.__exit__()
        self.groups.__exit__()

    def resident(self):
        """MB, of all its processes."""
        return sum(int(world.status_fields(f'/proc/{pid}/status')['VmRSS'].split()[0])
                   for pid in world.descendants(self.process.pid)) / 1024

    def cpu_us(self):
        """Processor time of all its threads so far."""
        return sum(int((thread / 'schedstat').read_text().split()[0])
                   for pid in world.descendants(self.process.pid)
                   for thread in pathlib.Path('/proc', str(pid), 'task').iterdir()) / 1000

    def status(self):
        done = subprocess.run(
            self.etc.inside([self.bench.programs / 'reeve', 'status', '--runtime-dir',
                             '/run/cgred', '--json']), stdout=subprocess.PIPE, check=True)
        return json.loads(done.stdout)


def _engines(bench, figure, rules):
    """{name: function(round) -> Engine} of those that can be had; each is tried with few rules."""
    tried = available(figure, {
        name: (lambda _, name=name: Engine(bench, name, rules[-4:])) for name in (OURS, DEBIANS)},
        harmless=(DEBIANS,))
    return {name: (lambda _, name=name: Engine(bench, name, rules)) for name in tried}


def start(bench):
    """From its start to ready with 10,000 rules of all kinds, one user and group for each rule."""
    count = bench.scale(MANY, 1000)
    figure = Figure(f'cgrulesengd: start with {count:,} rules')
    kinds = {'programs': ['programs'], 'users': ['users'], 'all kinds': ['users', 'programs', 'groups',
                                                                         'ignore']}
    with collected(figure):
        for label, chosen in kinds.items():
            engines = _engines(bench, figure, rules_of(chosen, count, bench.group))
            if 'groups' in chosen and DEBIANS in engines:
                del engines[DEBIANS]
                figure.notes.append("Debian's asks the C library for each group: a thousand rules "
                                    'of all kinds take it ten seconds here')
            seconds = {name: [] for name in engines}
            memory = {name: [] for name in engines}
            for number in range(bench.scale(7, 2)):
                for name, make in engines.items():
                    with make(number) as engine:
                        seconds[name].append(engine.seconds_to_ready * 1e6)
                        memory[name].append(engine.resident())
            _start_rows(figure, label, seconds, memory)
    return figure


def _start_rows(figure, label, seconds, memory):
    for name, values in seconds.items():
        ours = name == OURS
        median = statistics.median(values)
        figure.row(f'{label}: {name}, start to ready', us(median), median,
                   30000 if ours else None, '≤ 30 ms' if ours else '',
                   f'[{us(min(values))} .. {us(max(values))}] of {len(values)}')
        median = statistics.median(memory[name])
        figure.row(f'{label}: {name}, resident', f'{median:.1f} MB', median,
                   12 if ours else None, '≤ 12 MB' if ours else '')
    figure.data[label] = {'us_to_ready': seconds, 'resident_mb': memory}


def _open_to_all(bench):
    """A folder into which the made-up users may look, for programs that they execute."""
    bench.work.path.chmod(0o711)


def first(bench):
    """A program that ends at once, 50 ms apart, by a rule for its user and by one for its name."""
    figure = Figure('cgrulesengd: short-lived programs, isolated, in their group at once')
    count = bench.scale(200, 20)
    program, = bench.work.copy('tiny-check', 'witness')
    _open_to_all(bench)
    rules = [f'rvu1 cpu {bench.group}', f'*:{program} cpu {bench.group}']
    name = ','.join(label for _, label in world.hierarchies_of(('cpu',)))
    command = [program, f'/{bench.group}', name]
    engines = _engines(bench, figure, rules)
    for engine, make in engines.items():
        with collected(figure), make(0):
            for label, prefix in (('name', []), ('user', ['setpriv', '--reuid', str(FIRST_ID + 1)])):
                arguments = [str(bench.work.program('storm')), '--count', str(count), '--gap-ms',
                             '50', '--', *command]
                done = subprocess.run([*prefix, *arguments], stdout=subprocess.PIPE, check=True)
                right = json.loads(done.stdout)['programs'][0]['ok']
                ours = engine == OURS
                figure.row(f'{engine}, by its {label}', f'{right} of {count}', right,
                           count if ours else None, str(count) if ours else '', at_least=True)
                figure.data[f'{engine} {label}'] = {'right': right, 'of': count}
    return figure


def setuid(bench):
    """A process changes its user and looks until it is in the group of its rule."""
    figure = Figure('cgrulesengd: from setuid to being in the group, 100 ms apart')
    rules = [f'rvu1 cpu {bench.group}']
    samples, never = {}, {}
    engines = _engines(bench, figure, rules)
    for number in range(bench.scale(4, 1)):
        for name, make in engines.items():
            with collected(figure), make(number):
                done = subprocess.run(
                    [str(bench.work.program('setuid')), str(FIRST_ID + 1), f'/{bench.group}',
                     str(bench.scale(50, 5)), '100'], stdout=subprocess.PIPE, check=True)
                told = json.loads(done.stdout)
                samples.setdefault(name, []).extend(told['samples_us'])
                never[name] = never.get(name, 0) + told['never']
    for name, values in samples.items():
        ours = name == OURS
        spread = f'n {len(values)}, never {never[name]}; max {us(max(values))}'
        p99 = stats.percentile(values, 99)
        figure.row(f'{name}, p50', us(stats.median(values)), stats.median(values),
                   200 if ours else None, '≤ 200 µs' if ours else '', spread)
        figure.row(f'{name}, p99', us(p99), p99, 2000 if ours else None, '≤ 2 ms' if ours else '')
    figure.data = {'us': samples, 'never': never}
    figure.chart = {'kind': 'boxes', 'unit': 'time', 'boxes': [
        dict(stats.summary(values), label=name) for name, values in samples.items() if values]}
    return figure


def unmatched(bench):
    """A storm of the smallest program, which no rule names; nor does any name its user."""
    figure = Figure(f'cgrulesengd: exec storm that none of {MANY:,} rules matches')
    program, = bench.work.copy('tiny', 'stranger')
    time.sleep(2.5)  # a file that has just been made is asked about a while longer
    for kind in ('programs', 'users'):
        with collected(figure):
            _unmatched_by(bench, figure, program, kind)
    return figure


def _unmatched_by(bench, figure, program, kind):
    engines = _engines(bench, figure, rules_of([kind], MANY, bench.group))
    if kind == 'users' and DEBIANS in engines:
        del engines[DEBIANS]
        figure.notes.append("Debian's takes 15 s to start with 10,000 users")
    count, cpu_us = bench.scale(3000, 300), {name: [] for name in engines}
    current = {}

    class Counted:
        """The engine of a window, whose processor time the window takes."""

        def __init__(self, name, make):
            self.name, self.engine = name, make(0)

        def __enter__(self):
            current['engine'], current['name'] = self.engine.__enter__(), self.name

        def __exit__(self, *error):
            current.clear()
            self.engine.__exit__(*error)

    def window(number):
        before = current['engine'].cpu_us() if current else 0
        result, = storm.run(bench.work, [[program]], count, cpu=number % 2, warm=50)
        if current:
            cpu_us[current['name']].append((current['engine'].cpu_us() - before) / (count + 50))
        return {'p50': result['p50_us']}

    pairs = storm.bracketed(
        {name: (lambda _, name=name, make=make: Counted(name, make))
         for name, make in engines.items()}, window, bench.scale(12, 2), None, bench.progress)
    for name, some in pairs.items():
        ratio, ours = statistics.median(storm.ratios(some, 'p50')), name == OURS
        added = statistics.median(storm.added(some, 'p50'))
        figure.row(f'{kind}: {name}, against no daemon', f'{ratio:.3f} times', ratio,
                   1.02 if ours else None, '≤ 1.02 times' if ours else '',
                   f'{added:+.1f} µs, {len(some)} pairs')
        taken = statistics.median(cpu_us[name])
        figure.row(f'{kind}: {name}, processor time of an exec', f'{taken:.2f} µs', taken,
                   2 if ours else None, '≤ 2 µs' if ours else '',
                   f'[{min(cpu_us[name]):.2f} .. {max(cpu_us[name]):.2f}]')
        figure.data[f'{kind} {name}'] = {'ratios': storm.ratios(some, 'p50'),
                                         'added_us': storm.added(some, 'p50'),
                                         'cpu_us': cpu_us[name]}


def match(bench):
    """One match, by bench-match, against 10,000 rules of each kind, as cgrules.conf has them."""
    figure = Figure(f'cgrulesengd: a match against {MANY:,} rules')
    program = bench.work.program('match')
    for kind in ('users', 'programs', 'groups', 'ignore'):
        with collected(figure), Etc(bench, rules_of([kind], MANY, bench.group)) as etc:
            options = ['--quick'] if bench.quick else []
            done = subprocess.run(etc.inside([program, *options, '--libcgroup', '/etc']),
                                  stdout=subprocess.PIPE, check=True)
            row, = json.loads(done.stdout)
            warm = row['warm_p99'] / 1000
            figure.row(kind, f'{warm:.2f} µs', warm, 1, '≤ 1 µs',
                       f"p99, warm; p50 {row['warm_p50']} ns; cold p50 "
                       f"{row['cold_p50'] / 1000:.1f} µs; {row['matched']:.0%} match")
            figure.data[kind] = row
    return figure


def children(bench):
    """A matched program that forks four children at once; each says where it finds itself."""
    figure = Figure('cgrulesengd: children forked at once by a matched program')
    rounds = bench.scale(150, 15)
    program = bench.work.path / 'forking'
    program.write_bytes(pathlib.Path(bench.build, 'test/programs/e2e-probe').read_bytes())
    program.chmod(0o755)
    said = bench.work.path / 'forked'
    rules = [f'*:{program} cpu {bench.group}/all']
    for name, make in _engines(bench, figure, rules).items():
        said.unlink(missing_ok=True)
        with collected(figure), world.Groups(bench.group):
            folders = [pathlib.Path(point, bench.group, 'all')
                       for point, _ in world.hierarchies_of(('cpu',))]
            for folder in folders:
                folder.mkdir()
            try:
                with make(0):
                    for _ in range(rounds):
                        process = os.posix_spawn(program, [str(program), 'tree', '1', '4'], {
                            'E2E_NAME': bench.group, 'E2E_OUT': str(said)})
                        os.waitpid(process, 0)
                        time.sleep(bench.scale(0.05, 0.01))
            finally:
                for folder in folders:
                    world.remove_groups(bench.group)
            groups = said.read_text().split('\n')[:-1]
            outside, ours = rounds * 5 - groups.count('all'), name == OURS
            figure.row(f'{name}, outside', f'{outside} of {rounds * 5}', outside,
                       0 if ours else None, '0' if ours else '',
                       f'{rounds} programs, 50 ms apart, four children each')
            figure.data[name] = {'outside': outside, 'of': rounds * 5}
    return figure


def lost(bench):
    """Full speed on both processors with 10,000 rules, every hundredth program by a rule."""
    figure = Figure(f'cgrulesengd: nothing lost with {MANY:,} rules at full speed')
    stranger, = bench.work.copy('tiny', 'stranger')
    witness, = bench.work.copy('tiny-check', 'witness')
    rules = rules_of(['programs'], MANY - 1, bench.group) + [f'*:{witness} cpu {bench.group}']
    name = ','.join(label for _, label in world.hierarchies_of(('cpu',)))
    count = bench.scale(40000, 2000)
    for engine, make in _engines(bench, figure, rules).items():
        with collected(figure), make(0) as running:
            begin = time.monotonic()
            storms = [storm.start(bench.work, [[stranger]], count, cpu=cpu) for cpu in (0, 1)]
            found, = storm.run(bench.work, [[witness, f'/{bench.group}', name, 'wait']],
                               bench.scale(200, 20), gap_ms=5)
            for process in storms:
                storm.finish(process)
            rate = 2 * count / (time.monotonic() - begin)
            missing, ours = found['n'] - found['ok'], engine == OURS
            spread = f'{rate:,.0f} executions a second beside them'
            if ours:
                counters = running.status()['counters']
                spread += ', counted as lost: ' + str(sum(
                    value for key, value in counters.items() if 'lost' in key))
            figure.row(f'{engine}, never placed', f"{missing} of {found['n']}", missing,
                       0 if ours else None, '0' if ours else '', spread)
            figure.data[engine] = {'missing': missing, 'of': found['n'], 'rate': rate}
    return figure


FIGURES = {
    'cgrules-first': first,
    'cgrules-setuid': setuid,
    'cgrules-unmatched': unmatched,
    'cgrules-match': match,
    'cgrules-start': start,
    'cgrules-children': children,
    'cgrules-lost': lost,
}
