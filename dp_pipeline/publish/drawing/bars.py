"""A bar for each round: goals of home teams filled, those of away teams hatched."""

from typing import Any

from dp_pipeline.pages.palette import light
from dp_pipeline.publish.drawing.sheet import SMALL, TEXT, DrawnChart, Sheet, finished, sheet
from dp_pipeline.publish.figures import GoalsChart
from dp_pipeline.publish.words import shortened, width

_TOP, _BOTTOM = 62.0, 40.0
_BAR, _ROW = 19.0, 24.0
_NAME_EMS = 26.0
_HATCH = "////"


def draw(chart: GoalsChart, attribution: str, most_bytes: int) -> DrawnChart:
    """The chart as files."""
    return (_standing if chart.stands else _lying)(chart, attribution, most_bytes)


def _standing(chart: GoalsChart, attribution: str, most_bytes: int) -> DrawnChart:
    wide, high = max(360.0, _BAR * len(chart.rounds)), 200.0
    size = (wide + 60, _TOP + high + _BOTTOM)
    with sheet(chart.about, attribution, *size) as made:
        axes = made.axes(40, _TOP, wide, high)
        xs = range(len(chart.rounds))
        home, away = [r.home for r in chart.rounds], [r.away for r in chart.rounds]
        axes.bar(xs, home, width=0.78, **_fill(home=True))
        axes.bar(xs, away, width=0.78, bottom=home, **_fill(home=False))
        axes.set_xlim(-0.6, len(chart.rounds) - 0.4)
        axes.set_ylim(0, max(1, *(r.home + r.away for r in chart.rounds)) * 1.08)
        every = max(1, -(-len(chart.rounds) // 50))
        shown = list(xs)[::every]
        axes.set_xticks(shown, [chart.rounds[n].label for n in shown])
        axes.grid(visible=True, axis="y", color=light("rule"), linewidth=0.8)
        axes.set_axisbelow(True)
        for n, round_ in enumerate(chart.rounds):
            axes.text(
                n,
                round_.home + round_.away,
                str(round_.home + round_.away),
                ha="center",
                va="bottom",
                fontsize=SMALL,
                color=light("ink"),
            )
        _key(made, chart)
        made.text(40 + wide / 2, size[1] - 8, "matchday", ha="center", color=light("soft"))
        return finished(made, most_bytes)


def _lying(chart: GoalsChart, attribution: str, most_bytes: int) -> DrawnChart:
    labels = [shortened(round_.label, _NAME_EMS) for round_ in chart.rounds]
    said = [f"{r.home + r.away}, {r.average:.1f} a match" for r in chart.rounds]
    names = max(map(width, labels)) * TEXT + 16
    wide, high = 340.0, _ROW * len(chart.rounds)
    size = (names + wide + 140, _TOP + high + 12)
    with sheet(chart.about, attribution, *size, texts=labels) as made:
        axes = made.axes(names, _TOP, wide, high)
        ys = range(len(chart.rounds))
        home, away = [r.home for r in chart.rounds], [r.away for r in chart.rounds]
        most = max(1, *(r.home + r.away for r in chart.rounds))
        axes.barh(ys, home, height=0.7, **_fill(home=True))
        axes.barh(ys, away, height=0.7, left=home, **_fill(home=False))
        axes.set_ylim(len(chart.rounds) - 0.5, -0.5)
        axes.set_xlim(0, most)
        axes.set_xticks([])
        axes.set_yticks([])
        for n, round_ in enumerate(chart.rounds):
            y = _TOP + _ROW * (n + 0.5)
            made.text(names - 8, y, labels[n], ha="right")
            made.text(names + wide * (round_.home + round_.away) / most + 6, y, said[n])
        _key(made, chart)
        return finished(made, most_bytes)


def _fill(*, home: bool) -> dict[str, Any]:
    if home:
        return {"facecolor": light("first"), "edgecolor": light("first"), "linewidth": 0.8}
    return {
        "facecolor": light("paper"),
        "edgecolor": light("first"),
        "linewidth": 0.8,
        "hatch": _HATCH,
    }


def _key(made: Sheet, chart: GoalsChart) -> None:
    """What filled and hatched stand for, and the average."""
    x = 12.0
    for home, said in ((True, "home teams"), (False, "away teams")):
        made.box(x, 37, 16, 10, **_fill(home=home))
        made.text(x + 21, 42, said, fontsize=TEXT - 1)
        x += 32 + width(said) * (TEXT - 1)
    made.text(x, 42, f"{chart.average:.2f} goals a match", fontsize=TEXT - 1, color=light("soft"))
