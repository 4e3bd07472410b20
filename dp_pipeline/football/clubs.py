"""Clubs: which teams of all providers are one, as pairs of teams over all seasons show it.

Whatever a person said of a team stays. Teams that pairs join and a season, a country or a person
tells apart are none: all of them stay without a club, and each pair says why.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ClubTeam:
    """A team of a provider, as far as it has to do with clubs.

    Args:
        id: of its row.
        provider: its name.
        external_id: at the provider.
        name: its current one.
        country: the provider's word; None when it gives none.
        has_id: the provider gives its teams ids, so that they are the same in all seasons.
        tournaments: in which it plays.
        club: of which it is now.
        by_person: a person said so, or that it is of none.
    """

    id: UUID
    provider: str
    external_id: str
    name: str
    country: str | None = None
    has_id: bool = True
    tournaments: frozenset[UUID] = frozenset()
    club: UUID | None = None
    by_person: bool = False


@dataclass(frozen=True, slots=True)
class TeamPair:
    """Two teams that the fixtures of a season pair.

    Args:
        one: id of a team.
        other: id of a team of another provider.
        squad: which team of their club they are.
        national: they play for countries.
        doubt: why it is not certain; None: it is.
    """

    one: UUID
    other: UUID
    squad: str = "men"
    national: bool = False
    doubt: str | None = None


@dataclass(frozen=True, slots=True)
class Club:
    """A club or national team.

    Args:
        id: of its row; None: it is new.
        name: as the first of its teams is called.
        country: of the first of its teams that has one.
        kind: "club" or "national".
        squad: which team of it.
        teams: its teams, the one whose name it has first.
    """

    id: UUID | None
    name: str
    country: str | None
    kind: str
    squad: str
    teams: tuple[ClubTeam, ...]


@dataclass(frozen=True, slots=True)
class DecidedClubs:
    """The clubs of some teams, and the pairs that do not count, each with the reason."""

    clubs: tuple[Club, ...] = ()
    doubts: Mapping[TeamPair, str] = field(default_factory=dict)

    @property
    def club_of(self) -> dict[UUID, Club]:
        """The clubs by the ids of their teams."""
        return {team.id: club for club in self.clubs for team in club.teams}


def clubs_of(teams: Mapping[UUID, ClubTeam], pairs: Sequence[TeamPair]) -> DecidedClubs:
    """Decide which teams are one.

    Args:
        teams: by id; with each team all that pairs or a club join to it.
        pairs: all that there are of these teams.
    """
    doubts = {pair: pair.doubt for pair in pairs if pair.doubt is not None}
    doubts |= _of_another_squad([pair for pair in pairs if pair not in doubts])
    for pair in pairs:
        if any(teams[id_].by_person and teams[id_].club is None for id_ in (pair.one, pair.other)):
            doubts[pair] = "a person said that one of them is of no club"
    counted = [pair for pair in pairs if pair not in doubts]
    groups = _joined(counted, teams)
    clubs: list[Club] = []
    taken: set[UUID] = set()
    for group in sorted(groups, key=lambda ids: (-len(ids), min(ids))):
        members = sorted((teams[id_] for id_ in group), key=_first)
        mine = [pair for pair in counted if pair.one in group]
        doubt = _told_apart(members)
        if doubt is not None:
            doubts |= dict.fromkeys(mine, doubt)
            members = [team for team in members if team.by_person]
        for club, same in _kept(members, taken).items():
            taken |= {club} if club else set()
            clubs.append(_club(club, same, mine))
    return DecidedClubs(tuple(clubs), doubts)


def _of_another_squad(pairs: Sequence[TeamPair]) -> dict[TeamPair, str]:
    """The pairs of a team that a provider also uses for another squad; the men's counts first."""
    squads: defaultdict[UUID, set[str]] = defaultdict(set)
    for pair in pairs:
        for id_ in (pair.one, pair.other):
            squads[id_].add(pair.squad)

    def counts(id_: UUID) -> str:
        return "men" if "men" in squads[id_] else min(squads[id_])

    return {
        pair: f"one id stands for several teams of a club: {', '.join(sorted(several))}"
        for pair in pairs
        for several in [squads[pair.one] | squads[pair.other]]
        if pair.squad != counts(pair.one) or pair.squad != counts(pair.other)
    }


def _joined(pairs: Iterable[TeamPair], teams: Mapping[UUID, ClubTeam]) -> list[frozenset[UUID]]:
    """The teams that pairs, or a person, join."""
    group = {id_: {id_} for id_ in teams}

    def join(one: UUID, other: UUID) -> None:
        if group[one] is not group[other]:
            group[one] |= group[other]
            for id_ in group[other]:
                group[id_] = group[one]

    for pair in pairs:
        join(pair.one, pair.other)
    first: dict[UUID, UUID] = {}
    for id_, team in teams.items():
        if team.by_person and team.club is not None:
            join(first.setdefault(team.club, id_), id_)
    by_person = {id_ for id_, team in teams.items() if team.by_person and team.club is not None}
    return [
        frozenset(ids)
        for ids in {id(each): each for each in group.values()}.values()
        if len(ids) > 1 or ids & by_person
    ]


def _told_apart(members: Sequence[ClubTeam]) -> str | None:
    """Why teams that pairs join are not one; None: nothing says so."""
    if len({team.club for team in members if team.by_person}) > 1:
        return "a person said that they are of different clubs"
    for one, other in combinations(members, 2):
        if one.by_person and other.by_person:
            continue
        names = f"{one.name} and {other.name} of {one.provider}"
        if one.tournaments & other.tournaments:
            return f"{names} play in one tournament"
        countries = {one.country, other.country}
        if one.provider == other.provider and None not in countries and len(countries) > 1:
            return f"{names} are of {one.country} and {other.country}"
    return None


def _kept(
    members: Sequence[ClubTeam], taken: Collection[UUID]
) -> dict[UUID | None, list[ClubTeam]]:
    """The teams by the club they stay in: what a person said, else that of most of them."""
    chosen = {team.club for team in members if team.by_person}
    if len(chosen) > 1:
        return {
            club: [team for team in members if team.club == club]
            for club in sorted(chosen, key=str)
        }
    if not members:
        return {}
    now = Counter(team.club for team in members if team.club is not None and team.club not in taken)
    most = min(now, key=lambda club: (-now[club], str(club)), default=None)
    return {next(iter(chosen), most): list(members)}


def _club(id_: UUID | None, members: Sequence[ClubTeam], pairs: Sequence[TeamPair]) -> Club:
    first = members[0]
    return Club(
        id_,
        first.name,
        next((team.country for team in members if team.country), None),
        "national" if any(pair.national for pair in pairs) else "club",
        min((pair.squad for pair in pairs), default="men"),
        tuple(members),
    )


def _first(team: ClubTeam) -> tuple[bool, str, str]:
    return (not team.has_id, team.provider, team.external_id)
