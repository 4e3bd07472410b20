"""What executions came to and cost, by day: the view `execution_stats`, and an index for it."""

from pathlib import Path

from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them; every stored execution is counted at once."""
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(statements)


def downgrade() -> None:
    """Drop them; they follow from the ledger."""
    op.get_bind().exec_driver_sql(
        "DROP VIEW execution_stats; DROP INDEX ix_data_provider_executions_day;"
    )
