"""Keeps addresses that came in a payload out of networks that are not public.

Whoever writes a payload could otherwise have us call the database next door or a cloud's metadata
service. Imported with the first client that needs it: httpx costs 0.1 s.
"""

import ipaddress
import socket
import ssl
from collections.abc import Iterable, Sequence
from functools import cache
from typing import cast

import anyio
import httpcore
import httpx

from dp_pipeline.http.errors import UnsafeAddressError
from dp_pipeline.http.limits import Limits

# The IPv4 address is in the last 32 bits (RFC 6052 2.1).
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether an IP address belongs to a host on the public internet."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo and ip.teredo[1])
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
        if inner:
            return is_public(str(inner))
        if ip.is_site_local:
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


@cache
def tls_context() -> ssl.SSLContext:
    """The authorities that are trusted; reading them costs 0.06 s, so once per process."""
    return httpx.create_ssl_context()


class SsrfGuard:
    """Allows public addresses, and one origin that the operator has named.

    Args:
        own: scheme, host and port of that origin, or None.
    """

    def __init__(self, own: tuple[str, str, int] | None = None) -> None:
        self._own = own and own[1:]

    async def check(self, request: httpx.Request) -> None:
        """Refuse a request before it is sent, by a proxy or by us.

        A name that cannot be looked up passes: a proxy may know it, and we cannot connect to it.
        Raises UnsafeAddressError where the host has no public address.
        """
        host = request.url.host
        port = request.url.port or (443 if request.url.scheme == "https" else 80)
        try:
            await self._allowed(host, port)
        except OSError:
            return

    def wire(self, limits: Limits) -> httpx.AsyncBaseTransport:
        """Connections only to addresses that were checked, whatever a name means a moment later."""
        transport = httpx.AsyncHTTPTransport()
        # httpx has no parameter for it, httpcore has
        transport._pool = httpcore.AsyncConnectionPool(  # noqa: SLF001
            ssl_context=tls_context(),
            max_connections=limits.connections,
            max_keepalive_connections=limits.connections,
            http2=True,
            network_backend=_CheckedConnections(self),
        )
        return transport

    async def _allowed(self, host: str, port: int) -> Sequence[str]:
        """The addresses of a host that may be connected to; raises OSError if it has none."""
        listed = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in listed))
        if (host, port) == self._own:
            return addresses
        if public := [address for address in addresses if is_public(address)]:
            return public
        message = f"{host} is not on the public internet; an address given by a provider must be."
        raise UnsafeAddressError(message)


class _CheckedConnections(httpcore.AsyncNetworkBackend):
    def __init__(self, guard: SsrfGuard) -> None:
        self._guard = guard
        # the union in httpcore's types is for a Python without anyio
        self._backend = cast(httpcore.AsyncNetworkBackend, httpcore.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        give_up = httpcore.ConnectTimeout(f"no address of {host} took a connection")
        failure: httpcore.ConnectError | None = None
        with anyio.move_on_after(timeout):
            try:
                addresses = await self._guard._allowed(host, port)  # noqa: SLF001
            except OSError as error:
                raise httpcore.ConnectError(str(error)) from error
            for address in addresses:
                try:
                    return await self._backend.connect_tcp(
                        address, port, timeout, local_address, socket_options
                    )
                except httpcore.ConnectError as error:
                    failure = error
        raise failure or give_up
