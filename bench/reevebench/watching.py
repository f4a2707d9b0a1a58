# SPDX-License-Identifier: MIT
"""The figures of watching: what `reeve watch` records, loses and costs.

Only lines about this run's own programs are counted: the machine may do other things meanwhile.
"""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import time

from . import stats, storm
from .conditions import Daemon, end
from .figures import Figure, collected, span, us
from .peers import NAMES, Peers
from .world import Unavailable, status_fields

PID_MAX = pathlib.Path('/proc/sys/kernel/pid_max')
# The forms of docs/sources.md, by their names in the corpus.
FORMS = ('relative symlink hard-link script script-nested o-path deleted memfd memfd-path thread '
         'compat chroot mount overlay-upper arguments-100k arguments-400 arguments-lie vfork').split()


class Watch:
    """`reeve watch --source bpf --json` into a file; entered, it sees."""

    def __init__(self, bench, *options, source='bpf'):
        self.reeve = bench.daemon_programs()[1]
        self.output = bench.work.path / 'watched'
        self.options = ['watch', '--local', '--source', source, '--json', *options]

    def __enter__(self):
        self.begin = time.monotonic()
        with open(self.output, 'w') as output:
            self.process = subprocess.Popen([self.reeve, *self.options], stdout=output,
                                            stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        while time.monotonic() < self.begin + 30:
            if self.process.poll() is not None:
                raise Unavailable(f'reeve watch: {self.process.stderr.read().decode().strip()}')
            # Its first line says which source it has.
            if self.output.stat().st_size > 0:
                time.sleep(0.1)
                return self
            time.sleep(0.005)
        end(self.process, 'reeve watch')
        raise Unavailable('reeve watch did not begin')

    def __exit__(self, *_):
        end(self.process, 'reeve watch')
        self.process.stderr.close()

    def cpu(self):
        """Seconds of processor time so far."""
        words = pathlib.Path(f'/proc/{self.process.pid}/schedstat').read_text().split()
        return int(words[0]) / 1e9

    def rss(self):
        return int(status_fields(f'/proc/{self.process.pid}/status')['VmRSS'].split()[0]) * 1024

    def settle(self):
        """Until nothing more is written."""
        size = -1
        while size != self.output.stat().st_size:
            size = self.output.stat().st_size
            time.sleep(0.3)

    def lines(self, needle):
        """Its records as objects: those that hold `needle`, gaps and sources."""
        with open(self.output, 'rb') as output:
            for line in output:
                if needle in line or b'"type":"gap"' in line or b'"type":"source"' in line:
                    yield json.loads(line)

    def tally(self, needle):
        """({type: how many with `needle`}, lost, gaps)."""
        counts, lost, gaps = {}, 0, 0
        for record in self.lines(needle):
            kind = record['type']
            if kind == 'gap':
                gaps += 1
                lost += record.get('lost', 0)
            elif kind != 'source':
                counts[kind] = counts.get(kind, 0) + 1
        return counts, lost, gaps


def _storm(bench, program, count, cpu=0):
    """(seconds, executions that went well)"""
    begin = time.monotonic()
    result = storm.run(bench.work, [[program]], count, cpu=cpu, block=1000)[0]
    return time.monotonic() - begin, result['ok']


def _name(program):
    """By which its records are known; it is an argument of the storm, too."""
    return f'"exe":"{program}"'.encode()


def watch_storm(bench):
    """Executions as fast as the machine does them: every one recorded, and in order."""
    figure = Figure('reeve watch: a storm of executions, JSON to a file')
    count = bench.scale(200000, 4000)
    program, = bench.work.copy('tiny', 'watched')
    with collected(figure), Watch(bench, '--type', 'exec') as watch:
        before = watch.cpu()
        seconds, _ = _storm(bench, program, count)
        watch.settle()
        with open(watch.output, 'rb') as output:
            told = sum(1 for _ in output)
        cpu = (watch.cpu() - before) / told * 1e6
        seen, lost, _ = watch.tally(_name(program))
        figure.row('recorded', f"{seen.get('exec', 0)} of {count}", seen.get('exec', 0), count,
                   str(count), f'{count / seconds:,.0f} a second', at_least=True)
        figure.row('lost', str(lost), lost, 0, '0')
        figure.row('processor time of reeve, each', us(cpu), cpu, 1.5, '≤ 1.5 µs')
        figure.data['exec'] = {'seen': seen, 'lost': lost, 'cpu_us': cpu, 'seconds': seconds}
    with collected(figure), Watch(bench, '--type', 'fork,exec,exit', '--fields',
                                  'type,pid,exe') as watch:
        _storm(bench, program, count)
        watch.settle()
        good, bad = _order(watch, _name(program))
        figure.row('whole lives in order: fork, exec, exit', f'{good} of {count}', good, count,
                   str(count), f'{bad} out of order', at_least=True)
        figure.data['lives'] = {'in_order': good, 'out_of_order': bad}
    figure.chart = {'kind': 'bars', 'unit': f'executions of {count} recorded', 'maximum': count,
                    'bars': [{'label': 'reeve', 'value': row.value, 'text': row.measured}
                             for row in figure.rows[:1]]}
    return figure


def _order(watch, needle):
    """Lives whose three records stand in order, and those whose do not."""
    open_lives, good, bad = {}, 0, 0
    with open(watch.output, 'rb') as output:
        for line in output:
            kind = re.search(rb'"type":"(\w+)"', line)
            pid = re.search(rb'"pid":(\d+)', line)
            if not kind or not pid:
                continue
            kind, pid = kind[1], pid[1]
            if kind == b'fork':
                open_lives[pid] = 'fork'
            elif needle in line and kind == b'exec':
                open_lives[pid] = 'exec' if open_lives.get(pid) == 'fork' else 'bad'
            elif needle in line and kind == b'exit':
                good += open_lives.get(pid) == 'exec'
                bad += open_lives.pop(pid, 'bad') != 'exec'
    return good, bad


def _paused(bench, figure, seconds, count):
    """A storm during which the watcher is stopped for so long: (recorded, lost, gaps, found)."""
    program, = bench.work.copy('tiny', f'paused-{seconds}')
    sleeper, = bench.work.copy('pause', f'sleeper-{seconds}')
    with Watch(bench, '--type', 'exec') as watch:
        running = storm.start(bench.work, [[program]], count, cpu=0, block=1000)
        time.sleep(0.2)
        os.kill(watch.process.pid, signal.SIGSTOP)
        time.sleep(seconds * 0.8)
        crowd = Crowd(bench, 20, sleeper)
        with crowd:
            time.sleep(seconds * 0.2)
            os.kill(watch.process.pid, signal.SIGCONT)
            storm.finish(running)
            watch.settle()
            time.sleep(1.5)  # a table is repaired at most once a second
            watch.settle()
        seen, lost, gaps = watch.tally(_name(program))
        found = {record['pid'] for record in watch.lines(_name(sleeper))
                 if record['type'] in ('exec', 'running')}
    figure.data[f'{seconds} s'] = {'seen': seen, 'lost': lost, 'gaps': gaps, 'found': len(found)}
    return seen.get('exec', 0), lost, gaps, len(found)


def watch_pause(bench):
    """The watcher is stopped in the middle of a storm."""
    figure = Figure('reeve watch: the reader stopped in a storm')
    count = bench.scale(60000, 20000)
    with collected(figure):
        seen, lost, gaps, _ = _paused(bench, figure, 1, count)
        figure.row('stopped for 1 s: recorded', f'{seen} of {count}', seen, count, str(count),
                   f'lost {lost}', at_least=True)
    count = bench.scale(200000, 100000)
    with collected(figure):
        seen, lost, gaps, found = _paused(bench, figure, 5, count)
        figure.row('stopped for 5 s: recorded', f'{seen} of {count}', spread=f'{gaps} gaps')
        wrong = count - seen - lost
        figure.row('  not recorded, and not told as lost', str(max(wrong, 0)), max(wrong, 0), 0, '0',
                   f'told as lost: {lost} (of the whole machine)')
        figure.row('  processes of the gap that were found', f'{found} of 20', found, 20, '20',
                   at_least=True)
    return figure


def watch_cost(bench):
    """What the bpf source adds to an execution, by what is asked of it."""
    figure = Figure('reeve watch: added time per execution, smallest program')
    program, = bench.work.copy('tiny', 'cost')
    goals = {'nothing': 0.3, 'exec': 1.0, 'lives': 2.5}
    bars = []
    with collected(figure):
        command = [bench.work.program('watch-floor'), '--rounds', str(bench.scale(150, 10)),
                   '--block', str(bench.scale(300, 100)), program]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        result = json.loads(done.stdout)
        figure.data['bpf'] = result
        for name, goal in goals.items():
            got = result[name]
            low, high = got['quartiles']
            figure.row(f'reeve, {name}', f"{got['added_us']:+.2f} µs", got['added_us'], goal,
                       f'≤ {goal} µs', f"{span(low, high)}; reader {got['reader_us_per_exec']:.2f} µs"
                       f" an exec, lost {got['lost']}")
            bars.append({'label': f'reeve, {name}', 'value': got['added_us'], 'goal': goal,
                         'text': f"{got['added_us']:+.2f} µs", 'ours': True})
    bars += _peers_cost(bench, figure, program)
    figure.chart = {'kind': 'bars', 'unit': 'added µs per exec', 'bars': bars}
    return figure


def _peers_cost(bench, figure, program):
    """The same of other watchers, whole windows between windows without."""
    others = Peers(bench.work)
    conditions = {}
    for name in NAMES:
        with collected(figure, harmless=True), others.watch(name):
            conditions[name] = lambda _, name=name: others.watch(name)
    if not conditions:
        return []

    def window(_):
        result = storm.run(bench.work, [[program]], bench.scale(3000, 300), cpu=0)[0]
        return {'exec': result['p50_us']}

    pairs = storm.bracketed(conditions, window, bench.scale(7, 1), progress=bench.progress)
    bars = []
    for name, list_of_pairs in pairs.items():
        plus = storm.added(list_of_pairs, 'exec')
        value = stats.median(plus)
        figure.row(name, f'{value:+.2f} µs', value, spread=span(*stats.quartiles(plus)))
        bars.append({'label': name, 'value': value, 'text': f'{value:+.2f} µs'})
    return bars


def watch_forms(bench):
    """18 forms of execution: by reeve with all names right, by execsnoop at all; in one run."""
    figure = Figure('reeve watch: forms of execution')
    contract = bench.work.build / 'test/contract/contract'
    output = bench.work.path / 'execsnoop'
    with collected(figure):
        if not contract.exists():
            raise Unavailable(f'{contract} is not built')
        with contextlib.ExitStack() as stack:
            with collected(figure, harmless=True):
                stack.enter_context(Peers(bench.work).watch('execsnoop', output=output))
            done = subprocess.run([contract, '--source', 'bpf'], stdout=subprocess.PIPE,
                                  text=True, check=False)
            time.sleep(0.5)
        shown = output.read_text(errors='replace') if output.exists() else None
        _forms_rows(figure, done.stdout, shown)
    return figure


def _forms_rows(figure, told, shown):
    right = [form for form in FORMS if re.search(rf'^ok \d+ - bpf: {form}$', told, re.MULTILINE)]
    seen = {'reeve': len(right)}
    figure.row('reeve: told, and told right', f'{len(right)} of {len(FORMS)}', len(right),
               len(FORMS), str(len(FORMS)), _others(right), at_least=True)
    if shown is not None:
        others = [form for form in FORMS if re.search(rf'reeve-corpus-{form}(?![a-z0-9-])', shown)]
        seen['execsnoop'] = len(others)
        figure.row('execsnoop: told', f'{len(others)} of {len(FORMS)}', spread=_others(others))
    figure.data['seen'] = seen
    figure.chart = {'kind': 'bars', 'unit': f'forms of {len(FORMS)}', 'maximum': len(FORMS),
                    'bars': [{'label': name, 'value': value, 'text': str(value)}
                             for name, value in seen.items()]}


def _others(forms):
    missing = [form for form in FORMS if form not in forms]
    return 'not: ' + ', '.join(missing) if missing else ''


class Crowd:
    """So many processes that wait."""

    def __init__(self, bench, count, program):
        self.command = [str(bench.work.program('crowd')), str(count), program]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        if self.process.stdout.readline() != 'ready\n':
            self.__exit__()
            raise Unavailable('so many processes cannot be started')
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


@contextlib.contextmanager
def _room_for(count):
    """Process ids for so many; what was set before is put back."""
    before = PID_MAX.read_text()
    if int(before) < count + 20000:
        PID_MAX.write_text(str(2 * count + 40000))
    try:
        yield
    finally:
        PID_MAX.write_text(before)


def watch_start(bench):
    """From its start to its first event, with 1,000 processes there."""
    figure = Figure('reeve watch: start to the first event, 1,000 processes')
    pause, = bench.work.copy('pause', 'start')
    program, = bench.work.copy('tiny', 'start')
    samples = []
    with collected(figure), Crowd(bench, 1000, pause):
        for _ in range(bench.scale(15, 3)):
            samples.append(_first_event(bench, program))
        value = stats.median(samples)
        figure.row('reeve', us(value * 1e3), value, 150, '≤ 150 ms',
                   span(*(v * 1e3 for v in stats.quartiles(samples))))
        figure.data['ms'] = samples
        figure.chart = {'kind': 'bars', 'unit': 'ms', 'goal': 150, 'goal_text': 'goal: 150 ms',
                        'bars': [{'label': 'reeve', 'value': value, 'text': f'{value:.0f} ms'}]}
    return figure


def _first_event(bench, program):
    """Milliseconds until `program`, which runs all the time, is told of."""
    reeve = bench.daemon_programs()[1]
    stop = threading.Event()

    def run():
        while not stop.is_set():
            subprocess.run([program], check=False)
            time.sleep(0.002)

    runner = threading.Thread(target=run)
    runner.start()
    begin = time.monotonic()
    try:
        subprocess.run([reeve, 'watch', '--local', '--source', 'bpf', '--json', '--type',
                        'fork,exec,exit', '--exe', program, '--count', '1', '--timeout', '10'],
                       stdout=subprocess.DEVNULL, check=True)
        return (time.monotonic() - begin) * 1e3
    finally:
        stop.set()
        runner.join()


def watch_memory(bench):
    """With very many processes in the table."""
    figure = Figure('reeve watch: memory by live processes')
    pause, = bench.work.copy('pause', 'memory')
    bars = []
    for count, goal in ((bench.scale(10000, 500), 20), (bench.scale(32000, 1000), 60)):
        with collected(figure), _room_for(count), Crowd(bench, count, pause), \
                Watch(bench, '--type', 'fork,exec,exit') as watch:
            time.sleep(1)
            value = watch.rss() / 1e6
            figure.row(f'{count} processes', f'{value:.1f} MB', value, goal, f'≤ {goal} MB')
            bars.append({'label': f'{count} processes', 'value': value, 'goal': goal,
                         'text': f'{value:.1f} MB', 'ours': True})
    figure.chart = {'kind': 'bars', 'unit': 'MB resident', 'bars': bars}
    return figure


def watch_bomb(bench):
    """A bomb of short processes, with the gate on and a watcher."""
    figure = Figure('reeve watch: a fork bomb, with the gate on')
    count = bench.scale(20000, 1000)
    program, = bench.work.copy('tiny', 'bomb')
    answers = []
    with collected(figure), Daemon(bench, [program]), Watch(bench, '--type', 'exec') as watch:
        running = [storm.start(bench.work, [[program]], count // 8) for _ in range(8)]
        while any(process.poll() is None for process in running):
            begin = time.monotonic()
            subprocess.run(['/bin/true'], check=True)
            answers.append((time.monotonic() - begin) * 1e3)
            time.sleep(0.02)
        for process in running:
            storm.finish(process)
        watch.settle()
        seen, lost, _ = watch.tally(_name(program))
        figure.row('recorded', f"{seen.get('exec', 0)} of {count}", seen.get('exec', 0), count,
                   str(count), f'lost {lost}', at_least=True)
        figure.row('longest that /bin/true took meanwhile', us(max(answers) * 1e3),
                   spread=f'median {us(stats.median(answers) * 1e3)}')
        figure.data = {'seen': seen, 'lost': lost, 'answers_ms': answers}
    return figure


FIGURES = {
    'watch-storm': watch_storm,
    'watch-pause': watch_pause,
    'watch-cost': watch_cost,
    'watch-forms': watch_forms,
    'watch-start': watch_start,
    'watch-memory': watch_memory,
    'watch-bomb': watch_bomb,
}
