"""Figures of the stored data: how old it is by tournament, and what is wrong or doubtful of it."""

from collections.abc import Iterator
from typing import get_args

import sqlalchemy as sa

from dp_pipeline.database.removed import removed_keys
from dp_pipeline.football.key import MalformedKeyError, TournamentKey
from dp_pipeline.football.models import TournamentStatus
from dp_pipeline.instance.metrics.figure import Figure, Observed, Sample, database_source

MOST_TOURNAMENTS = 200
"""Those whose data is oldest have a time series each; 40,000 would be too many for Prometheus."""

FINDINGS = Figure(
    "findings_open",
    "gauge",
    "What the last whole reads found wrong (ERROR) or doubtful (WARN).",
    ("domain", "severity"),
)
CHECKS = Figure(
    "checks_failing",
    "gauge",
    "Tournaments of which a check of the data fails.",
    ("check", "severity"),
)
TOURNAMENTS = Figure("tournaments", "gauge", "Stored tournaments, by status.", ("status",))
READ = Figure(
    "tournaments_kept_current",
    "gauge",
    "Active tournaments that are read by themselves: those whose data has an age here.",
)
OLDEST = Figure("data_oldest_seconds", "gauge", "How old the oldest data of these is.")
AGE = Figure(
    "tournament_data_age_seconds",
    "gauge",
    "How long ago the matches of an active tournament were last read whole or in part, and all "
    f"went well; of the {MOST_TOURNAMENTS} for which it is longest.",
    ("tournament",),
)

# By the index of completed executions, as `dp tournaments` does it.
_AGES = sa.text("""
SELECT tournament.key, extract(epoch FROM clock_timestamp() - coalesce(
    greatest(whole.at, part.at), tournament.created_at)) AS seconds
FROM tournament
LEFT JOIN LATERAL (
    SELECT max(completed_at) AS at FROM data_provider_executions AS e
    WHERE e.tournament_key = tournament.key AND e.domain = 'matches' AND e.scope = 'whole'
        AND e.status = 'completed'
) AS whole ON true
LEFT JOIN LATERAL (
    SELECT max(completed_at) AS at FROM data_provider_executions AS e
    WHERE e.tournament_key = tournament.key AND e.domain = 'matches' AND e.scope = 'part'
        AND e.status = 'completed'
) AS part ON true
WHERE tournament.status = 'active'
ORDER BY seconds DESC, tournament.key
""")
_STATUSES = sa.text("SELECT status, count(*) AS tournaments FROM tournament GROUP BY status")
_FINDINGS = sa.text(
    "SELECT domain, severity, count(*) FROM finding GROUP BY domain, severity ORDER BY 1, 2"
)
_CHECKS = sa.text(
    "SELECT name, severity, count(*) FROM data_check WHERE NOT passed GROUP BY 1, 2 ORDER BY 1, 2"
)


def _data(connection: sa.Connection, observed: Observed) -> Iterator[Sample]:
    counted = {row.status: row.tournaments for row in connection.execute(_STATUSES)}
    for status in get_args(TournamentStatus):
        yield TOURNAMENTS.of(counted.get(status, 0), status)
    for domain, severity, count in connection.execute(_FINDINGS):
        yield FINDINGS.of(count, domain, severity)
    for check, severity, count in connection.execute(_CHECKS):
        yield CHECKS.of(count, check, severity)
    stopped, removed = set(observed.stopped(connection)), removed_keys(connection)
    ages = [
        (row.key, max(float(row.seconds), 0.0))
        for row in connection.execute(_AGES)
        if row.key not in removed and _competition(row.key) not in stopped
    ]
    yield READ.of(len(ages))
    yield OLDEST.of(ages[0][1] if ages else 0)
    for key, seconds in ages[:MOST_TOURNAMENTS]:
        yield AGE.of(seconds, key)


def _competition(key: str) -> tuple[str, str] | None:
    try:
        parsed = TournamentKey.parse(key)
    except MalformedKeyError:  # one row that somebody wrote by hand hides no other one
        return None
    return parsed.provider, parsed.competition


SOURCES = (database_source("data", 60, (FINDINGS, CHECKS, TOURNAMENTS, READ, OLDEST, AGE), _data),)
