from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.http.address import Address
from dp_pipeline.http.archive import digest, pack, unpacked
from dp_pipeline.http.conditional import moment_text, received
from dp_pipeline.http.response import Response

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TARGET = Address.parse("sofascore", "https://me:hunter2@host?token=s3cret").target("/x")


def test_what_repeats_a_secret_of_ours_is_not_archived() -> None:
    good = Response(200, b"{}", "application/json", etag='"1"')
    assert received(TARGET, good, AT).response == good
    for echo in (
        Response(200, b'{"for": "hunter2"}'),
        Response(200, b"{}", etag='"s3cret"'),
        Response(200, b"{}", "text/hunter2"),
    ):
        kept = received(TARGET, echo, AT)
        assert not kept.kept
        assert "hunter2" not in repr(kept)
        assert "s3cret" not in repr(kept)


def test_of_an_error_the_answer_is_archived_and_not_its_body() -> None:
    kept = received(TARGET, Response(503, b"busy", "text/plain"), AT)
    assert (kept.kept, kept.response) == (False, Response(503, b"", "text/plain"))


@given(st.binary(max_size=2_000))
def test_a_body_comes_back_as_it_was_and_half_an_object_is_none(body: bytes) -> None:
    packed = pack(body)
    assert packed == pack(body)
    assert unpacked(packed) == body
    assert digest(body) == digest(bytes(body))
    assert unpacked(packed[:-1]) is None
    assert unpacked(body) is None or body[:2] == packed[:2]


@pytest.mark.parametrize("never", [None, [], 5, {}, "", "soon", "0001-01-01T00:00:00"])
def test_what_is_no_time_says_nothing_of_the_last_change(never: object) -> None:
    assert moment_text(never) is None
    assert moment_text("2024-05-18T19:38:01.303") == "2024-05-18T19:38:01.303"
