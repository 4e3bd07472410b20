"""OpenLigaDB's matches as ours: status, kick-off, score, and what cannot be stored."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from dp_pipeline.football.models import Match, MatchStatus, Round
from dp_pipeline.providers.fetched import Finding
from dp_pipeline.providers.openligadb.payload import LocationPayload, MatchPayload
from dp_pipeline.providers.openligadb.rounds import ListedRounds
from dp_pipeline.providers.openligadb.score import CertainScore, Pair, score_of
from dp_pipeline.providers.openligadb.team_groups import (
    TeamGroups,
    groups_as_known,
    team_groups_of,
)
from dp_pipeline.providers.openligadb.teams import is_placeholder, last_touched


@dataclass(frozen=True, slots=True)
class StorableMatches:
    """The matches of a tournament that can be stored, and what is to be said about the rest."""

    matches: tuple[Match, ...]
    groups: TeamGroups
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _DatedMatch:
    """A match and when it was last updated."""

    match: Match
    updated: datetime
    subject: str
    remarks: tuple[Finding, ...]


def fixtures_of(
    payloads: Sequence[MatchPayload], rounds: ListedRounds, known: Sequence[Match] | None = None
) -> StorableMatches:
    """Every match once per id, and once per round, home and away.

    Args:
        payloads: the readable matches; of a whole season, unless `known` is given.
        rounds: the rounds of these matches and of the known ones.
        known: the stored matches, where the payloads are only some. What follows from a season
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
    if known is None:
        follows = any(round_.type == "knockout" for round_ in rounds.rounds)
        groups = team_groups_of(season, knockout_follows=follows)
    else:
        types = {round_.slug: round_.type for round_ in rounds.rounds}
        groups = groups_as_known(season, [m for m in known if types.get(m.round_slug) == "season"])
        told_anew = {str(payload.match_id) for payload in payloads}
        legs |= {
            (match.round_slug or "", match.home, match.away)
            for match in known
            if types.get(match.round_slug) == "knockout" and match.external_id not in told_anew
        }
    meetings = Counter(frozenset((home, away)) for _, home, away in legs)
    told = [
        _told(
            payload,
            rounds.of(payload.group),
            groups.names.get(payload.match_id),
            two_legged=meetings[_pairing(payload)] > 1,
        )
        for payload in real
    ]
    kept, duplicates = _once_each(told, lambda t: t.match.external_id)
    kept, repeated = _once_each(kept, lambda t: (t.match.round_slug, t.match.home, t.match.away))
    findings += duplicates + repeated
    for one in kept:
        findings += one.remarks
    order = {round_.slug: round_.order for round_ in rounds.rounds}
    found = sorted((t.match for t in kept), key=lambda m: (order[m.round_slug or ""], *_when(m)))
    return StorableMatches(tuple(found), groups, (*findings, *groups.findings))


def status_of(payload: MatchPayload, score: CertainScore) -> MatchStatus:
    """What a match is doing: ended needs the flag and a final result.

    Both come alone at times. 4 matches of 21 March 2026 had a result before the flag, at World Cup
    2026 the flag came before the result (OpenLigaDB-Samples issue 126): either way it is not over.
    """
    if score.has_final:
        return "ended" if payload.match_is_finished else "live"
    begun = payload.match_is_finished or score.half_time or payload.goals
    return "live" if begun else "scheduled"


def _not_a_match(payload: MatchPayload) -> Finding | None:
    if payload.team1.team_id == payload.team2.team_id:
        detail = "A team cannot play itself."
        return Finding("team_against_itself", payload.subject, detail, left_out=True)
    slots = [t.team_name for t in (payload.team1, payload.team2) if is_placeholder(t.team_name)]
    if not slots:
        return None
    # Before the draw nothing is lost by waiting; a result of nobody is something that is lost.
    has_result = any(r.points_team1 is not None for r in payload.match_results)
    return Finding(
        "placeholder_team",
        payload.subject,
        f"{' and '.join(slots)} is a place in the draw, not a team; the match waits for it.",
        left_out=has_result,
    )


