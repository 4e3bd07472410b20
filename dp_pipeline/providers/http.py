"""Asking providers over HTTP: who may ask when, how often again, and what was asked already.

The wire is `transport`, the meaning of an answer `answers`. A failing provider is left alone by one
run as `rest` says, by all of them as `health` says.
"""

import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

import anyio
from pydantic import ValidationError

from dp_pipeline.providers.address import Address, Target
from dp_pipeline.providers.answers import (
    JSON,
    PAGE,
    Asked,
    Form,
    bounded_cause,
    retry_after,
    shape_error,
)
from dp_pipeline.providers.breaker import Ending, Ticket
from dp_pipeline.providers.clock import OURS, Clock
from dp_pipeline.providers.errors import (
    NetworkError,
    ProviderError,
    ProviderRestingError,
    RateLimitedError,
)
from dp_pipeline.providers.health import Health, NoHealth
from dp_pipeline.providers.journal import Line, Request
from dp_pipeline.providers.limits import Limits
from dp_pipeline.providers.memory import Memory
from dp_pipeline.providers.pace import LocalPace, NoPace, Pace
from dp_pipeline.providers.rest import Rest

if TYPE_CHECKING:
    from dp_pipeline.providers.guard import Guard
    from dp_pipeline.providers.transport import Transport

__all__ = [
    "Health",
    "Limits",
    "LocalPace",
    "NoHealth",
    "NoPace",
    "Pace",
    "ProviderClient",
    "Request",
    "Requests",
]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A request to be made: whom we ask what, how the answer is read, the line that tells of it."""

    asked: Asked
    target: Target
    form: Form
    line: Line
    aside: bool


class ProviderClient:
    """The connections of one run to one provider; use as an async context manager.

    Args:
        provider: its name, for messages and the pace.
        base_url: root of the paths that are asked for.
        pace: spaces requests over all processes.
        pace_seconds: least time between two requests.
        health: keeps requests from a provider that refuses, over all processes; None lets all pass.
        limits: how much time, size and patience a request may cost; None for the usual ones.
        guard: checks every address before it is asked; None where we chose them all.
        clock: the time there as far as it is known, where answers tell it; None where it is ours.

    Raises:
        ProviderError: the base URL is unusable (at construction or on entering).
    """

    def __init__(  # noqa: PLR0913 - named by the caller
        self,
        provider: str,
        base_url: str,
        *,
        pace: Pace,
        pace_seconds: float,
        health: Health | None = None,
        limits: Limits | None = None,
        guard: "Guard | None" = None,
        clock: Clock | None = None,
    ) -> None:
        self.provider = provider
        self.clock = clock or OURS
        self._tells_time = clock is not None
        self._guard = guard
        self._address = Address.parse(provider, base_url)
        self._pace = pace
        self._pace_seconds = pace_seconds
        self._health = health or NoHealth()
        self._limits = limits or Limits()
        self._stack = AsyncExitStack()
        self._transport: Transport | None = None
        self._connections: anyio.Semaphore | None = None
        self._rest = Rest(self._limits)

    async def __aenter__(self) -> Self:
        from dp_pipeline.providers.transport import Transport

        self._connections = anyio.Semaphore(self._limits.connections)
        self._transport = await self._stack.enter_async_context(
            Transport(self.provider, self._address, self._limits, self._guard)
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._transport = None
        await self._health.flush()
        await self._stack.__aexit__(kind, error, traceback)

    @property
    def root(self) -> str:
        """The base URL without user-info and query, which may be secret."""
        return self._address.root

    def requests(self) -> "Requests":
        """A view for one tournament, with its own memory and journal."""
        return Requests(self)

    async def fetch(
        self, path_or_url: str, line: Line, form: Form, *, aside: bool = False
    ) -> tuple[Asked, Any]:
        """Ask once, with retries, past any memory; tell `line` how it went.

        Args:
            path_or_url: below the base URL, or a whole http(s) URL.
            line: of the report.
            form: what is asked for.
            aside: see `Requests.json`.

        Returns:
            Whom was asked what, and what `form.read` made of the answer.

        Raises:
            ProviderError: of the kind `form.read` and `Transport.get` say.
        """
        target = self._address.target(path_or_url)
        asked = Asked(self.provider, target.path, target.shown, self._address.scrub)
        line.url = target.shown
        try:
            found = await self._retried(_Wanted(asked, target, form, line, aside))
        except ProviderRestingError:
            raise
        except ProviderError as error:
            if line.attempts:  # else it says itself that nothing was asked
                self._rest.failed(error)
            if error.retryable and line.attempts > 1:
                error.message += f" Tried {line.attempts} times."
                error.args = (error.message,)
            raise
        self._rest.answered()
        return asked, found

    async def _retried(self, wanted: _Wanted) -> Any:
        import tenacity

        limits, line = self._limits, wanted.line
        jitter = tenacity.wait_random(0, limits.backoff_seconds)
        backoff = tenacity.wait_exponential(
            multiplier=limits.backoff_seconds, max=limits.max_backoff_seconds
        )

        def pause(state: tenacity.RetryCallState) -> float:
            told = line.retry_after
            return (backoff(state) if told is None else told) + jitter(state)

        def enough(state: tenacity.RetryCallState) -> bool:
            return (
                line.attempts >= limits.attempts
                or (line.retry_after or 0) > limits.max_retry_after_seconds
                or line.seconds + state.upcoming_sleep >= limits.deadline_seconds
            )

        async def sleep(seconds: float) -> None:
            line.seconds += seconds
            await anyio.sleep(seconds)

        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception(
                lambda e: isinstance(e, ProviderError) and e.retryable and not line.final
            ),
            wait=pause,
            stop=enough,
            sleep=sleep,
            reraise=True,
        )
        return await retrying(self._attempt, wanted)

    async def _attempt(self, wanted: _Wanted) -> Any:
        asked, line, aside = wanted.asked, wanted.line, wanted.aside
        if self._transport is None or self._connections is None:
            message = f"The client of {self.provider} is not open; use it in `async with`."
            raise RuntimeError(message)
        async with self._connections:
            line.final = True
            await self._rest.over(asked)
            ticket = await self._health.admit(asked, self.root, aside=aside)
            try:
                await self._pace.wait(self.provider, self._pace_seconds)
                if not ticket.probe:  # what was known before that wait may be old
                    ticket = await self._health.admit(asked, self.root, aside=aside)
                line.final = ticket.probe
                return await self._noted(ticket, wanted, self._transport)
            except ProviderError:
                raise
            except BaseException:
                with anyio.CancelScope(shield=True):
                    await self._health.give_up(ticket)
                raise

    async def _noted(self, ticket: Ticket, wanted: _Wanted, transport: "Transport") -> Any:
        """One request, of which the provider's health is told."""
        line = wanted.line
        found, error, before = None, None, line.seconds
        try:
            found = await self._request(wanted, transport)
        except ProviderError as failed:
            error = failed
        told = line.retry_after if isinstance(error, RateLimitedError) else None
        if told is not None and told <= self._limits.max_retry_after_seconds:
            told = None
        ending = Ending(line.seconds - before, error, told, self._rest.many(error))
        # The others wait for what a probe came to, whoever cancels this one.
        with anyio.CancelScope(shield=ticket.probe):
            await self._health.note(ticket, ending)
        if error is not None:
            raise error
        return found

    async def _request(self, wanted: _Wanted, transport: "Transport") -> Any:
        asked, line = wanted.asked, wanted.line
        line.attempts += 1
        line.status, line.bytes, line.retry_after = None, 0, None
        started = anyio.current_time()
        answer = None
        try:
            with anyio.move_on_after(self._limits.deadline_seconds - line.seconds):
                answer = await transport.get(asked, wanted.target, wanted.form)
        finally:
            line.seconds += anyio.current_time() - started
        if answer is None:
            sentence = (
                f"{self.provider} gave no complete answer within "
                f"{self._limits.deadline_seconds:g} s ({asked.path})."
            )
            raise asked.error(NetworkError, sentence)
        line.status, line.bytes = answer.status, len(answer.body)
        if self._tells_time:
            self.clock = Clock.read(answer.clock, time.time()) or self.clock
        line.retry_after = retry_after(answer.retry_after, datetime.now(UTC))
        try:
            return wanted.form.read(asked, answer)
        except RateLimitedError as error:
            if line.retry_after is not None:
                self._rest.told(line.retry_after)
                error.message += f" It asks to wait {line.retry_after:.0f} s."
                error.args = (error.message,)
            raise


