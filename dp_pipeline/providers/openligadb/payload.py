"""OpenLigaDB's JSON as typed models. What it means is decided elsewhere.

Keys are read without regard to case: they changed from PascalCase to camelCase in 2023
(OpenLigaDB-Samples issue 65), and replayed answers hold both. A missing or malformed field spoils
a match only when nothing sound can be stored without it.
"""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from dp_pipeline.providers.errors import InvalidShapeError
from dp_pipeline.providers.models import Issue

LONGEST_TEXT = 200
LARGEST_ID = 2**63 - 1
MOST_GOALS = 99
# An answer is a list of objects that hold lists of objects: deeper than this is nothing of ours.
DEEPEST = 5
EARLIEST_YEAR, LATEST_YEAR = 1900, 2100

T = TypeVar("T", bound=BaseModel)


def _not_bool(value: Any) -> Any:
    if isinstance(value, bool):
        reason = "a truth value where a number belongs"
        raise ValueError(reason)  # noqa: TRY004 - pydantic turns a ValueError into its own error
    return value


def _clean(value: Any) -> Any:
    """Text on one line; NUL and lone surrogates, which Postgres refuses, become spaces."""
    if not isinstance(value, str):
        return value
    kept = "".join(" " if unicodedata.category(c) in ("Cc", "Cs") else c for c in value)
    return " ".join(kept.split())


