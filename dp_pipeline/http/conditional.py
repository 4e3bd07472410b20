"""Conditional requests: what is known is read from the archive while it is still the one."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dp_pipeline.http.address import Target
from dp_pipeline.http.classify import ResponseFormat
from dp_pipeline.http.request_log import Received, Request
from dp_pipeline.http.response import Response, Validators

if TYPE_CHECKING:
    from dp_pipeline.http.archive import Archive, ArchivedBody

Ask = Callable[[ResponseFormat], Awaitable[Any]]
"""Requests something in a format, and gives what the format read."""

_NEVER = 1900
"""A year before which nothing was changed: .NET writes 0001-01-01 for no time."""
_OK, _NOT_MODIFIED = 200, 304
_SUCCESS = range(200, 300)
_UNCHANGED = object()
"""What a conditional request gives where the body that is known is still the one."""


@dataclass(frozen=True, slots=True)
class Conditional:
    """A request for a URL of which an archived body is known.

    Args:
        archive: has the body.
        known: the body.
        last_change: when the data last changed, where the service said that by another request.
    """

    archive: "Archive"
    known: "ArchivedBody"
    last_change: str | None = None

    async def content(
        self, target: Target, request: Request, format_: ResponseFormat, ask: Ask
    ) -> Any:
        """The content of the archived body where it is still the one, else of a new answer.

        A body that cannot be had is requested as if nothing had been known.
        """
        known, content = self.known, _UNCHANGED
        needless = self.last_change is not None and self.last_change == known.last_change
        if not needless:
            content = await ask(_conditional(format_, known.validators))
        if content is _UNCHANGED:
            body = await self.archive.body(known.hash)
            if body is None:
                content = await ask(format_)
            else:
                if needless:
                    request.status, request.bytes, request.reused = _OK, len(body), True
                elif request.received is not None:
                    request.received.confirm(known.hash, known.content_type, known.validators)
                content = format_.read(target, Response(_OK, body, known.content_type))
        if request.received is not None:
            request.received.last_change = self.last_change
        return content


def received(target: Target, response: Response, at: datetime) -> Received:
    """What of a response is archived: all of it, but for errors and for echoes of our secrets."""
    said = (response.content_type, response.etag or "", response.last_modified or "")
    echoed = any(s.encode() in response.body or s in "\n".join(said) for s in target.secrets)
    if echoed:
        return Received(Response(response.status, b""), at, kept=False)
    kept = response.status in _SUCCESS
    return Received(response if kept else replace(response, body=b""), at, kept)


def moment_text(payload: Any) -> str | None:
    """The time at which data last changed, as the service writes it; None for what is none.

    An answer that is always the same, such as that for what is not known, would freeze the data.
    """
    if not isinstance(payload, str):
        return None
    try:
        return payload if datetime.fromisoformat(payload).year > _NEVER else None
    except ValueError:
        return None


def _conditional(format_: ResponseFormat, validators: Validators) -> ResponseFormat:
    """The same format, requested only if something else than the known body would come."""
    conditions = validators.headers()
    if not conditions:
        return format_

    def read(target: Target, response: Response) -> Any:
        if response.status == _NOT_MODIFIED:
            return _UNCHANGED
        return format_.read(target, response)

    return ResponseFormat({**format_.headers, **conditions}, read)
