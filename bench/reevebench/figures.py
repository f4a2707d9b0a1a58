# SPDX-License-Identifier: MIT
"""The figures. Each function measures one and returns a Figure: rows for the table, one chart.

A condition that is not available becomes a note; the figure is made from what there is. The
clock is never asserted on: a goal that is not met is a "no" in the table.
"""

import contextlib
import dataclasses
import os
import pathlib
import shutil
import subprocess
import time

from . import stats, storm, world
from .conditions import Cgrulesengd, Daemon, Floor, idle_process, nothing
from .world import Unavailable


@dataclasses.dataclass
class Row:
    name: str
    measured: str
    value: float = None
    goal: float = None
    goal_text: str = ''
    spread: str = ''
    at_least: bool = False  # the goal is a least, not a most

    @property
    def met(self):
        if self.goal is None or self.value is None:
            return None
        return self.value >= self.goal if self.at_least else self.value <= self.goal


@dataclasses.dataclass
class Figure:
    title: str
    rows: list = dataclasses.field(default_factory=list)
    notes: list = dataclasses.field(default_factory=list)  # what was left out and harms nobody
    problems: list = dataclasses.field(default_factory=list)  # what could not run
    chart: dict = None
    data: dict = dataclasses.field(default_factory=dict)

    def row(self, *arguments, **more):
        self.rows.append(Row(*arguments, **more))


UNMATCHED_SECONDS = 100  # of pairs, with which the figure ends within two minutes


def us(value):
    return f'{value / 1000:.2f} ms' if abs(value) >= 1000 else f'{value:.1f} µs'


def span(low, high, show=us):
    return f'[{show(low)} .. {show(high)}]'


def times(value):
    return f'{value:.3f}'


@contextlib.contextmanager
def collected(figure, harmless=False):
    """What is missing inside becomes a sentence of the figure instead of an end of the run."""
    try:
        yield
    except Unavailable as reason:
        (figure.notes if harmless else figure.problems).append(str(reason))
    except (RuntimeError, OSError, subprocess.SubprocessError) as reason:
        figure.problems.append(f'{type(reason).__name__}: {reason}')


def available(figure, conditions, harmless=('cgrulesengd',)):
    """Enters and leaves each condition once; returns those that could be."""
    usable = {}
    for name, make in conditions.items():
        with collected(figure, harmless=name in harmless):
            with make(0):
                usable[name] = make
    return usable


# First instruction


def first_instruction(bench):
    """Four parents at once run a program whose first action is to read /proc/self/cgroup."""
    figure = Figure('Right at the first instruction')
    total = bench.scale(10000, 400)
    matched, twin = bench.work.copy('tiny-check', 'matched', 'twin')
    conditions = {
        'no daemon': lambda: nothing(),
        'reeve': lambda: Daemon(bench, [matched]),
        "kernel's floor": lambda: Floor(bench.work, [matched], bench.group),
        'cgrulesengd': lambda: Cgrulesengd(bench, matched),
    }
    bars = []
    for name, make in conditions.items():
        with collected(figure, harmless=name == 'cgrulesengd'), make():
            right, wrongly = _placed(bench, [matched, twin], total)
            goal = total if name == 'reeve' else None
            figure.row(name, f'{right} of {total}', right, goal, goal and f'{total}',
                       f'unmatched twin in the group: {wrongly}', at_least=True)
            figure.data[name] = {'right': right, 'of': total, 'twin_in_group': wrongly}
            bars.append({'label': name, 'value': right, 'text': f'{right} of {total}'})
    figure.chart = {'kind': 'bars', 'unit': f'processes of {total}', 'bars': bars, 'goal': total,
                    'goal_text': f'goal: {total}', 'maximum': total}
    return figure


