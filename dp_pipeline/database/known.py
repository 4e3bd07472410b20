"""Rows as models: what is stored of a tournament, for those who read a part of it anew."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.providers.contract import Known
from dp_pipeline.providers.key import TournamentKey
from dp_pipeline.providers.models import Match, Round, Standing, Team, Tournament

_home = tables.team.alias("home")
_away = tables.team.alias("away")
_OF_MATCH = (
    *("external_id", "round_slug", "status", "stage", "group_name", "kickoff_at", "kickoff_date"),
    *("provider_status", "home_score", "away_score", "home_score_90", "away_score_90"),
    *("home_score_ht", "away_score_ht", "home_penalties_score", "away_penalties_score", "venue"),
)
_OF_STANDING = (
    *("position", "games", "wins", "draws", "losses", "goals_for", "goals_against", "points"),
    *("stage", "group_name", "form", "computed"),
)
_OF_ROUND = ("slug", "order", "label", "type", "stage", "prefix", "provider_id", "provider_url")


def read_known(connection: sa.Connection, key: TournamentKey) -> Known | None:
    """All that is stored of a tournament; None when it is not stored."""
    tournament = tables.tournament
    row = connection.execute(
        sa.select(tournament).where(tournament.c.id == key.tournament_id)
    ).one_or_none()
    if row is None:
        return None
    return Known(
        _tournament(key, row),
        read_teams(connection, key.tournament_id),
        read_rounds(connection, key.tournament_id),
        read_matches(connection, key.tournament_id),
    )


def read_teams(connection: sa.Connection, tournament_id: UUID) -> tuple[Team, ...]:
    """The teams that play in it."""
    team, plays = tables.team, tables.tournament_team
    wanted = (
        sa.select(team)
        .join(plays, plays.c.team_id == team.c.id)
        .where(plays.c.tournament_id == tournament_id)
        .order_by(team.c.external_id)
    )
    return tuple(
        Team(row.external_id, row.name, row.short_name, row.country, row.badge_source)
        for row in connection.execute(wanted)
    )


def read_rounds(connection: sa.Connection, tournament_id: UUID) -> tuple[Round, ...]:
    """Its rounds in order."""
    table = tables.tournament_round
    wanted = (
        sa.select(*(table.c[name] for name in _OF_ROUND))
        .where(table.c.tournament_id == tournament_id)
        .order_by(table.c.order, table.c.slug)
    )
    return tuple(Round(**row) for row in connection.execute(wanted).mappings())


def read_matches(connection: sa.Connection, tournament_id: UUID) -> tuple[Match, ...]:
    """Its matches by kick-off."""
    match = tables.match
    wanted = (
        sa.select(
            *(match.c[name] for name in _OF_MATCH),
            _home.c.external_id.label("home"),
            _away.c.external_id.label("away"),
        )
        .join(_home, _home.c.id == match.c.home_team_id)
        .join(_away, _away.c.id == match.c.away_team_id)
        .where(match.c.tournament_id == tournament_id)
        .order_by(match.c.kickoff_at, match.c.external_id)
    )
    return tuple(Match(**row) for row in connection.execute(wanted).mappings())


def read_standings(connection: sa.Connection, tournament_id: UUID) -> tuple[Standing, ...]:
    """The rows of its tables, in order."""
    table, team = tables.tournament_standing, tables.team
    wanted = (
        sa.select(*(table.c[name] for name in _OF_STANDING), team.c.external_id.label("team"))
        .join(team, team.c.id == table.c.team_id)
        .where(table.c.tournament_id == tournament_id)
        .order_by(table.c.stage, table.c.group_name, table.c.position)
    )
    found = (Standing(**row) for row in connection.execute(wanted).mappings())
    return tuple(replace(row, form=tuple(row.form)) for row in found)


def _tournament(key: TournamentKey, row: Any) -> Tournament:
    return Tournament(
        key=key,
        external_id=row.external_id,
        label=row.label,
        season=row.season,
        slug=row.slug,
        mode=row.mode,
        standings_mode=row.standings_mode,
        status=row.status,
        current_round=row.current_round,
        public_url=row.public_url,
        base_url=row.base_url,
        logo_url=row.logo_source,
    )
