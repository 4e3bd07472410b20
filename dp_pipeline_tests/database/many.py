"""Seasons, tournaments and matches by the thousand, written past the providers."""

from collections.abc import Sequence
from datetime import UTC, datetime

import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.database.rows import match_id, team_id
from dp_pipeline.football.key import TournamentKey


def fill_seasons(connection: sa.Connection, keys: Sequence[str]) -> None:
    """List and approve seasons; those of a competition are given newest first."""
    places: dict[str, int] = {}
    rows = []
    for text in keys:
        key = TournamentKey.parse(text)
        place = places.get(key.competition, 0)
        places[key.competition] = place + 1
        rows.append(
            {
                "key": text,
                "provider": key.provider,
                "competition": key.competition,
                "season": key.season,
                "label": text,
                "place": place,
                "approved_at": datetime.now(UTC),
            }
        )
    connection.execute(sa.insert(tables.competition_season), rows)


def fill_tournaments(
    connection: sa.Connection, keys: Sequence[str], *, status: str = "active"
) -> None:
    """A tournament of each key."""
    rows = []
    for text in keys:
        key = TournamentKey.parse(text)
        rows.append(
            {
                "id": key.tournament_id,
                "key": text,
                "provider": key.provider,
                "external_id": key.competition,
                "season": key.season,
                "label": text,
                "slug": "slug",
                "mode": "regular-season-only",
                "standings_mode": "unique-group",
                "status": status,
            }
        )
    connection.execute(sa.insert(tables.tournament), rows)


def fill_matches(connection: sa.Connection, keys: Sequence[str], *, each: int) -> None:
    """Some matches of each stored tournament, all between the same two teams."""
    home, away = "home", "away"
    providers = {key.partition(":")[0] for key in keys}
    connection.execute(
        sa.insert(tables.team),
        [
            {"id": team_id(provider, name), "provider": provider, "external_id": name, "name": name}
            for provider in providers
            for name in (home, away)
        ],
    )
    for text in keys:
        key = TournamentKey.parse(text)
        names = [f"{text}:{number}" for number in range(each)]
        connection.execute(
            sa.insert(tables.match),
            [
                {
                    "id": match_id(key.provider, name),
                    "provider": key.provider,
                    "external_id": name,
                    "tournament_id": key.tournament_id,
                    "home_team_id": team_id(key.provider, home),
                    "away_team_id": team_id(key.provider, away),
                    "status": "ended",
                    "home_score": 2,
                    "away_score": 1,
                }
                for name in names
            ],
        )
