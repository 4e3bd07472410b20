"""Answers written by hand in OpenLigaDB's form, for its tests."""

from collections.abc import Sequence
from typing import Any

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.progress import state_of
from dp_pipeline.providers.contract import StoredTournament
from dp_pipeline.providers.openligadb.answers import season_url
from dp_pipeline.providers.openligadb.matches import StorableMatches, fixtures_of
from dp_pipeline.providers.openligadb.payload import MatchPayload, parse_groups, parse_matches
from dp_pipeline.providers.openligadb.rounds import ListedRounds, rounds_of
from dp_pipeline.providers.openligadb.teams import teams_of
from dp_pipeline.providers.openligadb.tournament import tournament_of

KEY = TournamentKey("openligadb", "bl1", "2024")
GoalEntry = tuple[Any, ...]


def goals(*entries: GoalEntry) -> list[dict[str, Any]]:
    """Running scores with minutes; a fourth part "P" is a penalty, any other text a comment."""
    return [
        {
            "goalID": number,
            "scoreTeam1": entry[0],
            "scoreTeam2": entry[1],
            "matchMinute": entry[2],
            "isPenalty": len(entry) > 3,
            "isOvertime": False,
            "comment": None if entry[3:] in ((), ("P",)) else entry[3],
        }
        for number, entry in enumerate(entries, start=1)
    ]


def results(**types: tuple[int, int]) -> list[dict[str, Any]]:
    """Results by type, given as t1=(1, 0); names and order are misleading on purpose."""
    return [
        {
            "resultID": 1000 - int(name[1:]),
            "resultName": "Halbzeit",
            "pointsTeam1": home,
            "pointsTeam2": away,
            "resultOrderID": 9 - int(name[1:]),
            "resultTypeID": int(name[1:]),
        }
        for name, (home, away) in sorted(types.items(), reverse=True)
    ]


def team(number: int, name: str | None = None, **fields: Any) -> dict[str, Any]:
    """A team; named after its number unless said otherwise."""
    return {
        "teamId": number,
        "teamName": name or f"FC Nummer {number}",
        "shortName": "",
        "teamIconUrl": f"https://icons.example/{number}.png",
        "teamGroupName": None,
        **fields,
    }


def match(
    number: int,
    home: int | dict[str, Any],
    away: int | dict[str, Any],
    *,
    order: int = 1,
    group: str | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """A match of a matchday, on a Saturday of its own each week, not played unless said so."""
    label = group or f"{order}. Spieltag"
    return {
        "matchID": number,
        "matchDateTime": f"2024-{9 + order // 28:02}-{order % 28 + 1:02}T15:30:00",
        "timeZoneID": None,
        "leagueName": "1. Testliga 2024/2025",
        "leagueSeason": 2024,
        "leagueShortcut": "bl1",
        "matchDateTimeUTC": f"2024-{9 + order // 28:02}-{order % 28 + 1:02}T13:30:00Z",
        "group": {"groupName": label, "groupOrderID": order, "groupID": 5000 + order},
        "team1": team(home) if isinstance(home, int) else home,
        "team2": team(away) if isinstance(away, int) else away,
        "lastUpdateDateTime": "2024-12-01T17:06:36.1",
        "matchIsFinished": False,
        "matchResults": [],
        "goals": [],
        "location": None,
        "numberOfViewers": None,
        **fields,
    }


def played(
    number: int, home: int, away: int, score: tuple[int, int], **more: Any
) -> dict[str, Any]:
    """A finished match with a final result."""
    fields: dict[str, Any] = {"matchIsFinished": True, "matchResults": results(t2=score), **more}
    return match(number, home, away, **fields)


def round_robin(teams: Sequence[int], *, first: int = 1, **fields: Any) -> list[dict[str, Any]]:
    """Every two of the teams once; the one named earlier wins 2:1."""
    pairs = [(a, b) for i, a in enumerate(teams) for b in teams[i + 1 :]]
    return [
        played(first + index, home, away, (2, 1), **fields)
        for index, (home, away) in enumerate(pairs)
    ]


def read(
    payload: Any, groups: Any = ()
) -> tuple[tuple[MatchPayload, ...], ListedRounds, StorableMatches]:
    """Matches and rounds of an answer, as the source puts them together."""
    payloads = parse_matches(payload).items
    rounds = rounds_of(payloads, groups, season_url(KEY))
    return payloads, rounds, fixtures_of(payloads, rounds)


def known_by(payload: Any, listed: Any = ()) -> StoredTournament:
    """What is stored after a whole season was read."""
    payloads, rounds, fixtures = read(payload, parse_groups(list(listed)).items)
    return StoredTournament(
        tournament_of(KEY, payloads),
        state_of(rounds.rounds, fixtures.matches),
        teams_of(payloads).items,
        rounds.rounds,
        fixtures.matches,
    )


def pascal(value: Any) -> Any:
    """The same answer in the spelling of before 2023: MatchID, Team1, GroupOrderID."""
    if isinstance(value, dict):
        return {key[0].upper() + key[1:]: pascal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [pascal(item) for item in value]
    return value


def row(number: int, record: tuple[int, int, int], goals: tuple[int, int], **more: Any) -> Any:
    won, draw, lost = record
    return {
        "teamInfoId": number,
        "teamName": f"FC Nummer {number}",
        "shortName": "",
        "teamIconUrl": "",
        "points": 3 * won + draw,
        "opponentGoals": goals[1],
        "goals": goals[0],
        "matches": won + draw + lost,
        "won": won,
        "lost": lost,
        "draw": draw,
        "goalDiff": goals[0] - goals[1],
        **more,
    }


LEAGUE = [
    *round_robin([1, 2, 3]),
    match(11, 2, 1, order=2),
    match(12, 3, 1, order=3),
    match(13, 3, 2, order=3),
]
TABLE = [row(1, (2, 0, 0), (4, 2)), row(2, (1, 0, 1), (3, 3)), row(3, (0, 0, 2), (2, 4))]
