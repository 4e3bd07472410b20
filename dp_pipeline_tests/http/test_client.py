"""A client keeps the rate limit and rests where a provider only fails; any answer ends well."""

import gzip
import time

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dp_pipeline.http.client import Requests
from dp_pipeline.http.limits import Limits
from dp_pipeline.providers.errors import (
    BlockedError,
    CircuitOpenError,
    NotFoundError,
    ProviderError,
    ProviderServerError,
)
from dp_pipeline_tests.http.clients import ONCE, ask, same, using
from dp_pipeline_tests.http.counting_world import World
from dp_pipeline_tests.http.rate_limits import LocalRateLimit
from dp_pipeline_tests.http.wire import http, wire
from dp_pipeline_tests.servers import serve


def test_requests_keep_the_pace_retries_included() -> None:
    async def work(requests: Requests) -> None:
        async with anyio.create_task_group() as group:
            for number in range(4):
                group.start_soon(requests.json, f"/{number}", same)

    world = World()
    with serve(world.app) as url:
        using(url, work, rate_limit=LocalRateLimit(), seconds_apart=0.15)
    assert len(world.starts) == 4
    # 0.45 s, less what the first request took to connect
    assert world.starts[-1] - world.starts[0] > 0.3

    started = time.monotonic()
    with wire(http(500)) as server, pytest.raises(ProviderServerError):
        using(
            server.url, lambda r: r.json("/x", same), rate_limit=LocalRateLimit(), seconds_apart=0.2
        )
    assert time.monotonic() - started > 0.4


def test_waiting_for_our_turn_does_not_count_against_the_deadline() -> None:
    limits = Limits(deadline_seconds=0.6, read_seconds=0.6)

    async def work(requests: Requests) -> None:
        async with anyio.create_task_group() as group:
            for number in range(6):
                group.start_soon(requests.json, f"/{number}", same)
        assert max(line.seconds for line in requests.taken()) < 0.6

    world = World()
    with serve(world.app) as url:
        using(url, work, limits=limits, rate_limit=LocalRateLimit(), seconds_apart=0.3)
    assert len(world.paths) == 6


def test_a_service_that_only_fails_rests_for_a_while() -> None:
    limits = Limits(failures_in_a_row=5, attempts=1)

    async def work(requests: Requests) -> None:
        for number in range(5):
            with pytest.raises(ProviderServerError):
                await requests.json(f"/{number}", same)
        for number in range(5, 30):
            with pytest.raises(CircuitOpenError) as caught:
                await requests.json(f"/{number}", same)
            assert caught.value.message.startswith("openligadb did not answer at ")
            assert f"(server_error); /{number} was not requested. " in caught.value.message
            assert "dp health" not in caught.value.message, "no process but this one knows of it"

    with wire(http(500)) as server:
        using(server.url, work, limits=limits)
        assert len(server) == 5


def test_an_answer_between_failures_keeps_a_provider_in_use() -> None:
    limits = Limits(failures_in_a_row=2, attempts=1)

    async def work(requests: Requests) -> None:
        for number in range(6):
            kind = NotFoundError if number % 2 else BlockedError
            with pytest.raises(kind):
                await requests.json(f"/{number}", same)

    with wire(*[http(403), http(404)] * 3) as server:
        using(server.url, work, limits=limits)
        assert len(server) == 6


def test_a_page_is_text_and_refusals_of_pages_are_refusals() -> None:
    async def work(requests: Requests) -> None:
        assert await requests.text("/page") == "<p>Grüße</p>"
        with pytest.raises(NotFoundError):
            await requests.text("/missing")
        assert await requests.text(f"{url}/page?x=1") == "<p>Grüße</p>"
        assert [line.url for line in requests.taken()] == [
            f"{url}/page",
            f"{url}/missing",
            f"{url}/page?x=…",
        ]
        with pytest.raises(ValueError, match="not an http or https URL"):
            await requests.text("file:///etc/passwd")

    with serve(World().app) as url:
        using(url, work)
    with wire(http(403, b"<html>go away</html>")) as server, pytest.raises(BlockedError):
        using(server.url, lambda r: r.text("/page"))


def test_requests_say_who_asks() -> None:
    with wire(http()) as server:
        ask(server.url)
    (head,) = server.heads
    assert head.startswith("GET /x HTTP/1.1\r\n")
    lines = dict(line.split(": ", 1) for line in head.strip().split("\r\n")[1:])
    assert lines["User-Agent"].startswith("dp_pipeline/")
    assert "Mozilla" not in head
    assert lines["Accept"].startswith("application/json")
    assert lines["Accept-Encoding"] == "gzip, deflate"
    assert "Authorization" not in lines


header_values = st.one_of(
    st.sampled_from(
        [
            *("gzip", "deflate", "gzip, gzip", "br", "chunked", "0", "-1", "1e9", "99999", "0.001"),
            *("text/html", "application/json; charset=utf-7", "text/plain; charset=idna", "utf-16"),
            *("challenge", "/x", "//", "http://[", "http://127.0.0.1:1/", "https://127.0.0.1:1/"),
        ]
    ),
    st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=20),
)


names = st.sampled_from(
    [
        *("Content-Type", "Content-Encoding", "Content-Length", "Transfer-Encoding", "Location"),
        *("Retry-After", "Set-Cookie", "cf-mitigated", "Connection", "Upgrade", "X", "Date"),
    ]
)


bodies = st.one_of(
    st.binary(max_size=200),
    st.sampled_from(
        [b"[]", b"{}", b'{"error":{"code":[]}}', b'{"error":{"code":{}}}', b"\xff\xfe["]
    ),
    st.binary(max_size=50).map(gzip.compress),
    st.binary(max_size=50).map(lambda body: b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)),
    st.just(b"[" + b" " * 20_000),
)


responses = st.one_of(
    st.binary(max_size=300),
    st.builds(
        lambda status, headers, body: (
            f"HTTP/1.1 {status} X\r\n".encode()
            + "".join(f"{n}: {v}\r\n" for n, v in headers).encode("latin-1")
            + b"\r\n"
            + body
        ),
        st.one_of(st.sampled_from([200, 302, 404, 429, 500]), st.integers(0, 1200)),
        st.lists(st.tuples(names, header_values), max_size=5),
        bodies,
    ),
)


@settings(max_examples=50)
@given(st.lists(responses, min_size=12, max_size=12))
def test_whatever_a_server_sends_ends_in_a_value_or_a_provider_error(replies: list[bytes]) -> None:
    errors: list[ProviderError] = []

    async def work(requests: Requests) -> None:
        for number in range(len(replies)):
            try:
                if number % 2:
                    assert isinstance(await requests.text(f"/{number}"), str)
                else:
                    await requests.json(f"/{number}", same)
            except ProviderError as error:
                errors.append(error)
        assert len(requests.taken()) == len(replies)

    with wire(*replies) as server:
        using(server.url, work, limits=ONCE)
    for error in errors:
        shown = f"{error.message} {error.url} {error.snippet}"
        assert "\x00" not in shown
        assert shown.encode()
