"""Where the file of a season lies: in football.json, or in a repository that stands beside it."""

import contextlib
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.http.client import Requests
from dp_pipeline.providers.errors import NotFoundError
from dp_pipeline.providers.openfootball.competition import FOOTBALL_JSON, OTHER_REPOSITORIES

PUBLIC_URL = f"https://raw.githubusercontent.com/openfootball/{FOOTBALL_JSON}/master"
PAGE_URL = f"https://github.com/openfootball/{FOOTBALL_JSON}/blob/master"
_ROOT = re.compile(rf"(?P<above>.*/){re.escape(FOOTBALL_JSON)}(?P<branch>(?:/.*)?)\Z")

T = TypeVar("T")


def service_of(name: str, competition: str, base_urls: Mapping[str, str]) -> str:
    """The service with the files of a competition: the provider, or a repository with a root.

    Args:
        name: of this provider.
        competition: as in a tournament key.
        base_urls: the roots that are set, by service.
    """
    code = competition.partition(".")[0]
    own = [code, *(repository for repository, _ in OTHER_REPOSITORIES.get(code, ()))]
    services = (f"{name}_{each.removesuffix('.json').replace('-', '_')}" for each in own)
    return next((service for service in services if service in base_urls), name)


def places_of(key: TournamentKey, root: str) -> tuple[str, ...]:
    """Where the file may lie, the likeliest first: paths below the root, or whole addresses.

    Repositories are siblings in every address that names football.json; a root that does not name
    it has the files of all of them below it.
    """
    code, *parts = key.competition.split(".")
    beside = _ROOT.match(root)
    places = []
    for repository, name in OTHER_REPOSITORIES.get(code, ((FOOTBALL_JSON, code),)):
        path = f"/{key.season}/{'.'.join([name, *parts])}.json"
        elsewhere = beside and repository != FOOTBALL_JSON
        above = f"{beside['above']}{repository}{beside['branch']}" if elsewhere else ""
        places.append(f"{above}{path}")
    return tuple(dict.fromkeys(places))


async def requested(requests: Requests, key: TournamentKey, parse: Callable[[Any], T]) -> T:
    """The file of a season as `parse` reads it; NotFoundError where it is in no place."""
    *others, last = places_of(key, requests.root)
    for place in others:
        with contextlib.suppress(NotFoundError):
            return await requests.json(place, parse)
    return await requests.json(last, parse)
