"""The circuit breaker over real processes, a real Postgres and a real server."""

import asyncio
import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest
import sqlalchemy as sa
from sqlalchemy import event
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dp_pipeline.database.backoff import Backoff
from dp_pipeline.database.database import Database
from dp_pipeline.http import circuit_breaker as shared
from dp_pipeline.http.circuit_breaker import CircuitBreaker
from dp_pipeline.http.circuit_table import open_circuits, reset
from dp_pipeline.http.client import HttpClient, Requests
from dp_pipeline.http.health import ServiceHealth, read_health
from dp_pipeline.http.limits import Limits
from dp_pipeline.providers.errors import BlockedError, CircuitOpenError, ProviderError
from dp_pipeline_tests.http.rate_limits import NoRateLimit
from dp_pipeline_tests.servers import serve

PROCESSES = 3
LIMITS = Limits(backoff=Backoff(0.01, 0.02))
AT_ONCE = LIMITS.connections


@dataclass
class Service:
    """Answers with a status that a test may change; holds the first requests until all are here."""

    status: int = 403
    together: int = 0
    seconds: float = 0.0
    paths: list[str] = field(default_factory=list)
    retry_after: str | None = None
    refused: frozenset[str] = frozenset()
    complete: asyncio.Event = field(default_factory=asyncio.Event)

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{path:path}", self._answer)])

    async def _answer(self, request: Request) -> Response:
        self.paths.append(request.url.path)
        if len(self.paths) >= self.together:
            self.complete.set()
        await self.complete.wait()
        await asyncio.sleep(self.seconds)
        status = 403 if request.url.path in self.refused else self.status
        headers = {} if self.retry_after is None else {"Retry-After": self.retry_after}
        return JSONResponse([], status, headers)


@contextmanager
def listening(service: Service) -> Generator[str]:
    with serve(service.app()) as url:
        yield url


async def kinds_of(
    requests: Requests, paths: list[str], *, best_effort: bool = False
) -> list[str | None]:
    """What each request ended in, all made at once."""
    found: dict[str, str | None] = {}

    async def one(path: str) -> None:
        try:
            await requests.json(path, lambda payload: payload, best_effort=best_effort)
            found[path] = None
        except ProviderError as error:
            found[path] = error.kind

    async with anyio.create_task_group() as group:
        for path in paths:
            group.start_soon(one, path)
    return [found[path] for path in paths]


def using(
    database: Database,
    base_url: str,
    work: Callable[[Requests], Awaitable[Any]],
    *,
    limits: Limits = LIMITS,
    wait_seconds: float = 30.0,
) -> Any:
    """A run of its own, as far as the provider is concerned."""

    async def run() -> Any:
        async with HttpClient(
            "p",
            base_url,
            rate_limit=NoRateLimit(),
            seconds_apart=0,
            breaker=CircuitBreaker(database, wait_seconds=wait_seconds),
            limits=limits,
        ) as client:
            return await work(client.requests())

    return anyio.run(run)


def ask(database: Database, base_url: str, *paths: str, **options: Any) -> list[str | None]:
    return using(database, base_url, lambda r: kinds_of(r, list(paths)), **options)


def row(database: Database) -> Any:
    with database.transaction() as connection:
        return connection.execute(sa.text("SELECT * FROM provider_health")).one()


def change(database: Database, what: str) -> None:
    """Let time have passed."""
    with database.transaction() as connection:
        connection.execute(sa.text(f"UPDATE provider_health SET {what}"))  # noqa: S608


def is_due(database: Database) -> None:
    change(database, "rests_until = now(), probe_until = NULL")


def known(database: Database, root: str) -> ServiceHealth:
    with database.transaction() as connection:
        (found,) = read_health(connection, {"p": root})
    return found


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
    minutes = (row(database).rests_until - datetime.now(UTC)) / timedelta(minutes=1)
    assert 29 < minutes < 31
    assert known(database, base_url).requests == under_way + 2
    assert known(database, base_url).failures == under_way + 2


