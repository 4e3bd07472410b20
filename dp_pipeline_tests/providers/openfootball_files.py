"""Season files written by hand in openfootball's form, and what every reading of one keeps to."""

from typing import Any

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.providers.openfootball.season import SeasonData

KEY = TournamentKey("openfootball", "en.1", "2024-25")


def entry(home: Any, away: Any, **fields: Any) -> dict[str, Any]:
    """A match of Matchday 1 on the season's first Saturday, without score; None drops a field."""
    match = {
        "round": "Matchday 1",
        "date": "2024-08-17",
        "time": "15:00",
        "team1": home,
        "team2": away,
        "score": {},
        **fields,
    }
    return {name: value for name, value in match.items() if value is not None}


def season(matches: list[Any], name: str | None = "English Premier League 2024/25") -> Any:
    """A file in the present form."""
    return {"name": name, "matches": matches}


def league(*teams: str, played: bool = True) -> list[dict[str, Any]]:
    """A double round robin; the team named earlier wins 2:1 everywhere."""
    count = len(teams)
    matches = []
    for day in range(2 * (count - 1)):
        first_half = day < count - 1
        ring = [teams[0], *(teams[1 + (day + i) % (count - 1)] for i in range(count - 1))]
        for i in range(count // 2):
            one, other = ring[i], ring[-1 - i]
            home, away = (one, other) if first_half else (other, one)
            won = [2, 1] if teams.index(home) < teams.index(away) else [1, 2]
            matches.append(
                entry(
                    home,
                    away,
                    round=f"Matchday {day + 1}",
                    date=f"2024-{9 + day // 28:02d}-{1 + day % 28:02d}",
                    score={"ht": [0, 0], "ft": won} if played else {},
                )
            )
    return matches


def counts(data: SeasonData) -> tuple[int, int, int, int]:
    return (
        len(data.teams.items),
        len(data.rounds.items),
        len(data.matches.items),
        len(data.standings.items),
    )


def is_consistent(data: SeasonData) -> bool:
    """What the contract promises of any source."""
    teams = [team.external_id for team in data.teams.items]
    slugs = [round_.slug for round_ in data.rounds.items]
    ids = [match.external_id for match in data.matches.items]
    found = (data.tournament, data.teams, data.rounds, data.matches, data.standings)
    return (
        len(set(teams)) == len(teams)
        and len(set(slugs)) == len(slugs)
        and len(set(ids)) == len(ids)
        and [r.order for r in data.rounds.items] == list(range(1, len(slugs) + 1))
        and all({m.home, m.away} <= set(teams) and m.home != m.away for m in data.matches.items)
        and all(m.round_slug is None or m.round_slug in slugs for m in data.matches.items)
        and all(standing.team in teams for standing in data.standings.items)
        and all(bool(each.items) != bool(each.absent) for each in found)
    )
