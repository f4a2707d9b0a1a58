# SPDX-License-Identifier: MIT
"""The figures of acting: how soon a trigger runs, and what a storm of them costs."""

import os
import pathlib
import shutil
import time

from . import stats, storm
from .conditions import Daemon
from .figures import Figure, collected, us

RATE = 10  # starts a second of the storm's trigger


class Governor(Daemon):
    """bin/reeved with the policy of this text; its name is put before it."""

    def __init__(self, bench, text):
        super().__init__(bench, [])
        self.policy = self.folder / 'policy-acting.yaml'
        self.policy.write_text(f'name: {bench.group}\nlogging: {{file: stderr, level: warn}}\n{text}')
        self.policy.chmod(0o600)

    def counters(self):
        return self.status()['counters']

    def cpu(self):
        """Seconds of processor time of the daemon and its guard so far."""
        total = 0
        for process in self.processes():
            for thread in pathlib.Path('/proc', str(process), 'task').iterdir():
                total += int((thread / 'schedstat').read_text().split()[0])
        return total / 1e9


def _policy(program, run, arguments, more=''):
    return (f'rules:\n  r: {{paths: [{program}], action: execute, trigger: t}}\n'
            f'triggers:\n  t: {{run: {run}, args: [{arguments}], user: root{more}}}\n')


def _once(program):
    """Executes it; (its number, the wall clock in ns before it was begun)."""
    begin = time.time_ns()
    process = os.posix_spawn(program, [program], {})
    os.waitpid(process, 0)
    return process, begin


def _marks(path):
    """{number of the process: when its trigger began}"""
    lines = path.read_text().split('\n') if path.exists() else []
    return {int(number): int(began) for number, began in
            (line.split() for line in lines if ' ' in line)}


def trigger_latency(bench):
    """From before the launcher's posix_spawn() to the first line of the trigger's main()."""
    figure = Figure('From an execution to its trigger running')
    count = bench.scale(400, 40)
    program, = bench.work.copy('tiny', 'triggering')
    mark, = bench.work.copy('mark', 'trigger')
    marks = bench.work.path / 'marks'
    marks.unlink(missing_ok=True)
    with collected(figure), Governor(bench, _policy(program, mark, f'{marks}, "%p"')) as daemon:
        begun = {}
        for number in range(count):
            process, begin = _once(program)
            begun[process] = begin
            time.sleep(0.04)  # the machine is at rest in between, and the usual bounds are kept
            bench.progress(number + 1, count)
        time.sleep(0.5)
        told = _marks(marks)
        waits = [(told[process] - begin) / 1e3 for process, begin in begun.items()
                 if process in told]
        figure.row('triggers run', f'{len(waits)} of {count}', len(waits), count, str(count),
                   at_least=True)
        for percent, goal in ((50, 3000), (99, 10000)):
            value = stats.percentile(waits, percent)
            figure.row(f'p{percent}', us(value), value, goal, f'≤ {us(goal)}')
        figure.data = {'us': stats.summary(waits), 'counters': daemon.counters()}
        figure.chart = {'kind': 'bars', 'unit': 'µs', 'maximum': max(waits),
                        'bars': [{'label': f'p{percent}', 'value': stats.percentile(waits, percent),
                                  'text': us(stats.percentile(waits, percent))}
                                 for percent in (50, 90, 99)]}
    return figure


def descendants(bench):
    """Programs that fork at once, four children each: fetter left 120 children of 120 behind."""
    figure = Figure('Programs that fork at once: who is in the group')
    rounds = bench.scale(300, 30)
    probe = pathlib.Path(bench.build, 'test/programs/e2e-probe')
    program = bench.work.path / 'forking'
    shutil.copy(probe, program)
    said = bench.work.path / 'forked'
    said.unlink(missing_ok=True)
    environment = {'E2E_NAME': bench.group, 'E2E_OUT': str(said)}
    text = (f'rules:\n  r: {{paths: [{program}], action: execute, group: all}}\n'
            'groups:\n  all: {pids: 30000}\n')
    with collected(figure), Governor(bench, text):
        for number in range(rounds):
            process = os.posix_spawn(program, [program, 'tree', '1', '4'], environment)
            os.waitpid(process, 0)
            bench.progress(number + 1, rounds)
        groups = said.read_text().split('\n')[:-1]
        right, total = groups.count('all'), rounds * 5
        figure.row('in the group when it looked first', f'{right} of {total}', right, total,
                   str(total), f'{rounds} programs, 4 children each', at_least=True)
        figure.data = {'right': right, 'of': total}
        figure.chart = {'kind': 'bars', 'unit': f'processes of {total}', 'maximum': total,
                        'bars': [{'label': 'reeve', 'value': right, 'text': f'{right} of {total}'}]}
    return figure


def trigger_storm(bench):
    """More than 1,000 triggers a second asked for, 10 a second allowed."""
    figure = Figure(f'A storm of triggers, rate {RATE}/s')
    count = bench.scale(20000, 1500)
    program, = bench.work.copy('tiny', 'storming')
    mark, = bench.work.copy('mark', 'stormed')
    marks = bench.work.path / 'stormed'
    marks.unlink(missing_ok=True)
    text = _policy(program, mark, f'{marks}, "%p"', f', rate: {RATE}/s, queue: 0')
    with collected(figure), Governor(bench, text) as daemon:
        before, cpu, begin = daemon.counters(), daemon.cpu(), time.monotonic()
        storm.run(bench.work, [[program]], count, cpu=0)
        seconds, cpu = time.monotonic() - begin, daemon.cpu() - cpu
        time.sleep(0.5)
        after = daemon.counters()
        told = {name: after[name] - before[name] for name in after}
        ran, asked = len(_marks(marks)), told['keeper.triggered'] / seconds
        most = RATE * (seconds + 1) + 1  # as many as in a second at once, then evenly
        accounted = ran + told['trigger.dropped'] + told['queue.triggers_lost']
        figure.row('asked', f'{asked:,.0f} a second', asked, 1000, '≥ 1,000', at_least=True)
        figure.row('run', f'{ran} in {seconds:.1f} s', ran, most, f'≤ {most:.0f}')
        figure.row('run or counted as dropped', f'{accounted} of {count}', accounted, count,
                   str(count), f"{told['queue.triggers_lost']} of them at the gate's queue",
                   at_least=True)
        # What the gate itself does for each execution is in it.
        figure.row('processor time of reeve, each', us(cpu / count * 1e6), cpu / count * 1e6, 200,
                   '≤ 200 µs', f'{cpu / count * 1e5:.1f} % of a processor at 1,000 a second')
        figure.data = {'counters': told, 'cpu': cpu, 'seconds': seconds, 'ran': ran}
        figure.chart = {'kind': 'bars', 'unit': 'a second', 'maximum': asked,
                        'bars': [{'label': 'asked', 'value': asked, 'text': f'{asked:,.0f}'},
                                 {'label': 'run', 'value': ran / seconds,
                                  'text': f'{ran / seconds:.1f}'}]}
    return figure


FIGURES = {
    'descendants': descendants,
    'trigger-latency': trigger_latency,
    'trigger-storm': trigger_storm,
}
