"""Which group of a group stage a match belongs to, where OpenLigaDB says so or the fixtures do."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dp_pipeline.football.models import Match
from dp_pipeline.providers.fetched import Finding
from dp_pipeline.providers.openligadb.payload import MatchPayload
from dp_pipeline.providers.openligadb.rounds import is_group_stage, team_group

SMALLEST_GROUP = 3


@dataclass(frozen=True, slots=True)
class TeamGroups:
    """Group names by match id; `unknown` says there are groups, but not which."""

    names: Mapping[int, str | None]
    unknown: bool = False
    findings: tuple[Finding, ...] = ()


def team_groups_of(matches: Sequence[MatchPayload], *, knockout_follows: bool) -> TeamGroups:
    """The groups of the matches of season rounds.

    Stated names win. Without them a group stage that is one round for all groups (Euro 2020: one
    "Gruppenphase" of 36 matches) still shows its groups: teams that meet, all of them and nobody
    else, are a group. Its letter is not in the data and is not made up: the group is named by its
    teams. Fixtures that are not complete show nothing; then the groups are unknown.
    """
    stated = {match.match_id: team_group(match) for match in matches}
    if any(stated.values()):
        findings = tuple(
            Finding("match_without_group", match.subject, "The others have one; it is in no table.")
            for match in matches
            if stated[match.match_id] is None
        )
        return TeamGroups(stated, findings=findings)
    components = _components((m.team1.team_id, m.team2.team_id) for m in matches)
    group_stage = knockout_follows or any(is_group_stage(m.group.group_name) for m in matches)
    if len(components) <= 1 or not group_stage:
        return TeamGroups({})
    if not all(_is_round_robin(teams, matches) for teams in components):
        return TeamGroups({}, unknown=True)
    team_names = {
        team.team_id: team.team_name
        for match in sorted(matches, key=lambda m: m.match_id)
        for team in (match.team1, match.team2)
    }
    named = {
        team_id: " / ".join(sorted(team_names[member] for member in members))
        for members in components
        for team_id in members
    }
    detail = (
        f"The {len(components)} groups follow from who plays whom; their letters are not given, "
        "so each is named by its teams."
    )
    finding = Finding("groups_from_fixtures", "Group stage", detail)
    return TeamGroups({m.match_id: named[m.team1.team_id] for m in matches}, findings=(finding,))


def groups_as_stored(matches: Iterable[MatchPayload], stored: Sequence[Match]) -> TeamGroups:
    """The groups of some matches of season rounds, as the stored ones of such rounds have them.

    A stored match keeps its group. A new one has the group it states; or the one that both of its
    teams are in, unless a stored one has none: then only those that state it have one.
    """
    names = {match.external_id: match.group_name for match in stored}
    groups: dict[str, set[str | None]] = {}
    for match in stored if all(names.values()) else ():
        for team in (match.home, match.away):
            groups.setdefault(team, set()).add(match.group_name)

    def of_teams(match: MatchPayload) -> str | None:
        home, away = (groups.get(str(team.team_id), set()) for team in (match.team1, match.team2))
        return next(iter(home)) if len(home) == 1 and home == away else None

    return TeamGroups(
        {
            match.match_id: names[str(match.match_id)]
            if str(match.match_id) in names
            else team_group(match) or of_teams(match)
            for match in matches
        }
    )


def groups_of_stored(
    matches: Sequence[Match], labels: Iterable[str], *, knockout_follows: bool
) -> TeamGroups:
    """The groups of a tournament by all its stored matches of season rounds, and their labels."""
    names = {int(match.external_id): match.group_name for match in matches}
    if any(names.values()):
        return TeamGroups(names)
    group_stage = knockout_follows or any(is_group_stage(label) for label in labels)
    components = _components((int(match.home), int(match.away)) for match in matches)
    return TeamGroups({}, unknown=group_stage and len(components) > 1)


def _components(pairs: Iterable[tuple[int, int]]) -> list[frozenset[int]]:
    """Sets of teams that are linked by matches."""
    component: dict[int, set[int]] = {}
    for home, away in pairs:
        joined = component.get(home, {home}) | component.get(away, {away})
        for team in joined:
            component[team] = joined
    return sorted({frozenset(teams) for teams in component.values()}, key=min)


def _is_round_robin(teams: frozenset[int], matches: Iterable[MatchPayload]) -> bool:
    """Whether every two of the teams meet once, or every two of them twice."""
    meetings: dict[frozenset[int], int] = {}
    for match in matches:
        pair = frozenset((match.team1.team_id, match.team2.team_id))
        if pair <= teams:
            meetings[pair] = meetings.get(pair, 0) + 1
    pairs = len(teams) * (len(teams) - 1) // 2
    return (
        len(teams) >= SMALLEST_GROUP
        and len(meetings) == pairs
        and set(meetings.values()) in ({1}, {2})
    )
