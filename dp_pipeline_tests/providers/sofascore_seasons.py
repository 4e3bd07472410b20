"""Whole seasons written in SofaScore's form, with every answer about them: nothing is copied."""

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from typing import Any

from dp_pipeline_tests.providers.sofascore_payloads import (
    DATA,
    FIRST_KICKOFF,
    ROOT,
    SEASON,
    SECOND_HALF,
    WEEK,
    Pair,
    event,
    extra_time,
    full_time,
    group,
    shoot_out,
    sides,
    table_of,
    team,
    tournament,
    unique,
)


@dataclass
class World:
    """One season at one moment: the answers by path, made from rounds and events.

    `rounds` are entries of .../rounds; `events` the matches of each, by its path below the season.
    """

    rounds: list[dict[str, Any]] = field(default_factory=list)
    events: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    tables: list[dict[str, Any]] | None = None
    current: dict[str, Any] | None = None
    unique: dict[str, Any] = field(default_factory=unique)
    form: dict[str, Any] | None = None
    more: dict[str, Any] = field(default_factory=dict)

    def answers(self) -> dict[str, Any]:
        """Path to JSON; what is not here is 404."""
        found: dict[str, Any] = {
            ROOT: {"uniqueTournament": self.unique},
            f"{ROOT}/seasons": {
                "seasons": [
                    {"id": 76986, "name": "Test League 25/26", "year": "25/26"},
                    {"id": SEASON, "name": "Test League 24/25", "year": "24/25"},
                ]
            },
        }
        if self.rounds:
            current = self.current or self.rounds[0]
            found[f"{DATA}/rounds"] = {"currentRound": current, "rounds": self.rounds}
        for path, events in self.events.items():
            found[f"{DATA}/{path}"] = {"events": events}
        if self.tables is not None:
            found[f"{DATA}/standings/total"] = {"standings": self.tables}
        if self.form is not None:
            found[f"{DATA}/team-events/total"] = {"tournamentTeamEvents": self.form}
        return copy.deepcopy({**found, **self.more})


def path_of(info: dict[str, Any]) -> str:
    """Where the events of a round are."""
    path = f"events/round/{info['round']}"
    if info.get("slug"):
        path += f"/slug/{info['slug']}"
    if info.get("prefix"):
        path += f"/prefix/{info['prefix'].lower()}"
    return path


def all_events(world: World) -> list[dict[str, Any]]:
    """Every event of a world."""
    return [one for events in world.events.values() for one in events]


