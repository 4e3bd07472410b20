"""Lines over matchdays, each named at its end; the first ones differ by more than colour."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dp_pipeline.pages.palette import HIGHLIGHTS, light
from dp_pipeline.publish.drawing.sheet import TEXT, DrawnChart, finished, sheet
from dp_pipeline.publish.figures import LineChart, TeamLine
from dp_pipeline.publish.words import shortened, width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STYLES = (("-", "o"), ((0, (6, 2)), "s"), ((0, (2, 1.5)), "^"), ((0, (7, 2, 1.5, 2)), "D"))
"""Strokes and marks of the highlighted lines, by rank: what tells them apart without colour."""
NAME_EMS = 19.0
_TOP, _BOTTOM, _LEFT = 40.0, 44.0, 34.0
_ROW, _STEP = 17.0, 20.0
_LEAST_WIDE, _MOST_WIDE = 300.0, 800.0
_MOST_MARKS = 24
_ALL_PLACES = 12


def draw(chart: LineChart, attribution: str, most_bytes: int) -> DrawnChart:
    """The chart as files."""
    labels = [f"{line.values[-1]} {shortened(line.label, NAME_EMS)}" for line in chart.lines]
    names = max(map(width, labels), default=0) * TEXT + 24
    days = len(chart.matchdays)
    wide = min(max(_LEAST_WIDE, _STEP * (days - 1)), _MOST_WIDE)
    high = max(220.0, _ROW * (len(chart.lines) - 1) + 8)
    whole = (_LEFT + 12 + wide + names, _TOP + high + _BOTTOM)
    with sheet(chart.about, attribution, *whole, texts=labels) as made:
        axes = made.axes(_LEFT, _TOP, wide, high)
        low, top = _range(chart)
        axes.set_xlim(0, max(1, days - 1))
        axes.set_ylim(low, top)
        _numbered(axes, chart)
        for line in reversed(chart.lines):
            _draw_line(axes, line, days)
        ends = [(line.values[-1] or 0) for line in chart.lines]
        at = [_TOP + high * (1 - (end - low) / (top - low)) for end in ends]
        for line, label, y, end in zip(
            chart.lines, labels, spread(at, TEXT + 3, _TOP, _TOP + high), at, strict=True
        ):
            x = _LEFT + wide
            made.stroke((x + 7, end), (x + 16, y), linewidth=0.6)
            bold = {"weight": "bold", "color": _colour(line)} if line.highlight is not None else {}
            made.text(x + 19, y, label, **bold)
        said = f"{chart.axis.partition(' ')[0]} after matchday {chart.axis.partition(' ')[2]}"
        made.text(_LEFT, _TOP + high + 34, said, color=light("soft"))
        return finished(made, most_bytes)


def _range(chart: LineChart) -> tuple[float, float]:
    """The values at the lower and the upper edge."""
    values = [value for line in chart.lines for value in line.values if value is not None]
    low, high = min(values), max(values)
    if chart.falls:
        return high + 0.3, low - 0.3
    return min(0, low) - 0.5, max(high, low + 1) + 0.5


def _numbered(axes: "Axes", chart: LineChart) -> None:
    every = max(1, -(-len(chart.matchdays) // 20))
    last = len(chart.matchdays) - 1
    shown = [*(n for n in range(0, last, every) if last - n >= every), last]
    axes.set_xticks(shown, [chart.matchdays[n] for n in shown])
    if chart.falls:
        every = 1 if len(chart.lines) <= _ALL_PLACES else 2
        axes.set_yticks([1, *range(2, len(chart.lines) + 1, every)])
    axes.grid(visible=True, color=light("rule"), linewidth=0.8)
    axes.set_axisbelow(True)


def _draw_line(axes: "Axes", line: TeamLine, days: int) -> None:
    ys = [float("nan") if value is None else value for value in line.values]
    xs = range(len(line.values))
    if line.highlight is None:
        axes.plot(xs, ys, color=light("line"), linewidth=1.0, clip_on=False, zorder=2)
        axes.plot(xs[-1:], ys[-1:], marker="o", markersize=3, color=light("line"), clip_on=False)
        return
    stroke, mark = STYLES[line.highlight % len(STYLES)]
    every = max(1, -(-days // _MOST_MARKS))
    axes.plot(
        xs,
        ys,
        color=_colour(line),
        linestyle=stroke,
        linewidth=3.0 if line.highlight == 0 else 2.0,
        marker=mark,
        markersize=5,
        markevery=every,
        markeredgecolor=light("paper"),
        markeredgewidth=0.6,
        clip_on=False,
        zorder=6 - line.highlight * 0.5,
    )


def _colour(line: TeamLine) -> str:
    return light(HIGHLIGHTS[(line.highlight or 0) % len(HIGHLIGHTS)])


def spread(places: Sequence[float], apart: float, low: float, high: float) -> list[float]:
    """Places at least so far apart, in the same order, moved as little as that takes.

    They stay between `low` and `high` where there is room.

    Args:
        places: of labels.
        apart: the least distance.
        low: the least place.
        high: the greatest place.
    """
    order = sorted(range(len(places)), key=lambda n: (places[n], n))
    blocks: list[list[float]] = []  # each the sum of the shifted places in it, and how many
    for n, index in enumerate(order):
        blocks.append([places[index] - n * apart, 1])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            total, count = blocks.pop()
            blocks[-1][0] += total
            blocks[-1][1] += count
    shifted = [total / count for total, count in blocks for _ in range(int(count))]
    room = high - (len(places) - 1) * apart
    moved = [max(low, min(max(room, low), each)) for each in shifted]
    result = [0.0] * len(places)
    for n, index in enumerate(order):
        result[index] = moved[n] + n * apart
    return result
