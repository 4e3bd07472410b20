"""A bracket: boxes of two lines, who went on in bold with a mark, joined where winners meet."""

from dp_pipeline.pages.palette import light
from dp_pipeline.publish.brackets import Bracket, TieBox
from dp_pipeline.publish.drawing.sheet import SMALL, TEXT, DrawnChart, Sheet, finished, sheet
from dp_pipeline.publish.words import shortened, width

NAME_EMS = 16.0
WON = "▸"
_TOP, _HEAD = 40.0, 22.0
_BOX, _GAP, _ROW = 38.0, 30.0, 54.0


def draw(bracket: Bracket, attribution: str, most_bytes: int) -> DrawnChart:
    """The bracket as files."""
    boxes = [box for column in bracket.columns for box in column.boxes]
    names = [shortened(team, NAME_EMS) for box in boxes for team in box.teams]
    goals = max(width(each) for box in boxes for each in box.goals)
    wide = (max(map(width, names)) + goals + 1) * TEXT + 24
    labels = [column.label for column in bracket.columns]
    size = (
        24 + len(labels) * (wide + _GAP) - _GAP,
        _TOP + _HEAD + bracket.height * _ROW + 8,
    )
    size = (max(size[0], width(bracket.about.title) * 15 + 24), size[1])
    with sheet(bracket.about, attribution, *size, texts=[*names, *labels]) as made:
        for n, column in enumerate(bracket.columns):
            left = 12 + n * (wide + _GAP)
            made.text(
                left,
                _TOP + 10,
                shortened(column.label, wide / TEXT),
                color=light("soft"),
                weight="bold",
            )
            before = bracket.columns[n - 1].boxes if n else ()
            for box in column.boxes:
                for place in box.follows:
                    y, middle = _y(before[place]), left - _GAP / 2
                    corners = (middle, y), (middle, _y(box))
                    made.stroke((left - _GAP, y), *corners, (left, _y(box)), linewidth=1.0)
                _draw_box(made, box, left, wide)
        return finished(made, most_bytes)


def _y(box: TieBox) -> float:
    return _TOP + _HEAD + (box.row + 0.5) * _ROW


def _draw_box(made: Sheet, box: TieBox, left: float, wide: float) -> None:
    top = _y(box) - _BOX / 2
    look = {"facecolor": light("drawn"), "edgecolor": light("line"), "linewidth": 0.8}
    made.box(left, top, wide, _BOX, **look)
    if box.label:
        made.text(left, top - 6, box.label, fontsize=SMALL, color=light("soft"))
    for n, (team, goals) in enumerate(zip(box.teams, box.goals, strict=True)):
        y = top + _BOX * (0.27 + 0.46 * n)
        bold = {"weight": "bold"} if box.winner == n else {}
        if bold:
            made.text(left + 3, y, WON)
        made.text(left + 15, y, shortened(team, NAME_EMS), **bold)
        made.text(left + wide - 6, y, goals, ha="right", **bold)
