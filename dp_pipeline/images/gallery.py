"""The images of one run: each address requested once, each content stored once and then shown."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Self

import anyio
import anyio.to_thread

from dp_pipeline.http.request_cache import CachedRequest
from dp_pipeline.http.request_log import Request
from dp_pipeline.http.response import Validators
from dp_pipeline.images.client import Images
from dp_pipeline.images.errors import UnusableImageError
from dp_pipeline.images.kinds import Image, recognise
from dp_pipeline.providers.errors import InvalidShapeError
from dp_pipeline.storage import Storing

AT_ONCE = 16
"""Images in memory at the same time, of at most 2 MiB each."""
FOR_GOOD = "public, max-age=31536000, immutable"
"""An object is named by its content, so a cache never has to revalidate it."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image in the object store, and what a conditional request for its source needs."""

    object_key: str
    sha256: str
    content_type: str
    bytes: int
    validators: Validators


@dataclass(slots=True)
class Gallery:
    """Brings images from where providers have them into the object store.

    In a dry run it downloads, and `stores` nothing.
    """

    images: Images
    objects: Storing
    stores: bool = True
    _cache: dict[tuple[str, str], CachedRequest] = field(default_factory=dict)
    _at_once: anyio.Semaphore = field(default_factory=lambda: anyio.Semaphore(AT_ONCE))

    async def __aenter__(self) -> Self:
        await self.images.__aenter__()
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.images.__aexit__(*failure)

    async def picture(
        self, provider: str, url: str, stored: Picture | None, note: Callable[[Request], None]
    ) -> Picture:
        """The image at an address that a provider named; in the object store when this returns.

        `stored` is what came of its last download, and `note` gets the request that it took. Raises
        ProviderError when no image can be shown, ObjectStoreError when it cannot be stored.
        """
        cached = self._cache.setdefault((provider, url), CachedRequest())
        return await cached.get(partial(self._bring, provider, url, stored), note)

    async def _bring(
        self, provider: str, url: str, stored: Picture | None, request: Request
    ) -> Picture:
        async with self._at_once:
            # What was lost from the store (another bucket, a folder deleted) is downloaded again.
            held = stored is not None and await self.objects.has(stored.object_key)
            download = await self.images.get(
                provider, url, request, stored.validators if stored and held else None
            )
            if download is None and stored:
                return stored
            if download is None:  # only a conditional request is answered so
                raise AssertionError(url)
            try:
                image = await anyio.to_thread.run_sync(recognise, download.body)
            except UnusableImageError as error:
                message = f"What {request.url} holds cannot be used as an image: {error}."
                raise InvalidShapeError(message, url=request.url, status=request.status) from error
            picture = _picture(image, download.validators)
            if stored and held and picture.sha256 == stored.sha256:
                return replace(stored, validators=download.validators)
            if self.stores and not await self.objects.has(picture.object_key):
                await self.objects.put(
                    picture.object_key,
                    image.body,
                    content_type=image.content_type,
                    cache_control=FOR_GOOD,
                )
            return picture


def _picture(image: Image, validators: Validators) -> Picture:
    sha256 = hashlib.sha256(image.body).hexdigest()
    return Picture(
        f"images/{sha256}.{image.extension}",
        sha256,
        image.content_type,
        len(image.body),
        validators,
    )
