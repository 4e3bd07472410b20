"""A bucket against endpoints that misbehave: one typed error, one sentence, in time."""

import contextlib
import re
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dp_pipeline.storage import S3, ObjectStoreError, within
from dp_pipeline_tests.http.certificates import certificate
from dp_pipeline_tests.http.wire import Reply, http
from dp_pipeline_tests.servers import closed_url
from dp_pipeline_tests.storage.endpoints import (
    ANSWERS,
    BUCKET,
    DRIBBLES,
    GREETINGS,
    Endpoint,
    bucket_at,
    redirect,
)

KEY = "data-provider-operation-reports/a/b/c.json"
SECONDS = 0.4
SENTENCE = re.compile(r"[A-Z][^\n\x00]{20,500}\.")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    """One for all: a client takes boto3 a good part of a second to make."""
    with Endpoint().listening() as listening:
        yield listening


@pytest.fixture(scope="module")
def bucket(endpoint: Endpoint) -> S3:
    return endpoint.store(answer_seconds=SECONDS)


@pytest.fixture
def answering(endpoint: Endpoint) -> Iterator[Callable[[Reply], None]]:
    """Have the endpoint answer so; it is well again after the test."""

    def answer(reply: Reply) -> None:
        endpoint.answer = lambda _: reply

    endpoint.asked.clear()
    yield answer
    endpoint.answer = None
    endpoint.hang_up()


def refusal(store: S3) -> str:
    """The sentence with which a store refuses an object."""
    with pytest.raises(ObjectStoreError) as caught:
        store.put(KEY, b"{}", content_type="application/json")
    said = str(caught.value)
    assert SENTENCE.fullmatch(said), said
    assert "secret" not in said
    return said


@pytest.mark.parametrize("how", [how for how in ANSWERS if how not in DRIBBLES])
def test_an_endpoint_that_misbehaves_is_an_error_of_the_store_in_one_sentence(
    bucket: S3, answering: Callable[[Reply], None], how: str
) -> None:
    answering(ANSWERS[how])
    refusal(bucket)
    with contextlib.suppress(ObjectStoreError):
        assert bucket.get(KEY) in {None, b"{}"} or "its body" in how
    try:
        assert bucket.has(KEY) in {False, "without end" in how, "its body" in how}
    except ObjectStoreError as error:
        assert SENTENCE.fullmatch(str(error)), str(error)  # noqa: PT017 - either is right


@pytest.mark.parametrize("how", GREETINGS)
def test_what_listens_there_and_is_no_store_is_an_error_of_the_store(
    endpoint: Endpoint, bucket: S3, how: str
) -> None:
    endpoint.greeting = GREETINGS[how]
    refusal(bucket)
    endpoint.greeting = None
    endpoint.hang_up()


def test_an_endpoint_that_is_not_there_is_an_error_of_the_store() -> None:
    assert "no connection" in refusal(bucket_at(closed_url()))
    assert "no connection" in refusal(bucket_at("http://objects.invalid"))


def test_tls_is_checked_on_both_sides(tmp_path: Path) -> None:
    with Endpoint(tls=certificate(tmp_path, days=-1)).listening() as expired:
        assert "certificate" in refusal(expired.store())
        plain = expired.url.replace("https", "http")
        refusal(bucket_at(plain, answer_seconds=SECONDS))
    with Endpoint(tls=certificate(tmp_path, days=1)).listening() as unknown:
        assert "certificate" in refusal(unknown.store())
        assert unknown.asked == []
    with Endpoint().listening() as plain:
        refusal(bucket_at(plain.url.replace("http", "https"), answer_seconds=SECONDS))


@pytest.mark.parametrize("bucket", ["no bucket", "s3://reports", "a/b", "x" * 300])
def test_a_bucket_that_cannot_be_is_an_error_of_the_store(bucket: str) -> None:
    assert "none that S3 allows" in refusal(bucket_at(closed_url(), bucket=bucket))


def test_a_store_that_is_well_has_what_it_was_given(endpoint: Endpoint, bucket: S3) -> None:
    assert not bucket.has(KEY)
    bucket.put(KEY, b"{}", content_type="application/json")
    assert bucket.has(KEY)
    assert endpoint.objects == {f"/{BUCKET}/{KEY}": b"{}"}
    large = b"0123456789" * 100_000
    bucket.put(KEY, large, content_type="application/json")
    assert bucket.get(KEY) == large
    bucket.delete(KEY)
    assert bucket.get(KEY) is None
    assert endpoint.objects == {}


