"""The rules of competitions, read from the files in `data/`: each entry with seasons and source.

How to add one: docs/competition-rules.md. An entry without a source is refused when the files are
read, and so are two for the same competition and season.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from dp_pipeline.football.models import Zone
from dp_pipeline.football.tie_breaks import (
    UNKNOWN_RULE,
    Again,
    MeetingsCount,
    Order,
    RuleError,
)

DATA = Path(__file__).parent / "data"
_RULES = ("competitions", "decisions", "formats", "orders", "places", "sandbox", "splits", "ties")
DEFAULT = Order(("goal difference", "goals"))
"""What is used, and named as such, where the rule of a competition is not known."""
_SEASON = re.compile(r"((?:18|19|20)\d\d)(?:[-/](?:\d\d){1,2})?\Z")
_SHORT = re.compile(r"(\d\d)/\d\d\Z")
_RANGE = re.compile(r"(?:(from|to) )?(\S+)(?: to (\S+))?\Z")
_ALWAYS = (0, 9999)

Carry = Literal["carried", "halved, rounded up", "halved, rounded down", "afresh"]


def first_year(season: str) -> int | None:
    """The year in which a season begins: of 2024-25, 2024/25, 24/25 or 2025; None of others."""
    if long := _SEASON.match(season):
        return int(long[1])
    short = _SHORT.match(season)
    return 2000 + int(short[1]) if short else None


def _years(text: Any) -> Any:
    parts = _RANGE.match(text) if isinstance(text, str) else None
    year = first_year(parts[2]) if parts else None
    if text == "all":
        return _ALWAYS
    if parts is None or year is None or (parts[1] and parts[3]):
        reason = 'seasons are written "2024-25", "2019-20 to 2021-22", "from …", "to …" or "all"'
        raise ValueError(reason)
    last = first_year(parts[3]) if parts[3] else year
    if last is None or last < year:
        reason = f"{text!r} ends before it begins"
        raise ValueError(reason)
    return {"from": (year, _ALWAYS[1]), "to": (_ALWAYS[0], year), None: (year, last)}[parts[1]]


def _listed(text: Any) -> Any:
    return tuple(part.strip() for part in text.split(",")) if isinstance(text, str) else text


Years = Annotated[tuple[int, int], BeforeValidator(_years)]
Criteria = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Words = Annotated[str, Field(min_length=3)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    competitions: Annotated[tuple[str, ...], Field(min_length=1)]
    seasons: Years
    source: Words

    def holds(self, code: str, year: int) -> bool:
        """Whether it is about this season."""
        return code in self.competitions and self.seasons[0] <= year <= self.seasons[1]


class OrderEntry(_Entry):
    """How teams level on points are separated, where that is known, and what a win counts."""

    order: Criteria = ()
    order_of_two: Criteria = ()
    again: Again = "never"
    meetings_count: MeetingsCount = "once played"
    first: Literal["points", "points per game"] = "points"
    play_off_between: tuple[int, ...] = ()
    points_for_win: int = 3

    @property
    def rule(self) -> Order:
        """As criteria."""
        criteria = self.order or DEFAULT.criteria
        return Order(criteria, self.order_of_two, self.again, self.meetings_count)


class SplitGroup(BaseModel):
    """Teams that play on among themselves, by their places, and what they take with them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    first: int
    last: int
    points: Carry


class SplitEntry(_Entry):
    """A season whose teams play on in groups after the regular phase."""

    groups: tuple[SplitGroup, ...]
    order: Criteria = ()
    order_of_two: Criteria = ()
    again: Again = "never"

    @property
    def rule(self) -> Order:
        """How level teams of these groups are separated."""
        return Order(self.order or DEFAULT.criteria, self.order_of_two, self.again)


class ConferenceEntry(_Entry):
    """Teams that have a table of their own beside the one over all teams."""

    groups: Mapping[str, tuple[Words, ...]]


