# SPDX-License-Identifier: MIT
"""Small charts as SVG text: horizontal bars or boxes, a goal line, every value in figures."""

import math
from xml.sax.saxutils import escape

WIDTH, LABELS, RIGHT = 890, 295, 205  # of the picture, of the names, of the values
ROW, TOP, BOTTOM = 38, 86, 56
INK, FAINT, GRID = '#1b1f24', '#57606a', '#d8dee4'
OURS, OTHER, GOAL = '#0b6bcb', '#9aa4b1', '#c2410c'
FONT = "font-family='DejaVu Sans, Verdana, Helvetica, Arial, sans-serif'"


class Scale:
    """Values to x positions; linear from `low`, or logarithmic."""

    def __init__(self, low, high, logarithmic=False):
        self.turn = math.log10 if logarithmic else float
        self.low, self.high = self.turn(low), self.turn(high)
        self.ticks = decades(low, high) if logarithmic else steps(low, high)

    def __call__(self, value):
        share = (self.turn(value) - self.low) / (self.high - self.low)
        return LABELS + max(0.0, min(1.0, share)) * (WIDTH - LABELS - RIGHT)


def steps(low, high):
    """Some five round tick values."""
    raw = (high - low) / 5
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * m for m in (1, 2, 5, 10) if size * m >= raw)
    first = math.ceil(low / step - 1e-9)
    return [n * step for n in range(first, math.floor(high / step + 1e-9) + 1)]


def decades(low, high):
    ticks = [m * 10.0 ** e for e in range(-1, 9) for m in (1, 2, 5)]
    return [tick for tick in ticks if low <= tick <= high]


def number(value):
    text = f'{value:.4f}'.rstrip('0').rstrip('.') if abs(value) < 100 else f'{value:,.0f}'
    return '0' if text in ('-0', '') else text


def text(x, y, words, size=13, colour=INK, anchor='start', weight='normal'):
    return (f"<text x='{x:.1f}' y='{y:.1f}' {FONT} font-size='{size}' font-weight='{weight}' "
            f"fill='{colour}' text-anchor='{anchor}'>{escape(words)}</text>")


def line(x1, y1, x2, y2, colour, width=1.0, dash=''):
    more = f" stroke-dasharray='{dash}'" if dash else ''
    return (f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' stroke='{colour}' "
            f"stroke-width='{width}'{more}/>")


def box(x1, x2, y, height, colour, opacity=1.0):
    return (f"<rect x='{min(x1, x2):.1f}' y='{y:.1f}' width='{max(abs(x2 - x1), 1):.1f}' "
            f"height='{height}' rx='2' fill='{colour}' fill-opacity='{opacity}'/>")


def axis(scale, bottom, unit):
    for tick in scale.ticks:
        yield line(scale(tick), TOP - 8, scale(tick), bottom, GRID)
        yield text(scale(tick), bottom + 16, number(tick), 11, FAINT, 'middle')
    yield text((LABELS + WIDTH - RIGHT) / 2, bottom + 38, unit, 12, FAINT, 'middle')


def goal_mark(scale, goal, words, top, bottom):
    x = scale(goal)
    yield line(x, top, x, bottom, GOAL, 2, '5 3')
    if words:
        yield text(x, top - 5, words, 11, GOAL, 'middle' if x < WIDTH - RIGHT - 50 else 'end')


def bars_range(spec):
    values = [v for bar in spec['bars']
              for v in (bar['value'], bar.get('low'), bar.get('high'), bar.get('goal'))
              if v is not None]
    values += [spec['goal']] if spec.get('goal') is not None else []
    origin = spec.get('origin', 0)
    low, high = min(values + [origin]), max(values + [origin])
    margin = (high - low or 1) * 0.06
    return (low - margin if low < origin else low), spec.get('maximum', high + margin), origin


