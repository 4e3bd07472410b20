"""A whole file to everything the domains ask for. Pure: payload and key in, values out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, TypeVar

from pydantic import ValidationError

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Goal, Match, Round, Standing, Team, Tournament
from dp_pipeline.football.pairing import renamed_clubs
from dp_pipeline.football.table import compute_standings
from dp_pipeline.providers.contract import StoredTeams
from dp_pipeline.providers.errors import InvalidShapeError
from dp_pipeline.providers.fetched import Absence, Fetched, Finding
from dp_pipeline.providers.openfootball.competition import (
    Competition,
    display,
    years,
)
from dp_pipeline.providers.openfootball.files import PAGE_URL, PUBLIC_URL, places_of
from dp_pipeline.providers.openfootball.fixtures import Entries, read_entries
from dp_pipeline.providers.openfootball.goal_lists import goals_of
from dp_pipeline.providers.openfootball.matches import matches_of
from dp_pipeline.providers.openfootball.payload import SeasonFile
from dp_pipeline.providers.openfootball.recognised import ReadMatches, under_stored_names
from dp_pipeline.providers.openfootball.rounds import Placed, has_unnamed_groups, rounds_of
from dp_pipeline.providers.openfootball.teams import SpelledTeams, teams_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SeasonData:
    """What one file says, by domain."""

    tournament: Fetched[Tournament]
    teams: Fetched[Team]
    rounds: Fetched[Round]
    matches: Fetched[Match]
    goals: Fetched[Goal]
    standings: Fetched[Standing]


def absent(because: str) -> SeasonData:
    """A season of which nothing is published yet."""
    nothing: Fetched[Any] = Fetched(absent=Absence("nothing_yet", because))
    return SeasonData(*(nothing for _ in fields(SeasonData)))


def read_season(
    payload: Any,
    key: TournamentKey,
    *,
    today: date | None = None,
    stored: StoredTeams | None = None,
) -> SeasonData:
    """Read a decoded file.

    Args:
        payload: the file.
        key: of the tournament.
        today: the present day; None where nothing is judged by the clock.
        stored: by what teams and matches are recognised; None: nothing is stored.

    Raises:
        InvalidShapeError: when this is no season file, or no match in it can be read.
    """
    try:
        file = SeasonFile.read(payload)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        message = f"openfootball's file {key.season}/{key.competition}.json cannot be read: "
        said = first["msg"].removeprefix("Value error, ")  # pydantic's own mark
        message += f"{where}: {said}." if where else f"{said}."
        raise InvalidShapeError(message) from error
    name = f"{key.season}/{key.competition}"
    if not file.entries:
        return absent(f"openfootball's file {name}.json has no matches yet.")
    competition = Competition.of(key.competition)
    entries = read_entries(file, competition, competition.span(key.season), today)
    teams, read = _recognised(entries, competition, key, stored or StoredTeams())
    matches, rounds = read.matches, read.rounds
    in_tables = [m for m in matches if m.round_slug and rounds[m.round_slug].type == "season"]
    ordered = tuple(rounds.values())
    no_teams = f"No match in openfootball's file {name}.json names its teams yet."
    return SeasonData(
        tournament=Fetched((_tournament(file, key),)),
        teams=replace(_fetched(teams.items, teams.findings, no_teams), aliases=teams.aliases),
        rounds=_fetched(
            ordered,
            _unknown_rounds(entries),
            f"No match in openfootball's file {name}.json names a round.",
        ),
        matches=replace(
            _fetched(
                matches,
                (*entries.findings, *read.findings),
                f"openfootball's file {name}.json has no match that can be given."
                if teams.items
                else no_teams,
            ),
            literal=read.literal,
        ),
        goals=goals_of(read.made_of, matches, file=name),
        standings=_standings(in_tables, ordered, name),
    )


def _recognised(
    entries: Entries, competition: Competition, key: TournamentKey, stored: StoredTeams
) -> tuple[SpelledTeams, ReadMatches]:
    """Teams, rounds and matches; what is stored under another name, under that."""

    def spelled(renamed: Mapping[str, str]) -> SpelledTeams:
        return teams_of(
            entries.fixtures,
            scope=competition.code.partition(".")[0] if competition.is_league else None,
            year=years(key.season)[0],
            stored=stored,
            renamed=renamed,
        )

    def read(teams: SpelledTeams) -> ReadMatches:
        rounds = rounds_of(list(_placed(entries, teams)))
        matches = matches_of(
            entries.fixtures,
            file=f"{key.season}/{key.competition}",
            ids=teams.ids,
            rounds=rounds,
            zone=competition.zone(key.season),
        )
        return ReadMatches(rounds, *matches)

    teams = spelled({})
    matches = read(teams)
    before = stored.tournament
    if before is None or not before.matches:
        return teams, matches
    renamed = renamed_clubs(before.matches, matches.matches, stored.ids - stored.here)
    apart = {key for key, club in stored.aliases.items() if club is None}
    renamed = {club: old for club, old in renamed.items() if club not in apart}
    if renamed:
        teams = spelled(renamed)
        matches = read(teams)
    return teams, under_stored_names(matches, before)


def _placed(entries: Entries, teams: SpelledTeams) -> Iterable[Placed]:
    """Every named round of the file, also of matches whose teams the draw has yet to name."""
    for fixture in entries.fixtures:
        if fixture.round:
            home, away = teams.ids[fixture.home], teams.ids[fixture.away]
            yield Placed(fixture.round, fixture.day.day, home, away)
    for name, day in entries.awaited:
        if name:
            yield Placed(name, day)


def _tournament(file: SeasonFile, key: TournamentKey) -> Tournament:
    return Tournament(
        key=key,
        external_id=f"{key.season}/{key.competition}",
        label=file.name or f"{key.competition} {display(key.season)}",
        season=display(key.season),
        slug=f"{key.competition}-{key.season}",
        public_url=_address(key, PAGE_URL),
        base_url=_address(key, PUBLIC_URL),
    )


def _address(key: TournamentKey, root: str) -> str:
    place = places_of(key, root)[0]
    return place if "://" in place else f"{root}{place}"


def _standings(in_tables: Sequence[Match], rounds: Sequence[Round], name: str) -> Fetched[Standing]:
    """The tables of the season rounds; one in which nothing was played is not given."""
    if rounds and all(round_.type == "knockout" for round_ in rounds):
        return Fetched(absent=Absence("not_applicable", "A knockout competition has no table."))
    rows = compute_standings(in_tables)
    begun = {(row.stage, row.group_name) for row in rows if row.games}
    items = tuple(row for row in rows if (row.stage, row.group_name) in begun)
    if not items:
        because = f"No match in openfootball's file {name}.json counts for a table yet."
        return Fetched(absent=Absence("nothing_yet", because))
    findings = [
        Finding(
            "table_computed",
            "the table" if len(begun) == 1 else f"{len(begun)} tables",
            "openfootball has no tables: this follows from the matches, by what is known of the "
            "rules of the competition and of points that were deducted or carried over.",
        )
    ]
    findings += [
        Finding(
            "groups_unknown",
            stage or "",
            "The file does not say which group a match belongs to, so the table spans all groups.",
        )
        for stage, group in sorted(begun, key=lambda table: table[0] or "")
        if group is None and has_unnamed_groups(stage)
    ]
    return Fetched(items, tuple(findings))


def _unknown_rounds(entries: Entries) -> tuple[Finding, ...]:
    names = [fixture.round for fixture in entries.fixtures] + [name for name, _ in entries.awaited]
    labels: Mapping[str, None] = {n.label: None for n in names if n and not n.known}
    detail = "The name of the round is not one we know; it is taken as a knockout round."
    return tuple(Finding("unknown_round", label, detail) for label in sorted(labels))


def _fetched(items: tuple[T, ...], findings: Iterable[Finding], because: str) -> Fetched[T]:
    ordered = sorted(findings, key=lambda i: (not i.left_out, i.kind, i.subject, i.detail))
    return Fetched(items, tuple(ordered), None if items else Absence("nothing_yet", because))
