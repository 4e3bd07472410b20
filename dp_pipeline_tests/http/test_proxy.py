"""Behind a proxy of the environment: who is asked for what, and which certificates are trusted."""

import contextlib
import socket
import ssl
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from dp_pipeline.http import transport
from dp_pipeline.notifications import heartbeat
from dp_pipeline_tests.http.certificates import certificate
from dp_pipeline_tests.http.clients import ask
from dp_pipeline_tests.http.wire import accepting, http


@dataclass
class Proxy:
    """What it is asked for, and what the server behind it is; it has a certificate of its own."""

    asked: list[str] = field(default_factory=list)
    behind: list[str] = field(default_factory=list)

    @contextlib.contextmanager
    def serving(self, context: ssl.SSLContext) -> Generator[str]:
        """Serve until the block ends, whatever host is wanted; yield the address."""

        def serve(raw: socket.socket) -> None:
            self.asked.append(_first_line(raw))
            if not self.asked[-1].startswith("CONNECT "):
                raw.sendall(http())
                raw.close()
                return
            raw.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            with contextlib.suppress(OSError), context.wrap_socket(raw, server_side=True) as inner:
                self.behind.append(_first_line(inner))
                inner.sendall(http())

        with accepting(serve) as port:
            yield f"http://127.0.0.1:{port}"


def _first_line(connection: socket.socket) -> str:
    return connection.recv(65_536).split(b"\r\n")[0].decode()


@pytest.fixture
def proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Proxy]:
    """A proxy that the environment names, with a certificate that `SSL_CERT_FILE` trusts."""
    made = Proxy()
    context = certificate(tmp_path, days=1)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate"))
    monkeypatch.setattr(transport, "tls_context", httpx.create_ssl_context)
    with made.serving(context) as address:
        for name in ("HTTPS_PROXY", "HTTP_PROXY"):
            monkeypatch.setenv(name, address)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        yield made


def test_a_provider_is_read_through_a_tunnel_to_its_host(proxy: Proxy) -> None:
    # the certificate is of 127.0.0.1, and httpx leaves no proxy out because a host is this machine
    answer, line = ask("https://127.0.0.1:4433/gateway?token=s3cret")
    assert (answer, line.status) == ([], 200)
    assert proxy.asked == ["CONNECT 127.0.0.1:4433 HTTP/1.1"]
    assert proxy.behind == ["GET /gateway/x?token=s3cret HTTP/1.1"]


def test_a_provider_without_tls_is_requested_by_its_whole_address(proxy: Proxy) -> None:
    answer, _ = ask("http://provider.example/gateway")
    assert answer == []
    assert proxy.asked == ["GET http://provider.example/gateway/x HTTP/1.1"]


def test_the_heartbeat_goes_through_a_tunnel_to_its_host(proxy: Proxy) -> None:
    assert heartbeat.send("https://127.0.0.1:4433/ping/a1b2?rid=7") is None
    assert proxy.asked == ["CONNECT 127.0.0.1:4433 HTTP/1.1"]
    assert proxy.behind == ["GET /ping/a1b2?rid=7 HTTP/1.1"]


def test_no_proxy_is_asked_for_hosts_that_it_is_not_for(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "provider.example")
    error, _ = ask("http://provider.example:1/gateway")
    assert "could not be reached" in str(error)
    assert proxy.asked == []
