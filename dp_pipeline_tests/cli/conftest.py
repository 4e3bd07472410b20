"""A database with two seasons and a failure, and the command line on it; one for each module."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from starlette.responses import JSONResponse

from dp_pipeline.cli.group import main
from dp_pipeline.database.database import Database
from dp_pipeline_tests.database.creating import create_database
from dp_pipeline_tests.end_to_end.in_process import ingest
from dp_pipeline_tests.end_to_end.seasons_by_hand import FILE, LIGA, healthy
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

REFUSED = "openfootball:de.1:2024-25"
Dp = Callable[..., Result]


@dataclass(frozen=True)
class Filled:
    """A database with what was ingested, and the home it was ingested with."""

    url: str
    home: Path
    database: Database


@pytest.fixture(scope="module")
def filled(admin_url: str, migrated_template: str) -> Iterator[Filled]:
    """One season of OpenLigaDB, one of openfootball, and one that was refused."""
    home = Path(tempfile.mkdtemp(prefix="dp-cli-"))
    url = create_database(
        admin_url, f"{migrated_template}_{home.name[-6:].lower()}", migrated_template
    )
    database = Database(url)
    replay = Replay(payloads=healthy())
    refusal = JSONResponse({"error": {"code": 403, "reason": "Forbidden"}}, 403)
    replay.fault = lambda path: refusal if path == "/2024-25/de.1.json" else None
    try:
        with serve(replay.app()) as base_url:
            for key in (LIGA, FILE, REFUSED):
                ingest(database, base_url, home, key)
        yield Filled(url, home, database)
    finally:
        database.close()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def dp(filled: Filled, monkeypatch: pytest.MonkeyPatch) -> Dp:
    """The command on that database, at a terminal's width of 100 columns."""
    monkeypatch.setenv("DP_DATABASE_URL", filled.url)
    monkeypatch.setenv("DP_HOME", str(filled.home))
    monkeypatch.setenv("COLUMNS", "100")

    def run(*arguments: str, typed: str | None = None) -> Result:
        ended = CliRunner().invoke(main, arguments, input=typed)
        assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.output
        return ended

    return run