def test_the_others_wait_for_a_probe_and_go_on_when_it_is_answered(
    migrated_url: str, database: Database
) -> None:
    service = Service()
    with listening(service) as base_url:
        assert ask(database, base_url, "/first") == ["blocked"]
        service.status, service.seconds = 200, 0.5
        assert hammer(migrated_url, base_url, 10) == {None: PROCESSES * 10}
    assert len(service.paths) == 1 + PROCESSES * 10
    assert row(database).rests_until is None
    assert (row(database).refusals, row(database).kind) == (0, None)


def test_one_path_that_is_refused_stops_no_run(database: Database) -> None:
    service = Service(status=200, refused=frozenset({"/form"}))
    with listening(service) as base_url:
        paths = [f"/{number}" for number in range(30)]
        found = ask(database, base_url, *paths[:5], "/form", *paths[5:])
    assert Counter(found) == {None: 30, "blocked": 1}
    assert row(database).rests_until is None


def test_what_is_asked_aside_is_no_sample_and_no_probe(database: Database) -> None:
    service = Service()
    with listening(service) as base_url:

        async def forms(requests: Requests) -> list[str | None]:
            return await kinds_of(requests, [f"/form{n}" for n in range(9)], best_effort=True)

        assert using(database, base_url, forms) == ["blocked"] * 9
        assert row(database).rests_until is None
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
        assert row(database).rests_until is not None
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
        assert 0 < (row(database).rests_until - datetime.now(UTC)).total_seconds() < 61
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
    minutes = (row(database).rests_until - datetime.now(UTC)) / timedelta(minutes=1)
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
        assert (found.rests_until, found.blocked_at) == (None, None)
        assert "hunter2" not in str(found)
        # and back: what was known there is not known any more
        assert ask(database, base_url, "/d") == ["blocked"]
        assert row(database).refusals == 1


def test_the_error_of_a_request_that_was_not_made_is_a_sentence(database: Database) -> None:
    with listening(Service()) as base_url:
        assert ask(database, base_url, "/a", "/b") == ["blocked", "blocked"]
        assert ask(database, base_url, "/c") == ["blocked"]

        async def refused(requests: Requests) -> None:
            with pytest.raises(CircuitOpenError) as caught:
                await requests.json("/d", lambda payload: payload)
            assert caught.value.retryable
            at, then = (
                f"{moment:%Y-%m-%d %H:%M} UTC"
                for moment in (row(database).struck_at, row(database).rests_until)
            )
            assert caught.value.message == (
                f"p refused us at {at} (blocked); /d was not requested. One request, after "
                f"{then}, is to find out whether it answers again. `dp health --reset p` allows "
                "requests at once."
            )
            (line,) = requests.taken()
            assert (line.attempts, line.error, line.url) == (0, "resting", f"{base_url}/d")

        using(database, base_url, refused)


def test_who_is_at_rest_is_listed_until_the_probe_is_due(database: Database) -> None:
    now = datetime.now(UTC)
    with listening(Service()) as base_url:
        ask(database, base_url, "/a")

        def at_rest(moment: datetime, **options: Any) -> set[str]:
            with database.transaction() as connection:
                return set(open_circuits(connection, moment, **options))

        assert at_rest(now + timedelta(minutes=1)) == set(), "a first refusal is doubted at once"
        ask(database, base_url, "/b")
        assert at_rest(now + timedelta(minutes=1)) == {"p"}
        assert at_rest(now + timedelta(minutes=1), roots={"p": base_url}) == {"p"}
        assert at_rest(now + timedelta(minutes=1), roots={"p": "http://elsewhere"}) == set()
        assert at_rest(now + timedelta(minutes=17)) == set()
        with database.transaction() as connection:
            assert reset(connection, "p")
            assert not reset(connection, "q")
        assert at_rest(now) == set()
        assert ask(database, base_url, "/c") == ["blocked"]


