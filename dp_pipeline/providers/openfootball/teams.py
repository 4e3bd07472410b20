"""Which names of a file are one team, and what that team is called.

Spellings with equal identifying words are one team, and so are names that an alias or the fixture
list shows to be one; unless the file shows them to be two: they meet, or both play in one round
against others. Nothing is taken as one silently: each time is a finding.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from dp_pipeline.football.club_aliases import ClubAlias, packaged
from dp_pipeline.football.club_names import Meeting, Spelling, meet_or_coincide, short_names
from dp_pipeline.football.models import Team
from dp_pipeline.providers.fetched import Finding
from dp_pipeline.providers.openfootball.fixtures import Fixture

# A typing error in one round of 46 must not give the club a new identity for the whole season:
# among spellings that clash, one that is this many times more frequent than any other keeps the id.
_CLEAR_MAJORITY = 4

_Written = dict[str, Counter[Spelling]]
"""Spellings and how often they are written, by the key of the club that they stand for."""


@dataclass(frozen=True, slots=True)
class SpelledTeams:
    """The teams of a file, and the external id of each spelling."""

    items: tuple[Team, ...]
    ids: dict[Spelling, str]
    findings: tuple[Finding, ...]


def teams_of(fixtures: Sequence[Fixture], *, scope: str | None, year: int) -> SpelledTeams:
    """Tell the teams of a file apart. External ids are "arsenal-eng", equal in every file.

    Args:
        fixtures: the readable entries of the file.
        scope: ends the id of a team of no known country; None leaves it away.
        year: in which the season begins.
    """
    written, findings = _told_apart(fixtures, scope)
    by_spelling = {spelling: key for key, each in written.items() for spelling in each}
    meetings = _meetings(fixtures, by_spelling)
    aliases = {key: entry for key in written if (entry := packaged().find(key, year))}
    clubs, contradicted = _by_alias(written, aliases, meetings)
    findings += contradicted
    by_spelling = {spelling: clubs.get(key, key) for spelling, key in by_spelling.items()}
    shorts = short_names(_grouped(fixtures, by_spelling), _meetings(fixtures, by_spelling))
    ids = {spelling: shorts.get(key, key) for spelling, key in by_spelling.items()}
    members = _grouped(fixtures, ids)
    items = tuple(
        Team(id_, _display(members[id_]), country=next(iter(members[id_])).country)
        for id_ in sorted(members)
    )
    known = [entry for key, entry in aliases.items() if key in clubs]
    for team in items:
        findings += _taken_as_one(team, members[team.external_id], known)
    return SpelledTeams(items, ids, tuple(findings))


def _told_apart(fixtures: Sequence[Fixture], scope: str | None) -> tuple[_Written, list[Finding]]:
    """The spellings by their identifying words; where these are of two teams, by all words."""
    by_core = {
        spelling: spelling.key(scope)
        for fixture in fixtures
        for spelling in (fixture.home, fixture.away)
    }
    seen = _grouped(fixtures, by_core)
    clashing = _clashing(fixtures, by_core)
    written: _Written = {}
    findings: list[Finding] = []
    for key in sorted(seen):
        if key not in clashing:
            written[_free(key, written)] = seen[key]
            continue
        for own, spellings in _clashing_teams(key, seen[key]):
            written[_free(own, written)] = spellings
        findings.append(_similar(seen[key]))
    return written, findings


def _clashing(fixtures: Sequence[Fixture], keys: Mapping[Spelling, str]) -> frozenset[str]:
    """The keys behind which the file shows two teams."""
    clashing: set[str] = set()
    in_round: defaultdict[tuple[str, str], set[tuple[str, tuple[str, str]]]] = defaultdict(set)
    for fixture in fixtures:
        pair = (keys[fixture.home], keys[fixture.away])
        if pair[0] == pair[1]:
            clashing.add(pair[0])
        if fixture.round:
            for key, spelling in zip(pair, (fixture.home, fixture.away), strict=True):
                in_round[fixture.round.slug, key].add((spelling.full, pair))
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
    told = [(f"{full}{ending}", each) for full, each in (first, *others)]
    if others and first[1].total() >= _CLEAR_MAJORITY * others[0][1].total():
        told[0] = (key, first[1])
    return told


def _by_alias(
    written: _Written, aliases: Mapping[str, ClubAlias], meetings: Sequence[Meeting[str]]
) -> tuple[dict[str, str], list[Finding]]:
    """The keys that are another club's by an alias, each with that club's."""
    clubs: dict[str, str] = {}
    findings: list[Finding] = []
    for key, entry in aliases.items():
        same = [each for each, club in clubs.items() if club == entry.club_key]
        same += [entry.club_key] if entry.club_key in written else []
        if any(meet_or_coincide(key, each, meetings) for each in same):
            findings.append(_similar(sum((written[each] for each in same), written[key].copy())))
        else:
            clubs[key] = entry.club_key
    return clubs, findings


def _meetings(fixtures: Sequence[Fixture], keys: Mapping[Spelling, str]) -> list[Meeting[str]]:
    return [
        Meeting(
            keys[fixture.home],
            keys[fixture.away],
            fixture.round.slug if fixture.round else None,
            str(fixture.day.day) if fixture.day.day else None,
        )
        for fixture in fixtures
    ]


def _grouped(fixtures: Sequence[Fixture], keys: Mapping[Spelling, str]) -> _Written:
    found: defaultdict[str, Counter[Spelling]] = defaultdict(Counter)
    for fixture in fixtures:
        for spelling in (fixture.home, fixture.away):
            found[keys[spelling]][spelling] += 1
    return dict(found)


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


def _taken_as_one(
    team: Team, spellings: Counter[Spelling], known: Sequence[ClubAlias]
) -> list[Finding]:
    """What is to be said of a team with several names, in the file or beside it."""
    counts = {s.name: n for s, n in sorted(spellings.items())}
    aliases = [entry for entry in known if entry.club_key == team.external_id]
    sources = {entry.club: entry.source for entry in aliases}
    if len(counts) > 1:
        others = ", ".join(f"{other!r} ({n})" for other, n in counts.items() if other != team.name)
        detail = f"The file also writes {others}; the names never meet, and are taken as one team."
        data = {"spellings": counts, **({"aliases": sources} if sources else {})}
        return [Finding("merged_team_name", team.name, detail, data=data)]
    return [
        Finding(
            "known_team_name",
            team.name,
            f"Known as a name of {entry.club}, and taken as that club.",
            data={"source": entry.source},
        )
        for entry in aliases
    ]


def _similar(spellings: Counter[Spelling]) -> Finding:
    names = sorted({spelling.name for spelling in spellings})
    detail = "The names differ in little, but meet or play in the same round: they stay apart."
    return Finding("similar_team_names", " / ".join(names), detail)
