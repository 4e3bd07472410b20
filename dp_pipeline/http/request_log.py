"""What was requested and what came: the lines that a report shows."""

from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, Self

from dp_pipeline.http.response import Response, Validators


@dataclass(slots=True)
class Received:
    """A response on its way into the archive.

    Args:
        response: the last one.
        at: when it came.
        kept: whether its body is to be archived.
        hash: of the body, once it is known; of the archived one that the response confirmed.
        last_change: when the data last changed, as the provider said just before.
    """

    response: Response
    at: datetime
    kept: bool
    hash: str | None = None
    last_change: str | None = None

    def confirm(self, hash_: str, content_type: str, known: Validators) -> None:
        """Note that the archived body is still the one; a 304 need not repeat what is known."""
        self.hash = hash_
        self.response = replace(
            self.response,
            content_type=content_type,
            etag=self.response.etag or known.etag,
            last_modified=self.response.last_modified or known.last_modified,
        )


@dataclass(slots=True)
class Request:
    """One line of the report: a URL that was needed, and what came. Filled in while it is made.

    Args:
        url: without user-info, query values hidden.
        status: of the last attempt; None if no response came.
        bytes: of the last body, decompressed.
        seconds: for all attempts and the pauses between them, without the wait for the rate limit.
        attempts: requests made; 0 when none was, because of `reused` or an open circuit.
        reused: answered from this run's cache or, unchanged since, from the archive; status and
            bytes are of the request that was made then.
        error: kind of the error, None if the response was good.
        received: what is to be archived; no part of the line.
    """

    url: str = ""
    status: int | None = None
    bytes: int = 0
    seconds: float = 0.0
    attempts: int = 0
    reused: bool = False
    error: str | None = None
    received: Received | None = field(default=None, repr=False, compare=False)

    def line(self) -> dict[str, Any]:
        """The line by the names of its fields."""
        names = (each.name for each in fields(self) if each.compare)
        return {name: getattr(self, name) for name in names}

    def again(self) -> Self:
        """The line of a later use, which costs no time and no request."""
        return replace(self, seconds=0.0, attempts=0, reused=True, received=None)