def _placed(bench, programs, total):
    """How many runs of each program found themselves in the group; four parents at a time."""
    words = [f'/{bench.group}', world.witness_names()]
    running = [storm.start(bench.work, [[program, *words] for program in programs], total // 4)
               for _ in range(4)]
    results = [storm.finish(process) for process in running]
    return [sum(result[i]['ok'] for result in results) for i in range(len(programs))]


# Isolated executions


def isolated(bench):
    """Executions 50 ms apart, so that every move is a cold one."""
    figure = Figure('A matched exec, isolated (50 ms apart)')
    programs = {}
    for kind in ('tiny', 'plain'):
        programs[kind] = bench.work.copy(kind, 'matched', 'twin')
    matched = [programs[kind][0] for kind in programs]
    conditions = available(figure, {
        'reeve': lambda _: Daemon(bench, matched),
        "kernel's floor": lambda _: Floor(bench.work, matched, bench.group),
    })
    samples = {}

    def window(_):
        commands = [[path] for kind in programs for path in programs[kind]]
        results = storm.run(bench.work, commands, bench.scale(25, 3), block=1, gap_ms=50,
                            samples=True)
        return {os.path.basename(r['program']): r['samples_us'] for r in results}

    pairs = storm.bracketed(conditions, window, bench.scale(8, 1), progress=bench.progress)
    for kind, label in (('plain', 'static glibc program'), ('tiny', 'smallest program')):
        bare = [v for list_of_pairs in pairs.values() for pair in list_of_pairs
                for v in pair.before[f'{kind}-matched']]
        if bare:
            samples[f'{label}, no daemon'] = bare
            figure.row(f'{label}: no daemon', us(stats.median(bare)), spread=_tail(bare))
        for name, list_of_pairs in pairs.items():
            samples[f'{label}, {name}'] = _isolated_row(figure, f'{label}: {name}', bare,
                                                        list_of_pairs, kind, name == 'reeve')
    figure.data = samples
    figure.chart = {'kind': 'boxes', 'unit': 'µs from vfork to reaped', 'boxes': [
        dict(stats.summary(values), label=name, goal=_isolated_goal(samples, name))
        for name, values in samples.items()], 'goal_text': 'goal: 1.15 times no daemon'}
    return figure


def _isolated_row(figure, label, bare, pairs, kind, has_goal):
    gated = [v for pair in pairs for v in pair.inside[f'{kind}-matched']]
    twin = [v for pair in pairs for v in pair.inside[f'{kind}-twin']]
    ratio = stats.median(gated) / stats.median(bare)
    figure.row(label, f'{ratio:.3f} times ({us(stats.median(gated))})', ratio,
               1.15 if has_goal else None, '≤ 1.15 times' if has_goal else '',
               f'{span(*stats.ratio_interval(gated, bare), times)} 95 %; {_tail(gated)}; over its '
               f'unmatched twin {stats.median(gated) / stats.median(twin):.3f}')
    return gated


def _isolated_goal(samples, name):
    label, _, condition = name.partition(', ')
    return 1.15 * stats.median(samples[f'{label}, no daemon']) if condition == 'reeve' else None


def _tail(values):
    """The slow end, by name, with the number of samples that it stands on."""
    named = ', '.join(f'{name} {us(stats.percentile(values, p))}'
                      for name, p in (('p95', 95), ('p99', 99), ('max', 100)))
    return f'{named} of {len(values)}'


# How late a process is in its group


def lateness(bench):
    """A program, 50 ms apart, that ends once it finds itself in its group."""
    figure = Figure('From vfork to being in the group, isolated')
    program, = bench.work.copy('tiny-check', 'waits')
    conditions = {
        'reeve': lambda: Daemon(bench, [program]),
        "kernel's floor": lambda: Floor(bench.work, [program], bench.group),
        'cgrulesengd': lambda: Cgrulesengd(bench, program),
    }
    usable = {name: (lambda _, make=make: make()) for name, make in conditions.items()}
    usable = available(figure, usable)
    samples = {name: [] for name in usable}
    command = [program, f'/{bench.group}', world.witness_names(), 'wait']
    for number in range(bench.scale(5, 1)):
        for name, make in usable.items():
            with collected(figure), make(number):
                result, = storm.run(bench.work, [command], bench.scale(40, 4), gap_ms=50,
                                    samples=True)
                samples[name] += result['samples_us']
    for name, values in samples.items():
        if not values:
            continue
        figure.row(name, us(stats.median(values)), stats.median(values),
                   spread=f'p95 {us(stats.percentile(values, 95))}, '
                          f'max {us(max(values))}, n {len(values)}')
    figure.data = samples
    figure.chart = {'kind': 'boxes', 'unit': 'time', 'boxes': [
        dict(stats.summary(values), label=name) for name, values in samples.items() if values]}
    return figure


# Storms of matched programs


def _pair_window(bench, programs, count, cpu_of):
    """A window: the programs take turns; p50 and mean of each, by file name."""
    def window(number):
        metrics = {}
        for result in storm.run(bench.work, [[p] for p in programs], count, cpu=cpu_of(number),
                                warm=50):
            name = os.path.basename(result['program']).rpartition('-')[2]
            metrics[name] = result['p50_us']
            metrics[f'{name} mean'] = result['mean_us']
        return metrics
    return window


def _floors(bench, matched, cpu):
    if cpu is None:
        return {'floor, free': lambda _: Floor(bench.work, [matched], bench.group)}
    floors = {
        'gate alone, same processor': lambda _: Floor(bench.work, [matched], None, cpu),
        'floor, same processor': lambda _: Floor(bench.work, [matched], bench.group, cpu),
    }
    others = [c for c in sorted(os.sched_getaffinity(0)) if c != cpu]
    if others:
        floors['floor, other processor'] = (
            lambda _: Floor(bench.work, [matched], bench.group, others[0]))
    return floors


def matched_tiny(bench):
    """What a matched exec of the smallest program costs more, back to back."""
    figure = Figure('Matched exec storm, smallest static program')
    matched, twin = bench.work.copy('tiny', 'matched', 'twin')
    bars = []
    for cpu in [*sorted(os.sched_getaffinity(0))[:2], None]:
        where = 'unpinned' if cpu is None else f'on CPU {cpu}'
        conditions = available(figure, {'reeve': lambda _: Daemon(bench, [matched]),
                                        **_floors(bench, matched, cpu)})
        window = _pair_window(bench, [matched, twin], bench.scale(1000, 200), lambda _: cpu)
        pairs = storm.bracketed(conditions, window, bench.scale(15, 2), progress=bench.progress)
        for name, list_of_pairs in pairs.items():
            bars.append(_added_row(figure, f'{where}: {name}', list_of_pairs, name == 'reeve'))
    figure.chart = {'kind': 'bars', 'unit': 'added µs per exec', 'bars': bars, 'goal': 35,
                    'goal_text': 'goal: at most 35 µs'}
    return figure


def _added_row(figure, label, pairs, has_goal):
    plus = storm.added(pairs, 'matched')
    low, high = stats.quartiles(plus)
    bare = stats.median([storm.baseline(p, 'matched') for p in pairs])
    mean = stats.median(storm.added(pairs, 'matched mean'))
    beside = stats.median([p.inside['matched'] - p.inside['twin'] for p in pairs])
    figure.row(label, f'+{us(stats.median(plus))} (on {us(bare)})', stats.median(plus),
               35 if has_goal else None, '≤ 35 µs' if has_goal else '',
               f'{span(low, high)}; of means +{us(mean)}; over its unmatched twin +{us(beside)}')
    figure.data[label] = [pair._asdict() for pair in pairs]
    return {'label': label, 'value': stats.median(plus), 'low': low, 'high': high,
            'text': f'+{us(stats.median(plus))} on {us(bare)}', 'ours': has_goal}


def matched_plain(bench):
    """A matched exec of an ordinary static program against the same ungated."""
    figure = Figure('Matched exec storm, ordinary static program')
    matched, twin = bench.work.copy('plain', 'matched', 'twin')
    bars = []
    for cpu in (0, None):
        where = 'unpinned' if cpu is None else f'on CPU {cpu}'
        conditions = available(figure, {'reeve': lambda _: Daemon(bench, [matched]),
                                        **_floors(bench, matched, cpu)})
        window = _pair_window(bench, [matched, twin], bench.scale(300, 50), lambda _: cpu)
        pairs = storm.bracketed(conditions, window, bench.scale(15, 2), progress=bench.progress)
        for name, list_of_pairs in pairs.items():
            goal = (1.1, '≤ 1.1 times') if name == 'reeve' else (None, '')
            bars.append(_ratio_row(figure, f'{where}: {name}', list_of_pairs, 'matched', goal))
    figure.chart = {'kind': 'bars', 'unit': 'times the ungated exec', 'bars': bars, 'goal': 1.1,
                    'goal_text': 'goal: at most 1.1', 'origin': 1}
    return figure


def _ratio_row(figure, label, pairs, metric, goal):
    ratios = storm.ratios(pairs, metric)
    low, high = stats.interval(ratios)
    bare = stats.median([storm.baseline(p, metric) for p in pairs])
    mean = stats.median(storm.ratios(pairs, f'{metric} mean'))
    ratio = stats.median(ratios)
    figure.row(label, f'{ratio:.4f} times (on {us(bare)})', ratio, *goal,
               f'{span(low, high, lambda v: f"{v:.4f}")} 95 %, {len(pairs)} pairs; '
               f'of means {mean:.4f}')
    figure.data[label] = [pair._asdict() for pair in pairs]
    return {'label': label, 'value': ratio, 'low': low, 'high': high, 'text': f'{ratio:.4f}',
            'ours': goal[0] is not None}


# A storm of programs that no rule names


def unmatched(bench):
    """The daemon against none, for a program it has no rule for; and nothing against none."""
    figure = Figure('Unmatched exec storm, smallest static program')
    matched, twin = bench.work.copy('tiny', 'matched', 'twin')
    conditions = available(figure, {'reeve': lambda _: Daemon(bench, [matched]),
                                    'a process that sleeps (A/A)': lambda _: idle_process()})
    cpus = sorted(os.sched_getaffinity(0))
    window = _pair_window(bench, [twin], bench.scale(3000, 300), lambda n: cpus[n % len(cpus)])

    def enough(pairs):
        ranges = [stats.interval(storm.ratios(p, 'twin'), 500) for p in pairs.values()]
        count = min((len(p) for p in pairs.values()), default=0)
        return count >= 60 and count % 20 == 0 and all(h - l < 0.006 for l, h in ranges)

    pairs = storm.bracketed(conditions, window, bench.scale(240, 3), enough, bench.progress,
                            UNMATCHED_SECONDS)
    bars = []
    for name, list_of_pairs in pairs.items():
        goal = (1.01, '≤ 1.01 times') if name == 'reeve' else (None, '')
        bars.append(_ratio_row(figure, name, list_of_pairs, 'twin', goal))
    figure.chart = {'kind': 'bars', 'unit': 'times the exec without a daemon', 'bars': bars,
                    'goal': 1.01, 'goal_text': 'goal: at most 1.01', 'origin': 1,
                    'interval': '95 % interval of the median'}
    return figure


# Many rules


def _rules(bench, count, target, exist=True):
    """`count` exact rules; `target` is the last one."""
    others = bench.work.many_files(bench.many())[:count - 1]
    if not exist:
        others = [path + 'x' for path in others]
    return [*others, target]


def rules(bench):
    """100,000 exact rules: the time to load them, and what a match costs against 10."""
    many = bench.many()
    figure = Figure(f'{many:,} exact rules')
    target, twin = bench.work.copy('tiny', 'matched', 'twin')
    seconds = {'10 rules': [], f'{many:,} rules': [], f'{many:,} rules, files missing': []}
    sets = dict(zip(seconds, (_rules(bench, 10, target), _rules(bench, many, target),
                              _rules(bench, many, target, exist=False))))
    with collected(figure):
        for _ in range(bench.scale(5, 2)):
            for name, paths in sets.items():
                with Daemon(bench, paths) as daemon:
                    seconds[name].append(daemon.seconds_to_ready)
        _load_rows(figure, seconds)
        _match_rows(figure, bench, [target, twin], list(sets.values())[:2])
    return figure


def _load_rows(figure, seconds):
    bars = []
    for name, values in seconds.items():
        goal = (1.0, '≤ 1 s') if name != '10 rules' else (None, '')
        figure.row(f'start to ready, {name}', f'{stats.median(values):.3f} s',
                   stats.median(values), *goal,
                   f'[{min(values):.3f} .. {max(values):.3f}] of {len(values)}')
        bars.append({'label': name, 'value': stats.median(values), 'low': min(values),
                     'high': max(values), 'text': f'{stats.median(values):.3f} s', 'ours': True})
    figure.data['seconds_to_ready'] = seconds
    figure.chart = {'kind': 'bars', 'unit': 'seconds from start to ready', 'bars': bars,
                    'goal': 1.0, 'goal_text': 'goal: at most 1 s'}


def _match_rows(figure, bench, programs, sets):
    """The two sets take turns; a match costs what the matched file takes over its twin."""
    window = _pair_window(bench, programs, bench.scale(1500, 200), lambda _: 0)
    whole, extra = ([], []), ([], [])
    for number in range(bench.scale(8, 2)):
        for i in ((0, 1), (1, 0))[number % 2]:
            with Daemon(bench, sets[i]):
                metrics = window(number)
                whole[i].append(metrics['matched'])
                extra[i].append(metrics['matched'] - metrics['twin'])
        bench.progress(number + 1, bench.scale(8, 2))
    for label, (few, lots), goal in (('cost of a match', extra, (1.1, '≤ 1.1 times')),
                                     ('whole matched exec', whole, (None, ''))):
        ratio = stats.median(lots) / stats.median(few)
        low, high = stats.ratio_interval(lots, few)
        figure.row(f'{label}, {len(sets[1]):,} against 10 rules',
                   f'{ratio:.3f} times ({us(stats.median(few))} -> {us(stats.median(lots))})',
                   ratio, *goal, span(low, high, times))
    figure.data['match_us'] = {'whole': whole, 'over_twin': extra}


# Memory


def memory(bench):
    """VmRSS of all the daemon's processes, ready and after 2,000 matched executions."""
    figure = Figure('Resident memory')
    target, = bench.work.copy('tiny', 'matched')
    bars = []
    for count, goal in ((10, 6.0), (bench.many(), 60.0)):
        with collected(figure), Daemon(bench, _rules(bench, count, target)) as daemon:
            time.sleep(bench.scale(1, 0.2))
            at_start = _resident(daemon)
            storm.run(bench.work, [[target]], 2000)
            after = _resident(daemon)
            total = max(sum(p['VmRSS'] for p in s) for s in (at_start, after)) / 1024
            figure.row(f'{count:,} rules', f'{total:.1f} MB', total, goal, f'≤ {goal:.0f} MB',
                       '; '.join(_resident_text(p) for p in after))
            figure.data[f'{count:,} rules'] = {'ready': at_start, 'after_storm': after}
            bars.append({'label': f'{count:,} rules', 'value': total, 'text': f'{total:.1f} MB',
                         'goal': goal, 'goal_text': f'goal: {goal:.0f} MB', 'ours': True})
    figure.chart = {'kind': 'bars', 'unit': 'MB (1,048,576 bytes) resident, all processes',
                    'bars': bars}
    return figure


def _resident(daemon):
    keys = ('VmRSS', 'RssAnon', 'RssFile', 'RssShmem')
    family = []
    for pid in daemon.processes():
        fields = world.status_fields(f'/proc/{pid}/status')
        sizes = {key: int(fields[key].split()[0]) for key in keys if key in fields}
        family.append({'name': fields['Name'], 'threads': int(fields['Threads']), **sizes})
    return family


def _resident_text(process):
    return (f"{process['name']} {process['VmRSS']} KiB "
            f"(own {process['RssAnon']}, files {process['RssFile']})")


# Idle


def idle(bench):
    """How often any thread of the daemon's processes woke up in a minute without work."""
    seconds = bench.idle_seconds()
    figure = Figure(f'Idle daemon, {seconds} s')
    target, = bench.work.copy('tiny', 'matched')
    with collected(figure), Daemon(bench, [target]) as daemon:
        time.sleep(bench.scale(5, 1))
        before, forks = _threads(daemon), _forks()
        time.sleep(seconds)
        after, forks = _threads(daemon), _forks() - forks
        deltas = _deltas(before, after)
        wakes = sum(thread['wakes'] for thread in deltas)
        figure.row(f'wake-ups in {seconds} s', str(wakes), wakes, 0, '0', ', '.join(
            f"{t['name']} {t['wakes']} ({t['ran_us']:.0f} µs)" for t in deltas))
        figure.notes.append(f'the machine started {forks} processes and threads meanwhile, '
                            'whose programs a gate may have had to see for the first time')
        figure.data = {'threads': deltas, 'forks_on_the_machine': forks}
        figure.chart = {'kind': 'bars', 'unit': f'wake-ups in {seconds} s', 'goal': 0,
                        'goal_text': 'goal: none', 'maximum': max(5, wakes), 'bars': [
                            {'label': f"{t['process']}: {t['name']}", 'value': t['wakes'],
                             'text': str(t['wakes']), 'ours': True} for t in deltas]}
        _syscalls(figure, bench, daemon)
    return figure


def _forks():
    lines = pathlib.Path('/proc/stat').read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith('processes '))


