# SPDX-License-Identifier: MIT
"""Runs bench-storm, and alternates windows of it with conditions."""

import collections
import json
import random
import subprocess
import time

Pair = collections.namedtuple('Pair', 'before inside after')


def run(work, commands, count, cpu=None, block=50, gap_ms=0, warm=0, samples=False):
    """Runs each command (a list) `count` times, taking turns; returns one result a command."""
    return finish(start(work, commands, count, cpu, block, gap_ms, warm, samples))


def start(work, commands, count, cpu=None, block=50, gap_ms=0, warm=0, samples=False):
    arguments = [str(work.program('storm')), '--count', str(count), '--block', str(block),
                 '--gap-ms', str(gap_ms), '--warm', str(warm)]
    arguments += ['--cpu', str(cpu)] if cpu is not None else []
    arguments += ['--samples'] if samples else []
    for command in commands:
        arguments += ['--', *command]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE)


def finish(process):
    output, _ = process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f'bench-storm ended with {process.returncode}')
    programs = json.loads(output)['programs']
    for program in programs:
        if program['not_executed']:
            raise RuntimeError(f"{program['program']} could not be executed "
                               f"{program['not_executed']} times")
    return programs


def bracketed(conditions, window, rounds, enough=None, progress=None, seconds=None):
    """Alternates windows without and with each condition: none A none B none, in random order.

    `conditions` is {name: function(round) -> context manager}, `window(round)` returns {metric:
    number}. Returns {name: [Pair]}; a pair's baseline is the mean of the windows on both sides.
    Stops early when `enough(pairs)` says so, and after so many seconds in any case.
    """
    begun = time.monotonic()
    rng = random.Random(2)
    pairs = {name: [] for name in conditions}
    for number in range(rounds):
        names = list(conditions)
        rng.shuffle(names)
        before = window(number)
        for name in names:
            with conditions[name](number):
                inside = window(number)
            after = window(number)
            pairs[name].append(Pair(before, inside, after))
            before = after
        if progress:
            progress(number + 1, rounds)
        if enough and enough(pairs):
            break
        if seconds and time.monotonic() > begun + seconds:
            break
    return pairs


def baseline(pair, metric):
    return (pair.before[metric] + pair.after[metric]) / 2


def added(pairs, metric):
    return [pair.inside[metric] - baseline(pair, metric) for pair in pairs]


def ratios(pairs, metric):
    return [pair.inside[metric] / baseline(pair, metric) for pair in pairs]
