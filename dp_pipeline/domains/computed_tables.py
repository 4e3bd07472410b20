"""The tables that stored matches come to by the rules: as they are, and after each matchday."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from dp_pipeline import football
from dp_pipeline.database import rows, tables
from dp_pipeline.database.rows import Row
from dp_pipeline.database.store import store
from dp_pipeline.domains.snapshot import Snapshot
from dp_pipeline.football.key import natural_id
from dp_pipeline.football.models import Match
from dp_pipeline.football.results import counted
from dp_pipeline.football.table import ComputedTables, compute_tables

_table = tables.matchday_standing
_TO_COME: dict[str, Any] = {"status": "scheduled", "home_score": None, "away_score": None}
_GIVEN = [each.name for each in _table.c if each.name not in {"created_at", "updated_at"}]


def by_stored_matches(snapshot: Snapshot) -> ComputedTables:
    """The tables that the stored matches come to by the rules of the competition."""
    return _tables_of(snapshot, _that_count(snapshot))


def tables_after(snapshot: Snapshot, rounds: Collection[str | None]) -> ComputedTables:
    """The tables after some rounds, by the results as they are now.

    What is played in other rounds is still to come: direct meetings do not count before both are
    played, and nobody shares a place before an extra match. A stage is there once it has begun.

    Args:
        snapshot: what is stored.
        rounds: slugs of rounds.
    """
    return _tables_after(snapshot, _with_to_come(snapshot), rounds)


def _tables_after(
    snapshot: Snapshot, matches: Sequence[tuple[Match, Match]], rounds: Collection[str | None]
) -> ComputedTables:
    begun = {match.stage for match, _ in matches if match.round_slug in rounds}
    return _tables_of(
        snapshot,
        [
            match if match.round_slug in rounds else to_come
            for match, to_come in matches
            if match.stage in begun
        ],
    )


def _with_to_come(snapshot: Snapshot) -> list[tuple[Match, Match]]:
    """The matches of a table, each as it is and as if it were still to be played."""
    return [(match, replace(match, **_TO_COME)) for match in _that_count(snapshot)]


def _that_count(snapshot: Snapshot) -> list[Match]:
    """The matches of a table; where no round is one of a season, those of no round make it."""
    season = _season_rounds(snapshot)
    return [
        match
        for match in snapshot.matches
        if match.round_slug in season or (not season and match.round_slug is None)
    ]


def _tables_of(snapshot: Snapshot, matches: Sequence[Match]) -> ComputedTables:
    return compute_tables(matches, rules=snapshot.rules, names=snapshot.team_names)


def matchdays_of(snapshot: Snapshot) -> list[int]:
    """The orders of the rounds of which a match counts for a table."""
    season = _season_rounds(snapshot)
    orders = (season.get(str(each.match.round_slug)) for each in counted(snapshot.matches))
    return sorted({order for order in orders if order is not None})


def rounds_until(snapshot: Snapshot, matchday: int) -> frozenset[str | None]:
    """The rounds whose matches count for a table, up to the one of this order."""
    season = _season_rounds(snapshot)
    return frozenset(slug for slug, order in season.items() if order <= matchday)


def write_matchday_tables(connection: sa.Connection, snapshot: Snapshot) -> None:
    """Write the tables after each matchday; rows that follow from nothing any more go.

    Computing them of 34 rounds takes 0.15 s, so it is done when something of it has changed.
    """
    id_, digest = snapshot.key.tournament_id, _digest(snapshot)
    from_ = tables.matchday_table
    before = sa.select(from_.c.computed_from).where(from_.c.tournament_id == id_)
    if connection.scalar(before) == digest:
        return
    store(connection, from_, [{"tournament_id": id_, "computed_from": digest}])
    matches = _with_to_come(snapshot)
    written = [row for day in matchdays_of(snapshot) for row in _rows_after(snapshot, matches, day)]
    of_tournament = _table.c.tournament_id == id_
    stored = set(connection.scalars(sa.select(_table.c.id).where(of_tournament)))
    if gone := stored - {row["id"] for row in written}:
        connection.execute(sa.delete(_table).where(_table.c.id.in_(gone)))
    store(connection, _table, written)


def forget_matchday_tables(
    connection: sa.Connection, tournaments: Collection[UUID], teams: Collection[UUID]
) -> None:
    """Delete the tables of these tournaments, and of others in which these teams stand."""
    theirs = _table.c.tournament_id.in_(tournaments) | _table.c.team_id.in_(teams)
    gone = connection.scalars(
        sa.delete(_table).where(theirs).returning(_table.c.tournament_id)
    ).all()
    from_ = tables.matchday_table
    connection.execute(sa.delete(from_).where(from_.c.tournament_id.in_({*gone, *tournaments})))


def _digest(snapshot: Snapshot) -> str:
    """A digest of all that the tables follow from."""
    season = snapshot.tournament["season"] if snapshot.tournament else None
    names = sorted(snapshot.team_names.items())
    inputs = (_code_digest(), snapshot.key, season, names, snapshot.rounds, snapshot.matches)
    return hashlib.sha256(repr(inputs).encode()).hexdigest()


@cache
def _code_digest() -> str:
    """A digest of what computes tables, the rules of competitions included."""
    package = Path(str(football.__file__)).parent
    files = [Path(__file__), *package.rglob("*.py"), *package.rglob("*.toml")]
    return hashlib.sha256(b"".join(file.read_bytes() for file in sorted(files))).hexdigest()


def _rows_after(
    snapshot: Snapshot, matches: Sequence[tuple[Match, Match]], matchday: int
) -> list[Row]:
    tables_then = _tables_after(snapshot, matches, rounds_until(snapshot, matchday))
    return [
        _row(snapshot, matchday, rows.standing_row(snapshot.key, standing))
        for standing in tables_then.rows
    ]


def _row(snapshot: Snapshot, matchday: int, row: Row) -> Row:
    place = str(snapshot.key.tournament_id), matchday, row["stage"], row["group_name"]
    id_ = natural_id("matchday_standing", *place, str(row["team_id"]))
    given = {**row, "id": id_, "matchday": matchday}
    return {name: given[name] for name in _GIVEN}


def _season_rounds(snapshot: Snapshot) -> Mapping[str | None, int]:
    """The orders of the rounds whose matches count for a table, by slug."""
    return {round_.slug: round_.order for round_ in snapshot.rounds if round_.type == "season"}
