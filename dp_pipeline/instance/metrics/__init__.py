"""Metrics: figures that exist in the database and in Dagster's storage, for Prometheus to collect.

figure       what a figure is, and a source of figures
executions   those of the ledger
state        those of the installation, its runs, providers and size
data         those of the stored data
exposition   the figures as Prometheus reads them, each source read anew when its reading is old
server       /metrics and /healthz over HTTP

A new figure is a value and a sample in its source: dashboard, alerts and docs are held to `FIGURES`
by a test.
"""

from dp_pipeline.instance.metrics import data, executions, state
from dp_pipeline.instance.metrics.figure import Figure, FigureSource

__all__ = ["FIGURES", "SOURCES", "SOURCE_SECONDS", "SOURCE_UP"]

SOURCES: tuple[FigureSource, ...] = (*state.SOURCES, *executions.SOURCES, *data.SOURCES)
"""All sources, in the order in which they are read."""
SOURCE_UP = Figure(
    "source_up", "gauge", "1 while these figures could be read; 0: they are left out.", ("source",)
)
SOURCE_SECONDS = Figure(
    "source_seconds", "gauge", "How long the last reading of these figures took.", ("source",)
)
FIGURES: tuple[Figure, ...] = (
    SOURCE_UP,
    SOURCE_SECONDS,
    *(figure for source in SOURCES for figure in source.figures),
)
"""All figures."""