def draw_bars(spec):
    low, high, origin = bars_range(spec)
    scale = Scale(low, high)
    bottom = TOP + ROW * len(spec['bars'])
    yield from axis(scale, bottom, spec['unit'] + note_of(spec))
    for i, bar in enumerate(spec['bars']):
        y = TOP + ROW * i
        ours = bar.get('ours', bar['label'] == 'reeve')
        yield text(LABELS - 10, y + 21, bar['label'], 13, anchor='end')
        yield box(scale(origin), scale(bar['value']), y + 7, 20, OURS if ours else OTHER)
        if bar.get('low') is not None:
            yield from whisker(scale, bar['low'], bar['high'], y + 17)
        if bar.get('goal') is not None:
            yield from goal_mark(scale, bar['goal'], '', y + 2, y + 32)
        words = bar['text'] + (f", {bar['goal_text']}" if bar.get('goal_text') else '')
        yield text(WIDTH - RIGHT + 14, y + 21, words, 13, weight='bold' if ours else 'normal')
    yield line(scale(origin), TOP - 8, scale(origin), bottom, FAINT)
    if spec.get('goal') is not None:
        yield from goal_mark(scale, spec['goal'], spec['goal_text'], TOP - 8, bottom)


def note_of(spec):
    return f" (line: {spec['interval']})" if spec.get('interval') else ''


def whisker(scale, low, high, y):
    yield line(scale(low), y, scale(high), y, INK, 1.4)
    for end in (low, high):
        yield line(scale(end), y - 5, scale(end), y + 5, INK, 1.4)


def draw_boxes(spec):
    """Box: the middle half; line: 5 % to 95 %; dot: 99 %; stroke: the median."""
    boxes = spec['boxes']
    least, most = min(b['p5'] for b in boxes), max(b['p99'] for b in boxes)
    logarithmic = most > 20 * least
    scale = Scale(least * 0.8 if logarithmic else 0, most * 1.05, logarithmic)
    bottom = TOP + ROW * len(boxes)
    unit = spec['unit'] + ' (box: middle half; line: 5 to 95 %; dot: 99 %)'
    yield from axis(scale, bottom, unit)
    for i, b in enumerate(boxes):
        y, colour = TOP + ROW * i, OURS if b['label'].endswith('reeve') else OTHER
        yield text(LABELS - 10, y + 21, b['label'], 13, anchor='end')
        yield from whisker(scale, b['p5'], b['p95'], y + 17)
        yield box(scale(b['p25']), scale(b['p75']), y + 8, 18, colour)
        yield line(scale(b['median']), y + 5, scale(b['median']), y + 29, INK, 2.4)
        yield f"<circle cx='{scale(b['p99']):.1f}' cy='{y + 17}' r='3' fill='{INK}'/>"
        words = f"{duration(b['median'])}, 95 % {duration(b['p95'])}"
        yield text(WIDTH - RIGHT + 14, y + 21, words, 13)
        if b.get('goal') is not None:
            yield from goal_mark(scale, b['goal'], '', y + 2, y + 32)
    if any(b.get('goal') is not None for b in boxes):
        yield text(WIDTH - RIGHT, TOP - 13, spec['goal_text'], 11, GOAL, 'end')


def duration(value):
    return f'{value / 1000:.1f} ms' if value >= 1000 else f'{value:.0f} µs'


def draw(title, subtitle, spec):
    count = len(spec.get('bars') or spec['boxes'])
    height = TOP + ROW * count + BOTTOM
    parts = [f"<svg xmlns='http://www.w3.org/2000/svg' width='{WIDTH}' height='{height}' "
             f"viewBox='0 0 {WIDTH} {height}' role='img'>",
             f'<title>{escape(title)}</title>',
             f"<rect width='{WIDTH}' height='{height}' fill='#ffffff'/>",
             text(20, 28, title, 17, weight='bold'), text(20, 47, subtitle, 12, FAINT)]
    parts += draw_bars(spec) if spec['kind'] == 'bars' else draw_boxes(spec)
    return '\n'.join([*parts, '</svg>']) + '\n'