def test_requests_are_counted_by_the_hour_and_by_how_they_ended(database: Database) -> None:
    service = Service(status=200, refused=frozenset({"/no"}))
    with listening(service) as base_url:
        assert ask(database, base_url, "/a", "/b") == [None, None]
        assert ask(database, base_url, "/no") == ["blocked"]
        service.status = 404
        assert ask(database, base_url, "/gone") == ["not_found"]
        service.status = 500
        assert ask(database, base_url, "/down", limits=replace(LIMITS, attempts=2)) == [
            "server_error"
        ]
        found = known(database, base_url)
    assert (found.requests, found.failures) == (6, 3)
    assert found.success_ratio == 0.5
    assert found.mean_seconds is not None
    assert 0 < found.mean_seconds < 1
    assert (found.failure, found.state) == ("server_error", "closed")
    assert found.blocked_at is not None
    assert found.answered_at is not None
    assert found.failed_at is not None
    assert found.blocked_at < found.answered_at < found.failed_at
    with database.transaction() as connection:
        hours = connection.execute(sa.text("SELECT * FROM provider_hour")).all()
        connection.execute(sa.text("UPDATE provider_hour SET hour = hour - interval '26 hours'"))
    assert sum(hour.blocked for hour in hours) == 1
    assert sum(hour.server_error for hour in hours) == 2
    assert all(hour.hour.minute == 0 for hour in hours)
    assert known(database, base_url).requests == 0
    assert known(database, "http://elsewhere").root is None


def test_a_provider_that_answers_costs_a_read_a_second_and_a_write_every_few(
    database: Database,
) -> None:
    statements: list[str] = []
    event.listen(
        database.engine,
        "before_cursor_execute",
        lambda _c, _cursor, statement, *_: statements.append(statement),
    )
    with listening(Service(status=200)) as base_url:
        began = time.monotonic()
        found = ask(database, base_url, *(f"/{number}" for number in range(300)))
        seconds = time.monotonic() - began
    assert found == [None] * 300
    reads = [statement for statement in statements if "clock_timestamp" in statement]
    assert len(reads) <= seconds / shared.KNOWN_SECONDS + 1
    writes = [statement for statement in statements if "INSERT" in statement]
    assert len(writes) <= 2 * (seconds / shared.FLUSH_SECONDS + 1)


def test_without_postgres_what_can_be_asked_is_asked_and_counted_later(
    migrated_url: str, database: Database
) -> None:
    moved, nobody = Database(migrated_url), Database("postgresql://u@127.0.0.1:1/d")
    with listening(Service(status=200)) as base_url:

        async def work(requests: Requests) -> None:
            assert await kinds_of(requests, ["/a"]) == [None]
            moved.engine.dispose()
            moved.engine = nobody.engine
            await anyio.sleep(shared.KNOWN_SECONDS)
            assert await kinds_of(requests, ["/b", "/c"]) == [None, None]
            moved.engine = database.engine

        using(moved, base_url, work)
        assert known(database, base_url).requests == 3


def test_a_refusal_that_only_this_process_could_note_still_keeps_it_from_asking(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dp_pipeline.database.database.RETRY_SECONDS", 0.3)
    away = Database("postgresql://u@127.0.0.1:1/d")
    service = Service()
    with listening(service) as base_url:
        found = ask(away, base_url, *(f"/{number}" for number in range(20)))
    assert Counter(found) == {"blocked": AT_ONCE, "resting": 20 - AT_ONCE}
    assert len(service.paths) == AT_ONCE
    away.close()


def test_a_view_of_before_does_not_reopen_what_was_reset(database: Database) -> None:
    with listening(Service(together=AT_ONCE)) as base_url:

        async def work(requests: Requests) -> None:
            await kinds_of(requests, [f"/{number}" for number in range(AT_ONCE)])
            with database.transaction() as connection:
                reset(connection, "p")
            await anyio.sleep(shared.KNOWN_SECONDS)
            with pytest.raises(BlockedError):
                await requests.json("/after", lambda payload: payload)
            assert row(database).refusals == 1

        using(database, base_url, work)
