"""Which seasons of a competition there are: nothing lists the files, so they are asked for by name.

The list of files is in the API of GitHub, another service with limits of its own (60 requests an
hour). A look for one season back costs two to five requests, most of them small 404s.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.http.client import Requests
from dp_pipeline.providers.contract import ListedSeason
from dp_pipeline.providers.errors import NotFoundError
from dp_pipeline.providers.openfootball.competition import (
    check_key,
    display,
    is_known,
    is_of_one_year,
    nearest_code,
)
from dp_pipeline.providers.openfootball.files import requested

# World cups and European championships come every four years, and little is published of the year
# to come, with which the search begins.
MOST_YEARS_WITHOUT = 5
MOST_YEARS_WITHOUT_BETWEEN_CUPS = 12
"""There was no world cup between 1938 and 1950."""
MOST_YEARS_WITHOUT_IF_MEANT = 2
"""Who mistyped a key is helped by a season of these years, at six small requests."""
FIRST_YEAR = 1870


async def find_seasons(  # noqa: PLR0913 - named by the caller
    provider: str,
    competition: str,
    requests: Requests,
    back: int,
    year: int | None = None,
    *,
    most_without: int | None = None,
) -> tuple[ListedSeason, ...]:
    """The newest season that has a file, and `back` earlier ones; newest first.

    Args:
        provider: the name of this provider.
        competition: as in a tournament key.
        requests: what was asked with them must not be a season file.
        back: how many before the newest.
        year: the present one; None asks the clock.
        most_without: after how many years without a file no earlier one is asked for; None: as many
            as competitions of that name can be apart.

    Raises:
        ProviderError: any but NotFoundError; then nothing is known.
    """
    check_key(TournamentKey(provider, competition, "2024"))
    if most_without is None or is_of_one_year(competition):
        between = is_of_one_year(competition)
        most_without = MOST_YEARS_WITHOUT_BETWEEN_CUPS if between else MOST_YEARS_WITHOUT
    seasons: list[ListedSeason] = []
    without = 0
    newest = (year or datetime.now(UTC).year) + 1
    for start in range(newest, FIRST_YEAR, -1):
        season = await _of_year(provider, competition, requests, start)
        if season is not None:
            seasons.append(season)
        without = 0 if season else without + 1
        if len(seasons) > back or without > most_without:
            break
    return tuple(seasons)


async def find_similar(key: TournamentKey, requests: Requests) -> tuple[TournamentKey, ...]:
    """A tournament that has a file and may be meant by a key that has none; empty if none is found.

    One request finds 2024-25 where 2024 was written, one or two en.1 where eng.1 was.
    """
    code = nearest_code(key.competition)
    for season in names(code, int(key.season[:4])):
        other = TournamentKey(key.provider, code, season)
        if other != key and await _has_file(other, requests):
            return (other,)
    if code != key.competition or not is_known(code):
        return ()
    seasons = await find_seasons(
        key.provider, code, requests, back=0, most_without=MOST_YEARS_WITHOUT_IF_MEANT
    )
    return tuple(season.key for season in seasons)


async def _has_file(key: TournamentKey, requests: Requests) -> bool:
    try:
        await requested(requests, key, _label)
    except NotFoundError:
        return False
    return True


async def _of_year(
    provider: str, competition: str, requests: Requests, year: int
) -> ListedSeason | None:
    for season in names(competition, year):
        key = TournamentKey(provider, competition, season)
        try:
            label = await requested(requests, key, _label)
        except NotFoundError:
            continue
        return ListedSeason(key, label or f"{competition} {display(season)}")
    return None


def names(competition: str, year: int) -> Iterator[str]:
    """How a season that begins in this year is written: "2024-25" or "2024"."""
    if not is_of_one_year(competition):
        yield f"{year}-{(year + 1) % 100:02d}"
    yield str(year)


def _label(payload: Any) -> str | None:
    """The name in the file; a file that cannot be read is there all the same."""
    name = payload.get("name") if isinstance(payload, dict) else None
    return " ".join(name.split())[:200] if isinstance(name, str) else None
