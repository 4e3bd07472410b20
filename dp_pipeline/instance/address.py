"""Where Dagster's pages, the simulated world and stored objects are: `dp dev` says so in files.

What they say is valid for as long as it runs, and a second one does not begin beside it.
"""

import fcntl
import os
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from dp_pipeline.settings import Settings

PAGES, WORLD, OBJECTS = "address", "world-address", "objects-address"
"""Whose address is announced; files in DP_HOME."""
SERVED = ("data-provider-operation-reports/", "seasons/", "exports/")
"""What of the folder of objects browsers of this machine are shown: not what others may not have,
nor what providers answered."""
_IPV6 = 6
_LOOKED_EVERY = 0.1
_ENDS_WITHIN = 40.0
"""What a killed `dp dev` had started is given 20 s to end (cli/dagster_child.py); under load."""


class RunsAlreadyError(Exception):
    """`dp dev` runs on this home already."""

    def __init__(self, address: str, process: int) -> None:
        super().__init__(
            f"It runs here already, process {process}, at {address}; `kill {process}` stops it."
        )


def address_of(host: str, port: int) -> str:
    """The address at which somebody on this machine opens what listens at `host`."""
    with suppress(ValueError):  # a name, which needs nothing
        address = ip_address(host)
        if address.is_unspecified or (address.is_loopback and address.version != _IPV6):
            host = "localhost"
        elif address.version == _IPV6:
            host = f"[{address}]"
    return f"http://{host}:{port}"


@contextmanager
def announced(home: Path, address: str, of: str = PAGES) -> Generator[int]:
    """Let the processes of this home know an address for as long as the block runs.

    Yields the descriptor of the lock that makes it valid. The lock ends with this process and
    with those that it was handed on to, however they end.

    Raises:
        RunsAlreadyError: another process has announced its own.
    """
    home.mkdir(parents=True, exist_ok=True)
    with (home / of).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunsAlreadyError(*_said(home, of)) from None
        file.truncate(0)
        file.write(f"{address} {os.getpid()}")
        file.flush()
        yield file.fileno()


def announced_address(home: Path, of: str = PAGES) -> str | None:
    """The address that a living process has announced; None when there is none."""
    try:
        with (home / of).open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return _said(home, of)[0] or None
    except OSError:
        return None  # no such file, or another user's
    return None  # left behind by a process that is gone


def refuse_second(home: Path, waits: Callable[[], None]) -> None:
    """Return once no `dp dev` is at work on a home; `waits` is called before any wait.

    One that was killed has left Dagster behind, which ends by itself and holds the lock until then.

    Raises:
        RunsAlreadyError: one is at work.
    """
    deadline = None
    while announced_address(home) is not None:
        address, process = _said(home, PAGES)
        if _lives(process) or (deadline is not None and time.monotonic() > deadline):
            raise RunsAlreadyError(address, process)
        if deadline is None:
            deadline = time.monotonic() + _ENDS_WITHIN
            waits()
        time.sleep(_LOOKED_EVERY)


def _said(home: Path, of: str) -> tuple[str, int]:
    """The address in a file, and the process that wrote it."""
    address, _, process = (home / of).read_text().partition(" ")
    return address, int(process or 0)


def _lives(process: int) -> bool:
    with suppress(psutil.Error):
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    return False


def dagster_url(settings: Settings) -> str:
    """Root of Dagster's pages, without trailing slash; by default where `dp dev` runs it."""
    announced = announced_address(settings.home)
    return settings.dagster_base_url or announced or "http://localhost:3000"


def last_port(home: Path, of: str) -> int:
    """The port that was announced last, also by a process that is gone; 0 for none."""
    try:
        return urlsplit(_said(home, of)[0]).port or 0
    except (OSError, ValueError):
        return 0


def served_address(settings: Settings, url: str) -> str | None:
    """Where browsers of this machine open an object of the folder; None where they cannot.

    Args:
        settings: whose folder it is.
        url: of the object, as the folder gives it.
    """
    key = url.removeprefix(f"{settings.objects_folder.as_uri()}/")
    if key == url or not key.startswith(SERVED):
        return None
    address = announced_address(settings.home, OBJECTS)
    return None if address is None else f"{address}/{key}"