class Requests:
    """One tournament's view of a provider: what was asked is remembered while it exists.

    Every path must always be asked with the same `parse`; the first caller's is used.
    """

    def __init__(self, client: ProviderClient) -> None:
        self._client = client
        self._memory: dict[tuple[str, str], Memory] = {}
        self._journal: dict[tuple[str, str], Request] = {}

    @property
    def root(self) -> str:
        """The base URL below which paths are asked for, without its secrets."""
        return self._client.root

    @property
    def now(self) -> datetime:
        """The present at the provider."""
        return self._client.clock.now()

    async def json(self, path: str, parse: Callable[[Any], T], *, aside: bool = False) -> T:
        """The parsed answer to base URL + `path`; None goes to `parse` when the answer is empty.

        Callers at the same time share one request, and later ones its result, error or not. A
        pydantic.ValidationError from `parse` becomes InvalidShapeError; a ProviderError passes,
        with our URL added; anything else it raises is a bug of `parse` and passes as it is.

        Args:
            path: below the base URL.
            parse: makes the payload what is wanted.
            aside: of a path that a provider is known to refuse where it gives everything else: a
                refusal says nothing about its health, and it is not asked to find that out.

        Raises:
            ProviderError: of the kind `answers.read` and `Transport.get` say.
        """

        async def fetch(line: Line) -> T:
            asked, payload = await self._client.fetch(path, line, JSON, aside=aside)
            try:
                return parse(payload)
            except ValidationError as error:
                broken = error
            except ProviderError as error:
                error.url = error.url or asked.url
                raise
            # not inside the except: the payload would hang on the chain
            raise shape_error(asked, broken) from bounded_cause(asked, broken)

        return await self._once(("json", path), fetch)

    async def text(self, path_or_url: str) -> str:
        """The text of a page below the base URL or at a whole http(s) URL; "" if it is empty.

        Remembered like `json`.

        Raises:
            ProviderError: of the kind `answers.read` and `Transport.get` say.
            ValueError: a URL that is not http(s).
        """

        async def fetch(line: Line) -> str:
            _, page = await self._client.fetch(path_or_url, line, PAGE)
            return page or ""

        return await self._once(("text", path_or_url), fetch)

    def taken(self) -> tuple[Request, ...]:
        """The requests used since the last call, once per path, in the order of first use."""
        taken = tuple(self._journal.values())
        self._journal.clear()
        return taken

    async def _once(self, key: tuple[str, str], fetch: Callable[[Line], Awaitable[T]]) -> T:
        def note(request: Request) -> None:
            # its first use is the one that cost something
            if key not in self._journal or not request.reused:
                self._journal[key] = request

        return await self._memory.setdefault(key, Memory()).recall(fetch, note)
