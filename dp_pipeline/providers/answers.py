"""What an answer of a provider is, decided before anybody parses it: text, nothing, or which error.

Pure functions of values. Shapes of refusals: SofaScore's 403 has `error.reason` ("Forbidden",
"challenge"), its 404 has `error.message`; Cloudflare and AWS WAF announce a challenge in a header.
"""

import codecs
import email.utils
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError, from_json

from dp_pipeline.providers.errors import (
    BlockedError,
    InvalidShapeError,
    NotFoundError,
    ProviderError,
    ProviderServerError,
    RateLimitedError,
)

SNIPPET = 500
FIRST_ERRORS = 3
_REFUSED = {401, 403, 407, 451}
_GONE = {404, 410}
_TOO_MANY = 429
_TRY_AGAIN = {408, 425}
_SERVER = 500
_SUCCESS = range(200, 204)
_NO_CONTENT = {204, 205}
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
# Others are no charsets of web servers, and some are traps: punycode takes quadratic time.
_CHARSETS = ("iso8859", "cp125", "cp437", "cp850", "koi8", "mac-roman", "utf-16", "utf-32")
_NO = "refused the request"
_CHALLENGE = "asks for proof that we are a browser"
_WEB_PAGE = "answered with a web page instead of data"
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

E = TypeVar("E", bound=ProviderError)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: body decompressed, headers as sent, `challenge` from them.

    `url` is the address that gave it, which redirects may have led to.
    """

    status: int
    body: bytes
    content_type: str = ""
    retry_after: str | None = None
    challenge: bool = False
    etag: str | None = None
    last_modified: str | None = None
    url: str = ""
    clock: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom we asked for what; makes the errors that say so. `scrub` takes secrets out of a text."""

    provider: str
    path: str
    url: str
    scrub: Callable[[str], str] = str

    def error(self, kind: type[E], sentence: str, answer: Answer | None = None) -> E:
        """An error of this kind with our URL and, of an answer, status and beginning."""
        if answer is None:
            return kind(sentence, url=self.url)
        # cut after scrubbing, or half a secret stays at the end
        text = self.scrub(decode(answer.body[: 8 * SNIPPET], answer.content_type))
        text = _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)
        return kind(sentence, url=self.url, status=answer.status, snippet=text[:SNIPPET] or None)

    def refused(self, what: str, answer: Answer) -> BlockedError:
        """The error of a provider that does not want us."""
        sentence = (
            f"{self.provider} {what} (HTTP {answer.status} for {self.path}). It is not retried; "
            "use an open-data provider or your own licensed gateway through "
            f"{self.provider.upper()}_BASE_URL."
        )
        return self.error(BlockedError, sentence, answer)


def read(asked: Asked, answer: Answer, *, page: bool) -> Any:
    """What a good answer holds: decoded JSON or, for a page, its text; None if it is empty.

    Raises:
        BlockedError: 401, 403, 407, 451, a challenge of any status, a web page instead of JSON.
        NotFoundError: 404 and 410.
        RateLimitedError: 429.
        ProviderServerError: 5xx, and 408 and 425, which are the server's momentary state too.
        InvalidShapeError: another status, or a body that is no JSON.
    """
    raise_for_status(asked, answer)
    if page:
        return None if answer.status in _NO_CONTENT else decode(answer.body, answer.content_type)
    if answer.status in _NO_CONTENT:
        return None
    text = decode(answer.body, answer.content_type).strip()
    html = "html" in answer.content_type.lower() and not text.startswith(("{", "["))
    if html or text.startswith("<"):
        raise asked.refused(_WEB_PAGE, answer)
    if not text:
        return None
    try:
        payload = from_json(text, allow_inf_nan=False)
    except ValueError as error:
        sentence = (
            f"{asked.provider} answered {asked.path} with text that is no JSON "
            f"({error}; {len(answer.body)} bytes)."
        )
        raise asked.error(InvalidShapeError, sentence, answer) from error
    if _is_refusal(payload):
        raise asked.refused(_NO, answer)
    return payload


@dataclass(frozen=True, slots=True)
class Form:
    """What is asked for: the headers that say so, and how an answer is read.

    `read` returns what is wanted or raises a ProviderError.
    """

    headers: Mapping[str, str]
    read: Callable[[Asked, Answer], Any] = field(compare=False)


JSON = Form({"Accept": "application/json, text/plain;q=0.9, */*;q=0.1"}, partial(read, page=False))
PAGE = Form(
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


def decode(body: bytes, content_type: str = "") -> str:
    """Text of a body: UTF-8 with or without BOM, else the declared charset, else Latin-1.

    UTF-8 goes first whatever is declared: it does not fit by accident, and OpenLigaDB's older
    answers are Latin-1 without saying so.
    """
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        declared = _CHARSET.search(content_type)
    try:
        name = codecs.lookup(declared.group(1)).name if declared else ""
        if name.startswith(_CHARSETS):
            return body.decode(name)
    except (LookupError, UnicodeError):
        pass  # an unknown or wrong declaration is no declaration
    return body.decode("latin-1")


def shape_error(asked: Asked, error: ValidationError) -> InvalidShapeError:
    """The error of a payload that does not fit its model: the first failing paths and how many."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    first = "; ".join(f"{_path(e['loc'])}: {asked.scrub(e['msg'])}" for e in found[:FIRST_ERRORS])
    count = len(found)
    more = ", first" if count > FIRST_ERRORS else ""
    sentence = (
        f"{asked.provider} answered {asked.path} in a form we do not know: "
        f"{count} {'error' if count == 1 else 'errors'}{more}: {first}."
    )
    return asked.error(InvalidShapeError, sentence)


def bounded_cause(asked: Asked, error: ValidationError) -> ValidationError:
    """The same error for tracebacks, its first parts only and without values.

    pydantic's own renders every part with its input: hundreds for a season with one renamed field.
    """
    found = error.errors(include_url=False, include_context=False, include_input=False)
    parts = [
        InitErrorDetails(
            type=PydanticCustomError("value_error", "{said}", {"said": asked.scrub(e["msg"])}),
            loc=e["loc"],
            input=None,
        )
        for e in found[:FIRST_ERRORS]
    ]
    return ValidationError.from_exception_data(error.title, parts, hide_input=True)


def raise_for_status(asked: Asked, answer: Answer) -> None:
    """Pass a success, which is 200 to 205; raise what `read` says for everything else."""
    status, who, path = answer.status, asked.provider, asked.path
    if answer.challenge:
        raise asked.refused(_CHALLENGE, answer)
    if status in _REFUSED or (status not in _SUCCESS and _is_refusal(_json_or_none(answer))):
        raise asked.refused(_NO, answer)
    if status in _GONE:
        raise asked.error(NotFoundError, f"{who} has nothing at {path} (HTTP {status}).", answer)
    if status == _TOO_MANY:
        sentence = f"{who} limits how often we may ask (HTTP 429 for {path})."
        raise asked.error(RateLimitedError, sentence, answer)
    if status >= _SERVER or status in _TRY_AGAIN:
        sentence = f"{who} failed with HTTP {status} for {path}."
        raise asked.error(ProviderServerError, sentence, answer)
    if status not in _SUCCESS and status not in _NO_CONTENT:
        sentence = (
            f"{who} answered {path} with HTTP {status}, which its interface does not promise; "
            "the request or the provider's interface is not what it was."
        )
        raise asked.error(InvalidShapeError, sentence, answer)


def _json_or_none(answer: Answer) -> Any:
    try:
        return from_json(decode(answer.body, answer.content_type))
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
