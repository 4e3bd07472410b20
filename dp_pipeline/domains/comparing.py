"""The comparison of tournaments that two providers have: read, compared and written.

It follows from what is stored of both and changes nothing of it. Which tournaments are
one season at two providers, and which teams one club, `club_links` has found.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from dp_pipeline.database import rows, tables
from dp_pipeline.database.store import RowId, store
from dp_pipeline.domains.computed_tables import by_stored_matches
from dp_pipeline.domains.judge_table import fields_that_differ, with_sums_of_matches
from dp_pipeline.domains.registry import TABLES
from dp_pipeline.domains.snapshot import Snapshot, read_snapshot
from dp_pipeline.football.comparison import (
    Comparison,
    Disagreement,
    SeasonAtProvider,
    compare,
)
from dp_pipeline.football.key import TournamentKey, natural_id
from dp_pipeline.football.progress import without_replaced

_table, _pair = tables.comparison, tables.team_pair


@dataclass(frozen=True, slots=True)
class ComparedTournaments:
    """Two tournaments that are one season, and where they disagree; `rows` are those written."""

    key: TournamentKey
    other: TournamentKey
    result: Comparison
    rows: Sequence[Mapping[str, Any]]


def pairs_of_tournaments(
    connection: sa.Connection, key: TournamentKey | None = None
) -> list[tuple[TournamentKey, TournamentKey]]:
    """The tournaments that are one season at two providers, by their fixtures; those of one key."""
    one, other = tables.tournament.alias("one"), tables.tournament.alias("other")
    wanted = (
        sa.select(one.c.key, other.c.key)
        .select_from(_pair)
        .join(one, one.c.id == _pair.c.tournament_id)
        .join(other, other.c.id == _pair.c.other_tournament_id)
        .where(_pair.c.doubt.is_(None))
        .distinct()
        .order_by(one.c.key, other.c.key)
    )
    if key is not None:
        wanted = wanted.where((one.c.key == str(key)) | (other.c.key == str(key)))
    parse = TournamentKey.parse
    return [(parse(first), parse(second)) for first, second in connection.execute(wanted)]


def compare_tournaments(
    connection: sa.Connection, key: TournamentKey, other: TournamentKey
) -> ComparedTournaments:
    """Compare two tournaments, and write where they disagree; what they agree on again goes."""
    names = tables.tournament_standing.name, tables.match.name
    here, there = (read_snapshot(connection, each, TABLES) for each in (key, other))
    result = compare(_season(here), _season(there))
    since = _Since(connection, (here, there), names)
    written = [_row(each, here, there, since) for each in result.disagreements]
    connection.execute(
        sa.delete(_table).where(
            _table.c.tournament_id == key.tournament_id,
            _table.c.other_tournament_id == other.tournament_id,
            _table.c.id.not_in([row["id"] for row in written]),
        )
    )
    store(connection, _table, written)
    return ComparedTournaments(key, other, result, written)


def _season(snapshot: Snapshot) -> SeasonAtProvider:
    """A stored tournament as it is compared."""
    goals: defaultdict[str, list[tuple[str, int | None]]] = defaultdict(list)
    for row in snapshot.rows(tables.goal).values():
        if row["missing_since"] is None:
            match = snapshot.match_by_row[row["match_id"]]
            goals[match.external_id].append((row["side"], row["minute"]))
    teams = snapshot.rows(tables.team).values()
    rows_of_table = with_sums_of_matches(snapshot.standings, by_stored_matches(snapshot).rows)
    return SeasonAtProvider(
        snapshot.key.provider,
        without_replaced(snapshot.matches),
        {team["external_id"]: team["club_id"] for team in teams if team["club_id"]},
        snapshot.team_names,
        goals,
        snapshot.standings,
        {row.team: not fields_that_differ(row, ours) for row, ours in rows_of_table},
    )


def _row(each: Disagreement, here: Snapshot, there: Snapshot, since: "_Since") -> Mapping[str, Any]:
    of_table = each.aspect == "table"
    ids = [
        None if subject is None else since.row_of(snapshot, subject, of_table=of_table)
        for snapshot, subject in ((here, each.one), (there, each.other))
    ]
    key, other = here.key, there.key
    parts = [str(id_) for id_ in ids]
    return {
        "id": natural_id(
            "comparison", str(key.tournament_id), str(other.tournament_id), *parts, each.aspect
        ),
        "tournament_id": key.tournament_id,
        "other_tournament_id": other.tournament_id,
        "tournament_key": str(key),
        "other_tournament_key": str(other),
        "subject": each.subject,
        "match_id": None if of_table else ids[0],
        "other_match_id": None if of_table else ids[1],
        "aspect": each.aspect,
        "value": each.value,
        "other_value": each.other_value,
        "since": since.of([id_ for id_ in ids if id_ is not None], each.columns),
        "agrees": each.agrees,
        "because": each.because,
    }


class _Since:
    """Since when rows say what they say: when their fields last changed, else when they were made.

    Args:
        connection: reads the history.
        snapshots: of the tournaments whose rows these are.
        names: of the tables of the rows.
    """

    def __init__(
        self, connection: sa.Connection, snapshots: Sequence[Snapshot], names: Sequence[str]
    ) -> None:
        change = tables.change.c
        ids = [each.key.tournament_id for each in snapshots]
        last = (
            sa.select(change.entity_id, change.field, sa.func.max(change.changed_at).label("at"))
            .where(change.tournament_id.in_(ids), change.entity.in_(names))
            .group_by(change.entity_id, change.field)
        )
        self._changed = {(row.entity_id, row.field): row.at for row in connection.execute(last)}
        self._made: dict[RowId, datetime] = {
            id_: row["created_at"]
            for each in snapshots
            for name in names
            for id_, row in each.stored[name].items()
        }
        self._standings = {
            (each.key, row["team_id"]): id_
            for each in snapshots
            # of a team in several tables the row over the whole season, written last
            for id_, row in sorted(
                each.rows(tables.tournament_standing).items(),
                key=lambda item: item[1]["whole_season"],
            )
            if not row["superseded"]
        }

    def row_of(self, snapshot: Snapshot, subject: str, *, of_table: bool) -> RowId:
        """The id of the row of a match, or of the table row of a team, by external id."""
        provider = snapshot.key.provider
        if not of_table:
            return rows.match_id(provider, subject)
        return self._standings[snapshot.key, rows.team_id(provider, subject)]

    def of(self, ids: Sequence[RowId], columns: Sequence[str]) -> datetime:
        """The last of these moments: before it, one of both said something else."""
        return max(
            max(
                [
                    self._made[id_],
                    *(self._changed[id_, c] for c in columns if (id_, c) in self._changed),
                ]
            )
            for id_ in ids
        )
