"""Whatever answers in place of the object store: rows close truly, and reports reach a well one."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.ledger.kept_reports import store_all
from dp_pipeline.storage import S3, Folder, ObjectStore
from dp_pipeline_tests.end_to_end.in_process import ingest
from dp_pipeline_tests.providers.openfootball_files import league, season
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import closed_url, serve
from dp_pipeline_tests.storage.endpoints import ANSWERS, GREETINGS, Endpoint, bucket_at

pytestmark = pytest.mark.slow

KEY = "openfootball:en.1:2024-25"
PATH = "/2024-25/en.1.json"
SECONDS = 0.4
MATCHES = 12


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    payload = season(league("A", "B", "C", "D"))
    with serve(Replay(payloads={PATH: payload}).app()) as base:
        yield base


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    with Endpoint().listening() as listening:
        yield listening


@pytest.fixture(scope="module")
def bucket(endpoint: Endpoint) -> S3:
    """One for all: a client takes boto3 a good part of a second to make."""
    store = endpoint.store(answer_seconds=SECONDS)
    assert store._client is not None
    return store


@pytest.fixture
def survives(
    database: Database, provider: str, tmp_path: Path, endpoint: Endpoint, bucket: S3
) -> Iterator[Callable[[ObjectStore], None]]:
    """Ingest beside a store that misbehaves; nothing is lost, and a well one gets all."""

    def run(store: ObjectStore) -> None:
        rows = ingest(database, provider, tmp_path, KEY, objects=store, answer_seconds=SECONDS)
        assert {row["status"] for row in rows.values()} == {"completed"}
        outcomes = {domain: row["outcome"] for domain, row in rows.items()}
        assert outcomes.pop("goals") == "not_applicable"
        assert set(outcomes.values()) == {"written"}
        for row in rows.values():
            assert row["completed_at"] is not None
            assert row["report_file_url"] is None
            assert row["summary"]["reportUploadStatus"] == "kept"
            said = row["summary"]["reportUploadError"]
            assert said.endswith(".")
            assert "\n" not in said
        assert count(database, tables.match) == MATCHES
        assert kept(database) == {row["id"] for row in rows.values()}

        due(database)
        assert store_all(database, store, answer_seconds=SECONDS) == 0
        assert count(database, tables.execution_report) == len(rows)

        endpoint.answer = endpoint.greeting = None
        endpoint.objects.clear()
        due(database)
        assert store_all(database, bucket) == len(rows)
        assert count(database, tables.execution_report) == 0
        put = endpoint.objects.items()
        reports = [json.loads(body) for path, body in put if path.endswith(".json")]
        # an attempt of an earlier test that was given up may arrive late, too
        assert {each["executionId"] for each in reports} >= {str(r["id"]) for r in rows.values()}
        assert {each["status"] for each in reports} == {"completed"}
        with database.transaction() as connection:
            table = tables.data_provider_executions
            for row in connection.execute(sa.select(table)):
                assert row.summary["reportUploadStatus"] == "stored"
                assert "reportUploadError" not in row.summary
                assert row.report_file_url == f"https://cdn.example.org/{row.report_file_key}"

    yield run
    endpoint.answer = endpoint.greeting = None
    endpoint.hang_up()


def count(database: Database, table: sa.Table) -> int | None:
    with database.transaction() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(table))


def kept(database: Database) -> set[Any]:
    with database.transaction() as connection:
        return set(connection.scalars(sa.select(tables.execution_report.c.execution_id)))


def due(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(sa.update(tables.execution_report).values(next_attempt_at=sa.func.now()))


# Some of each kind: what they are to the store itself, objects/test_s3.py asks of all of them.
@pytest.mark.parametrize(
    "how",
    [
        "closes after the request",
        "resets after the request",
        "never answers the request",
        "stops within the headers",
        "says to continue and closes",
        "answers bytes",
        "has headers without end",
        "answers a page",
        "answers without end",
        "trickles its headers",
        "trickles its body",
        "redirects as S3 does",
        "redirects to itself",
        "redirects with 307",
        "names another region",
        "refuses with 400",
        "refuses access",
        "has no such bucket",
        "fails with a code of no use",
        "is to be asked more slowly",
    ],
)
def test_nothing_is_lost_when_the_store(
    endpoint: Endpoint, bucket: S3, survives: Callable[[ObjectStore], None], how: str
) -> None:
    endpoint.answer = lambda _: ANSWERS[how]
    survives(bucket)


@pytest.mark.parametrize("how", ["closes at once", "resets at once", "speaks HTTP/2"])
def test_nothing_is_lost_when_what_listens_there(
    endpoint: Endpoint, bucket: S3, survives: Callable[[ObjectStore], None], how: str
) -> None:
    endpoint.greeting = GREETINGS[how]
    survives(bucket)


class Foreign(Folder):
    """A store whose code is broken."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(Path("/nonexistent"))
        self.error = error

    def put(self, key: str, body: bytes, **_: Any) -> None:  # noqa: ARG002
        raise self.error


STORES: dict[str, Callable[[Path], ObjectStore]] = {
    "is not there": lambda _: bucket_at(closed_url()),
    "has no address": lambda _: bucket_at("http://objects.invalid"),
    "speaks no TLS": lambda _: bucket_at(closed_url().replace("http", "https")),
    "has a name that cannot be": lambda _: bucket_at(closed_url(), bucket="no bucket"),
    "is a file": lambda path: Folder(path / "file"),
    "recurses": lambda _: Foreign(RecursionError("maximum recursion depth exceeded")),
    "has no response": lambda _: Foreign(AttributeError("'NoneType' has no attribute 'get'")),
    "panics": lambda _: Foreign(BaseException("panic")),
    "asks the process to end": lambda _: Foreign(SystemExit(3)),
    "interrupts": lambda _: Foreign(KeyboardInterrupt()),
}


@pytest.mark.parametrize("how", STORES)
def test_nothing_is_lost_when_a_store(
    tmp_path: Path, survives: Callable[[ObjectStore], None], how: str
) -> None:
    (tmp_path / "file").write_text(str(uuid4()))
    survives(STORES[how](tmp_path))
