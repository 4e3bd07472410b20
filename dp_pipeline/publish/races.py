"""The way of each team through the tables of a season, matchday by matchday. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest

from dp_pipeline.football.models import BEGUN_STATUSES, Match, Round, Standing
from dp_pipeline.publish.season import Race

FEWEST_TEAMS, FEWEST_MATCHDAYS, MOST_RACES = 5, 3, 3
"""A group of four after three matchdays is read off its table."""

Matchday = tuple[Round, ...]
"""The rounds that are played together: after a split, one of each group."""
TablesAfter = Sequence[tuple[Matchday, Sequence[Standing]]]
"""The rows of all tables after each matchday."""


def matchdays_of(rounds: Iterable[Round], matches: Iterable[Match]) -> list[Matchday]:
    """The matchdays of a season in order; parts of it that share no team go side by side."""
    teams: defaultdict[str | None, set[str]] = defaultdict(set)
    has_match = set()
    for match in matches:
        has_match.add(match.round_slug)
        teams[match.stage] |= {match.home, match.away}
    stages: dict[str | None, list[Round]] = {}
    for round_ in sorted(rounds, key=lambda r: (r.order, r.slug)):
        if round_.type == "season" and round_.slug in has_match:
            stages.setdefault(round_.stage, []).append(round_)
    phases: list[list[str | None]] = []
    for stage in stages:
        apart = phases and not any(teams[other] & teams[stage] for other in phases[-1])
        if apart:
            phases[-1].append(stage)
        else:
            phases.append([stage])
    return [
        tuple(round_ for round_ in together if round_ is not None)
        for phase in phases
        for together in zip_longest(*(stages[stage] for stage in phase))
    ]


def reached(matchdays: Iterable[Matchday], matches: Iterable[Match]) -> list[Matchday]:
    """The matchdays that a season has come to.

    A match that is played ahead of its round takes nobody there: these are the matchdays up to the
    last one of which half has begun, and the one after it as soon as it begins.
    """
    listed: defaultdict[str | None, list[bool]] = defaultdict(list)
    for match in matches:
        listed[match.round_slug].append(match.status in BEGUN_STATUSES)
    every = list(matchdays)
    begun = [[each for round_ in day for each in listed[round_.slug]] for day in every]
    half = [n for n, each in enumerate(begun) if 2 * sum(each) >= len(each)]
    last = max(half, default=-1) + 1
    return every[: last + 1] if last < len(every) and any(begun[last]) else every[:last]


def races_of(tables: TablesAfter) -> tuple[Race, ...]:
    """A race for the table over the whole season; where there is none, for each large table."""
    if not tables:
        return ()
    whole = [(day, [row for row in rows if row.whole_season]) for day, rows in tables]
    if whole[-1][1]:
        return tuple(filter(None, [_race("", whole)]))
    places = dict.fromkeys((row.stage, row.group_name) for row in tables[-1][1])
    races = (
        _race(
            ", ".join(filter(None, place)),
            [
                (day, [row for row in rows if (row.stage, row.group_name) == place])
                for day, rows in tables
                if place[0] in {None, *(round_.stage for round_ in day)}
            ],
        )
        for place in places
    )
    return tuple(race for race in races if race is not None)[:MOST_RACES]


def _race(title: str, tables: TablesAfter) -> Race | None:
    played = [(day, rows) for day, rows in tables if any(row.games for row in rows)]
    if len(played) < FEWEST_MATCHDAYS or len(played[-1][1]) < FEWEST_TEAMS:
        return None
    by_team = [{row.team: row for row in rows} for _, rows in played]

    def of(name: str) -> Mapping[str, tuple[int | None, ...]]:
        return {
            team: tuple(getattr(rows[team], name) if team in rows else None for rows in by_team)
            for team in sorted(by_team[-1])
        }

    numbers = _numbers([day[0].label for day, _ in played])
    return Race(title, numbers, of("position"), of("points"))


def _numbers(labels: Sequence[str]) -> tuple[str, ...]:
    """The matchdays by the numbers in their names, where these go up; counted, where not."""
    found = [re.search(r"\d+", label) for label in labels]
    numbers = [int(each[0]) for each in found if each]
    if len(numbers) == len(labels) and numbers == sorted(set(numbers)):
        return tuple(map(str, numbers))
    return tuple(str(n) for n in range(1, len(labels) + 1))
