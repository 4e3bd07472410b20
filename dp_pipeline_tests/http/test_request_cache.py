"""What one run remembers of its requests, and what its request log has of them."""

import itertools
import time
import traceback
from typing import Any

import anyio
import pytest

from dp_pipeline.database.backoff import Backoff
from dp_pipeline.http.client import HttpClient, Requests
from dp_pipeline.http.limits import Limits
from dp_pipeline.http.request_log import Request
from dp_pipeline.providers.errors import NotFoundError
from dp_pipeline_tests.http.clients import QUICK, same, using
from dp_pipeline_tests.http.counting_world import World
from dp_pipeline_tests.http.rate_limits import NoRateLimit
from dp_pipeline_tests.http.wire import http, wire
from dp_pipeline_tests.servers import serve


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


def test_the_request_log_has_what_was_used_since_it_was_last_taken() -> None:
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
