"""Two small whole seasons written by hand, one at OpenLigaDB and one at openfootball."""

from typing import Any

from dp_pipeline_tests.providers import openfootball_files, openligadb_payloads

LIGA = "openligadb:bl1:2024"
FILE = "openfootball:en.1:2024-25"
MATCHES_OF = {LIGA: "/getmatchdata/bl1/2024", FILE: "/2024-25/en.1.json"}
GROUPS = "/getavailablegroups/bl1/2024"
TABLE = "/getbltable/bl1/2024"
TEAMS = ("Ahlen", "Brake", "Celle", "Damme", "Emden", "Fulda", "Gotha", "Hanau")


def league() -> list[dict[str, Any]]:
    """28 matches of 8 teams over 7 matchdays at OpenLigaDB, all played."""
    matches = openligadb_payloads.round_robin(range(1, 9))
    names = {number: f"SV {name}" for number, name in enumerate(TEAMS, start=1)}
    # the circle method: every matchday has four matches, every team one of them
    days = {
        frozenset(pair): day + 1
        for day in range(7)
        for ring in [[1, *(2 + (day + i) % 7 for i in range(7))]]
        for pair in zip(ring[:4], ring[:3:-1], strict=True)
    }
    for match in matches:
        sides = (match["team1"], match["team2"])
        order = days[frozenset(side["teamId"] for side in sides)]
        for side in sides:
            side["teamName"] = names[side["teamId"]]
        match["group"] = {
            "groupName": f"{order}. Spieltag",
            "groupOrderID": order,
            "groupID": 5000 + order,
        }
        match["matchDateTime"] = f"2024-09-{order:02}T15:30:00"
        match["matchDateTimeUTC"] = f"2024-09-{order:02}T13:30:00Z"
        scored = [(1, 0, 10), (1, 1, 50), (2, 1, 93)]
        scorers = [f"Striker of {side['teamName']}" for side in (*sides, sides[0])]
        match["goals"] = [
            goal | {"goalGetterName": name}
            for goal, name in zip(openligadb_payloads.goals(*scored), scorers, strict=True)
        ]
    return sorted(matches, key=lambda match: match["matchID"])


def groups() -> list[dict[str, Any]]:
    return [
        {"groupName": f"{n}. Spieltag", "groupOrderID": n, "groupID": 5000 + n} for n in range(1, 8)
    ]


def table() -> list[dict[str, Any]]:
    """The team with the lower number won 2:1 everywhere."""
    return [
        {
            "teamInfoId": n,
            "teamName": f"SV {TEAMS[n - 1]}",
            "points": 3 * (8 - n),
            "matches": 7,
            "won": 8 - n,
            "draw": 0,
            "lost": n - 1,
            "goals": 2 * (8 - n) + (n - 1),
            "opponentGoals": (8 - n) + 2 * (n - 1),
        }
        for n in range(1, 9)
    ]


def with_goals(match: dict[str, Any]) -> dict[str, Any]:
    """A match of a file with a list of goals for each side, none before half-time."""
    lists = {
        f"goals{side}": [
            {"name": f"Striker of {match[f'team{side}']}", "minute": 40 + 20 * goal + side}
            for goal in range(1, match["score"]["ft"][side - 1] + 1)
        ]
        for side in (1, 2)
    }
    return {**match, **lists}


def healthy() -> dict[str, Any]:
    matches = [with_goals(match) for match in openfootball_files.league(*TEAMS)]
    file = openfootball_files.season(matches)
    return {
        MATCHES_OF[LIGA]: league(),
        GROUPS: groups(),
        TABLE: table(),
        MATCHES_OF[FILE]: file,
    }
