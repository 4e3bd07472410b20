"""Which providers there are, and one HTTP client for each that a run needs."""

import contextlib
import pkgutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

import anyio

from dp_pipeline import providers
from dp_pipeline.football.key import LONGEST, MalformedKeyError, TournamentKey, is_address
from dp_pipeline.http.address import Address
from dp_pipeline.http.circuit_breaker import CircuitBreaker
from dp_pipeline.http.client import HttpClient, Requests
from dp_pipeline.http.limits import Limits
from dp_pipeline.http.rate_limit import RateLimit
from dp_pipeline.http.request_log import Request
from dp_pipeline.providers.contract import (
    EVERYTHING,
    DueMatches,
    ListedSeason,
    Now,
    Provider,
    Selection,
    Source,
    StoredTournament,
    utc_now,
)
from dp_pipeline.providers.errors import (
    InvalidTournamentKeyError,
    ProviderError,
    TournamentNotFoundError,
)
from dp_pipeline.providers.openfootball import OpenFootball
from dp_pipeline.providers.openligadb import OpenLigaDB
from dp_pipeline.providers.refresh_window import RefreshWindow
from dp_pipeline.providers.sandbox import Sandbox
from dp_pipeline.providers.sofascore import SofaScore

if TYPE_CHECKING:
    from dp_pipeline.http.archive import Archive
    from dp_pipeline.http.replay import ReplayTransport

PROVIDERS: tuple[Provider, ...] = (OpenLigaDB(), OpenFootball(), SofaScore(), Sandbox())
"""Every provider, in the order in which people see them."""
BY_NAME: Mapping[str, Provider] = {provider.name: provider for provider in PROVIDERS}

_PACKAGES = {module.name for module in pkgutil.iter_modules(providers.__path__) if module.ispkg}
if len(BY_NAME) < len(PROVIDERS) or set(BY_NAME) != _PACKAGES:
    _WRONG = (
        f"Each package of providers/ ({', '.join(sorted(_PACKAGES))}) is one provider, listed once "
        f"in PROVIDERS ({', '.join(provider.name for provider in PROVIDERS)})."
    )
    raise ValueError(_WRONG)


def check_windows(registered: Iterable[Provider]) -> None:
    """Raise ValueError where two providers have one refresh window: not all begin at once."""
    windows: dict[RefreshWindow, str] = {}
    for provider in registered:
        other = windows.setdefault(provider.refresh_window, provider.name)
        if other != provider.name:
            message = (
                f"Tournaments of {other} and {provider.name} are read again in the same window; "
                "give each provider a `refresh_window` of its own."
            )
            raise ValueError(message)


check_windows(PROVIDERS)
MOST_OFFERED = 3
_GLANCE = Limits(connect_seconds=1, read_seconds=1, deadline_seconds=2, attempts=1)


def checked_key(text: str) -> TournamentKey:
    """Read a tournament key that a provider can have; else InvalidTournamentKeyError says why."""
    try:
        key = TournamentKey.parse(text)
    except MalformedKeyError as error:
        raise InvalidTournamentKeyError(str(error)) from error
    provider = BY_NAME.get(key.provider)
    if provider is None:
        names = ", ".join(BY_NAME)
        message = f"There is no provider {key.provider!r} (in {text!r}); the providers are {names}."
        raise InvalidTournamentKeyError(message)
    provider.check(key)
    return key


def sites_of_pages() -> str:
    """Where the pages are whose addresses stand for keys."""
    return " or ".join(urlsplit(each.pages_at).netloc for each in PROVIDERS if each.pages_at)


def roots(base_urls: Mapping[str, str]) -> dict[str, str]:
    """The address of every service without its secrets, by which its health is stored.

    These are the providers, and parts of them that have a base URL of their own. Left out is one
    whose base URL is not usable.
    """
    addresses = {}
    for provider in PROVIDERS:
        for service in provider.services:
            if service != provider.name and service not in base_urls:
                continue
            with contextlib.suppress(ProviderError):
                base_url = base_urls.get(service, provider.public_url)
                addresses[service] = Address.parse(service, base_url).root
    return addresses


