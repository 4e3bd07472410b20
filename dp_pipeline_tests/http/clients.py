"""A client of one provider that lives for one piece of work."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import anyio

from dp_pipeline.database.backoff import Backoff
from dp_pipeline.http.client import HttpClient, Requests
from dp_pipeline.http.limits import Limits
from dp_pipeline.http.rate_limit import RateLimit
from dp_pipeline.http.request_log import Request
from dp_pipeline.providers.errors import ProviderError
from dp_pipeline_tests.http.rate_limits import NoRateLimit

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
    """The decoded JSON or the ProviderError, and its line of the request log."""

    async def work(requests: Requests) -> tuple[Any, Request]:
        found: Any
        try:
            found = await requests.json(path, same)
        except ProviderError as error:
            found = error
        (line,) = requests.taken()
        return found, line

    return using(base_url, work, limits=limits)