class Deduction(_Entry):
    """Points taken from a team, or given to it, in one season.

    `results = "struck out"`: its matches do not count and it is last; `"kept"` with `last`: they
    count for others, and it is last without points.
    """

    team: Words
    reason: Words
    points: int = 0
    on: date | None = None
    after_halving: bool = False
    last: bool = False
    results: Literal["kept", "struck out"] = "kept"


class Award(_Entry):
    """A match whose points were given to a team whatever its goals say."""

    home: Words
    away: Words
    winner: Literal["home", "away"]
    reason: Words


class Placing(_Entry):
    """Of two teams level on points, which stands before the other: by an extra match, or by lot."""

    team: Words
    before: Words
    reason: Words


class TieEntry(_Entry):
    """Whether away goals separate two teams that are level after both legs of a knockout tie.

    `best_of`: a tie of several matches goes to who wins most of so many; no goals are added up.
    `better_place`: whether who stood higher in the table goes on where nothing else decides.
    `ends_with_a_final`: no season is over before one, also while no knockout round is listed yet.
    """

    away_goals: bool
    best_of: int | None = None
    better_place: Literal["never", "before the final", "always"] = "never"
    ends_with_a_final: bool = False


class ZonePlaces(BaseModel):
    """Places of a table that mean the same."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    first: int
    last: int
    zone: Zone


class ZoneEntry(_Entry):
    """What the places of a table of so many teams mean; places that no zone has mean nothing."""

    teams: int
    places: tuple[ZonePlaces, ...]

    @model_validator(mode="after")
    def _are_places_of_the_table(self) -> Self:
        bounds = [bound for places in self.places for bound in (places.first, places.last)]
        apart = all(one.last < other.first for one, other in pairwise(self.places))
        if sorted(bounds) != bounds or not apart or bounds[-1] > self.teams:
            reason = f"places are not in order, overlap, or are beyond place {self.teams}"
            raise ValueError(reason)
        return self

    def of(self, first: int, last: int) -> Zone | None:
        """The zone in which all places from the first to the last are."""
        return next((p.zone for p in self.places if p.first <= first <= last <= p.last), None)


class FormatEntry(_Entry):
    """How often each team of a league meets every other one in its regular phase."""

    meetings: Annotated[int, Field(ge=1, le=6)]


class CompetitionNames(BaseModel):
    """One competition, as openfootball (`code`) and others name it: the same at each of them.

    `title`: what people call it, and where it is; `national`: teams of countries play there.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Words
    title: str = ""
    names: Mapping[str, tuple[str, ...]]
    source: Words
    national: bool = False


