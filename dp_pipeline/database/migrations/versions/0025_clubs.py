"""Clubs across providers: `club`, `team_pair`, `team.club_id`, the view `clubs`."""

from pathlib import Path

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_DOWN = """
DROP VIEW clubs;
DROP TABLE team_pair;
ALTER TABLE team DROP COLUMN club_id, DROP COLUMN club_by;
DROP TABLE club;
"""


def upgrade() -> None:
    """Create them, empty: reads fill them, or `dp clubs find`."""
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(statements)


def downgrade() -> None:
    """Drop them, and what people said of clubs with them."""
    op.get_bind().exec_driver_sql(_DOWN)
