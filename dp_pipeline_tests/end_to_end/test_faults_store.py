"""The object store away and back again, and what must never be written or shown anywhere."""

import contextlib
import json
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
import pytest
from moto.server import ThreadedMotoServer

from dp_pipeline.domains.registry import NAMES
from dp_pipeline.ledger.report_files import page_key
from dp_pipeline_tests.end_to_end.world import PATH, World, payload, world
from dp_pipeline_tests.servers import free_port

BUCKET = "reports"
PUBLIC = "cdn.example.org"
SECRETS = {
    "store": "s3-secret/access+key=",
    "database": "database-password",
    "gateway": "gateway-password",
    "webhook": "secret-token",
}


@contextlib.contextmanager
def store(port: int) -> Generator[None]:
    """An S3 API at this port; what is in it stays while it is away."""
    server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
    server.start()
    try:
        yield
    finally:
        server.stop()
        if server._server is not None:
            server._server.server_close()  # else connections are still taken, and never answered


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def bucket(port: int) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="eu-central-1",
        aws_access_key_id="anybody",
        aws_secret_access_key="anything",
    )


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch, migrated_url: str, port: int) -> Iterator[World]:
    with world(
        monkeypatch,
        # Local connections need no password, and Postgres ignores one that is given.
        migrated_url.replace("postgres@", f"postgres:{SECRETS['database']}@"),
        AWS_S3_BUCKET=BUCKET,
        AWS_ACCESS_KEY_ID="AKIDTESTS",
        AWS_SECRET_ACCESS_KEY=SECRETS["store"],
        AWS_REGION="eu-central-1",
        AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}",
        AWS_CLOUDFRONT_URL=PUBLIC,
    ) as made:
        yield made


def due(made: World) -> None:
    """Let the time pass after which kept reports are tried again."""
    made.query("UPDATE execution_report SET next_attempt_at = now()")


def objects(bucket: Any) -> dict[str, Any]:
    """Key to parsed report of every report in the bucket; each has a page beside it."""
    listed = bucket.list_objects_v2(Bucket=BUCKET, Prefix="data-provider-operation-reports/")
    keys = [entry["Key"] for entry in listed.get("Contents", [])]
    reports = {key for key in keys if key.endswith(".json")}
    assert set(keys) == reports | set(map(page_key, reports))
    return {
        key: json.loads(bucket.get_object(Bucket=BUCKET, Key=key)["Body"].read()) for key in reports
    }


@pytest.mark.slow
def test_reports_reach_a_store_that_was_away_and_runs_are_what_they_were(
    guarded: World, bucket: Any, port: int
) -> None:
    with store(port):
        bucket.create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        assert guarded.ingest() == 0, guarded.log()
        assert len(objects(bucket)) == len(NAMES)
        guarded.tick()

    guarded.replay.payloads[PATH] = payload(1)
    assert guarded.ingest() == 0, guarded.log()
    kept = guarded.executions()[len(NAMES) :]
    assert [row["status"] for row in kept] == ["completed"] * len(NAMES)
    assert {row["summary"]["reportUploadStatus"] for row in kept} == {"kept"}
    assert {row["report_file_url"] for row in kept} == {None}
    assert guarded.tick() == "1 messages sent"
    due(guarded)
    assert guarded.tick() == "Nothing new."
    assert guarded.query("SELECT max(attempts) AS n FROM execution_report") == [{"n": 2}]

    with store(port):
        due(guarded)
        assert guarded.tick() == f"{len(NAMES)} reports stored late"
        assert guarded.query("SELECT * FROM execution_report") == []
        found = objects(bucket)
        assert len(found) == 2 * len(NAMES)
        for row in guarded.executions():
            key = row["report_file_key"]
            assert row["summary"]["reportUploadStatus"] == "stored"
            assert row["report_file_url"] == f"https://{PUBLIC}/{key}"
            assert found[key]["executionId"] == str(row["id"])
            # The id is in the ledger and in messages; what follows it is known to nobody.
            token = key.removesuffix(".json").rpartition(f"{row['id']}-")[2]
            assert len(token) >= 16
        assert len({key[-21:] for key in found}) == 2 * len(NAMES)
    assert list(guarded.told().values()) == [1, 1]
    page = page_key(guarded.executions()[0]["report_file_key"])
    assert f"https://{PUBLIC}/{page}" in str(guarded.slack.accepted[0])


def test_no_secret_is_shown_anywhere_whatever_fails(
    guarded: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = guarded.environment["OPENFOOTBALL_BASE_URL"].replace(
        "http://", f"http://somebody:{SECRETS['gateway']}@"
    )
    guarded.environment = {**guarded.environment, "OPENFOOTBALL_BASE_URL": gateway}
    for name, value in guarded.environment.items():
        monkeypatch.setenv(name, value)
    assert guarded.ingest() == 0, guarded.log()
    guarded.replay.payloads[PATH] = "not a season"
    assert guarded.ingest() == 1, guarded.log()
    guarded.tick()
    due(guarded)
    guarded.tick()
    assert len(guarded.slack.accepted) == 2

    places = {
        "ledger": str(guarded.executions()).encode(),
        "kept reports": str(guarded.query("SELECT * FROM execution_report")).encode(),
        "facts": str(guarded.query("SELECT * FROM tournament")).encode(),
        "messages": str(guarded.slack.received).encode(),
        **{str(path): path.read_bytes() for path in guarded.home.rglob("*") if path.is_file()},
    }
    assert any(Path(place).suffix == ".db" for place in places), "Dagster's events are among them"
    for name, secret in SECRETS.items():
        for spelling in {secret, quote(secret, safe="")}:
            shown = [place for place, text in places.items() if spelling.encode() in text]
            assert shown == [], f"the {name}'s secret is shown"
