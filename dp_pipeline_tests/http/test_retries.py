"""Which failures are tried again, how long that is waited for, and what ends at a limit."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from dp_pipeline.database.backoff import Backoff
from dp_pipeline.http.client import Requests
from dp_pipeline.http.limits import Limits
from dp_pipeline.providers.errors import (
    BlockedError,
    CircuitOpenError,
    InvalidShapeError,
    NetworkError,
    ProviderError,
    RateLimitedError,
)
from dp_pipeline_tests.http.clients import ask, same, using
from dp_pipeline_tests.http.wire import Reply, endless, http, reset, wire


@pytest.mark.parametrize(
    "first", [http(500), http(429), http(429, headers={"Retry-After": "0"}), http(length=9), reset]
)
def test_a_passing_failure_is_overcome(first: Reply) -> None:
    with wire(first, http(body=b"[1]")) as server:
        found, line = ask(server.url)
    assert found == [1]
    assert len(server) == 2
    assert (line.attempts, line.status, line.error) == (2, 200, None)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("as_date", [False, True])
def test_a_short_retry_after_is_honoured(status: int, as_date: bool) -> None:
    # dates have whole seconds: two ahead are at least one to wait
    header = (
        format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True) if as_date else "1"
    )
    with wire(http(status, headers={"Retry-After": header}), http()) as server:
        started = time.monotonic()
        found, line = ask(server.url)
    assert found == []
    assert 0.9 < time.monotonic() - started < 3
    assert line.seconds > 0.9
    assert len(server) == 2


@pytest.mark.parametrize("as_date", [False, True])
def test_a_long_retry_after_gives_up_at_once_and_spares_the_provider(as_date: bool) -> None:
    later = datetime.now(UTC) + timedelta(seconds=3600)
    header = format_datetime(later, usegmt=True) if as_date else "3600"

    async def work(requests: Requests) -> list[ProviderError]:
        errors: list[ProviderError] = []
        for path, kind in (("/x", RateLimitedError), ("/y", CircuitOpenError)):
            with pytest.raises(kind) as caught:
                await requests.json(path, same)
            errors.append(caught.value)
        assert [line.attempts for line in requests.taken()] == [1, 0]
        return errors

    with wire(http(429, headers={"Retry-After": header})) as server:
        started = time.monotonic()
        first, second = using(server.url, work)
    assert time.monotonic() - started < 1
    assert len(server) == 1
    assert "It asks to wait 36" in first.message or "It asks to wait 359" in first.message
    assert second.message.startswith("openligadb made us wait at ")
    assert "(rate_limited); /y was not requested. One request, after " in second.message


def test_a_retry_after_that_is_nonsense_is_as_none() -> None:
    with wire(http(429, headers={"Retry-After": "soon"}), http()) as server:
        assert ask(server.url)[0] == []


def test_a_request_ends_at_its_deadline_however_the_answer_trickles() -> None:
    limits = Limits(read_seconds=5, deadline_seconds=0.5, backoff=Backoff(0.01, 10))
    with wire(endless(http(length=10**9), b" ", pause_seconds=0.02)) as server:
        started = time.monotonic()
        error, line = ask(server.url, limits=limits)
        assert time.monotonic() - started < 2
    assert type(error) is NetworkError
    assert "no complete answer within 0.5 s" in error.message
    assert (len(server), line.attempts) == (1, 1)


def test_an_endless_body_is_not_read_to_its_end() -> None:
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n["
    with wire(endless(head, b" " * 65536)) as server:
        error, _ = ask(server.url)
        assert "more than 0.0953674 MiB" in error.message
    assert type(error) is InvalidShapeError
    assert len(server) == 1


def test_an_endless_error_page_is_cut() -> None:
    head = b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n"
    with wire(endless(head, b"x" * 65536)) as server:
        error, line = ask(server.url)
    assert type(error) is BlockedError
    assert len(error.snippet) == 500
    assert line.bytes < 300_000
