"""Comments that name no provider, so that a new one makes none of them false."""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_COMMENT = "COMMENT ON COLUMN {}.provider IS 'Name of the provider, as in a tournament key'"


def upgrade() -> None:
    """Replace the lists of providers."""
    for table in ("tournament", "team", "match"):
        op.get_bind().exec_driver_sql(_COMMENT.format(table))


def downgrade() -> None:
    """Nothing: comments do no harm."""
