"""The column that names an execution's run group is called so."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_INDEX = "ix_data_provider_executions_unannounced"


def upgrade() -> None:
    """Rename the column and its index."""
    op.alter_column("data_provider_executions", "unit", new_column_name="run_group")
    op.execute(f"ALTER INDEX {_INDEX}_unit RENAME TO {_INDEX}_run_group")


def downgrade() -> None:
    """Rename them back."""
    op.alter_column("data_provider_executions", "run_group", new_column_name="unit")
    op.execute(f"ALTER INDEX {_INDEX}_run_group RENAME TO {_INDEX}_unit")
