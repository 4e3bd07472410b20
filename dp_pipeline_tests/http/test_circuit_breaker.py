"""The circuit breaker over real processes, a real Postgres and a real server."""

import multiprocessing
import os
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import sqlalchemy as sa

from dp_pipeline.database.database import Database
from dp_pipeline.http.client import Requests
from dp_pipeline_tests.http.circuits import (
    AT_ONCE,
    LIMITS,
    Service,
    ask,
    change,
    health_of,
    is_due,
    kinds_of,
    listening,
    row,
    using,
)

PROCESSES = 3


def _hammer(url: str, base_url: str, number: int, count: int, ended: Any) -> None:
    database = Database(url)
    paths = [f"/{number}-{request}" for request in range(count)]
    ended.put(ask(database, base_url, *paths))
    database.close()


def hammer(url: str, base_url: str, count: int) -> Counter[str | None]:
    """Several processes ask at once for all they want."""
    spawn = multiprocessing.get_context("spawn")
    ended: Any = spawn.Queue()
    processes = [
        spawn.Process(target=_hammer, args=(url, base_url, number, count, ended))
        for number in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    found = Counter(kind for _ in processes for kind in ended.get(timeout=90))
    for process in processes:
        process.join(10)
    assert [process.exitcode for process in processes] == [0] * PROCESSES
    return found


def test_a_provider_that_refuses_gets_one_probe_from_all_processes_and_no_storm(
    migrated_url: str, database: Database
) -> None:
    under_way = PROCESSES * AT_ONCE
    service = Service(together=under_way)
    with listening(service) as base_url:
        found = hammer(migrated_url, base_url, 40)
        assert len(service.paths) == under_way + 1
        assert found == {"blocked": under_way + 1, "resting": PROCESSES * 40 - under_way - 1}
        assert ask(database, base_url, "/x") == ["resting"]
        assert len(service.paths) == under_way + 1
        is_due(database)
        assert hammer(migrated_url, base_url, 40)["blocked"] == 1
        assert len(service.paths) == under_way + 2
    minutes = (row(database).open_until - datetime.now(UTC)) / timedelta(minutes=1)
    assert 29 < minutes < 31
    assert health_of(database, base_url).requests == under_way + 2
    assert health_of(database, base_url).failures == under_way + 2


def test_the_others_wait_for_a_probe_and_go_on_when_it_is_answered(
    migrated_url: str, database: Database
) -> None:
    service = Service()
    with listening(service) as base_url:
        assert ask(database, base_url, "/first") == ["blocked"]
        service.status, service.seconds = 200, 0.5
        assert hammer(migrated_url, base_url, 10) == {None: PROCESSES * 10}
    assert len(service.paths) == 1 + PROCESSES * 10
    assert row(database).open_until is None
    assert (row(database).refusals, row(database).kind) == (0, None)


def test_one_path_that_is_refused_stops_no_run(database: Database) -> None:
    service = Service(status=200, refused=frozenset({"/form"}))
    with listening(service) as base_url:
        paths = [f"/{number}" for number in range(30)]
        found = ask(database, base_url, *paths[:5], "/form", *paths[5:])
    assert Counter(found) == {None: 30, "blocked": 1}
    assert row(database).open_until is None


def test_a_best_effort_request_is_no_sample_and_no_probe(database: Database) -> None:
    service = Service()
    with listening(service) as base_url:

        async def forms(requests: Requests) -> list[str | None]:
            return await kinds_of(requests, [f"/form{n}" for n in range(9)], best_effort=True)

        assert using(database, base_url, forms) == ["blocked"] * 9
        assert row(database).open_until is None
        assert ask(database, base_url, "/x") == ["blocked"]
        assert using(database, base_url, forms, wait_seconds=0.2) == ["resting"] * 9
        assert len(service.paths) == 10


def _prober(url: str, base_url: str) -> None:
    database = Database(url)

    async def dies(requests: Requests) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(kinds_of, requests, ["/probe"])
            await anyio.sleep(0.7)
            os._exit(9)

    using(database, base_url, dies)


def test_a_prober_that_is_killed_holds_nobody_for_ever(
    migrated_url: str, database: Database
) -> None:
    service = Service()
    with listening(service) as base_url:
        assert ask(database, base_url, "/first") == ["blocked"]
        service.status, service.seconds = 200, 60
        process = multiprocessing.get_context("spawn").Process(
            target=_prober, args=(migrated_url, base_url)
        )
        process.start()
        process.join(30)
        assert process.exitcode == 9
        assert service.paths == ["/first", "/probe"]
        service.seconds = 0
        assert ask(database, base_url, "/a", "/b", wait_seconds=0.5) == ["resting", "resting"]
        assert row(database).probe_until > datetime.now(UTC) + timedelta(seconds=90)
        change(database, "probe_until = now()")
        assert ask(database, base_url, "/a", "/b") == [None, None]


def test_a_probe_that_is_cancelled_lets_somebody_else_find_out(database: Database) -> None:
    service = Service()

    async def impatient(requests: Requests) -> None:
        with anyio.move_on_after(0.3):
            await kinds_of(requests, ["/probe"])

    with listening(service) as base_url:
        assert ask(database, base_url, "/first") == ["blocked"]
        service.status, service.seconds = 200, 5
        using(database, base_url, impatient)
        assert row(database).probe_until is None
        assert row(database).open_until is not None
        service.seconds = 0
        assert ask(database, base_url, "/a") == [None]


def test_a_lease_got_while_being_cancelled_is_given_back(database: Database) -> None:
    async def work(requests: Requests) -> None:
        with database.transaction() as connection:
            connection.execute(sa.text("SELECT FROM provider_health FOR UPDATE"))
            async with anyio.create_task_group() as group:
                group.start_soon(kinds_of, requests, ["/probe"])
                await anyio.sleep(0.5)  # it waits for our lock with its lease
                group.cancel_scope.cancel()
                group.start_soon(release, connection)

    async def release(connection: sa.Connection) -> None:
        connection.commit()

    service = Service()
    with listening(service) as base_url:
        assert ask(database, base_url, "/first") == ["blocked"]
        epoch = row(database).epoch
        using(database, base_url, work)
        assert service.paths == ["/first"]
        assert row(database).epoch == epoch + 2, "leased and given back"
        assert row(database).probe_until is None


def test_a_probe_is_one_request_and_says_itself_what_it_came_to(database: Database) -> None:
    service = Service()
    with listening(service) as base_url:
        assert ask(database, base_url, "/first") == ["blocked"]
        service.status = 500
        assert ask(database, base_url, "/probe") == ["server_error"]
        assert service.paths == ["/first", "/probe"]
        assert 0 < (row(database).open_until - datetime.now(UTC)).total_seconds() < 61
        assert ask(database, base_url, "/x") == ["resting"]


def test_a_provider_that_is_down_rests_after_many_failures_for_all(database: Database) -> None:
    service = Service(status=503)
    limits = replace(LIMITS, attempts=1, failures_in_a_row=5)

    async def one_by_one(requests: Requests) -> list[str | None]:
        return [(await kinds_of(requests, [f"/{number}"]))[0] for number in range(8)]

    with listening(service) as base_url:
        found = using(database, base_url, one_by_one, limits=limits)
        assert found[:5] == ["server_error"] * 5
        assert len(service.paths) == 5
        assert ask(database, base_url, "/x") == ["resting"]
        assert (row(database).silences, row(database).kind) == (1, "server_error")


def test_a_long_retry_after_is_kept_by_all(database: Database) -> None:
    service = Service(status=429, retry_after="3600")
    with listening(service) as base_url:
        assert ask(database, base_url, "/x") == ["rate_limited"]
        assert ask(database, base_url, "/y") == ["resting"]
    assert service.paths == ["/x"]
    minutes = (row(database).open_until - datetime.now(UTC)) / timedelta(minutes=1)
    assert 59 < minutes < 61


def test_another_address_starts_anew_and_the_state_of_the_old_one_is_gone(
    database: Database,
) -> None:
    with listening(Service()) as base_url, listening(Service(status=200)) as gateway:
        assert ask(database, base_url, "/a") == ["blocked"]
        assert ask(database, base_url, "/b") == ["blocked"]
        assert ask(database, base_url, "/c") == ["resting"]
        with_key = gateway.replace("//", "//me:hunter2@") + "/football?token=s3cret"
        assert ask(database, with_key, "/c") == [None]
        found = row(database)
        assert found.root == f"{gateway}/football"
        assert (found.open_until, found.blocked_at) == (None, None)
        assert "hunter2" not in str(found)
        # and back: what was health_of there is not health_of any more
        assert ask(database, base_url, "/d") == ["blocked"]
        assert row(database).refusals == 1
