"""A grid of results: scores as text, and how the team of the row came off as the paper's colour."""

from dp_pipeline.pages.palette import light
from dp_pipeline.publish.drawing.sheet import SMALL, TEXT, DrawnChart, Sheet, finished, sheet
from dp_pipeline.publish.figures import Cell, ResultsGrid
from dp_pipeline.publish.words import shortened, width

NAME_EMS = 15.0
_TOP = 40.0
_LINE = 11.0
_MOST_WIDE_CELL = 110.0


def draw(grid: ResultsGrid, attribution: str) -> DrawnChart:
    """The grid as files."""
    rows = [shortened(name, NAME_EMS) for name in grid.rows]
    columns = [shortened(name, NAME_EMS) for name in grid.columns]
    lines = max(len(cell.lines) for cell in grid.cells.values())
    wide = max(width(line) for cell in grid.cells.values() for line in cell.lines) * SMALL + 8
    over = columns if not grid.upright else []
    wide = min(_MOST_WIDE_CELL, max([30.0, wide, *(width(each) * SMALL + 8 for each in over)]))
    high = max(21.0, _LINE * lines + 9)
    left = max(map(width, rows)) * TEXT + 18
    head = max(map(width, columns)) * SMALL + 12 if grid.upright else 22.0
    size = (left + wide * len(columns) + 14, _TOP + head + high * len(rows) + 14)
    size = (max(size[0], width(grid.about.title) * 15 + 24), size[1])
    with sheet(grid.about, attribution, *size, texts=[*rows, *columns, *_said(grid)]) as made:
        for n, name in enumerate(columns):
            x, y = left + wide * (n + 0.5), _TOP + head - 6
            turn = 90 if grid.upright else 0
            made.text(
                x,
                y,
                name,
                fontsize=SMALL,
                ha="center",
                va="bottom",
                rotation=turn,
                color=light("soft"),
            )
        for n, name in enumerate(rows):
            made.text(left - 8, _TOP + head + high * (n + 0.5), name, ha="right")
        for (row, column), cell in sorted(grid.cells.items()):
            corner = (left + wide * column, _TOP + head + high * row)
            _draw_cell(made, cell, corner, (wide, high))
        if grid.upright:
            for n in range(min(len(rows), len(columns))):
                _field(made, (left + wide * n, _TOP + head + high * n), (wide, high), "rule")
        return finished(made, 0)


def _said(grid: ResultsGrid) -> list[str]:
    return [line for cell in grid.cells.values() for line in cell.lines]


def _draw_cell(
    made: Sheet, cell: Cell, corner: tuple[float, float], size: tuple[float, float]
) -> None:
    _field(made, corner, size, cell.outcome)
    middle = corner[1] + size[1] / 2
    for n, line in enumerate(cell.lines):
        y = middle + _LINE * (n - (len(cell.lines) - 1) / 2)
        said = shortened(line, (size[0] - 4) / SMALL)
        bold = {"weight": "bold"} if cell.outcome == "won" and n == 0 else {}
        made.text(corner[0] + size[0] / 2, y, said, fontsize=SMALL, ha="center", **bold)


def _field(made: Sheet, corner: tuple[float, float], size: tuple[float, float], use: str) -> None:
    made.box(
        corner[0] + 1,
        corner[1] + 1,
        size[0] - 2,
        size[1] - 2,
        facecolor=light(use),
        edgecolor="none",
    )
