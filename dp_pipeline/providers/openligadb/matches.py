"""OpenLigaDB's matches as ours: status, kick-off, score, and what cannot be stored."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from dp_pipeline.football.draw_places import is_place_in_draw
from dp_pipeline.football.listed_days import Span
from dp_pipeline.football.models import Match, MatchStatus, Round
from dp_pipeline.providers.fetched import Finding
from dp_pipeline.providers.fixtures import NO_KICKOFF, by_kickoff, not_a_match, venue_of
from dp_pipeline.providers.openligadb.payload import MatchPayload
from dp_pipeline.providers.openligadb.rounds import ListedRounds
from dp_pipeline.providers.openligadb.score import SettledScore, score_of
from dp_pipeline.providers.openligadb.team_groups import (
    TeamGroups,
    groups_as_stored,
    team_groups_of,
)
from dp_pipeline.providers.openligadb.teams import last_touched
from dp_pipeline.providers.plausible import begun_and_once, on_plausible_days

_ZONE = ZoneInfo("Europe/Berlin")
"""Of the local times, which have no offset."""


@dataclass(frozen=True, slots=True)
class StorableMatches:
    """The matches of a tournament that can be stored, and findings about the others.

    `literal` are those that are read otherwise than given, as they are given; `subjects` all of
    them in a person's words. Both are by external id.
    """

    matches: tuple[Match, ...]
    groups: TeamGroups
    findings: tuple[Finding, ...]
    literal: Mapping[str, Match] = field(default_factory=dict)
    subjects: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _DatedMatch:
    """A match, when it was last updated, and as it is given where it is read otherwise."""

    match: Match
    updated: datetime
    subject: str
    findings: tuple[Finding, ...]
    literal: Match | None = None


def fixtures_of(
    payloads: Sequence[MatchPayload], rounds: ListedRounds, stored: Sequence[Match] | None = None
) -> StorableMatches:
    """Every match once per id, and once per round, home and away.

    Args:
        payloads: the readable matches; of a whole season, unless `stored` is given.
        rounds: the rounds of these matches and of the stored ones.
        stored: the stored matches, where the payloads are only some. What follows from a season
            alone, groups and legs, is then taken from them.
    """
    findings: list[Finding] = []
    real: list[MatchPayload] = []
    for payload in sorted(payloads, key=lambda p: (p.match_id, last_touched(p))):
        finding = _not_a_match(payload)
        if finding:
            findings.append(finding)
        else:
            real.append(payload)
    season = [p for p in real if rounds.of(p.group).type == "season"]
    knockout = [p for p in real if rounds.of(p.group).type == "knockout"]
    legs = {(rounds.of(p.group).slug, str(p.team1.team_id), str(p.team2.team_id)) for p in knockout}
    if stored is None:
        follows = any(round_.type == "knockout" for round_ in rounds.rounds)
        groups = team_groups_of(season, knockout_follows=follows)
    else:
        types = {round_.slug: round_.type for round_ in rounds.rounds}
        groups = groups_as_stored(
            season, [m for m in stored if types.get(m.round_slug) == "season"]
        )
        given_anew = {str(payload.match_id) for payload in payloads}
        legs |= {
            (match.round_slug or "", match.home, match.away)
            for match in stored
            if types.get(match.round_slug) == "knockout" and match.external_id not in given_anew
        }
    meetings = Counter(frozenset((home, away)) for _, home, away in legs)
    dated = [
        _dated(
            payload,
            rounds.of(payload.group),
            groups.names.get(payload.match_id),
            two_legged=meetings[_pairing(payload)] > 1,
        )
        for payload in real
    ]
    kept, duplicates = _once_each(dated, lambda one: one.match.external_id)
    kept, repeated = _once_each(
        kept, lambda one: (one.match.round_slug, one.match.home, one.match.away)
    )
    repeated += [finding for one in kept for finding in one.findings]
    order = {round_.slug: round_.order for round_ in rounds.rounds}
    kept.sort(key=lambda one: (order[one.match.round_slug or ""], *by_kickoff(one.match)))
    return StorableMatches(
        tuple(one.match for one in kept),
        groups,
        (*findings, *duplicates, *repeated, *groups.findings),
        {one.match.external_id: one.literal for one in kept if one.literal},
        {one.match.external_id: one.subject for one in kept},
    )


def plausible_fixtures(
    fixtures: StorableMatches,
    rounds: ListedRounds,
    *,
    span: Span,
    now: datetime | None,
    stored: Sequence[Match] = (),
) -> StorableMatches:
    """The matches on days of their season, without results before the kick-off and repeats.

    Args:
        fixtures: as they are given.
        rounds: theirs, and those of the stored ones.
        span: the days that the season can have.
        now: the present; None where nothing is judged by the clock.
        stored: the stored matches, where the given ones are only some.
    """
    on_days = on_plausible_days(
        fixtures.matches,
        rounds.rounds,
        fixtures.subjects,
        span=span,
        zone=_ZONE,
        now=now,
        stored=stored,
    )
    once = begun_and_once(on_days.matches, fixtures.subjects, now, stored)
    return replace(
        fixtures,
        matches=once.matches,
        findings=(*fixtures.findings, *on_days.findings, *once.findings),
        literal={**once.literal, **on_days.literal, **fixtures.literal},
    )


def status_of(payload: MatchPayload, score: SettledScore) -> MatchStatus:
    """What a match is doing: ended needs the flag and a final result.

    Both come alone at times. 4 matches of 21 March 2026 had a result before the flag, at World Cup
    2026 the flag came before the result (OpenLigaDB-Samples issue 126): either way it is not over.
    """
    if score.has_final:
        return "ended" if payload.match_is_finished else "live"
    begun = payload.match_is_finished or score.half_time or payload.goals
    return "live" if begun else "scheduled"


def _not_a_match(payload: MatchPayload) -> Finding | None:
    teams = (payload.team1, payload.team2)
    return not_a_match(
        payload.subject,
        (teams[0].team_id, teams[1].team_id),
        [team.team_name for team in teams if is_place_in_draw(team.team_name)],
        has_result=any(result.points_team1 is not None for result in payload.match_results),
    )


def _dated(
    payload: MatchPayload, round_: Round, group_name: str | None, *, two_legged: bool
) -> _DatedMatch:
    score = score_of(payload, knockout=round_.type == "knockout", two_legged=two_legged)
    findings = [*score.findings]
    if payload.match_is_finished and not score.has_final:
        detail = "It is marked as finished and has no final result yet; it counts as live."
        findings.append(Finding("finished_without_result", payload.subject, detail))
    if payload.match_date_time_utc is None:
        kind, detail = NO_KICKOFF
        findings.append(Finding(kind, payload.subject, detail))
    match = Match(
        external_id=str(payload.match_id),
        round_slug=round_.slug,
        home=str(payload.team1.team_id),
        away=str(payload.team2.team_id),
        status=status_of(payload, score),
        group_name=group_name,
        kickoff_at=payload.match_date_time_utc,
        kickoff_date=payload.match_date_time.date() if payload.match_date_time else None,
        provider_status="finished" if payload.match_is_finished else "not finished",
        venue=venue_of(payload.stadium, payload.city),
        **score.of_match(),
    )
    literal = None
    if score.given is not None:
        given = replace(score, final=score.given, after_90=score.given).of_match()
        literal = replace(match, **given)
    return _DatedMatch(match, last_touched(payload)[0], payload.subject, tuple(findings), literal)


def _once_each(
    dated: Iterable[_DatedMatch], identity: Callable[[_DatedMatch], Hashable]
) -> tuple[list[_DatedMatch], list[Finding]]:
    """Merge equal versions of one match; of contradicting ones the newest, if one is newest."""
    same: dict[Hashable, list[_DatedMatch]] = {}
    for one in dated:
        same.setdefault(identity(one), []).append(one)
    kept: list[_DatedMatch] = []
    findings: list[Finding] = []
    for versions in same.values():
        first = versions[0]
        if len(versions) == 1:
            kept.append(first)
            continue
        ids = " and ".join(sorted({t.match.external_id for t in versions}))
        if len({replace(t.match, external_id="") for t in versions}) == 1:
            kept.append(first)
            detail = f"It is given {len(versions)} times alike (id {ids}); stored once."
            findings.append(Finding("duplicate_match", first.subject, detail))
            continue
        played = [t for t in versions if t.match.status == "ended"]
        if len(played) == 1:
            # A match that was broken off may be edited after its replay.
            kept += played
            detail = f"It is given in {len(versions)} ways (id {ids}); the finished one is stored."
            findings.append(Finding("contradicting_match", first.subject, detail))
            continue
        newest = max(t.updated for t in versions)
        newest_ones = [t for t in versions if t.updated == newest]
        agree = len({replace(t.match, external_id="") for t in newest_ones}) == 1
        if agree:
            kept.append(newest_ones[0])
            detail = f"It is given in {len(versions)} ways (id {ids}); the last updated is stored."
        else:
            detail = f"It is given in {len(versions)} ways (id {ids}), none of them the newest."
        findings.append(Finding("contradicting_match", first.subject, detail, left_out=not agree))
    return kept, findings


def _pairing(payload: MatchPayload) -> frozenset[str]:
    return frozenset((str(payload.team1.team_id), str(payload.team2.team_id)))
