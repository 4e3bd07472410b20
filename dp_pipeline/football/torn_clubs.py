"""Clubs without an id that are stored as several, and which of these they are to be.

They were stored before a list of other names, or the fixtures, showed them to be one. Clubs that
meet, or play in one round against others, stay apart whatever a list says.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dp_pipeline.football.club_aliases import packaged
from dp_pipeline.football.club_names import Meeting, meet_or_coincide, short_names, spelling_of
from dp_pipeline.football.models import Match
from dp_pipeline.football.pairing import same_fixtures


@dataclass(frozen=True, slots=True)
class StoredSeason:
    """A stored tournament of clubs without ids, as far as it tells them apart.

    Args:
        key: of the tournament.
        year: in which it begins.
        names: of its clubs as used there, by external id.
        countries: of its clubs by external id, None where it is not known.
        matches: all of them.
    """

    key: str
    year: int
    names: Mapping[str, str]
    countries: Mapping[str, str | None]
    matches: Sequence[Match]


@dataclass(frozen=True, slots=True)
class TornClub:
    """A club that is stored as several.

    Args:
        keep: external id of the one that it is to be: the one with most matches.
        others: external ids of those that are to be joined to it, each with the reason.
        apart: external ids of those that a list gives to it and a season shows to be another club,
            each with the tournament.
    """

    keep: str
    others: Mapping[str, str]
    apart: Mapping[str, str]


def torn_clubs(
    seasons: Sequence[StoredSeason], aliases: Mapping[str, str | None]
) -> list[TornClub]:
    """Find the clubs that are stored as several, in order of their external ids.

    Args:
        seasons: everything that is stored of them.
        aliases: external ids of clubs by the keys of their other names; None: the name is that of
            a club of its own.
    """
    same: dict[str, tuple[str, str]] = {}
    for season in seasons:
        for club, other in _of_season(season, aliases).items():
            same.setdefault(club, other)
    matches = _counted(seasons)
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for club in matches:
        groups[_root(club, same)].append(club)
    torn = [
        _torn(sorted(members, key=lambda club: (-matches[club], club)), same, seasons)
        for members in groups.values()
        if len(members) > 1
    ]
    return sorted(torn, key=lambda club: club.keep)


def _of_season(
    season: StoredSeason, aliases: Mapping[str, str | None]
) -> dict[str, tuple[str, str]]:
    """The clubs of a season that are another one, with that one and the reason."""
    others: dict[str, tuple[str, str]] = {}
    own = {club for club in season.names if aliases.get(club, club) is None}
    meetings = [
        Meeting(m.home, m.away, m.round_slug, str(m.kickoff_date) if m.kickoff_date else None)
        for m in season.matches
    ]
    spellings = {
        club: [spelling]
        for club, name in season.names.items()
        if (spelling := spelling_of(name, season.countries[club]))
    }
    for club, long in short_names(spellings, meetings).items():
        others[club] = (long, f"short for it in {season.key}")
    for club, other in same_fixtures(season.matches).items():
        others[club] = (other, f"the same fixtures in {season.key}")
    for club in season.names:
        entry = packaged().find(club, season.year)
        if entry is not None:
            others[club] = (entry.club_key, f"known name ({entry.source})")
        if alias := aliases.get(club):
            others[club] = (alias, "team_alias")
    return {club: each for club, each in others.items() if club not in own}


def _root(club: str, same: Mapping[str, tuple[str, str]]) -> str:
    seen = {club}
    while club in same and same[club][0] not in seen:
        club = same[club][0]
        seen.add(club)
    return club


def _torn(
    members: Sequence[str], same: Mapping[str, tuple[str, str]], seasons: Sequence[StoredSeason]
) -> TornClub:
    keep, *others = members
    joined: dict[str, str] = {}
    apart: dict[str, str] = {}
    for other in others:
        shown = _shown_apart(other, [keep, *joined], seasons)
        if shown is not None:
            apart[other] = shown
            continue
        shown_same = same.get(other) or same.get(keep)
        joined[other] = shown_same[1] if shown_same else "the same club by other names"
    return TornClub(keep, joined, apart)


def _shown_apart(club: str, others: Iterable[str], seasons: Sequence[StoredSeason]) -> str | None:
    """The tournament that shows a club to be none of the others; None where none does."""
    for season in seasons:
        both = [other for other in others if other in season.names and club in season.names]
        meetings = [Meeting(m.home, m.away, m.round_slug) for m in season.matches] if both else []
        if any(meet_or_coincide(club, other, meetings) for other in both):
            return season.key
    return None


def _counted(seasons: Sequence[StoredSeason]) -> dict[str, int]:
    """How many matches each club has."""
    counts: dict[str, int] = {}
    for season in seasons:
        counts |= {club: counts.get(club, 0) for club in season.names}
        for match in season.matches:
            for side in (match.home, match.away):
                counts[side] = counts.get(side, 0) + 1
    return counts
