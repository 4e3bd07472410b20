"""Objects in a bucket of S3, or of anything that speaks its API."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from dp_pipeline.storage.deadline import ANSWER_SECONDS
from dp_pipeline.storage.store import NOT_S3, PRIVATE, ObjectStoreError, border, status_of

if TYPE_CHECKING:
    from dp_pipeline.settings import S3Settings

_FORBIDDEN, _NOT_FOUND = 403, 404
LINK_SECONDS = 7 * 24 * 3_600
"""How long a signed address holds: the longest that S3 allows. Credentials that are for an hour, as
those of a machine's role, end it with them."""


class S3:
    """Objects in a bucket of S3 or anything that speaks its API (`endpoint_url`).

    Args:
        settings: which bucket, where, and as whom.
        public_url: where the bucket is served to people, without trailing slash.
        answer_seconds: how long its endpoint may be silent.
    """

    def __init__(
        self,
        settings: "S3Settings",
        public_url: str | None = None,
        *,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._settings = settings
        self._public_url = public_url
        self._answer_seconds = answer_seconds

    def put(
        self, key: str, body: bytes, *, content_type: str, cache_control: str | None = None
    ) -> None:
        """Store an object."""
        settings = self._settings
        more = {
            "CacheControl": cache_control,
            "ServerSideEncryption": settings.encryption,
            "SSEKMSKeyId": settings.kms_key_id,
        }
        with border(f"The bucket {settings.bucket} did not take an object"):
            answer = self._client.put_object(
                Bucket=settings.bucket,
                Key=key,
                Body=body,
                ContentType=content_type,
                **{name: value for name, value in more.items() if value is not None},
            )
            if not answer.get("ETag"):
                raise ObjectStoreError(NOT_S3)

    def has(self, key: str) -> bool:
        """Whether there is such an object, as far as we may know.

        Without the right to list the bucket, S3 answers 403 for what is not there: it is put again.
        """
        with border(f"The bucket {self._settings.bucket} could not be searched for an object"):
            from botocore.exceptions import ClientError

            try:
                answer = self._client.head_object(Bucket=self._settings.bucket, Key=key)
            except ClientError as error:
                if status_of(error) in {_FORBIDDEN, _NOT_FOUND}:
                    return False
                raise
            # A console that answers every path with its page has one of these only by chance.
            if not answer.get("ETag") or _is_page(key, answer):
                raise ObjectStoreError(NOT_S3)
            return True

    def get(self, key: str) -> bytes | None:
        """The object, if there is one; as in `has`, 403 is taken for none."""
        with border(f"The bucket {self._settings.bucket} did not give an object"):
            from botocore.exceptions import ClientError

            try:
                answer = self._client.get_object(Bucket=self._settings.bucket, Key=key)
            except ClientError as error:
                if status_of(error) in {_FORBIDDEN, _NOT_FOUND}:
                    return None
                raise
            if not answer.get("ETag") or _is_page(key, answer):
                raise ObjectStoreError(NOT_S3)
            return answer["Body"].read()

    def delete(self, key: str) -> None:
        """Delete an object."""
        with border(f"The bucket {self._settings.bucket} did not delete an object"):
            self._client.delete_object(Bucket=self._settings.bucket, Key=key)

    def url(self, key: str) -> str:
        """An https address below AWS_CLOUDFRONT_URL; without it, or of a private one, s3://…."""
        if self._public_url and not key.startswith(PRIVATE):
            return f"{self._public_url}/{key}"
        return f"s3://{self._settings.bucket}/{key}"

    def link(self, key: str) -> str:
        """The https address below AWS_CLOUDFRONT_URL, else a signed one that holds for a week."""
        public = self.url(key)
        if public.startswith("http"):
            return public
        with border(f"An address in the bucket {self._settings.bucket} could not be signed"):
            return self._client.generate_presigned_url(
                "get_object",
                Params={"Bucket": self._settings.bucket, "Key": key},
                ExpiresIn=LINK_SECONDS,
            )

    @cached_property
    def _client(self) -> Any:
        # dagster_aws takes 1 s to import: nobody pays for it who has no bucket.
        from dp_pipeline.storage.client import Bucket

        settings = self._settings
        secret = settings.secret_key
        return Bucket(
            endpoint_url=settings.endpoint_url,
            region_name=settings.region,
            aws_access_key_id=settings.access_key,
            aws_secret_access_key=secret.get_secret_value() if secret else None,
            max_attempts=1,
            answer_seconds=self._answer_seconds,
        ).get_client()


def _is_page(key: str, answer: dict[str, Any]) -> bool:
    return answer.get("ContentType", "").startswith("text/html") and not key.endswith(".html")
