"""A home with an embedded Postgres, and what a test wants to know of its processes."""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from dp_pipeline.embedded_postgres import EmbeddedPostgres
from dp_pipeline.embedded_postgres.files import ServerAddress

ROOT = os.geteuid() == 0
only_root = pytest.mark.skipif(not ROOT, reason="needs root, who changes to another user")

LINGER = 0.4  # seconds; the watcher then looks ten times a second

# A process that uses the server until its standard input ends.
USER = """
import sys
from pathlib import Path
from dp_pipeline.embedded_postgres import EmbeddedPostgres
print(EmbeddedPostgres(Path(sys.argv[1]), linger_seconds=float(sys.argv[2])).url(), flush=True)
sys.stdin.read()
"""


class Home:
    """A home of a test, with what the test wants to know of its processes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.directory = path / "postgres"
        self.users: list[subprocess.Popen[str]] = []

    def postgres(self, *, linger_seconds: float = LINGER) -> EmbeddedPostgres:
        return EmbeddedPostgres(self.path, linger_seconds=linger_seconds)

    def user(self, *, linger_seconds: float = LINGER) -> subprocess.Popen[str]:
        """Another process that uses the server; read its URL from its standard output."""
        user = subprocess.Popen(
            [sys.executable, "-c", USER, str(self.path), str(linger_seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.users.append(user)
        return user

    def watchers(self) -> list[psutil.Process]:
        return [p for p in matching("embedded_postgres.watcher") if self._is_argument(p)]

    def _is_argument(self, process: psutil.Process) -> bool:
        with contextlib.suppress(psutil.NoSuchProcess):
            return str(self.directory) in process.cmdline()
        return False

    def servers(self, data_directory: Path | None = None) -> list[psutil.Process]:
        """Postmasters: they carry -D on their command line, their children do not."""
        data = str(data_directory or self.directory / "data")
        found = []
        for process in matching("-D", data):
            with contextlib.suppress(psutil.NoSuchProcess):
                if process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def kill_everything(self) -> None:
        for process in self.watchers() + self.servers():
            with contextlib.suppress(psutil.NoSuchProcess):
                for child in process.children(recursive=True):
                    with contextlib.suppress(psutil.NoSuchProcess):
                        child.kill()
                process.kill()

    def clean(self) -> None:
        for user in self.users:
            user.kill()
            user.communicate()
        self.kill_everything()
        address = ServerAddress.read(self.directory.resolve())
        if address is not None:
            shutil.rmtree(address.socket_directory, ignore_errors=True)
        shutil.rmtree(self.path, ignore_errors=True)


def matching(*words: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            line = process.cmdline()
            if all(any(word in argument for argument in line) for word in words):
                found.append(process)
    return [process for process in found if process.pid != os.getpid()]


def wait_until(condition: Callable[[], bool], *, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.05)


def value(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
        return row[0] if row else None


def url_of(user: subprocess.Popen[str]) -> str:
    assert user.stdout is not None
    return user.stdout.readline().strip()


def socket_directory(url: str) -> Path:
    return Path(str(conninfo_to_dict(url)["host"]))


def delete(directory: Path) -> None:
    """As a person does; unlike shutil.rmtree it does not mind files that vanish meanwhile."""
    subprocess.run(["rm", "-rf", str(directory)], check=True)
