# SPDX-License-Identifier: MIT
"""Rules that act before it happens: what gets past them, and what they cost those they let."""

import json
import re
import shutil
import subprocess

from . import stats, storm
from .conditions import Daemon, Floor
from .figures import Figure, collected, span, times, us
from .world import Unavailable


class PolicyDaemon(Daemon):
    """bin/reeved with a policy of its own; `body` is everything but name and logging."""

    def __init__(self, bench, body):
        super().__init__(bench, [])
        self.policy = self.folder / 'policy-own.yaml'
        self.policy.write_text(f'name: {bench.group}\nlogging: {{file: stderr, level: warn}}\n{body}')
        self.policy.chmod(0o600)


def _ways(bench, what, file, tries):
    """(ways, refused, through) of test/programs/ways.c."""
    program = bench.work.build / 'test' / 'programs' / 'e2e-ways'
    if not program.exists():
        raise Unavailable(f'{program} is not built')
    names = bench.work.path / 'names'
    shutil.rmtree(names, ignore_errors=True)
    names.mkdir()
    output = subprocess.run([str(program), what, str(file), str(names), str(tries)],
                            capture_output=True, text=True, timeout=600).stdout
    last = re.search(r'^all (\d+) tries, (\d+) ways, (\d+) refused, (\d+) through$', output, re.M)
    if not last or int(last[1]) != tries:
        raise RuntimeError(f'the ways ended early: {output[-200:]}')
    return [int(number) for number in last.groups()[1:]]


def forbidden(bench):
    """A writer, a reader and a program that a rule forbids, tried in every way that there is."""
    figure = Figure('Forbidden, and stopped before the first byte or instruction')
    tries = bench.scale(10000, 500)
    file = bench.work.path / 'forbidden'
    file.write_text('content\n')
    program = bench.work.copy('tiny', 'forbidden')[0]
    bars = []
    for what, path in (('write', file), ('read', file), ('execute', program)):
        body = f'rules:\n  no: {{paths: ["{path}"], on: {what}, deny: true}}\n'
        with collected(figure), PolicyDaemon(bench, body):
            ways, refused, through = _ways(bench, what, path, tries)
            figure.row(f'{what}: stopped', f'{refused} of {tries}', refused, tries, f'{tries}',
                       f'{ways} ways, {through} got through', at_least=True)
            figure.data[what] = {'tries': tries, 'ways': ways, 'through': through}
            bars.append({'label': what, 'value': refused, 'text': f'{refused} of {tries}'})
    figure.chart = {'kind': 'bars', 'unit': f'tries of {tries}', 'bars': bars, 'goal': tries,
                    'goal_text': f'goal: {tries}', 'maximum': tries}
    return figure


def open_cost(bench):
    """Opening a file that no rule is about, and one of a watched folder by somebody who may."""
    figure = Figure('Open and close of a file')
    folder = bench.work.path / 'watched'
    folder.mkdir(exist_ok=True)
    (folder / 'file').write_text('content\n')
    other = bench.work.path / 'unwatched'
    other.mkdir(exist_ok=True)
    (other / 'file').write_text('content\n')
    program = bench.work.program('opens')
    body = (f'rules:\n  others: {{paths: ["{folder}/"], on: [read, write], '
            f'not: {{exe: ["{program}"]}}, deny: true}}\n')

    def window(_):
        words = [str(program), str(bench.scale(20000, 500)), str(other / 'file')]
        result = json.loads(subprocess.run(words, capture_output=True, check=True).stdout)
        words[1:] = [str(bench.scale(2000, 200)), str(folder / 'file')]
        inside = json.loads(subprocess.run(words, capture_output=True, check=True).stdout)
        return {'unwatched': result['ns'][0] / 1000, 'watched': inside['ns'][0] / 1000}

    with collected(figure):
        conditions = {'reeve': lambda _: PolicyDaemon(bench, body),
                      'floor': lambda _: Floor(bench.work, bench.work.copy('tiny', 'floor'), None)}
        both = storm.bracketed(conditions, window, bench.scale(20, 2), progress=bench.progress)
        pairs, floor = both['reeve'], storm.ratios(both['floor'], 'unwatched')
        ratios, added = storm.ratios(pairs, 'unwatched'), storm.added(pairs, 'watched')
        figure.row('a file that no rule is about, daemon on against off',
                   times(stats.median(ratios)), stats.median(ratios), 1.01, '≤ 1.01',
                   span(*stats.interval(ratios), show=times))
        figure.row("the same, kernel's floor: executions watched, and no rule",
                   times(stats.median(floor)), stats.median(floor), spread=span(*stats.interval(floor), show=times))
        figure.row("a watched folder's file, by a process that may: added",
                   us(stats.median(added)), stats.median(added), 40, '≤ 40 µs',
                   span(*stats.interval(added)))
        figure.data = {'unwatched': stats.summary(ratios), 'watched': stats.summary(added)}
    figure.chart = {'kind': 'bars', 'unit': 'times; µs', 'bars': [
        {'label': row.name, 'value': row.value, 'text': row.measured} for row in figure.rows]}
    return figure


FIGURES = {
    'forbidden': forbidden,
    'open-cost': open_cost,
}
