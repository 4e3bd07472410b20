"""Matches out of a cup tree, for ties of which no round lists a match. Pure.

A block of a tree names the ids of its matches and both teams, and of a single match the result,
but neither the score after ninety minutes nor that of each leg: those stay empty.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dp_pipeline.football.models import Match
from dp_pipeline.providers.fetched import Finding
from dp_pipeline.providers.sofascore.parse import TreeRound
from dp_pipeline.providers.sofascore.payload import BlockPayload, TeamOrPlacePayload
from dp_pipeline.providers.sofascore.rounds import SeasonRounds
from dp_pipeline.providers.sofascore.stages import place_of
from dp_pipeline.providers.sofascore.teams import SeasonTeams

_SCORE = re.compile(r"(\d{1,2})(?: \((\d{1,2})\))?\Z")
# The slugs of one round differ by the season: "quarterfinal" in 2022, "quarterfinals" later.
_TIES = {
    "final": 1,
    **dict.fromkeys(("semifinal", "semifinals"), 2),
    **dict.fromkeys(("quarterfinal", "quarterfinals"), 4),
    **{f"round-of-{2 * ties}": ties for ties in (8, 16, 32, 64)},
}
MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class TreeMatches:
    """The matches that only a cup tree has, their teams and names, and findings about others."""

    matches: tuple[Match, ...] = ()
    teams: tuple[TeamOrPlacePayload, ...] = ()
    subjects: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def tree_matches(
    tree: Iterable[TreeRound],
    rounds: SeasonRounds,
    listed: Sequence[Match],
    teams: SeasonTeams,
    who: str,
) -> TreeMatches:
    """The matches of the ties that the rounds leave empty.

    Args:
        tree: the rounds of the cup trees.
        rounds: of the season; a tie of none of its knockout rounds is named in a finding.
        listed: the matches that the rounds gave.
        teams: of the season, to tell a team from a place in the draw.
        who: has these cup trees, as a sentence begins.
    """
    by_id = {match.external_id: match for match in listed}
    filled = TreeMatches()
    for of_round in tree:
        slug = _slug_of(of_round, rounds, by_id)
        lost: list[str] = []
        for tie in of_round.ties:
            sides = _sides(tie, teams)
            if sides is None:
                continue
            subject = f"{sides[0].name} - {sides[1].name}, {of_round.name}"
            if slug is None or not tie.events:
                lost.append(f"{sides[0].name} - {sides[1].name}")
                continue
            filled = _with_tie(filled, _matches(tie, sides, slug, of_round, by_id), sides, subject)
        findings = of_round.findings
        if lost and not (slug is not None and any(m.round_slug == slug for m in listed)):
            names = ", ".join(lost[:MOST_NAMED]) + (", …" if len(lost) > MOST_NAMED else "")
            detail = f"{who}'s cup tree has ties of which it lists no match yet: {names}."
            findings = (*findings, Finding("tie_without_match", of_round.name, detail))
        filled = replace(filled, findings=(*filled.findings, *findings))
    return filled


def _with_tie(
    filled: TreeMatches,
    matches: Sequence[Match],
    sides: Sequence[TeamOrPlacePayload],
    subject: str,
) -> TreeMatches:
    if not matches:
        return filled
    before = {match.external_id for match in filled.matches}
    new = [match for match in matches if match.external_id not in before]
    odd = [
        Finding(
            "finished_without_result",
            subject,
            "The cup tree has it as finished and its results do not say how it ended.",
        )
        for match in new
        if match.status == "unknown"
    ]
    return TreeMatches(
        (*filled.matches, *new),
        (*filled.teams, *sides),
        {**filled.subjects, **{match.external_id: subject for match in new}},
        (*filled.findings, *odd[:1]),
    )


def _slug_of(of_round: TreeRound, rounds: SeasonRounds, by_id: Mapping[str, Match]) -> str | None:
    """The listed round that a round of the tree is: by its matches, else by its size."""
    ids = {str(number) for tie in of_round.ties for number in tie.events}
    slugs = Counter(by_id[id_].round_slug for id_ in ids if id_ in by_id)
    slugs.pop(None, None)
    if slugs:
        return slugs.most_common(1)[0][0]
    sized = [
        one.round.slug
        for one in rounds.listed
        if one.round.type == "knockout"
        and one.payload.prefix is None
        and _TIES.get((one.payload.slug or "").lower()) == of_round.type
    ]
    return sized[0] if len(sized) == 1 else None


def _sides(
    tie: BlockPayload, teams: SeasonTeams
) -> tuple[TeamOrPlacePayload, TeamOrPlacePayload] | None:
    """Both teams, the home team of the first match first; None where one is not known yet."""
    ordered = [each.team for each in sorted(tie.participants, key=lambda p: p.order or 0)]
    if len(ordered) != 2 or any(teams.is_place(team) for team in ordered):  # noqa: PLR2004
        return None
    return (ordered[0], ordered[1]) if ordered[0].id != ordered[1].id else None


def _matches(
    tie: BlockPayload,
    sides: tuple[TeamOrPlacePayload, TeamOrPlacePayload],
    slug: str,
    of_round: TreeRound,
    by_id: Mapping[str, Match],
) -> list[Match]:
    """The matches of a tie that the rounds lack."""
    ids = [str(number) for number in dict.fromkeys(tie.events)]
    home, away = (str(team.id) for team in sides)
    listed = {n: by_id[id_] for n, id_ in enumerate(ids) if id_ in by_id}
    if listed:  # legs change sides: a listed one says who is at home in the others
        place, leg = next(iter(listed.items()))
        home, away = (leg.home, leg.away) if place % 2 == 0 else (leg.away, leg.home)
    alone = len(ids) == 1 and tie.matches_in_round in (None, 1)
    result = _result(tie) if alone and tie.finished else {}
    status = "scheduled" if not tie.finished else "ended" if result else "unknown"
    stage, group = place_of(of_round.stage)
    first = Match(
        external_id=ids[0],
        round_slug=slug,
        home=home,
        away=away,
        status=status,
        stage=stage,
        group_name=group,
        kickoff_at=tie.series_start_date_timestamp,
        provider_status="finished" if tie.finished else None,
        **result,
    )
    legs = [
        replace(
            first,
            external_id=id_,
            home=(home, away)[n % 2],
            away=(away, home)[n % 2],
            kickoff_at=first.kickoff_at if n == 0 else None,
        )
        for n, id_ in enumerate(ids)
    ]
    return [leg for n, leg in enumerate(legs) if n not in listed]


def _result(tie: BlockPayload) -> dict[str, Any]:
    """The score of a single match, if it says who won and the winner is that side."""
    sides = [_SCORE.match(text or "") for text in (tie.home_team_score, tie.away_team_score)]
    if sides[0] is None or sides[1] is None or (sides[0][2] is None) != (sides[1][2] is None):
        return {}
    goals = (int(sides[0][1]), int(sides[1][1]))
    kicks = (int(sides[0][2]), int(sides[1][2])) if sides[0][2] and sides[1][2] else None
    decisive = goals if kicks is None else kicks
    ahead = [side for side, other in ((0, 1), (1, 0)) if decisive[side] > decisive[other]]
    if _winners(tie) not in ([], ahead) or not ahead or (kicks and goals[0] != goals[1]):
        return {}
    score = {"home_score": goals[0], "away_score": goals[1]}
    if kicks:
        score |= {"home_penalties_score": kicks[0], "away_penalties_score": kicks[1]}
    return score


def _winners(tie: BlockPayload) -> Collection[int]:
    ordered = sorted(tie.participants, key=lambda p: p.order or 0)
    return [side for side, each in enumerate(ordered) if each.winner]
