"""Tournaments of one service, read and polled at the time that is set."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import sqlalchemy as sa

from dp_pipeline.assets.poll import poll_tournaments
from dp_pipeline.assets.runner import RunContext, ingest_tournaments
from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.domains.data_checks import CheckResult
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.ledger.execution import Execution, Run
from dp_pipeline.ledger.ledger import Ledger
from dp_pipeline.ledger.vocabulary import Scope
from dp_pipeline.match_watch.due import due_tournaments
from dp_pipeline.providers.registry import Providers
from dp_pipeline.storage import Folder
from dp_pipeline_tests.end_to_end.in_process import QUICK
from dp_pipeline_tests.http.rate_limits import NoRateLimit
from dp_pipeline_tests.providers.openligadb_service import Service

NOW = datetime(2027, 2, 3, 19, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class Reader:
    """Reads tournaments of one service into one database, at the time that is set.

    `heard` is what checks came to that changed, by name.
    """

    database: Database
    service: Service
    url: str
    home: Path
    now: datetime = NOW
    heard: dict[str, bool] = field(default_factory=dict)

    def ingest(self, at: datetime, *keys: str) -> list[Execution]:
        """Read all of some tournaments."""
        self.now = at
        return self._run(lambda desk: ingest_tournaments(keys, NAMES, desk), "whole")

    def poll(self, at: datetime) -> list[Execution]:
        """Poll what is due."""
        self.now = at
        keys = self.due(at)
        return self._run(lambda desk: poll_tournaments(keys, desk), "part") if keys else []

    def due(self, at: datetime) -> list[str]:
        """The tournaments of which something is due."""
        with self.database.transaction() as connection:
            return due_tournaments(connection, "openligadb", at)

    def scheduled(self) -> int:
        """How many matches and draws are to be looked at, ever."""
        found = 0
        with self.database.transaction() as connection:
            for table in (tables.match_watch, tables.tournament_watch):
                wanted = sa.select(sa.func.count()).where(table.c.due_at.is_not(None))
                found += connection.scalar(wanted) or 0
        return found

    def _run(self, work: Callable[[RunContext], Any], scope: Scope) -> list[Execution]:
        ended: list[Execution] = []
        self.heard.clear()

        def hear(_: str, results: Sequence[CheckResult]) -> None:
            self.heard.update({each.name: each.passed for each in results})

        with Ledger(self.database, Folder(self.home / "objects")).working() as ledger:
            providers = Providers(
                {"openligadb": self.url}, NoRateLimit(), QUICK, now=lambda: self.now
            )
            run = Run(uuid.uuid4(), scope=scope)
            context = RunContext(providers, self.database, ledger, run, ended.append, checked=hear)
            anyio.run(work, context)
        return ended


def serve_season(service: Service, league: str, year: int, payload: list[dict[str, Any]]) -> str:
    """A season is at the service, whole, by round and match by match; its key."""
    rounds = {m["group"]["groupOrderID"]: m["group"] for m in payload}
    service.answers[f"/getmatchdata/{league}/{year}"] = payload
    service.answers[f"/getbltable/{league}/{year}"] = []
    service.answers[f"/getavailablegroups/{league}/{year}"] = [rounds[n] for n in sorted(rounds)]
    for number in rounds:
        service.answers[f"/getmatchdata/{league}/{year}/{number}"] = [
            m for m in payload if m["group"]["groupOrderID"] == number
        ]
    for one in payload:
        service.answers[f"/getmatchdata/{one['matchID']}"] = one
    return f"openligadb:{league}:{year}"
