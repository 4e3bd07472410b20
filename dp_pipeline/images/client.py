"""Asking for images: the hosts of one run, each with its own connections, pace and patience.

Addresses come from payloads, so they are checked before they are asked (providers/guard.py); the
provider's own base URL is the operator's word and may be anywhere.
"""

import re
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from dp_pipeline.providers.address import Address
from dp_pipeline.providers.answers import Answer, Asked, Form, raise_for_status
from dp_pipeline.providers.errors import (
    BlockedError,
    NotFoundError,
    ProviderError,
    UnsafeAddressError,
)
from dp_pipeline.providers.http import Limits, Pace, ProviderClient
from dp_pipeline.providers.journal import Line
from dp_pipeline.providers.limits import MIB

LIMITS = Limits(
    connect_seconds=5,
    read_seconds=10,
    deadline_seconds=30,
    max_bytes=2 * MIB,
    attempts=2,
    max_retry_after_seconds=10,
    failures_in_a_row=5,
)
"""The largest badge recorded has 0.1 MiB. A host that fails five times is left alone: a missing
badge is no reason to keep data waiting."""
PACE_SECONDS = 0.2
"""Between two requests to a host that serves images and is no provider of ours."""
LONGEST_URL = 2_000
LONGEST_VALIDATOR = 500

_ACCEPT = "image/png, image/webp, image/svg+xml, image/jpeg, image/gif, */*;q=0.1"
_NOT_MODIFIED = 304
_REFUSED = frozenset({401, 403, 407, 451})
# imgur answers for an image that was taken down by leading to a picture that says so.
_PLACEHOLDER = re.compile(r"https?://(?:\w+\.)?imgur\.com/removed\.png")


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server gave to ask by whether an image has changed (RFC 9110, 8.8)."""

    etag: str | None = None
    last_modified: str | None = None

    def headers(self) -> dict[str, str]:
        """The headers of a conditional request; none without validators."""
        names = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in names.items() if value}


@dataclass(frozen=True, slots=True)
class Download:
    """A body as it came."""

    body: bytes = field(repr=False)
    validators: Validators


@dataclass(frozen=True, slots=True)
class Root:
    """Where a provider is, and how far apart requests to it are."""

    base_url: str
    pace_seconds: float


class Images:
    """Where images are, during one run. Hosts are connected when first asked, closed together.

    Args:
        roots: by provider name.
        pace: spaces requests over all processes.
        limits: how much time, size and patience one image may cost.
    """

    def __init__(self, roots: Mapping[str, Root], pace: Pace, limits: Limits = LIMITS) -> None:
        self._roots = roots
        self._pace = pace
        self._limits = limits
        self._clients: dict[tuple[str, tuple[str, str, int]], ProviderClient] = {}
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

    async def get(
        self, provider: str, url: str, line: Line, known: Validators | None = None
    ) -> Download | None:
        """Download what the provider says is an image; None when it is as `known` describes it.

        Raises:
            UnsafeAddressError: no http(s) address, or one that is not public.
            ProviderError: of the kind `answers.read` and `Transport.get` say.
        """
        line.url = url.partition("?")[0][:LONGEST_URL]
        client = await self._client(provider, url)
        conditions = known.headers() if known else {}
        form = Form(
            {"Accept": _ACCEPT, **conditions},
            lambda asked, answer: _read(asked, answer, conditional=bool(conditions)),
        )
        _, found = await client.fetch(url, line, form)
        return found

    async def _client(self, provider: str, url: str) -> ProviderClient:
        address = checked_address(url)
        root = self._roots.get(provider)
        own = Address.parse(provider, root.base_url) if root else None
        ours = own is not None and own.origin == address.origin
        # a host that one provider may ask behind its guard is another client for the others
        place = (provider if ours else "", address.origin)
        client = self._clients.get(place)
        if client is None:
            from dp_pipeline.providers.guard import Guard

            client = ProviderClient(
                provider if ours else address.origin[1],
                root.base_url if ours and root else address.root,
                pace=self._pace,
                pace_seconds=root.pace_seconds if ours and root else PACE_SECONDS,
                limits=self._limits,
                guard=Guard(own.origin if ours and own else None),
            )
            self._clients[place] = client
            await self._stack.enter_async_context(client)
        return client


def checked_address(url: str) -> Address:
    """The origin of an image's address, without user-info, path and query.

    Raises:
        UnsafeAddressError: it cannot be asked for.
    """
    try:
        parts = urlsplit(url)
        if len(url.encode()) <= LONGEST_URL and url.isprintable() and " " not in url:
            host = parts.netloc.rpartition("@")[2]
            return Address.parse("image", f"{parts.scheme}://{host}")
    except (ValueError, ProviderError):
        pass  # an odd address of any kind is the same to us
    message = f"The address of the image cannot be asked for: {url[:100]!r} is no http(s) URL."
    raise UnsafeAddressError(message)


def _read(asked: Asked, answer: Answer, *, conditional: bool) -> Download | None:
    if conditional and answer.status == _NOT_MODIFIED:
        return None
    if answer.status in _REFUSED or answer.challenge:
        sentence = f"{asked.provider} refused to give {asked.path} (HTTP {answer.status})."
        raise asked.error(BlockedError, sentence, answer)
    raise_for_status(asked, answer)
    if _PLACEHOLDER.match(answer.url):
        sentence = f"{asked.provider} has nothing at {asked.path} any more: it was removed."
        raise asked.error(NotFoundError, sentence)
    return Download(answer.body, Validators(_header(answer.etag), _header(answer.last_modified)))


def _header(value: str | None) -> str | None:
    """A validator we can send back, or None."""
    if value and len(value) <= LONGEST_VALIDATOR and value.isascii() and value.isprintable():
        return value
    return None
