"""OpenLigaDB's JSON as typed models. What it means is decided elsewhere.

Keys are read without regard to case: they changed from PascalCase to camelCase in 2023
(OpenLigaDB-Samples issue 65), and replayed answers hold both. A missing or malformed field spoils
a match only when nothing sound can be stored without it.
"""

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
    WrapValidator,
)

from dp_pipeline.football.bounds import (
    LONGEST_TEXT,
    Count,
    Goals,
    Id,
    Int4,
    Name,
    OptionalBool,
    OptionalId,
    OptionalInt4,
    OptionalText,
    Points,
    clean,
    or_none,
)
from dp_pipeline.providers.errors import InvalidShapeError
from dp_pipeline.providers.fetched import Finding, left_empty

# An answer is a list of objects that hold lists of objects: deeper than this is nothing of ours.
DEEPEST = 5
EARLIEST_YEAR, LATEST_YEAR = 1900, 2100

T = TypeVar("T", bound=BaseModel)


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


Utc = Annotated[datetime | None, BeforeValidator(_utc)]
WallClock = Annotated[datetime | None, BeforeValidator(_wall_clock)]
Url = Annotated[
    Annotated[str, Field(max_length=2000, pattern=r"^https?://[^\s\x00-\x1f]+$")] | None,
    WrapValidator(or_none),
]


class LowerCasePayload(BaseModel):
    """A JSON object whose keys have been lower-cased; unknown keys are ignored."""

    model_config = ConfigDict(alias_generator=lambda name: name.replace("_", ""), frozen=True)


class GroupPayload(LowerCasePayload):
    """A round, in OpenLigaDB's words a group: a matchday, a cup round, a whole group stage."""

    group_name: Name
    group_order_id: Int4
    group_id: OptionalId = None


class TeamPayload(LowerCasePayload):
    """A team as written in one match; names and icons may differ from match to match."""

    team_id: Id
    team_name: Name
    short_name: OptionalText = None
    team_icon_url: Url = None
    team_group_name: OptionalText = None


class ResultPayload(LowerCasePayload):
    """A score at some point; `result_type_id` alone says which. Points may be null: no score."""

    result_type_id: Int4
    points_team1: Goals | None = None
    points_team2: Goals | None = None
    result_name: OptionalText = None


class GoalPayload(LowerCasePayload):
    """A goal or a shoot-out kick that went in, with the running score after it."""

    score_team1: Goals
    score_team2: Goals
    match_minute: OptionalInt4 = None
    goal_getter_name: OptionalText = None
    is_penalty: OptionalBool = None
    is_own_goal: OptionalBool = None
    comment: OptionalText = None


class LocationPayload(LowerCasePayload):
    """Where a match is played; rarely given."""

    location_city: OptionalText = None
    location_stadium: OptionalText = None


class MatchPayload(LowerCasePayload):
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
        WrapValidator(or_none),
    ] = ()
    location: Annotated[LocationPayload | None, WrapValidator(or_none)] = None

    @property
    def subject(self) -> str:
        """The match in a person's words."""
        return f"{self.team1.team_name} - {self.team2.team_name}, {self.group.group_name}"


class TableRowPayload(LowerCasePayload):
    """A row of the table; the position is that in the list. `team_info_id` is the team's id."""

    team_info_id: Id
    points: Points
    matches: Count
    won: Count
    draw: Count
    lost: Count
    goals: Count
    opponent_goals: Count
    team_name: OptionalText = None


class LeaguePayload(LowerCasePayload):
    """A season of a competition; anyone may create one."""

    league_shortcut: Name
    league_season: Annotated[Int4, Field(ge=1000, le=9999)]
    league_name: OptionalText = None


