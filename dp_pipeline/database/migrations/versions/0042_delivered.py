"""A delivery note that says when the last delivery of messages ended: its comments."""

from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

_UP = """
COMMENT ON COLUMN delivery_note.name IS 'state, attempts, backfills or delivered';
COMMENT ON COLUMN delivery_note.value IS 'state: up to when runs and executions were read; attempts: posts of messages that wait; backfills: those without executions that were announced; delivered: what the last delivery came to, which ended when the row was updated';
"""  # noqa: E501 - a comment is one line


def upgrade() -> None:
    """Name it; the next delivery writes it."""
    op.get_bind().exec_driver_sql(_UP)


def downgrade() -> None:
    """Remove it; older code does not write it."""
    op.get_bind().exec_driver_sql("DELETE FROM delivery_note WHERE name = 'delivered'")
