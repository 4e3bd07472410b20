"""Tournaments that go on, and failures, by an index each: many rows were read to find a few.

All of a provider each night, and the newest failures in all of the ledger.
"""

from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them; the second one reads the ledger once."""
    connection = op.get_bind()
    connection.exec_driver_sql(
        "CREATE INDEX ix_tournament_provider_status ON tournament USING btree (provider, status)"
    )
    connection.exec_driver_sql(
        "CREATE INDEX ix_data_provider_executions_failed ON data_provider_executions "
        "USING btree (started_at) WHERE (status = 'failed'::text)"
    )


def downgrade() -> None:
    """Remove them."""
    op.get_bind().exec_driver_sql("DROP INDEX ix_data_provider_executions_failed")
    op.get_bind().exec_driver_sql("DROP INDEX ix_tournament_provider_status")
