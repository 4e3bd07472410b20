"""Which providers there are, and one HTTP client for each that a run needs."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from dp_pipeline.providers.contract import Provider, Source
from dp_pipeline.providers.errors import InvalidTournamentKeyError
from dp_pipeline.providers.http import Limits, Pace, ProviderClient
from dp_pipeline.providers.key import TournamentKey
from dp_pipeline.providers.openfootball import OpenFootball
from dp_pipeline.providers.openligadb import OpenLigaDB

PROVIDERS: Mapping[str, Provider] = {
    provider.name: provider for provider in (OpenLigaDB(), OpenFootball())
}


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


class Providers:
    """The providers of one run. Clients are opened when first needed and closed together.

    Args:
        base_urls: provider name to the root that replaces its public one.
        pace: spaces requests over all processes.
        limits: how much time, size and patience a request may cost; None for the usual ones.
    """

    def __init__(
        self, base_urls: Mapping[str, str], pace: Pace, limits: Limits | None = None
    ) -> None:
        self._base_urls = base_urls
        self._pace = pace
        self._limits = limits
        self._clients: dict[str, ProviderClient] = {}
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
        client = self._clients.get(key.provider)
        if client is None:
            client = ProviderClient(
                provider.name,
                self._base_urls.get(provider.name, provider.public_url),
                pace=self._pace,
                pace_seconds=provider.pace_seconds,
                limits=self._limits,
            )
            # Known before it is entered: entering waits for nothing, and no second one is made.
            self._clients[key.provider] = client
            await self._stack.enter_async_context(client)
        return provider.source(key, client.requests())
