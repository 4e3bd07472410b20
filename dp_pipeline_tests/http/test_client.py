import gzip
import itertools
import json
import logging
import os
import time
import traceback
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, TypeVar

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter
from starlette.applications import Starlette
from starlette.requests import Request as Received
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from dp_pipeline.database.backoff import Backoff
from dp_pipeline.http.client import HttpClient, Requests
from dp_pipeline.http.limits import Limits
from dp_pipeline.http.rate_limit import RateLimit
from dp_pipeline.http.request_log import Request
from dp_pipeline.providers.errors import (
    BlockedError,
    CircuitOpenError,
    InvalidShapeError,
    NetworkError,
    NotFoundError,
    ProviderError,
    ProviderServerError,
    RateLimitedError,
    UnsafeAddressError,
)
from dp_pipeline_tests.http.rate_limits import LocalRateLimit, NoRateLimit
from dp_pipeline_tests.http.wire import Reply, endless, http, reset, slow, wire
from dp_pipeline_tests.servers import closed_url, serve

T = TypeVar("T")

QUICK = Limits(
    connect_seconds=2,
    read_seconds=0.6,
    deadline_seconds=5,
    max_bytes=100_000,
    backoff=Backoff(0.01, 0.02),
    max_retry_after_seconds=2.5,
)
ONCE = Limits(
    read_seconds=1,
    deadline_seconds=2,
    max_bytes=5_000,
    attempts=1,
    max_retry_after_seconds=0.01,
    failures_in_a_row=10**9,
)


def same(payload: Any) -> Any:
    return payload


def using(
    base_url: str,
    work: Callable[[Requests], Awaitable[T]],
    *,
    limits: Limits = QUICK,
    rate_limit: RateLimit | None = None,
    seconds_apart: float = 0.0,
) -> T:
    async def run() -> T:
        async with HttpClient(
            "openligadb",
            base_url,
            rate_limit=rate_limit or NoRateLimit(),
            seconds_apart=seconds_apart,
            limits=limits,
        ) as client:
            return await work(client.requests())

    return anyio.run(run)


def ask(base_url: str, path: str = "/x", *, limits: Limits = QUICK) -> tuple[Any, Request]:
    """The decoded JSON or the ProviderError, and the one line of the journal."""

    async def work(requests: Requests) -> tuple[Any, Request]:
        found: Any
        try:
            found = await requests.json(path, same)
        except ProviderError as error:
            found = error
        (line,) = requests.taken()
        return found, line

    return using(base_url, work, limits=limits)


@pytest.mark.parametrize(
    ("body", "payload"),
    [
        (b'{"a": [1, 2.5, null]}', {"a": [1, 2.5, None]}),
        (b"\xef\xbb\xbf[1]", [1]),
        ('["Köln"]'.encode("latin-1"), ["Köln"]),
        (b"[]", []),
        (b"", None),
        (b" \r\n", None),
    ],
)
def test_a_good_answer_is_its_decoded_json_and_an_empty_one_none(body: bytes, payload: Any) -> None:
    with wire(http(body=body)) as server:
        found, line = ask(server.url)
    assert found == payload
    assert line == Request(server.url + "/x", 200, len(body), line.seconds, 1)
    assert 0 < line.seconds < 1
    assert len(server) == 1


