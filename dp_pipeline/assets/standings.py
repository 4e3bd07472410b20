"""The domain `standings`: the league table, one per stage and group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import dagster as dg
import sqlalchemy as sa

from dp_pipeline.assets.guards import believe, claim, nothing_found, refuse_shrunken
from dp_pipeline.assets.judge_table import judge_table
from dp_pipeline.database import rows, tables
from dp_pipeline.database.database import Database
from dp_pipeline.database.known import read_matches, read_rounds, read_standings, read_teams
from dp_pipeline.database.store import Stored, store
from dp_pipeline.executions.errors import BlockedDependencyError, SuspiciousPayloadError
from dp_pipeline.executions.execution import Execution
from dp_pipeline.providers.contract import Source
from dp_pipeline.providers.key import TournamentKey
from dp_pipeline.providers.models import Issue, Standing
from dp_pipeline.providers.table import compute_standings

SPEC = dg.AssetSpec(
    "standings",
    deps=["teams", "matches"],
    description=(
        "The table of a tournament, one row per stage, group and team. Where the provider has no "
        "usable table it is computed from the matches and `computed` says so: point deductions are "
        "then unknown. A knockout cup has none."
    ),
)
Place = tuple[str | None, str | None]
"""Stage and group of a table."""

KEPT = Issue(
    "provider_table_kept",
    "Table",
    "The provider has no usable table at the moment. The stored one is the provider's and counts "
    "as many games as one computed from the matches would, so it was kept with its deductions.",
)


def only_recomputed(theirs: int, found: Sequence[Standing]) -> bool:
    """Whether a computed table would replace the provider's own without counting more games.

    Args:
        theirs: games in the stored rows that came from the provider.
        found: the table as it is now.
    """
    ours = sum(standing.games for standing in found)
    return theirs > 0 and all(standing.computed for standing in found) and ours <= theirs


async def ingest(source: Source, database: Database, execution: Execution) -> None:
    """Every row of every table, in one transaction."""
    with execution.step("scraping", "fetch_standings"):
        found = await source.standings()
    if not found.items:
        nothing_found(execution, found)
        return
    matches = (await source.matches()).items
    received = execution.received(found)
    named = {team.external_id: team.name for team in (await source.teams()).items}

    def write(connection: sa.Connection) -> _Written:
        claim(connection, execution)
        believe(connection, source, execution, matches)
        standings = _followed(connection, execution, received)
        names = named | {
            team.external_id: team.name for team in read_teams(connection, execution.tournament_id)
        }
        return _write(connection, source.key, execution, standings, names)

    with execution.step("database", "upsert_standings") as data:
        written = await database.run(write)
        data.update(written.stored.counts())
    execution.remark(*written.issues)
    execution.wrote(written.stored)
    execution.preview = [
        {
            **({"group": standing.group_name} if standing.group_name else {}),
            **({"stage": standing.stage} if standing.stage else {}),
            "pos": standing.position,
            "team": written.names.get(standing.team, standing.team),
            "games": standing.games,
            "w": standing.wins,
            "d": standing.draws,
            "l": standing.losses,
            "goals": f"{standing.goals_for}:{standing.goals_against}",
            "points": standing.points,
            "form": "".join(standing.form),
        }
        for standing in written.standings
    ]


@dataclass(frozen=True, slots=True)
class _Written:
    """What became of a table: the rows, the names of its teams, and what is to be said of it."""

    standings: Sequence[Standing]
    names: Mapping[str, str]
    stored: Stored
    issues: list[Issue]


def _followed(
    connection: sa.Connection, execution: Execution, found: Sequence[Standing]
) -> Sequence[Standing]:
    """The found rows, those that were computed as the stored matches have them.

    A payload may lack a match that is stored, or hold one that is not taken.
    """
    if not any(row.computed for row in found):
        return found
    ours = _by_stored_matches(connection, execution.tournament_id)
    return follow_stored(found, ours)


def follow_stored(found: Sequence[Standing], ours: Sequence[Standing]) -> list[Standing]:
    """The rows of `found` with each computed table as `ours` has it, where it has that table.

    Args:
        found: provider's and computed rows.
        ours: the tables that follow from the stored matches.
    """
    instead: dict[Place, list[Standing]] = {}
    for row in ours:
        instead.setdefault((row.stage, row.group_name), []).append(row)
    computed = {(row.stage, row.group_name) for row in found if row.computed}
    if len(computed) == len(instead) == 1:
        # one table, whatever the stage is called
        (stage, group), (rows_,) = next(iter(computed)), instead.values()
        instead = {(stage, group): [replace(r, stage=stage, group_name=group) for r in rows_]}
    followed = computed & instead.keys()
    return [
        *(r for r in found if not r.computed or (r.stage, r.group_name) not in followed),
        *(row for place in instead if place in followed for row in instead[place]),
    ]


def _by_stored_matches(connection: sa.Connection, tournament_id: UUID) -> tuple[Standing, ...]:
    rounds = read_rounds(connection, tournament_id)
    season = {round_.slug for round_ in rounds if round_.type == "season"}
    # where no round is one of a season, the matches of no round make the table
    return compute_standings(
        match
        for match in read_matches(connection, tournament_id)
        if match.round_slug in season or (not season and match.round_slug is None)
    )


def _write(
    connection: sa.Connection,
    key: TournamentKey,
    execution: Execution,
    standings: Sequence[Standing],
    names: Mapping[str, str],
) -> _Written:
    table = tables.tournament_standing
    present = read_standings(connection, execution.tournament_id)
    if only_recomputed(sum(row.games for row in present if not row.computed), standings):
        return _Written(standings, names, Stored(table.name, (), (), len(present)), [KEPT])
    stored_ids = {_row_id(key, row) for row in present}
    standing_rows = [rows.standing_row(key, standing) for standing in standings]
    issues = refuse_shrunken("table rows", stored_ids, [row["id"] for row in standing_rows])
    provided = [row for row in standings if not row.computed]
    ours = _by_stored_matches(connection, execution.tournament_id) if provided else ()
    refusal = judge_table(present, provided, ours) if provided else None
    if refusal is not None:
        raise SuspiciousPayloadError(refusal)
    wanted = {row["team_id"] for row in standing_rows}
    known = set(connection.scalars(sa.select(tables.team.c.id).where(tables.team.c.id.in_(wanted))))
    issues += [
        Issue(
            "unknown_team",
            names.get(standing.team, standing.team),
            "The team is not stored. Materialize `teams` first.",
            left_out=True,
        )
        for standing, row in zip(standings, standing_rows, strict=True)
        if row["team_id"] not in known
    ]
    accepted = [row for row in standing_rows if row["team_id"] in known]
    if not accepted:
        message = "None of the table's teams is stored. Materialize `teams` first."
        raise BlockedDependencyError(message)
    return _Written(standings, names, store(connection, table, accepted), issues)


def _row_id(key: TournamentKey, row: Standing) -> UUID:
    team = rows.team_id(key.provider, row.team)
    return rows.standing_id(key, row.stage, row.group_name, team)
