"""The domain `standings`: the league table, one per stage and group."""

from collections.abc import Sequence
from typing import Any

import dagster as dg
import sqlalchemy as sa

from dp_pipeline.assets.guards import claim, nothing_found, refuse_shrunken
from dp_pipeline.database import rows, tables
from dp_pipeline.database.database import Database
from dp_pipeline.database.rows import Row
from dp_pipeline.database.store import Stored, store
from dp_pipeline.executions.errors import BlockedDependencyError, SuspiciousPayloadError
from dp_pipeline.executions.execution import Execution
from dp_pipeline.providers.contract import Source
from dp_pipeline.providers.models import Issue, Standing

SPEC = dg.AssetSpec(
    "standings",
    deps=["teams", "matches"],
    description=(
        "The table of a tournament, one row per stage, group and team. Where the provider has no "
        "usable table it is computed from the matches and `computed` says so: point deductions are "
        "then unknown. A knockout cup has none."
    ),
)
# One annulled match takes a game from two teams; more than that and a twentieth is a fault.
MOST_LOST_GAMES = 2
MOST_LOST_SHARE = 0.05


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
    standings = execution.received(found)
    names = {team.external_id: team.name for team in (await source.teams()).items}
    standing_rows = [rows.standing_row(source.key, standing) for standing in standings]

    def write(connection: sa.Connection) -> tuple[Stored, list[Issue]]:
        claim(connection, execution)
        table = tables.tournament_standing
        counted = sa.select(table.c.id, table.c.games, table.c.computed).where(
            table.c.tournament_id == execution.tournament_id
        )
        present = connection.execute(counted).all()
        stored = {row.id: row.games for row in present}
        theirs = sum(row.games for row in present if not row.computed)
        if only_recomputed(theirs, standings):
            return Stored(table.name, (), (), len(present)), [KEPT]
        issues = refuse_shrunken("table rows", stored.keys(), [row["id"] for row in standing_rows])
        _refuse_fewer_games(stored, standing_rows)
        wanted = {row["team_id"] for row in standing_rows}
        known = set(
            connection.scalars(sa.select(tables.team.c.id).where(tables.team.c.id.in_(wanted)))
        )
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
        return store(connection, table, accepted), issues

    with execution.step("database", "upsert_standings") as data:
        stored, issues = await database.run(write)
        data.update(stored.counts())
    execution.remark(*issues)
    execution.wrote(stored)
    execution.preview = [
        {
            **({"group": standing.group_name} if standing.group_name else {}),
            **({"stage": standing.stage} if standing.stage else {}),
            "pos": standing.position,
            "team": names.get(standing.team, standing.team),
            "games": standing.games,
            "w": standing.wins,
            "d": standing.draws,
            "l": standing.losses,
            "goals": f"{standing.goals_for}:{standing.goals_against}",
            "points": standing.points,
            "form": "".join(standing.form),
        }
        for standing in standings
    ]


def _refuse_fewer_games(stored: dict[Any, int], found: Sequence[Row]) -> None:
    before = sum(stored.get(row["id"], 0) for row in found)
    lost = sum(max(0, stored.get(row["id"], 0) - row["games"]) for row in found)
    if lost > max(MOST_LOST_GAMES, MOST_LOST_SHARE * before):
        message = (
            f"The provider's table has {lost} games fewer than the stored one, which counts "
            f"{before} for the same teams. Nothing was changed."
        )
        raise SuspiciousPayloadError(message)
