"""What a file's name says: country, time zone of kick-offs, league or cup, years, address."""

import difflib
import re
from dataclasses import dataclass

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.providers.errors import InvalidTournamentKeyError

PUBLIC_URL = "https://raw.githubusercontent.com/openfootball/football.json/master"
PAGE_URL = "https://github.com/openfootball/football.json/blob/master"

# First part of a file's name: country (FIFA code) and zone of its kick-off times. No zone where the
# country has several, or where it is not known in which one the file's author wrote.
_PLACES: dict[str, tuple[str, str | None]] = {
    "ar": ("ARG", None),
    "at": ("AUT", "Europe/Vienna"),
    "au": ("AUS", None),
    "be": ("BEL", "Europe/Brussels"),
    "bg": ("BUL", "Europe/Sofia"),
    "br": ("BRA", None),
    "ch": ("SUI", "Europe/Zurich"),
    "cn": ("CHN", None),
    "co": ("COL", None),
    "cz": ("CZE", "Europe/Prague"),
    "de": ("GER", "Europe/Berlin"),
    "dk": ("DEN", "Europe/Copenhagen"),
    "dz": ("ALG", None),
    "eg": ("EGY", None),
    "en": ("ENG", "Europe/London"),
    "es": ("ESP", "Europe/Madrid"),
    "fi": ("FIN", "Europe/Helsinki"),
    "fr": ("FRA", "Europe/Paris"),
    "gr": ("GRE", "Europe/Athens"),
    "hr": ("CRO", "Europe/Zagreb"),
    "hu": ("HUN", "Europe/Budapest"),
    "ie": ("IRL", "Europe/Dublin"),
    "it": ("ITA", "Europe/Rome"),
    "jp": ("JPN", None),
    "ma": ("MAR", None),
    "mls": ("USA", None),
    "mx": ("MEX", None),
    "nl": ("NED", "Europe/Amsterdam"),
    "no": ("NOR", "Europe/Oslo"),
    "pl": ("POL", "Europe/Warsaw"),
    "pt": ("POR", "Europe/Lisbon"),
    "ro": ("ROU", "Europe/Bucharest"),
    "rs": ("SRB", "Europe/Belgrade"),
    "ru": ("RUS", "Europe/Moscow"),
    "sco": ("SCO", "Europe/London"),
    "se": ("SWE", "Europe/Stockholm"),
    "sk": ("SVK", "Europe/Bratislava"),
    "tr": ("TUR", "Europe/Istanbul"),
    "ua": ("UKR", "Europe/Kyiv"),
}
_UEFA = "uefa"
_UEFA_ZONE = "Europe/Paris"  # UEFA publishes kick-offs in CET and CEST
_LEAGUE = re.compile(r"(?:[a-z]{2,3}\.\d.*|mls)\Z")
_COMPETITION = re.compile(r"[a-z]{2,4}(?:\.[a-z0-9]+)*\Z")
_OTHER_FILES = (".clubs", ".groups")
_SPLIT_YEARS = re.compile(r"((?:18|19|20)\d{2})-(\d{2})\Z")
_ONE_YEAR = re.compile(r"(?:18|19|20)\d{2}\Z")


@dataclass(frozen=True, slots=True)
class Competition:
    """What the name of a file says about every season of it.

    `country` is the association whose clubs play there, None for several; `zone` the time zone of
    the kick-offs, None when uncertain; `is_league` whether "Round 3" means a matchday.
    """

    code: str
    country: str | None
    zone: str | None
    is_league: bool

    @classmethod
    def of(cls, code: str) -> "Competition":
        """Read "en.1", "de.cup", "uefa.cl", "mls"."""
        prefix = code.partition(".")[0]
        place = (None, _UEFA_ZONE) if prefix == _UEFA else _PLACES.get(prefix, (None, None))
        return cls(code, *place, is_league=bool(_LEAGUE.match(code)))


def is_known(code: str) -> bool:
    """Whether files are known to be called so: "en.1" by its country, "uefa.cl"."""
    return code.partition(".")[0] in {*_PLACES, _UEFA}


def nearest_code(code: str) -> str:
    """The same code, or with the name of a country most like it where that is unknown."""
    prefix, dot, rest = code.partition(".")
    if is_known(code):
        return code
    near = difflib.get_close_matches(prefix, [*_PLACES, _UEFA], n=1)
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
    elif not _ONE_YEAR.match(key.season):
        raise _invalid(key, "a season is written 2024-25, or 2025 where it is one calendar year")


def years(season: str) -> tuple[int, int]:
    """First and last year of a checked season: "2024-25" is (2024, 2025), "2025" (2025, 2025)."""
    start = int(season[:4])
    return (start, start + 1) if "-" in season else (start, start)


def display(season: str) -> str:
    """The season for people: "2024/25", "2025"."""
    return season.replace("-", "/")


def path_of(key: TournamentKey) -> str:
    """The path of the file below the root: "/2024-25/en.1.json"."""
    return f"/{key.season}/{key.competition}.json"


def _invalid(key: TournamentKey, reason: str) -> InvalidTournamentKeyError:
    return InvalidTournamentKeyError(f"openfootball cannot have the tournament {key}: {reason}.")
