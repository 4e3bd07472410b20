import multiprocessing
import time

import anyio
import sqlalchemy as sa

from dp_pipeline.database.database import Database
from dp_pipeline.http.rate_limit import HORIZON_SECONDS, PostgresRateLimit

SECONDS = 0.15


def _set(database: Database, ahead: float) -> None:
    with database.transaction() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO provider_rate_limit"
                " VALUES ('p', now() + make_interval(secs => :ahead))"
                " ON CONFLICT (provider) DO UPDATE SET next_at = excluded.next_at"
            ),
            {"ahead": ahead},
        )


def _ahead(database: Database) -> float:
    with database.transaction() as connection:
        ahead = sa.text(
            "SELECT extract(epoch FROM next_at - clock_timestamp())::float8"
            " FROM provider_rate_limit"
        )
        return connection.execute(ahead).scalar_one()


def _several_turns(url: str, moments: "multiprocessing.Queue[float]") -> None:
    database = Database(url)

    async def turns() -> None:
        for _ in range(4):
            await PostgresRateLimit(database).wait("p", SECONDS)
            moments.put(time.time())

    anyio.run(turns)
    database.close()


def test_four_processes_space_their_requests_between_them(
    migrated_url: str, database: Database
) -> None:
    # `database` has migrated; the processes connect by themselves.
    spawn = multiprocessing.get_context("spawn")
    moments: multiprocessing.Queue[float] = spawn.Queue()
    processes = [spawn.Process(target=_several_turns, args=(migrated_url, moments)) for _ in "1234"]
    _set(database, 0)
    began = time.time()
    for process in processes:
        process.start()
    found = sorted(moments.get(timeout=60) for _ in range(16))
    for process in processes:
        process.join(10)
    # Nobody is early: the n-th request comes at least n times the pace after the first turn.
    for number, moment in enumerate(found):
        assert moment >= began + number * SECONDS
    assert [process.exitcode for process in processes] == [0] * 4


def test_turns_of_one_process_are_spaced(database: Database) -> None:
    pace = PostgresRateLimit(database)
    moments: list[float] = []

    async def turn() -> None:
        await pace.wait("p", SECONDS)
        moments.append(time.monotonic())

    async def together() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(6):
                group.start_soon(turn)

    began = time.monotonic()
    anyio.run(together)
    assert all(m >= began + n * SECONDS for n, m in enumerate(sorted(moments)))


def test_providers_do_not_wait_for_each_other(database: Database) -> None:
    pace = PostgresRateLimit(database)
    _set(database, 30)
    began = time.monotonic()
    anyio.run(pace.wait, "another", 5.0)
    assert time.monotonic() - began < 2


def test_a_pace_of_nothing_asks_nobody() -> None:
    anyio.run(PostgresRateLimit(Database("postgresql://u@127.0.0.1:1/d")).wait, "p", 0)


def test_a_time_that_no_queue_explains_is_forgotten(database: Database) -> None:
    _set(database, 3_600)
    began = time.monotonic()
    anyio.run(PostgresRateLimit(database).wait, "p", 1.0)
    assert time.monotonic() - began < 2
    assert _ahead(database) < 1.0


def test_a_full_queue_makes_callers_wait_outside_and_is_not_forgotten(database: Database) -> None:
    _set(database, HORIZON_SECONDS + 0.8)
    pace = PostgresRateLimit(database)

    async def impatient() -> None:
        with anyio.move_on_after(0.3):
            await pace.wait("p", 1.0)

    anyio.run(impatient)
    assert HORIZON_SECONDS - 1 < _ahead(database) < HORIZON_SECONDS + 1


def test_a_cancelled_caller_leaves_others_their_turns(database: Database) -> None:
    pace = PostgresRateLimit(database)

    async def cancelled_then_another() -> float:
        await pace.wait("p", 0.3)
        with anyio.move_on_after(0.05):
            await pace.wait("p", 0.3)
        began = time.monotonic()
        await pace.wait("p", 0.3)
        return time.monotonic() - began

    assert anyio.run(cancelled_then_another) < 2
