"""Keys that a provider refused by an index: every ten seconds all partitions were looked up."""

from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make it; it holds failures only."""
    op.get_bind().exec_driver_sql(
        "CREATE INDEX ix_data_provider_executions_error_class ON data_provider_executions "
        "USING btree (error_class, tournament_key) WHERE (error_class IS NOT NULL)"
    )


def downgrade() -> None:
    """Remove it."""
    op.get_bind().exec_driver_sql("DROP INDEX ix_data_provider_executions_error_class")
