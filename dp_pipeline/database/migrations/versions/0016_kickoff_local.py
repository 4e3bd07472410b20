"""Kick-offs whose time zone is not known: `match.kickoff_local`."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_UP = """
ALTER TABLE match ADD COLUMN kickoff_local timestamp;
COMMENT ON COLUMN match.kickoff_local
    IS 'Day and time as the provider gives them, where the time zone is not known';
CREATE OR REPLACE VIEW fixtures AS
SELECT tournament.key AS tournament_key, tournament.label AS tournament, match.stage,
    match.group_name, round."order" AS round_order, round.label AS round, match.kickoff_at,
    match.kickoff_date, match.status, home.name AS home_team, away.name AS away_team,
    match.home_score, match.away_score, match.home_penalties_score, match.away_penalties_score,
    match.venue, match.id AS match_id, match.tournament_id, match.kickoff_local
FROM match
JOIN tournament ON tournament.id = match.tournament_id
JOIN team AS home ON home.id = match.home_team_id
JOIN team AS away ON away.id = match.away_team_id
LEFT JOIN tournament_round AS round
    ON round.tournament_id = match.tournament_id AND round.slug = match.round_slug;
COMMENT ON COLUMN fixtures.kickoff_local
    IS 'Day and time as the provider gives them, where the time zone is not known';
"""
_DOWN = """
DROP VIEW fixtures;
CREATE VIEW fixtures AS
SELECT tournament.key AS tournament_key, tournament.label AS tournament, match.stage,
    match.group_name, round."order" AS round_order, round.label AS round, match.kickoff_at,
    match.kickoff_date, match.status, home.name AS home_team, away.name AS away_team,
    match.home_score, match.away_score, match.home_penalties_score, match.away_penalties_score,
    match.venue, match.id AS match_id, match.tournament_id
FROM match
JOIN tournament ON tournament.id = match.tournament_id
JOIN team AS home ON home.id = match.home_team_id
JOIN team AS away ON away.id = match.away_team_id
LEFT JOIN tournament_round AS round
    ON round.tournament_id = match.tournament_id AND round.slug = match.round_slug;
ALTER TABLE match DROP COLUMN kickoff_local;
"""


def upgrade() -> None:
    """Add the column, and to the view."""
    op.get_bind().exec_driver_sql(_UP)


def downgrade() -> None:
    """Drop it."""
    op.get_bind().exec_driver_sql(_DOWN)
