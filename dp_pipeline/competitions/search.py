"""Which tournaments there are by name: those known without a network, and those providers list."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import anyio
import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.titles import has_words, searched, titles
from dp_pipeline.providers.contract import ListedSeason, Provider
from dp_pipeline.providers.errors import ProviderError
from dp_pipeline.providers.registry import PROVIDERS, Providers

MOST_SEASONS = 3
"""Of one competition, of those that a provider lists."""
MOST_SOUGHT = 3
"""Competitions of which a provider without a list is asked for the newest season, at two to five
small requests each."""


@dataclass(frozen=True, slots=True)
class FoundTournament:
    """A tournament that may be meant.

    Args:
        provider: its name.
        name: of the tournament, or of its competition.
        key: to be typed; None where only the competition is known.
        how: stored, listed (by its provider), or known (to us; the season is an example).
    """

    provider: str
    name: str
    key: str | None
    how: str


@dataclass(slots=True)
class Found:
    """What was found, the surest first, and why some provider could not be asked; sentences."""

    tournaments: list[FoundTournament] = field(default_factory=list)
    away: list[str] = field(default_factory=list)


def search(
    text: str,
    database: Database,
    open_providers: Callable[[], Providers] | None,
    asked: Sequence[str],
) -> Found:
    """Look for tournaments by the words of their names.

    Args:
        text: words; each is in the name, in whatever spelling of capitals and accents.
        database: what is stored.
        open_providers: opens them; None: nobody is asked.
        asked: names of the providers that are asked.
    """
    words = searched(text).split()
    known = {each.name: _known(each, words) for each in PROVIDERS}
    found = Found()
    stored = database.run_here(_stored)
    listed: dict[str, Sequence[ListedSeason]] = {}
    if open_providers is not None:

        async def ask() -> None:
            async with open_providers() as providers, anyio.create_task_group() as group:
                for name in asked:
                    group.start_soon(_ask, providers, name, words, known[name], listed, found.away)

        anyio.run(ask)
    for provider in PROVIDERS:
        mine = [
            each
            for each in stored.values()
            if each.provider == provider.name and has_words(f"{each.name} {each.key}", words)
        ]
        newest = _newest(listed.get(provider.name, ()), stored)
        mine += [each for each in newest if each not in mine]
        competitions = {TournamentKey.parse(each.key).competition for each in mine if each.key}
        for competition, title in known[provider.name].items():
            if competition not in competitions:
                key = provider.example_of(competition)
                text_ = None if key is None else str(key)
                mine.append(FoundTournament(provider.name, title, text_, "known"))
        found.tournaments += mine
    return found


async def _ask(  # noqa: PLR0913, PLR0917 - one provider, and where the answer goes
    providers: Providers,
    name: str,
    words: Sequence[str],
    known: Mapping[str, str],
    listed: dict[str, Sequence[ListedSeason]],
    away: list[str],
) -> None:
    """Ask one provider: for its list, and where it has none for the newest of those known."""
    try:
        seasons = list(await providers.named(name, words))
        if not seasons:
            for competition in list(known)[:MOST_SOUGHT]:
                seasons += (await providers.seasons(name, competition, 0))[:MOST_SEASONS]
    except ProviderError as error:
        away.append(error.message)
    else:
        listed[name] = seasons


def _known(provider: Provider, words: Sequence[str]) -> dict[str, str]:
    """The competitions of a provider, with their names, that need no network to be found."""
    named = titles(provider.name)
    if provider.simulated:
        named = {
            TournamentKey.parse(each).competition: provider.description
            for each in provider.examples
        }
    return {
        competition: title
        for competition, title in named.items()
        if has_words(f"{title} {provider.name}:{competition}", words)
    }


def _stored(connection: sa.Connection) -> dict[str, FoundTournament]:
    """All that are stored, by key, the newest seasons first."""
    t = tables.tournament.c
    rows = connection.execute(sa.select(t.provider, t.label, t.key).order_by(t.key.desc()))
    return {row.key: FoundTournament(row.provider, row.label, row.key, "stored") for row in rows}


def _newest(
    seasons: Sequence[ListedSeason], stored: Mapping[str, FoundTournament]
) -> list[FoundTournament]:
    """Of each competition the newest seasons."""
    taken: dict[str, int] = {}
    newest = []
    for season in seasons:
        competition, key = season.key.competition, str(season.key)
        taken[competition] = taken.get(competition, 0) + 1
        if taken[competition] <= MOST_SEASONS:
            listed = FoundTournament(season.key.provider, season.label, key, "listed")
            newest.append(stored.get(key, listed))
    return newest
