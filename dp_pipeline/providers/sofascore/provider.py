"""SofaScore as a provider.

Its payloads and what is read of them are imported when it is read: every process has the provider,
and the classes of its payloads take 0.05 s to make.
"""

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.http.client import Requests
from dp_pipeline.providers.contract import (
    EVERYTHING,
    Licence,
    ListedSeason,
    Provider,
    Selection,
    StoredTournament,
)
from dp_pipeline.providers.errors import (
    BlockedError,
    InvalidShapeError,
    InvalidTournamentKeyError,
    NotFoundError,
    ProviderError,
)
from dp_pipeline.providers.refresh_window import RefreshWindow
from dp_pipeline.providers.sofascore.addresses import (
    PUBLIC_SITE,
    PUBLIC_URL,
    addresses,
    is_public,
    site_of,
    unique_path,
)

if TYPE_CHECKING:
    from dp_pipeline.providers.sofascore.payload import SeasonPayload
    from dp_pipeline.providers.sofascore.source import SofaScoreSource

_LONGEST_ID = 15


@dataclass(frozen=True, kw_only=True)
class SofaScore(Provider):
    """https://www.sofascore.com. Not open data: opt-in, slow, and a refusal is final."""

    name: str = "sofascore"
    description: str = (
        "SofaScore's API; a key has the ids of unique tournament and season, the address of its "
        "page does as well"
    )
    examples: tuple[str, ...] = ("sofascore:17:61627",)
    licence: Licence = field(
        default=Licence(
            "none open: use needs SofaScore's consent, and a refusal is reported, never evaded",
            "Data of SofaScore (https://www.sofascore.com), not to be passed on without consent.",
            redistributable=False,
        )
    )
    public_url: str = PUBLIC_URL
    seconds_apart: float = 1.0
    refresh_window: RefreshWindow = field(default=RefreshWindow(3, 17))
    pages_at: str | None = PUBLIC_SITE
    polled: bool = True

    @property
    def who(self) -> str:
        """What people call it, as a sentence begins."""
        return self.title[0].upper() + self.title[1:]

    def seconds_apart_at(self, base_url: str) -> float:
        """Slow at SofaScore itself; a gateway or a replay has limits of its own, if any."""
        return self.seconds_apart if is_public(base_url) else 0.0

    def check(self, key: TournamentKey) -> None:
        """Competition and season are SofaScore's ids, both digits."""
        for what, part in (("tournament", key.competition), ("season", key.season)):
            if not (part.isascii() and part.isdigit()) or len(part) > _LONGEST_ID or part[0] == "0":
                message = (
                    f"{self.name} has no {what} {part!r} (in {str(key)!r}): tournament and season "
                    f"are numbers, for example {self.name}:17:61627."
                )
                raise InvalidTournamentKeyError(message)

    def source(
        self,
        key: TournamentKey,
        requests: Requests,
        selection: Selection = EVERYTHING,
        stored: StoredTournament | None = None,
    ) -> "SofaScoreSource":
        """The tournament behind a checked key. Makes no request."""
        from dp_pipeline.providers.sofascore.source import SofaScoreSource

        at = addresses(requests.root, pages_at=self.pages_at, who=self.who)
        return SofaScoreSource(key, requests, selection, stored, at=at)

    async def seasons(
        self,
        competition: str,
        requests: Requests,
        back: int = 0,  # noqa: ARG002 - one answer lists all
    ) -> tuple[ListedSeason, ...]:
        """The seasons of a competition in SofaScore's order, which is newest first."""
        from dp_pipeline.providers.sofascore.parse import parse_seasons

        seasons = await requests.json(
            f"{unique_path(competition)}/seasons", partial(parse_seasons, who=self.who)
        )
        return tuple(
            ListedSeason(
                TournamentKey(self.name, competition, str(season.id)),
                season.name or season.year or str(season.id),
            )
            for season in seasons.items
        )

    def example_of(self, competition: str) -> TournamentKey | None:
        """None but for the examples: each season of each competition has a number of its own."""
        key = super().example_of(competition)
        return key if str(key) in self.examples else None

    def has_page(self, url: str, base_url: str) -> bool:
        """Whether an address is of this site or of the configured one."""
        hosts = {_host(base_url)}
        if self.pages_at is not None:
            hosts |= {_host(self.pages_at), _host(self.pages_at).removeprefix("www.")}
        return _host(url) in hosts - {""}

    async def key_of_page(self, url: str, requests: Requests) -> TournamentKey:
        """The key of the season a page shows: the one in its address, else the newest.

        An address with both numbers needs no request. The page itself is requested only where the
        configured base URL is; behind a gateway the list of seasons says which is the newest.

        Raises:
            InvalidTournamentKeyError: it is not the address of a tournament.
            ProviderError: neither page nor list could be read.
        """
        from dp_pipeline.providers.sofascore.page import read_address

        competition, season = read_address(url)
        if season is None:
            season = str((await self._newest(url, competition, requests)).id)
        key = TournamentKey(self.name, competition, season)
        self.check(key)
        return key

    async def _newest(self, url: str, competition: str, requests: Requests) -> "SeasonPayload":
        from dp_pipeline.providers.sofascore.page import read_public_page
        from dp_pipeline.providers.sofascore.parse import parse_seasons

        site = site_of(requests.root)
        if _host(url) == _host(site) or is_public(requests.root):
            try:
                page = read_public_page(await requests.text(url.partition("#")[0]))
            except BlockedError:
                raise
            except ProviderError:
                pass  # the list of seasons knows it too
            else:
                if str(page.tournament_id) != competition:
                    message = (
                        f"The page {url} is of tournament {page.tournament_id}, and its address "
                        f"says {competition}."
                    )
                    raise InvalidShapeError(message, url=url)
                if page.seasons:
                    return page.seasons[0]
        seasons = await requests.json(
            f"{unique_path(competition)}/seasons", partial(parse_seasons, who=self.who)
        )
        if not seasons.items:
            message = f"{self.name} lists no seasons of tournament {competition}."
            raise NotFoundError(message, url=url)
        return seasons.items[0]


def _host(url: str) -> str:
    """Host and port of an address; "" when it is none."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""
