"""Seasons as they are published, made by hand and without a database."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Match, Round, Standing
from dp_pipeline.football.table import compute_standings
from dp_pipeline.providers.contract import Licence
from dp_pipeline.publish.races import matchdays_of, races_of, reached
from dp_pipeline.publish.season import (
    Goalscorer,
    Provenance,
    PublishedCheck,
    PublishedSeason,
    PublishedTie,
)
from dp_pipeline_tests.football.seasons import knockout, matchday, round_robin

KEY = TournamentKey.parse("openligadb:bl1:2024")
ATTRIBUTION = "Contains information from a provider, made available under a licence."
LICENCE = Licence("ODbL 1.0", ATTRIBUTION, redistributable=True, url="https://example.org/odbl")
READ_AT = datetime(2025, 5, 17, 20, 0, tzinfo=UTC)


def season(names: Sequence[str], **more: Any) -> PublishedSeason:
    """A double round robin of these teams, an even number; `played`: so many of its matches are."""
    played = more.pop("played", 10_000)
    matches = [
        _scored(match, n, day=int(match.round_slug or 0), played=n < played)
        for n, match in enumerate(round_robin(len(names)))
    ]
    rounds = [matchday(n) for n in range(1, 2 * len(names) - 1)]
    return replace(
        PublishedSeason(
            KEY,
            "Bundesliga 2024/25",
            "active",
            Provenance("openligadb", "a provider", LICENCE, "https://example.org/bl1", READ_AT),
            {str(n): name for n, name in enumerate(names)},
            {},
            current_round="1",
            zone=ZoneInfo("Europe/Berlin"),
        ),
        **{**league(rounds, matches), **more},
    )


def league(rounds: Sequence[Round], matches: Sequence[Match]) -> dict[str, Any]:
    """Rounds and matches with the tables they come to."""
    tables = []
    so_far: set[str] = set()
    for day in reached(matchdays_of(rounds, matches), matches):
        so_far |= {round_.slug for round_ in day}
        tables.append((day, compute_standings([m for m in matches if m.round_slug in so_far])))
    standings: Sequence[Standing] = compute_standings(matches)
    return {
        "rounds": tuple(rounds),
        "matches": tuple(matches),
        "standings": standings,
        "races": races_of(tables),
    }


def _scored(match: Match, n: int, *, day: int, played: bool) -> Match:
    at = datetime(2024, 8, 24, 13, 30, tzinfo=UTC) + timedelta(days=7 * day)
    score = (n * 7 % 5, n * 3 % 4)
    return replace(
        match,
        kickoff_at=at,
        kickoff_date=at.date(),
        status="ended" if played else "scheduled",
        home_score=score[0] if played else None,
        away_score=score[1] if played else None,
    )


def cup(teams: int) -> PublishedSeason:
    """A cup of so many teams, a power of two, won by the first, with a match for third place."""
    rounds, ties, matches = [], [], []
    left, order = [str(n) for n in range(teams)], 0
    losers: list[str] = []
    while len(left) > 1:
        order += 1
        label = "Final" if len(left) == 2 else f"Round of {len(left)}"
        rounds.append(knockout(f"r{order}", order, label))
        pairs = list(zip(left[::2], left[1::2], strict=True))
        ties += [tie(order, label, home, away) for home, away in pairs]
        matches += [_of_cup(f"r{order}", home, away) for home, away in pairs]
        losers = [away for _, away in pairs]
        left = [home for home, _ in pairs]
        if len(pairs) == 2:
            order += 1
            rounds.append(knockout(f"r{order}", order, "Match for third place"))
            ties.append(tie(order, "Match for third place", losers[0], losers[1]))
            matches.append(_of_cup(f"r{order}", losers[0], losers[1]))
    base = season(["A", "B"], standings=(), races=())
    names = {str(n): f"Club {n}" for n in range(teams)}
    return replace(base, names=names, rounds=rounds, matches=matches, ties=tuple(ties))


def tie(order: int, label: str, home: str, away: str, **more: Any) -> PublishedTie:
    """A tie that the home team won."""
    told: dict[str, Any] = {
        "scores": ("2-1",),
        "goals": (2, 1),
        "winner": home,
        "decided_by": "regular time",
    }
    return PublishedTie(order, label, None, home, away, **{**told, **more})


def _of_cup(slug: str, home: str, away: str) -> Match:
    return Match(f"{slug}-{home}-{away}", slug, home, away, "ended", home_score=2, away_score=1)


def with_everything(names: Sequence[str]) -> PublishedSeason:
    """A season of which every part of a page has something."""
    return season(
        names,
        ties=(
            tie(99, "Relegation play-off", "0", "1", scores=("1-1", "1-1"), goals=(2, 2)),
            tie(99, "Relegation play-off", "2", "3", penalties=(4, 2), goals=(1, 1)),
        ),
        goalscorers=(
            Goalscorer(names[0], names[1], 7, 2, 6),
            Goalscorer("Kane", names[1], 6, 0, 6),
        ),
        checks=(
            PublishedCheck(
                "Every match has a day.",
                passed=False,
                severity="WARN",
                detail="1 of 6 has none.",
                rows=(names[0],),
            ),
            PublishedCheck(
                "No match is overdue.", passed=True, severity="WARN", detail="All have a result."
            ),
        ),
    )
