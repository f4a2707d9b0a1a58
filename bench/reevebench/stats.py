# SPDX-License-Identifier: MIT
"""Medians and what they are worth. All resampling is seeded: the same samples, the same answer."""

import random
import statistics

median = statistics.median


def percentile(values, percent):
    """The nearest-rank percentile."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * percent / 100), len(ordered) - 1)]


def quartiles(values):
    return percentile(values, 25), percentile(values, 75)


def interval(values, draws=2000):
    """The bootstrap interval (95 %) of the median."""
    rng = random.Random(1)
    medians = sorted(median(rng.choices(values, k=len(values))) for _ in range(draws))
    return medians[int(draws * 0.025)], medians[int(draws * 0.975)]


def ratio_interval(above, below, draws=2000):
    """The bootstrap interval (95 %) of median(above) / median(below), drawn independently."""
    rng = random.Random(1)
    ratios = sorted(
        median(rng.choices(above, k=len(above))) / median(rng.choices(below, k=len(below)))
        for _ in range(draws))
    return ratios[int(draws * 0.025)], ratios[int(draws * 0.975)]


def summary(values):
    low, high = quartiles(values)
    return {'n': len(values), 'median': median(values), 'p25': low, 'p75': high,
            'p5': percentile(values, 5), 'p95': percentile(values, 95),
            'p99': percentile(values, 99), 'min': min(values), 'max': max(values)}
