"""The one column without a comment."""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Comment it."""
    op.get_bind().exec_driver_sql("COMMENT ON COLUMN goal.match_id IS 'match.id'")


def downgrade() -> None:
    """Nothing: comments do no harm."""
