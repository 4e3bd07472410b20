"""The image is built and run for real: any uid, nothing writable but two folders, kill -9."""

import json
import time
import uuid
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.ledger.reconcile import PROCESS_GONE, reconcile
from dp_pipeline_tests.database.proxy import proxied
from dp_pipeline_tests.deploy.containers import DEPLOY, OURS, ROOT, Docker, base_image, docker
from dp_pipeline_tests.end_to_end.seasons_by_hand import LIGA, healthy
from dp_pipeline_tests.end_to_end.world import Gate, until
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def built() -> Iterator[Docker]:
    """The daemon, with the image."""
    with docker() as here:
        here.build(OURS, DEPLOY / "Dockerfile", ROOT, BASE=base_image(here))
        yield here
        here("rmi", "--force", OURS, check=False)


@pytest.fixture
def settings(migrated_url: str, postgres_url: str) -> Iterator[list[str]]:
    """The two databases over TCP, as arguments of `docker run`."""
    with proxied(migrated_url) as ours, proxied(postgres_url) as dagsters:
        urls = {"DP_DATABASE_URL": ours.url, "DAGSTER_POSTGRES_URL": dagsters.url}
        yield [f"--env={name}={url}" for name, url in urls.items()]


def confined(user: str) -> list[str]:
    """The arguments by which nothing can be written but what has to be."""
    return [
        *("--network=host", "--read-only", "--tmpfs=/tmp", "--volume=/var/lib/dp_pipeline"),
        *("--cap-drop=ALL", "--security-opt=no-new-privileges", f"--user={user}"),
    ]


@pytest.mark.parametrize("user", ["1000:1000", "54321:54321", "54321:0"])
def test_the_image_ingests_under_any_uid_with_a_read_only_root(
    built: Docker, settings: list[str], database: Database, user: str
) -> None:
    with serve(Replay(payloads=healthy()).app()) as base:
        given = [*settings, f"--env=OPENLIGADB_BASE_URL={base}"]
        said = built("run", "--rm", *confined(user), *given, OURS, "dp", "ingest", LIGA)
    assert "completed" in said
    with database.transaction() as connection:
        rows = connection.execute(sa.select(tables.data_provider_executions)).all()
    assert {row.status for row in rows} == {"completed"}
    doctor = built(
        "run", "--rm", *confined(user), *settings, OURS, "dp", "doctor", "--json", check=False
    )
    found = {each["check"]: each for each in json.loads(doctor[doctor.index("[\n") :])}
    failed = {name for name, each in found.items() if each["state"] == "fail"}
    assert failed <= {"daemon", "providers"}, found  # none runs here, and none is reached


def test_without_a_database_the_image_says_so_and_starts_none(built: Docker) -> None:
    said = built("run", "--rm", *confined("1000"), OURS, "dp", "ingest", LIGA, check=False)
    assert "DP_DATABASE_URL is not set, and DP_EMBEDDED=off refuses" in said


def test_the_image_holds_no_tools_of_tests_and_no_programs_of_postgres(built: Docker) -> None:
    listed = built("run", "--rm", OURS, "ls", "/opt/dp_pipeline/bin")
    assert {"dp", "dagster", "dagster-webserver", "dagster-daemon"} <= set(listed.split())
    assert not {"pytest", "ruff", "ty", "playwright", "pip"} & set(listed.split())
    assert built("run", "--rm", OURS, "find", "/opt", "-name", "pg_ctl") == ""
    assert built.inspect(OURS)["Config"]["User"] == "1000:1000"


@contextmanager
def container(docker: Docker, *words: object) -> Generator[str]:
    """A container in the background, removed afterwards."""
    name = f"dp-test-{uuid.uuid4().hex[:8]}"
    docker("run", "--detach", "--name", name, *words)
    try:
        yield name
    finally:
        docker("rm", "--force", "--volumes", name, check=False)


def test_rows_of_a_container_that_is_killed_are_closed_by_another_process(
    built: Docker, settings: list[str], database: Database
) -> None:
    replay = Replay(payloads=healthy())
    gate = Gate(replay.app())
    given = [*confined("1000"), *settings]

    def rows() -> list[sa.Row]:
        with database.transaction() as connection:
            return list(connection.execute(sa.select(tables.data_provider_executions)))

    with serve(gate) as base, gate.closed():
        given.append(f"--env=OPENLIGADB_BASE_URL={base}")
        with container(built, *given, OURS, "dp", "ingest", LIGA) as name:
            until("a request", lambda: gate.waiting)
            until("an open row", rows)
            everything = lambda runs: runs  # noqa: E731 - Dagster calls the runs ended
            alive = reconcile(database, finished=everything, free_since={}, now=time.time())
            assert alive.closed == ()
            built("kill", name)
            until("the end of the connection", lambda: not _connected(database))
            gone = reconcile(database, finished=everything, free_since={}, now=time.time())
    assert len(gone.closed) == len(rows()) > 0
    assert {(row.status, row.error_class) for row in rows()} == {("failed", PROCESS_GONE)}


def _connected(database: Database) -> int:
    """How many other sessions the database has."""
    with database.transaction() as connection:
        return connection.scalar(
            sa.text(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND application_name LIKE 'dp_pipeline%'"
            )
        )
