"""Figures of the installation itself: its parts, incidents, runs, providers, and what it stores."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import get_args

import sqlalchemy as sa
from dagster import DagsterRunStatus, RunsFilter

from dp_pipeline.database.tables.incidents import INCIDENT_KINDS
from dp_pipeline.http.circuit_table import FAILURES
from dp_pipeline.http.health import State, read_health
from dp_pipeline.instance.health import heartbeats, installation_health
from dp_pipeline.instance.metrics.figure import (
    Figure,
    FigureSource,
    Observed,
    Reading,
    Sample,
    database_source,
)
from dp_pipeline.providers.registry import roots

UP = Figure("up", "gauge", "1 while the part works: database, daemon, delivery.", ("part",))
SILENCE = Figure(
    "part_silence_seconds",
    "gauge",
    "How long ago the daemon reported last, and a delivery of messages ended last.",
    ("part",),
)
INCIDENTS = Figure("incidents_open", "gauge", "Open incidents, by kind.", ("kind",))
DAEMON = Figure(
    "daemon_silence_seconds",
    "gauge",
    "How long ago each part of Dagster's daemon reported last.",
    ("daemon",),
)
RUNS = Figure("runs", "gauge", "Runs of Dagster that are not over, by status.", ("status",))
QUEUE = Figure("queue_oldest_seconds", "gauge", "How long the oldest queued run has waited.")
ANSWERS = Figure(
    "provider_answers",
    "gauge",
    "1 while the provider answers, as far as is known; 0 while it does not.",
    ("provider",),
)
CIRCUIT = Figure(
    "provider_circuit",
    "gauge",
    "1 for the state that the provider's circuit is in: closed, half-open, open.",
    ("provider", "state"),
)
REQUESTS = Figure("provider_requests_total", "counter", "Requests that were sent.", ("provider",))
REQUEST_SECONDS = Figure(
    "provider_request_seconds_total", "counter", "Time that these requests took.", ("provider",)
)
FAILED = Figure(
    "provider_failures_total",
    "counter",
    "Requests that failed: blocked, rate_limited, server_error, network.",
    ("provider", "kind"),
)
DATABASE_BYTES = Figure("database_bytes", "gauge", "Size of the database.")
TABLE_BYTES = Figure(
    "table_bytes", "gauge", "Size of a table with its indexes, of the ten largest.", ("table",)
)
ARCHIVE_BYTES = Figure(
    "archive_bytes", "gauge", "Size of the archived payloads in the object store, compressed."
)

_WAITING = (
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
)
_HOURS = sa.text(f"""
SELECT provider, sum(requests) AS requests, sum(seconds) AS seconds,
    {", ".join(f"sum({kind}) AS {kind}" for kind in FAILURES)}
FROM provider_hour GROUP BY provider
""")  # noqa: S608 - names of columns
_SIZES = sa.text("""
SELECT relname, pg_total_relation_size(oid) AS bytes FROM pg_class
WHERE relkind = 'r' AND relnamespace = CAST(current_schema() AS regnamespace)
ORDER BY bytes DESC LIMIT 10
""")


def _parts(observed: Observed) -> Reading:
    health = installation_health(observed.database, observed.dagster)
    samples = [UP.of(part.works, part.name) for part in health.parts]
    samples += [SILENCE.of(p.seconds, p.name) for p in health.parts if p.seconds is not None]
    if health.parts[0].works:
        samples += [INCIDENTS.of(health.incidents.get(kind, 0), kind) for kind in INCIDENT_KINDS]
    return Reading(samples)


def _runs(observed: Observed) -> Reading:
    instance, now = observed.dagster(), datetime.now(UTC)
    samples = [
        DAEMON.of(max(now.timestamp() - at, 0.0), name) for name, at in heartbeats(instance).items()
    ]
    for status in _WAITING:
        number = instance.get_runs_count(RunsFilter(statuses=[status]))
        samples.append(RUNS.of(number, status.value.lower()))
    queued = RunsFilter(statuses=[DagsterRunStatus.QUEUED])
    oldest = instance.get_run_records(queued, limit=1, ascending=True)
    began = [record.create_timestamp.replace(tzinfo=UTC) for record in oldest]
    waited = max(((now - at).total_seconds() for at in began), default=0.0)
    return Reading([*samples, QUEUE.of(max(waited, 0.0))])


def _providers(connection: sa.Connection, observed: Observed) -> Iterator[Sample]:
    # Whatever their address: this process may have other settings than the runs.
    for health in read_health(connection, roots(observed.settings.base_urls), anywhere=True):
        yield ANSWERS.of(health.well, health.name)
        for state in get_args(State):
            yield CIRCUIT.of(health.state == state, health.name, state)
    for row in connection.execute(_HOURS):
        yield REQUESTS.of(row.requests, row.provider)
        yield REQUEST_SECONDS.of(row.seconds, row.provider)
        for kind in FAILURES:
            yield FAILED.of(getattr(row, kind), row.provider, kind)


def _sizes(connection: sa.Connection, _: Observed) -> Iterator[Sample]:
    size = sa.text("SELECT pg_database_size(current_database())")
    yield DATABASE_BYTES.of(connection.execute(size).scalar_one())
    for row in connection.execute(_SIZES):
        yield TABLE_BYTES.of(row.bytes, row.relname)
    stored = sa.text("SELECT coalesce(sum(stored_bytes), 0) FROM payload")
    yield ARCHIVE_BYTES.of(connection.execute(stored).scalar_one())


SOURCES = (
    FigureSource("parts", "database", 5, (UP, SILENCE, INCIDENTS), _parts),
    FigureSource("runs", "dagster", 5, (DAEMON, RUNS, QUEUE), _runs),
    database_source(
        "providers", 5, (ANSWERS, CIRCUIT, REQUESTS, REQUEST_SECONDS, FAILED), _providers
    ),
    database_source("sizes", 300, (DATABASE_BYTES, TABLE_BYTES, ARCHIVE_BYTES), _sizes),
)
