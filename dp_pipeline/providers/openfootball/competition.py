"""What a file's name says: repository, country, time zone of kick-offs, league or cup, years."""

import difflib
import re
from dataclasses import dataclass, replace
from datetime import date
from zoneinfo import ZoneInfo

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.listed_days import Span, span_of
from dp_pipeline.football.time_zones import zone_of
from dp_pipeline.providers.errors import InvalidTournamentKeyError

FOOTBALL_JSON = "football.json"
OTHER_REPOSITORIES: dict[str, tuple[tuple[str, str], ...]] = {
    "worldcup": (("worldcup.json", "worldcup"),),
    "euro": (("euro.json", "euro"),),
    "copa-america": (("copa-america.json", "copa"), ("copa-america.json", "copa-america")),
    "clubworldcup": (("worldcup.json", "clubworldcup"), ("clubworldcup.json", "clubworldcup")),
}
"""Competitions that football.json does not have: repository and name of the file, the one that
was seen first (2025/clubworldcup.json is in worldcup.json, 2024/copa.json in copa-america.json)."""

SEASONS_OF_ONE_YEAR = {
    "worldcup": "2022",
    "euro": "2024",
    "copa-america": "2024",
    "clubworldcup": "2025",
    **dict.fromkeys(("br", "cn", "jp", "mls"), "2025"),
}
"""A season of those whose seasons are years, by the first part of the file's name."""

# First part of a file's name: country (FIFA code).
_COUNTRIES = {
    "ar": "ARG",
    "at": "AUT",
    "au": "AUS",
    "be": "BEL",
    "bg": "BUL",
    "br": "BRA",
    "ch": "SUI",
    "cn": "CHN",
    "co": "COL",
    "cz": "CZE",
    "de": "GER",
    "dk": "DEN",
    "dz": "ALG",
    "eg": "EGY",
    "en": "ENG",
    "es": "ESP",
    "fi": "FIN",
    "fr": "FRA",
    "gr": "GRE",
    "hr": "CRO",
    "hu": "HUN",
    "ie": "IRL",
    "it": "ITA",
    "jp": "JPN",
    "ma": "MAR",
    "mls": "USA",
    "mx": "MEX",
    "nl": "NED",
    "no": "NOR",
    "pl": "POL",
    "pt": "POR",
    "ro": "ROU",
    "rs": "SRB",
    "ru": "RUS",
    "sco": "SCO",
    "se": "SWE",
    "sk": "SVK",
    "tr": "TUR",
    "ua": "UKR",
}
_UEFA = "uefa"
_KNOWN = (*_COUNTRIES, _UEFA, *OTHER_REPOSITORIES)
_LEAGUE = re.compile(r"(?:[a-z]{2,3}\.\d.*|mls)\Z")
_COMPETITION = re.compile(rf"(?:{'|'.join(OTHER_REPOSITORIES)}|[a-z]{{2,12}})(?:\.[a-z0-9_]+)*\Z")
_QUALI = re.compile(r"quali")  # of the finals of that year
_OTHER_FILES = (
    *(".clubs", ".groups", ".squads", ".stadiums", ".standings", ".teams", ".teams_meta"),
)
_SPLIT_YEARS = re.compile(r"((?:18|19|20)\d{2})-(\d{2})\Z")
_ONE_YEAR = re.compile(r"(?:18|19|20)\d{2}\Z")


@dataclass(frozen=True, slots=True)
class Competition:
    """What the name of a file says about every season of it.

    `country` is the association whose clubs play there, None for several; `is_league` whether
    "Round 3" means a matchday.
    """

    code: str
    country: str | None
    is_league: bool

    @classmethod
    def of(cls, code: str) -> "Competition":
        """Read "en.1", "de.cup", "uefa.cl", "mls"."""
        country = _COUNTRIES.get(code.partition(".")[0])
        return cls(code, country, is_league=bool(_LEAGUE.match(code)))

    def zone(self, season: str) -> ZoneInfo | None:
        """The time zone of the kick-offs of a checked season; None when uncertain."""
        return self.zone_in(years(season)[0])

    def zone_in(self, year: int) -> ZoneInfo | None:
        """That of a season which begins in this year."""
        uefa = self.code.partition(".")[0] == _UEFA
        place = "UEFA" if uefa else self.country
        return zone_of(place, year) if place else None

    def span(self, season: str) -> Span:
        """The days that a checked season can have."""
        first, last = years(season)
        span = span_of(first, last)
        return replace(span, first=date(first - 3, 1, 1)) if _QUALI.search(self.code) else span


def is_known(code: str) -> bool:
    """Whether files are known to be called so: "en.1" by its country, "uefa.cl", "worldcup"."""
    return code.partition(".")[0] in _KNOWN


def is_of_one_year(code: str) -> bool:
    """Whether every season is that of one year, and years are between them: "worldcup"."""
    return code.partition(".")[0] in OTHER_REPOSITORIES


def nearest_code(code: str) -> str:
    """The same code, or with the first part most like it where that is unknown."""
    prefix, dot, rest = code.partition(".")
    if is_known(code):
        return code
    near = difflib.get_close_matches(prefix, _KNOWN, n=1)
    return f"{near[0]}{dot}{rest}" if near else code


def check_key(key: TournamentKey) -> None:
    """Raise InvalidTournamentKeyError, with what to write instead, for a key no file can have."""
    if key.competition.endswith(".json"):
        hint = f"openfootball:{key.competition.removesuffix('.json')}:{key.season}"
        raise _invalid(key, f"the competition is written without .json: {hint}")
    if not _COMPETITION.match(key.competition) or key.competition.endswith(_OTHER_FILES):
        raise _invalid(
            key, "a competition is the name of a file of matches, such as en.1 or uefa.cl"
        )
    split = _SPLIT_YEARS.match(key.season)
    if split:
        start = int(split[1])
        if (start + 1) % 100 != int(split[2]):
            expected = f"{start}-{(start + 1) % 100:02d}"
            raise _invalid(key, f"a season of two years is written {expected}")
        if is_of_one_year(key.competition):
            raise _invalid(key, f"a season of {key.competition} is one year, such as {start}")
    elif not _ONE_YEAR.match(key.season):
        raise _invalid(key, "a season is written 2024-25, or 2025 where it is one calendar year")


def years(season: str) -> tuple[int, int]:
    """First and last year of a checked season: "2024-25" is (2024, 2025), "2025" (2025, 2025)."""
    start = int(season[:4])
    return (start, start + 1) if "-" in season else (start, start)


def display(season: str) -> str:
    """The season for people: "2024/25", "2025"."""
    return season.replace("-", "/")


def _invalid(key: TournamentKey, reason: str) -> InvalidTournamentKeyError:
    return InvalidTournamentKeyError(f"openfootball cannot have the tournament {key}: {reason}.")
