"""Where Dagster's pages, the simulated world and stored objects are: `dp dev` says so in files.

What they say is valid for as long as it runs.
"""

import fcntl
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit

from dp_pipeline.settings import Settings

PAGES, WORLD, OBJECTS = "address", "world-address", "objects-address"
"""Whose address is announced; files in DP_HOME."""
SERVED = ("data-provider-operation-reports/", "seasons/", "exports/")
"""What of the folder of objects browsers of this machine are shown: not what others may not have,
nor what providers answered."""
_IPV6 = 6


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
def announced(home: Path, address: str, of: str = PAGES) -> Generator[None]:
    """Let the processes of this home know an address for as long as the block runs.

    The lock that makes it valid ends with this process, however that ends. A second process of the
    same home waits for the first, whose address is as good.
    """
    home.mkdir(parents=True, exist_ok=True)
    file = (home / of).open("a")

    def hold() -> None:
        with suppress(ValueError):  # the block was over before the lock was free
            fcntl.flock(file, fcntl.LOCK_EX)
            _write(file, address)

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _write(file, address)
    except BlockingIOError:
        threading.Thread(target=hold, name="address", daemon=True).start()
    try:
        yield
    finally:
        file.close()


def _write(file: TextIO, address: str) -> None:
    file.truncate(0)
    file.write(address)
    file.flush()


def announced_address(home: Path, of: str = PAGES) -> str | None:
    """The address that a living process has announced; None when there is none."""
    try:
        with (home / of).open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return file.read() or None
    except OSError:
        return None  # no such file, or another user's
    return None  # left behind by a process that is gone


def dagster_url(settings: Settings) -> str:
    """Root of Dagster's pages, without trailing slash; by default where `dp dev` runs it."""
    announced = announced_address(settings.home)
    return settings.dagster_base_url or announced or "http://localhost:3000"


def last_port(home: Path, of: str) -> int:
    """The port that was announced last, also by a process that is gone; 0 for none."""
    try:
        return urlsplit((home / of).read_text()).port or 0
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
