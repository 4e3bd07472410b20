"""The client of a bucket: dagster-aws's, made to bear an endpoint that is no S3.

Imported by who has a bucket only: boto3 takes a second.
"""

import time
from collections.abc import Generator
from typing import Any

import boto3.session
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from dagster_aws.s3 import S3Resource
from dagster_aws.utils import construct_boto_client_retry_config
from pydantic import Field

from dp_pipeline.storage.store import NOT_S3, REDIRECTS, ObjectStoreError

LONGEST_ANSWER = 65_536
"""Bytes. S3 answers what is requested here with nothing, an object, or an error of some hundred
bytes."""
LONGEST_OBJECT = 64 * 1024 * 1024
"""Bytes of an object that is read again. What was stored was 32 MiB before it was compressed."""
CONNECT_SECONDS = 10.0

_REGION = "x-amz-bucket-region"


class Bucket(S3Resource):
    """dagster-aws's resource, with what it cannot be given: time-outs, and how checksums are sent.

    Its own client waits 60 s for an answer, twice.
    """

    answer_seconds: float = Field(description="How long the endpoint may be silent.")

    def get_client(self) -> Any:
        """A client of S3 that follows no redirect and reads no endless answer."""
        config = construct_boto_client_retry_config(self.max_attempts).merge(
            Config(
                connect_timeout=min(CONNECT_SECONDS, self.answer_seconds),
                read_timeout=self.answer_seconds,
                # else addresses are signed as of old, which regions made since 2014 refuse
                signature_version="s3v4",
            )
        )
        if self.endpoint_url is not None:
            # R2 and versions of MinIO refuse the checksums that S3 itself takes since 2025.
            config = config.merge(
                Config(
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                )
            )
        client = boto3.session.Session(profile_name=self.profile_name).client(
            "s3",
            region_name=self.region_name,
            use_ssl=self.use_ssl,
            verify=self.verify,
            endpoint_url=self.endpoint_url,
            aws_access_key_id=self.aws_access_key_id,
            aws_secret_access_key=self.aws_secret_access_key,
            aws_session_token=self.aws_session_token,
            config=config,
        )
        # The transport has the certificates and proxies of the environment; no public name leads
        # to it.
        transport = client._endpoint.http_session  # noqa: SLF001

        def send(request: AWSPreparedRequest, **_: object) -> AWSResponse:
            # Objects are small. botocore waits a second for the word to go on, and spins for ever
            # when the connection ends within it.
            request.headers.pop("Expect", None)
            # Else the transport reads the answer to its end, however far that is: a gigabyte a
            # second from an endpoint near by.
            request.stream_output = True
            gives = request.method == "GET"
            return _checked(transport.send(request), self.answer_seconds, gives_object=gives)

        client.meta.events.register("before-send.s3", send)
        return client


class _Body:
    """A body that was read, as AWSResponse reads it."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Generator[bytes]:
        yield self._content

    def read(self, size: int | None = None) -> bytes:
        content, self._content = self._content[:size], self._content[len(self._content[:size]) :]
        return content


def _checked(answer: AWSResponse, seconds: float, *, gives_object: bool) -> AWSResponse:
    """The answer with its body; raises ObjectStoreError for what cannot be S3's."""
    # S3 names the region with its redirects; botocore then asks there, at an address of its own
    # making. Without, it asks for the region by a request that is redirected too, and so on until
    # RecursionError.
    status = answer.status_code
    if status in REDIRECTS and _REGION not in answer.headers:
        answer.raw.close()
        message = (
            f"The bucket's endpoint redirects elsewhere (HTTP {status}), which is not followed; "
            "AWS_ENDPOINT_URL or AWS_REGION is not the bucket's."
        )
        raise ObjectStoreError(message)
    latest = time.monotonic() + seconds
    body = bytearray()
    is_object = gives_object and status < REDIRECTS.start
    longest = LONGEST_OBJECT if is_object else LONGEST_ANSWER
    # Never more than has come, so that one that trickles is noticed: `read` waits until it is full.
    while piece := answer.raw.read1(LONGEST_ANSWER):
        body += piece
        if len(body) > longest or time.monotonic() > latest:
            answer.raw.close()
            message = "The bucket's endpoint gives an answer without end; it is not S3's."
            raise ObjectStoreError(message)
    if body and status < REDIRECTS.start and not is_object:
        raise ObjectStoreError(NOT_S3)
    return AWSResponse(answer.url, status, answer.headers, _Body(bytes(body)))
