"""The tournament itself: what it is called, and when it is."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.listed_days import Span
from dp_pipeline.football.models import Tournament
from dp_pipeline.providers.openligadb.answers import season_url
from dp_pipeline.providers.openligadb.payload import EARLIEST_YEAR, LATEST_YEAR, MatchPayload
from dp_pipeline.providers.openligadb.teams import last_touched

# the page of a season, as OpenLigaDB's maintainer links it (OpenLigaDB-Samples issue 98)
PAGE_URL = "https://www.openligadb.de/Spielplan"
_TWO_YEARS = re.compile(r"\b(\d{4}) ?[/-] ?(\d{4}|\d{2})\b")


def tournament_of(key: TournamentKey, payloads: Sequence[MatchPayload]) -> Tournament:
    """The tournament as its matches call it; there is at least one."""
    newest_first = sorted(payloads, key=last_touched, reverse=True)
    name = next((m.league_name for m in newest_first if m.league_name), None)
    return Tournament(
        key=key,
        external_id=key.competition,
        label=name or f"{key.competition} {key.season}",
        season=season_label(key.season, name, payloads),
        slug=f"{key.competition}-{key.season}",
        public_url=f"{PAGE_URL}/{key.competition}/{key.season}",
        base_url=season_url(key),
    )


def season_span(key: TournamentKey, payloads: Iterable[MatchPayload]) -> Span:
    """The days that a season can have, by its key and by most of its matches.

    Some leagues go by the first of two years, and some by the last.
    """
    named = [payload.league_season for payload in payloads if payload.league_season]
    years = Counter(year for year in named if EARLIEST_YEAR <= year <= LATEST_YEAR)
    seasons = {int(key.season), *(year for year, _ in years.most_common(1))}
    return Span(date(min(seasons) - 1, 6, 1), date(max(seasons) + 1, 12, 31))


def season_label(season: str, name: str | None, payloads: Iterable[MatchPayload]) -> str:
    """The season for people: "2024/25" by the name or by matches in both years, else "2024"."""
    start = int(season)
    both = f"{season}/{(start + 1) % 100:02d}"
    for first, second in _TWO_YEARS.findall(name or ""):
        if first == season and second in (str(start + 1), both[-2:]):
            return both
    moments = [m.match_date_time or m.match_date_time_utc for m in payloads]
    years = {moment.year for moment in moments if moment}
    return both if years == {start, start + 1} else season
