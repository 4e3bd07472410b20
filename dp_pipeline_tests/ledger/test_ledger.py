"""Every ending of an execution, with a real Postgres."""

import json
from pathlib import Path
from uuid import uuid4

import anyio
import pytest
import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.database.database import Database, DatabaseError
from dp_pipeline.ledger import closing, report_files
from dp_pipeline.ledger.errors import AlreadyRecordedError
from dp_pipeline.ledger.execution import Run
from dp_pipeline.ledger.kept_reports import store_all
from dp_pipeline.ledger.ledger import Ledger, tournament_id_of
from dp_pipeline.ledger.report_files import page_key
from dp_pipeline.storage import Folder, ObjectStoreError
from dp_pipeline_tests.database.proxy import proxied
from dp_pipeline_tests.ledger.rows import KEY, reconciled, rows, wait_for_free


class BrokenStore:
    """An object store that is down until told otherwise."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.down = True
        self.asked = 0

    def put(
        self, key: str, body: bytes, *, content_type: str, cache_control: str | None = None
    ) -> None:
        self.asked += 1
        if self.down:
            message = "The bucket is away."
            raise ObjectStoreError(message)
        self.folder.put(key, body, content_type=content_type, cache_control=cache_control)

    def has(self, key: str) -> bool:
        return self.folder.has(key)

    def get(self, key: str) -> bytes | None:
        return self.folder.get(key)

    def delete(self, key: str) -> None:
        self.folder.delete(key)

    def url(self, key: str) -> str:
        return self.folder.url(key)

    def link(self, key: str) -> str:
        return self.folder.link(key)


def test_a_row_is_open_during_the_work_and_closed_after_it(
    database: Database, tmp_path: Path
) -> None:
    run = Run(uuid4())

    async def work() -> None:
        with Ledger(database, Folder(tmp_path)).working() as ledger:
            async with ledger.track("teams", KEY, run) as execution:
                (row,) = rows(database)
                assert row["status"] == "in_progress"
                assert row["completed_at"] is None
                assert row["operation_type"] == "teams_create"
                execution.label = "Bundesliga"

    anyio.run(work)

    (row,) = rows(database)
    assert row["request_id"] == run.id
    assert row["tournament_id"] == tournament_id_of(KEY)
    assert row["status"] == "completed"
    assert row["tournament_label"] == "Bundesliga"
    assert row["summary"]["reportUploadStatus"] == "stored"
    report = json.loads((tmp_path / row["report_file_key"]).read_text())
    assert report["executionId"] == str(row["id"])
    assert report["durationMs"] == row["duration"]


def test_an_exception_closes_the_row_as_failed_and_goes_on(
    database: Database, tmp_path: Path
) -> None:
    async def work() -> None:
        with Ledger(database, Folder(tmp_path)).working() as ledger:
            async with ledger.track("teams", KEY, Run(uuid4())):
                message = "no such thing"
                raise LookupError(message)

    with pytest.raises(LookupError):
        anyio.run(work)

    (row,) = rows(database)
    assert (row["status"], row["outcome"]) == ("failed", "failed")
    assert row["error_class"] == "LookupError"
    assert row["error_text"] == "LookupError: no such thing"
    assert (tmp_path / row["report_file_key"]).exists()


def test_a_cancelled_execution_says_that_it_was_interrupted(
    database: Database, tmp_path: Path
) -> None:
    async def work() -> None:
        with anyio.move_on_after(0.2):
            with Ledger(database, Folder(tmp_path)).working() as ledger:
                async with ledger.track("teams", KEY, Run(uuid4())):
                    await anyio.sleep(60)

    anyio.run(work)

    (row,) = rows(database)
    assert row["status"] == "failed"
    assert row["error_class"] == "InterruptedRunError"
    assert "cancelled" in row["error_text"]


def test_work_is_not_begun_when_no_row_can_be_opened(tmp_path: Path, database: Database) -> None:

    with database.transaction() as connection:
        connection.execute(sa.text("DROP TABLE data_provider_executions CASCADE"))
    begun = False

    async def work() -> None:
        nonlocal begun
        with Ledger(database, Folder(tmp_path)).working() as ledger:
            async with ledger.track("teams", KEY, Run(uuid4())):
                begun = True

    with pytest.raises(DatabaseError):
        anyio.run(work)
    assert not begun


def test_a_store_that_is_down_keeps_the_status_and_gets_the_report_later(
    database: Database, tmp_path: Path
) -> None:
    store = BrokenStore(Folder(tmp_path))

    async def work() -> None:
        with Ledger(database, store).working() as ledger:
            for domain in ("tournaments", "teams", "rounds"):
                async with ledger.track(domain, KEY, Run(uuid4())):
                    pass

    anyio.run(work)

    assert [row["status"] for row in rows(database)] == ["completed"] * 3
    assert {row["summary"]["reportUploadError"] for row in rows(database)} == {
        "The bucket is away."
    }
    assert store.asked == 1, "a store that has just failed is left alone"

    with database.transaction() as connection:
        connection.execute(sa.update(tables.execution_report).values(next_attempt_at=sa.func.now()))
    assert store_all(database, store) == 0
    store.down = False
    with database.transaction() as connection:
        connection.execute(sa.update(tables.execution_report).values(next_attempt_at=sa.func.now()))
    assert store_all(database, store) == 3
    assert store_all(database, store) == 0
    for row in rows(database):
        assert row["summary"]["reportUploadStatus"] == "stored"
        assert "reportUploadError" not in row["summary"]
        assert row["report_file_url"].startswith("file://")
        report = json.loads((tmp_path / row["report_file_key"]).read_text())
        assert report["executionId"] == str(row["id"])
        assert row["summary"]["reportPage"] == "stored"
        assert str(row["id"]) in (tmp_path / page_key(row["report_file_key"])).read_text()


def test_what_the_store_has_is_noted_of_several_reports_at_once_and_at_the_end_of_the_run(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closing, "NOTED_TOGETHER", 2)

    async def work() -> None:
        with Ledger(database, Folder(tmp_path)).working() as ledger:
            for domain in ("tournaments", "teams", "rounds"):
                async with ledger.track(domain, KEY, Run(uuid4())):
                    pass
            said = {row["domain"]: row["summary"]["reportUploadStatus"] for row in rows(database)}
            assert said == {"tournaments": "stored", "teams": "stored", "rounds": "kept"}

    anyio.run(work)
    assert all(row["summary"]["reportPage"] == "stored" for row in rows(database))
    with database.transaction() as connection:
        assert connection.scalars(sa.select(tables.execution_report)).all() == []


class WithoutPages(BrokenStore):
    """An object store that takes no page until told otherwise."""

    def put(
        self, key: str, body: bytes, *, content_type: str, cache_control: str | None = None
    ) -> None:
        if self.down and key.endswith(".html"):
            message = "The bucket takes no page."
            raise ObjectStoreError(message, retryable=False)
        self.folder.put(key, body, content_type=content_type, cache_control=cache_control)


def test_a_page_that_is_not_taken_costs_no_report_and_comes_later(
    database: Database, tmp_path: Path
) -> None:
    store = WithoutPages(Folder(tmp_path))

    async def work() -> None:
        with Ledger(database, store).working() as ledger:
            async with ledger.track("teams", KEY, Run(uuid4())):
                pass

    def due() -> None:
        with database.transaction() as connection:
            at_once = sa.update(tables.execution_report).values(next_attempt_at=sa.func.now())
            connection.execute(at_once)

    anyio.run(work)
    for page, taken in ((False, 0), (True, 1), (True, 0)):
        (row,) = rows(database)
        assert row["summary"]["reportUploadStatus"] == "stored"
        assert "reportUploadError" not in row["summary"]
        assert (tmp_path / row["report_file_key"]).exists()
        assert (tmp_path / page_key(row["report_file_key"])).exists() == (not store.down)
        store.down = not page
        due()
        assert store_all(database, store) == taken


def test_a_page_that_cannot_be_made_costs_no_report(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> str:
        message = "no template"
        raise OSError(message)

    monkeypatch.setattr(report_files, "report_page", broken)

    async def work() -> None:
        with Ledger(database, Folder(tmp_path)).working() as ledger:
            async with ledger.track("teams", KEY, Run(uuid4())):
                pass

    anyio.run(work)
    (row,) = rows(database)
    assert (tmp_path / row["report_file_key"]).exists()
    assert "reportPage" not in row["summary"]
    with database.transaction() as connection:
        assert connection.scalars(sa.select(tables.execution_report)).all() == []


def test_the_same_work_of_a_run_is_not_recorded_twice(database: Database, tmp_path: Path) -> None:
    run = Run(uuid4())

    async def work() -> None:
        with Ledger(database, Folder(tmp_path)).working(run.id) as ledger:
            async with ledger.track("teams", KEY, run), ledger.track("teams", KEY, run):
                pass

    with pytest.raises(AlreadyRecordedError, match="teams of openligadb:bl1:2024"):
        anyio.run(work)
    (row,) = rows(database)
    assert (row["status"], row["error_class"]) == ("failed", "AlreadyRecordedError")


def close_while_away(
    url: str, tmp_path: Path, seconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Work that ends while the database is away, for so many seconds; None: for good."""
    monkeypatch.setattr("dp_pipeline.ledger.closing.RETRY_SECONDS", 0.3)
    with proxied(url) as proxy:
        mine = Database(proxy.url)

        async def work() -> None:
            async with anyio.create_task_group() as group:
                with Ledger(mine, Folder(tmp_path)).working() as ledger:
                    async with ledger.track("teams", KEY, Run(uuid4())) as execution:
                        proxy.away = True
                        proxy.cut()
                        if seconds is not None:
                            group.start_soon(come_back, seconds)
                        execution.label = "Bundesliga"

        async def come_back(seconds: float) -> None:
            await anyio.sleep(seconds)
            proxy.away = False

        try:
            anyio.run(work)
        finally:
            mine.close()


def test_an_end_is_recorded_however_long_the_database_was_away(
    database: Database, migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    close_while_away(migrated_url, tmp_path, 2, monkeypatch)
    (row,) = rows(database)
    assert (row["status"], row["tournament_label"]) == ("completed", "Bundesliga")


def test_an_end_that_could_not_be_recorded_is_closed_later_and_not_called_a_kill(
    database: Database, migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dp_pipeline.ledger.closing.CLOSE_SECONDS", 0.3)
    with pytest.raises(ExceptionGroup) as caught:
        close_while_away(migrated_url, tmp_path, None, monkeypatch)
    assert caught.group_contains(DatabaseError)
    (row,) = rows(database)
    assert row["status"] == "in_progress"
    wait_for_free(database)
    assert len(reconciled(database, over=True).closed) == 1
    (row,) = rows(database)
    assert row["error_class"] == "ProcessGone"
    assert "the database was away for too long" in row["error_text"]
