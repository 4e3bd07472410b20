"""All tables and views as version 0.1 left them; they stand in the SQL file beside this one.

Databases that 0.1 brought here carry the same revision id, so nothing runs on them.
"""

from pathlib import Path

from alembic import op

revision = "0008"
down_revision = None
branch_labels = None
depends_on = None

_DROP = """
DROP VIEW fixtures, league_table;
DROP TABLE competition_season, tournament_watch, match_watch, provider_hour, provider_health,
    provider_clock, provider_pace, execution_report, data_provider_executions, image,
    tournament_standing, match, tournament_round, tournament_team, team, tournament;
"""


def upgrade() -> None:
    """Create tables and views."""
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(statements)


def downgrade() -> None:
    """Drop tables and views."""
    op.get_bind().exec_driver_sql(_DROP)
