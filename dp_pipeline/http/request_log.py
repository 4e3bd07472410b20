"""What was requested and what came: the lines that a report shows."""

from dataclasses import dataclass, replace
from typing import Self


@dataclass(slots=True)
class Request:
    """One line of the report: a URL that was needed, and what came. Filled in while it is made.

    Args:
        url: without user-info, query values hidden.
        status: of the last attempt; None if no response came.
        bytes: of the last body, decompressed.
        seconds: for all attempts and the pauses between them, without the wait for the rate limit.
        attempts: requests made; 0 when none was, because of `reused` or an open circuit.
        reused: answered from this run's cache; status and bytes are of the cached request.
        error: kind of the error, None if the response was good.
    """

    url: str = ""
    status: int | None = None
    bytes: int = 0
    seconds: float = 0.0
    attempts: int = 0
    reused: bool = False
    error: str | None = None

    def again(self) -> Self:
        """The line of a later use, which costs no time and no request."""
        return replace(self, seconds=0.0, attempts=0, reused=True)
