"""The page of a season, `season.html`: one file without scripts that requests nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from dp_pipeline.football.models import COUNTED, Match, Standing
from dp_pipeline.football.progress import without_replaced
from dp_pipeline.football.tie_breaks import order_in_words
from dp_pipeline.pages.frame import page
from dp_pipeline.pages.palette import in_page
from dp_pipeline.pages.words import in_zone, one_line, with_more
from dp_pipeline.publish.drawing.sheet import DrawnChart
from dp_pipeline.publish.kickoffs import (
    KickoffWords,
    day_in_words,
    day_in_zone,
    kickoff_in_words,
    moment_in_words,
)
from dp_pipeline.publish.season import (
    Goalscorer,
    PublishedSeason,
    PublishedTie,
)
from dp_pipeline.publish.shelf import PAGE
from dp_pipeline.publish.words import round_in_words

MOST_GOALSCORERS = 30
_TEMPLATE = Path(__file__).parent / "templates" / PAGE
_STATUS = {
    "upcoming": "The season has not begun.",
    "active": "The season is being played.",
    "completed": "The season is over.",
    "cancelled": "The season was cancelled.",
}
_NOT_PLAYED = {"scheduled": "to come", "ended": "ended", "unknown": "not known"}
_NO_ROUND = "Without a round"

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SeasonPage:
    """What the template writes down, in its order and in words."""

    title: str
    status: str
    times: str
    parts: Sequence[tuple[str, str]]
    tables: Sequence[Row]
    charts: Sequence[Row]
    ties: Sequence[Row]
    rounds: Sequence[Row]
    goalscorers: Sequence[Goalscorer]
    goalscorers_said: str
    failing: Sequence[Row]
    passed: Sequence[Row]
    checks_said: str
    attribution: str
    provenance: Sequence[tuple[str, str, str | None]]


def page_of(season: PublishedSeason, charts: Sequence[DrawnChart], zone: ZoneInfo) -> str:
    """The page as text.

    Args:
        season: what it shows.
        charts: as files, in order.
        zone: in which times are shown.
    """
    return page(_TEMPLATE, {"page": _written(season, charts, zone)})


def _written(season: PublishedSeason, charts: Sequence[DrawnChart], zone: ZoneInfo) -> SeasonPage:
    from markupsafe import Markup

    tables, ties, rounds = _tables(season), _ties(season), _rounds(season, zone)
    drawn = [
        {
            "title": c.about.title,
            "description": c.about.description,
            "wide": c.wide,
            # Markup: made by us, with names as escaped text in it.
            "svg": Markup(in_page(c.svg)),  # noqa: S704
        }
        for c in charts
    ]
    checks = [
        {
            "description": one_line(each.description),
            "detail": in_zone(one_line(each.detail), zone),
            "rows": [in_zone(row, zone) for row in with_more(map(one_line, each.rows), each.wrong)],
            "passed": each.passed,
        }
        for each in season.checks
    ]
    failing = [each for each in checks if not each["passed"]]
    parts = [
        ("table", "Table" if len(tables) == 1 else "Tables", tables),
        ("charts", "Charts", drawn),
        ("ties", "Knockout ties", ties),
        ("matches", "Matches", rounds),
        ("goalscorers", "Goalscorers", season.goalscorers or season.named_goals.lacks),
        ("checks", "Checks", checks),
        ("source", "Source and licence", [season.provenance]),
    ]
    return SeasonPage(
        title=one_line(season.label) or str(season.key),
        status=_status(season),
        times=_times(season, zone),
        parts=[(id_, title) for id_, title, content in parts if content],
        tables=tables,
        charts=drawn,
        ties=ties,
        rounds=rounds,
        goalscorers=_goalscorers(season),
        goalscorers_said=_goalscorers_said(season),
        failing=failing,
        passed=[each for each in checks if each["passed"]],
        checks_said=_checks_said(len(failing), len(checks)),
        attribution=season.provenance.licence.attribution,
        provenance=_provenance(season, zone),
    )


def _status(season: PublishedSeason) -> str:
    matches = len(without_replaced(season.matches))
    return (
        f"{_STATUS.get(season.status, '')} {len(season.played)} of {matches} matches "
        f"have a result, {len(season.names)} teams take part."
    ).strip()


def _times(season: PublishedSeason, zone: ZoneInfo) -> str:
    there_at = season.provenance.there_at
    if there_at is not None:
        at = moment_in_words(there_at.astimezone(zone))
        return f"In the simulated world it was {at} when this was read. Times are in {zone.key}."
    if season.zone is None:
        return f"Times are in {zone.key}."
    if season.zone.key == zone.key:
        return f"Times are in {zone.key}, as where the matches are played."
    return f"Times are in {zone.key}; local ones, where they differ, in {season.zone.key}."


def _tables(season: PublishedSeason) -> list[Row]:
    tables = []
    for (stage, group), rows in season.tables.items():
        title = ", ".join(one_line(part) for part in (stage, group) if part)
        notes = [f"{season.name(row.team)}: {one_line(row.note)}" for row in rows if row.note]
        first = not tables or not tables[0]["whole"]
        tables.append(
            {
                "title": title or "Table",
                "rows": [_row(season, row) for row in rows],
                "has_zones": any(row.zone for row in rows),
                "notes": notes,
                "rule": one_line(order_in_words(next((row.rule for row in rows if row.rule), ""))),
                "whole": rows[0].whole_season,
                "folded": not first and not rows[0].whole_season,
            }
        )
    return tables


def _row(season: PublishedSeason, row: Standing) -> Row:
    return {
        "place": row.position,
        "team": season.name(row.team),
        "games": row.games,
        "wins": row.wins,
        "draws": row.draws,
        "losses": row.losses,
        "goals": f"{row.goals_for}–{row.goals_against}",  # noqa: RUF001 - a score
        "difference": f"{row.goal_difference:+d}".replace("-", "\u2212").replace("+0", "0"),
        "points": row.points,
        "form": row.form,
        "zone": row.zone or "",
    }


def _ties(season: PublishedSeason) -> list[Row]:
    rounds: dict[tuple[int, str], list[Row]] = {}
    for tie in season.ties:
        rounds.setdefault((tie.round_order, tie.round), []).append(_tie(season, tie))
    return [
        {"title": one_line(label) or "Knockout round", "ties": ties}
        for (_, label), ties in rounds.items()
    ]


def _tie(season: PublishedSeason, tie: PublishedTie) -> Row:
    together = f"{tie.goals[0]}–{tie.goals[1]}" if tie.goals else ""  # noqa: RUF001
    if tie.penalties:
        together += f" ({tie.penalties[0]}–{tie.penalties[1]} on penalties)"  # noqa: RUF001
    return {
        "home": season.name(tie.home),
        "away": season.name(tie.away),
        "scores": ", ".join((s or "to come").replace("-", "–") for s in tie.scores),  # noqa: RUF001
        "together": together,
        "winner": None if tie.winner is None else int(tie.winner == tie.away),
        "went_on": season.name(tie.winner) if tie.winner else "not known yet",
        "by": tie.decided_by or "",
    }


def _rounds(season: PublishedSeason, zone: ZoneInfo) -> list[Row]:
    listed: dict[str | None, list[Match]] = {round_.slug: [] for round_ in season.rounds}
    for match in season.matches:
        listed.setdefault(match.round_slug, []).append(match)
    titles = {
        round_.slug: round_in_words(one_line(round_.label) or round_.slug)
        for round_ in season.rounds
    }
    current = season.current_round
    rounds = []
    for slug, matches in listed.items():
        if not matches:
            continue
        played = sum(m.status in COUNTED for m in matches)
        days = sorted(day for m in matches if (day := day_in_zone(m, zone)))
        when = f"{day_in_words(days[0])}, " if days else ""
        rounds.append(
            {
                "title": titles.get(slug or "", _NO_ROUND),
                "said": f"{when}{played} of {len(without_replaced(matches))} played",
                "is_open": slug == current or len(listed) == 1,
                "days": _by_day(season, matches, zone),
            }
        )
    return rounds


def _by_day(season: PublishedSeason, matches: Sequence[Match], zone: ZoneInfo) -> list[Row]:
    days: dict[str, list[Row]] = {}
    for match in matches:
        kickoff = kickoff_in_words(match, zone, season.zone)
        days.setdefault(kickoff.day, []).append(_match(season, match, kickoff))
    return [{"title": day, "matches": listed} for day, listed in days.items()]


def _match(season: PublishedSeason, match: Match, kickoff: KickoffWords) -> Row:
    has_score = match.home_score is not None
    score = f"{match.home_score}–{match.away_score}" if has_score else "–"  # noqa: RUF001
    return {
        "time": kickoff.time,
        "also": kickoff.also,
        "venue": one_line(match.venue or ""),
        "home": season.name(match.home),
        "away": season.name(match.away),
        "score": score,
        "details": _details(match, has_score=has_score),
    }


def _details(match: Match, *, has_score: bool) -> list[str]:
    """What is to be said of a result: half-time, extra time, shoot-out, and what became of it."""
    said = []
    if match.status != "ended" or not has_score:
        said.append(_NOT_PLAYED.get(match.status, match.status))
    if match.home_score_90 is not None and (
        (match.home_score_90, match.away_score_90) != (match.home_score, match.away_score)
    ):
        said.append("after extra time")
        said.append(f"90 min {match.home_score_90}–{match.away_score_90}")  # noqa: RUF001
    if match.home_penalties_score is not None:
        kicks = f"{match.home_penalties_score}–{match.away_penalties_score}"  # noqa: RUF001
        said.append(f"{kicks} on penalties")
    if match.home_score_ht is not None:
        said.append(f"half-time {match.home_score_ht}–{match.away_score_ht}")  # noqa: RUF001
    return said


def _goalscorers(season: PublishedSeason) -> list[Goalscorer]:
    return [
        Goalscorer(one_line(g.scorer), one_line(g.team), g.goals, g.penalties, g.matches)
        for g in season.goalscorers[:MOST_GOALSCORERS]
    ]


def _goalscorers_said(season: PublishedSeason) -> str:
    scored, lacks = len(season.goalscorers), season.named_goals.lacks
    if not scored:
        return lacks
    more = f"The first {MOST_GOALSCORERS} of {scored}" if scored > MOST_GOALSCORERS else str(scored)
    return f"{more} players with a goal; own goals do not count. {lacks}".strip()


def _checks_said(failing: int, checks: int) -> str:
    if not failing:
        return f"All {checks} checks of the stored data found it in order."
    return f"{failing} of {checks} checks of the stored data found something:"


def _provenance(season: PublishedSeason, zone: ZoneInfo) -> list[tuple[str, str, str | None]]:
    origin = season.provenance
    told: list[tuple[str, str, str | None]] = [
        ("Provider", f"{origin.provider}: {origin.description}".replace("`", ""), None),
        ("Licence", origin.licence.name, origin.licence.url),
    ]
    if origin.source_url:
        told.append(("This season there", one_line(origin.source_url), origin.source_url))
    if origin.read_at:
        at = moment_in_words(origin.read_at.astimezone(zone))
        ours = ", by our clock" if origin.there_at else ""
        told.append(("Read", f"{at} ({zone.key}){ours}", None))
    told.append(("Key", str(season.key), None))
    return told
