"""Which club a name of a file is: by aliases, by the fixture list, by what is stored.

Nothing is taken as one silently: each time is a finding.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from dp_pipeline.football.club_aliases import packaged
from dp_pipeline.football.club_names import (
    Meeting,
    Spelling,
    is_second_team,
    meet_or_coincide,
    short_names,
)
from dp_pipeline.football.models import Team, TeamAlias
from dp_pipeline.providers.contract import StoredTeams
from dp_pipeline.providers.fetched import Finding

Written = dict[str, Counter[Spelling]]
"""Spellings and how often they are written, by the key of the name that they stand for."""


@dataclass(frozen=True, slots=True)
class Clubs:
    """The external id of the club that each name is, and how that is known.

    Args:
        ids: by the key of the name.
        listed: the keys of names that an alias gives to another club, with its source.
        short: the keys of names that are short for another one of the file.
        renamed: the keys of names whose club is stored under another one.
        similar: what is to be said of names that stay apart.
    """

    ids: Mapping[str, str]
    listed: Mapping[str, str]
    short: frozenset[str]
    renamed: frozenset[str] = frozenset()
    similar: tuple[Finding, ...] = ()

    def under_stored_names(self, renamed: Mapping[str, str]) -> "Clubs":
        """With some external ids replaced by those under which the clubs are stored."""
        ids = {key: renamed.get(id_, id_) for key, id_ in self.ids.items()}
        return replace(
            self,
            ids=ids,
            renamed=frozenset(key for key, id_ in self.ids.items() if id_ in renamed),
        )

    def aliases(self, written: Written) -> Iterator[TeamAlias]:
        """The names that the file shows to be another club's, and no alias does.

        A second team that is written like the first is it here alone: Bayern München II.
        """
        for key in sorted(self.short | self.renamed):
            alike = is_second_team(key) == is_second_team(self.ids[key])
            known = key in self.listed and key not in self.renamed
            if key != self.ids[key] and alike and not known:
                yield TeamAlias(key, name_of(written[key]), self.ids[key])

    def findings(self, team: Team, written: Written, stored: StoredTeams) -> Iterator[Finding]:
        """What is to be said of a team that is known by several names, here or elsewhere."""
        keys = [key for key, id_ in self.ids.items() if id_ == team.external_id]
        spellings = sum((written[key] for key in keys), Counter[Spelling]())
        counts: Counter[str] = Counter()
        for spelling in sorted(spellings, key=lambda each: each.name):
            counts[spelling.name] += spellings[spelling]
        bare = sum(count for spelling, count in spellings.items() if spelling.country is None)
        if team.country and bare:
            detail = f"Its country is missing {bare} times; the names are taken as one team."
            yield Finding("merged_team_name", team.name, detail, data={"without country": bare})
        listed = {name_of(written[key]): self.listed[key] for key in keys if key in self.listed}
        if len(counts) > 1:
            others = ", ".join(f"{o!r} ({n})" for o, n in counts.items() if o != team.name)
            yield Finding(
                "merged_team_name",
                team.name,
                f"The file also writes {others}; the names never meet, and are taken as one team.",
                data={"spellings": counts, **({"aliases": listed} if listed else {})},
            )
        elif listed:
            source = listed[team.name]
            detail = f"Known as another name of {team.external_id}, and taken as that club."
            yield Finding("known_team_name", team.name, detail, data={"source": source})
        if self.renamed.intersection(keys):
            teams = stored.tournament.teams if stored.tournament else ()
            before = next((t.name for t in teams if t.external_id == team.external_id), "?")
            detail = (
                f"Stored as {before!r}, which is gone and had the same fixtures: it is renamed."
            )
            yield Finding("renamed_team", team.name, detail, data={"stored as": before})
        names = {name for key in keys for name in (key, *_names_of(key, stored))}
        torn = sorted(names & stored.ids)
        if len(torn) > 1:
            detail = (
                f"Stored as {len(torn)} clubs ({', '.join(torn)}): `dp alias merge` joins them."
            )
            yield Finding("torn_team", team.name, detail)


def identify(
    written: Written, meetings: Sequence[Meeting[str]], *, year: int, stored: StoredTeams
) -> Clubs:
    """Find the club of each name.

    Args:
        written: the spellings of each name, by its key.
        meetings: the fixtures of the file, by the keys of the names.
        year: in which the season begins.
        stored: by what clubs are recognised.
    """
    clubs, listed, findings = _listed(written, meetings, year, stored)
    grouped: defaultdict[str, Counter[Spelling]] = defaultdict(Counter)
    for key, club in clubs.items():
        grouped[club] += written[key]
    between = [replace(m, home=clubs[m.home], away=clubs[m.away]) for m in meetings]
    short = {
        club: long
        for club, long in short_names(grouped, between).items()
        if stored.aliases.get(club, club) is not None
    }
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for club in grouped:
        groups[short.get(club, club)].append(club)
    chosen = {
        club: _preferred([long, *members], stored)
        for long, members in groups.items()
        for club in members
    }
    ids = {key: chosen[club] for key, club in clubs.items()}
    joined = frozenset(key for key, club in clubs.items() if len(groups[short.get(club, club)]) > 1)
    return Clubs(ids, listed, joined, similar=tuple(findings))


def similar(spellings: Counter[Spelling]) -> Finding:
    """The finding that names are much alike, and stand for two teams."""
    names = sorted({spelling.name for spelling in spellings})
    detail = "The names differ in little, but meet or play in the same round: they stay apart."
    return Finding("similar_team_names", " / ".join(names), detail)


def _listed(
    written: Written, meetings: Sequence[Meeting[str]], year: int, stored: StoredTeams
) -> tuple[dict[str, str], dict[str, str], list[Finding]]:
    """The club of each name by aliases, the sources of those, and what contradicts them."""
    clubs: dict[str, str] = {}
    listed: dict[str, str] = {}
    findings: list[Finding] = []
    wanted = {key: _club_of(key, year, stored) for key in written}
    for key in sorted(written, key=lambda key: (wanted[key][0] != key, key)):
        club, source = wanted[key]
        same = [each for each, other in clubs.items() if other == club]
        if any(meet_or_coincide(key, each, meetings) for each in same):
            findings.append(similar(sum((written[each] for each in same), written[key].copy())))
            club, source = key, None
        clubs[key] = club
        if source is not None:
            listed[key] = source
    return clubs, listed, findings


def _club_of(key: str, year: int, stored: StoredTeams) -> tuple[str, str | None]:
    """The external id of the club that a name is by aliases, and where that is said."""
    if key in stored.aliases:
        # A tournament that is stored with both as two keeps them until the clubs are joined.
        club = _preferred([stored.aliases[key] or key, key], stored)
        return club, "team_alias" if club != key else None
    entry = packaged().find(key, year)
    club = _preferred(_names_of(entry.club_key if entry else key, stored), stored)
    return club, entry.source if entry else None


def _names_of(key: str, stored: StoredTeams) -> list[str]:
    """The external ids that a club may be stored under, its own name first."""
    names = packaged().names_of(key)
    return list(
        dict.fromkeys(club for n in names if (club := stored.aliases.get(n, n)) is not None)
    )


def _preferred(ids: Sequence[str], stored: StoredTeams) -> str:
    """The first that plays here already, else the first that is stored, else the first."""
    here = (id_ for id_ in ids if id_ in stored.here)
    elsewhere = (id_ for id_ in ids if id_ in stored.ids)
    return next(here, None) or next(elsewhere, None) or ids[0]


def name_of(spellings: Counter[Spelling]) -> str:
    """The most frequent name; of equally frequent ones the fullest."""
    names: Counter[str] = Counter()
    for spelling, count in spellings.items():
        names[spelling.name] += count
    return min(names, key=lambda name: (-names[name], -len(name), name))
