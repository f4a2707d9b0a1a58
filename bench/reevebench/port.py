# SPDX-License-Identifier: MIT
"""The figures of reeve-port, against alcove 1.0.1, whose place it takes.

Everything is pinned to one processor, as alcove was when it was measured. alcove itself is not run
here. Each figure is compared with two things:

- alcove's own figure, taken on another day on a machine of this kind, scaled in each round by what
  executing the smallest program costs just then against what it cost there: goals are judged by this;
- bench-port-replay, measured in turns with reeve-port in this run: a program that makes alcove's
  system calls and does nothing else, so that alcove could only be slower than it. The same program
  with the fewest system calls that a chain of processes and pipes can do with is the floor.
"""

import json
import os
import subprocess

from . import stats, storm
from .figures import Figure, collected, us
from .world import Unavailable

CPU = 0
TINY_THERE = 62.5  # µs, the smallest program's execution where alcove was measured: 50 to 75

# alcove 1.0.1 pinned to one processor, median of 3.
CALLS = {0: 85900, 1: 40900, 8: 7760, 16: 3360}  # a second
CALLS_GOAL = {0: 1.3, 1: 1.8, 8: 2.5, 16: 3.0}
CALLS_CPU = {0: 5.5, 1: 17.3, 8: 117, 16: 272}  # µs of all control processes a call
FORK = {0: 57, 8: 270}  # µs
EXEC = {0: 1085, 8: 1612}
OUTPUT = {1: 2078, 8: 384}  # MB a second, blocks of 64 KiB
OUTPUT_GOAL = {1: 1.0, 8: 2.5}
PRIVATE_DIRTY = 300  # KiB of each forked process


