"""Where whoever is given a link can open an object."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import boto3
import httpx
import pytest
from moto.server import ThreadedMotoServer

from dp_pipeline.ledger.reading_reports import ReportPlace
from dp_pipeline.ledger.report_files import HTML, PAGE, page_key
from dp_pipeline.notifications.slack.mrkdwn import link
from dp_pipeline.storage import S3, Folder
from dp_pipeline_tests.storage.endpoints import BUCKET, bucket_at

KEY = (
    "data-provider-operation-reports/openfootball/uefa-champions-league/2024-25/2026-11-28/"
    "standings_update-7d580396-73dc-56cd-ba86-050b600dd572-0123456789abcdef.json"
)


@pytest.fixture(scope="module")
def private() -> Iterator[S3]:
    """A bucket that is served nowhere."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    try:
        boto3.client(
            "s3",
            endpoint_url=url,
            region_name="eu-central-1",
            aws_access_key_id="anybody",
            aws_secret_access_key="anything",
        ).create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        store = bucket_at(url, public_url=None)
        store.put(KEY, b"{}", content_type="application/json")
        store.put(page_key(KEY), b"<h1>Report</h1>", content_type=HTML)
        yield store
    finally:
        server.stop()


def report(store: S3 | Folder, **more: object) -> ReportPlace:
    summary = {PAGE: "stored"}
    row = {"id": UUID(int=7), "report_file_key": KEY, "report_file_url": store.url(KEY)}
    return ReportPlace.of({**row, "summary": summary, **more})


def test_a_page_in_a_private_bucket_is_opened_by_whoever_has_its_link(private: S3) -> None:
    address = report(private).address(private)
    assert address is not None
    got = httpx.get(address)
    assert got.text == "<h1>Report</h1>"
    assert got.headers["content-type"] == HTML
    query = httpx.URL(address).params
    assert query["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
    assert query["X-Amz-Expires"] == str(7 * 24 * 3600)
    assert query["X-Amz-Date"].startswith(f"{datetime.now(UTC):%Y%m}")
    assert link(address, "report"), "Slack is given it"


def test_a_report_without_a_page_is_linked_itself(private: S3) -> None:
    address = report(private, summary=None).address(private)
    assert address is not None
    assert httpx.get(address).text == "{}"


def test_what_is_served_to_people_is_linked_there_without_a_signature() -> None:
    store = bucket_at("http://127.0.0.1:1")
    assert report(store).address(store) == f"https://cdn.example.org/{page_key(KEY)}"


def test_what_another_bucket_was_given_is_not_looked_for_in_this_one(private: S3) -> None:
    assert report(private, report_file_url=f"s3://other/{KEY}").address(private) is None
    elsewhere = f"https://cdn.example.com/{KEY}"
    assert report(private, report_file_url=elsewhere).address(private) == elsewhere


def test_a_folder_has_no_web_address(tmp_path: Path) -> None:
    store = Folder(tmp_path)
    assert report(store).address(store) is None
    assert store.link(KEY) == store.url(KEY)
