"""Fixtures for every test: a clean environment, a real Postgres, the recorded payloads."""

import gc
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from psycopg import sql

from dp_pipeline.database.database import Database
from dp_pipeline.embedded_postgres import EmbeddedPostgres
from dp_pipeline_tests.database.creating import create_database

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# Every test makes and drops a database of 300 files: on ext4 a third of all time went into that.
_MEMORY = Path("/dev/shm")  # noqa: S108 - the folders made in it are of this process alone
_LEAST_MEMORY = 6 * 1024**3


# Both are stop-watches: on a busy machine they fail tests that have no fault.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")
# `make test`: of 1,000 s of CPU properties took 85, now 55. `make test-all` takes a hundred each.
settings.register_profile("quick", settings.get_profile("busy"), max_examples=30)


def pytest_configure() -> None:
    """Keep what tests write in memory, where the machine has enough and the caller is silent."""
    if "TMPDIR" in os.environ or not os.access(_MEMORY, os.W_OK):
        return
    place = os.statvfs(_MEMORY)
    if place.f_bavail * place.f_frsize > _LEAST_MEMORY and not place.f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)


def pytest_collection_finish() -> None:
    """Keep the collector from walking over all that was imported, again and again."""
    gc.collect()
    gc.freeze()


_OURS = ("DP_", "DAGSTER_", "AWS_", "SLACK_", "PG")
_KEPT = ("DP_RECORDINGS",)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing set on the machine reaches a test, except where the recordings are."""
    for name in tuple(os.environ):
        if (name.startswith(_OURS) or name.endswith("_BASE_URL")) and name not in _KEPT:
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of recorded provider payloads; they are not part of the project."""
    folder = os.environ.get("DP_RECORDINGS")
    if not folder:
        pytest.skip("DP_RECORDINGS does not name the folder of recorded provider payloads")
    path = Path(folder)
    if not path.is_dir():
        pytest.skip(f"DP_RECORDINGS names {folder}, which is not a folder")
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A server of this session's own; it stops a second after the session ended."""
    # Not tmp_path_factory: pytest's directories are private, and root's server is another user.
    home = Path(tempfile.mkdtemp(prefix="dp-tests-"))
    home.chmod(0o711)
    server = EmbeddedPostgres(home, linger_seconds=1)
    try:
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            # Nothing here has to outlive the machine. Each test drops a database, and with fsync
            # that takes 1.5 s instead of 0.1 s on a busy one.
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        yield server
    finally:
        server.release()
        # The watcher sees that the home is gone and ends the server at once.
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def admin_url(postgres: EmbeddedPostgres) -> str:
    """The session's server by its database `postgres`, for CREATE DATABASE and the like."""
    return postgres.url("postgres")


@pytest.fixture
def new_database(admin_url: str) -> Iterator[Callable[..., str]]:
    """Make a database, empty or a copy of `template`, and give its URL; dropped after the test.

    A template is any database nobody is connected to, named without its URL: migrate one once per
    session, copy it for each test (about 30 ms).
    """
    made: list[str] = []

    def make(template: str = "template0") -> str:
        name = f"test_{uuid.uuid4().hex[:12]}"
        made.append(name)
        return create_database(admin_url, name, template)

    yield make
    with psycopg.connect(admin_url, autocommit=True) as connection:
        for name in made:
            # FORCE: a test that leaks a connection must not fail the next one
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )


@pytest.fixture
def postgres_url(new_database: Callable[..., str]) -> str:
    """A fresh empty database of a real server: `postgresql://…`, dropped after the test."""
    return new_database()


@pytest.fixture(scope="session")
def migrated_template(admin_url: str) -> str:
    """The name of a database with all tables, to be copied."""
    name = f"template_{uuid.uuid4().hex[:12]}"
    database = Database(create_database(admin_url, name))
    database.ensure_current()
    database.close()
    return name


@pytest.fixture
def migrated_url(new_database: Callable[..., str], migrated_template: str) -> str:
    """A fresh database with all tables, dropped after the test."""
    return new_database(migrated_template)


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    """A fresh database with all tables, open."""
    opened = Database(migrated_url)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def filled_template(admin_url: str, migrated_template: str) -> str:
    """The name of a database with two small seasons, one of each open provider, to be copied."""
    from dp_pipeline_tests.end_to_end.in_process import ingest
    from dp_pipeline_tests.end_to_end.seasons_by_hand import FILE, LIGA, healthy
    from dp_pipeline_tests.replay import Replay
    from dp_pipeline_tests.servers import serve

    name = f"{migrated_template}_filled"
    database = Database(create_database(admin_url, name, migrated_template))
    try:
        with tempfile.TemporaryDirectory() as home, serve(Replay(payloads=healthy()).app()) as base:
            for key in (LIGA, FILE):
                ingest(database, base, Path(home), key)
    finally:
        database.close()
    return name


@pytest.fixture(scope="session")
def filled_url(admin_url: str, filled_template: str) -> str:
    """A database with two small seasons, for tests that only read.

    It is not the template itself: Postgres copies no database that somebody is
    connected to, and a pool of an earlier test may still be.
    """
    return create_database(admin_url, f"{filled_template}_read", filled_template)


_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """The machine's Chromium, for one file of tests: its loop would disturb those of others."""
    path = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if path is None:
        pytest.skip(f"there is no browser: none of {', '.join(_BROWSERS)} is installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        yield opened
        opened.close()
