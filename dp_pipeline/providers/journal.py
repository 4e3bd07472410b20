"""What was asked of a provider and what came: the lines that a report shows."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Request:
    """One line of the report: a URL that was needed, and what came.

    Args:
        url: without user-info, query values hidden.
        status: of the last attempt; None if no answer came.
        bytes: of the last body, decompressed.
        seconds: for all attempts and the pauses between them, without the wait for our turn.
        attempts: requests made; 0 when none was, because of `reused` or because the provider rests.
        reused: answered from this run's memory; status and bytes are of the request remembered.
        error: kind of the error, None if the answer was good.
    """

    url: str
    status: int | None = None
    bytes: int = 0
    seconds: float = 0.0
    attempts: int = 0
    reused: bool = False
    error: str | None = None


@dataclass(slots=True)
class Line:
    """A Request in the making."""

    url: str = ""
    status: int | None = None
    bytes: int = 0
    seconds: float = 0.0
    attempts: int = 0
    error: str | None = None
    retry_after: float | None = None
    final: bool = False
    """Whether what comes is not tried again: no request was made, or it was a probe."""

    def request(self) -> Request:
        """The line as it stands."""
        seconds = round(self.seconds, 4)
        return Request(
            self.url,
            self.status,
            self.bytes,
            seconds,
            self.attempts,
            reused=False,
            error=self.error,
        )

    def remembered(self) -> Request:
        """The line of a later use, which costs no time and no request."""
        return Request(self.url, self.status, self.bytes, reused=True, error=self.error)
