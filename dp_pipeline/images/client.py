"""Requesting images: the hosts of one run, each with its own connections, rate limit and patience.

Addresses come from payloads, so they are checked before the request (http/ssrf_guard.py); the
provider's own base URL is the operator's word and may be anywhere.
"""

import re
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

from dp_pipeline.http.address import Address, Target
from dp_pipeline.http.classify import ResponseFormat, raise_for_status
from dp_pipeline.http.client import HttpClient
from dp_pipeline.http.limits import MIB, Limits
from dp_pipeline.http.rate_limit import RateLimit
from dp_pipeline.http.request_log import Request
from dp_pipeline.http.response import Response, Validators
from dp_pipeline.providers.errors import (
    BlockedError,
    NotFoundError,
    ProviderError,
    UnsafeAddressError,
)

LIMITS = Limits(
    connect_seconds=5,
    read_seconds=10,
    deadline_seconds=30,
    max_bytes=2 * MIB,
    attempts=2,
    max_retry_after_seconds=10,
    failures_in_a_row=5,
    refusals_concern_all=False,
)
"""The largest badge recorded has 0.1 MiB. The circuit of a host opens after five failures: a
missing badge is no reason to keep data waiting."""
SECONDS_APART = 0.2
"""Between two requests to a host that serves images and is no provider of ours."""
LONGEST_URL = 2_000

_ACCEPT = "image/png, image/webp, image/svg+xml, image/jpeg, image/gif, */*;q=0.1"
_NOT_MODIFIED = 304
_REFUSED = frozenset({401, 403, 407, 451})
# imgur answers for an image that was taken down by leading to a picture that says so.
_PLACEHOLDER = re.compile(r"https?://(?:\w+\.)?imgur\.com/removed\.png")


@dataclass(frozen=True, slots=True)
class Download:
    """A body as it came."""

    body: bytes = field(repr=False)
    validators: Validators


@dataclass(frozen=True, slots=True)
class Root:
    """Where a provider is, and how far apart requests to it are."""

    base_url: str
    seconds_apart: float


class Images:
    """Where images are, during one run. Hosts are connected when first needed, closed together.

    Args:
        roots: by provider name.
        rate_limit: spaces requests over all processes.
        limits: how much time, size and patience one image may cost.
    """

    def __init__(
        self, roots: Mapping[str, Root], rate_limit: RateLimit, limits: Limits = LIMITS
    ) -> None:
        self._roots = roots
        self._rate_limit = rate_limit
        self._limits = limits
        self._clients: dict[tuple[str, tuple[str, str, int]], HttpClient] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def get(
        self, provider: str, url: str, request: Request, stored: Validators | None = None
    ) -> Download | None:
        """Download what the provider says is an image; None when it is as `stored` describes it.

        Raises UnsafeAddressError for one that is no http(s) address or not public, and what
        `raise_for_status` and `Transport.get` raise.
        """
        request.url = url.partition("?")[0][:LONGEST_URL]
        client = await self._client(provider, url)
        conditions = stored.headers() if stored else {}
        image = ResponseFormat(
            {"Accept": _ACCEPT, **conditions},
            lambda target, response: _read(target, response, conditional=bool(conditions)),
        )
        _, download = await client.fetch(url, request, image)
        return download

    async def _client(self, provider: str, url: str) -> HttpClient:
        address = checked_address(url)
        own = self._roots.get(provider)
        if own and Address.parse(provider, own.base_url).origin == address.origin:
            name, root, allowed = provider, own, address.origin
        else:
            name, root, allowed = address.origin[1], Root(address.root, SECONDS_APART), None
        # a host that one provider may reach behind its guard is another client for the others
        place = (provider if allowed else "", address.origin)
        if place not in self._clients:
            from dp_pipeline.http.ssrf_guard import SsrfGuard

            client = self._clients[place] = HttpClient(
                name,
                root.base_url,
                rate_limit=self._rate_limit,
                seconds_apart=root.seconds_apart,
                limits=self._limits,
                guard=SsrfGuard(allowed),
            )
            await self._stack.enter_async_context(client)
        return self._clients[place]


def checked_address(url: str) -> Address:
    """The origin of an image's address, bare; UnsafeAddressError if it cannot be requested."""
    try:
        parts = urlsplit(url)
        if len(url.encode()) <= LONGEST_URL and url.isprintable() and " " not in url:
            host = parts.netloc.rpartition("@")[2]
            return Address.parse("image", f"{parts.scheme}://{host}")
    except (ValueError, ProviderError):
        pass  # an odd address of any kind is the same to us
    message = f"The address of the image cannot be requested: {url[:100]!r} is no http(s) URL."
    raise UnsafeAddressError(message)


def _read(target: Target, response: Response, *, conditional: bool) -> Download | None:
    if conditional and response.status == _NOT_MODIFIED:
        return None
    if response.status in _REFUSED or response.challenge:
        sentence = f"{target.name} refused to give {target.path} (HTTP {response.status})."
        raise target.error(BlockedError, sentence, response)
    raise_for_status(target, response)
    if _PLACEHOLDER.match(response.url):
        sentence = f"{target.name} has nothing at {target.path} any more: it was removed."
        raise target.error(NotFoundError, sentence)
    return Download(response.body, Validators.of(response.etag, response.last_modified))
