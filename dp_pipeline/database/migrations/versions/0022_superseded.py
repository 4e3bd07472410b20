"""Matches that are gone or listed under a new id: `match.missing_since`, `match.superseded_by`."""

from pathlib import Path

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_COUNTS = "match.superseded_by IS NULL"


def upgrade() -> None:
    """Add the columns; the views leave out what is superseded."""
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(statements)


def downgrade() -> None:
    """Drop them; superseded matches are in the views again."""
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    views = statements.partition("-- The views")[2].partition("\n")[2]
    without = views.replace(f"WHERE {_COUNTS}", "").replace(f" AND {_COUNTS}", "")
    op.get_bind().exec_driver_sql(without)
    op.get_bind().exec_driver_sql(
        "ALTER TABLE match DROP COLUMN superseded_by, DROP COLUMN missing_since"
    )
