"""Over TLS: HTTP/2 is used where it is served, and no redirect leads out of TLS."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Generator
from pathlib import Path

import anyio
import h2.config
import h2.connection
import h2.events
import httpx
import pytest

from dp_pipeline.http import transport
from dp_pipeline.http.client import HttpClient
from dp_pipeline.http.limits import Limits
from dp_pipeline.providers.errors import InvalidShapeError, NetworkError
from dp_pipeline_tests.http.certificates import certificate
from dp_pipeline_tests.http.rate_limits import NoRateLimit
from dp_pipeline_tests.http.wire import http, wire

ONCE = Limits(attempts=1)
Answer = Callable[[h2.connection.H2Connection, h2.events.RequestReceived], None]


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's context whose certificate the client trusts."""
    context = certificate(tmp_path, days=1)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate"))
    monkeypatch.setattr(transport, "tls_context", httpx.create_ssl_context)
    context.set_alpn_protocols(["h2"])
    return context


@contextlib.contextmanager
def http2(context: ssl.SSLContext, answer: Answer) -> Generator[str]:
    """Serve one connection; yield the base URL."""

    def serve() -> None:
        with contextlib.suppress(OSError):
            raw, _ = listener.accept()
            with context.wrap_socket(raw, server_side=True) as connection:
                state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
                state.initiate_connection()
                while True:
                    connection.sendall(state.data_to_send())
                    received = connection.recv(65536)
                    if not received:
                        return
                    for event in state.receive_data(received):
                        if isinstance(event, h2.events.RequestReceived):
                            answer(state, event)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield "https://{}:{}".format(*listener.getsockname())
        thread.join(10)


def test_http_2_is_used_and_one_connection_serves_all(tls: ssl.SSLContext) -> None:
    targets: list[str] = []

    def answer(state: h2.connection.H2Connection, event: h2.events.RequestReceived) -> None:
        headers = {bytes(n).decode(): bytes(v).decode() for n, v in event.headers or []}
        targets.append(headers[":path"])
        assert event.stream_id is not None
        state.send_headers(event.stream_id, [(":status", "200")])
        state.send_data(event.stream_id, b"[1]", end_stream=True)

    async def run(url: str) -> None:
        async with HttpClient(
            "x", url, rate_limit=NoRateLimit(), seconds_apart=0, limits=ONCE
        ) as client:
            requests = client.requests()
            async with anyio.create_task_group() as group:
                for number in range(20):
                    group.start_soon(requests.json, f"/{number}", list)
            assert {line.status for line in requests.taken()} == {200}

    with http2(tls, answer) as url:
        anyio.run(run, f"{url}/gateway?token=s3cret")
    assert sorted(targets) == sorted(f"/gateway/{number}?token=s3cret" for number in range(20))


def test_an_answer_torn_in_http_2_is_a_network_failure(tls: ssl.SSLContext) -> None:
    def answer(state: h2.connection.H2Connection, event: h2.events.RequestReceived) -> None:
        assert event.stream_id is not None
        state.send_headers(event.stream_id, [(":status", "200"), ("content-length", "500")])
        state.send_data(event.stream_id, b"[1]", end_stream=True)

    async def run(url: str) -> None:
        async with HttpClient(
            "x", url, rate_limit=NoRateLimit(), seconds_apart=0, limits=ONCE
        ) as client:
            with pytest.raises(NetworkError):
                await client.requests().json("/x", list)

    with http2(tls, answer) as url:
        anyio.run(run, url)


def test_a_redirect_out_of_tls_is_not_followed(tls: ssl.SSLContext) -> None:
    def answer(state: h2.connection.H2Connection, event: h2.events.RequestReceived) -> None:
        assert event.stream_id is not None
        headers = [(":status", "302"), ("location", "http://127.0.0.1:1/")]
        state.send_headers(event.stream_id, headers, end_stream=True)

    async def run(url: str) -> None:
        async with HttpClient(
            "x", url, rate_limit=NoRateLimit(), seconds_apart=0, limits=ONCE
        ) as client:
            with pytest.raises(InvalidShapeError, match="to an address that is not https"):
                await client.requests().json("/x", list)

    with http2(tls, answer) as url:
        anyio.run(run, url)


def test_a_redirect_into_tls_at_the_same_host_is_followed_without_credentials(
    tls: ssl.SSLContext,
) -> None:
    asked: list[dict[str, str]] = []

    def answer(state: h2.connection.H2Connection, event: h2.events.RequestReceived) -> None:
        asked.append({bytes(n).decode(): bytes(v).decode() for n, v in event.headers or []})
        assert event.stream_id is not None
        state.send_headers(event.stream_id, [(":status", "200")])
        state.send_data(event.stream_id, b"[1]", end_stream=True)

    async def run(url: str) -> list[int]:
        async with HttpClient(
            "x", url, rate_limit=NoRateLimit(), seconds_apart=0, limits=ONCE
        ) as client:
            return await client.requests().json("/x", list)

    with (
        http2(tls, answer) as safe,
        wire(http(308, headers={"Location": f"{safe}/y?a=1"})) as server,
    ):
        base = server.url.replace("//", "//user:hunter2@")
        assert anyio.run(run, base) == [1]
    assert [headers[":path"] for headers in asked] == ["/y?a=1"]
    assert "authorization" not in asked[0]
