"""The object store: a folder or an S3 bucket, the same to callers."""

import os
import tempfile
import threading
import time
from functools import cached_property, partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import anyio
import anyio.to_thread

if TYPE_CHECKING:
    from collections.abc import Callable

    from dp_pipeline.settings import S3Settings

T = TypeVar("T")

ANSWER_SECONDS = 15.0
PAUSE_SECONDS = 60.0
"""A store that failed is left alone this long: 250 executions times 15 s would be an hour."""


class ObjectStoreError(Exception):
    """The store did not take an object. The text is a sentence without secrets."""

    retryable = True


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

    def url(self, key: str) -> str:
        """Where the object can be opened: https, or file and s3 when there is no public base."""


class Folder:
    """Objects as files below a folder; a file appears whole or not at all."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(
        self,
        key: str,
        body: bytes,
        *,
        content_type: str,  # noqa: ARG002 - a file has its name for that
        cache_control: str | None = None,  # noqa: ARG002 - and is not served by us
    ) -> None:
        """Store an object as a file."""
        path = self._path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(body)
                Path(temporary).replace(path)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
        except OSError as error:
            message = f"The folder {self._root} did not take an object: {error.strerror}."
            raise ObjectStoreError(message) from error

    def has(self, key: str) -> bool:
        """Whether there is such a file."""
        return self._path(key).is_file()

    def url(self, key: str) -> str:
        """A file:// address."""
        return self._path(key).as_uri()

    def _path(self, key: str) -> Path:
        parts = PurePosixPath(key).parts
        if not parts or key.startswith("/") or ".." in parts:
            message = f"{key!r} is no object key."
            raise ValueError(message)
        return self._root.resolve().joinpath(*parts)


class S3:
    """Objects in a bucket of S3 or anything that speaks its API (`endpoint_url`)."""

    def __init__(self, settings: "S3Settings", public_url: str | None = None) -> None:
        self._settings = settings
        self._public_url = public_url

    def put(
        self, key: str, body: bytes, *, content_type: str, cache_control: str | None = None
    ) -> None:
        """Store an object; one attempt, whose connection may hang for botocore's 60 s."""
        from botocore.exceptions import BotoCoreError, ClientError

        more = {} if cache_control is None else {"CacheControl": cache_control}
        try:
            self._client.put_object(
                Bucket=self._settings.bucket, Key=key, Body=body, ContentType=content_type, **more
            )
        except (BotoCoreError, ClientError) as error:
            message = f"The bucket {self._settings.bucket} did not take an object: {_code(error)}."
            raise ObjectStoreError(message) from error

    def has(self, key: str) -> bool:
        """Whether there is such an object, as far as we may know.

        Without the right to list the bucket, S3 answers 403 for what is not there: it is put again.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._client.head_object(Bucket=self._settings.bucket, Key=key)
        except (BotoCoreError, ClientError) as error:
            if _code(error) in {"404", "403", "NoSuchKey", "NotFound", "Forbidden"}:
                return False
            message = f"The bucket {self._settings.bucket} did not answer: {_code(error)}."
            raise ObjectStoreError(message) from error
        return True

    def url(self, key: str) -> str:
        """An https address below AWS_CLOUDFRONT_URL; without it the s3:// name."""
        if self._public_url:
            return f"{self._public_url}/{key}"
        return f"s3://{self._settings.bucket}/{key}"

    @cached_property
    def _client(self) -> Any:
        # dagster_aws takes 1 s to import: nobody pays for it who has no bucket.
        from dagster_aws.s3 import S3Resource

        settings = self._settings
        secret = settings.secret_key
        return S3Resource(
            endpoint_url=settings.endpoint_url,
            region_name=settings.region,
            aws_access_key_id=settings.access_key,
            aws_secret_access_key=secret.get_secret_value() if secret else None,
            max_attempts=1,
        ).get_client()


def _code(error: Exception) -> str:
    """What S3 or botocore calls an error, without its text, which may quote a request."""
    response: dict[str, Any] = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Code") or type(error).__name__)


class Storing:
    """An object store as concurrent work uses it: with a deadline, and left alone once it failed.

    Args:
        objects: the store.
    """

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._down_until = 0.0
        self._reason = ""

    async def put(
        self, key: str, body: bytes, *, content_type: str, cache_control: str | None = None
    ) -> None:
        """As ObjectStore.put; raises ObjectStoreError within ANSWER_SECONDS."""
        put = partial(
            self._objects.put, key, body, content_type=content_type, cache_control=cache_control
        )
        await self._ask(put)

    async def has(self, key: str) -> bool:
        """As ObjectStore.has; raises ObjectStoreError within ANSWER_SECONDS."""
        return await self._ask(partial(self._objects.has, key))

    def url(self, key: str) -> str:
        """As ObjectStore.url."""
        return self._objects.url(key)

    async def _ask(self, work: "Callable[[], T]") -> T:
        if time.monotonic() < self._down_until:
            raise ObjectStoreError(self._reason)
        try:
            with anyio.fail_after(ANSWER_SECONDS):
                # Abandoned at the deadline: botocore's own timeout is 60 s and cannot be set here.
                return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
        except (ObjectStoreError, TimeoutError) as error:
            self._down_until = time.monotonic() + PAUSE_SECONDS
            self._reason = (
                str(error)
                if isinstance(error, ObjectStoreError)
                else f"The object store did not answer within {ANSWER_SECONDS:.0f} s."
            )
            raise ObjectStoreError(self._reason) from error


def put_within(
    seconds: float, objects: ObjectStore, key: str, body: bytes, *, content_type: str
) -> None:
    """Store an object from a thread without an event loop; raises ObjectStoreError in time."""
    raised: list[BaseException | None] = []

    def put() -> None:
        try:
            objects.put(key, body, content_type=content_type)
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread
            raised.append(error)
        else:
            raised.append(None)

    thread = threading.Thread(target=put, name="object store", daemon=True)
    thread.start()
    thread.join(seconds)
    if not raised:
        message = f"The object store did not answer within {seconds:.0f} s."
        raise ObjectStoreError(message)
    if raised[0] is not None:
        raise raised[0]
