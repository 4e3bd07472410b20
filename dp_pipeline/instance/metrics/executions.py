"""Figures of the ledger: what executions came to, what is open, what waits to be told or stored."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import get_args

import sqlalchemy as sa

from dp_pipeline.domains.registry import REGISTERED
from dp_pipeline.instance.metrics.figure import (
    Figure,
    FigureSource,
    Observed,
    Reading,
    Sample,
    bounded,
    database_source,
)
from dp_pipeline.ledger.vocabulary import Outcome
from dp_pipeline.providers.registry import BY_NAME

OTHER = "other"
"""The provider of keys that name none: whatever somebody types as a key makes no label."""

_OF_PROVIDER = ("provider", "domain")
EXECUTIONS = Figure(
    "executions_total",
    "counter",
    "Executions that ended, by what they came to; counted anew each day at midnight UTC.",
    (*_OF_PROVIDER, "outcome"),
)
EXECUTION_SECONDS = Figure(
    "execution_seconds_total", "counter", "Time that these executions took.", _OF_PROVIDER
)
BYTES = Figure(
    "received_bytes_total",
    "counter",
    "Size of the bodies that came for these executions, uncompressed.",
    _OF_PROVIDER,
)
OPEN = Figure("executions_open", "gauge", "Executions that go on.")
OPEN_SECONDS = Figure(
    "executions_open_oldest_seconds", "gauge", "How long the oldest open execution has gone on."
)
MESSAGES = Figure(
    "messages_waiting",
    "gauge",
    "Ended executions that are not announced yet: of runs on their own, and of run groups, which "
    "are announced when all of the group is over.",
    ("of",),
)
MESSAGES_SECONDS = Figure(
    "messages_oldest_seconds", "gauge", "How long ago the oldest of them ended.", ("of",)
)
REPORTS = Figure("reports_waiting", "gauge", "Reports that the object store has not taken yet.")
REPORTS_SECONDS = Figure(
    "reports_oldest_seconds", "gauge", "How long the oldest of them has waited."
)

# Executions that ended today began today or, as none may take longer than two hours, yesterday: the
# index of days finds them, however large the ledger is.
_TODAY = sa.text("""
SELECT CASE WHEN split_part(tournament_key, ':', 1) = ANY(:providers)
        THEN split_part(tournament_key, ':', 1) ELSE :other END AS provider,
    domain, coalesce(outcome, 'none') AS outcome, count(*) AS executions,
    coalesce(sum(duration), 0) / 1000.0 AS seconds,
    coalesce(sum(CAST(summary ->> 'bytes' AS bigint)), 0) AS bytes
FROM data_provider_executions
WHERE CAST((started_at AT TIME ZONE 'UTC') AS date) >= CAST(:day AS date) - 1
    AND completed_at >= CAST(:day AS timestamp) AT TIME ZONE 'UTC' AND scope <> 'dry_run'
GROUP BY 1, 2, 3
""")
_WAITING = sa.text("""
WITH since AS (
    SELECT to_timestamp(CAST(value ->> 'announced_from' AS float8)) AS at
    FROM delivery_note WHERE name = 'state'
)
SELECT 'run' AS of, count(*) AS messages, min(completed_at) AS oldest
FROM data_provider_executions, since
WHERE announced_at IS NULL AND completed_at IS NOT NULL AND run_group IS NULL
    AND completed_at >= since.at
UNION ALL
SELECT 'run_group', count(*), min(completed_at)
FROM data_provider_executions, since
WHERE announced_at IS NULL AND completed_at IS NOT NULL AND run_group IS NOT NULL
    AND completed_at >= since.at
""")
_OPEN = sa.text(
    "SELECT count(*), min(started_at) FROM data_provider_executions WHERE status = 'in_progress'"
)
_REPORTS = sa.text("SELECT count(*), min(created_at) FROM execution_report")
_NOW = sa.select(sa.func.clock_timestamp())


def _ended(observed: Observed) -> Reading:
    with observed.database().transaction() as connection:
        bounded(connection)
        day = connection.scalar(sa.text("SELECT CAST((now() AT TIME ZONE 'UTC') AS date)"))
        known = {"providers": list(BY_NAME), "other": OTHER, "day": day}
        rows = connection.execute(_TODAY, known).all()
        providers = connection.scalars(sa.text("SELECT DISTINCT provider FROM tournament")).all()
    samples = _none_yet(providers)
    for row in rows:
        of = (row.provider, row.domain)
        for place, number in (
            ((EXECUTIONS, (*of, row.outcome)), row.executions),
            ((EXECUTION_SECONDS, of), row.seconds),
            ((BYTES, of), row.bytes),
        ):
            samples[place] = samples.get(place, 0.0) + float(number)
    return Reading([figure.of(number, *of) for (figure, of), number in samples.items()], day)


def _none_yet(providers: Sequence[str]) -> dict[tuple[Figure, tuple[str, ...]], float]:
    """A 0 for all that may come: of a series that begins with 1 Prometheus sees no increase."""
    places: list[tuple[Figure, tuple[str, ...]]] = []
    for of in product(providers, REGISTERED):
        places += [(EXECUTIONS, (*of, outcome)) for outcome in get_args(Outcome)]
        places += [(EXECUTION_SECONDS, of), (BYTES, of)]
    return dict.fromkeys(places, 0.0)


def _open(connection: sa.Connection, _: Observed) -> Iterator[Sample]:
    now = connection.execute(_NOW).scalar_one()
    for count, seconds, statement in (
        (OPEN, OPEN_SECONDS, _OPEN),
        (REPORTS, REPORTS_SECONDS, _REPORTS),
    ):
        number, oldest = connection.execute(statement).one()
        yield count.of(number)
        yield seconds.of((now - oldest).total_seconds() if oldest else 0)
    for row in connection.execute(_WAITING):
        yield MESSAGES.of(row.messages, row.of)
        ago = (now - row.oldest).total_seconds() if row.oldest else 0
        yield MESSAGES_SECONDS.of(ago, row.of)


SOURCES = (
    FigureSource("ended", "database", 60, (EXECUTIONS, EXECUTION_SECONDS, BYTES), _ended),
    database_source(
        "open",
        5,
        (OPEN, OPEN_SECONDS, MESSAGES, MESSAGES_SECONDS, REPORTS, REPORTS_SECONDS),
        _open,
    ),
)