def _told(
    payload: MatchPayload, round_: Round, group_name: str | None, *, two_legged: bool
) -> _DatedMatch:
    score = score_of(payload, knockout=round_.type == "knockout", two_legged=two_legged)
    status = status_of(payload, score)
    findings = [Finding(r.kind, payload.subject, r.detail) for r in score.remarks]
    if payload.match_is_finished and not score.has_final:
        detail = "It is marked as finished and has no final result yet; it counts as live."
        findings.append(Finding("finished_without_result", payload.subject, detail))
    if payload.match_date_time_utc is None:
        detail = "The time of its kick-off is missing or impossible."
        findings.append(Finding("no_kickoff", payload.subject, detail))
    final, after_90 = _sides(score.final), _sides(score.after_90)
    half_time, shoot_out = _sides(score.half_time), _sides(score.shoot_out)
    match = Match(
        external_id=str(payload.match_id),
        round_slug=round_.slug,
        home=str(payload.team1.team_id),
        away=str(payload.team2.team_id),
        status=status,
        group_name=group_name,
        kickoff_at=payload.match_date_time_utc,
        kickoff_date=payload.match_date_time.date() if payload.match_date_time else None,
        provider_status="finished" if payload.match_is_finished else "not finished",
        home_score=final[0],
        away_score=final[1],
        home_score_90=after_90[0],
        away_score_90=after_90[1],
        home_score_ht=half_time[0],
        away_score_ht=half_time[1],
        home_penalties_score=shoot_out[0],
        away_penalties_score=shoot_out[1],
        venue=_venue(payload.location),
    )
    return _DatedMatch(match, last_touched(payload)[0], payload.subject, tuple(findings))


def _once_each(
    told: Iterable[_DatedMatch], identity: Callable[[_DatedMatch], Hashable]
) -> tuple[list[_DatedMatch], list[Finding]]:
    """Merge equal tellings of one match; of contradicting ones the newest, if one is newest."""
    same: dict[Hashable, list[_DatedMatch]] = {}
    for one in told:
        same.setdefault(identity(one), []).append(one)
    kept: list[_DatedMatch] = []
    findings: list[Finding] = []
    for tellings in same.values():
        first = tellings[0]
        if len(tellings) == 1:
            kept.append(first)
            continue
        ids = " and ".join(sorted({t.match.external_id for t in tellings}))
        if len({replace(t.match, external_id="") for t in tellings}) == 1:
            kept.append(first)
            detail = f"It is given {len(tellings)} times alike (id {ids}); stored once."
            findings.append(Finding("duplicate_match", first.subject, detail))
            continue
        newest = max(t.updated for t in tellings)
        newest_ones = [t for t in tellings if t.updated == newest]
        agree = len({replace(t.match, external_id="") for t in newest_ones}) == 1
        if agree:
            kept.append(newest_ones[0])
            detail = f"It is given in {len(tellings)} ways (id {ids}); the last updated is stored."
        else:
            detail = f"It is given in {len(tellings)} ways (id {ids}), none of them the newest."
        findings.append(Finding("contradicting_match", first.subject, detail, left_out=not agree))
    return kept, findings


def _pairing(payload: MatchPayload) -> frozenset[str]:
    return frozenset((str(payload.team1.team_id), str(payload.team2.team_id)))


def _when(match: Match) -> tuple[bool, float, int]:
    at = match.kickoff_at
    return (at is None, at.timestamp() if at else 0.0, int(match.external_id))


def _sides(pair: Pair | None) -> tuple[int | None, int | None]:
    return pair or (None, None)


def _venue(location: LocationPayload | None) -> str | None:
    if location is None:
        return None
    return ", ".join(p for p in (location.location_stadium, location.location_city) if p) or None
