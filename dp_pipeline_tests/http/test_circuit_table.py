"""What is stored of a circuit and of requests, who reads it, and what happens without Postgres."""

import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import anyio
import pytest
import sqlalchemy as sa
from sqlalchemy import event

from dp_pipeline.database.database import Database
from dp_pipeline.http import circuit_breaker as shared
from dp_pipeline.http.circuit_table import open_circuits, reset
from dp_pipeline.http.client import Requests
from dp_pipeline.providers.errors import BlockedError, CircuitOpenError
from dp_pipeline_tests.http.circuits import (
    AT_ONCE,
    LIMITS,
    Service,
    ask,
    health_of,
    kinds_of,
    listening,
    row,
    using,
)


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
                for moment in (row(database).struck_at, row(database).open_until)
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

        def at_rest(moment: datetime, root: str = base_url) -> set[str]:
            with database.transaction() as connection:
                return set(open_circuits(connection, moment, {"p": root}))

        assert at_rest(now + timedelta(minutes=1)) == set(), "a first refusal is doubted at once"
        ask(database, base_url, "/b")
        assert at_rest(now + timedelta(minutes=1)) == {"p"}
        assert at_rest(now + timedelta(minutes=1), "http://elsewhere") == set()
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
        found = health_of(database, base_url)
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
    assert health_of(database, base_url).requests == 0
    assert health_of(database, "http://elsewhere").root is None


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
        assert health_of(database, base_url).requests == 3


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
