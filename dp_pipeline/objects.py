"""The object store: a folder or an S3 bucket, the same to callers."""

import os
import tempfile
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from dp_pipeline.settings import S3Settings


class ObjectStoreError(Exception):
    """The store did not take an object. The text is a sentence without secrets."""

    retryable = True


class ObjectStore(Protocol):
    """Takes whole objects under keys like `data-provider-operation-reports/openligadb/…/x.json`."""

    def put(self, key: str, body: bytes, *, content_type: str) -> None:
        """Store an object, replacing one of the same key; raises ObjectStoreError."""

    def url(self, key: str) -> str:
        """Where the object can be opened: https, or file and s3 when there is no public base."""


class Folder:
    """Objects as files below a folder; a file appears whole or not at all."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, key: str, body: bytes, *, content_type: str) -> None:  # noqa: ARG002
        """Store an object. The content type of a file is its name."""
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
            message = f"The folder {self._root} did not take the report: {error.strerror}."
            raise ObjectStoreError(message) from error

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

    def put(self, key: str, body: bytes, *, content_type: str) -> None:
        """Store an object; one attempt, whose connection may hang for botocore's 60 s."""
        from botocore.exceptions import BotoCoreError, ClientError

        bucket = self._settings.bucket
        try:
            self._client.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "unknown")
            message = f"The bucket {bucket} did not take the report: {code}."
            raise ObjectStoreError(message) from error
        except BotoCoreError as error:
            message = f"The bucket {bucket} did not take the report: {type(error).__name__}."
            raise ObjectStoreError(message) from error

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
