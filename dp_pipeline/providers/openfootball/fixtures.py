"""The entries of a file, read one by one: fixtures, and what could not be read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from pydantic import ValidationError

from dp_pipeline.football.club_names import Spelling, spelling_of
from dp_pipeline.football.days import NO_DAY, DayReading
from dp_pipeline.football.draw_places import is_place_in_draw
from dp_pipeline.football.listed_days import Span
from dp_pipeline.providers.errors import InvalidShapeError
from dp_pipeline.providers.fetched import Finding
from dp_pipeline.providers.openfootball.competition import Competition
from dp_pipeline.providers.openfootball.group_stages import told_apart
from dp_pipeline.providers.openfootball.kickoffs import day_of, days_of
from dp_pipeline.providers.openfootball.payload import RawMatch, SeasonFile
from dp_pipeline.providers.openfootball.rounds import Placed, RoundName, round_name
from dp_pipeline.providers.plausible import doubt_of


@dataclass(frozen=True, slots=True)
class Fixture:
    """One readable entry between two different spelled teams.

    `day` is its day once all entries of the file are known.
    """

    raw: RawMatch
    home: Spelling
    away: Spelling
    round: RoundName | None
    day: DayReading = NO_DAY

    @property
    def subject(self) -> str:
        """The fixture in a person's words: "Arsenal FC - Chelsea FC, Matchday 3"."""
        return _subject(self.home.name, self.away.name, self.round)


@dataclass(frozen=True, slots=True)
class Entries:
    """What a file's entries came to.

    `awaited` are the rounds and days of fixtures whose teams are yet to be drawn.
    """

    fixtures: tuple[Fixture, ...]
    awaited: tuple[tuple[RoundName | None, date | None], ...]
    findings: tuple[Finding, ...]


def read_entries(
    file: SeasonFile, competition: Competition, span: Span, today: date | None = None
) -> Entries:
    """Read every entry; a broken one becomes an finding.

    Args:
        file: the season.
        competition: whose.
        span: the days that the season can have.
        today: the present day; None where nothing is judged by the clock.

    Raises:
        InvalidShapeError: when the file has entries and none of them can be read.
    """
    fixtures: list[Fixture] = []
    awaited: list[tuple[RawMatch, RoundName | None]] = []
    findings: list[Finding] = []
    for path, entry in file.entries:
        try:
            raw = RawMatch.model_validate(entry)
        except ValidationError as error:
            findings.append(_broken(path, error))
            continue
        name = round_name(raw.round, raw.stage, raw.group, is_league=competition.is_league)
        subject = _subject(raw.team1, raw.team2, name)
        if is_place_in_draw(raw.team1) or is_place_in_draw(raw.team2):
            awaited.append((raw, name))
            detail = "At least one team is not known yet, so the match is not given."
            findings.append(Finding("placeholder_team", subject, detail))
            continue
        home = spelling_of(raw.team1, competition.country)
        away = spelling_of(raw.team2, competition.country)
        if home is None or away is None:
            detail = f"{path}: the name of a team has no letter or digit."
            findings.append(Finding("invalid_match", subject, detail, left_out=True))
        elif (home.full, home.country) == (away.full, away.country):
            detail = f"{path}: a team cannot play against itself."
            findings.append(Finding("team_against_itself", subject, detail, left_out=True))
        else:
            fixtures.append(Fixture(raw, home, away, name))
    if file.entries and not fixtures and not awaited:
        raise _nothing_readable(len(file.entries), findings)
    fixtures = _staged(fixtures)
    listed = [*((fixture.raw, fixture.round) for fixture in fixtures), *awaited]
    days = days_of(listed, span, today)
    findings += [
        doubt
        for fixture, day in zip(fixtures, days, strict=False)
        if (doubt := doubt_of(fixture.raw.date, day, fixture.subject))
    ]
    return Entries(
        tuple(replace(fixture, day=day) for fixture, day in zip(fixtures, days, strict=False)),
        tuple(
            (name, day.day) for (_, name), day in zip(awaited, days[len(fixtures) :], strict=True)
        ),
        tuple(findings),
    )


def _staged(fixtures: Sequence[Fixture]) -> list[Fixture]:
    """With a second group stage told apart from the first."""
    placed = {
        n: Placed(f.round, day_of(f.raw.date), f.home.full, f.away.full)
        for n, f in enumerate(fixtures)
        if f.round
    }
    names = dict(zip(placed, told_apart(list(placed.values())), strict=True))
    return [replace(f, round=names.get(n)) for n, f in enumerate(fixtures)]


def _subject(home: str, away: str, name: RoundName | None) -> str:
    return f"{home} - {away}, {name.label}" if name else f"{home} - {away}"


def _broken(path: str, error: ValidationError) -> Finding:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join([path, *(str(part) for part in first["loc"])])
    return Finding("invalid_match", path, f"{where}: {first['msg']}.", left_out=True)


def _nothing_readable(count: int, findings: Sequence[Finding]) -> InvalidShapeError:
    first = findings[0].detail if findings else ""
    message = (
        f"None of the {count} matches in the openfootball file can be read. The first: {first}"
    )
    return InvalidShapeError(message)
