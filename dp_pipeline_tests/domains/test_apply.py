"""Applying a plan: all of it or nothing, and planned again when others were faster."""

import json
import uuid
from pathlib import Path

import anyio
import pytest
import sqlalchemy as sa
from sqlalchemy import event

from dp_pipeline.assets.runner import RunContext, ingest_tournaments
from dp_pipeline.database import rows, tables
from dp_pipeline.database.database import Database
from dp_pipeline.database.store import RowsMovedError, Stored, planned
from dp_pipeline.domains.apply import apply
from dp_pipeline.domains.plan import Plan
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.domains.snapshot import Snapshot
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Team
from dp_pipeline.ledger.execution import Execution, Run
from dp_pipeline.ledger.ledger import Ledger
from dp_pipeline.providers.registry import Providers
from dp_pipeline.storage import Folder
from dp_pipeline_tests.end_to_end.in_process import QUICK
from dp_pipeline_tests.http.rate_limits import NoRateLimit
from dp_pipeline_tests.providers.openfootball_files import league, season
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

KEY = TournamentKey.parse("openligadb:bl1:2024")
TEAM = tables.team
SEASONS = ("2022-23", "2023-24", "2024-25")


def row(name: str, number: int = 1) -> rows.Row:
    return rows.team_row(KEY, Team(str(number), name))


def plan(*wanted: rows.Row, before: rows.Row | None = None) -> Plan:
    known = {} if before is None else {before["id"]: dict(before)}
    return Plan((planned(TEAM, wanted, known),))


def done(connection: sa.Connection, wanted: Plan) -> tuple[Stored, ...]:
    return apply(connection, wanted, tournament_id=KEY.tournament_id, execution_id=uuid.uuid4())


def names(connection: sa.Connection) -> list[str]:
    return list(connection.scalars(sa.select(TEAM.c.name).order_by(TEAM.c.name)))


def test_a_row_that_moved_since_it_was_read_is_not_overwritten(database: Database) -> None:
    old = row("Old")
    with database.transaction() as connection:
        done(connection, plan(old))
        connection.execute(sa.update(TEAM).values(name="Theirs"))
        with pytest.raises(RowsMovedError, match="changed rows of team"):
            done(connection, plan(row("New", 2), row("Ours"), before=old))
        assert names(connection) == ["Theirs"], "the transaction goes on, and nothing was written"


def test_a_row_that_somebody_else_inserted_first_is_planned_again(database: Database) -> None:
    with database.transaction() as connection:
        done(connection, plan(row("Theirs")))
        with pytest.raises(RowsMovedError):
            done(connection, plan(row("Ours"), row("Other", 2)))
        assert names(connection) == ["Theirs"]


def test_what_has_not_changed_is_neither_read_nor_written(database: Database) -> None:
    known = row("Same")
    statements: list[str] = []
    with database.transaction() as connection:
        event.listen(connection, "before_cursor_execute", lambda *a: statements.append(a[2]))
        (stored,) = done(connection, plan(known, before=known))
    assert stored.unchanged == 1
    assert statements == []


def test_which_tournament_describes_a_team_is_in_no_list_of_changes() -> None:
    old = row("Old")
    new = {**row("New"), "described_in": "openligadb:bl1:2025"}
    snapshot = Snapshot(KEY, {name: {} for name in ("tournament_team", "match")})
    snapshot = snapshot.only(TEAM, {old["id"]: old})
    only_described = {**old, "described_in": "openligadb:bl1:2025"}
    assert snapshot.named(plan(only_described, before=old)) == []
    assert [change["field"] for change in snapshot.named(plan(new, before=old))] == ["name"]


@pytest.mark.parametrize("turn", range(3))
def test_seasons_that_are_read_at_once_leave_teams_to_the_newest(
    database: Database, tmp_path: Path, turn: int
) -> None:
    # As many as a backfill reads at once: in 0.1 three left 18 to 20 teams to an older season.
    keys = [f"openfootball:en.1:{name}" for name in (*SEASONS[turn:], *SEASONS[:turn])]
    file = season(league(*(f"{letter}ville" for letter in "ABCDEFGHIJKLMNOPQRST"), played=False))
    # each in its own year: days of another season are refused
    payloads = {
        f"/{name}/en.1.json": json.loads(json.dumps(file).replace('"2024-', f'"{name[:4]}-'))
        for name in SEASONS
    }
    ended: list[Execution] = []

    async def work(base_url: str) -> None:
        with Ledger(database, Folder(tmp_path)).working() as ledger:
            providers = Providers({"openfootball": base_url}, NoRateLimit(), QUICK)
            context = RunContext(providers, database, ledger, Run(uuid.uuid4()), ended.append)
            await ingest_tournaments(keys, NAMES, context)

    with serve(Replay(payloads=payloads).app()) as base_url:
        anyio.run(work, base_url)
    assert "failed" not in {execution.status for execution in ended}
    with database.transaction() as connection:
        described = set(connection.scalars(sa.select(TEAM.c.described_in)))
    assert described == {"openfootball:en.1:2024-25"}
