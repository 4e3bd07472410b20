"""SofaScore's JSON as typed models. What it means is decided elsewhere.

Required is only what an entity cannot be stored without; another field that is missing, null or
unreadable is None. PHP clients turn {} into [] (recorded), so an empty list is an empty object.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AliasPath,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WrapValidator,
)
from pydantic.alias_generators import to_camel

from dp_pipeline.football.bounds import (
    Count,
    Id,
    Int4,
    Name,
    OptionalBool,
    OptionalCount,
    OptionalGoals,
    OptionalId,
    OptionalInt4,
    OptionalName,
    OptionalTicks,
    Points,
    or_none,
)

EARLIEST_YEAR, LATEST_YEAR = 1850, 2100
_DAY = 86_400


def _object(value: Any) -> Any:
    return {} if value is None or value == [] else value


def _moment(value: Any) -> datetime | None:
    """Unix seconds as an aware UTC moment; None when missing or of no football we know.

    A moment of the day on which Unix time begins is none that somebody gave.
    """
    if isinstance(value, bool) or not isinstance(value, int) or 0 <= value < _DAY:
        return None
    try:
        moment = datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return moment if EARLIEST_YEAR <= moment.year <= LATEST_YEAR else None


Moment = Annotated[datetime | None, BeforeValidator(_moment)]


class CamelCasePayload(BaseModel):
    """A JSON object with keys in camelCase; unknown keys are ignored."""

    model_config = ConfigDict(alias_generator=to_camel, frozen=True)


def _at(*path: str) -> Any:
    """An optional field of an object inside; None also where that is no object."""
    return Field(default=None, validation_alias=AliasPath(*path))


class TeamOrPlacePayload(CamelCasePayload):
    """A club, a country, or with `disabled` perhaps a place in the draw."""

    id: Id
    name: Name
    short_name: OptionalName = None
    association: OptionalName = _at("country", "alpha3")
    """England is ENG."""
    country_name: OptionalName = _at("country", "name")
    disabled: OptionalBool = None
    sport: OptionalName = _at("sport", "slug")

    @property
    def country(self) -> str | None:
        """The code of the association, else the name of the country."""
        return self.association or self.country_name


class UniquePayload(CamelCasePayload):
    """A competition over all its seasons."""

    id: Id
    name: OptionalName = None
    slug: OptionalName = None
    has_rounds: OptionalBool = None
    category: OptionalName = _at("category", "slug")
    """The country or continent it belongs to."""
    sport: OptionalName = _at("category", "sport", "slug")


class StagePayload(CamelCasePayload):
    """What SofaScore calls tournament: a league, one group, or the knockout stage of a season."""

    id: OptionalId = None
    name: OptionalName = None
    unique_tournament: Annotated[UniquePayload | None, WrapValidator(or_none)] = None
    is_group: OptionalBool = None
    group_name: OptionalName = None


class SeasonPayload(CamelCasePayload):
    """A season. Ids are not in the order of seasons (UCL 02/03 is 95976, 03/04 is 12)."""

    id: Id
    name: OptionalName = None
    year: OptionalName = None


class RoundPayload(CamelCasePayload):
    """A round. The number is not unique in a season; identity is (round, slug, prefix)."""

    round: Annotated[Int4, Field(ge=0, le=99_999)]
    name: OptionalName = None
    slug: OptionalName = None
    prefix: OptionalName = None


OptionalRound = Annotated[RoundPayload | None, WrapValidator(or_none)]


class StatusPayload(CamelCasePayload):
    """What a match is doing: a code, and the family of codes it belongs to."""

    code: OptionalInt4 = None
    type: OptionalName = None
    description: OptionalName = None


class ScorePayload(CamelCasePayload):
    """The goals of one side. `current` includes a shoot-out, `display` never does."""

    current: OptionalGoals = None
    display: OptionalGoals = None
    period1: OptionalGoals = None
    period2: OptionalGoals = None
    normaltime: OptionalGoals = None
    extra1: OptionalGoals = None
    extra2: OptionalGoals = None
    overtime: OptionalGoals = None
    penalties: OptionalGoals = None
    aggregated: OptionalGoals = None


OptionalScore = Annotated[
    Annotated[ScorePayload | None, BeforeValidator(_object)], WrapValidator(or_none)
]


class EventPayload(CamelCasePayload):
    """A match. A null or missing season, round or score is seen in recordings."""

    id: Id
    home_team: TeamOrPlacePayload
    away_team: TeamOrPlacePayload
    status: Annotated[StatusPayload | None, BeforeValidator(_object), WrapValidator(or_none)] = None
    tournament: Annotated[StagePayload | None, WrapValidator(or_none)] = None
    season: Annotated[SeasonPayload | None, WrapValidator(or_none)] = None
    round_info: OptionalRound = None
    start_timestamp: Moment = None
    winner_code: OptionalInt4 = None
    home_score: OptionalScore = None
    away_score: OptionalScore = None
    previous_leg_event_id: OptionalId = None
    change_timestamp: OptionalTicks = _at("changes", "changeTimestamp")
    """Corrections after the end move it."""
    stadium: OptionalName = _at("venue", "name")
    """In the detail of an event, rarely in lists; the city likewise."""
    city: OptionalName = _at("venue", "city", "name")

    @property
    def subject(self) -> str:
        """The match in a person's words."""
        info = self.round_info
        place = f", {info.name or f'round {info.round}'}" if info else ""
        return f"{self.home_team.name} - {self.away_team.name}{place}"

    @property
    def changed_at(self) -> int:
        """Unix seconds of the last change, 0 when there is none."""
        return self.change_timestamp or 0


class RowPayload(CamelCasePayload):
    """A row of a table. The row's own id is not the team's."""

    team: TeamOrPlacePayload
    matches: Count
    wins: Count
    draws: Count
    losses: Count
    scores_for: Count
    scores_against: Count
    points: Points
    position: OptionalCount = None


class FormEventPayload(CamelCasePayload):
    """What the form needs of an event."""

    id: Id
    home_team: Id = Field(validation_alias=AliasPath("homeTeam", "id"))
    away_team: Id = Field(validation_alias=AliasPath("awayTeam", "id"))
    winner_code: OptionalInt4 = None
    start_timestamp: Moment = None


class ParticipantPayload(CamelCasePayload):
    """One side of a block of a cup tree."""

    team: TeamOrPlacePayload
    order: OptionalInt4 = None
    winner: OptionalBool = None


class BlockPayload(CamelCasePayload):
    """A tie in a cup tree: `events` are its matches, if they are there yet.

    A score is "2", or "0 (4)" with a shoot-out; of several matches it is their sum.
    """

    events: Annotated[tuple[Id, ...], BeforeValidator(lambda value: value or ())] = ()
    participants: tuple[ParticipantPayload, ...]
    home_team_score: OptionalName = None
    away_team_score: OptionalName = None
    finished: OptionalBool = None
    matches_in_round: OptionalInt4 = None
    series_start_date_timestamp: Moment = None


class UniqueAnswer(CamelCasePayload):
    """The answer of /unique-tournament/{id}."""

    unique_tournament: UniquePayload
