"""Logos and badges: small pictures drawn from an id, and some that are not what they should be."""

import struct
import zlib
from dataclasses import dataclass

from dp_pipeline.sandbox.world.chance import Chance

SIDE = 32
_MARGIN, _CENTRE = 3, SIDE // 2
_PNG, _SVG, _JPEG = "image/png", "image/svg+xml", "image/jpeg"


@dataclass(frozen=True, slots=True)
class ServedImage:
    """A picture as it is served; the type may be wrong on purpose."""

    body: bytes
    content_type: str


def image(kind: str, identifier: int, colours: tuple[str, str]) -> ServedImage | None:
    """The picture of a team or tournament. `kind` is "team" or "tournament".

    Of a hundred, 84 are PNG, 6 SVG, 3 SVG with a script in it, 4 PNG called JPEG, 3 missing.
    """
    chance = Chance("image", kind, identifier)
    drawn = chance.below(100)
    first, second = colours
    if drawn < 3:  # noqa: PLR2004 - percents, as the docstring lists them
        return None
    if drawn < 7:  # noqa: PLR2004
        return ServedImage(_png(chance, first, second), _JPEG)
    if drawn < 16:  # noqa: PLR2004
        script = '<script>alert("simulated")</script>' if drawn < 10 else ""  # noqa: PLR2004
        return ServedImage(_svg(first, second, script), _SVG)
    return ServedImage(_png(chance, first, second), _PNG)


def _svg(first: str, second: str, script: str) -> bytes:
    text = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIDE} {SIDE}">{script}'
        f'<circle cx="{_CENTRE}" cy="{_CENTRE}" r="{_CENTRE - _MARGIN}" fill="{first}"/>'
        f'<path d="M{_CENTRE} {_MARGIN}v{SIDE - 2 * _MARGIN}" stroke="{second}"/></svg>'
    )
    return text.encode()


def _png(chance: Chance, first: str, second: str) -> bytes:
    """A disc with a mirrored pattern, as a palette image.

    The data is stored, not compressed: what a compressor makes of it differs between zlib versions.
    """
    palette = bytes((255, 255, 255)) + bytes.fromhex(first[1:]) + bytes.fromhex(second[1:])
    pattern = [[chance.below(3) == 0 for _ in range(4)] for _ in range(8)]
    rows = bytearray()
    for y in range(SIDE):
        rows.append(0)  # filter: none
        for x in range(SIDE):
            inside = (2 * x + 1 - SIDE) ** 2 + (2 * y + 1 - SIDE) ** 2 < (SIDE - _MARGIN) ** 2
            column = min(x, SIDE - 1 - x)
            rows.append((2 if pattern[y // 4][column // 4] else 1) if inside else 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", palette),
            _chunk(b"tRNS", b"\x00"),
            _chunk(b"IDAT", _stored(bytes(rows))),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _stored(data: bytes) -> bytes:
    """A zlib stream of one uncompressed block (RFC 1950, RFC 1951 3.2.4)."""
    length = struct.pack("<HH", len(data), len(data) ^ 0xFFFF)
    return b"\x78\x01\x01" + length + data + struct.pack(">I", zlib.adler32(data))
