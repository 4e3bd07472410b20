"""A season as it is published, read from the database in one snapshot of it."""

from collections.abc import Sequence
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.database.goalscorers import goalscorers, named_goals
from dp_pipeline.database.known_keys import stored_key
from dp_pipeline.domains.computed_tables import tables_after
from dp_pipeline.domains.data_checks import CHECKS
from dp_pipeline.domains.registry import TABLES
from dp_pipeline.domains.snapshot import Snapshot, read_snapshot
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.rules import code_of, first_year
from dp_pipeline.providers.openfootball.competition import Competition
from dp_pipeline.providers.registry import BY_NAME
from dp_pipeline.publish.races import TablesAfter, matchdays_of, races_of, reached
from dp_pipeline.publish.season import (
    Goalscorer,
    Provenance,
    PublishedCheck,
    PublishedSeason,
    PublishedTie,
)

_NOT_SHOWN = (tables.goal, tables.knockout_tie, tables.team_alias)
_SHOWN = tuple(table for table in TABLES if table not in _NOT_SHOWN)
_IN_WORDS = {check.name: check.description for check in CHECKS}

_TIES = """
SELECT round_order, round, stage, legs, scores, home_goals, away_goals, winner_id, decided_by,
    home_penalties, away_penalties, first_date, last_date, match_ids
FROM knockout_ties WHERE tournament_id = :tournament
ORDER BY round_order NULLS FIRST, first_date, tie_id
"""
_CHECKS = """
SELECT name, passed, severity, detail, rows, wrong FROM data_check
WHERE tournament_id = :tournament ORDER BY passed, severity, domain, name
"""
_READ_AT = """
SELECT completed_at, now FROM data_provider_executions
WHERE tournament_key = :key AND domain = 'matches' AND scope IN ('whole', 'part')
    AND status = 'completed' ORDER BY completed_at DESC LIMIT 1
"""


def read_season(connection: sa.Connection, text: str) -> PublishedSeason:
    """All that is published of a tournament.

    Args:
        connection: in whose transaction nothing was read yet: all is read as of one moment.
        text: its key, in whatever spelling.

    Raises:
        UnknownKeyError: it is not stored.
    """
    connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
    key = stored_key(connection, text)
    snapshot = read_snapshot(connection, key, _SHOWN)
    row = snapshot.tournament
    assert row is not None  # noqa: S101 - it was found in the same moment
    short = {team.external_id: team.short_name for team in snapshot.teams if team.short_name}
    return PublishedSeason(
        key,
        row["label"],
        row["status"],
        _provenance(connection, snapshot),
        snapshot.team_names,
        short,
        row["current_round"],
        zone_of_kickoffs(key, row["season"]),
        snapshot.rounds,
        snapshot.matches,
        snapshot.standings,
        races_of(_tables_by_matchday(snapshot)),
        _ties(connection, snapshot),
        [Goalscorer(**row) for row in goalscorers(connection, key.tournament_id)],
        named_goals(connection, key.tournament_id),
        _checks(connection, key),
    )


def zone_of_kickoffs(key: TournamentKey, season: str) -> ZoneInfo | None:
    """The time zone in which the kick-offs of a competition are published, where it is known."""
    code, year = code_of(key.provider, key.competition), first_year(season)
    return None if code is None or year is None else Competition.of(code).zone_in(year)


def _tables_by_matchday(snapshot: Snapshot) -> TablesAfter:
    so_far: set[str | None] = set()
    after = []
    for day in reached(matchdays_of(snapshot.rounds, snapshot.matches), snapshot.matches):
        so_far |= {round_.slug for round_ in day}
        after.append((day, tables_after(snapshot, so_far).rows))
    return after


def _provenance(connection: sa.Connection, snapshot: Snapshot) -> Provenance:
    key, row = snapshot.key, snapshot.tournament or {}
    provider = BY_NAME[key.provider]
    read = connection.execute(sa.text(_READ_AT), {"key": str(key)}).one_or_none()
    url = row.get("public_url")
    is_page = bool(url) and urlsplit(str(url)).scheme in {"http", "https"}
    return Provenance(
        provider.name,
        provider.description,
        provider.licence,
        url if is_page else None,
        read.completed_at if read else None,
        read.now if read and provider.simulated else None,
    )


def _ties(connection: sa.Connection, snapshot: Snapshot) -> Sequence[PublishedTie]:
    teams = {id_: row["external_id"] for id_, row in snapshot.rows(tables.team).items()}
    by_row = snapshot.match_by_row
    ties = []
    values = {"tournament": snapshot.key.tournament_id}
    for row in connection.execute(sa.text(_TIES), values).mappings():
        first = by_row[row["match_ids"][0]]
        goals, kicks = (
            (row["home_goals"], row["away_goals"]),
            (
                row["home_penalties"],
                row["away_penalties"],
            ),
        )
        ties.append(
            PublishedTie(
                row["round_order"] or 0,
                row["round"] or "",
                row["stage"],
                first.home,
                first.away,
                tuple(row["scores"]),
                None if None in goals else goals,
                None if None in kicks else kicks,
                teams.get(row["winner_id"]),
                row["decided_by"],
                row["legs"],
                (row["first_date"], row["last_date"]),
            )
        )
    return tuple(ties)


def _checks(connection: sa.Connection, key: TournamentKey) -> Sequence[PublishedCheck]:
    rows = connection.execute(sa.text(_CHECKS), {"tournament": key.tournament_id})
    return tuple(
        PublishedCheck(
            _IN_WORDS.get(row["name"], row["name"].replace("_", " ")),
            row["passed"],
            row["severity"],
            row["detail"],
            tuple(row["rows"]),
            row["wrong"],
        )
        for row in rows.mappings()
    )
