"""The summary of an execution counts findings under that name."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_RENAMED = """
UPDATE data_provider_executions
SET summary = summary - '{0}' || jsonb_build_object('{1}', summary -> '{0}')
WHERE summary ? '{0}'
"""


def upgrade() -> None:
    """Rename the key, in rows that are stored too."""
    op.get_bind().exec_driver_sql(_RENAMED.format("remarks", "findings"))


def downgrade() -> None:
    """Rename it back."""
    op.get_bind().exec_driver_sql(_RENAMED.format("findings", "remarks"))
