"""A provider's redirects stay on the host that was asked; whatever leads away is refused and named.

127.0.0.1, 127.0.0.2 and localhost are three hosts, as names of servers are.
"""

from typing import Any

import pytest

from dp_pipeline.http.request_log import Request
from dp_pipeline.providers.errors import InvalidShapeError, ProviderError, UnsafeAddressError
from dp_pipeline_tests.http.clients import ask
from dp_pipeline_tests.http.wire import http, wire


def led_to(location: str, base: str = "http://{server}") -> tuple[Any, list[str]]:
    """What became of a request that was redirected there, and what the server was asked."""
    with wire(http(302, headers={"Location": location}), http(body=b"[7]")) as server:
        found, _ = ask(base.format(server=server.url.removeprefix("http://")))
    return found, server.heads


def test_redirects_within_the_host_are_followed_a_few_times_with_its_credentials() -> None:
    with wire(
        http(301, headers={"Location": "/near"}),
        http(303, headers={"Location": "nearer?page=1"}),
        http(body=b"[2]"),
    ) as server:
        base = server.url.replace("//", "//user:hunter2@") + "?token=s3cret"
        found, line = ask(base)
    assert found == [2]
    assert line == Request(server.url + "/x", 200, 3, line.seconds, 1)
    paths = [head.split(" ")[1] for head in server.heads]
    assert paths == ["/x?token=s3cret", "/near", "/nearer?page=1"]
    assert all("Authorization: Basic" in head for head in server.heads)
    assert not any("Cookie" in head for head in server.heads)

    with wire(http(302, headers={"Location": "/x"})) as server:
        error, _ = ask(server.url)
    assert type(error) is InvalidShapeError
    assert "more than 3 times" in error.message
    assert len(server) == 4


@pytest.mark.parametrize("host", ["127.0.0.2", "localhost"])
@pytest.mark.parametrize("scheme", ["http:", ""])
def test_another_host_is_not_asked(host: str, scheme: str) -> None:
    with wire(http(body=b"[2]"), host=host) as elsewhere:
        address = elsewhere.url.rpartition(":")[2]
        found, heads = led_to(f"{scheme}//u:pw@{host}:{address}/there?key=pw")
    assert type(found) is UnsafeAddressError
    assert f"away from 127.0.0.1, to {host}" in found.message
    assert "pw" not in found.message
    assert not found.retryable
    assert len(heads) == 1
    assert elsewhere.heads == []


def test_another_port_of_the_host_is_another_service() -> None:
    with wire(http(body=b"[2]")) as elsewhere:
        found, heads = led_to(f"{elsewhere.url}/there")
    assert type(found) is UnsafeAddressError
    assert "to another port of 127.0.0.1" in found.message
    assert len(heads) == 1
    assert elsewhere.heads == []


@pytest.mark.parametrize(
    ("location", "named"),
    [
        ("http://169.254.169.254/latest/meta-data", "169.254.169.254"),
        ("//169.254.169.254/", "169.254.169.254"),
        ("https://169.254.169.254/", "169.254.169.254"),
        ("http://[::ffff:169.254.169.254]/", "::ffff:"),
        ("http://[::1]:1/", "::1"),
        ("http://[::ffff:127.0.0.1]:1/", "::ffff:"),
        ("http://127.0.0.1@evil.invalid/", "evil.invalid"),
        ("http://127.0.0.1.evil.invalid/", "127.0.0.1.evil.invalid"),
        ("http://evil.invalid#@127.0.0.1/", "evil.invalid"),
        ("http://EVIL.invalid./", "evil.invalid"),
        ("http://b\u00fccher.invalid/", "xn--bcher-kva.invalid"),
        ("http://2130706433/", "2130706433"),
        ("http://127.1/", "127.1"),
        ("http://0/", "to 0;"),
    ],
)
def test_what_leads_away_is_named(location: str, named: str) -> None:
    found, heads = led_to(location.encode().decode("latin-1"))
    assert type(found) is UnsafeAddressError
    assert named in found.message
    assert found.message.endswith("it is not followed.")
    assert len(heads) == 1


@pytest.mark.parametrize(
    "location",
    [
        "ftp://127.0.0.1/x",
        "file:///etc/passwd",
        "file://localhost/etc/passwd",
        "gopher://127.0.0.1:6379/_x",
        "javascript:alert(1)",
        "data:application/json,[]",
        "http://h:port",
        "http://[::1",
        "http://127.0.0.1:99999999/",
        "http://\x7f/",
        "https://" + "a" * 300 + "/" + "b" * 70_000,
    ],
)
def test_what_is_no_address_of_the_web_is_an_answer_nobody_promised(location: str) -> None:
    found, heads = led_to(location)
    assert isinstance(found, InvalidShapeError | UnsafeAddressError), repr(found)
    assert not found.retryable
    assert len(heads) == 1


@pytest.mark.parametrize("headers", [{}, {"Location": ""}])
def test_a_redirect_to_nowhere_is_what_it_is(headers: dict[str, str]) -> None:
    with wire(http(302, headers=headers)) as server:
        found, _ = ask(server.url)
    assert isinstance(found, ProviderError)
    assert type(found) is InvalidShapeError
    assert len(server) in (1, 4), "an empty address is the same one again"


@pytest.mark.parametrize("host", ["LOCALHOST", "LocalHost", "localhost."])
def test_one_host_in_another_spelling_is_the_same(host: str) -> None:
    with wire(http(body=b"[7]"), host="localhost") as server:
        port = server.url.rpartition(":")[2]
        server.replies.insert(0, http(302, headers={"Location": f"http://{host}:{port}/y"}))
        server.heads.clear()
        found, _ = ask(f"http://localhost:{port}")
    assert type(found) is not UnsafeAddressError
    if not host.endswith("."):  # not every machine knows that name
        assert found == [7]
        assert server.heads[1].startswith("GET /y ")
