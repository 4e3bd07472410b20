import contextlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.http.address import Address
from dp_pipeline.http.classify import read, retry_after
from dp_pipeline.http.response import Response, decode
from dp_pipeline.providers.errors import BlockedError, NotFoundError, ProviderError

TARGET = Address.parse("sofascore", "https://host").target("/unique-tournament/17/seasons")
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_json_labelled_as_html_is_data() -> None:
    # PHP gateways label everything text/html unless told otherwise
    assert read(TARGET, Response(200, b' {"a": 1}', "text/html"), page=False) == {"a": 1}


def test_a_page_of_the_right_kind_is_text() -> None:
    assert read(TARGET, Response(200, b"<p>", "text/html"), page=True) == "<p>"
    assert read(TARGET, Response(204, b""), page=True) is None
    with pytest.raises(BlockedError):
        read(TARGET, Response(200, b"<p>", "text/html", challenge=True), page=True)


def test_a_snippet_is_short_printable_and_without_secrets() -> None:
    target = Address.parse("x", "http://host?key=s3cret").target("/x")
    body = b"\x00\x1b[31m" + b"." * 489 + b"s3cret" + b"." * 9000
    with pytest.raises(NotFoundError) as caught:
        read(target, Response(404, body), page=False)
    snippet = caught.value.snippet
    assert snippet is not None
    assert snippet.startswith("\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}[31m...")
    assert len(snippet) == 500
    assert "s3c" not in snippet


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("0", 0),
        (" 120 ", 120),
        ("1.5", 1.5),
        ("-1", None),
        ("1e3", None),
        ("٣", None),
        ("9" * 400, None),
        ("", None),
        ("soon", None),
        ("Mon, 23 Nov 2026 12:00:30 GMT", 30),
        ("Mon, 23 Nov 2026 13:00:30 +0100", 30),
        ("Mon, 23 Nov 2026 12:00:30 -0000", 30),
        ("Mon, 23 Nov 2026 11:59:00 GMT", 0),
        ("Mon, 99 Nov 2026 12:00:30 GMT", None),
        ("Mon, 23 Nov 99999 12:00:30 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds


@given(st.text(max_size=60))
def test_no_retry_after_header_breaks_us(header: str) -> None:
    seconds = retry_after(header, NOW)
    assert seconds is None or seconds >= 0


@given(st.integers(0, 10**6))
def test_a_date_is_the_seconds_until_then(seconds: int) -> None:
    header = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert retry_after(header, NOW) == seconds


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufeff"), max_size=50))
def test_utf_8_is_read_whatever_is_declared(text: str) -> None:
    assert decode(text.encode(), "application/json; charset=iso-8859-1") == text
    assert decode(text.encode("utf-8-sig")) == text


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("Köln €".encode("cp1252"), "text/plain; charset=windows-1252", "Köln €"),
        ("Łódź".encode("iso8859-2"), 'text/plain; charset="ISO-8859-2"', "Łódź"),
        ("Köln".encode("latin-1"), "", "Köln"),
        ("Köln".encode("latin-1"), "application/json; charset=utf-8", "Köln"),
        ("Köln".encode("latin-1"), "application/json; charset=klingon", "Köln"),
        ("Köln".encode("latin-1"), "application/json; charset=punycode", "Köln"),
        ("Köln".encode("utf-16"), "application/json; charset=utf-16", "Köln"),
        ("Köln".encode("latin-1"), "application/json; charset=utf-32", "Köln"),
    ],
)
def test_other_charsets_are_read_as_declared_or_as_latin_1(
    body: bytes, content_type: str, text: str
) -> None:
    assert decode(body, content_type) == text


answers = st.builds(
    Response,
    st.integers(100, 999),
    st.binary(max_size=80) | st.sampled_from([b"", b"[]", b'{"error":{"code":[]}}', b"<p>"]),
    st.text(max_size=40) | st.sampled_from(["text/html", "application/json; charset=utf-7"]),
    st.none() | st.text(max_size=10),
    st.booleans(),
)


@given(answers, st.booleans())
def test_any_answer_is_a_value_or_a_provider_error(answer: Response, page: bool) -> None:
    with contextlib.suppress(ProviderError):
        read(TARGET, answer, page=page)
        assert answer.status in range(200, 206)
