# SPDX-License-Identifier: MIT
"""The page of `reeve web` with 10,000 groups and 1,000 events a second, in a headless Chromium."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

from .figures import Figure, collected
from .world import Unavailable

MEASURE = pathlib.Path(__file__).resolve().parents[2] / 'test/web/measure.py'
# A frame that comes later than this is felt as a stall.
STALL_MS = 200


def _measured(bench):
    program = bench.programs / 'reeve-web'
    if not os.access(program, os.X_OK):
        raise Unavailable(f'{program} is not there: build it first (make build)')
    if not shutil.which('chromium'):
        raise Unavailable('chromium is not installed')
    run = subprocess.run([sys.executable, str(MEASURE), str(program), str(bench.scale(20, 5))],
                         check=True, capture_output=True, text=True)
    return json.loads(run.stdout)


def page(bench):
    figure = Figure('The page, with 10,000 groups and 1,000 events a second')
    with collected(figure):
        found = _measured(bench)
        figure.data.update(found)
        figure.row('first paint, median of 5', f"{found['first_paint_ms']} ms", found['first_paint_ms'], 300, '≤ 300 ms',
                   f"[best {found['first_paint_best_ms']} ms]")
        figure.row('all of the page', f"{found['bytes'] / 1000:.0f} kB", found['bytes'] / 1000, 150, '≤ 150 kB')
        for view, text in (('groups', '10,000 groups, scrolled'), ('live', '1,000 events a second')):
            one = found[view]
            figure.row(f'{text}: longest wait for a frame', f"{one['longest_ms']:.0f} ms", one['longest_ms'], STALL_MS,
                       f'≤ {STALL_MS} ms', f"[99 % within {one['p99_ms']:.0f} ms]")
            figure.row(f"{text}: longest task of the page's thread", f"{one['longest_task_ms']:.0f} ms of a processor", one['longest_task_ms'],
                       STALL_MS, f'≤ {STALL_MS} ms')
            figure.row(f"{text}: the page's thread", f"{one['busy_percent']} % of a processor", one['busy_percent'], 50, '≤ 50 %')
        figure.row('reeve-web meanwhile', f"{found['web_processor_percent']} % of a processor, "
                   f"{found['web_resident_kib'] / 1024:.0f} MiB")
        if found['errors']:
            figure.problems.append(f"the browser's console says: {found['errors'][:3]}")
    return figure


FIGURES = {'web': page}
