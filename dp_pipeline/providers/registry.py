"""Which providers there are, and one HTTP client for each that a run needs."""

from collections.abc import Collection, Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from dp_pipeline.http.address import Address
from dp_pipeline.http.circuit_breaker import CircuitBreaker
from dp_pipeline.http.client import HttpClient, Requests
from dp_pipeline.http.limits import Limits
from dp_pipeline.http.rate_limit import RateLimit
from dp_pipeline.providers.clock import OURS, Clock
from dp_pipeline.providers.contract import Known, Part, Provider, Season, Source
from dp_pipeline.providers.errors import (
    InvalidTournamentKeyError,
    ProviderError,
    TournamentNotFoundError,
)
from dp_pipeline.providers.key import LONGEST, TournamentKey, is_address
from dp_pipeline.providers.openfootball import OpenFootball
from dp_pipeline.providers.openligadb import OpenLigaDB
from dp_pipeline.providers.sofascore import Sandbox, SofaScore

PROVIDERS: Mapping[str, Provider] = {
    provider.name: provider for provider in (OpenLigaDB(), OpenFootball(), SofaScore(), Sandbox())
}

MOST_OFFERED = 3


def checked_key(text: str) -> TournamentKey:
    """Read a tournament key that a known provider can have.

    Raises:
        InvalidTournamentKeyError: with one sentence that says what is wrong.
    """
    key = TournamentKey.parse(text)
    provider = PROVIDERS.get(key.provider)
    if provider is None:
        known = ", ".join(PROVIDERS)
        message = f"There is no provider {key.provider!r} (in {text!r}); the providers are {known}."
        raise InvalidTournamentKeyError(message)
    provider.check(key)
    return key


def roots(base_urls: Mapping[str, str]) -> dict[str, str]:
    """The address of every provider without its secrets, as its health is remembered by.

    Left out is one whose base URL is not usable: it cannot be asked either.
    """
    found = {}
    for name, provider in PROVIDERS.items():
        try:
            found[name] = Address.parse(name, base_urls.get(name, provider.public_url)).root
        except ProviderError:
            continue
    return found


class Providers:
    """The providers of one run. Clients are opened when first needed and closed together.

    Args:
        base_urls: provider name to the root that replaces its public one.
        rate_limit: spaces requests over all processes.
        limits: how much time, size and patience a request may cost; None for the usual ones.
        breaker: keeps requests from providers that refuse, over all processes; None for one of each
            client.
    """

    def __init__(
        self,
        base_urls: Mapping[str, str],
        rate_limit: RateLimit,
        limits: Limits | None = None,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        self._base_urls = base_urls
        self._rate_limit = rate_limit
        self._limits = limits
        self._breaker = breaker
        self._clients: dict[str, HttpClient] = {}
        self._lists: dict[str, Requests] = {}
        self._believed: dict[str, Clock] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._stack.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

    async def source(self, text: str) -> Source:
        """The tournament behind a key; raises InvalidTournamentKeyError."""
        key = checked_key(text)
        provider = PROVIDERS[key.provider]
        return provider.source(key, await self._requests(provider))

    async def part(self, text: str, known: Known, due: Collection[str]) -> Part:
        """Some matches of the tournament behind a key; raises InvalidTournamentKeyError."""
        key = checked_key(text)
        provider = PROVIDERS[key.provider]
        return provider.part(key, await self._requests(provider), known, due)

    async def confirm(self, source: Source) -> None:
        """Make sure that the provider has the tournament behind a source.

        Raises:
            TournamentNotFoundError: it answered, and has none; the sentence says what it has.
            ProviderError: it did not answer.
        """
        key = source.key
        try:
            await source.confirm(lambda: self.seasons(key.provider, key.competition, 0))
        except TournamentNotFoundError as error:
            offers = await self._similar(key)
            if not offers:
                raise
            raise error.offering(offers) from error.__cause__

    async def _similar(self, key: TournamentKey) -> list[str]:
        provider = PROVIDERS[key.provider]
        try:
            found = await provider.similar(key, await self._list(provider))
        except ProviderError:
            return []  # that the tournament is not there is known without it
        return [str(each) for each in found[:MOST_OFFERED]]

    def believe(self, clocks: Mapping[str, Clock]) -> None:
        """Take what earlier runs were told of the time at providers, until one tells it anew."""
        self._believed.update(clocks)

    def clock(self, provider: str) -> Clock:
        """What time it is at a provider."""
        client = self._clients.get(provider)
        return self._believed.get(provider, OURS) if client is None else client.clock

    def clocks(self) -> dict[str, Clock]:
        """What time it is at those providers asked so far that have a time of their own."""
        found = {name: client.clock for name, client in self._clients.items()}
        return {name: clock for name, clock in found.items() if clock != OURS}

    async def key_of(self, text: str) -> TournamentKey:
        """The key of a tournament, given as such or as the address of its page.

        Raises:
            InvalidTournamentKeyError: no known provider can have it.
            ProviderError: the page had to be read and could not be.
        """
        if not is_address(text):
            return checked_key(text)
        # One that is configured comes first: its address may be that of another one's default.
        for provider in sorted(PROVIDERS.values(), key=lambda p: p.name not in self._base_urls):
            if provider.has_page(text, self._base_url(provider)):
                return await provider.key_of_page(text, await self._requests(provider))
        message = (
            f"No provider has the page {text[:LONGEST]!r}; give a key such as openligadb:bl1:2024, "
            "or the page of a tournament at www.sofascore.com."
        )
        raise InvalidTournamentKeyError(message)

    async def seasons(self, provider: str, competition: str, back: int) -> tuple[Season, ...]:
        """The seasons of a competition, newest first; a list asked for once serves several.

        Raises:
            ProviderError: see `Provider.seasons`.
        """
        found = PROVIDERS[provider]
        return await found.seasons(competition, await self._list(found), back)

    async def _list(self, provider: Provider) -> Requests:
        if provider.name not in self._lists:
            self._lists[provider.name] = await self._requests(provider)
        return self._lists[provider.name]

    def _base_url(self, provider: Provider) -> str:
        return self._base_urls.get(provider.name, provider.public_url)

    async def _requests(self, provider: Provider) -> Requests:
        client = self._clients.get(provider.name)
        if client is None:
            base_url = self._base_url(provider)
            client = HttpClient(
                provider.name,
                base_url,
                rate_limit=self._rate_limit,
                seconds_apart=provider.pace(base_url),
                breaker=self._breaker,
                limits=self._limits,
                clock=self._believed.get(provider.name, OURS) if provider.simulated else None,
            )
            # Known before it is entered: entering waits for nothing, and no second one is made.
            self._clients[provider.name] = client
            await self._stack.enter_async_context(client)
        return client.requests()
