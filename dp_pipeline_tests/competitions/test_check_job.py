"""Checks that time alone changes are made without a read, of the tournaments concerned alone."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import anyio
import pytest
import sqlalchemy as sa

from dp_pipeline.assets.runner import RunContext
from dp_pipeline.competitions.check_job import check_what_time_changed
from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.domains.known_exceptions import KnownException
from dp_pipeline.ledger.execution import Run
from dp_pipeline.ledger.ledger import Ledger
from dp_pipeline.providers.registry import Providers
from dp_pipeline.storage import Folder
from dp_pipeline_tests.end_to_end.in_process import ingest
from dp_pipeline_tests.end_to_end.seasons_by_hand import FILE
from dp_pipeline_tests.http.rate_limits import NoRateLimit
from dp_pipeline_tests.providers.openfootball_files import league, season
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

TEAMS = ("Ahlen", "Brake", "Celle", "Damme", "Emden", "Fulda")
DAY = timedelta(days=1)


class Clockwork:
    """A stored season, and the job at a time."""

    def __init__(self, database: Database, home: Path) -> None:
        self.database, self.home = database, home
        self.requested = 0

    def after(
        self, days: int, *exceptions: KnownException, stopped: bool = False
    ) -> dict[str, tuple[bool, str]] | None:
        """What checks came to so long after the last match that was read; None: none was made."""
        heard: dict[str, tuple[bool, str]] = {}
        with self.database.transaction() as connection:
            last = connection.scalar(
                sa.select(sa.func.min(tables.match.c.kickoff_date)).where(
                    tables.match.c.status == "scheduled"
                )
            )
        assert isinstance(last, date)
        now = datetime(last.year, last.month, last.day, 12, tzinfo=UTC) + days * DAY
        with Ledger(self.database, Folder(self.home / "objects")).working() as ledger:
            context = RunContext(
                Providers({}, NoRateLimit(), now=lambda: now),
                self.database,
                ledger,
                Run(uuid4()),
                ended=lambda _: None,
                checked=lambda _, results: heard.update(
                    {each.name: (each.passed, each.severity) for each in results}
                ),
                exceptions=exceptions,
            )
            of = {("openfootball", "en.1")} if stopped else set()
            keys = anyio.run(check_what_time_changed, context, of)
        return heard if keys else None

    def not_read_for(self, days: int) -> None:
        """As if the last read had been so long ago."""
        executions = tables.data_provider_executions
        values = {"started_at": sa.func.now() - sa.text(f"interval '{days} days'")}
        with self.database.transaction() as connection:
            connection.execute(sa.update(executions).values(**values))


@pytest.fixture
def clockwork(database: Database, tmp_path: Path) -> Clockwork:
    matches = league(*TEAMS)
    for each in matches[-3:]:
        each["score"] = {}
    payload: Any = season(matches)
    with serve(Replay(payloads={"/2024-25/en.1.json": payload}).app()) as base_url:
        ingest(database, base_url, tmp_path, FILE)
    with database.transaction() as connection:
        # They were read before their day.
        connection.execute(
            sa.update(tables.data_check)
            .where(tables.data_check.c.name == "no_match_is_overdue")
            .values(
                passed=True,
                severity="WARN",
                wrong=0,
                detail="Nothing is wrong in 30 matches.",
                rows=[],
            )
        )
    return Clockwork(database, tmp_path)


def test_a_match_past_its_day_is_noticed_though_nobody_reads_the_tournament(
    clockwork: Clockwork,
) -> None:
    name = "no_match_is_overdue"
    assert clockwork.after(1) is None, "nothing is due, and nothing is looked at"
    assert clockwork.after(2) == {name: (False, "WARN")}
    assert clockwork.after(3) is None, "it is known by now"
    assert clockwork.after(14) == {name: (False, "ERROR")}
    assert clockwork.after(400) is None
    past = KnownException(tournament=FILE, check=name, reason="Lost.", until=date(2999, 1, 1))
    assert clockwork.after(401, past) == {name: (True, "ERROR")}
    assert clockwork.after(402) == {name: (False, "ERROR")}, "it is known no more"


def test_a_season_that_nobody_reads_is_late_in_season_and_not_in_the_break(
    clockwork: Clockwork,
) -> None:
    name = "season_is_read_nightly"
    clockwork.not_read_for(3)
    assert clockwork.after(1) == {name: (False, "WARN")}
    assert clockwork.after(1) == {}, "the same again is told to nobody"
    clockwork.not_read_for(8)
    assert clockwork.after(1, stopped=True) == {name: (True, "WARN")}, "nobody is to read it"
    assert clockwork.after(1) == {name: (False, "ERROR")}
    found = clockwork.after(30) or {}
    assert found[name] == (True, "WARN"), "no match was in the weeks around"
