"""What an image is, decided by its bytes: what a server or a file name calls it is not asked. Pure.

Headers are read, pictures are not decoded: enough to tell a picture from a web page or a piece of
one, and to know its size.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from dp_pipeline.images.errors import UnusableImageError

LARGEST_SIDE = 8_192
"""Pixels. A badge of 1,200 is large; a picture of 60,000 x 60,000 is made to fill a memory."""
_FIRST = re.compile(rb"<(svg|\w+:svg|!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_MARKUP = (b"<", b"\xef\xbb\xbf")
_START_OF_FRAME = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})


@dataclass(frozen=True, slots=True)
class Image:
    """An image that may be shown. `width` and `height` are pixels, None for an SVG."""

    content_type: str
    extension: str
    body: bytes = field(repr=False)
    width: int | None = None
    height: int | None = None


def recognise(body: bytes) -> Image:
    """The image these bytes are; an SVG comes back cleaned.

    Raises:
        UnusableImageError: they are none, or a damaged or unsafe one.
    """
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
    """The picture of pixels these bytes are, or None.

    Raises:
        UnusableImageError: it is cut off, or of a size that cannot be.
    """
    for matches, content_type, extension, size in _RASTERS:
        if matches(body):
            try:
                width, height = size(body)
            except (IndexError, ValueError) as error:
                reason = f"it is a damaged or incomplete {extension.upper()}"
                raise UnusableImageError(reason) from error
            if not (0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE):
                reason = f"it claims to be {width} x {height} pixels large"
                raise UnusableImageError(reason)
            return Image(content_type, extension, body, width, height)
    return None


def _png(body: bytes) -> tuple[int, int]:
    # https://www.w3.org/TR/png-3/#5DataRep: IHDR is first, IEND last
    if body[12:16] != b"IHDR" or b"IEND\xaeB`\x82" not in body[-1_024:]:
        raise ValueError
    return _number(body, 16, 4, "big"), _number(body, 20, 4, "big")


def _gif(body: bytes) -> tuple[int, int]:
    # https://www.w3.org/Graphics/GIF/spec-gif89a.txt, 18: the screen's size follows the signature
    if b"\x3b" not in body[-16:]:
        raise ValueError
    return _number(body, 6, 2, "little"), _number(body, 8, 2, "little")


def _jpeg(body: bytes) -> tuple[int, int]:
    # ITU T.81, B.2: segments of marker and length until the frame header; EOI ends the file
    if b"\xff\xd9" not in body[-4_096:]:
        raise ValueError
    at = 2
    while True:
        if body[at] != 0xFF:  # noqa: PLR2004 - every marker begins so
            raise ValueError
        while body[at] == 0xFF:  # noqa: PLR2004 - fill bytes
            at += 1
        marker = body[at]
        at += 1
        if marker in _START_OF_FRAME:
            return _number(body, at + 5, 2, "big"), _number(body, at + 3, 2, "big")
        if marker not in _WITHOUT_LENGTH:
            at += max(_number(body, at, 2, "big"), 2)


def _webp(body: bytes) -> tuple[int, int]:
    # RFC 9649, 2.4 to 2.7
    if _number(body, 4, 4, "little") + 8 > len(body):
        raise ValueError
    match body[12:16]:
        case b"VP8X":
            return _number(body, 24, 3, "little") + 1, _number(body, 27, 3, "little") + 1
        case b"VP8L":
            bits = _number(body, 21, 4, "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            return (
                _number(body, 26, 2, "little") & 0x3FFF,
                _number(body, 28, 2, "little") & 0x3FFF,
            )
        case _:
            raise ValueError


def _number(body: bytes, at: int, length: int, order: str) -> int:
    part = body[at : at + length]
    if len(part) < length:
        raise IndexError
    return int.from_bytes(part, "big" if order == "big" else "little")


_RASTERS: tuple[
    tuple[Callable[[bytes], bool], str, str, Callable[[bytes], tuple[int, int]]], ...
] = (
    (lambda body: body.startswith(b"\x89PNG\r\n\x1a\n"), "image/png", "png", _png),
    (lambda body: body.startswith(b"\xff\xd8\xff"), "image/jpeg", "jpg", _jpeg),
    (lambda body: body.startswith((b"GIF87a", b"GIF89a")), "image/gif", "gif", _gif),
    (lambda body: body[:4] == b"RIFF" and body[8:12] == b"WEBP", "image/webp", "webp", _webp),
)
