"""Matches without what cannot be: days of no season, results before the kick-off, repeats. Pure.

What is put right or left empty is kept as the provider gives it, too: where that is what is stored,
no settled fact is contradicted, only our reading of it is another.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo

from dp_pipeline.football.days import DayReading, Doubt, read_days
from dp_pipeline.football.listed_days import ListedDay, Span
from dp_pipeline.football.models import Match, Round
from dp_pipeline.football.plausibility import (
    PLAYED_STATUSES,
    as_scheduled,
    has_not_begun,
    left_behind,
    listed_twice,
    with_result_of,
    without_goals,
    without_score,
)
from dp_pipeline.providers.fetched import Finding

_DOUBTS: dict[Doubt, str] = {
    "year_put_right": "of the years only that of {taken} goes with the season and rounds around",
    "day_put_right": "day and month have changed places: the rounds around leave {taken}",
    "date_outside_season": "no day of the season, and none other is certain; there is no day",
    "swapped_day": "day and month may have changed places, or the match was moved; there is no day",
    "placeholder_day": "a team has three matches or more that day, so it stands for none",
    "in_future": "it has a result and its round is over, but the day is to come; there is no day",
    "not_yet": "that day is still to come, so the result cannot be; it is not kept",
}


@dataclass(frozen=True, slots=True)
class PlausibleMatches:
    """Matches as they can be, findings about the others, and those as they are given."""

    matches: tuple[Match, ...]
    findings: tuple[Finding, ...]
    literal: Mapping[str, Match]


def doubt_of(given: str | None, reading: DayReading, subject: str) -> Finding | None:
    """What was wrong with the day that is given, if anything."""
    if reading.doubt is None:
        return None
    taken = str(reading.day) if reading.day else None
    detail = f"Given as {given}: {_DOUBTS[reading.doubt].format(taken=taken)}."
    data = {"given": given, "taken": taken}
    return Finding(f"kickoff_{reading.doubt}", subject, detail, data=data)


def on_plausible_days(  # noqa: PLR0913 - the season, and what its days are read against
    matches: Sequence[Match],
    rounds: Iterable[Round],
    subjects: Mapping[str, str],
    *,
    span: Span,
    zone: tzinfo,
    now: datetime | None,
    stored: Sequence[Match] = (),
) -> PlausibleMatches:
    """The matches on the days that the rounds around them leave.

    Args:
        matches: as they are given.
        rounds: theirs, and those of the stored ones.
        subjects: the matches in a person's words, by external id.
        span: the days that the season can have.
        zone: of the provider's days.
        now: the present at the provider; None where nothing is judged by the clock.
        stored: the stored matches, where the given ones are only some.
    """
    places = {round_.slug: round_ for round_ in rounds}
    others = _others(matches, stored)

    def listed(match: Match) -> ListedDay:
        round_ = places.get(match.round_slug or "")
        return ListedDay(
            _day_of(match, zone),
            series=(match.stage, round_.type) if round_ else None,
            # people number matchdays in order, and the rounds of a cup at will
            place=round_.order if round_ and round_.type == "season" else None,
            decided=match.status in PLAYED_STATUSES,
            sides=(match.home, match.away),
        )

    today = now.astimezone(zone).date() if now else None
    readings = read_days([listed(match) for match in (*matches, *others)], span, today)
    judged: list[Match] = []
    findings: list[Finding] = []
    for match, reading in zip(matches, readings, strict=False):
        day = _day_of(match, zone)
        doubt = doubt_of(str(day), reading, subjects[match.external_id])
        findings += [doubt] if doubt else []
        moved = match if reading.day == day else _moved(match, day, reading.day, zone)
        judged.append(as_scheduled(moved) if reading.doubt == "not_yet" else moved)
    literal = {was.external_id: was for was, is_ in zip(matches, judged, strict=True) if was != is_}
    return PlausibleMatches(tuple(judged), tuple(findings), literal)


def begun_and_once(
    matches: Sequence[Match],
    subjects: Mapping[str, str],
    now: datetime | None,
    stored: Sequence[Match] = (),
) -> PlausibleMatches:
    """The matches without results before their kick-off, and without those that are listed again.

    Args:
        matches: of a tournament.
        subjects: the matches in a person's words, by external id.
        now: the present at the provider; None where nothing is judged by the clock.
        stored: the stored matches, where the given ones are only some.
    """
    findings: list[Finding] = []
    literal: dict[str, Match] = {}
    judged: list[Match] = []
    before = {match.external_id for match in stored}
    every = [*matches, *_others(matches, stored)]
    again, goalless = listed_twice(every, before), without_goals(every)
    if now is not None:
        again = {**left_behind(every, now), **again}
    entries = {kept.external_id: one for one in matches if (kept := again.get(one.external_id))}
    for listed in matches:
        match = with_result_of(listed, entries.get(listed.external_id, listed))
        subject = subjects[match.external_id]
        if match.external_id in again:
            kept = again[match.external_id]
            detail = (
                f"The same match is listed in round {kept.round_slug} as {kept.external_id}, too; "
                "it is kept once, as it was played, or in the round that is played around that day."
            )
            findings.append(Finding("duplicate_fixture", subject, detail))
        elif match.external_id in goalless:
            detail = (
                "It and all others of its round that ended are given as 0:0, which is what forms "
                "begin with; the score is left empty."
            )
            findings.append(Finding("goalless_round", subject, detail, left_out=True))
            literal[match.external_id] = match
            judged.append(without_score(match))
        elif now is not None and has_not_begun(match, now):
            detail = (
                f"It is given as {match.status} and its kick-off is at "
                f"{match.kickoff_at:%Y-%m-%d %H:%M} UTC; until then it is scheduled."
            )
            findings.append(Finding("result_before_kickoff", subject, detail))
            literal[match.external_id] = match
            judged.append(as_scheduled(match))
        else:
            judged.append(match)
    return PlausibleMatches(tuple(judged), tuple(findings), literal)


def _others(matches: Sequence[Match], stored: Sequence[Match]) -> list[Match]:
    given = {match.external_id for match in matches}
    return [match for match in stored if match.external_id not in given]


def _day_of(match: Match, zone: tzinfo) -> date | None:
    at = match.kickoff_at
    return match.kickoff_date or (at.astimezone(zone).date() if at else None)


def _moved(match: Match, day: date | None, to: date | None, zone: tzinfo) -> Match:
    """The match on another day, at the same time of the clock there."""
    at = match.kickoff_at
    if to is None or day is None:
        return replace(match, kickoff_at=None, kickoff_date=None, kickoff_local=None)
    if at is not None:
        local = at.astimezone(zone)
        beside: timedelta = local.date() - day
        at = datetime.combine(to + beside, local.time(), zone).astimezone(UTC)
    return replace(match, kickoff_at=at, kickoff_date=to if match.kickoff_date else None)
