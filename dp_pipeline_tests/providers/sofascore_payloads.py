"""Single answers written in SofaScore's form, for its tests: nothing is copied."""

from collections.abc import Iterable
from typing import Any

from dp_pipeline.football.key import TournamentKey

UT, SEASON = 17, 61627
KEY = TournamentKey("sofascore", str(UT), str(SEASON))
ROOT = f"/unique-tournament/{UT}"
DATA = f"{ROOT}/season/{SEASON}"
FIRST_KICKOFF = 1_723_831_200  # 2024-08-16 18:00 UTC
WEEK = 7 * 86_400
NOT_STARTED = {"code": 0, "type": "notstarted", "description": "Not started"}
ENDED = {"code": 100, "type": "finished", "description": "Ended"}
AET = {"code": 110, "type": "finished", "description": "AET"}
AP = {"code": 120, "type": "finished", "description": "AP"}
POSTPONED = {"code": 60, "type": "postponed", "description": "Postponed"}
SECOND_HALF = {"code": 7, "type": "inprogress", "description": "2nd half"}

Pair = tuple[int, int]


def team(number: int, name: str | None = None, **fields: Any) -> dict[str, Any]:
    """A team; named after its number unless said otherwise."""
    return {
        "id": number,
        "name": name or f"FC Number {number}",
        "shortName": f"No. {number}",
        "slug": f"fc-number-{number}",
        "disabled": False,
        "country": {"alpha2": "EN", "alpha3": "ENG", "name": "England"},
        **fields,
    }


def tournament(name: str = "Test League", number: int = 1, **fields: Any) -> dict[str, Any]:
    """The `tournament` of an event: a league, a group or a knockout stage."""
    return {
        "id": number,
        "name": name,
        "slug": name.lower().replace(" ", "-"),
        "uniqueTournament": unique(),
        "isGroup": False,
        **fields,
    }


def unique(**fields: Any) -> dict[str, Any]:
    """A competition."""
    return {
        "id": UT,
        "name": "Test League",
        "slug": "test-league",
        "hasRounds": True,
        "category": {"name": "England", "slug": "england"},
        **fields,
    }


def group(letter: str) -> dict[str, Any]:
    """The `tournament` of a group."""
    name = f"Group {letter}"
    number = 100 + ord(letter)
    return tournament(f"Test League, {name}", number, isGroup=True, groupName=name)


def sides(**parts: Pair) -> dict[str, dict[str, int]]:
    """Both scores, given as display=(2, 1)."""
    return {
        side: {name: pair[place] for name, pair in parts.items()}
        for place, side in enumerate(("homeScore", "awayScore"))
    }


def full_time(home: int, away: int, half: Pair | None = None) -> dict[str, Any]:
    """Status, scores and winner of a match over ninety minutes."""
    first = half or (home // 2, away // 2)
    second = (home - first[0], away - first[1])
    whole = (home, away)
    scores = sides(current=whole, display=whole, period1=first, period2=second, normaltime=whole)
    return {"status": ENDED, "winnerCode": winner(whole), **scores}


def shoot_out(after_90: Pair, extra: Pair, kicks: Pair, **more: Pair) -> dict[str, Any]:
    """Status, scores and winner of a match decided by kicks."""
    display = (after_90[0] + extra[0], after_90[1] + extra[1])
    scores = sides(
        current=(display[0] + kicks[0], display[1] + kicks[1]),
        display=display,
        period1=(0, 0),
        period2=after_90,
        normaltime=after_90,
        overtime=extra,
        penalties=kicks,
        **more,
    )
    return {"status": AP, "winnerCode": winner(kicks), **scores}


def extra_time(after_90: Pair, extra: Pair) -> dict[str, Any]:
    """Status, scores and winner of a match decided in extra time."""
    display = (after_90[0] + extra[0], after_90[1] + extra[1])
    scores = sides(
        current=display,
        display=display,
        period1=(0, 0),
        period2=after_90,
        normaltime=after_90,
        extra1=extra,
        extra2=(0, 0),
        overtime=extra,
    )
    return {"status": AET, "winnerCode": winner(display), **scores}


def winner(pair: Pair) -> int:
    """SofaScore's winnerCode."""
    return 3 if pair[0] == pair[1] else 1 if pair[0] > pair[1] else 2


def event(
    number: int, home: int | dict[str, Any], away: int | dict[str, Any], **fields: Any
) -> dict[str, Any]:
    """A match of matchday 1 that has not begun, unless said otherwise."""
    return {
        "id": number,
        "tournament": tournament(),
        "season": {"id": SEASON, "name": "Test League 24/25", "year": "24/25"},
        "roundInfo": {"round": 1},
        "status": NOT_STARTED,
        "homeTeam": team(home) if isinstance(home, int) else home,
        "awayTeam": team(away) if isinstance(away, int) else away,
        "homeScore": {},
        "awayScore": {},
        "time": {},
        "changes": {"changeTimestamp": 0},
        "startTimestamp": FIRST_KICKOFF,
        "slug": "away-home",
        **fields,
    }


def row(number: int, position: int, **fields: Any) -> dict[str, Any]:
    """A row of a table, of a team that has not played."""
    zero = ("matches", "wins", "draws", "losses", "scoresFor", "scoresAgainst", "points")
    return {
        "id": 9000 + number,
        "team": team(number),
        "position": position,
        **dict.fromkeys(zero, 0),
        "scoreDiffFormatted": "\N{MINUS SIGN}7",
        **fields,
    }


def table_of(
    events: Iterable[dict[str, Any]], of: dict[str, Any] | None = None, name: str = "Test League"
) -> dict[str, Any]:
    """The table these events come to, counted independently of the code under test."""
    rows: dict[int, dict[str, Any]] = {}
    for one in events:
        for side in ("homeTeam", "awayTeam"):
            rows.setdefault(one[side]["id"], row(one[side]["id"], 1))
        if one["status"]["type"] != "finished":
            continue
        goals = (one["homeScore"]["display"], one["awayScore"]["display"])
        for side, scored, conceded in (
            ("homeTeam", goals[0], goals[1]),
            ("awayTeam", goals[1], goals[0]),
        ):
            mine = rows[one[side]["id"]]
            mine["matches"] += 1
            mine["scoresFor"] += scored
            mine["scoresAgainst"] += conceded
            result = "wins" if scored > conceded else "draws" if scored == conceded else "losses"
            mine[result] += 1
            mine["points"] += {"wins": 3, "draws": 1, "losses": 0}[result]
    ordered = sorted(
        rows.values(),
        key=lambda r: (
            -r["points"],
            r["scoresAgainst"] - r["scoresFor"],
            -r["scoresFor"],
            str(r["team"]["id"]),
        ),
    )
    for position, mine in enumerate(ordered, start=1):
        mine["position"] = position
    return {
        "id": 1,
        "type": "total",
        "name": name,
        "tournament": of or tournament(),
        "descriptions": [],
        "rows": ordered,
    }
