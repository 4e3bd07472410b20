"""Where things are: request paths, images, pages. Paths as in the original's `endpoints.ts`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from dp_pipeline.football.key import TournamentKey

if TYPE_CHECKING:
    from dp_pipeline.providers.sofascore.payload import RoundPayload, UniquePayload

PUBLIC_URL = "https://www.sofascore.com/api/v1"
PUBLIC_SITE = "https://www.sofascore.com"
PUBLIC_IMAGES = "https://img.sofascore.com/api/v1"
SOFASCORE = "SofaScore"
_API = "/api/v1"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Whose data is where: below one base URL. Without user-info or query: they are stored.

    Args:
        root: the base URL.
        site: where the pages for people are.
        images: under which /team/{id}/image is.
        who: is asked there, as a sentence begins; other providers answer in SofaScore's form, too.
    """

    root: str
    site: str
    images: str
    who: str = SOFASCORE

    @property
    def advice(self) -> str:
        """Where the numbers of a key stand."""
        if self.who == SOFASCORE:
            return (
                "the first number of the key is the last one in the path of the tournament's page"
            )
        return f"{self.site}/ lists what it has, with the key of each"

    def season_url(self, key: TournamentKey) -> str:
        """Root of a season's data."""
        return self.root + season_path(key)

    def logo_url(self, key: TournamentKey) -> str:
        """The image of a competition."""
        return f"{self.images}/unique-tournament/{key.competition}/image"

    def page_url(self, key: TournamentKey, unique: "UniquePayload") -> str:
        """The page of a season for people."""
        category = unique.category or "world"
        place = f"{quote(category, safe='')}/{quote(unique.slug or key.competition, safe='')}"
        return f"{self.site}/football/tournament/{place}/{key.competition}#id:{key.season}"


def is_public(base_url: str) -> bool:
    """Whether this is SofaScore itself and not somebody's gateway."""
    try:
        host = urlsplit(base_url).hostname or ""
    except ValueError:
        return False  # the client says what is wrong with it
    return host == "sofascore.com" or host.endswith(".sofascore.com")


def addresses(root: str, *, pages_at: str | None, who: str = SOFASCORE) -> Addresses:
    """The addresses below a base URL; `pages_at` where pages are elsewhere, `who` is asked."""
    images = PUBLIC_IMAGES if is_public(root) else root
    return Addresses(root, pages_at or site_of(root), images, who)


def site_of(base_url: str) -> str:
    """The site an API belongs to: the same address without /api/v1."""
    return base_url.rstrip("/").removesuffix(_API)


def unique_path(competition: str) -> str:
    """The competition."""
    return f"/unique-tournament/{competition}"


def season_path(key: TournamentKey) -> str:
    """A season; never requested itself, all else is below it."""
    return f"{unique_path(key.competition)}/season/{key.season}"


def match_path(external_id: str) -> str:
    """One match."""
    return f"/event/{quote(external_id, safe='')}"


def round_paths(key: TournamentKey, payload: "RoundPayload") -> tuple[str, ...]:
    """Where a round's events are: usually one path.

    A named round needs its slug, and its prefix if it has one: without, /round/5 is matchday 5 and
    not the Round of 16 (apdmatos/sofascore-api issue 2). Whether the prefix has to be in lower
    case is not known: the original lower-cased it, so the other spelling is the second path.
    """
    path = f"{season_path(key)}/events/round/{payload.round}"
    if payload.slug is None:
        return (path,)
    path = f"{path}/slug/{quote(payload.slug.lower(), safe='')}"
    if payload.prefix is None:
        return (path,)
    spellings = dict.fromkeys((payload.prefix.lower(), payload.prefix))
    return tuple(f"{path}/prefix/{quote(spelling, safe='')}" for spelling in spellings)
