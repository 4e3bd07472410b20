"""Which spellings of a file are one team, and what that team is called.

Spellings with equal identifying words are one team, unless the file shows them to be two: they
meet, or both play in one round against others.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from dp_pipeline.football.models import Team
from dp_pipeline.providers.fetched import Finding
from dp_pipeline.providers.openfootball.fixtures import Fixture
from dp_pipeline.providers.openfootball.names import Spelling

# A typing error in one round of 46 must not give the club a new identity for the whole season:
# among spellings that clash, one that is this many times more frequent than any other keeps the id.
_CLEAR_MAJORITY = 4

_Identity = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class SpelledTeams:
    """The teams of a file, and the external id of each spelling."""

    items: tuple[Team, ...]
    ids: dict[Spelling, str]
    issues: tuple[Finding, ...]


def teams_of(fixtures: Sequence[Fixture], *, scope: str | None) -> SpelledTeams:
    """Tell the teams of a file apart. External ids are "arsenal-eng", equal in every file.

    `scope` ends the id of a team of no known country; None leaves it away.
    """
    seen: defaultdict[_Identity, Counter[Spelling]] = defaultdict(Counter)
    for fixture in fixtures:
        for spelling in (fixture.home, fixture.away):
            seen[_identity(spelling)][spelling] += 1
    clashing = _clashing(fixtures)
    members: dict[str, Counter[Spelling]] = {}
    issues: list[Finding] = []
    for identity in sorted(seen, key=lambda i: (i[0], i[1] or "")):
        ending = (identity[1] or scope or "").lower()
        for words, spellings in _told_apart(seen[identity], clashes=identity in clashing):
            members[_free(f"{words}-{ending}" if ending else words, members)] = spellings
        if identity in clashing:
            issues.append(_similar(seen[identity]))
    ids = {spelling: team for team, spellings in members.items() for spelling in spellings}
    items = tuple(
        Team(external_id, _display(members[external_id]), country=_country(members[external_id]))
        for external_id in sorted(members)
    )
    issues += [
        _merged(team.name, members[team.external_id])
        for team in items
        if len({spelling.name for spelling in members[team.external_id]}) > 1
    ]
    return SpelledTeams(items, ids, tuple(issues))


def _identity(spelling: Spelling) -> _Identity:
    return spelling.core, spelling.country


def _clashing(fixtures: Sequence[Fixture]) -> frozenset[_Identity]:
    """The identities behind which the file shows two teams."""
    clashing: set[_Identity] = set()
    in_round: defaultdict[tuple[str, _Identity], set[tuple[str, tuple[_Identity, _Identity]]]]
    in_round = defaultdict(set)
    for fixture in fixtures:
        pair = (_identity(fixture.home), _identity(fixture.away))
        if pair[0] == pair[1]:
            clashing.add(pair[0])
        if fixture.round:
            for identity, spelling in zip(pair, (fixture.home, fixture.away), strict=True):
                in_round[fixture.round.slug, identity].add((spelling.full, pair))
    for (_, identity), played in in_round.items():
        # the same pairing twice is one fixture listed twice, not two teams
        if len({full for full, _ in played}) > 1 and len({pair for _, pair in played}) > 1:
            clashing.add(identity)
    return frozenset(clashing)


def _told_apart(
    spellings: Counter[Spelling], *, clashes: bool
) -> list[tuple[str, Counter[Spelling]]]:
    """The teams behind spellings of one identity, most frequent first, each with its id's words."""
    core = next(iter(spellings)).core
    if not clashes:
        return [(core, spellings)]
    by_full: defaultdict[str, Counter[Spelling]] = defaultdict(Counter)
    for spelling, count in spellings.items():
        by_full[spelling.full][spelling] += count
    first, *others = sorted(by_full.items(), key=lambda item: (-item[1].total(), item[0]))
    if first[1].total() >= _CLEAR_MAJORITY * others[0][1].total():
        first = (core, first[1])
    return [first, *others]


def _free(wanted: str, taken: Collection[str]) -> str:
    """`wanted`, or with a number when another team of the file has it already."""
    number, external_id = 1, wanted
    while external_id in taken:
        number += 1
        external_id = f"{wanted}-{number}"
    return external_id


def _display(spellings: Counter[Spelling]) -> str:
    """The most frequent name; of equally frequent ones the fullest."""
    names: Counter[str] = Counter()
    for spelling, count in spellings.items():
        names[spelling.name] += count
    return min(names, key=lambda name: (-names[name], -len(name), name))


def _country(spellings: Counter[Spelling]) -> str | None:
    return next(iter(spellings)).country


def _merged(name: str, spellings: Counter[Spelling]) -> Finding:
    counts = {s.name: n for s, n in sorted(spellings.items())}
    others = ", ".join(f"{other!r} ({n})" for other, n in counts.items() if other != name)
    detail = f"The file also writes {others}; the spellings never meet and are taken as one team."
    return Finding("merged_team_name", name, detail, data={"spellings": counts})


def _similar(spellings: Counter[Spelling]) -> Finding:
    names = sorted({spelling.name for spelling in spellings})
    detail = "The names differ in little, but meet or play in the same round: they stay apart."
    return Finding("similar_team_names", " / ".join(names), detail)
