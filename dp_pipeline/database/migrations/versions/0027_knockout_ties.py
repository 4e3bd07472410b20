"""Knockout ties: the table `knockout_tie`, the view `knockout_ties`."""

from pathlib import Path

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them, empty: the next read of matches fills them."""
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(statements)


def downgrade() -> None:
    """Drop them; they follow from the matches."""
    op.get_bind().exec_driver_sql("DROP VIEW knockout_ties; DROP TABLE knockout_tie;")
