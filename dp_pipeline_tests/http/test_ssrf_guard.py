import ipaddress

import anyio
import httpcore
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.http.limits import Limits
from dp_pipeline.http.ssrf_guard import SsrfGuard, _CheckedConnections, is_public
from dp_pipeline.providers.errors import UnsafeAddressError
from dp_pipeline_tests.http.wire import wire


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - refused, not bound
        "224.0.1.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00::1",
        "fec0::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::10.0.0.1",
        "2002:7f00:1::1",
        "2001:db8::1",
        "not an address",
        "",
    ],
)
def test_an_address_within_a_network_of_somebody_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["185.15.59.240", "2a02:ec80::1", "64:ff9b::8.8.8.8"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_the_same_in_every_clothing(ip: ipaddress.IPv4Address) -> None:
    mapped = f"::ffff:{ip}"
    nat64 = ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) | int(ip))
    assert is_public(str(ip)) == is_public(mapped) == is_public(str(nat64))
    if ip.is_private or ip.is_loopback or ip.is_link_local or ip.is_multicast:
        assert not is_public(str(ip))


def test_a_name_that_leads_to_this_machine_is_refused_before_and_while_connecting() -> None:
    async def ask() -> None:
        guard = SsrfGuard()
        with pytest.raises(UnsafeAddressError, match="localhost is not on the public internet"):
            await guard.check(httpx.Request("GET", "http://localhost:1/x"))
        # a name that has come to mean something else since it was checked
        with pytest.raises(UnsafeAddressError):
            await _CheckedConnections(guard).connect_tcp("localhost", 1)

    anyio.run(ask)


def test_a_name_nobody_knows_is_no_verdict_but_no_connection_either() -> None:
    async def ask() -> None:
        guard = SsrfGuard()
        await guard.check(httpx.Request("GET", "http://nobody.invalid/x"))
        with pytest.raises(httpcore.ConnectError):
            await _CheckedConnections(guard).connect_tcp("nobody.invalid", 80, timeout=5)

    anyio.run(ask)


def test_the_operators_own_address_may_be_anywhere_and_its_neighbours_may_not() -> None:
    async def ask(url: str) -> None:
        port = httpx.URL(url).port or 0
        guard = SsrfGuard(("http", "127.0.0.1", port))
        async with httpx.AsyncClient(
            mounts={"all://": guard.wire(Limits())}, event_hooks={"request": [guard.check]}
        ) as client:
            assert (await client.get(url)).status_code == 200
            with pytest.raises(UnsafeAddressError):
                await client.get(f"http://127.0.0.1:{port + 1}")
            with pytest.raises(UnsafeAddressError):
                await client.get(f"http://[::1]:{port}")

    with wire(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n") as server:
        anyio.run(ask, server.url)
