import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.images.errors import UnusableImageError
from dp_pipeline.images.kinds import LARGEST_SIDE, recognise
from dp_pipeline_tests.images.gallery_server import SVG, png

GIF = b"GIF89a\x07\x00\x09\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00;"
JPEG = (
    b"\xff\xd8\xff\xe0\x00\x04JF\xff\xfe\x00\x05abc"
    b"\xff\xc2\x00\x0b\x08\x00\x09\x00\x07\x01\x01\x11\x00\xff\xda\x00\x02xyz\xff\xd9"
)


def webp(kind: bytes, data: bytes) -> bytes:
    body = b"WEBP" + kind + len(data).to_bytes(4, "little") + data
    return b"RIFF" + len(body).to_bytes(4, "little") + body


WEBPS = {
    "extended": webp(
        b"VP8X", b"\x10\0\0\0" + (6).to_bytes(3, "little") + (8).to_bytes(3, "little")
    ),
    "lossless": webp(b"VP8L", b"\x2f" + (6 | 8 << 14).to_bytes(4, "little") + b"\0" * 8),
    "lossy": webp(b"VP8 ", b"\0\0\0\x9d\x01\x2a" + b"\x07\x00\x09\x00" + b"\0" * 8),
}


@pytest.mark.parametrize(
    ("body", "content_type", "extension"),
    [
        (png(7, 9), "image/png", "png"),
        (GIF, "image/gif", "gif"),
        (JPEG, "image/jpeg", "jpg"),
        *((body, "image/webp", "webp") for body in WEBPS.values()),
    ],
    ids=["png", "gif", "jpeg", *WEBPS],
)
def test_a_picture_is_known_by_its_bytes_and_keeps_them(
    body: bytes, content_type: str, extension: str
) -> None:
    image = recognise(body)
    assert (image.content_type, image.extension, image.body) == (content_type, extension, body)
    assert (image.width, image.height) == (7, 9)


def test_an_svg_is_known_by_its_first_element_whatever_comes_before() -> None:
    head = b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- made by hand -->\n"
    for body in (SVG, b"\n  " + SVG, head + SVG):
        image = recognise(body)
        assert (image.content_type, image.extension, image.width) == ("image/svg+xml", "svg", None)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html><body>Not found</body></html>", "web page"),
        (b"  <html><svg xmlns='http://www.w3.org/2000/svg'/></html>", "web page"),
        (b'{"error": 404}', "neither PNG"),
        (b"BM" + b"\0" * 60, "neither PNG"),
        (b"\0\0\1\0\1\0\x10\x10", "neither PNG"),
        (gzip.compress(SVG), "neither PNG"),
        (png()[:-8], "incomplete PNG"),
        (png()[:20], "incomplete PNG"),
        (JPEG[:-2], "incomplete JPG"),
        (b"\xff\xd8\xff" + b"\xff" * 50 + b"\xd9", "incomplete JPG"),
        (WEBPS["lossy"][:-3], "incomplete WEBP"),
        (webp(b"ALPH", b"\0" * 20), "incomplete WEBP"),
        (GIF[:-1], "incomplete GIF"),
        (png(LARGEST_SIDE + 1, 1), "pixels large"),
        (png(0, 1), "pixels large"),
    ],
)
def test_what_is_no_whole_picture_is_refused_with_the_reason(body: bytes, reason: str) -> None:
    with pytest.raises(UnusableImageError, match=reason):
        recognise(body)


@given(
    st.one_of(
        st.binary(max_size=200),
        *(
            st.binary(max_size=80).map(lambda tail, head=head: head + tail)
            for head in (
                b"\x89PNG\r\n\x1a\n",
                b"\xff\xd8\xff",
                b"GIF89a",
                b"RIFF\0\0\0\0WEBP",
                b"<",
            )
        ),
    )
)
def test_any_bytes_are_an_image_or_refused_and_nothing_else(body: bytes) -> None:
    try:
        image = recognise(body)
    except UnusableImageError as error:
        assert str(error)  # noqa: PT017 - both ends are good ones
    else:
        assert image.extension in {"png", "jpg", "gif", "webp", "svg"}


@given(st.sampled_from([png(7, 9), GIF, JPEG, *WEBPS.values()]), st.data())
def test_a_picture_cut_anywhere_is_never_taken_for_a_whole_one_of_another_size(
    body: bytes, data: st.DataObject
) -> None:
    cut = body[: data.draw(st.integers(0, len(body) - 1))]
    try:
        image = recognise(cut)
    except UnusableImageError:
        return
    assert (image.width, image.height) == (7, 9)
