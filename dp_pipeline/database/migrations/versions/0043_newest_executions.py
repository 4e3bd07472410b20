"""The newest executions by an index: the whole ledger was read for each list of twenty."""

from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make it; a million rows take about a second."""
    op.get_bind().exec_driver_sql(
        "CREATE INDEX ix_data_provider_executions_started_at ON data_provider_executions "
        "USING btree (started_at)"
    )


def downgrade() -> None:
    """Remove it."""
    op.get_bind().exec_driver_sql("DROP INDEX ix_data_provider_executions_started_at")
