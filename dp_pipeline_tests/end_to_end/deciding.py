"""A person at a terminal beside a database, who decides on payloads that were refused."""

import asyncio
import copy
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dp_pipeline.cli.group import main
from dp_pipeline.database.database import Database
from dp_pipeline_tests.end_to_end.in_process import ingest
from dp_pipeline_tests.end_to_end.seasons_by_hand import MATCHES_OF, healthy
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

RESULTS = """
SELECT f.home_score, f.away_score FROM fixtures f WHERE f.tournament_key = %(key)s
"""


class Desk:
    """A database, and a person at a terminal beside it; `root` is where it was read from last."""

    root = ""

    def __init__(self, database: Database, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.database, self.home, self.monkeypatch = database, home, monkeypatch
        self.url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
        monkeypatch.setenv("DP_HOME", str(home))
        monkeypatch.setenv("DP_DATABASE_URL", self.url)

    def read(
        self, payloads: dict[str, Any], key: str, *, slowly: str = "-"
    ) -> dict[str, dict[str, Any]]:
        """Read a tournament; what is answered slowly begins so."""
        answers = Replay(payloads=payloads).app()

        async def app(scope: Any, receive: Any, send: Any) -> None:
            if scope.get("path", "").startswith(slowly):
                await asyncio.sleep(1)
            await answers(scope, receive, send)

        with serve(app) as base_url:
            self.root = base_url
            for name in ("OPENLIGADB_BASE_URL", "OPENFOOTBALL_BASE_URL"):
                self.monkeypatch.setenv(name, base_url)
            return ingest(self.database, base_url, self.home, key)

    def accept(self, execution: object, *options: str) -> Result:
        return self._decide("accept", execution, "The league was voided.", *options)

    def refuse(self, execution: object) -> Result:
        return self._decide("refuse", execution, "The file is of a friendly cup.")

    def _decide(self, command: str, execution: object, reason: str, *options: str) -> Result:
        # how the id begins is enough, as the ledger shows it
        typed = [command, str(execution)[:8], "--reason", reason, *options]
        return CliRunner().invoke(main, typed)


def rewritten(key: str) -> dict[str, Any]:
    """All results of the season are others."""
    payloads = copy.deepcopy(healthy())
    for match in payloads[MATCHES_OF[key]]["matches"]:
        match["score"] = {"ft": [3, 3]}
    return payloads