class Ports:
    """The client, the port, the replay, and the machine's speed against the one of the figures."""

    def __init__(self, bench):
        self.bench = bench
        self.client = str(bench.work.program('port-client'))
        self.json_client = str(bench.work.program('port-client-json'))
        port = bench.programs / 'reeve-port'
        if not os.access(port, os.X_OK):
            raise Unavailable(f'{port} is not there: build it first (make build)')
        self.programs = {'reeve-port': str(port),
                         'replay': str(bench.work.program('port-replay')),
                         'floor': str(bench.work.program('port-replay'))}
        self.tiny_program, = bench.work.copy('tiny', 'port-scale')
        self.speeds = []

    def speed(self):
        """This machine's now against that of alcove's figures: more than 1 is faster."""
        result, = storm.run(self.bench.work, [[self.tiny_program]], self.bench.scale(1000, 300),
                            cpu=CPU, warm=20)
        self.speeds.append(TINY_THERE / result['p50_us'])
        return self.speeds[-1]

    def run(self, name, *words):
        client = [self.client, self.programs[name], *map(str, words)]
        if words[0] == 'json':
            client = [self.json_client, self.programs[name], *map(str, words[1:])]
        environment = {**os.environ, **({'PORT_REPLAY_LEAST': '1'} if name == 'floor' else {})}
        done = subprocess.run(client, text=True, capture_output=True, check=False, timeout=120,
                              env=environment,
                              preexec_fn=lambda: os.sched_setaffinity(0, {CPU}))
        if done.returncode != 0:
            raise RuntimeError(f"{name}, {' '.join(map(str, words))}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def in_turns(self, value, *words):
        """{name: value of each round}, one program after the other, the order changing; and the
        machine's speed in each round."""
        names = list(self.programs) if words[0] == 'calls' else ['reeve-port', 'replay']
        found = {name: [] for name in (*names, 'speed')}
        for number in range(self.bench.scale(7, 1)):
            found['speed'].append(self.speed())
            for name in names[::-1 if number % 2 else 1]:
                found[name].append(value(self.run(name, *words)))
        return found

    def note(self, figure):
        figure.notes.append(
            f'alcove is not run here: its figures are of another day, for a machine '
            f'{stats.median(self.speeds):.2f} times as fast, as the smallest program is executed in '
            f'{TINY_THERE / stats.median(self.speeds):.1f} µs here and was in {TINY_THERE} µs '
            'there; "replay" makes its system calls alone, and "floor" the fewest that pass a '
            'message through as many processes, in this run')


def _row(figure, label, found, there, goal, at_least, show):
    """A figure that is better when it is more (at_least), or when it is less."""
    ours, replay = (stats.median(found[name]) for name in ('reeve-port', 'replay'))
    scaled = [there * speed if at_least else there / speed for speed in found['speed']]
    ratio = stats.median([one / other for one, other in zip(found['reeve-port'], scaled)])
    floor = f'floor {show(stats.median(found["floor"]))}; ' if 'floor' in found else ''
    figure.row(label, f'{ratio:.2f} times ({show(ours)})', ratio, goal,
               f"{'≥' if at_least else '≤'} {goal} times",
               f'{floor}alcove {show(stats.median(scaled))} (scaled; {show(there)} there); replay {show(replay)}, of '
               f'which {ours / replay:.2f} times; [{show(min(found["reeve-port"]))} .. '
               f'{show(max(found["reeve-port"]))}]', at_least=at_least)
    figure.data[label] = {**found, 'alcove_there': there}
    return {'label': label, 'value': ratio, 'text': f'{ratio:.2f}', 'goal': goal,
            'goal_text': f'goal: {goal}', 'ours': True}


def _chart(figure, bars):
    figure.chart = {'kind': 'bars', 'unit': 'times alcove', 'bars': bars}


def _rate(result):
    return result['count'] / result['seconds']


def _calls_a_second(value):
    return f'{value:,.0f} calls/s'


def calls(bench):
    """getpid, one after the other, and what all control processes together take for one."""
    figure, bars = Figure('reeve-port: calls'), []
    with collected(figure):
        ports = Ports(bench)
        for depth, there in CALLS.items():
            count = bench.scale(40000, 2000) // (depth + 1)
            both = ports.in_turns(lambda r: (_rate(r), r['cpu_us']), 'calls', depth, count)
            rates, cpus = ({name: [pair[i] if name != 'speed' else pair for pair in pairs]
                            for name, pairs in both.items()} for i in (0, 1))
            bars.append(_row(figure, f'calls a second at depth {depth}', rates, there,
                             CALLS_GOAL[depth], True, _calls_a_second))
            if depth == 8:
                bars.append(_row(figure, 'processor time of a call at depth 8', cpus,
                                 CALLS_CPU[depth], 0.4, False, us))
        _json(figure, bench, ports)
        ports.note(figure)
    _chart(figure, bars)
    return figure


def _json(figure, bench, ports):
    """The second protocol, which alcove has not."""
    for depth in (0, 1, 8):
        count = bench.scale(20000, 1000) // (depth + 1)
        results = [ports.run('reeve-port', 'json', depth, count) for _ in range(bench.scale(5, 1))]
        rates = [_rate(result) for result in results]
        figure.row(f'JSON: calls a second at depth {depth}', _calls_a_second(stats.median(rates)),
                   spread=f'[{_calls_a_second(min(rates))} .. {_calls_a_second(max(rates))}]; '
                   f"processor time {us(stats.median([r['cpu_us'] for r in results]))}")
        figure.data[f'json {depth}'] = results


def processes(bench):
    """fork, and fork with a program until its exit is told."""
    figure, bars = Figure('reeve-port: processes'), []
    with collected(figure):
        ports = Ports(bench)
        for what, table, label, count in (
                ('fork', FORK, 'fork at depth {}', bench.scale(400, 20)),
                ('exec', EXEC, 'fork and /bin/true to its end at depth {}', bench.scale(100, 10))):
            for depth, there in table.items():
                found = ports.in_turns(lambda r: stats.median(r['us']), what, depth, count)
                bars.append(_row(figure, label.format(depth), found, there, 0.8, False, us))
        ports.note(figure)
        plain, = storm.run(bench.work, [['/bin/true']], bench.scale(500, 50), cpu=CPU, warm=10)
        figure.notes.append(f"/bin/true by vfork, exec and wait alone, which no port can be faster "
                            f"than: {us(plain['p50_us'])}")
    _chart(figure, bars)
    return figure


def output(bench):
    """What dd writes in blocks of 64 KiB, until the controller has it."""
    figure, bars = Figure('reeve-port: output'), []
    with collected(figure):
        ports = Ports(bench)
        for depth, there in OUTPUT.items():
            megabytes = bench.scale(800, 50) // depth
            found = ports.in_turns(lambda r: r['bytes'] / r['seconds'] / 1e6,
                                   'output', depth, megabytes)
            bars.append(_row(figure, f'output through depth {depth}', found, there,
                             OUTPUT_GOAL[depth], True, lambda v: f'{v:,.0f} MB/s'))
        ports.note(figure)
    _chart(figure, bars)
    return figure


def memory(bench):
    """What a forked process has for itself, and how many there can be."""
    figure, bars = Figure('reeve-port: memory, and large trees'), []
    with collected(figure):
        ports = Ports(bench)
        found = ports.run('reeve-port', 'memory', 32)
        for name, label in (('child', 'each of 32 forked processes'),
                            ('depth15', 'the last of a chain of 15'), ('root', 'the root')):
            sizes = found[name]
            goal = (0.4 * PRIVATE_DIRTY, f'≤ {0.4 * PRIVATE_DIRTY:.0f} KiB') \
                if name != 'root' else (None, '')
            figure.row(f'private to {label}', f"{sizes['private_dirty']} KiB",
                       sizes['private_dirty'], *goal,
                       f"resident {sizes['rss']} KiB, in proportion {sizes['pss']} KiB")
            bars.append({'label': label, 'value': sizes['private_dirty'], 'ours': True,
                         'text': f"{sizes['private_dirty']} KiB"})
        figure.data = found
        _large(figure, ports)
    figure.chart = {'kind': 'bars', 'unit': 'KiB private and written to', 'bars': bars}
    return figure


def _large(figure, ports):
    for label, words, key, goal in (('children at once', ('children', 1000), 'count', 1000),
                                    ('levels of depth', ('depth', 255), 'depth', 255)):
        result = ports.run('reeve-port', *words)
        figure.row(label, f'{result[key]:,}', result[key], goal, f'{goal:,}',
                   f"made and asked in {result['seconds']:.2f} s", at_least=True)


FIGURES = {
    'port-calls': calls,
    'port-processes': processes,
    'port-output': output,
    'port-memory': memory,
}
