# SPDX-License-Identifier: MIT
"""What a match against many rules costs: runs bench-match, which measures inside one process."""

import json
import subprocess

from .figures import Figure, collected

GOAL_US = 2
# Those for which the issue is a promise of its own, in µs.
GOALS = {'users': 1, 'programs': 1, 'unix-groups': 1}
# All of them share one gram and differ in classes alone: shown, not promised.
HOSTILE = ('hostile-globs',)


def _run(bench, kinds):
    program = bench.work.program('match')
    options = ['--quick'] if bench.quick else []
    done = subprocess.run([str(program), *options, *kinds], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def rule_matching(bench):
    """p99 of one match, warm, for each kind of rule; cold beside it."""
    figure = Figure('a match against 10,000 rules, p99')
    bars = []
    with collected(figure):
        figure.data['rows'] = rows = _run(bench, [])
        for row in rows:
            if row['rules'] != 10000:
                continue
            kind = row['kind']
            goal = None if kind in HOSTILE else GOALS.get(kind, GOAL_US)
            warm = row['warm_p99'] / 1000
            figure.row(kind, f'{warm:.2f} µs', warm, goal, f'≤ {goal} µs' if goal else '',
                       f"p50 {row['warm_p50']} ns; cold {row['cold_p50'] / 1000:.1f} µs, "
                       f"p99 {row['cold_p99'] / 1000:.1f} µs; {row['matched']:.0%} match")
            if kind not in HOSTILE:
                bars.append({'label': kind, 'value': warm, 'ours': True, 'text': f'{warm:.2f} µs'})
    figure.chart = {'kind': 'bars', 'unit': 'µs, p99, 10,000 rules, warm', 'bars': bars}
    return figure


FIGURES = {'rule-matching': rule_matching}