def test_a_store_that_takes_its_time_has_taken_the_object(
    endpoint: Endpoint, bucket: S3, answering: Callable[[Reply], None]
) -> None:
    def slowly(connection: socket.socket) -> None:
        time.sleep(0.7 * SECONDS)
        connection.sendall(http(200, b"", {"ETag": '"1"'}))

    answering(slowly)
    bucket.put(KEY, b"{}", content_type="application/json")
    assert len(endpoint.asked) == 1


# Not 303: urllib3 ends that with an error of its own and leaves its socket to the collector.
@pytest.mark.parametrize("status", [300, 301, 302, 305, 307, 308])
@pytest.mark.parametrize("region", [{}, {"x_amz_bucket_region": "us-west-2"}])
def test_nobody_follows_a_redirect_to_another_host(
    endpoint: Endpoint,
    bucket: S3,
    answering: Callable[[Reply], None],
    status: int,
    region: dict[str, Any],
) -> None:
    with Endpoint().listening() as elsewhere:
        answering(redirect(status, f"{elsewhere.url}/reports/{KEY}", **region))
        refusal(bucket)
        with pytest.raises(ObjectStoreError):
            bucket.has(KEY)
        # S3 names the region of a bucket so; then it is asked once more, where it was before.
        assert len(endpoint.asked) <= 4
        assert elsewhere.asked == []


def test_an_answer_without_end_is_not_read_to_its_end(
    bucket: S3, answering: Callable[[Reply], None]
) -> None:
    sent = 0

    def flood(connection: socket.socket) -> None:
        nonlocal sent
        connection.sendall(b"HTTP/1.1 503 No\r\n\r\n")
        while True:
            connection.sendall(bytes(65_536))
            sent += 65_536

    answering(flood)
    assert "without end" in refusal(bucket)
    # What is on its way when the connection is closed is in the buffers of the two sockets.
    assert sent < 32 * 1024 * 1024


def test_checksums_are_sent_only_where_they_are_demanded_once_an_endpoint_is_set(
    endpoint: Endpoint, bucket: S3
) -> None:
    endpoint.asked.clear()
    bucket.put(KEY, b"{}", content_type="application/json")
    assert bucket.has(KEY)
    for asked in endpoint.asked:
        # R2 and versions of MinIO answer these with 501 NotImplemented.
        refused = {"content-encoding", "x-amz-checksum-mode", "x-amz-trailer", "expect"}
        assert not [name for name in asked.headers if name in refused or "crc" in name]
        assert "x-amz-sdk-checksum-algorithm" not in asked.headers


@pytest.mark.parametrize(
    ("settings", "sent"),
    [
        ({}, (None, None)),
        ({"encryption": "AES256"}, ("AES256", None)),
        ({"encryption": "aws:kms", "kms_key_id": "alias/x"}, ("aws:kms", "alias/x")),
    ],
)
def test_encryption_is_asked_for_with_every_object_where_a_bucket_demands_it(
    settings: dict[str, Any], sent: tuple[str | None, str | None]
) -> None:
    with Endpoint().listening() as endpoint:
        endpoint.store(**settings).put(KEY, b"{}", content_type="application/json")
    headers = endpoint.asked[0].headers
    name = "x-amz-server-side-encryption"
    assert (headers.get(name), headers.get(f"{name}-aws-kms-key-id")) == sent


def test_what_hangs_is_left_behind_at_the_deadline(
    bucket: S3, answering: Callable[[Reply], None]
) -> None:
    answering(ANSWERS["trickles its headers"])
    with pytest.raises(ObjectStoreError, match=r"did not answer within 0\.3 s"):
        within(0.3, lambda: bucket.has(KEY))


def test_a_page_in_place_of_an_image_is_none(
    bucket: S3, answering: Callable[[Reply], None]
) -> None:
    answering(http(200, b"", {"ETag": '"1"', "Content-Type": "text/html; charset=utf-8"}))
    with pytest.raises(ObjectStoreError, match="is not S3"):
        bucket.has("images/abc.png")
