"""What callers see of an object store, and the border at which any failure becomes one error."""

import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol
from urllib.parse import urlsplit
from urllib.request import url2pathname

# By name, so that nobody imports botocore who has no bucket. None of them is quoted: their texts
# hold addresses, and perhaps what was signed.
_WORDS: Mapping[str, str] = {
    "ConnectTimeoutError": "no connection to its endpoint could be made in time",
    "ConnectionClosedError": "its endpoint closed the connection or does not speak HTTP",
    "EndpointConnectionError": "no connection to its endpoint could be made",
    "FileExistsError": "a file is where a folder is needed",
    "HTTPClientError": "the request to its endpoint failed",
    "InvalidRegionError": "the region that is named for it is none",
    "NoCredentialsError": "there are no credentials for it",
    "NotADirectoryError": "a file is where a folder is needed",
    "ParamValidationError": "its name, or that of the object, is none that S3 allows",
    "PartialCredentialsError": "its credentials are incomplete",
    "ProfileNotFound": "the AWS profile that is named does not exist",
    "ProtocolError": "its endpoint closed the connection",
    "ProxyConnectionError": "the proxy cannot be reached",
    "ReadTimeoutError": "its endpoint did not answer in time",
    "ResponseParserError": "what its endpoint answers is not S3's",
    "SSLError": "its endpoint has no certificate that can be trusted, or does not speak TLS",
}
_LONGEST_CODE = 60
REDIRECTS = range(300, 400)

NOT_S3 = "What answers at the bucket's endpoint is not S3, though it says that all is well."
"""Consoles, login pages and captive portals say 200 to anything."""

ASK_AGAIN = "no-cache"
"""A cache asks again before it shows what stands at a key whose content changes."""

PRIVATE = "private/"
"""Objects below this have no public address, whatever serves others: see docs/configuration.md."""


class ObjectStoreError(Exception):
    """The store did not do what was requested. The text is a sentence without secrets."""

    def __init__(self, message: str, *, retryable: bool = True) -> None:
        super().__init__(message)
        self.retryable = retryable


class ObjectStore(Protocol):
    """Takes whole objects under keys like `data-provider-operation-reports/openligadb/…/x.json`."""

    def put(
        self, key: str, body: bytes, *, content_type: str, cache_control: str | None = None
    ) -> None:
        """Store an object, replacing one of the same key; raises ObjectStoreError.

        `cache_control` is the header of that name with which a store serves it.
        """

    def has(self, key: str) -> bool:
        """Whether there is an object under this key; raises ObjectStoreError."""
        ...

    def get(self, key: str) -> bytes | None:
        """The object under this key, None if there is none; raises ObjectStoreError."""
        ...

    def delete(self, key: str) -> None:
        """Delete an object, also one that is not there; raises ObjectStoreError."""

    def url(self, key: str) -> str:
        """Where the object can be opened: https, or file and s3 when there is no public base."""
        ...

    def link(self, key: str) -> str:
        """Where whoever is given it can open the object, for a week; raises ObjectStoreError.

        It may be signed: it is for people, and goes into no row, log or metadata.
        """
        ...


def place_of(url: str) -> str:
    """Where a person opens an object: the path of a file, else its address."""
    # the URL quotes spaces
    return url2pathname(urlsplit(url).path) if url.startswith("file://") else url


@contextmanager
def border(what: str) -> Generator[None]:
    """Turn whatever the block raises into an ObjectStoreError.

    Args:
        what: the beginning of the sentence, "The bucket x did not take an object".
    """
    try:
        yield
    except ObjectStoreError:
        raise
    # The border to a store that may be anything. botocore's own errors were not enough: those
    # without a response raised AttributeError here, a redirect RecursionError, and 15 of 15 ledger
    # rows stayed open.
    except Exception as error:
        message = f"{what}: {_reason(error)}."
        raise ObjectStoreError(message) from error


def status_of(error: Exception) -> int | None:
    """The HTTP status with which S3 refused; None when it did not answer."""
    metadata = _answer(error).get("ResponseMetadata")
    return metadata.get("HTTPStatusCode") if isinstance(metadata, dict) else None


def _reason(error: Exception) -> str:
    status = status_of(error)
    if status is not None:
        details = _answer(error).get("Error")
        code = details.get("Code") if isinstance(details, dict) else None
        # Somebody else's text: it may be of any length and hold what a table cannot.
        code = re.sub(r"[^A-Za-z0-9_.-]", "", str(code or ""))[:_LONGEST_CODE]
        if status in REDIRECTS:
            return f"HTTP {status}, a redirect, which is not followed"
        return f"HTTP {status}" if code in {"", str(status)} else f"HTTP {status} {code}"
    name = type(error).__name__
    said = error.strerror if isinstance(error, OSError) else None
    return _WORDS.get(name) or said or name


def _answer(error: Exception) -> dict[str, Any]:
    # botocore's errors of the connection have a `response` too, and it is None.
    answer = getattr(error, "response", None)
    return answer if isinstance(answer, dict) else {}
