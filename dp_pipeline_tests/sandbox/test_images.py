"""Logos and badges: real pictures, and some that are not what they should be."""

import struct
import zlib
from collections import Counter

from dp_pipeline.sandbox.api.images import SIDE, image

COLOURS = ("#1b4965", "#e36414")


def _chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    """The chunks of a PNG, their checksums verified."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    found, place = [], 8
    while place < len(png):
        (length,) = struct.unpack_from(">I", png, place)
        name, data = png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        (checksum,) = struct.unpack_from(">I", png, place + 8 + length)
        assert checksum == zlib.crc32(name + data)
        found.append((name, data))
        place += 12 + length
    return found


def test_most_images_are_whole_pngs_of_their_own() -> None:
    images = [image("team", number, COLOURS) for number in range(300)]
    pngs = [each.body for each in images if each is not None and each.content_type == "image/png"]
    assert len(pngs) > 220
    assert len(set(pngs)) > 0.9 * len(pngs)
    for png in pngs[:40]:
        chunks = dict(_chunks(png))
        assert struct.unpack(">II", chunks[b"IHDR"][:8]) == (SIDE, SIDE)
        rows = zlib.decompress(chunks[b"IDAT"])
        assert len(rows) == SIDE * (SIDE + 1)
        assert set(rows) <= {0, 1, 2}


def test_some_images_are_missing_mislabelled_or_dangerous() -> None:
    found: Counter[str] = Counter()
    for number in range(1_000):
        each = image("team", number, COLOURS)
        if each is None:
            found["missing"] += 1
        elif b"<script" in each.body:
            found["script"] += 1
        elif each.content_type == "image/jpeg":
            assert each.body.startswith(b"\x89PNG")
            found["mislabelled"] += 1
        else:
            found[each.content_type] += 1
    kinds = {"missing", "script", "mislabelled", "image/png", "image/svg+xml"}
    assert set(found) == kinds
    assert min(found.values()) >= 10
