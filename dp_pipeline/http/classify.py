"""What a response is, decided before anybody parses it: a payload, nothing, or which error.

Pure functions of values. Shapes of refusals: SofaScore's 403 has `error.reason` ("Forbidden",
"challenge"), its 404 has `error.message`; Cloudflare and AWS WAF announce a challenge in a header.
"""

import email.utils
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError, from_json

from dp_pipeline.http.address import Target
from dp_pipeline.http.errors import (
    InvalidShapeError,
    NotFoundError,
    ProviderServerError,
    RateLimitedError,
)
from dp_pipeline.http.response import Response

FIRST_ERRORS = 3
_REFUSED = {401, 403, 407, 451}
_GONE = {404, 410}
_TOO_MANY = 429
_TRY_AGAIN = {408, 425}
_SERVER = 500
_SUCCESS = range(200, 204)
_NO_CONTENT = {204, 205}
_NO = "refused the request"
_CHALLENGE = "asks for proof that we are a browser"
_WEB_PAGE = "answered with a web page instead of data"


def read(target: Target, response: Response, *, page: bool) -> Any:
    """What a good response holds: decoded JSON or, for a page, its text; None if it is empty.

    Raises:
        BlockedError: 401, 403, 407, 451, a challenge of any status, a web page instead of JSON.
        NotFoundError: 404 and 410.
        RateLimitedError: 429.
        ProviderServerError: 5xx, and 408 and 425, which are the server's momentary state too.
        InvalidShapeError: another status, or a body that is no JSON.
    """
    raise_for_status(target, response)
    if page:
        return None if response.status in _NO_CONTENT else response.text
    if response.status in _NO_CONTENT:
        return None
    text = response.text.strip()
    html = "html" in response.content_type.lower() and not text.startswith(("{", "["))
    if html or text.startswith("<"):
        raise target.refused(_WEB_PAGE, response)
    if not text:
        return None
    try:
        payload = from_json(text, allow_inf_nan=False)
    except ValueError as error:
        sentence = (
            f"{target.name} answered {target.path} with text that is no JSON "
            f"({error}; {len(response.body)} bytes)."
        )
        raise target.error(InvalidShapeError, sentence, response) from error
    if _is_refusal(payload):
        raise target.refused(_NO, response)
    return payload


@dataclass(frozen=True, slots=True)
class ResponseFormat:
    """What is requested: the headers that say so, and how a response is read.

    `read` returns what is wanted or raises a ProviderError.
    """

    headers: Mapping[str, str]
    read: Callable[[Target, Response], Any] = field(compare=False)


JSON = ResponseFormat(
    {"Accept": "application/json, text/plain;q=0.9, */*;q=0.1"}, partial(read, page=False)
)
PAGE = ResponseFormat(
    {"Accept": "text/html, application/xhtml+xml, text/plain;q=0.9, */*;q=0.1"},
    partial(read, page=True),
)


def retry_after(header: str | None, now: datetime) -> float | None:
    """Seconds a Retry-After header (RFC 9110 10.2.3: seconds or a date) asks to wait, or None."""
    if header is None:
        return None
    header = header.strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", header):
        return float(header)
    try:
        until = email.utils.parsedate_to_datetime(header)
        if until.tzinfo is None:
            until = until.replace(tzinfo=UTC)
        return max(0.0, (until - now).total_seconds())
    except (ValueError, OverflowError):
        return None  # as if the header were absent: our own backoff applies


def shape_error(target: Target, error: ValidationError) -> InvalidShapeError:
    """The error of a payload that does not fit its model: the first failing paths and how many."""
    errors = error.errors(include_url=False, include_context=False, include_input=False)
    first = "; ".join(f"{_path(e['loc'])}: {target.scrub(e['msg'])}" for e in errors[:FIRST_ERRORS])
    count = len(errors)
    more = ", first" if count > FIRST_ERRORS else ""
    sentence = (
        f"{target.name} answered {target.path} in a form we do not know: "
        f"{count} {'error' if count == 1 else 'errors'}{more}: {first}."
    )
    return target.error(InvalidShapeError, sentence)


def bounded_cause(target: Target, error: ValidationError) -> ValidationError:
    """The same error for tracebacks, its first parts only and without values.

    pydantic's own renders every part with its input: hundreds for a season with one renamed field.
    """
    errors = error.errors(include_url=False, include_context=False, include_input=False)
    parts = [
        InitErrorDetails(
            type=PydanticCustomError("value_error", "{said}", {"said": target.scrub(e["msg"])}),
            loc=e["loc"],
            input=None,
        )
        for e in errors[:FIRST_ERRORS]
    ]
    return ValidationError.from_exception_data(error.title, parts, hide_input=True)


def raise_for_status(target: Target, response: Response) -> None:
    """Pass a success, which is 200 to 205; raise what `read` says for everything else."""
    status, who, path = response.status, target.name, target.path
    if response.challenge:
        raise target.refused(_CHALLENGE, response)
    if status in _REFUSED or (status not in _SUCCESS and _is_refusal(_json_or_none(response))):
        raise target.refused(_NO, response)
    if status in _GONE:
        raise target.error(NotFoundError, f"{who} has nothing at {path} (HTTP {status}).", response)
    if status == _TOO_MANY:
        sentence = f"{who} limits how often we may ask (HTTP 429 for {path})."
        raise target.error(RateLimitedError, sentence, response)
    if status >= _SERVER or status in _TRY_AGAIN:
        sentence = f"{who} failed with HTTP {status} for {path}."
        raise target.error(ProviderServerError, sentence, response)
    if status not in _SUCCESS and status not in _NO_CONTENT:
        sentence = (
            f"{who} answered {path} with HTTP {status}, which its interface does not promise; "
            "the request or the provider's interface is not what it was."
        )
        raise target.error(InvalidShapeError, sentence, response)


def _json_or_none(response: Response) -> Any:
    try:
        return from_json(response.text)
    except ValueError:
        return None  # the status decides


def _is_refusal(payload: Any) -> bool:
    error = payload.get("error") if isinstance(payload, dict) else None
    if not isinstance(error, dict):
        return False
    code, reason = error.get("code"), error.get("reason")
    return (isinstance(code, int) and code in _REFUSED) or (
        isinstance(reason, str) and reason.strip().lower() in {"challenge", "forbidden"}
    )


def _path(loc: tuple[int | str, ...]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return text.removeprefix(".") or "the whole answer"
