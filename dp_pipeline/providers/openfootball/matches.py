"""Fixtures to matches: identity, kick-off, result, and fixtures that are listed more than once.

The provider has no match ids, and dates move. A match is identified by file, round, home and away:
"2024-25/en.1/3/arsenal-eng/chelsea-eng". The round is part of it because in some leagues (Scotland)
a pairing is played twice at the same ground in one season.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, tzinfo
from typing import NamedTuple

from dp_pipeline.football.club_names import Spelling
from dp_pipeline.football.models import Match, MatchStatus, Round
from dp_pipeline.providers.fetched import Finding
from dp_pipeline.providers.fixtures import venue_of
from dp_pipeline.providers.openfootball.fixtures import Fixture
from dp_pipeline.providers.openfootball.goal_lists import goals_listed
from dp_pipeline.providers.openfootball.kickoffs import (
    PROBLEMS,
    Kickoff,
    Problem,
    day_of,
    kickoff_of,
)
from dp_pipeline.providers.openfootball.results import CONTRADICTIONS, Result, result_of
from dp_pipeline.providers.plausible import begun_and_once
from dp_pipeline.providers.score import NO_PAIR

_NO_ROUND = "-"
_EXAMPLES = 10
# Of a fixture listed more than once, the entry that tells most: a result before a new date before
# the note that the old date is off.
_TELLING: dict[MatchStatus, int] = {
    "ended": 0,
    "awarded": 0,
    "live": 1,
    "scheduled": 2,
    "interrupted": 3,
    "abandoned": 4,
    "postponed": 5,
    "unknown": 6,
    "cancelled": 7,
}
_RESULT = 0


class FileMatches(NamedTuple):
    """The matches of a file, and what is to be said about them.

    `made_of` are by external id the entries that each was made of, `literal` those that are read
    otherwise than given, as they are given.
    """

    matches: tuple[Match, ...]
    findings: tuple[Finding, ...]
    made_of: Mapping[str, Sequence[Fixture]]
    literal: Mapping[str, Match]


def matches_of(
    fixtures: Sequence[Fixture],
    *,
    file: str,
    ids: Mapping[Spelling, str],
    rounds: Mapping[str, Round],
    zone: tzinfo | None,
) -> FileMatches:
    """Every match once per external id, in the order of rounds and kick-offs, and what to report.

    Args:
        fixtures: the readable entries of the file.
        file: season and competition as in the path, "2024-25/en.1".
        ids: external id of each spelling of a team.
        rounds: by slug.
        zone: of the kick-off times, None when uncertain.
    """
    findings: list[Finding] = []
    listed: defaultdict[str, list[tuple[Match, Fixture]]] = defaultdict(list)
    problems: defaultdict[Problem, list[str]] = defaultdict(list)
    for fixture in fixtures:
        kickoff = kickoff_of(fixture.raw, fixture.day.day, zone)
        if kickoff.problem:
            problems[kickoff.problem].append(fixture.subject)
        round_ = rounds[fixture.round.slug] if fixture.round else None
        match, doubts = _match(fixture, file, ids, round_, kickoff)
        findings += [
            Finding(kind, fixture.subject, detail, left_out=kind in CONTRADICTIONS)
            for kind, detail in doubts
        ]
        listed[match.external_id].append((match, fixture))
    matches: list[Match] = []
    for entries in listed.values():
        match, finding = _one_of(
            [match for match, _ in entries], min(f.subject for _, f in entries)
        )
        matches += [match] if match else []
        findings += [finding] if finding else []
    findings += [
        _summary(problem, subjects, len(fixtures)) for problem, subjects in problems.items()
    ]
    unplaced = sorted(fixture.subject for fixture in fixtures if fixture.round is None)
    if unplaced:
        findings.append(_without_round(unplaced, len(fixtures)))
    order = {slug: round_.order for slug, round_ in rounds.items()}
    matches.sort(key=lambda match: _position(match, order))
    made_of = {id_: [fixture for _, fixture in entries] for id_, entries in listed.items()}
    subjects = {id_: min(f.subject for f in entries) for id_, entries in made_of.items()}
    once = begun_and_once(matches, subjects, None)
    literal = {
        match.external_id: given
        for match in once.matches
        if (given := _as_given(match, made_of[match.external_id], zone))
    }
    return FileMatches(once.matches, (*findings, *once.findings), made_of, literal)


def _as_given(match: Match, entries: Sequence[Fixture], zone: tzinfo | None) -> Match | None:
    """The match as its only entry has it; None where it is not read otherwise."""
    if len(entries) > 1:
        return None
    (fixture,) = entries
    result = _result(fixture)
    if fixture.day.doubt is None and result.given is None:
        return None
    kickoff = kickoff_of(fixture.raw, day_of(fixture.raw.date), zone)
    plain = result_of(fixture.raw.score, fixture.raw.status)
    final = result.given or plain.final or NO_PAIR
    return replace(
        match,
        status=plain.status,
        kickoff_at=kickoff.at,
        kickoff_date=kickoff.day,
        kickoff_local=kickoff.local,
        home_score=final[0],
        away_score=final[1],
        home_score_90=(fixture.raw.score.ft or NO_PAIR)[0],
        away_score_90=(fixture.raw.score.ft or NO_PAIR)[1],
    )


def _result(fixture: Fixture) -> Result:
    raw = fixture.raw
    if fixture.day.doubt == "not_yet":
        return Result("scheduled", given=raw.score.et or raw.score.ft)
    return result_of(raw.score, raw.status, goals_listed(raw))


def _match(
    fixture: Fixture,
    file: str,
    ids: Mapping[Spelling, str],
    round_: Round | None,
    kickoff: Kickoff,
) -> tuple[Match, tuple[tuple[str, str], ...]]:
    home, away = ids[fixture.home], ids[fixture.away]
    result = _result(fixture)
    final, after_90 = result.final or (None, None), result.after_90 or (None, None)
    half_time, penalties = result.half_time or (None, None), result.penalties or (None, None)
    group = fixture.round.group if fixture.round and round_ and round_.type == "season" else None
    match = Match(
        external_id="/".join((file, round_.slug if round_ else _NO_ROUND, home, away)),
        round_slug=round_.slug if round_ else None,
        home=home,
        away=away,
        status=result.status,
        stage=round_.stage if round_ else None,
        group_name=group,
        kickoff_at=kickoff.at,
        kickoff_date=kickoff.day,
        kickoff_local=kickoff.local,
        provider_status=fixture.raw.status,
        venue=fixture.raw.ground or venue_of(fixture.raw.stadium, fixture.raw.city),
        home_score=final[0],
        away_score=final[1],
        home_score_90=after_90[0],
        away_score_90=after_90[1],
        home_score_ht=half_time[0],
        away_score_ht=half_time[1],
        home_penalties_score=penalties[0],
        away_penalties_score=penalties[1],
    )
    return match, result.findings


def _one_of(listed: list[Match], subject: str) -> tuple[Match | None, Finding | None]:
    """The one match that entries of equal identity come to, None when two results contradict."""
    if len(listed) == 1:
        return listed[0], None
    most = min(_TELLING[match.status] for match in listed)
    telling = [match for match in listed if _TELLING[match.status] == most]
    results = {(match.home_score, match.away_score) for match in telling}
    data = {"dates": sorted({str(m.kickoff_date) for m in listed if m.kickoff_date})}
    if most == _RESULT and len(results) > 1:
        shown = " and ".join(sorted(f"{home}:{away}" for home, away in results))
        detail = f"The file has the fixture {len(listed)} times, with the results {shown}."
        return None, Finding("contradicting_fixture", subject, detail, left_out=True, data=data)
    match = _agreed(telling)
    detail = f"The file has the fixture {len(listed)} times"
    if len(set(listed)) == 1:
        detail += ", equal each time; it is kept once."
    else:
        detail += f"; the one that is {match.status} is kept, without what its entries disagree on."
    return match, Finding("duplicate_fixture", subject, detail, data=data)


def _agreed(listed: list[Match]) -> Match:
    """One match with what all entries that say something agree on."""
    first = min(listed, key=_stable)
    status = "awarded" if any(match.status == "awarded" for match in listed) else first.status

    def pair(name: str) -> dict[str, int | None]:
        home, away = f"home_{name}", f"away_{name}"
        pairs = {(getattr(m, home), getattr(m, away)) for m in listed} - {(None, None)}
        agreed = pairs.pop() if len(pairs) == 1 else (None, None)
        return {home: agreed[0], away: agreed[1]}

    ats = {m.kickoff_at for m in listed if m.kickoff_at}
    locals_ = {m.kickoff_local for m in listed if m.kickoff_local}
    days = {m.kickoff_date for m in listed if m.kickoff_date}
    return replace(
        first,
        status=status,
        kickoff_at=ats.pop() if len(ats) == 1 and len(days) == 1 else None,
        kickoff_local=locals_.pop() if len(locals_) == 1 and len(days) == 1 else None,
        kickoff_date=days.pop() if len(days) == 1 else None,
        **pair("score"),
        **pair("score_90"),
        **pair("score_ht"),
        **pair("penalties_score"),
    )


def _stable(match: Match) -> tuple[str, ...]:
    """Any order that does not depend on the order in the file."""
    return tuple(str(getattr(match, name)) for name in Match.__slots__)


def _position(match: Match, order: Mapping[str, int]) -> tuple[int, date, str, str]:
    place = order.get(match.round_slug, 0) if match.round_slug else len(order) + 1
    day = match.kickoff_date or date.max
    at = match.kickoff_at.isoformat() if match.kickoff_at else ""
    return (place, day, at, match.external_id)


def _summary(problem: Problem, subjects: list[str], total: int) -> Finding:
    return Finding(
        f"kickoff_{problem}",
        f"{len(subjects)} of {total} matches",
        f"Kick-off: {PROBLEMS[problem]}.",
        data={"examples": sorted(subjects)[:_EXAMPLES]},
    )


def _without_round(subjects: list[str], total: int) -> Finding:
    return Finding(
        "match_without_round",
        f"{len(subjects)} of {total} matches",
        "The file names neither round nor stage; the matches count in no table.",
        data={"examples": subjects[:_EXAMPLES]},
    )
