"""A row closes with how its execution ended, whatever its account or its store is like."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any
from uuid import uuid4

import anyio
import pytest
import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.ledger.execution import Execution, Run
from dp_pipeline.ledger.kept_reports import store_all
from dp_pipeline.ledger.ledger import Ledger
from dp_pipeline.storage import Folder
from dp_pipeline_tests.storage.endpoints import Endpoint, hang

KEY = "openligadb:bl1:2024"


class Mute:
    """What cannot be put into words."""

    def __str__(self) -> str:
        message = "no words"
        raise ValueError(message)


class MuteError(Exception):
    """An error whose text is broken."""

    def __str__(self) -> str:
        message = "no words"
        raise ValueError(message)


def circle() -> dict[str, Any]:
    made: dict[str, Any] = {}
    made["itself"] = made
    return made


def track(database: Database, home: Path, data: dict[str, Any], label: str | None = None) -> None:
    async def work() -> None:
        with Ledger(database, Folder(home)).working() as ledger:
            async with ledger.track("teams", KEY, Run(uuid4())) as execution:
                with execution.step("scraping", "fetch") as mine:
                    mine.update(data)
                execution.label = label

    anyio.run(work)


def only(database: Database) -> Any:
    with database.transaction() as connection:
        return connection.execute(sa.select(tables.data_provider_executions)).one()


@pytest.mark.parametrize(
    "data",
    [
        {"number": float("nan")},
        {"number": float("-inf")},
        {"half a character": "\ud83d", "\udc80": 1},
        {"nothing": "a\x00b", "\x00": [b"\x00\xff"]},
        {"set": {1, 2}, "text": object(), "deep": [[[{"a": (1,)}]]]},
    ],
    ids=["nan", "inf", "surrogate", "nul", "objects"],
)
def test_what_json_or_postgres_does_not_know_is_told_all_the_same(
    database: Database, tmp_path: Path, data: dict[str, Any]
) -> None:
    track(database, tmp_path, data, label="half \ud83d of \x00 it")
    row = only(database)
    assert (row.status, row.outcome) == ("completed", "unchanged")
    assert row.tournament_label == "half \\ud83d of \\0 it"
    assert row.summary["reportUploadStatus"] == "stored"
    report = json.loads((tmp_path / row.report_file_key).read_text(), parse_constant=pytest.fail)
    assert len(report["operations"][0]["data"]) == len(data)


@pytest.mark.parametrize(
    "data",
    [{"mute": Mute()}, circle(), {"huge": 10**5_000}],
    ids=["mute", "circle", "huge"],
)
def test_an_account_that_cannot_be_rendered_leaves_no_row_open(
    database: Database, tmp_path: Path, data: dict[str, Any]
) -> None:
    track(database, tmp_path, data)
    row = only(database)
    assert (row.status, row.outcome) == ("completed", "unchanged")
    assert row.completed_at is not None
    assert row.summary["totalOperations"] == 1
    report = json.loads((tmp_path / row.report_file_key).read_text())
    assert report["status"] == "completed"
    assert "could not be written" in report["incomplete"]


def test_an_error_that_cannot_be_worded_is_recorded_by_its_name(
    database: Database, tmp_path: Path
) -> None:
    async def work() -> None:
        with Ledger(database, Folder(tmp_path)).working() as ledger:
            async with ledger.track("teams", KEY, Run(uuid4())):
                raise MuteError

    with pytest.raises(MuteError):
        anyio.run(work)
    row = only(database)
    assert (row.status, row.error_class, row.error_text) == ("failed", "MuteError", "MuteError")


def test_a_summary_that_cannot_be_made_leaves_no_row_open(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_summary(_: Execution) -> dict[str, Any]:
        message = "no summary"
        raise RuntimeError(message)

    monkeypatch.setattr(Execution, "summary", no_summary)
    track(database, tmp_path, {})
    assert only(database).status == "completed"


WORKER = """
    import sys
    from uuid import uuid4
    import anyio
    from dp_pipeline.database.database import Database
    from dp_pipeline.ledger.execution import Run
    from dp_pipeline.ledger.ledger import Ledger
    from dp_pipeline_tests.storage.endpoints import bucket_at

    async def work():
        with Ledger(Database(sys.argv[1]), bucket_at(sys.argv[2])).working() as ledger:
            async with ledger.track("teams", "openligadb:bl1:2024", Run(uuid4())):
                pass

    anyio.run(work)
"""


@pytest.mark.parametrize(
    "how", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.slow)]
)
def test_a_process_killed_while_its_store_hangs_has_said_how_it_ended(
    database: Database, migrated_url: str, how: signal.Signals
) -> None:
    with Endpoint(lambda _: hang).listening() as endpoint:
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(WORKER), migrated_url, endpoint.url],
            stderr=subprocess.DEVNULL,
        )
        assert endpoint.reached.wait(60)
        os.kill(process.pid, how)
        process.wait(60)
        row = only(database)
        assert (row.status, row.outcome) == ("completed", "unchanged")
        assert row.summary["reportUploadStatus"] == "kept"
        with database.transaction() as connection:
            connection.execute(
                sa.update(tables.execution_report).values(next_attempt_at=sa.func.now())
            )
        endpoint.answer = None
        assert store_all(database, endpoint.store()) == 1
        (body,) = (body for key, body in endpoint.objects.items() if key.endswith(".json"))
        assert json.loads(body)["executionId"] == str(row.id)
    assert only(database).report_file_url.startswith("https://cdn.example.org/")
