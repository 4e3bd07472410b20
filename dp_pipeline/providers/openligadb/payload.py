"""OpenLigaDB's JSON as typed models. What it means is decided elsewhere.

Keys are read without regard to case: they changed from PascalCase to camelCase in 2023
(OpenLigaDB-Samples issue 65), and replayed answers hold both. A missing or malformed field spoils
a match only when nothing sound can be stored without it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AliasPath, BaseModel, BeforeValidator, ConfigDict, Field, WrapValidator

from dp_pipeline.football.bounds import (
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
    or_none,
)
from dp_pipeline.providers.reading import (
    Answer,
    M,
    entries_of,
    not_without_entries,
    read_entries,
    sides_at,
    text_at,
)

# An answer is a list of objects that hold lists of objects: deeper than this is nothing of ours.
DEEPEST = 5
EARLIEST_YEAR, LATEST_YEAR = 1900, 2100
PROVIDER = "OpenLigaDB"


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


class GoalPayload(LowerCasePayload):
    """A goal or a shoot-out kick that went in, with the running score after it."""

    score_team1: Goals
    score_team2: Goals
    match_minute: OptionalInt4 = None
    goal_getter_name: OptionalText = None
    is_penalty: OptionalBool = None
    is_own_goal: OptionalBool = None
    comment: OptionalText = None


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
    league_season: OptionalInt4 = None
    league_name: OptionalText = None
    goals: Annotated[
        Annotated[tuple[GoalPayload, ...], BeforeValidator(_list_or_empty)] | None,
        WrapValidator(or_none),
    ] = ()
    stadium: OptionalText = Field(None, validation_alias=AliasPath("location", "locationstadium"))
    city: OptionalText = Field(None, validation_alias=AliasPath("location", "locationcity"))

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
    sport: OptionalText = Field(None, validation_alias=AliasPath("sport", "sportname"))
    """One of several dozen: OpenLigaDB has handball, ice hockey and darts, too."""


@dataclass(frozen=True, slots=True)
class TableRows:
    """The rows of a table in order; `fault` says which row is missing from them and why."""

    rows: tuple[TableRowPayload, ...] = ()
    fault: str | None = None


def parse_matches(payload: Any) -> Answer[MatchPayload]:
    """The answer of /getmatchdata/{league}/{season} and, below it, /{number} for one round.

    It is [] when league, season or round is unknown. Raises InvalidShapeError, like the others here
    when the answer is no list, or not one of its entries is readable.
    """
    return _read(
        payload,
        MatchPayload,
        "getmatchdata",
        "invalid_match",
        lambda raw: sides_at(raw, "team1", "team2", "teamname"),
    )


def parse_match(payload: Any) -> Answer[MatchPayload]:
    """The answer of /getmatchdata/{matchId}: an object, or nothing when the match is unknown."""
    return parse_matches([payload] if isinstance(payload, dict) else payload)


def parse_groups(payload: Any) -> Answer[GroupPayload]:
    """The answer of /getavailablegroups/{league}/{season}: also rounds without matches yet.

    Rounds that have matches are known without it: objects of which none can be read block nothing.
    """
    groups = _readable(
        payload,
        GroupPayload,
        "getavailablegroups",
        "invalid_round",
        lambda raw: text_at(raw, "groupname") or "a round",
    )
    objects = any(isinstance(entry, dict) for entry in payload or ())
    return groups if objects else not_without_entries(groups, PROVIDER)


def parse_table(payload: Any) -> TableRows:
    """The answer of /getbltable/{league}/{season}; [] where there is none."""
    table = _read(
        payload,
        TableRowPayload,
        "getbltable",
        "invalid_row",
        lambda raw: text_at(raw, "teamname") or "a row",
    )
    fault = table.findings[0].detail.rstrip(".") if table.findings else None
    return TableRows(table.items, fault)


def parse_leagues(payload: Any) -> tuple[LeaguePayload, ...]:
    """The answer of /getavailableleagues, some thousand; unreadable ones are passed over."""
    return _read(
        payload, LeaguePayload, "getavailableleagues", "invalid_league", lambda _: ""
    ).items


def _read(
    payload: Any, model: type[M], what: str, kind: str, subject: Callable[[Any], str]
) -> Answer[M]:
    return not_without_entries(_readable(payload, model, what, kind, subject), PROVIDER)


def _readable(
    payload: Any, model: type[M], what: str, kind: str, subject: Callable[[Any], str]
) -> Answer[M]:
    entries = [_lower_keys(entry) for entry in entries_of(payload, PROVIDER, what)]
    return read_entries(entries, model, what, kind, subject)


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
