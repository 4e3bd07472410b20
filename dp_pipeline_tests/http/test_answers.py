"""What each answer of a provider is to us: a value, or an error with its class."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from dp_pipeline.http.request_log import Request
from dp_pipeline.providers.errors import (
    BlockedError,
    InvalidShapeError,
    NetworkError,
    NotFoundError,
    ProviderError,
    ProviderServerError,
    RateLimitedError,
    UnsafeAddressError,
)
from dp_pipeline_tests.http.clients import ask
from dp_pipeline_tests.http.wire import Reply, http, reset, slow, wire
from dp_pipeline_tests.servers import closed_url


@pytest.mark.parametrize(
    ("body", "payload"),
    [
        (b'{"a": [1, 2.5, null]}', {"a": [1, 2.5, None]}),
        (b"\xef\xbb\xbf[1]", [1]),
        ('["Köln"]'.encode("latin-1"), ["Köln"]),
        (b"[]", []),
        (b"", None),
        (b" \r\n", None),
    ],
)
def test_a_good_answer_is_its_decoded_json_and_an_empty_one_none(body: bytes, payload: Any) -> None:
    with wire(http(body=body)) as server:
        found, line = ask(server.url)
    assert found == payload
    assert line == Request(server.url + "/x", 200, len(body), line.seconds, 1)
    assert 0 < line.seconds < 1
    assert len(server) == 1


def test_no_content_is_none() -> None:
    with wire(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n") as server:
        assert ask(server.url)[0] is None


@pytest.mark.parametrize(
    ("reply", "kind", "requests"),
    [
        (http(401), BlockedError, 1),
        (http(403, b'{"error":{"code":403,"reason":"Forbidden"}}'), BlockedError, 1),
        (http(403, b'{"error":{"code":403,"reason":"challenge"}}'), BlockedError, 1),
        (http(200, b'{"error":{"code":403,"reason":"challenge"}}'), BlockedError, 1),
        (http(404, b'{"error":{"reason":"challenge"}}'), BlockedError, 1),
        (http(451), BlockedError, 1),
        (http(403, b'{"error"', length=500), BlockedError, 1),
        (http(503, b"<html>", {"cf-mitigated": "challenge"}), BlockedError, 1),
        (http(202, b"", {"x-amzn-waf-action": "challenge"}), BlockedError, 1),
        (http(200, b"<!doctype html><p>Hello"), BlockedError, 1),
        (http(200, b"\n <html>", {"Content-Type": "application/json"}), BlockedError, 1),
        (http(200, b"Access denied", {"Content-Type": "text/html"}), BlockedError, 1),
        (http(200, b"", {"Content-Type": "text/html; charset=utf-8"}), BlockedError, 1),
        (http(404, b'{"error":{"code":404,"message":"Not Found"}}'), NotFoundError, 1),
        (http(404, b"<html>nothing</html>", {"Content-Type": "text/html"}), NotFoundError, 1),
        (http(410), NotFoundError, 1),
        (http(429), RateLimitedError, 3),
        (http(408), ProviderServerError, 3),
        (http(500, b"<html>oops"), ProviderServerError, 3),
        (http(503), ProviderServerError, 3),
        (http(599), ProviderServerError, 3),
        (http(400), InvalidShapeError, 1),
        (http(206), InvalidShapeError, 1),
        (http(304), InvalidShapeError, 1),
        (http(302), InvalidShapeError, 1),
        (http(200, b'[{"a": 1}, {"a'), InvalidShapeError, 1),
        (http(200, b"[NaN]"), InvalidShapeError, 1),
        (http(200, b"[" * 10_000), InvalidShapeError, 1),
        (http(200, b"9" * 10_000), InvalidShapeError, 1),
        (http(200, b"[" + b" " * 200_000 + b"]"), InvalidShapeError, 1),
        (
            http(200, gzip.compress(b" " * 5_000_000), {"Content-Encoding": "gzip"}),
            InvalidShapeError,
            1,
        ),
        (
            http(200, gzip.compress(gzip.compress(b"[]")), {"Content-Encoding": "gzip, gzip"}),
            InvalidShapeError,
            1,
        ),
        (http(200, b"[1, 2", length=500), NetworkError, 3),
        (http(200, b"no gzip", {"Content-Encoding": "gzip"}), NetworkError, 3),
        (b"", NetworkError, 3),
        (b"SSH-2.0-OpenSSH_9.6\r\n", NetworkError, 3),
        (reset, NetworkError, 3),
        (slow(b"", pause_seconds=1.5), NetworkError, 3),
        (slow(http(length=500), b"", pause_seconds=1.5), NetworkError, 3),
        (http(302, headers={"Location": "http://[oops"}), UnsafeAddressError, 1),
    ],
)
def test_every_answer_has_its_class_and_only_transient_ones_are_retried(
    reply: Reply, kind: type[ProviderError], requests: int
) -> None:
    with wire(reply) as server:
        error, line = ask(server.url)
    assert type(error) is kind
    assert len(server) == requests
    assert (line.attempts, line.error) == (requests, kind.kind)
    assert line.status == error.status
    assert error.url == server.url + "/x"
    assert "openligadb" in error.message
    assert "/x" in error.message
    assert error.message.endswith(".")
    assert len(error.message) < 400


def test_nothing_listening_is_a_network_failure() -> None:
    error, line = ask(closed_url())
    assert type(error) is NetworkError
    assert error.message.startswith("openligadb could not be reached: nobody listens there (/x).")
    assert line.status is None


def test_a_name_that_nobody_knows_is_said_without_numbers_of_errors() -> None:
    error, _ = ask("http://openligadb.invalid")
    assert error.message.startswith(
        "openligadb could not be reached: this machine does not know its name, or has no network ("
    )


def test_a_refusal_says_what_can_be_done() -> None:
    with wire(http(403, b'{"error":{"code":403,"reason":"challenge"}}')) as server:
        error, _ = ask(server.url)
    assert str(error) == (
        "openligadb refused the request (HTTP 403 for /x). It is not retried; use an open-data "
        "provider or your own licensed gateway through OPENLIGADB_BASE_URL."
    )
    assert (error.status, error.retryable) == (403, False)
    assert error.snippet == '{"error":{"code":403,"reason":"challenge"}}'


def test_the_recorded_refusals_are_told_from_the_recorded_absence() -> None:
    folder = os.environ.get("DP_RECORDINGS")
    if not folder:
        pytest.skip("DP_RECORDINGS names no folder of recorded payloads")
    bodies = json.loads((Path(folder) / "sofascore/derived_shapes/error_bodies.json").read_text())
    assert len(bodies) == 3
    for recorded in bodies:
        with wire(http(recorded["http_status"], json.dumps(recorded["body"]).encode())) as server:
            error, _ = ask(server.url)
        expected = {404: NotFoundError, 403: BlockedError}[recorded["http_status"]]
        assert type(error) is expected
        assert len(server) == 1