def matchdays(teams: Sequence[int]) -> list[list[Pair]]:
    """A double round robin by the circle method."""
    fixed, *others = teams
    days = []
    for day in range(len(teams) - 1):
        turned = [*others[day:], *others[:day]]
        line = [fixed, *turned]
        pairs = list(zip(line, reversed(line), strict=True))[: len(line) // 2]
        days.append([(b, a) if day % 2 else (a, b) for a, b in pairs])
    return [*days, *([(b, a) for a, b in day] for day in days)]


def league(
    teams: int = 20, played: int = 38, *, seed: int = 1, tables: bool = True, live: bool = False
) -> World:
    """A league after so many matchdays; with `live`, one match of the next one is being played."""
    random = Random(seed)  # noqa: S311 - the same season for the same seed
    world = World()
    days = matchdays([1000 + n for n in range(teams)])
    for day, pairs in enumerate(days, start=1):
        info = {"round": day}
        world.rounds.append(info)
        events = []
        for place, (home, away) in enumerate(pairs):
            score = (random.choice([0, 1, 1, 2, 3, 5]), random.choice([0, 0, 1, 2, 3]))
            state = full_time(*score, half=(score[0] // 2, score[1] // 2)) if day <= played else {}
            if live and day == played + 1 and place == 0:
                goals = sides(current=(1, 0), display=(1, 0), period1=(1, 0), period2=(0, 0))
                state = {"status": SECOND_HALF, **goals}
            events.append(
                event(
                    day * 1000 + place,
                    home,
                    away,
                    roundInfo=info,
                    startTimestamp=FIRST_KICKOFF + day * WEEK + place * 3600,
                    **state,
                )
            )
        world.events[path_of(info)] = events
    world.current = {"round": min(played + 1, len(days))}
    if tables:
        world.tables = [table_of(all_events(world), name="Test League 24/25")]
        world.form = {"1": last_events(all_events(world))}
    return world


def conferences(*names: str, overall: int | None) -> World:
    """A league of six with a table per conference, and the one over all at a place, if any.

    As SofaScore has such tables: their `tournament` is that of the league, only the names differ.
    """
    world = league(teams=6, played=10)
    (whole,) = world.tables or []
    world.tables = []
    for place, name in enumerate(names):
        rows = copy.deepcopy(whole["rows"][place :: len(names)])
        for position, mine in enumerate(rows, start=1):
            mine["position"] = position
        world.tables.append({**whole, "name": name, "rows": rows})
    if overall is not None:
        world.tables.insert(overall, whole)
    return world


def last_events(events: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The last five finished events of each team, newest first."""
    found: dict[str, list[dict[str, Any]]] = {}
    for one in sorted(events, key=lambda e: -e["startTimestamp"]):
        for side in ("homeTeam", "awayTeam"):
            mine = found.setdefault(str(one[side]["id"]), [])
            if one["status"]["type"] == "finished" and len(mine) < 5:
                mine.append(one)
    return found


NAMED = (
    {"round": 5, "name": "Round of 16", "slug": "round-of-16"},
    {"round": 27, "name": "Quarterfinals", "slug": "quarterfinals"},
    {"round": 28, "name": "Semifinals", "slug": "semifinals"},
    {"round": 29, "name": "Final", "slug": "final"},
)


def cup(rounds: int = 4, teams: Sequence[int] = tuple(range(1, 17)), **stage: Any) -> World:
    """A knockout cup of which so many rounds are published, and all but the last played."""
    world = World(rounds=[dict(info) for info in NAMED])
    left = list(teams)
    number = 70_000
    of = tournament("Test League, Knockout stage", 41, **stage)
    for place, info in enumerate(NAMED[:rounds]):
        pairs = list(pairwise(left))[::2]
        last = place == rounds - 1
        events = []
        for index, (home, away) in enumerate(pairs):
            number += 1
            state = shoot_out((1, 1), (1, 1), (5, 4)) if index % 3 == 1 else full_time(2, 1)
            state = extra_time((1, 1), (1, 0)) if index % 3 == 2 else state
            events.append(
                event(
                    number,
                    home,
                    away,
                    roundInfo=info,
                    tournament=of,
                    startTimestamp=FIRST_KICKOFF + (50 + place) * WEEK + index,
                    **({} if last and rounds < len(NAMED) else state),
                )
            )
        world.events[path_of(info)] = events
        left = [home for home, _ in pairs]
    world.current = dict(NAMED[rounds - 1])
    return world


def groups_and_cup(letters: str = "ABCD", rounds: int = 1) -> World:
    """Groups of four, each a `tournament` of its own, three matchdays; then a knockout stage."""
    world = cup(rounds)
    stage = [{"round": n} for n in (1, 2, 3)]
    world.rounds = [*stage, *world.rounds]
    world.tables = []
    for place, letter in enumerate(letters):
        members = [place * 4 + n for n in range(1, 5)]
        played = []
        for day, pairs in enumerate(matchdays(members)[:3], start=1):
            for index, (home, away) in enumerate(pairs):
                played.append(
                    event(
                        place * 100 + day * 10 + index + 1,
                        home,
                        away,
                        roundInfo={"round": day},
                        tournament=group(letter),
                        startTimestamp=FIRST_KICKOFF + day * WEEK + index,
                        **full_time(home % 3, away % 2),
                    )
                )
        for one in played:
            world.events.setdefault(path_of(one["roundInfo"]), []).append(one)
        world.tables.append(table_of(played, group(letter), f"Group {letter}"))
    return world


def block(home: int, away: int, *events: int, **fields: Any) -> dict[str, Any]:
    """A tie of a tree that is not over."""
    sides = [{"id": 10 * n, "team": team(n), "order": o} for o, n in enumerate((home, away), 1)]
    return {
        "id": 5,
        "blockId": 1,
        "finished": False,
        "matchesInRound": 1,
        "events": list(events),
        "participants": sides,
        "seriesStartDateTimestamp": FIRST_KICKOFF,
        **fields,
    }


def over(home: int, away: int, event: int, *scores: str, won: int = 1) -> dict[str, Any]:
    """A tie of one match that was won by a side."""
    tie = block(home, away, event, finished=True, result="home won" if won == 1 else "away won")
    for side in tie["participants"]:
        side["winner"] = side["order"] == won
    return {**tie, "homeTeamScore": scores[0], "awayTeamScore": scores[1]}


def tree(*rounds: tuple[int, str, Sequence[dict[str, Any]]]) -> dict[str, Any]:
    """The answer of .../cuptrees, from how many ties each round has, its name, and the ties."""
    listed = [
        {"order": n, "type": ties, "description": name, "id": n, "blocks": list(blocks)}
        for n, (ties, name, blocks) in enumerate(rounds, start=1)
    ]
    of = tournament("Test League, Knockout stage", 41)
    return {
        f"{DATA}/cuptrees": {
            "cupTrees": [{"id": 1, "name": "Test", "tournament": of, "rounds": listed}]
        }
    }
