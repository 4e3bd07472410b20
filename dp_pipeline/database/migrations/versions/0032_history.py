"""The history: the table `change`, the views `match_history` and `table_history`."""

from pathlib import Path

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them; the history begins with the next change."""
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(statements)


def downgrade() -> None:
    """Drop them, and the history with them."""
    op.get_bind().exec_driver_sql(
        "DROP VIEW table_history; DROP VIEW match_history; DROP TABLE change;"
    )