class Providers:
    """The providers of one run. Clients are opened when first needed and closed together.

    Args:
        base_urls: provider name to the root that replaces its public one.
        rate_limit: see `HttpClient`, as for limits and breaker.
        limits: what a request may cost.
        breaker: for all clients.
        now: our clock; a simulated world has its own.
        archive: see `HttpClient`.
        replay: answers for all of them, and has their clock in `now`; see `HttpClient`.
    """

    def __init__(  # noqa: PLR0913 - named by the caller
        self,
        base_urls: Mapping[str, str],
        rate_limit: RateLimit | None = None,
        limits: Limits | None = None,
        breaker: CircuitBreaker | None = None,
        now: Now = utc_now,
        *,
        archive: "Archive | None" = None,
        replay: "ReplayTransport | None" = None,
    ) -> None:
        self.archive = archive
        self._replay = replay
        self._base_urls = base_urls
        self._rate_limit = rate_limit
        self._limits = limits
        self._breaker = breaker
        self._clients: dict[str, HttpClient] = {}
        self._lists: dict[str, Requests] = {}
        self._now = now
        self._clocks: dict[str, Now] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        if self.archive is not None:
            await self._stack.enter_async_context(self.archive)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

    async def source(
        self,
        text: str,
        selection: Selection = EVERYTHING,
        stored: StoredTournament | None = None,
    ) -> Source:
        """The tournament behind a key, for what is wanted of it; see `contract.Source`.

        Raises InvalidTournamentKeyError when no provider has it, or none of single matches.
        """
        key = checked_key(text)
        provider = BY_NAME[key.provider]
        if isinstance(selection, DueMatches) and not provider.polled:
            message = f"{key.provider} has no single matches to poll; refresh {key} instead."
            raise InvalidTournamentKeyError(message)
        requests = await self._requests(provider, key.competition)
        source = provider.source(key, requests, selection, stored)
        source.clock = await self.clock(key.provider)
        return source

    async def confirm(self, source: Source) -> None:
        """See `Source.confirm`; the sentence of TournamentNotFoundError says what there is."""
        key = source.key
        try:
            await source.confirm(lambda: self.seasons(key.provider, key.competition, 0))
        except TournamentNotFoundError as error:
            offers = await self._similar(key)
            if not offers:
                raise
            raise error.offering(offers) from error.__cause__

    def requests_for_lists(self) -> tuple[Request, ...]:
        """The requests for lists of seasons since the last call, for whichever tournament."""
        return tuple(one for requests in self._lists.values() for one in requests.taken())

    async def _similar(self, key: TournamentKey) -> list[str]:
        provider = BY_NAME[key.provider]
        try:
            similar = await provider.similar(key, await self._list(provider, key.competition))
        except ProviderError:
            return []  # that the tournament is not there is known without it
        return [str(each) for each in similar[:MOST_OFFERED]]

    async def clock(self, name: str) -> Now:
        """The clock of a provider; raises ProviderError where a simulated world does not answer."""
        if name not in self._clocks:
            provider, clock = BY_NAME[name], self._now
            if provider.simulated and self._replay is None:
                # A client of its own: a world that gives its time may give nothing else.
                base_url = self._base_url(provider)
                async with HttpClient(name, base_url, limits=self._limits) as client:
                    clock = await provider.clock(client.requests(), clock)
            self._clocks[name] = clock
        return self._clocks[name]

    async def key_of(self, text: str) -> TournamentKey:
        """The key of a tournament, given as such or as the address of its page.

        Raises InvalidTournamentKeyError, or another ProviderError when the page cannot be read.
        """
        if not is_address(text):
            return checked_key(text)
        # One that is configured comes first: its address may be that of another one's default.
        for provider in sorted(PROVIDERS, key=lambda p: p.name not in self._base_urls):
            if provider.has_page(text, self._base_url(provider)):
                return await provider.key_of_page(text, await self._requests(provider, ""))
        message = (
            f"No provider has the page {text[:LONGEST]!r}; give a key such as "
            f"{PROVIDERS[0].examples[0]}, or the page of a tournament at {sites_of_pages()}."
        )
        raise InvalidTournamentKeyError(message)

    async def seasons(self, provider: str, competition: str, back: int) -> tuple[ListedSeason, ...]:
        """The seasons of a competition; see `Provider.seasons`. One list serves several."""
        registered = BY_NAME[provider]
        requests = await self._list(registered, competition)
        return await registered.seasons(competition, requests, back)

    async def named(self, provider: str, words: Sequence[str]) -> tuple[ListedSeason, ...]:
        """See `Provider.named`."""
        registered = BY_NAME[provider]
        return await registered.named(words, await self._list(registered, ""))

    async def _list(self, provider: Provider, competition: str) -> Requests:
        service = provider.service_of(competition, self._base_urls)
        if service not in self._lists:
            self._lists[service] = await self._requests(provider, competition)
        return self._lists[service]

    def _base_url(self, provider: Provider) -> str:
        return self._base_urls.get(provider.name, provider.public_url)

    async def _requests(self, provider: Provider, competition: str) -> Requests:
        service = provider.service_of(competition, self._base_urls)
        if service not in self._clients:
            base_url = self._base_urls.get(service, provider.public_url)
            # Kept before it is entered: entering waits for nothing, and no second one is made.
            client = self._clients[service] = HttpClient(
                service,
                base_url,
                rate_limit=self._rate_limit,
                seconds_apart=provider.seconds_apart_at(base_url),
                breaker=self._breaker,
                limits=self._limits,
                archive=self.archive,
                replay=self._replay,
            )
            await self._stack.enter_async_context(client)
        return self._clients[service].requests()


def present_at(name: str, base_urls: Mapping[str, str]) -> datetime:
    """The present at a provider, for who makes no other request to it; see `Providers.clock`."""

    async def clock() -> Now:
        async with Providers(base_urls, limits=_GLANCE) as providers:
            return await providers.clock(name)

    return anyio.run(clock)() if BY_NAME[name].simulated else utc_now()
