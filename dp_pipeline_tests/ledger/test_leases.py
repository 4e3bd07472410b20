"""One run at a time works on a tournament, and a run that is cut or killed gives way."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import anyio
import pytest

from dp_pipeline.database.database import Database
from dp_pipeline.ledger.errors import TournamentBusyError
from dp_pipeline.ledger.execution import Run
from dp_pipeline.ledger.ledger import Ledger, tournament_id_of
from dp_pipeline.storage import Folder
from dp_pipeline_tests.database.proxy import Proxy, proxied
from dp_pipeline_tests.ledger.rows import KEY, rows, wait_for_free


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