@dataclass(frozen=True, slots=True)
class MatchList:
    """The readable matches of an answer, and what could not be read."""

    matches: tuple[MatchPayload, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class GroupList:
    """The readable rounds of an answer, and what could not be read."""

    groups: tuple[GroupPayload, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class TableRows:
    """The rows of a table in order; `fault` says which row is missing from them and why."""

    rows: tuple[TableRowPayload, ...] = ()
    fault: str | None = None


def parse_matches(payload: Any) -> MatchList:
    """The answer of /getmatchdata/{league}/{season} and, below it, /{number} for one round.

    It is [] when league, season or round is unknown.

    Raises:
        InvalidShapeError: the answer is no list, or not one of its matches is readable.
    """
    matches, findings = _read_list(
        payload, MatchPayload, "getmatchdata", "invalid_match", _teams_of
    )
    return MatchList(matches, findings)


def parse_match(payload: Any) -> MatchList:
    """The answer of /getmatchdata/{matchId}: an object, or nothing when the match is unknown.

    Raises:
        InvalidShapeError: the answer is neither object nor list, or the match is not readable.
    """
    return parse_matches([payload] if isinstance(payload, dict) else payload)


def parse_groups(payload: Any) -> GroupList:
    """The answer of /getavailablegroups/{league}/{season}: also rounds without matches yet.

    Of rounds that have matches these tell as well: objects of which none can be read block nothing.

    Raises:
        InvalidShapeError: the answer is no list, or one of anything but objects.
    """
    groups, findings = _read_each(
        payload, GroupPayload, "getavailablegroups", "invalid_round", _named("groupname", "a round")
    )
    if findings and not any(isinstance(entry, dict) for entry in payload):
        raise InvalidShapeError(findings[0].detail)
    return GroupList(groups, findings)


def parse_table(payload: Any) -> TableRows:
    """The answer of /getbltable/{league}/{season}; [] where there is none.

    Raises:
        InvalidShapeError: the answer is no list, or not one of its rows is readable.
    """
    rows, findings = _read_list(
        payload, TableRowPayload, "getbltable", "invalid_row", _named("teamname", "a row")
    )
    return TableRows(rows, findings[0].detail.rstrip(".") if findings else None)


def parse_leagues(payload: Any) -> tuple[LeaguePayload, ...]:
    """The answer of /getavailableleagues, some thousand; unreadable ones are passed over.

    Raises:
        InvalidShapeError: the answer is no list, or not one of its leagues is readable.
    """
    leagues, _ = _read_list(
        payload, LeaguePayload, "getavailableleagues", "invalid_league", _named("leaguename", "")
    )
    return leagues


def _read_list(
    payload: Any,
    model: type[T],
    what: str,
    kind: str,
    subject: Callable[[Mapping[str, Any]], str],
) -> tuple[tuple[T, ...], tuple[Finding, ...]]:
    items, findings = _read_each(payload, model, what, kind, subject)
    if findings and not items:
        raise InvalidShapeError(findings[0].detail)
    return items, findings


def _read_each(
    payload: Any,
    model: type[T],
    what: str,
    kind: str,
    subject: Callable[[Mapping[str, Any]], str],
) -> tuple[tuple[T, ...], tuple[Finding, ...]]:
    if payload is None:
        return (), ()  # an empty body says what [] says
    if not isinstance(payload, list):
        message = f"OpenLigaDB's {what} should be a list and is {_kind(payload)}."
        raise InvalidShapeError(message)
    items: list[T] = []
    findings: list[Finding] = []
    for index, raw in enumerate(payload):
        item = _lower_keys(raw)
        name = subject(item) if isinstance(item, dict) else f"entry {index + 1}"
        beyond: list[str] = []
        try:
            items.append(model.model_validate(item, context=beyond))
        except ValidationError as error:
            where, why = _first(error)
            path = f"[{index}]{where}"
            findings.append(
                Finding(
                    kind=kind,
                    subject=name,
                    detail=f"OpenLigaDB's {what} cannot be read at {path}: {why}.",
                    left_out=True,
                    data={"path": path},
                )
            )
        else:
            findings += left_empty(name, beyond)
    return tuple(items), tuple(findings)


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


def _named(key: str, otherwise: str) -> Callable[[Mapping[str, Any]], str]:
    def subject(item: Mapping[str, Any]) -> str:
        name = clean(item.get(key))
        return name[:LONGEST_TEXT] if isinstance(name, str) and name else otherwise

    return subject


def _teams_of(item: Mapping[str, Any]) -> str:
    names = []
    for side in ("team1", "team2"):
        team = item.get(side)
        name = clean(team.get("teamname")) if isinstance(team, dict) else None
        names.append(name[:LONGEST_TEXT] if isinstance(name, str) and name else "?")
    return " - ".join(names)


def _kind(value: Any) -> str:
    kinds: dict[type, str] = {dict: "an object", str: "text", bool: "a truth value"}
    return "null" if value is None else kinds.get(type(value), "a number")
