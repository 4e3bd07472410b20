"""The archive of what providers answered; selection and present of an execution."""

from pathlib import Path

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables; the archive begins with the next answer."""
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(statements)


def downgrade() -> None:
    """Drop them; the bodies stay in the object store."""
    op.get_bind().exec_driver_sql(
        "DROP TABLE response; DROP TABLE payload; "
        "ALTER TABLE data_provider_executions DROP COLUMN selection, DROP COLUMN now;"
    )
