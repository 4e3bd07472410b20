"""Other names of clubs: which names of a country are known to be one club, and from when to when.

The packaged list is `data/club_aliases.csv`. `clubs:at` stands for the file at.clubs.txt of
github.com/openfootball/clubs (CC0 1.0); `football.json` for two names that follow each other in
the seasons of github.com/openfootball/football.json (CC0 1.0) and never stand in the same one;
`general` for what is generally known, such as a sponsor's name, and stands in neither.
"""

import csv
import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources

from dp_pipeline.football.club_names import spelling_of

_COLUMNS = ("country", "club", "alias", "seasons", "source")
_NO_COUNTRY = "-"
_COUNTRY = re.compile(r"[A-Z]{3}\Z")
_SEASONS = re.compile(r"(\d{4})?-(\d{4})?\Z")
_SOURCE = re.compile(r"(?:clubs:[a-z]{2,3}|football\.json|general)\Z")
_FIRST, _LAST = 0, 9999


class AliasError(ValueError):
    """An entry of the list cannot be used; the text says which and why."""


@dataclass(frozen=True, slots=True)
class ClubAlias:
    """A name that a club goes by beside its own, in the seasons that begin in these years."""

    country: str | None
    club: str
    alias: str
    first: int
    last: int
    source: str

    @property
    def seasons(self) -> str:
        """The years in which its seasons begin: "2010-", "-2018"."""
        first, last = self.first or "", self.last if self.last < _LAST else ""
        return f"{first}-{last}"

    @property
    def club_key(self) -> str:
        """The club's own name as `Spelling.key` has it."""
        return _key(self.club, self.country)

    @property
    def alias_key(self) -> str:
        """The other name as `Spelling.key` has it."""
        return _key(self.alias, self.country)


@dataclass(frozen=True)
class ClubAliases:
    """Checked entries, found by key."""

    entries: tuple[ClubAlias, ...]

    @cached_property
    def _by_alias(self) -> Mapping[str, list[ClubAlias]]:
        return _grouped((entry.alias_key, entry) for entry in self.entries)

    @cached_property
    def _by_club(self) -> Mapping[str, list[ClubAlias]]:
        return _grouped((entry.club_key, entry) for entry in self.entries)

    def find(self, key: str, year: int) -> ClubAlias | None:
        """The entry of a name in the season that begins in a year; None if it has none."""
        entries = self._by_alias.get(key, ())
        return next((each for each in entries if each.first <= year <= each.last), None)

    def names_of(self, club_key: str) -> list[str]:
        """The keys that a club goes by in whatever season, its own first."""
        others = sorted(entry.alias_key for entry in self._by_club.get(club_key, ()))
        return [club_key, *dict.fromkeys(others)]


@cache
def packaged() -> ClubAliases:
    """The packaged list."""
    folder = resources.files("dp_pipeline.football") / "data"
    return read((folder / "club_aliases.csv").read_text(encoding="utf-8"))


def read(text: str) -> ClubAliases:
    """Read and check a list.

    Raises:
        AliasError: an entry is not complete, says nothing, or contradicts another one.
    """
    rows = list(csv.DictReader(text.splitlines()))
    entries = tuple(_entry(number, row) for number, row in enumerate(rows, start=2))
    clubs = {entry.club_key for entry in entries}
    for key, same in _grouped((entry.alias_key, entry) for entry in entries).items():
        if key in clubs:
            message = f"{same[0].alias} ({same[0].country}) is a club of the list and an alias."
            raise AliasError(message)
        ordered = sorted(same, key=lambda entry: entry.first)
        for one, other in itertools.pairwise(ordered):
            if other.first <= one.last:
                message = (
                    f"{one.alias} ({one.country}) is both {one.club} and {other.club} in "
                    f"{other.first}."
                    if one.club != other.club
                    else f"{one.club} ({one.country}) has {one.alias} twice: {other.alias}."
                )
                raise AliasError(message)
    return ClubAliases(entries)


def _entry(number: int, row: Mapping[str, str]) -> ClubAlias:
    if tuple(row) != _COLUMNS or not all(row.values()):
        message = f"Line {number} has not the five columns {', '.join(_COLUMNS)}."
        raise AliasError(message)
    seasons = _SEASONS.match(row["seasons"])
    country = row["country"]
    if not seasons or not (country == _NO_COUNTRY or _COUNTRY.match(country)):
        message = f"Line {number}: {row['seasons']!r} or {country!r} is not written as it must be."
        raise AliasError(message)
    if not _SOURCE.match(row["source"]):
        message = f"Line {number} names no source that is known: {row['source']}."
        raise AliasError(message)
    entry = ClubAlias(
        country=None if country == _NO_COUNTRY else country,
        club=row["club"],
        alias=row["alias"],
        first=int(seasons[1] or _FIRST),
        last=int(seasons[2] or _LAST),
        source=row["source"],
    )
    if entry.first > entry.last or entry.club_key == entry.alias_key:
        message = f"Line {number}: {entry.alias} needs no entry as {entry.club}, or its years turn."
        raise AliasError(message)
    return entry


def _key(name: str, country: str | None) -> str:
    spelling = spelling_of(name, country)
    if spelling is None:
        message = f"{name!r} has no word."
        raise AliasError(message)
    return spelling.key()


def _grouped(pairs: Iterable[tuple[str, ClubAlias]]) -> Mapping[str, list[ClubAlias]]:
    groups: defaultdict[str, list[ClubAlias]] = defaultdict(list)
    for key, entry in pairs:
        groups[key].append(entry)
    return dict(groups)
