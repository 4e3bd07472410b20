"""Lists in answers read entry by entry, the same for every provider that answers in JSON. Pure.

One unreadable entry never spoils its list; a list without one readable entry is no list.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from dp_pipeline.football.bounds import LONGEST_TEXT, clean
from dp_pipeline.providers.errors import InvalidShapeError
from dp_pipeline.providers.fetched import Finding, left_empty

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
_KINDS: dict[type, str] = {dict: "an object", list: "a list", str: "text", bool: "true or false"}


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """The readable entries of an answer in its order, and what could not be read."""

    items: tuple[T, ...] = ()
    findings: tuple[Finding, ...] = ()


def entries_of(payload: Any, provider: str, what: str, key: str | None = None) -> list[Any]:
    """The list that an answer is or has at `key`, else InvalidShapeError; null and {} are empty."""
    if key is not None and isinstance(payload, dict):
        if key not in payload:
            message = f"{provider}'s {what} should be an object with {key!r}, which it lacks."
            raise InvalidShapeError(message)
        payload = None if payload[key] == {} else payload[key]
    if payload is None:
        return []
    if not isinstance(payload, list):
        message = f"{provider}'s {what} should be a list and is {_kind_of(payload)}."
        raise InvalidShapeError(message)
    return payload


def read_entries(
    entries: Sequence[Any], model: type[M], what: str, kind: str, subject: Callable[[Any], str]
) -> Answer[M]:
    """What of a list is readable, and a finding for each other entry.

    `what` begins the path of an entry, `kind` is that of the findings, and `subject` gives an entry
    in a person's words.
    """
    items: list[M] = []
    findings: list[Finding] = []
    for index, raw in enumerate(entries):
        beyond: list[str] = []
        try:
            items.append(model.model_validate(raw, context=beyond))
        except ValidationError as error:
            where, why = first_failure(error)
            path = f"{what}[{index}]{where}"
            detail = f"It cannot be read at {path}: {why}."
            findings.append(Finding(kind, subject(raw), detail, left_out=True, data={"path": path}))
        else:
            findings += left_empty(subject(raw), beyond)
    return Answer(tuple(items), tuple(findings))


def not_without_entries(answer: Answer[T], provider: str) -> Answer[T]:
    """The answer; raises InvalidShapeError where not one of its entries is readable."""
    if answer.findings and not answer.items:
        raise InvalidShapeError(answer.findings[0].detail.replace("It", f"{provider}'s answer", 1))
    return answer


def readable_or_none(model: type[M], raw: Any) -> M | None:
    """What nothing else depends on: None where it cannot be read."""
    try:
        return model.model_validate(raw)
    except ValidationError:
        return None


def first_failure(error: ValidationError) -> tuple[str, str]:
    """Where, as the end of a path, and why."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in first["loc"])
    return where, str(first["msg"]).lower()


def text_at(raw: Any, *keys: str) -> str | None:
    """The text at a path of keys, as it is shown to people."""
    for key in keys:
        raw = raw.get(key) if isinstance(raw, dict) else None
    text = clean(raw)
    return text[:LONGEST_TEXT] if isinstance(text, str) and text else None


def sides_at(raw: Any, home: str, away: str, name: str) -> str:
    """A match by the names of its sides, where they can be read."""
    return " - ".join(text_at(raw, side, name) or "?" for side in (home, away))


def _kind_of(value: Any) -> str:
    return _KINDS.get(type(value), "a number")