def test_no_content_is_none() -> None:
    with wire(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n") as server:
        assert ask(server.url)[0] is None


@pytest.mark.parametrize(
    ("reply", "kind", "requests"),
    [
        (http(401), BlockedError, 1),
        (http(403, b'{"error":{"code":403,"reason":"Forbidden"}}'), BlockedError, 1),
        (http(403, b'{"error":{"code":403,"reason":"challenge"}}'), BlockedError, 1),
        (http(200, b'{"error":{"code":403,"reason":"challenge"}}'), BlockedError, 1),
        (http(404, b'{"error":{"reason":"challenge"}}'), BlockedError, 1),
        (http(451), BlockedError, 1),
        (http(403, b'{"error"', length=500), BlockedError, 1),
        (http(503, b"<html>", {"cf-mitigated": "challenge"}), BlockedError, 1),
        (http(202, b"", {"x-amzn-waf-action": "challenge"}), BlockedError, 1),
        (http(200, b"<!doctype html><p>Hello"), BlockedError, 1),
        (http(200, b"\n <html>", {"Content-Type": "application/json"}), BlockedError, 1),
        (http(200, b"Access denied", {"Content-Type": "text/html"}), BlockedError, 1),
        (http(200, b"", {"Content-Type": "text/html; charset=utf-8"}), BlockedError, 1),
        (http(404, b'{"error":{"code":404,"message":"Not Found"}}'), NotFoundError, 1),
        (http(404, b"<html>nothing</html>", {"Content-Type": "text/html"}), NotFoundError, 1),
        (http(410), NotFoundError, 1),
        (http(429), RateLimitedError, 3),
        (http(408), ProviderServerError, 3),
        (http(500, b"<html>oops"), ProviderServerError, 3),
        (http(503), ProviderServerError, 3),
        (http(599), ProviderServerError, 3),
        (http(400), InvalidShapeError, 1),
        (http(206), InvalidShapeError, 1),
        (http(304), InvalidShapeError, 1),
        (http(302), InvalidShapeError, 1),
        (http(200, b'[{"a": 1}, {"a'), InvalidShapeError, 1),
        (http(200, b"[NaN]"), InvalidShapeError, 1),
        (http(200, b"[" * 10_000), InvalidShapeError, 1),
        (http(200, b"9" * 10_000), InvalidShapeError, 1),
        (http(200, b"[" + b" " * 200_000 + b"]"), InvalidShapeError, 1),
        (
            http(200, gzip.compress(b" " * 5_000_000), {"Content-Encoding": "gzip"}),
            InvalidShapeError,
            1,
        ),
        (
            http(200, gzip.compress(gzip.compress(b"[]")), {"Content-Encoding": "gzip, gzip"}),
            InvalidShapeError,
            1,
        ),
        (http(200, b"[1, 2", length=500), NetworkError, 3),
        (http(200, b"no gzip", {"Content-Encoding": "gzip"}), NetworkError, 3),
        (b"", NetworkError, 3),
        (b"SSH-2.0-OpenSSH_9.6\r\n", NetworkError, 3),
        (reset, NetworkError, 3),
        (slow(b"", pause_seconds=1.5), NetworkError, 3),
        (slow(http(length=500), b"", pause_seconds=1.5), NetworkError, 3),
        (http(302, headers={"Location": "http://[oops"}), UnsafeAddressError, 1),
    ],
)
def test_every_answer_has_its_class_and_only_transient_ones_are_retried(
    reply: Reply, kind: type[ProviderError], requests: int
) -> None:
    with wire(reply) as server:
        error, line = ask(server.url)
    assert type(error) is kind
    assert len(server) == requests
    assert (line.attempts, line.error) == (requests, kind.kind)
    assert line.status == error.status
    assert error.url == server.url + "/x"
    assert "openligadb" in error.message
    assert "/x" in error.message
    assert error.message.endswith(".")
    assert len(error.message) < 400


def test_nothing_listening_is_a_network_failure() -> None:
    error, line = ask(closed_url())
    assert type(error) is NetworkError
    assert "could not be reached" in error.message
    assert line.status is None


def test_a_refusal_says_what_can_be_done() -> None:
    with wire(http(403, b'{"error":{"code":403,"reason":"challenge"}}')) as server:
        error, _ = ask(server.url)
    assert str(error) == (
        "openligadb refused the request (HTTP 403 for /x). It is not retried; use an open-data "
        "provider or your own licensed gateway through OPENLIGADB_BASE_URL."
    )
    assert (error.status, error.retryable) == (403, False)
    assert error.snippet == '{"error":{"code":403,"reason":"challenge"}}'


def test_the_recorded_refusals_are_told_from_the_recorded_absence() -> None:
    folder = os.environ.get("DP_RECORDINGS")
    if not folder:
        pytest.skip("DP_RECORDINGS names no folder of recorded payloads")
    bodies = json.loads((Path(folder) / "sofascore/derived_shapes/error_bodies.json").read_text())
    assert len(bodies) == 3
    for recorded in bodies:
        with wire(http(recorded["http_status"], json.dumps(recorded["body"]).encode())) as server:
            error, _ = ask(server.url)
        expected = {404: NotFoundError, 403: BlockedError}[recorded["http_status"]]
        assert type(error) is expected
        assert len(server) == 1


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


class Score(BaseModel):
    ft: list[int]


class Fixture(BaseModel):
    score: Score


class Season(BaseModel):
    matches: list[Fixture]


def test_a_payload_of_another_form_is_named_by_its_first_paths() -> None:
    good, bad = {"score": {"ft": [1, 2]}}, {"score": {"ft": "hunter2"}}
    payload = {"matches": [good, good, good, *[bad] * 500]}
    with wire(http(body=json.dumps(payload).encode())) as server:

        async def work(requests: Requests) -> InvalidShapeError:
            with pytest.raises(InvalidShapeError) as caught:
                await requests.json("/2024-25/en.1.json", Season.model_validate)
            assert requests.taken()[0].error == "invalid_shape"
            return caught.value

        error = using(server.url, work)
    assert error.message.startswith(
        "openligadb answered /2024-25/en.1.json in a form we do not know: 500 errors, first: "
        "matches[3].score.ft: Input should be a valid list; matches[4].score.ft: "
    )
    rendered = "".join(traceback.format_exception(error))
    assert "hunter2" not in rendered
    assert "matches.3.score.ft" in rendered
    assert len(rendered) < 10_000
    assert error.__context__ is None or error.__suppress_context__


@pytest.mark.parametrize("body", [b"{}", b"", b"null", b"7"])
def test_another_form_altogether_is_named_too(body: bytes) -> None:
    async def work(requests: Requests) -> InvalidShapeError:
        with pytest.raises(InvalidShapeError) as caught:
            await requests.json("/x", TypeAdapter(list[int]).validate_python)
        return caught.value

    with wire(http(body=body)) as server:
        error = using(server.url, work)
    assert "1 error: the whole answer: Input should be a valid list." in error.message


def test_what_parse_says_passes_and_its_bugs_stay_bugs() -> None:
    def nothing(payload: Any) -> None:
        reason = f"no season in {len(payload)} lists"
        raise NotFoundError(reason)

    def bug(payload: Any) -> Any:
        return payload["matches"]

    async def work(requests: Requests) -> None:
        for _ in range(2):
            with pytest.raises(NotFoundError, match="no season in 0 lists") as caught:
                await requests.json("/nothing", nothing)
            assert caught.value.url
            assert caught.value.url.endswith("/nothing")
            with pytest.raises(TypeError):
                await requests.json("/bug", bug)
        assert [line.error for line in requests.taken()] == ["not_found", "TypeError"]

    with wire(http()) as server:
        using(server.url, work)
        assert len(server) == 2


class World:
    """An application that counts: requests per path, and how many are served at a time."""

    def __init__(self, delay_seconds: float = 0.0) -> None:
        self.delay_seconds = delay_seconds
        self.paths: list[str] = []
        self.starts: list[float] = []
        self.at_a_time = self.most_at_a_time = 0
        self.cookies: list[str | None] = []
        self.app = Starlette(routes=[Route("/{path:path}", self._answer)])

    async def _answer(self, request: Received) -> Response:
        self.paths.append(request.url.path)
        self.starts.append(time.monotonic())
        self.cookies.append(request.headers.get("cookie"))
        self.at_a_time += 1
        self.most_at_a_time = max(self.at_a_time, self.most_at_a_time)
        await anyio.sleep(self.delay_seconds)
        self.at_a_time -= 1
        if "page" in request.url.path:
            return PlainTextResponse("<p>Grüße</p>", headers={"Content-Type": "text/html"})
        status = 404 if "missing" in request.url.path else 200
        answer = JSONResponse([request.url.path], status_code=status)
        answer.set_cookie("session", "1")
        return answer


def test_fifty_callers_at_once_cost_one_request_per_path() -> None:
    world = World(delay_seconds=0.05)

    async def work(requests: Requests) -> None:
        found: list[Any] = []

        async def call(path: str) -> None:
            found.append(await requests.json(path, same))

        async with anyio.create_task_group() as group:
            for number in range(50):
                group.start_soon(call, f"/{number % 2}")
        assert sorted(found) == [["/0"]] * 25 + [["/1"]] * 25
        assert all(value is found[found.index(value)] for value in found)

    with serve(world.app) as url:
        using(url, work)
    assert sorted(world.paths) == ["/0", "/1"]


def test_an_error_is_remembered_like_an_answer() -> None:
    world = World()

    async def work(requests: Requests) -> None:
        errors = []
        for _ in range(3):
            with pytest.raises(NotFoundError) as caught:
                await requests.json("/missing", same)
            errors.append(caught.value)
        assert len({str(error) for error in errors}) == 1
        assert len({(error.url, error.status, error.snippet) for error in errors}) == 1
        depths = [len(traceback.extract_tb(error.__traceback__)) for error in errors]
        assert depths[1] == depths[2]

    with serve(world.app) as url:
        using(url, work)
    assert world.paths == ["/missing"]


def test_the_journal_tells_what_was_used_since_it_was_last_taken() -> None:
    world = World()

    async def work(requests: Requests) -> None:
        for path in ("/a", "/b", "/a"):
            await requests.json(path, same)
        lines = requests.taken()
        assert [(line.url.rpartition("/")[2], line.reused) for line in lines] == [
            ("a", False),
            ("b", False),
        ]
        assert requests.taken() == ()
        for path in ("/b", "/b", "/c"):
            await requests.json(path, same)
        reused, fresh = requests.taken()
        assert reused == Request(lines[1].url, 200, lines[1].bytes, reused=True)
        assert (fresh.attempts, fresh.reused) == (1, False)

    with serve(world.app) as url:
        using(url, work)


def test_two_tournaments_share_connections_and_not_memory() -> None:
    world = World(delay_seconds=0.05)

    async def run(url: str) -> None:
        async with HttpClient(
            "openligadb", url, rate_limit=NoRateLimit(), seconds_apart=0, limits=QUICK
        ) as client:
            one, other = client.requests(), client.requests()
            async with anyio.create_task_group() as group:
                for number, requests in itertools.product(range(10), (one, other)):
                    group.start_soon(requests.json, f"/{number}", same)
            assert (len(one.taken()), len(other.taken())) == (10, 10)

    with serve(world.app) as url:
        anyio.run(run, url)
    assert len(world.paths) == 20
    assert world.most_at_a_time == QUICK.connections
    assert world.cookies == [None] * 20


def test_a_cancelled_caller_harms_nobody_else() -> None:
    world = World(delay_seconds=0.2)

    async def work(requests: Requests) -> None:
        found = []

        async def impatient() -> None:
            with anyio.move_on_after(0.05) as scope:
                await requests.json("/x", same)
            assert scope.cancelled_caught
            (line,) = requests.taken()
            assert (line.error, line.attempts) == ("cancelled", 1)

        async def patient() -> None:
            found.append(await requests.json("/x", same))

        async with anyio.create_task_group() as group:
            group.start_soon(impatient)
            await anyio.sleep(0.01)
            for _ in range(5):
                group.start_soon(patient)
        assert found == [["/x"]] * 5

    with serve(world.app) as url:
        using(url, work)
    assert len(world.paths) == 2


def test_cancelling_works_while_a_retry_is_awaited() -> None:
    limits = Limits(backoff=Backoff(30, 30))

    async def work(requests: Requests) -> None:
        with anyio.move_on_after(0.3) as scope:
            await requests.json("/x", same)
        assert scope.cancelled_caught

    with wire(http(500)) as server:
        started = time.monotonic()
        using(server.url, work, limits=limits)
        assert time.monotonic() - started < 2
        assert len(server) == 1


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


def test_a_service_that_only_fails_is_left_alone_for_a_while() -> None:
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


def test_an_answer_between_failures_keeps_a_provider_asked() -> None:
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


SECRETS = ("hunter2", "hunter%32", "s3cret", "tok%2Den", "tok-en", "dXNlcjpodW50ZXIy")


@pytest.mark.parametrize(
    "reply",
    [
        http(403, b"you sent user:hunter2 and ?token=s3cret&key=tok%2Den"),
        http(200, b'{"s3cret": dXNlcjpodW50ZXIy'),
        http(200, b'{"s3cret": ["hunter2"]}'),
        http(500, b"s3cret" * 100),
        http(429, b"tok-en", {"Retry-After": "3600"}),
        http(302, headers={"Location": "http://h:s3cret"}),
        http(302, headers={"Location": "http://user:hunter2@127.0.0.1:1/?token=s3cret"}),
        http(200, b"x", {"Content-Encoding": "gzip", "X": "s3cret"}),
        b"s3cret hunter2\r\n",
        b"HTTP/1.1 200 OK\r\nhunter2: s3cret\r\n s3cret\r\nTransfer-Encoding: tok-en\r\n\r\n",
        reset,
        slow(b"", pause_seconds=1.5),
    ],
)
def test_no_secret_of_the_address_is_ever_shown(
    reply: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    path = "/x?season=tok-en"
    shown: list[Any] = []

    async def work(requests: Requests) -> None:
        for _ in range(2):
            with pytest.raises(ProviderError) as caught:
                await requests.json(path, TypeAdapter(list[int]).validate_python)
            error = caught.value
            shown.extend(traceback.format_exception(error))
            shown.append((error.args, error.message, error.url, error.snippet))
            behind: BaseException | None = error
            while behind is not None:
                shown.append((repr(behind), str(behind), repr(getattr(behind, "_request", None))))
                behind = behind.__cause__ or behind.__context__
        shown.extend(requests.taken())

    with wire(reply) as server:
        base = server.url.replace("//", "//user:hunter%32@") + "?token=s3cret&key=tok%2Den"
        using(base, work)
    assert "?token=s3cret" in server.heads[0] or "&token=s3cret" in server.heads[0]
    text = repr(shown) + caplog.text
    assert [secret for secret in SECRETS if secret in text] == []


def test_the_log_of_a_request_names_it_without_secrets(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with wire(http()) as server:
        ask(server.url.replace("//", "//user:hunter2@") + "/gateway?token=s3cret")
        url = f"{server.url}/gateway/x"
    assert [record.getMessage() for record in caplog.records if record.name == "httpx"] == [
        f'HTTP Request: GET {url} "HTTP/1.1 200 Whatever"'
    ]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "gateway.example",
        "ftp://gateway.example",
        "http://",
        "https://user:hunter2",
        "https://user:hunter2@",
        "http://user:hunter2@host:port",
        "http://exa mple/hunter2",
        "http://[hunter2",
    ],
)
def test_an_unusable_address_is_one_sentence_without_the_address(address: str) -> None:
    with pytest.raises(ProviderError) as caught:
        ask(address)
    assert str(caught.value) == (
        "The address of openligadb is not usable: OPENLIGADB_BASE_URL must be a whole URL such as "
        "https://gateway.example/football."
    )
    assert "hunter2" not in "".join(traceback.format_exception(caught.value)).replace(address, "")


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
