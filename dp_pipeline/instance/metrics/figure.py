"""What a figure is, and a source of figures: one reading of the database or Dagster's storage."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa
from dagster import DagsterInstance

from dp_pipeline.database.database import Database
from dp_pipeline.settings import Settings

PREFIX = "dp_pipeline_"
STATEMENT_SECONDS = 4
"""How long the database may take for a source: Prometheus waits 10 s for all of them."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number that is watched, or one for each value of its labels.

    Args:
        name: without the prefix, with its unit.
        kind: gauge: what is the case now; counter: it only grows, or begins anew at 0.
        description: a sentence.
        labels: by what it is told apart; each has few values.
    """

    name: str
    kind: Literal["gauge", "counter"]
    description: str
    labels: tuple[str, ...] = ()

    @property
    def exposed(self) -> str:
        """Its name as Prometheus knows it."""
        return f"{PREFIX}{self.name}"

    def of(self, number: float, *values: str) -> "Sample":
        """A number of it."""
        return Sample(self, values, float(number))


@dataclass(frozen=True, slots=True)
class Sample:
    """One number of a figure, for one value of each label."""

    figure: Figure
    values: tuple[str, ...]
    number: float


@dataclass(frozen=True, slots=True)
class Reading:
    """The samples of one reading.

    Args:
        samples: in any order.
        since: since when counters count; another value says that they began anew.
    """

    samples: Sequence[Sample]
    since: object = None


@dataclass(frozen=True, slots=True)
class Observed:
    """What figures are read of.

    Args:
        settings: of the environment.
        database: opens the database.
        dagster: gives Dagster's instance, which stays open.
        stopped: the competitions, as (provider, competition), that nothing reads by itself.
    """

    settings: Settings
    database: Callable[[], Database]
    dagster: Callable[[], DagsterInstance]
    stopped: Callable[[sa.Connection], Collection[tuple[str, str]]] = lambda _: ()


@dataclass(frozen=True, slots=True)
class FigureSource:
    """Figures that are read together.

    Args:
        name: of the source.
        of: what it needs; when that is away, no other source that needs it is tried.
        seconds: how long a reading is as good as a new one.
        figures: what it reads.
        read: does it; raises what it likes.
    """

    name: str
    of: Literal["database", "dagster"]
    seconds: float
    figures: tuple[Figure, ...]
    read: Callable[[Observed], Reading]


def database_source(
    name: str,
    seconds: float,
    figures: tuple[Figure, ...],
    samples: Callable[[sa.Connection, Observed], Iterable[Sample]],
) -> FigureSource:
    """A source whose samples one transaction gives that writes nothing and takes bounded time."""

    def read(observed: Observed) -> Reading:
        with observed.database().transaction() as connection:
            bounded(connection)
            return Reading(list(samples(connection, observed)))

    return FigureSource(name, "database", seconds, figures, read)


def bounded(connection: sa.Connection) -> None:
    """Let a transaction write nothing, and each of its statements end in time."""
    connection.execute(sa.text("SET TRANSACTION READ ONLY"))
    connection.execute(sa.text(f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'"))
