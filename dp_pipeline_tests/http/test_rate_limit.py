import multiprocessing
import time

import anyio
import sqlalchemy as sa

from dp_pipeline.database.database import Database
from dp_pipeline.http.client import Requests
from dp_pipeline.http.limits import Limits
from dp_pipeline.http.rate_limit import HORIZON_SECONDS, PostgresRateLimit
from dp_pipeline_tests.http.clients import same, using
from dp_pipeline_tests.http.counting_world import World
from dp_pipeline_tests.servers import serve

SECONDS = 0.15
EACH = 8


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


def _machine(url: str, base_url: str, name: str) -> None:
    """What one machine requests: as much at once as its connections allow."""
    database = Database(url)

    async def work(requests: Requests) -> None:
        async with anyio.create_task_group() as group:
            for number in range(EACH):
                group.start_soon(requests.json, f"/{name}/{number}", same)

    using(
        base_url,
        work,
        limits=Limits(connections=100),
        rate_limit=PostgresRateLimit(database),
        seconds_apart=SECONDS,
    )
    database.close()


def test_a_provider_gets_no_more_requests_from_two_machines_than_from_one(
    migrated_url: str, database: Database
) -> None:
    # `database` has migrated; the processes connect by themselves.
    spawn, provider = multiprocessing.get_context("spawn"), World()
    with serve(provider.app) as base_url:
        machines = [
            spawn.Process(target=_machine, args=(migrated_url, base_url, name)) for name in "ab"
        ]
        _set(database, 0)
        began = time.monotonic()
        for machine in machines:
            machine.start()
        for machine in machines:
            machine.join(60)
    assert [machine.exitcode for machine in machines] == [0, 0]
    assert sorted(provider.paths) == sorted(f"/{name}/{n}" for name in "ab" for n in range(EACH))
    # None is early: the n-th request comes at least n times the pace after the first one may.
    for number, moment in enumerate(sorted(provider.starts)):
        assert moment >= began + number * SECONDS


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
