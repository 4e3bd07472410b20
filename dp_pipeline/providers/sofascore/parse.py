"""SofaScore's answers taken apart: what can be read, and what not, by name and path.

One unreadable entry never spoils its list; a list without one readable entry is no list.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError

from dp_pipeline.football.bounds import LONGEST_TEXT, clean
from dp_pipeline.providers.errors import InvalidShapeError
from dp_pipeline.providers.fetched import Finding, left_empty
from dp_pipeline.providers.sofascore.payload import (
    CamelCasePayload,
    EventPayload,
    FormEventPayload,
    RoundPayload,
    RowPayload,
    SeasonPayload,
    StagePayload,
    UniqueAnswer,
    UniquePayload,
)

# a season has at most some hundred rounds and tables and some thousand matches
MOST_ENTRIES = 5_000

M = TypeVar("M", bound=CamelCasePayload)


FormEvents = Mapping[tuple[str, str], tuple[FormEventPayload, ...]]
"""Events by (id of the stage, id of the team), as texts."""


@dataclass(frozen=True, slots=True)
class EventList:
    """The readable events of an answer, what could not be read, whether another page follows."""

    events: tuple[EventPayload, ...] = ()
    findings: tuple[Finding, ...] = ()
    has_next: bool = False


@dataclass(frozen=True, slots=True)
class RoundAnswer:
    """The readable rounds in the provider's order."""

    rounds: tuple[RoundPayload, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class TablePayload:
    """One table; `fault` says which row is missing from `rows` and why, `remarks` what else."""

    name: str | None
    stage: StagePayload | None
    rows: tuple[RowPayload, ...]
    fault: str | None = None
    remarks: tuple[Finding, ...] = ()


def parse_unique(payload: Any) -> UniquePayload:
    """The answer of /unique-tournament/{id}.

    Raises:
        pydantic.ValidationError: it has no tournament with an id.
    """
    return UniqueAnswer.model_validate(payload).unique_tournament


def parse_seasons(payload: Any) -> tuple[SeasonPayload, ...]:
    """The answer of /unique-tournament/{id}/seasons, newest first; raises InvalidShapeError."""
    return _read(_entries(payload, "seasons", "seasons"), SeasonPayload, "seasons", _a_season)[0]


def parse_rounds(payload: Any) -> RoundAnswer:
    """The answer of .../rounds; raises InvalidShapeError when nothing in it is readable."""
    rounds, findings = _read(
        _entries(payload, "rounds", "rounds"), RoundPayload, "rounds", _a_round, "invalid_round"
    )
    return RoundAnswer(rounds, findings)


def parse_events(payload: Any) -> EventList:
    """A list of events, bare or under `events`, or one `event`; raises InvalidShapeError."""
    if isinstance(payload, dict) and "event" in payload and "events" not in payload:
        payload = {"events": [payload["event"]]}
    events, findings = _read(
        _entries(payload, "events", "events"), EventPayload, "events", _a_match, "invalid_match"
    )
    more = isinstance(payload, dict) and payload.get("hasNextPage") is True
    return EventList(events, findings, more)


def parse_tables(payload: Any) -> tuple[TablePayload, ...]:
    """The answer of .../standings/total, tables of other types left out."""
    tables = []
    for index, raw in enumerate(_entries(payload, "standings", "standings")):
        if not isinstance(raw, dict) or raw.get("type") not in ("total", None):
            continue
        try:
            stage = StagePayload.model_validate(raw.get("tournament"))
        except ValidationError:
            stage = None
        name = clean(raw.get("name"))
        fault, remarks = None, ()
        try:
            entries = _entries(raw.get("rows"), "rows", f"standings[{index}].rows")
            rows, findings = _read(entries, RowPayload, f"standings[{index}].rows", _a_row)
            fault = next((i.detail.rstrip(".") for i in findings if i.left_out), None)
            remarks = tuple(finding for finding in findings if not finding.left_out)
        except InvalidShapeError as error:
            rows, fault = (), error.message.rstrip(".")
        known = name[:LONGEST_TEXT] if isinstance(name, str) and name else None
        tables.append(TablePayload(known, stage, rows, fault, remarks))
    return tuple(tables)


def parse_form(payload: Any) -> FormEvents:
    """The answer of .../team-events/total: what is readable of it.

    Raises:
        InvalidShapeError: it is no object of objects of lists.
    """
    tables = _member(payload, "tournamentTeamEvents", "team-events")
    found: dict[tuple[str, str], tuple[FormEventPayload, ...]] = {}
    for stage, teams in tables.items() if isinstance(tables, dict) else ():
        for team, entries in teams.items() if isinstance(teams, dict) else ():
            listed = entries if isinstance(entries, list) else []
            readable = (_readable(entry) for entry in listed[:MOST_ENTRIES])
            found[stage, team] = tuple(event for event in readable if event)
    return found


def _readable(entry: Any) -> FormEventPayload | None:
    try:
        return FormEventPayload.model_validate(entry)
    except ValidationError:
        return None  # a form one match shorter; the table does not depend on it


def _member(payload: Any, key: str, what: str) -> Any:
    if not isinstance(payload, dict) or key not in payload:
        message = f"SofaScore's {what} should be an object with {key!r} and is {kind_of(payload)}."
        raise InvalidShapeError(message)
    return payload[key]


def _entries(payload: Any, key: str, what: str) -> list[Any]:
    entries = payload if isinstance(payload, list) or payload is None else None
    if entries is None and payload is not None:
        entries = _member(payload, key, what)
    entries = [] if entries is None or entries == {} else entries
    if not isinstance(entries, list):
        message = f"SofaScore's {what} should be a list and is {kind_of(entries)}."
        raise InvalidShapeError(message)
    if len(entries) > MOST_ENTRIES:
        message = f"SofaScore's {what} has {len(entries)} entries; {MOST_ENTRIES} are the most."
        raise InvalidShapeError(message)
    return entries


def _read(
    entries: list[Any],
    model: type[M],
    what: str,
    subject: Callable[[Any], str],
    reason: str = "unreadable",
) -> tuple[tuple[M, ...], tuple[Finding, ...]]:
    items: list[M] = []
    findings: list[Finding] = []
    for index, raw in enumerate(entries):
        beyond: list[str] = []
        try:
            items.append(model.model_validate(raw, context=beyond))
        except ValidationError as error:
            where, why = _first(error)
            path = f"{what}[{index}]{where}"
            detail = f"It cannot be read at {path}: {why}."
            findings.append(
                Finding(reason, subject(raw), detail, left_out=True, data={"path": path})
            )
        else:
            findings += left_empty(subject(raw), beyond)
    if findings and not items:
        message = f"SofaScore's {what}: {findings[0].detail}"
        raise InvalidShapeError(message)
    return tuple(items), tuple(findings)


def _first(error: ValidationError) -> tuple[str, str]:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in first["loc"])
    return where, str(first["msg"]).lower()


def _a_match(raw: Any) -> str:
    sides = []
    for side in ("homeTeam", "awayTeam"):
        team = raw.get(side) if isinstance(raw, dict) else None
        name = clean(team.get("name")) if isinstance(team, dict) else None
        sides.append(name[:LONGEST_TEXT] if isinstance(name, str) and name else "?")
    return " - ".join(sides)


def _a_round(raw: Any) -> str:
    name = clean(raw.get("name")) if isinstance(raw, dict) else None
    return name[:LONGEST_TEXT] if isinstance(name, str) and name else "a round"


def _a_row(raw: Any) -> str:
    name = clean(raw["team"].get("name")) if _has_team(raw) else None
    return name[:LONGEST_TEXT] if isinstance(name, str) and name else "a row"


def _has_team(raw: Any) -> bool:
    return isinstance(raw, dict) and isinstance(raw.get("team"), dict)


def _a_season(_: Any) -> str:
    return "a season"


def kind_of(value: Any) -> str:
    """What a JSON value is, in words."""
    kinds: dict[type, str] = {dict: "an object", list: "a list", str: "text", bool: "true or false"}
    return "null" if value is None else kinds.get(type(value), "a number")
