"""Every ending of an execution, with a real Postgres and processes that are really killed."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import anyio
import psycopg
import pytest
import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.database.database import Database, DatabaseError
from dp_pipeline.ledger.errors import AlreadyRecordedError, TournamentBusyError
from dp_pipeline.ledger.execution import Run
from dp_pipeline.ledger.kept_reports import store_all
from dp_pipeline.ledger.ledger import Ledger, tournament_id_of
from dp_pipeline.ledger.reconcile import GRACE_SECONDS, Reconciled, reconcile
from dp_pipeline.storage import Folder, ObjectStoreError
from dp_pipeline_tests.database.proxy import Proxy, proxied

KEY = "openligadb:bl1:2024"


def rows(database: Database) -> list[dict[str, Any]]:
    table = tables.data_provider_executions
    with database.transaction() as connection:
        return [dict(r) for r in connection.execute(sa.select(table)).mappings()]


def look(
    database: Database,
    *,
    over: bool,
    free_since: dict[UUID, float] | None = None,
    now: float = 0.0,
) -> Reconciled:
    def finished(ids: Collection[UUID]) -> Collection[UUID]:
        return ids if over else ()

    return reconcile(database, finished=finished, free_since=free_since or {}, now=now)


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

    def url(self, key: str) -> str:
        return self.folder.url(key)


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
    from dp_pipeline.database.database import DatabaseError

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
    assert len(look(database, over=True).closed) == 1
    (row,) = rows(database)
    assert row["error_class"] == "ProcessGone"
    assert "the database was away for too long" in row["error_text"]


def test_a_second_run_of_a_tournament_waits_for_its_turn(
    database: Database, tmp_path: Path
) -> None:
    order: list[str] = []

    async def work() -> None:
        first = Ledger(database, Folder(tmp_path))
        second = Ledger(database, Folder(tmp_path))
        with first.working(), second.working():
            async with anyio.create_task_group() as group:
                begun = anyio.Event()

                async def one() -> None:
                    async with first.lease(tournament_id_of(KEY)) as lease:
                        await lease.acquire()
                        order.append("first begins")
                        begun.set()
                        await anyio.sleep(0.4)
                        order.append("first ends")

                group.start_soon(one)
                await begun.wait()
                async with second.lease(tournament_id_of(KEY)) as lease:
                    await lease.acquire()
                    order.append("second begins")

    anyio.run(work)
    assert order == ["first begins", "first ends", "second begins"]


def test_a_run_whose_session_is_cut_keeps_its_turn_however_many_wait_for_it(
    database: Database, migrated_url: str, tmp_path: Path
) -> None:
    order: list[str] = []

    async def work(proxy: Proxy, mine: Database) -> None:
        first = Ledger(mine, Folder(tmp_path))
        second = Ledger(database, Folder(tmp_path))
        with first.working(), second.working():
            async with anyio.create_task_group() as group:
                begun = anyio.Event()

                async def one() -> None:
                    async with first.lease(tournament_id_of(KEY)) as lease:
                        await lease.acquire()
                        begun.set()
                        for _ in range(8):
                            async with first.track("teams", KEY, Run(uuid4())):
                                proxy.cut()
                                await anyio.sleep(0.3)
                                await lease.acquire()
                        order.append("first")

                group.start_soon(one)
                await begun.wait()
                async with second.lease(tournament_id_of(KEY)) as lease:
                    await lease.acquire()
                    order.append("second")

    with proxied(migrated_url) as proxy:
        mine = Database(proxy.url)
        anyio.run(work, proxy, mine)
        mine.close()
    assert order == ["first", "second"]
    assert {row["status"] for row in rows(database)} == {"completed"}


def test_the_turn_of_a_killed_process_is_another_s_within_seconds(
    database: Database, tmp_path: Path, worker: Callable[[float], subprocess.Popen[str]]
) -> None:
    process = worker(60)
    process.kill()
    process.wait()
    wait_for_free(database)

    async def work() -> None:
        with Ledger(database, Folder(tmp_path)).working() as ledger:
            async with ledger.lease(tournament_id_of(KEY)) as lease:
                await lease.acquire()

    began = time.monotonic()
    anyio.run(work)
    assert time.monotonic() - began < 30


def test_a_run_that_waits_too_long_says_so(database: Database, tmp_path: Path) -> None:
    async def work() -> None:
        first = Ledger(database, Folder(tmp_path))
        second = Ledger(database, Folder(tmp_path), lease_seconds=0.3)
        with first.working(), second.working():
            async with first.lease(tournament_id_of(KEY)) as held:
                await held.acquire()
                async with second.lease(tournament_id_of(KEY)) as lease:
                    await lease.acquire()

    with pytest.raises(TournamentBusyError, match="Another run"):
        anyio.run(work)


WORKER = """
    import sys, time
    from pathlib import Path
    from uuid import UUID
    import anyio
    from dp_pipeline.database.database import Database
    from dp_pipeline.ledger.execution import Run
    from dp_pipeline.ledger.ledger import Ledger
    from dp_pipeline.storage import Folder

    async def work():
        ledger = Ledger(Database(sys.argv[1]), Folder(Path(sys.argv[2])))
        with ledger.working():
            async with ledger.track("teams", "openligadb:bl1:2024", Run(UUID(sys.argv[3]))):
                print("open", flush=True)
                await anyio.sleep(float(sys.argv[4]))

    anyio.run(work)
