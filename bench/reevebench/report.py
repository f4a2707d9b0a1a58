# SPDX-License-Identifier: MIT
"""The aligned table, results.json, and one SVG a figure."""

import dataclasses
import json
import os
import pathlib
import platform
import time

from . import chart

HEADINGS = ('figure', 'measured', 'goal', 'met', 'spread')
MET = {True: 'yes', False: 'NO', None: ''}


def machine():
    model = [line.partition(':')[2].strip()
             for line in pathlib.Path('/proc/cpuinfo').read_text().splitlines()
             if line.startswith('model name')]
    return {'kernel': platform.release(), 'processors': os.cpu_count(),
            'processor': model[0] if model else platform.machine(),
            'load_at_start': os.getloadavg()[0],
            'favordynmods_at_start': 'favordynmods' in pathlib.Path('/proc/mounts').read_text(),
            'date': time.strftime('%Y-%m-%d')}


def lines_of(figures):
    """Table lines; a figure's title is a line of its own."""
    for figure in figures:
        yield (figure.title, '', '', '', '')
        for row in figure.rows:
            yield (f'  {row.name}', row.measured, row.goal_text or '', MET[row.met], row.spread)


def print_table(figures):
    lines = list(lines_of(figures))
    widths = [max(len(line[i]) for line in [HEADINGS, *lines]) for i in range(4)]
    for line in [HEADINGS, *lines]:
        print('  '.join([*(cell.ljust(width) for cell, width in zip(line, widths)),
                         line[4]]).rstrip())
    for figure in figures:
        for text in figure.notes:
            print(f'note: {figure.title}: {text}')


def print_problems(figures):
    """Says what could not run. Returns whether there was anything."""
    problems = dict.fromkeys((f.title, text) for f in figures for text in f.problems)
    for title, text in problems:
        print(f'could not run: {title}: {text}')
    return bool(problems)


def write(folder, figures, facts):
    """`figures` is {name: Figure}; results of figures not made this time are kept."""
    target = folder / 'results.json'
    results = json.loads(target.read_text()) if target.exists() else {}
    for name, figure in figures.items():
        rows = [dict(dataclasses.asdict(row), met=row.met) for row in figure.rows]
        results[name] = {'title': figure.title, 'machine': facts, 'rows': rows,
                         'notes': figure.notes, 'problems': figure.problems, 'data': figure.data}
        if figure.chart and (figure.chart.get('bars') or figure.chart.get('boxes')):
            subtitle = (f"Linux {facts['kernel']}, {facts['processors']} processors, "
                        f"{facts['date']}")
            (folder / f'{name}.svg').write_text(chart.draw(figure.title, subtitle, figure.chart))
    target.write_text(json.dumps(results, indent=1, ensure_ascii=False) + '\n')


def print_markdown(folder):
    """The last results as the tables of docs/performance.md."""
    results = json.loads((folder / 'results.json').read_text())
    for result in results.values():
        print(f"\n**{result['title']}** ({result['machine']['date']})\n")
        print('| | measured | goal | met | spread |\n|---|---|---|---|---|')
        for row in result['rows']:
            cells = (row['name'], row['measured'], row['goal_text'] or '', MET[row['met']],
                     row['spread'])
            print('| ' + ' | '.join(cell.strip() for cell in cells) + ' |')