class _Files(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    order: tuple[OrderEntry, ...] = ()
    split: tuple[SplitEntry, ...] = ()
    conference: tuple[ConferenceEntry, ...] = ()
    deduction: tuple[Deduction, ...] = ()
    award: tuple[Award, ...] = ()
    placing: tuple[Placing, ...] = ()
    tie: tuple[TieEntry, ...] = ()
    zone: tuple[ZoneEntry, ...] = ()
    format: tuple[FormatEntry, ...] = ()
    competition: tuple[CompetitionNames, ...] = ()


@dataclass(frozen=True, slots=True)
class CompetitionRules:
    """What is known of one season of a competition.

    Args:
        order: how level teams are separated; None where that is not known.
        split: how the season goes on after its regular phase; None where it does not.
        conferences: which teams have tables of their own; None where none have.
        deductions: of points.
        awards: of matches.
        placings: of level teams.
        ties: how knockout ties are decided; None where that is not known.
        zones: what the places of the table mean; None where that is not known.
        format: how often teams meet; None where that is not known.
    """

    order: OrderEntry | None = None
    split: SplitEntry | None = None
    conferences: ConferenceEntry | None = None
    deductions: tuple[Deduction, ...] = ()
    awards: tuple[Award, ...] = ()
    placings: tuple[Placing, ...] = ()
    ties: TieEntry | None = None
    zones: ZoneEntry | None = None
    format: FormatEntry | None = None

    @property
    def rule(self) -> str:
        """How level teams of the regular phase are separated, for people."""
        return in_words(self.order)


def in_words(entry: OrderEntry | SplitEntry | None) -> str:
    """A rule with its source, or that it is not known."""
    if entry is None or not entry.order:
        return f"{UNKNOWN_RULE}{DEFAULT}"
    first = "points per game, " if getattr(entry, "first", "points") != "points" else ""
    return f"{first}{entry.rule} [{entry.source}]"


@lru_cache(maxsize=1_000)
def rules_of(provider: str, competition: str, season: str) -> CompetitionRules:
    """The rules of a season, as far as they are known; kept, as each domain asks for them.

    Args:
        provider: which names the competition.
        competition: as in the tournament key.
        season: as in the key or as people write it.
    """
    files, year = load(), first_year(season)
    code = code_of(provider, competition)
    if code is None or year is None:
        return CompetitionRules()

    def one(entries: Sequence[Any]) -> Any:
        return next((e for e in entries if e.holds(code, year)), None)

    def several(entries: Sequence[Any]) -> Any:
        return tuple(e for e in entries if e.holds(code, year))

    return CompetitionRules(
        one(files.order),
        one(files.split),
        one(files.conference),
        several(files.deduction),
        several(files.award),
        several(files.placing),
        one(files.tie),
        one(files.zone),
        one(files.format),
    )


def code_of(provider: str, competition: str) -> str | None:
    """The name that the files use for a provider's competition: openfootball's own."""
    if provider == "openfootball":
        return competition
    named = (each for each in load().competition if competition in each.names.get(provider, ()))
    return next((each.code for each in named), None)


def is_national(provider: str, competition: str) -> bool:
    """Whether teams of countries play there, as far as that is known."""
    code = f"{code_of(provider, competition)}."  # qualifiers are "worldcup.quali_playoffs"
    return any(e.national for e in load().competition if code.startswith(f"{e.code}."))


@cache
def load() -> _Files:
    """The rules in `data/`, checked."""
    names = [f"{name}.toml" for name in _RULES]
    return read({name: (DATA / name).read_text(encoding="utf-8") for name in names})


def read(files: Mapping[str, str]) -> _Files:
    """The entries of some files.

    Args:
        files: their text by name.

    Raises:
        RuleError: one is not as it should be; the sentence names file and place.
    """
    contents: dict[str, Any] = {}
    for name, text in sorted(files.items()):
        try:
            written = tomllib.loads(text)
            entries = _Files.model_validate(written)
            for entry in (*entries.order, *entries.split):
                _ = entry.rule
        except (tomllib.TOMLDecodeError, RuleError) as error:
            message = f"{name}: {error}"
            raise RuleError(message) from error
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            where = " ".join(str(part) for part in first["loc"])
            message = f"{name}, {where}: {first['msg']}."
            raise RuleError(message) from error
        for key in written:
            more = getattr(entries, key)
            contents[key] = contents[key] + more if key in contents else more
    files_ = _Files.model_construct(**contents)
    alone = (files_.order, files_.split, files_.conference, files_.tie, files_.zone, files_.format)
    for entries in alone:
        _refuse_two(entries)
    _refuse_two_codes(files_.competition)
    return files_


def _refuse_two_codes(entries: Sequence[CompetitionNames]) -> None:
    pairs = [(p, name) for each in entries for p, names in each.names.items() for name in names]
    for provider, name in pairs:
        if pairs.count((provider, name)) > 1:
            message = f"{name} of {provider} is two competitions in the files."
            raise RuleError(message)


def _refuse_two(entries: Sequence[_Entry]) -> None:
    for place, entry in enumerate(entries):
        for other in entries[:place]:
            both = set(entry.competitions) & set(other.competitions)
            if both and max(entry.seasons[0], other.seasons[0]) <= min(
                entry.seasons[1], other.seasons[1]
            ):
                message = (
                    f"Two rules hold for {', '.join(sorted(both))} at once: "
                    f"[{other.source}] and [{entry.source}]."
                )
                raise RuleError(message)
