"""Whole tournaments in OpenLigaDB's form, as they are early and late: nothing is copied.

Their shapes are those of the Africa Cup of Nations 2025 and of the Champions League of 2025/26;
teams and results are made up here.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from dp_pipeline_tests.providers.openligadb_payloads import goals, match, results, team

Pair = tuple[int, int]
NATIONS = {n: f"{'ABCDEF'[n // 4]}land {n % 4 + 1}" for n in range(24)}
CLUBS = {n: f"FC Stadt {n + 1}" for n in range(36)}
GROUP_DAYS = (((0, 1), (2, 3)), ((0, 2), (3, 1)), ((3, 0), (1, 2)))
KNOCKOUT = ("Achtelfinale", "Viertelfinale", "Halbfinale", "Finale")
_AFRICA_BEGINS = datetime(2025, 12, 21, 17, tzinfo=UTC)
_EUROPE_BEGINS = datetime(2025, 9, 16, 19, tzinfo=UTC)


def _moments(at: datetime) -> dict[str, str]:
    summer = (4, 1) <= (at.month, at.day) < (10, 26)
    berlin = at + timedelta(hours=2 if summer else 1)
    return {
        "matchDateTime": berlin.strftime("%Y-%m-%dT%H:%M:%S"),
        "matchDateTimeUTC": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _goals(score: Pair) -> list[tuple[int, int, int]]:
    """Those of the home side first, ten minutes after each other."""
    home, away = score
    running = [(n, 0) for n in range(1, home + 1)] + [(home, n) for n in range(1, away + 1)]
    return [(*after, 10 * place) for place, after in enumerate(running, start=1)]


def over(score: Pair) -> dict[str, Any]:
    """A match that ended after ninety minutes."""
    scored = _goals(score)
    half = max(((h, a) for h, a, minute in scored if minute <= 45), key=sum, default=(0, 0))
    told = results(t1=half, t2=score)
    return {"matchIsFinished": True, "matchResults": told, "goals": goals(*scored)}


def over_by_kicks(level: int, kicks: Pair) -> dict[str, Any]:
    """A match that was level after extra time without a goal in it, and its shoot-out."""
    home, away = kicks
    scored = _goals((level, level))
    shot = [(level + n, level, 120, "P") for n in range(1, home + 1)]
    shot += [(level + home, level + n, 120, "P") for n in range(1, away + 1)]
    tied = (level, level)
    told = results(t1=(0, 0), t2=tied, t4=tied, t5=(level + home, level + away))
    return {"matchIsFinished": True, "matchResults": told, "goals": goals(*scored, *shot)}


class Tournament:
    """The matches of a tournament, added one by one with ids that go on."""

    def __init__(self, name: str, shortcut: str, first_id: int) -> None:
        self.matches: list[dict[str, Any]] = []
        self.groups: dict[tuple[int, str], dict[str, Any]] = {}
        self._fields = {"leagueName": name, "leagueShortcut": shortcut, "leagueSeason": 2025}
        self._next = first_id

    def add(self, sides: Sequence[Any], stage: tuple[int, str], at: datetime, **more: Any) -> None:
        """Add a match of two teams in a round."""
        order, label = stage
        one = match(self._next, *sides, order=order, group=label)
        group = {"groupName": label, "groupOrderID": order, "groupID": 47_000 + len(self.groups)}
        one |= {**self._fields, **_moments(at), **more}
        one["group"] = self.groups.setdefault(stage, group)
        self.matches.append(one)
        self._next += 1

    def skip(self, ids: int) -> None:
        """Leave out so many ids."""
        self._next += ids

    def paths(self, competition: str) -> dict[str, Any]:
        """The answers by path; there is no table."""
        return {
            f"/getmatchdata/{competition}/2025": self.matches,
            f"/getavailablegroups/{competition}/2025": [*self.groups.values()],
        }


def africa_cup(
    *, late: bool, by_group: bool = False, slots: Sequence[str] = (), again: int = 0
) -> Tournament:
    """Six groups of four; the knockout stage with places in the draw, or played.

    Args:
        late: everything is played, and the places are teams.
        by_group: rounds are groups, and not matchdays.
        slots: names of the places in the draw, for all matches in turn; none: not listed yet.
        again: is added to the ids of the knockout matches.
    """
    cup = Tournament("Africa Cup of Nations 2025", "afcon2025", 81_000)
    for day, pairs in enumerate(GROUP_DAYS):
        for group in range(6):
            for home, away in pairs:
                sides = [team(100 + 4 * group + n, NATIONS[4 * group + n]) for n in (home, away)]
                stage = (
                    (group + 1, f"Gruppe {'ABCDEF'[group]}")
                    if by_group
                    else (day + 1, f"Vorrunde {day + 1}")
                )
                played = over((3 - home, 3 - away)) if late else {}
                at = _AFRICA_BEGINS + timedelta(days=4 * day + group // 2)
                cup.add(sides, stage, at, **played)
    cup.skip(again)
    through = [4 * group + place for group in range(6) for place in (0, 1)] + [2, 6, 10, 14]
    names, taken = list(slots), 0
    for depth, label in enumerate(KNOCKOUT):
        at = _AFRICA_BEGINS + timedelta(days=13 + 5 * depth)
        stage = (10 + depth, label)
        winners = []
        for place in range(len(through) // 2):
            pair = through[place], through[-1 - place]
            if late:
                played = over_by_kicks(1, (4, 2)) if place == 0 else over((2, 0))
                cup.add([team(100 + n, NATIONS[n]) for n in pair], stage, at, **played)
            elif slots:
                sides = []
                for _ in pair:
                    sides.append(team(900 + taken % len(names), names[taken % len(names)]))
                    taken += 1
                cup.add(sides, stage, at)
            winners.append(pair[0])
        through = winners
    return cup


def champions_league(*, days: int, knockout: int) -> Tournament:
    """A league of 36 over eight matchdays, then play-offs and rounds of two legs, and a final.

    Args:
        days: so many matchdays of the league are played.
        knockout: so many of the five rounds after it are drawn and played.
    """
    league = Tournament("UEFA Champions League 2025/2026", "ucl", 79_000)
    for day in range(8):
        ring = [0, *(1 + (4 * day + n) % 35 for n in range(35))]
        for place in range(18):
            pair = ring[place], ring[-1 - place]
            home, away = pair if (day + place) % 2 else pair[::-1]
            sides = [team(200 + n, CLUBS[n]) for n in (home, away)]
            played = over(((away - home) % 3, (home + away) % 2)) if day < days else {}
            at = _EUROPE_BEGINS + timedelta(days=19 * day + place // 9)
            league.add(sides, (day + 1, f"{day + 1}. Spieltag"), at, **played)
    seeds, rest = list(range(8)), list(range(8, 24))
    rounds = ("Play-offs", "Achtelfinale", "Viertelfinale", "Halbfinale", "Finale")
    for depth, label in enumerate(rounds[:knockout]):
        at = datetime(2026, 2, 17, 20, tzinfo=UTC) + timedelta(days=21 * depth)
        field = rest if depth == 0 else seeds
        ties = [(field[n], field[-1 - n]) for n in range(len(field) // 2)]
        for leg in range(1 if label == "Finale" else 2):
            for home, away in (tie if leg == 0 else tie[::-1] for tie in ties):
                sides = [team(200 + n, CLUBS[n]) for n in (home, away)]
                played = over((2, 1) if (home < away) else (0, 1))
                league.add(sides, (9 + depth, label), at + timedelta(days=7 * leg), **played)
        won = [tie[0] for tie in ties]
        seeds = [*seeds, *won] if depth == 0 else won
    return league