def _or_none(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """An optional field that cannot be read is one that is not there."""
    try:
        return handler(value)
    except ValidationError:
        return None


def _moment(value: Any) -> datetime | None:
    """A date and time as sent; None when missing, unreadable or of no football we know."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return moment if EARLIEST_YEAR <= moment.year <= LATEST_YEAR else None


def _utc(value: Any) -> datetime | None:
    moment = _moment(value)
    if moment is None:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _wall_clock(value: Any) -> datetime | None:
    moment = _moment(value)
    return moment.replace(tzinfo=None) if moment else None


def _list_or_empty(value: Any) -> Any:
    return [] if value is None else value


Id = Annotated[int, BeforeValidator(_not_bool), Field(gt=0, le=LARGEST_ID)]
Number = Annotated[int, BeforeValidator(_not_bool), Field(ge=-LARGEST_ID, le=LARGEST_ID)]
Goals = Annotated[int, BeforeValidator(_not_bool), Field(ge=0, le=MOST_GOALS)]
Text = Annotated[str, BeforeValidator(_clean), Field(max_length=LONGEST_TEXT)]
Name = Annotated[str, BeforeValidator(_clean), Field(min_length=1, max_length=LONGEST_TEXT)]
OptionalText = Annotated[Text | None, WrapValidator(_or_none)]
OptionalGoals = Annotated[Goals | None, WrapValidator(_or_none)]
OptionalNumber = Annotated[Number | None, WrapValidator(_or_none)]
Utc = Annotated[datetime | None, BeforeValidator(_utc)]
WallClock = Annotated[datetime | None, BeforeValidator(_wall_clock)]
Url = Annotated[
    Annotated[str, Field(max_length=2000, pattern=r"^https?://[^\s\x00-\x1f]+$")] | None,
    WrapValidator(_or_none),
]


class Payload(BaseModel):
    """A JSON object whose keys have been lower-cased; unknown keys are ignored."""

    model_config = ConfigDict(alias_generator=lambda name: name.replace("_", ""), frozen=True)


class GroupPayload(Payload):
    """A round, in OpenLigaDB's words a group: a matchday, a cup round, a whole group stage."""

    group_name: Name
    group_order_id: Number
    group_id: OptionalNumber = None


class TeamPayload(Payload):
    """A team as written in one match; names and icons may differ from match to match."""

    team_id: Id
    team_name: Name
    short_name: OptionalText = None
    team_icon_url: Url = None
    team_group_name: OptionalText = None


class ResultPayload(Payload):
    """A score at some point; `result_type_id` alone says which. Points may be null: no score."""

    result_type_id: Number
    points_team1: Goals | None = None
    points_team2: Goals | None = None
    result_name: OptionalText = None


class GoalPayload(Payload):
    """A goal or a shoot-out kick that went in, with the running score after it."""

    score_team1: Goals
    score_team2: Goals
    match_minute: OptionalNumber = None
    is_penalty: Annotated[bool | None, WrapValidator(_or_none)] = None
    comment: OptionalText = None


class LocationPayload(Payload):
    """Where a match is played; rarely given."""

    location_city: OptionalText = None
    location_stadium: OptionalText = None


class MatchPayload(Payload):
    """A match. Required is only what it cannot be stored without.

    `match_date_time` is local without an offset, `match_date_time_utc` the moment. `goals` is None
    when a goal cannot be read: then the list proves nothing.
    """

    match_id: Id
    group: GroupPayload
    team1: TeamPayload
    team2: TeamPayload
    match_is_finished: bool
    match_results: Annotated[tuple[ResultPayload, ...], BeforeValidator(_list_or_empty)]
    match_date_time: WallClock = None
    match_date_time_utc: Utc = None
    last_update_date_time: WallClock = None
    league_name: OptionalText = None
    goals: Annotated[
        Annotated[tuple[GoalPayload, ...], BeforeValidator(_list_or_empty)] | None,
        WrapValidator(_or_none),
    ] = ()
    location: Annotated[LocationPayload | None, WrapValidator(_or_none)] = None

    @property
    def subject(self) -> str:
        """The match in a person's words."""
        return f"{self.team1.team_name} - {self.team2.team_name}, {self.group.group_name}"


class TableRowPayload(Payload):
    """A row of the table; the position is that in the list. `team_info_id` is the team's id."""

    team_info_id: Id
    points: Annotated[int, BeforeValidator(_not_bool), Field(ge=-999, le=999)]
    matches: Annotated[int, BeforeValidator(_not_bool), Field(ge=0, le=999)]
    won: Annotated[int, BeforeValidator(_not_bool), Field(ge=0, le=999)]
    draw: Annotated[int, BeforeValidator(_not_bool), Field(ge=0, le=999)]
    lost: Annotated[int, BeforeValidator(_not_bool), Field(ge=0, le=999)]
    goals: Annotated[int, BeforeValidator(_not_bool), Field(ge=0, le=9999)]
    opponent_goals: Annotated[int, BeforeValidator(_not_bool), Field(ge=0, le=9999)]
    team_name: OptionalText = None


class LeaguePayload(Payload):
    """A season of a competition; anyone may create one."""

    league_shortcut: Name
    league_season: Annotated[int, BeforeValidator(_not_bool), Field(ge=1000, le=9999)]
    league_name: OptionalText = None


@dataclass(frozen=True, slots=True)
class MatchList:
    """The readable matches of an answer, and what could not be read."""

    matches: tuple[MatchPayload, ...]
    issues: tuple[Issue, ...]


@dataclass(frozen=True, slots=True)
class GroupList:
    """The readable rounds of an answer, and what could not be read."""

    groups: tuple[GroupPayload, ...]
    issues: tuple[Issue, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a table in order; `fault` says which row is missing from them and why."""

    rows: tuple[TableRowPayload, ...] = ()
    fault: str | None = None


def parse_matches(payload: Any) -> MatchList:
    """The answer of /getmatchdata/{league}/{season} and, below it, /{number} for one round.

    It is [] when league, season or round is unknown.

    Raises:
        InvalidShapeError: the answer is no list, or not one of its matches is readable.
    """
    matches, issues = _read_list(payload, MatchPayload, "getmatchdata", "invalid_match", _teams_of)
    return MatchList(matches, issues)


def parse_match(payload: Any) -> MatchList:
    """The answer of /getmatchdata/{matchId}: an object, or nothing when the match is unknown.

    Raises:
        InvalidShapeError: the answer is neither object nor list, or the match is not readable.
    """
    return parse_matches([payload] if isinstance(payload, dict) else payload)


def parse_groups(payload: Any) -> GroupList:
    """The answer of /getavailablegroups/{league}/{season}: also rounds without matches yet.

    Raises:
        InvalidShapeError: the answer is no list, or not one of its rounds is readable.
    """
    groups, issues = _read_list(
        payload, GroupPayload, "getavailablegroups", "invalid_round", lambda _: "a round"
    )
    return GroupList(groups, issues)


def parse_table(payload: Any) -> Table:
    """The answer of /getbltable/{league}/{season}; [] where there is none.

    Raises:
        InvalidShapeError: the answer is no list, or not one of its rows is readable.
    """
    rows, issues = _read_list(payload, TableRowPayload, "getbltable", "invalid_row", lambda _: "")
    return Table(rows, issues[0].detail.rstrip(".") if issues else None)


def parse_leagues(payload: Any) -> tuple[LeaguePayload, ...]:
    """The answer of /getavailableleagues, some thousand; unreadable ones are passed over.

    Raises:
        InvalidShapeError: the answer is no list, or not one of its leagues is readable.
    """
    leagues, _ = _read_list(
        payload, LeaguePayload, "getavailableleagues", "invalid_league", lambda _: ""
    )
    return leagues


def _read_list(
    payload: Any,
    model: type[T],
    what: str,
    reason: str,
    subject: Callable[[Mapping[str, Any]], str],
) -> tuple[tuple[T, ...], tuple[Issue, ...]]:
    if payload is None:
        return (), ()  # an empty body says what [] says
    if not isinstance(payload, list):
        message = f"OpenLigaDB's {what} should be a list and is {_kind(payload)}."
        raise InvalidShapeError(message)
    items: list[T] = []
    issues: list[Issue] = []
    for index, raw in enumerate(payload):
        item = _lower_keys(raw)
        try:
            items.append(model.model_validate(item))
        except ValidationError as error:
            where, why = _first(error)
            path = f"[{index}]{where}"
            issues.append(
                Issue(
                    reason=reason,
                    subject=subject(item) if isinstance(item, dict) else f"entry {index + 1}",
                    detail=f"OpenLigaDB's {what} cannot be read at {path}: {why}.",
                    left_out=True,
                    data={"path": path},
                )
            )
    if issues and not items:
        raise InvalidShapeError(issues[0].detail)
    return tuple(items), tuple(issues)


def _lower_keys(value: Any, depth: int = 0) -> Any:
    """The same value with keys in lower case; of two keys that become equal camelCase wins."""
    if depth > DEEPEST:
        return None
    if isinstance(value, dict):
        keys = sorted(key for key in value if isinstance(key, str))  # "MatchID" before "matchID"
        return {key.lower(): _lower_keys(value[key], depth + 1) for key in keys}
    if isinstance(value, list):
        return [_lower_keys(item, depth + 1) for item in value]
    return value


def _first(error: ValidationError) -> tuple[str, str]:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in first["loc"])
    return where, str(first["msg"]).lower()


def _teams_of(item: Mapping[str, Any]) -> str:
    names = []
    for side in ("team1", "team2"):
        team = item.get(side)
        name = _clean(team.get("teamname")) if isinstance(team, dict) else None
        names.append(name[:LONGEST_TEXT] if isinstance(name, str) and name else "?")
    return " - ".join(names)


def _kind(value: Any) -> str:
    kinds: dict[type, str] = {dict: "an object", str: "text", bool: "a truth value"}
    return "null" if value is None else kinds.get(type(value), "a number")
