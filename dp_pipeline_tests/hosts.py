"""Hosts of their own on this machine: network namespaces whose cables can be pulled.

A host has two cables to this one: by `pages` it reaches providers, by `data` the database.
"""

import contextlib
import ctypes
import os
import secrets
import shutil
import subprocess
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

_CLONE_NEWNET = 0x40000000


@dataclass(frozen=True, slots=True)
class Host:
    """A host; its addresses are those of this machine at the other end of each cable."""

    name: str
    pages: str
    data: str

    def pull(self, *cables: str) -> None:
        """Pull cables: packets are lost, and nobody is told."""
        for cable in cables:
            _ip("link", "set", f"{self.name}{cable}", "down")

    def plug_in(self, *cables: str) -> None:
        """Put them back."""
        for cable in cables:
            _ip("link", "set", f"{self.name}{cable}", "up")


def enter(name: str) -> None:
    """Let this process, which is to have no other thread yet, be on a host."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path(f"/run/netns/{name}").open() as namespace:
        if libc.setns(namespace.fileno(), _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"cannot enter {name}")


@contextlib.contextmanager
def hosts(count: int) -> Generator[list[Host]]:
    """Make so many; skips where network namespaces cannot be made."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("hosts are network namespaces, for which root and the command ip are needed")
    made: list[str] = []
    try:
        yield [_made(made) for _ in range(count)]
    finally:
        for name in made:
            _ip("netns", "delete", name)


def _made(made: list[str]) -> Host:
    name, net = f"dp{secrets.token_hex(3)}", 1 + secrets.randbelow(250)
    try:
        _ip("netns", "add", name)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no network namespace can be made here: {error.stderr}")
    made.append(name)
    _ip("-n", name, "link", "set", "lo", "up")
    gateways = {}
    for number, cable in enumerate(("pages", "data")):
        here, there = (f"10.{213 + number}.{net}.{end}" for end in (1, 2))
        _ip("link", "add", f"{name}{cable}", "type", "veth", "peer", "name", cable, "netns", name)
        _ip("addr", "add", f"{here}/24", "dev", f"{name}{cable}")
        _ip("link", "set", f"{name}{cable}", "up")
        _ip("-n", name, "addr", "add", f"{there}/24", "dev", cable)
        _ip("-n", name, "link", "set", cable, "up")
        gateways[cable] = here
    return Host(name, **gateways)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)
