"""Which names of a file are one team, and what that team is called.

Spellings with equal identifying words are one team, unless the file shows them to be two: they
meet, or both play in one round against others. Which club a name is, `identity` knows.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from dp_pipeline.football.club_names import Meeting, Spelling
from dp_pipeline.football.models import Team, TeamAlias
from dp_pipeline.providers.contract import StoredTeams
from dp_pipeline.providers.fetched import Finding
from dp_pipeline.providers.openfootball.fixtures import Fixture
from dp_pipeline.providers.openfootball.identity import Written, identify, name_of, similar

# A typing error in one round of 46 must not give the club a new identity for the whole season:
# among spellings that clash, one that is this many times more frequent than any other keeps the id.
_CLEAR_MAJORITY = 4


@dataclass(frozen=True, slots=True)
class SpelledTeams:
    """The teams of a file, the external id of each spelling, and the names that are no ids."""

    items: tuple[Team, ...]
    ids: dict[Spelling, str]
    findings: tuple[Finding, ...]
    aliases: tuple[TeamAlias, ...] = ()


def teams_of(
    fixtures: Sequence[Fixture],
    *,
    scope: str | None,
    year: int,
    stored: StoredTeams,
    renamed: Mapping[str, str] | None = None,
) -> SpelledTeams:
    """Tell the teams of a file apart. External ids are "arsenal-eng", equal in every file.

    Args:
        fixtures: the readable entries of the file.
        scope: ends the id of a team of no known country; None leaves it away.
        year: in which the season begins.
        stored: by what teams are recognised.
        renamed: external ids that are stored under another one, each with that one.
    """
    written, findings = _told_apart(fixtures, scope)
    keys = {spelling: key for key, each in written.items() for spelling in each}
    clubs = identify(written, _meetings(fixtures, keys), year=year, stored=stored)
    clubs = clubs.under_stored_names(renamed or {})
    ids = {spelling: clubs.ids[key] for spelling, key in keys.items()}
    members = _grouped(fixtures, ids)
    items = tuple(
        Team(id_, name_of(members[id_]), country=max(s.country or "" for s in members[id_]) or None)
        for id_ in sorted(members)
    )
    for team in items:
        findings += clubs.findings(team, written, stored)
    return SpelledTeams(items, ids, (*findings, *clubs.similar), tuple(clubs.aliases(written)))


def _told_apart(fixtures: Sequence[Fixture], scope: str | None) -> tuple[Written, list[Finding]]:
    """The spellings by their identifying words; where these are of two teams, by all words."""
    by_core = {
        spelling: spelling.key(scope)
        for fixture in fixtures
        for spelling in (fixture.home, fixture.away)
    }
    seen = _grouped(fixtures, by_core)
    clashing = _clashing(fixtures, by_core)
    written: Written = {}
    findings: list[Finding] = []
    for key in sorted(seen):
        if key not in clashing:
            written[_free(key, written)] = seen[key]
            continue
        for own, spellings in _clashing_teams(key, seen[key]):
            written[_free(own, written)] = spellings
        findings.append(similar(seen[key]))
    return written, findings


def _clashing(fixtures: Sequence[Fixture], keys: Mapping[Spelling, str]) -> frozenset[str]:
    """The keys behind which the file shows two teams."""
    clashing: set[str] = set()
    in_round: defaultdict[tuple[str, str], set[tuple[str, tuple[str, str]]]] = defaultdict(set)
    for fixture in fixtures:
        pair = (keys[fixture.home], keys[fixture.away])
        if pair[0] == pair[1]:
            clashing.add(pair[0])
        if matchday := _matchday(fixture):
            for key, spelling in zip(pair, (fixture.home, fixture.away), strict=True):
                in_round[matchday, key].add((spelling.full, pair))
    for (_, key), played in in_round.items():
        # the same pairing twice is one fixture listed twice, not two teams
        if len({full for full, _ in played}) > 1 and len({pair for _, pair in played}) > 1:
            clashing.add(key)
    return frozenset(clashing)


def _clashing_teams(key: str, spellings: Counter[Spelling]) -> list[tuple[str, Counter[Spelling]]]:
    """The teams behind spellings of one key, most frequent first, each with a key of its own."""
    ending = key.removeprefix(next(iter(spellings)).core)
    by_full: defaultdict[str, Counter[Spelling]] = defaultdict(Counter)
    for spelling, count in spellings.items():
        by_full[spelling.full][spelling] += count
    first, *others = sorted(by_full.items(), key=lambda item: (-item[1].total(), item[0]))
    keyed = [(f"{full}{ending}", each) for full, each in (first, *others)]
    if others and first[1].total() >= _CLEAR_MAJORITY * others[0][1].total():
        keyed[0] = (key, first[1])
    return keyed


def _matchday(fixture: Fixture) -> str | None:
    """The round in which a team plays once; a group that names none of its matchdays is none."""
    return fixture.round.slug if fixture.round and fixture.round.place is not None else None


def _meetings(fixtures: Sequence[Fixture], keys: Mapping[Spelling, str]) -> list[Meeting[str]]:
    return [
        Meeting(
            keys[fixture.home],
            keys[fixture.away],
            _matchday(fixture),
            str(fixture.day.day) if fixture.day.day else None,
        )
        for fixture in fixtures
    ]


def _grouped(fixtures: Sequence[Fixture], keys: Mapping[Spelling, str]) -> Written:
    spellings: defaultdict[str, Counter[Spelling]] = defaultdict(Counter)
    for fixture in fixtures:
        for spelling in (fixture.home, fixture.away):
            spellings[keys[spelling]][spelling] += 1
    return dict(spellings)


def _free(wanted: str, taken: Collection[str]) -> str:
    """`wanted`, or with a number when another team of the file has it already."""
    number, external_id = 1, wanted
    while external_id in taken:
        number += 1
        external_id = f"{wanted}-{number}"
    return external_id
