"""A Postgres that hosts reach over TCP, and a standby of it; from the programs that are shipped."""

import contextlib
import shutil
import tempfile
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from dp_pipeline.embedded_postgres.place import Account, account_for, find_programs
from dp_pipeline_tests.servers import free_port

DATABASE = "football"
_SETTINGS = (
    "listen_addresses=*",
    "unix_socket_directories=",
    "shared_buffers=32MB",
    "fsync=off",
    "wal_keep_size=64MB",
)


@dataclass(frozen=True, slots=True)
class TcpPostgres:
    """A server at a port of every address of this machine."""

    data: Path
    port: int
    account: Account
    programs: Path

    def url(self, host: str = "127.0.0.1", database: str = DATABASE) -> str:
        return f"postgresql://postgres@{host}:{self.port}/{database}"

    def run(self, program: str, *words: object) -> None:
        with tempfile.TemporaryFile() as said:
            done = self.account.run(self.programs / program, *words, output=said)
            said.seek(0)
            assert done.returncode == 0, said.read().decode()

    def start(self) -> None:
        options = " ".join(f"--{each}" for each in (*_SETTINGS, f"port={self.port}"))
        log = self.data.with_name(f"{self.data.name}.log")
        self.run("pg_ctl", "start", "-w", "-D", self.data, "-l", log, "-o", options)

    def stop(self) -> None:
        """As when its machine goes: nothing is said to anybody."""
        self.account.run(self.programs / "pg_ctl", "stop", "-m", "immediate", "-D", self.data)

    def standby(self, name: str = "standby") -> "TcpPostgres":
        """A copy that follows it, not yet started."""
        copy = TcpPostgres(self.data.with_name(name), free_port(), self.account, self.programs)
        self.run(
            "pg_basebackup",
            "-c",
            "fast",
            "-R",
            "-D",
            copy.data,
            "-d",
            self.url(database="postgres"),
        )
        return copy

    def promote(self) -> None:
        self.run("pg_ctl", "promote", "-w", "-D", self.data)


@contextlib.contextmanager
def tcp_postgres() -> Generator[TcpPostgres]:
    """One with an empty database; it and its standbys end with the block."""
    folder = Path(tempfile.mkdtemp(prefix="dp-tcp-postgres-"))
    account = account_for(folder / "data")
    folder.chmod(0o755)
    account.give(folder)
    programs, _ = find_programs(account)
    made = TcpPostgres(folder / "data", free_port(), account, programs)
    try:
        made.run("initdb", "-D", made.data, "-U", "postgres", "-E", "UTF8", "--no-locale", "-N")
        (made.data / "pg_hba.conf").write_text(
            "host all all all trust\nhost replication all all trust\n"
        )
        made.start()
        with psycopg.connect(made.url(database="postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {DATABASE}")
        yield made
    finally:
        for data in folder.glob("*/PG_VERSION"):
            account.run(programs / "pg_ctl", "stop", "-m", "immediate", "-D", data.parent)
        shutil.rmtree(folder, ignore_errors=True)
