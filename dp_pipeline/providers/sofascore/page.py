"""A tournament's page for people: its address and the data embedded in it.

Pages carry their data as JSON in `<script id="__NEXT_DATA__">`; where in it is reported, not
promised (props.pageProps.initialProps.seasons), so both parts are searched for.
"""

import re
from collections import deque
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic_core import from_json

from dp_pipeline.providers.errors import InvalidShapeError, InvalidTournamentKeyError
from dp_pipeline.providers.reading import readable_or_none
from dp_pipeline.providers.sofascore.payload import SeasonPayload, UniquePayload

LONGEST_ADDRESS = 2_000
MOST_PARTS = 200_000
_TOURNAMENT = re.compile(r"/tournament/(?:.*/)?(\d{1,15})/?\Z")
_SEASON = re.compile(r"(?:\A|[,;&])(?:id:|season:)?(\d{1,15})(?=\Z|[,;&])")


@dataclass(frozen=True, slots=True)
class PublicPage:
    """What a page says: the competition's id, and its seasons newest first."""

    tournament_id: int
    name: str | None
    seasons: tuple[SeasonPayload, ...]


def read_address(url: str) -> tuple[str, str | None]:
    """The competition and, if it is there, the season that a page's address names.

    ".../tournament/football/england/premier-league/17#id:61627" and
    ".../football/tournament/england/premier-league/17" are both seen.

    Raises:
        InvalidTournamentKeyError: it is not the address of a tournament.
    """
    parts = urlsplit(url[:LONGEST_ADDRESS])
    path = _TOURNAMENT.search(unquote(parts.path))
    if path is None:
        message = (
            f"{url[:LONGEST_ADDRESS]!r} is not the page of a tournament: its path has /tournament/ "
            "in it and ends with a number, as in "
            "https://www.sofascore.com/football/tournament/england/premier-league/17#id:61627."
        )
        raise InvalidTournamentKeyError(message)
    season = _SEASON.search(unquote(parts.fragment))
    return path[1], season[1] if season else None


def read_public_page(html: str) -> PublicPage:
    """The tournament and the seasons embedded in a page.

    Raises:
        InvalidShapeError: there is no such data, or no tournament in it.
    """
    from parsel import Selector

    script = Selector(text=html or "<html/>").xpath("//script[@id='__NEXT_DATA__']/text()").get()
    if script is None:
        message = "The page holds no data (<script id='__NEXT_DATA__'>); it is of another kind."
        raise InvalidShapeError(message)
    try:
        data = from_json(script)
    except ValueError as error:
        message = f"The data in the page is no JSON ({error})."
        raise InvalidShapeError(message) from error
    unique: UniquePayload | None = None
    seasons: tuple[SeasonPayload, ...] = ()
    for node in _objects(data):
        unique = unique or readable_or_none(UniquePayload, node.get("uniqueTournament"))
        listed = node.get("seasons") if not seasons else None
        entries = listed if isinstance(listed, list) else ()
        seasons = seasons or tuple(
            season for entry in entries if (season := readable_or_none(SeasonPayload, entry))
        )
    if unique is None:
        message = "The data in the page names no tournament."
        raise InvalidShapeError(message)
    return PublicPage(unique.id, unique.name, seasons)


def _objects(data: Any) -> Any:
    """Every object in the data, the outer ones first."""
    waiting = deque([data])
    for _ in range(MOST_PARTS):
        if not waiting:
            return
        node = waiting.popleft()
        if isinstance(node, dict):
            yield node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
