"""What a payload says, read with a few lines that share nothing with the providers' parsers."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

_KINDS = {"AFC", "FC", "SV", "TSG"}

Score = tuple[int, int] | None


class Fact(NamedTuple):
    """One match. Names are shortened by `plain`; a time is aware, or None where none is given."""

    home: str
    away: str
    day: str
    at: datetime | None
    status: str
    score: Score
    half_time: Score
    shoot_out: Score


class Line(NamedTuple):
    """One row of a table."""

    games: int
    wins: int
    draws: int
    losses: int
    goals_for: int
    goals_against: int
    points: int


@dataclass(frozen=True)
class Facts:
    """A season. `rounds` are round names as given, one per match; `table` is by team."""

    matches: list[Fact]
    rounds: list[str]
    table: dict[str, Line]

    @property
    def teams(self) -> set[str]:
        return {name for match in self.matches for name in (match.home, match.away)}


def plain(name: str) -> str:
    """A team's name without country, numbers and kind of club, which spellings leave out.

    A team is called as its newest tournament calls it: "VfL Bochum 1848" played as "VfL Bochum".
    """
    words = re.sub(r" \([A-Z]{3}\)$", "", name).replace("Bor.", "Borussia").split()
    return " ".join(w for w in words if w not in _KINDS and not re.fullmatch(r"\d+\.?", w))


def table_of(matches: Iterable[Fact]) -> dict[str, Line]:
    """Three points for a win; what is over and has a score counts."""
    table: dict[str, Line] = {}
    for match in matches:
        for team, side in ((match.home, 0), (match.away, 1)):
            line = table.setdefault(team, Line(0, 0, 0, 0, 0, 0, 0))
            if match.score is None or match.status not in {"ended", "awarded"}:
                continue
            own, other = match.score[side], match.score[1 - side]
            won, drawn, lost = own > other, own == other, own < other
            gained = Line(1, won, drawn, lost, own, other, 3 * won + drawn)
            table[team] = Line(*map(sum, zip(line, gained, strict=True)))
    return table


def openligadb(payload: list[dict[str, Any]], *, shoot_outs: dict[str, Any] | None = None) -> Facts:
    """The answer of /getmatchdata. `shoot_outs`: "home - away" to (score, shoot-out)."""
    matches = []
    for match in payload:
        found = {
            r["resultTypeID"]: (r["pointsTeam1"], r["pointsTeam2"]) for r in match["matchResults"]
        }
        names = [match[team]["teamName"] for team in ("team1", "team2")]
        score, shoot_out = (shoot_outs or {}).get(" - ".join(names), (found.get(2), None))
        over = match["matchIsFinished"] and score is not None
        matches.append(
            Fact(
                *map(plain, names),
                match["matchDateTime"][:10],
                datetime.fromisoformat(match["matchDateTimeUTC"]),
                "ended" if over else "live" if found else "scheduled",
                score,
                found.get(1),
                shoot_out,
            )
        )
    return Facts(matches, [m["group"]["groupName"] for m in payload], table_of(matches))


def openfootball(payload: dict[str, Any], *, zone: str | None, in_table: str = "") -> Facts:
    """A season file; `zone` is that of its times, `in_table` how rounds that count begin."""
    matches = []
    for match in payload["matches"]:
        score = {part: tuple(goals) for part, goals in match["score"].items()}
        shoot_out = score.get("p")
        if shoot_out and shoot_out[0] == shoot_out[1]:
            shoot_out = None  # impossible; two in the Champions League of 2024/25
        at = None
        if zone and "time" in match:
            local = datetime.strptime(f"{match['date']} {match['time']}", "%Y-%m-%d %H:%M")  # noqa: DTZ007 - its zone is the file's
            at = local.replace(tzinfo=ZoneInfo(zone))
        matches.append(
            Fact(
                plain(match["team1"]),
                plain(match["team2"]),
                match["date"],
                at,
                match.get("status") or ("ended" if score else "scheduled"),
                score.get("et") or score.get("ft"),
                score.get("ht"),
                shoot_out,
            )
        )
    counting = [
        fact
        for fact, match in zip(matches, payload["matches"], strict=True)
        if match["round"].startswith(in_table) and "stage" not in match
    ]
    rounds = [f"{m.get('stage', '')} {m['round']}" for m in payload["matches"]]
    return Facts(matches, rounds, table_of(counting))


def from_file(path: Any) -> Any:
    """A recorded payload."""
    return json.loads(path.read_bytes())
