"""Any chart as files."""

from dp_pipeline.publish.brackets import Bracket
from dp_pipeline.publish.drawing import bars, grids, lines, ties
from dp_pipeline.publish.drawing.sheet import DrawnChart
from dp_pipeline.publish.figures import Chart, GoalsChart, LineChart, ResultsGrid

MOST_BYTES = 32 * 1024
"""Of a PNG: several stand in the metadata of each materialization, as long as Dagster has it."""


def drawn(chart: Chart, attribution: str, most_bytes: int = MOST_BYTES) -> DrawnChart:
    """The chart as SVG and PNG, with the attribution at its foot.

    A grid is nothing but small text: it has no PNG.
    """
    match chart:
        case LineChart():
            return lines.draw(chart, attribution, most_bytes)
        case GoalsChart():
            return bars.draw(chart, attribution, most_bytes)
        case ResultsGrid():
            return grids.draw(chart, attribution)
        case Bracket():
            return ties.draw(chart, attribution, most_bytes)
