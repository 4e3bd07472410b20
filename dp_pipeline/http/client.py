"""Requests to one service: when they are made, how often again, and which were made already.

The wire is `transport`, the meaning of a response `classify`. The circuit breaker keeps requests
from a service that refuses or fails, the rate limit spaces them, and a cache makes each only once.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self, TypeVar

import anyio
from pydantic import ValidationError

from dp_pipeline.http.address import Address, Target
from dp_pipeline.http.circuit import UNANSWERED, Permit, RequestOutcome
from dp_pipeline.http.circuit_breaker import CircuitBreaker
from dp_pipeline.http.classify import (
    JSON,
    PAGE,
    ResponseFormat,
    bounded_cause,
    retry_after,
    shape_error,
)
from dp_pipeline.http.conditional import Conditional, moment_text, received
from dp_pipeline.http.errors import (
    CircuitOpenError,
    NetworkError,
    ProviderError,
    RateLimitedError,
)
from dp_pipeline.http.limits import Limits
from dp_pipeline.http.rate_limit import RateLimit
from dp_pipeline.http.request_cache import CachedRequest
from dp_pipeline.http.request_log import Request

if TYPE_CHECKING:
    from dp_pipeline.http.archive import Archive, ArchivedBody
    from dp_pipeline.http.replay import ReplayTransport
    from dp_pipeline.http.ssrf_guard import SsrfGuard
    from dp_pipeline.http.transport import Transport

T = TypeVar("T")


@dataclass(slots=True)
class _Exchange:
    """A request in the making, with all its attempts."""

    target: Target
    format_: ResponseFormat
    request: Request
    best_effort: bool
    retry_after: float | None = None
    final: bool = False
    """Whether what comes is not tried again: no request was made, or it was a probe."""


class HttpClient:
    """The connections of one run to one service; use as an async context manager.

    Args:
        name: of the service, for messages, rate limit and circuit breaker.
        base_url: root of the paths that are requested.
        rate_limit: spaces requests over all processes; None: they start at once.
        seconds_apart: least time between two requests.
        breaker: over all processes; None for one that only this client knows.
        limits: what a request may cost; None for the usual ones.
        guard: checks every address before it is requested; None where we chose them all.
        archive: knows what came earlier, and gets what comes.
        replay: answers in place of the service; no connection is made.

    Raises:
        ProviderError: the base URL is unusable (at construction or on entering).
    """

    def __init__(  # noqa: PLR0913 - named by the caller
        self,
        name: str,
        base_url: str,
        *,
        rate_limit: RateLimit | None = None,
        seconds_apart: float = 0.0,
        breaker: CircuitBreaker | None = None,
        limits: Limits | None = None,
        guard: "SsrfGuard | None" = None,
        archive: "Archive | None" = None,
        replay: "ReplayTransport | None" = None,
    ) -> None:
        self.name = name
        self._guard = guard
        self._archive = archive
        self._replay = replay
        self._address = Address.parse(name, base_url)
        self._rate_limit = rate_limit
        self._seconds_apart = seconds_apart
        self._breaker = breaker or CircuitBreaker(None)
        self._limits = limits or Limits()
        self._transport: Transport | ReplayTransport | None = None
        self._connections: anyio.Semaphore | None = None
        self._paused_until = 0.0
        """A short Retry-After concerns all our requests, not only the one that met it."""
        self._failures = 0
        """Requests in a row that ended without an answer."""

    async def __aenter__(self) -> Self:
        from dp_pipeline.http.transport import Transport

        self._connections = anyio.Semaphore(self._limits.connections)
        self._transport = self._replay or Transport(self._address, self._limits, self._guard)
        return self

    async def __aexit__(self, *_: object) -> None:
        transport, self._transport = self._transport, None
        await self._breaker.flush()
        if transport is not None:
            await transport.close()

    @property
    def root(self) -> str:
        """The base URL without user-info and query, which may be secret."""
        return self._address.root

    def requests(self) -> "Requests":
        """A view for one tournament, with its own cache and log."""
        return Requests(self)

    async def known(self, path_or_url: str) -> "ArchivedBody | None":
        """The archived body with which a URL was answered last."""
        target = self._address.target(path_or_url)
        if self._archive is None or target.hides_values:
            return None
        return await self._archive.known(target.shown)

    async def fetch(  # noqa: PLR0913 - named by the caller
        self,
        path_or_url: str,
        request: Request,
        format_: ResponseFormat,
        *,
        best_effort: bool = False,
        known: "ArchivedBody | None" = None,
        last_change: str | None = None,
    ) -> tuple[Target, Any]:
        """Request once, with retries, past any cache.

        Args:
            path_or_url: below the base URL, or a whole http(s) URL.
            request: line of the report, which is filled in.
            format_: what is requested.
            best_effort: see `Requests.json`.
            known: the archived body, which is read if it is still the one.
            last_change: when the data last changed, where the service said that by another request.

        Returns:
            The target, and what `format_.read` made of the response. It and `Transport.get` say
            which ProviderError is raised.
        """
        target = self._address.target(path_or_url)
        request.url = target.shown
        exchange = _Exchange(target, format_, request, best_effort)
        try:
            if self._archive is None or known is None:
                content = await self._retried(exchange)
            else:
                ask = lambda wanted: self._retried(replace(exchange, format_=wanted))  # noqa: E731
                content = await Conditional(self._archive, known, last_change).content(
                    target, request, format_, ask
                )
        except CircuitOpenError:
            raise
        except ProviderError as error:
            self._failures = self._failures + 1 if isinstance(error, UNANSWERED) else 0
            if error.retryable and request.attempts > 1:
                error.message += f" Tried {request.attempts} times."
                error.args = (error.message,)
            raise
        self._failures = 0
        return target, content

    async def _retried(self, exchange: _Exchange) -> Any:
        import tenacity

        limits, request = self._limits, exchange.request

        def pause(state: tenacity.RetryCallState) -> float:
            if exchange.retry_after is None:
                return limits.backoff(state)
            return exchange.retry_after + limits.backoff.jittered(1)  # not all at that moment

        def enough(state: tenacity.RetryCallState) -> bool:
            return (
                request.attempts >= limits.attempts
                or (exchange.retry_after or 0) > limits.max_retry_after_seconds
                or request.seconds + state.upcoming_sleep >= limits.deadline_seconds
            )

        async def sleep(seconds: float) -> None:
            request.seconds += seconds
            await anyio.sleep(seconds)

        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception(
                lambda e: isinstance(e, ProviderError) and e.retryable and not exchange.final
            ),
            wait=pause,
            stop=enough,
            sleep=sleep,
            reraise=True,
        )
        return await retrying(self._attempt, exchange)

    async def _attempt(self, exchange: _Exchange) -> Any:
        if self._transport is None or self._connections is None:
            message = f"The client of {self.name} is not open; use it in `async with`."
            raise RuntimeError(message)
        async with self._connections:
            exchange.final = True
            permit = await self._admit(exchange)
            try:
                if self._rate_limit is not None:
                    await self._rate_limit.wait(self.name, self._seconds_apart)
                    if not permit.probe:  # what was known before that wait may be old
                        permit = await self._admit(exchange)
                exchange.final = permit.probe
                return await self._noted(permit, exchange, self._transport)
            except ProviderError:
                raise
            except BaseException:
                with anyio.CancelScope(shield=True):
                    await self._breaker.give_up(permit)
                raise

    async def _admit(self, exchange: _Exchange) -> Permit:
        # others may put it off meanwhile
        while anyio.current_time() < self._paused_until:  # noqa: ASYNC110 - a time, no event
            await anyio.sleep_until(self._paused_until)
        return await self._breaker.admit(
            exchange.target, self.root, best_effort=exchange.best_effort
        )

    async def _noted(
        self, permit: Permit, exchange: _Exchange, transport: "Transport | ReplayTransport"
    ) -> Any:
        """One request, which the circuit breaker counts."""
        content, error, before = None, None, exchange.request.seconds
        try:
            content = await self._request(exchange, transport)
        except ProviderError as failed:
            error = failed
        wished = exchange.retry_after if isinstance(error, RateLimitedError) else None
        if wished is not None and wished <= self._limits.max_retry_after_seconds:
            self._paused_until = max(self._paused_until, anyio.current_time() + wished)
            wished = None
        outcome = RequestOutcome(
            exchange.request.seconds - before,
            error,
            wished,
            many=self._failures + 1 >= self._limits.failures_in_a_row,
            concerns_all=self._limits.refusals_concern_all,
        )
        # The others wait for what a probe came to, whoever cancels this one.
        with anyio.CancelScope(shield=permit.probe):
            await self._breaker.note(permit, outcome)
        if error is not None:
            raise error
        return content

    async def _request(self, exchange: _Exchange, transport: "Transport | ReplayTransport") -> Any:
        target, request = exchange.target, exchange.request
        request.attempts += 1
        request.status, request.bytes, exchange.retry_after = None, 0, None
        started = anyio.current_time()
        response = None
        try:
            with anyio.move_on_after(self._limits.deadline_seconds - request.seconds):
                response = await transport.get(target, exchange.format_)
        finally:
            request.seconds += anyio.current_time() - started
        if response is None:
            sentence = (
                f"{self.name} gave no complete answer within "
                f"{self._limits.deadline_seconds:g} s ({target.path})."
            )
            raise target.error(NetworkError, sentence)
        request.status, request.bytes = response.status, len(response.body)
        if self._archive is not None and not target.hides_values:
            request.received = received(target, response, datetime.now(UTC))
        exchange.retry_after = retry_after(response.retry_after, datetime.now(UTC))
        try:
            return exchange.format_.read(target, response)
        except RateLimitedError as error:
            if exchange.retry_after is not None:
                error.message += f" It asks to wait {exchange.retry_after:.0f} s."
                error.args = (error.message,)
            raise


class Requests:
    """One tournament's view of a service: what was requested is cached while it exists.

    Every path must always be requested with the same `parse`; the first caller's is used.
    """

    def __init__(self, client: HttpClient) -> None:
        self._client = client
        self._cache: dict[tuple[str, str], CachedRequest] = {}
        self._log: dict[tuple[str, str], Request] = {}

    @property
    def root(self) -> str:
        """The base URL below which the paths are, without its secrets."""
        return self._client.root

    async def json(
        self,
        path: str,
        parse: Callable[[Any], T],
        *,
        best_effort: bool = False,
        last_change: str | None = None,
    ) -> T:
        """The parsed answer to base URL + `path`; None goes to `parse` when the answer is empty.

        Callers at the same time share one request, and later ones its result, error or not. A
        pydantic.ValidationError from `parse` becomes InvalidShapeError; a ProviderError, also of
        `classify.read` and `Transport.get`, passes with our URL added.

        Args:
            path: below the base URL, or a whole http(s) URL.
            parse: of the payload.
            best_effort: of a path that a service is known to refuse where it gives everything
                else: a refusal says nothing about its health, and it is no probe.
            last_change: path at which a service that sends no validators says when this one last
                changed; requested where an archived body may still be the one.
        """

        async def fetch(request: Request) -> T:
            known = await self._client.known(path)
            changed = None
            if known is not None and last_change and not known.validators.headers():
                changed = await self._last_change(last_change)
            target, payload = await self._client.fetch(
                path, request, JSON, best_effort=best_effort, known=known, last_change=changed
            )
            try:
                return parse(payload)
            except ValidationError as error:
                broken = error
            except ProviderError as error:
                error.url = error.url or target.shown
                raise
            # not inside the except: the payload would hang on the chain
            raise shape_error(target, broken) from bounded_cause(target, broken)

        return await self._once(("json", path), fetch)

    async def text(self, path_or_url: str) -> str:
        """The text of a page below the base URL or at a whole http(s) URL; "" if it is empty.

        Cached, and with the errors of, `json`; a URL that is not http(s) is a ValueError.
        """

        async def fetch(request: Request) -> str:
            known = await self._client.known(path_or_url)
            _, page = await self._client.fetch(path_or_url, request, PAGE, known=known)
            return page or ""

        return await self._once(("text", path_or_url), fetch)

    async def _last_change(self, path: str) -> str | None:
        try:
            return await self.json(path, moment_text, best_effort=True)
        except ProviderError:
            return None  # then the data is requested

    def taken(self) -> tuple[Request, ...]:
        """The requests used since the last call, once per path, in the order of first use."""
        taken = tuple(self._log.values())
        self._log.clear()
        return taken

    async def _once(self, key: tuple[str, str], fetch: Callable[[Request], Awaitable[T]]) -> T:
        def note(request: Request) -> None:
            # its first use is the one that cost something
            if key not in self._log or not request.reused:
                self._log[key] = request

        return await self._cache.setdefault(key, CachedRequest()).get(fetch, note)