def _threads(daemon):
    found = {}
    for pid in daemon.processes():
        owner = pathlib.Path(f'/proc/{pid}/comm').read_text().strip()
        for folder in pathlib.Path(f'/proc/{pid}/task').iterdir():
            fields = world.status_fields(folder / 'status')
            found[int(folder.name)] = {
                'process': owner, 'name': fields['Name'],
                'wakes': int(fields['voluntary_ctxt_switches']),
                'ran_us': int((folder / 'schedstat').read_text().split()[0]) / 1000}
    return found


def _deltas(before, after):
    """A thread that came meanwhile counts whole; one that went counts as one wake-up."""
    deltas = []
    for number, thread in after.items():
        old = before.get(number, {'wakes': 0, 'ran_us': 0})
        deltas.append(dict(thread, wakes=thread['wakes'] - old['wakes'],
                           ran_us=thread['ran_us'] - old['ran_us']))
    gone = [before[number] for number in before if number not in after]
    return deltas + [dict(thread, wakes=1, ran_us=0, name=f"{thread['name']} (ended)")
                     for thread in gone]


def _syscalls(figure, bench, daemon):
    """A second look by strace, which itself interrupts every thread once when it attaches."""
    if bench.quick or not shutil.which('strace'):
        return
    report = bench.work.path / 'strace'
    command = ['timeout', '--signal=INT', '10', 'strace', '-f', '-o', str(report)]
    for pid in daemon.processes():
        command += ['-p', str(pid)]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    lines = [line for line in report.read_text().splitlines() if '(' in line]
    lines = [line for line in lines if 'resumed' not in line and 'strace:' not in line]
    figure.data['strace_10_s'] = lines
    figure.row('  system calls that strace saw in 10 s', str(len(lines)),
               spread='one a thread is the wait that attaching interrupts')


FIGURES = {
    'first-instruction': first_instruction,
    'isolated': isolated,
    'lateness': lateness,
    'matched-tiny': matched_tiny,
    'matched-plain': matched_plain,
    'unmatched': unmatched,
    'rules': rules,
    'memory': memory,
    'idle': idle,
}
