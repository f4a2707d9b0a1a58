# SPDX-License-Identifier: MIT
"""The figures of sinks: from the spool to a Kafka broker (librdkafka's mock, which reads all of it back
and counts different numbers), and what an outage with a kill in the middle leaves.
"""

import json
import shutil
import signal
import subprocess
import time

from .figures import Figure, collected
from .world import Unavailable

MEGABYTE = 1 << 20
RATE = 12500  # events a second of the outage
GOALS = {'rate': 100000, 'processor': 3, 'memory': 16}
PATIENCE = 240


class Broker:
    """test/programs/kafka-broker.c with a topic, and a spool's folder of its own."""

    def __init__(self, bench):
        program = bench.build / 'test' / 'programs' / 'e2e-kafka-broker'
        if not program.exists():
            raise Unavailable(f'{program} is not built')
        self.exporter = str(bench.work.program('export'))
        self.folder = bench.work.path / 'export'
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        self.process = subprocess.Popen([str(program), 'events', str(self.folder / 'address'), 'distinct'],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        deadline = time.monotonic() + PATIENCE
        while not (self.folder / 'address').exists() or not (self.folder / 'address').read_text():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError('the broker does not start')
            time.sleep(0.02)
        self.address = (self.folder / 'address').read_text().strip()

    def __enter__(self):
        return self

    def __exit__(self, *details):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def say(self, line):
        self.process.stdin.write(line + '\n')
        return self.process.stdout.readline()

    def read(self, wanted):
        """Messages, different numbers, lost: once so many have been read, or nothing comes any more."""
        before, quiet = -1, 0
        while quiet < 20:
            words = self.say('read').split()
            numbers = {name: int(value) for value, name in zip(words[::2], words[1::2])}
            if numbers['distinct'] >= wanted:
                break
            quiet = quiet + 1 if numbers['messages'] == before else 0
            before = numbers['messages']
            time.sleep(0.1)
        return numbers

    def export(self, count, rate):
        return subprocess.Popen([self.exporter, str(self.folder / 'spool'), self.address, 'events', str(count),
                                 str(rate)], stdout=subprocess.PIPE, text=True)


def _result(process):
    out, _ = process.communicate(timeout=PATIENCE)
    if process.returncode != 0:
        raise RuntimeError(f'bench-export ended with {process.returncode}')
    return json.loads(out)


def export_rate(bench):
    """All that a spool holds to a broker, as fast as it can."""
    figure = Figure('from the spool to a Kafka broker')
    count = bench.scale(1000000, 50000)
    with collected(figure), Broker(bench) as broker:
        result = _result(broker.export(count, 0))
        read = broker.read(count)
        rate = result['delivered'] / result['seconds']
        cost = result['processor'] / result['delivered'] * 1e6
        memory = (result['peak'] - result['idle']) / MEGABYTE
        figure.data |= {'result': result, 'read': read}
        figure.row('events a second', f'{rate:,.0f}', rate, GOALS['rate'], f"≥ {GOALS['rate']:,}",
                   f"{read['distinct']:,} of {count:,} read back", at_least=True)
        figure.row('processor, all threads', f'{cost:.2f} µs', cost, GOALS['processor'],
                   f"≤ {GOALS['processor']} µs", 'an event, reading and checking the spool included')
        figure.row('memory above idle', f'{memory:.1f} MB', memory, GOALS['memory'], f"≤ {GOALS['memory']} MB", '')
        figure.chart = {'kind': 'bars', 'unit': 'events a second',
                        'bars': [{'label': 'reeve', 'value': rate, 'ours': True, 'text': f'{rate:,.0f}'}]}
    return figure


def export_outage(bench):
    """Events all the while: the broker goes, the exporter is killed, goes on, and the broker comes back."""
    figure = Figure('Kafka: an outage and a kill in the middle')
    count, away = bench.scale(1000000, 40000), bench.scale(60, 2)
    with collected(figure), Broker(bench) as broker:
        running = broker.export(count, RATE)
        time.sleep(bench.scale(5, 0.5))
        broker.say('down')
        time.sleep(away / 2)
        running.send_signal(signal.SIGKILL)
        running.wait()
        running = broker.export(count, RATE)
        time.sleep(away / 2)
        broker.say('up')
        result = _result(running)
        read = broker.read(count)
        memory = (result['peak'] - result['idle']) / MEGABYTE
        figure.data |= {'result': result, 'read': read, 'away_seconds': away}
        twice = read['messages'] - read['distinct']
        figure.row(f'{away} s away, kill -9', f"{read['distinct']:,} of {count:,}", read['distinct'], count,
                   f'{count:,}', f"different numbers read back; {twice:,} twice; {read['lost']:,} told as lost",
                   at_least=True)
        figure.row('memory above idle', f'{memory:.1f} MB', memory, GOALS['memory'], f"≤ {GOALS['memory']} MB", '')
        figure.chart = {'kind': 'bars', 'unit': f'events of {count:,}', 'goal': count, 'maximum': count,
                        'goal_text': f'goal: {count:,}',
                        'bars': [{'label': 'reeve', 'value': read['distinct'], 'ours': True,
                                  'text': f"{read['distinct']:,}"}]}
    return figure


FIGURES = {'export-rate': export_rate, 'export-outage': export_outage}
