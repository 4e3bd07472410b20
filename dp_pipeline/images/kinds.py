"""What an image is, decided by its bytes: not by its name or a header. Pure.

Headers are read, pictures are not decoded: enough to know a picture from a web page or a piece of
one, and its size.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from typing import NamedTuple

from dp_pipeline.images.errors import UnusableImageError

LARGEST_SIDE = 8_192
"""Pixels. A badge of 1,200 is large; a picture of 60,000 x 60,000 is made to fill a memory."""
_FIRST = re.compile(rb"<(svg|\w+:svg|!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_MARKUP = (b"<", b"\xef\xbb\xbf")
_NO_SIZE = (-1, -1)


@dataclass(frozen=True, slots=True)
class Image:
    """An image that may be shown. `width` and `height` are pixels, None for an SVG."""

    content_type: str
    extension: str
    body: bytes = field(repr=False)
    width: int | None = None
    height: int | None = None


def recognise(body: bytes) -> Image:
    """The image these bytes are, if they are a sound and safe one; an SVG comes back cleaned."""
    if not body:
        reason = "it is empty"
        raise UnusableImageError(reason)
    if body.lstrip()[:3].startswith(_MARKUP):
        first = _FIRST.search(body[:4_000])
        if first and not first[1].lower().endswith(b"svg"):
            reason = "it is a web page"
            raise UnusableImageError(reason)
        # lxml takes 30 ms to import
        from dp_pipeline.images.svg import clean

        return Image("image/svg+xml", "svg", clean(body))
    image = raster(body)
    if image is None:
        reason = f"it is neither PNG, JPEG, GIF, WebP nor SVG (it begins with {body[:8].hex(' ')})"
        raise UnusableImageError(reason)
    return image


def raster(body: bytes) -> Image | None:
    """The picture of pixels these bytes are, or None; UnusableImageError if it is cut off."""
    kind = next((each for each in _RASTERS if each.begins.match(body)), None)
    if kind is None:
        return None
    import imagesize  # with a parser of XML, which no table needs

    width, height = imagesize.get(BytesIO(body))
    if not kind.is_whole(body) or (width, height) == _NO_SIZE:
        reason = f"it is a damaged or incomplete {kind.extension.upper()}"
        raise UnusableImageError(reason)
    if not (0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE):
        reason = f"it claims to be {width} x {height} pixels large"
        raise UnusableImageError(reason)
    return Image(kind.content_type, kind.extension, body, width, height)


class _Raster(NamedTuple):
    """How a kind of picture begins, and whether it has its end, as far as that can be seen."""

    content_type: str
    extension: str
    begins: re.Pattern[bytes]
    is_whole: Callable[[bytes], bool]


_RASTERS = (
    _Raster(
        "image/png",
        "png",
        re.compile(rb"\x89PNG\r\n\x1a\n"),
        lambda body: b"IEND\xaeB`\x82" in body[-1_024:],
    ),
    _Raster(
        "image/jpeg",
        "jpg",
        re.compile(rb"\xff\xd8\xff"),
        lambda body: b"\xff\xd9" in body[-4_096:],
    ),
    _Raster("image/gif", "gif", re.compile(rb"GIF8[79]a"), lambda body: b"\x3b" in body[-16:]),
    _Raster(
        "image/webp",
        "webp",
        re.compile(rb"RIFF....WEBP", re.DOTALL),
        lambda body: int.from_bytes(body[4:8], "little") + 8 <= len(body),
    ),
)
