"""Matches and rounds by hand, and the matches of a season file."""

from datetime import UTC, date, datetime, timedelta

from dp_pipeline.football.models import Match, MatchStatus, Round

FIRST_DAY = datetime(2024, 8, 23, 18, 30, tzinfo=UTC)


def game(  # noqa: PLR0913 - what differs between matches of a test
    home: str,
    away: str,
    score: tuple[int, int] | None = None,
    *,
    day: int | None = 0,
    round_slug: str = "1",
    status: MatchStatus | None = None,
    group: str | None = None,
    number: int = 0,
) -> Match:
    at = None if day is None else FIRST_DAY + timedelta(days=day)
    return Match(
        external_id=f"{home}-{away}-{round_slug}-{number}",
        round_slug=round_slug,
        home=home,
        away=away,
        status=status or ("ended" if score else "scheduled"),
        group_name=group,
        kickoff_at=at,
        kickoff_date=at.date() if at else None,
        home_score=score[0] if score else None,
        away_score=score[1] if score else None,
    )


def matchday(number: int) -> Round:
    return Round(slug=str(number), order=number, label=f"{number}. Spieltag", type="season")


def knockout(slug: str, order: int, label: str | None = None) -> Round:
    return Round(slug=slug, order=order, label=label or slug.title(), type="knockout")


def round_robin(teams: int, *, goals: int = 1, legs: int = 2) -> list[Match]:
    """Every team at home and away against every other, a round a week."""
    ring = [str(n) for n in range(teams)]
    matches: list[Match] = []
    for day in range(legs * (teams - 1)):
        order = [ring[0], *(ring[1 + (day + n) % (teams - 1)] for n in range(teams - 1))]
        for place in range(teams // 2):
            pair = order[place], order[-1 - place]
            home, away = pair if day < teams - 1 else pair[::-1]
            matches.append(
                Match(
                    f"{day}-{place}",
                    f"{day + 1}",
                    home,
                    away,
                    "ended",
                    kickoff_date=date(2024, 8, 24) + timedelta(days=7 * day),
                    home_score=goals,
                    away_score=goals,
                )
            )
    return matches