"""


@pytest.fixture
def worker(
    migrated_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Callable[[float], subprocess.Popen[str]]:
    def start(seconds: float) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                textwrap.dedent(WORKER),
                migrated_url,
                str(tmp_path),
                str(uuid4()),
                str(seconds),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )

        def stop() -> None:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()

        request.addfinalizer(stop)
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        return process

    return start


def test_the_row_of_a_killed_process_is_closed_at_the_next_look_once_its_run_is_over(
    database: Database, worker: Callable[[float], subprocess.Popen[str]]
) -> None:
    process = worker(60)
    assert look(database, over=True).closed == (), "it lives"

    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    wait_for_free(database)

    (closed,) = look(database, over=True).closed
    (row,) = rows(database)
    assert row["id"] == closed
    assert (row["status"], row["outcome"]) == ("failed", "failed")
    assert row["error_class"] == "ProcessGone"
    assert row["completed_at"] is not None
    assert row["duration"] >= 0
    assert row["summary"]["failedOperations"] == 1
    assert look(database, over=True).closed == ()


def test_a_free_lock_alone_closes_a_row_only_after_the_grace(
    database: Database, worker: Callable[[float], subprocess.Popen[str]]
) -> None:
    process = worker(60)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    wait_for_free(database)

    first = look(database, over=False, now=1_000.0)
    assert first.closed == ()
    assert len(first.free_since) == 1
    soon = 1_000.0 + GRACE_SECONDS - 1
    second = look(database, over=False, free_since=dict(first.free_since), now=soon)
    assert second.closed == ()
    late = 1_000.0 + GRACE_SECONDS
    third = look(database, over=False, free_since=dict(second.free_since), now=late)
    assert len(third.closed) == 1


def test_a_living_process_retakes_its_lock_when_its_connection_is_cut(
    database: Database,
    admin_url: str,
    worker: Callable[[float], subprocess.Popen[str]],
) -> None:
    process = worker(9)
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            [database.url.database],
        )
    first = look(database, over=False, now=time.time())
    assert first.closed == ()

    deadline = time.monotonic() + 8
    while look(database, over=False, now=0.0).free_since and time.monotonic() < deadline:
        time.sleep(0.2)
    assert look(database, over=True).closed == (), "it holds its lock again"

    assert process.wait(timeout=30) == 0
    (row,) = rows(database)
    assert row["status"] == "completed"


def test_the_truth_of_a_living_process_replaces_what_was_said_of_it(
    database: Database, worker: Callable[[float], subprocess.Popen[str]]
) -> None:
    process = worker(1.5)
    table = tables.data_provider_executions
    with database.transaction() as connection:
        connection.execute(
            sa.update(table).values(
                status="failed",
                error_class="ProcessGone",
                completed_at=sa.func.now(),
                announced_at=sa.func.now(),
            )
        )
    assert process.wait(timeout=30) == 0

    (row,) = rows(database)
    assert row["status"] == "completed"
    assert row["error_class"] is None
    assert row["announced_at"] is None, "it is told again, truly"


def wait_for_free(database: Database) -> None:
    """Postgres notices a killed client within milliseconds, not at once."""
    deadline = time.monotonic() + 10
    while not look(database, over=False).free_since:
        assert time.monotonic() < deadline, "the lock of a killed process stayed taken"
        time.sleep(0.02)
